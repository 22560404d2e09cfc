"""Estimates from a survey that was drawn with known probabilities.

    >>> rows = [
    ...     {"tang": "NUI", "xa": "A", "w": 10, "heard": 1},
    ...     {"tang": "NUI", "xa": "B", "w": 10, "heard": 0},
    ...     {"tang": "BIEN", "xa": "C", "w": 5, "heard": 1},
    ...     {"tang": "BIEN", "xa": "D", "w": 5, "heard": 1},
    ... ]
    >>> survey = SurveyData(rows, weight="w", ids=["xa"], strata=["tang"])
    >>> share = survey.proportion("heard")
    >>> round(share.value, 4), round(share.se, 4), share.df
    (0.6667, 0.3333, 2)

Every estimate keeps all first-stage units, also those outside a domain: a domain is a part of the
sample by chance. Missing answers leave their row out in the same way.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite, sqrt

from sampling import clusters, intervals
from sampling.calibrate import Margin, poststratified, raked, responding
from sampling.errors import BadDesign, BadNumber, BadWeight, EstimateError, MissingColumn

Row = Mapping[str, object]
METHODS = ("logit", "korn-graubard", "t")


@dataclass(frozen=True)
class Estimate:
    """One figure with what it takes to judge it.

    deff: the variance over that of a simple sample of the same size; None where undefined.
    suppressed: too few rows or first-stage units to publish; `as_dict` then hides the figures.
    flagged: a rule was used for strata with a single unit.
    """

    value: float
    se: float
    low: float
    high: float
    df: int
    n: int
    psus: int
    deff: float | None = None
    level: float = 0.95
    suppressed: bool = False
    flagged: bool = False

    def as_dict(self) -> dict[str, object]:
        """Return what may be published."""
        base: dict[str, object] = {"n": self.n, "psus": self.psus, "suppressed": self.suppressed}
        if self.suppressed:
            return base
        return {
            "value": self.value,
            "se": self.se,
            "low": self.low,
            "high": self.high,
            "level": self.level,
            "df": self.df,
            "deff": self.deff,
            "flagged": self.flagged,
            **base,
        }


class SurveyData:
    """A table of answers with its design.

    Args:
        rows: one mapping per respondent; texts or numbers, empty or None where missing.
        weight: the column of weights, all above zero.
        ids: the columns of the units of each stage, first stage first.
        strata: the columns of the strata of each stage; may be fewer than the stages. A unit that
            was certain is a stratum of its own, with a population of one.
        fpc: the columns of the population sizes of each stage (in the unit's stratum and parent);
            none gives the ultimate cluster, one gives its finite correction.
        lonely: "refuse", "certainty" or "centre", for strata with one unit.
        least_rows, least_psus: below these a figure is marked as suppressed.
        first_row: the number errors give to the first row.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        *,
        weight: str,
        ids: Sequence[str],
        strata: Sequence[str] = (),
        fpc: Sequence[str] = (),
        lonely: str = "refuse",
        level: float = 0.95,
        least_rows: int = 30,
        least_psus: int = 3,
        first_row: int = 1,
    ) -> None:
        if lonely not in clusters.LONELY:
            raise BadDesign(
                reason_vi=f"lonely là một trong {', '.join(clusters.LONELY)}",
                reason_en=f"lonely is one of {', '.join(clusters.LONELY)}",
            )
        self._rows, self._first_row = rows, first_row
        self.level, self.least_rows, self.least_psus = level, least_rows, least_psus
        self._numbers: dict[str, list[float | None]] = {}
        if not rows or not ids:
            raise EstimateError(
                reason_vi="cần ít nhất một dòng và một cột mã đơn vị",
                reason_en="at least one row and one column of unit ids are needed",
            )
        self.weights = self._weights(weight)
        self.clusters = clusters.build(
            [self._texts(column) for column in ids],
            [self._texts(column) for column in strata],
            [self._positive(column) for column in fpc],
            lonely,
        )
        self._psu_of = [self.clusters.psu_of(row) for row in range(len(rows))]
        self._margins: tuple[Margin, ...] = ()
        self._within: Sequence[int] = range(len(rows))

    # --- what is in the table ---------------------------------------------------------------

    def _cell(self, row: int, column: str) -> object:
        try:
            return self._rows[row][column]
        except KeyError:
            columns = ", ".join(self._rows[row])
            raise MissingColumn(column=column, columns=columns) from None

    def _texts(self, column: str) -> list[str]:
        cells = (self._cell(row, column) for row in range(len(self._rows)))
        return ["" if cell is None else str(cell).strip() for cell in cells]

    def numbers(self, column: str) -> list[float | None]:
        """Return a column as numbers, None where missing.

        Raises:
            BadNumber: naming the row.
        """
        if column not in self._numbers:
            self._numbers[column] = [
                self._number(self._cell(row, column), row, column) for row in range(len(self._rows))
            ]
        return self._numbers[column]

    def _number(self, cell: object, row: int, column: str) -> float | None:
        if cell is None or cell == "":
            return None
        try:
            number = float(cell)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            number = float("nan")
        if not isfinite(number):
            raise BadNumber(row=row + self._first_row, column=column, text=cell)
        return number

    def _positive(self, column: str) -> list[float]:
        numbers = self.numbers(column)
        for row, number in enumerate(numbers):
            if number is None or number <= 0:
                raise BadNumber(row=row + self._first_row, column=column, text=number)
        return [number for number in numbers if number is not None]

    def _weights(self, column: str) -> list[float]:
        numbers = self.numbers(column)
        for row, number in enumerate(numbers):
            if number is None or number <= 0:
                raise BadWeight(row=row + self._first_row, text=self._cell(row, column))
        return [number for number in numbers if number is not None]

    # --- parts and calibrated versions of the table -----------------------------------------

    def _copy(self) -> "SurveyData":
        twin = object.__new__(SurveyData)
        twin.__dict__.update(self.__dict__)
        twin.__dict__.pop("df", None)
        return twin

    @cached_property
    def df(self) -> int:
        """Degrees of freedom: first-stage units less strata."""
        return self.clusters.df

    def where(self, keep: Callable[[Row], bool]) -> "SurveyData":
        """Return the domain of the rows to keep, under the whole design."""
        domain = self._copy()
        domain._within = [row for row in self._within if keep(self._rows[row])]
        return domain

    def by(self, column: str) -> dict[str, "SurveyData"]:
        """Return the domains of a column, by value; rows without a value belong to none."""
        texts = self._texts(column)
        rows: dict[str, list[int]] = {}
        for row in self._within:
            rows.setdefault(texts[row], []).append(row)
        domains = {}
        for value in sorted(rows):
            if value:
                domains[value] = self._copy()
                domains[value]._within = rows[value]
        return domains

    def respond(self, classes: str, responded: str, eligible: str = "") -> "SurveyData":
        """Return the survey of those who answered, weighted for the others of their class.

        `responded` and `eligible` are columns of 1 and 0; without `eligible` all are. Every row
        stays in the design, so that a commune where nobody answered still counts as drawn.
        """
        everyone = dict.fromkeys(range(len(self.weights)), 1.0)
        answered = everyone | self._indicator(responded, None)
        counted = everyone | (self._indicator(eligible, None) if eligible else {})
        adjusted = self._copy()
        adjusted.weights = responding(
            self.weights,
            self._texts(classes),
            [answered[row] == 1 for row in everyone],
            [counted[row] == 1 for row in everyone],
        )
        adjusted._within = [row for row in self._within if adjusted.weights[row]]
        return adjusted

    def poststratify(self, column: str, totals: Mapping[str, float]) -> "SurveyData":
        """Return the survey with weights that meet the known totals of a column."""
        groups = self._texts(column)
        fitted = self._copy()
        fitted.weights = poststratified(self.weights, groups, totals)
        fitted._margins = (*self._margins, Margin(groups, self.weights))
        return fitted

    def rake(self, margins: Mapping[str, Mapping[str, float]]) -> "SurveyData":
        """Return the survey with weights that meet the known totals of several columns at once."""
        groups = {column: self._texts(column) for column in margins}
        fitted = self._copy()
        fitted.weights = raked(self.weights, [(groups[c], margins[c]) for c in margins])
        even = [1.0] * len(self.weights)
        cycle = tuple(Margin(groups[column], even) for column in margins)
        fitted._margins = (*self._margins, *(cycle * 10))
        return fitted

    # --- the figures ------------------------------------------------------------------------

    def total(self, column: str) -> Estimate:
        """Return the total of a column over the population (or the domain)."""
        values = self.numbers(column)
        rows = [row for row in self._within if values[row] is not None]
        scores = {row: values[row] or 0.0 for row in rows}
        value = sum(self.weights[row] * score for row, score in scores.items())
        return self._judged(value, scores, rows)

    def count(self) -> Estimate:
        """Return the estimated size of the population (or the domain)."""
        scores = dict.fromkeys(self._within, 1.0)
        return self._judged(sum(self.weights[row] for row in scores), scores, list(scores))

    def mean(self, column: str) -> Estimate:
        """Return the mean of a column, by the Hájek estimator, with its design effect."""
        values = self.numbers(column)
        rows = [row for row in self._within if values[row] is not None]
        known = {row: values[row] or 0.0 for row in rows}
        return self._mean(known)

    def _mean(self, known: Mapping[int, float]) -> Estimate:
        weights = self.weights
        size = sum(weights[row] for row in known)
        if not size:
            raise EstimateError(reason_vi="không có câu trả lời nào", reason_en="no answer at all")
        value = sum(weights[row] * number for row, number in known.items()) / size
        scores = {row: (number - value) / size for row, number in known.items()}
        judged = self._judged(value, scores, list(known))
        return replace(judged, deff=self._deff(known, value, size, judged.se))

    def _deff(
        self, known: Mapping[int, float], mean: float, size: float, se: float
    ) -> float | None:
        """Return the variance over s^2/n (1 - n/N), N being the sum of weights."""
        n = len(known)
        squares = sum(self.weights[row] * (number - mean) ** 2 for row, number in known.items())
        if n < 2 or not squares or size <= n:
            return None
        simple = squares / size * n / (n - 1) * (size - n) / (n * size)
        return se**2 / simple

    def ratio(self, numerator: str, denominator: str) -> Estimate:
        """Return the total of one column over the total of another."""
        above, below = self.numbers(numerator), self.numbers(denominator)
        known = {
            row: (top, base)
            for row in self._within
            if (top := above[row]) is not None and (base := below[row]) is not None
        }
        weights = self.weights
        size = sum(weights[row] * base for row, (_, base) in known.items())
        if not size:
            raise EstimateError(
                reason_vi=f"tổng của '{denominator}' bằng 0",
                reason_en=f"the total of '{denominator}' is 0",
            )
        value = sum(weights[row] * top for row, (top, _) in known.items()) / size
        scores = {row: (top - value * base) / size for row, (top, base) in known.items()}
        return self._judged(value, scores, list(known))

    def proportion(self, column: str, value: str | None = None, method: str = "logit") -> Estimate:
        """Return a share: of 1 among 0 and 1, or of the rows that hold `value`.

        The interval is "logit", "korn-graubard" or "t"; where all answers agree it is the exact
        binomial one.
        """
        if method not in METHODS:
            raise BadDesign(
                reason_vi=f"khoảng tin cậy là một trong {', '.join(METHODS)}",
                reason_en=f"the interval is one of {', '.join(METHODS)}",
            )
        judged = self._mean(self._indicator(column, value))
        share, se, n, df, level = judged.value, judged.se, judged.n, judged.df, self.level
        if se == 0 or not 1e-12 < share < 1 - 1e-12:
            low, high = intervals.clopper_pearson(round(share * n), n, level)
        elif method == "logit":
            low, high = intervals.logit(share, se, df, level)
        elif method == "korn-graubard":
            low, high = intervals.korn_graubard(share, se, df, n, level)
        else:
            low, high = judged.low, judged.high
        return replace(judged, low=low, high=high)

    def _indicator(self, column: str, value: str | None) -> dict[int, float]:
        if value is not None:
            texts = self._texts(column)
            return {row: float(texts[row] == value) for row in self._within if texts[row]}
        numbers = self.numbers(column)
        known = {row: numbers[row] or 0.0 for row in self._within if numbers[row] is not None}
        for row, number in known.items():
            if number not in (0.0, 1.0):
                raise BadNumber(row=row + self._first_row, column=column, text=number)
        return known

    def _judged(self, value: float, scores: Mapping[int, float], rows: Sequence[int]) -> Estimate:
        """Return the estimate whose linearised values are the scores times the weights."""
        se = sqrt(max(self.clusters.variance(self._linear(scores)), 0.0))
        psu_of = self._psu_of
        psus = len({psu_of[row] for row in rows})
        df = self.df
        low, high = intervals.student(value, se, df, self.level) if df > 0 else (value, value)
        return Estimate(
            value=value,
            se=se,
            low=low,
            high=high,
            df=df,
            n=len(rows),
            psus=psus,
            level=self.level,
            suppressed=len(rows) < self.least_rows or psus < self.least_psus,
            flagged=self.clusters.flagged,
        )

    def _linear(self, scores: Mapping[int, float]) -> Mapping[int, float] | Sequence[float]:
        """Return weight times score, less what calibration explains."""
        weights = self.weights
        if not self._margins:
            return {row: weights[row] * score for row, score in scores.items()}
        values = [scores.get(row, 0.0) for row in range(len(weights))]
        for margin in self._margins:
            values = margin.residuals(values)
        return [weight * value for weight, value in zip(weights, values, strict=True)]
