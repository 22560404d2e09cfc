"""Verbs on a whole group: what one rule says of many households is decided once, all or nothing."""

import datetime as dt

from sqlalchemy.orm import Session

from server.findings import register, remedy, service, words
from server.findings.models import FindingGroup, FindingState
from server.findings.problems import NoneWaiting
from server.findings.remedy import Unit
from server.journal import Actor


def settle(
    session: Session, group: FindingGroup, state: FindingState, note: str, actor: Actor
) -> int:
    """Confirm or reject all findings of a group that wait for it; return how many.

    Raises:
        NoneWaiting: none waits.
        ReasonNeeded: they are to be rejected without a reason.
    """
    found = register.locked_members(session, group.id, FindingState.NEW)
    if not found:
        raise _nothing(FindingState.NEW)
    for finding in found:
        service.settle(session, finding, state, note, actor)
    return len(found)


def assign(
    session: Session,
    group: FindingGroup,
    unit: Unit,
    due: dt.date | None,
    document: str,
    actor: Actor,
) -> int:
    """Assign all confirmed findings of a group to one unit, with one document; return how many.

    Raises:
        StepRefused: none is confirmed, or as `remedy.assign` refuses.
    """
    found = register.locked_members(session, group.id, FindingState.CONFIRMED)
    if not found:
        raise _nothing(FindingState.CONFIRMED)
    for finding in found:
        remedy.assign(session, finding, unit, due, document, actor)
    return len(found)


def _nothing(state: FindingState) -> NoneWaiting:
    names = words.STATES[state]
    return NoneWaiting(state=names[0], state_en=names[1])
