"""Rounds one after another: places seen lately are drawn less often, and never with chance zero.

Each round has a fresh public number. What carries over is only the history: the frame is split
into places visited in the last rounds and places not visited, drawn at two rates. A permanent
random number would spread visits more evenly and would tell a place that it is not next.

    >>> from sampling.frame import Frame
    >>> frame = Frame.from_rows([{"unit_id": f"{code}"} for code in range(10, 30)])
    >>> split = by_history(frame, visited={"10", "11", "12", "13", "14"})
    >>> allocation = rates(split, fresh="1/3", seen="1/5")
    >>> dict(allocation.fixed)
    {'chua-di': 5, 'da-di': 1}
"""

from collections.abc import Collection
from fractions import Fraction
from math import ceil

from sampling.design import Allocation
from sampling.errors import BadDesign
from sampling.frame import Frame

FRESH, SEEN = "chua-di", "da-di"


def by_history(frame: Frame, visited: Collection[str]) -> Frame:
    """Return the frame with each stratum split in two: not visited lately, visited lately."""

    def stratum(old: str, unit_id: str) -> str:
        history = SEEN if unit_id in visited else FRESH
        return f"{old}.{history}" if old else history

    return Frame(unit._replace(stratum=stratum(unit.stratum, unit.id)) for unit in frame)


def rates(frame: Frame, fresh: Fraction | str, seen: Fraction | str) -> Allocation:
    """Return the numbers per stratum of a split frame: the rates, rounded up, at least one each.

    Raises:
        BadDesign: not 0 < seen <= fresh <= 1.
    """
    high, low = Fraction(fresh), Fraction(seen)
    if not 0 < low <= high <= 1:
        raise BadDesign(
            reason_vi=f"cần 0 < tỷ lệ đã đi ({low}) <= tỷ lệ chưa đi ({high}) <= 1",
            reason_en=f"0 < rate of seen places ({low}) <= rate of fresh ones ({high}) <= 1",
        )
    counts: dict[str, int] = {}
    for unit in frame.eligible:
        counts[unit.stratum] = counts.get(unit.stratum, 0) + 1
    numbers = {
        stratum: ceil(count * (low if stratum.endswith(SEEN) else high))
        for stratum, count in counts.items()
    }
    return Allocation("fixed", fixed=dict(sorted(numbers.items())))
