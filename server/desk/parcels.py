"""Decrypted forms on their way out, as a zip made while it is sent: nothing plain is stored."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import Response

from server.desk import downloads
from server.problems import Problem
from server.submissions.models import Submission
from server.submissions.sealed import Opened

NOT_OPENED = "KHONG-GIAI-MA-DUOC.txt"


@dataclass(frozen=True)
class Tried:
    """An encrypted form after a passphrase was given: what is inside it, or why nothing is."""

    found: Submission
    inside: Opened | None
    problem: Problem | None = None


def response(tried: Sequence[Tried], name: str) -> Response:
    """Return the forms that opened as one zip; those that did not are named in a file of it."""
    answer = Response(zipped(tried), content_type="application/zip")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Disposition"] = downloads.disposition(name)
    return answer


def zipped(tried: Sequence[Tried]) -> Iterator[bytes]:
    """Give a zip piece by piece: a folder for each form, `submission.xml` and files in it."""
    out = _Sink()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for each in tried:
            if each.inside is not None:
                yield from _one(archive, out, each.found, each.inside)
        lines = [
            f"{each.found.id}\t{each.found.instance_id}\t{each.problem.text('vi')}\n"
            for each in tried
            if each.problem is not None
        ]
        if lines:
            archive.writestr(NOT_OPENED, "".join(lines))
    yield out.taken()


def _one(
    archive: zipfile.ZipFile, out: "_Sink", found: Submission, inside: Opened
) -> Iterator[bytes]:
    folder = downloads.filename([str(found.id), found.instance_id.removeprefix("uuid:")])
    archive.writestr(f"{folder}/submission.xml", inside.xml)
    names: set[str] = set()
    for number, file in enumerate(inside.files, start=1):
        name = downloads.filename([file.name])
        name = f"{number}-{name}" if name in names else name
        names.add(name)
        with archive.open(f"{folder}/{name}", "w", force_zip64=True) as member:
            for piece in inside.chunks(file):
                member.write(piece)
                yield out.taken()
    yield out.taken()


class _Sink(io.RawIOBase):
    """Where the zip is written; what was written is taken away at once."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """Say that this can be written to."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override] # zipfile writes bytes alone
        """Keep a piece until it is taken."""
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        found, self._pieces = b"".join(self._pieces), []
        return found
