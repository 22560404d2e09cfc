"""When each team goes where: a suggested order of travel and days, and what looks wrong with them.

Nothing here is an order: roads are longer than straight lines and offices know their days. What
looks wrong is said, never refused.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sampling.route import order
from server import journal
from server.journal import Actor
from server.monitoring.models import Visit, VisitState
from server.places.distance import Point, metres_between
from server.places.models import Hamlet, Place, Succession
from server.teams.models import Team

PER_DAY = 2
MOST_STOPS = 60  # a longer round is put in order part by part, by code


@dataclass(frozen=True)
class Slot:
    """One visit's team, place in the order of travel, and days."""

    visit: Visit
    team_id: int | None
    stop: int
    starts_on: dt.date | None
    ends_on: dt.date | None


def suggest(
    visits: Sequence[Visit],
    points: Mapping[int, Point],
    start: Point | None,
    first: dt.date,
    per_day: int = PER_DAY,
    days: int = 1,
) -> list[Slot]:
    """Return each team's visits in a short order of travel with days one after another.

    Args:
        visits: those to be timed; visits that have begun keep their days.
        points: where each visit goes, by its id, as far as it is known (`points_of`).
        start: where teams set out, (latitude, longitude); None when it is not known.
        first: the first day; Saturdays and Sundays are left free.
        per_day: how many communes a team visits a day, when a visit lasts one day.
        days: how many working days a visit lasts; with more than one, communes do not share days.
    """
    by_team: dict[int | None, list[Visit]] = defaultdict(list)
    for visit in visits:
        by_team[visit.team_id].append(visit)
    slots = []
    for team_id, own in by_team.items():
        calendar = _working_days(first)
        span: list[dt.date] = []
        for stop, visit in enumerate(_in_order(own, points, start), start=1):
            if visit.state is not VisitState.PLANNED:
                slots.append(Slot(visit, team_id, stop, visit.starts_on, visit.ends_on))
                continue
            if days > 1 or (stop - 1) % per_day == 0 or not span:
                span = [next(calendar) for _day in range(days)]
            slots.append(Slot(visit, team_id, stop, span[0], span[-1]))
    return slots


def _in_order(
    visits: Sequence[Visit], points: Mapping[int, Point], start: Point | None
) -> list[Visit]:
    """Return visits in the order of a short way; places without a point come last, by code."""
    known = sorted(visits, key=lambda visit: visit.code)
    located = [visit for visit in known if visit.id in points]
    stops: list[str] = []
    for low in range(0, len(located), MOST_STOPS):
        part = {visit.code: points[visit.id] for visit in located[low : low + MOST_STOPS]}
        stops += order(part, start, distance=metres_between).stops
    rank = {code: place for place, code in enumerate(stops)}
    return sorted(known, key=lambda visit: (rank.get(visit.code, len(rank)), visit.code))


def points_of(session: Session, visits: Sequence[Visit]) -> dict[int, Point]:
    """Return where visits go, by their ids: where the commune is, as far as anything tells.

    Its own point; else the middle of its hamlets; else the point of the unit that followed it.
    Editions before 2025 come without points of their own.
    """
    places = {visit.place_id for visit in visits}
    known = _followed(session, places) | _middles(session, places)
    for visit in visits:
        if visit.place.latitude is not None and visit.place.longitude is not None:
            known[visit.place_id] = (visit.place.latitude, visit.place.longitude)
    return {visit.id: known[visit.place_id] for visit in visits if visit.place_id in known}


def _middles(session: Session, places: Collection[int]) -> dict[int, Point]:
    rows = session.execute(
        select(Hamlet.place_id, func.avg(Hamlet.latitude), func.avg(Hamlet.longitude))
        .where(Hamlet.place_id.in_(places), Hamlet.latitude.is_not(None))
        .group_by(Hamlet.place_id)
    )
    return {place_id: (float(north), float(east)) for place_id, north, east in rows}


def _followed(session: Session, places: Collection[int]) -> dict[int, Point]:
    rows = session.execute(
        select(Succession.old_id, Place.latitude, Place.longitude)
        .join(Place, Place.id == Succession.new_id)
        .where(Succession.old_id.in_(places), Succession.is_default, Place.latitude.is_not(None))
    )
    return {old: (north, east) for old, north, east in rows if north and east}


def _working_days(first: dt.date) -> Iterator[dt.date]:
    day = first
    while True:
        if day.weekday() < 5:
            yield day
        day += dt.timedelta(days=1)


