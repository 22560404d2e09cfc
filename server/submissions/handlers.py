"""After a form arrives: it is linked to visit and place, and its photos are looked at."""

from collections.abc import Sequence
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, Select, bindparam, select, update
from sqlalchemy.orm import Session

from server import clock, journal
from server.db import table
from server.files import Files
from server.journal import SYSTEM, Line, Write, handles
from server.often import Often
from server.problems import Problem
from server.submissions import answer_index, arrivals, holding, linking, paradata, photos, service
from server.submissions.holding import sender_of
from server.submissions.models import Held, HeldState, Submission, SubmissionFile
from server.surveys.models import Form, FormVersion

# Put together once, as they are asked for every submission.
_LINK = Often(
    lambda _engine: (
        update(table(Submission))
        .where(table(Submission).c.id == bindparam("which"))
        .values({name: bindparam(name) for name in linking.COLUMNS})
    )
)
_NEW_PHOTOS = Often(
    lambda _engine: select(SubmissionFile.id, SubmissionFile.sha256).where(
        SubmissionFile.submission_id == bindparam("which"),
        SubmissionFile.sha256.is_not(None),
        SubmissionFile.facts.is_(None),
        SubmissionFile.content_type.startswith("image/"),
    )
)


@handles("submission.received")
@handles("submission.opened")
@handles("submission.edited")
def find_its_place(session: Session, line: Line) -> Write | None:
    """Link the submission; then whoever waits for linked ones is told."""
    row = arrivals.told_of(session, line)
    if row is None:
        return None
    found = linking.link(session, row)

    def write(session: Session) -> None:
        values = {"which": row.id, **found.values(clock.now())}
        _LINK.run(session, values)
        journal.write(session, SYSTEM, "submission.linked", "submission", row.id, row.plan_id)

    return write


@handles("submission.linked")
def let_lists_know(session: Session, line: Line) -> Write | None:
    """Write the answers where lists are filtered and sorted by them."""
    row = arrivals.told_of(session, line)
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
@handles("submission.edited")
@handles("submission.files-received")
@handles("submission.opened")
def look_at_photos(session: Session, line: Line) -> Write | None:
    """Make thumbnails and read where and when each new photo was taken."""
    files: Files = current_app.extensions["files"]
    new = _NEW_PHOTOS.rows(session, {"which": int(line.subject_id)})
    found = {(file.id, file.sha256): _look(files, file.sha256) for file in new}
    if not found:
        return None

    def write(session: Session) -> None:
        for (file_id, sha256), values in found.items():
            same = (SubmissionFile.id == file_id) & (SubmissionFile.sha256 == sha256)
            session.execute(update(SubmissionFile).where(same).values(values))

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


_AUDIT = (
    select(SubmissionFile.sha256)
    .join(Submission)
    .where(
        Submission.id == bindparam("which"),
        Submission.number > 1,
        SubmissionFile.name == paradata.AUDIT,
        SubmissionFile.sha256.is_not(None),
        SubmissionFile.inherited.is_(False),
    )
)


@handles("submission.edited")
@handles("submission.files-received")
def note_why_it_was_edited(session: Session, line: Line) -> Write | None:
    """Keep the reason that the phone asked for when its form was edited, where forms ask it."""
    submission_id = int(line.subject_id)
    sha256 = session.connection().execute(_AUDIT, {"which": submission_id}).scalar_one_or_none()
    if sha256 is None:
        return None
    files: Files = current_app.extensions["files"]
    reason = paradata.last_reason(files.read(sha256))
    if not reason:
        return None

    def write(session: Session) -> None:
        session.execute(
            update(Submission).where(Submission.id == submission_id).values(edit_reason=reason)
        )

    return write


def _waiting(condition: ColumnElement[bool]) -> Select[Any]:
    """Return the ids of edits held for their originals, of those whose original is here."""
    original = (Submission.form_pk == Form.id) & (Submission.instance_id == Held.deprecated_id)
    return (
        select(Held.id)
        .join(Form, Form.plan_id == Held.plan_id)
        .join(Submission, original)
        .where(Held.state == HeldState.WAITING, Held.reason == holding.AWAITS_ORIGINAL, condition)
    )


_EDITS_OF = Often(lambda _engine: _waiting(Submission.id == bindparam("which")).order_by(Held.id))


@handles("submission.received")
@handles("submission.edited")
def take_in_waiting_edits(session: Session, line: Line) -> Write | None:
    """Take in the edit that came before this content; of several the first, the next after it."""
    ids = [held.id for held in _EDITS_OF.rows(session, {"which": int(line.subject_id)})]
    return (lambda session: _take_in(session, ids)) if ids else None


@handles("submission.held")
def original_came_meanwhile(session: Session, line: Line) -> Write | None:
    """Take in an edit whose original came while it was being held."""
    held_id = int(line.subject_id)
    waits = session.scalar(_waiting(Held.id == held_id))
    return (lambda session: _take_in(session, [held_id])) if waits else None


def _take_in(session: Session, ids: Sequence[int]) -> None:
    """Take in held edits; one that can no longer be taken tells the office why."""
    for held_id in ids:
        held = session.get(Held, held_id, with_for_update={"of": Held}, populate_existing=True)
        sender = sender_of(held) if held is not None else None
        if held is None or held.state is not HeldState.WAITING or sender is None:
            continue
        try:
            with session.begin_nested():
                service.take_in_edit(session, held, sender, SYSTEM)
        except Problem as problem:
            held.reason, held.explanation = problem.code, problem.text("vi")
            session.flush()
