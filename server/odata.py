"""What OData asks of a table: `$filter` and `$orderby`, read into conditions of a query.

The part of the language (OData 4.0, part 2: URL conventions, section 5.1) that clients of ODK
Central use: comparisons of a few properties with values, `and`, `or`, `not`, brackets, `now()`
and the parts of a moment. Whatever else is asked is refused by name.
"""

import datetime as dt
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, SQLColumnExpression, cast, func, literal, not_, null

from server import clock
from server.db import Instant
from server.problems import Problem

LONGEST = 4000
DEEPEST = 20
MOST_TERMS = 60
PARTS = {
    "year": "%Y", "month": "%m", "day": "%d", "hour": "%H", "minute": "%M", "second": "%S",
}  # fmt: skip
_TOKENS = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')"
    r"|(?P<moment>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?)"
    r"|(?P<number>-?\d{1,15})(?![\w.])"
    r"|(?P<name>\$?[A-Za-z_][\w/$.-]*)"
    r"|(?P<mark>[(),]))"
)
_COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "lt": operator.lt, "le": operator.le, "ge": operator.ge, "gt": operator.gt,
}  # fmt: skip
_EQUAL = {"eq": True, "ne": False, "neq": False}


class BadQuestion(Problem):
    """A question in the address that is not written as OData has it, or asks for what is not."""

    code = "odata.bad-question"
    message = "{option} không dùng được ở chỗ “{near}”: {vi}."
    message_en = "{option} cannot be used at '{near}': {en}."

    def __init__(self, option: str, near: str, vi: str, en: str) -> None:
        super().__init__(option=option, near=near[:60], vi=vi, en=en)


@dataclass(frozen=True)
class Property:
    """Something of a row that may be asked for: 'text', 'number' or 'moment', and where it is."""

    kind: str
    column: SQLColumnExpression[Any]


NULL = Property("null", null())
Properties = Mapping[str, Property]


def condition(asked: str, known: Properties, dialect: str) -> ColumnElement[bool]:
    """Return what `$filter` asks, as a condition on the columns of `known` properties.

    What is compared with an empty value is not equal to it, neither less nor more. Parts of
    moments are those in UTC; a day alone is its beginning in UTC.

    Raises:
        BadQuestion: naming where it cannot be read, and why.
    """
    return _Reader("$filter", asked, known, dialect).whole()


def order(asked: str, known: Properties, dialect: str) -> list[ColumnElement[Any]]:
    """Return what `$orderby` asks: 'property [asc|desc], …'.

    Raises:
        BadQuestion: naming where it cannot be read, and why.
    """
    found: list[ColumnElement[Any]] = []
    for each in asked.split(","):
        name, _, way = each.strip().partition(" ")
        if way.strip() not in {"", "asc", "desc"}:
            raise BadQuestion("$orderby", way, "hãy ghi asc hoặc desc", "write asc or desc")
        reader = _Reader("$orderby", name, known, dialect)
        column = reader.property_of(name).column
        found.append(column.desc() if way.strip() == "desc" else column.asc())
    return found


