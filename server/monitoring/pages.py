"""Pages on which plans, rounds and visits are made; what they hold is shown by `server.desk`."""

import re
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import clock, web
from server.db import db, transaction
from server.fields import Fields
from server.monitoring import queries, service, sizes, words
from server.monitoring.models import (
    About,
    Method,
    Origin,
    Plan,
    Programme,
    Purpose,
    Round,
    RoundKind,
    Visit,
    VisitState,
)
from server.monitoring.problems import AlreadyVisited, BadParent, RoundCodeTaken
from server.permissions import May
from server.places import picking
from server.places import queries as places
from server.places.models import Edition, Level, Place
from server.places.scope import covers
from server.problems import NotAllowed, NotFound
from server.teams.models import Team

bp = Blueprint("monitoring", __name__)
PAGE = 50
PARENTS = 200
ROUND_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]{0,19}")


def managed(session: Session, plan_id: int, right: May = May.MANAGE_PLANS) -> Plan:
    """Return a plan that the reader may change.

    Raises:
        NotFound: they may not even see it.
        NotAllowed: they see it, from within or above, and hold `right` elsewhere only.
    """
    plan = queries.plan_for(session, plan_id, web.reader().areas(May.SEE_PLANS))
    if not covers(web.reader().areas(right), plan.area):
        raise NotAllowed()
    return plan


def managed_visit(session: Session, visit_id: int) -> Visit:
    """Return a visit that the reader may change; refuses as `managed` does."""
    visit = queries.visit_seen(session, visit_id, web.reader().areas(May.SEE_PLANS))
    if not covers(web.reader().areas(May.MANAGE_PLANS), visit.area):
        raise NotAllowed()
    return visit


@bp.get("/plans")
@web.requires(May.SEE_PLANS)
def plans() -> str:
    """List the plans, newest first."""
    session = db.session()
    before = Fields(request.args).number("before")
    areas = web.reader().areas(May.SEE_PLANS)
    found = queries.plans_page(session, areas, before, PAGE + 1)
    shown = found[:PAGE]
    return render_template(
        "monitoring/plans.html",
        plans=shown,
        older=shown[-1].id if len(found) > PAGE else None,
        before=before,
        areas=picking.names(session, {plan.area for plan in shown}),
        words=words,
    )


@bp.get("/plans/new")
@web.requires(May.MANAGE_PLANS)
def new_plan() -> str:
    """Show the empty form of a plan."""
    areas = web.reader().areas(May.MANAGE_PLANS)
    return _plan_form(Fields({"edition_id": picking.edition_for(db.session(), areas)}))


@bp.post("/plans/new")
@web.requires(May.MANAGE_PLANS)
def add_plan() -> AnyResponse | str:
    """Add a plan, or show the form again: to choose the place, or with what is wrong."""
    fields = Fields(request.form)
    if fields["find"]:
        return _plan_form(fields)
    plan: Plan | None = None
    with transaction() as session:
        place = _chosen_area(session, fields)
        given = _plan_values(session, fields)
        if not fields.errors:
            plan = _try_plan(session, place, given, fields)
    if fields.errors or plan is None:
        return Response(_plan_form(fields), 422)
    flash(_("Đã lập kế hoạch. Bước tiếp theo: thêm đợt giám sát."), "success")
    return redirect(f"/plans/{plan.id}/setup")


def _try_plan(
    session: Session, place: Place | None, given: dict[str, Any], fields: Fields
) -> Plan | None:
    try:
        return service.add_plan(session, place=place, actor=web.actor(), **given)
    except BadParent as problem:
        fields.fail("parent_id", problem.text(web.language()))
        return None


def _chosen_area(session: Session, fields: Fields) -> Place | None:
    """Return the chosen place, None for the whole country, or note why there is none."""
    areas = web.reader().areas(May.MANAGE_PLANS)
    if fields["place_id"] == "country" and "" in areas:
        return None
    place = session.get(Place, fields.number("place_id") or 0)
    if place is None or not covers(areas, place.area):
        fields.fail("place_text", _("Hãy tìm rồi chọn địa bàn trong danh sách."))
        return None
    if place.edition_id != fields["edition_id"]:
        fields.fail("place_text", _("Địa bàn thuộc danh mục khác: hãy tìm và chọn lại."))
    return place


def _plan_values(session: Session, fields: Fields) -> dict[str, Any]:
    if session.get(Programme, fields["programme_id"]) is None:
        fields.fail("programme_id", _("Hãy chọn một mục trong danh sách."))
    if session.get(Edition, fields["edition_id"]) is None:
        fields.fail("edition_id", _("Hãy chọn một mục trong danh sách."))
    return {
        **said_of_plan(session, fields),
        "programme_id": fields["programme_id"],
        "edition_id": fields["edition_id"],
    }


