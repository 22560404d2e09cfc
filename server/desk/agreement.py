"""How far two interviews of the same people agree, question by question.

>>> found = agreement([("yes", "yes"), ("yes", "no"), ("no", "no"), ("no", "no")])
>>> found.percent, found.kappa
(Fraction(75, 1), Fraction(1, 2))
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

Pair = tuple[str, str]


@dataclass(frozen=True)
class Agreement:
    """How many pairs of answers there are, and how many are the same.

    kappa: Cohen's (1960): agreement beyond what chance gives, 1 when all agree, below 0 when
    less than chance; None when chance alone would give all of it.
    """

    pairs: int
    same: int
    kappa: Fraction | None

    @property
    def percent(self) -> Fraction:
        """The share of pairs that are the same, in percent."""
        return Fraction(100 * self.same, self.pairs)


def agreement(pairs: Sequence[Pair]) -> Agreement:
    """Return how far pairs of answers agree; at least one pair is needed."""
    count = len(pairs)
    same = sum(first == second for first, second in pairs)
    before, after = (Counter(side) for side in zip(*pairs, strict=True))
    chance = Fraction(sum(before[answer] * after[answer] for answer in before), count * count)
    kappa = None if chance == 1 else (Fraction(same, count) - chance) / (1 - chance)
    return Agreement(count, same, kappa)
