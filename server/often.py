"""Statements that every filled form needs: put together once, run without layers.

SQLAlchemy looks a statement up in its cache, makes a context, a result and a transaction for it
anew each time. For the five of one sent form that costs more than all the rest of the request,
and the work that follows it needs a dozen.
Here SQL and the converters of its types are made once for each engine, by SQLAlchemy itself, and
the driver's cursor runs them.
"""

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Float
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

Convert = Callable[[Any], Any]
FLOAT8 = 701


@dataclass(frozen=True)
class _Ready:
    """A statement as a driver takes it.

    Attributes:
        names: the parameters in the order of their marks; None when the driver takes names.
        preset: what the statement says itself and columns hold by default, converted already.
        given, found: how a parameter, and a column of the answer, is converted, where it is.
        shape: makes a row whose columns have their names.
    """

    sql: str
    names: list[str] | None
    preset: dict[str, Any]
    given: list[tuple[str, Convert]]
    found: list[Convert | None]
    shape: Callable[[Iterator[Any]], Any]

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """Return `values` as the driver takes them."""
        all_of_them = {**self.preset, **values}
        for name, convert in self.given:
            all_of_them[name] = convert(all_of_them[name])
        if self.names is None:
            return all_of_them
        return [all_of_them[name] for name in self.names]

    def row(self, raw: Any) -> Any:
        """Return a row of the answer with the names and types of its columns."""
        return self.shape(
            value if convert is None else convert(value)
            for convert, value in zip(self.found, raw, strict=True)
        )


class Often:
    """One statement. It always has the same parameters; rows are named tuples."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        """Take what makes the statement for an engine, by the engine's name."""
        self._make = make
        self._ready: dict[str, _Ready] = {}

    def run(self, session: Session, values: Mapping[str, Any]) -> Any | None:
        """Run within the transaction of `session` and return the first row, if there is one."""
        found = self.rows(session, values)
        return found[0] if found else None

    def rows(self, session: Session, values: Mapping[str, Any]) -> list[Any]:
        """Run within the transaction of `session` and return all rows.

        In a `transaction()` its connection is at hand; asking the session takes longer.
        """
        connection = session.info.get("writing") or session.connection()
        return self._on(connection.connection, connection.engine, values)

    def look(self, session: Session, values: Mapping[str, Any]) -> Any | None:
        """Run a look-up that is true by itself: without a transaction where none is open."""
        if session.in_transaction():
            return self.run(session, values)
        engine = _engine(session)
        raw = engine.raw_connection()
        driver: Any = raw.dbapi_connection
        begins = engine.dialect.name == "postgresql"  # psycopg would say BEGIN; SQLite's does not
        try:
            if begins:
                driver.autocommit = True
            found = self._on(raw, engine, values)
            return found[0] if found else None
        finally:
            if begins and not driver.closed:
                driver.autocommit = False
            raw.close()

    def _on(self, raw: Any, engine: Engine, values: Mapping[str, Any]) -> list[Any]:
        name = engine.dialect.name
        ready = self._ready.get(name)
        if ready is None:
            ready = self._ready[name] = _prepare(self._make(name), engine.dialect, values)
        rows = execute(raw, engine, ready.sql, ready.parameters(values), bool(ready.found))
        return [ready.row(each) for each in rows]


def execute(raw: Any, engine: Engine, sql: str, parameters: Any, answers: bool) -> list[Any]:
    """Run SQL on a driver's connection; who listens to the engine hears of it all the same.

    Raises:
        DBAPIError: as SQLAlchemy raises it.
    """
    cursor = raw.cursor()
    for heard in engine.dispatch.before_cursor_execute:
        heard(None, cursor, sql, parameters, None, False)
    try:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall()) if answers else []
    except engine.dialect.loaded_dbapi.Error as error:
        lost = engine.dialect.is_disconnect(error, raw.dbapi_connection, cursor)
        if lost:
            raw.invalidate(error)
        raise DBAPIError.instance(
            sql, None, error, engine.dialect.loaded_dbapi.Error,
            connection_invalidated=lost, dialect=engine.dialect,
        ) from error  # fmt: skip
    finally:
        with suppress(engine.dialect.loaded_dbapi.Error):
            cursor.close()


def _engine(session: Session) -> Engine:
    return session.get_bind().engine


def _prepare(statement: Any, dialect: Dialect, values: Mapping[str, Any]) -> _Ready:
    keys = sorted(values) if statement.is_insert else None
    made = statement.compile(dialect=dialect, column_keys=keys)
    preset = {name: bind.value for name, bind in made.binds.items() if name not in values}
    preset |= {column.key: column.default.arg for column in getattr(made, "insert_prefetch", ())}
    given = {
        name: convert
        for name, bind in made.binds.items()
        if (convert := bind.type.dialect_impl(dialect).bind_processor(dialect))
    }
    return _Ready(
        str(made),
        list(made.positiontup) if made.positional else None,
        {name: given.get(name, _same)(value) for name, value in preset.items()},
        [(name, convert) for name, convert in given.items() if name not in preset],
        [
            column.type.dialect_impl(dialect).result_processor(dialect, _kind(column.type))
            for column in made._result_columns
        ],
        _shape([column.keyname for column in made._result_columns]),
    )


def _kind(held: Any) -> int | None:
    """Return PostgreSQL's number of a type, for the one kind that SQLAlchemy asks it of."""
    return FLOAT8 if isinstance(held, Float) else None


def _shape(names: list[str]) -> Callable[[Iterator[Any]], Any]:
    row = namedtuple("Row", names, rename=True)  # type: ignore[misc]
    return row._make


def _same(value: Any) -> Any:
    return value
