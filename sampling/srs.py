"""Simple random sampling: the n smallest tickets win, the next are the reserves, in order.

>>> drawn = draw(["03217", "03220", "03223", "03226"], 2, seed="any seed string", reserves=1)
>>> drawn.chosen, drawn.reserves, drawn.pi
(('03226', '03223'), ('03217',), Fraction(1, 2))
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from sampling.errors import DuplicateId, TooFewUnits
from sampling.tickets import smallest


class Chosen(NamedTuple):
    """One unit that a method chose: `main` says whether it is a reserve; `rank` from 1."""

    id: str
    pi: Fraction
    main: bool = True
    certain: bool = False


class SimpleDraw(NamedTuple):
    """Ids in the order of their tickets, and the probability that any one unit is chosen."""

    chosen: tuple[str, ...]
    reserves: tuple[str, ...]
    pi: Fraction


def draw(unit_ids: Iterable[str], size: int, seed: str, reserves: int = 0) -> SimpleDraw:
    """Draw `size` units without replacement, each equally likely, and the next `reserves`.

    Args:
        unit_ids: one id per unit; their order does not matter.
        size: how many to choose; 1 <= size + reserves <= the number of ids.
        seed: the seed string.
        reserves: how many substitutes, in order.

    Raises:
        DuplicateId: an id stands twice.
        TooFewUnits: fewer ids than are asked for.
    """
    first_row: dict[str, int] = {}
    for row, unit_id in enumerate(unit_ids, start=1):
        if first_row.setdefault(unit_id, row) != row:
            raise DuplicateId(unit_id=unit_id, row=row, first_row=first_row[unit_id])
    check_enough(size + reserves, len(first_row), "ALL")
    order = [unit_id for _, unit_id in smallest(first_row, size + reserves, seed)]
    return SimpleDraw(tuple(order[:size]), tuple(order[size:]), Fraction(size, len(first_row)))


def select(unit_ids: Sequence[str], n: int, reserves: int, seed_string: str) -> list[Chosen]:
    """Return the n chosen and then the reserves, by ticket."""
    return ranked(smallest(unit_ids, n + reserves, seed_string), n, len(unit_ids))


def ranked(tickets: Sequence[tuple[str, str]], n: int, population: int) -> list[Chosen]:
    """Return the first n of some tickets, in order, as chosen, and the others as reserves."""
    pi = Fraction(n, population)
    return [Chosen(unit_id, pi, place < n) for place, (_, unit_id) in enumerate(tickets)]


def check_enough(asked: int, available: int, stratum: str) -> None:
    """Refuse to draw more units than there are."""
    if asked > available:
        raise TooFewUnits(asked=asked, available=available, stratum=stratum)
