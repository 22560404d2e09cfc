"""Questions about places. Selects to run, narrow or join; nothing here writes.

An edition is named by its id ('2024'), a place by edition and code.
"""

import datetime as dt
from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from server.places.distance import Point, box_around, metres_between
from server.places.models import Edition, Hamlet, Level, Place, Succession
from server.places.names import searchable
from server.text import fold

_KINDS = tuple(
    fold(kind)
    for kind in (
        "Tỉnh", "Thành phố", "Quận", "Huyện", "Thị xã", "Xã", "Phường", "Thị trấn", "Đặc khu",
    )
)  # fmt: skip
_REACH_M = (5_000, 20_000, 80_000, 320_000, 2_000_000)


def editions() -> Select[Edition]:
    """Return all editions, newest first."""
    return select(Edition).order_by(Edition.valid_from.desc())


def edition_on(day: dt.date) -> Select[Edition]:
    """Return the edition in force on `day`: one row or none."""
    return (
        editions()
        .where(Edition.valid_from <= day)
        .where(or_(Edition.valid_to.is_(None), Edition.valid_to >= day))
        .limit(1)
    )


def place(edition: str, code: str) -> Select[Place]:
    """Return the place of that code: one row or none."""
    return select(Place).where(Place.edition_id == edition, Place.code == code)


def provinces(edition: str) -> Select[Place]:
    """Return the provinces in dictionary order."""
    return _listed(select(Place).where(Place.edition_id == edition, Place.parent_code.is_(None)))


def children(edition: str, code: str) -> Select[Place]:
    """Return the places directly under `code`, in dictionary order."""
    return _listed(select(Place).where(Place.edition_id == edition, Place.parent_code == code))


def subtree(edition: str, *codes: str) -> Select[Place]:
    """Return the places of `codes` and all below them, in no order: for checks of scope."""
    return select(Place).where(_within(edition, codes))


def subtree_ids(edition: str, *codes: str) -> Select[int]:
    """Return the ids of `subtree`, to be used as in `Visit.place_id.in_(...)`."""
    return select(Place.id).where(_within(edition, codes))


def communes_under(edition: str, *codes: str) -> Select[Place]:
    """Return the communes in `codes` at any depth (a commune holds itself), dictionary order."""
    return _listed(subtree(edition, *codes).where(Place.level == Level.COMMUNE))


def commune_names(session: Session, edition: str, area: str) -> list[str]:
    """Return the names of the communes of an area ('' is the whole country)."""
    names = select(Place.name).where(Place.edition_id == edition, Place.level == Level.COMMUNE)
    if "/" in area:
        names = names.where(_within(edition, [area.rpartition("/")[2]]))
    return list(session.scalars(names))


def ancestors(edition: str, code: str) -> Select[Place]:
    """Return the places that hold `code`, the province first, without itself."""
    here = aliased(Place)
    itself = (here.edition_id == edition) & (here.code == code)
    parent = select(here.parent_code).where(itself)
    top = select(here.province_code).where(itself, here.province_code != here.code)
    holders = or_(Place.code.in_(parent), Place.code.in_(top))
    chosen = select(Place).where(Place.edition_id == edition, holders)
    return chosen.order_by(Place.parent_code.is_not(None))


def search(edition: str, text: str, under: str | None = None, limit: int = 20) -> Select[Place]:
    """Return the places whose name holds `text`, the nearest matches first.

    Marks, case, apostrophes and leading zeros do not matter: 'dien bien' finds Điện Biên. The
    kind may be typed or not. First come whole names, then beginnings of names, of words, the rest;
    among equals larger units first, then dictionary order. Empty text finds nothing.
    """
    wanted = searchable(text)
    found = select(Place).where(
        Place.edition_id == edition, Place.folded.contains(wanted or "\n", autoescape=True)
    )
    if under is not None:
        found = found.where(_within(edition, [under]))
    return found.order_by(
        _closeness(wanted), func.length(Place.code), Place.sort_key, Place.code
    ).limit(limit)


def successors(edition: str, code: str) -> Select[Place, bool]:
    """Return where the unit went in the next edition, the default first; empty when unproven."""
    old, new = aliased(Place), aliased(Place)
    return (
        select(new, Succession.is_default)
        .join(Succession, Succession.new_id == new.id)
        .join(old, Succession.old_id == old.id)
        .where(old.edition_id == edition, old.code == code)
        .order_by(Succession.is_default.desc(), new.sort_key, new.code)
    )


