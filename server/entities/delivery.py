"""Which rows a phone carries, as a file whose hash changes only when its rows do.

A list is divided by its rule of delivery: one part for all, or one for each team, owner or set of
areas. A part is made once, kept, and made again only after a row of that part has changed; other
parts keep their bytes and their hash. Making reads the rows as a stream; what is kept is gzip.
"""

import csv
import gzip
import hashlib
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Date,
    bindparam,
    delete,
    false,
    func,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from server import clock
from server.db import table
from server.entities.models import Delivery, Entity, EntityCopy, EntityList, EntityStamp
from server.entities.writing import EVERYWHERE
from server.monitoring.models import Plan, Visit, VisitState
from server.monitoring.queries import known_on
from server.permissions import ROLES, May
from server.places.scope import inside
from server.teams.models import Grant
from server.teams.service import Carrier

ROWS_AT_ONCE = 2000
KEPT_COPIES = 3
_SENDERS = [
    role for role, rights in ROLES.items() if rights & {May.SEND_SUBMISSION, May.ENTER_RECORDS}
]


@dataclass(frozen=True)
class Scope:
    """A part of a list: its name, the parts whose stamps tell of its changes, and its rows."""

    key: str
    stamps: tuple[str, ...]
    rows: ColumnElement[bool]


NOTHING = Scope("none", (), false())
WHOLE = "whole"


@dataclass(frozen=True)
class Copy:
    """A part of a list, ready to be sent."""

    copy_id: int
    md5: str
    rows: int


@dataclass(frozen=True)
class Made:
    """A part of a list, made and not kept yet."""

    list_id: int
    scope: str
    revision: int
    content: bytes
    md5: str
    rows: int


def scope_of(session: Session, found: EntityList, phone: Carrier) -> Scope:
    """Return the part of a list that a phone carries."""
    if found.delivery is Delivery.ALL:
        return Scope(EVERYWHERE, (EVERYWHERE,), true())
    if found.delivery is Delivery.OWNER:
        key = f"owner:{phone.person_id}"
        return Scope(key, (key,), Entity.owner_id == phone.person_id)
    if found.delivery is Delivery.TEAM:
        key = f"team:{phone.team_id}"
        mine = Entity.team_id == phone.team_id
        return NOTHING if phone.team_id is None else Scope(key, (key,), mine)
    return _areas(areas_of(session, phone))


def whole(found: EntityList) -> Scope:
    """Return all of a list, whoever its rows are for: what those who try a draft carry."""
    if found.delivery is Delivery.ALL:
        return Scope(EVERYWHERE, (EVERYWHERE,), true())
    return Scope(WHOLE, (), true())


def _areas(areas: Collection[str]) -> Scope:
    """Return the part that lies in any of `areas`; one inside another is counted once."""
    every = sorted(set(areas))
    outer = [each for each in every if not any(each.startswith(f"{top}/") for top in every)]
    if not outer:
        return NOTHING
    name = hashlib.sha256("|".join(outer).encode()).hexdigest()[:32]
    stamps = tuple(f"area:{each}" for each in outer)
    return Scope(f"areas:{name}", stamps, inside(Entity.area, outer))


def areas_of(session: Session, phone: Carrier) -> list[str]:
    """Return the areas a phone is sent to: its team's visits, or, without a team, its person's."""
    if phone.team_id is not None:
        asked = {"plan": phone.plan_id, "team": phone.team_id, "today": clock.today()}
        return list(session.connection().execute(_TEAM_AREAS, asked).scalars())
    granted = select(Grant.area).where(Grant.person_id == phone.person_id, Grant.role.in_(_SENDERS))
    areas = list(session.scalars(granted))
    if "" in areas:  # the whole country: all that the plan's code list holds
        return list(session.scalars(select(Plan.edition_id).where(Plan.id == phone.plan_id)))
    return areas


def current(session: Session, found: EntityList, scope: Scope) -> Copy | None:
    """Return the copy of a part when it is still as the rows are."""
    return current_of(session, [(found, scope)]).get(found.id)


NO_STAMP = [(0, "")]
# Asked by every phone for each form at every sync, so these are put together once.
_STAMPS = (
    select(EntityStamp.list_id, func.max(EntityStamp.revision))
    .where(tuple_(EntityStamp.list_id, EntityStamp.scope).in_(bindparam("asked", expanding=True)))
    .group_by(EntityStamp.list_id)
)
_COPIES = (
    select(EntityCopy.list_id, EntityCopy.revision, EntityCopy.id, EntityCopy.md5, EntityCopy.rows)
    .where(tuple_(EntityCopy.list_id, EntityCopy.scope).in_(bindparam("asked", expanding=True)))
    .order_by(EntityCopy.revision)
)
_TEAM_AREAS = select(Visit.area).where(
    Visit.plan_id == bindparam("plan"),
    Visit.team_id == bindparam("team"),
    Visit.state != VisitState.CANCELLED,
    known_on(bindparam("today", type_=Date())),
)


