"""Percent agreement and Cohen's kappa, beside worked examples."""

from fractions import Fraction

import pytest

from server.desk.agreement import agreement


def pairs(table):
    """Return pairs of answers from counts: {(first, second): how many}."""
    return [pair for pair, count in table.items() for _ in range(count)]


def test_cohens_own_kind_of_table():
    """50 grants read by two people: 20 both yes, 15 both no: po = .7, pe = .5, kappa = .4."""
    found = agreement(pairs({("y", "y"): 20, ("y", "n"): 5, ("n", "y"): 10, ("n", "n"): 15}))

    assert (found.percent, found.kappa) == (70, Fraction(2, 5))


def test_the_same_agreement_is_worth_less_when_one_answer_is_common():
    """60 of 100 agree in both; kappa tells them apart (.1304 and .2593)."""
    common = agreement(pairs({("y", "y"): 45, ("y", "n"): 15, ("n", "y"): 25, ("n", "n"): 15}))
    even = agreement(pairs({("y", "y"): 25, ("y", "n"): 35, ("n", "y"): 5, ("n", "n"): 35}))

    assert common.percent == even.percent == 60
    assert float(common.kappa) == pytest.approx(0.1304, abs=1e-4)
    assert float(even.kappa) == pytest.approx(0.2593, abs=1e-4)


def test_all_alike_is_one_and_all_one_answer_says_nothing():
    assert agreement([("a", "a"), ("b", "b")]).kappa == 1
    assert agreement([("a", "a"), ("a", "a")]).kappa is None


def test_less_than_chance_is_below_zero():
    assert agreement([("a", "b"), ("b", "a")]).kappa == -1
