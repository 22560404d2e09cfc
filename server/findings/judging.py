"""What a rule does when it is tried: small closures over one submission, unknown is None.

Truth has three values, after S. C. Kleene: in `and`, `or`, `not` the unknown stays unknown unless
the other side decides. `language` makes these; nothing here knows how a rule is written.
"""

import datetime as dt
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server import clock


@dataclass
class Case:
    """One submission being judged: its answers, the rows that any() stands on, the thresholds."""

    answers: Mapping[str, Any]
    params: Mapping[str, Any]
    today: dt.date
    rows: dict[str, Mapping[str, Any]] = field(default_factory=dict)


Judge = Callable[[Case], Any]
Reader = Callable[[Any], Any]


@dataclass(frozen=True)
class Rule:
    """A condition that has been understood.

    `paths` are the questions it looks at and `params` the thresholds it asks for, both in order.
    """

    text: str
    paths: tuple[str, ...]
    judge: Judge
    params: tuple[str, ...] = ()


def evaluate(
    rule: Rule, answers: Mapping[str, Any], params: Mapping[str, Any], today: dt.date
) -> bool:
    """Say whether `rule` fires on the answers of one form; unknown does not.

    `answers` are as `submissions.instance.read` gives them. A threshold missing from `params` is
    unknown too.
    """
    return rule.judge(Case(answers, params, today)) is True


_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def number(value: Any) -> int | float | None:
    """Return a number as it is; anything else, text kept because it was odd too, is unknown."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def any_number(value: Any) -> int | float | None:
    """Return a number, also one written as text: calculations arrive as text.

    >>> any_number("12.5"), any_number(3), any_number("ba"), any_number("NaN")
    (12.5, 3, None, None)
    """
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    return number(value)


def words(value: Any) -> str | None:
    """Return text as it is; a list or a number is unknown as text."""
    return value if isinstance(value, str) else None


def day(value: Any) -> dt.date | None:
    """Return the day of a date, or of an instant as a calendar in Vietnam shows it.

    >>> day({"text": "2024-04-01T20:00:00Z", "at": "2024-04-01T20:00:00+00:00"}).isoformat()
    '2024-04-02'
    """
    if isinstance(value, dt.date):
        return value
    try:
        if isinstance(value, Mapping):
            if value.get("at"):
                return clock.local(dt.datetime.fromisoformat(value["at"])).date()
            value = str(value.get("text"))[:10]
        if isinstance(value, str) and _DATE.fullmatch(value):
            return dt.date.fromisoformat(value)
    except (ValueError, OverflowError):
        return None
    return None


def always(value: Any) -> Judge:
    """Return what a constant says."""
    return lambda _case: value


def today(case: Case) -> dt.date:
    """Return the day on which the rules are tried."""
    return case.today


def threshold(name: str) -> Judge:
    """Return the round's threshold; one that it has not set is unknown."""
    return lambda case: any_number(case.params.get(name))


def answer(path: str, repeat: str) -> Judge:
    """Return the answer at `path`, looked for in the row of `repeat` when it lies in one."""
    *above, last = path.removeprefix(f"{repeat}/" if repeat else "").split("/")

    def judge(case: Case) -> Any:
        found: Any = case.rows[repeat] if repeat else case.answers
        for name in above:
            found = found.get(name)
            if not isinstance(found, Mapping):
                return None
        return found.get(last)

    return judge


def reading(judge: Judge, read: Reader) -> Judge:
    """Return `judge` with its value read as the kind that is needed."""
    return lambda case: read(judge(case))


def compared(compare: Callable[[Any, Any], bool], left: Judge, right: Judge) -> Judge:
    """Return a comparison; unknown when either side is."""

    def judge(case: Case) -> bool | None:
        one = left(case)
        if one is None:
            return None
        other = right(case)
        return None if other is None else compare(one, other)

    return judge


def compared_loosely(compare: Callable[[Any, Any], bool], left: Judge, right: Judge) -> Judge:
    """Return a comparison of two calculations: as numbers when both are, else as text.

    Text has no order here, so a text that is greater or less is unknown.
    """

    def judge(case: Case) -> bool | None:
        one, other = left(case), right(case)
        numbers = any_number(one), any_number(other)
        if None not in numbers:
            return compare(*numbers)
        both_text = isinstance(one, str) and isinstance(other, str)
        return compare(one, other) if both_text and compare in _OF_TEXT else None

    return judge


_OF_TEXT = (operator.eq, operator.ne)


def computed(sign: Callable[[Any, Any], Any], left: Judge, right: Judge) -> Judge:
    """Return a sum, difference, product or quotient; unknown where there is none."""

    def judge(case: Case) -> Any:
        one, other = left(case), right(case)
        if one is None or other is None:
            return None
        try:
            result: Any = sign(one, other)
            return result
        except (ZeroDivisionError, OverflowError):
            return None

    return judge


def shifted(sign: Callable[[Any, Any], Any], start: Judge, days: Judge) -> Judge:
    """Return a date some whole days later or earlier."""

    def step(date: dt.date, count: float) -> dt.date:
        result: dt.date = sign(date, dt.timedelta(days=int(count)))
        return result

    return computed(step, start, days)


def days_between(later: Judge, earlier: Judge) -> Judge:
    """Return how many days lie between two dates."""
    return computed(lambda one, other: (one - other).days, later, earlier)


def joined(judges: Sequence[Judge], decides: bool) -> Judge:
    """Return the `or` of conditions when `decides` is True, their `and` when it is False."""

    def judge(case: Case) -> bool | None:
        unknown = False
        for each in judges:
            truth = each(case)
            if truth is decides:
                return bool(decides)
            unknown = unknown or truth is None
        return None if unknown else not decides

    return judge


def negated(condition: Judge) -> Judge:
    """Return the opposite; the opposite of unknown is unknown."""

    def judge(case: Case) -> bool | None:
        truth = condition(case)
        return None if truth is None else not truth

    return judge


def chosen(asked: Judge, value: str) -> Judge:
    """Return whether `value` is the answer or among the answers."""

    def judge(case: Case) -> bool | None:
        given = asked(case)
        if given is None:
            return None
        return bool(value in given if isinstance(given, list) else value == given)

    return judge


def some_row(rows: Judge, repeat: str, condition: Judge) -> Judge:
    """Return whether a row of a repeat meets the condition: the `or` over its rows."""

    def judge(case: Case) -> bool | None:
        found = rows(case)
        if not isinstance(found, list):
            return None
        unknown = False
        for row in found:
            case.rows[repeat] = row
            truth = condition(case)
            if truth is True:
                return True
            unknown = unknown or truth is None
        return None if unknown else False

    return judge