def way_km(slots: Sequence[Slot], points: Mapping[int, Point]) -> dict[int | None, float]:
    """Return the straight-line length of each team's way in km, from first stop to last."""
    by_team: dict[int | None, list[Slot]] = defaultdict(list)
    for slot in sorted(slots, key=lambda slot: slot.stop):
        by_team[slot.team_id].append(slot)
    found = {}
    for team_id, own in by_team.items():
        stops = [points[slot.visit.id] for slot in own if slot.visit.id in points]
        metres = sum(metres_between(a, b) for a, b in pairwise(stops))
        found[team_id] = metres / 1000
    return found


# --- what looks wrong -----------------------------------------------------------------------


@dataclass(frozen=True)
class Doubt:
    """Something that looks wrong with a timetable.

    kind: 'overload' (more communes on a day than a team can do), 'overlap' (two visits of a team
    share some days and not others), 'twice' (somebody is in two teams on one day), 'unassigned',
    'undated', 'outside' (not within the round's days), 'off' (begins when offices are closed).
    """

    kind: str
    who: str = ""
    day: dt.date | None = None
    codes: tuple[str, ...] = ()


def doubts(slots: Sequence[Slot], teams: Mapping[int, Team], per_day: int = PER_DAY) -> list[Doubt]:
    """Return what looks wrong with a timetable, the gravest kinds first."""
    timed = [slot for slot in slots if slot.starts_on and slot.team_id in teams]
    return [
        *_overloads(timed, teams, per_day),
        *_overlaps(timed, teams),
        *_twice(timed, teams),
        *_unfinished(slots),
    ]


def _days(slot: Slot) -> list[dt.date]:
    assert slot.starts_on is not None  # noqa: S101 - only timed slots come here
    last = slot.ends_on or slot.starts_on
    return [slot.starts_on + dt.timedelta(days=n) for n in range((last - slot.starts_on).days + 1)]


def _overloads(slots: Iterable[Slot], teams: Mapping[int, Team], per_day: int) -> Iterator[Doubt]:
    busy: dict[tuple[int, dt.date], list[str]] = defaultdict(list)
    for slot in slots:
        for day in _days(slot):
            busy[slot.team_id or 0, day].append(slot.visit.place.name)
    for (team_id, day), names in sorted(busy.items()):
        if len(names) > per_day:
            yield Doubt("overload", teams[team_id].name, day, tuple(names))


def _overlaps(slots: Iterable[Slot], teams: Mapping[int, Team]) -> Iterator[Doubt]:
    """Visits of one day may share it; longer ones of a team should follow one another."""
    for one, other in combinations(slots, 2):
        if one.team_id != other.team_id:
            continue
        days, more = _days(one), _days(other)
        shared = sorted(set(days) & set(more))
        if shared and len(days) + len(more) > 2:
            names = (one.visit.place.name, other.visit.place.name)
            yield Doubt("overlap", teams[one.team_id or 0].name, shared[0], names)


def _twice(slots: Iterable[Slot], teams: Mapping[int, Team]) -> Iterator[Doubt]:
    where: dict[tuple[str, dt.date], set[int]] = defaultdict(set)
    for slot in slots:
        for member in teams[slot.team_id or 0].members:
            for day in _days(slot):
                where[member.person.name, day].add(slot.team_id or 0)
    for (name, day), found in sorted(where.items()):
        if len(found) > 1:
            yield Doubt("twice", name, day, tuple(sorted(teams[each].name for each in found)))


def _unfinished(slots: Iterable[Slot]) -> Iterator[Doubt]:
    lacking: dict[str, list[str]] = defaultdict(list)
    for slot in slots:
        round_, name = slot.visit.round, slot.visit.place.name
        if slot.team_id is None:
            lacking["unassigned"].append(name)
        if slot.starts_on is None:
            lacking["undated"].append(name)
            continue
        early = round_.starts_on and slot.starts_on < round_.starts_on
        late = round_.ends_on and (slot.ends_on or slot.starts_on) > round_.ends_on
        if early or late:
            lacking["outside"].append(name)
    for kind, names in lacking.items():
        yield Doubt(kind, codes=tuple(names))


def keep(session: Session, slots: Sequence[Slot], actor: Actor) -> int:
    """Write a timetable; return how many visits it changed."""
    changed = 0
    for slot in slots:
        visit, new = slot.visit, (slot.team_id, slot.stop, slot.starts_on, slot.ends_on)
        if (visit.team_id, visit.stop, visit.starts_on, visit.ends_on) == new:
            continue
        visit.team_id, visit.stop, visit.starts_on, visit.ends_on = new
        session.flush()
        journal.write(session, actor, "visit.changed", "visit", visit.id, visit.plan_id)
        changed += 1
    return changed
