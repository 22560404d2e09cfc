"""Numbers that anyone can repeat with a hash tool: tickets of units, streams of integers.

A unit's ticket depends on the seed string and on its own id alone, so one commune's number can
be checked without the others. By hand, with the tools of any Linux machine::

    key=$(printf '%s' "$SEED" | sha256sum | cut -c1-64)
    printf '%s%s' "$key" 03217 | sha256sum

The ticket is "0." followed by the decimal digits of that hexadecimal number, read backwards.

The ticket is the first fraction of the consistent sampler of R. L. Rivest (arXiv:1808.10016).
A stream is SHA-256 in counter mode; `below` rejects the top remainder, so no residue is favoured.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")

TICKET_DIGITS = 64
SHORT_TICKET = 14
_SPACE = 1 << 256
_REVERSED = tuple(int(f"{number:03d}"[::-1]) for number in range(1_000))


def seed_key(seed_string: str) -> str:
    """Return the SHA-256 of the seed string, 64 hexadecimal digits: the key of every number."""
    return sha256(seed_string.encode()).hexdigest()


def ticket(seed_string: str, unit_id: str) -> str:
    """Return the unit's ticket, a decimal fraction as text; tickets compare as text.

    >>> ticket("01382438112797316654", "AB-130")[:14]
    '0.262997141228'
    """
    return ticketer(seed_string)(unit_id)


def ticketer(seed_string: str) -> Callable[[str], str]:
    """Return the function unit id -> ticket of one seed string."""
    key = seed_key(seed_string)

    def numbered(unit_id: str) -> str:
        return _as_ticket(int.from_bytes(sha256((key + unit_id).encode()).digest(), "big"))

    return numbered


def _as_ticket(number: int) -> str:
    return "0." + str(number).zfill(TICKET_DIGITS)[::-1]


def short(full: str) -> str:
    """Return a ticket as printed on paper: twelve digits."""
    return full[:SHORT_TICKET]


class Smallest:
    """Keeps the smallest tickets of ids that stream by; memory grows with `count` only.

    A number is written out in decimal only when its last three digits (the first three of the
    ticket) do not already rule it out.
    """

    def __init__(self, count: int, seed_string: str) -> None:
        self._key, self._count = seed_key(seed_string).encode(), count
        self._kept: list[tuple[str, str]] = []
        self._room, self._worst = 2 * count + 1_000, 999 if count else -1

    def offer(self, unit_ids: Iterable[bytes]) -> None:
        """Look at some more ids, each as bytes."""
        key, kept, worst = self._key, self._kept, self._worst
        number_of = int.from_bytes
        for unit_id in unit_ids:
            number = number_of(sha256(key + unit_id).digest(), "big")
            if _REVERSED[number % 1_000] > worst:
                continue
            kept.append((_as_ticket(number), unit_id.decode()))
            if len(kept) >= self._room:
                kept.sort()
                del kept[self._count :]
                worst = int(kept[-1][0][2:5])
        self._worst = worst

    def result(self) -> list[tuple[str, str]]:
        """Return the smallest (ticket, unit id) so far, in order."""
        return sorted(self._kept)[: self._count]


def smallest(unit_ids: Iterable[str], count: int, seed_string: str) -> list[tuple[str, str]]:
    """Return the `count` smallest (ticket, unit id), in order."""
    keeper = Smallest(count, seed_string)
    keeper.offer(unit_id.encode() for unit_id in unit_ids)
    return keeper.result()


def in_order(unit_ids: Sequence[str], seed_string: str, digits: int = 18) -> list[str]:
    """Return all ids in the order of their tickets.

    The first `digits` of the tickets nearly always decide; only if two agree in them are the
    tickets written out in full.
    """
    key, lead = seed_key(seed_string).encode(), 10**digits
    marked = [
        f"{int.from_bytes(sha256(key + name.encode()).digest(), 'big') % lead:0{digits}d}"[::-1]
        + name
        for name in unit_ids
    ]
    marked.sort()
    if any(one[:digits] == other[:digits] for one, other in pairwise(marked)):
        return [unit_id for _, unit_id in smallest(unit_ids, len(unit_ids), seed_string)]
    return [mark[digits:] for mark in marked]


class Stream:
    """Integers from one labelled stream of a seed string, in order.

    The i-th value (from 1) is SHA-256(key | label | i), with bars between, as an integer.

    >>> stream = Stream("any seed string", "start|ALL")
    >>> [stream.below(6) + 1 for _ in range(5)]
    [6, 4, 3, 6, 2]
    """

    def __init__(self, seed_string: str, label: str) -> None:
        self._prefix = f"{seed_key(seed_string)}|{label}|"
        self._counter = 0

    def value(self) -> int:
        """Return the next value, 0 <= value < 2**256."""
        self._counter += 1
        text = f"{self._prefix}{self._counter}"
        return int.from_bytes(sha256(text.encode()).digest(), "big")

    def below(self, bound: int) -> int:
        """Return the next integer in 0 <= integer < bound, each equally likely."""
        while True:
            number = self.value()
            rest = number % bound
            if number - rest <= _SPACE - bound:  # its whole stretch of `bound` values is there
                return rest

    def shuffled(self, items: Iterable[T]) -> list[T]:
        """Return the items in random order (Fisher and Yates, from the last place down)."""
        mixed = list(items)
        for last in range(len(mixed) - 1, 0, -1):
            other = self.below(last + 1)
            mixed[last], mixed[other] = mixed[other], mixed[last]
        return mixed

    def __iter__(self) -> Iterator[int]:
        while True:
            yield self.value()
