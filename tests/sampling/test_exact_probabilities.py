"""Every sample a small design can give, with its exact chance, from the code that draws.

`every_outcome` runs a draw once for each way its random integers can fall, so nothing is
estimated: the probabilities are fractions and must be equal to those promised.
"""

from collections import Counter
from fractions import Fraction
from itertools import permutations

import pytest

from sampling import exact, pps, spatial
from sampling.srs import select as simple
from sampling.tickets import Stream


class Scripted(Stream):
    """A stream whose integers follow a script; past its end they are 0 and are noted."""

    def __init__(self, script):
        self._script, self.taken = script, []

    def below(self, bound):
        place = len(self.taken)
        value = self._script[place] if place < len(self._script) else 0
        self.taken.append((value, bound))
        return value


def every_outcome(draw):
    """Return result -> exact chance, over all ways the integers asked for can fall."""
    outcomes, script = Counter(), []
    while True:
        stream = Scripted(script)
        result = draw(stream)
        chance = Fraction(1)
        for _, bound in stream.taken:
            chance /= bound
        outcomes[result] += chance
        script = [value for value, _ in stream.taken]
        bounds = [bound for _, bound in stream.taken]
        while script and script[-1] + 1 == bounds[len(script) - 1]:
            script.pop()
        if not script:
            return outcomes
        script[-1] += 1


def marginal(outcomes):
    """Return unit -> chance of being in the sample."""
    chances = Counter()
    for sample, chance in outcomes.items():
        for unit in sample:
            chances[unit] += chance
    return chances


SIZED = [("a", 1), ("b", 2), ("c", 3), ("d", 2), ("e", 2)]


def test_systematic_sampling_by_size_is_exact_in_every_order():
    for units in permutations(SIZED):
        outcomes = every_outcome(lambda s, u=units: tuple(sorted(pps.systematic(u, 3, 10, s))))
        assert marginal(outcomes) == {unit: Fraction(3 * size, 10) for unit, size in units}
        assert all(len(sample) == 3 for sample in outcomes)


def test_equal_systematic_sampling_reaches_the_tail_of_the_list():
    units = [(f"{place:02d}", 1) for place in range(11)]

    outcomes = every_outcome(lambda s: tuple(pps.systematic(units, 3, 11, s)))

    assert marginal(outcomes) == {unit: Fraction(3, 11) for unit, _ in units}


def test_the_pivotal_method_is_exact_in_every_order_and_equals_its_enumeration():
    for units in permutations([("a", 1), ("b", 2), ("c", 3), ("d", 4)]):
        outcomes = every_outcome(lambda s, u=units: frozenset(pps.pivotal(u, 2, 10, s)))
        assert marginal(outcomes) == {unit: Fraction(2 * size, 10) for unit, size in units}
        samples = exact.pivotal_samples([2 * size for _, size in units], 10)
        named = {frozenset(units[place][0] for place in s): c for s, c in samples.items()}
        assert named == dict(outcomes)


@pytest.mark.parametrize(("n", "reserves"), [(1, 1), (2, 1), (1, 2), (2, 2)])
def test_main_units_keep_their_probability_whatever_the_reserves(n, reserves):
    """Ranked by their own stream: ranking by the order of the walk would not be exact."""

    def main(stream):
        chosen = pps.select(
            SIZED,
            n,
            reserves,
            certainty=True,
            walk=lambda sized, m, total: pps.systematic(sized, m, total, stream),
            order=stream,
        )
        promised.update({one.id: one.pi for one in chosen})
        return tuple(one.id for one in chosen if one.main)

    promised = {}
    outcomes = every_outcome(main)

    assert all(len(sample) == n for sample in outcomes)
    assert marginal(outcomes) == promised
    assert sum(promised.values()) == n


def test_pivotal_reserves_are_exact_too():
    units = [("a", 1), ("b", 2), ("c", 2), ("d", 1)]

    def main(stream):
        chosen = pps.select(
            units,
            1,
            1,
            certainty=False,
            walk=lambda sized, m, total: pps.pivotal(sized, m, total, stream),
            order=stream,
        )
        return tuple(one.id for one in chosen if one.main)

    assert marginal(every_outcome(main)) == {unit: Fraction(size, 6) for unit, size in units}


