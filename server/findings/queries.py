"""Questions about findings; nothing here writes."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from server.findings.models import Finding, FindingState
from server.monitoring.models import Plan, Round, RoundKind, Visit, VisitState
from server.places.models import Place
from server.places.scope import inside
from server.problems import NotFound
from server.submissions.models import Submission

Query = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Asked:
    """What a list of findings is narrowed to; what is None narrows nothing."""

    plan_id: int | None = None
    state: FindingState | None = None
    severity: int | None = None
    project_code: str | None = None
    area: str | None = None


def seen(full: Iterable[str], own: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a person sees a finding.

    `full` are the areas in which they see records too: there, whatever belongs to a plan of the
    area or lies in it. `own` are the areas of a unit that is itself supervised: there, what lies
    in it, but nothing of an unannounced visit that has not begun.
    """
    units = list(own)
    in_full = or_(inside(Plan.area, full), inside(Finding.area, full))
    if not units:
        return in_full
    told = or_(
        Finding.visit_id.is_(None),
        Round.kind != RoundKind.UNANNOUNCED,
        Visit.state.in_([VisitState.UNDER_WAY, VisitState.DONE]),
    )
    return or_(in_full, and_(inside(Finding.area, units), told))


def _joined(query: Query, scope: ColumnElement[bool]) -> Query:
    return (
        query.join(Plan, Plan.id == Finding.plan_id)
        .outerjoin(Visit, Visit.id == Finding.visit_id)
        .outerjoin(Round, Round.id == Visit.round_id)
        .where(scope)
    )


def _narrowed(query: Query, asked: Asked) -> Query:
    pairs = (
        (Finding.plan_id, asked.plan_id),
        (Finding.state, asked.state),
        (Finding.severity, asked.severity),
        (Finding.project_code, asked.project_code),
        (Finding.area, asked.area),
    )
    return query.where(*(column == value for column, value in pairs if value is not None))


def listed(scope: ColumnElement[bool], asked: Asked) -> Query:
    """Return the query of the ids of the findings asked for, without an order."""
    return _narrowed(_joined(select(Finding.id), scope), asked)


def rows(session: Session, ids: Sequence[int]) -> list[Finding]:
    """Return the findings with these ids, in their order, with place and record."""
    query = select(Finding).where(Finding.id.in_(ids))
    found = session.scalars(query.options(joinedload(Finding.record))).unique()
    by_id = {row.id: row for row in found}
    return [by_id[key] for key in ids if key in by_id]


def by_severity(
    session: Session, scope: ColumnElement[bool], asked: Asked
) -> dict[int, dict[FindingState, int]]:
    """Return how many findings there are of each severity, by state."""
    query = _joined(select(Finding.severity, Finding.state, func.count()), scope)
    rows = session.execute(_narrowed(query, asked).group_by(Finding.severity, Finding.state))
    found: dict[int, dict[FindingState, int]] = {}
    for severity, state, count in rows:
        found.setdefault(severity, {})[state] = count
    return found


def projects_and_places(
    session: Session, scope: ColumnElement[bool], plan_id: int | None
) -> tuple[list[str], list[tuple[str, str]]]:
    """Return what a list can be narrowed to: project codes, and areas with their place's name."""
    query = _joined(select(Finding.project_code, Finding.area, Place.name), scope)
    query = _narrowed(query.outerjoin(Place, Place.id == Finding.place_id), Asked(plan_id))
    rows = session.execute(query.distinct()).all()
    places = {area: name for _, area, name in rows if area and name}
    return sorted({row[0] for row in rows if row[0]}), sorted(places.items())


def one(
    session: Session, finding_id: int, scope: ColumnElement[bool], lock: bool = False
) -> Finding:
    """Return a finding that a person sees; `lock` it when they are about to decide.

    Raises:
        NotFound: there is none, or not for them.
    """
    query = _joined(select(Finding), scope).where(Finding.id == finding_id)
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


@dataclass(frozen=True)
class Answered:
    """A record's answers, and what tells when they were given."""

    id: int
    answers: dict[str, Any]
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    received_at: dt.datetime


def answers_of(session: Session, form_pk: int, limit: int) -> list[Answered]:
    """Return the latest readable records of a form, newest first."""
    rows = session.execute(
        select(
            Submission.id,
            Submission.answers,
            Submission.started_at,
            Submission.ended_at,
            Submission.received_at,
        )
        .where(Submission.form_pk == form_pk, Submission.encrypted.is_(False))
        .order_by(Submission.id.desc())
        .limit(limit)
    )
    return [Answered(*row) for row in rows]
