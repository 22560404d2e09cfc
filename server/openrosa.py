"""The edge to phones: OpenRosa XML out, with the headers without which Collect fails silently."""

import hashlib
import re
from email.utils import formatdate
from xml.sax.saxutils import escape

from flask import Response, request
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask

from server.problems import Problem, TooLarge
from server.xml import legal

MIME = "text/xml; charset=utf-8"
_FOR_PHONES = re.compile(r"/v1/(?:(?:key|test)/|projects/[0-9]+/(?:formList|submission|phone)\b)")
RESPONSE = "http://openrosa.org/http/response"
LIST = "http://openrosa.org/xforms/xformsList"
MANIFEST = "http://openrosa.org/xforms/xformsManifest"


def for_phones(path: str) -> bool:
    """Tell whether whoever asks for `path` is a phone, and understands OpenRosa XML alone.

    >>> for_phones("/v1/projects/1/formList"), for_phones("/v1/projects/1/forms")
    (True, False)
    """
    return _FOR_PHONES.match(path) is not None


def message(text: str, status: int) -> Response:
    """Return an OpenRosaResponse whose `text` the phone shows to its carrier."""
    return xml(_spoken(text), status)


def _spoken(text: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<OpenRosaResponse xmlns="{RESPONSE}"><message nature="">{safe(text)}</message>'
        "</OpenRosaResponse>"
    )


def xml(body: str, status: int = 200) -> Response:
    """Return `body` as Collect wants every list, manifest and reply: text/xml, version 1.0."""
    response = Response(body, status, content_type=MIME)
    response.headers["X-OpenRosa-Version"] = "1.0"
    response.headers["Date"] = formatdate(usegmt=True)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def listing(body: str) -> Response:
    """Return a list that the phone asks for often: with an ETag, and 304 when it has it."""
    response = xml(body)
    response.set_etag(md5(body.encode()))
    response.make_conditional(request)
    return response


def kept(response: Response, md5: str) -> Response:
    """Let the phone keep what it got, and ask each time whether it is still the same."""
    response.set_etag(md5)
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


def md5(data: bytes) -> str:
    """Return the hash by which phones tell whether they hold the same bytes."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def refusal(problem: Problem) -> Response:
    """Return a refusal as the phone's carrier must read it: in Vietnamese."""
    response = message(problem.text("vi"), problem.status)
    if problem.status == 503:
        response.headers["Retry-After"] = "60"
    return response


def safe(text: str) -> str:
    r"""Return `text` for XML: escaped, without the characters that XML 1.0 cannot hold.

    >>> safe("a<b\x00")
    'a&lt;b'
    """
    return escape(legal(text), {'"': "&quot;"})


class NotHttp(Problem):
    """The web server itself could not read the request, before any of our pages saw it."""

    code = "not-http"
    message = (
        "Lần gửi không đúng dạng nên máy chủ không đọc được. Phiếu vẫn còn trên máy: hãy gửi lại; "
        "nếu vẫn lỗi, hãy báo điều phối viên."
    )
    message_en = "The request is not well formed. Nothing is lost: send it again."


class _Refusal(ErrorTask):  # type: ignore[misc] # waitress has no types
    """What the web server answers by itself; to phones in their own format."""

    def execute(self) -> None:
        """Write the refusal and close the connection."""
        # The path itself is not known yet when a header is wrong.
        _, _, path = getattr(self.request, "first_line", b"").partition(b" ")
        if not for_phones(path.decode("latin-1")):
            super().execute()
            return
        error = self.request.error
        limit = self.channel.server.adj.max_request_body_size
        problem = TooLarge(limit_mb=limit // 1_000_000) if error.code == 413 else NotHttp()
        body = _spoken(problem.text("vi")).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers += [("Content-Type", MIME), ("X-OpenRosa-Version", "1.0")]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


def speak_for_the_server() -> None:
    """Let phones read what the web server refuses before the application is asked."""
    HTTPChannel.error_task_class = _Refusal
