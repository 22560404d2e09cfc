"""Verbs of review (xét duyệt): the team's leader first, then the office; and comments.

Underneath stand the states that ODK Central's clients know. A leader's approval is a note that
the team stands by the record; only the office's is final. Nothing decided is ever rewritten: a
later decision is another line, and an edit of the record begins anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from server import clock, journal, text
from server.journal import Actor
from server.problems import NotAllowed, Problem
from server.submissions import instance, rights, words
from server.submissions.models import (
    Decision,
    ReviewState,
    Submission,
    SubmissionComment,
    SubmissionReview,
)
from server.submissions.problems import (
    AlreadySo,
    CommentNeeded,
    FinalDecision,
    NoTeamToReturnTo,
    NothingReturned,
    ReviewMoved,
    ReviewReasonNeeded,
    UnknownAnswer,
)
from server.submissions.rights import OFFICE, Asker

LONGEST = 4000
MOST_NOTES = 50


@dataclass(frozen=True)
class Verdict:
    """What a reviewer says of a record: the decision, why, and notes by the path of an answer."""

    decision: Decision
    reason: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)


def decide(
    session: Session,
    submission_id: int,
    verdict: Verdict,
    level: int,
    actor: Actor,
    revision: int | None = None,
) -> SubmissionReview:
    """Decide on a record, at a level that `rights` gives; return the decision.

    `revision` is the one that the reviewer looked at; None decides on whatever is there.

    Raises:
        ReviewMoved: the record was edited or decided on since.
        FinalDecision, ReviewReasonNeeded, NothingReturned, NoTeamToReturnTo, UnknownAnswer.
    """
    found = _locked(session, [submission_id])[submission_id]
    _must_be_fresh(session, found, revision)
    _refuse(found, verdict, level)
    return _decide(session, found, verdict, level, actor)


def _locked(session: Session, ids: Sequence[int]) -> dict[int, Submission]:
    """Return records as they stand now, always locked in one order."""
    rows = session.scalars(
        select(Submission)
        .where(Submission.id.in_(ids))
        .order_by(Submission.id)
        .options(undefer(Submission.answers))
        .with_for_update(of=Submission)
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


def _must_be_fresh(session: Session, found: Submission, revision: int | None) -> None:
    if revision is None or revision == found.revision:
        return
    last = last_decision(session, found.id)
    if last is not None and (found.edited_at is None or last.at >= found.edited_at):
        at = clock.local(last.at)
        raise ReviewMoved(
            f"{last.actor} đã {words.DECISIONS[last.decision][0]} lúc {at:%H:%M ngày %d/%m/%Y}",
            f"{last.actor} {words.DECISIONS[last.decision][1]} at {at:%H:%M on %d/%m/%Y}",
        )
    at = clock.local(found.edited_at or found.received_at)
    raise ReviewMoved(
        f"điện thoại đã gửi bản sửa (bản {found.number}) lúc {at:%H:%M ngày %d/%m/%Y}",
        f"the phone sent an edit (version {found.number}) at {at:%H:%M on %d/%m/%Y}",
    )


def last_decision(session: Session, submission_id: int) -> SubmissionReview | None:
    """Return the newest decision on a record."""
    return session.scalars(
        select(SubmissionReview)
        .where(SubmissionReview.submission_id == submission_id)
        .order_by(SubmissionReview.id.desc())
        .limit(1)
    ).first()


def _refuse(found: Submission, verdict: Verdict, level: int) -> None:
    """Refuse what the rules of review do not allow."""
    if level < OFFICE <= found.review_level:
        raise FinalDecision()
    given = any(text.clean(note) for note in verdict.notes.values())
    reason = text.clean(verdict.reason)
    if verdict.decision is Decision.REJECT and not reason:
        raise ReviewReasonNeeded()
    if verdict.decision is Decision.RETURN and not (reason or given):
        raise ReviewReasonNeeded()
    if verdict.decision is Decision.RETURN and found.team_id is None:
        raise NoTeamToReturnTo()
    if verdict.decision is Decision.TAKE_BACK and found.returned_at is None:
        raise NothingReturned()
    if verdict.notes:
        known = {path for path, _value in instance.flat(found.answers)}
        for path in verdict.notes:
            if path not in known:
                raise UnknownAnswer(path=path[:200])


def _decide(
    session: Session, found: Submission, verdict: Verdict, level: int, actor: Actor
) -> SubmissionReview:
    now = clock.now()
    found.review_state = after(found, verdict.decision, level)
    found.returned_at = now if verdict.decision is Decision.RETURN else None
    found.review_level = level
    found.revision += 1
    made = SubmissionReview(
        submission_id=found.id,
        number=found.number,
        level=level,
        decision=verdict.decision,
        state=found.review_state,
        reason=text.clean(verdict.reason)[:LONGEST],
        notes=_notes(verdict.notes),
        via=actor.via,
        person_id=actor.person_id,
        actor=actor.name,
        at=now,
    )
    session.add(made)
    session.flush()
    journal.write(
        session, actor, "submission.reviewed", "submission", found.id, found.plan_id,
        decision=verdict.decision.value, level=level, state=found.review_state.value,
        number=found.number, review=made.id,
    )  # fmt: skip
    return made


def _notes(given: Mapping[str, str]) -> list[dict[str, str]]:
    clean = {path: text.clean(note)[:LONGEST] for path, note in given.items()}
    return [{"path": path, "note": note} for path, note in clean.items() if note][:MOST_NOTES]


def after(found: Submission, decision: Decision, level: int) -> ReviewState:
    """Return the state that a decision leads to; a leader's approval is not yet one."""
    if decision is Decision.APPROVE:
        if level == OFFICE:
            return ReviewState.APPROVED
        return ReviewState.EDITED if found.number > 1 else ReviewState.RECEIVED
    return ReviewState.REJECTED if decision is Decision.REJECT else ReviewState.HAS_ISSUES


