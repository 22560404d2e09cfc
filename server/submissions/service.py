"""Verbs about filled forms: store one once, hold what cannot be taken, take it in later."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server import clock, journal
from server.db import Model, table
from server.files import Files
from server.journal import Actor
from server.submissions import intake
from server.submissions.intake import KeptPart, Part, Sent
from server.submissions.models import Held, HeldFile, HeldState, Submission, SubmissionFile
from server.submissions.problems import AlreadySettled, InstanceConflict
from server.teams.service import Carrier

OTHER_FILE = "submissions.other-file"


@dataclass(frozen=True)
class Receipt:
    """What we can promise about a submission once the transaction is committed."""

    submission_id: int
    instance_id: str
    named: int
    held: int
    new: bool
    changed: bool


def keep(files: Files, parts: Iterable[Part]) -> list[KeptPart]:
    """Store files under their hashes, safely, before any row names them."""
    kept = []
    for part in parts:
        found = files.keep(part.stream)
        kept.append(KeptPart(part.name, part.content_type, found.sha256, found.size_bytes))
    return kept


def receive(session: Session, sent: Sent, parts: Sequence[KeptPart], phone: Carrier) -> Receipt:
    """Store one filled form, once, with the files that came along.

    A phone that lost our answer sends the same bytes again: that is the same submission, not an
    error. Files may come in any order and number, over several requests.

    Raises:
        InstanceConflict: we hold this instanceID with other bytes.
    """
    submission_id, sha256 = sent.known.submission_id, sent.known.xml_sha256
    new = False
    if submission_id is None:
        submission_id = _insert(session, sent, parts, phone)
        new = submission_id is not None
    if submission_id is None:  # another request with this instanceID came first
        submission_id, sha256 = session.execute(
            select(Submission.id, Submission.xml_sha256).where(
                Submission.form_pk == sent.known.form_pk,
                Submission.instance_id == sent.instance.instance_id,
            )
        ).one()
    if new:
        named, held = _first_files(session, submission_id, sent, parts)
        _tell(session, "submission.received", submission_id, sent, phone, len(parts))
        if others := _under_a_taken_name(parts):
            hold(session, sent.xml, others, OTHER_FILE, _OTHER_FILE_WHY, phone, sent)
        return Receipt(submission_id, sent.instance.instance_id, named, held, True, True)
    if sha256 != sent.instance.xml_sha256:
        raise InstanceConflict(instance_id=sent.instance.instance_id)
    return _merge(session, submission_id, sent, parts, phone)


def _insert(session: Session, sent: Sent, parts: Sequence[KeptPart], phone: Carrier) -> int | None:
    """Insert the submission; None when one with this instanceID is there already."""
    names = set(sent.named)
    inserted: int | None = (
        session.connection()
        .execute(
            _insert_submission(session.get_bind().dialect.name),
            {
                "plan_id": phone.plan_id,
                "form_pk": sent.known.form_pk,
                "version_id": sent.known.version_id,
                "instance_id": sent.instance.instance_id,
                "deprecated_id": sent.instance.deprecated_id or None,
                "encrypted": sent.instance.encrypted,
                "xml": sent.xml,
                "xml_sha256": sent.instance.xml_sha256,
                "received_at": clock.now(),
                "phone_id": phone.phone_id,
                "person_id": phone.person_id,
                "device_id": sent.device,
                "answers": sent.reading.answers,
                "oddities": sent.reading.oddities,
                "label": sent.label,
                "started_at": sent.started_at,
                "ended_at": sent.ended_at,
                "latitude": sent.point.get("lat"),
                "longitude": sent.point.get("lon"),
                "accuracy_m": sent.point.get("accuracy"),
                "team_id": phone.team_id,
                "files_named": len(names),
                "files_held": len(names & {part.name for part in parts}),
            },
        )
        .scalar_one_or_none()
    )
    return inserted


@cache
def _insert_submission(dialect: str) -> Any:
    """Return the INSERT of a submission, put together once for each engine."""
    columns = table(Submission).c
    return _insert_or_leave(dialect, Submission, ["form_pk", "instance_id"]).returning(columns.id)


def _insert_or_leave(dialect: str, model: type[Model], key: list[str]) -> Any:
    """Return an INSERT that does nothing when a row with this key is there already."""
    engine: Any = postgresql if dialect == "postgresql" else sqlite
    return engine.insert(table(model)).on_conflict_do_nothing(index_elements=key)


def _first_files(
    session: Session, submission_id: int, sent: Sent, parts: Sequence[KeptPart]
) -> tuple[int, int]:
    """Write a row for every file that the form names or that came; return (named, held)."""
    now = clock.now()
    came = _first_of_each_name(parts)
    names = dict.fromkeys([*sent.named, *came])
    rows = [
        {
            "submission_id": submission_id,
            "name": name,
            "sha256": came[name].sha256 if name in came else None,
            "size_bytes": came[name].size_bytes if name in came else None,
            "content_type": came[name].content_type if name in came else intake.OCTETS,
            "received_at": now if name in came else None,
        }
        for name in names
    ]
    if rows:
        session.execute(insert(SubmissionFile), rows)
    named = set(sent.named)
    return len(named), len(named & set(came))


def _first_of_each_name(parts: Sequence[KeptPart]) -> dict[str, KeptPart]:
    first: dict[str, KeptPart] = {}
    for part in parts:
        first.setdefault(part.name, part)
    return first


def _under_a_taken_name(parts: Sequence[KeptPart]) -> list[KeptPart]:
    """Return the files of one request whose name another, with other bytes, had before them."""
    first = _first_of_each_name(parts)
    return [part for part in parts if part.sha256 != first[part.name].sha256]


def _merge(
    session: Session, submission_id: int, sent: Sent, parts: Sequence[KeptPart], phone: Carrier
) -> Receipt:
    """Add files that came later. The first bytes under a name stay; others are held apart."""
    submission = session.scalars(
        select(Submission).where(Submission.id == submission_id).with_for_update()
    ).one()
    rows = {row.name: row for row in submission.files}
    changed, others = False, []
    for part in parts:
        row = rows.get(part.name)
        if row is None:
            row = rows[part.name] = SubmissionFile(submission_id=submission_id, name=part.name)
            submission.files.append(row)
        if row.sha256 == part.sha256:
            continue
        if row.sha256 is not None and row.size_bytes:
            others.append(part)
            continue
        row.sha256, row.size_bytes, row.content_type = (
            part.sha256,
            part.size_bytes,
            part.content_type,
        )
        row.received_at = clock.now()
        changed = True
    if changed:
        named = submission.files[: submission.files_named]  # their rows were written first
        submission.files_held = sum(1 for row in named if row.sha256)
        session.flush()
        _tell(session, "submission.files-received", submission_id, sent, phone, len(parts))
    if others:
        hold(session, sent.xml, others, OTHER_FILE, _OTHER_FILE_WHY, phone, sent)
    return Receipt(
        submission_id,
        submission.instance_id,
        submission.files_named,
        submission.files_held,
        False,
        changed or bool(others),
    )


_OTHER_FILE_WHY = (
    "Tệp cùng tên đã nhận trước đó có nội dung khác; bản đầu được giữ, bản này để riêng."
)


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


def hold(
    session: Session,
    xml: bytes,
    parts: Sequence[KeptPart],
    reason: str,
    explanation: str,
    phone: Carrier,
    sent: Sent | None = None,
    ids: tuple[str, str, str] | None = None,
) -> Held:
    """Keep, for the office, something that we do not take: once per content, retries counted."""
    now = clock.now()
    content = hashlib.sha256(xml).hexdigest()
    form_id, version, instance_id = ids or _ids(sent)
    session.execute(
        _insert_or_leave(session.get_bind().dialect.name, Held, ["plan_id", "content_sha256"]),
        {
            "plan_id": phone.plan_id,
            "content_sha256": content,
            "reason": reason,
            "explanation": explanation,
            "form_id": form_id,
            "version": version,
            "instance_id": instance_id,
            "xml": xml,
            "phone_id": phone.phone_id,
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
    ).one()
    held.last_at, held.times = now, held.times + 1
    known = {(file.name, file.sha256) for file in held.files}
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
    session.flush()
    if held.times == 1:
        journal.write(
            session, phone.actor, "submission.held", "held", held.id, phone.plan_id, reason=reason
        )
    return held


def _ids(sent: Sent | None) -> tuple[str | None, str | None, str | None]:
    if sent is None:
        return None, None, None
    return sent.instance.form_id, sent.instance.version, sent.instance.instance_id


def reingest(session: Session, held: Held, phone: Carrier, actor: Actor) -> Receipt:
    """Take in something held, now that the plan can understand it.

    Raises:
        AlreadySettled: it was taken in or put aside before.
        Problem: the same refusal as before, when nothing has been mended since.
    """
    _must_wait(held)
    sent = intake.read(session, held.plan_id, held.xml)
    parts = [
        KeptPart(file.name, file.content_type, file.sha256, file.size_bytes) for file in held.files
    ]
    receipt = receive(session, sent, parts, phone)
    held.state, held.submission_id = HeldState.INGESTED, receipt.submission_id
    _settle(session, held, actor)
    return receipt


def dismiss(session: Session, held: Held, actor: Actor) -> None:
    """Put something held aside; its bytes stay.

    Raises:
        AlreadySettled: it was taken in or put aside before.
    """
    _must_wait(held)
    held.state = HeldState.DISMISSED
    _settle(session, held, actor)


def _must_wait(held: Held) -> None:
    if held.state is not HeldState.WAITING:
        raise AlreadySettled(who=held.settled_by or "")


def _settle(session: Session, held: Held, actor: Actor) -> None:
    held.settled_by, held.settled_at = actor.name, clock.now()
    session.flush()
    journal.write(
        session, actor, f"held.{held.state.value}", "held", held.id, held.plan_id,
        submission=held.submission_id,
    )  # fmt: skip
