"""After a form is linked, or more of its files came: what galleries and figures count it by."""

from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from server import clock
from server.db import table
from server.journal import Line, Write, handles
from server.often import Often
from server.submissions import arrivals, intake, telling
from server.submissions.models import Exhibit, Submission, SubmissionFile

# Asked for every submission, so they are put together once.
_FILES = Often(
    lambda _engine: select(
        SubmissionFile.id, SubmissionFile.name, SubmissionFile.content_type
    ).where(SubmissionFile.submission_id == bindparam("which"), SubmissionFile.sha256.is_not(None))
)
_ENDED = Often(
    lambda _engine: (
        update(table(Submission))
        .where(table(Submission).c.id == bindparam("which"))
        .values(outcome=bindparam("ended"))
    )
)
_FORGET = Often(
    lambda _engine: delete(table(Exhibit)).where(
        table(Exhibit).c.submission_id == bindparam("which")
    )
)
# Of the same work as the look at the photos, so it is asked only when that is written.
_LOCATED = (
    update(table(Exhibit))
    .where(
        table(Exhibit).c.submission_id == bindparam("which"),
        table(Exhibit).c.file_id.in_(
            select(SubmissionFile.id).where(
                SubmissionFile.submission_id == bindparam("which"),
                SubmissionFile.facts["lat"].as_string().is_not(None),
            )
        ),
    )
    .values(located=True)
)


@handles("submission.linked")
@handles("submission.files-received")
def show(session: Session, line: Line) -> Write | None:
    """Note how the attempt ended and what each photo and sound shows; the latest word stands."""
    row = arrivals.told_of(session, line)
    if row is None or row.linked_at is None:
        return None
    which = {"which": row.id}
    nodes = intake.reader(session, row.version_id).nodes
    ended = telling.outcome(row.answers, nodes)
    asked = dict(telling.files(row.answers, nodes))
    held = _FILES.rows(session, which)
    shown = [found for each in held if (found := _exhibit(row, each, asked))]

    def write(session: Session) -> None:
        if ended is not row.outcome:
            _ENDED.run(session, which | {"ended": ended})
        _FORGET.run(session, which)
        if shown:
            connection = session.connection()
            connection.execute(insert(table(Exhibit)), shown)
            connection.execute(_LOCATED, which)

    return write if shown or ended is not row.outcome else None


def _exhibit(row: Any, file: Any, asked: dict[str, str]) -> dict[str, Any] | None:
    kind = telling.kind(file.name, file.content_type)
    if not kind:
        return None
    return {
        "file_id": file.id,
        "submission_id": row.id,
        "plan_id": row.plan_id,
        "form_pk": row.form_pk,
        "question": asked.get(file.name, ""),
        "kind": kind,
        "area": row.area,
        "hamlet_id": row.hamlet_id,
        "team_id": row.team_id,
        "day": clock.local(row.started_at or row.received_at).date(),
        "located": False,
    }