class _Reader:
    """One question, read from left to right."""

    def __init__(self, option: str, asked: str, known: Properties, dialect: str) -> None:
        self.option, self.known, self.dialect = option, known, dialect
        self.tokens = self._cut(asked)
        self.at = self.depth = self.terms = 0

    def _cut(self, asked: str) -> list[tuple[str, str]]:
        found, at, end = [], 0, asked.rstrip()
        if len(end) > LONGEST:
            raise self._bad(end, "quá dài", "it is too long")
        while at < len(end):
            match = _TOKENS.match(end, at)
            if match is None:
                raise self._bad(end[at:], "không đọc được", "this cannot be read")
            found.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()
        return found

    def _bad(self, near: str, vi: str, en: str) -> BadQuestion:
        return BadQuestion(self.option, near.strip(), vi, en)

    def _next(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def _take(self, *words: str) -> str:
        """Pass a word or mark if it comes next, and return it; '' otherwise."""
        kind, word = self._next()
        if kind in {"name", "mark"} and word in words:
            self.at += 1
            return word
        return ""

    def _must(self, word: str) -> None:
        if not self._take(word):
            raise self._bad(self._next()[1], f"ở đây cần “{word}”", f"'{word}' is needed here")

    def whole(self) -> ColumnElement[bool]:
        """Return the condition, of which nothing may be left over."""
        found = self._either()
        if self._next()[0] != "end":
            raise self._bad(self._next()[1], "thừa phần này", "this is left over")
        return found

    def _either(self) -> ColumnElement[bool]:
        found = self._both()
        while self._take("or"):
            found = found | self._both()
        return found

    def _both(self) -> ColumnElement[bool]:
        found = self._term()
        while self._take("and"):
            found = found & self._term()
        return found

    def _term(self) -> ColumnElement[bool]:
        self.depth += 1
        self.terms += 1
        if self.depth > DEEPEST or self.terms > MOST_TERMS:
            raise self._bad(self._next()[1], "lồng nhau quá nhiều", "this is nested too deeply")
        if self._take("not"):
            found = not_(self._term())
        elif self._take("("):
            found = self._either()
            self._must(")")
        else:
            found = self._comparison()
        self.depth -= 1
        return found

    def _comparison(self) -> ColumnElement[bool]:
        left = self._value()
        how = self._take(*_COMPARED, *_EQUAL)
        if not how:
            near = self._next()[1]
            raise self._bad(
                near, "ở đây cần lt, le, eq, ne, ge hoặc gt", "lt, le, eq, ne, ge or gt is needed"
            )
        right = self._value()
        return self._compared(left, how, right)

    def _compared(self, left: Property, how: str, right: Property) -> ColumnElement[bool]:
        if "null" not in (left.kind, right.kind) and left.kind != right.kind:
            raise self._bad(how, "hai vế khác kiểu nhau", "the two sides are of different kinds")
        if how in _EQUAL:
            same = left.column.is_not_distinct_from(right.column)
            return same if _EQUAL[how] else not_(same)
        found: ColumnElement[bool] = func.coalesce(
            _COMPARED[how](left.column, right.column), literal(False)
        )
        return found

    def _value(self) -> Property:
        kind, word = self._next()
        self.at += 1
        if kind == "text":
            return Property("text", literal(word[1:-1].replace("''", "'")))
        if kind == "number":
            return Property("number", literal(int(word)))
        if kind == "moment":
            return Property("moment", literal(self._moment(word), Instant()))
        if kind == "name" and word == "null":
            return NULL
        if kind == "name" and self._take("("):
            return self._called(word)
        if kind == "name":
            return self.property_of(word)
        raise self._bad(word or "…", "ở đây cần một giá trị", "a value is needed here")

    def _moment(self, word: str) -> dt.datetime:
        try:
            found = dt.datetime.fromisoformat(word)
            aware = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
            return aware.astimezone(dt.UTC)
        except (ValueError, OverflowError):
            raise self._bad(word, "không có thời điểm này", "there is no such moment") from None

    def _called(self, name: str) -> Property:
        if name == "now":
            self._must(")")
            return Property("moment", literal(clock.now(), Instant()))
        if name not in PARTS:
            raise self._bad(name, "không có hàm này", "there is no such function")
        given = self._value()
        self._must(")")
        if given.kind != "moment":
            raise self._bad(name, "hàm này cần một thời điểm", "it is asked of a moment")
        return Property("number", self._part(name, given.column))

    def _part(self, name: str, column: SQLColumnExpression[Any]) -> ColumnElement[Any]:
        if self.dialect == "sqlite":
            return cast(func.strftime(PARTS[name], column), Integer)
        return cast(func.floor(func.date_part(name, func.timezone("UTC", column))), Integer)

    def property_of(self, name: str) -> Property:
        """Return a property by its name, whichever table it is asked from."""
        found = self.known.get(re.sub(r"^\$root/\w+/", "", name))
        if found is None:
            known = ", ".join(self.known)
            raise self._bad(name, f"chỉ lọc và sắp được theo {known}", f"only {known} can be asked")
        return found
