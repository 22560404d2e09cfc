"""The sync of a large plan: 500 forms with 20 lists each, one phone and a hundred at once.

A phone asks the form list and then the manifest of every form, every quarter of an hour.
"""

import json
import re
import threading
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from bench import house
from bench.house import House, Serving, Workshop
from bench.load import Outcome, Poor, Sender, drive
from bench.meter import Reading, metered
from bench.options import Options
from bench.report import Cell, Table
from bench.wire import Connection

FORMS, LISTS, PHONES = 500, 20, 100
COLUMNS = (
    "database", "asked", "bytes", "requests/s", "p50 ms", "p99 ms",
    "CPU ms/request", "database CPU ms",
)  # fmt: skip
NOTE = (
    "Of the {lists} lists of a form four were uploaded with it; the others are entity lists of the "
    "plan for all, by team, owner or area. The folder of files is moved away while phones ask. "
    "To reach: formList under 30 ms of CPU, a manifest under 5 ms."
)


def run(shop: Workshop, options: Options) -> list[Table]:
    """Measure one phone, then all of them: first, and again with what they know by its ETag."""
    note = NOTE.format(lists=LISTS)
    table = Table(f"Sync of {FORMS} forms with {LISTS} lists each", COLUMNS, notes=[note])
    for engine in options.engines:
        with shop.house(engine) as here:
            told = house.run(here, "bench.stock", str(FORMS), str(LISTS), str(PHONES))
            paths = json.loads(told.splitlines()[-1])
            with house.serving(here, "--no-work") as served:
                warm(served, paths)
                (here.var / "files").rename(here.var / "files-away")
                table.rows += one_phone(here, served, paths[0], max(50, options.count // 20))
                table.rows += all_phones(here, served, paths, max(5, options.count // 100))
    return [table]


def warm(served: Serving, paths: Sequence[str]) -> None:
    """Let every phone ask once, so that each part of a list has been made."""
    for path in paths:
        phone = Phone(served.base_url, path)
        phone.sync(range(1))
        phone.connection.close()


def one_phone(here: House, served: Serving, path: str, count: int) -> list[list[Cell]]:
    """Measure what one phone asks, whole and unchanged."""
    sender, listing = Sender(served.base_url, path), f"{path}/formList"
    phone = Phone(served.base_url, path)
    phone.sync(range(1))
    manifest = phone.manifests[0]
    asked = [("formList", listing, count), ("manifest", manifest, count * 4)]
    rows = []
    for name, address, times in asked:
        known = Sender(served.base_url, path, [f"If-None-Match: {phone.tags[address]}"])
        rows.append(_asked(here, served, name, sender.get(address), times, {200}))
        unchanged = known.get(address)
        rows.append(_asked(here, served, f"{name}, unchanged (304)", unchanged, times, {304}))
    phone.connection.close()
    return rows


def _asked(
    here: House, served: Serving, name: str, request: bytes, count: int, good: set[int]
) -> list[Cell]:
    drive(served.base_url, [lambda: request] * 20, 1, good)
    with metered(**here.groups(served.pid)) as reading:
        out = drive(served.base_url, [lambda: request] * count, 1, good)
    return _row(here, name, out, reading)


def all_phones(
    here: House, served: Serving, paths: Sequence[str], manifests: int
) -> list[list[Cell]]:
    """Measure all phones at once, each with its own part of the forms, cold and once more."""
    phones = [Phone(served.base_url, path) for path in paths]
    rows = []
    for name in ("cold", "with ETag"):
        with metered(**here.groups(served.pid)) as reading:
            out = _at_once(phones, manifests)
        expected = {"200"} if name == "cold" else {"304"}
        if out.refusals or set(out.statuses) != expected:
            raise Poor(f"{dict(out.statuses)}: {out.refusals[:1]}")
        what = f"{len(phones)} phones at once, {name}: formList + {manifests} manifests"
        rows.append(_row(here, what, out, reading))
    for phone in phones:
        phone.connection.close()
    return rows


def _at_once(phones: Sequence["Phone"], manifests: int) -> Outcome:
    found = [Outcome() for _ in phones]

    def sync(number: int) -> None:
        first = number * manifests
        found[number] = phones[number].sync(range(first, first + manifests))

    threads = [threading.Thread(target=sync, args=(n,)) for n in range(len(phones))]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = sum(found, Outcome())
    total.wall_s = time.perf_counter() - began
    return total


def _row(here: House, name: str, out: Outcome, reading: Reading) -> list[Cell]:
    database = reading.cpu_ms("database", out.good) if "database" in reading.groups else None
    return [
        here.engine, name, out.bytes_in // out.good, out.per_s, out.percentile(50),
        out.percentile(99), reading.cpu_ms("server", out.good), database,
    ]  # fmt: skip


class Phone:
    """One phone: a connection, and the ETag of everything that it has asked."""

    def __init__(self, base_url: str, path: str) -> None:
        self.base_url, self.path = base_url, path
        self.connection = Connection(base_url)
        self.tags: dict[str, str] = {}
        self.manifests: list[str] = []

    def sync(self, which: range) -> Outcome:
        """Ask the form list and some of its manifests, counted round."""
        out = Outcome()
        body = self._ask(f"{self.path}/formList", out)
        if body:
            found = re.findall(r"<manifestUrl>(.*?)</manifestUrl>", body.decode())
            if len(found) != FORMS:
                raise Poor(f"{len(found)} forms with files")
            self.manifests = [urlsplit(address).path for address in found]
        for number in which:
            body = self._ask(self.manifests[number % FORMS], out)
            if body and body.count(b"<mediaFile") != LISTS:
                raise Poor(f"a manifest with {body.count(b'<mediaFile')} files")
        return out

    def _ask(self, address: str, out: Outcome) -> bytes:
        known = self.tags.get(address)
        sender = Sender(self.base_url, self.path, [f"If-None-Match: {known}"] if known else [])
        began = time.perf_counter()
        answer = self.connection.ask(sender.get(address))
        out.waits_ms.append(1000 * (time.perf_counter() - began))
        out.statuses[str(answer.status)] += 1
        out.bytes_in += len(answer.body)
        if answer.status not in {200, 304}:
            out.refusals.append(f"{answer.status}: {answer.body[:200]!r}")
        self.tags[address] = answer.headers.get("etag", "")
        return answer.body
