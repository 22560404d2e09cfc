"""Verbs about findings: raise by rule or by hand, settle once. The remedy's are in `remedy`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server import clock, journal, text
from server.db import table
from server.findings import grouping, steps
from server.findings.models import Finding, FindingState, StepKind
from server.findings.problems import ReasonNeeded
from server.findings.raising import ALONE, BY_HAND, Raised, Where
from server.findings.steps import Said
from server.journal import SYSTEM, Actor
from server.monitoring.models import Record
from server.submissions.models import Submission

__all__ = ["BY_HAND", "Raised", "Where", "keep_raised", "raise_by_hand", "settle", "where_of"]


def keep_raised(session: Session, where: Where, found: Sequence[Raised]) -> list[int]:
    """Store the findings of a submission that are not held yet; return the ids of the new ones.

    Those held stay, decisions included, but follow their submission when it is linked anew. One
    that nobody has decided on follows an edit of its form too: it says what the form says now, or
    is marked as lapsed when the form no longer gives rise to it.
    """
    _follow(session, where, {(each.rule_id, each.occurrence): each for each in found})
    added = [new for each in found if (new := _insert(session, where, each)) is not None]
    if added:
        journal.write(
            session, SYSTEM, "finding.raised", "submission", where.submission_id, where.plan_id,
            findings=added,
        )  # fmt: skip
    return added


def _follow(session: Session, where: Where, found: Mapping[tuple[str, int], Raised]) -> None:
    """Let the findings held of a submission go where it is linked now, into groups of there."""
    query = select(Finding).where(Finding.submission_id == where.submission_id)
    lapsed = []
    for held in session.scalars(query.execution_options(populate_existing=True)):
        if _is_undecided(held) and _lapses(held, found.get((held.rule_id, held.occurrence))):
            lapsed.append(held.id)
        moved = held.area != where.area or held.visit_id != where.visit_id
        held.visit_id, held.record_id = where.visit_id, where.record_id
        held.place_id, held.area = where.place_id, where.area
        if moved and held.rule_id not in ALONE:
            held.group_id = grouping.group_for(session, where, _as_raised(held))
        elif moved:
            held.group.area, held.group.place_id = where.area, where.place_id
            held.group.visit_id = where.visit_id
    session.flush()
    if lapsed:
        journal.write(
            session, SYSTEM, "finding.lapsed", "submission", where.submission_id, where.plan_id,
            findings=lapsed,
        )  # fmt: skip


def _is_undecided(held: Finding) -> bool:
    return held.state is FindingState.NEW and held.rule_id != BY_HAND


def _lapses(held: Finding, now: Raised | None) -> bool:
    """Let a finding say what its form says now; tell whether that has just become nothing."""
    if now is None:
        fresh = held.lapsed_at is None
        held.lapsed_at = held.lapsed_at or clock.now()
        return fresh
    held.lapsed_at = None
    held.questions, held.severity = list(now.questions), now.severity
    held.title, held.title_en = now.title, now.title_en
    if held.rule_id in ALONE:
        held.group.severity, held.group.title = now.severity, now.title
        held.group.title_en = now.title_en
    return False


def _as_raised(held: Finding) -> Raised:
    return Raised(
        held.rule_id, tuple(held.questions), held.severity, held.topic, held.project_code,
        held.table_label, held.title, held.title_en, held.due_days, held.occurrence,
    )  # fmt: skip


def _insert(session: Session, where: Where, found: Raised) -> int | None:
    engine: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = (
        engine.insert(table(Finding))
        .on_conflict_do_nothing(index_elements=["submission_id", "rule_id", "occurrence"])
        .returning(table(Finding).c.id)
    )
    row = _row(session, where, found)
    made: int | None = session.execute(statement, row).scalar_one_or_none()
    return made


def _row(session: Session, where: Where, found: Raised) -> dict[str, Any]:
    return {
        "plan_id": where.plan_id,
        "group_id": grouping.group_for(session, where, found),
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
        "responsible": "",
        "responsible_area": "",
        "document_no": "",
        "escalated": 0,
    }


def raise_by_hand(session: Session, submission: Submission, found: Raised, actor: Actor) -> Finding:
    """Add what a person saw in a submission and no rule names; each time another finding."""
    last = session.scalar(
        select(func.max(Finding.occurrence)).where(
            Finding.submission_id == submission.id, Finding.rule_id == BY_HAND
        )
    )
    title, title_en = text.clean(found.title), text.clean(found.title_en or found.title)
    occurrence = 0 if last is None else last + 1
    told = replace(found, rule_id=BY_HAND, occurrence=occurrence, title=title, title_en=title_en)
    finding = Finding(**_row(session, where_of(session, submission), told))
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
        submission.form_pk,
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
    finding.decide(actor.name, clock.now(), reason)
    kind = StepKind.CONFIRM if state is FindingState.CONFIRMED else StepKind.REJECT
    steps.write(session, finding, kind, actor, Said(reason), state)
