"""Verbs of the office and of other rooms about lists and their rows.

Every verb takes the list's turn first, so that two writers of one row never read the same
version. What filled forms ask for is in `applying`, tables of the office in `importing`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock, journal, text
from server.entities import names, queries, writing
from server.entities.merging import LABEL, Content, differences, merge
from server.entities.models import (
    Conflict,
    Delivery,
    Entity,
    EntityList,
    EntityProperty,
    EntityVersion,
)
from server.entities.placing import follow_place, placed
from server.entities.plain import add_households, refresh_lists
from server.entities.problems import (
    EntityDeleted,
    EntityExists,
    LabelMissing,
    ListExists,
    PropertyExists,
    UnknownEntity,
    VersionConflict,
)
from server.entities.writing import Maker, Part
from server.journal import Actor

__all__ = [
    "Part", "add_households", "add_list", "add_property", "assign", "change_list", "create",
    "delete", "drop_row", "ensure_list", "ensure_properties", "put_row", "refresh_lists",
    "resolve", "restore", "update",
]  # fmt: skip
NOBODY = Part()


def add_list(
    session: Session,
    plan_id: int,
    name: str,
    actor: Actor,
    *,
    title: str = "",
    properties: Iterable[str] = (),
    delivery: Delivery = Delivery.ALL,
    approval_required: bool = False,
    area_property: str = "",
) -> EntityList:
    """Add a list to a plan, and return it.

    Raises:
        BadName: the list or a property may not be called that.
        ListExists: the plan has one of that name.
    """
    names.list_name(name)
    if queries.find_list(session, plan_id, name) is not None:
        raise ListExists(name=name)
    found = EntityList(
        plan_id=plan_id,
        name=name,
        title=text.clean(title) or name,
        delivery=delivery,
        approval_required=approval_required,
        area_property=area_property,
        filters=[],
        created_at=clock.now(),
    )
    session.add(found)
    session.flush()
    journal.write(session, actor, "entity-list.added", "entity_list", found.id, plan_id, name=name)
    ensure_properties(session, found, [*properties, *filter(None, [area_property])], actor)
    return found


def ensure_list(
    session: Session,
    plan_id: int,
    name: str,
    actor: Actor,
    properties: Iterable[str] = (),
    **how: Any,
) -> EntityList:
    """Return the plan's list of that name, made if need be, with at least these properties.

    `how` is as in `add_list` and only used for a new one.
    """
    found = queries.find_list(session, plan_id, name)
    if found is None:
        return add_list(session, plan_id, name, actor, properties=properties, **how)
    ensure_properties(session, found, properties, actor)
    return found


def add_property(session: Session, found: EntityList, name: str, actor: Actor) -> EntityProperty:
    """Add a property to a list.

    Raises:
        BadName: it may not be called that.
        PropertyExists: the list has it, perhaps in other letters.
    """
    names.property_name(name)
    if any(each.folded == name.lower() for each in found.properties):
        raise PropertyExists(name=name)
    made = EntityProperty(name=name, folded=name.lower(), created_at=clock.now())
    found.properties.append(made)
    writing.lock(session, found, shape=True)
    journal.write(
        session, actor, "entity-list.property-added", "entity_list", found.id, found.plan_id,
        name=name,
    )  # fmt: skip
    return made


def ensure_properties(
    session: Session, found: EntityList, wanted: Iterable[str], actor: Actor
) -> None:
    """Add those of `wanted` that the list lacks.

    Raises:
        BadName: one may not be called that.
        PropertyExists: the list has one only in other letters.
    """
    held = {each.name for each in found.properties}
    for name in dict.fromkeys(wanted):
        if name not in held:
            add_property(session, found, name, actor)


def change_list(
    session: Session,
    found: EntityList,
    actor: Actor,
    *,
    title: str | None = None,
    delivery: Delivery | None = None,
    approval_required: bool | None = None,
    area_property: str | None = None,
    filters: Sequence[Mapping[str, Any]] | None = None,
) -> None:
    """Change what a list is called or whose phones carry its rows; None leaves a thing as it is.

    Every phone's copy is made anew. `filters`: see `EntityList`.

    Raises:
        UnknownProperty: `area_property` or a filter names none of the list's.
    """
    writing.lock(session, found, shape=True)
    wanted = [each["property"] for each in filters or ()] + [area_property or ""]
    writing.clean_data(found, dict.fromkeys(filter(None, wanted), ""))
    if filters is not None:
        found.filters = [
            {"property": each["property"], "values": [str(v) for v in each["values"]]}
            for each in filters
        ]
    if title is not None:
        found.title = text.clean(title) or found.name
    if delivery is not None:
        found.delivery = delivery
    if approval_required is not None:
        found.approval_required = approval_required
    if area_property is not None:
        found.area_property = area_property
    session.flush()
    journal.write(
        session, actor, "entity-list.changed", "entity_list", found.id, found.plan_id,
        delivery=found.delivery.value, approval_required=found.approval_required,
        area_property=found.area_property, filters=len(found.filters),
    )  # fmt: skip


def create(
    session: Session,
    found: EntityList,
    label: str,
    data: Mapping[str, object],
    actor: Actor,
    *,
    uuid: str | None = None,
    part: Part = NOBODY,
    agent: str = "",
) -> Entity:
    """Add a row to a list, and return it. `part` says whose it is.

    Raises:
        LabelMissing, BadId, UnknownProperty, BadValue: it cannot be a row.
        EntityExists: a row with this id is there, perhaps deleted.
    """
    key = names.row_id(uuid) if uuid else names.new_id()
    content = Content(writing.clean_label(label), writing.clean_data(found, data))
    if not content.label:
        raise LabelMissing()
    writing.lock(session, found)
    if writing.fresh(session, found, key) is not None:
        raise EntityExists(list=found.name, id=key)
    part = placed(session, found, content, part)
    made = writing.add(session, found, key, content, Maker(actor, agent), part)
    entity = session.get_one(Entity, made.entity_id)
    _tell(session, found, entity, actor, "created")
    return entity


def update(
    session: Session,
    entity: Entity,
    actor: Actor,
    *,
    label: str | None = None,
    data: Mapping[str, object] | None = None,
    base_version: int | None = None,
    force: bool = False,
    settle: bool = False,
    agent: str = "",
) -> EntityVersion:
    """Change a row: only what is given; return its new version.

    `base_version` is the version that the caller looked at; with `force`, or without one, the
    change is made whatever the version. `settle` also ends a conflict.

    Raises:
        VersionConflict: the row is at another version.
        EntityDeleted: it was deleted.
        LabelMissing, UnknownProperty, BadValue: it could not be a row afterwards.
    """
    found, entity = _turn(session, entity)
    if entity.deleted_at is not None:
        raise EntityDeleted(list=found.name, id=entity.uuid)
    if base_version is not None and not force and base_version != entity.version:
        raise VersionConflict(current=entity.version, given=base_version)
    received = writing.clean_data(found, data or {})
    if label is not None:
        received[LABEL] = writing.clean_label(label)
        if not received[LABEL]:
            raise LabelMissing()
    made = _change(session, found, entity, received, Maker(actor, agent))
    if settle:
        entity.conflict = Conflict.NONE
        session.flush()
    _tell(session, found, entity, actor, "updated")
    return made


def _turn(session: Session, entity: Entity) -> tuple[EntityList, Entity]:
    """Take the turn of a row's list, and return both as they then stand."""
    found = session.get_one(EntityList, entity.list_id)
    writing.lock(session, found)
    now = writing.fresh(session, found, entity.uuid)
    if now is None:
        raise UnknownEntity(list=found.name, id=entity.uuid)
    return found, now


