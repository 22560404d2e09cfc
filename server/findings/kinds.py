"""What the parts of a rule are: numbers, text, dates, conditions, lists; and how they meet."""

import difflib
import operator
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from server.findings import judging
from server.findings.judging import Judge
from server.surveys.fields import Field

NUMBER, TEXT, DATE, EITHER, TRUTH, LIST = "number", "text", "date", "either", "truth", "list"
IN_WORDS = {
    NUMBER: ("một số", "a number"),
    TEXT: ("chữ", "text"),
    DATE: ("một ngày", "a date"),
    EITHER: ("một giá trị", "a value"),
    TRUTH: ("một điều kiện", "a condition"),
    LIST: ("một danh sách", "a list"),
}
_KINDS = {
    "int": NUMBER,
    "decimal": NUMBER,
    "date": DATE,
    "dateTime": DATE,
    "calculate": EITHER,
    "select_multiple": LIST,
    "rank": LIST,
}
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
NO_VALUE = {"group", "repeat", "geopoint", "geotrace", "geoshape", "time", "note"}


@dataclass(frozen=True)
class Part:
    """A piece of a rule: its kind, how to judge it, where it began."""

    kind: str
    judge: Judge
    at: int
    said: str | None = None
    field: Field | None = None


def kind_of(asked: Field) -> str:
    """Return what a question's answers are; choices all written as numbers may be either."""
    if asked.type == "select_one":
        values = [value for value, _labels in asked.choices]
        numeric = all(judging.any_number(value) is not None for value in values)
        return EITHER if numeric else TEXT
    return _KINDS.get(asked.type, TEXT)


def read_as(part: Part, kind: str) -> Judge:
    """Return how to judge a part when its value is needed as `kind`."""
    if kind == NUMBER:
        read = judging.any_number if part.kind == EITHER else judging.number
        return judging.reading(part.judge, read)
    return judging.reading(part.judge, judging.day if kind == DATE else judging.words)


def suggestion(word: str, known: Collection[str]) -> tuple[str, str]:
    """Return 'did you mean' in Vietnamese and English, or nothing."""
    near = difflib.get_close_matches(word, list(known)[:20_000], n=1, cutoff=0.6)
    return (f"; có phải “{near[0]}”?", f"; did you mean '{near[0]}'?") if near else ("", "")
