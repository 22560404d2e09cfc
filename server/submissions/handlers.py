"""After a form arrives: it is linked to visit and place, and its photos are looked at."""

from flask import current_app
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server import clock, journal
from server.files import Files
from server.journal import SYSTEM, Line, Write, handles
from server.submissions import linking
from server.submissions.models import Submission, SubmissionFile


@handles("submission.received")
def find_its_place(session: Session, line: Line) -> Write | None:
    """Link the submission; then whoever waits for linked ones is told."""
    submission = session.get(Submission, int(line.subject_id))
    if submission is None:
        return None
    found = linking.link(session, submission)
    submission_id, plan_id = submission.id, submission.plan_id

    def write(session: Session) -> None:
        values = found.values(clock.now())
        session.execute(update(Submission).where(Submission.id == submission_id).values(values))
        journal.write(session, SYSTEM, "submission.linked", "submission", submission_id, plan_id)

    return write


@handles("submission.received")
@handles("submission.files-received")
def look_at_photos(session: Session, line: Line) -> Write | None:
    """Make thumbnails and read where and when each new photo was taken."""
    files: Files = current_app.extensions["files"]
    new = session.scalars(
        select(SubmissionFile).where(
            SubmissionFile.submission_id == int(line.subject_id),
            SubmissionFile.sha256.is_not(None),
            SubmissionFile.facts.is_(None),
            SubmissionFile.content_type.startswith("image/"),
        )
    ).all()
    found = {file.id: _look(files, file.sha256 or "") for file in new}
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
    from server.submissions import photos

    with files.local(sha256) as path:
        seen = photos.look(path)
    values: dict[str, object] = {"facts": seen.facts}
    if seen.thumb:
        values["thumb_sha256"] = files.keep_bytes(seen.thumb).sha256
    if seen.view:
        values["view_sha256"] = files.keep_bytes(seen.view).sha256
    return values