def _change(
    session: Session, found: EntityList, entity: Entity, received: dict[str, str], maker: Maker
) -> EntityVersion:
    merged = merge(writing.content_of(entity), None, received)
    base = entity.version
    follow_place(session, found, entity, merged.content)
    return writing.change(session, found, entity, merged, maker, received, base)


def put_row(
    session: Session,
    found: EntityList,
    uuid: str,
    label: str,
    data: Mapping[str, object],
    actor: Actor,
    *,
    part: Part | None = None,
) -> Entity:
    """Make sure that a row stands in the list like this, and return it.

    For rooms that keep a list in step with rows of their own: the row is created, restored,
    changed or left alone. `uuid` comes from `names.stable_id`; without `part` it keeps its own.

    Raises:
        LabelMissing, BadId, UnknownProperty, BadValue: it cannot be a row.
    """
    entity = writing.fresh(session, found, names.row_id(uuid))
    if entity is None:
        return create(session, found, label, data, actor, uuid=uuid, part=part or NOBODY)
    if entity.deleted_at is not None:
        restore(session, entity, actor)
    wanted = Content(writing.clean_label(label), {**entity.data, **writing.clean_data(found, data)})
    if differences(writing.content_of(entity), wanted):
        update(session, entity, actor, label=label, data=data)
    if part is not None:
        assign(session, [entity], part, actor)
    return entity


