"""Tables from the office: what they would change, row by row, and then the change, whole or not.

The columns are those of a list's own download: `name` (the row's id), `label`, `__version`, the
properties, and `__team`, `__owner`, `__area` for whose the row is. A column that is not there
leaves things as they are; an empty cell empties. With `__version`, what others changed since that
version is not undone: only the cells that differ from it count, and where both changed the same
cell the row is set aside as a conflict.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import journal
from server.entities import bulk, names, queries, service, writing
from server.entities.bulk import ChangedRow, NewRow
from server.entities.merging import LABEL, Content, clashes, differences
from server.entities.models import Entity, EntityList, EntityVersion
from server.entities.problems import (
    EntityDeleted,
    KeyNotUnique,
    LabelMissing,
    ListChanged,
    RowTwice,
    UnknownArea,
    UnknownOwner,
    UnknownTeam,
    UnknownVersion,
)
from server.entities.tables import Given, Table, read
from server.entities.writing import Maker, Part
from server.journal import Actor
from server.problems import Problem
from server.teams.models import Person, Team


@dataclass(frozen=True)
class Rejected:
    """A row that cannot be used, and why."""

    row: int
    problems: list[Problem]


@dataclass(frozen=True)
class Clash:
    """A row whose cells others changed too: (name, as it was, as it is, as the table wants it)."""

    change: ChangedRow
    cells: list[tuple[str, str, str, str]]


@dataclass
class Preview:
    """What a table would do to a list at `revision`; nothing of it is stored."""

    source: str
    revision: int
    new_properties: list[str]
    unused: list[str]
    added: list[NewRow] = field(default_factory=list)
    changed: list[ChangedRow] = field(default_factory=list)
    conflicts: list[Clash] = field(default_factory=list)
    unchanged: int = 0
    rejected: list[Rejected] = field(default_factory=list)


@dataclass(frozen=True)
class Applied:
    """How many rows a table added and changed."""

    added: int
    changed: int


def preview(
    session: Session,
    found: EntityList,
    data: bytes,
    source: str,
    key: str = "",
    add_properties: bool = False,
) -> Preview:
    """Return what a table (.csv, .xlsx) would do to a list.

    `key` is a property by which rows without a `name` are known, e.g. the office's own code.

    Raises:
        UnreadableFile, FileTooLarge: it is no table that can be read.
        NoColumns, HeadingTwice: its headings do not say which rows are meant.
    """
    session.refresh(found)
    table = read(data, source, [each.name for each in found.properties], key, add_properties)
    result = Preview(source, found.revision, table.new_properties, table.unused)
    _Comparison(session, found, table, result).run()
    return result


def apply(
    session: Session, found: EntityList, seen: Preview, actor: Actor, overwrite: bool = False
) -> Applied:
    """Do what a preview showed, all of it or nothing; with `overwrite`, its conflicts too.

    Raises:
        ListChanged: rows changed since the preview.
    """
    if writing.lock(session, found) != seen.revision + 1:
        raise ListChanged()
    service.ensure_properties(session, found, seen.new_properties, actor)
    maker = Maker(actor)
    changed = [*seen.changed, *(clash.change for clash in seen.conflicts if overwrite)]
    if seen.added:
        bulk.add(session, found, seen.added, maker)
    if changed:
        bulk.change(session, found, changed, maker)
    journal.write(
        session, actor, "entities.imported", "entity_list", found.id, found.plan_id,
        list=found.name, added=len(seen.added), changed=len(changed),
        conflicts=len(seen.conflicts), rejected=len(seen.rejected), overwrite=overwrite,
    )  # fmt: skip
    return Applied(len(seen.added), len(changed))


class _Comparison:
    """A table beside its list: each row is added, changed, unchanged, in conflict or rejected."""

    def __init__(self, session: Session, found: EntityList, table: Table, result: Preview) -> None:
        self.session = session
        self.found = found
        self.table = table
        self.result = result
        self.first_row: dict[str, int] = {}
        self.properties = {each.name for each in found.properties} | set(table.new_properties)

    def run(self) -> None:
        """Compare every row."""
        self._look_up_whose()
        self._look_up_keys()
        usable = [given for given in self.table.rows if self._is_usable(given)]
        wanted = [uuid for given in usable if (uuid := self._uuid(given))]
        self.rows = {row.uuid: row for row in self._entities(wanted)}
        self.bases = self._bases(usable)
        self.codes = self._codes(usable)
        for given in usable:
            try:
                self._place(given)
            except Problem as problem:
                self._reject(given, problem)
        self.result.rejected.sort(key=lambda each: each.row)

    def _look_up_whose(self) -> None:
        given = self.table.rows
        teams = select(Team.name, Team.id).where(Team.plan_id == self.found.plan_id)
        self.teams = dict(self.session.execute(teams).all())
        self.team_names = {team_id: name for name, team_id in self.teams.items()}
        emails = sorted({each.owner.lower() for each in given if each.owner})
        self.people: dict[str, int] = {}
        for some in queries.chunks(emails):
            rows = select(Person.email, Person.id).where(func.lower(Person.email).in_(some))
            for email, person_id in self.session.execute(rows):
                self.people[(email or "").lower()] = person_id
        places = {each.area for each in given if each.area}
        self.places = queries.areas_of(self.session, self.found.plan_id, places)

    def _look_up_keys(self) -> None:
        """Find which rows of the list the keys of the table name."""
        self.by_key: dict[str, str] = {}
        self.shared: Counter[str] = Counter()
        if not self.table.key:
            return
        value = func.coalesce(Entity.data[self.table.key].as_string(), "")
        rows = select(value, Entity.uuid).where(
            Entity.list_id == self.found.id, Entity.deleted_at.is_(None)
        )
        asked = {given.key for given in self.table.rows}
        for held, uuid in self.session.execute(rows.execution_options(yield_per=2000)):
            if held in asked:
                self.by_key[held] = uuid
                self.shared[held] += 1

    def _uuid(self, given: Given) -> str | None:
        return given.uuid or self.by_key.get(given.key)

    def _is_usable(self, given: Given) -> bool:
        """Tell whether a row can be looked at further; if not, say why."""
        problems = list(given.problems)
        identity = self._uuid(given) or given.key
        first = self._seen_before(identity, given.row) if identity else None
        if first is not None:
            problems.append(RowTwice(first=first, key=given.uuid or given.key))
        if not given.uuid and self.shared[given.key] > 1:
            problems.append(KeyNotUnique(key=given.key))
        if given.label == "" or (given.label is None and not self._uuid(given)):
            problems.append(LabelMissing())
        problems += self._whose_problems(given)
        if problems:
            self.result.rejected.append(Rejected(given.row, problems))
        return not problems

    def _seen_before(self, identity: str, row: int) -> int | None:
        first = self.first_row.setdefault(identity, row)
        return first if first != row else None

    def _whose_problems(self, given: Given) -> Iterable[Problem]:
        if given.team and given.team not in self.teams:
            yield UnknownTeam(name=given.team)
        if given.owner and given.owner.lower() not in self.people:
            yield UnknownOwner(email=given.owner)
        if given.area and given.area not in self.places:
            yield UnknownArea(place=given.area)

    def _entities(self, uuids: Sequence[str]) -> Iterable[Entity]:
        for some in queries.chunks(list(uuids)):
            yield from self.session.scalars(
                select(Entity).where(Entity.list_id == self.found.id, Entity.uuid.in_(some))
            )

    def _bases(self, usable: Sequence[Given]) -> dict[tuple[int, int], Content]:
        """Return the older versions that rows of the table were made from."""
        wanted = {
            (row.id, given.version)
            for given in usable
            if given.version is not None
            and (row := self.rows.get(self._uuid(given) or "")) is not None
            and given.version < row.version
        }
        found: dict[tuple[int, int], Content] = {}
        for some in queries.chunks(sorted({entity_id for entity_id, _ in wanted})):
            query = select(EntityVersion).where(EntityVersion.entity_id.in_(some))
            for each in self.session.scalars(query.execution_options(yield_per=2000)):
                if (each.entity_id, each.version) in wanted:
                    found[each.entity_id, each.version] = writing.content_of(each)
        return found

    def _codes(self, usable: Sequence[Given]) -> dict[str, str]:
        name = self.found.area_property
        codes = {given.values[name] for given in usable if given.values.get(name)}
        return queries.areas_of(self.session, self.found.plan_id, codes) if name else {}

    def _reject(self, given: Given, problem: Problem) -> None:
        self.result.rejected.append(Rejected(given.row, [problem]))

    def _place(self, given: Given) -> None:
        uuid = self._uuid(given)
        entity = self.rows.get(uuid) if uuid else None
        if entity is None:
            self._add(given, uuid or names.new_id())
        elif entity.deleted_at is not None:
            raise EntityDeleted(list=self.found.name, id=entity.uuid)
        elif given.version is not None and not 1 <= given.version <= entity.version:
            raise UnknownVersion(id=entity.uuid, version=given.version)
        else:
            self._change(given, entity)

    def _add(self, given: Given, uuid: str) -> None:
        content = Content(given.label or "", given.values)
        if not content.label:
            raise LabelMissing()
        part = self._part(given, Part(), content.data)
        self.result.added.append(NewRow(given.row, uuid, content, part))

    def _change(self, given: Given, entity: Entity) -> None:
        now = writing.content_of(entity)
        wanted = {**given.values, **({LABEL: given.label} if given.label else {})}
        base = self.bases.get((entity.id, given.version)) if given.version else None
        then = (base or now).flat()
        wanted = {name: value for name, value in wanted.items() if value != then.get(name, "")}
        clashing = clashes(now, base, wanted) if base else []
        current = now.flat()
        received = {n: v for n, v in wanted.items() if v != current.get(n, "")}
        change = self._changed(given, entity, received)
        if clashing:
            cells = [(n, then.get(n, ""), current.get(n, ""), wanted[n]) for n in clashing]
            self.result.conflicts.append(Clash(change, cells))
        elif change.differences:
            self.result.changed.append(change)
        else:
            self.result.unchanged += 1

    def _changed(self, given: Given, entity: Entity, received: dict[str, str]) -> ChangedRow:
        now = writing.content_of(entity)
        data = {**now.data, **{n: v for n, v in received.items() if n != LABEL}}
        content = Content(received.get(LABEL) or now.label, data)
        before = writing.part_of(entity)
        code_is_new = self.found.area_property in received
        part = self._part(given, before, data if code_is_new else {})
        return ChangedRow(
            given.row, entity.id, entity.uuid, entity.version, before, content, part, received,
            [*differences(now, content), *self._handed_over(before, part, given)],
        )  # fmt: skip

    def _part(self, given: Given, before: Part, data: Mapping[str, str]) -> Part:
        """Return whose a row will be; its own code goes before the column `__area`.

        Raises:
            UnknownArea: its code is none of the plan's code list.
        """
        team = before.team_id if given.team is None else self.teams.get(given.team)
        email = None if given.owner is None else given.owner.lower()
        owner = before.owner_id if email is None else self.people.get(email)
        area = before.area if given.area is None else self.places.get(given.area, "")
        code = data.get(self.found.area_property, "") if self.found.area_property else ""
        if code and code not in self.codes:
            raise UnknownArea(place=code)
        return Part(team, owner, self.codes[code] if code else area)

    def _handed_over(
        self, before: Part, after: Part, given: Given
    ) -> Iterable[tuple[str, str, str]]:
        if before.team_id != after.team_id:
            old = self.team_names.get(before.team_id or 0, "")
            yield "__team", old, self.team_names.get(after.team_id or 0, "")
        if before.owner_id != after.owner_id:
            yield "__owner", self._email(before.owner_id), given.owner or ""
        if before.area != after.area:
            yield "__area", before.area.rpartition("/")[2], after.area.rpartition("/")[2]

    def _email(self, person_id: int | None) -> str:
        person = self.session.get(Person, person_id) if person_id is not None else None
        return (person.email or person.name) if person is not None else ""
