"""Weights brought to known totals: post-stratification, raking, non-response classes.

Each returns new weights; `Margin` remembers what the variance needs: an estimate varies only by
what the known totals do not explain.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from sampling.errors import EstimateError

Groups = Sequence[Hashable]


@dataclass(frozen=True)
class Margin:
    """Groups whose totals are known, and the weights by which their means are taken away."""

    groups: Groups
    weights: Sequence[float]

    def residuals(self, values: Sequence[float]) -> list[float]:
        """Return the values less the weighted mean of their group."""
        sums: dict[Hashable, float] = {}
        counts: dict[Hashable, float] = {}
        for group, weight, value in zip(self.groups, self.weights, values, strict=True):
            sums[group] = sums.get(group, 0.0) + weight * value
            counts[group] = counts.get(group, 0.0) + weight
        means = {group: total / counts[group] for group, total in sums.items()}
        return [value - means[group] for group, value in zip(self.groups, values, strict=True)]


def poststratified(
    weights: Sequence[float], groups: Groups, totals: Mapping[str, float]
) -> list[float]:
    """Return weights that add up to the known total in every group.

    Raises:
        EstimateError: a group of the sample has no known total, or a known one has no row.
    """
    held: dict[Hashable, float] = {}
    for group, weight in zip(groups, weights, strict=True):
        held[group] = held.get(group, 0.0) + weight
    strange = sorted(set(map(str, held)) ^ set(totals))
    if strange:
        raise EstimateError(
            reason_vi=f"nhóm {', '.join(strange)} không có cả trong mẫu lẫn trong bảng tổng số",
            reason_en=f"group {', '.join(strange)} is not both in the sample and in the totals",
        )
    for group, total in totals.items():
        if not (total > 0 and held[group] > 0):
            raise EstimateError(
                reason_vi=f"nhóm {group} phải có người trả lời và tổng số lớn hơn 0",
                reason_en=f"group {group} needs an answer and a total above 0",
            )
    ratios = {group: totals[str(group)] / total for group, total in held.items()}
    return [weight * ratios[group] for group, weight in zip(groups, weights, strict=True)]


def raked(
    weights: Sequence[float],
    margins: Sequence[tuple[Groups, Mapping[str, float]]],
    *,
    tolerance: float = 1e-10,
    rounds: int = 500,
) -> list[float]:
    """Return weights that meet every margin, by iterative proportional fitting.

    Raises:
        EstimateError: the margins contradict each other, or the fit does not settle.
    """
    sums = [sum(totals.values()) for _, totals in margins]
    if max(sums) - min(sums) > 1e-6 * max(sums):
        raise EstimateError(
            reason_vi=f"tổng các biên khác nhau: {sums}", reason_en=f"the margins differ: {sums}"
        )
    current = list(weights)
    for _ in range(rounds):
        before = current
        for groups, totals in margins:
            current = poststratified(current, groups, totals)
        if all(abs(a - b) <= tolerance * b for a, b in zip(current, before, strict=True)):
            return current
    raise EstimateError(
        reason_vi="hiệu chỉnh theo biên không hội tụ; hãy gộp nhóm nhỏ",
        reason_en="raking does not settle; merge small groups",
    )


def responding(
    weights: Sequence[float], classes: Groups, responded: Sequence[bool], eligible: Sequence[bool]
) -> list[float]:
    """Return weights of respondents raised by their class; 0 for all others.

    In each class the weight of eligible non-respondents goes to its respondents.

    >>> responding([10, 10, 20, 20], "aabb", [True, False, True, True], [True] * 4)
    [20.0, 0.0, 20.0, 20.0]

    Raises:
        EstimateError: a class has eligible units and no respondent.
    """
    wanted: dict[Hashable, float] = {}
    given: dict[Hashable, float] = {}
    for weight, group, answered, counts in zip(weights, classes, responded, eligible, strict=True):
        wanted[group] = wanted.get(group, 0.0) + weight * counts
        given[group] = given.get(group, 0.0) + weight * (answered and counts)
    for group, weight in wanted.items():
        if weight and not given[group]:
            raise EstimateError(
                reason_vi=f"lớp {group} không có ai trả lời; hãy gộp với lớp gần giống",
                reason_en=f"class {group} has no respondent; merge it with a similar one",
            )
    return [
        weight * wanted[group] / given[group] if answered and counts else 0.0
        for weight, group, answered, counts in zip(
            weights, classes, responded, eligible, strict=True
        )
    ]
