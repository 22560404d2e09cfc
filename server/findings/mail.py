"""Questions about recommendations and letters; nothing here writes.

`areas` are those in which a person sees records; what bears on a whole plan is seen by whoever
sees the plan's area.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from server.findings.letters import (
    Letter,
    LetterKind,
    LetterState,
    Recommendation,
    RecommendationState,
)
from server.findings.queries import Query
from server.monitoring.models import Plan
from server.places.scope import inside
from server.problems import NotFound


def _seen(query: Query, of: type[Recommendation] | type[Letter], areas: Iterable[str]) -> Query:
    held = list(areas)
    return query.join(Plan, Plan.id == of.plan_id).where(
        or_(inside(Plan.area, held), inside(of.area, held))
    )


def recommendations(
    areas: Iterable[str], plan_id: int | None, state: RecommendationState | None
) -> Query:
    """Return the query of the ids of the recommendations asked for, without an order."""
    query = _seen(select(Recommendation.id), Recommendation, areas)
    if plan_id is not None:
        query = query.where(Recommendation.plan_id == plan_id)
    return query.where(Recommendation.state == state) if state is not None else query


def recommendation_rows(session: Session, ids: Sequence[int]) -> Sequence[Recommendation]:
    """Return the recommendations with these ids, newest first."""
    query = select(Recommendation).where(Recommendation.id.in_(ids))
    return session.scalars(query.order_by(Recommendation.id.desc())).all()


def of_finding(session: Session, finding_id: int) -> Sequence[Recommendation]:
    """Return what was recommended because of a finding, newest first."""
    query = select(Recommendation).where(Recommendation.finding_id == finding_id)
    return session.scalars(query.order_by(Recommendation.id.desc())).all()


def recommendation(
    session: Session, recommendation_id: int, areas: Iterable[str], lock: bool = False
) -> Recommendation:
    """Return a recommendation that a person sees, or refuse."""
    query = _seen(select(Recommendation), Recommendation, areas)
    query = query.where(Recommendation.id == recommendation_id)
    if lock:
        query = query.with_for_update(of=Recommendation).execution_options(populate_existing=True)
    found: Recommendation | None = session.scalar(query)
    if found is None:
        raise NotFound()
    return found


def letters(
    areas: Iterable[str],
    plan_id: int | None,
    state: LetterState | None,
    kind: LetterKind | None = None,
) -> Query:
    """Return the query of the ids of the letters asked for, without an order."""
    query = _seen(select(Letter.id), Letter, areas)
    pairs = ((Letter.plan_id, plan_id), (Letter.state, state), (Letter.kind, kind))
    return query.where(*(column == value for column, value in pairs if value is not None))


def letter_rows(session: Session, ids: Sequence[int]) -> Sequence[Letter]:
    """Return the letters with these ids and their places, newest first."""
    query = select(Letter).where(Letter.id.in_(ids)).order_by(Letter.id.desc())
    return session.scalars(query).unique().all()


def letter(session: Session, letter_id: int, areas: Iterable[str], lock: bool = False) -> Letter:
    """Return a letter that a person sees, or refuse."""
    query = _seen(select(Letter), Letter, areas).where(Letter.id == letter_id)
    if lock:
        query = query.with_for_update(of=Letter).execution_options(populate_existing=True)
    found: Letter | None = session.scalar(query)
    if found is None:
        raise NotFound()
    return found


def waiting(session: Session, plan_ids: Sequence[int], areas: Iterable[str]) -> dict[int, int]:
    """Return how many letters of each plan wait."""
    query = _seen(select(Letter.plan_id, func.count()), Letter, areas).where(
        Letter.plan_id.in_(plan_ids), Letter.state == LetterState.WAITING
    )
    return {row[0]: row[1] for row in session.execute(query.group_by(Letter.plan_id))}
