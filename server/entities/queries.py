"""Questions about lists and their rows; nothing here writes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, bindparam, func, select
from sqlalchemy.orm import Session, aliased, joinedload, lazyload

from server import text
from server.entities import merging
from server.entities.models import (
    Conflict,
    Entity,
    EntityList,
    EntityRequest,
    EntityVersion,
    RequestState,
)
from server.entities.names import row_id
from server.entities.problems import BadId, UnknownEntity, UnknownList, UnknownVersion
from server.entities.writing import content_of
from server.monitoring.models import Plan
from server.places.models import Hamlet, Place
from server.places.scope import covers, inside
from server.problems import NotFound

T = TypeVar("T")
AT_ONCE = 500
OPEN_STATES = (RequestState.FAILED, RequestState.HELD, RequestState.AWAITING)


def lists(session: Session, plan_id: int) -> Sequence[EntityList]:
    """Return the lists of a plan with their properties, by name."""
    return session.scalars(
        select(EntityList).where(EntityList.plan_id == plan_id).order_by(EntityList.name)
    ).all()


def find_list(session: Session, plan_id: int, name: str) -> EntityList | None:
    """Return a list of a plan by its name, or None."""
    return session.scalar(
        select(EntityList).where(EntityList.plan_id == plan_id, EntityList.name == name)
    )


# Asked by every phone for each form at every sync, so it is put together once.
_NAMED = (
    select(EntityList)
    .where(
        EntityList.plan_id == bindparam("plan"),
        EntityList.name.in_(bindparam("names", expanding=True)),
    )
    .options(lazyload(EntityList.properties))
)


def lists_named(session: Session, plan_id: int, names: Sequence[str]) -> Sequence[EntityList]:
    """Return those lists of a plan that have one of these names; properties only when read."""
    return session.scalars(_NAMED, {"plan": plan_id, "names": list(names)}).all()


def list_named(session: Session, plan_id: int, name: str) -> EntityList:
    """Return a list of a plan by its name.

    Raises:
        UnknownList: there is none.
    """
    found = find_list(session, plan_id, name)
    if found is None:
        raise UnknownList(name=name[:100])
    return found


def list_seen(
    session: Session, list_id: int, areas: Iterable[str]
) -> tuple[EntityList, Plan, ColumnElement[bool]]:
    """Return a list, its plan, and which of its rows holders of `areas` may see.

    Whoever holds the whole plan sees every row; others those that lie inside their areas.

    Raises:
        NotFound: no such list, or its plan is out of their sight.
    """
    found = session.get(EntityList, list_id)
    plan = session.get(Plan, found.plan_id) if found else None
    held = list(areas)
    if found is None or plan is None:
        raise NotFound()
    if covers(held, plan.area):
        return found, plan, Entity.list_id == found.id
    if not any(covers([plan.area], area) for area in held):
        raise NotFound()
    return found, plan, (Entity.list_id == found.id) & inside(Entity.area, held)


def row(session: Session, found: EntityList, uuid: str) -> Entity:
    """Return a row of a list by its id, deleted or not.

    Raises:
        UnknownEntity: there is none.
    """
    try:
        key = row_id(uuid)
    except BadId:
        raise UnknownEntity(list=found.name, id=uuid[:60]) from None
    entity = session.scalar(select(Entity).where(Entity.list_id == found.id, Entity.uuid == key))
    if entity is None:
        raise UnknownEntity(list=found.name, id=key)
    return entity


def matching(
    query: Select[int], *, search: str = "", conflict: bool = False, deleted: bool = False
) -> Select[int]:
    """Narrow a query of row ids: by words without marks, to those in conflict, to deleted ones."""
    query = query.where(Entity.deleted_at.is_not(None) if deleted else Entity.deleted_at.is_(None))
    if conflict:
        query = query.where(Entity.conflict.in_([Conflict.SOFT, Conflict.HARD]))
    for word in text.fold(search).split():
        query = query.where(Entity.folded.contains(word, autoescape=True))
    return query


def rows(session: Session, ids: Sequence[int]) -> Sequence[Entity]:
    """Return the rows with these keys, owners and teams loaded, newest first."""
    return session.scalars(
        select(Entity)
        .where(Entity.id.in_(ids))
        .order_by(Entity.id.desc())
        .options(joinedload(Entity.team).lazyload("*"), joinedload(Entity.owner).lazyload("*"))
    ).all()


def with_versions() -> Select[Any, Any, Any]:
    """Return the query of rows with their newest version and who added them, without an order."""
    newest, first = aliased(EntityVersion), aliased(EntityVersion)
    return (
        select(Entity, newest, first.person_id)
        .join(newest, (newest.entity_id == Entity.id) & (newest.version == Entity.version))
        .join(first, (first.entity_id == Entity.id) & (first.version == 1))
    )


def versions(session: Session, entity: Entity) -> Sequence[EntityVersion]:
    """Return every version of a row, the newest first."""
    return session.scalars(
        select(EntityVersion)
        .where(EntityVersion.entity_id == entity.id)
        .order_by(EntityVersion.version.desc())
    ).all()


def version(session: Session, entity: Entity, number: int | None) -> EntityVersion:
    """Return one version of a row.

    Raises:
        UnknownVersion: the row never had it.
    """
    found = session.scalar(
        select(EntityVersion).where(
            EntityVersion.entity_id == entity.id, EntityVersion.version == number
        )
    )
    if found is None:
        raise UnknownVersion(id=entity.uuid, version=number)
    return found


def diffs(found: Sequence[EntityVersion]) -> list[list[tuple[str, str, str]]]:
    """Return (name, before, after) of what each of these versions changed, in their order."""
    by_number = {each.version: each for each in found}
    return [
        merging.differences(
            content_of(before) if (before := by_number.get(each.version - 1)) else None,
            content_of(each),
        )
        for each in found
    ]


@dataclass(frozen=True)
class Figures:
    """What stands in a list."""

    rows: int = 0
    conflicts: int = 0
    deleted: int = 0


def figures(session: Session, list_ids: Sequence[int]) -> dict[int, Figures]:
    """Return the figures of several lists in one look-up; a list without rows is missing."""
    here = Entity.deleted_at.is_(None)
    counted = session.execute(
        select(
            Entity.list_id,
            func.count().filter(here),
            func.count().filter(here, Entity.conflict.in_([Conflict.SOFT, Conflict.HARD])),
            func.count().filter(Entity.deleted_at.is_not(None)),
        )
        .where(Entity.list_id.in_(list_ids))
        .group_by(Entity.list_id)
    )
    return {each[0]: Figures(*each[1:]) for each in counted}


def requests(plan_id: int, state: RequestState | None = None) -> Select[int]:
    """Return the query of a plan's requests that somebody should look at, without an order."""
    query = select(EntityRequest.id).where(EntityRequest.plan_id == plan_id)
    if state is not None:
        return query.where(EntityRequest.state == state)
    return query.where(EntityRequest.state.in_(OPEN_STATES))


