"""Verbs of places: load the shipped editions, preview and import hamlets."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from server.db import count_anew, table
from server.places import hamlets, queries, sheets, shipped
from server.places.hamlets import HamletRow, Known, Preview
from server.places.models import Edition, Hamlet, Level, Place, Succession
from server.places.names import order_key, searchable
from server.places.problems import NothingToImport, OutdatedPreview, UnknownEdition
from server.places.shipped import ShippedUnit

Progress = Callable[[str], None]


def load_editions(session: Session, progress: Progress | None = None) -> int:
    """Store the shipped editions that the database does not have; return how many were new.

    `progress` is told each edition's name before its units are stored. An edition already there
    keeps its units and takes the shipped name, span and source: a new edition ends the one before.
    """
    before = None
    new = 0
    for edition in shipped.editions():
        held = session.get(Edition, edition.id)
        if held is None:
            if progress:
                progress(edition.name)
            session.add(Edition(**vars(edition)))
            session.flush()
            _store_units(session, edition.id)
            if before is not None:
                _store_successions(session, before, edition.id)
            new += 1
        else:
            for column, value in vars(edition).items():
                setattr(held, column, value)
        before = edition.id
    session.flush()
    return new


def preview_hamlets(
    session: Session, edition: str, data: bytes, file: str, under: Iterable[str] | None = None
) -> Preview:
    """Return what importing the file would store and every row it would not; store nothing.

    `under` limits the communes that may be filled to those of a person's places.

    Raises:
        UnknownEdition: there is no such edition.
        UnreadableFile, FileTooLarge, MissingHeadings, RepeatedHeading: no list can be read.
    """
    return preview_rows(session, edition, sheets.rows(data, file), file, under)


def preview_rows(
    session: Session,
    edition: str,
    rows: Sequence[sheets.Row],
    file: str,
    under: Iterable[str] | None = None,
) -> Preview:
    """Return the same of rows that are read already, each with its number for people."""
    if session.get(Edition, edition) is None:
        raise UnknownEdition(edition=edition)
    return hamlets.preview(rows, file, edition, _known(session, edition, under))


def import_hamlets(session: Session, preview: Preview) -> int:
    """Store the accepted rows of `preview`; return how many.

    Raises:
        NothingToImport: no row was accepted.
        OutdatedPreview: hamlets stored since then clash with it; nothing is stored.
    """
    if not preview.accepted:
        raise NothingToImport
    # Held until the end, so that two imports into one edition cannot both find a code free.
    if session.get(Edition, preview.edition_id, with_for_update=True) is None:
        raise UnknownEdition(edition=preview.edition_id)
    known = _known(session, preview.edition_id, under=())
    clashing = sum(bool(known.clashes(row)) for row in preview.accepted)
    if clashing:
        raise OutdatedPreview(rows=clashing)
    session.execute(insert(Hamlet), [_hamlet(row, preview) for row in preview.accepted])
    return len(preview.accepted)


def _known(session: Session, edition: str, under: Iterable[str] | None) -> Known:
    communes = (
        select(Place).where(Place.edition_id == edition, Place.level == Level.COMMUNE)
        if under is None
        else queries.communes_under(edition, *under)
    )
    chosen = session.execute(communes.with_only_columns(Place.code, Place.id, Place.name))
    known = Known({code: (place_id, name) for code, place_id, name in chosen})
    stored = select(
        Hamlet.place_id, Hamlet.code, Hamlet.name, Hamlet.valid_from, Hamlet.valid_to
    ).where(Hamlet.edition_id == edition)
    for place_id, code, name, valid_from, valid_to in session.execute(stored):
        known.add(place_id, code, name, (valid_from, valid_to), None)
    return known


def _store_units(session: Session, edition: str) -> None:
    units = shipped.units(edition)
    province = {unit.code: unit.parent_code or unit.code for unit in units if len(unit.code) < 5}
    for level in Level:  # parents first
        rows = [_place(unit, edition, province) for unit in units if Level.of(unit.code) is level]
        if rows:
            session.execute(insert(Place), rows)
            count_anew(session, table(Place))


def _place(unit: ShippedUnit, edition: str, province: dict[str, str]) -> dict[str, Any]:
    return {
        "edition_id": edition,
        "code": unit.code,
        "level": Level.of(unit.code),
        "kind": unit.kind,
        "name": unit.name,
        "parent_code": unit.parent_code or None,
        "province_code": province[unit.parent_code or unit.code],
        "folded": searchable(unit.name),
        "sort_key": order_key(unit.name.removeprefix(unit.kind).strip()),
        "latitude": unit.latitude,
        "longitude": unit.longitude,
        "area_km2": unit.area_km2,
    }


def _store_successions(session: Session, old: str, new: str) -> None:
    olds, news = _ids(session, old), _ids(session, new)
    rows = [
        {"old_id": olds[old_code], "new_id": news[new_code], "is_default": is_default}
        for old_code, new_code, is_default in shipped.links(old, new)
    ]
    session.execute(insert(Succession), rows)


def _ids(session: Session, edition: str) -> dict[str, int]:
    rows = session.execute(select(Place.code, Place.id).where(Place.edition_id == edition))
    return dict(rows.all())


def _hamlet(row: HamletRow, preview: Preview) -> dict[str, Any]:
    latitude, longitude = row.point or (None, None)
    return {
        "edition_id": preview.edition_id,
        "place_id": row.place_id,
        "code": row.code,
        "name": row.name,
        "folded": searchable(row.name),
        "sort_key": order_key(row.name),
        "latitude": latitude,
        "longitude": longitude,
        "radius_m": row.radius_m,
        "households": row.households,
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "source": preview.source,
    }
