"""After visits, hamlets or households change, the phones' lists are made anew."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.entities import plain as service
from server.journal import Line, Write, handles
from server.monitoring.models import Plan, PlanState


@handles("visit.added")
@handles("visit.changed")
@handles("households.added")
def lists_of_plan(_session: Session, line: Line) -> Write | None:
    """Make the lists of the plan that the line is about."""
    plan_id = line.plan_id
    if plan_id is None:
        return None
    return lambda session: service.refresh_lists(session, plan_id)


@handles("hamlets.imported")
def lists_of_all(_session: Session, _line: Line) -> Write:
    """Make the lists of every open plan: hamlets belong to none."""

    def write(session: Session) -> None:
        for plan_id in session.scalars(select(Plan.id).where(Plan.state == PlanState.OPEN)):
            service.refresh_lists(session, plan_id)

    return write
