"""The ceremony of a draw on one big screen, for a room of witnesses.

Five steps, each an address of its own: a reload shows the same, and no script is needed. The draw
itself decides how far one may go. Nothing of a result is in a page before the seed is in; then it
comes unit by unit, each with a request of its own, so that what is not told yet is not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request
from flask import session as cookie
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import clock, journal, text, web
from server.db import db, transaction
from server.desk import reading
from server.desk.teams import server_url
from server.draws import disclosure, method, paper, queries, service, words
from server.draws.models import Draw, DrawnUnit, DrawState
from server.draws.pages import drawing, may_draw, seen
from server.draws.paper import Facts
from server.draws.problems import AlreadyDrawn, SeedUsed
from server.journal import Line
from server.monitoring.models import RoundKind
from server.permissions import May
from server.problems import Problem

bp = Blueprint("desk_screen", __name__)
FRAME, PROMISE, SEED, RESULT, CHECK = range(1, 6)
UNITS = 24
"""How many units of the list fit on a projector at once."""
TOLD = 12
"""How many units of the result stay in sight."""
NAMES = 8
READ_BACK = "draw.read-back"


@dataclass
class Typed:
    """What was typed in this browser and is not in the draw yet; `value` when it reads well."""

    witnesses: list[str] = field(default_factory=list)
    digits: list[str] = field(default_factory=list)
    value: str = ""


def _typed(draw: Draw) -> Typed:
    """Return what is typed for a draw; it lives in the operator's cookie, so a reload keeps it."""
    kept = cookie.get("ceremony")
    if not isinstance(kept, dict) or kept.get("draw") != draw.id:
        return Typed()
    return Typed(kept["witnesses"], kept["digits"], kept["value"])


def _keep(draw: Draw, typed: Typed) -> None:
    cookie["ceremony"] = {"draw": draw.id, **vars(typed)}


def _last(draw: Draw) -> int:
    """Return the last step that a draw has reached."""
    if draw.drawn:
        return CHECK
    return RESULT if draw.state is DrawState.DRAWING else SEED


@bp.get("/draws/<int:draw_id>/screen")
@web.requires(May.SEE_DRAWS)
def screen(draw_id: int) -> str | AnyResponse:
    """Show one step, as far as the draw has come; without one, where it stands."""
    found = seen(db.session(), draw_id)
    last = _last(found)
    asked = web.asked_key("step")
    if asked is None:
        return redirect(_address(found, RESULT if last > SEED else FRAME))
    if not FRAME <= asked <= last:
        return redirect(_address(found, max(FRAME, min(asked, last))))
    return _page(found, asked)


def _address(draw: Draw, step: int, **more: object) -> str:
    rest = "".join(f"&{name}={value}" for name, value in more.items())
    return f"/draws/{draw.id}/screen?step={step}{rest}"


def _page(found: Draw, step: int, refusal: Problem | None = None) -> str:
    session = db.session()
    acting = may_draw(found.plan)
    facts = paper.facts(session, found)
    visible = disclosure.visible(found, drawing=acting)
    shown = {FRAME: _frame, PROMISE: _promise, SEED: _seed, RESULT: _result, CHECK: _check}
    return render_template(
        f"draws/screen_{step}.html",
        draw=found,
        plan=found.plan,
        facts=facts,
        paper=paper,
        words=words,
        step=step,
        last=_last(found),
        titles=_titles(),
        acting=acting,
        visible=visible,
        refusal=refusal.text(web.language()) if refusal else "",
        address=lambda to, **more: _address(found, to, **more),
        **shown[step](session, found, facts, visible),
    )


def _titles() -> list[str]:
    return [_("Danh sách"), _("Cam kết"), _("Gieo số"), _("Kết quả"), _("Kiểm chứng")]


