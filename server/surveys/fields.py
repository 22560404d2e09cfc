"""The questions of a form (câu hỏi), as other rooms see them: what the XForm says, flattened."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

Texts = dict[str, str]
Choice = tuple[str, Texts]

STRUCTURES = frozenset({"group", "repeat"})


@dataclass(frozen=True)
class Field:
    """One node of the form, in document order; groups and repeats come before their contents.

    Attributes:
        path: names from below the root, with slashes: 'ho/ten_chu_ho'.
        name: the last of them.
        type: the XForm's own ('string', 'int', 'decimal', 'date', 'time', 'dateTime', 'geopoint',
            'geotrace', 'geoshape', 'binary', 'barcode'), or what the phone makes of it
            ('select_one', 'select_multiple', 'rank', 'acknowledge', 'note', 'calculate'), or
            'group', 'repeat'.
        repeat: lies inside a repeat, so that one form may hold many of it.
        labels: by language; a value asked for in the text stands as '${name}'.
        choices: (value, labels) when the list is part of the form.
        source: the file that the list comes from, when it is not.
        media: 'image', 'audio', 'video' or 'application' for a binary.
        save_to: the entity property that the answer is kept in.
        table_row: the row of a monitoring table (biểu) for which the answer is offered as a seen
            value: '05.so_ho_tham_gia'. Of the workbook alone; no XForm says it.
    """

    path: str
    name: str
    type: str
    repeat: bool = False
    labels: Texts = field(default_factory=dict)
    hint: Texts = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    source: str = ""
    relevant: str = ""
    required: str = ""
    constraint: str = ""
    appearance: str = ""
    media: str = ""
    save_to: str = ""
    table_row: str = ""

    def label(self, *languages: str) -> str:
        """Return the label in the first language that has one, else any, else the name.

        Languages are known by their code in brackets too: 'vi' finds 'Tiếng Việt (vi)'.

        >>> Field("a", "a", "string", labels={"English (en)": "A", "Tiếng Việt (vi)": "Á"}).label()
        'Á'
        """
        return pick(self.labels, *languages) or self.name

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` takes; empty attributes are left out.

        >>> Field("ho/ten", "ten", "string").to_json()
        {'path': 'ho/ten', 'name': 'ten', 'type': 'string'}
        """
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        if self.choices:
            found["choices"] = [[value, labels] for value, labels in self.choices]
        return {name: value for name, value in found.items() if value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Field":
        """Return the field that `to_json` wrote."""
        choices = tuple((value, labels) for value, labels in data.get("choices", ()))
        return cls(**{**data, "choices": choices})


def pick(texts: Texts, *languages: str) -> str:
    """Return the text in the first of `languages` that is there; Vietnamese first when unsaid.

    >>> pick({"English (en)": "Yes"}, "vi", "en")
    'Yes'
    """
    for wanted in languages or ("vi", "en"):
        for language, text in texts.items():
            if language == wanted or language.endswith(f"({wanted})"):
                return text
    return next(iter(texts.values()), "")


def to_json(form: Iterable[Field]) -> list[dict[str, Any]]:
    """Return the fields of a form for keeping as JSON."""
    return [each.to_json() for each in form]


def from_json(data: Iterable[Mapping[str, Any]]) -> list[Field]:
    """Return the fields that `to_json` wrote."""
    return [Field.from_json(each) for each in data]