def predecessors(edition: str, code: str) -> Select[Place, bool]:
    """Return the units that a unit was made of, in dictionary order, with the same mark."""
    old, new = aliased(Place), aliased(Place)
    return (
        select(old, Succession.is_default)
        .join(Succession, Succession.old_id == old.id)
        .join(new, Succession.new_id == new.id)
        .where(new.edition_id == edition, new.code == code)
        .order_by(old.sort_key, old.code)
    )


def hamlets_of(
    edition: str, code: str, on: dt.date | None = None, text: str = ""
) -> Select[Hamlet]:
    """Return the hamlets in `code` at any depth, in dictionary order.

    With `on`, only those that existed that day; with `text`, only those whose name holds it.
    """
    found = select(Hamlet).join(Place, Hamlet.place_id == Place.id).where(_within(edition, [code]))
    if on is not None:
        found = found.where(
            or_(Hamlet.valid_from.is_(None), Hamlet.valid_from <= on),
            or_(Hamlet.valid_to.is_(None), Hamlet.valid_to >= on),
        )
    if wanted := searchable(text):
        found = found.where(Hamlet.folded.contains(wanted, autoescape=True))
    return found.order_by(Place.sort_key, Place.code, Hamlet.sort_key, Hamlet.code)


def hamlet(edition: str, code: str) -> Select[Hamlet]:
    """Return the hamlet of that code: one row or none."""
    return select(Hamlet).where(Hamlet.edition_id == edition, Hamlet.code == code)


def addresses(session: Session, places: Sequence[Place]) -> dict[int, str]:
    """Return each place's full address by id: 'Xã Hợp Hưng, Huyện Vụ Bản, Tỉnh Nam Định'."""
    wanted = {(p.edition_id, code) for p in places for code in (p.parent_code, p.province_code)}
    names: dict[tuple[str, str], str] = {}
    for edition in {edition for edition, _ in wanted}:
        codes = {code for of, code in wanted if of == edition and code}
        rows = session.execute(
            select(Place.code, Place.name).where(Place.edition_id == edition, Place.code.in_(codes))
        )
        names |= {(edition, code): name for code, name in rows}
    return {place.id: ", ".join(_address(place, names)) for place in places}


def nearest(
    session: Session, edition: str, point: Point, limit: int = 5
) -> list[tuple[Place, float]]:
    """Return the communes nearest to `point` and their distances in metres, nearest first.

    Measured to each commune's own point, so the commune that holds `point` need not be first.
    """
    found: list[tuple[Place, float]] = []
    for reach in _REACH_M:
        found = sorted(_around(session, edition, point, reach), key=lambda pair: pair[1])
        if len(found) >= limit:
            break
    return found[:limit]


def _around(
    session: Session, edition: str, point: Point, reach: float
) -> Iterable[tuple[Place, float]]:
    (south, west), (north, east) = box_around(point, reach)
    for near in session.scalars(
        select(Place)
        .where(Place.edition_id == edition, Place.level == Level.COMMUNE)
        .where(Place.latitude.between(south, north), Place.longitude.between(west, east))
    ):
        if near.latitude is not None and near.longitude is not None:
            metres = metres_between(point, (near.latitude, near.longitude))
            if metres <= reach:
                yield near, metres


def _listed(places: Select[Place]) -> Select[Place]:
    return places.order_by(Place.sort_key, Place.code)


def _within(edition: str, codes: Sequence[str]) -> ColumnElement[bool]:
    """Name the edition in every branch: then each is answered by an index of its own."""
    columns = (Place.code, Place.parent_code, Place.province_code)
    return or_(*(and_(Place.edition_id == edition, column.in_(codes)) for column in columns))


def _closeness(wanted: str) -> ColumnElement[int]:
    names = [wanted, *(f"{kind} {wanted}" for kind in _KINDS)]
    starts = [Place.folded.startswith(name, autoescape=True) for name in names]
    inside = Place.folded.contains(f" {wanted}", autoescape=True)
    return case((Place.folded.in_(names), 0), (or_(*starts), 1), (inside, 2), else_=3)


def _address(place: Place, names: dict[tuple[str, str], str]) -> list[str]:
    codes = [place.parent_code, place.province_code]
    holders = [code for code in dict.fromkeys(codes) if code and code != place.code]
    return [place.name, *(names[place.edition_id, code] for code in holders)]
