"""Chance that comes out the same every time: a hash of words instead of dice."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TypeVar

T = TypeVar("T")


def share(*words: object) -> float:
    """Return a number from 0 to below 1 that depends on the words alone.

    >>> share("hộ", 7) == share("hộ", 7) != share("hộ", 8)
    True
    """
    digest = sha256("|".join(map(str, words)).encode()).hexdigest()
    return int(digest[:13], 16) / 16**13


def between(low: int, high: int, *words: object) -> int:
    """Return a whole number from `low` to `high`, both included."""
    return low + int(share(*words) * (high - low + 1))


def one_of(choices: Sequence[T], *words: object) -> T:
    """Return one of the choices, each equally likely."""
    return choices[int(share(*words) * len(choices))]


def weighed(weights: Mapping[str, float], *words: object) -> str:
    """Return a key with the likelihood of its weight among all weights."""
    left = share(*words) * sum(weights.values())
    for key, weight in weights.items():
        left -= weight
        if left < 0:
            return key
    return list(weights)[-1]


def happens(likely: float, *words: object) -> bool:
    """Tell whether something of that likelihood happens."""
    return share(*words) < likely
