"""CPU and memory of the server's processes, and what else the machine did meanwhile.

A group is a process and all below it. Children that ended are counted: their parent has their
times. `foreign` is the CPU of everything that is neither a group nor the bench, in cores.
"""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
MB = 1_000_000
EVERY_S = 0.05
PSS_EVERY_S = 0.5


@dataclass
class Group:
    """What one group used between the start and the end of a measurement."""

    pid: int
    cpu_s: float = 0.0
    rss_mb: float = 0.0
    peak_rss_mb: float = 0.0
    peak_pss_mb: float = 0.0

    def __add__(self, other: "Group") -> "Group":
        """Return both measurements, one after the other, as one."""
        return Group(
            self.pid,
            self.cpu_s + other.cpu_s,
            other.rss_mb,
            max(self.peak_rss_mb, other.peak_rss_mb),
            max(self.peak_pss_mb, other.peak_pss_mb),
        )


@dataclass
class Reading:
    """A finished measurement."""

    wall_s: float = 0.0
    foreign_cores: float = 0.0
    load: float = 0.0
    groups: dict[str, Group] = field(default_factory=dict)

    def __add__(self, other: "Reading") -> "Reading":
        """Return both measurements, one after the other, as one."""
        wall = self.wall_s + other.wall_s
        foreign = self.foreign_cores * self.wall_s + other.foreign_cores * other.wall_s
        groups = {name: group + other.groups[name] for name, group in self.groups.items()}
        return Reading(wall, foreign / wall, other.load, groups)

    def cpu_ms(self, group: str, requests: int) -> float:
        """Return the CPU milliseconds of a group for each of `requests`."""
        return 1000 * self.groups[group].cpu_s / requests if requests else 0.0


@contextlib.contextmanager
def metered(**pids: int) -> Iterator[Reading]:
    """Measure the groups whose first processes are given by name, until the block ends."""
    reading = Reading(groups={name: Group(pid) for name, pid in pids.items()})
    stop = threading.Event()
    watch = threading.Thread(target=_watch, args=(reading, stop), daemon=True)
    before = {name: tree_cpu_s(pid) for name, pid in pids.items()}
    busy, mine, began = machine_cpu_s(), time.process_time(), time.perf_counter()
    watch.start()
    try:
        yield reading
    finally:
        reading.wall_s = time.perf_counter() - began
        stop.set()
        watch.join()
        for name, group in reading.groups.items():
            group.cpu_s = tree_cpu_s(group.pid) - before[name]
            group.rss_mb = sum(map(_rss, tree(group.pid))) / MB
        ours = time.process_time() - mine + sum(g.cpu_s for g in reading.groups.values())
        foreign = (machine_cpu_s() - busy - ours) / reading.wall_s
        reading.foreign_cores, reading.load = max(0.0, foreign), os.getloadavg()[0]


def _watch(reading: Reading, stop: threading.Event) -> None:
    next_pss = 0.0
    while True:
        due = time.monotonic() >= next_pss
        for group in reading.groups.values():
            pids = tree(group.pid)
            group.peak_rss_mb = max(group.peak_rss_mb, sum(map(_rss, pids)) / MB)
            if due:
                group.peak_pss_mb = max(group.peak_pss_mb, sum(map(_pss, pids)) / MB)
        if due:
            next_pss = time.monotonic() + PSS_EVERY_S
        if stop.wait(EVERY_S):
            return


def tree(pid: int) -> list[int]:
    """Return a process and all below it that are alive."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):  # it may end while we look
            for task in Path(f"/proc/{parent}/task").glob("*/children"):
                with contextlib.suppress(OSError):
                    found += [int(child) for child in task.read_text().split()]
    return found


def tree_cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process, all below it, and those of them that have ended."""
    return sum(_cpu(one) for one in tree(pid))


def machine_cpu_s() -> float:
    """Return how many CPU seconds the machine was busy since it started."""
    times = [int(x) for x in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle, waiting, stolen = times[3], times[4], times[7]
    return (sum(times) - idle - waiting - stolen) / TICKS


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(int(fields[n]) for n in (11, 12, 13, 14)) / TICKS


def _rss(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
