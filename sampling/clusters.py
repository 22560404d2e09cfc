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
    above = _Above([0] * len(ids[0]), [1.0], ["ALL"])
    stages: list[Stage] = []
    for depth in range(max(1, min(len(ids), len(populations)))):
        stratum = strata[depth] if depth < len(strata) else [""] * len(ids[0])
        population = populations[depth] if populations else None
        stage, above = _stage(ids[depth], stratum, population, above, lonely, depth + 1)
        stages.append(stage)
    return Clusters(stages, above.of_row, lonely)


@dataclass(frozen=True)
class _Above:
    """The units of the stage above: of each row, and their product of f's and name."""

    of_row: list[int]
    shares: list[float]
    names: list[str]


def _stage(
    ids: Sequence[str],
    stratum: Sequence[str],
    population: Sequence[float] | None,
    above: _Above,
    lonely: str,
    depth: int,
) -> tuple[Stage, _Above]:
    """Return one stage and what the next stage needs to know of its units."""
    cell_index: dict[tuple[int, str], int] = {}
    unit_index: dict[tuple[int, str], int] = {}
    of_row = []
    for parent, name, unit in zip(above.of_row, stratum, ids, strict=True):
        cell = cell_index.setdefault((parent, name), len(cell_index))
        of_row.append(unit_index.setdefault((cell, unit), len(unit_index)))
    members: list[list[str]] = [[] for _ in cell_index]
    for cell, unit in unit_index:
        members[cell].append(unit)
    cell_of = [cell for cell, _ in unit_index]
    parents = [parent for parent, _ in cell_index]
    labels = [name or above.names[parent] for parent, name in cell_index]
    numbers = _populations([cell_of[unit] for unit in of_row], population, labels, depth)
    fractions = _fractions(members, numbers, labels, depth)
    cells = [
        _cell(label, units, f, above.shares[parent], lonely, depth)
        for label, units, f, parent in zip(labels, members, fractions, parents, strict=True)
    ]
    stage = Stage(cell_of, [parents[cell] for cell in cell_of], cells)
    shares = [above.shares[parents[cell]] * fractions[cell] for cell in cell_of]
    return stage, _Above(of_row, shares, [unit for _, unit in unit_index])


def _populations(
    cell_of_row: Sequence[int],
    population: Sequence[float] | None,
    labels: Sequence[str],
    depth: int,
) -> list[float] | None:
    """Return N of each cell, the same in all its rows; None where it is not given."""
    if population is None:
        return None
    given: dict[int, float] = {}
    for cell, number in zip(cell_of_row, population, strict=True):
        if given.setdefault(cell, number) != number:
            raise EstimateError(
                reason_vi=f"tổng số đơn vị bậc {depth} không nhất quán ở '{labels[cell]}'",
                reason_en=f"the population of stage {depth} differs within '{labels[cell]}'",
            )
    return [given[cell] for cell in range(len(labels))]


def _fractions(
    members: Sequence[Sequence[str]],
    populations: Sequence[float] | None,
    labels: Sequence[str],
    depth: int,
) -> list[float]:
    """Return f = n/N of each cell; 0 where N is not given."""
    if populations is None:
        return [0.0] * len(members)
    for units, number, label in zip(members, populations, labels, strict=True):
        if 1 <= number < len(units):
            raise EstimateError(
                reason_vi=f"bậc {depth}, '{label}': mẫu {len(units)} lớn hơn tổng số {number}",
                reason_en=f"stage {depth}, '{label}': {len(units)} drawn of {number}",
            )
    return [
        number if number < 1 else len(units) / number
        for units, number in zip(members, populations, strict=True)
    ]


def _cell(
    label: str, members: Sequence[str], f: float, share: float, lonely: str, depth: int
) -> Cell:
    n = len(members)
    if n > 1:
        return Cell(label, n, share * (1 - f) * n / (n - 1), single=False)
    if f < 1 and lonely == "refuse":
        raise LonelyUnit(stratum=label, stage=depth, unit_id=members[0])
    return Cell(label, n, share * (1 - f), single=True)
