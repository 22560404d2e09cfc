"""The checks of one record: pure functions from facts to a mark with its numbers."""

import datetime as dt
import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from server import clock
from server.places.distance import Point, metres_between
from server.quality import limits
from server.submissions.models import VisitVerdict


class Mark(enum.Enum):
    """What one check says: as planned, worth a look, or not to be told."""

    PASS = "pass"  # noqa: S105 - no password
    DOUBT = "doubt"
    MISSING = "missing"


@dataclass(frozen=True)
class Facts:
    """What is known of a record.

    `outside_m` is how far beyond the border of `commune` the point lies (0: within it), None while
    no border is known. `expected` is the point of the hamlet, else of the commune, and `radius_m`
    its reach in metres; `in_hamlet` tells which. Times are instants, `first_day` and `last_day`
    the visit's. `received_at` is when the newest content came; `answered` counts the questions
    answered.
    """

    point: Point | None = None
    accuracy_m: float | None = None
    expected: Point | None = None
    radius_m: float | None = None
    in_hamlet: bool = False
    outside_m: float | None = None
    commune: str = ""
    started_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    received_at: dt.datetime | None = None
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    answered: int = 0


@dataclass(frozen=True)
class Check:
    """One check: its code, what it says, why (a code of `words`), and the numbers it rests on.

    Names of numbers carry their unit: `_m` metres, `_s` seconds, `_on` a day.
    """

    code: str
    mark: Mark
    why: str
    numbers: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return what `VisitCheck.checks` keeps."""
        found = {"code": self.code, "mark": self.mark.value, "why": self.why}
        return {**found, "numbers": self.numbers} if self.numbers else found

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Check":
        """Return the check that `to_json` wrote."""
        return cls(data["code"], Mark(data["mark"]), data["why"], data.get("numbers", {}))


def place(facts: Facts) -> Check:
    """Hold the record's point against the hamlet's, else the commune's.

    What the phone itself calls its error counts in the record's favour.
    """
    if facts.point is None:
        return Check("place", Mark.MISSING, "no-point")
    if facts.expected is None or facts.radius_m is None:
        return Check("place", Mark.MISSING, "no-place")
    metres = metres_between(facts.point, facts.expected)
    numbers = {
        "distance_m": round(metres),
        "radius_m": round(facts.radius_m),
        "of": "hamlet" if facts.in_hamlet else "commune",
    }
    near = metres <= facts.radius_m + (facts.accuracy_m or 0)
    return Check("place", *((Mark.PASS, "near") if near else (Mark.DOUBT, "far")), numbers)


def boundary(facts: Facts) -> Check | None:
    """Hold the record's point against the official border of its commune; None without one.

    What the phone calls its error, and how well borders are known, count in the record's favour.
    """
    if facts.outside_m is None:
        return None
    if facts.outside_m == 0:
        return Check("boundary", Mark.PASS, "inside", {"commune": facts.commune})
    numbers = {"commune": facts.commune, "outside_m": round(facts.outside_m)}
    if facts.outside_m <= limits.BORDER_M + (facts.accuracy_m or 0):
        return Check("boundary", Mark.PASS, "at-border", numbers)
    return Check("boundary", Mark.DOUBT, "outside", numbers)


def accuracy(facts: Facts) -> Check:
    """Look at the error that the phone gave.

    ODK Collect writes exactly 0 for a point that an app made up (a mock location provider).
    """
    if facts.point is None:
        return Check("accuracy", Mark.MISSING, "no-point")
    if facts.accuracy_m is None:
        return Check("accuracy", Mark.MISSING, "no-accuracy")
    if facts.accuracy_m == 0:
        return Check("accuracy", Mark.DOUBT, "mock")
    numbers = {"error_m": round(facts.accuracy_m), "most_m": limits.ACCURACY_M}
    if facts.accuracy_m > limits.ACCURACY_M:
        return Check("accuracy", Mark.DOUBT, "vague", numbers)
    return Check("accuracy", Mark.PASS, "sharp", numbers)


def window(facts: Facts) -> Check:
    """Hold the day on which the form was begun against the visit's days."""
    if facts.started_at is None:
        return Check("window", Mark.MISSING, "no-start")
    if facts.first_day is None:
        return Check("window", Mark.MISSING, "no-days")
    last = facts.last_day or facts.first_day
    day = clock.local(facts.started_at).date()
    days = {"day_on": day, "first_on": facts.first_day, "last_on": last}
    numbers: dict[str, Any] = {name: each.isoformat() for name, each in days.items()}
    if facts.first_day <= day <= last:
        return Check("window", Mark.PASS, "within", numbers)
    early = day < facts.first_day
    numbers["days"] = (facts.first_day - day if early else day - last).days
    return Check("window", Mark.DOUBT, "early" if early else "late", numbers)


