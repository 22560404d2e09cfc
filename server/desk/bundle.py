"""Many files as one ZIP, made while it is sent: nothing is copied to disk, little is in memory.

A file that is gone or no longer what it was does not stop the others: a text inside names it.
"""

import csv
import hashlib
import io
import zipfile
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass

from server.files import Files

LIST, LOST = "danh-sach.csv", "tep-bi-loi.txt"
WHEN = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP knows: no time is claimed
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Item:
    """A stored file, the name it gets, and what the list inside says of it, by column."""

    name: str
    sha256: str
    size_bytes: int
    facts: dict[str, str]


class _Tap(io.RawIOBase):
    """Where the ZIP is written to: what came since the last look is taken away."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        """Say so; it cannot be read or wound back, as a line to a browser cannot."""
        return True

    def write(self, data: object) -> int:
        """Keep a copy of what the ZIP gives out."""
        piece = bytes(data)  # type: ignore[call-overload]
        self.pieces.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        """Return what came since the last look."""
        piece = b"".join(self.pieces)
        self.pieces.clear()
        return piece


def stream(files: Files, items: Iterable[Item], more: str = "") -> Iterator[bytes]:
    """Give a ZIP of `items`, piece by piece; `more` is a note on what is not inside."""
    tap, told, lost = _Tap(), list[Item](), list[str]()
    with zipfile.ZipFile(tap, "w", zipfile.ZIP_STORED) as archive:
        for item in items:
            if files.size(item.sha256) != item.size_bytes:
                lost.append(f"{item.name}: không còn trong kho tệp / no longer in the store")
                continue
            fault = yield from _add(archive, tap, files, item)
            told.append(item)
            if fault:
                lost.append(f"{item.name}: {fault}")
        _write(archive, LIST, "\ufeff" + _table(told))
        if lost or more:
            _write(archive, LOST if lost else "doc-truoc.txt", "\n".join([*lost, more]).strip())
    yield tap.taken()


def _add(
    archive: zipfile.ZipFile, tap: _Tap, files: Files, item: Item
) -> Generator[bytes, None, str]:
    """Put one file into the archive; return what is wrong with it, '' when nothing is."""
    running, fault = hashlib.sha256(), ""
    entry = zipfile.ZipInfo(item.name, WHEN)
    with archive.open(entry, "w", force_zip64=item.size_bytes > 2**31 - 1) as inside:
        try:
            for piece in files.chunks(item.sha256):
                running.update(piece)
                inside.write(piece)
                yield tap.taken()
        except OSError:
            fault = "đọc dở dang / could not be read to its end"
    if not fault and running.hexdigest() != item.sha256:
        fault = "nội dung không còn như khi nhận / not what was received"
    return fault


def _write(archive: zipfile.ZipFile, name: str, content: str) -> None:
    archive.writestr(zipfile.ZipInfo(name, WHEN), content.encode())


def _table(items: list[Item]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    for number, item in enumerate(items):
        if number == 0:
            writer.writerow(["tep", *item.facts, "sha256"])
        writer.writerow([item.name, *map(_plain, item.facts.values()), item.sha256])
    return out.getvalue()


def _plain(value: str) -> str:
    """Return a cell that no spreadsheet runs as a formula."""
    return f"'{value}" if value.startswith(_FORMULAS) else value
