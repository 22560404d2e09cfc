"""Draws in proportion to size, in whole numbers: certainty units, reserves, two ways to walk.

Both walks take (id, share) pairs in order, the shares being whole parts of `total`, and choose
each unit with probability share / total exactly; the shares add up to a multiple of `total`.

    >>> certain, rest, left = split_certain([("a", 1), ("b", 2), ("c", 3), ("d", 90)], 2)
    >>> certain, rest, left
    (['d'], [('a', 1), ('b', 2), ('c', 3)], 1)
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from sampling.errors import UnitTooLarge
from sampling.srs import Chosen, check_enough
from sampling.tickets import Stream

Sized = tuple[str, int]
Walk = Callable[[Sequence[Sized], int, int], list[str]]


def split_certain(units: Sequence[Sized], n: int) -> tuple[list[str], list[Sized], int]:
    """Return the units that fill a step of the list, the others in order, and how many to draw.

    A unit is certain when n times its size reaches the total; it is set apart and the rest is
    looked at again with one unit fewer to draw (largest first gives the same units).
    """
    total, left = sum(size for _, size in units), n
    if n * max((size for _, size in units), default=0) < total:
        return [], list(units), n
    certain: set[str] = set()
    for unit_id, size in sorted(units, key=lambda unit: (-unit[1], unit[0])):
        if left == 0 or left * size < total:
            break
        certain.add(unit_id)
        total -= size
        left -= 1
    rest = [unit for unit in units if unit[0] not in certain]
    return [unit_id for unit_id, _ in units if unit_id in certain], rest, left


def select(
    units: Sequence[Sized], n: int, reserves: int, *, certainty: bool, walk: Walk, order: Stream
) -> list[Chosen]:
    """Return certainty units, then the other units drawn, then the reserves, in order.

    With reserves, n + reserves units are drawn and put in random order; the first n are main.
    That order is a stream of its own: an order that the walk itself used (tickets, the list)
    would favour some units. So the probability of being main is exactly n size / total.
    """
    check_enough(n + reserves, len(units), "ALL")
    certain, rest, left = split_certain(units, n) if certainty else ([], list(units), n)
    if not certainty:
        _refuse_large(units, n)
    probabilities = _drawn(rest, left + reserves, walk)
    mixed = order.shuffled(sorted(probabilities))
    share = Fraction(left, left + reserves) if left + reserves else Fraction(0)
    chosen = [Chosen(unit_id, Fraction(1), certain=True) for unit_id in sorted(certain)]
    return chosen + [
        Chosen(unit_id, probabilities[unit_id] * share, place < left)
        for place, unit_id in enumerate(mixed)
    ]


def _refuse_large(units: Sequence[Sized], n: int) -> None:
    total = sum(size for _, size in units)
    for unit_id, size in units:
        if n * size > total:
            raise UnitTooLarge(unit_id=unit_id, size=size, total=total, n=n)


def _drawn(units: Sequence[Sized], n: int, walk: Walk) -> dict[str, Fraction]:
    """Return n drawn units with their probabilities; those that fill a step are sure."""
    sure, rest, left = split_certain(units, n)
    drawn = dict.fromkeys(sure, Fraction(1))
    if left:
        total = sum(size for _, size in rest)
        chosen = set(walk(rest, left, total))
        for unit_id, size in rest:
            if unit_id in chosen:
                drawn[unit_id] = Fraction(left * size, total)
    return drawn


def systematic(units: Iterable[Sized], n: int, total: int, start: Stream) -> list[str]:
    """Return the units on which a random start and equal steps fall, in the order of the list.

    The list is laid out by n times the sizes and the steps are `total` apart, so that everything
    stays whole (Madow 1949). `units` may be an iterator: nothing is remembered.
    """
    mark, end = start.below(total), 0
    chosen = []
    for unit_id, size in units:
        end += n * size
        if mark < end:
            chosen.append(unit_id)
            mark += total
    return chosen


def pivotal(units: Sequence[Sized], n: int, total: int, stream: Stream) -> list[str]:
    """Return the units left standing when each in turn meets the survivor so far.

    Deville and Tillé (1998), in parts of `total`.
    """
    chosen: list[str] = []
    holder, held = "", 0
    for unit_id, size in units:
        if held == 0:
            holder, held = unit_id, n * size
        else:
            winner, holder, held = fight(holder, held, unit_id, n * size, total, stream)
            if winner:
                chosen.append(winner)
        if held == total:
            chosen.append(holder)
            held = 0
    return chosen


def fight(
    first: str, held: int, second: str, share: int, total: int, stream: Stream
) -> tuple[str, str, int]:
    """Return (the unit chosen or "", the unit that goes on, its share) of two that meet.

    Below one step together, one takes all; above, one is chosen and the other keeps the rest.
    """
    both = held + share
    if both <= total:
        survivor = first if stream.below(both) < held else second
        return "", survivor, both
    if stream.below(2 * total - both) < total - share:
        return first, second, both - total
    return second, first, both - total
