"""What changes for data between two versions of a form: fields that vanish, are renamed, differ.

Answers of every version stand in the same columns and before the same rules. A field may become a
text, which holds whatever it held before; any other change of its type is refused.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.problems import Problem
from server.surveys.fields import Field

WIDENED = frozenset({
    ("int", "decimal"), ("int", "string"), ("decimal", "string"), ("barcode", "string"),
    ("select_one", "string"), ("select_one", "select_multiple"), ("date", "string"),
    ("time", "string"), ("dateTime", "string"), ("calculate", "string"), ("string", "calculate"),
    ("note", "string"), ("acknowledge", "string"), ("string", "barcode"), ("string", "select_one"),
})  # fmt: skip
"""Changes after which every answer of before can still be read: a choice is a text in a form."""


class Kind(enum.Enum):
    """What became of a field."""

    REFUSED = "refused"
    WIDENED = "widened"
    RENAMED = "renamed"
    VANISHED = "vanished"


@dataclass(frozen=True)
class Change:
    """One field that is not what it was; `refers` names what of the new version still means it."""

    kind: Kind
    path: str
    was: str
    becomes: str = ""
    refers: tuple[str, ...] = ()


class TypeChanged(Problem):
    """Answers of before and of now could not stand in one column."""

    code = "surveys.type-changed"
    status = 409
    message = (
        "Đổi kiểu câu hỏi đã có dữ liệu: {said}. Chỉ được đổi sang văn bản; nếu cần kiểu khác, "
        "hãy đặt tên câu hỏi mới rồi tải tệp lên lại."
    )
    message_en = (
        "The type of questions already in use changes: {said}. Only text may take their place; "
        "for another type give the question a new name and upload again."
    )


def between(
    before: Sequence[Field], after: Sequence[Field], rules: Sequence[Mapping[str, Any]] = ()
) -> list[Change]:
    """Return what changes from one version to the next, what is refused first.

    `rules` are those of the new version that may still speak of a field that is gone.
    """
    new = {each.path: each for each in after}
    old = {each.path for each in before}
    added = [each for each in after if each.path not in old]
    found = []
    for was in before:
        if was.path in new:
            found.extend(_retyped(was, new[was.path]))
        elif was.type != "group":
            found.append(_gone(was, added, after, rules))
    return sorted(found, key=lambda change: list(Kind).index(change.kind))


def _retyped(was: Field, now: Field) -> list[Change]:
    if (was.type, was.repeat, was.media) == (now.type, now.repeat, now.media):
        return []
    safe = (was.type, now.type) in WIDENED and was.repeat == now.repeat
    return [Change(Kind.WIDENED if safe else Kind.REFUSED, was.path, _type(was), _type(now))]


def _type(field: Field) -> str:
    return f"{field.media or field.type}{' (repeat)' if field.repeat else ''}"


def _gone(
    was: Field, added: Sequence[Field], after: Sequence[Field], rules: Sequence[Mapping[str, Any]]
) -> Change:
    """Return that a field has vanished, or under which new name its very question is asked."""
    twin = next(
        (
            each
            for each in added
            if each.type == was.type and (each.name == was.name or _same_words(each, was))
        ),
        None,
    )
    refers = _refers(was, after, rules)
    if twin is not None:
        return Change(Kind.RENAMED, was.path, _type(was), twin.path, refers)
    return Change(Kind.VANISHED, was.path, _type(was), "", refers)


def _same_words(one: Field, other: Field) -> bool:
    return bool(one.labels) and one.labels == other.labels


def _refers(
    was: Field, after: Sequence[Field], rules: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    asking = {str(rule.get("rule_id", "?")) for rule in rules if was.name in _words(rule)}
    names = sorted(asking)
    if was.save_to and not any(each.save_to == was.save_to for each in after):
        names.append(was.save_to)
    if was.table_row and not any(each.table_row == was.table_row for each in after):
        names.append(was.table_row)
    return tuple(dict.fromkeys(names))


def _words(rule: Mapping[str, Any]) -> set[str]:
    said = str(rule.get("when", ""))
    return set("".join(c if c.isalnum() or c == "_" else " " for c in said).split())


def check(changes: Sequence[Change]) -> None:
    """Refuse changes after which answers of before could not be read.

    Raises:
        TypeChanged: naming each field, what it was and what it would be.
    """
    refused = [each for each in changes if each.kind is Kind.REFUSED]
    if refused:
        said = ", ".join(f"{each.path} ({each.was} → {each.becomes})" for each in refused)
        raise TypeChanged(said=said)
