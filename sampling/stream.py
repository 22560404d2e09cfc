"""Draws from frame files too large to hold: millions of households in tens of megabytes.

`FrameFile` proves a canonical file once, line by line, when it is frozen. `run` checks its hash
and draws. Simple random draws, with or without strata, hold only what they choose; the other
methods walk over all units and read them into memory.
"""

from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path

from sampling import draw, srs
from sampling.draw import WHOLE, Draw, Selected
from sampling.errors import BadCommitment, BadDesign, EmptyFrame
from sampling.frame import Frame, Unit, read_lines
from sampling.protocol import Commitment, PublicSeed
from sampling.tickets import Smallest

Progress = Callable[[int], None]
Cells = list[bytes]
_BLOCK = 1 << 20
_MANY = 20_000


class FrameFile:
    """A canonical frame file on disk, proved line by line on construction."""

    def __init__(self, path: str | Path, progress: Progress | None = None) -> None:
        self.path = Path(path)
        count = 0
        for count, _ in enumerate(self.units(), start=1):
            if progress and count % _MANY == 0:
                progress(count)
        if not count:
            raise EmptyFrame
        self._count = count
        self.sha256 = file_hash(self.path)

    def __len__(self) -> int:
        return self._count

    def lines(self) -> Iterator[bytes]:
        """Yield the file line by line."""
        with self.path.open("rb") as file:
            yield from file

    def units(self) -> Iterator[Unit]:
        """Yield every unit, each line proved canonical."""
        return read_lines(self.lines())

    def cells(self) -> Iterator[Cells]:
        """Yield the header and then every line as cells, quickly: nothing is proved again."""
        for line in self.lines():
            yield line[:-1].split(b"\t")


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits."""
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def run(
    commitment: Commitment, frame: FrameFile, seed: PublicSeed, progress: Progress | None = None
) -> Draw:
    """Draw what the commitment promised from a frame on disk; the same draw as in memory.

    `progress` is called now and then with the number of units done.

    Raises:
        BadCommitment: the file has changed since it was committed.
        DesignError: the frame cannot give what the design asks.
    """
    if commitment.design.method != "srs":
        return draw.run(commitment, Frame(frame.units()), seed, progress)
    if file_hash(frame.path) != commitment.frame_sha256:
        raise BadCommitment(
            reason_vi="khung mẫu đã khác với khung lúc cam kết",
            reason_en="the frame is not the one that was committed",
        )
    return _SimpleRun(commitment, frame, seed, progress).draw()


class _SimpleRun:
    """One simple random draw from a file: the smallest tickets, stratum by stratum."""

    def __init__(
        self,
        commitment: Commitment,
        frame: FrameFile,
        seed: PublicSeed,
        progress: Progress | None,
    ) -> None:
        self.commitment, self.seed, self.frame, self.progress = commitment, seed, frame, progress
        self.design = commitment.design
        self.seed_string = commitment.seed_string(seed)
        header = [name.decode() for name in next(frame.cells())]
        self.place = {name: place for place, name in enumerate(header)}

    def draw(self) -> Draw:
        """Return the draw."""
        counts = self._counts()
        numbers = draw.numbers_for(self.design, counts)
        keepers = {
            label: Smallest(
                min(numbers[label] + self.design.reserves, counts[label][0]), self.seed_string
            )
            for label in sorted(counts)
        }
        self._offer(keepers)
        selected: list[Selected] = []
        parents = self._parents({unit_id for k in keepers.values() for _, unit_id in k.result()})
        for label, keeper in keepers.items():
            chosen = srs.ranked(keeper.result(), numbers[label], counts[label][0])
            selected.extend(draw.describe(chosen, parents, label, self.design, self.seed_string))
        selected.extend(draw.named_apart(self._purposive(), self.seed_string))
        population = sum(count for count, _ in counts.values())
        return Draw(self.commitment, self.seed, population, tuple(selected))

    def _free(self) -> Iterator[Cells]:
        """Yield the lines of the units that may be drawn."""
        marks = [self.place[name] for name in ("excluded", "purposive") if name in self.place]
        lines = islice(self.frame.cells(), 1, None)
        if not marks:
            return lines
        return (cells for cells in lines if not any(cells[mark] for mark in marks))

    def _counts(self) -> dict[str, tuple[int, int]]:
        """Return (units, total size) of each stratum."""
        if not self.design.strata:
            everyone = not {"excluded", "purposive"} & set(self.place)
            return {WHOLE: (len(self.frame) if everyone else sum(1 for _ in self._free()), 0)}
        if "stratum" not in self.place:
            raise BadDesign(
                reason_vi="khung mẫu không có cột stratum", reason_en="the frame has no strata"
            )
        stratum, size = self.place["stratum"], self.place.get("size")
        counts: dict[bytes, tuple[int, int]] = {}
        for cells in self._free():
            units, total = counts.get(cells[stratum], (0, 0))
            more = int(cells[size] or 0) if size is not None else 0
            counts[cells[stratum]] = (units + 1, total + more)
        if b"" in counts:
            raise BadDesign(
                reason_vi="có đơn vị chưa có tầng; hãy điền cột stratum",
                reason_en="some unit has no stratum; fill in the column stratum",
            )
        return {label.decode(): pair for label, pair in counts.items()}

    def _offer(self, keepers: dict[str, Smallest]) -> None:
        lines, done = self._free(), 0
        while block := list(islice(lines, _MANY)):
            if self.design.strata:
                self._offer_by_stratum(keepers, block)
            else:
                keepers[WHOLE].offer([cells[0] for cells in block])
            done += len(block)
            if self.progress:
                self.progress(done)

    def _offer_by_stratum(self, keepers: dict[str, Smallest], block: list[Cells]) -> None:
        place = self.place["stratum"]
        groups: dict[bytes, list[bytes]] = {}
        for cells in block:
            groups.setdefault(cells[place], []).append(cells[0])
        for label, unit_ids in groups.items():
            keepers[label.decode()].offer(unit_ids)

    def _parents(self, wanted: set[str]) -> dict[str, str]:
        if "parent" not in self.place:
            return {}
        place, names = self.place["parent"], {unit_id.encode() for unit_id in wanted}
        found = (cells for cells in self._free() if cells[0] in names)
        return {cells[0].decode(): cells[place].decode() for cells in found}

    def _purposive(self) -> list[Unit]:
        if "purposive" not in self.place:
            return []
        return [unit for unit in self.frame.units() if unit.purposive]