def said_of_plan(session: Session, fields: Fields) -> dict[str, Any]:
    """Return what a plan's form says that may be changed later too; note what is wrong."""
    starts_on, ends_on = fields.days("starts_on", "ends_on")
    parent_id = fields.number("parent_id")
    areas = web.reader().areas(May.SEE_PLANS)
    if fields["parent_id"] and parent_id not in dict(above(session, areas)):
        fields.fail("parent_id", _("Hãy chọn một mục trong danh sách."))
    return {
        "name": fields.text("name", 300, required=True),
        "number": fields.text("number", 60),
        "agency": fields.text("agency", 200),
        "parent": fields.text("parent", 300),
        "parent_id": parent_id,
        "legal_bases": fields.lines("legal_bases"),
        "starts_on": starts_on,
        "ends_on": ends_on,
    }


def above(session: Session, areas: list[str], but: int = 0) -> list[tuple[int, str]]:
    """Return (id, name) of the plans that a plan may carry out, as far as the reader sees them."""
    found = queries.plans_page(session, areas, limit=PARENTS)
    return [(plan.id, f"{plan.number} {plan.name}".strip()) for plan in found if plan.id != but]


def _plan_form(fields: Fields) -> str:
    session = db.session()
    areas = web.reader().areas(May.MANAGE_PLANS)
    found = picking.choices(session, fields["edition_id"], fields.text("place_text"), areas)
    options = [(str(place.id), address) for place, address in found]
    if "" in areas:
        options.insert(0, ("country", _("Cả nước")))
    return render_template(
        "monitoring/plan_form.html",
        fields=fields,
        programmes=[(row.id, row.name) for row in queries.programmes(session)],
        editions=[(row.id, row.name) for row in session.scalars(places.editions())],
        place_options=options,
        parents=above(session, web.reader().areas(May.SEE_PLANS)),
        plan=None,
    )


@bp.get("/plans/<int:plan_id>/rounds/new")
@web.requires(May.MANAGE_PLANS)
def new_round(plan_id: int) -> str:
    """Show the empty form of a round."""
    return round_form(managed(db.session(), plan_id), Fields({}))


@bp.post("/plans/<int:plan_id>/rounds")
@web.requires(May.MANAGE_PLANS)
def add_round(plan_id: int) -> AnyResponse | str:
    """Add a round to a plan."""
    fields = Fields(request.form)
    with transaction() as session:
        plan = managed(session, plan_id)
        given = _new_round_values(fields)
        if not fields.errors:
            _try_round(session, plan, given, fields)
    if fields.errors:
        return Response(round_form(plan, fields), 422)
    flash(_("Đã thêm đợt. Hãy chọn ngẫu nhiên các xã, hoặc chỉ định từng xã."), "success")
    return redirect(f"/plans/{plan_id}")


def _try_round(session: Session, plan: Plan, given: dict[str, Any], fields: Fields) -> None:
    try:
        service.add_round(session, plan, actor=web.actor(), **given)
    except RoundCodeTaken as problem:
        fields.fail("code", problem.text(web.language()))


def _new_round_values(fields: Fields) -> dict[str, Any]:
    code = fields.text("code", 20, required=True)
    if code and not ROUND_CODE.fullmatch(code):
        fields.fail("code", _("Mã đợt chỉ gồm chữ không dấu, số, dấu gạch nối và dấu chấm."))
    return {"code": code, **round_values(fields)}


def round_values(fields: Fields) -> dict[str, Any]:
    """Return what a round's form says that may be changed later too; note what is wrong."""
    starts_on, ends_on = fields.days("starts_on", "ends_on")
    team_size = fields.number("team_size")
    if fields["team_size"].strip() and not (team_size and 1 <= team_size <= 200):
        fields.fail("team_size", _("Hãy ghi một số từ 1 đến 200."))
    return {
        "name": fields.text("name", required=True),
        "kind": fields.choice("kind", RoundKind, RoundKind.PERIODIC),
        "method": fields.choice("method", Method, Method.DIRECT),
        "purpose": fields.choice("purpose", Purpose, Purpose.MONITORING),
        "about": fields.choice("about", About, About.PROGRAMME),
        "team_size": team_size,
        "starts_on": starts_on,
        "ends_on": ends_on,
    }


def round_form(plan: Plan, fields: Fields, round_: Round | None = None) -> str:
    """Return the form of a round: a new one, or `round_` for change."""
    return render_template(
        "monitoring/round_form.html", plan=plan, round=round_, fields=fields, words=words
    )


@bp.get("/plans/<int:plan_id>/rounds/<int:round_id>/visits/new")
@web.requires(May.MANAGE_PLANS)
def new_visit(plan_id: int, round_id: int) -> str:
    """Show the communes that a visit may be named to, by search."""
    session = db.session()
    plan = managed(session, plan_id)
    round_ = queries.round_of(session, plan_id, round_id)
    wanted = Fields(request.args).text("q")[:100]
    found = _communes(session, plan, wanted)
    return render_template(
        "monitoring/visit_form.html", plan=plan, round=round_, wanted=wanted, found=found
    )


def _communes(session: Session, plan: Plan, wanted: str) -> list[tuple[Place, str]]:
    """Return communes of the plan's area; without a name, those directly under it."""
    if wanted:
        return picking.choices(session, plan.edition_id, wanted, [plan.area], Level.COMMUNE)
    code = plan.area.rsplit("/", 1)[-1]
    under = session.scalars(places.children(plan.edition_id, code)).all() if code else []
    return [(place, place.name) for place in under if place.level is Level.COMMUNE]


