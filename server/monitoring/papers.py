"""Verbs about a record's papers: its checklist, the files kept with it, its working sessions."""

import datetime as dt
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from server import clock, journal, text
from server.files import Files
from server.journal import Actor
from server.monitoring.models import Record
from server.monitoring.problems import BadSessionTime, UnknownDocument
from server.monitoring.record_models import (
    Document,
    DocumentFile,
    DocumentState,
    Participant,
    WorkingSession,
)

DEFAULTS = Path(__file__).parent / "data" / "documents.yaml"
MAX_FILE_BYTES = 20_000_000
_KINDS: tuple[tuple[bytes, dict[str, str]], ...] = (
    (b"%PDF-", {"pdf": "application/pdf"}),
    (b"\xff\xd8\xff", {"jpg": "image/jpeg", "jpeg": "image/jpeg"}),
    (b"\x89PNG\r\n\x1a\n", {"png": "image/png"}),
    (
        b"PK\x03\x04",
        {
            "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        },
    ),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        {"doc": "application/msword", "xls": "application/vnd.ms-excel"},
    ),
)


@functools.cache
def defaults() -> tuple[dict[str, str], ...]:
    """Return what every unit is asked to show: code, title, title_en."""
    import yaml  # a server seldom reads it

    return tuple(yaml.safe_load(DEFAULTS.read_text(encoding="utf-8")))


def open_checklists(session: Session, records: Sequence[Record]) -> None:
    """Give new records the lines of the standing checklist."""
    rows = [{"record_id": record.id, **line} for record in records for line in defaults()]
    if rows:
        session.execute(insert(Document), rows)


def ask_for(
    session: Session, record: Record, title: str, due_on: dt.date | None, actor: Actor
) -> Document:
    """Add a document that the team asks for on the spot, with the day it is due."""
    record.plan.must_be_open()
    query = select(func.count()).where(Document.record_id == record.id)
    code = f"x{(session.scalar(query) or 0) + 1:02d}"
    document = Document(record_id=record.id, code=code, title=text.clean(title), due_on=due_on)
    session.add(document)
    session.flush()
    _tell(session, actor, "document.asked", record, code=code)
    return document


def note(
    session: Session,
    document: Document,
    state: DocumentState,
    actor: Actor,
    number: str = "",
    dated_on: dt.date | None = None,
    remark: str = "",
) -> None:
    """Note what became of a document; `number` and `dated_on` are the document's own."""
    document.record.plan.must_be_open()
    document.state, document.dated_on = state, dated_on
    document.number, document.note = text.clean(number), text.clean(remark)
    session.flush()
    _tell(session, actor, "document.noted", document.record, code=document.code, state=state.value)


def kind_of(name: str, data: bytes) -> str:
    """Return the content type of a document file, by its ending and its first bytes together.

    Raises:
        UnknownDocument: not of a kind that offices use, its content another than its name says,
            or larger than MAX_FILE_BYTES.
    """
    ending = name.rpartition(".")[2].lower()
    if len(data) <= MAX_FILE_BYTES:
        for start, types in _KINDS:
            if ending in types and data.startswith(start):
                return types[ending]
    raise UnknownDocument(file=name, megabytes=MAX_FILE_BYTES // 1_000_000)


def attach(
    session: Session, files: Files, document: Document, name: str, data: bytes, actor: Actor
) -> DocumentFile:
    """Keep a file with a document; the same bytes once.

    Raises:
        UnknownDocument: it is not taken.
    """
    document.record.plan.must_be_open()
    name = text.clean(name)[-120:]
    content_type = kind_of(name, data)
    kept = files.keep_bytes(data)
    for held in document.files:
        if held.sha256 == kept.sha256:
            return held
    found = DocumentFile(
        name=name,
        sha256=kept.sha256,
        size_bytes=kept.size_bytes,
        content_type=content_type,
        added_at=clock.now(),
        added_by=actor.name,
    )
    document.files.append(found)
    session.flush()
    _tell(
        session, actor, "document.file-added", document.record,
        code=document.code, sha256=kept.sha256,
    )  # fmt: skip
    return found


def detach(session: Session, found: DocumentFile, actor: Actor) -> None:
    """Take a file away from its document; the journal keeps which it was."""
    document = found.document
    document.record.plan.must_be_open()
    document.files.remove(found)
    session.delete(found)
    session.flush()
    _tell(
        session, actor, "document.file-removed", document.record,
        code=document.code, sha256=found.sha256,
    )  # fmt: skip


@dataclass(frozen=True)
class Present:
    """Somebody at a working session."""

    name: str
    post: str = ""
    agency: str = ""


def keep_session(
    session: Session,
    record: Record,
    actor: Actor,
    starts_at: dt.datetime,
    ends_at: dt.datetime | None,
    place: str,
    content: str,
    conclusions: str,
    present: Sequence[Present],
    held: WorkingSession | None = None,
) -> WorkingSession:
    """Keep a working session (buổi làm việc) of the record: a new one, or `held` as changed.

    Raises:
        BadSessionTime: it would end before it starts.
    """
    record.plan.must_be_open()
    if ends_at is not None and ends_at < starts_at:
        raise BadSessionTime()
    found = held or WorkingSession(record_id=record.id)
    found.starts_at, found.ends_at, found.place = starts_at, ends_at, text.clean(place)
    found.content, found.conclusions = content.strip(), conclusions.strip()
    found.participants = [
        Participant(
            position=position,
            name=text.clean(each.name),
            post=text.clean(each.post),
            agency=text.clean(each.agency),
        )
        for position, each in enumerate(present)
    ]
    session.add(found)
    session.flush()
    verb = "session.changed" if held else "session.added"
    _tell(session, actor, verb, record, sitting=found.id, present=len(present))
    return found


def remove_session(session: Session, held: WorkingSession, actor: Actor) -> None:
    """Take back a working session that was noted by mistake."""
    record = held.record
    record.plan.must_be_open()
    number = held.id
    session.delete(held)
    session.flush()
    _tell(session, actor, "session.removed", record, sitting=number)


def documents(session: Session, record_id: int) -> Sequence[Document]:
    """Return a record's checklist in its order, files loaded."""
    return session.scalars(
        select(Document).where(Document.record_id == record_id).order_by(Document.id)
    ).all()


def sessions(session: Session, record_id: int) -> Sequence[WorkingSession]:
    """Return a record's working sessions in the order of time, participants loaded."""
    return session.scalars(
        select(WorkingSession)
        .where(WorkingSession.record_id == record_id)
        .order_by(WorkingSession.starts_at, WorkingSession.id)
    ).all()


def _tell(session: Session, actor: Actor, verb: str, record: Record, **detail: object) -> None:
    journal.write(session, actor, verb, "record", record.id, record.plan.id, **detail)
