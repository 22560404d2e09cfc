"""A phone: fetches forms and lists and sends filled forms as strictly as ODK Collect does.

It stands on the standard library and the project's own XML door. Tests and benches use it too;
`Odd` lets it misbehave the way phones on bad lines do.

    with Phone("http://127.0.0.1:8000/v1/key/…/projects/1") as phone:
        forms = phone.sync()
        sent = phone.send(filled, title=forms["gnbv_household"].name)
"""

import secrets
import string
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote, unquote, urlsplit

from server import clock, xml
from server.demo import lists, multipart
from server.demo.lists import Listed, Named, NotOpenRosa
from server.demo.multipart import Part
from server.demo.wire import AGENT, STEADY, NoLine, Pace, PhoneError, Refused, Reply, Wire, md5
from server.problems import Problem

DEFAULT_ACCEPT_BYTES = 10_000_000
LETTERS = string.ascii_letters + string.digits

__all__ = [
    "BlankForm", "NoLine", "NotOpenRosa", "Odd", "Phone", "PhoneError", "Refused", "Sent",
    "WrongHash",
]  # fmt: skip


class WrongHash(PhoneError):
    """A file is not the one its list named: the phone would fetch it again at every sync."""


@dataclass(frozen=True)
class BlankForm:
    """A form on the phone, ready to be filled: its XForm, and its files by name."""

    form_id: str
    version: str
    name: str
    xform: bytes
    media: Mapping[str, bytes] = field(default_factory=dict)


class FilledForm(Protocol):
    """What is sent: the form's XML as it is, and its files by name."""

    @property
    def xml(self) -> bytes:
        """The bytes of the submission."""

    @property
    def attachments(self) -> Mapping[str, bytes]:
        """The files beside it."""


Batch = Sequence[str]


@dataclass(frozen=True)
class Odd:
    """How one send goes wrong on purpose.

    Attributes:
        cut_after: the line breaks after so many bytes of the first request, once.
        repeat: how often every request is made.
        order: puts the batches into another order.
        leave_out: files that stay behind.
        pause_s: between pieces of `piece_bytes`.
    """

    cut_after: int | None = None
    repeat: int = 1
    order: Callable[[Sequence[Batch]], Sequence[Batch]] | None = None
    leave_out: Collection[str] = ()
    pause_s: float = 0.0
    piece_bytes: int = 65_536


PLAIN = Odd()


@dataclass(frozen=True)
class Preflight:
    """Where to send and how much in one request, as the HEAD told."""

    url: str
    accept_bytes: int


@dataclass(frozen=True)
class Sent:
    """A form that the server has: one reply for each request, and the last one's sentence."""

    replies: tuple[Reply, ...]

    @property
    def message(self) -> str:
        """Return what the phone shows to its carrier."""
        return self.replies[-1].message


