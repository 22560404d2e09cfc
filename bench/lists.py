"""formList and manifest of a plan with 50 forms: what phones ask for every quarter of an hour."""

import re
from urllib.parse import urlsplit

from bench import house
from bench.house import House, Serving, Workshop
from bench.load import Sender, drive
from bench.meter import metered
from bench.options import Options
from bench.report import Cell, Table
from bench.wire import Connection

FORMS = 50
COLUMNS = ("database", "asked", "bytes", "requests/s", "p50 ms", "p99 ms", "CPU ms/request")
NOTE = (
    "Each form has three files. The folder of files is moved away while phones ask: what is "
    "answered was answered without reading one. To reach: under 5 ms of CPU."
)


def run(shop: Workshop, options: Options) -> list[Table]:
    """Measure lists, whole and unchanged (304), on each engine."""
    table = Table(f"Lists of {FORMS} forms, one phone", COLUMNS, notes=[NOTE])
    for engine in options.engines:
        with shop.house(engine) as here:
            house.run(here, "bench.stock", str(FORMS))
            with house.serving(here, "--no-work") as served:
                (here.var / "files").rename(here.var / "files-away")
                table.rows += _lists(here, served, max(100, options.count // 4))
    return [table]


def _lists(here: House, served: Serving, count: int) -> list[list[Cell]]:
    sender = house.phone(here, served)
    connection = Connection(served.base_url)
    listing = f"{here.prefix}/formList"
    answer = connection.ask(sender.get(listing))
    manifests = re.findall(r"<manifestUrl>(.*?)</manifestUrl>", answer.body.decode())
    if len(manifests) != FORMS:
        raise RuntimeError(f"{len(manifests)} forms with files: {answer.body[:600]!r}")
    manifest = urlsplit(manifests[0]).path
    entries = connection.ask(sender.get(manifest)).body.count(b"<mediaFile>")
    if entries != 3:
        raise RuntimeError(f"the manifest lists {entries} files, not 3")
    connection.close()
    known = Sender(served.base_url, here.prefix, [f"If-None-Match: {answer.headers['etag']}"])
    return [
        _asked(here, served, "formList", sender.get(listing), count),
        _asked(here, served, "formList, unchanged (304)", known.get(listing), count),
        _asked(here, served, "manifest", sender.get(manifest), count),
    ]


def _asked(here: House, served: Serving, name: str, request: bytes, count: int) -> list[Cell]:
    good = {304} if "304" in name else {200}
    drive(served.base_url, [lambda: request] * 50, 1, good)
    with metered(**here.groups(served.pid)) as reading:
        out = drive(served.base_url, [lambda: request] * count, 1, good)
    return [
        here.engine, name, out.bytes_in // out.good, out.per_s, out.percentile(50),
        out.percentile(99), reading.cpu_ms("server", out.good),
    ]  # fmt: skip
