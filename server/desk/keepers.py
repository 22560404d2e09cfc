"""Who may write into a monitoring record: those who made the visit, and those who review it."""

from sqlalchemy.orm import Session

from server import web
from server.desk import evidence
from server.monitoring.models import PlanState, Record, Visit
from server.permissions import May
from server.places.scope import covers
from server.problems import NotAllowed


def seen(session: Session, record_id: int) -> Record:
    """Return a record that the reader may see; refuses as if there were none."""
    return evidence.record_seen(session, record_id, web.reader().areas(May.SEE_RECORDS))


def keeps(visit: Visit) -> bool:
    """Tell whether the reader keeps the papers and figures of a visit.

    The plan's coordinators do, and the members of the visit's own team.
    """
    reader = web.reader()
    if visit.round.plan.state is PlanState.CLOSED:
        return False
    if covers(reader.areas(May.MANAGE_PLANS), visit.area):
        return True
    members = visit.team.members if visit.team else []
    own = any(member.person_id == reader.id for member in members)
    return own and covers(reader.areas(May.SEND_SUBMISSION), visit.area)


def judges(visit: Visit) -> bool:
    """Tell whether the reader may accept what was seen at a visit."""
    if visit.round.plan.state is PlanState.CLOSED:
        return False
    return covers(web.reader().areas(May.SETTLE_FINDINGS), visit.area)


def kept(session: Session, record_id: int) -> Record:
    """Return a record that the reader may write into.

    Raises:
        NotFound: they may not even see it.
        NotAllowed: they may only see it.
    """
    record = seen(session, record_id)
    if not keeps(record.visit):
        raise NotAllowed()
    return record


def judged(session: Session, record_id: int) -> Record:
    """Return a record whose figures the reader may judge; refuses as `kept` does."""
    record = seen(session, record_id)
    if not judges(record.visit):
        raise NotAllowed()
    return record
