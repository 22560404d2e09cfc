"""The draw itself: frame, commitment and public number in, the chosen units out.

>>> from sampling import Commitment, Design, DiceD10, Frame, PublicSeed
>>> frame = Frame.from_rows([{"unit_id": f"{code:05d}"} for code in range(3217, 3253, 3)])
>>> commitment = Commitment.on(frame, Design("srs", n=2, reserves=1), "Giám sát 2026")
>>> seed = PublicSeed.parse(DiceD10(), "4837 1029 5561 3820 7714")
>>> for unit in run(commitment, frame, seed).selected:
...     print(unit.role, unit.rank, unit.id, unit.short_ticket, unit.pi, unit.weight)
main 1 03235 0.039818807512 1/6 6
main 2 03241 0.207234665113 1/6 6
reserve 3 03250 0.245784948516 1/6 None
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from hashlib import sha256

from sampling import pps, spatial, srs
from sampling.allocation import allocate
from sampling.design import Design
from sampling.errors import BadCommitment, BadDesign, EmptyFrame, TooFewUnits, ZeroSize
from sampling.frame import Frame, Unit
from sampling.protocol import Commitment, PublicSeed
from sampling.srs import Chosen
from sampling.tickets import Stream, in_order, short, ticketer

WHOLE = "ALL"  # the label of a frame drawn without strata
COLUMNS = ("role", "stratum", "rank", "unit_id", "ticket", "pi", "weight", "team", "parent")


@dataclass(frozen=True, slots=True)
class Selected:
    """One unit of a draw.

    role: "certainty", "main", "reserve" (used only when released) or "purposive" (no weight).
    rank: the order in its stratum, from 1: certainty and main units first, then reserves.
    pi: the exact probability of being in the main sample; None for purposive units.
    team: from 1 where the design names teams, else 0.
    """

    id: str
    rank: int
    ticket: str
    stratum: str
    pi: Fraction | None
    role: str
    parent: str = ""
    team: int = 0

    @property
    def weight(self) -> Fraction | None:
        """One over pi for units that count from the start; None for reserves and purposive ones."""
        return 1 / self.pi if self.pi and self.role in ("main", "certainty") else None

    @property
    def short_ticket(self) -> str:
        """The ticket as printed: twelve digits."""
        return short(self.ticket)

    def cells(self) -> tuple[str, ...]:
        """Return the cells of the result file, in the order of `COLUMNS`."""
        return (
            self.role,
            self.stratum,
            str(self.rank),
            self.id,
            self.short_ticket,
            as_ratio(self.pi),
            as_ratio(self.weight),
            str(self.team or ""),
            self.parent,
        )


@dataclass(frozen=True)
class Draw:
    """The outcome of one draw; `selected` goes by stratum, then rank; purposive units last."""

    commitment: Commitment
    seed: PublicSeed
    population: int
    selected: tuple[Selected, ...]

    @property
    def seed_string(self) -> str:
        """The text from which every number of this draw is hashed."""
        return self.commitment.seed_string(self.seed)

    def role(self, *roles: str) -> tuple[Selected, ...]:
        """Return the units of these roles, in order."""
        return tuple(unit for unit in self.selected if unit.role in roles)

    @property
    def main(self) -> tuple[Selected, ...]:
        """The units to visit: main and certainty."""
        return self.role("main", "certainty")

    @property
    def reserves(self) -> tuple[Selected, ...]:
        """The substitutes, in the order in which they may be released."""
        return self.role("reserve")

    @property
    def purposive(self) -> tuple[Selected, ...]:
        """The units named beforehand for a reason: visited, never weighted."""
        return self.role("purposive")

    def tsv(self) -> bytes:
        """Return the result file: a header and one line per unit; ratios such as 3/20."""
        rows = [COLUMNS, *(unit.cells() for unit in self.selected)]
        return "".join("\t".join(row) + "\n" for row in rows).encode()

    @cached_property
    def sha256(self) -> str:
        """The hash of the result file."""
        return sha256(self.tsv()).hexdigest()


def as_ratio(value: Fraction | None) -> str:
    """Return a fraction as `numerator/denominator`, empty for None."""
    return "" if value is None else f"{value.numerator}/{value.denominator}"


def run(
    commitment: Commitment,
    frame: Frame,
    seed: PublicSeed,
    progress: Callable[[int], None] | None = None,
) -> Draw:
    """Draw what the commitment promised from the frame it promised.

    `progress` is called with the number of units of the frame done, stratum by stratum.

    Raises:
        BadCommitment: the frame or the source of the number is not the one promised.
        DesignError: the frame cannot give what the design asks.
    """
    if frame.sha256 != commitment.frame_sha256:
        raise BadCommitment(
            reason_vi="khung mẫu đã khác với khung lúc cam kết",
            reason_en="the frame is not the one that was committed",
        )
    design, seed_string = commitment.design, commitment.seed_string(seed)
    strata = split(frame.eligible, design)
    numbers = share_out(design, strata)
    selected: list[Selected] = []
    done = 0
    for label in sorted(strata):
        chosen = choose(design, label, strata[label], numbers[label], seed_string)
        selected.extend(_described(chosen, strata[label], label, design, seed_string))
        done += len(strata[label])
        if progress:
            progress(done)
    selected.extend(named_apart(frame.units, seed_string))
    return Draw(commitment, seed, len(frame.eligible), tuple(selected))


def split(units: Sequence[Unit], design: Design) -> dict[str, list[Unit]]:
    """Return the units by stratum, or all under the label ALL."""
    if not units:
        raise EmptyFrame
    if not design.strata:
        return {WHOLE: list(units)}
    strata: dict[str, list[Unit]] = {}
    for unit in units:
        if not unit.stratum:
            raise BadDesign(
                reason_vi=f"đơn vị '{unit.id}' chưa có tầng; hãy điền cột stratum",
                reason_en=f"unit '{unit.id}' has no stratum; fill in the column stratum",
            )
        strata.setdefault(unit.stratum, []).append(unit)
    return strata


def share_out(design: Design, strata: dict[str, list[Unit]]) -> dict[str, int]:
    """Return how many units each stratum gives."""
    counts = {
        label: (len(units), sum(unit.size or 0 for unit in units))
        for label, units in strata.items()
    }
    return numbers_for(design, counts)


def numbers_for(design: Design, counts: dict[str, tuple[int, int]]) -> dict[str, int]:
    """Return how many units each stratum gives, from stratum -> (units, total size)."""
    if design.strata:
        return allocate(design.strata, design.n, counts)
    available = counts[WHOLE][0]
    if design.n + design.reserves > available:
        raise TooFewUnits(asked=design.n + design.reserves, available=available, stratum=WHOLE)
    return {WHOLE: design.n}


def choose(
    design: Design, label: str, units: Sequence[Unit], n: int, seed_string: str
) -> list[Chosen]:
    """Return what the method chooses in one stratum, in the order of rank."""
    reserves = min(design.reserves, len(units) - n)
    if n + reserves == 0:
        return []
    if design.method == "srs":
        return srs.select([unit.id for unit in units], n, reserves, seed_string)
    return pps.select(
        _sized(design, units, seed_string),
        n,
        reserves,
        certainty=design.certainty,
        walk=_walk(design, label, units, seed_string),
        order=Stream(seed_string, f"order|{label}"),
    )


def _sized(design: Design, units: Sequence[Unit], seed_string: str) -> list[tuple[str, int]]:
    """Return (id, size) in the order of the walk; every size is one in draws of equal chance."""
    if design.sized:
        for unit in units:
            if not unit.size:
                raise ZeroSize(unit_id=unit.id)
    if design.method == "pps_pivotal" and design.order != "key":
        sizes = {unit.id: unit.size or 0 for unit in units}
        return [(unit_id, sizes[unit_id]) for unit_id in in_order(list(sizes), seed_string)]
    if design.method != "spatial":
        units = sorted(units, key=lambda unit: (unit.order_key, unit.id))
    return [(unit.id, (unit.size or 0) if design.sized else 1) for unit in units]


def _walk(design: Design, label: str, units: Sequence[Unit], seed_string: str) -> pps.Walk:
    """Return the walk of a method, its stream labelled by method and stratum."""
    if design.method == "pps_pivotal":
        stream = Stream(seed_string, f"pivotal|{label}")
        return lambda sized, n, total: pps.pivotal(sized, n, total, stream)
    if design.method == "spatial":
        stream = Stream(seed_string, f"spatial|{label}")
        points = spatial.points(units)
        return lambda sized, n, total: spatial.select(sized, n, total, stream, points)
    stream = Stream(seed_string, f"start|{label}")
    return lambda sized, n, total: pps.systematic(sized, n, total, stream)


def _described(
    chosen: Sequence[Chosen], units: Iterable[Unit], label: str, design: Design, seed_string: str
) -> Iterator[Selected]:
    """Yield the chosen as the draw reports them."""
    wanted = {one.id for one in chosen}
    return describe(
        chosen,
        {unit.id: unit.parent for unit in units if unit.id in wanted},
        label,
        design,
        seed_string,
    )


def describe(
    chosen: Sequence[Chosen], parents: dict[str, str], label: str, design: Design, seed_string: str
) -> Iterator[Selected]:
    """Yield the chosen of one stratum with tickets, ranks, roles and teams."""
    number = ticketer(seed_string)
    blocks = [team for team, size in enumerate(design.teams, start=1) for _ in range(size)]
    for place, one in enumerate(chosen):
        yield Selected(
            id=one.id,
            rank=place + 1,
            ticket=number(one.id),
            stratum=label,
            pi=one.pi,
            role="certainty" if one.certain else "main" if one.main else "reserve",
            parent=parents.get(one.id, ""),
            team=blocks[place] if place < len(blocks) else 0,
        )


def named_apart(units: Iterable[Unit], seed_string: str) -> Iterator[Selected]:
    """Yield the purposive units, kept apart: no probability, no weight."""
    named = [unit for unit in units if unit.purposive and not unit.excluded]
    number = ticketer(seed_string)
    for rank, unit in enumerate(named, start=1):
        yield Selected(unit.id, rank, number(unit.id), unit.stratum, None, "purposive", unit.parent)
