"""Forms as phones and browsers send them: multipart bodies, read part by part.

Every phone draws a boundary of its own for every request. werkzeug's parser compiles regular
expressions for each, which costs half as much as storing a record; `multipart` only searches.
"""

from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast

from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser
from werkzeug.datastructures import FileStorage, Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

IN_MEMORY_BYTES = 100_000
"""A filled form is smaller, a photo larger: that waits on disk."""
MOST_PARTS = 400
MULTIPART = "multipart/form-data"


class Parts(FormDataParser):
    """werkzeug's reading of forms, with multipart bodies read by `multipart`."""

    def parse(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str] | None = None,
    ) -> tuple[IO[bytes], Any, Any]:
        """Return the stream, the text fields and the files; neither of a body that is malformed.

        Raises:
            RequestEntityTooLarge: it has too many parts, or too much text.
        """
        boundary = (options or {}).get("boundary", "")
        if mimetype != MULTIPART or not boundary.isascii():
            return super().parse(stream, mimetype, content_length, options)
        read: list[_Part] = []
        try:
            self._read(stream, boundary, -1 if content_length is None else content_length, read)
        except MultipartError as error:
            for part in read:
                part.content.close()
            if isinstance(error, ParserLimitReached):
                raise RequestEntityTooLarge() from error
            read = []
        fields = [(part.name, part.text()) for part in read if part.filename is None]
        files = [(part.name, part.file()) for part in read if part.filename is not None]
        return stream, self.cls(fields), self.cls(files)

    def _read(self, stream: IO[bytes], boundary: str, length: int, read: list["_Part"]) -> None:
        """Put the parts into `read`, as far as they can be read.

        Raises:
            MultipartError: the rest cannot be.
        """
        parser = PushMultipartParser(
            boundary,
            length,
            max_header_size=200_000,
            max_header_count=60,
            max_segment_count=MOST_PARTS,
            header_charset="latin-1",  # reads any byte; `_utf8` says what it was
        )
        for event in parser.parse_blocking(stream.read):
            if isinstance(event, MultipartSegment):
                read.append(_Part(event))
            elif event:
                self._write(read[-1], event)

    def _write(self, part: "_Part", data: bytes) -> None:
        part.content.write(data)
        limit = self.max_form_memory_size
        if part.filename is None and limit is not None and part.content.tell() > limit:
            raise ParserLimitReached("too much text")


class _Part:
    def __init__(self, segment: MultipartSegment) -> None:
        self.headers = Headers([(key, _utf8(value)) for key, value in segment.headerlist])
        self.name, self.filename = _names(segment, self.headers)
        self.content = SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - goes with the request

    def text(self) -> str:
        with self.content:
            self.content.seek(0)
            return self.content.read().decode("utf-8", "replace")

    def file(self) -> FileStorage:
        self.content.seek(0)
        return FileStorage(
            cast(IO[bytes], self.content), self.filename, self.name, headers=self.headers
        )


def _names(segment: MultipartSegment, headers: Headers) -> tuple[str, str | None]:
    """Return the names of the field and of the file; RFC 8187 writes names with `*=`."""
    told = headers.get("Content-Disposition", "")
    if "*=" in told:
        _, options = parse_options_header(told)
        return options.get("name", ""), options.get("filename")
    filename = segment.filename
    return _utf8(segment.name or ""), None if filename is None else _utf8(filename)


def _utf8(header: str) -> str:
    return header.encode("latin-1").decode("utf-8", "replace")
