"""Files that leave the server: never by a path from outside, never run by a browser.

What we made ourselves (small copies of photos) is shown in place; what a phone sent is always an
attachment, so that no page of ours ever runs it.
"""

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote

from flask import Response, current_app, request

from server import text
from server.files import Files
from server.problems import NotFound
from server.submissions.telling import SOUNDS

SANDBOX = "default-src 'none'; sandbox"
_ODD = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')


def kept(
    sha256: str,
    size_bytes: int | None,
    content_type: str,
    filename: str | None = None,
) -> Response:
    """Return the stored file: in place, or as an attachment when it has a `filename`.

    Raises:
        NotFound: the store does not have it.
    """
    files: Files = current_app.extensions["files"]
    length = size_bytes if size_bytes is not None else files.size(sha256)
    if length is None or files.size(sha256) is None:
        raise NotFound()
    response = Response(files.chunks(sha256), content_type=content_type)
    response.set_etag(sha256)
    response.headers["Cache-Control"] = "private, max-age=86400"
    response.content_length = length
    _guard(response, filename)
    response.make_conditional(request, accept_ranges=True, complete_length=length)
    return response


def made(data: bytes, content_type: str, filename: str) -> Response:
    """Return bytes that lie in the database, as an attachment."""
    response = Response(data, content_type=content_type)
    _guard(response, filename)
    return response


def _guard(response: Response, filename: str | None) -> None:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = SANDBOX
    if filename is not None:
        response.headers["Content-Disposition"] = disposition(filename)


def disposition(filename: str) -> str:
    """Return the header value of an attachment by RFC 6266: plain letters first, then all.

    >>> disposition("Xã.jpg").replace(chr(34), "'")
    "attachment; filename='Xa.jpg'; filename*=UTF-8''X%C3%A3.jpg"
    """
    plain = filename.replace("đ", "d").replace("Đ", "D")
    plain = unicodedata.normalize("NFD", plain).encode("ascii", "ignore").decode()
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def filename(parts: Iterable[str], ending: str = "") -> str:
    """Return a name for a file on the caller's disk, made of `parts`.

    >>> filename(["Xã Hợp Hưng", "gnbv_household", "2024-04-02", "a/../b.jpg"])
    'Xã Hợp Hưng_gnbv_household_2024-04-02_a-..-b.jpg'
    """
    cleaned = (_ODD.sub("-", text.clean(part)).strip(" .-") for part in parts)
    stem = "_".join(part for part in cleaned if part)
    name, dot, suffix = stem.rpartition(".")
    if not ending and dot and len(suffix) <= 5:
        stem, ending = name, f".{suffix}"
    return (stem[:120].rstrip(" .") or "tep") + ending


def audio_type(name: str) -> str | None:
    """Return the type of a sound that browsers may play, by its ending; None for other files."""
    return SOUNDS.get(name.rsplit(".", 1)[-1].lower())
