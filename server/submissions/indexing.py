"""What an answer becomes in the table that lists are filtered and sorted by; pure."""

import datetime as dt
import enum
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from server import clock, text
from server.surveys.fields import Field

LONGEST_KEY = 120
LONGEST_TEXT = 300
_DIGITS = re.compile(r"[0-9]+")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?")


class Kind(enum.Enum):
    """How a question's answers are compared.

    A choice is one value of a list in the form, MANY are several; a text is whatever was typed
    or worked out, its numbers taken as numbers; a day may carry a time, in Vietnam's clock.
    """

    NUMBER = "number"
    DAY = "day"
    CHOICE = "choice"
    MANY = "many"
    TEXT = "text"


class Cell(NamedTuple):
    """One row to be: see `SubmissionAnswer`."""

    position: int
    number: float | None
    key: str | None
    folded: str | None


_KINDS = {
    "int": Kind.NUMBER,
    "decimal": Kind.NUMBER,
    "date": Kind.DAY,
    "dateTime": Kind.DAY,
    "select_one": Kind.CHOICE,
    "select_multiple": Kind.MANY,
    "string": Kind.TEXT,
    "barcode": Kind.TEXT,
    "calculate": Kind.TEXT,
}


def kind_of(field: Field) -> Kind | None:
    """Return how answers to a question are compared; None for what no list is sorted by.

    Only what is asked of everybody once: nothing inside repeats, and nothing without words.
    """
    if field.repeat or not field.labels:
        return None
    kind = _KINDS.get(field.type)
    outside = kind is Kind.CHOICE and not field.choices  # its words are not in the form
    return Kind.TEXT if outside else kind


def kinds(fields: Iterable[Field]) -> dict[str, Kind]:
    """Return the questions that lists know, by path."""
    found = ((field.path, kind_of(field)) for field in fields)
    return {path: kind for path, kind in found if kind is not None}


def cells(value: Any, kind: Kind) -> list[Cell]:
    """Return the rows of one answer; an odd one, not of its question's kind, is kept as text.

    >>> cells(2500, Kind.NUMBER), cells("2024-04-02", Kind.DAY)
    ([Cell(position=0, number=2500.0, key=None, folded=None)], \
[Cell(position=0, number=None, key='2024-04-02', folded=None)])
    >>> [cell.key for cell in cells(["loa", "hop"], Kind.MANY)]
    ['loa', 'hop']
    """
    if value is None or value == "" or value == []:
        return []
    if kind is Kind.NUMBER and isinstance(value, int | float):
        return [Cell(0, float(value), None, None)]
    if kind is Kind.MANY and isinstance(value, list):
        codes = dict.fromkeys(str(code)[:LONGEST_KEY] for code in value)
        return [Cell(position, None, code, None) for position, code in enumerate(codes)]
    if kind is Kind.CHOICE:
        return [Cell(0, None, str(value)[:LONGEST_KEY], None)]
    if kind is Kind.DAY and (key := _day(value)):
        return [Cell(0, None, key, None)]
    return [_text(value)]


def _text(value: Any) -> Cell:
    words = value.get("text") if isinstance(value, dict) else value
    said = text.clean(" ".join(map(str, words)) if isinstance(words, list) else str(words))
    number = float(said) if _NUMBER.fullmatch(said) else None
    folded = text.fold(said[:LONGEST_TEXT])[:LONGEST_TEXT]  # some letters fold to many
    return Cell(0, number, order_of(said), folded)


def order_of(said: str) -> str:
    """Return what a text is sorted by: the Vietnamese alphabet, 'Hộ 2' before 'Hộ 10'.

    >>> sorted(["Hộ 10", "Hộ 2", "Đông", "Dũng"], key=order_of)
    ['Dũng', 'Đông', 'Hộ 2', 'Hộ 10']
    """
    counted = _DIGITS.sub(lambda run: run[0].zfill(9), said[:LONGEST_KEY])
    return text.sort_key(counted)[:LONGEST_KEY]


def _day(value: Any) -> str | None:
    """Return a date, or a date and time by Vietnam's clock, as text that sorts."""
    if isinstance(value, dict):
        at = value.get("at")
        if not at:
            return str(value.get("text") or "")[:19] or None
        return clock.local(dt.datetime.fromisoformat(at)).replace(tzinfo=None).isoformat()[:19]
    return value[:10] if isinstance(value, str) else None
