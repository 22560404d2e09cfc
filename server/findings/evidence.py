"""Files that prove something: photos and scanned papers, looked at before they are kept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from server import text
from server.files import Files
from server.findings.problems import EvidenceTooLarge, WrongEvidence
from server.submissions import photos

LARGEST_BYTES = 10_000_000
MOST_FILES = 10
LONGEST_NAME = 120
PICTURES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
PDF = "application/pdf"


@dataclass(frozen=True)
class Evidence:
    """A file that was looked at and stored; a photo has copies to show."""

    name: str
    content_type: str
    sha256: str
    size_bytes: int
    thumb_sha256: str | None = None
    view_sha256: str | None = None
    taken: dict[str, Any] = field(default_factory=dict)

    def columns(self) -> dict[str, Any]:
        """Return it as the columns of a row."""
        return dict(self.__dict__)


def keep(files: Files, given: Iterable[tuple[str, IO[bytes]]]) -> Sequence[Evidence]:
    """Store the files given by name and content, and return them in their order.

    The kind is told by what is in a file, never by its name. Call it before the transaction: what
    is stored and then not used is swept away.

    Raises:
        EvidenceTooLarge: one is too large, or there are too many.
        WrongEvidence: one is no picture and no PDF, or is broken.
    """
    pairs = list(given)
    if len(pairs) > MOST_FILES:
        raise _too_large(pairs[MOST_FILES][0])
    return [_kept(files, _plain(name), stream) for name, stream in pairs]


def _kept(files: Files, name: str, stream: IO[bytes]) -> Evidence:
    content = stream.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise _too_large(name)
    if content.startswith(b"%PDF-") and b"%%EOF" in content[-2048:]:
        kept = files.keep_bytes(content)
        return Evidence(name, PDF, kept.sha256, kept.size_bytes)
    seen = photos.look(content)
    content_type = PICTURES.get(seen.facts.get("format", ""))
    if content_type is None or seen.thumb is None or seen.view is None:
        raise WrongEvidence(name=name)
    kept = files.keep_bytes(content)
    return Evidence(
        name=name,
        content_type=content_type,
        sha256=kept.sha256,
        size_bytes=kept.size_bytes,
        thumb_sha256=files.keep_bytes(seen.thumb).sha256,
        view_sha256=files.keep_bytes(seen.view).sha256,
        taken={key: seen.facts[key] for key in ("taken_at", "lat", "lon") if key in seen.facts},
    )


def _plain(name: str) -> str:
    """Return a file's own name without folders: it is shown, and never a path."""
    return text.clean(name.replace("\\", "/").rpartition("/")[2])[-LONGEST_NAME:] or "tep"


def _too_large(name: str) -> EvidenceTooLarge:
    return EvidenceTooLarge(name=name, limit_mb=LARGEST_BYTES // 1_000_000, most=MOST_FILES)
