"""The variance of a weighted total under a multi-stage design, by Taylor linearisation.

At stage k, in one stratum within one unit of stage k - 1, with n of N units drawn and f = n/N,

    V = (1 - f) n/(n - 1) sum (t_i - mean t)^2   +   f * sum of V_i of the next stage,

t_i being the total of a sampled unit (Särndal, Swensson and Wretman 1992, chapter 4; the form of
Bellhouse 1985). Without N the first term alone counts: the ultimate cluster, for first stages
drawn with unequal chances or a small share of the units.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sampling.errors import EstimateError, LonelyUnit

LONELY = ("refuse", "certainty", "centre")


@dataclass(frozen=True)
class Cell:
    """The units of one stage in one stratum of one parent."""

    name: str
    n: int
    scale: float  # product of the f above, times (1 - f) n/(n - 1); of (1 - f) for a single unit
    single: bool


@dataclass(frozen=True)
class Stage:
    """One stage: for each unit its cell and its parent (an index of the stage above)."""

    cell_of: list[int]
    parent_of: list[int]
    cells: list[Cell]


class Clusters:
    """The sampled units of every stage, and the variance of totals over them."""

    def __init__(self, stages: Sequence[Stage], leaf_of: Sequence[int], lonely: str) -> None:
        self.stages, self.leaf_of, self.lonely = stages, leaf_of, lonely

    @property
    def df(self) -> int:
        """First-stage units less first-stage strata."""
        first = self.stages[0]
        return len(first.cell_of) - len(first.cells)

    @property
    def flagged(self) -> bool:
        """Whether a single unit in a stratum was let through by a rule."""
        return any(cell.single for stage in self.stages for cell in stage.cells)

    def psu_of(self, row: int) -> int:
        """Return the first-stage unit of a row."""
        unit = self.leaf_of[row]
        for stage in reversed(self.stages[1:]):
            unit = stage.parent_of[unit]
        return unit

    def variance(self, rows: Mapping[int, float] | Sequence[float]) -> float:
        """Return the variance of the sum of linearised values, given by row; absent rows are 0."""
        totals: dict[int, float] = {}
        items = rows.items() if isinstance(rows, Mapping) else enumerate(rows)
        leaf_of = self.leaf_of
        for row, value in items:
            leaf = leaf_of[row]
            totals[leaf] = totals.get(leaf, 0.0) + value
        variance = 0.0
        for stage in reversed(self.stages):
            variance += self._between(stage, totals)
            above: dict[int, float] = {}
            for unit, total in totals.items():
                parent = stage.parent_of[unit]
                above[parent] = above.get(parent, 0.0) + total
            totals = above
        return variance

    def _between(self, stage: Stage, totals: Mapping[int, float]) -> float:
        """Return the scaled squares of one stage about the means of its cells."""
        groups: dict[int, list[float]] = {}
        for unit, total in totals.items():
            groups.setdefault(stage.cell_of[unit], []).append(total)
        everything = sum(totals.values()) / len(stage.cell_of)
        result = 0.0
        for index, found in groups.items():
            cell = stage.cells[index]
            if cell.single:
                if self.lonely == "centre":
                    result += cell.scale * (found[0] - everything) ** 2
                continue
            mean = sum(found) / cell.n
            squares = sum((total - mean) ** 2 for total in found)
            result += cell.scale * (squares + (cell.n - len(found)) * mean * mean)
        return result


def build(
    ids: Sequence[Sequence[str]],
    strata: Sequence[Sequence[str]],
    populations: Sequence[Sequence[float]],
    lonely: str,
) -> Clusters:
    """Return the clusters of a table.

    Args:
        ids: one sequence per stage, of the unit of each row.
        strata: one sequence per stage (may be fewer), of the stratum of each row at that stage.
        populations: one sequence per stage (may be fewer), of N in the unit's stratum and parent;
            numbers below 1 are read as sampling fractions. Stages without N are not used, but for
            the first.
        lonely: what to do with one unit in a stratum: "refuse", "certainty" (no variance) or
            "centre" (about the mean of all units of the stage).

    Raises:
        LonelyUnit: one unit in a stratum, and no rule was chosen.
        EstimateError: N differs within a stratum, or is smaller than n.
    """
    rows = range(len(ids[0]))
    stages: list[Stage] = []
    above = [0] * len(ids[0])
    shares = [1.0]  # of each unit of the stage above: the product of the f's down to it
    for depth in range(max(1, min(len(ids), len(populations)))):
        stratum = strata[depth] if depth < len(strata) else [""] * len(above)
        cell_index: dict[tuple[int, str], int] = {}
        unit_index: dict[tuple[int, str], int] = {}
        cells_of = [cell_index.setdefault((above[r], stratum[r]), len(cell_index)) for r in rows]
        units_of = [
            unit_index.setdefault((cells_of[r], ids[depth][r]), len(unit_index)) for r in rows
        ]
        fractions = _fractions(
            [(cells_of[r], units_of[r]) for r in rows],
            populations[depth] if populations else None,
            list(cell_index),
            depth,
        )
        members = _members(unit_index)
        cells = [
            _cell(name, members[index], fractions[index], shares[name[0]], lonely, depth)
            for name, index in cell_index.items()
        ]
        parents = list(cell_index)
        stages.append(
            Stage([cell for cell, _ in unit_index], [parents[c][0] for c, _ in unit_index], cells)
        )
        shares = [shares[parents[cell][0]] * fractions[cell] for cell, _ in unit_index]
        above = units_of
    return Clusters(stages, above, lonely)


def _members(units: Mapping[tuple[int, str], int]) -> dict[int, list[str]]:
    members: dict[int, list[str]] = {}
    for cell, name in units:
        members.setdefault(cell, []).append(name)
    return members


def _fractions(
    places: Sequence[tuple[int, int]],
    population: Sequence[float] | None,
    cells: Sequence[tuple[int, str]],
    depth: int,
) -> list[float]:
    """Return f = n/N of each cell; 0 where N is not given."""
    if population is None:
        return [0.0] * len(cells)
    units: list[set[int]] = [set() for _ in cells]
    given: dict[int, float] = {}
    for row, (cell, unit) in enumerate(places):
        units[cell].add(unit)
        if given.setdefault(cell, population[row]) != population[row]:
            raise EstimateError(
                reason_vi=f"tổng số đơn vị bậc {depth + 1} không nhất quán ở '{cells[cell][1]}'",
                reason_en=f"the population of stage {depth + 1} differs within '{cells[cell][1]}'",
            )
    fractions = []
    for cell, names in enumerate(units):
        number = given[cell]
        fractions.append(number if number < 1 else len(names) / number)
        if not 0 < fractions[-1] <= 1:
            raise EstimateError(
                reason_vi=f"bậc {depth + 1}, '{cells[cell][1]}': mẫu {len(names)} lớn hơn {number}",
                reason_en=f"stage {depth + 1}, '{cells[cell][1]}': {len(names)} drawn of {number}",
            )
    return fractions


def _cell(
    name: tuple[int, str], members: list[str], f: float, share: float, lonely: str, depth: int
) -> Cell:
    n = len(members)
    if n > 1:
        return Cell(name[1], n, share * (1 - f) * n / (n - 1), single=False)
    if f < 1 and lonely == "refuse":
        raise LonelyUnit(stratum=name[1], stage=depth + 1, unit_id=members[0])
    return Cell(name[1], n, share * (1 - f), single=True)
