"""A plan set up on one page: eight steps, each with what is missing and its one button."""

from collections.abc import Sequence

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import exists, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import clock, web
from server.db import db, transaction
from server.desk import readiness, shipped
from server.fields import Fields
from server.journal import Work
from server.monitoring import queries, service
from server.monitoring.models import Plan, Round, RoundKind, Visit, VisitState
from server.monitoring.pages import managed
from server.permissions import May
from server.places.scope import inside
from server.teams import service as teams
from server.teams.models import Team

bp = Blueprint("desk_setup", __name__)
EARLIER = 50


@bp.get("/plans/<int:plan_id>/setup")
@web.requires(May.MANAGE_PLANS)
def setup(plan_id: int) -> str:
    """Show how far the plan is prepared and what comes next."""
    return _page(managed(db.session(), plan_id), Fields({}))


def _page(plan: Plan, fields: Fields, wrong_round: int = 0) -> str:
    session = db.session()
    known = readiness.facts(session, plan, web.reader().areas(May.SEE_PLANS))
    steps = readiness.steps(session, known)
    return render_template(
        "desk/setup.html",
        plan=plan,
        steps=steps,
        current=next((step.key for step in steps if step.missing), ""),
        ready=sum(step.ready for step in steps),
        lacking=shipped.lacking(session, plan.id),
        coming=shipped.waiting(session, plan.id),
        stuck=_stuck(session, plan.id),
        earlier=_earlier(session, plan),
        unnotified=readiness.unnotified(known),
        codeless=len(readiness.codeless(known)),
        fields=fields,
        wrong_round=wrong_round,
        today=clock.today(),
    )


def _stuck(session: Session, plan_id: int) -> str:
    """Return why a shipped form could not be sent, '' when none has failed."""
    failed = shipped.on_the_way(plan_id).where(Work.attempts > 0)
    return session.scalar(failed.with_only_columns(Work.error).limit(1)) or ""


def _earlier(session: Session, plan: Plan) -> Sequence[tuple[int, str]]:
    """Return (id, name) of other plans with teams that the reader manages, newest first."""
    rows = session.execute(
        select(Plan.id, Plan.name)
        .where(
            Plan.id != plan.id,
            inside(Plan.area, web.reader().areas(May.MANAGE_PLANS)),
            exists().where(Team.plan_id == Plan.id),
        )
        .order_by(Plan.id.desc())
        .limit(EARLIER)
    )
    return [(plan_id, name) for plan_id, name in rows]


def _back(plan_id: int, key: str) -> AnyResponse:
    current_app.extensions["jobs"].poke()
    return redirect(f"/plans/{plan_id}/setup#{key}")


@bp.post("/plans/<int:plan_id>/setup/forms")
@web.requires(May.MANAGE_FORMS)
def send_forms(plan_id: int) -> AnyResponse:
    """Have the worker send the shipped forms that the plan lacks."""
    with transaction() as session:
        plan = managed(session, plan_id, May.MANAGE_FORMS)
        asked = shipped.ask(session, plan, web.actor())
    if asked:
        flash(_("Đang gửi %(count)s biểu mẫu có sẵn; mỗi biểu mẫu mất vài giây.",
                count=len(asked)), "success")  # fmt: skip
    else:
        flash(_("Kế hoạch đã có mọi biểu mẫu có sẵn, hoặc đang được gửi."), "info")
    return _back(plan_id, "forms")


@bp.post("/plans/<int:plan_id>/setup/teams")
@web.requires(May.MANAGE_PLANS)
def copy_teams(plan_id: int) -> AnyResponse:
    """Form the teams of an earlier plan anew in this one."""
    chosen = Fields(request.form).number("from_plan")
    with transaction() as session:
        plan = managed(session, plan_id)
        plan.must_be_open()
        if chosen not in dict(_earlier(session, plan)):
            flash(_("Hãy chọn một kế hoạch trong danh sách."), "error")
            return _back(plan_id, "teams")
        made = teams.copy_teams(session, chosen or 0, plan_id, web.actor())
    if made:
        flash(_("Đã lập %(count)s đoàn theo kế hoạch trước.", count=len(made)), "success")
    else:
        flash(_("Các đoàn của kế hoạch trước đã có ở đây."), "info")
    return _back(plan_id, "teams")


@bp.post("/plans/<int:plan_id>/setup/notices")
@web.requires(May.MANAGE_PLANS)
def notices(plan_id: int) -> AnyResponse:
    """Record one notice, or one decision, for all visits of a round that lack it."""
    fields = Fields(request.form)
    with transaction() as session:
        plan = managed(session, plan_id)
        round_ = queries.round_of(session, plan_id, fields.number("round_id") or 0)
        recorded = _record(session, round_, fields)
    if fields.errors:
        return Response(_page(plan, fields, round_.id), 422)
    flash(_("Đã ghi cho %(count)s lượt.", count=recorded), "success")
    return _back(plan_id, "notices")


def _record(session: Session, round_: Round, fields: Fields) -> int:
    """Record what the form says; return for how many visits."""
    number = fields.text("number", 60, required=round_.kind is RoundKind.UNANNOUNCED)
    sent_on = None
    if round_.kind is RoundKind.PERIODIC:
        sent_on = fields.day("sent_on", required=True)
        if sent_on and sent_on > clock.today():
            fields.fail("sent_on", _("Ngày gửi thông báo không thể ở tương lai."))
    if fields.errors:
        return 0
    query = select(Visit).where(Visit.round_id == round_.id, Visit.state == VisitState.PLANNED)
    recorded = 0
    for visit in session.scalars(query.order_by(Visit.id)).all():
        if sent_on is not None and service.needs_notice(visit):
            service.send_notice(session, visit, sent_on, web.actor(), number)
        elif service.needs_decision(visit):
            service.record_decision(session, visit, number, web.actor())
        else:
            continue
        recorded += 1
    return recorded