def request_counts(session: Session, plan_id: int) -> dict[RequestState, int]:
    """Return how many requests of a plan are in each state."""
    counted = session.execute(
        select(EntityRequest.state, func.count())
        .where(EntityRequest.plan_id == plan_id)
        .group_by(EntityRequest.state)
    )
    return {each[0]: each[1] for each in counted}


def request_rows(session: Session, ids: Sequence[int]) -> Sequence[EntityRequest]:
    """Return the requests with these keys, newest first."""
    return session.scalars(
        select(EntityRequest).where(EntityRequest.id.in_(ids)).order_by(EntityRequest.id.desc())
    ).all()


def rows_asked(session: Session, found: Iterable[EntityRequest]) -> dict[str, Entity]:
    """Return the rows that requests of one plan are about, by their ids; some may not exist."""
    asked = list(found)
    if not asked:
        return {}
    rows = session.scalars(
        select(Entity)
        .join(EntityList, EntityList.id == Entity.list_id)
        .where(
            EntityList.plan_id == asked[0].plan_id,
            Entity.uuid.in_({each.uuid for each in asked}),
        )
    )
    return {row.uuid: row for row in rows}


def area_of(session: Session, plan_id: int, code: str) -> str | None:
    """Return the area of a place or hamlet by its code in the plan's code list, or None."""
    return areas_of(session, plan_id, [code]).get(code)


def areas_of(session: Session, plan_id: int, codes: Iterable[str]) -> dict[str, str]:
    """Return the areas of places and hamlets by their codes; a place goes before a hamlet."""
    edition = select(Plan.edition_id).where(Plan.id == plan_id).scalar_subquery()
    places = select(Place, Place.code).where(Place.edition_id == edition)
    hamlets = (
        select(Place, Hamlet.code)
        .join(Hamlet, Hamlet.place_id == Place.id)
        .where(Hamlet.edition_id == edition)
    )
    found: dict[str, str] = {}
    for some in chunks(sorted(set(codes))):
        for query, column in ((hamlets, Hamlet.code), (places, Place.code)):
            for place, code in session.execute(query.where(column.in_(some))):
                found[code] = place.area
    return found


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Give a sequence in pieces that a statement can carry."""
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]
