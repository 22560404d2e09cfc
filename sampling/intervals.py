"""Confidence intervals: Student's t, logit, Korn and Graubard, and exact ones for zero counts."""

from math import exp, log

from sampling.quantiles import beta_quantile, hypergeometric_none, t_quantile

Interval = tuple[float, float]


def student(value: float, se: float, df: float, level: float = 0.95) -> Interval:
    """Return value plus and minus t standard errors."""
    half = t_quantile((1 + level) / 2, df) * se if se else 0.0
    return value - half, value + half


def logit(share: float, se: float, df: float, level: float = 0.95) -> Interval:
    """Return Student's interval on the scale of log odds, taken back; within 0 and 1."""
    odds = log(share / (1 - share))
    low, high = student(odds, se / (share * (1 - share)), df, level)
    return 1 / (1 + exp(-low)), 1 / (1 + exp(-high))


def korn_graubard(share: float, se: float, df: float, n: int, level: float = 0.95) -> Interval:
    """Return the exact binomial interval for the effective sample size (Korn and Graubard 1998)."""
    tail = (1 - level) / 2
    ratio = t_quantile(1 - tail, n - 1) / t_quantile(1 - tail, df)
    effective = share * (1 - share) / se**2 * ratio**2
    return clopper_pearson(effective * share, effective, level)


def clopper_pearson(successes: float, trials: float, level: float = 0.95) -> Interval:
    """Return the exact binomial interval; the counts may be effective ones, not whole.

    >>> [round(bound, 4) for bound in clopper_pearson(0, 30)]
    [0.0, 0.1157]
    """
    tail = (1 - level) / 2
    missed = trials - successes
    low = beta_quantile(tail, successes, missed + 1) if successes > 0 else 0.0
    high = beta_quantile(1 - tail, successes + 1, missed) if missed > 0 else 1.0
    return low, high


def none_found(population: int, n: int, level: float = 0.95) -> int:
    """Return the most marked units a population may hold when a simple sample of n found none.

    One-sided, exact (hypergeometric): with more, finding none has a chance below 1 - level.

    >>> none_found(population=130, n=20)
    16
    """
    marked = 0
    while marked < population - n and (hypergeometric_none(population, marked + 1, n) > 1 - level):
        marked += 1
    return marked
