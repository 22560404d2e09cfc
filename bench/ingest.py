"""A filled form of 2-4 KB, from eight phones at once, beside the floor; what follows it apart."""

import json
import secrets
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from bench import house
from bench.filling import Filler
from bench.house import House, Serving, Workshop
from bench.load import Outcome, Sender, drive, interviews
from bench.meter import Reading, metered
from bench.options import Options
from bench.ports import free_port
from bench.report import Cell, Table

PHONES = 8
WARM = 50
FLOOR, OURS = "floor", "thucdia serve"
COLUMNS = (
    "database", "server", "forms/s", "p50 ms", "p99 ms", "CPU ms/form", "its database ms",
    "peak RSS MB", "peak PSS MB", "foreign cores",
)  # fmt: skip
NOTE = (
    "CPU ms/form is of the web server's processes; what follows a form (link, rules) is not in it. "
    "To reach: at most 2.5 times the CPU of the floor, at least half of its rate."
)
AFTER = ("database", "forms", "CPU ms/form", "forms/s", "seconds until all is processed", "all/s",
         "all CPU ms/form")  # fmt: skip
AFTER_NOTE = (
    "First the work that waits, done alone in its own process; then everything at once: forms sent "
    "to `thucdia serve` with its jobs, until nothing waits. "
    "To reach: 400 a second and 4 ms of CPU for one form, all included."
)


@dataclass
class Measured:
    """One load on one server."""

    outcome: Outcome
    reading: Reading

    def __add__(self, other: "Measured") -> "Measured":
        """Return both loads as one."""
        return Measured(self.outcome + other.outcome, self.reading + other.reading)

    @property
    def cpu_ms(self) -> float:
        """Return the server's CPU milliseconds for a form."""
        return self.reading.cpu_ms("server", self.outcome.good)

    def row(self, engine: str, server: str) -> list[Cell]:
        """Return the row of this load."""
        out, group = self.outcome, self.reading.groups["server"]
        apart = "database" in self.reading.groups
        return [
            engine, server, out.per_s, out.percentile(50), out.percentile(99), self.cpu_ms,
            self.reading.cpu_ms("database", out.good) if apart else None,
            group.peak_rss_mb, group.peak_pss_mb, self.reading.foreign_cores,
        ]  # fmt: skip


def run(shop: Workshop, options: Options) -> list[Table]:
    """Measure receiving, and the work afterwards, on each engine."""
    receiving = Table("One filled form, eight phones at once", COLUMNS, notes=[NOTE])
    after = Table("The work that follows a form", AFTER, notes=[AFTER_NOTE])
    for engine in options.engines:
        with shop.house(engine) as here:
            receiving.rows += _receiving(here, options, receiving.notes)
            alone = json.loads(house.run(here, "bench.drain"))
            alone["forms"] = here.scalar("SELECT count(*) FROM submission")
        with shop.house(engine) as here:
            after.rows.append([engine, *_after(alone, here, options)])
    return [receiving, after]


def _receiving(here: House, options: Options, notes: list[str]) -> list[list[Cell]]:
    """Measure floor, one process and two, in turn and in slices, so that all meet one machine."""
    two = f"{OURS}, 2 processes"
    found: dict[str, Measured] = {}
    with (
        floor(here) as bare,
        house.serving(here, "--no-work") as ours,
        house.serving(here, "--no-work", THUCDIA_PROCESSES=2) as both,
    ):
        form = house.filler(house.phone(here, ours))
        for _ in range(options.rounds):
            for name, served in ((FLOOR, bare), (OURS, ours), (two, both)):
                sender = Sender(served.base_url, "" if name == FLOOR else here.prefix)
                measured = load(here, served, sender, form, options.count // options.rounds)
                found[name] = found[name] + measured if name in found else measured
    notes.append(_ratio(here.engine, found))
    return [measured.row(here.engine, name) for name, measured in found.items()]


def _ratio(engine: str, found: dict[str, Measured]) -> str:
    bare, ours = found[FLOOR], found[OURS]
    return (
        f"{engine}: {ours.cpu_ms / bare.cpu_ms:.2f} times the CPU of the floor, "
        f"{ours.outcome.per_s / bare.outcome.per_s:.2f} of its rate."
    )


def floor(here: House) -> AbstractContextManager[Serving]:
    """Run the floor on a table of its own beside the installation."""
    port = free_port()
    url = here.url.replace("thucdia.sqlite3", "floor.sqlite3")
    call = [sys.executable, "-m", "bench.floor", str(port), url]
    return house.process(call, port, here.environment(), "/health")


def load(
    here: House,
    served: Serving,
    sender: Sender,
    form: Filler,
    count: int,
    phones: int = PHONES,
    photo_bytes: int = 0,
    copies: int = 1,
) -> Measured:
    """Warm the server up, then send `count` interviews and measure."""
    seed = secrets.randbits(48)
    drive(served.base_url, interviews(sender, form, WARM, seed, photo_bytes), phones)
    jobs = interviews(sender, form, count, seed + 1, photo_bytes, copies)
    with metered(**here.groups(served.pid)) as reading:
        outcome = drive(served.base_url, jobs, phones)
    return Measured(outcome, reading)


def _after(alone: dict[str, float], here: House, options: Options) -> list[Cell]:
    with house.serving(here) as served:
        sender = house.phone(here, served)
        form = house.filler(sender)
        drive(served.base_url, interviews(sender, form, WARM, 1), PHONES)
        until(lambda: here.waiting() == 0)
        jobs = interviews(sender, form, options.count, 2)
        with metered(**here.groups(served.pid)) as reading:
            drive(served.base_url, jobs, PHONES)
            until(lambda: here.waiting() == 0)
    forms, seconds = int(alone["forms"]), reading.wall_s
    return [
        forms, 1000 * alone["cpu_s"] / forms, forms / alone["wall_s"],
        seconds, options.count / seconds, reading.cpu_ms("server", options.count),
    ]  # fmt: skip


def until(done: Callable[[], bool], seconds: float = 300) -> None:
    """Wait for something to become true.

    Raises:
        TimeoutError: it did not.
    """
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("the work that follows was not done in time")
        time.sleep(0.05)
