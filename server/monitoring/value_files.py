"""A commune's table (Biểu) as a file: which rows can be used, and why the others cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from server import text
from server.journal import Actor
from server.monitoring import values
from server.monitoring.models import Record, Table
from server.places import sheets
from server.places.problems import UnreadableFile
from server.places.sheets import Row
from server.problems import BadInput, Problem

MOST_ROWS = 1000
_TITLE_ROWS = 20
_KEYS = frozenset({"ma", "ma dong", "ma chi tieu", "key", "row"})
_NAMES = frozenset({"chi tieu", "ten chi tieu", "noi dung", "name", "indicator"})
_VALUES = frozenset({"gia tri", "so lieu", "thuc hien", "bao cao", "value", "reported"})


@dataclass(frozen=True)
class Usable:
    """A row of the file that says what the commune reported."""

    row: int
    key: str
    name: str
    unit: str
    value: Decimal


@dataclass(frozen=True)
class Bad:
    """A row of the file that cannot be used, and why."""

    row: int
    problem: Problem


@dataclass(frozen=True)
class Preview:
    """What a file would write into a table of a record. Nothing is stored yet."""

    source: str
    table: Table
    usable: list[Usable]
    bad: list[Bad]


def read(data: bytes, source: str, table: Table) -> Preview:
    """Return what the file says of the rows of `table`, by their keys or their names.

    Raises:
        UnreadableFile, FileTooLarge: it is no table that can be read.
    """
    rows = sheets.rows(data, source, MOST_ROWS)
    start, columns = _headings(rows, source)
    known = _known(table)
    usable: list[Usable] = []
    bad: list[Bad] = []
    seen: dict[str, int] = {}
    for number, cells in rows[start + 1 :]:
        try:
            found = _usable(number, cells, columns, known)
            if found is None:
                continue
            if found.key in seen:
                raise _twice(found.name, seen[found.key])
            seen[found.key] = number
            usable.append(found)
        except Problem as problem:
            bad.append(Bad(number, problem))
    return Preview(source, table, usable, bad)


def _known(table: Table) -> dict[str, Mapping[str, str]]:
    """Return the rows by what a file may call them: their key, and their name when it is one's."""
    by_name: dict[str, Mapping[str, str]] = {text.fold(row["name"]): row for row in table.rows}
    return by_name | {text.fold(row["key"]): row for row in table.rows}


def _headings(rows: Sequence[Row], source: str) -> tuple[int, dict[str, int]]:
    """Return where the headings stand and which column is the row's, which its value's."""
    for position, (_, cells) in enumerate(rows[:_TITLE_ROWS]):
        folded = [text.fold(cell) for cell in cells]
        value = next((i for i, cell in enumerate(folded) if cell in _VALUES), None)
        name = next((i for i, cell in enumerate(folded) if cell in _KEYS), None)
        if name is None:
            name = next((i for i, cell in enumerate(folded) if cell in _NAMES), None)
        if name is not None and value is not None:
            return position, {"row": name, "value": value}
    raise UnreadableFile(
        file=source,
        reason="không thấy dòng tiêu đề có cột “Mã dòng” (hoặc “Chỉ tiêu”) và cột “Giá trị”",
        reason_en="no heading row with 'Mã dòng' (or 'Chỉ tiêu') and 'Giá trị'",
    )


def _usable(
    number: int,
    cells: Sequence[str],
    columns: dict[str, int],
    known: Mapping[str, Mapping[str, str]],
) -> Usable | None:
    """Return the row, None when it says nothing.

    Raises:
        BadInput: no such row, or no clear number.
    """
    called, typed = (
        cells[place] if place < len(cells) else "" for place in (columns["row"], columns["value"])
    )
    if not typed or not called:
        if typed:
            raise BadInput("Có giá trị nhưng không có mã dòng.", "A value without its row.")
        return None
    row = known.get(text.fold(called))
    if row is None:
        raise BadInput(
            f"Biểu này không có dòng “{called[:60]}”.", f"This table has no row '{called[:60]}'."
        )
    value = values.amount(typed[:40], row["unit"], f"dòng “{row['name']}”")
    return Usable(number, row["key"], row["name"], row["unit"], value)


def _twice(name: str, first: int) -> BadInput:
    return BadInput(
        f"“{name}” đã có ở dòng {first}: không biết lấy số nào.",
        f"'{name}' stands in row {first} already: which one holds cannot be told.",
    )


def keep(session: Session, record: Record, preview: Preview, actor: Actor) -> int:
    """Note every usable row as reported by the commune; return how many."""
    for row in preview.usable:
        values.report(
            session, record, preview.table.number, row.key, row.value, preview.source, actor
        )
    return len(preview.usable)
