"""Encrypted forms opened: for one answer, or taken in as the record's content."""

import hashlib
import mimetypes
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Integer, and_, cast, func, select
from sqlalchemy.orm import Session, joinedload, selectinload, undefer

from server import clock, journal
from server.cipher import PrivateKey
from server.files import Files
from server.journal import Actor
from server.submissions import attachments, instance, intake, sealed, sealed_edits
from server.submissions.intake import KeptPart, Known, Sent
from server.submissions.models import Submission, SubmissionFile, SubmissionOpened
from server.submissions.problems import DamagedSeal, NotSealed
from server.submissions.sealed import Opened
from server.surveys.models import Form, FormVersion

_WHOLE = and_(Submission.encrypted, Submission.files_held >= Submission.files_named)


@dataclass(frozen=True)
class Waiting:
    """How many encrypted forms with one key wait; `whole` of them have all their files."""

    form: Form
    key_id: int | None
    count: int
    whole: int


def waiting(session: Session, plan_id: int) -> list[Waiting]:
    """Return what waits to be decrypted in a plan, by form and key."""
    whole = func.sum(cast(Submission.files_held >= Submission.files_named, Integer))
    counted = (
        select(Submission.form_pk, FormVersion.key_id, func.count(), whole)
        .join(FormVersion, FormVersion.id == Submission.version_id)
        .where(Submission.plan_id == plan_id, Submission.encrypted)
        .group_by(Submission.form_pk, FormVersion.key_id)
    )
    rows = session.execute(counted).all()
    forms = {
        form.id: form
        for form in session.scalars(select(Form).where(Form.id.in_({row[0] for row in rows})))
    }
    found = [Waiting(forms[form_pk], key_id, n, whole or 0) for form_pk, key_id, n, whole in rows]
    return sorted(found, key=lambda each: (each.form.title, each.form.id, each.key_id or 0))


def whole(
    session: Session, form_pk: int, key_id: int, after: int, limit: int
) -> Sequence[Submission]:
    """Return the next encrypted forms that have all their files, oldest first."""
    query = (
        select(Submission)
        .join(FormVersion, FormVersion.id == Submission.version_id)
        .where(Submission.form_pk == form_pk, FormVersion.key_id == key_id)
        .where(_WHOLE, Submission.id > after)
        .order_by(Submission.id)
        .limit(limit)
        .options(
            undefer(Submission.xml),
            selectinload(Submission.files),
            joinedload(Submission.form),
            joinedload(Submission.version),
        )
    )
    return session.scalars(query).all()


def opened(files: Files, found: Submission, private: PrivateKey) -> Opened:
    """Return what is inside an encrypted form; stores nothing.

    Raises:
        NotSealed: it is not encrypted, or was taken in before.
        Problem: one of those of `sealed.open_with`.
    """
    if not found.encrypted:
        raise NotSealed()
    held = {file.name: file.sha256 for file in found.files}

    def source(name: str) -> Iterable[bytes] | None:
        sha256 = held.get(instance.key(name)[: intake.LONGEST_NAME])
        if sha256 is None:
            return None
        if files.size(sha256) is None:
            raise DamagedSeal(what=name)
        return files.chunks(sha256)

    return sealed.open_with(private, sealed.read(found.xml), source)


def kept(files: Files, inside: Opened) -> list[KeptPart]:
    """Store the decrypted files, safely, before any row names them."""
    parts = []
    for file in inside.files:
        with tempfile.TemporaryFile() as stream:
            for piece in inside.chunks(file):
                stream.write(piece)
            found = files.keep(stream)
        kind = mimetypes.guess_type(file.name)[0] or intake.OCTETS
        parts.append(KeptPart(file.name, kind, found.sha256, found.size_bytes))
    return parts


def take_in(
    session: Session, submission_id: int, inside: Opened, parts: Sequence[KeptPart], actor: Actor
) -> int:
    """Make the decrypted answers and files those of the record, and return the record.

    Only here is it seen that a form is an edit. It becomes the newest content of the record that
    it was made of, which is returned then; when that has yet to come, it will join this one.

    Raises:
        NotSealed: somebody has done so before.
        OriginalSealed: it is an edit of a form that is still encrypted.
    """
    found = attachments.locked(session, submission_id)
    if not found.encrypted:
        raise NotSealed()
    sent = Sent(inside.xml, instance.parse(inside.xml), _known(found))
    intake.understand(sent, intake.reader(session, found.version_id))
    if found.number == 1 and sent.instance.deprecated_id:
        original = sealed_edits.original(session, found, sent.instance.deprecated_id)
        if original is not None:
            sealed_edits.join(session, found, original, sent, parts, actor)
            _keep_inside(session, original, inside, len(parts), actor)
            return original.id
        sealed_edits.await_original(session, found, sent)
    _fill(found, sent)
    _add_files(found, parts)
    _keep_inside(session, found, inside, len(parts), actor)
    return found.id


def _keep_inside(
    session: Session, found: Submission, inside: Opened, files: int, actor: Actor
) -> None:
    """Keep the decrypted answers beside the encrypted bytes of a record's newest content."""
    digest = hashlib.sha256(inside.xml).hexdigest()
    session.add(
        SubmissionOpened(
            submission_id=found.id,
            number=found.number,
            xml=inside.xml,
            xml_sha256=digest,
            opened_at=clock.now(),
            opened_by=actor.name,
        )
    )
    session.flush()
    journal.write(
        session, actor, "submission.opened", "submission", found.id, found.plan_id,
        instance_id=found.instance_id, sha256=digest, files=files,
    )  # fmt: skip


def _known(found: Submission) -> Known:
    return Known(found.form_pk, found.version_id, found.id, found.xml_sha256)


def _fill(found: Submission, sent: Sent) -> None:
    """Set the columns that a form sent in the plain has from its beginning."""
    found.encrypted, found.revision = False, found.revision + 1
    found.deprecated_id = sent.instance.deprecated_id or found.deprecated_id
    found.answers, found.oddities = sent.reading.answers, sent.reading.oddities
    found.label, found.device_id = sent.label, sent.device
    found.started_at, found.ended_at = sent.started_at, sent.ended_at
    found.latitude, found.longitude = sent.point.get("lat"), sent.point.get("lon")
    found.accuracy_m = sent.point.get("accuracy")


def _add_files(found: Submission, parts: Sequence[KeptPart]) -> None:
    taken = {file.name for file in found.files}
    for part in parts:
        taken.add(name := _free(part.name, taken))
        found.files.append(
            SubmissionFile(
                name=name,
                sha256=part.sha256,
                size_bytes=part.size_bytes,
                content_type=part.content_type,
                received_at=clock.now(),
            )
        )


def _free(name: str, taken: set[str]) -> str:
    """Return `name`, numbered when another file of the record has it already."""
    found, number = name[: intake.LONGEST_NAME], 1
    while found in taken:
        number += 1
        found = f"{number}-{name}"[: intake.LONGEST_NAME]
    return found


def note_reading(session: Session, ids: Sequence[tuple[int, int]], actor: Actor) -> None:
    """Write that encrypted forms were read; `ids` are those of the records and their plan."""
    for submission_id, plan_id in ids:
        journal.write(
            session, actor, "submission.read-sealed", "submission", submission_id, plan_id
        )
