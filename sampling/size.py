"""How many to draw, and what a given number can show.

>>> proportion(population=3000, deff=1.5, response=0.9)
538
>>> round(half_width(n=80, deff=3, df=3), 2)     # 4 communes x 20 households, one stratum
0.31
>>> round(float(detection(population=18, bad=3, n=4)), 3)
0.554
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, inf, sqrt

from sampling.errors import BadSizeOption
from sampling.quantiles import binomial_tail, hypergeometric_none, normal_quantile, t_quantile


def design_effect(take: float, rho: float, weight_cv: float = 0.0) -> float:
    """Return (1 + (take - 1) rho)(1 + CV^2), Kish's approximation.

    `take` is the number of households in a cluster, `rho` how alike they are (intraclass
    correlation), `weight_cv` the coefficient of variation of the weights.
    """
    _within("take", take, 1, inf)
    _within("rho", rho, -1, 1)
    _within("weight_cv", weight_cv, 0, inf)
    return (1 + (take - 1) * rho) * (1 + weight_cv**2)


def proportion(
    *,
    p: float = 0.5,
    half_width: float = 0.05,
    population: int | None = None,
    deff: float = 1.0,
    response: float = 1.0,
    level: float = 0.95,
) -> int:
    """Return how many to draw for a share p to be known within the half-width (Cochran 1977).

    >>> [proportion(population=size) for size in (100, 500, 1000, None)]
    [80, 218, 278, 385]

    Raises:
        BadSizeOption: a number is out of its range.
    """
    _within("p", p, 0, 1, open_ends=True)
    _within("half_width", half_width, 0, 1, open_ends=True)
    _within("deff", deff, 0, inf, open_ends=True)
    _within("response", response, 0, 1, open_low=True)
    z = _z(level)
    needed = z * z * p * (1 - p) * deff / half_width**2
    if population is not None:
        _within("population", population, 1, inf)
        needed = min(needed / (1 + (needed - 1) / population), population)
    return ceil(needed / response - 1e-9)


def half_width(
    *,
    n: int,
    p: float = 0.5,
    population: int | None = None,
    deff: float = 1.0,
    df: int | None = None,
    level: float = 0.95,
) -> float:
    """Return the half-width that n answers give: by t with `df` first-stage units less strata.

    Raises:
        BadSizeOption: a number is out of its range.
    """
    _within("n", n, 1, population or inf)
    _within("p", p, 0, 1, open_ends=True)
    _within("deff", deff, 0, inf, open_ends=True)
    if df is not None:
        _within("df", df, 1, inf)
    correction = 1 if population is None else (population - n) / max(population - 1, 1)
    spread = sqrt(deff * p * (1 - p) / n * correction)
    return spread * (_z(level) if df is None else t_quantile((1 + level) / 2, df))


def krejcie_morgan(population: int) -> int:
    """Return the figure of the table of Krejcie and Morgan (1970): 95 %, 5 points, p one half.

    It rounds to the nearest number, where `proportion` rounds up. Chi-square is 3.841, as there.
    """
    _within("population", population, 1, inf)
    top = Fraction(3841, 1000) * population / 4
    exact = top / (Fraction(population - 1, 400) + Fraction(3841, 4000))
    return int(exact + Fraction(1, 2))


def detection(*, population: int, bad: int, n: int) -> Fraction:
    """Return the chance that a simple sample of n finds at least one of the bad units.

    >>> [round(float(detection(population=18, bad=3, n=n)), 3) for n in (2, 4, 6, 8)]
    [0.314, 0.554, 0.73, 0.853]
    """
    _within("population", population, 1, inf)
    _within("bad", bad, 0, population)
    _within("n", n, 0, population)
    return 1 - hypergeometric_none(population, bad, n)


def detection_size(*, population: int, bad: int, chance: float = 0.95) -> int:
    """Return the smallest n that finds at least one of the bad units with the chance wanted.

    >>> detection_size(population=18, bad=3, chance=0.8)
    8
    """
    _within("chance", chance, 0, 1, open_ends=True)
    _within("population", population, 1, inf)
    _within("bad", bad, 1, population)
    return _first(lambda n: detection(population=population, bad=bad, n=n) >= chance, population)


def _first(enough: Callable[[int], bool], high: int) -> int:
    low = 0
    while low < high:
        middle = (low + high) // 2
        if enough(middle):
            high = middle
        else:
            low = middle + 1
    return low


@dataclass(frozen=True)
class Lqas:
    """A lot quality rule: accept the area when at least `accept` of `n` are good.

    alpha: the chance to fail an area at the upper share; beta: to pass one at the lower share.
    """

    n: int
    accept: int
    alpha: Fraction
    beta: Fraction

    def passing(self, share: float) -> float:
        """Return the chance that an area with that share of good units is accepted."""
        _within("share", share, 0, 1)
        return float(binomial_tail(self.accept, self.n, _exact(share)))

    def curve(self, steps: int = 20) -> list[tuple[float, float]]:
        """Return the operating curve: (share of good units, chance to be accepted)."""
        return [(step / steps, self.passing(step / steps)) for step in range(steps + 1)]


def lqas(*, n: int = 19, upper: float = 0.8, lower: float = 0.5) -> Lqas:
    """Return the rule with the smallest larger error, exact binomial.

    >>> rule = lqas(n=19, upper=0.8, lower=0.5)
    >>> rule.accept, round(float(rule.alpha), 3), round(float(rule.beta), 3)
    (13, 0.068, 0.084)

    Raises:
        BadSizeOption: the shares are not 0 < lower < upper < 1.
    """
    _within("n", n, 1, 10_000)
    _within("upper", upper, 0, 1, open_ends=True)
    _within("lower", lower, 0, upper, open_ends=True)
    rules = (lqas_rule(n, accept, upper, lower) for accept in range(1, n + 1))
    return min(rules, key=lambda rule: (max(rule.alpha, rule.beta), rule.accept))


def lqas_rule(n: int, accept: int, upper: float, lower: float) -> Lqas:
    """Return the errors of one rule."""
    return Lqas(
        n,
        accept,
        alpha=1 - binomial_tail(accept, n, _exact(upper)),
        beta=binomial_tail(accept, n, _exact(lower)),
    )


def _exact(share: float) -> Fraction:
    """Return the decimal that was typed: 0.8 is four fifths."""
    return Fraction(str(share))


def _z(level: float) -> float:
    _within("level", level, 0, 1, open_ends=True)
    return normal_quantile((1 + level) / 2)


def _within(
    name: str,
    value: float,
    low: float,
    high: float,
    *,
    open_ends: bool = False,
    open_low: bool = False,
) -> None:
    """Refuse a number outside its range; open ends are not part of it."""
    below = value <= low if open_ends or open_low else value < low
    above = value >= high if open_ends and high != inf else value > high
    if below or above or value != value:
        left, right = "(" if open_ends or open_low else "[", ")" if open_ends else "]"
        raise BadSizeOption(name=name, value=value, range=f"{left}{low}; {high}{right}")
