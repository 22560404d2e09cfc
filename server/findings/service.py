"""Verbs about findings: raise by rule or by hand, settle once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server import clock, journal, text
from server.findings.models import Finding, FindingState
from server.findings.problems import ReasonNeeded
from server.journal import SYSTEM, Actor
from server.monitoring.models import Record
from server.submissions.models import Submission

BY_HAND = "TAY"
"""The rule id of findings that a person raised (nêu bằng tay)."""


@dataclass(frozen=True)
class Where:
    """What a finding is tied to: the submission it shows in, and where that one belongs."""

    submission_id: int
    plan_id: int
    visit_id: int | None
    record_id: int | None
    place_id: int | None
    area: str


@dataclass(frozen=True)
class Raised:
    """A finding that an answer gives rise to; `questions` are paths, rows of repeats counted."""

    rule_id: str
    questions: tuple[str, ...]
    severity: int
    topic: str
    project_code: str
    table_label: str
    title: str
    title_en: str
    due_days: int
    occurrence: int = 0


def keep_raised(session: Session, where: Where, found: Sequence[Raised]) -> list[int]:
    """Store the findings of a submission that are not held yet; return the ids of the new ones.

    Those held stay as they are, decisions included, but follow their submission when it is
    linked anew.
    """
    session.execute(
        update(Finding)
        .where(Finding.submission_id == where.submission_id)
        .values(
            visit_id=where.visit_id,
            record_id=where.record_id,
            place_id=where.place_id,
            area=where.area,
        )
    )
    added = [new for each in found if (new := _insert(session, where, each)) is not None]
    if added:
        journal.write(
            session, SYSTEM, "finding.raised", "submission", where.submission_id, where.plan_id,
            findings=added,
        )  # fmt: skip
    return added


def _insert(session: Session, where: Where, found: Raised) -> int | None:
    engine = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = (
        engine.insert(Finding.__table__)
        .on_conflict_do_nothing(index_elements=["submission_id", "rule_id", "occurrence"])
        .returning(Finding.__table__.c.id)
    )
    return session.execute(statement, _row(where, found)).scalar_one_or_none()


def _row(where: Where, found: Raised) -> dict[str, Any]:
    return {
        "plan_id": where.plan_id,
        "submission_id": where.submission_id,
        "visit_id": where.visit_id,
        "record_id": where.record_id,
        "place_id": where.place_id,
        "area": where.area,
        "rule_id": found.rule_id,
        "occurrence": found.occurrence,
        "questions": list(found.questions),
        "severity": found.severity,
        "topic": found.topic,
        "project_code": found.project_code,
        "table_label": found.table_label,
        "title": found.title,
        "title_en": found.title_en,
        "due_days": found.due_days,
        "raised_at": clock.now(),
        "state": FindingState.NEW,
        "note": "",
    }


def raise_by_hand(session: Session, submission: Submission, found: Raised, actor: Actor) -> Finding:
    """Add what a person saw in a submission and no rule names; each time another finding."""
    last = session.scalar(
        select(func.max(Finding.occurrence)).where(
            Finding.submission_id == submission.id, Finding.rule_id == BY_HAND
        )
    )
    row = _row(where_of(session, submission), found)
    row |= {"rule_id": BY_HAND, "occurrence": 0 if last is None else last + 1}
    row |= {"title": text.clean(found.title), "title_en": text.clean(found.title_en)}
    finding = Finding(**row)
    session.add(finding)
    session.flush()
    journal.write(
        session, actor, "finding.raised-by-hand", "submission", submission.id, finding.plan_id,
        findings=[finding.id],
    )  # fmt: skip
    return finding


def where_of(session: Session, submission: Submission) -> Where:
    """Return what findings of `submission` are tied to."""
    record_id = session.scalar(select(Record.id).where(Record.visit_id == submission.visit_id))
    return Where(
        submission.id,
        submission.plan_id,
        submission.visit_id,
        record_id,
        submission.place_id,
        submission.area,
    )


def settle(
    session: Session, finding: Finding, state: FindingState, note: str, actor: Actor
) -> None:
    """Confirm or reject a finding, once.

    Raises:
        AlreadySettled: somebody decided before.
        ReasonNeeded: it is to be rejected without a reason.
    """
    reason = text.clean(note)
    if state is FindingState.REJECTED and not reason:
        raise ReasonNeeded()
    finding.settle(state, actor.name, clock.now(), reason)
    session.flush()
    journal.write(
        session, actor, "finding.settled", "finding", finding.id, finding.plan_id,
        state=state.value,
    )  # fmt: skip
