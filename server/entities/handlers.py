"""What follows from changes elsewhere: plain lists made anew, and held changes done at last."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.entities import plain, requests
from server.jobs import every_minute
from server.journal import Line, Write, handles
from server.monitoring.models import Plan, PlanState


@dataclass(frozen=True)
class Refresh:
    """Makes the lists of a plan anew; equal ones of one batch of lines are done once."""

    plan_id: int

    def __call__(self, session: Session) -> None:
        """Make them."""
        plain.refresh_lists(session, self.plan_id)


@handles("form.published")
@handles("team.added")
@handles("visit.added")
@handles("visit.changed")
@handles("households.added")
def lists_of_plan(_session: Session, line: Line) -> Write | None:
    """Make the lists of the plan that the line is about.

    Also for a new form or team: a form whose list is missing does not open on the phone.
    """
    return None if line.plan_id is None else Refresh(line.plan_id)


@handles("hamlets.imported")
def lists_of_all(_session: Session, _line: Line) -> Write:
    """Make the lists of every open plan: hamlets belong to none."""

    def write(session: Session) -> None:
        for plan_id in session.scalars(select(Plan.id).where(Plan.state == PlanState.OPEN)):
            plain.refresh_lists(session, plan_id)

    return write


@every_minute
def do_what_is_overdue(session: Session) -> None:
    """Do the changes whose predecessor has not come for five days."""
    requests.force_overdue(session)