def duration(facts: Facts) -> Check:
    """Hold the time from first to last question against what that many answers take."""
    if facts.started_at is None or facts.ended_at is None:
        return Check("duration", Mark.MISSING, "no-times")
    seconds = round((facts.ended_at - facts.started_at).total_seconds())
    if seconds < 0:
        return Check("duration", Mark.DOUBT, "backwards", {"took_s": seconds})
    if seconds > limits.LONGEST_HOURS * 3600:
        numbers = {"took_s": seconds, "most_s": limits.LONGEST_HOURS * 3600}
        return Check("duration", Mark.DOUBT, "very-long", numbers)
    least = least_seconds(facts.answered)
    numbers = {"took_s": seconds, "answered": facts.answered, "least_s": least}
    if seconds < least:
        return Check("duration", Mark.DOUBT, "very-short", numbers)
    return Check("duration", Mark.PASS, "long-enough", numbers)


def least_seconds(answered: int) -> int:
    """Return the shortest believable time for so many answers.

    >>> least_seconds(3), least_seconds(12), least_seconds(60)
    (0, 60, 180)
    """
    if answered <= limits.FORGIVEN_QUESTIONS:
        return 0
    return max(limits.LEAST_SECONDS, answered * limits.LEAST_SECONDS_A_QUESTION)


def device_clock(facts: Facts) -> Check:
    """Set the end by the phone's clock against our own clock at arrival.

    A phone without a line sends late, which is no doubt; after weeks a late sending and a clock
    set back look the same. A form that ends after it arrived betrays a clock that runs ahead.
    `way_s` is arrival minus end: below zero, ahead.
    """
    ended = facts.ended_at or facts.started_at
    if ended is None or facts.received_at is None:
        return Check("clock", Mark.MISSING, "no-times")
    seconds = round((facts.received_at - ended).total_seconds())
    numbers = {
        "way_s": seconds, "ahead_s": limits.AHEAD_SECONDS, "days": limits.DAYS_ON_THE_WAY
    }  # fmt: skip
    if seconds < -limits.AHEAD_SECONDS:
        return Check("clock", Mark.DOUBT, "ahead", numbers)
    if seconds > limits.DAYS_ON_THE_WAY * 86_400:
        return Check("clock", Mark.MISSING, "long-way", numbers)
    return Check("clock", Mark.PASS, "in-step", numbers)


CHECKS: tuple[Callable[[Facts], Check | None], ...] = (
    place, boundary, accuracy, window, duration, device_clock,
)  # fmt: skip
"""Every check, in the order in which pages show them."""
NEEDED = (("place", "boundary"), ("window",))
"""Of each, one must pass: else nothing says that the record was made there and then."""


def judge(facts: Facts) -> list[Check]:
    """Return what every check says of a record."""
    return [said for check in CHECKS if (said := check(facts)) is not None]


def verdict(checks: Iterable[Check]) -> VisitVerdict:
    """Return the sum of the checks: one doubt is a doubt; else place and time must be known."""
    marks = {check.code: check.mark for check in checks}
    if Mark.DOUBT in marks.values():
        return VisitVerdict.DOUBT
    if any(all(marks.get(code) is not Mark.PASS for code in codes) for codes in NEEDED):
        return VisitVerdict.MISSING
    return VisitVerdict.CLEAR
