"""What a change makes of a row, and whether it contradicts what others changed meanwhile.

No database. A row is its label and its data; a change brings only what was asked on the form.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from server.entities.models import Conflict

LABEL = "label"
Data = Mapping[str, str]


@dataclass(frozen=True)
class Content:
    """A row: its label, and its values by property."""

    label: str
    data: Data = field(default_factory=dict)

    def flat(self) -> dict[str, str]:
        """Return all of it by name, the label among the values."""
        return {**self.data, LABEL: self.label}


@dataclass(frozen=True)
class Merged:
    """A row after a change, and what the change met."""

    content: Content
    conflict: Conflict
    conflicting: list[str]


def merge(
    current: Content, base: Content | None, received: Data, interrupted: bool = False
) -> Merged:
    """Return the row after a change that brings `received` (perhaps with a label).

    Only what was received is changed, and an empty label keeps the one there is. `base` is the
    row that the change was made against, None when that is still the current one. The change is
    applied whatever it meets: hard where somebody else gave the same property another value since
    the base, soft where they changed only others. `interrupted`: others changed the row between
    the changes of one phone's branch, which is soft even though the base is current.

    >>> now, then = Content("A", {"x": "2", "y": "1"}), Content("A", {"x": "1", "y": "1"})
    >>> merge(now, then, {"y": "5"}).conflict.value, merge(now, then, {"x": "5"}).conflicting
    ('soft', ['x'])
    """
    wanted = {name: value for name, value in received.items() if name != LABEL or value}
    conflicting: list[str] = []
    conflict = Conflict.SOFT if base is not None or interrupted else Conflict.NONE
    if base is not None:
        conflicting = clashes(current, base, wanted)
        conflict = Conflict.HARD if conflicting else Conflict.SOFT
    return Merged(_changed(current, wanted), conflict, conflicting)


def clashes(current: Content, base: Content, wanted: Data) -> list[str]:
    """Return the names that both sides changed since `base`, to different values."""
    now, then = current.flat(), base.flat()
    return sorted(
        name
        for name, value in wanted.items()
        if now.get(name, "") != then.get(name, "") and value != now.get(name, "")
    )


def _changed(current: Content, wanted: Data) -> Content:
    data = {**current.data, **wanted}
    label = data.pop(LABEL, "") or current.label
    return Content(label, data)


def beneath(current: Content, received: Data) -> Content:
    """Return the row after a late first version: it fills what is missing, and overrules nothing.

    >>> beneath(Content("B", {"x": "2"}), {"label": "A", "x": "1", "y": "1"}).data
    {'x': '2', 'y': '1'}
    """
    data = {**{k: v for k, v in received.items() if k != LABEL}, **current.data}
    return Content(current.label or received.get(LABEL, ""), data)


def differences(before: Content | None, after: Content) -> list[tuple[str, str, str]]:
    """Return (name, before, after) of everything that differs, the label first.

    >>> differences(Content("A", {"x": "1"}), Content("B", {"x": "1", "y": "2"}))
    [('label', 'A', 'B'), ('y', '', '2')]
    """
    then, now = before.flat() if before else {}, after.flat()
    names = sorted({*then, *now} - {LABEL})
    return [
        (name, then.get(name, ""), now.get(name, ""))
        for name in [LABEL, *names]
        if then.get(name, "") != now.get(name, "")
    ]
