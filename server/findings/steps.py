"""The order of steps in the life of a finding, and how one is written down."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from server import clock, journal
from server.entities import names
from server.findings import deadlines, words
from server.findings.evidence import Evidence
from server.findings.models import (
    GOOD_PRACTICE,
    WITH_THE_UNIT,
    Authority,
    Finding,
    FindingState,
    FindingStep,
    Result,
    StepFile,
    StepKind,
)
from server.findings.problems import NothingToRemedy, WrongOrder
from server.journal import Actor

_S = FindingState
FROM: dict[StepKind, tuple[FindingState, ...]] = {
    StepKind.CONFIRM: (_S.NEW,),
    StepKind.REJECT: (_S.NEW,),
    StepKind.ASSIGN: (_S.CONFIRMED,),
    StepKind.START: (_S.ASSIGNED, _S.REOPENED),
    StepKind.REPORT: WITH_THE_UNIT,
    StepKind.CHECK: (*WITH_THE_UNIT, _S.REPORTED, _S.CHECKED),
    StepKind.CLOSE: (_S.CHECKED,),
    StepKind.REOPEN: (_S.CHECKED, _S.CLOSED),
    StepKind.EXTEND: (*WITH_THE_UNIT, _S.CHECKED),
    StepKind.TRANSFER: (*WITH_THE_UNIT, _S.CHECKED),
    StepKind.ESCALATE: WITH_THE_UNIT,
    StepKind.REMIND: WITH_THE_UNIT,
    StepKind.COMMENT: tuple(_S),
    StepKind.COMMEND: (_S.CONFIRMED,),
    StepKind.ASK_TIME: WITH_THE_UNIT,
    StepKind.DECLINE_TIME: WITH_THE_UNIT,
}
"""The states from which each step may be taken."""
VERBS: dict[StepKind, str] = {
    StepKind.CONFIRM: "finding.settled",
    StepKind.REJECT: "finding.settled",
    StepKind.ASSIGN: "finding.assigned",
    StepKind.START: "finding.started",
    StepKind.REPORT: "finding.reported",
    StepKind.CHECK: "finding.checked",
    StepKind.CLOSE: "finding.closed",
    StepKind.REOPEN: "finding.reopened",
    StepKind.EXTEND: "finding.extended",
    StepKind.TRANSFER: "finding.transferred",
    StepKind.ESCALATE: "finding.escalated",
    StepKind.REMIND: "finding.reminded",
    StepKind.COMMENT: "finding.commented",
    StepKind.COMMEND: "finding.commended",
    StepKind.ASK_TIME: "finding.time-asked",
    StepKind.DECLINE_TIME: "finding.time-declined",
}
"""How the journal names each step."""
REMEDIED = (StepKind.START, StepKind.REPORT)
VOUCHED = (StepKind.ASSIGN, StepKind.TRANSFER, *REMEDIED, StepKind.CHECK)
"""Steps of which at least one must be somebody else's before a person closes a finding."""


@dataclass(frozen=True)
class Said:
    """What goes with a step; what was not said is empty."""

    note: str = ""
    document: str = ""
    responsible: str = ""
    level: Authority | None = None
    result: Result | None = None
    due: dt.date | None = None
    asked_due: dt.date | None = None
    submission_id: int | None = None
    evidence: Sequence[Evidence] = field(default_factory=tuple)


def possible(finding: Finding) -> set[StepKind]:
    """Return the steps that may follow, whoever takes them."""
    steps = {kind for kind, states in FROM.items() if finding.state in states}
    praised = finding.topic == GOOD_PRACTICE
    steps -= {StepKind.ASSIGN} if praised else {StepKind.COMMEND}
    if finding.result not in (Result.DONE, Result.IMPOSSIBLE):
        steps -= {StepKind.CLOSE}
    asked = finding.asked_due is not None
    return steps - {StepKind.ASK_TIME if asked else StepKind.DECLINE_TIME}


def refuse_out_of_order(finding: Finding, kind: StepKind) -> None:
    """Refuse a step that does not follow from where the finding stands.

    Raises:
        WrongOrder: its state is another.
        NothingToRemedy: it is praise that was to be remedied, or the other way round.
    """
    if finding.state not in FROM[kind]:
        step, state = words.STEPS[kind], words.STATES[finding.state]
        raise WrongOrder(
            step=step[0].lower(), step_en=step[1].lower(), state=state[0], state_en=state[1],
            finding_id=finding.id,
        )  # fmt: skip
    if kind in (StepKind.ASSIGN, StepKind.COMMEND) and kind not in possible(finding):
        raise NothingToRemedy(finding_id=finding.id)


