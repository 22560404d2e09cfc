"""The headings of a hamlet file, in Vietnamese or English, with or without marks."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from server.places.names import searchable
from server.places.problems import MissingHeadings, RepeatedHeading
from server.places.sheets import Row

_TITLE_ROWS = 20
"""Offices put a title and a date above their lists; headings are looked for this far down."""


class Column(enum.Enum):
    """What a column may hold; the value lists the headings that say so, as searched."""

    COMMUNE = (
        "ma xa", "ma xa phuong", "ma xa phuong thi tran", "ma phuong", "ma dvhc", "ma dvhc cap xa",
        "ma don vi hanh chinh", "ma don vi hanh chinh cap xa", "commune", "commune code",
    )  # fmt: skip
    CODE = (
        "ma", "ma thon", "ma ban", "ma ap", "ma xom", "ma thon ban", "ma thon to dan pho",
        "ma to dan pho", "code", "hamlet code",
    )  # fmt: skip
    NAME = (
        "ten", "thon", "ten thon", "ten ban", "ten ap", "ten xom", "thon ban", "ten thon ban",
        "ten thon ban ap", "ten thon to dan pho", "ten to dan pho", "name", "hamlet",
        "hamlet name",
    )  # fmt: skip
    LATITUDE = ("vi do", "lat", "latitude")
    LONGITUDE = ("kinh do", "lon", "lng", "long", "longitude")
    RADIUS = ("ban kinh", "ban kinh m", "radius", "radius m")
    HOUSEHOLDS = ("ho", "so ho", "so ho dan", "tong so ho", "households")
    VALID_FROM = ("tu ngay", "hieu luc tu", "ngay hieu luc", "co hieu luc tu", "valid from")
    VALID_TO = ("den ngay", "hieu luc den", "het hieu luc", "ngay het hieu luc", "valid to")


_BY_HEADING = {heading: column for column in Column for heading in column.value}


@dataclass(frozen=True)
class Headings:
    """Where each column is, where the headings stand, and the headings we have no use for."""

    position: int
    columns: dict[Column, int]
    unused: tuple[str, ...]

    def cell(self, cells: Sequence[str], column: Column) -> str:
        """Return the text of `column` in a row, empty when the file has no such column."""
        index = self.columns.get(column)
        return cells[index] if index is not None and index < len(cells) else ""


def find(rows: Sequence[Row], file: str) -> Headings:
    """Return the headings: the first row that names both the commune and the hamlet.

    Raises:
        MissingHeadings: no row near the top does.
        RepeatedHeading: two columns mean the same, so neither can be trusted.
    """
    for position, (_, cells) in enumerate(rows[:_TITLE_ROWS]):
        named = [(index, _BY_HEADING.get(searchable(cell))) for index, cell in enumerate(cells)]
        if {Column.COMMUNE, Column.NAME} <= {column for _, column in named}:
            return _headings(position, cells, named, file)
    raise MissingHeadings(file=file)


def _headings(
    position: int, cells: Sequence[str], named: Sequence[tuple[int, Column | None]], file: str
) -> Headings:
    columns: dict[Column, int] = {}
    for index, column in named:
        if column is None:
            continue
        if column in columns:
            raise RepeatedHeading(file=file, first=cells[columns[column]], second=cells[index])
        columns[column] = index
    unused = tuple(cells[index] for index, column in named if column is None and cells[index])
    return Headings(position, columns, unused)
