"""Corrections made at a desk: a reviewer changes answers or files of a record and says why."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import journal, text
from server.problems import NotFound
from server.submissions import attachments, holding, instance, intake, service
from server.submissions.intake import KeptPart, Sent
from server.submissions.models import Submission
from server.submissions.problems import (
    EditOfAnotherRecord,
    EditReasonNeeded,
    FileHeldBefore,
    ReviewMoved,
)
from server.submissions.service import Receipt
from server.teams.service import Carrier

LONGEST_REASON = 1000


def reason_of(given: str) -> str:
    """Return the reason of a correction.

    Raises:
        EditReasonNeeded: there is none.
    """
    reason = text.clean(given)[:LONGEST_REASON]
    if not reason:
        raise EditReasonNeeded()
    return reason


def correct(
    session: Session,
    submission_id: int,
    revision: int,
    reason: str,
    sent: Sent,
    parts: Sequence[KeptPart],
    who: Carrier,
) -> Receipt:
    """Make `sent` the newest content of the record as it was at `revision`, for a `reason`.

    Files that come later, or the same sent again, find the correction stored and join it. The
    record's interview began and ended when it did, whatever the form writes while it is corrected.

    Raises:
        ReviewMoved: the record was edited or decided on since.
        EditOfAnotherRecord: `sent` is not made of this record's content.
    """
    if sent.known.submission_id is None:
        found = _current(session, submission_id, revision, sent)
        sent.reason, sent.started_at, sent.ended_at = reason, found.started_at, found.ended_at
    elif sent.known.submission_id != submission_id:
        raise EditOfAnotherRecord()
    return service.receive(session, sent, parts, who)


def _current(session: Session, submission_id: int, revision: int, sent: Sent) -> Submission:
    """Return the record, locked, when it is still the one that `sent` was made of."""
    found = session.scalars(
        select(Submission)
        .where(Submission.id == submission_id)
        .with_for_update(of=Submission)
        .execution_options(populate_existing=True)
    ).one()
    if found.revision != revision:
        raise ReviewMoved("đã có bản sửa hoặc quyết định khác", "there is another edit or decision")
    if (found.form_pk, found.instance_id) != (sent.known.form_pk, sent.instance.deprecated_id):
        raise EditOfAnotherRecord()
    return found


def add_file(session: Session, submission_id: int, part: KeptPart, who: Carrier) -> Receipt:
    """Add a file that the newest content of a record names and that has not come yet.

    Raises:
        NotFound: the record names no such file.
        FileHeldBefore: it has one of that name with other bytes.
    """
    found = attachments.locked(session, submission_id)
    row = next((each for each in found.files if each.name == part.name), None)
    if row is None:
        raise NotFound()
    if row.sha256 not in (None, part.sha256) and row.size_bytes and not row.inherited:
        raise FileHeldBefore()
    return service.receive(session, intake.read(session, found.plan_id, found.xml), [part], who)


def clear_file(session: Session, submission_id: int, name: str, who: Carrier) -> None:
    """Take a file off a record; it is held apart, so that it can come back.

    Raises:
        NotFound: the record has none of that name.
    """
    found = attachments.locked(session, submission_id)
    taken = attachments.clear(session, found, name)
    ids = holding.ids_of(instance.parse(found.xml))
    why = holding.FILE_CLEARED_WHY
    holding.hold(session, found.xml, [taken], holding.FILE_CLEARED, why, who, ids)
    journal.write(
        session, who.actor, "submission.file-cleared", "submission", found.id, found.plan_id,
        name=taken.name, sha256=taken.sha256,
    )  # fmt: skip
