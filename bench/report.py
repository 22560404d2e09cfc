"""Tables: printed, kept as JSON, and written into bench/README.md between their marks."""

import json
import os
import platform
import re
import subprocess
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from server import clock

README = Path(__file__).parent / "README.md"
Cell = str | float | int | None


@dataclass
class Table:
    """What one bench found on one machine."""

    title: str
    columns: tuple[str, ...]
    rows: list[list[Cell]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Return the table for a terminal."""
        cells = [list(self.columns), *([shown(cell) for cell in row] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in cells]
        lines.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join([self.title, *(line.rstrip() for line in lines), *self.notes])

    def markdown(self) -> str:
        """Return the table for a README."""
        rows = ["| " + " | ".join(shown(cell) for cell in row) + " |" for row in self.rows]
        head = ["| " + " | ".join(self.columns) + " |", "|" + "---|" * len(self.columns)]
        return "\n".join([f"**{self.title}**", "", *head, *rows, "", *self.notes])


def shown(cell: Cell) -> str:
    """Return a value with as many digits as mean something.

    >>> shown(1234.5), shown(3.14159), shown(0.0123), shown(None), shown("x")
    ('1,234', '3.14', '0.012', '—', 'x')
    """
    if cell is None:
        return "—"
    if isinstance(cell, float):
        size = abs(cell)
        digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
        return f"{cell:,.{digits}f}"
    return f"{cell:,}" if isinstance(cell, int) else cell


def machine() -> str:
    """Return on what, when, how busy and how fast, in one line."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        capture_output=True, text=True, cwd=README.parent,
    ).stdout.strip()  # fmt: skip
    day = f"{clock.local(clock.now()):%Y-%m-%d %H:%M}"
    return (
        f"{day}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"commit {commit or 'unknown'}, load {os.getloadavg()[0]:.1f}, pace {pace():.0f} ms"
    )


def pace() -> float:
    """Return the milliseconds that a million small sums take here, at best: one machine to another.

    Hired machines of one kind may be twice as fast one day as the next.
    """
    return min(_sums() for _ in range(5)) * 1000


def _sums() -> float:
    begun, total = time.process_time(), 0
    for number in range(1_000_000):
        total += number * number % 7
    return time.process_time() - begun


def keep(name: str, tables: list[Table], folder: Path) -> Path:
    """Write the tables as JSON and return where."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    found = {"bench": name, "machine": machine(), "tables": [asdict(table) for table in tables]}
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1))
    return path


def write(name: str, body: str, readme: Path = README) -> None:
    """Put `body` between the marks of `name` in the README, which are added when missing."""
    first, last = f"<!-- {name} -->", f"<!-- /{name} -->"
    text = readme.read_text()
    block = f"{first}\n{body.strip()}\n\n_{machine()}_\n{last}"
    pattern = re.compile(f"{re.escape(first)}.*?{re.escape(last)}", re.DOTALL)
    if pattern.search(text):
        text = pattern.sub(lambda _: block, text)
    else:
        text = f"{text.rstrip()}\n\n## {name}\n\n{block}\n"
    readme.write_text(text)
