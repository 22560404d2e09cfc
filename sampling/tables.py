"""Tables in and out of the command: CSV as people have it, progress on the terminal.

CSV may be separated by commas, semicolons or tabs, with or without the mark that Excel puts first.
"""

import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import monotonic
from typing import TextIO

from sampling.errors import BadPackage
from sampling.frame import Frame
from sampling.stream import FrameFile, Progress

LARGE_BYTES = 20_000_000
_WAIT_S = 0.5


def read_rows(path: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file, by heading; short rows give empty cells.

    Raises:
        BadPackage: the file is absent or not UTF-8.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            return list(_records(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise unreadable(path, error) from error


def _records(file: TextIO) -> Iterator[dict[str, str]]:
    header = file.readline()
    separator = max(",;\t", key=header.count)
    file.seek(0)
    for record in csv.DictReader(file, delimiter=separator, restval=""):
        if any(record.values()):
            yield {name.strip(): cell.strip() for name, cell in record.items() if name}


def unreadable(path: str, error: Exception) -> BadPackage:
    """Return the refusal of a file that cannot be read."""
    reason = getattr(error, "strerror", None) or error
    return BadPackage(
        reason_vi=f"không đọc được tệp '{path}' ({reason}); tệp phải là CSV mã UTF-8",
        reason_en=f"file '{path}' cannot be read ({reason}); it must be CSV in UTF-8",
    )


def read_frame(path: str, *, normalise: bool, progress: Progress) -> Frame | FrameFile:
    """Return the frame of a CSV file, or of a canonical .tsv, from disk when it is large."""
    if not path.endswith(".tsv"):
        rows = _counted(read_rows(path), progress)
        return Frame.from_rows(rows, normalise=normalise, first_row=2)
    try:
        if Path(path).stat().st_size > LARGE_BYTES:
            return FrameFile(path, progress)
        return Frame.from_tsv(Path(path).read_bytes())
    except OSError as error:
        raise unreadable(path, error) from error


def _counted(rows: Iterable[dict[str, str]], progress: Progress) -> Iterator[dict[str, str]]:
    for done, row in enumerate(rows, start=1):
        yield row
        if done % 10_000 == 0:
            progress(done)


class Bar:
    """A progress line on the terminal, shown only to people and only when work takes long."""

    def __init__(self, label: str, total: int | None = None) -> None:
        self._label, self._total = label, total
        self._begun = self._last = monotonic()
        self._shown = False

    def __call__(self, done: int) -> None:
        """Show how many units are done."""
        now = monotonic()
        if now - self._begun < _WAIT_S or now - self._last < 0.1 or not sys.stderr.isatty():
            return
        self._last, self._shown = now, True
        print(f"\r{self._label} {self._drawn(done)}", end="", file=sys.stderr, flush=True)

    def _drawn(self, done: int) -> str:
        if not self._total:
            return f"{done:,}".replace(",", " ")
        filled = 30 * done // self._total
        return f"[{'#' * filled}{'.' * (30 - filled)}] {100 * done // self._total} %"

    def end(self) -> None:
        """Clear the line."""
        if self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
