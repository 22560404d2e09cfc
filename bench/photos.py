"""A filled form with one photo of 200 KB, from eight phones at once."""

from bench import house
from bench.house import Workshop
from bench.ingest import COLUMNS, PHONES, load
from bench.options import Options
from bench.report import Table

PHOTO_BYTES = 200_000
NOTE = (
    "Every photo is another one: it is hashed, written, synced, and its row committed, before the "
    "answer. Thumbnails are made afterwards, by a job. To reach: 250 a second."
)


def run(shop: Workshop, options: Options) -> list[Table]:
    """Measure forms with a photo on each engine."""
    table = Table(f"With one photo of 200 KB, {PHONES} phones at once", COLUMNS, notes=[NOTE])
    for engine in options.engines:
        with shop.house(engine) as here, house.serving(here, "--no-work") as served:
            sender = house.phone(here, served)
            count = max(100, options.count // 4)
            measured = load(
                here, served, sender, house.filler(sender), count, photo_bytes=PHOTO_BYTES
            )
            table.rows.append(measured.row(engine, "thucdia serve"))
    return [table]
