"""Choosing a place on a page: what may be chosen, and how areas are named."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from server import clock
from server.places import queries
from server.places.models import Level, Place
from server.places.scope import covers, roots

MOST = 30


def choices(
    session: Session, edition: str, wanted: str, areas: Iterable[str], level: Level | None = None
) -> list[tuple[Place, str]]:
    """Return places of an edition inside `areas` that `wanted` names, with their addresses.

    `wanted` is a name, in any spelling, or a code. Without it: the areas themselves, and nothing
    for those who hold the whole country.
    """
    held = list(areas)
    found = _named(session, edition, wanted, held) if wanted else _tops(session, edition, held)
    fitting = [place for place in found if level is None or place.level is level][:MOST]
    addresses = queries.addresses(session, fitting)
    return [(place, addresses[place.id]) for place in fitting]


def _tops(session: Session, edition: str, areas: list[str]) -> Sequence[Place]:
    codes = [code for code in roots(areas, edition) if code]
    return session.scalars(
        select(Place)
        .where(Place.edition_id == edition, Place.code.in_(codes))
        .order_by(Place.sort_key)
    ).all()


def _named(session: Session, edition: str, wanted: str, areas: list[str]) -> list[Place]:
    if wanted.isascii() and wanted.isdigit():
        by_code = session.scalars(queries.place(edition, wanted)).first()
        if by_code is not None and covers(areas, by_code.area):
            return [by_code]
    found: dict[int, Place] = {}
    for code in roots(areas, edition):
        for place in session.scalars(queries.search(edition, wanted, code or None, 2 * MOST)):
            found.setdefault(place.id, place)
    return list(found.values())


def edition_for(session: Session, areas: Iterable[str]) -> str:
    """Return the edition to begin with: that of the first of `areas`, else today's, else ''."""
    for area in areas:
        if area:
            return area.split("/")[0]
    today = session.scalars(queries.edition_on(clock.today())).first()
    return today.id if today else ""


def names(session: Session, areas: Iterable[str]) -> dict[str, str]:
    """Return the full address of each area; '' (the whole country) and unknown ones are left out.

    Three look-ups at most for one edition, however many areas there are.
    """
    keys = {(area.split("/")[0], area.rsplit("/", 1)[-1]) for area in areas if "/" in area}
    if not keys:
        return {}
    found = session.scalars(
        select(Place).where(tuple_(Place.edition_id, Place.code).in_(keys))
    ).all()
    addresses = queries.addresses(session, found)
    return {place.area: addresses[place.id] for place in found}
