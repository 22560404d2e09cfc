"""The calendar of a plan's teams, by week or month, as far as its reader may know it."""

import datetime as dt
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from flask import Blueprint, Response, render_template
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from server import clock, fields, web
from server.db import db
from server.desk import downloads, formats, ics, paging
from server.desk import queries as desk
from server.desk.teams import server_url
from server.monitoring import daysoff, queries, schedule, words
from server.monitoring.models import Plan, Round, Visit, VisitState
from server.monitoring.schedule import Doubt, Slot
from server.monitoring.timetable import said
from server.permissions import May
from server.places.scope import covers
from server.teams import queries as teams
from server.teams.models import Team

bp = Blueprint("desk_calendar", __name__)
bp.context_processor(formats.helpers)
WEEK, MONTH = "week", "month"
MOST_DOUBTS = 8
LONGEST = dt.timedelta(days=366)


@dataclass(frozen=True)
class Day:
    """A column: a day, whether offices are closed, and the holiday's name."""

    date: dt.date
    off: bool
    holiday: str = ""


@dataclass(frozen=True)
class Bar:
    """A visit within the days shown: from column `at` over `days` columns."""

    visit: Visit
    at: int
    days: int
    doubt: bool

    @property
    def short(self) -> str:
        """The commune's initials, where there is no room for its name."""
        place = self.visit.place
        return "".join(part[0] for part in place.name.removeprefix(place.kind).split())


@dataclass
class TeamRow:
    """A team with its lanes: bars of one lane never overlap."""

    name: str
    lanes: list[list[Bar]] = field(default_factory=list)


@dataclass(frozen=True)
class Shown:
    """What the address asks for."""

    view: str
    first: dt.date
    last: dt.date
    round_: Round | None

    @property
    def before(self) -> dt.date:
        """The last day before those shown."""
        return self.first - dt.timedelta(days=1)

    @property
    def after(self) -> dt.date:
        """The first day after those shown."""
        return self.last + dt.timedelta(days=1)


@bp.get("/plans/<int:plan_id>/calendar")
@web.requires(May.SEE_PLANS)
def calendar(plan_id: int) -> str:
    """Show a week or a month of the teams' visits."""
    session = db.session()
    plan = queries.plan_for(session, plan_id, web.reader().areas(May.SEE_PLANS))
    round_ = _round(session, plan_id)
    visits = _visits(session, plan_id, round_)
    shown = _shown(visits, round_)
    manages = covers(web.reader().areas(May.MANAGE_PLANS), plan.area)
    known = {team.id: team for team in teams.teams_of(session, plan_id)}
    doubts = _doubts(visits, known) if manages else []
    days = _days(shown)
    return render_template(
        "desk/calendar.html",
        plan=plan,
        shown=shown,
        days=days,
        rows=_rows(visits, known, days, doubts, every=manages),
        agenda=_agenda(visits, days),
        nearest=_nearest(visits, shown),
        undated=[visit for visit in visits if visit.starts_on is None],
        doubts=[said(doubt) for doubt in doubts[:MOST_DOUBTS]],
        rounds=[(one.id, one.name) for one in _known_rounds(session, plan_id, manages)],
        manages=manages,
        today=clock.today(),
        here=paging.here,
        words=words,
    )


def _round(session: Session, plan_id: int) -> Round | None:
    asked = web.asked_key("round")
    return queries.round_of(session, plan_id, asked) if asked else None


def _known_rounds(session: Session, plan_id: int, manages: bool) -> Sequence[Round]:
    """Return the rounds to choose among; others than managers see those of visits they know."""
    found = queries.rounds(session, plan_id)
    if manages:
        return found
    seen = {visit.round_id for visit in _visits(session, plan_id, None)}
    return [round_ for round_ in found if round_.id in seen]


def _visits(session: Session, plan_id: int, round_: Round | None) -> list[Visit]:
    areas = web.reader().areas(May.SEE_PLANS)
    return [
        visit
        for visit in desk.visits_of(session, plan_id, areas)
        if visit.state is not VisitState.CANCELLED and round_ in (None, visit.round)
    ]


def _shown(visits: Sequence[Visit], round_: Round | None) -> Shown:
    typed = paging.asked("view", "day")
    view = WEEK if typed["view"] == WEEK else MONTH
    day = _anchor(visits)
    with suppress(ValueError):
        day = fields.day(typed["day"]) if typed["day"] else day
    day = min(max(day, dt.date(2000, 1, 1)), dt.date(2100, 12, 31))
    if view == WEEK:
        first = day - dt.timedelta(days=day.weekday())
        return Shown(view, first, first + dt.timedelta(days=6), round_)
    last = monthrange(day.year, day.month)[1]
    return Shown(view, day.replace(day=1), day.replace(day=last), round_)


def _anchor(visits: Sequence[Visit]) -> dt.date:
    """Return the day to open at: of the visit that is next, or else the last one."""
    today = clock.today()
    dated = sorted(visit.starts_on for visit in visits if visit.starts_on)
    ahead = [day for day in dated if day >= today]
    return ahead[0] if ahead else dated[-1] if dated else today