@dataclass(frozen=True)
class Planned:
    """What a decision would make, or has made, of one record of several; a refusal leaves it."""

    submission: Submission
    revision: int
    before: ReviewState
    after: ReviewState
    refusal: Problem | None = None


def plan_all(
    session: Session, who: Asker, found: Sequence[Submission], verdict: Verdict
) -> list[Planned]:
    """Return what one decision on many records would do; nothing is written."""
    at = rights.levels(session, who, found)
    return [_planned(each, verdict, at.get(each.id)) for each in found]


def _planned(each: Submission, verdict: Verdict, level: int | None) -> Planned:
    refusal: Problem | None = None
    if level is None:
        refusal = NotAllowed()
    else:
        try:
            _refuse(each, verdict, level)
        except Problem as problem:
            refusal = problem
    if refusal is None and _says_nothing_new(each, verdict, level):
        refusal = AlreadySo()
    before = each.review_state
    then = before if refusal or level is None else after(each, verdict.decision, level)
    return Planned(each, each.revision, before, then, refusal)


def _says_nothing_new(each: Submission, verdict: Verdict, level: int | None) -> bool:
    return (
        level == each.review_level
        and each.returned_at is None
        and after(each, verdict.decision, level) is each.review_state
    )


def decide_all(
    session: Session,
    who: Asker,
    revisions: Mapping[int, int],
    verdict: Verdict,
    actor: Actor,
) -> list[Planned]:
    """Decide on many records at once, each at the revision that the preview showed.

    What may not be decided, or has moved meanwhile, is left as it is and named with the reason.
    """
    found = _locked(session, list(revisions))
    at = rights.levels(session, who, list(found.values()))
    done = []
    for each in found.values():
        planned = _planned(each, verdict, at.get(each.id))
        if planned.refusal is None:
            planned = _decided(session, planned, revisions[each.id], verdict, at[each.id], actor)
        done.append(planned)
    return done


def _decided(
    session: Session, planned: Planned, revision: int, verdict: Verdict, level: int, actor: Actor
) -> Planned:
    each, before = planned.submission, planned.before
    try:
        _must_be_fresh(session, each, revision)
    except ReviewMoved as problem:
        return Planned(each, each.revision, before, before, problem)
    _decide(session, each, verdict, level, actor)
    return Planned(each, each.revision, before, each.review_state)


def comment(
    session: Session,
    found: Submission,
    body: str,
    actor: Actor,
    path: str = "",
    source_id: int | None = None,
) -> SubmissionComment:
    """Add a comment on a record or on one of its answers; `source_id` is the form it came by.

    Raises:
        CommentNeeded: it is empty.
        UnknownAnswer: the record has no answer at `path`.
    """
    said = text.clean(body)[:LONGEST]
    if not said:
        raise CommentNeeded()
    if path and path not in {each for each, _value in instance.flat(found.answers)}:
        raise UnknownAnswer(path=path[:200])
    made = SubmissionComment(
        submission_id=found.id,
        number=found.number,
        path=path,
        body=said,
        source_id=source_id,
        via=actor.via,
        person_id=actor.person_id,
        actor=actor.name,
        at=clock.now(),
    )
    session.add(made)
    session.flush()
    journal.write(
        session, actor, "submission.commented", "submission", found.id, found.plan_id,
        comment=made.id,
    )  # fmt: skip
    return made
