"""How many units each stratum gives: whole numbers, exact, the same on every machine.

>>> allocate(Allocation("proportional", minimum=2), 12, {"NUI": (40, 0), "BIEN": (9, 0)})
{'BIEN': 2, 'NUI': 10}
>>> allocate(Allocation("neyman", minimum=2, spread={"NUI": 10, "BIEN": 45}), 12,
...          {"NUI": (40, 0), "BIEN": (9, 0)})
{'BIEN': 6, 'NUI': 6}
"""

from collections.abc import Mapping
from fractions import Fraction
from heapq import heapify, heapreplace
from math import floor

from sampling.design import Allocation
from sampling.errors import AllocationImpossible, BadDesign, StratumTooSmall

Bounds = Mapping[str, tuple[int, int]]


def allocate(rule: Allocation, n: int, strata: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """Return the number of units of each stratum, in the order of their names.

    `strata` gives, for each stratum, the number of its units and their total size.

    Raises:
        StratumTooSmall: a stratum holds fewer units than the minimum.
        AllocationImpossible: the bounds leave no way to n.
    """
    units = {name: strata[name][0] for name in sorted(strata)}
    if rule.kind == "fixed":
        return _fixed(rule, n, units)
    bounds = _bounds(rule, n, units)
    if rule.kind in ("neyman", "power"):
        return by_priority(n, _squares(rule, units), bounds)
    if rule.kind == "size":
        _refuse_sizeless(strata)
    measures = {
        "proportional": units,
        "equal": dict.fromkeys(units, 1),
        "size": {name: strata[name][1] for name in units},
    }
    return by_share(n, measures[rule.kind], bounds)


def _refuse_sizeless(strata: Mapping[str, tuple[int, int]]) -> None:
    for name, (_, size) in strata.items():
        if not size:
            raise BadDesign(
                reason_vi=f"tầng '{name}' không có quy mô; hãy điền cột size",
                reason_en=f"stratum '{name}' has no size; fill in sizes, or split by units",
            )


def _bounds(rule: Allocation, n: int, units: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    bounds = {}
    for name, available in units.items():
        if available < rule.minimum:
            raise StratumTooSmall(stratum=name, available=available, minimum=rule.minimum)
        most = available if rule.maximum is None else min(available, rule.maximum)
        bounds[name] = (rule.minimum, most)
    low, high = (sum(bound[side] for bound in bounds.values()) for side in (0, 1))
    if not low <= n <= high:
        raise AllocationImpossible(n=n, low=low, high=high)
    return bounds


def _fixed(rule: Allocation, n: int, units: Mapping[str, int]) -> dict[str, int]:
    unknown = sorted(set(rule.fixed) ^ set(units))
    if unknown:
        raise BadDesign(
            reason_vi=f"bảng số từng tầng và khung mẫu khác nhau ở tầng {', '.join(unknown)}",
            reason_en=f"the table of numbers and the frame differ in stratum {', '.join(unknown)}",
        )
    for name, available in units.items():
        least = max(rule.fixed[name], rule.minimum)
        if available < least:
            raise StratumTooSmall(stratum=name, available=available, minimum=least)
    total = sum(rule.fixed.values())
    if total != n:
        raise AllocationImpossible(n=n, low=total, high=total)
    return {name: rule.fixed[name] for name in units}


def by_share(n: int, measure: Mapping[str, int], bounds: Bounds) -> dict[str, int]:
    """Return n split in proportion to `measure` within the bounds, by largest remainders.

    Shares that break a bound are frozen at it, on the side that is broken by more, and the rest
    is split anew. Equal remainders go by the names of the strata.
    """
    frozen: dict[str, int] = {}
    while True:
        free = {name: weight for name, weight in measure.items() if name not in frozen}
        shares = _shares(n - sum(frozen.values()), free)
        held = {name: _clamped(share, bounds[name]) for name, share in shares.items()}
        excess = sum(held.values()) - sum(shares.values())
        broken = {
            name: int(held[name])
            for name, share in shares.items()
            if (held[name] > share and excess >= 0) or (held[name] < share and excess <= 0)
        }
        frozen.update(broken)
        if not broken or excess == 0:
            rest = {name: share for name, share in shares.items() if name not in broken}
            return dict(sorted({**frozen, **_rounded(rest)}.items()))


def _clamped(share: Fraction, bound: tuple[int, int]) -> Fraction:
    return Fraction(min(max(share, Fraction(bound[0])), Fraction(bound[1])))


def _shares(n: int, measure: Mapping[str, int]) -> dict[str, Fraction]:
    total = sum(measure.values())
    return {name: Fraction(n * weight, total) for name, weight in measure.items()}


def _rounded(shares: Mapping[str, Fraction]) -> dict[str, int]:
    whole = {name: floor(share) for name, share in shares.items()}
    left = int(sum(shares.values())) - sum(whole.values())
    by_remainder = sorted(shares, key=lambda name: (whole[name] - shares[name], name))
    for name in by_remainder[:left]:
        whole[name] += 1
    return whole


def _squares(rule: Allocation, units: Mapping[str, int]) -> dict[str, int]:
    """Return (N S)^2 for Neyman, N S^2 for the power allocation with exponent one half."""
    exponent = 2 if rule.kind == "neyman" else 1
    return {name: count**exponent * rule.spread.get(name, 1) ** 2 for name, count in units.items()}


def by_priority(n: int, squares: Mapping[str, int], bounds: Bounds) -> dict[str, int]:
    """Return the whole numbers that minimise the sum of squares[h] / n_h (Wright 2012).

    One unit at a time goes to the stratum with the largest square / (a (a + 1)), a being what it
    has; every stratum starts with its minimum, at least one.
    """
    given = {name: max(bounds[name][0], min(1, bounds[name][1])) for name in squares}
    if sum(given.values()) > n:
        raise AllocationImpossible(n=n, low=sum(given.values()), high=n)

    def priority(name: str) -> tuple[Fraction, str]:
        have = given[name]
        return Fraction(-squares[name], have * (have + 1)), name

    queue = [priority(name) for name in squares if given[name] < bounds[name][1]]
    heapify(queue)
    for _ in range(n - sum(given.values())):
        name = queue[0][1]
        given[name] += 1
        if given[name] < bounds[name][1]:
            heapreplace(queue, priority(name))
        else:
            queue.pop(0)
            heapify(queue)
    return dict(sorted(given.items()))
