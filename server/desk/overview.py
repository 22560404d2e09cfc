"""How far the rounds of plans have come: drawn, visited, interviewed, refused, replaced.

Each figure is one statement over all plans asked for, by visit, so that rounds and communes are
sums of the same numbers. Whoever does not draw counts what is shown to them alone.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Date, Select, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session

from server import clock
from server.draws.models import Draw, DrawnUnit, DrawState, Replacement, ReplacementState
from server.draws.words import HOUSEHOLDS
from server.monitoring.models import Plan, Round, Visit, VisitState
from server.monitoring.queries import open_to
from server.permissions import May
from server.places.models import Hamlet, Place
from server.places.scope import covers
from server.submissions import progress
from server.submissions.models import Outcome, Submission
from server.submissions.queries import reach
from server.web import Reader

DAYS = 31
VISITED = (VisitState.UNDER_WAY, VisitState.DONE)


@dataclass
class Reached:
    """How far something has come: a visit, or the visits of a round together."""

    visits: int = 0
    visited: int = 0
    households: int = 0
    interviewed: int = 0
    refused: int = 0
    replaced: int = 0

    def add(self, other: "Reached") -> None:
        """Count another one in."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass
class Line(Reached):
    """One visit with its commune."""

    round_id: int = 0
    commune: str = ""


@dataclass
class RoundLine(Reached):
    """One round; `lines` are its visits by the name of the commune."""

    id: int = 0
    name: str = ""
    lines: list[Line] = field(default_factory=list)


def rounds(session: Session, reader: Reader, plans: Sequence[Plan]) -> dict[int, list[RoundLine]]:
    """Return the rounds with visits of each plan, the newest first; six look-ups for any number.

    Households are counted for those who see records.
    """
    ids = [plan.id for plan in plans]
    found: dict[int, RoundLine] = {}
    by_plan: dict[int, list[RoundLine]] = {plan_id: [] for plan_id in ids}
    lines: dict[int, Line] = {}
    for plan_id, round_id, name, visit_id, commune, state in session.execute(_visits(reader, ids)):
        if round_id not in found:
            found[round_id] = RoundLine(id=round_id, name=name)
            by_plan[plan_id].append(found[round_id])
        line = Line(visits=1, visited=int(state in VISITED), round_id=round_id, commune=commune)
        lines[visit_id] = line
        found[round_id].lines.append(line)
    if lines and reader.may(May.SEE_RECORDS):
        _count(session, reader, plans, lines)
    for each in found.values():
        for line in each.lines:
            each.add(Reached(*(getattr(line, name) for name in vars(Reached()))))
    return by_plan


def _visits(reader: Reader, plan_ids: Sequence[int]) -> Select[int, int, str, int, str, VisitState]:
    return (
        select(Visit.plan_id, Visit.round_id, Round.name, Visit.id, Place.name, Visit.state)
        .join(Round, Round.id == Visit.round_id)
        .join(Place, Place.id == Visit.place_id)
        .where(
            Visit.plan_id.in_(plan_ids),
            Visit.state != VisitState.CANCELLED,
            open_to(reader.areas(May.SEE_PLANS)),
        )
        .order_by(Visit.round_id.desc(), Place.sort_key, Visit.id)
    )


def _count(session: Session, reader: Reader, plans: Sequence[Plan], lines: dict[int, Line]) -> None:
    ids = [plan.id for plan in plans]
    drawing = [plan.id for plan in plans if covers(reader.areas(May.DRAW), plan.area)]
    seen = and_(Visit.plan_id.in_(ids), open_to(reader.areas(May.SEE_RECORDS)))
    for visit_id, *counts in session.execute(_reached(session, seen, drawing)):
        if visit_id in lines:
            line = lines[visit_id]
            line.households, line.interviewed, line.refused = counts
    for visit_id, count in session.execute(_replaced(drawing).where(seen).group_by(Visit.id)):
        if visit_id in lines:
            lines[visit_id].replaced = count


def _reached(
    session: Session, seen: ColumnElement[bool], drawing: Sequence[int]
) -> Select[int, int, int, int]:
    """Return the query of households, interviewed and refused ones by visit.

    Who refuses at the door leaves no household's code; else a household's last word counts.
    """
    kept = progress.counts(session, seen).c
    households = case((progress.known(kept, Visit.plan_id.in_(drawing)), kept.households), else_=0)
    refused = case((kept.outcome == Outcome.REFUSED, households + kept.unnamed), else_=0)
    met = case((kept.outcome == Outcome.DONE, households), else_=0)
    sums = (func.sum(each) for each in (households, met, refused))
    return (
        select(kept.visit_id, *sums).join(Visit, Visit.id == kept.visit_id).group_by(kept.visit_id)
    )


def _replaced(drawing: list[int]) -> Select[int, int]:
    """Return the query of approved replacements by visit, of results that may be seen."""
    opened = or_(~Draw.sealed, Draw.opened_at.is_not(None))
    shown = and_(opened, or_(Draw.disclose_on.is_(None), Draw.disclose_on <= clock.today()))
    return (
        select(Visit.id, func.count())
        .select_from(Replacement)
        .join(Draw, Draw.id == Replacement.draw_id)
        .join(
            DrawnUnit,
            and_(DrawnUnit.draw_id == Draw.id, DrawnUnit.unit_code == Replacement.unit_code),
        )
        .join(Hamlet, Hamlet.id == DrawnUnit.hamlet_id)
        .join(Visit, and_(Visit.round_id == Draw.round_id, Visit.place_id == Hamlet.place_id))
        .where(
            Draw.stage == HOUSEHOLDS,
            Draw.state == DrawState.DRAWN,
            Replacement.state == ReplacementState.APPROVED,
            or_(Draw.plan_id.in_(drawing), shown),
        )
    )


def days(session: Session, plan: Plan, areas: Iterable[str]) -> list[tuple[dt.date, int]]:
    """Return how many forms were begun on each of the last days of work, the oldest first.

    By the phones' own clocks; those that run ahead count for nothing. Days without a form between
    others count too, `DAYS` at most up to the newest form.
    """
    begun = Submission.started_at
    seen = and_(Submission.plan_id == plan.id, begun < clock.now(), reach(plan, areas))
    newest = session.scalar(select(func.max(begun)).where(seen))
    if newest is None:
        return []
    last = clock.local(newest).date()
    since = clock.end_of(last - dt.timedelta(days=DAYS))
    day = _local_day(session)
    rows = session.execute(select(day, func.count()).where(seen, begun >= since).group_by(day))
    counts = {
        found if isinstance(found, dt.date) else dt.date.fromisoformat(found): count
        for found, count in rows
    }
    start = min(counts)
    every = (start + dt.timedelta(days=n) for n in range((last - start).days + 1))
    return [(each, counts.get(each, 0)) for each in every]


def _local_day(session: Session) -> ColumnElement[dt.date]:
    """Return the day in Vietnam on which a form was begun, in the words of either engine."""
    if session.get_bind().dialect.name == "sqlite":
        return func.date(Submission.started_at, "+7 hours")
    return cast(func.timezone("Asia/Ho_Chi_Minh", Submission.started_at), Date)
