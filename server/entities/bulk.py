"""Many rows written at once: a few statements, one stamp for each part, however many rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlalchemy.orm import Session

from server import clock
from server.db import table
from server.entities import writing
from server.entities.merging import Content
from server.entities.models import Conflict, Entity, EntityList, EntityVersion
from server.entities.queries import chunks
from server.entities.writing import Maker, Part


@dataclass(frozen=True)
class NewRow:
    """A row to be added; `row` is its number in the file it came from."""

    row: int
    uuid: str
    content: Content
    part: Part


@dataclass(frozen=True)
class ChangedRow:
    """A row to be changed: as it is, as it will be, and what was given for it.

    `differences` are (name, before, after) for people; those of owner, team and area among them.
    """

    row: int
    entity_id: int
    uuid: str
    version: int
    before: Part
    content: Content
    part: Part
    received: dict[str, str]
    differences: list[tuple[str, str, str]] = field(default_factory=list)


_ADD = insert(table(Entity)).returning(table(Entity).c.id, table(Entity).c.uuid)


def add(session: Session, found: EntityList, rows: Sequence[NewRow], maker: Maker) -> None:
    """Add rows at version 1; call after `writing.lock`."""
    now = clock.now()
    for some in chunks(rows):
        keys = {row.uuid: row for row in some}
        ids = session.execute(_ADD, [_entity(found, row, now) for row in some]).all()
        versions = [
            _version(entity_id, 1, keys[uuid].content, keys[uuid].content.flat(), None, maker, now)
            for entity_id, uuid in ids
        ]
        session.execute(insert(table(EntityVersion)), versions)
    writing.stamp(session, found, [row.part for row in rows])


def _entity(found: EntityList, row: NewRow, now: Any) -> dict[str, Any]:
    return {
        "list_id": found.id,
        "uuid": row.uuid,
        "label": row.content.label,
        "version": 1,
        "data": dict(row.content.data),
        "folded": writing.folded(row.content),
        "conflict": Conflict.NONE,
        "team_id": row.part.team_id,
        "owner_id": row.part.owner_id,
        "area": row.part.area,
        "created_at": now,
    }


def _version(
    entity_id: int,
    number: int,
    content: Content,
    received: dict[str, str],
    base: int | None,
    maker: Maker,
    now: Any,
) -> dict[str, Any]:
    return {
        "entity_id": entity_id,
        "version": number,
        "label": content.label,
        "data": dict(content.data),
        "received": received,
        "base_version": base,
        "conflict": Conflict.NONE,
        "conflicting": [],
        "forced": False,
        "via": maker.actor.via,
        "person_id": maker.actor.person_id,
        "actor": maker.actor.name,
        "agent": maker.agent,
        "created_at": now,
    }


_CHANGE = (
    update(table(Entity))
    .where(table(Entity).c.id == bindparam("which"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                "label", "version", "data", "folded", "team_id", "owner_id", "area", "updated_at"
            )
        }
    )
)  # fmt: skip


def change(session: Session, found: EntityList, rows: Sequence[ChangedRow], maker: Maker) -> None:
    """Change rows; one that only passes to others keeps its version. Call after `writing.lock`."""
    now = clock.now()
    for some in chunks(rows):
        session.execute(_CHANGE, [_changed(row, now) for row in some])
        versions = [
            _version(
                row.entity_id, row.version + 1, row.content, row.received, row.version, maker, now
            )
            for row in some
            if row.received
        ]
        if versions:
            session.execute(insert(table(EntityVersion)), versions)
    writing.stamp(session, found, [part for row in rows for part in (row.before, row.part)])
    session.expire_all()


def _changed(row: ChangedRow, now: Any) -> dict[str, Any]:
    return {
        "which": row.entity_id,
        "new_label": row.content.label,
        "new_version": row.version + 1 if row.received else row.version,
        "new_data": dict(row.content.data),
        "new_folded": writing.folded(row.content),
        "new_team_id": row.part.team_id,
        "new_owner_id": row.part.owner_id,
        "new_area": row.part.area,
        "new_updated_at": now,
    }
