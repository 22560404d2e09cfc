"""Charts drawn on the server as SVG: where each bar stands, in units of the picture.

No script and no colour alone: values stand beside or inside the bars, and a table holds the same.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

WIDTH = 440
_LABEL, _TOTAL = 128, 40
_GAP, _DIGIT = 5, 8.5
"""Before what is written behind a bar, and how wide a bold digit of it is at the most."""
_ROW, _BAR = 28, 18
_TOP, _FOOT = 14, 22
_HEIGHT = 150
MOST_ROWS = 20
_CLEAR = 9
"""How many units of width one digit inside a bar takes."""


@dataclass(frozen=True)
class Part:
    """One piece of a bar: what it counts (a place in `words`), where it stands."""

    series: int
    value: int
    x: float
    width: float

    @property
    def roomy(self) -> bool:
        """Tell whether its value can be written inside."""
        return self.width >= 6 + _CLEAR * len(str(self.value))


@dataclass(frozen=True)
class Bar:
    """One row of a chart of bars lying down."""

    label: str
    values: tuple[int, ...]
    y: int
    parts: list[Part]
    total: str
    total_x: float
    url: str = ""


@dataclass(frozen=True)
class Bars:
    """Bars lying down, each of one or more pieces. `words` are (word, tone) of the pieces."""

    words: tuple[tuple[str, str], ...]
    rows: list[Bar]
    height: int
    left_out: int = 0
    width: int = WIDTH
    label_width: int = _LABEL
    bar: int = _BAR


@dataclass(frozen=True)
class Given:
    """A row to be drawn: its values by series, and the whole that they are part of."""

    label: str
    values: tuple[int, ...]
    total: str = ""
    url: str = ""


def bars(words: Sequence[tuple[str, str]], given: Sequence[Given]) -> Bars:
    """Return where the bars stand; of many rows the first `MOST_ROWS` are drawn.

    >>> found = bars([("xong", "good"), ("còn", "muted")], [Given("A", (3, 1))])
    >>> [(part.x, part.width) for part in found.rows[0].parts]
    [(128.0, 204.0), (332.0, 68.0)]
    """
    shown = given[:MOST_ROWS]
    most = max((sum(row.values) for row in shown), default=0) or 1
    totals = [row.total or str(sum(row.values)) for row in shown]
    room = WIDTH - _LABEL - max(_TOTAL, _GAP + _DIGIT * max(map(len, totals), default=0))
    rows = []
    for number, (row, total) in enumerate(zip(shown, totals, strict=True)):
        x, parts = float(_LABEL), []
        for series, value in enumerate(row.values):
            width = round(room * value / most, 1)
            if value:
                parts.append(Part(series, value, round(x, 1), width))
            x += width
        y = _ROW * number + (_ROW - _BAR) // 2
        rows.append(Bar(row.label, row.values, y, parts, total, round(x + _GAP, 1), row.url))
    height = max(_ROW * len(shown), _ROW)
    return Bars(tuple(words), rows, height, max(0, len(given) - MOST_ROWS))


@dataclass(frozen=True)
class Column:
    """One standing bar, of one day; `named`: its day is written below."""

    day: dt.date
    value: int
    x: float
    y: float
    height: float
    named: bool


@dataclass(frozen=True)
class Columns:
    """Standing bars, one for each day; `most` is the highest value, at the top line."""

    columns: list[Column] = field(default_factory=list)
    most: int = 0
    bar: float = 0
    width: int = WIDTH
    height: int = _HEIGHT
    base: int = _HEIGHT - _FOOT
    top: int = _TOP


def columns(days: Sequence[tuple[dt.date, int]]) -> Columns:
    """Return where the standing bars stand, the oldest day on the left.

    >>> found = columns([(dt.date(2024, 4, 1), 2), (dt.date(2024, 4, 2), 4)])
    >>> found.most, [column.height for column in found.columns]
    (4, [57.0, 114.0])
    """
    if not days:
        return Columns()
    most = max(count for _day, count in days) or 1
    left = 8 + 7 * len(str(most))
    step = (WIDTH - left) / max(len(days), 7)
    base, room = _HEIGHT - _FOOT, _HEIGHT - _FOOT - _TOP
    every = max(1, -(-len(days) // 7))
    found = []
    for number, (day, count) in enumerate(days):
        height = round(room * count / most, 1)
        named = (len(days) - 1 - number) % every == 0
        x = round(left + step * number, 1)
        found.append(Column(day, count, x, round(base - height, 1), height, named))
    return Columns(found, most, round(step * 0.72, 1))
