"""Who did what to which thing and when; sealed in a hash chain; also the outbox of work.

A line is written in the transaction of the change it tells of. A job seals lines in batches: a
seal hashes its lines and the seal before, so writers never queue for the chain. Lines whose verb
has handlers leave a row in `work`; the job takes those, oldest first, and calls the handlers,
which may run twice and are keyed by the line. Lines carry codes and ids, no personal data.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ForeignKey, Index, bindparam, func, insert, literal, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from server import clock
from server.db import BigId, Instant, Model, table
from server.often import Often

SEALED_AFTER = dt.timedelta(seconds=60)
CLOCKS_APART = dt.timedelta(seconds=5)
MOST_LINES = 5000
GENESIS = "0" * 64


@dataclass(frozen=True)
class Actor:
    """Who does something, and by which way in: page, api, phone, command or job."""

    via: str
    person_id: int | None = None
    name: str = ""


SYSTEM = Actor("job", None, "máy chủ")


class Line(Model):
    """One thing that somebody did. Never updated, never deleted (the database refuses)."""

    __tablename__ = "journal"
    __table_args__ = (
        Index("ix_journal_subject", "subject", "subject_id"),
        Index("ix_journal_plan", "plan_id", "id"),
        Index("ix_journal_verb", "verb", "id"),
        Index("ix_journal_person", "person_id", "id"),
        Index("ix_journal_at", "at", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[dt.datetime]
    via: Mapped[str]
    person_id: Mapped[int | None]
    actor: Mapped[str]
    verb: Mapped[str]
    subject: Mapped[str]
    subject_id: Mapped[str]
    plan_id: Mapped[int | None]
    detail: Mapped[dict[str, Any]]


class Work(Model):
    """A line whose handlers have not all succeeded yet."""

    __tablename__ = "work"

    line_id: Mapped[int] = mapped_column(BigId, ForeignKey("journal.id"), primary_key=True)
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[dt.datetime]
    error: Mapped[str | None]


class Seal(Model):
    """A hash over the lines from `first_id` to `last_id` and over the seal before."""

    __tablename__ = "journal_seal"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_id: Mapped[int] = mapped_column(BigId)
    last_id: Mapped[int] = mapped_column(BigId, unique=True)
    lines: Mapped[int]
    at: Mapped[dt.datetime]
    prev_sha256: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[str] = mapped_column(unique=True)


Found = TypeVar("Found")
Write = Callable[[Session], None]
Handler = Callable[[Session, Line], Write | None]
_handlers: dict[str, list[Handler]] = {}


def handles(verb: str) -> Callable[[Handler], Handler]:
    """Register a function that is called, by the job, with every line of `verb`."""

    def register(handler: Handler) -> Handler:
        _handlers.setdefault(verb, []).append(handler)
        return handler

    return register


def handlers(verb: str) -> list[Handler]:
    """Return what happens after `verb`, in the order of registration."""
    return _handlers.get(verb, [])


def once(session: Session, key: Hashable, ask: Callable[[], Found]) -> Found:
    """Return what `ask` finds; while the lines of a batch are read it is asked once for all."""
    kept = session.info.get(READING)
    if kept is None:
        return ask()
    if key not in kept:
        kept[key] = ask()
    found: Found = kept[key]
    return found


READING = "reading"
"""Where a session keeps what handlers have found, from a batch's first reading to its last."""

_WRITE = insert(table(Line)).returning(table(Line).c.id)
_WORK = insert(table(Work))


def _with_work(engine: str) -> Any:
    """Return the statement that writes a line and the work after it; SQLite needs two."""
    if engine == "sqlite":
        return _WRITE
    line = _WRITE.values({column.key: bindparam(column.key) for column in _TOLD}).cte("line")
    rows = select(line.c.id, literal(0), bindparam("at", type_=Instant()))
    return (
        select(line.c.id)
        .add_cte(line)
        .add_cte(_WORK.from_select(["line_id", "attempts", "next_at"], rows).cte("work_"))
    )


