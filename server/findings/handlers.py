"""After a form arrives and is linked: its rules are tried. Before one is published: read."""

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from server.findings import firing, service
from server.findings.models import Finding
from server.findings.rules import mistakes
from server.findings.service import Where
from server.journal import Line, Write, handles
from server.monitoring.models import Record, Round, Visit
from server.submissions.models import Submission
from server.surveys import fields as form_fields
from server.surveys import service as surveys
from server.surveys.models import FormVersion

COLUMNS = (
    Submission.id,
    Submission.plan_id,
    Submission.version_id,
    Submission.visit_id,
    Submission.place_id,
    Submission.area,
    Submission.encrypted,
    Submission.answers,
    Submission.started_at,
    Submission.ended_at,
    Submission.received_at,
)
# Asked for every submission, so it is put together once.
_LINKED = (
    select(
        *COLUMNS,
        Record.id.label("record_id"),
        Round.params,
        exists().where(Finding.submission_id == Submission.id).label("held"),
    )
    .outerjoin(Visit, Visit.id == Submission.visit_id)
    .outerjoin(Record, Record.visit_id == Visit.id)
    .outerjoin(Round, Round.id == Visit.round_id)
    .where(Submission.id == bindparam("id"))
)


@handles("submission.linked")
def try_rules(session: Session, line: Line) -> Write | None:
    """Raise what the rules of its form say of a submission that has found its place."""
    row = session.connection().execute(_LINKED, {"id": int(line.subject_id)}).one_or_none()
    if row is None or row.encrypted:
        return None
    rules = firing.rules_of(session, row.version_id)
    day = firing.filled_on(row.started_at, row.ended_at, row.received_at)
    found = firing.fired(rules, row.answers, row.params, day)
    if not found and not row.held:
        return None
    where = Where(row.id, row.plan_id, row.visit_id, row.record_id, row.place_id, row.area)

    def write(session: Session) -> None:
        service.keep_raised(session, where, found)

    return write


@surveys.before_publishing
def rules_are_understood(version: FormVersion) -> None:
    """Refuse a form with a rule that would silently never fire.

    Raises:
        RuleMistake: the first of them.
    """
    for mistake in mistakes(version.rules, form_fields.from_json(version.fields)):
        raise mistake