def _days(shown: Shown) -> list[Day]:
    count = (shown.last - shown.first).days + 1
    found = []
    for date in (shown.first + dt.timedelta(days=n) for n in range(count)):
        name = daysoff.holiday(date)
        found.append(Day(date, daysoff.is_off(date), formats.word(name) if name else ""))
    return found


def _doubts(visits: Sequence[Visit], known: dict[int, Team]) -> list[Doubt]:
    slots = [Slot(v, v.team_id, v.stop, v.starts_on, v.ends_on) for v in visits]
    return schedule.doubts(slots, known) + _on_days_off(visits)


def _on_days_off(visits: Iterable[Visit]) -> list[Doubt]:
    """Return the visits that begin on a day on which offices are closed."""
    return [
        Doubt("off", visit.team.name if visit.team else "", visit.starts_on, (visit.place.name,))
        for visit in visits
        if visit.state is VisitState.PLANNED and visit.starts_on and daysoff.is_off(visit.starts_on)
    ]


def _rows(
    visits: Sequence[Visit],
    known: dict[int, Team],
    days: Sequence[Day],
    doubts: Sequence[Doubt],
    *,
    every: bool,
) -> list[TeamRow]:
    """Return a row for each team, those without a team last; `every` team, or those that go."""
    odd: set[tuple[str, dt.date | None]] = {(doubt.who, doubt.day) for doubt in doubts}
    own: dict[int | None, list[Bar]] = defaultdict(list)
    for visit in visits:
        bar = _bar(visit, days, odd)
        if bar is not None:
            own[visit.team_id].append(bar)
    rows = [
        TeamRow(team.name, _lanes(own[team.id])) for team in known.values() if every or own[team.id]
    ]
    if own[None]:
        rows.append(TeamRow("", _lanes(own[None])))
    return rows


def _bar(visit: Visit, days: Sequence[Day], odd: set[tuple[str, dt.date | None]]) -> Bar | None:
    """Return the visit as far as it lies within the days shown, or None."""
    first, last = days[0].date, days[-1].date
    if visit.starts_on is None:
        return None
    starts, ends = visit.starts_on, min(_end(visit), visit.starts_on + LONGEST)
    if ends < first or starts > last:
        return None
    at, to = (max(starts, first) - first).days, (min(ends, last) - first).days
    team = visit.team.name if visit.team else ""
    held = {(team, days[n].date) for n in range(at, to + 1)}
    return Bar(visit, at, to - at + 1, bool(held & odd))


def _end(visit: Visit) -> dt.date:
    assert visit.starts_on is not None  # noqa: S101 - only dated visits come here
    return visit.ends_on or visit.starts_on


def _lanes(bars: Sequence[Bar]) -> list[list[Bar]]:
    """Return bars laid out so that none covers another, in as few lanes as that needs."""
    lanes: list[list[Bar]] = []
    for bar in sorted(bars, key=lambda bar: (bar.at, -bar.days, bar.visit.stop, bar.visit.code)):
        free = (lane for lane in lanes if lane[-1].at + lane[-1].days <= bar.at)
        lane = next(free, None)
        if lane is None:
            lanes.append([bar])
        else:
            lane.append(bar)
    return lanes


def _agenda(visits: Sequence[Visit], days: Sequence[Day]) -> list[tuple[Day, list[Visit]]]:
    """Return the days shown on which a team is somewhere, each with its visits."""
    found = []
    for day in days:
        there = [v for v in visits if v.starts_on and v.starts_on <= day.date <= _end(v)]
        if there:
            by_team = sorted(there, key=lambda v: (v.team.name if v.team else "", v.stop, v.code))
            found.append((day, by_team))
    return found


def _nearest(visits: Sequence[Visit], shown: Shown) -> list[Visit]:
    """Return the last visit before the days shown and the first one after them, where there are."""
    dated = [(visit.starts_on, visit.id, visit) for visit in visits if visit.starts_on]
    before = [each for each in dated if each[0] < shown.first]
    after = [each for each in dated if each[0] > shown.last]
    return [one[2] for one in (max(before, default=None), min(after, default=None)) if one]


@bp.get("/plans/<int:plan_id>/calendar.ics")
@web.requires(May.SEE_PLANS)
def download(plan_id: int) -> Response:
    """Give the dated visits as an iCalendar file."""
    session = db.session()
    plan = queries.plan_for(session, plan_id, web.reader().areas(May.SEE_PLANS))
    round_ = _round(session, plan_id)
    events = [_event(plan, visit) for visit in _visits(session, plan_id, round_) if visit.starts_on]
    name = round_.name if round_ else plan.name
    content = ics.calendar(name, events, clock.now())
    return downloads.made(content, "text/calendar; charset=utf-8", f"lich-{plan.id}.ics")


def _event(plan: Plan, visit: Visit) -> ics.Event:
    team = visit.team.name if visit.team else _("chưa giao đoàn")
    host = server_url().partition("://")[2]
    assert visit.starts_on is not None  # noqa: S101 - only dated visits come here
    return ics.Event(
        f"visit-{visit.id}@{host}",
        visit.starts_on,
        _end(visit),
        f"{visit.place.name} – {team}",
        visit.place.name,
        f"{server_url()}/visits/{visit.id}",
        f"{visit.round.name}. {plan.name}",
    )
