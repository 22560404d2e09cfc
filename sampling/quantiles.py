"""Tails and quantiles of the t, beta, binomial and hypergeometric distributions.

The incomplete beta function by its continued fraction (Abramowitz and Stegun 26.5.8, evaluated
after Lentz), its inverse by bisection: slow and sure, to the last digits of a float.

    >>> round(t_quantile(0.975, 14), 6), round(beta_quantile(0.025, 4, 9), 6)
    (2.144787, 0.099246)
"""

from fractions import Fraction
from functools import lru_cache
from math import comb, exp, lgamma, log, log1p, sqrt

_TINY = 1e-300
_STEPS = 500


def beta_tail(x: float, a: float, b: float) -> float:
    """Return the chance that a beta(a, b) variable is at most x."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of the incomplete beta function."""
    upper, lower = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = lower
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = 1.0
        for part in (even, odd):
            lower = 1 / _away(1 + part * lower)
            upper = _away(1 + part / upper)
            change = lower * upper
            value *= change
        if abs(change - 1) < 1e-16:
            break
    return value


def _away(number: float) -> float:
    return number if abs(number) > _TINY else _TINY


@lru_cache(maxsize=4096)
def beta_quantile(chance: float, a: float, b: float) -> float:
    """Return the x with `chance` below it, of a beta(a, b) variable."""
    low, high = 0.0, 1.0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        if beta_tail(middle, a, b) < chance:
            low = middle
        else:
            high = middle


@lru_cache(maxsize=1024)
def t_quantile(chance: float, df: float) -> float:
    """Return Student's t quantile; the normal one for more than a million degrees of freedom."""
    if df > 1e6:
        return normal_quantile(chance)
    if chance < 0.5:
        return -t_quantile(1 - chance, df)
    # t = sqrt(df (1 - x) / x) where x is beta(df/2, 1/2) with both tails below it.
    x = beta_quantile(2 * (1 - chance), df / 2, 0.5)
    return sqrt(df * (1 - x) / x)


def normal_quantile(chance: float) -> float:
    """Return the normal quantile (Wichura's algorithm, from the standard library)."""
    from statistics import NormalDist  # it loads slowly, and draws do not need it

    return NormalDist().inv_cdf(chance)


def binomial_tail(successes: int, trials: int, share: Fraction) -> Fraction:
    """Return the chance of at least `successes` in `trials`, exactly."""
    good, bad, whole = share.numerator, share.denominator - share.numerator, share.denominator
    ways = sum(
        comb(trials, k) * good**k * bad ** (trials - k) for k in range(successes, trials + 1)
    )
    return Fraction(ways, whole**trials)


def hypergeometric_none(population: int, marked: int, drawn: int) -> Fraction:
    """Return the chance that none of `drawn` units is one of the `marked`, exactly."""
    return Fraction(comb(population - marked, drawn), comb(population, drawn))