_TOLD = [column for column in table(Line).columns if not column.primary_key]
_WRITE_ONE = Often(lambda _engine: _WRITE)
_WRITE_WITH_WORK = Often(_with_work)
_WORK_ONE = Often(lambda _engine: _WORK)


def write(
    session: Session,
    actor: Actor,
    verb: str,
    subject: str,
    subject_id: object,
    plan_id: int | None = None,
    **detail: object,
) -> int:
    """Write that `actor` did `verb` to a thing, in the caller's transaction; return the line's id.

    `verb` reads 'submission.received'; `subject` is the table's noun and `subject_id` its key.
    """
    at = clock.now()
    followed = verb in _handlers
    written = (_WRITE_WITH_WORK if followed else _WRITE_ONE).run(
        session,
        {
            "at": at,
            "via": actor.via,
            "person_id": actor.person_id,
            "actor": actor.name,
            "verb": verb,
            "subject": subject,
            "subject_id": str(subject_id),
            "plan_id": plan_id,
            "detail": detail,
        },
    )
    assert written is not None  # noqa: S101 - an INSERT without a condition
    line_id: int = written[0]
    if followed and session.get_bind().dialect.name == "sqlite":
        work = {"line_id": line_id, "attempts": 0, "next_at": at, "error": None}
        _WORK_ONE.run(session, work)
    return line_id


def write_each(
    session: Session,
    actor: Actor,
    verb: str,
    subject: str,
    told: Iterable[tuple[object, Mapping[str, object]]],
    plan_id: int | None = None,
) -> None:
    """Write that `actor` did `verb` to each of many things, given with what is told of it.

    The same lines as `write` gives, in their order, in two statements.
    """
    at = clock.now()
    lines = [
        {
            "at": at,
            "via": actor.via,
            "person_id": actor.person_id,
            "actor": actor.name,
            "verb": verb,
            "subject": subject,
            "subject_id": str(subject_id),
            "plan_id": plan_id,
            "detail": dict(detail),
        }
        for subject_id, detail in told
    ]
    if not lines:
        return
    ids = session.scalars(_WRITE, lines).all()
    if verb in _handlers:
        work = [{"line_id": i, "attempts": 0, "next_at": at, "error": None} for i in ids]
        session.connection().execute(_WORK, work)


def seal(session: Session, up_to: dt.datetime | None = None) -> int:
    """Seal the lines older than a minute that are not sealed yet; return how many.

    A seal covers every number up to its last one, so it stops before the first line that is too
    young, whatever stands behind it: a clock that was set back gives later lines earlier times.
    """
    horizon = _before_open_writers(session, up_to or clock.now() - SEALED_AFTER)
    last = session.scalars(select(Seal).order_by(Seal.id.desc()).limit(1)).first()
    batch = _next_lines(session, last.last_id if last else None, horizon)
    if not batch:
        return 0
    prev = last.sha256 if last else GENESIS
    session.add(
        Seal(
            first_id=batch[0].id,
            last_id=batch[-1].id,
            lines=len(batch),
            at=clock.now(),
            prev_sha256=prev,
            sha256=_digest(prev, batch),
        )
    )
    session.flush()
    return len(batch)


def _next_lines(session: Session, after: int | None, horizon: dt.datetime) -> Sequence[Line]:
    """Return the lines behind number `after`, up to the first one younger than `horizon`."""
    query = select(Line).order_by(Line.id).limit(MOST_LINES)
    young = select(func.min(Line.id)).where(Line.at > horizon)
    if after is not None:
        query, young = query.where(Line.id > after), young.where(Line.id > after)
    first_young = session.scalar(young)
    if first_young is not None:
        query = query.where(Line.id < first_young)
    return session.scalars(query).all()


