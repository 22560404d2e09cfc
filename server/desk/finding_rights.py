"""What a reader may see of findings, and which steps are theirs to take."""

from sqlalchemy.orm import Session

from server import web
from server.findings import steps
from server.findings.models import Finding, FindingGroup, StepKind
from server.findings.queries import Scope
from server.monitoring.models import Plan
from server.permissions import May
from server.places.scope import covers
from server.problems import NotAllowed
from server.web import Reader

OFFICE = {
    StepKind.ASSIGN, StepKind.CHECK, StepKind.CLOSE, StepKind.REOPEN, StepKind.EXTEND,
    StepKind.TRANSFER, StepKind.COMMEND, StepKind.DECLINE_TIME,
}  # fmt: skip
UNIT = {StepKind.START, StepKind.REPORT, StepKind.ASK_TIME}
MORE_TIME = {StepKind.EXTEND, StepKind.DECLINE_TIME}


def scope() -> Scope:
    """Return what this reader sees.

    Whoever sees no records is an officer of a unit under supervision.
    """
    return scope_of(web.reader())


def scope_of(reader: Reader) -> Scope:
    """Return what a reader sees of findings."""
    records, allowed = reader.areas(May.SEE_RECORDS), reader.areas(May.SEE_FINDINGS)
    full = [area for area in allowed if covers(records, area)]
    return Scope(tuple(full), tuple(area for area in allowed if area not in full))


def holds(right: May, found: Finding | FindingGroup, plan: Plan) -> bool:
    """Tell whether this reader has a right over a finding: over its plan, or where it lies."""
    areas = web.reader().areas(right)
    return covers(areas, plan.area) or bool(found.area and covers(areas, found.area))


def answers_for(found: Finding, plan: Plan) -> bool:
    """Tell whether this reader speaks for the responsible unit, or writes down what it sent.

    An officer speaks for the units of their own area alone; the office enters papers for any.
    """
    reader = web.reader()
    areas = reader.areas(May.ANSWER_FINDINGS)
    office = reader.may(May.SEE_RECORDS) and covers(areas, plan.area)
    return office or covers(areas, found.responsible_area)


def answers_request(found: Finding, plan: Plan) -> bool:
    """Tell whether this reader may answer a unit that asks for more time: who runs the plan too."""
    return found.asked_due is not None and covers(web.reader().areas(May.MANAGE_PLANS), plan.area)


def steps_for(session: Session, found: Finding, plan: Plan) -> set[StepKind]:
    """Return the steps that this reader may take next."""
    allowed: set[StepKind] = set()
    if holds(May.SETTLE_FINDINGS, found, plan):
        allowed |= OFFICE
        if steps.remedied_by(session, found, web.actor()):
            allowed -= {StepKind.CHECK, StepKind.CLOSE}
        if steps.is_alone(session, found, web.actor()):
            allowed -= {StepKind.CLOSE}
    if answers_request(found, plan):
        allowed |= MORE_TIME
    if found.asked_due is not None and steps.asked_by(session, found, web.actor()):
        allowed -= MORE_TIME
    if answers_for(found, plan):
        allowed |= UNIT
    if holds(May.COMMENT_FINDINGS, found, plan):
        allowed.add(StepKind.COMMENT)
    return allowed & steps.possible(found)


def refuse_others(kind: StepKind, found: Finding, plan: Plan) -> None:
    """Refuse a step to whom it does not belong. Order and four eyes are the verbs' own matter.

    Raises:
        NotAllowed: it is not theirs.
    """
    if kind in UNIT:
        allowed = answers_for(found, plan)
    elif kind is StepKind.COMMENT:
        allowed = holds(May.COMMENT_FINDINGS, found, plan)
    elif kind in MORE_TIME and answers_request(found, plan):
        allowed = True
    else:
        allowed = kind in OFFICE and holds(May.SETTLE_FINDINGS, found, plan)
    if not allowed:
        raise NotAllowed()
