"""After a form arrives: it is linked to visit and place, and its photos are looked at."""

from flask import current_app
from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from server import clock, journal
from server.db import table
from server.files import Files
from server.journal import SYSTEM, Line, Write, handles
from server.submissions import answer_index, linking, photos
from server.submissions.models import Submission, SubmissionFile
from server.surveys.models import FormVersion

# Put together once, as they are asked for every submission.
_UNLINKED = select(
    Submission.id,
    Submission.plan_id,
    Submission.version_id,
    Submission.team_id,
    Submission.answers,
    Submission.oddities,
    Submission.label,
    Submission.latitude,
    Submission.longitude,
).where(Submission.id == bindparam("which"))
_LINK = (
    update(table(Submission))
    .where(table(Submission).c.id == bindparam("which"))
    .values({name: bindparam(name) for name in linking.COLUMNS})
)
_ANSWERED = select(Submission.id, Submission.form_pk, Submission.answers).where(
    Submission.id == bindparam("which")
)
_NEW_PHOTOS = select(SubmissionFile.id, SubmissionFile.sha256).where(
    SubmissionFile.submission_id == bindparam("which"),
    SubmissionFile.sha256.is_not(None),
    SubmissionFile.facts.is_(None),
    SubmissionFile.content_type.startswith("image/"),
)


@handles("submission.received")
def find_its_place(session: Session, line: Line) -> Write | None:
    """Link the submission; then whoever waits for linked ones is told."""
    row = session.connection().execute(_UNLINKED, {"which": int(line.subject_id)}).one_or_none()
    if row is None:
        return None
    found = linking.link(session, row)

    def write(session: Session) -> None:
        values = {"which": row.id, **found.values(clock.now())}
        session.connection().execute(_LINK, values)
        journal.write(session, SYSTEM, "submission.linked", "submission", row.id, row.plan_id)

    return write


@handles("submission.linked")
def let_lists_know(session: Session, line: Line) -> Write | None:
    """Write the answers where lists are filtered and sorted by them."""
    row = session.connection().execute(_ANSWERED, {"which": int(line.subject_id)}).one_or_none()
    if row is None:
        return None

    def write(session: Session) -> None:
        answer_index.write(session, row.id, row.form_pk, row.answers)

    return write


@handles("form.published")
def let_lists_know_questions(session: Session, line: Line) -> Write | None:
    """Learn what a new version asks; older records may have answered it, or as another kind."""
    version = session.get(FormVersion, int(line.subject_id))
    if version is None:
        return None
    found = answer_index.news(session, version.form_pk)
    answers = answer_index.said(session, found)

    def write(session: Session) -> None:
        answer_index.catch_up(session, found, answers)

    return write if found.kinds else None


@handles("submission.received")
@handles("submission.files-received")
def look_at_photos(session: Session, line: Line) -> Write | None:
    """Make thumbnails and read where and when each new photo was taken."""
    files: Files = current_app.extensions["files"]
    new = session.connection().execute(_NEW_PHOTOS, {"which": int(line.subject_id)}).all()
    found = {file.id: _look(files, file.sha256) for file in new}
    if not found:
        return None

    def write(session: Session) -> None:
        for file_id, values in found.items():
            session.execute(
                update(SubmissionFile).where(SubmissionFile.id == file_id).values(values)
            )

    return write


def _look(files: Files, sha256: str) -> dict[str, object]:
    """Return the columns that a photo fills; a broken one only says why."""
    with files.local(sha256) as path:
        seen = photos.look(path)
    values: dict[str, object] = {"facts": seen.facts}
    if seen.thumb:
        values["thumb_sha256"] = files.keep_bytes(seen.thumb).sha256
    if seen.view:
        values["view_sha256"] = files.keep_bytes(seen.view).sha256
    return values
