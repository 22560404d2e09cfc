"""Probabilities by exact enumeration: what a design does, not what a run happened to give.

First-order probabilities with certainty units; joint probabilities of simple random, systematic
and Sampford designs; all samples of the pivotal method. For proofs, for teaching, and for
variances of small designs; the draws themselves do not need them.

    >>> [str(share) for share in inclusion([1, 2, 3, 90], 2)]
    ['1/6', '1/3', '1/2', '1']
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from sampling.pps import split_certain

Matrix = list[list[Fraction]]


def inclusion(sizes: Sequence[int], n: int) -> list[Fraction]:
    """Return n size / total for each unit, those that reach one set apart as certain."""
    units = [(str(place), size) for place, size in enumerate(sizes)]
    certain, rest, left = split_certain(units, n)
    total = sum(size for _, size in rest)
    chances = {place: Fraction(left * size, total) for place, size in rest}
    chances.update(dict.fromkeys(certain, Fraction(1)))
    return [chances[place] for place, _ in units]


def simple_joint(population: int, n: int) -> Fraction:
    """Return the chance that two given units are both in a simple random sample."""
    return Fraction(n * (n - 1), population * (population - 1))


def systematic_joint(shares: Sequence[int], total: int) -> Matrix:
    """Return the joint probabilities of systematic sampling of shares in parts of `total`.

    Between two neighbouring break points every start gives the same sample.
    """
    ends = [sum(shares[: place + 1]) for place in range(len(shares))]
    breaks = [*sorted({end % total for end in ends} | {0}), total]
    joint = [[Fraction(0)] * len(shares) for _ in shares]
    for low, high in pairwise(breaks):
        chosen = [
            place
            for place, end in enumerate(ends)
            if _marks(end, low, total) > _marks(end - shares[place], low, total)
        ]
        for one in chosen:
            for other in chosen:
                joint[one][other] += Fraction(high - low, total)
    return joint


def _marks(point: int, start: int, step: int) -> int:
    """Return how many of start, start + step, ... lie before the point."""
    return max(0, -((start - point) // step))


def pivotal_samples(shares: Sequence[int], total: int) -> dict[frozenset[int], Fraction]:
    """Return every sample the pivotal method can give, in that order of units, with its chance.

    A state is the unit that stands, its share, and the units chosen before it.
    """
    states = {(0, shares[0], frozenset[int]()): Fraction(1)}
    for place in range(1, len(shares)):
        after: dict[tuple[int, int, frozenset[int]], Fraction] = {}
        for (stands, held, chosen), chance in states.items():
            for state, part in _meeting(stands, held, chosen, place, shares[place], total):
                after[state] = after.get(state, Fraction(0)) + chance * part
        states = after
    samples: dict[frozenset[int], Fraction] = {}
    for (stands, held, chosen), chance in states.items():
        sample = chosen | {stands} if held == total else chosen
        samples[sample] = samples.get(sample, Fraction(0)) + chance
    return samples


def _meeting(
    stands: int, held: int, chosen: frozenset[int], place: int, share: int, total: int
) -> list[tuple[tuple[int, int, frozenset[int]], Fraction]]:
    """Return the states after the one that stands meets the next unit, with their chances."""
    if held in (0, total):
        return [((place, share, chosen | {stands} if held else chosen), Fraction(1))]
    both = held + share
    if both <= total:
        first = Fraction(held, both)
        return [((stands, both, chosen), first), ((place, both, chosen), 1 - first)]
    first = Fraction(total - share, 2 * total - both)
    return [
        ((place, both - total, chosen | {stands}), first),
        ((stands, both - total, chosen | {place}), 1 - first),
    ]


def sampford_joint(chances: Sequence[Fraction]) -> Matrix:
    """Return the joint probabilities of Sampford's design (Sampford 1967, the recursion in L).

    `chances` are below one and add up to a whole number.
    """
    n = int(sum(chances))
    odds = [chance / (n * (1 - chance)) for chance in chances]
    sums = _elementary(odds, n)
    constant: Fraction = 1 / sum(
        (t * sums[n - t] / Fraction(n) ** t for t in range(1, n + 1)), Fraction(0)
    )
    joint = [
        [chance if k == j else Fraction(0) for j in range(len(odds))]
        for k, chance in enumerate(chances)
    ]
    for k in range(len(odds)):
        for j in range(k):
            without = _without(sums, odds[k], odds[j], n)
            weight = sum(
                (t - chances[k] - chances[j]) * without[n - t] / Fraction(n) ** (t - 2)
                for t in range(2, n + 1)
            )
            joint[k][j] = joint[j][k] = constant * odds[k] * odds[j] * weight
    return joint


def _elementary(odds: Sequence[Fraction], n: int) -> list[Fraction]:
    """Return the elementary symmetric functions of the odds, of degree 0 to n."""
    sums = [Fraction(1)] + [Fraction(0)] * n
    for odd in odds:
        for degree in range(n, 0, -1):
            sums[degree] += odd * sums[degree - 1]
    return sums


def _without(sums: Sequence[Fraction], one: Fraction, other: Fraction, n: int) -> list[Fraction]:
    """Return the same functions with two of the odds left out."""
    rest: list[Fraction] = []
    for degree in range(n + 1):
        before = rest[degree - 1] if degree else Fraction(0)
        earlier = rest[degree - 2] if degree > 1 else Fraction(0)
        rest.append(sums[degree] - (one + other) * before - one * other * earlier)
    return rest
