"""Questions about official boundaries: what an edition has, and what a map may draw of it."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.orm import Session

from server.places import islands
from server.places.borders import Border
from server.places.boundary_models import Boundary, BoundaryImport
from server.places.islands import Islands
from server.places.models import Level, Place
from server.places.scope import covers

MOST_AREAS = 1500
"""How many areas a map draws."""
MOST_FINE = 3000
"""A map with more points than this gets the coarser borders."""
MISSING = (
    "Chưa vẽ địa giới ở đây: bộ địa giới đã nhập (danh mục {edition}) thiếu {islands}. Bản đồ "
    "nhiều tỉnh hoặc cả tỉnh có quần đảo phải có đủ; hãy nhập thêm địa giới các đơn vị đó."
)
MISSING_EN = (
    "No boundaries are drawn here: those taken in (edition {edition}) lack {islands}. A map of "
    "several provinces, or of a whole province with islands, must have them; import these units."
)


def imports(edition: str, before: int | None = None) -> Select[BoundaryImport]:
    """Return the imports of an edition, the newest first; only those `before` one (its id)."""
    found = select(BoundaryImport).where(BoundaryImport.edition_id == edition)
    if before is not None:
        found = found.where(BoundaryImport.id < before)
    return found.order_by(BoundaryImport.id.desc())


def border(session: Session, boundary_id: int) -> Border:
    """Return the border that a version of a unit's area tells."""
    return Border(session.scalars(select(Boundary.fine).where(Boundary.id == boundary_id)).one())


def any_held(session: Session) -> bool:
    """Tell whether any boundary was ever taken in."""
    return session.scalar(select(Boundary.id).limit(1)) is not None


def counts(session: Session, edition: str) -> dict[Level, tuple[int, int]]:
    """Return (units with a boundary, units) of each level of an edition."""
    rows = session.execute(
        select(Place.level, func.count(Boundary.id), func.count())
        .outerjoin(Boundary, _now(Boundary.place_id == Place.id))
        .where(Place.edition_id == edition)
        .group_by(Place.level)
    )
    found = {level: (drawn, units) for level, drawn, units in rows}
    return {level: found[level] for level in Level if level in found}


def missing(session: Session, edition: str, wanted: Iterable[Islands]) -> list[Islands]:
    """Return those of `wanted` whose area the edition lacks."""
    asked = list(wanted)
    if not asked:
        return []
    held = session.scalars(
        select(Place.code)
        .join(Boundary, _now(Boundary.place_id == Place.id))
        .where(Place.edition_id == edition, Place.code.in_([each.code for each in asked]))
    ).all()
    return [each for each in asked if each.code not in held]


def covered(session: Session, made: BoundaryImport, areas: Collection[str]) -> bool:
    """Tell whether all units of an import lie in `areas`."""
    if "" in areas:
        return True
    units = (
        select(Place)
        .join(Boundary, Boundary.place_id == Place.id)
        .where(Boundary.import_id == made.id)
    )
    return all(covers(areas, unit.area) for unit in session.scalars(units))


