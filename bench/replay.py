"""The same record three times at once, and everything once more: one record, every answer 201."""

from bench import house
from bench.house import Workshop
from bench.load import STORED, drive, interviews
from bench.options import Options
from bench.report import Table

COPIES = 3
COLUMNS = ("database", "load", "sendings", "answered 201", "other answers", "forms/s", "records")
NOTE = "To reach: every answer 201 or 202, and one record for each form."


def run(shop: Workshop, options: Options) -> list[Table]:
    """Send copies at once, then all of them again, and count answers and records."""
    table = Table("The same form several times", COLUMNS, notes=[NOTE])
    for engine in options.engines:
        with shop.house(engine) as here, house.serving(here, "--no-work") as served:
            sender = house.phone(here, served)
            form = house.filler(sender)
            count = max(100, options.count // COPIES)
            jobs = interviews(sender, form, count, 7, copies=COPIES)
            for name in ("three times at once", "all of it again"):
                out = drive(served.base_url, jobs, 8, STORED, strict=False)
                records = int(here.scalar("SELECT count(*) FROM submission"))
                others = ", ".join(f"{k}: {n}" for k, n in out.statuses.items() if k != "201")
                table.rows.append([
                    engine, name, len(jobs), out.statuses["201"], others or "none", out.per_s,
                    f"{records:,} of {count:,}",
                ])  # fmt: skip
    return [table]