@bp.post("/plans/<int:plan_id>/rounds/<int:round_id>/visits")
@web.requires(May.MANAGE_PLANS)
def add_visit(plan_id: int, round_id: int) -> AnyResponse:
    """Add a visit to a commune that was named on purpose (chỉ định)."""
    fields = Fields(request.form)
    back = redirect(f"/plans/{plan_id}/rounds/{round_id}/visits/new")
    try:
        with transaction() as session:
            managed(session, plan_id)
            round_: Round = queries.round_of(session, plan_id, round_id)
            place = session.get(Place, fields.number("place_id") or 0)
            if place is None or place.level is not Level.COMMUNE:
                flash(_("Hãy chọn một xã trong danh sách."), "error")
                return back
            visit = service.add_visit(session, round_, place, web.actor(), Origin.PURPOSIVE)
    except AlreadyVisited as problem:
        flash(problem.text(web.language()), "error")
        return back
    _wake_worker()
    flash(_("Đã thêm lượt giám sát. Hãy giao đoàn và ngày."), "success")
    return redirect(f"/visits/{visit.id}")


def _wake_worker() -> None:
    """Have the phones' lists made anew soon."""
    current_app.extensions["jobs"].poke()


@bp.post("/visits/<int:visit_id>/assign")
@web.requires(May.MANAGE_PLANS)
def assign(visit_id: int) -> AnyResponse:
    """Give a visit its team and days."""
    fields = Fields(request.form)
    starts_on, ends_on = fields.days("starts_on", "ends_on")
    with transaction() as session:
        visit = managed_visit(session, visit_id)
        team = _team(session, visit, fields)
        if not fields.errors:
            service.assign(session, visit, team, starts_on, ends_on, web.actor())
            _warn_of_days(visit)
            _warn_of_size(visit, team)
    return _back_to_visit(visit_id, fields, _("Đã ghi đoàn và ngày."))


def _team(session: Session, visit: Visit, fields: Fields) -> Team | None:
    if not fields["team_id"]:
        return None
    team = session.get(Team, fields.number("team_id") or 0)
    if team is None or team.plan_id != visit.plan_id:
        fields.fail("team_id", _("Hãy chọn một đoàn của kế hoạch này."))
        return None
    return team


def _warn_of_days(visit: Visit) -> None:
    """Say so when the days lie outside the round's; the office may have its reasons."""
    round_ = visit.round
    early = visit.starts_on and round_.starts_on and visit.starts_on < round_.starts_on
    late = visit.ends_on and round_.ends_on and visit.ends_on > round_.ends_on
    if early or late:
        flash(_("Lưu ý: ngày của lượt này nằm ngoài thời gian của đợt."), "warning")


def _warn_of_size(visit: Visit, team: Team | None) -> None:
    """Say so when the team is not of the size that the plan names; nothing is blocked."""
    doubt = sizes.doubt(visit.round, len(team.members)) if team else None
    if doubt is not None:
        flash(
            _("Lưu ý: đoàn có %(count)s người, kế hoạch của đợt này là %(expected)s người.",
              count=doubt.count, expected=doubt.expected),
            "warning",
        )  # fmt: skip


@bp.post("/visits/<int:visit_id>/notice")
@web.requires(May.MANAGE_PLANS)
def notice(visit_id: int) -> AnyResponse:
    """Record that the unit was told, or the decision that an unannounced visit rests on."""
    fields = Fields(request.form)
    with transaction() as session:
        visit = managed_visit(session, visit_id)
        if visit.round.kind is RoundKind.UNANNOUNCED:
            number = fields.text("decision_no", 60, required=True)
            if not fields.errors:
                service.record_decision(session, visit, number, web.actor())
        else:
            sent_on = fields.day("sent_on", required=True)
            notice_no = fields.text("notice_no", 60)
            if sent_on and sent_on > clock.today():
                fields.fail("sent_on", _("Ngày gửi thông báo không thể ở tương lai."))
            if sent_on and not fields.errors:
                service.send_notice(session, visit, sent_on, web.actor(), notice_no)
    return _back_to_visit(visit_id, fields, _("Đã ghi."))


@bp.post("/visits/<int:visit_id>/state")
@web.requires(May.MANAGE_PLANS)
def move(visit_id: int) -> AnyResponse:
    """Bring a visit into its next state; a periodic one not before its notice."""
    try:
        state = VisitState(request.form.get("state", ""))
    except ValueError:
        raise NotFound() from None
    with transaction() as session:
        service.move(session, managed_visit(session, visit_id), state, web.actor())
    return _back_to_visit(visit_id, Fields({}), _("Đã đổi trạng thái."))


def _back_to_visit(visit_id: int, fields: Fields, done: str) -> AnyResponse:
    for sentence in fields.errors.values():
        flash(sentence, "error")
    if not fields.errors:
        flash(done, "success")
        _wake_worker()
    return redirect(f"/visits/{visit_id}")
