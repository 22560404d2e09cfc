"""Pages on which a plan and its rounds are changed, and a plan is closed and opened again."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import web
from server.db import db, transaction
from server.fields import Fields
from server.monitoring import queries, service
from server.monitoring.models import Plan, Round
from server.monitoring.pages import above, managed, round_form, round_values, said_of_plan
from server.monitoring.problems import BadParent, KindFixed, PlanClosed
from server.permissions import May
from server.problems import NotFound

bp = Blueprint("plan_changes", __name__)


@bp.get("/plans/<int:plan_id>/edit")
@web.requires(May.MANAGE_PLANS)
def edit_plan(plan_id: int) -> str:
    """Show a plan's form as it stands."""
    plan = managed(db.session(), plan_id)
    return _plan_form(plan, Fields(_as_typed(plan, "name", "number", "agency", "parent")))


def _as_typed(row: Plan | Round, *names: str) -> dict[str, str]:
    """Return a row's values as its form would send them."""
    typed = {name: str(getattr(row, name) or "") for name in (*names, "starts_on", "ends_on")}
    if isinstance(row, Plan):
        typed["parent_id"] = str(row.parent_id or "")
        typed["legal_bases"] = "\n".join(row.legal_bases)
    return typed


def _plan_form(plan: Plan, fields: Fields) -> str:
    areas = web.reader().areas(May.SEE_PLANS)
    return render_template(
        "monitoring/plan_form.html",
        plan=plan,
        fields=fields,
        parents=above(db.session(), areas, but=plan.id),
    )


@bp.post("/plans/<int:plan_id>/edit")
@web.requires(May.MANAGE_PLANS)
def change_plan(plan_id: int) -> AnyResponse:
    """Change what a plan says of itself, or show the form again with what is wrong."""
    fields = Fields(request.form)
    try:
        with transaction() as session:
            plan = managed(session, plan_id)
            given = said_of_plan(session, fields)
            if not fields.errors:
                service.change_plan(session, plan, web.actor(), **given)
    except BadParent as problem:
        fields.fail("parent_id", problem.text(web.language()))
    if fields.errors:
        return Response(_plan_form(plan, fields), 422)
    flash(_("Đã sửa kế hoạch."), "success")
    return redirect(f"/plans/{plan_id}")


@bp.post("/plans/<int:plan_id>/state")
@web.requires(May.MANAGE_PLANS)
def move_plan(plan_id: int) -> AnyResponse:
    """Close a plan, or open it again."""
    state = request.form.get("state", "")
    if state not in ("closed", "open"):
        raise NotFound()
    with transaction() as session:
        plan = managed(session, plan_id)
        verb = service.close_plan if state == "closed" else service.reopen_plan
        verb(session, plan, web.actor())
    done = _("Đã đóng kế hoạch.") if state == "closed" else _("Đã mở lại kế hoạch.")
    flash(done, "success")
    return redirect(f"/plans/{plan_id}")


@bp.get("/plans/<int:plan_id>/rounds/<int:round_id>/edit")
@web.requires(May.MANAGE_PLANS)
def edit_round(plan_id: int, round_id: int) -> str:
    """Show a round's form as it stands."""
    session = db.session()
    plan = managed(session, plan_id)
    round_ = queries.round_of(session, plan_id, round_id)
    typed = _as_typed(round_, "code", "name", "team_size") | {
        "kind": round_.kind.value,
        "method": round_.method.value,
        "purpose": round_.purpose.value,
        "about": round_.about.value,
    }
    return round_form(plan, Fields(typed), round_)


@bp.post("/plans/<int:plan_id>/rounds/<int:round_id>/edit")
@web.requires(May.MANAGE_PLANS)
def change_round(plan_id: int, round_id: int) -> AnyResponse:
    """Change a round, or show the form again with what is wrong."""
    fields = Fields(request.form)
    with transaction() as session:
        plan = managed(session, plan_id)
        round_ = queries.round_of(session, plan_id, round_id)
        given = round_values(fields)
        if not fields.errors:
            _try(session, round_, given, fields)
            _warn_of_window(plan, round_)
    if fields.errors:
        return Response(round_form(plan, fields, round_), 422)
    flash(_("Đã sửa đợt."), "success")
    return redirect(f"/plans/{plan_id}")


def _try(session: Session, round_: Round, given: dict[str, Any], fields: Fields) -> None:
    try:
        service.change_round(session, round_, web.actor(), **given)
    except (KindFixed, PlanClosed) as problem:
        fields.fail("kind", problem.text(web.language()))


def _warn_of_window(plan: Plan, round_: Round) -> None:
    """Say so when a round's days lie outside its plan's; the office may have its reasons."""
    early = round_.starts_on and plan.starts_on and round_.starts_on < plan.starts_on
    late = round_.ends_on and plan.ends_on and round_.ends_on > plan.ends_on
    if early or late:
        flash(_("Lưu ý: thời gian của đợt nằm ngoài thời gian của kế hoạch."), "warning")
