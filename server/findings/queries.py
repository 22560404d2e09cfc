"""Questions about findings; nothing here writes."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from server import clock
from server.findings.models import GOOD_PRACTICE, WITH_THE_UNIT, Finding, FindingGroup, FindingState
from server.monitoring.models import Plan, Round, RoundKind, Visit, VisitState
from server.monitoring.queries import reached
from server.places.models import Place
from server.places.scope import covers, inside
from server.problems import NotFound

Query = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Asked:
    """What a list of findings is narrowed to; what is None narrows nothing.

    `late` asks for those whose deadline has passed before that day, `soon` for those that fall due
    until that day, `more_time` for those whose unit waits for an answer to its request. `praise`
    is the list of good practice, which is never mixed with shortcomings.
    """

    plan_id: int | None = None
    state: FindingState | None = None
    late: dt.date | None = None
    soon: dt.date | None = None
    more_time: bool = False
    praise: bool = False
    severity: int | None = None
    project_code: str | None = None
    area: str | None = None


@dataclass(frozen=True)
class Scope:
    """The areas in which a person sees findings.

    In `full` they see records too: there, whatever belongs to a plan of the area or lies in it.
    In `own`, the area of a unit that is itself supervised, they see what lies in it once it is
    confirmed, but nothing of an unannounced visit that has not begun.
    """

    full: tuple[str, ...]
    own: tuple[str, ...] = ()


NOT_FOR_UNITS = (FindingState.NEW, FindingState.REJECTED)
"""States in which a finding is the office's own matter: the unit has not been told of it."""


Of = type[Finding] | type[FindingGroup]


def seen(query: Query, scope: Scope, of: Of = Finding) -> Query:
    """Return `query` with what `scope` lets through of findings, or of groups of them."""
    query = query.join(Plan, Plan.id == of.plan_id)
    in_full = or_(inside(Plan.area, scope.full), inside(of.area, scope.full))
    if not scope.own:
        return query.where(in_full)
    told = and_(inside(of.area, scope.own), _is_told(of), _confirmed(of))
    return query.where(or_(in_full, told) if scope.full else told)


def sees_all(scope: Scope, plans: Iterable[Plan]) -> bool:
    """Tell whether `scope` lets through every finding of these plans."""
    return not scope.own and all(covers(scope.full, plan.area) for plan in plans)


def seen_of(query: Query, scope: Scope, plans: Sequence[Plan]) -> Query:
    """Return `query` with what `scope` lets through of the findings of these plans."""
    if scope.own:
        return seen(query, scope).where(Finding.plan_id.in_([plan.id for plan in plans]))
    return query.where(reached(plans, scope.full, Finding.plan_id, Finding.area))


def _is_told(of: Of) -> ColumnElement[bool]:
    """Return the condition that the unit knows of the visit: not of a surprise yet to begin.

    Those visits are few, so they are looked up once and not for every row.
    """
    hidden = (
        select(Visit.id)
        .join(Round, Round.id == Visit.round_id)
        .where(
            Round.kind == RoundKind.UNANNOUNCED,
            Visit.state.not_in([VisitState.UNDER_WAY, VisitState.DONE]),
        )
    )
    return or_(of.visit_id.is_(None), of.visit_id.not_in(hidden))


def _confirmed(of: Of) -> ColumnElement[bool]:
    """Return the condition that a finding, or any of a group, stands confirmed."""
    confirmed = Finding.state.not_in(NOT_FOR_UNITS)
    if of is Finding:
        return confirmed
    members = aliased(Finding)
    held = members.group_id == FindingGroup.id
    return exists().where(held, members.state.not_in(NOT_FOR_UNITS))


def _narrowed(query: Query, asked: Asked, of: Of) -> Query:
    pairs = (
        (of.plan_id, asked.plan_id),
        (of.severity, asked.severity),
        (of.project_code, asked.project_code),
        (of.area, asked.area),
    )
    praise = of.topic == GOOD_PRACTICE if asked.praise else of.topic != GOOD_PRACTICE
    return query.where(praise, *(column == value for column, value in pairs if value is not None))


def in_state(asked: Asked) -> list[ColumnElement[bool]]:
    """Return the conditions on the state of a finding that a list is narrowed to."""
    found: list[ColumnElement[bool]] = []
    if asked.state is not None:
        found.append(Finding.state == asked.state)
    if asked.late is not None:
        found.append(Finding.state.in_(WITH_THE_UNIT) & (Finding.due_on < asked.late))
    if asked.soon is not None:
        due = Finding.due_on.between(clock.today(), asked.soon)
        found.append(Finding.state.in_(WITH_THE_UNIT) & due)
    if asked.more_time:
        found.append(Finding.asked_due.is_not(None))
    return found


def listed(scope: Scope, asked: Asked) -> Query:
    """Return the query of the ids of the findings asked for, without an order."""
    return _narrowed(seen(select(Finding.id), scope), asked, Finding).where(*in_state(asked))


def groups_listed(scope: Scope, asked: Asked) -> Query:
    """Return the query of the ids of the groups that hold a finding asked for, without an order."""
    query = _narrowed(seen(select(FindingGroup.id), scope, FindingGroup), asked, FindingGroup)
    states = in_state(asked)
    if not states:
        return query
    if asked.more_time:  # few: looked up at once
        return query.where(FindingGroup.id.in_(select(Finding.group_id).where(*states)))
    members = select(Finding.id).where(Finding.group_id == FindingGroup.id, *states)
    if scope.own:
        members = seen(members, scope)
    return query.where(members.correlate(FindingGroup).exists())


