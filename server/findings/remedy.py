"""Verbs of the remedy: assign, begin, report, check, close, reopen, extend, transfer, comment.

The unit begins, asks for more time and reports; others judge. Whoever took a part in the remedy,
or reported it done, neither checks nor closes it, and nobody alone carries a finding from its
assignment to its end (four eyes). A check on the phone closes by the same rules. Each verb is one
step of `steps`, refused when it is out of order.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from server import text
from server.findings import deadlines, steps
from server.findings.evidence import Evidence
from server.findings.models import Authority, Finding, FindingState, FindingStep, Result, StepKind
from server.findings.problems import (
    AskedYourself,
    DocumentNeeded,
    EvidenceNeeded,
    NotDone,
    NoteNeeded,
    NotHigher,
    NoTimeAsked,
    OnlyPerson,
    SamePerson,
    TimeAsked,
    UnitNeeded,
)
from server.findings.steps import Said
from server.journal import Actor

LONGEST_NOTE = 4000


@dataclass(frozen=True)
class Unit:
    """Who is to remedy: an agency by its name, at a level."""

    name: str
    level: Authority = Authority.COMMUNE


def assign(
    session: Session,
    finding: Finding,
    unit: Unit,
    due: dt.date | None,
    document: str,
    actor: Actor,
    note: str = "",
) -> FindingStep:
    """Make a unit responsible for the remedy of a confirmed finding until `due`.

    Raises:
        StepRefused: out of order, no unit, no number of the document, or a deadline in the past.
    """
    steps.refuse_out_of_order(finding, StepKind.ASSIGN)
    name, number = text.clean(unit.name), text.clean(document)
    if not name:
        raise UnitNeeded()
    if not number:
        raise DocumentNeeded()
    day = deadlines.usable(finding, due)
    _hand_to(finding, Unit(name, unit.level), number)
    said = Said(_clean(note), number, name, unit.level, due=day)
    return steps.write(session, finding, StepKind.ASSIGN, actor, said, FindingState.ASSIGNED)


def _hand_to(finding: Finding, unit: Unit, document: str) -> None:
    finding.responsible, finding.level = unit.name, unit.level
    finding.responsible_area = deadlines.area_at(finding, unit.level)
    finding.document_no = document


def start(session: Session, finding: Finding, actor: Actor, note: str = "") -> FindingStep:
    """Say that the unit has begun.

    Raises:
        WrongOrder: nothing was assigned, or it is done.
    """
    said = Said(_clean(note))
    return steps.write(session, finding, StepKind.START, actor, said, FindingState.UNDER_WAY)


def report(
    session: Session,
    finding: Finding,
    note: str,
    evidence: Sequence[Evidence],
    actor: Actor,
    document: str = "",
) -> FindingStep:
    """Say that the unit has remedied the finding; the deadline stops running.

    Raises:
        StepRefused: out of order, without words, or without evidence.
    """
    steps.refuse_out_of_order(finding, StepKind.REPORT)
    said = Said(_needed(note), text.clean(document), evidence=evidence)
    if not evidence:
        raise EvidenceNeeded()
    return steps.write(session, finding, StepKind.REPORT, actor, said, FindingState.REPORTED)


def check(
    session: Session,
    finding: Finding,
    result: Result,
    note: str,
    actor: Actor,
    evidence: Sequence[Evidence] = (),
    document: str = "",
    submission_id: int | None = None,
) -> FindingStep:
    """Record what somebody else saw on site.

    Raises:
        StepRefused: out of order, by who remedied it, or without saying what is missing.
    """
    steps.refuse_out_of_order(finding, StepKind.CHECK)
    _refuse_same_person(session, finding, actor)
    words = _clean(note) if result is Result.DONE else _needed(note)
    finding.result = result
    said = Said(
        words, text.clean(document), result=result, evidence=evidence, submission_id=submission_id
    )
    return steps.write(session, finding, StepKind.CHECK, actor, said, FindingState.CHECKED)


def close(session: Session, finding: Finding, actor: Actor, note: str = "") -> FindingStep:
    """End a finding that a check found remedied, or impossible to remedy for good reason.

    Raises:
        StepRefused: out of order, by who remedied it, by one who did all of it alone, or the check
            was not satisfied.
    """
    steps.refuse_out_of_order(finding, StepKind.CLOSE)
    _refuse_same_person(session, finding, actor)
    if steps.is_alone(session, finding, actor):
        raise OnlyPerson(finding_id=finding.id)
    if StepKind.CLOSE not in steps.possible(finding):
        raise NotDone(finding_id=finding.id)
    said = Said(_clean(note), result=finding.result)
    return steps.write(session, finding, StepKind.CLOSE, actor, said, FindingState.CLOSED)


def reopen(
    session: Session, finding: Finding, note: str, actor: Actor, due: dt.date | None = None
) -> FindingStep:
    """Send a finding back to its unit, also one that was closed; `due` is a new deadline if any.

    Raises:
        StepRefused: out of order, without a reason, or with a deadline in the past.
    """
    steps.refuse_out_of_order(finding, StepKind.REOPEN)
    day = deadlines.usable(finding, due) if due is not None else None
    said = Said(_needed(note), due=day)
    finding.result = None
    return steps.write(session, finding, StepKind.REOPEN, actor, said, FindingState.REOPENED)


def extend(
    session: Session, finding: Finding, due: dt.date | None, note: str, actor: Actor
) -> FindingStep:
    """Give the unit more time; the step keeps the old deadline beside the new one.

    Where the unit asked for it, the request has the reason, and the day when there is no other.

    Raises:
        StepRefused: out of order, without a reason, by who asked, or a day that is not after the
            old deadline.
    """
    steps.refuse_out_of_order(finding, StepKind.EXTEND)
    _refuse_own_request(session, finding, actor)
    reason = _clean(note) if finding.asked_due is not None else _needed(note)
    day = deadlines.usable(finding, due or finding.asked_due, after=finding.due_on)
    said = Said(reason, due=day)
    checked = finding.state is FindingState.CHECKED
    to = FindingState.UNDER_WAY if checked else None
    return steps.write(session, finding, StepKind.EXTEND, actor, said, to)


def ask_time(
    session: Session,
    finding: Finding,
    due: dt.date | None,
    note: str,
    actor: Actor,
    evidence: Sequence[Evidence] = (),
    document: str = "",
) -> FindingStep:
    """Ask, for the unit, that a finding be due later; the deadline stands until that is granted.

    Raises:
        StepRefused: out of order, asked before, no reason, or a day that cannot be granted.
    """
    steps.refuse_out_of_order(finding, StepKind.ASK_TIME)
    if finding.asked_due is not None:
        raise TimeAsked(day=f"{finding.asked_due:%d/%m/%Y}")
    reason = _needed(note)
    day = deadlines.usable(finding, due, after=finding.due_on)
    said = Said(reason, text.clean(document), asked_due=day, evidence=evidence)
    return steps.write(session, finding, StepKind.ASK_TIME, actor, said)


def decline_time(session: Session, finding: Finding, note: str, actor: Actor) -> FindingStep:
    """Let the deadline stand though the unit asked for more time.

    Raises:
        StepRefused: nothing was asked, by who asked, or without a reason.
    """
    steps.refuse_out_of_order(finding, StepKind.DECLINE_TIME)
    if finding.asked_due is None:
        raise NoTimeAsked()
    _refuse_own_request(session, finding, actor)
    return steps.write(session, finding, StepKind.DECLINE_TIME, actor, Said(_needed(note)))


def transfer(
    session: Session,
    finding: Finding,
    unit: Unit,
    due: dt.date | None,
    document: str,
    note: str,
    actor: Actor,
) -> FindingStep:
    """Hand a finding to a unit of a higher level that can decide what the first one cannot.

    Raises:
        StepRefused: out of order, not higher, no unit, number or reason, a deadline in the past.
    """
    steps.refuse_out_of_order(finding, StepKind.TRANSFER)
    levels = list(Authority)
    if finding.level is not None and levels.index(unit.level) <= levels.index(finding.level):
        raise NotHigher()
    name, number, reason = text.clean(unit.name), text.clean(document), _needed(note)
    if not name:
        raise UnitNeeded()
    if not number:
        raise DocumentNeeded()
    day = deadlines.usable(finding, due)
    _hand_to(finding, Unit(name, unit.level), number)
    said = Said(reason, number, name, unit.level, due=day)
    return steps.write(session, finding, StepKind.TRANSFER, actor, said, FindingState.ASSIGNED)


def comment(
    session: Session, finding: Finding, note: str, actor: Actor, evidence: Sequence[Evidence] = ()
) -> FindingStep:
    """Add what somebody has to say; nothing else changes.

    Raises:
        NoteNeeded: it says nothing.
    """
    said = Said(_needed(note), evidence=evidence)
    return steps.write(session, finding, StepKind.COMMENT, actor, said)


def commend(
    session: Session, finding: Finding, document: str, actor: Actor, note: str = ""
) -> FindingStep:
    """Record that a unit was commended (biểu dương) for good practice.

    Raises:
        StepRefused: not confirmed, no good practice, or without the number of the document.
    """
    steps.refuse_out_of_order(finding, StepKind.COMMEND)
    number = text.clean(document)
    if not number:
        raise DocumentNeeded()
    return steps.write(session, finding, StepKind.COMMEND, actor, Said(_clean(note), number))


def _refuse_same_person(session: Session, finding: Finding, actor: Actor) -> None:
    if steps.remedied_by(session, finding, actor):
        raise SamePerson(finding_id=finding.id)


def _refuse_own_request(session: Session, finding: Finding, actor: Actor) -> None:
    if finding.asked_due is not None and steps.asked_by(session, finding, actor):
        raise AskedYourself()


def _clean(note: str) -> str:
    return text.clean(note)[:LONGEST_NOTE]


def _needed(note: str) -> str:
    found = _clean(note)
    if not found:
        raise NoteNeeded()
    return found
