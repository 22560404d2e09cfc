"""A filled form as the interviewer saw it: groups, repeats, words of choices, values for people.

Questions that were not asked are left out; those left empty are kept. What the form worked out
by itself stands apart.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _

from server.desk import formats
from server.surveys.fields import Field, pick

Lists = Mapping[str, Mapping[str, str]]
_ASKED_FOR = re.compile(r"\$\{([^}]+)\}")
_MARKUP = re.compile(r"<[^>]{0,200}>|\*\*|__|^#+\s*", re.MULTILINE)


@dataclass(frozen=True)
class Question:
    """One question and what was answered: `values` are for reading, empty when left blank.

    `path` counts the rows of repeats ('tv[2]/tuoi'); `file` is the name of a photo or sound.
    """

    path: str
    label: str
    values: tuple[str, ...] = ()
    file: str = ""
    media: str = ""


@dataclass(frozen=True)
class Section:
    """A group of questions, or one row of a repeat; without a label it is only a frame."""

    label: str
    parts: list["Question | Section"] = field(default_factory=list)
    number: int = 0


@dataclass
class Sheet:
    """A whole filled form."""

    parts: list[Question | Section] = field(default_factory=list)
    worked_out: list[Question] = field(default_factory=list)

    def questions(self) -> list[Question]:
        """Return every question asked, in order, whatever group it is in."""
        return _questions(self.parts)


def _questions(parts: list[Question | Section]) -> list[Question]:
    found: list[Question] = []
    for part in parts:
        found += [part] if isinstance(part, Question) else _questions(part.parts)
    return found


def sheet(
    fields: list[Field], answers: Mapping[str, Any], language: str, lists: Lists | None = None
) -> Sheet:
    """Return `answers` laid out by the form's `fields`, in `language` ('vi' or 'en').

    `lists` gives the words of choices that are not in the form itself: by file, then by value.
    """
    inside: dict[str, list[Field]] = {}
    for each in fields:
        inside.setdefault(each.path.rpartition("/")[0], []).append(each)
    writer = _Writer(inside, (language, "vi", "en"), lists or {})
    found = Sheet(worked_out=writer.worked_out)
    found.parts = writer.parts("", answers, "")
    return found


@dataclass
class _Writer:
    inside: dict[str, list[Field]]
    languages: tuple[str, ...]
    lists: Lists
    worked_out: list[Question] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)

    def parts(self, group: str, answers: Mapping[str, Any], at: str) -> list[Question | Section]:
        """Return what was asked in a group, whose answers lie at the path `at`."""
        found: list[Question | Section] = []
        for each in self.inside.get(group, []):
            if each.name not in answers or each.path == "meta":
                continue
            value = answers[each.name]
            if each.type == "repeat":
                found += self._rows(each, value, at)
            elif each.type == "group":
                found += self._group(each, value, at)
            else:
                found += self._question(each, value, at + each.name)
        return found

    def _group(self, each: Field, value: Any, at: str) -> list[Question | Section]:
        if not isinstance(value, Mapping):
            return []
        parts = self.parts(each.path, value, f"{at}{each.name}/")
        label = self._text(each)
        if not label:
            return parts
        return [Section(label, parts)] if parts else []

    def _rows(self, each: Field, rows: Any, at: str) -> list[Question | Section]:
        found: list[Question | Section] = []
        for number, row in enumerate(rows if isinstance(rows, list) else [], start=1):
            parts = self.parts(each.path, row, f"{at}{each.name}[{number}]/")
            if parts:
                found.append(Section(self._text(each) or each.name, parts, number))
        return found

    def _question(self, each: Field, value: Any, path: str) -> list[Question | Section]:
        shown = show(value, each, self.languages, self.lists.get(each.source, {}))
        self.said[each.name] = ", ".join(shown)
        if each.type == "note":
            return []
        label = self._text(each)
        if not label or each.type == "calculate":
            if shown:
                self.worked_out.append(Question(path, label or each.name, shown))
            return []
        if each.type == "binary":
            return [Question(path, label, (), value or "", each.media or "application")]
        return [Question(path, label, shown)]

    def _text(self, each: Field) -> str:
        """Return a label without its mark-up, the answers it asks for filled in."""
        plain = _MARKUP.sub("", pick(each.labels, *self.languages))
        return _ASKED_FOR.sub(lambda found: self.said.get(found[1], "…"), plain).strip()


def show(
    value: Any, each: Field, languages: tuple[str, ...], words: Mapping[str, str]
) -> tuple[str, ...]:
    """Return an answer as people read it; several for a question with several answers."""
    if value is None or value == "":
        return ()
    if each.choices or each.source:
        labels = {code: pick(texts, *languages) for code, texts in each.choices}
        chosen = value if isinstance(value, list) else [value]
        return tuple(labels.get(str(c)) or words.get(str(c)) or str(c) for c in chosen)
    reader = _SHOWN.get(each.type)
    try:
        return (reader(value) if reader else _text(value),)
    except (TypeError, ValueError, KeyError, AttributeError):
        return (str(value),)  # an odd answer is kept as text, whatever its type says


def _text(value: Any) -> str:
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int | float):
        return formats.number(value)
    if isinstance(value, dict):
        return _point(value) if "lat" in value else str(value.get("text", ""))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _date(value: str) -> str:
    return formats.day(dt.date.fromisoformat(value))


def _instant(value: Mapping[str, str | None]) -> str:
    at = value["at"]
    return formats.moment(dt.datetime.fromisoformat(at)) if at else str(value["text"])


def _time(value: Mapping[str, str | None]) -> str:
    return str(value["time"])[:5]


def _point(value: Mapping[str, float | None]) -> str:
    degrees = f"{value['lat']:.6f}, {value['lon']:.6f}"
    accuracy = value.get("accuracy")
    return f"{degrees} (± {round(accuracy)} m)" if accuracy else degrees


def _line(value: list[Any]) -> str:
    return str(_("%(count)s điểm", count=len(value)))


def _acknowledged(value: str) -> str:
    return str(_("Đã xác nhận")) if value == "OK" else value


_SHOWN: dict[str, Callable[[Any], str]] = {
    "date": _date,
    "dateTime": _instant,
    "time": _time,
    "geopoint": _point,
    "geotrace": _line,
    "geoshape": _line,
    "acknowledge": _acknowledged,
}


def askable(fields: list[Field]) -> list[Field]:
    """Return the questions that a list of records can show as columns."""
    shown = {"int", "decimal", "select_one", "select_multiple", "string", "date", "calculate"}
    return [each for each in fields if not each.repeat and each.type in shown and each.labels]


def chosen(fields: list[Field], paths: list[str], most: int = 6) -> list[Field]:
    """Return the questions with these paths, else the first that are always asked and answered.

    Of those only choices and numbers: names are not for a list.
    """
    offered = {each.path: each for each in askable(fields)}
    if paths:
        return [offered[path] for path in dict.fromkeys(paths) if path in offered][:most]
    telling = {"int", "decimal", "select_one", "select_multiple"}
    return [
        each
        for each in offered.values()
        if each.required and each.type in telling and not (each.source or each.relevant)
    ][:most]
