"""How fast and how large: draws, the verifier, estimates, routes; beside other libraries.

    python -m bench.sampling              # 10,500 communes and 100,000 hamlets
    python -m bench.sampling --millions   # and 3,000,000 households
    python -m bench.sampling --write      # rewrite bench/SAMPLING.md

Each task runs in a process of its own; the time is processor time, the memory its peak. Libraries
that are not installed (`consistent_sampler`, `svy`) are left out.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time

from sampling import (
    Allocation,
    Commitment,
    Design,
    DiceD10,
    Frame,
    PublicSeed,
    bundle,
    route,
    run,
    stream,
    verify_draw,
)
from sampling.estimate import SurveyData

ROOT = Path(__file__).resolve().parents[1]
COUNTS = (10_500, 100_000)
MILLIONS = 3_000_000
SEED = "48371029556138207714"
N, RESERVES = 400, 100
GOALS = {10_500: 0.3, 100_000: 1.0, MILLIONS: 12.0}


def unit_rows(count: int) -> Iterator[dict[str, object]]:
    """Yield rows with a stratum and a size; invented."""
    for c in range(count):
        yield {"unit_id": f"{c:08d}", "stratum": f"T{c % 9}", "size": 50 + c * 7919 % 400}


def canonical_file(count: int, folder: Path) -> Path:
    """Write the same units as a canonical file."""
    path = folder / f"frame{count}.tsv"
    if not path.exists():
        with path.open("w") as file:
            file.write("unit_id\tstratum\tsize\n")
            for c in range(count):
                file.write(f"{c:08d}\tT{c % 9}\t{50 + c * 7919 % 400}\n")
    return path


def design_of(name: str) -> Design:

    return {
        "srs": Design("srs", N, RESERVES),
        "stratified": Design("srs", N, 10, strata=Allocation("proportional", minimum=2)),
        "systematic": Design("systematic", N),
        "pps_systematic": Design("pps_systematic", N, certainty=True),
        "pps_pivotal": Design("pps_pivotal", N, RESERVES, certainty=True),
    }[name]


def draw_in_memory(name: str, count: int, folder: Path) -> Callable[[], object]:
    """Commit, draw and list the result; reading the rows is not counted."""
    frame = Frame.from_rows(unit_rows(count))
    seed = PublicSeed.parse(DiceD10(), SEED)

    def work() -> object:
        return run(Commitment.on(frame, design_of(name), "đo"), frame, seed).tsv()

    return work


def draw_streamed(name: str, count: int, folder: Path) -> Callable[[], object]:
    file = stream.FrameFile(canonical_file(count, folder))
    commitment = Commitment.on(file, design_of(name), "đo")
    seed = PublicSeed.parse(DiceD10(), SEED)
    return lambda: stream.run(commitment, file, seed).tsv()


def freeze(name: str, count: int, folder: Path) -> Callable[[], object]:
    path = canonical_file(count, folder)
    return lambda: stream.FrameFile(path).sha256


def verify(name: str, count: int, folder: Path) -> Callable[[], object]:
    path = folder / f"{name}{count}.zip"
    if not path.exists():
        file = stream.FrameFile(canonical_file(count, folder))
        commitment = Commitment.on(file, design_of(name), "đo")
        drawn = stream.run(commitment, file, PublicSeed.parse(DiceD10(), SEED))
        with path.open("wb") as target:
            bundle.write(target, drawn, file)
        # Begin again with the package at hand, so that making it is not measured.
        os.execv(sys.executable, [sys.executable, "-m", "bench.sampling", *sys.argv[1:]])

    def work() -> object:
        checks = verify_draw.verify(str(path))
        assert all(check.ok for check in checks)
        return len(checks)

    return work


def consistent(name: str, count: int, folder: Path) -> Callable[[], object]:
    import consistent_sampler

    ids = [f"{c:08d}" for c in range(count)]
    return lambda: list(consistent_sampler.sampler(ids, seed=SEED, take=N + RESERVES, output="id"))


def svy(name: str, count: int, folder: Path) -> Callable[[], object]:
    import polars
    import svy as library

    columns = {"unit_id": [f"{c:08d}" for c in range(count)]}
    sizes = {"size": [50 + c * 7919 % 400 for c in range(count)]}
    units = polars.DataFrame({**columns, **sizes})
    sample = library.Sample(units, library.Design(mos="size") if name != "srs" else None)
    if name == "srs":
        return lambda: sample.sampling.srs(N, rstate=1)
    return lambda: sample.sampling.pps_sys(N, rstate=1)


def spread(name: str, count: int, folder: Path) -> Callable[[], object]:
    frame = Frame.from_rows(
        {
            "unit_id": f"{c:06d}",
            "lat": f"{9 + c * 7919 % 14_000 / 1000:.3f}",
            "lon": f"{103 + c * 104_729 % 6_000 / 1000:.3f}",
        }
        for c in range(count)
    )
    commitment = Commitment.on(frame, Design("spatial", N), "đo")
    return lambda: run(commitment, frame, PublicSeed.parse(DiceD10(), SEED)).tsv()


def estimates(name: str, count: int, folder: Path) -> Callable[[], object]:
    """`count` interviews in 250 communes of 25 strata: 50 indicators in 10 domains."""
    rows = [
        {
            "tang": f"{c % 25}",
            "xa": f"{c % 250}",
            "thon": f"{c % 500}",
            "ho": str(c),
            "w": 3 + c % 5,
        }
        | {"n1": 40, "n2": 9, "n3": 60, "mien": f"{c * 31 % 10}"}
        | {f"y{y}": (c * 7919 + y * c) % 7 % 2 for y in range(50)}
        for c in range(count)
    ]

    def work() -> object:
        survey = SurveyData(
            rows, weight="w", ids=["xa", "thon", "ho"], strata=["tang"], fpc=["n1", "n2", "n3"]
        )
        domains = survey.by("mien").values()
        return [part.proportion(f"y{y}").se for part in domains for y in range(50)]

    return work


def routes(name: str, count: int, folder: Path) -> Callable[[], object]:
    points = {
        f"{c:03d}": (21 + c * 7919 % 1000 / 1000, 103 + c * 3571 % 1000 / 1000)
        for c in range(count)
    }
    return lambda: route.order(points, (21.4, 103.0), back=True)


Task = tuple[str, str, Callable[[str, int, Path], Callable[[], object]], str]
DRAWS: list[Task] = [
    ("simple random, in memory", "srs", draw_in_memory, "all"),
    ("simple random, streamed from disk", "srs", draw_streamed, "all"),
    ("stratified, streamed from disk", "stratified", draw_streamed, "all"),
    ("systematic, in memory", "systematic", draw_in_memory, "short"),
    ("systematic by size, in memory", "pps_systematic", draw_in_memory, "all"),
    ("pivotal by size with reserves, in memory", "pps_pivotal", draw_in_memory, "all"),
    ("proving and hashing the frame file", "", freeze, "all"),
    ("verifier, simple random", "srs", verify, "all"),
    ("verifier, pivotal by size", "pps_pivotal", verify, "short"),
    ("consistent_sampler 1.0.10, same tickets", "srs", consistent, "all"),
    ("svy, simple random (not repeatable by hand)", "srs", svy, "all"),
    ("svy, systematic by size (not repeatable by hand)", "pps_systematic", svy, "all"),
]
OTHERS = [
    ("spread over the map, 10,500 places", "spatial", spread, 10_500),
    ("estimates: 5,000 interviews x 50 indicators x 10 domains", "", estimates, 5_000),
    ("route of 20 stops", "", routes, 20),
    ("route of 40 stops", "", routes, 40),
    ("route of 60 stops", "", routes, 60),
]
TASKS = {label: (name, make) for label, name, make, _ in [*DRAWS, *OTHERS]}


def one(label: str, count: int, folder: Path) -> None:
    """Run one task in this process and print seconds and megabytes."""
    name, make = TASKS[label]
    try:
        work = make(name, count, folder)
    except ImportError:
        print(json.dumps(None))
        return
    begun = process_time()
    work()
    seconds = process_time() - begun
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(line for line in status if line.startswith("VmHWM"))
    print(json.dumps([seconds, int(peak.split()[1]) / 1024]))


def measured(label: str, count: int, folder: Path) -> tuple[float, float] | None:
    answer = subprocess.run(
        [
            sys.executable,
            "-m",
            "bench.sampling",
            "--one",
            label,
            "--count",
            str(count),
            "--folder",
            str(folder),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    if answer.returncode:
        print(answer.stderr, file=sys.stderr)
        return None
    found = json.loads(answer.stdout)
    return None if found is None else (found[0], found[1])  # None: a library that is not installed


def cell(found: tuple[float, float] | None) -> str:
    return "-" if found is None else f"{found[0]:.2f} s, {found[1]:.0f} MB"


def table(counts: tuple[int, ...], folder: Path) -> str:
    """Return the results as Markdown."""
    lines = [
        "| draw of 400 (+100 reserves where said) | "
        + " | ".join(f"{count:,} units" for count in counts)
        + " |",
        "|---|" + "---|" * len(counts),
        "| *goal* | " + " | ".join(f"*{GOALS[count]:g} s*" for count in counts) + " |",
    ]
    for label, _, _, reach in DRAWS:
        far = [count for count in counts if reach == "all" or count < MILLIONS]
        found = [measured(label, count, folder) if count in far else None for count in counts]
        if any(found):
            lines.append(f"| {label} | " + " | ".join(map(cell, found)) + " |")
            print(lines[-1], flush=True)
    lines += ["", "| other work | |", "|---|---|"]
    for label, _, _, count in OTHERS:
        lines.append(f"| {label} | {cell(measured(label, count, folder))} |")
        print(lines[-1], flush=True)
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--millions", action="store_true", help="also 3,000,000 households")
    parser.add_argument("--write", action="store_true", help="rewrite bench/SAMPLING.md")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(options.one, options.count, options.folder)
        return
    counts = (*COUNTS, MILLIONS) if options.millions else COUNTS
    with tempfile.TemporaryDirectory() as folder:
        text = table(counts, Path(folder))
    if options.write:
        intro = Path(__file__).with_name("SAMPLING.md").read_text().split("| draw of")[0]
        machine = f"Python {platform.python_version()}, {os.cpu_count()} cores"
        Path(__file__).with_name("SAMPLING.md").write_text(
            f"{intro}{text}\n\nMachine: {machine}.\n"
        )


if __name__ == "__main__":
    main()
