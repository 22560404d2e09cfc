"""Areas: which part of the country a right, a plan or a record covers.

An area is the path of a place ('2024/36/359': edition, province, district); all that lies beneath
it begins with the same text, and '' is the whole country.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, false, or_, true


class Areas(list[str]):
    """The areas in which somebody holds a right; '' is the whole country.

    `preparing` are those in which they prepare plans: what is to be disclosed on a later day is
    known there before, and nowhere else.
    """

    def __init__(self, areas: Iterable[str], preparing: Iterable[str]) -> None:
        super().__init__(areas)
        self.preparing = tuple(preparing)


def within(area: str, scope: str) -> bool:
    """Tell whether `area` is `scope` or lies beneath it; '' is the whole country.

    >>> within("2024/36/359/13741", "2024/36/359"), within("2024/36/3590", "2024/36/359")
    (True, False)
    """
    return scope in ("", area) or area.startswith(scope + "/")


def covers(areas: Iterable[str], area: str) -> bool:
    """Tell whether one of `areas` holds the whole of `area`.

    >>> covers(["2024/36", "2024/83/835"], "2024/36/359"), covers(["2024/36/359"], "2024/36")
    (True, False)
    """
    return any(within(area, scope) for scope in areas)


def roots(areas: Iterable[str], edition: str) -> list[str]:
    """Return the codes of an edition's places under which `areas` lie; '' is the whole edition.

    >>> roots(["2024/36/359", "2025-07/36"], "2024"), roots([""], "2024")
    (['359'], [''])
    """
    found = dict.fromkeys(areas)
    if "" in found:
        return [""]
    return [area.rsplit("/", 1)[1] for area in found if area.startswith(edition + "/")]


def inside(column: Any, areas: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that an area column lies in one of `areas`; '' is everywhere."""
    found = list(areas)
    if "" in found:
        return true()
    if not found:
        return false()
    return or_(*(or_(column == area, column.startswith(area + "/")) for area in found))


def touches(column: Any, areas: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that an area column and one of `areas` overlap.

    A district's plan is seen from the province above it and from a commune inside it.
    """
    found = list(areas)
    above = [
        area.rsplit("/", depth)[0] for area in found for depth in range(1, area.count("/") + 1)
    ]
    return or_(inside(column, found), column.in_([*above, ""]) if found else false())
