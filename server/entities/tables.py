"""The office's tables as rows of a list: headings understood, cells cleaned; and the way back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from server import text
from server.entities import names
from server.entities.problems import BadId, BadValue, HeadingTwice, NoColumns, UnknownVersion
from server.entities.writing import LONGEST_VALUE, clean_label
from server.places import sheets
from server.problems import Problem

MOST_ROWS = 100_000
IDS = ("name", "__id")
TEAM, OWNER, AREA, VERSION = "__team", "__owner", "__area", "__version"
_NUMBER = re.compile(r"-?[0-9]+([.,][0-9]+)?")
_WHOLE = re.compile(r"[0-9]{1,9}")
_RISKY = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Given:
    """One row of a table. None: the column is not there; '' is an empty cell."""

    row: int
    uuid: str
    key: str
    label: str | None
    version: int | None
    team: str | None
    owner: str | None
    area: str | None
    values: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Table:
    """The rows of a table, and what became of its headings."""

    rows: list[Given]
    key: str
    new_properties: list[str]
    unused: list[str]


def read(
    data: bytes, source: str, properties: Sequence[str], key: str, add_properties: bool
) -> Table:
    """Return the rows of a table for a list with these properties.

    Raises:
        UnreadableFile, FileTooLarge: it is no table that can be read.
        NoColumns: no heading says which rows are meant.
        HeadingTwice: two columns have the same heading.
    """
    rows = sheets.rows(data, source, MOST_ROWS)
    columns = _columns(rows[0][1] if rows else [], properties)
    new = [name for name in columns if _is_new(name, properties)] if add_properties else []
    unused = [
        name for name in columns if _is_new(name, properties, any_name=True) and name not in new
    ]
    key = key if key in columns else ""
    if not key and not any(name in columns for name in ("label", *IDS)):
        raise NoColumns()
    kept = [*properties, *new]
    given = [_given(number, cells, columns, kept, key) for number, cells in rows[1:]]
    return Table(given, key, new, unused)


_OURS = {*IDS, "label", TEAM, OWNER, AREA, VERSION}


def _columns(headings: Sequence[str], properties: Sequence[str]) -> dict[str, int]:
    """Return the place of each heading, written as the list writes it."""
    written = {name.lower(): name for name in [*properties, *_OURS]}
    columns: dict[str, int] = {}
    for place, heading in enumerate(headings):
        name = text.clean(heading)
        name = written.get(name.lower(), name)
        if name in columns:
            raise HeadingTwice(name=name)
        if name:
            columns[name] = place
    return columns


def _is_new(name: str, properties: Sequence[str], any_name: bool = False) -> bool:
    if name in _OURS or name in properties:
        return False
    return any_name or names.is_property(name)


def _given(
    number: int, cells: Sequence[str], columns: dict[str, int], kept: Sequence[str], key: str
) -> Given:
    problems: list[Problem] = []

    def cell(name: str) -> str | None:
        place = columns.get(name)
        if place is None:
            return None
        return plain(cells[place]) if place < len(cells) else ""

    values = {name: value for name in kept if (value := cell(name)) is not None}
    problems += [
        BadValue(name=name, longest=LONGEST_VALUE)
        for name, value in values.items()
        if len(value) > LONGEST_VALUE
    ]
    label = cell("label")
    return Given(
        row=number,
        uuid=_uuid(next(filter(None, map(cell, IDS)), ""), problems),
        key=values.get(key, "") if key else "",
        label=None if label is None else clean_label(label),
        version=_version(cell(VERSION) or "", problems),
        team=_clean(cell(TEAM)),
        owner=_clean(cell(OWNER)),
        area=_clean(cell(AREA)),
        values=values,
        problems=problems,
    )


def _clean(given: str | None) -> str | None:
    return None if given is None else text.clean(given)


def _uuid(given: str, problems: list[Problem]) -> str:
    try:
        return names.row_id(given) if given else ""
    except BadId as problem:
        problems.append(problem)
        return ""


def _version(given: str, problems: list[Problem]) -> int | None:
    if not given:
        return None
    if not _WHOLE.fullmatch(given):
        problems.append(UnknownVersion(id="", version=given[:20]))
        return None
    return int(given)


def safe(value: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; numbers stay numbers.

    >>> safe("=1+1"), safe("-5"), safe("Thôn")
    ("'=1+1", '-5', 'Thôn')
    """
    risky = value.startswith(_RISKY) and not _NUMBER.fullmatch(value)
    return f"'{value}" if risky else value


def plain(cell: str) -> str:
    """Return what `safe` was given.

    >>> plain("'=1+1"), plain("'tis")
    ('=1+1', "'tis")
    """
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_RISKY) else cell
