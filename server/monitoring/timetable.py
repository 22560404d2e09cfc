"""The timetable of a round: who goes where, when, in which order; warnings, a suggested way."""

import datetime as dt
from collections.abc import Sequence

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import clock, web
from server.db import db, transaction
from server.fields import Fields
from server.monitoring import queries, schedule, words
from server.monitoring.models import Plan, Round, Visit, VisitState
from server.monitoring.pages import managed
from server.monitoring.schedule import Doubt, Slot
from server.permissions import May
from server.places import queries as places
from server.places.distance import Point
from server.teams import queries as teams_queries
from server.teams.models import Team

bp = Blueprint("timetable", __name__)
SHOWN = 80  # rows of a form: a longer timetable is kept team by team


@bp.get("/plans/<int:plan_id>/rounds/<int:round_id>/timetable")
@web.requires(May.MANAGE_PLANS)
def timetable(plan_id: int, round_id: int) -> str:
    """Show the timetable as kept, or as suggested when days are asked for."""
    session = db.session()
    plan = managed(session, plan_id)
    round_ = queries.round_of(session, plan_id, round_id)
    asked = Fields(request.args)
    visits = _visits(session, round_id)
    if (team_id := asked.number("team")) is not None:
        visits = [visit for visit in visits if visit.team_id == team_id]
    slots = [Slot(v, v.team_id, v.stop, v.starts_on, v.ends_on) for v in visits]
    if asked["first"]:
        slots = _suggested(session, plan, visits, asked) or slots
    return _page(plan, round_, slots, asked, suggested=bool(asked["first"] and not asked.errors))


def _visits(session: Session, round_id: int) -> Sequence[Visit]:
    return session.scalars(
        select(Visit)
        .where(Visit.round_id == round_id, Visit.state != VisitState.CANCELLED)
        .order_by(Visit.team_id, Visit.stop, Visit.code)
    ).all()


def _suggested(session: Session, plan: Plan, visits: Sequence[Visit], asked: Fields) -> list[Slot]:
    first = asked.day("first", required=True)
    per_day, days = _small(asked, "per_day", schedule.PER_DAY), _small(asked, "days", 1)
    if first is None or asked.errors:
        return []
    points = schedule.points_of(session, visits)
    return schedule.suggest(visits, points, _start(session, plan), first, per_day, days)


def _small(fields: Fields, name: str, usual: int) -> int:
    found = fields.number(name) if fields[name] else usual
    if found is None or not 1 <= found <= 30:
        fields.fail(name, _("Hãy ghi một số từ 1 đến 30."))
    return found or usual


def _start(session: Session, plan: Plan) -> Point | None:
    """Return where teams set out: the district's seat as far as the code list knows it."""
    code = plan.area.rsplit("/", 1)[-1]
    found = session.scalars(places.place(plan.edition_id, code)).first() if code else None
    if found is None or found.latitude is None or found.longitude is None:
        return None
    return found.latitude, found.longitude


def _page(
    plan: Plan, round_: Round, slots: Sequence[Slot], fields: Fields, suggested: bool = False
) -> str:
    teams = _teams(plan.id)
    per_day = fields.number("per_day") or schedule.PER_DAY
    listed = sorted(slots, key=lambda slot: (slot.team_id or 0, slot.stop, slot.visit.code))
    return render_template(
        "monitoring/timetable.html",
        plan=plan,
        round=round_,
        slots=listed[:SHOWN],
        left=len(listed) - len(listed[:SHOWN]),
        teams=[(str(team.id), team.name) for team in teams.values()],
        names={team.id: team.name for team in teams.values()},
        doubts=[said(doubt) for doubt in schedule.doubts(slots, teams, per_day)],
        ways=schedule.way_km(
            slots, schedule.points_of(db.session(), [slot.visit for slot in slots])
        ),
        fields=fields,
        first=fields["first"] or (round_.starts_on or clock.today()).isoformat(),
        suggested=suggested,
        words=words,
    )


def _teams(plan_id: int) -> dict[int, Team]:
    return {team.id: team for team in teams_queries.teams_of(db.session(), plan_id)}


def said(doubt: Doubt) -> str:
    """Return a doubt as a sentence."""
    day = doubt.day.strftime("%d/%m/%Y") if doubt.day else ""
    names = ", ".join(doubt.codes)
    sentences: dict[str, str] = {
        "overload": _("Quá tải: %(who)s có %(count)s xã trong ngày %(day)s (%(names)s).",
                      who=doubt.who, count=len(doubt.codes), day=day, names=names),
        "overlap": _("Chồng ngày: %(who)s có hai lượt cùng ngày %(day)s (%(names)s).",
                     who=doubt.who, day=day, names=names),
        "twice": _("%(who)s ở hai đoàn trong ngày %(day)s (%(names)s).",
                   who=doubt.who, day=day, names=names),
        "unassigned": _("Chưa giao đoàn: %(names)s.", names=names),
        "undated": _("Chưa có ngày: %(names)s.", names=names),
        "off": _("Ngày nghỉ: %(names)s bắt đầu ngày %(day)s.", names=names, day=day),
        "outside": _("Ngoài thời gian của đợt: %(names)s.", names=names),
    }  # fmt: skip
    return sentences[doubt.kind]


@bp.post("/plans/<int:plan_id>/rounds/<int:round_id>/timetable")
@web.requires(May.MANAGE_PLANS)
def keep(plan_id: int, round_id: int) -> AnyResponse | str:
    """Keep the timetable as typed; what looks wrong is said and kept all the same."""
    fields = Fields(request.form)
    with transaction() as session:
        plan = managed(session, plan_id)
        round_ = queries.round_of(session, plan_id, round_id)
        slots = [_typed(visit, fields, _teams(plan_id)) for visit in _visits(session, round_id)]
        if not fields.errors:
            changed = schedule.keep(session, slots, web.actor())
    if fields.errors:
        return Response(_page(plan, round_, slots, fields), 422)
    current_app.extensions["jobs"].poke()
    flash(_("Đã ghi lịch của %(count)s lượt.", count=changed), "success")
    for doubt in schedule.doubts(slots, _teams(plan_id), fields.number("per_day") or 2)[:5]:
        flash(said(doubt), "warning")
    return redirect(f"/plans/{plan_id}/rounds/{round_id}/timetable")


def _typed(visit: Visit, fields: Fields, teams: dict[int, Team]) -> Slot:
    """Return one row of the form; a row that did not come stays as it is."""
    if f"stop-{visit.id}" not in fields.form:
        return Slot(visit, visit.team_id, visit.stop, visit.starts_on, visit.ends_on)
    starts_on, ends_on = fields.days(f"starts-{visit.id}", f"ends-{visit.id}")
    team_id = fields.number(f"team-{visit.id}")
    if team_id is not None and team_id not in teams:
        fields.fail(f"team-{visit.id}", _("Hãy chọn một đoàn của kế hoạch này."))
    stop = fields.number(f"stop-{visit.id}") or 0
    if ends_on is None:
        ends_on = starts_on
    return Slot(visit, team_id, min(stop, 999), starts_on, _sane(starts_on, ends_on, visit, fields))


def _sane(
    starts_on: dt.date | None, ends_on: dt.date | None, visit: Visit, fields: Fields
) -> dt.date | None:
    if starts_on and ends_on and (ends_on - starts_on).days > 60:
        fields.fail(f"ends-{visit.id}", _("Một lượt không dài quá 60 ngày."))
        return starts_on
    return ends_on
