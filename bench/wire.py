"""One kept-alive HTTP/1.1 connection that sends whole requests as bytes.

`http.client` costs several times the CPU, which on two cores would be taken from the server.
"""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

BODYLESS = {204, 304}
_AGAIN = (ConnectionResetError, BrokenPipeError)


class Closed(ConnectionResetError):
    """The server closed the connection while an answer was awaited."""


@dataclass(frozen=True)
class Answer:
    """What came back; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Connection:
    """A connection that is opened when needed, and once more when it was closed while idle."""

    def __init__(self, base_url: str, timeout_s: float = 600) -> None:
        self.base: SplitResult = urlsplit(base_url)
        self.timeout_s = timeout_s
        self.opened = 0
        self._socket: socket.socket | None = None
        self._held = b""

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ask(
        self,
        request: bytes,
        sink: Callable[[bytes], object] | None = None,
        head: bool = False,
    ) -> Answer:
        """Send `request` and return the answer; with `sink` its body goes there in pieces."""
        kept = self._socket is not None
        try:
            line = self._begin(request)
        except _AGAIN:
            self.close()
            if not kept:
                raise
            line = self._begin(request)
        status, headers = self._head(line)
        pieces: list[bytes] = []
        if not head and status not in BODYLESS:
            self._body(headers, sink or pieces.append)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, headers, b"".join(pieces))

    def _begin(self, request: bytes) -> bytes:
        if self._socket is None:
            self._socket, self._held = self._dial(), b""
            self.opened += 1
        self._socket.sendall(request)
        return self._line()

    def _dial(self) -> socket.socket:
        secure = self.base.scheme == "https"
        port = self.base.port or (443 if secure else 80)
        found = socket.create_connection((self.base.hostname, port), self.timeout_s)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not secure:
            return found
        context = ssl.create_default_context()  # a bench meets self-signed certificates
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(found, server_hostname=self.base.hostname)

    def _head(self, line: bytes) -> tuple[int, dict[str, str]]:
        while True:
            status, headers = int(line.split(None, 2)[1]), {}
            while field := self._line():
                name, _, value = field.partition(b":")
                headers[name.strip().lower().decode("latin-1")] = value.strip().decode("latin-1")
            if status >= 200:
                return status, headers
            line = self._line()  # 100 Continue and its like

    def _body(self, headers: dict[str, str], put: Callable[[bytes], object]) -> None:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            while size := int(self._line().split(b";")[0], 16):
                self._take(size, put)
                self._line()
            self._line()
        elif "content-length" in headers:
            self._take(int(headers["content-length"]), put)
        else:
            self._until_closed(put)

    def _take(self, left: int, put: Callable[[bytes], object]) -> None:
        while left:
            held = self._held or self._more()
            piece, self._held = held[:left], held[left:]
            left -= len(piece)
            put(piece)

    def _until_closed(self, put: Callable[[bytes], object]) -> None:
        put(self._held)
        try:
            while True:
                put(self._more())
        except Closed:
            self.close()

    def _line(self) -> bytes:
        while b"\r\n" not in self._held:
            self._held += self._more()
        line, _, self._held = self._held.partition(b"\r\n")
        return line

    def _more(self) -> bytes:
        if self._socket is None or not (got := self._socket.recv(262_144)):
            raise Closed
        return got