class Phone:
    """One phone with one server address; not for several threads at once."""

    def __init__(
        self,
        base_url: str,
        device_id: str | None = None,
        *,
        agent: str = AGENT,
        timeout_s: float = 60.0,
    ) -> None:
        """Set the phone up; `base_url` is what its QR code says."""
        self.base_url = base_url
        self.device_id = device_id or "collect:" + "".join(
            secrets.choice(LETTERS) for _ in range(16)
        )
        self.wire = Wire(agent, timeout_s)
        self.forms: dict[str, BlankForm] = {}
        self._etags: dict[str, tuple[str, Reply]] = {}

    def __enter__(self) -> "Phone":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self.wire.close()

    def form_list(self) -> list[Listed]:
        """Return the forms that the server offers.

        Raises:
            Refused, NoLine: no list came.
            NotOpenRosa: the list breaks a rule; all of it is refused.
        """
        return lists.form_list(self._get(self.base_url.rstrip("/") + "/formList"))

    def manifest(self, listed: Listed) -> list[Named]:
        """Return the files that a form needs, and how they hash."""
        if listed.manifest_url is None:
            return []
        return lists.manifest(self._get(listed.manifest_url))

    def sync(self) -> dict[str, BlankForm]:
        """Match the server exactly: fetch what is new or changed, forget what is not listed.

        Raises:
            PhoneError: something did not come or was not as promised; the forms stay as they were.
        """
        found: dict[str, BlankForm] = {}
        for listed in self.form_list():
            held = self.forms.get(listed.form_id)
            named = self.manifest(listed)
            xform = self._xform(listed, held)
            media = {file.name: self._file(file, held) for file in named}
            found[listed.form_id] = BlankForm(
                listed.form_id, listed.version, listed.name, xform, media
            )
        self.forms = found
        return found

    def _xform(self, listed: Listed, held: BlankForm | None) -> bytes:
        if held is not None and md5(held.xform) == listed.md5:
            return held.xform
        data = _checked(self._fetch(listed.url), listed.md5, listed.form_id)
        form_id, version = _identity(data)
        if (form_id, version) != (listed.form_id, listed.version):
            raise NotOpenRosa(
                f"the list promises {listed.form_id} {listed.version}, "
                f"the form is {form_id} {version}"
            )
        return data

    def _file(self, named: Named, held: BlankForm | None) -> bytes:
        content = held.media.get(named.name) if held is not None else None
        if content is not None and md5(content) == named.md5:
            return content
        return _checked(self._fetch(named.url), named.md5, named.name)

    def preflight(self) -> Preflight:
        """Ask where and how much may be sent, as the app does once for every run.

        Raises:
            Refused: 401, or a success that is not 204: this is no OpenRosa server.
        """
        url = self.base_url.removesuffix("/") + "/submission"
        reply = self.wire.exchange("HEAD", self._addressed(url))
        if reply.status == 401:
            raise Refused("invalid username or password", 401)
        if reply.status != 204:
            if 200 <= reply.status < 300:
                raise Refused("is this an OpenRosa submission endpoint?", reply.status)
            return Preflight(url, DEFAULT_ACCEPT_BYTES)  # the app tries all the same
        accepted = reply.headers.get("x-openrosa-accept-content-length", "")
        limit = int(accepted) if accepted.isdigit() else DEFAULT_ACCEPT_BYTES
        return Preflight(_same_host(url, reply.headers.get("location")), limit)

    def send(
        self,
        filled: FilledForm,
        *,
        title: str = "Phiếu",
        tries: int = 1,
        preflight: Preflight | None = None,
        odd: Odd = PLAIN,
    ) -> Sent:
        """Send a form and its files, in as many requests as the server's limit asks for.

        A try that fails is followed by another from the first request on, up to `tries`.

        Raises:
            Refused: the server said no; `said` is its sentence.
            NoLine: the line was lost.
        """
        target = preflight or self.preflight()
        name = multipart.instance_name(title, f"{clock.local(clock.now()):%Y-%m-%d_%H-%M-%S}")
        for attempt in range(1, tries + 1):
            try:
                return self._attempt(target, filled, name, odd, cut=attempt == 1)
            except PhoneError:
                if attempt == tries:
                    raise
        raise ValueError("a form is sent at least once")

    def send_all(self, many: Iterable[FilledForm], *, title: str = "Phiếu") -> list[Sent]:
        """Send forms one after the other with one HEAD, as the app does in one run."""
        target = self.preflight()
        return [self.send(filled, title=title, preflight=target) for filled in many]

    def _attempt(
        self, target: Preflight, filled: FilledForm, name: str, odd: Odd, cut: bool
    ) -> Sent:
        sizes = {file: len(content) for file, content in filled.attachments.items()}
        groups = multipart.names_of(multipart.batches(sizes, target.accept_bytes), odd.leave_out)
        ordered = list(odd.order(groups)) if odd.order else groups
        replies = []
        for number, group in enumerate(ordered):
            parts = [multipart.form_part(filled.xml, name)]
            parts += [multipart.file_part(file, filled.attachments[file]) for file in group]
            if group is not groups[-1]:
                parts.append(multipart.more_to_come())
            breaks = odd.cut_after if cut and number == 0 else None
            pace = Pace(breaks, odd.pause_s, odd.piece_bytes)
            replies += [self.post(parts, target.url, pace) for _ in range(odd.repeat)]
        return Sent(tuple(replies))

    def post(self, parts: Sequence[Part], url: str | None = None, pace: Pace = STEADY) -> Reply:
        """Make one request of exactly these parts and return a reply that means 'stored'.

        Raises:
            Refused: neither 201 nor 202; only those let the app forget.
        """
        body, kind = multipart.encode(parts)
        url = url or self.base_url.removesuffix("/") + "/submission"
        reply = self.wire.exchange("POST", self._addressed(url), body, {"Content-Type": kind}, pace)
        if reply.status not in {201, 202}:
            raise Refused(f"{reply.reason} ({reply.status})", reply.status, reply.message)
        return reply

    def _fetch(self, url: str) -> bytes:
        return self._get(url).body

    def _get(self, url: str) -> Reply:
        """Return a page, from the phone's own store when the server says it is still the same."""
        url = self._addressed(url)
        kept = self._etags.get(url)
        headers = {"If-None-Match": kept[0]} if kept else {}
        reply = self.wire.exchange("GET", url, headers=headers)
        if reply.status == 304 and kept:
            return kept[1]
        if reply.status != 200:
            raise Refused(f"status code {reply.status}", reply.status, reply.message)
        if "etag" in reply.headers:
            self._etags[url] = (reply.headers["etag"], reply)
        return reply

    def _addressed(self, url: str) -> str:
        mark = "&" if urlsplit(url).query else "?"
        return f"{url}{mark}deviceID={quote(self.device_id, safe='')}"


def _checked(data: bytes, expected: str, what: str) -> bytes:
    if md5(data) != expected:
        raise WrongHash(f"{what} should hash to {expected} and hashes to {md5(data)}")
    return data


def _identity(xform: bytes) -> tuple[str, str]:
    """Return id and version of a form, read where the app reads them."""
    try:
        root = xml.parse(xform, xml.FORM_DEFINITION)
    except Problem as problem:
        raise NotOpenRosa(f"the form cannot be parsed: {problem.text('en')}") from problem
    for path in ("{*}head/{*}title", "{*}head/{*}model/{*}instance/*"):
        if root.find(path) is None:
            raise NotOpenRosa(f"the form has no {path.replace('{*}', '')}")
    instance = root.find("{*}head/{*}model/{*}instance/*")
    assert instance is not None  # noqa: S101 - found just above
    return str(instance.get("id", "")), str(instance.get("version", ""))


def _same_host(url: str, location: str | None) -> str:
    if not location:
        return url
    meant = unquote(location)
    place = urlsplit(meant)
    if place.scheme not in {"http", "https"} or place.hostname != urlsplit(url).hostname:
        raise Refused(f"unexpected redirection attempt to a different host: {meant}")
    return meant
