"""A file of hamlets, read into a preview: what would be stored, and every row that would not.

Pure: what the database already holds comes in as `Known`, and nothing is stored here.
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from server.places import cells, headings
from server.places.distance import Point
from server.places.headings import Column
from server.places.names import spelling
from server.places.problems import (
    LostZeros,
    MissingCommune,
    RepeatedCode,
    RepeatedName,
    ReversedPeriod,
    RowProblem,
    UnknownCommune,
)
from server.places.sheets import Row

WIDEST_RADIUS_M = 50_000
MOST_HOUSEHOLDS = 100_000
_OUR_CODE = re.compile(r"([0-9]{5})-([0-9]{1,6})")
T = TypeVar("T")
Period = tuple[dt.date | None, dt.date | None]


@dataclass(frozen=True)
class HamletRow:
    """One hamlet as the file tells it; `row` is its number in the file."""

    row: int
    place_id: int
    commune_code: str
    code: str
    name: str
    point: Point | None = None
    radius_m: int | None = None
    households: int | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None

    @property
    def period(self) -> Period:
        """Return its first and last day, None where it is open."""
        return self.valid_from, self.valid_to


@dataclass(frozen=True)
class Rejected:
    """A row that will not be stored, with every reason."""

    row: int
    problems: tuple[RowProblem, ...]


@dataclass(frozen=True)
class Preview:
    """What an import of `source` into `edition_id` would store and what it would leave out."""

    edition_id: str
    source: str
    accepted: tuple[HamletRow, ...]
    rejected: tuple[Rejected, ...]
    unused_headings: tuple[str, ...]


@dataclass
class Known:
    """The communes that may be filled, and the hamlets to compare with.

    `communes` gives id and name by code. A hamlet comes with its row in the file, or None when it
    is stored already.
    """

    communes: Mapping[str, tuple[int, str]]
    codes: dict[str, int | None] = field(default_factory=dict)
    names: dict[tuple[int, str], list[tuple[Period, int | None]]] = field(default_factory=dict)

    def add(self, place_id: int, code: str, name: str, period: Period, row: int | None) -> None:
        """Remember a hamlet, so that later ones are compared with it."""
        if code:
            self.codes[code] = row
        self.names.setdefault((place_id, spelling(name)), []).append((period, row))

    def clashes(self, hamlet: HamletRow) -> list[RowProblem]:
        """Return why `hamlet` cannot stand beside those known.

        A name may come again in the commune once its earlier bearer has ended.
        """
        found: list[RowProblem] = []
        if hamlet.code in self.codes:
            row = self.codes[hamlet.code]
            found.append(RepeatedCode(hamlet_code=hamlet.code, **_whose(row)))
        for period, row in self.names.get((hamlet.place_id, spelling(hamlet.name)), []):
            if _overlap(period, hamlet.period):
                found.append(RepeatedName(**_whose(row)))
                break
        return found


def preview(rows: Sequence[Row], file: str, edition_id: str, known: Known) -> Preview:
    """Return what importing `rows` would do; of two equal rows the first is kept.

    A hamlet without a code gets one: its commune's code and the next number, '13741-01'.
    `known` is added to and must not be used again.

    Raises:
        MissingHeadings, RepeatedHeading: the file's columns cannot be told.
    """
    heads = headings.find(rows, file)
    accepted: list[HamletRow] = []
    rejected: list[Rejected] = []
    for number, texts in rows[heads.position + 1 :]:
        reader = _RowReader(number, {column: heads.cell(texts, column) for column in Column})
        hamlet = reader.read(edition_id, known)
        if hamlet is None:
            rejected.append(Rejected(number, tuple(reader.problems)))
            continue
        known.add(hamlet.place_id, hamlet.code, hamlet.name, hamlet.period, number)
        accepted.append(hamlet)
    coded = _with_codes(accepted, known)
    return Preview(edition_id, file, tuple(coded), tuple(rejected), heads.unused)


class _RowReader:
    """Reads one row, and goes on after a fault so that a person hears of all at once."""

    def __init__(self, row: int, texts: Mapping[Column, str]) -> None:
        self.row = row
        self.texts = texts
        self.problems: list[RowProblem] = []

    def read(self, edition_id: str, known: Known) -> HamletRow | None:
        """Return the hamlet, or None with the reasons in `problems`."""
        texts = self.texts
        place_id = self._try(_commune, texts[Column.COMMUNE], edition_id, known)
        hamlet = HamletRow(
            row=self.row,
            place_id=place_id or 0,
            commune_code=texts[Column.COMMUNE],
            code=self._try(cells.hamlet_code, texts[Column.CODE]) or "",
            name=self._try(cells.hamlet_name, texts[Column.NAME]) or "",
            point=self._try(cells.point, texts[Column.LATITUDE], texts[Column.LONGITUDE]),
            radius_m=self._try(
                cells.count, texts[Column.RADIUS], "bán kính", "radius", 1, WIDEST_RADIUS_M
            ),
            households=self._try(
                cells.count, texts[Column.HOUSEHOLDS], "số hộ", "households", 0, MOST_HOUSEHOLDS
            ),
            valid_from=self._try(cells.day, texts[Column.VALID_FROM]),
            valid_to=self._try(cells.day, texts[Column.VALID_TO]),
        )
        if hamlet.valid_from and hamlet.valid_to and hamlet.valid_from > hamlet.valid_to:
            self.problems.append(ReversedPeriod())
        self.problems += known.clashes(hamlet)
        return None if self.problems else hamlet

    def _try(self, parse: Callable[..., T], *arguments: object) -> T | None:
        try:
            return parse(*arguments)
        except RowProblem as problem:
            self.problems.append(problem)
            return None


def _commune(code: str, edition_id: str, known: Known) -> int:
    if not code:
        raise MissingCommune
    if code in known.communes:
        return known.communes[code][0]
    meant = code.zfill(5)
    if code.isdigit() and meant in known.communes:
        raise LostZeros(commune_code=code, meant=f"{meant} ({known.communes[meant][1]})")
    raise UnknownCommune(commune_code=code[:40], edition=edition_id)


def _with_codes(hamlets: Sequence[HamletRow], known: Known) -> list[HamletRow]:
    """Code the hamlets that have none, after all codes of the file are known."""
    last: Counter[str] = Counter()
    for code in known.codes:
        if match := _OUR_CODE.fullmatch(code):
            last[match[1]] = max(last[match[1]], int(match[2]))
    coded = []
    for hamlet in hamlets:
        if not hamlet.code:
            last[hamlet.commune_code] += 1
            code = f"{hamlet.commune_code}-{last[hamlet.commune_code]:02d}"
            hamlet = replace(hamlet, code=code)
        coded.append(hamlet)
    return coded


def _overlap(one: Period, other: Period) -> bool:
    starts = max(day or dt.date.min for day in (one[0], other[0]))
    ends = min(day or dt.date.max for day in (one[1], other[1]))
    return starts <= ends


def _whose(row: int | None) -> dict[str, str]:
    if row is None:
        return {"other": "một thôn đã có", "other_en": "a stored hamlet"}
    return {"other": f"dòng {row}", "other_en": f"row {row}"}
