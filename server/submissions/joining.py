"""Originals that come after their edit had been taken in alone: they join its record, as older.

Such a record begins with its second content: the first is awaited. When it comes, it takes its
place before the others, and changes nothing of what stands.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock
from server.db import insert_or_leave
from server.submissions import attachments, intake
from server.submissions.intake import KeptPart, Sent
from server.submissions.models import AwaitedOriginal, SubmissionVersion, VersionFile
from server.teams.service import Carrier

FIRST_NUMBER = 2
"""Of the content of a record whose original is awaited."""


def await_original(session: Session, submission_id: int, sent: Sent) -> None:
    """Remember that the content which `sent` is an edit of has yet to come.

    Of two edits of one content the first gets it.
    """
    session.execute(
        insert_or_leave(session, AwaitedOriginal, ["form_pk", "instance_id"]),
        {
            "form_pk": sent.known.form_pk,
            "instance_id": sent.instance.deprecated_id,
            "submission_id": submission_id,
        },
    )


def join(
    session: Session, sent: Sent, parts: Sequence[KeptPart], phone: Carrier
) -> tuple[int, int] | None:
    """Make `sent` the first content of the record that awaits it.

    The newest content gets the files that it names and that never came. None: nothing awaits it.

    Returns:
        The record, and how many of the files that `sent` names are here.
    """
    awaited = session.scalar(
        select(AwaitedOriginal)
        .where(
            AwaitedOriginal.form_pk == sent.known.form_pk,
            AwaitedOriginal.instance_id == sent.instance.instance_id,
        )
        .with_for_update()
    )
    if awaited is None:
        return None
    submission = attachments.locked(session, awaited.submission_id)
    session.delete(awaited)
    version = _version(sent, phone)
    version.submission_id = submission.id
    session.add(version)
    session.flush()
    attachments.merge_before(session, submission, version.id, parts)
    return submission.id, sum(1 for file in version.files if file.sha256)


def _version(sent: Sent, phone: Carrier) -> SubmissionVersion:
    content = intake.content(sent)
    columns = ("version_id", "instance_id", "deprecated_id", "encrypted", "xml", "xml_sha256")
    return SubmissionVersion(
        number=FIRST_NUMBER - 1,
        form_pk=sent.known.form_pk,
        received_at=clock.now(),
        phone_id=phone.phone_id,
        person_id=phone.person_id,
        device_id=sent.device,
        answers=sent.reading.answers,
        label=sent.label,
        files=[VersionFile(name=name, content_type=intake.OCTETS) for name in sent.named],
        **{name: content[name] for name in columns},
    )
