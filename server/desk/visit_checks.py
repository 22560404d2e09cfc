"""The checks of a record's visit as pages show them: words and numbers in the reader's language."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from server.desk import formats
from server.quality import words
from server.quality.checks import Check
from server.quality.models import VisitCheck


@dataclass(frozen=True)
class Shown:
    """One check: its name, what it says in a word, and why."""

    name: str
    word: str
    tone: str
    icon: str
    why: str


def shown(session: Session, submission_id: int) -> list[Shown]:
    """Return the checks of a record; none while it has not been judged."""
    held = session.get(VisitCheck, submission_id)
    return [_shown(Check.from_json(each)) for each in held.checks] if held else []


def _shown(check: Check) -> Shown:
    name = words.CHECKS.get(check.code, (check.code, check.code))
    said = words.MARKS[check.mark]
    why = words.WHY.get((check.code, check.why), (check.why, check.why))
    sentence = formats.word(why).format_map(_numbers(check))
    return Shown(formats.word(name), formats.word(said[:2]), said[2], said[3], sentence)


def _numbers(check: Check) -> dict[str, str]:
    numbers = dict(check.numbers)
    place = words.PLACES.get(numbers.pop("of", ""), ("", ""))
    found = {name: _number(name, value) for name, value in numbers.items()}
    return {**found, "place": formats.word(place)}


def _number(name: str, value: Any) -> str:
    """Return a number as people read it, by the unit in its name."""
    if name.endswith("_m"):
        return formats.distance(value)
    if name == "commune":
        return str(value)
    if name.endswith("_on"):
        return formats.day(dt.date.fromisoformat(value))
    return formats.seconds(abs(value)) if name.endswith("_s") else formats.number(value)
