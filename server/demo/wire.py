"""HTTP the way a phone's client speaks it, on the standard library, with ways to misbehave."""

import gzip
import hashlib
import http.client
import time
from dataclasses import dataclass, field
from urllib.parse import quote, urljoin, urlsplit

from server import clock, xml
from server.problems import Problem

AGENT = "org.odk.collect.android/v2026.3.3 (phone of the Thuc Dia demonstration)"
REDIRECTS = 20
_LOST = (ConnectionError, http.client.RemoteDisconnected, http.client.BadStatusLine)
_UNRESERVED = "/%:=&?~#+!$,;'@()*[]"


class PhoneError(Exception):
    """Something the phone will not take; `said` is the server's own sentence, if it had one."""

    def __init__(self, sentence: str, status: int | None = None, said: str = "") -> None:
        super().__init__(f"{sentence}: {said}" if said else sentence)
        self.status = status
        self.said = said


class NoLine(PhoneError):
    """The line broke, or the server did not answer in time."""


class Refused(PhoneError):
    """The server answered with a status that is not success."""


@dataclass(frozen=True)
class Reply:
    """What the server answered; header names are in lower case."""

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> str:
        """Return the text of the OpenRosaResponse's message, or '' when there is none."""
        if b"OpenRosaResponse" not in self.body:
            return ""
        try:
            root = xml.parse(self.body)
        except Problem:
            return ""
        return next((node.text or "" for node in root if xml.local(node.tag) == "message"), "")


@dataclass(frozen=True)
class Pace:
    """How a body goes over the line: whole, in slow pieces, or broken off after some bytes."""

    cut_after: int | None = None
    pause_s: float = 0.0
    piece_bytes: int = 65_536


STEADY = Pace()


@dataclass
class Wire:
    """Connections to the servers a phone talks to, kept open; one thread at a time uses it.

    `log` keeps method, address and status of every exchange.
    """

    agent: str = AGENT
    timeout_s: float = 60.0
    log: list[tuple[str, str, int]] = field(default_factory=list)
    _open: dict[tuple[str, str], http.client.HTTPConnection] = field(default_factory=dict)

    def exchange(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        pace: Pace = STEADY,
    ) -> Reply:
        """Send a request, follow redirects as OkHttp does, and return the answer.

        OkHttp repeats a POST answered with 301, 302 or 303 as a GET: the body is lost.

        Raises:
            NoLine: no connection, a broken one, or no answer in time.
        """
        for _ in range(REDIRECTS):
            reply = self._once(method, url, body, headers or {}, pace)
            self.log.append((method, url, reply.status))
            where = reply.headers.get("location")
            if reply.status not in {301, 302, 303, 307, 308} or where is None:
                return reply
            url = urljoin(url, where)
            if reply.status < 307 and method == "POST":
                method, body = "GET", None
        raise NoLine(f"too many redirects from {url}")

    def close(self) -> None:
        """Close every connection."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def _once(
        self, method: str, url: str, body: bytes | None, headers: dict[str, str], pace: Pace
    ) -> Reply:
        place = urlsplit(url)
        key = (place.scheme, place.netloc)
        kept = key in self._open
        try:
            return self._talk(key, method, url, body, headers, pace)
        except (*_LOST, OSError, http.client.HTTPException) as error:
            self._drop(key)
            if kept and isinstance(error, _LOST):  # the server had closed it in the meantime
                return self._once(method, url, body, headers, pace)
            raise NoLine(
                f"{method} {place.path}: {type(error).__name__} {error}".strip()
            ) from error

    def _talk(
        self,
        key: tuple[str, str],
        method: str,
        url: str,
        body: bytes | None,
        headers: dict[str, str],
        pace: Pace,
    ) -> Reply:
        if key not in self._open:
            self._open[key] = self._connection(*key)
        connection = self._open[key]
        place = urlsplit(url)
        target = quote(place.path or "/", safe=_UNRESERVED)
        if place.query:
            target += "?" + quote(place.query, safe=_UNRESERVED)
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in {**self._usual(), **headers}.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        if body is not None:
            self._push(key, connection, body, pace)
        return _read(connection)

    def _push(
        self, key: tuple[str, str], connection: http.client.HTTPConnection, body: bytes, pace: Pace
    ) -> None:
        end = len(body) if pace.cut_after is None else min(pace.cut_after, len(body))
        view = memoryview(body)
        for start in range(0, end, pace.piece_bytes):
            connection.send(view[start : min(start + pace.piece_bytes, end)])
            if pace.pause_s:
                time.sleep(pace.pause_s)
        if pace.cut_after is not None:
            self._drop(key)
            raise NoLine(f"cut after {end} of {len(body)} bytes")

    def _connection(self, scheme: str, netloc: str) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
        return kind(netloc, timeout=self.timeout_s)

    def _drop(self, key: tuple[str, str]) -> None:
        connection = self._open.pop(key, None)
        if connection is not None:
            connection.close()

    def _usual(self) -> dict[str, str]:
        # Collect writes the hour of its Date on a 12-hour clock and forgets am and pm.
        return {
            "User-Agent": self.agent,
            "X-OpenRosa-Version": "1.0",
            "Date": clock.local(clock.now()).strftime("%a, %d %b %Y %I:%M:%S GMT+07:00"),
            "Accept-Encoding": "gzip",
            "Connection": "Keep-Alive",
        }


def _read(connection: http.client.HTTPConnection) -> Reply:
    answer = connection.getresponse()
    body = answer.read()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    if headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    return Reply(answer.status, answer.reason, headers, body)


def md5(data: bytes) -> str:
    """Return the hash that form lists and manifests speak of."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
