"""Sample sizes: published tables, exact probabilities, and the way back."""

import json
from fractions import Fraction
from itertools import combinations
from math import comb, isclose
from pathlib import Path

import pytest

from sampling import size
from sampling.errors import BadSizeOption

VECTORS = json.loads(Path(__file__).with_name("data").joinpath("sample_size.json").read_text())


@pytest.mark.parametrize(("population", "n"), VECTORS["krejcie_morgan_1970"]["table"].items())
def test_the_table_of_krejcie_and_morgan(population, n):
    assert size.krejcie_morgan(int(population)) == n


@pytest.mark.parametrize(("population", "n"), VECTORS["cochran_ceil_z1_959964"].items())
def test_cochran_sizes_rounded_up(population, n):
    assert size.proportion(population=None if population == "inf" else int(population)) == n


def test_design_effect_and_response_enlarge_the_sample():
    assert size.proportion(population=3000, deff=1.5, response=0.9) == 538
    assert isclose(size.design_effect(20, 0.05), 1.95)
    assert isclose(size.design_effect(20, 0.05, weight_cv=0.5), 1.95 * 1.25)


def test_four_communes_of_twenty_households_say_little():
    """The half-width of the plan '4 xã x 20 hộ': 19 points by z, 31 by t with 3 df."""
    assert isclose(size.half_width(n=80, deff=3), 0.19, abs_tol=0.005)
    assert isclose(size.half_width(n=80, deff=3, df=3), 0.31, abs_tol=0.005)


@pytest.mark.parametrize("population", [60, 500, 10_000, None])
def test_the_size_found_gives_the_half_width_asked_and_one_fewer_does_not(population):
    """The two finite corrections, (N - n)/(N - 1) and Cochran's, are the same algebra."""
    n = size.proportion(half_width=0.07, population=population, deff=1.3)

    assert size.half_width(n=n, population=population, deff=1.3) <= 0.07
    assert size.half_width(n=n - 1, population=population, deff=1.3) > 0.07


def test_a_census_has_no_half_width_and_no_size_exceeds_it():
    assert size.half_width(n=50, population=50) == 0
    assert size.proportion(population=50, half_width=0.001, deff=4) == 50


@pytest.mark.parametrize(("n", "chance"), [(2, 0.314), (4, 0.554), (6, 0.730), (8, 0.853)])
def test_detection_in_eighteen_communes_of_which_three_are_bad(n, chance):
    assert round(float(size.detection(population=18, bad=3, n=n)), 3) == chance


def test_detection_equals_counting_all_samples():
    samples = list(combinations(range(9), 4))
    finding = sum(any(unit < 2 for unit in sample) for sample in samples)

    assert size.detection(population=9, bad=2, n=4) == Fraction(finding, comb(9, 4))


def test_the_detection_size_is_the_smallest():
    for bad in (1, 3, 10):
        n = size.detection_size(population=40, bad=bad, chance=0.9)
        assert size.detection(population=40, bad=bad, n=n) >= 0.9
        assert size.detection(population=40, bad=bad, n=n - 1) < 0.9


def test_lqas_rules_in_use_come_out():
    high, low = size.lqas(n=19, upper=0.8, lower=0.5), size.lqas(n=19, upper=0.5, lower=0.2)

    assert (high.accept, round(float(high.alpha), 3), round(float(high.beta), 3)) == (
        13,
        0.068,
        0.084,
    )
    assert low.accept == 7


def test_the_operating_curve_rises_from_zero_to_one():
    curve = size.lqas(n=19).curve()

    chances = [chance for _, chance in curve]
    assert curve[0] == (0, 0) and curve[-1] == (1, 1)
    assert chances == sorted(chances)
    assert isclose(dict(curve)[0.5], 0.0835, abs_tol=5e-5)


@pytest.mark.parametrize(
    ("question", "told"),
    [
        (lambda: size.proportion(p=0), "p = 0"),
        (lambda: size.proportion(p=float("nan")), "p = nan"),
        (lambda: size.proportion(half_width=1), "half_width = 1"),
        (lambda: size.proportion(response=0), "response = 0"),
        (lambda: size.proportion(deff=0), "deff = 0"),
        (lambda: size.proportion(level=1), "level = 1"),
        (lambda: size.proportion(population=0), "population = 0"),
        (lambda: size.half_width(n=0), "n = 0"),
        (lambda: size.half_width(n=51, population=50), "n = 51"),
        (lambda: size.half_width(n=5, df=0), "df = 0"),
        (lambda: size.detection(population=9, bad=10, n=1), "bad = 10"),
        (lambda: size.detection(population=9, bad=1, n=10), "n = 10"),
        (lambda: size.detection_size(population=9, bad=0), "bad = 0"),
        (lambda: size.lqas(upper=0.5, lower=0.5), "lower = 0.5"),
        (lambda: size.design_effect(0.5, 0), "take = 0.5"),
    ],
)
def test_numbers_out_of_range_are_named(question, told):
    with pytest.raises(BadSizeOption) as refused:
        question()

    assert told in refused.value.vi and told in refused.value.en