def rows(session: Session, ids: Sequence[int]) -> list[Finding]:
    """Return the findings with these ids, in their order, with place and record."""
    query = select(Finding).where(Finding.id.in_(ids))
    found = session.scalars(query.options(joinedload(Finding.record))).unique()
    by_id = {row.id: row for row in found}
    return [by_id[key] for key in ids if key in by_id]


@dataclass(frozen=True)
class Tally:
    """How many findings are alike in what a list can be narrowed to."""

    severity: int
    state: FindingState
    project_code: str
    area: str
    place_id: int | None
    count: int

    def fits(self, asked: Asked) -> bool:
        """Tell whether these findings are asked for, whatever their plan and severity."""
        return (
            asked.state in (None, self.state)
            and asked.project_code in (None, self.project_code)
            and asked.area in (None, self.area)
        )


def tallies(session: Session, scope: Scope, asked: Asked) -> list[Tally]:
    """Return the numbers of all findings seen, of one plan or of every: one pass over an index."""
    columns = (
        Finding.severity,
        Finding.state,
        Finding.project_code,
        Finding.area,
        Finding.place_id,
    )
    narrowed = Asked(asked.plan_id, praise=asked.praise)
    query = _narrowed(seen(select(*columns, func.count()), scope), narrowed, Finding)
    rows = session.execute(query.group_by(Finding.plan_id, *columns))
    return [Tally(*row) for row in rows]


@dataclass(frozen=True)
class Sum:
    """How many findings of a plan are alike in severity, state and project; `praise` of them."""

    plan_id: int
    severity: int
    state: FindingState
    project_code: str
    count: int
    praise: int

    @property
    def shortcomings(self) -> int:
        """How many are no good practice."""
        return self.count - self.praise


def sums(session: Session, scope: Scope, plans: Sequence[Plan]) -> dict[int, list[Sum]]:
    """Return the numbers of all findings seen of each plan: one pass over an index."""
    found: dict[int, list[Sum]] = {plan.id: [] for plan in plans}
    alike = (Finding.plan_id, Finding.severity, Finding.state, Finding.project_code)
    praise = func.count().filter(Finding.topic == GOOD_PRACTICE)
    query = seen_of(select(*alike, func.count(), praise), scope, plans)
    for row in session.execute(query.group_by(*alike)):
        each = Sum(*row)
        found[each.plan_id].append(each)
    return found


def running(session: Session, scope: Scope, asked: Asked, until: dt.date) -> tuple[int, int]:
    """Return how many deadlines have passed, and how many fall between today and `until`."""
    today = clock.today()
    late, soon = Finding.due_on < today, Finding.due_on.between(today, until)
    columns = (func.count().filter(late), func.count().filter(soon))
    narrowed = Asked(asked.plan_id, praise=asked.praise)
    query = _narrowed(seen(select(*columns), scope), narrowed, Finding)
    row = session.execute(
        query.where(Finding.state.in_(WITH_THE_UNIT), Finding.due_on <= until)
    ).one()
    return row[0], row[1]


def place_names(session: Session, found: Iterable[Tally]) -> list[tuple[str, str]]:
    """Return (area, name) of the places that findings lie in, by name."""
    areas = {each.place_id: each.area for each in found if each.place_id and each.area}
    query = select(Place.id, Place.name).where(Place.id.in_(areas)).order_by(Place.sort_key)
    return [(areas[key], name) for key, name in session.execute(query)] if areas else []


def one(session: Session, finding_id: int, scope: Scope, lock: bool = False) -> Finding:
    """Return a finding that a person sees; `lock` it when they are about to decide.

    Raises:
        NotFound: there is none, or not for them.
    """
    query = seen(select(Finding), scope).where(Finding.id == finding_id)
    query = query.options(joinedload(Finding.place))
    if lock:
        query = query.with_for_update(of=Finding).execution_options(populate_existing=True)
    found: Finding | None = session.scalar(query)
    if found is None:
        raise NotFound()
    return found


def of_submission(session: Session, submission_id: int) -> Sequence[Finding]:
    """Return what a submission raised, the gravest first."""
    return session.scalars(
        select(Finding)
        .where(Finding.submission_id == submission_id)
        .order_by(Finding.severity.desc(), Finding.id)
    ).all()


def of_record(session: Session, record_id: int) -> Sequence[Finding]:
    """Return the findings tied to a monitoring record, the gravest first."""
    return session.scalars(
        select(Finding)
        .where(Finding.record_id == record_id)
        .order_by(Finding.severity.desc(), Finding.id)
    ).all()


def counts(session: Session, submission_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return (how many, the gravest) of each of these submissions that raised any."""
    if not submission_ids:
        return {}
    rows = session.execute(
        select(Finding.submission_id, func.count(), func.max(Finding.severity))
        .where(Finding.submission_id.in_(submission_ids), Finding.state != FindingState.REJECTED)
        .group_by(Finding.submission_id)
    )
    return {row[0]: (row[1], row[2]) for row in rows}
