"""Pages without sign-in: a plan's draws as anybody may check them, and the two verifiers."""

import hashlib
import re
import uuid
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, render_template, request

import sampling
from server import clock, web
from server.db import db
from server.desk import formats, published
from server.draws import lineage, paper, queries, register, withholding, words
from server.draws.models import Draw

bp = Blueprint("desk_public", __name__)
bp.context_processor(formats.helpers)
PAGE = 20
LISTED = 60  # a longer result is in the package
VERIFIERS = Path(sampling.__file__).parent


@bp.get("/public/plans/<int:plan_id>")
def plan(plan_id: int) -> str:
    """Show what a plan's draws promised and gave, newest first."""
    session, today = db.session(), clock.today()
    found = published.plan(session, plan_id)
    before = web.asked_key("before")
    draws = published.draws(session, plan_id, today, before, PAGE + 1)
    shown = {one.id: _result(one) for one in draws[:PAGE] if published.result_shown(one, today)}
    codes = {unit.unit_code for one in shown.values() for unit in one["units"]}
    codes |= {one.parent_code for one in draws if one.parent_code}
    return render_template(
        "desk/public.html",
        plan=found,
        draws=draws[:PAGE],
        results=shown,
        older=draws[PAGE - 1].number if len(draws) > PAGE else None,
        before=before,
        names=queries.named(session, found.edition_id, sorted(codes)),
        head=register.head(session),
        paper=paper,
        words=words,
    )


def _result(draw: Draw) -> dict[str, Any]:
    """Return what is public of a result; of households no more than their codes."""
    session = db.session()
    own = queries.own_entry(session, draw)
    return {
        "units": draw.drawn[:LISTED],
        "more": max(0, len(draw.drawn) - LISTED),
        "replaced": len(lineage.replacements(session, draw.id)),
        "head": own.sha256 if own else "",
        "check": paper.by_hand(draw, draw.drawn[0].unit_code) if draw.drawn else None,
        "simple": '"method":"srs"' in draw.commitment,
    }


@bp.get("/public/draws/<int:draw_id>/package.zip")
def package(draw_id: int) -> Response:
    """Give the package of a public draw: made once for what of the register is public."""
    session, today = db.session(), clock.today()
    draw = published.draw(session, draw_id, today)
    lines = withholding.register_up_to(session, draw, today)
    name = hashlib.sha256("\n".join([*lines, _edition()]).encode()).hexdigest()
    kept: Path = current_app.config["THUCDIA"].var / "public" / f"{name}.zip"
    if not kept.exists():
        _keep(kept, published.package(draw, lines))
    response = Response(kept.read_bytes(), content_type="application/zip")
    filename = f"rut-mau-{draw.plan_id}-{draw.number}.zip"
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    response.set_etag(name)
    response.make_conditional(request)
    return response


def _edition() -> str:
    """Return what changes with the verifiers, copies of which are in each package."""
    tools = (VERIFIERS / name for name in ("verify_draw.py", "verify_draw.html"))
    return hashlib.sha256(b"".join(tool.read_bytes() for tool in tools)).hexdigest()


def _keep(path: Path, data: bytes) -> None:
    """Store a file whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(f".{uuid.uuid4().hex}.part")
    part.write_bytes(data)
    part.replace(path)


@bp.get("/public/verify_draw.html")
def verifier() -> Response:
    """Show the verifier that runs in the browser: the same file as in every package.

    Its policy, which allows its own script and nothing from or to anywhere, stands in the file.
    """
    page = (VERIFIERS / "verify_draw.html").read_text()
    response = Response(page, content_type="text/html; charset=utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None  # noqa: S101 - a test reads the file
    response.headers["Content-Security-Policy"] = policy[1] + "; frame-ancestors 'none'"
    return response


@bp.get("/public/verify_draw.py")
def program() -> Response:
    """Give the verifier that runs in Python."""
    response = Response((VERIFIERS / "verify_draw.py").read_bytes(), content_type="text/x-python")
    response.headers["Content-Disposition"] = 'attachment; filename="verify_draw.py"'
    return response