def drop_row(session: Session, found: EntityList, uuid: str, actor: Actor) -> None:
    """Make sure that no row with this id stands in the list."""
    entity = writing.fresh(session, found, names.row_id(uuid))
    if entity is not None:
        delete(session, entity, actor)


def delete(session: Session, entity: Entity, actor: Actor) -> None:
    """Take a row off the list; phones forget it, its versions stay."""
    found, now = _turn(session, entity)
    if now.deleted_at is not None:
        return
    now.deleted_at = clock.now()
    session.flush()
    writing.stamp(session, found, [writing.part_of(now)])
    _tell(session, found, now, actor, "deleted")


def restore(session: Session, entity: Entity, actor: Actor) -> None:
    """Put a deleted row back on the list."""
    found, now = _turn(session, entity)
    if now.deleted_at is None:
        return
    now.deleted_at = None
    session.flush()
    writing.stamp(session, found, [writing.part_of(now)])
    _tell(session, found, now, actor, "restored")


def assign(session: Session, entities: Sequence[Entity], part: Part, actor: Actor) -> int:
    """Give rows of one list to a team, an owner and an area; return how many changed hands.

    Where the list has an area property, the row's own code goes before `part.area`.
    """
    if not entities:
        return 0
    found = session.get_one(EntityList, entities[0].list_id)
    writing.lock(session, found)
    moved: list[Part] = []
    changed = 0
    for entity in _again(session, found, entities):
        before = writing.part_of(entity)
        after = placed(session, found, writing.content_of(entity), part)
        if after == before:
            continue
        entity.team_id, entity.owner_id, entity.area = after.team_id, after.owner_id, after.area
        moved += [before, after]
        changed += 1
    session.flush()
    writing.stamp(session, found, moved)
    if changed:
        journal.write(
            session, actor, "entity.assigned", "entity_list", found.id, found.plan_id,
            rows=changed, team=part.team_id, owner=part.owner_id,
        )  # fmt: skip
    return changed


def _again(session: Session, found: EntityList, entities: Sequence[Entity]) -> Sequence[Entity]:
    """Return rows as they stand now that the list's turn is ours."""
    return session.scalars(
        select(Entity)
        .where(Entity.list_id == found.id, Entity.id.in_([each.id for each in entities]))
        .execution_options(populate_existing=True)
    ).all()


def resolve(session: Session, entity: Entity, actor: Actor) -> None:
    """Say that a conflict was looked at and the row is right as it stands."""
    found, now = _turn(session, entity)
    if now.conflict is Conflict.NONE:
        return
    now.conflict = Conflict.NONE
    session.flush()
    _tell(session, found, now, actor, "resolved")


def _tell(session: Session, found: EntityList, entity: Entity, actor: Actor, verb: str) -> None:
    journal.write(
        session, actor, f"entity.{verb}", "entity", entity.id, found.plan_id,
        list=found.name, uuid=entity.uuid, version=entity.version,
    )  # fmt: skip
