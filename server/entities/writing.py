"""How a row and its versions are written: under the list's lock, stamped for the phones.

Below `service`, `applying` and `importing`, which decide; here is only how it is kept.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from server import clock, text
from server.db import table
from server.entities.merging import Content, Merged
from server.entities.models import (
    Conflict,
    Delivery,
    Entity,
    EntityList,
    EntityStamp,
    EntityVersion,
)
from server.entities.problems import BadValue, UnknownProperty
from server.journal import Actor

LONGEST_VALUE = 65_536
LONGEST_LABEL = 500
FOLDED = 2000
EVERYWHERE = "all"


@dataclass(frozen=True)
class Part:
    """Whose a row is: its team, its owner, the area it lies in; '' is nowhere in particular."""

    team_id: int | None = None
    owner_id: int | None = None
    area: str = ""


@dataclass(frozen=True)
class Maker:
    """Who made a version, with which program, and by which filled form."""

    actor: Actor
    agent: str = ""
    submission_id: int | None = None


@dataclass(frozen=True)
class Branch:
    """A phone's own numbering while offline: where it left ours, where it stood before."""

    branch_id: str
    trunk_version: int | None
    base_version: int | None


def part_of(entity: Entity) -> Part:
    """Return whose a row is now."""
    return Part(entity.team_id, entity.owner_id, entity.area)


def content_of(row: Entity | EntityVersion) -> Content:
    """Return what a row or a version of it says."""
    return Content(row.label, row.data)


_LOCK = update(table(EntityList)).returning(
    table(EntityList).c.revision, table(EntityList).c.delivery, table(EntityList).c.area_property
)


def lock(session: Session, found: EntityList, shape: bool = False) -> int:
    """Take the list's turn to write, until the transaction ends; return its new revision.

    `shape`: what is written concerns every row as phones get it.
    """
    columns = table(EntityList).c
    values: dict[str, Any] = {"revision": columns.revision + 1}
    if shape:
        values["shape_revision"] = columns.revision + 1
    session.flush()
    row = session.execute(_LOCK.where(columns.id == found.id).values(values)).one()
    for name, value in zip(("revision", "delivery", "area_property"), row, strict=True):
        set_committed_value(found, name, value)
    if shape:
        set_committed_value(found, "shape_revision", row[0])
    return int(row[0])


def fresh(session: Session, found: EntityList, uuid: str) -> Entity | None:
    """Return a row as it stands in the database now, deleted or not; call after `lock`."""
    return session.scalar(
        select(Entity)
        .where(Entity.list_id == found.id, Entity.uuid == uuid)
        .execution_options(populate_existing=True)
    )


def scopes(delivery: Delivery, part: Part) -> list[str]:
    """Return the parts of a list that a row belongs to, under the list's rule of delivery.

    >>> scopes(Delivery.AREA, Part(area="2024/36/359"))
    ['area:2024', 'area:2024/36', 'area:2024/36/359']
    """
    if delivery is Delivery.ALL:
        return [EVERYWHERE]
    if delivery is Delivery.TEAM:
        return [f"team:{part.team_id}"] if part.team_id is not None else []
    if delivery is Delivery.OWNER:
        return [f"owner:{part.owner_id}"] if part.owner_id is not None else []
    steps = part.area.split("/") if part.area else []
    return ["area:" + "/".join(steps[: n + 1]) for n in range(len(steps))]


def stamp(session: Session, found: EntityList, parts: Iterable[Part]) -> None:
    """Note that rows of these parts have changed at the list's revision; call after `lock`."""
    touched = sorted({scope for part in set(parts) for scope in scopes(found.delivery, part)})
    if not touched:
        return
    engine: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    insert = engine.insert(table(EntityStamp))
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["list_id", "scope"], set_={"revision": insert.excluded.revision}
        ),
        [{"list_id": found.id, "scope": each, "revision": found.revision} for each in touched],
    )


def add(
    session: Session,
    found: EntityList,
    uuid: str,
    content: Content,
    maker: Maker,
    part: Part,
    branch: Branch | None = None,
    forced: bool = False,
) -> EntityVersion:
    """Add a row at version 1; call after `lock`."""
    entity = Entity(
        list_id=found.id,
        uuid=uuid,
        label=content.label,
        version=1,
        data=dict(content.data),
        folded=folded(content),
        team_id=part.team_id,
        owner_id=part.owner_id,
        area=part.area,
        created_at=clock.now(),
    )
    session.add(entity)
    session.flush()
    made = _version(entity, content, maker, content.flat(), branch)
    made.forced = forced
    session.add(made)
    session.flush()
    stamp(session, found, [part])
    return made


def change(
    session: Session,
    found: EntityList,
    entity: Entity,
    merged: Merged,
    maker: Maker,
    received: Mapping[str, str],
    base_version: int,
    branch: Branch | None = None,
    forced: bool = False,
) -> EntityVersion:
    """Add the next version of a row; call after `lock`, with the row read after it."""
    content = merged.content
    entity.version += 1
    entity.label, entity.data = content.label, dict(content.data)
    entity.folded, entity.updated_at = folded(content), clock.now()
    if merged.conflict.rank > entity.conflict.rank:
        entity.conflict = merged.conflict
    made = _version(entity, content, maker, received, branch)
    made.base_version, made.forced = base_version, forced
    made.conflict, made.conflicting = merged.conflict, list(merged.conflicting)
    session.add(made)
    session.flush()
    stamp(session, found, [part_of(entity)])
    return made


def _version(
    entity: Entity,
    content: Content,
    maker: Maker,
    received: Mapping[str, str],
    branch: Branch | None,
) -> EntityVersion:
    return EntityVersion(
        entity_id=entity.id,
        version=entity.version,
        label=content.label,
        data=dict(content.data),
        received=dict(received),
        branch_id=branch.branch_id if branch else None,
        trunk_version=branch.trunk_version if branch else None,
        branch_base_version=branch.base_version if branch else None,
        conflict=Conflict.NONE,
        conflicting=[],
        submission_id=maker.submission_id,
        via=maker.actor.via,
        person_id=maker.actor.person_id,
        actor=maker.actor.name,
        agent=maker.agent[:200],
        created_at=clock.now(),
    )


def folded(content: Content) -> str:
    """Return what a search looks through: label and values, without marks and case."""
    return text.fold(" ".join([content.label, *map(str, content.data.values())])[:FOLDED])


def clean_label(given: str) -> str:
    """Return a label as it is kept, '' when there is none."""
    return text.clean(given.replace("\0", ""))[:LONGEST_LABEL]


def clean_data(found: EntityList, data: Mapping[str, object]) -> dict[str, str]:
    """Return values as they are kept, each under a property of the list; None is ''.

    Raises:
        UnknownProperty: the list has no such property.
        BadValue: not text, or too long.
    """
    known = {each.name for each in found.properties}
    return {name: _value(found, name, value, known) for name, value in data.items()}


def _value(found: EntityList, name: str, value: object, known: set[str]) -> str:
    if name not in known:
        raise UnknownProperty(list=found.name, name=name[:100])
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST_VALUE:
        raise BadValue(name=name, longest=LONGEST_VALUE)
    return unicodedata.normalize("NFC", value.replace("\0", ""))
