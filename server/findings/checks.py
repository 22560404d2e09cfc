"""Follow-up forms: a check on site closes, extends or reopens a finding, or waits for a person.

A form that the phone has handed over is never lost: what cannot be done at once, because somebody
else changed the finding meanwhile or because the checker had a part in the remedy, is kept with
the reason until a person accepts it or puts it aside.
"""

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from server import clock, journal, text
from server.entities.models import Conflict, EntityRequest, RequestState
from server.findings import remedy
from server.findings.carrying import LIST
from server.findings.models import Decision, Finding, Outcome, SiteCheck
from server.findings.problems import ChangedMeanwhile, CheckSettled, NoteNeeded, StepRefused
from server.findings.raising import Where
from server.findings.reading import SeenOnSite
from server.journal import Actor


def take(
    session: Session, where: Where, instance_id: str, seen: SeenOnSite, actor: Actor
) -> SiteCheck | None:
    """Take what a follow-up form says of a finding, once; None when it names none of ours."""
    held = select(SiteCheck.id).where(SiteCheck.submission_id == where.submission_id)
    if session.scalar(held) is not None:
        return None
    finding = _locked(session, where.plan_id, seen.uuid)
    if finding is None:
        return None
    check = SiteCheck(
        plan_id=where.plan_id,
        finding_id=finding.id,
        submission_id=where.submission_id,
        person_id=actor.person_id,
        actor=actor.name,
        received_at=clock.now(),
        result=seen.result,
        decision=seen.decision,
        new_due=seen.new_due,
        document=seen.document,
        note=seen.note,
        outcome=Outcome.WAITING,
    )
    session.add(check)
    session.flush()
    _try(session, check, finding, instance_id, actor)
    return check


def _locked(session: Session, plan_id: int, uuid: str) -> Finding | None:
    return session.scalar(
        select(Finding)
        .where(Finding.plan_id == plan_id, Finding.uuid == uuid)
        .with_for_update(of=Finding)
        .execution_options(populate_existing=True)
    )


def _try(
    session: Session, check: SiteCheck, finding: Finding, instance_id: str, actor: Actor
) -> None:
    """Do what a check says, all of it or nothing; what is refused waits with the reason."""
    try:
        with session.begin_nested():
            _refuse_stale(session, check.plan_id, instance_id)
            _do(session, check, finding, actor, actor)
        check.outcome = Outcome.DONE
    except StepRefused as problem:
        check.why = problem.code
        journal.write(
            session, actor, "finding.check-waits", "finding", finding.id, finding.plan_id,
            submission=check.submission_id, why=problem.code,
        )  # fmt: skip
    session.flush()


def _refuse_stale(session: Session, plan_id: int, instance_id: str) -> None:
    """Refuse a check of a row that others changed since the phone fetched it.

    The phones' list has judged that already: the form changes the row too.

    Raises:
        ChangedMeanwhile: they did, or the row is gone.
    """
    request = session.scalar(
        select(EntityRequest)
        .where(
            EntityRequest.plan_id == plan_id,
            EntityRequest.instance_id == instance_id,
            EntityRequest.dataset == LIST,
        )
        .options(joinedload(EntityRequest.version))
        .execution_options(populate_existing=True)
        .limit(1)
    )
    if request is None or request.state is not RequestState.APPLIED:
        raise ChangedMeanwhile()
    if request.version is not None and request.version.conflict is not Conflict.NONE:
        raise ChangedMeanwhile()


def _do(session: Session, check: SiteCheck, finding: Finding, saw: Actor, decides: Actor) -> None:
    remedy.check(
        session, finding, check.result, check.note, saw,
        document=check.document, submission_id=check.submission_id,
    )  # fmt: skip
    if check.decision is Decision.CLOSE:
        remedy.close(session, finding, decides, check.note)
    elif check.decision is Decision.EXTEND:
        remedy.extend(session, finding, check.new_due, check.note, decides)
    else:
        remedy.reopen(session, finding, check.note, decides)


def accept(
    session: Session, check: SiteCheck, actor: Actor, new_due: dt.date | None = None
) -> None:
    """Do what a waiting check says, on the finding as it stands now, by decision of a person.

    Raises:
        CheckSettled: somebody dealt with it before.
        StepRefused: it still cannot be done.
    """
    if check.outcome is not Outcome.WAITING:
        raise CheckSettled()
    if new_due is not None:
        check.new_due = new_due
    saw = Actor("phone", check.person_id, check.actor)
    _do(session, check, check.finding, saw, actor)
    _settle(session, check, Outcome.ACCEPTED, actor, "finding.check-accepted")


def dismiss(session: Session, check: SiteCheck, note: str, actor: Actor) -> None:
    """Put a waiting check aside, with the reason in the finding's thread.

    Raises:
        CheckSettled: somebody dealt with it before.
        NoteNeeded: no reason was given.
    """
    if check.outcome is not Outcome.WAITING:
        raise CheckSettled()
    reason = text.clean(note)
    if not reason:
        raise NoteNeeded()
    remedy.comment(session, check.finding, reason, actor)
    _settle(session, check, Outcome.DISMISSED, actor, "finding.check-dismissed")


def _settle(session: Session, check: SiteCheck, outcome: Outcome, actor: Actor, verb: str) -> None:
    check.outcome, check.settled_by, check.settled_at = outcome, actor.name, clock.now()
    session.flush()
    journal.write(
        session, actor, verb, "finding", check.finding_id, check.plan_id,
        submission=check.submission_id,
    )  # fmt: skip
