"""Phones at once: requests taken from one queue over several connections, with their latencies."""

import queue
import random
import statistics
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from bench import filling
from bench.wire import Connection

STORED = frozenset({201, 202})
Job = Callable[[], bytes]
"""Makes one request when its turn comes, so that photos are not all held at once."""


@dataclass
class Outcome:
    """What a load met."""

    wall_s: float = 0.0
    waits_ms: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    refusals: list[str] = field(default_factory=list)
    bytes_in: int = 0

    def __add__(self, other: "Outcome") -> "Outcome":
        """Return both loads, one after the other, as one."""
        return Outcome(
            self.wall_s + other.wall_s,
            self.waits_ms + other.waits_ms,
            self.statuses + other.statuses,
            self.refusals + other.refusals,
            self.bytes_in + other.bytes_in,
        )

    @property
    def good(self) -> int:
        """Return how many requests were answered as they should be."""
        return len(self.waits_ms)

    @property
    def per_s(self) -> float:
        """Return good answers a second."""
        return self.good / self.wall_s if self.wall_s else 0.0

    def percentile(self, q: float) -> float:
        """Return the wait in milliseconds that `q` percent of the good answers stay within."""
        if not self.waits_ms:
            return float("nan")
        ordered = sorted(self.waits_ms)
        return ordered[min(len(ordered) - 1, round(q / 100 * (len(ordered) - 1)))]

    def summary(self) -> dict[str, object]:
        """Return the outcome as plain values."""
        return {
            "good": self.good,
            "statuses": dict(self.statuses),
            "refusals": self.refusals[:3],
            "wall_s": round(self.wall_s, 3),
            "per_s": round(self.per_s, 1),
            **{f"p{q}_ms": round(self.percentile(q), 2) for q in (50, 95, 99, 100)},
            "mean_ms": round(statistics.fmean(self.waits_ms), 2) if self.waits_ms else None,
            "bytes_in": self.bytes_in,
        }


class Poor(Exception):
    """A load met answers that it should not have met: its figures mean nothing."""


def drive(
    base_url: str,
    jobs: Iterable[Job],
    phones: int,
    good: Collection[int] = STORED,
    strict: bool = True,
) -> Outcome:
    """Send all `jobs` over `phones` connections at once.

    Raises:
        Poor: an answer was not among `good`, and `strict` holds.
    """
    waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)
    found, lock = Outcome(), threading.Lock()

    def one_phone() -> None:
        mine = _work_off(Connection(base_url), waiting, good)
        with lock:
            found.waits_ms += mine.waits_ms
            found.refusals += mine.refusals
            found.statuses += mine.statuses
            found.bytes_in += mine.bytes_in

    threads = [threading.Thread(target=one_phone) for _ in range(phones)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.wall_s = time.perf_counter() - began
    if strict and found.refusals:
        raise Poor(f"{dict(found.statuses)}: {found.refusals[0]}")
    return found


def _work_off(
    connection: Connection, waiting: "queue.SimpleQueue[Job]", good: Collection[int]
) -> Outcome:
    mine = Outcome()
    while True:
        try:
            request = waiting.get_nowait()()
        except queue.Empty:
            connection.close()
            return mine
        began = time.perf_counter()
        try:
            answer = connection.ask(request)
        except OSError as error:
            connection.close()
            mine.statuses[type(error).__name__] += 1
            mine.refusals.append(f"{type(error).__name__}: {error}")
            continue
        wait = 1000 * (time.perf_counter() - began)
        mine.statuses[str(answer.status)] += 1
        mine.bytes_in += len(answer.body)
        if answer.status in good:
            mine.waits_ms.append(wait)
        else:
            mine.refusals.append(f"{answer.status}: {answer.body[:200].decode(errors='replace')}")


@dataclass(frozen=True)
class Sender:
    """Makes the requests of one phone address.

    Attributes:
        base_url: scheme, host and port.
        prefix: the path before /formList and /submission.
        headers: more header lines, each 'Name: value'.
    """

    base_url: str
    prefix: str
    headers: Sequence[str] = ()

    def get(self, path: str, method: str = "GET") -> bytes:
        """Return a request without a body; `path` is whole."""
        return f"{method} {path} HTTP/1.1\r\n{self._common()}\r\n".encode()

    def post(self, xml: bytes, files: Iterable[tuple[str, bytes]] = ()) -> bytes:
        """Return the sending of a filled form with its photos, as ODK Collect writes it."""
        mark = uuid.uuid4().hex
        form = ("xml_submission_file", "phieu.xml", "text/xml", xml)
        parts = [form, *((name, name, "image/jpeg", data) for name, data in files)]
        pieces = []
        for name, file_name, kind, data in parts:
            head = (
                f"--{mark}\r\nContent-Disposition: form-data; "
                f'name="{name}"; filename="{file_name}"\r\nContent-Type: {kind}\r\n\r\n'
            )
            pieces += [head.encode(), data, b"\r\n"]
        pieces.append(f"--{mark}--\r\n".encode())
        first = (
            f"POST {self.prefix}/submission HTTP/1.1\r\n{self._common()}"
            f"Content-Type: multipart/form-data; boundary={mark}\r\n"
            f"Content-Length: {sum(map(len, pieces))}\r\n\r\n"
        )
        return b"".join([first.encode(), *pieces])

    def _common(self) -> str:
        host = self.base_url.split("://", 1)[1].rstrip("/")
        extra = "".join(f"{line}\r\n" for line in self.headers)
        return f"Host: {host}\r\nUser-Agent: thucdia-bench\r\nX-OpenRosa-Version: 1.0\r\n{extra}"


def interviews(
    sender: Sender,
    form: filling.Filler,
    count: int,
    seed: int,
    photo_bytes: int = 0,
    copies: int = 1,
) -> list[Job]:
    """Return the sendings of `count` different interviews, each `copies` times in a row."""
    rng = random.Random(seed)
    photo = filling.photo(photo_bytes) if photo_bytes else None
    jobs: list[Job] = []
    for _ in range(count):
        instance_id = f"uuid:{uuid.UUID(int=rng.getrandbits(128), version=4)}"
        name = f"{1_790_000_000_000 + rng.getrandbits(34)}.jpg" if photo else None
        xml = form.instance(rng, instance_id, name)
        jobs += [_sending(sender, xml, photo, name, rng.randbytes(16))] * copies
    return jobs


def _sending(
    sender: Sender, xml: bytes, photo: bytes | None, name: str | None, nonce: bytes
) -> Job:
    if photo is None or name is None:
        request = sender.post(xml)
        return lambda: request
    return lambda: sender.post(xml, [(name, filling.unlike(photo, nonce))])
