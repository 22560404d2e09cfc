"""Questions about plans, rounds, visits and records; nothing here writes."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from server.monitoring.models import Plan, Programme, Project, Record, Round, Table, Visit
from server.places.scope import inside as inside
from server.places.scope import touches as touches
from server.problems import NotFound


def plans_for(session: Session, areas: Iterable[str]) -> Sequence[Plan]:
    """Return the plans that a person with these areas may see, newest first."""
    return session.scalars(
        select(Plan).where(touches(Plan.area, areas)).order_by(Plan.id.desc())
    ).all()


def plans_page(
    session: Session, areas: Iterable[str], before: int | None = None, limit: int = 50
) -> Sequence[Plan]:
    """Return up to `limit` plans that may be seen, newest first, older than plan `before`."""
    found = select(Plan).where(touches(Plan.area, areas)).order_by(Plan.id.desc()).limit(limit)
    if before is not None:
        found = found.where(Plan.id < before)
    return session.scalars(found).all()


def rounds(session: Session, plan_id: int) -> Sequence[Round]:
    """Return the rounds of a plan, oldest first."""
    return session.scalars(select(Round).where(Round.plan_id == plan_id).order_by(Round.id)).all()


def plan_for(session: Session, plan_id: int, areas: Iterable[str]) -> Plan:
    """Return a plan that a person with these areas may see.

    Raises:
        NotFound: there is none, or not for them.
    """
    plan = session.scalar(select(Plan).where(Plan.id == plan_id, touches(Plan.area, areas)))
    if plan is None:
        raise NotFound()
    return plan


def round_of(session: Session, plan_id: int, round_id: int) -> Round:
    """Return a round of a plan, or refuse."""
    found = session.scalar(select(Round).where(Round.id == round_id, Round.plan_id == plan_id))
    if found is None:
        raise NotFound()
    return found


def visits(session: Session, plan_id: int, areas: Iterable[str]) -> Sequence[Visit]:
    """Return the visits of a plan inside `areas`, by round and code, places and teams loaded."""
    return (
        session.scalars(
            select(Visit)
            .where(Visit.plan_id == plan_id, inside(Visit.area, areas))
            .order_by(Visit.round_id, Visit.code)
        )
        .unique()
        .all()
    )


def visit_for(session: Session, plan_id: int, visit_id: int, areas: Iterable[str]) -> Visit:
    """Return a visit of a plan inside `areas`, or refuse."""
    found = session.scalar(
        select(Visit).where(
            Visit.id == visit_id, Visit.plan_id == plan_id, inside(Visit.area, areas)
        )
    )
    if found is None:
        raise NotFound()
    return found


def visit_seen(session: Session, visit_id: int, areas: Iterable[str]) -> Visit:
    """Return a visit inside `areas` with its round and plan, or refuse."""
    found = session.scalar(
        select(Visit)
        .where(Visit.id == visit_id, inside(Visit.area, areas))
        .options(joinedload(Visit.round).joinedload(Round.plan))
    )
    if found is None:
        raise NotFound()
    return found


def visit_by_code(session: Session, plan_id: int, code: str) -> Visit | None:
    """Return the visit that a phone's answer names."""
    return session.scalar(select(Visit).where(Visit.plan_id == plan_id, Visit.code == code))


def record_for(session: Session, record_id: int, areas: Iterable[str]) -> Record:
    """Return a monitoring record inside `areas`, or refuse."""
    found = session.scalar(
        select(Record).join(Visit).where(Record.id == record_id, inside(Visit.area, areas))
    )
    if found is None:
        raise NotFound()
    return found


def programmes(session: Session) -> Sequence[Programme]:
    """Return the programmes whose catalogues are held, the newest first."""
    return session.scalars(
        select(Programme).order_by(Programme.valid_from.desc(), Programme.id)
    ).all()


def projects(session: Session, programme_id: str) -> Sequence[Project]:
    """Return the programme's projects in its own order."""
    return session.scalars(
        select(Project).where(Project.programme_id == programme_id).order_by(Project.position)
    ).all()


def tables(session: Session, programme_id: str) -> Sequence[Table]:
    """Return the programme's monitoring tables by number."""
    return session.scalars(
        select(Table).where(Table.programme_id == programme_id).order_by(Table.number)
    ).all()
