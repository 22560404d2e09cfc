"""Pages and what they are drawn with travel compressed: a thin line is what most offices have.

What phones and programs get is left as it is, and so is whatever is streamed or already packed.
The session's cookie does not go with requests that another site makes, so that nobody else can
have a page packed again and again to guess what is in it by its length.
"""

import functools
import gzip

from flask import Flask, Response, request

from server import openrosa

PACKED = {
    "text/html", "text/css", "text/javascript", "application/javascript", "image/svg+xml",
    "application/json", "application/geo+json",
}  # fmt: skip
LEAST = 1000
LEVEL = 6


def init(app: Flask) -> None:
    """Pack the answers of `app`."""
    app.after_request(_pack)


def _pack(response: Response) -> Response:
    if response.mimetype not in PACKED or openrosa.for_phones(request.path):
        return response
    if request.path.startswith("/v1/"):
        return response
    response.vary.add("Accept-Encoding")
    if not _may_pack(response):
        return response
    static = request.endpoint == "static"
    response.direct_passthrough = False
    data = response.get_data()
    if len(data) >= LEAST:
        response.set_data(_once(data) if static else gzip.compress(data, LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        tag, _ = response.get_etag()
        if tag is not None:
            response.set_etag(tag, weak=True)
    return response


def _may_pack(response: Response) -> bool:
    whole = request.endpoint == "static" or not response.is_streamed
    return (
        whole
        and response.status_code == 200
        and request.method == "GET"
        and "Content-Encoding" not in response.headers
        and bool(request.accept_encodings["gzip"])
    )


@functools.lru_cache(maxsize=64)
def _once(data: bytes) -> bytes:
    """Pack a file of ours thoroughly, once."""
    return gzip.compress(data, 9, mtime=0)
