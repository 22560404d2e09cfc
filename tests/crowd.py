"""More of everything: each row that a story left is copied, so that lists are long.

A copy differs in what must be its own (names, numbers in a row), has words of its own to read, and
belongs to what the original belongs to or to a copy of that, by a fixed chance: so a plan has many
visits, a visit many records, and each of many records its own findings.
"""

import datetime as dt
import enum
import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Row, String, Table, UniqueConstraint, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from server.db import Model
from server.monitoring.models import Plan
from server.places.models import Place
from tests.engines import SHIPPED

READ = {"note", "reason", "body", "summary", "title", "title_en", "label", "explanation"}
"""Columns that people read: copies of one sentence would be packed into nothing."""
VOICE = [
    "hộ nghèo",
    "nhận bò cái",
    "sinh sản",
    "thôn Vân Cát",
    "đã khắc phục",
    "chưa đủ",
    "biên bản",
]


class Crowd:
    """Copies of what stood in the database when it was made."""

    def __init__(self, session: Session, district: str = "359") -> None:
        self.session = session
        self.originals = {
            table: session.execute(select(table).order_by(table.c.id).limit(20)).all()
            for table in Model.metadata.sorted_tables
            if table.name not in SHIPPED and "id" in table.c
        }
        self.copies: dict[tuple[str, Any], list[Any]] = defaultdict(list)
        communes = select(Place.id).where(Place.parent_code == district)
        self.communes = list(session.scalars(communes.order_by(Place.id)))

    def grow(self, times: int) -> None:
        """Add so many copies of each row, but of what the database wants only once."""
        for table, rows in self.originals.items():
            for row in rows:
                for _ in range(times):
                    self._copy(table, row)

    def _copy(self, table: Table, row: Row[Any]) -> None:
        known = self.copies[table.name, row.id]
        chance = random.Random(f"{table.name} {row.id} {len(known)}")
        given = dict(row._mapping)
        del given["id"]
        if not isinstance(row.id, int):
            given["id"] = _other(row.id, len(known))
        for key in table.foreign_keys:
            column = key.parent
            given[column.name] = self._parent(key.column.table, given[column.name], chance)
        for column in _own(table):
            given[column.name] = _other(given[column.name], len(known))
        for name in READ & given.keys():
            if isinstance(given[name], str) and given[name] and _is_text(table.c[name]):
                given[name] = f"{given[name]} {' '.join(chance.choices(VOICE, k=6))}"[:200]
        try:
            with self.session.begin_nested():
                made = self.session.execute(insert(table).values(given))
        except DBAPIError:
            return
        known.append(made.inserted_primary_key[0])

    def _parent(self, table: Table, held: Any, chance: random.Random) -> Any:
        if held is None or table is Plan.__table__:
            return held
        others = self.communes if table is Place.__table__ else self.copies[table.name, held]
        return chance.choice(others) if others and chance.random() < 0.5 else held


def _own(table: Table) -> Iterator[Column[Any]]:
    """Give, of each set of columns that no two rows share, the one that a copy changes."""
    sets = [each.columns for each in table.constraints if isinstance(each, UniqueConstraint)]
    sets += [each.columns for each in table.indexes if each.unique]
    changed: set[str] = set()
    for columns in sets:
        free = [each for each in columns if not each.foreign_keys]
        free.sort(key=lambda each: not _is_text(each))
        if free and not changed & {each.name for each in columns}:
            changed.add(free[0].name)
            yield free[0]


def _is_text(column: Column[Any]) -> bool:
    return type(column.type) is String


def _other(value: Any, number: int) -> Any:
    """Return a value of the same kind that belongs to this copy."""
    if isinstance(value, str) and not isinstance(value, enum.Enum):
        mark = f"{number:04x}"
        return value + mark if len(value) < 32 else value[:-4] + mark
    if isinstance(value, int):
        return value + 1000 + number
    return value + dt.timedelta(days=number + 1) if isinstance(value, dt.date) else value
