"""Corrections made at a desk: a reviewer changes answers of a record and says why."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import text
from server.submissions import service
from server.submissions.intake import KeptPart, Sent
from server.submissions.models import Submission
from server.submissions.problems import EditOfAnotherRecord, EditReasonNeeded, ReviewMoved
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

    Files that come later, or the same sent again, find the correction stored and join it.

    Raises:
        ReviewMoved: the record was edited or decided on since.
        EditOfAnotherRecord: `sent` is not made of this record's content.
    """
    if sent.known.submission_id is None:
        _must_be_current(session, submission_id, revision, sent)
        sent.reason = reason
    elif sent.known.submission_id != submission_id:
        raise EditOfAnotherRecord()
    return service.receive(session, sent, parts, who)


def _must_be_current(session: Session, submission_id: int, revision: int, sent: Sent) -> None:
    found = session.execute(
        select(Submission.revision, Submission.form_pk, Submission.instance_id)
        .where(Submission.id == submission_id)
        .with_for_update()
    ).one()
    if found.revision != revision:
        raise ReviewMoved("đã có bản sửa hoặc quyết định khác", "there is another edit or decision")
    if (found.form_pk, found.instance_id) != (sent.known.form_pk, sent.instance.deprecated_id):
        raise EditOfAnotherRecord()
