"""Many rows added, taken off or put back by a program at once: all of them or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from server import clock, journal
from server.entities import bulk, names, queries, writing
from server.entities.bulk import NewRow
from server.entities.merging import Content
from server.entities.models import Entity, EntityList
from server.entities.problems import BadId, EntityExists, LabelMissing, UnknownEntity
from server.entities.writing import Maker, Part
from server.journal import Actor


@dataclass(frozen=True)
class Given:
    """A row to be added: its id where the caller chose one, its label and values."""

    uuid: str | None
    label: str
    data: Mapping[str, object]


def create(
    session: Session, found: EntityList, given: Sequence[Given], actor: Actor, agent: str = ""
) -> None:
    """Add rows to a list, all of them or none.

    Raises:
        LabelMissing, BadId, UnknownProperty, BadValue: one cannot be a row.
        EntityExists: a row with one of the ids is there, or two are given one id.
    """
    writing.lock(session, found)
    rows = [_new_row(found, number, each) for number, each in enumerate(given, start=1)]
    _must_be_new(session, found, [row.uuid for row in rows])
    name = found.area_property
    codes = {row.content.data[name] for row in rows if name and row.content.data.get(name)}
    areas = queries.areas_of(session, found.plan_id, codes) if codes else {}
    placed_rows = [
        replace(row, part=Part(area=areas.get(row.content.data.get(name, ""), ""))) for row in rows
    ]
    bulk.add(session, found, placed_rows, Maker(actor, agent))
    journal.write(
        session, actor, "entities.created", "entity_list", found.id, found.plan_id,
        list=found.name, added=len(rows),
    )  # fmt: skip


def _new_row(found: EntityList, number: int, given: Given) -> NewRow:
    key = names.row_id(given.uuid) if given.uuid else names.new_id()
    content = Content(writing.clean_label(given.label), writing.clean_data(found, given.data))
    if not content.label:
        raise LabelMissing()
    return NewRow(number, key, content, Part())


def _must_be_new(session: Session, found: EntityList, uuids: Sequence[str]) -> None:
    seen: set[str] = set()
    for uuid in uuids:
        if uuid in seen:
            raise EntityExists(list=found.name, id=uuid)
        seen.add(uuid)
    for some in queries.chunks(uuids):
        held = select(Entity.uuid).where(Entity.list_id == found.id, Entity.uuid.in_(some))
        if (known := session.scalar(held.limit(1))) is not None:
            raise EntityExists(list=found.name, id=known)


def take_off(
    session: Session,
    found: EntityList,
    uuids: Sequence[str],
    actor: Actor,
    seen: ColumnElement[bool],
    back: bool = False,
) -> None:
    """Take rows off a list, or put them `back`; those that are there already stay as they are.

    A look-up for some hundred rows, not for each. `seen` is the condition that the caller sees a
    row.

    Raises:
        UnknownEntity: one is not on the list, or not for the caller.
    """
    writing.lock(session, found)
    keys = list(dict.fromkeys(_key(found, uuid) for uuid in uuids))
    gone_at = None if back else clock.now()
    moved: list[Entity] = []
    for some in queries.chunks(keys):
        rows = {row.uuid: row for row in session.scalars(_again(found, some).where(seen))}
        for key in some:
            if key not in rows:
                raise UnknownEntity(list=found.name, id=key)
            if (rows[key].deleted_at is None) != back:
                rows[key].deleted_at = gone_at
                moved.append(rows[key])
    session.flush()
    writing.stamp(session, found, [writing.part_of(row) for row in moved])
    for row in moved:
        journal.write(
            session, actor, f"entity.{'restored' if back else 'deleted'}", "entity", row.id,
            found.plan_id, list=found.name, uuid=row.uuid, version=row.version,
        )  # fmt: skip


def _key(found: EntityList, given: str) -> str:
    try:
        return names.row_id(given)
    except BadId:
        raise UnknownEntity(list=found.name, id=given[:60]) from None


def _again(found: EntityList, uuids: Sequence[str]) -> Select[Entity]:
    """Return the query of rows as they stand now that the list's turn is ours."""
    query = select(Entity).where(Entity.list_id == found.id, Entity.uuid.in_(uuids))
    return query.execution_options(populate_existing=True)
