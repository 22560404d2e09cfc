"""Edits of sent forms: a new content supersedes the one it was made of, which stays for ever.

Collect gives an edited form a new instanceID and names the old one in `meta/deprecatedID`. The
record stays the same row, so that findings, visits and comments keep pointing at it.
"""

from collections.abc import Sequence

from sqlalchemy import delete, func, insert, literal, select, update
from sqlalchemy.orm import Session

from server import clock
from server.db import table
from server.monitoring.models import Plan
from server.submissions import attachments, intake
from server.submissions.intake import KeptPart, Sent
from server.submissions.models import (
    ReviewState,
    Submission,
    SubmissionFile,
    SubmissionVersion,
    VersionFile,
)
from server.submissions.problems import EditOfAnotherForm, EditOfAnotherPlan, EditOutdated
from server.surveys.models import Form
from server.teams.service import Carrier

# Columns that a superseded content takes along as they are.
_TAKEN = (
    "number", "form_pk", "version_id", "instance_id", "deprecated_id", "encrypted", "xml",
    "xml_sha256", "phone_id", "person_id", "device_id", "answers", "label",
)  # fmt: skip
_OF_A_FILE = (
    "name", "sha256", "size_bytes", "content_type", "received_at", "thumb_sha256", "view_sha256",
)  # fmt: skip


def original(session: Session, sent: Sent) -> int | None:
    """Return the record that an edit is to supersede the content of; None: it is not here yet.

    The record is locked: of two edits of one content the second finds it superseded.

    Raises:
        EditOutdated: another edit has superseded that content.
        EditOfAnotherForm, EditOfAnotherPlan: it is a record of another one.
    """
    replaced = sent.instance.deprecated_id
    found: int | None = session.scalar(
        select(Submission.id)
        .where(Submission.form_pk == sent.known.form_pk, Submission.instance_id == replaced)
        .with_for_update()
    )
    if found is None and not _is_known(session, sent):
        _refuse_unless_unheard_of(session, sent, replaced)
    return found


def _is_known(session: Session, sent: Sent) -> bool:
    """Tell whether this very edit has come in meanwhile, by another request."""
    return intake.again(session, sent).submission_id is not None


def _refuse_unless_unheard_of(session: Session, sent: Sent, replaced: str) -> None:
    newer = session.scalar(
        select(Submission.id)
        .join(SubmissionVersion, SubmissionVersion.submission_id == Submission.id)
        .where(
            SubmissionVersion.form_pk == sent.known.form_pk,
            SubmissionVersion.instance_id == replaced,
        )
    )
    if newer is not None:
        raise EditOutdated(submission_id=newer)
    here = session.scalars(select(Form.plan_id).where(Form.id == sent.known.form_pk)).one()
    for model in (Submission, SubmissionVersion):
        other = session.execute(
            select(Form.form_id, Form.title, Plan.id, Plan.name)
            .join(model, model.form_pk == Form.id)
            .join(Plan, Plan.id == Form.plan_id)
            .where(model.instance_id == replaced)
            .limit(1)
        ).one_or_none()
        if other is None:
            continue
        if other.id == here:
            raise EditOfAnotherForm(form=other.title, form_id=other.form_id)
        raise EditOfAnotherPlan(plan=other.name)


def supersede(
    session: Session, submission_id: int, sent: Sent, parts: Sequence[KeptPart], phone: Carrier
) -> tuple[int, int]:
    """Make `sent` the newest content of a record that `original` has locked.

    Review begins anew: what was decided was decided of the content before.

    Returns:
        How many files the new content names, and how many of those are here.
    """
    _put_away(session, submission_id)
    files = table(SubmissionFile)
    mine = files.c.submission_id == submission_id
    before = session.execute(select(files).where(mine)).all()
    session.execute(delete(files).where(mine))
    held = attachments.first_files(session, submission_id, sent.named, parts, before)
    columns = table(Submission).c
    session.execute(
        update(table(Submission))
        .where(columns.id == submission_id)
        .values(
            **intake.content(sent),
            phone_id=phone.phone_id,
            person_id=phone.person_id,
            number=columns.number + 1,
            revision=columns.revision + 1,
            edited_at=clock.now(),
            edit_reason=sent.reason,
            review_state=ReviewState.EDITED,
            review_level=0,
            returned_at=None,
            files_named=len(sent.named),
            files_held=held,
        )
    )
    return len(sent.named), held


def _put_away(session: Session, submission_id: int) -> None:
    """Copy the newest content and the list of its files to where superseded ones are kept."""
    columns = table(Submission).c
    received = func.coalesce(columns.edited_at, columns.received_at)
    values = [columns[name] for name in _TAKEN]
    version_id = session.execute(
        insert(table(SubmissionVersion))
        .from_select(
            ["submission_id", *_TAKEN, "received_at", "reason"],
            select(columns.id, *values, received, columns.edit_reason).where(
                columns.id == submission_id
            ),
        )
        .returning(table(SubmissionVersion).c.id)
    ).scalar_one()
    files = table(SubmissionFile).c
    session.execute(
        insert(table(VersionFile)).from_select(
            ["parent_id", *_OF_A_FILE],
            select(literal(version_id), *(files[name] for name in _OF_A_FILE))
            .where(files.submission_id == submission_id)
            .order_by(files.id),
        )
    )
