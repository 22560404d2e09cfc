"""Questions about plans, rounds, visits and records; nothing here writes."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, or_, select, true
from sqlalchemy.orm import Session, joinedload

from server import clock
from server.monitoring.models import (
    Agency,
    Plan,
    PovertyStandard,
    Programme,
    Project,
    Record,
    Round,
    RoundKind,
    Table,
    Visit,
    VisitState,
)
from server.places.scope import covers
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


def reached(
    plans: Sequence[Plan], areas: Iterable[str], plan_id: Any, area: Any
) -> ColumnElement[bool]:
    """Return the condition that what belongs to one of `plans` may be seen from `areas`.

    Of a plan whose whole area they hold that is everything, what has no place yet too; of others
    what lies within. `plan_id` and `area` are the columns of what is seen.
    """
    found = list(areas)
    whole = [plan.id for plan in plans if covers(found, plan.area)]
    others = [plan.id for plan in plans if plan.id not in whole]
    if not others:
        return plan_id.in_(whole)  # type: ignore[no-any-return]
    return or_(plan_id.in_(whole), and_(plan_id.in_(others), inside(area, found)))


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


def rounds_of_teams(session: Session, plan_id: int) -> dict[int, list[Round]]:
    """Return the rounds of a plan that each team has visits in, by the team's id."""
    rows = session.execute(
        select(Visit.team_id, Round)
        .join(Round, Round.id == Visit.round_id)
        .where(Visit.plan_id == plan_id, Visit.team_id.is_not(None))
        .where(Visit.state != VisitState.CANCELLED)
        .order_by(Round.id)
    )
    found: dict[int, dict[int, Round]] = {}
    for team_id, round_ in rows:
        found.setdefault(team_id or 0, {})[round_.id] = round_
    return {team_id: list(rounds.values()) for team_id, rounds in found.items()}


def round_of(session: Session, plan_id: int, round_id: int) -> Round:
    """Return a round of a plan, or refuse."""
    found = session.scalar(select(Round).where(Round.id == round_id, Round.plan_id == plan_id))
    if found is None:
        raise NotFound()
    return found


def open_to(areas: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a visit may be known to somebody who holds `areas`.

    A visit that has not begun (nor will, when cancelled) is hidden from the accounts of the
    visited unit itself when it is unannounced; from above it is seen, and by the unit whose own
    plan it is. One whose draw is to be disclosed later is hidden from all who do not prepare the
    plan, as far as `areas` tell (`Areas`), until the unit has its notice.
    """
    found, preparing = list(areas), getattr(areas, "preparing", ("",))
    if "" in found and "" in preparing:
        return true()
    from_above = or_(
        true() if "" in found else false(), *(Visit.area.startswith(area + "/") for area in found)
    )
    hidden = or_(
        and_(~from_above, Round.kind == RoundKind.UNANNOUNCED, Plan.area != Visit.area),
        and_(
            Visit.shown_on > clock.today(),
            Visit.notice_sent_on.is_(None),
            ~inside(Plan.area, preparing),
        ),
    )
    secret = and_(
        Visit.state.in_((VisitState.PLANNED, VisitState.CANCELLED)),
        exists().where(Round.id == Visit.round_id, Plan.id == Round.plan_id, hidden),
    )
    return and_(inside(Visit.area, found), ~secret)


def known_on(day: dt.date | ColumnElement[dt.date]) -> ColumnElement[bool]:
    """Return the condition that a visit may be known to its team that day."""
    return or_(Visit.shown_on.is_(None), Visit.shown_on <= day)


def visits(session: Session, plan_id: int, areas: Iterable[str]) -> Sequence[Visit]:
    """Return the visits of a plan inside `areas`, by round and code, places and teams loaded."""
    return (
        session.scalars(
            select(Visit)
            .where(Visit.plan_id == plan_id, open_to(areas))
            .order_by(Visit.round_id, Visit.code)
        )
        .unique()
        .all()
    )


def visit_for(session: Session, plan_id: int, visit_id: int, areas: Iterable[str]) -> Visit:
    """Return a visit of a plan inside `areas`, or refuse."""
    found = session.scalar(
        select(Visit).where(Visit.id == visit_id, Visit.plan_id == plan_id, open_to(areas))
    )
    if found is None:
        raise NotFound()
    return found


def visit_seen(session: Session, visit_id: int, areas: Iterable[str]) -> Visit:
    """Return a visit inside `areas` with its round and plan, or refuse."""
    found = session.scalar(
        select(Visit)
        .where(Visit.id == visit_id, open_to(areas))
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
    found = session.scalar(select(Record).join(Visit).where(Record.id == record_id, open_to(areas)))
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


def rows_of(session: Session, programme_id: str) -> dict[tuple[str, str], dict[str, str]]:
    """Return every row of the programme's tables by (table number, row key)."""
    return {
        (table.number, row["key"]): row
        for table in tables(session, programme_id)
        for row in table.rows
    }


def agencies(session: Session) -> Sequence[Agency]:
    """Return the names of agencies, each office's in the order of time."""
    return session.scalars(select(Agency).order_by(Agency.id)).all()


def agency_on(session: Session, code: str, day: dt.date) -> Agency | None:
    """Return what the office `code` was called on `day`."""
    return session.scalar(
        select(Agency).where(
            Agency.code == code,
            Agency.valid_from <= day,
            or_(Agency.valid_to.is_(None), Agency.valid_to >= day),
        )
    )


def poverty_standards(session: Session) -> Sequence[PovertyStandard]:
    """Return the poverty standards in the order of time."""
    return session.scalars(select(PovertyStandard).order_by(PovertyStandard.valid_from)).all()


def poverty_standard_on(session: Session, day: dt.date) -> PovertyStandard | None:
    """Return the poverty standard that holds on `day`."""
    return session.scalar(
        select(PovertyStandard).where(
            PovertyStandard.valid_from <= day,
            or_(PovertyStandard.valid_to.is_(None), PovertyStandard.valid_to >= day),
        )
    )
