"""The public selection of RFC 3797, kept to prove our hashing beside a published example.

Not offered for draws: it hangs on places in a list and on MD5.

    >>> key = key_of(["9319", [2, 5, 12, 8, 10], [9, 18, 26, 34, 41, 45]])
    >>> key, select(key, 25, 3)
    ('9319./2.5.8.10.12./9.18.26.34.41.45./', [17, 7, 2])
"""

from collections.abc import Iterable
from hashlib import md5


def key_of(sources: Iterable[str | Iterable[int]]) -> str:
    """Return the key string: each source's numbers sorted, a point after each, then a slash."""
    return "".join(_joined(source) + "/" for source in sources)


def _joined(source: str | Iterable[int]) -> str:
    numbers = [source] if isinstance(source, str) else [str(n) for n in sorted(source)]
    return "".join(f"{number}." for number in numbers)


def value(key: str, index: int) -> int:
    """Return the index-th number: MD5 of index, key, index, the index as two bytes."""
    edge = index.to_bytes(2, "big")
    return int.from_bytes(md5(edge + key.encode() + edge, usedforsecurity=False).digest(), "big")


def select(key: str, pool: int, count: int) -> list[int]:
    """Return places (from 1) in a pool, in the order selected."""
    places = list(range(1, pool + 1))
    return [places.pop(value(key, index) % len(places)) for index in range(count)]