def _frame(_session: Session, _draw: Draw, facts: Facts, _visible: bool) -> dict[str, Any]:
    """Return one page of the frozen list; `auto` turns them by itself."""
    units = facts.frame.units
    pages = max(1, -(-len(units) // UNITS))
    page = min(max(web.asked_key("page") or 1, 1), pages)
    first = (page - 1) * UNITS
    return {
        "units": units[first : first + UNITS],
        "first": first + 1,
        "page": page,
        "pages": pages,
        "auto": "auto" in request.args,
    }


def _promise(_session: Session, _draw: Draw, _facts: Facts, _visible: bool) -> dict[str, Any]:
    return {}


def _seed(session: Session, draw: Draw, facts: Facts, _visible: bool) -> dict[str, Any]:
    typed, least = _typed(draw), getattr(facts.source, "witnesses", 0)
    return {
        "typed": typed,
        "names": typed.witnesses or queries.witnesses_today(session, draw.plan_id),
        "rows": reading.rows(facts.source),
        "by_dice": reading.by_dice(facts.source),
        "reader": reading.reader,
        "least": least,
        "naming": len(typed.witnesses) < least or "names" in request.args,
        "attempts": _attempts(session, draw),
    }


def _attempts(session: Session, draw: Draw) -> int:
    """Return how often a number was read back for a draw."""
    lines = select(func.count()).select_from(Line)
    lines = lines.where(Line.subject == "draw", Line.subject_id == str(draw.id))
    return session.scalar(lines.where(Line.verb == READ_BACK)) or 0


def _result(_session: Session, draw: Draw, facts: Facts, visible: bool) -> dict[str, Any]:
    """Return the units told so far, the newest apart; those still to come only by their number."""
    asked = request.args.get("shown", "0")
    every = draw.drawn if visible else []
    told = len(every) if asked == "all" else min(_count(asked), len(every))
    first = max(0, told - TOLD)
    if asked == "all":
        first = min(_count(request.args.get("from", "0")), max(0, told - 1))
    units = every[first : min(told, first + TOLD)]
    names = facts.names
    return {
        "units": units,
        "newest": units[-1] if units and asked != "all" else None,
        "names": {unit.unit_code: names.get(unit.unit_code) or unit.unit_code for unit in units},
        "revealed": told,
        "total": len(every),
        "from_": first,
        "every": asked == "all",
        "per_page": TOLD,
        "chosen": _chosen(every),
    }


def _count(asked: str) -> int:
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 8 else 0


def _chosen(units: Sequence[DrawnUnit]) -> int:
    return sum(unit.role.value != "reserve" for unit in units)


def _check(session: Session, draw: Draw, _facts: Facts, visible: bool) -> dict[str, Any]:
    public = draw.round.kind is RoundKind.PERIODIC
    url = f"{server_url()}/public/plans/{draw.plan_id}" if public else ""
    return {
        "url": url,
        "by_hand": paper.by_hand(draw, draw.drawn[0].unit_code) if visible else None,
        "opened": visible and draw.shown(clock.today()),
        "own": queries.own_entry(session, draw),
    }


# --- the seed -------------------------------------------------------------------------------


def _committed(draw_id: int) -> Draw:
    """Return a draw that waits for its seed, for those who draw.

    Raises:
        NotAllowed: they only see it.
        AlreadyDrawn: it has its seed, or is void.
    """
    found = seen(db.session(), draw_id)
    drawing(found.plan)
    if found.state is not DrawState.COMMITTED:
        raise AlreadyDrawn()
    return found


@bp.post("/draws/<int:draw_id>/screen/witnesses")
@web.requires(May.DRAW)
def witnesses(draw_id: int) -> AnyResponse:
    """Keep who reads the dice."""
    try:
        found = _committed(draw_id)
    except AlreadyDrawn as late:
        return _late(draw_id, late)
    names = [text.clean(name.replace("\0", ""))[:80] for name in request.form.getlist("witness")]
    typed = _typed(found)
    typed.witnesses, typed.value = [name for name in names if name][:NAMES], ""
    _keep(found, typed)
    return redirect(_address(found, SEED))


@bp.post("/draws/<int:draw_id>/screen/digits")
@web.requires(May.DRAW)
def digits(draw_id: int) -> AnyResponse | str:
    """Read what was typed and show it back; nothing is drawn, but that it was read is kept."""
    try:
        found = _committed(draw_id)
    except AlreadyDrawn as late:
        return _late(draw_id, late)
    source = method.commitment_of(found).seed_source
    typed = _typed(found)
    boxes = sum(row.boxes for row in reading.rows(source))
    typed.digits = [each.strip()[:1] for each in request.form.getlist("digit")][:boxes]
    typed.value = ""
    try:
        typed.value = _read(found, reading.joined(source, typed.digits), typed.witnesses)
    except Problem as refusal:
        _keep(found, typed)
        return Response(_page(found, SEED, refusal), refusal.status)
    _keep(found, typed)
    return redirect(_address(found, SEED))


def _read(found: Draw, read_aloud: str, names: list[str]) -> str:
    """Return the number as it would be used, and leave a line that it was typed.

    Raises:
        DrawRefused, TooEarly, OneDigitOnly, SeedUsed: as the draw itself would.
    """
    with transaction() as session:
        number = method.read(found, read_aloud, names, clock.now())
        if number.source.kind != "lottery" and queries.same_seed(session, found, number.value):
            raise SeedUsed()
        journal.write(
            session, web.actor(), READ_BACK, "draw", found.id, found.plan_id, digits=number.value
        )
    return number.value


@bp.post("/draws/<int:draw_id>/screen/confirm")
@web.requires(May.DRAW)
def confirm(draw_id: int) -> AnyResponse | str:
    """Draw with the number that was read back, or go back to its boxes."""
    try:
        found = _committed(draw_id)
    except AlreadyDrawn as late:
        return _late(draw_id, late)
    typed = _typed(found)
    if request.form.get("answer") != "yes" or request.form.get("value") != typed.value:
        typed.value = ""
        _keep(found, typed)
        return redirect(_address(found, SEED))
    source = method.commitment_of(found).seed_source
    read_aloud = reading.joined(source, typed.digits)
    try:
        with transaction() as session:
            service.seed(session, found, read_aloud, typed.witnesses, web.actor())
    except AlreadyDrawn as late:
        return _late(draw_id, late)
    except Problem as refusal:
        typed.value = ""
        found = seen(db.session(), draw_id)
        _keep(found, typed)
        return Response(_page(found, SEED, refusal), refusal.status)
    cookie.pop("ceremony", None)
    current_app.extensions["jobs"].poke()
    return redirect(_address(found, RESULT))


def _late(draw_id: int, late: AlreadyDrawn) -> AnyResponse:
    flash(late.text(web.language()), "warning")
    return redirect(f"/draws/{draw_id}/screen")
