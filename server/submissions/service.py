"""Verbs about filled forms: store one once, let an edit supersede it, take in what was held."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server import clock, journal
from server.db import table
from server.journal import Actor
from server.often import Often
from server.submissions import attachments, editing, holding, intake, joining
from server.submissions.attachments import Merged, keep
from server.submissions.holding import OTHER_FILE, OTHER_FILE_WHY, dismiss, hold
from server.submissions.intake import KeptPart, Sent
from server.submissions.models import Held, HeldState, Submission, SubmissionVersion
from server.submissions.problems import InstanceConflict
from server.teams.service import Carrier

__all__ = [
    "OTHER_FILE",
    "Receipt",
    "dismiss",
    "hold",
    "keep",
    "receive",
    "reingest",
    "take_in_edit",
]


@dataclass(frozen=True)
class Receipt:
    """What we can promise about a submission once the transaction is committed.

    Without `submission_id` it is an edit that waits for its original.
    """

    submission_id: int | None
    instance_id: str
    named: int
    held: int
    new: bool
    changed: bool


def receive(session: Session, sent: Sent, parts: Sequence[KeptPart], phone: Carrier) -> Receipt:
    """Store one filled form, once, with the files that came along.

    A phone that lost our answer sends the same bytes again: that is the same submission, not an
    error. Files may come in any order and number, over several requests. An edit becomes the
    newest content of its record; one that comes before its original is held until that is here.

    Raises:
        InstanceConflict: we hold this instanceID with other bytes.
        EditOutdated, EditOfAnotherForm, EditOfAnotherPlan: see `editing.original`.
    """
    receipt = _store(session, sent, parts, phone)
    if receipt is not None:
        return receipt
    ids = holding.ids_of(sent.instance)
    why = holding.AWAITS_ORIGINAL_WHY
    hold(session, sent.xml, parts, holding.AWAITS_ORIGINAL, why, phone, ids)
    return Receipt(None, sent.instance.instance_id, 0, 0, False, True)


def _store(
    session: Session, sent: Sent, parts: Sequence[KeptPart], phone: Carrier, alone: bool = False
) -> Receipt | None:
    """Do what `receive` does; None when an edit's original is not here. `alone`: no edit."""
    if sent.known.submission_id is None:
        if sent.known.awaited:
            receipt = _older(session, sent, parts, phone)
        elif sent.instance.deprecated_id and not alone:
            receipt = _supersede(session, sent, parts, phone)
        else:
            receipt = _first(session, sent, parts, phone)
        if receipt is not None:
            return receipt
        sent.known = intake.again(session, sent)
        if sent.known.submission_id is None:
            return None
    if sent.known.xml_sha256 != sent.instance.xml_sha256:
        raise InstanceConflict(instance_id=sent.instance.instance_id)
    return _more(session, sent.known.submission_id, sent, parts, phone)


def _supersede(
    session: Session, sent: Sent, parts: Sequence[KeptPart], phone: Carrier
) -> Receipt | None:
    """Store an edit; None when its original is not here, or the edit is by now."""
    submission_id = editing.original(session, sent)
    if submission_id is None:
        return None
    named, held = editing.supersede(session, submission_id, sent, parts, phone)
    return _new(session, "submission.edited", submission_id, sent, parts, phone, named, held)


def _older(
    session: Session, sent: Sent, parts: Sequence[KeptPart], phone: Carrier
) -> Receipt | None:
    """Store what comes after its own edit; None when it is here by now."""
    joined = joining.join(session, sent, parts, phone)
    if joined is None:
        return None
    submission_id, held = joined
    verb = "submission.original-joined"
    return _new(session, verb, submission_id, sent, parts, phone, len(sent.named), held)


def _first(
    session: Session, sent: Sent, parts: Sequence[KeptPart], phone: Carrier
) -> Receipt | None:
    """Store a record; None when one with this instanceID is there already."""
    submission_id = _insert(session, sent, parts, phone)
    if submission_id is None:
        return None
    if sent.instance.deprecated_id:
        joining.await_original(session, submission_id, sent)
    named = sent.named
    held = attachments.first_files(session, submission_id, named, parts)
    verb = "submission.received"
    return _new(session, verb, submission_id, sent, parts, phone, len(named), held)


def _new(
    session: Session,
    verb: str,
    submission_id: int,
    sent: Sent,
    parts: Sequence[KeptPart],
    phone: Carrier,
    named: int,
    held: int,
) -> Receipt:
    _tell(session, verb, submission_id, sent, phone, len(parts))
    _hold_apart(session, sent, attachments.under_a_taken_name(parts), phone)
    return Receipt(submission_id, sent.instance.instance_id, named, held, True, True)


