"""Encrypted forms that turn out to be edits once they are decrypted: they join their record.

Until then such a form is a record of its own. What was sent stays byte for byte: the encrypted
form and its files become those of the record's newest content, and the empty row goes.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from server import journal
from server.db import Model, table
from server.journal import Actor
from server.submissions import attachments, editing, instance, joining
from server.submissions.intake import KeptPart, Sent
from server.submissions.models import Held, Submission, SubmissionVersion
from server.submissions.problems import OriginalSealed
from server.teams.service import Carrier

DERIVED = ("submission_answer", "submission_asked", "visit_check", "exhibit", "submission_file")
"""Tables that hold nothing of a record that it does not say itself."""


def original(session: Session, found: Submission, replaced: str) -> Submission | None:
    """Return the record whose newest content `found` is an edit of, locked; None: not here.

    None, too, when somebody has reviewed or commented `found` as a record: that stays.

    Raises:
        OriginalSealed: it is still encrypted itself.
    """
    key = session.scalar(
        select(Submission.id).where(
            Submission.form_pk == found.form_pk,
            Submission.instance_id == replaced,
            Submission.id != found.id,
        )
    )
    if key is None or not _is_bare(session, found):
        return None
    record = attachments.locked(session, key)
    if record.encrypted:
        raise OriginalSealed(instance_id=record.instance_id)
    return record if record.instance_id == replaced else None


def _is_bare(session: Session, found: Submission) -> bool:
    """Tell whether nothing but what a record says itself hangs on it."""
    for other in Model.metadata.sorted_tables:
        if other.name in (*DERIVED, Held.__tablename__):
            continue
        for column in other.columns:
            if any(key.target_fullname == "submission.id" for key in column.foreign_keys):
                hung = select(func.count()).select_from(other).where(column == found.id)
                if session.scalar(hung):
                    return False
    return True


def join(
    session: Session,
    found: Submission,
    record: Submission,
    sent: Sent,
    parts: Sequence[KeptPart],
    actor: Actor,
) -> None:
    """Make what `found` is the newest content of `record`, with its files as sent and decrypted."""
    outside = instance.parse(found.xml)
    kept = [
        KeptPart(file.name, file.content_type, file.sha256, file.size_bytes or 0)
        for file in found.files
        if file.sha256
    ]
    who = Carrier(
        found.phone_id, found.person_id or 0, "", found.plan_id, found.team_id, None, "phone"
    )
    sent = replace(
        sent,
        xml=found.xml,
        instance=replace(outside, encrypted=False, deprecated_id=sent.instance.deprecated_id),
    )
    key, came = found.id, found.received_at
    _give_up(session, found, record)
    editing.supersede(session, record.id, sent, [*parts, *kept], who)
    session.execute(update(Submission).where(Submission.id == record.id).values(edited_at=came))
    session.flush()
    session.refresh(record)
    journal.write(
        session, actor, "submission.edited", "submission", record.id, record.plan_id,
        instance_id=record.instance_id, was=key, files=len(parts),
    )  # fmt: skip


def _give_up(session: Session, found: Submission, record: Submission) -> None:
    """Take away the row of a form whose bytes another record is about to hold."""
    key = found.id
    session.execute(update(Held).where(Held.submission_id == key).values(submission_id=record.id))
    session.expunge(found)
    for name in DERIVED:
        held = Model.metadata.tables[name]
        session.execute(delete(held).where(held.c.submission_id == key))
    session.execute(delete(table(Submission)).where(table(Submission).c.id == key))


def await_original(session: Session, found: Submission, sent: Sent) -> None:
    """Let the original of a decrypted edit, once it comes, join its record as the older content."""
    replaced = sent.instance.deprecated_id
    known = select(SubmissionVersion.id).where(
        SubmissionVersion.form_pk == found.form_pk, SubmissionVersion.instance_id == replaced
    )
    here = select(Submission.id).where(
        Submission.form_pk == found.form_pk, Submission.instance_id == replaced
    )
    if session.scalar(known) is None and session.scalar(here) is None:
        found.number = joining.FIRST_NUMBER
        joining.await_original(session, found.id, sent)
