"""After a form arrives and is linked: its rules are tried, and what else it says is taken.

Before one is published, its rules are read. After every step, the phones' list follows.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from server.findings import asking, carrying, checks, correspondence, firing, reading, service
from server.findings.models import Finding
from server.findings.raising import Where
from server.findings.rules import mistakes
from server.journal import Actor, Line, Write, handles
from server.monitoring.models import Record, Round, Visit
from server.often import Often
from server.submissions import arrivals
from server.submissions.models import ReviewState, Submission
from server.surveys import fields as form_fields
from server.surveys import service as surveys
from server.surveys.models import Form, FormVersion

# Asked for every submission, so it is put together once.
_BESIDE = Often(
    lambda _engine: (
        select(
            Record.id.label("record_id"),
            Round.params,
            exists().where(Finding.submission_id == Submission.id).label("held"),
        )
        .select_from(Submission)
        .outerjoin(Visit, Visit.id == Submission.visit_id)
        .outerjoin(Record, Record.visit_id == Visit.id)
        .outerjoin(Round, Round.id == Visit.round_id)
        .where(Submission.id == bindparam("id"))
    )
)


@handles("submission.linked")
def take_what_it_says(session: Session, line: Line) -> Write | None:
    """Raise what the rules of its form say of a submission that has found its place, and more."""
    row = arrivals.told_of(session, line)
    if row is None or row.encrypted:
        return None
    beside = _BESIDE.run(session, {"id": row.id})
    if beside is None:
        return None
    where = Where(
        row.id, row.plan_id, row.visit_id, beside.record_id, row.place_id, row.area, row.form_pk
    )
    writes = [*_by_rules(session, row, beside, where), *_beside_rules(row, where)]
    if not writes:
        return None

    def write(session: Session) -> None:
        for each in writes:
            each(session)

    return write


def _by_rules(
    session: Session, row: Any, beside: Any, where: Where
) -> list[Callable[[Session], object]]:
    rules = firing.rules_of(session, row.version_id)
    day = firing.filled_on(row.started_at, row.ended_at, row.edited_at or row.received_at)
    judged = firing.judged(rules, row.answers, beside.params, day)
    found = [*judged.raised, *reading.written_down(row.answers)]
    writes: list[Callable[[Session], object]] = []
    if found or beside.held:
        writes.append(lambda session: service.keep_raised(session, where, found))
    if judged.asked or row.number > 1:
        writes.append(
            lambda session: asking.remember(
                session, where.submission_id, where.visit_id, where.form_pk, judged.asked
            )
        )
    return writes


def _beside_rules(row: Any, where: Where) -> list[Callable[[Session], object]]:
    writes: list[Callable[[Session], object]] = []
    if said := reading.told(row.answers):
        writes.append(lambda session: correspondence.keep_told(session, where, said))
    seen = reading.seen_on_site(row.answers) if row.form_id == reading.FOLLOW_UP else None
    if seen is not None:
        actor = Actor("phone", row.person_id, row.name or "")
        writes.append(lambda session: checks.take(session, where, row.instance_id, seen, actor))
    return writes


@handles("submission.reviewed")
@handles("submission.edited")
def count_only_interviews(session: Session, line: Line) -> Write | None:
    """Let what a reviewer rejected count for no rule."""
    submission_id = int(line.subject_id)
    state = session.scalar(select(Submission.review_state).where(Submission.id == submission_id))
    if state is None:
        return None
    return lambda session: asking.count(session, submission_id, state is not ReviewState.REJECTED)


@handles("finding.assigned")
@handles("finding.started")
@handles("finding.reported")
@handles("finding.checked")
@handles("finding.closed")
@handles("finding.reopened")
@handles("finding.extended")
@handles("finding.time-asked")
@handles("finding.time-declined")
@handles("finding.transferred")
def phones_follow(_session: Session, line: Line) -> Write:
    """Show on the phones' list how a finding stands now."""

    def write(session: Session) -> None:
        query = select(Finding).where(Finding.id == int(line.subject_id))
        finding = session.scalar(query.execution_options(populate_existing=True))
        if finding is not None:
            carrying.show(session, finding)

    return write


@handles("form.published")
def phones_have_the_list(session: Session, line: Line) -> Write | None:
    """Fill the list of open findings of a plan whose follow-up form is published."""
    plan_id = line.plan_id
    if plan_id is None:
        return None
    form = select(Form.id).where(Form.plan_id == plan_id, Form.form_id == reading.FOLLOW_UP)
    if session.scalar(form) is None:
        return None
    return lambda session: carrying.show_all(session, plan_id)


@surveys.before_publishing
def rules_are_understood(version: FormVersion) -> None:
    """Refuse a form with a rule that would silently never fire.

    Raises:
        RuleMistake: the first of them.
    """
    for mistake in mistakes(version.rules, form_fields.from_json(version.fields)):
        raise mistake
