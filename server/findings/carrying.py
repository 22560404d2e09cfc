"""Open findings on the phones of the teams sent to their communes, as the list `findings`.

Kept in step with the findings themselves: a row for each that is assigned and not closed. What a
follow-up form changes on a row are columns of its own.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.entities import service as entities
from server.entities.models import Delivery, EntityList
from server.findings.models import OPEN, Finding
from server.journal import SYSTEM
from server.places.models import Hamlet
from server.submissions.models import Submission

LIST = "findings"
TITLE = "Tồn tại đang mở"
AREA = "commune_code"
PROPERTIES = ("code", "text_vi", "due_date", "responsible", AREA, "status", "asked_due")
LONGEST_LABEL = 120


def the_list(session: Session, plan_id: int) -> EntityList:
    """Return the plan's list of open findings, made or set right if need be."""
    found = entities.ensure_list(
        session, plan_id, LIST, SYSTEM, PROPERTIES,
        title=TITLE, delivery=Delivery.AREA, area_property=AREA,
    )  # fmt: skip
    if found.delivery is not Delivery.AREA or found.area_property != AREA:
        entities.change_list(
            session, found, SYSTEM, title=TITLE, delivery=Delivery.AREA, area_property=AREA
        )
    return found


def show(session: Session, finding: Finding) -> None:
    """Make sure that phones carry a finding as it stands, or no longer."""
    if finding.uuid is None or finding.place is None:
        return
    found = the_list(session, finding.plan_id)
    if finding.state not in OPEN:
        entities.drop_row(session, found, finding.uuid, SYSTEM)
        return
    text = _text(session, finding)
    assert finding.due_on is not None  # noqa: S101 - a constraint of the table
    values = {
        "code": finding.code,
        "text_vi": text,
        "due_date": finding.due_on.isoformat(),
        "responsible": finding.responsible,
        AREA: finding.place.code,
        "status": finding.state.value,
        "asked_due": finding.asked_due.isoformat() if finding.asked_due else "",
    }
    label = f"{finding.code} · {text}"[:LONGEST_LABEL]
    entities.put_row(session, found, finding.uuid, label, values, SYSTEM)


def show_all(session: Session, plan_id: int) -> None:
    """Fill a plan's list anew: for a follow-up form that is published late."""
    the_list(session, plan_id)
    query = select(Finding).where(Finding.plan_id == plan_id, Finding.state.in_(OPEN))
    for finding in session.scalars(query.order_by(Finding.id)).all():
        show(session, finding)


def _text(session: Session, finding: Finding) -> str:
    """Return what was found and where: codes of hamlet and household, no names."""
    where = session.execute(
        select(Hamlet.name, Submission.household_code)
        .select_from(Submission)
        .outerjoin(Hamlet, Hamlet.id == Submission.hamlet_id)
        .where(Submission.id == finding.submission_id)
    ).one_or_none()
    spot = ", ".join(part for part in (where or ()) if part)
    return f"{finding.title} ({spot})" if spot else finding.title
