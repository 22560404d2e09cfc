"""Saved views of a plan's list of records: keep one, rename, share, open with, remove."""

from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import web
from server.db import db, transaction
from server.desk import formats
from server.fields import Fields
from server.monitoring import queries as monitoring
from server.monitoring.models import Plan
from server.permissions import May
from server.places.scope import covers
from server.submissions import views
from server.submissions.views import RecordView

bp = Blueprint("views", __name__)
bp.context_processor(formats.helpers)
LONGEST_NAME = 60
LONGEST_ASKED = 4000
PASSING = ("view", "all", "before", "after", "drop")


def _plan(session: Session, plan_id: int) -> Plan:
    return monitoring.plan_for(session, plan_id, web.reader().areas(May.SEE_RECORDS))


def _view(session: Session, view_id: int) -> RecordView:
    """Return a view of a plan that the reader may see, their own or a shared one."""
    found = views.one(session, view_id, web.reader().id)
    _plan(session, found.plan_id)
    return found


def _manages(plan: Plan) -> bool:
    return covers(web.reader().areas(May.MANAGE_PLANS), plan.area)


def _kept(session: Session, view_id: int) -> RecordView:
    """Return a view that the reader may change: their own, or a shared one of a plan they manage.

    Raises:
        NotAllowed: they may only use it.
    """
    found = _view(session, view_id)
    views.must_keep(found, web.reader().id, _manages(_plan(session, found.plan_id)))
    return found


@bp.get("/plans/<int:plan_id>/views")
@web.requires(May.SEE_RECORDS)
def manage(plan_id: int) -> str:
    """Show the views of a plan that the reader may use."""
    session, me = db.session(), web.reader().id
    plan = _plan(session, plan_id)
    return render_template(
        "submissions/views.html",
        plan=plan,
        views=views.seen(session, plan.id, me),
        first=views.first(session, plan.id, me),
        me=me,
        manages=_manages(plan),
    )


@bp.post("/plans/<int:plan_id>/views")
@web.requires(May.SEE_RECORDS)
def save(plan_id: int) -> AnyResponse:
    """Keep what the list shows under a name, and show it."""
    fields = Fields(request.form)
    name = fields.text("name", LONGEST_NAME, required=True)
    asked = fields["asked"].lstrip("?")
    if len(asked) > LONGEST_ASKED:
        fields.fail("asked", _("Góc nhìn có quá nhiều điều kiện nên không lưu được."))
    with transaction() as session:
        plan = _plan(session, plan_id)
        if not fields.errors:
            kept, me = "&".join(lasting(asked)), web.reader().id
            shared = bool(fields["shared"])
            view = views.save(session, plan.id, me, name, kept, shared, web.actor())
            if fields["first"]:
                views.put_first(session, plan.id, me, view, web.actor())
            asked = f"{kept}&view={view.id}" if kept else f"view={view.id}"
    for sentence in fields.errors.values():
        flash(sentence, "error")
    if not fields.errors:
        flash(_("Đã lưu góc nhìn “%(name)s”.", name=name), "success")
    return redirect(f"/plans/{plan_id}/submissions?{asked or 'all=1'}")


def lasting(asked: str, but: Sequence[str] = PASSING) -> list[str]:
    """Return the parts of an address that say what is asked, and not where one stands in it."""
    return [each for each in asked.split("&") if each and each.partition("=")[0] not in but]


@bp.post("/views/<int:view_id>")
@web.requires(May.SEE_RECORDS)
def change(view_id: int) -> AnyResponse:
    """Give a view another name, share it or take it back."""
    fields = Fields(request.form)
    name = fields.text("name", LONGEST_NAME, required=True)
    with transaction() as session:
        view = _kept(session, view_id)
        plan_id = view.plan_id
        if not fields.errors:
            shared = bool(fields["shared"])
            views.change(session, view, name, shared, web.actor())
    for sentence in fields.errors.values():
        flash(sentence, "error")
    return redirect(f"/plans/{plan_id}/views")


@bp.post("/views/<int:view_id>/first")
@web.requires(May.SEE_RECORDS)
def put_first(view_id: int) -> AnyResponse:
    """Let the list open with a view for the reader alone; 'no' takes that back."""
    with transaction() as session:
        view = _view(session, view_id)
        chosen = None if request.form.get("first") == "no" else view
        views.put_first(session, view.plan_id, web.reader().id, chosen, web.actor())
        plan_id = view.plan_id
    return redirect(f"/plans/{plan_id}/views")


@bp.post("/views/<int:view_id>/remove")
@web.requires(May.SEE_RECORDS)
def remove(view_id: int) -> AnyResponse:
    """Take a view away."""
    with transaction() as session:
        view = _kept(session, view_id)
        plan_id = view.plan_id
        views.remove(session, view, web.actor())
    return redirect(f"/plans/{plan_id}/views")
