"""Quarantine: what a phone sent and we do not take as a record, kept whole for the office."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock, journal
from server.db import insert_or_leave
from server.journal import Actor
from server.submissions.instance import Instance
from server.submissions.intake import KeptPart
from server.submissions.models import Held, HeldFile, HeldState
from server.submissions.problems import AlreadySettled
from server.teams.models import Phone
from server.teams.service import Carrier

OTHER_FILE = "submissions.other-file"
OTHER_FILE_WHY = (
    "Tệp cùng tên đã nhận trước đó có nội dung khác; bản đầu được giữ, bản này để riêng."
)
FILE_CLEARED = "submissions.file-cleared"
FILE_CLEARED_WHY = (
    "Tệp đã được gỡ khỏi phiếu theo yêu cầu của người duyệt; bản gốc được giữ riêng ở đây."
)
AWAITS_ORIGINAL = "submissions.edit-awaits-original"
AWAITS_ORIGINAL_WHY = (
    "Bản sửa đến trước bản gốc: máy chủ giữ lại và tự nhận vào khi bản gốc được gửi lên."
)


@dataclass(frozen=True)
class Ids:
    """What something calls itself: form, version, instanceID, and the one it is an edit of."""

    form_id: str | None = None
    version: str | None = None
    instance_id: str | None = None
    deprecated_id: str | None = None


NAMELESS = Ids()


def ids_of(found: Instance) -> Ids:
    """Return what a filled form calls itself."""
    return Ids(found.form_id, found.version, found.instance_id, found.deprecated_id or None)


def hold(
    session: Session,
    xml: bytes,
    parts: Sequence[KeptPart],
    reason: str,
    explanation: str,
    phone: Carrier,
    ids: Ids = NAMELESS,
) -> Held:
    """Keep, for the office, something that we do not take: once per content, retries counted."""
    now = clock.now()
    content = hashlib.sha256(xml).hexdigest()
    session.execute(
        insert_or_leave(session, Held, ["plan_id", "content_sha256"]),
        {
            "plan_id": phone.plan_id,
            "content_sha256": content,
            "reason": reason,
            "explanation": explanation,
            **ids.__dict__,
            "xml": xml,
            "phone_id": phone.phone_id,
            "person_id": phone.person_id,
            "team_id": phone.team_id,
            "state": HeldState.WAITING,
            "first_at": now,
            "last_at": now,
            "times": 0,
        },
    )
    held = session.scalars(
        select(Held)
        .where(Held.plan_id == phone.plan_id, Held.content_sha256 == content)
        .with_for_update(of=Held)
        .execution_options(populate_existing=True)
    ).one()
    held.last_at, held.times = now, held.times + 1
    if _add_files(held, parts) and held.state is HeldState.INGESTED and reason == OTHER_FILE:
        held.state, held.reason, held.explanation = HeldState.WAITING, reason, explanation
        held.settled_by = held.settled_at = None
    session.flush()
    if held.times == 1:
        journal.write(
            session, phone.actor, "submission.held", "held", held.id, phone.plan_id, reason=reason
        )
    return held


def _add_files(held: Held, parts: Sequence[KeptPart]) -> bool:
    """Add the files that are not there yet; tell whether there were any."""
    known = {(file.name, file.sha256) for file in held.files}
    before = len(known)
    for part in parts:
        if (part.name, part.sha256) not in known:
            held.files.append(
                HeldFile(
                    name=part.name,
                    sha256=part.sha256,
                    size_bytes=part.size_bytes,
                    content_type=part.content_type,
                )
            )
            known.add((part.name, part.sha256))
    return len(known) > before


def dismiss(session: Session, held: Held, actor: Actor) -> None:
    """Put something held aside; its bytes stay.

    Raises:
        AlreadySettled: it was taken in or put aside before.
    """
    must_wait(held)
    held.state = HeldState.DISMISSED
    settle(session, held, actor)


def must_wait(held: Held) -> None:
    """Refuse what somebody has dealt with before.

    Raises:
        AlreadySettled: it was taken in or put aside before.
    """
    if held.state is not HeldState.WAITING:
        raise AlreadySettled(who=held.settled_by or "")


def settle(session: Session, held: Held, actor: Actor) -> None:
    """Note who dealt with something held."""
    held.settled_by, held.settled_at = actor.name, clock.now()
    session.flush()
    journal.write(
        session, actor, f"held.{held.state.value}", "held", held.id, held.plan_id,
        submission=held.submission_id,
    )  # fmt: skip


def carrier_of(phone: Phone) -> Carrier:
    """Return the carrier that a phone was, also when it has been revoked since."""
    return Carrier(phone.id, phone.person_id, phone.person.name, phone.plan_id, phone.team_id, None)


def sender_of(held: Held) -> Carrier | None:
    """Return who sent something held, None when nobody is known.

    A phone counts also when it has been revoked since.
    """
    phone, person = held.phone, held.person
    if phone is not None:
        return carrier_of(phone)
    if person is not None:
        return Carrier(None, person.id, person.name, held.plan_id, held.team_id, None)
    return None
