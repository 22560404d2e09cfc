"""Verbs of official boundaries: preview a file, take it in, withdraw what was taken in."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from server import clock, journal
from server.journal import Actor
from server.places import boundaries, boundary_queries, islands
from server.places.boundaries import How, Matched, Reader, Rejected, Unit, Units
from server.places.boundary_models import Boundary, BoundaryImport
from server.places.boundary_problems import AlreadyWithdrawn, NothingToDraw
from server.places.islands import Islands
from server.places.models import Edition, Place
from server.places.outlines import Outline
from server.places.problems import UnknownEdition

BATCH = 200


@dataclass(frozen=True)
class Taken:
    """A unit that would get a boundary: its place in the file and how many points it keeps."""

    number: int
    code: str
    name: str
    vertices: int
    replaces: bool


@dataclass(frozen=True)
class Preview:
    """What taking a file in would store and what it would leave out.

    `how` names the properties that were read; `lacking` the archipelagos without which the
    edition's borders, with this file, would still not be drawn for the whole country.
    """

    edition_id: str
    how: How
    accepted: tuple[Taken, ...]
    rejected: tuple[Rejected, ...]
    lacking: tuple[Islands, ...]


@dataclass(frozen=True)
class Credit:
    """Where a file comes from: its name and hash, who published it, the line on maps, its day."""

    file: str
    sha256: str
    source: str
    attribution: str
    as_of: dt.date | None = None


def preview(
    session: Session, edition: str, outlines: Iterable[Outline], how: How, areas: Iterable[str]
) -> Preview:
    """Return what taking the file in would do; `areas` limit the units that may be given one.

    The outlines are gone through twice, here as when they are stored.

    Raises:
        UnknownEdition: there is no such edition.
    """
    how = boundaries.resolved(outlines, how)
    held = set(
        session.scalars(
            select(Boundary.place_id)
            .join(Place, Place.id == Boundary.place_id)
            .where(Boundary.current, Place.edition_id == edition)
        )
    )
    accepted: list[Taken] = []
    rejected: list[Rejected] = []
    for each in _matched(session, edition, outlines, how, areas):
        if isinstance(each, Rejected):
            rejected.append(each)
        else:
            unit, outline = each.unit, each.outline
            accepted.append(
                Taken(outline.number, unit.code, unit.name, outline.vertices, unit.id in held)
            )
    codes = {each.code for each in accepted}
    lacking = boundary_queries.missing(session, edition, islands.of(edition))
    still = tuple(each for each in lacking if each.code not in codes)
    return Preview(edition, how, tuple(accepted), tuple(rejected), still)


def _matched(
    session: Session, edition: str, outlines: Iterable[Outline], how: How, areas: Iterable[str]
) -> Iterator[Matched | Rejected]:
    if session.get(Edition, edition) is None:
        raise UnknownEdition(edition=edition)
    return Reader(Units(edition, _units(session, edition), areas), how).match(outlines)


def _units(session: Session, edition: str) -> Iterator[Unit]:
    """Give the units of an edition with the names of what holds them."""
    rows = session.execute(
        select(Place.id, Place.code, Place.name, Place.parent_code, Place.province_code).where(
            Place.edition_id == edition
        )
    ).all()
    names = {row.code: row.name for row in rows}
    for key, code, name, parent_code, province_code in rows:
        parts = dict.fromkeys(part for part in (edition, province_code, parent_code, code) if part)
        holders = [part for part in parts if part in names and part != code]
        yield Unit(key, code, name, "/".join(parts), tuple(names[part] for part in holders))


def store(
    session: Session,
    edition: str,
    outlines: Iterable[Outline],
    how: How,
    areas: Iterable[str],
    credit: Credit,
    actor: Actor,
) -> BoundaryImport:
    """Store the areas that match; a unit's earlier area stays as an older version.

    Raises:
        UnknownEdition: there is no such edition.
        NothingToDraw: no area matches; nothing is stored.
    """
    # Held until the end, so that two imports cannot both make the next version of a unit.
    if session.get(Edition, edition, with_for_update=True) is None:
        raise UnknownEdition(edition=edition)
    how = boundaries.resolved(outlines, how)
    made = BoundaryImport(
        edition_id=edition, **vars(credit), units=0, replaced=0, imported_at=clock.now(),
        imported_by=actor.name, judging_from=0,
    )  # fmt: skip
    session.add(made)
    session.flush()
    rejected = 0
    batch: list[Matched] = []
    for each in _matched(session, edition, outlines, how, areas):
        if isinstance(each, Rejected):
            rejected += 1
            continue
        batch.append(each)
        if len(batch) == BATCH:
            _keep(session, made, batch)
            batch = []
    _keep(session, made, batch)
    if not made.units:
        raise NothingToDraw
    session.flush()
    journal.write(
        session, actor, "boundaries.imported", "edition", edition, import_id=made.id,
        units=made.units, replaced=made.replaced, rejected=rejected, source=credit.source,
        sha256=credit.sha256,
    )  # fmt: skip
    return made


def _keep(session: Session, made: BoundaryImport, batch: list[Matched]) -> None:
    if not batch:
        return
    ids = [each.unit.id for each in batch]
    numbers = dict(
        session.execute(
            select(Boundary.place_id, func.max(Boundary.number))
            .where(Boundary.place_id.in_(ids))
            .group_by(Boundary.place_id)
        ).all()
    )
    replaced = session.execute(
        update(Boundary).where(Boundary.place_id.in_(ids), Boundary.current).values(current=False)
    )
    session.execute(
        insert(Boundary),
        [
            {
                "import_id": made.id,
                "place_id": each.unit.id,
                "number": numbers.get(each.unit.id, 0) + 1,
                "current": True,
                "vertices": each.outline.vertices,
                "coarse_vertices": each.outline.coarse_vertices,
                "fine": each.outline.fine,
                "coarse": each.outline.coarse,
            }
            for each in batch
        ],
    )
    made.units += len(batch)
    made.replaced += replaced.rowcount  # type: ignore[attr-defined] # an update's has one


def withdraw(session: Session, made: BoundaryImport, actor: Actor) -> int:
    """Take an import back: each unit has the area it had before; return how many still have one.

    Raises:
        AlreadyWithdrawn: somebody did so before.
    """
    session.refresh(made, with_for_update=True)
    if made.withdrawn_at is not None:
        raise AlreadyWithdrawn
    made.withdrawn_at, made.withdrawn_by, made.judging_from = clock.now(), actor.name, 0
    session.flush()
    mine = select(Boundary.place_id).where(Boundary.import_id == made.id, Boundary.current)
    places = session.scalars(mine).all()
    session.execute(
        update(Boundary)
        .where(Boundary.import_id == made.id, Boundary.current)
        .values(current=False)
    )
    revived = 0
    for start in range(0, len(places), BATCH):
        revived += _revive(session, places[start : start + BATCH])
    journal.write(
        session, actor, "boundaries.withdrawn", "edition", made.edition_id, import_id=made.id,
        units=len(places), revived=revived,
    )  # fmt: skip
    return revived


def _revive(session: Session, place_ids: Iterable[int]) -> int:
    """Make the newest area current that no withdrawn import brought."""
    newest = (
        select(func.max(Boundary.id))
        .join(BoundaryImport, BoundaryImport.id == Boundary.import_id)
        .where(Boundary.place_id.in_(place_ids), BoundaryImport.withdrawn_at.is_(None))
        .group_by(Boundary.place_id)
    )
    ids = session.scalars(newest).all()
    session.execute(update(Boundary).where(Boundary.id.in_(ids)).values(current=True))
    return len(ids)
