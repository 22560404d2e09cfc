"""What ODK Collect puts into the body of a submission: parts, their headers, and their batches."""

import mimetypes
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

FORM_PART = "xml_submission_file"
INCOMPLETE = "*isIncomplete*"
FILES_PER_BATCH = 101
OCTETS = "application/octet-stream"


@dataclass(frozen=True)
class Part:
    """One part of a multipart body; without a file name it is a text field."""

    name: str
    content: bytes
    file_name: str | None = None
    content_type: str | None = None


def form_part(xml: bytes, file_name: str) -> Part:
    """Return the part that carries the filled form; it comes first in every request."""
    return Part(FORM_PART, xml, file_name, "text/xml")


def file_part(name: str, content: bytes) -> Part:
    """Return the part of an attachment: named, on both places, by its file name."""
    return Part(name, content, name, mimetypes.guess_type(name)[0] or OCTETS)


def more_to_come() -> Part:
    """Return the part that ends every request but the last of a form."""
    return Part(INCOMPLETE, b"yes")


def batches(sizes: Mapping[str, int], accept_bytes: int) -> list[list[str]]:
    """Return which files go together, in order; one batch at least, be it empty.

    A batch closes when the next file would push it above `accept_bytes`, or at 101 files. A file
    above the limit goes alone.

    >>> batches({"1.jpg": 6, "2.jpg": 3, "3.jpg": 2, "4.jpg": 20}, accept_bytes=10)
    [['1.jpg', '2.jpg'], ['3.jpg'], ['4.jpg']]
    """
    found: list[list[str]] = [[]]
    total = 0
    for name, size in sizes.items():
        full = len(found[-1]) >= FILES_PER_BATCH or total + size > accept_bytes
        if found[-1] and full:
            found.append([])
            total = 0
        found[-1].append(name)
        total += size
    return found


def encode(parts: Sequence[Part], boundary: str | None = None) -> tuple[bytes, str]:
    """Return a body and its content type. File names are raw UTF-8, only quotes are escaped."""
    boundary = boundary or str(uuid.uuid4())
    pieces: list[bytes] = []
    for part in parts:
        pieces += [f"--{boundary}\r\n{_headers(part)}\r\n\r\n".encode(), part.content, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    return b"".join(pieces), f"multipart/form-data; boundary={boundary}"


def _headers(part: Part) -> str:
    lines = [f'Content-Disposition: form-data; name="{_quoted(part.name)}"']
    if part.file_name is not None:
        lines[0] += f'; filename="{_quoted(part.file_name)}"'
    if part.content_type is not None:
        lines.append(f"Content-Type: {part.content_type}")
    return "\r\n".join(lines)


def _quoted(text: str) -> str:
    return text.replace("\n", "%0A").replace("\r", "%0D").replace('"', "%22")


def instance_name(title: str, when: str) -> str:
    """Return how the phone names the form's own file: letters and digits of the title, a time.

    >>> instance_name("Phiếu phỏng vấn hộ / 2024", "2024-04-09_07-30-00")
    'Phiếu phỏng vấn hộ 2024_2024-04-09_07-30-00.xml'
    """
    words = re.findall(r"[^\W_]+", title)
    return f"{' '.join(words)}_{when}.xml"


def names_of(groups: Iterable[Sequence[str]], left_out: Iterable[str]) -> list[list[str]]:
    """Return the batches without the files that are left out on purpose."""
    gone = set(left_out)
    return [[name for name in group if name not in gone] for group in groups]