def _insert(session: Session, sent: Sent, parts: Sequence[KeptPart], phone: Carrier) -> int | None:
    """Insert the submission; None when one with this instanceID is there already."""
    names = set(sent.named)
    inserted = _INSERT.run(
        session,
        {
            **intake.content(sent),
            "root_instance_id": sent.instance.instance_id,
            "number": joining.FIRST_NUMBER if sent.instance.deprecated_id else 1,
            "plan_id": phone.plan_id,
            "form_pk": sent.known.form_pk,
            "received_at": clock.now(),
            "phone_id": phone.phone_id,
            "person_id": phone.person_id,
            "team_id": phone.team_id,
            "files_named": len(names),
            "files_held": len(names & {part.name for part in parts}),
        },
    )
    return inserted[0] if inserted else None


def _insert_submission(dialect: str) -> Any:
    """Return the INSERT of a submission.

    The instanceID is tried against those that records first came under, too: one that an edit has
    superseded meanwhile is no new record.
    """
    engine: Any = postgresql if dialect == "postgresql" else sqlite
    found = engine.insert(table(Submission)).on_conflict_do_nothing()
    return found.returning(table(Submission).c.id)


_INSERT = Often(_insert_submission)


def _more(
    session: Session, submission_id: int, sent: Sent, parts: Sequence[KeptPart], phone: Carrier
) -> Receipt:
    """Add files that came later, to the content that they came for."""
    submission = attachments.locked(session, submission_id)
    instance_id = sent.instance.instance_id
    if submission.instance_id == instance_id:
        merged = attachments.merge(session, submission, parts)
    else:
        merged = _to_superseded(session, submission, instance_id, parts)
    if merged.changed:
        _tell(session, "submission.files-received", submission_id, sent, phone, len(parts))
    _hold_apart(session, sent, merged.others, phone)
    return Receipt(
        submission_id,
        instance_id,
        submission.files_named,
        submission.files_held,
        False,
        merged.changed or bool(merged.others),
    )


def _to_superseded(
    session: Session, submission: Submission, instance_id: str, parts: Sequence[KeptPart]
) -> Merged:
    version_id = session.scalars(
        select(SubmissionVersion.id).where(
            SubmissionVersion.submission_id == submission.id,
            SubmissionVersion.instance_id == instance_id,
        )
    ).one()
    return attachments.merge_before(session, submission, version_id, parts)


def _hold_apart(session: Session, sent: Sent, others: Sequence[KeptPart], phone: Carrier) -> None:
    if others:
        ids = holding.ids_of(sent.instance)
        hold(session, sent.xml, others, OTHER_FILE, OTHER_FILE_WHY, phone, ids)


def _tell(
    session: Session, verb: str, submission_id: int, sent: Sent, phone: Carrier, files: int
) -> None:
    journal.write(
        session,
        phone.actor,
        verb,
        "submission",
        submission_id,
        phone.plan_id,
        form_id=sent.instance.form_id,
        instance_id=sent.instance.instance_id,
        files=files,
    )


def reingest(session: Session, held: Held, phone: Carrier, actor: Actor) -> Receipt:
    """Take in something held, now that the plan can understand it.

    An edit whose original never came becomes a record of its own, which that joins if it comes.

    Raises:
        AlreadySettled: it was taken in or put aside before.
        Problem: the same refusal as before, when nothing has been mended since.
    """
    sent, parts = _held(session, held)
    receipt = _store(session, sent, parts, phone) or _store(session, sent, parts, phone, True)
    assert receipt is not None  # noqa: S101 - a record of its own needs no original
    return _taken_in(session, held, receipt, actor)


def take_in_edit(session: Session, held: Held, phone: Carrier, actor: Actor) -> Receipt | None:
    """Take in an edit that was held for its original; None when that is still not here.

    Raises:
        AlreadySettled: it was taken in or put aside before.
        Problem: it can no longer become the newest content, for a reason that `receive` names.
    """
    sent, parts = _held(session, held)
    receipt = _store(session, sent, parts, phone)
    return None if receipt is None else _taken_in(session, held, receipt, actor)


def _held(session: Session, held: Held) -> tuple[Sent, list[KeptPart]]:
    holding.must_wait(held)
    parts = [
        KeptPart(file.name, file.content_type, file.sha256, file.size_bytes) for file in held.files
    ]
    return intake.read(session, held.plan_id, held.xml), parts


def _taken_in(session: Session, held: Held, receipt: Receipt, actor: Actor) -> Receipt:
    held.state, held.submission_id = HeldState.INGESTED, receipt.submission_id
    holding.settle(session, held, actor)
    return receipt
