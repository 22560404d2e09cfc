"""Digest sign-in (RFC 7616, RFC 2617) for phones on a line that others can read: pure functions.

Only `qop="auth"` is offered: of `auth-int` a phone would hash every photo twice. The server keeps
HA1, the hash of user name, realm and password, for MD5 and for SHA-256, and never the password.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

REALM = "Thuc Dia"
NONCE_SECONDS = 1800
LONGEST_HEADER = 4000
_PART = re.compile(r'\s*([A-Za-z*]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)')
_NC = re.compile("[0-9a-f]{8}", re.IGNORECASE)
_NEEDED = ("username", "realm", "nonce", "uri", "response", "qop", "nc", "cnonce", "opaque")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


HASHES: dict[str, Callable[[str], str]] = {"SHA-256": _sha256, "MD5": _md5}
"""In the order offered: apps take the first they know."""


def ha1(username: str, password: str) -> dict[str, str]:
    """Return what is kept of a password, by algorithm."""
    return {name: hashed(f"{username}:{REALM}:{password}") for name, hashed in HASHES.items()}


def nonce(secret: str, now: float) -> str:
    """Return a nonce that says when it was made; signed, so that none need be kept."""
    made = int(now).to_bytes(6, "big") + secrets.token_bytes(10)
    return base64.urlsafe_b64encode(made + _seal(secret, made)).decode()


def _seal(secret: str, made: bytes) -> bytes:
    return hmac.digest(secret.encode(), b"digest-nonce" + made, "sha256")[:16]


def made_at(secret: str, given: str) -> int | None:
    """Return when a nonce was made, in seconds; None when it is none of ours.

    >>> made_at("s", nonce("s", 1700000000)), made_at("t", nonce("s", 1700000000))
    (1700000000, None)
    """
    try:
        raw = base64.b64decode(given.encode("ascii"), altchars=b"-_", validate=True)
    except ValueError:
        return None
    made, seal = raw[:16], raw[16:]
    if not hmac.compare_digest(seal, _seal(secret, made)):
        return None
    return int.from_bytes(made[:6], "big")


def opaque(secret: str) -> str:
    """Return the word that phones must echo."""
    return hmac.digest(secret.encode(), b"digest-opaque", "sha256").hex()[:32]


def challenges(secret: str, now: float, stale: bool = False) -> list[str]:
    """Return the values of WWW-Authenticate, the strongest first."""
    mark = ", stale=true" if stale else ""
    given = nonce(secret, now)
    return [
        f'Digest realm="{REALM}", qop="auth", algorithm={name}, nonce="{given}", '
        f'opaque="{opaque(secret)}"{mark}'
        for name in HASHES
    ]


@dataclass(frozen=True)
class Answer:
    """A phone's answer to a challenge, every part of it there and well formed."""

    parts: Mapping[str, str]
    algorithm: str

    def __getitem__(self, name: str) -> str:
        """Return one part."""
        return self.parts[name]

    @property
    def count(self) -> int:
        """Return which use of the nonce this is."""
        return int(self["nc"], 16)

    def is_for(self, path: str, query: str) -> bool:
        """Tell whether it was made for this address, however the line has written its letters."""
        asked, _, more = self["uri"].partition("?")
        return unquote(asked) == path and more == query

    def proves(self, ha1: str, method: str) -> bool:
        """Tell, in constant time, whether whoever made it knew the password of `ha1`."""
        hashed = HASHES[self.algorithm]
        ha2 = hashed(f"{method}:{self['uri']}")
        middle = ":".join(self[name] for name in ("nonce", "nc", "cnonce", "qop"))
        expected = hashed(f"{ha1}:{middle}:{ha2}")
        return hmac.compare_digest(expected.encode(), self["response"].lower().encode())


def read(header: str) -> Answer | None:
    """Return the answer in an Authorization header; None when it is not a whole one.

    >>> read('Digest username="a", realm="b"') is None
    True
    """
    kind, _, rest = header.partition(" ")
    if kind.lower() != "digest" or len(header) > LONGEST_HEADER:
        return None
    parts: dict[str, str] = {}
    at = 0
    while at < len(rest):
        match = _PART.match(rest, at)
        if match is None or match[1].lower() in parts:
            return None
        quoted = match[2]
        value = match[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        parts[match[1].lower()] = value
        at = match.end()
    algorithm = parts.get("algorithm", "MD5").upper()
    whole = all(parts.get(name) for name in _NEEDED) and algorithm in HASHES
    if not whole or parts["qop"] != "auth" or not _NC.fullmatch(parts["nc"]):
        return None
    return Answer(parts, algorithm)