def _now(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return condition & Boundary.current


@dataclass(frozen=True)
class Areas:
    """What a map draws: the current boundaries by their role, and whose work they are.

    Roles: 'drawn' (a unit that was chosen), 'frame' (what holds them), 'islands' (which are small
    on a map of the country, and so always named). `lacking` are archipelagos
    without which nothing may be drawn; `whole` asks the map to show all of it.
    """

    rows: Sequence[Row[Any]] = ()
    roles: dict[int, str] = field(default_factory=dict)
    attributions: tuple[str, ...] = ()
    lacking: tuple[Islands, ...] = ()
    edition: str = ""
    whole: bool = False

    @property
    def version(self) -> str:
        """Return a hash of all that is drawn, '' when nothing is."""
        if not self.rows:
            return ""
        told = [(row.id, self.roles[row.place_id], row.name) for row in self.rows]
        return hashlib.sha256(json.dumps([told, self.whole]).encode()).hexdigest()[:16]

    def shown(self, english: bool, url: str = "") -> "Shown":
        """Return what a page says of them; `url` is where its map gets them."""
        told = {"edition": self.edition, "islands": islands.named(self.lacking)}
        return Shown(
            url if self.rows else "",
            " · ".join(self.attributions),
            (MISSING_EN if english else MISSING).format(**told) if self.lacking else "",
        )


@dataclass(frozen=True)
class Shown:
    """What a page says of boundaries: where its map gets them, whose they are, or why not."""

    url: str = ""
    credit: str = ""
    refusal: str = ""


def areas(
    session: Session, drawn: Collection[int], frames: Collection[int] = (), whole: bool = False
) -> Areas:
    """Return what a map of the units `drawn` within `frames` (ids of places) may draw.

    Islands that belong on the map come with it; where they are lacking, nothing is drawn that
    would show the country, or their province, without them.
    """
    found = _rows(session, {*drawn, *frames})
    if not found:
        return Areas()
    edition = found[0].edition_id
    outlined = {row.code for row in found if row.level is Level.PROVINCE}
    provinces = {row.province_code for row in found}
    several = whole or len({(row.edition_id, row.province_code) for row in found}) > 1
    wanted = islands.needed(edition, provinces, outlined, several)
    lacking = tuple(missing(session, edition, wanted))
    if lacking and several:
        return Areas(lacking=lacking, edition=edition, whole=True)
    if lacking:
        found = [row for row in found if row.code not in outlined]
    elif wanted:
        found += _rows_of(session, edition, wanted, {row.place_id for row in found})
    named = {each.code for each in wanted}
    roles = {row.place_id: _role(row, drawn, named) for row in found}
    credits = tuple(dict.fromkeys(row.attribution for row in found))
    return Areas(found, roles, credits, lacking, edition, several)


def _role(row: Row[Any], drawn: Collection[int], named: Collection[str]) -> str:
    if row.code in named:
        return "islands"
    return "drawn" if row.place_id in drawn else "frame"


_ROWS = (
    select(
        Boundary.id,
        Boundary.place_id,
        Boundary.vertices,
        Place.name,
        Place.code,
        Place.level,
        Place.edition_id,
        Place.province_code,
        BoundaryImport.attribution,
    )
    .join(Place, Place.id == Boundary.place_id)
    .join(BoundaryImport, BoundaryImport.id == Boundary.import_id)
    .where(Boundary.current)
    .order_by(func.length(Place.code), Boundary.place_id)
    .limit(MOST_AREAS)
)


def _rows(session: Session, place_ids: Collection[int]) -> list[Row[Any]]:
    if not place_ids:
        return []
    return list(session.execute(_ROWS.where(Boundary.place_id.in_(place_ids))))


def _rows_of(
    session: Session, edition: str, wanted: Iterable[Islands], held: Collection[int]
) -> list[Row[Any]]:
    codes = [each.code for each in wanted]
    here = _ROWS.where(Place.edition_id == edition, Place.code.in_(codes))
    return list(session.execute(here.where(Place.id.not_in(held))))


def geojson(session: Session, found: Areas) -> Iterator[str]:
    """Give the text of a FeatureCollection, piece by piece; what holds others comes first."""
    coarse = sum(row.vertices for row in found.rows) > MOST_FINE
    column = Boundary.coarse if coarse else Boundary.fine
    ids = [row.id for row in found.rows]
    shapes = dict(session.execute(select(Boundary.id, column).where(Boundary.id.in_(ids))).all())
    yield f'{{"type":"FeatureCollection","whole":{json.dumps(found.whole)},"features":['
    for number, row in enumerate(found.rows):
        told = {"label": row.name, "kind": "area", "role": found.roles[row.place_id]}
        head = {"type": "Feature", "id": f"a{row.place_id}", "properties": told}
        text = json.dumps(head, ensure_ascii=False, separators=(",", ":"))
        yield f'{"," if number else ""}{text[:-1]},"geometry":{shapes[row.id]}}}'
    yield "]}"
