"""The first page, and the links that each person sees on every page."""

from typing import Any

from flask import Blueprint, g, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from server.db import db
from server.monitoring import queries as monitoring
from server.permissions import May

bp = Blueprint("home", __name__)
LINKS = (
    (May.SEE_PLANS, "/plans", lambda: _("Kế hoạch")),
    (May.SEE_FINDINGS, "/findings", lambda: _("Phát hiện")),
    (May.MANAGE_PLACES, "/places", lambda: _("Địa bàn")),
    (May.MANAGE_PEOPLE, "/people", lambda: _("Cán bộ")),
    (May.SEE_JOURNAL, "/journal", lambda: _("Nhật ký")),
)


def navigation(reader: Any) -> list[dict[str, Any]]:
    """Return the links that `reader` may follow."""
    return [
        {"url": url, "label": label(), "active": request.path.startswith(url)}
        for right, url, label in LINKS
        if reader.may(right)
    ]


@bp.get("/")
def home() -> str | Response:
    """Show what waits for this person; whoever is not signed in goes to sign in."""
    if g.reader is None:
        return redirect("/sign-in")
    if not g.reader.may(May.SEE_PLANS):
        return redirect("/findings")
    plans = monitoring.plans_for(db.session(), g.reader.areas(May.SEE_PLANS))
    return render_template("home.html", plans=plans)