def write(
    session: Session,
    finding: Finding,
    kind: StepKind,
    actor: Actor,
    said: Said,
    to: FindingState | None = None,
) -> FindingStep:
    """Take a step: the finding moves on, the step is kept for good, the journal tells of it."""
    refuse_out_of_order(finding, kind)
    before, due_before = finding.state, finding.due_on
    finding.state = to or before
    if said.due is not None:
        finding.due_on, finding.escalated = said.due, 0
    finding.asked_due = _asked(finding, kind, said)
    if finding.state in WITH_THE_UNIT and finding.uuid is None:
        finding.uuid = names.stable_id("findings", finding.id)
    finding.alarm_on = deadlines.next_alarm(finding, clock.today())
    step = FindingStep(
        finding_id=finding.id,
        at=clock.now(),
        kind=kind,
        from_state=before,
        to_state=finding.state,
        via=actor.via,
        person_id=actor.person_id,
        actor=actor.name,
        note=said.note,
        document=said.document,
        responsible=said.responsible,
        level=said.level,
        result=said.result,
        due_before=due_before,
        due_after=finding.due_on,
        asked_due=said.asked_due,
        submission_id=said.submission_id,
        files=[StepFile(**each.columns()) for each in said.evidence],
    )
    session.add(step)
    session.flush()
    detail = {**standing(finding), **_detail(step)}
    journal.write(session, actor, VERBS[kind], "finding", finding.id, finding.plan_id, **detail)
    return step


def standing(finding: Finding) -> dict[str, Any]:
    """Return how a finding stands, as its newest line in the journal tells it.

    Codes, days and hashes, no words of people: `thucdia verify` holds a finding against them.
    """
    found = {
        "state": finding.state.value,
        "due": finding.due_on.isoformat() if finding.due_on else None,
        "asked": finding.asked_due.isoformat() if finding.asked_due else None,
        "unit": finding.responsible_area if finding.responsible else None,
        "unit_sha256": _hash(finding.responsible) if finding.responsible else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _asked(finding: Finding, kind: StepKind, said: Said) -> dt.date | None:
    """Return what the unit still asks for: a new deadline, a refusal or the remedy answers it."""
    if kind is StepKind.ASK_TIME:
        return said.asked_due
    answered = kind is StepKind.DECLINE_TIME or said.due is not None
    return None if answered or finding.state not in WITH_THE_UNIT else finding.asked_due


def _detail(step: FindingStep) -> dict[str, Any]:
    """Return what else the journal keeps of a step: codes and numbers."""
    found: dict[str, Any] = {}
    if step.level is not None:
        found["level"] = step.level.value
    if step.result is not None:
        found["result"] = step.result.value
    if step.files:
        found["files"] = len(step.files)
    return found


def remedied_by(session: Session, finding: Finding, actor: Actor) -> bool:
    """Tell whether somebody has taken a part in the remedy of a finding, at any time."""
    return _exists(session, finding, FindingStep.kind.in_(REMEDIED), _by(actor))


def is_alone(session: Session, finding: Finding, actor: Actor) -> bool:
    """Tell whether nobody else has assigned, remedied or checked a finding, at any time."""
    return not _exists(session, finding, FindingStep.kind.in_(VOUCHED), ~_by(actor))


def asked_by(session: Session, finding: Finding, actor: Actor) -> bool:
    """Tell whether the latest request for more time was somebody's own."""
    latest = select(func.max(FindingStep.id)).where(
        FindingStep.finding_id == finding.id, FindingStep.kind == StepKind.ASK_TIME
    )
    mine = FindingStep.id == latest.scalar_subquery()
    return _exists(session, finding, mine, _by(actor))


def _by(actor: Actor) -> ColumnElement[bool]:
    """Return the condition of a person's own steps; who has no account is known by name."""
    if actor.person_id is not None:
        return FindingStep.person_id.is_not_distinct_from(actor.person_id)
    return FindingStep.person_id.is_(None) & (FindingStep.actor == actor.name)


def _exists(session: Session, finding: Finding, *conditions: ColumnElement[bool]) -> bool:
    query = select(FindingStep.id).where(FindingStep.finding_id == finding.id, *conditions)
    return session.scalar(query.limit(1)) is not None