def current_of(session: Session, parts: Sequence[tuple[EntityList, Scope]]) -> dict[int, Copy]:
    """Return, by list, the copies of parts that are still as the rows are: two look-ups for all."""
    connection = session.connection()
    asked = [(found.id, stamp) for found, scope in parts for stamp in scope.stamps]
    stamped = connection.execute(_STAMPS, {"asked": asked or NO_STAMP})
    stamps: dict[int, int] = {row[0]: row[1] for row in stamped}
    needed = {
        f.id: f.revision if s.key == WHOLE else max(f.shape_revision, stamps.get(f.id, 0))
        for f, s in parts
    }
    rows = connection.execute(_COPIES, {"asked": [(f.id, scope.key) for f, scope in parts]})
    return {
        list_id: Copy(copy_id, md5, count)
        for list_id, revision, copy_id, md5, count in rows
        if revision >= needed[list_id]
    }


def make(session: Session, found: EntityList, scope: Scope) -> Made:
    """Make a part of a list from its rows; `keep` stores it.

    The revision is read before the rows, so that the copy is never taken for newer than it is.
    """
    session.refresh(found)
    revision = found.revision
    digest, out, count = hashlib.md5(usedforsecurity=False), io.BytesIO(), 0
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=6, mtime=0) as packed:
        for count, piece in lines(session, found, scope):  # noqa: B007 - the last count is used
            data = piece.encode()
            digest.update(data)
            packed.write(data)
    return Made(found.id, scope.key, revision, out.getvalue(), digest.hexdigest(), count)


def lines(session: Session, found: EntityList, scope: Scope) -> Iterator[tuple[int, str]]:
    """Give a part of a list as pieces of CSV, each with the number of rows so far."""
    names = [each.name for each in found.properties]
    yield 0, _csv([["name", "label", "__version", *names]])
    query = (
        select(Entity.uuid, Entity.label, Entity.version, Entity.data)
        .where(Entity.list_id == found.id, Entity.deleted_at.is_(None), scope.rows)
        .where(*_filters(found))
        .order_by(Entity.id)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    count = 0
    for batch in session.execute(query).partitions():
        rows = [
            [uuid, label, str(version), *(data.get(name, "") for name in names)]
            for uuid, label, version, data in batch
        ]
        count += len(rows)
        yield count, _csv(rows)


def _filters(found: EntityList) -> list[ColumnElement[bool]]:
    """Return the list's conditions on values; a row without the property has the value ''."""
    return [
        func.coalesce(Entity.data[each["property"]].as_string(), "").in_(each["values"])
        for each in found.filters
    ]


def _csv(rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def keep(session: Session, made: Made) -> Copy:
    """Keep a copy; one with the same bytes as before keeps its place and is only newer."""
    columns = table(EntityCopy).c
    same = (
        (columns.list_id == made.list_id)
        & (columns.scope == made.scope)
        & (columns.md5 == made.md5)
    )
    newer = update(table(EntityCopy)).where(same).values(revision=made.revision)
    copy_id = session.execute(newer.returning(columns.id)).scalar_one_or_none()
    if copy_id is None:
        copy = EntityCopy(**made.__dict__, made_at=clock.now())
        session.add(copy)
        session.flush()
        copy_id = copy.id
        _forget_old(session, made)
    return Copy(copy_id, made.md5, made.rows)


def _forget_old(session: Session, made: Made) -> None:
    """Leave the newest copies of a part: a phone may be fetching the one its manifest named."""
    mine = (EntityCopy.list_id == made.list_id) & (EntityCopy.scope == made.scope)
    newest = session.scalars(
        select(EntityCopy.id).where(mine).order_by(EntityCopy.revision.desc()).limit(KEPT_COPIES)
    ).all()
    session.execute(delete(EntityCopy).where(mine, EntityCopy.id.not_in(newest)))


def copy_named(session: Session, found: EntityList, scope: Scope, md5: str) -> Copy | None:
    """Return the kept copy of a part that has this hash."""
    copy = session.execute(
        select(EntityCopy.id, EntityCopy.md5, EntityCopy.rows).where(
            EntityCopy.list_id == found.id, EntityCopy.scope == scope.key, EntityCopy.md5 == md5
        )
    ).one_or_none()
    return Copy(*copy) if copy is not None else None


def packed(session: Session, copy: Copy) -> bytes:
    """Return the gzip of a copy."""
    return session.scalars(select(EntityCopy.content).where(EntityCopy.id == copy.copy_id)).one()


def fates(
    session: Session,
    found: EntityList,
    scope: Scope,
    phone: Carrier | None,
    uuids: Collection[str],
) -> list[tuple[str, bool]]:
    """Return (id, gone) of the rows among `uuids` that we know, as this phone should see it.

    Without a phone, as whoever carries `scope` should.

    A row is gone when it was deleted, or has passed to others. One that we do not know is left
    out: the form that makes it is still on its way.
    """
    mine = scope.rows
    if phone is not None:
        mine = mine | (Entity.owner_id == phone.person_id)
    rows = session.execute(
        select(Entity.uuid, Entity.deleted_at, mine)
        .where(Entity.list_id == found.id, Entity.uuid.in_(uuids))
        .order_by(Entity.id)
    )
    return [(uuid, deleted_at is not None or not carried) for uuid, deleted_at, carried in rows]