def test_a_unit_capped_by_the_reserves_has_the_probability_that_is_stored():
    """With n + 1 drawn, the unit of size 5 fills a step: it is drawn surely, main n/(n+1)."""
    units = [("a", 5), ("b", 2), ("c", 2), ("d", 1)]

    def main(stream):
        chosen = pps.select(
            units,
            1,
            1,
            certainty=True,
            walk=lambda sized, m, total: pps.systematic(sized, m, total, stream),
            order=stream,
        )
        promised.update({one.id: one.pi for one in chosen})
        return tuple(one.id for one in chosen if one.main)

    promised = {}

    assert marginal(every_outcome(main)) == promised
    assert promised == {"a": Fraction(1, 2)} | {
        unit: Fraction(size, 10) for unit, size in units if unit != "a"
    }


@pytest.mark.parametrize("sizes", [(1, 1, 1, 1, 1), (1, 2, 2, 1, 2)])
def test_the_spread_draw_is_exact(sizes):
    """With equal shares this is a sample of two of five; its chances are those of the sizes."""
    units = list(zip("abcde", sizes, strict=True))
    total = sum(sizes)
    places = {"a": (0, 0), "b": (0, 10), "c": (7, 3), "d": (20, 20), "e": (21, 20)}

    outcomes = every_outcome(lambda s: tuple(sorted(spatial.select(units, 2, total, s, places))))

    assert marginal(outcomes) == {unit: Fraction(2 * size, total) for unit, size in units}
    assert outcomes["d", "e"] < Fraction(1, 20) / 2


def test_certainty_units_are_always_main_and_the_rest_share_what_is_left():
    units = [("a", 1), ("b", 2), ("c", 1), ("d", 40), ("e", 9)]

    def draw(stream):
        chosen = pps.select(
            units,
            3,
            0,
            certainty=True,
            walk=lambda sized, m, total: pps.pivotal(sized, m, total, stream),
            order=stream,
        )
        return tuple(one.id for one in chosen)

    chances = marginal(every_outcome(draw))

    assert [chances[unit] for unit in "abcde"] == exact.inclusion([1, 2, 1, 40, 9], 3)


# --- frequencies of the draws themselves ----------------------------------------------------


def test_all_samples_of_three_in_six_are_equally_frequent():
    """20 cells, 6,000 draws, 19 degrees of freedom: chi-square above 43.82 has chance 0.001.

    The seeds are fixed, so the test is not flaky: it would have failed once in a thousand times
    when it was written.
    """
    ids = ["03217", "03220", "03223", "03226", "03229", "03232"]
    counts = Counter(
        frozenset(one.id for one in simple(ids, 3, 0, f"seed {number}")) for number in range(6_000)
    )

    assert len(counts) == 20
    assert sum((count - 300) ** 2 / 300 for count in counts.values()) < 43.82


def test_simple_draws_choose_every_unit_equally_often():
    """R draws of rate f: sum (c - R f)^2 / (R f (1 - f)) times (N - 1)/N is chi-square, N - 1 df.

    N = 40: 39 degrees of freedom, above 72.05 with chance 0.001.
    """
    ids, draws, rate = [f"{code:05d}" for code in range(40)], 4_000, 0.2
    counts = Counter(
        one.id for number in range(draws) for one in simple(ids, 8, 0, f"rate {number}")
    )

    spread = sum((counts[i] - draws * rate) ** 2 for i in ids) / (draws * rate * (1 - rate))
    assert spread * 39 / 40 < 72.05


@pytest.mark.parametrize("walk", [pps.systematic, pps.pivotal])
def test_draws_by_size_choose_every_unit_as_often_as_promised(walk):
    """|z| below 4.5 for each of 8 units: chance of a false alarm below 8 x 7e-6."""
    sizes = [10, 20, 30, 40, 45, 7, 3, 35]
    units, draws = [(f"u{place}", size) for place, size in enumerate(sizes)], 12_000
    counts = Counter(
        unit
        for number in range(draws)
        for unit in walk(units, 3, 190, Stream(f"pps {number}", "walk|ALL"))
    )

    for unit, size in units:
        rate = 3 * size / 190
        assert abs(counts[unit] - draws * rate) < 4.5 * (draws * rate * (1 - rate)) ** 0.5
