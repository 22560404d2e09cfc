"""Memory while 32 phones send photos of 5 MB at once."""

from bench import house
from bench.house import Workshop
from bench.load import drive, interviews
from bench.meter import metered
from bench.options import Options
from bench.report import Table

PHONES = 32
EACH = 3
PHOTO_BYTES = 5_000_000
COLUMNS = ("database", "photos", "seconds", "MB/s", "RSS before MB", "peak RSS MB", "peak PSS MB")
NOTE = (
    "The server with its jobs, which shrink the same photos meanwhile. PSS counts a page that "
    "processes share once. To reach: under 150 MB of RSS."
)


def run(shop: Workshop, options: Options) -> list[Table]:
    """Measure the peak on each engine."""
    table = Table("32 phones sending photos of 5 MB at once", COLUMNS, notes=[NOTE])
    for engine in options.engines:
        with shop.house(engine) as here, house.serving(here) as served:
            sender = house.phone(here, served)
            form = house.filler(sender)
            drive(served.base_url, interviews(sender, form, 20, 1), 8)
            with metered(server=served.pid) as before:
                pass
            jobs = interviews(sender, form, PHONES * EACH, 2, PHOTO_BYTES)
            with metered(server=served.pid) as reading:
                outcome = drive(served.base_url, jobs, PHONES)
            server = reading.groups["server"]
            table.rows.append([
                engine, outcome.good, outcome.wall_s, outcome.good * 5 / outcome.wall_s,
                before.groups["server"].rss_mb, server.peak_rss_mb, server.peak_pss_mb,
            ])  # fmt: skip
    return [table]
