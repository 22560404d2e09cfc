"""Photos, workbooks, XML: kept under the SHA-256 of their bytes, in a folder or on S3.

The name of a file never comes from outside. A file is whole before any row names it: it is
written, synced and only then may the transaction that refers to it commit. What no row names
in the end is swept away after a day.
"""

import hashlib
import io
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import obstore
from obstore.store import LocalStore, S3Store

from server.problems import Unavailable

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PARTIAL = re.compile(r"[0-9a-f]{64}#[0-9]+")
_CHUNK = 64 * 1024
_AT_ONCE = 256 * 1024
"""What is smaller is written in one piece."""


@dataclass(frozen=True)
class Kept:
    """A file that is safely stored."""

    sha256: str
    md5: str
    size_bytes: int


class Files:
    """The content-addressed store of one installation."""

    def __init__(self, where: str) -> None:
        """Open the store at `where`: a folder, or `s3://bucket/prefix`."""
        self.folder: Path | None = None
        if where.startswith("s3://"):
            self._store: Any = S3Store.from_url(where)
        else:
            self.folder = Path(where).resolve()
            self.folder.mkdir(parents=True, exist_ok=True)
            self._store = LocalStore(self.folder)

    def keep(self, stream: IO[bytes]) -> Kept:
        """Store what `stream` holds from its start, in pieces, and return its address.

        Raises:
            Unavailable: the disk is full or the store away; nothing was kept.
        """
        kept = digest(stream)
        try:
            if not self._whole(kept):
                stream.seek(0)
                self._put(kept.sha256, stream, kept.size_bytes)
            self._sync(kept.sha256)
        except (OSError, obstore.exceptions.BaseError) as error:
            raise Unavailable(reason=_why(error)) from error
        return kept

    def keep_bytes(self, data: bytes) -> Kept:
        """Store `data`, which is small, and return its address."""
        return self.keep(io.BytesIO(data))

    def chunks(self, sha256: str) -> Iterator[bytes]:
        """Give the bytes stored under `sha256`, piece by piece.

        Raises:
            FileNotFoundError: nothing is stored there.
        """
        for piece in obstore.get(self._store, _path(sha256)).stream(min_chunk_size=_CHUNK):
            yield bytes(piece)

    def read(self, sha256: str) -> bytes:
        """Return the bytes stored under `sha256`; only for files known to be small."""
        return bytes(obstore.get(self._store, _path(sha256)).bytes())

    @contextmanager
    def local(self, sha256: str) -> Iterator[Path]:
        """Give a path from which the file can be read, copied from S3 when it lies there."""
        if self.folder is not None:
            yield self.folder / _path(sha256)
            return
        with tempfile.NamedTemporaryFile() as copy:
            for piece in self.chunks(sha256):
                copy.write(piece)
            copy.flush()
            yield Path(copy.name)

    def size(self, sha256: str) -> int | None:
        """Return the stored size in bytes, or None when nothing is stored there."""
        try:
            return int(obstore.head(self._store, _path(sha256))["size"])
        except FileNotFoundError:
            return None

    def is_whole(self, sha256: str) -> bool:
        """Tell whether the stored bytes still have the hash they are stored under."""
        running = hashlib.sha256()
        try:
            for piece in self.chunks(sha256):
                running.update(piece)
        except FileNotFoundError:
            return False
        return running.hexdigest() == sha256

    def names(self) -> Iterator[tuple[str, float]]:
        """Give every stored hash with the instant it was stored (seconds since 1970)."""
        for page in obstore.list(self._store, chunk_size=1000):
            for found in page:
                name = found["path"].rsplit("/", 1)[-1]
                if _SHA256.fullmatch(name):
                    yield name, found["last_modified"].timestamp()

    def remove(self, sha256: str) -> None:
        """Forget what is stored under `sha256`. Only the sweeper and erasure call this."""
        obstore.delete(self._store, _path(sha256))

    def remove_partial(self, older_than_seconds: float) -> int:
        """Remove what writers left who were killed before their file was whole; return how many."""
        if self.folder is None:
            return 0
        before, removed = time.time() - older_than_seconds, 0
        for path in self.folder.glob("??/*#*"):
            if _PARTIAL.fullmatch(path.name) and path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def _whole(self, kept: Kept) -> bool:
        return self.size(kept.sha256) == kept.size_bytes

    def _put(self, sha256: str, stream: IO[bytes], size: int) -> None:
        if self.folder is None:
            obstore.put(self._store, _path(sha256), stream, chunk_size=5 * 1024 * 1024)
            return
        if size <= _AT_ONCE:
            obstore.put(self._store, _path(sha256), stream.read(), use_multipart=False)
        else:
            obstore.put(self._store, _path(sha256), stream, chunk_size=_CHUNK, max_concurrency=1)

    def _sync(self, sha256: str) -> None:
        """Have the disk hold the file and its name.

        Also one that was here before: whoever wrote it may not have come this far.
        """
        if self.folder is not None:
            final = self.folder / _path(sha256)
            _sync(final)
            _sync(final.parent)
            _sync(self.folder)


def digest(stream: IO[bytes]) -> Kept:
    """Return hash and size of what `stream` holds from its start, reading in pieces."""
    sha, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    stream.seek(0)
    while piece := stream.read(_CHUNK):
        sha.update(piece)
        md5.update(piece)
        size += len(piece)
    return Kept(sha.hexdigest(), md5.hexdigest(), size)


def _path(sha256: str) -> str:
    if not _SHA256.fullmatch(sha256):
        raise FileNotFoundError(sha256)
    return f"{sha256[:2]}/{sha256}"


def _sync(path: Path) -> None:
    """Make sure the disk has it; a failed fsync fails the request and is not tried again."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _why(error: BaseException) -> str:
    if "No space left" in str(error):
        return "hết dung lượng đĩa"
    return "kho tệp không ghi được"
