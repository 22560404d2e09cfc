"""Base class, column types, transaction(): everything the subjects need of the database.

SQLite is the embedded default (WAL, `synchronous=FULL`, foreign keys), PostgreSQL the other
engine; both run the same models. On SQLite a transaction that will write begins with
`BEGIN IMMEDIATE`: one that reads first and writes later would fail at once when another
writer came between, whatever the timeout.
"""

import datetime as dt
import enum
import fcntl
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import IO, Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Engine,
    Enum,
    Integer,
    MetaData,
    String,
    Table,
    event,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import InvalidatePoolError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.types import TypeDecorator

from server.often import execute
from server.problems import Unavailable

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Instant(TypeDecorator[dt.datetime]):
    """A moment, kept in UTC. Naive values are refused: they name no moment."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:
        """Return UTC for the database; SQLite keeps it without the zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        utc = value.astimezone(dt.UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> Any:
        """Return the moment, aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Exact(TypeDecorator[Decimal]):
    """A decimal number kept as its digits: no engine may round it. Not for sums in SQL."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """Return the digits, without an exponent."""
        return None if value is None else format(value, "f")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        """Return the number that was put in."""
        return None if value is None else Decimal(value)


def by_value(kind: type[enum.Enum]) -> Enum:
    """Return the column type of an enum: its values as text, so that any tool can read them."""
    return Enum(
        kind,
        values_callable=lambda members: [member.value for member in members],
        native_enum=False,
        create_constraint=False,
        length=40,
    )


# No value is NULL here too, and not the word null that JSON has for it.
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
BigId = BigInteger().with_variant(Integer(), "sqlite")


class Model(DeclarativeBase):
    """The base of every table."""

    metadata = MetaData(naming_convention=NAMES)
    registry = registry(
        metadata=metadata,
        type_annotation_map={
            dt.datetime: Instant,
            dict[str, Any]: Json,
            list[Any]: Json,
            enum.Enum: Enum(
                enum.Enum,
                values_callable=lambda members: [member.value for member in members],
                native_enum=False,
                length=40,
            ),
        },
    )


_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
db = SQLAlchemy(
    model_class=Model,
    engine_options={"json_serializer": _to_json},
    session_options={"expire_on_commit": False},
    disable_autonaming=True,
)


@contextmanager
def transaction() -> Iterator[Session]:
    """Give a session whose work is committed when the block ends, or leaves no trace.

    Used at the edges only (phone, api, pages, commands, jobs); services flush and never commit.
    An answer that promises storage is written after the block.

    Raises:
        Unavailable: the database is locked, full or away; nothing was kept.
    """
    session: Session = db.session()
    if session.info.get("writing"):
        raise RuntimeError("a transaction was opened within a transaction")
    if session.in_transaction():  # what was read before must not begin a write late
        session.commit()
    with _turn(session):
        try:
            session.info["writing"] = session.connection(execution_options={"writes": True})
            yield session
            session.commit()
        except OperationalError as error:
            session.rollback()
            raise Unavailable(reason=_why(error)) from error
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info["writing"] = None


@contextmanager
def _turn(session: Session) -> Iterator[None]:
    """Wait for this writer's turn, on SQLite, by a lock on a file beside the database.

    SQLite's own waiting sleeps in growing steps, so that one of several writers may starve for
    seconds; the lock wakes the next one at once, whatever its thread or process.

    Raises:
        Unavailable: somebody has been writing for longer than a phone waits for an answer.
    """
    path = session.get_bind().engine.url.database
    if session.get_bind().dialect.name != "sqlite" or not path or path == ":memory:":
        yield
        return
    ours = _turns.setdefault(path, threading.Lock())
    if not ours.acquire(timeout=TURN_SECONDS):
        raise Unavailable(reason=BUSY)
    try:
        with open(f"{path}-turn", "ab") as lock:
            if not _locked(lock, TURN_SECONDS):
                raise Unavailable(reason=BUSY)
            yield
    finally:
        ours.release()


TURN_SECONDS = 30.0
BUSY = "cơ sở dữ liệu đang bận"
_turns: dict[str, threading.Lock] = {}


def _locked(file: IO[bytes], seconds: float) -> bool:
    """Lock `file` against other processes; False when none of them gave it up in that time.

    A lock cannot be waited for with a limit, so a thread waits for us. One that we leave behind
    gets its lock on a file that we have closed, which frees it at once.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waiter = threading.Thread(target=fcntl.flock, args=(file.fileno(), fcntl.LOCK_EX))
        waiter.daemon = True
        waiter.start()
        waiter.join(seconds)
        return not waiter.is_alive()
    return True


def _why(error: OperationalError) -> str:
    text = str(error.orig).lower()
    if "full" in text or "no space" in text:
        return "hết dung lượng đĩa"
    if "locked" in text:
        return BUSY
    return "không kết nối được cơ sở dữ liệu"


def table(model: type[Model]) -> Table:
    """Return the table of a model, for statements that are put together once and run often."""
    found = model.__table__
    assert isinstance(found, Table)  # noqa: S101 - a mapped class of ours is one table
    return found


def count_anew(session: Session, filled: Table) -> None:
    """Have PostgreSQL look at a table again that was just filled.

    It decides how to look up what a row refers to while the tables are empty, and until it is told
    otherwise goes through all rows for each.
    """
    if session.get_bind().dialect.name == "postgresql":
        name = session.connection().dialect.identifier_preparer.format_table(filled)
        session.execute(text(f"ANALYZE {name}"))


def insert_or_leave(session: Session, model: type[Model], key: list[str] | None = None) -> Any:
    """Return an INSERT that does nothing when a row with this key, or any key, is there already."""
    engine: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return engine.insert(table(model)).on_conflict_do_nothing(index_elements=key)


def prepare(engine: Engine) -> None:
    """Set up every connection of `engine`; call once after the engine is made."""
    if engine.dialect.name != "sqlite":
        _ping_after_rest(engine)
        return

    @event.listens_for(engine, "connect")
    def _connect(raw: Any, _record: object) -> None:
        raw.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=15000",
            "temp_store=MEMORY",
            "cache_size=-8000",
        ):
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        how = "BEGIN IMMEDIATE" if writes else "BEGIN"
        execute(connection.connection, connection.engine, how, (), answers=False)


def _ping_after_rest(engine: Engine) -> None:
    """Try a connection that has rested before it is used again; a busy one has just answered.

    The pool's own ping before every use is a third of the round trips of one sent form.
    """

    @event.listens_for(engine, "checkout")
    def _checkout(raw: Any, record: Any, _given: object) -> None:
        if time.monotonic() - record.info.get("used", -RESTED_SECONDS) < RESTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(raw)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError() from error

    @event.listens_for(engine, "checkin")
    def _checkin(_raw: Any, record: Any) -> None:
        record.info["used"] = time.monotonic()


RESTED_SECONDS = 2.0
