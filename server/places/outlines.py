"""The one door to shapely: a GeoJSON file in, its areas checked and simplified out.

The work is done in a child process, `outline_child`: neither a hostile file nor the library's
memory stays with the server.
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import IO, Any

from server.places import boundary_problems
from server.places.boundary_problems import BoundariesTooLarge, UnreadableBoundaries
from server.places.problems import RowProblem
from server.problems import Problem

MAX_BYTES = 50_000_000
MAX_FEATURES = 15_000
MAX_VERTICES = 3_000_000
MAX_VERTICES_OF_ONE = 200_000
TOO_LARGE = {
    "megabytes": MAX_BYTES // 1_000_000, "features": MAX_FEATURES, "vertices": MAX_VERTICES
}  # fmt: skip
SECONDS = 120
Box = tuple[float, float, float, float]
log = logging.getLogger(__name__)
_ONE = BoundedSemaphore(1)  # a large file takes hundreds of megabytes while it is read


@dataclass(frozen=True)
class Outline:
    """One feature of a file: where it stands in it, its properties, its area or its fault.

    `box` is west, south, east, north; `fine` and `coarse` are GeoJSON geometries.
    """

    number: int
    properties: dict[str, str]
    fault: RowProblem | None = None
    box: Box = (0.0, 0.0, 0.0, 0.0)
    fine: str = ""
    coarse: str = ""
    vertices: int = 0
    coarse_vertices: int = 0


class Outlines:
    """The features of one file, read from disk as often as they are asked for."""

    def __init__(self, lines: IO[bytes]) -> None:
        self._lines = lines

    def __iter__(self) -> Iterator[Outline]:
        """Give the features in the order of the file."""
        self._lines.seek(0)
        for line in self._lines:
            yield outline(json.loads(line))


@contextmanager
def read(path: Path, file: str) -> Iterator[Outlines]:
    """Give the areas of the GeoJSON at `path`; `file` is what people call it.

    Raises:
        UnreadableBoundaries, BoundariesTooLarge.
    """
    with tempfile.TemporaryFile() as answer:
        _run(path, answer, file)
        answer.seek(0)
        first = json.loads(answer.readline() or b"{}")
        if "problem" in first:
            raise _problem(first["problem"], first["details"] | {"file": file})
        yield Outlines(answer)


def _run(path: Path, answer: IO[bytes], file: str) -> None:
    root = str(Path(__file__).resolve().parents[2])
    with _ONE, tempfile.TemporaryDirectory() as folder, path.open("rb") as data:
        try:
            done = subprocess.run(  # noqa: S603 - our own program, nothing of the caller's in the line
                [sys.executable, "-m", "server.places.outline_child", str(SECONDS)],
                stdin=data,
                stdout=answer,
                stderr=subprocess.PIPE,
                timeout=SECONDS,
                check=False,
                cwd=folder,
                env={
                    "TMPDIR": folder, "LANG": "C.UTF-8", "PATH": os.defpath, "PYTHONPATH": root,
                    "OPENBLAS_NUM_THREADS": "1",
                },
            )  # fmt: skip
        except subprocess.TimeoutExpired as late:
            raise _too_long(file) from late
    if done.returncode:
        log.error("reading boundaries stopped with %s: %s", done.returncode, done.stderr[-500:])
        raise _too_long(file)


def _too_long(file: str) -> Problem:
    return UnreadableBoundaries(
        "đọc quá lâu hoặc cần quá nhiều bộ nhớ, hãy chia nhỏ tệp",
        "reading it takes too long or too much memory, split it",
        file,
    )


def _problem(name: str, details: dict[str, object]) -> Problem:
    if name == "BoundariesTooLarge":
        return BoundariesTooLarge(**details)
    return UnreadableBoundaries(
        str(details["reason"]), str(details["reason_en"]), str(details["file"])
    )


def outline(line: dict[str, Any]) -> Outline:
    """Return the feature that a line of the child process tells."""
    fault = line.pop("fault", None)
    if isinstance(fault, list):
        kind: type[RowProblem] = getattr(boundary_problems, fault[0])
        line["fault"] = kind(**fault[1])
    line["box"] = tuple(line.get("box", (0.0, 0.0, 0.0, 0.0)))
    line["vertices"] = line.pop("fine_vertices", 0)
    return Outline(**line)
