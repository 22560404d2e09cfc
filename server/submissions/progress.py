"""How far visits have come: households in use by the last word on each, and attempts told of.

A round has tens of thousands of both, and several pages show its progress, so the counts are kept.
Whatever changes them says so in the same transaction (`VisitProgressDue`). A visit that is due is
counted by whoever reads, until the job has counted it anew: no page shows an old figure.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    Select,
    Subquery,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import Session

from server import clock
from server.db import table
from server.entities.models import Household
from server.jobs import in_between
from server.journal import Write
from server.monitoring.models import Visit
from server.submissions import counted
from server.submissions.models import Outcome, Submission
from server.submissions.progress_models import VisitProgress, VisitProgressDue

_kept = table(VisitProgress)
_COUNTS = [column for column in _kept.columns if not column.primary_key]
MOST_NAMED = 500
"""How many due visits a statement names; beyond that it looks them up."""


def counts(session: Session, *where: ColumnElement[bool]) -> Subquery:
    """Return what holds the counts of the visits for which `where` holds, as `VisitProgress`."""
    changed = exists().where(VisitProgressDue.visit_id == Visit.id)
    asked = select(Visit.id).where(changed, *where)
    due: Any = session.scalars(asked).all()
    kept = select(*_COUNTS).join(Visit, Visit.id == _kept.c.visit_id).where(*where)
    if not due:
        return kept.subquery("progress")
    if len(due) > MOST_NAMED:
        due = select(asked.subquery().c.id)
    fresh = kept.where(_kept.c.visit_id.not_in(due))
    return union_all(fresh, *_counted(due)).subquery("progress")


def known(kept: Any, drawing: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that a reader knows the households counted in a row of `kept`.

    `drawing`: whether the reader draws there, and knows of them before their day.
    """
    return or_(kept.shown_on.is_(None), kept.shown_on <= clock.today(), drawing)


@in_between
def count_anew(session: Session) -> Write | None:
    """Count one visit that is due."""
    visit_id = session.scalar(
        select(VisitProgressDue.visit_id).order_by(VisitProgressDue.id).limit(1)
    )
    return None if visit_id is None else lambda writing: _keep(writing, visit_id)


def _keep(session: Session, visit_id: int) -> None:
    """Write the counts of a visit.

    What made it due goes first: whatever is committed after that is due again.
    """
    connection = session.connection()
    connection.execute(delete(VisitProgressDue).where(VisitProgressDue.visit_id == visit_id))
    connection.execute(delete(_kept).where(_kept.c.visit_id == visit_id))
    for query in _counted([visit_id]):
        connection.execute(insert(_kept).from_select(_COUNTS, query))


def _counted(visit_ids: Any) -> Iterable[Select[Any]]:
    """Return the queries that together count these visits from households and records."""
    last = _last_words(visit_ids)
    heard = and_(last.c.visit_id == Visit.id, last.c.household_code == Household.code)
    asked = (Visit.id, Household.hamlet_id, Household.shown_on, last.c.outcome)
    for query in counted.households(true(), *asked, _count(), literal(0), literal(0)):
        yield query.outerjoin(last, heard).where(Visit.id.in_(visit_ids)).group_by(*asked)
    told = (Submission.visit_id, Submission.hamlet_id, Submission.outcome)
    unnamed = _count(Submission.household_code.is_(None))
    by_form = select(*told[:2], cast(null(), Date), told[2], literal(0), _count(), unnamed)
    about = (Submission.visit_id.in_(visit_ids), *counted.telling())
    yield by_form.where(*about).group_by(*told)


def _count(of: ColumnElement[bool] | None = None) -> ColumnElement[int]:
    """Return a count as large as the kept ones: PostgreSQL would sum larger ones to a Decimal."""
    return cast(func.count() if of is None else func.count().filter(of), Integer)


_BY_WEIGHT = (Outcome.DONE, *(each for each in Outcome if each is not Outcome.DONE))
_DONE = 2**60
"""Heavier than any number of a form: an interview is not undone by a later absence."""


def _last_words(visit_ids: Any) -> Subquery:
    """Return what holds how the last attempt at each household of these visits ended.

    A form weighs by its number, in whose last places stands its outcome, so that one maximum finds
    both.
    """
    size = len(_BY_WEIGHT)
    place = case(*((Submission.outcome == each, at) for at, each in enumerate(_BY_WEIGHT)))
    weight = cast(Submission.id, BigInteger) * size + place
    heaviest = func.max(case((Submission.outcome == Outcome.DONE, _DONE * size), else_=weight))
    outcome = case({at: each.value for at, each in enumerate(_BY_WEIGHT)}, value=heaviest % size)
    return (
        select(
            Submission.visit_id,
            Submission.household_code,
            type_coerce(outcome, Submission.outcome.type).label("outcome"),
        )
        .where(
            Submission.visit_id.in_(visit_ids),
            Submission.household_code.is_not(None),
            *counted.telling(),
        )
        .group_by(Submission.visit_id, Submission.household_code)
        .subquery("last")
    )