# The database's own workers write too, as when they clean up behind us, but no lines.
_OPEN_WRITERS = text(
    "SELECT min(xact_start) FROM pg_stat_activity WHERE backend_xid IS NOT NULL "
    "AND datname = current_database() AND pid <> pg_backend_pid() "
    "AND backend_type = 'client backend'"
)


def _before_open_writers(session: Session, horizon: dt.datetime) -> dt.datetime:
    """Return `horizon`, or the start of the oldest writer that has not committed yet.

    On PostgreSQL a line with a lower number may become visible after one with a higher number;
    SQLite has one writer at a time.
    """
    if session.get_bind().dialect.name != "postgresql":
        return horizon
    oldest = session.scalar(_OPEN_WRITERS)
    return horizon if oldest is None else min(horizon, oldest - CLOCKS_APART)


def _digest(prev: str, lines: Iterable[Line]) -> str:
    digest = hashlib.sha256(prev.encode())
    for line in lines:
        digest.update(canonical(line))
        digest.update(b"\n")
    return digest.hexdigest()


def canonical(line: Line) -> bytes:
    """Return the bytes of a line that a seal covers: JSON, sorted keys, no spaces, UTF-8."""
    return json.dumps(
        {
            "id": line.id,
            "at": line.at.isoformat(timespec="microseconds"),
            "via": line.via,
            "person_id": line.person_id,
            "actor": line.actor,
            "verb": line.verb,
            "subject": line.subject,
            "subject_id": line.subject_id,
            "plan_id": line.plan_id,
            "detail": line.detail,
        },
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    ).encode()


@dataclass(frozen=True)
class Broken:
    """The first place at which the journal does not match its seals."""

    seal_id: int
    first_id: int
    last_id: int
    why: str


def verify(session: Session) -> Iterator[Broken]:
    """Re-compute every seal and give each that does not match, oldest first.

    A line changed, added or taken away under a seal shows there. What no seal covers yet, and
    the newest seals themselves, are protected only by the database's own refusal to change them,
    and by whoever has noted the newest hash elsewhere.
    """
    for found, why in checked(session):
        if why:
            yield Broken(found.id, found.first_id, found.last_id, why)


def checked(session: Session, since: Seal | None = None) -> Iterator[tuple[Seal, str]]:
    """Give each seal, oldest first, with what is wrong with it; '' for those that hold.

    `since` is a seal that was found to hold already: those after it follow.
    """
    prev, after = (since.sha256, since.last_id) if since else (GENESIS, None)
    query = select(Seal).order_by(Seal.id).execution_options(yield_per=50)
    if since is not None:
        query = query.where(Seal.id > since.id)
    with closing(session.scalars(query)) as seals:  # whoever reads may stop at any of them
        for found in seals:
            yield found, _fault(session, found, after, prev)
            prev, after = found.sha256, found.last_id


def _fault(session: Session, found: Seal, after: int | None, prev: str) -> str:
    if found.prev_sha256 != prev:
        return "niêm phong trước đã bị đổi / the seal before was changed"
    query = select(Line).where(Line.id <= found.last_id).order_by(Line.id)
    if after is not None:
        query = query.where(Line.id > after)
    try:
        lines = session.scalars(query.execution_options(populate_existing=True)).all()
    except ValueError:
        return "có dòng không đọc được / a line cannot be read"
    if len(lines) != found.lines:
        return f"có {len(lines)} dòng, niêm phong ghi {found.lines} / lines missing or added"
    if lines[0].id != found.first_id or lines[-1].id != found.last_id:
        return "niêm phong ghi sai số dòng / the seal names other lines"
    if _digest(prev, lines) != found.sha256:
        return "nội dung dòng đã bị đổi / a line was changed"
    return ""


def unsealed(session: Session) -> int:
    """Return how many lines no seal covers yet."""
    query = select(func.count()).select_from(Line)
    last = session.scalar(select(func.max(Seal.last_id)))
    return session.scalar(query if last is None else query.where(Line.id > last)) or 0
