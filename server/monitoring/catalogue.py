"""The programme's catalogue as it ships: read from YAML, stored once, replaceable by the office."""

import datetime as dt
import enum
from pathlib import Path
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from server import journal, text
from server.journal import Actor
from server.monitoring import catalogue_files
from server.monitoring.catalogue_files import Catalogue, ProjectLine, TableLine
from server.monitoring.models import Agency, Plan, PovertyStandard, Programme, Project, Table
from server.monitoring.problems import ProgrammeInUse, ProgrammeTwice

DATA = Path(__file__).parent / "data"
SHIPPED = DATA / "gnbv-2021-2025.yaml"


def load(session: Session, path: Path = SHIPPED) -> Programme:
    """Store what ships with the program unless it is held; return the programme of `path`.

    That is the catalogue, the names of agencies and the poverty standards. What an office has
    replaced stays as the office has it.
    """
    _load_once(session, Agency, "agencies.yaml")
    _load_once(session, PovertyStandard, "poverty.yaml")
    found = catalogue_files.read(path.read_bytes(), path.name).catalogue
    if found is None:
        raise ValueError(f"the catalogue {path.name} that ships with the program has mistakes")
    held = session.get(Programme, found.id)
    return held if held is not None else store(session, found)


def _load_once(session: Session, kind: type[Agency | PovertyStandard], name: str) -> None:
    if session.scalar(select(kind.id).limit(1)) is not None:
        return
    import yaml  # a server seldom reads it

    rows: list[dict[str, Any]] = yaml.safe_load((DATA / name).read_text(encoding="utf-8"))
    session.add_all(kind(**row) for row in rows)
    session.flush()


def store(session: Session, found: Catalogue) -> Programme:
    """Add a catalogue whose programme is not held, and return its programme."""
    programme = Programme(
        id=found.id,
        name=found.name,
        valid_from=found.valid_from,
        valid_to=found.valid_to,
        source=found.source,
    )
    session.add(programme)
    session.flush()
    session.add_all(
        Project(programme_id=programme.id, position=position, **project.as_dict())
        for position, project in enumerate(found.projects)
    )
    session.add_all(Table(programme_id=programme.id, **table.as_dict()) for table in found.tables)
    session.flush()
    return programme


class Taken(enum.Enum):
    """What became, or would become, of a catalogue that somebody loads."""

    ADDED = "added"
    SAME = "same"
    REPLACED = "replaced"


def outcome(session: Session, found: Catalogue) -> Taken:
    """Return what `take` would do.

    Raises:
        ProgrammeInUse: its programme is held with other content, and plans stand on it.
    """
    as_held = held(session, found.id)
    if as_held is None:
        return Taken.ADDED
    if as_held == found:
        return Taken.SAME
    if session.scalar(select(Plan.id).where(Plan.programme_id == found.id).limit(1)) is not None:
        raise ProgrammeInUse(programme=found.id)
    return Taken.REPLACED


def rivals(session: Session, found: Catalogue) -> list[Programme]:
    """Return the programmes of the same name under another code that hold on some of its days."""
    overlapping = select(Programme).where(
        Programme.id != found.id,
        or_(Programme.valid_to.is_(None), Programme.valid_to >= found.valid_from),
    )
    if found.valid_to is not None:
        overlapping = overlapping.where(Programme.valid_from <= found.valid_to)
    name = text.fold(found.name)
    rows = session.scalars(overlapping.order_by(Programme.valid_from, Programme.id))
    return [each for each in rows if text.fold(each.name) == name]


def take(session: Session, found: Catalogue, actor: Actor, beside: bool = False) -> Taken:
    """Store a catalogue; one whose programme is held changes nothing, or replaces it if unused.

    `beside`: somebody has said that it shall stand beside the programmes of its name.

    Raises:
        ProgrammeInUse: its programme is held with other content, and plans stand on it.
        ProgrammeTwice: its name holds on the same days under another code already.
    """
    done = outcome(session, found)
    if done is Taken.SAME:
        return done
    others = rivals(session, found)
    if others and not beside:
        raise ProgrammeTwice(
            programme=found.id, name=found.name, others=", ".join(each.id for each in others)
        )
    if done is Taken.REPLACED:
        session.execute(delete(Project).where(Project.programme_id == found.id))
        session.execute(delete(Table).where(Table.programme_id == found.id))
        session.execute(delete(Programme).where(Programme.id == found.id))
        session.expire_all()
    store(session, found)
    journal.write(
        session, actor, "programme.loaded", "programme", found.id,
        projects=len(found.projects), tables=len(found.tables), replaced=done is Taken.REPLACED,
        beside=[each.id for each in others],
    )  # fmt: skip
    return done


def held(session: Session, programme_id: str) -> Catalogue | None:
    """Return a programme as it is held, in the shape of a file; None when it is not."""
    programme = session.get(Programme, programme_id)
    if programme is None:
        return None
    projects = select(Project).where(Project.programme_id == programme_id)
    tables = select(Table).where(Table.programme_id == programme_id)
    return Catalogue(
        id=programme.id,
        name=programme.name,
        valid_from=programme.valid_from,
        valid_to=programme.valid_to,
        source=programme.source,
        projects=[
            ProjectLine(row.code, row.parent_code, row.name, row.name_en, row.lead)
            for row in session.scalars(projects.order_by(Project.position))
        ],
        tables=[
            TableLine(
                row.number, row.title, row.title_official, row.official, row.project_code,
                row.filled_by, [dict(each) for each in row.rows],
            )
            for row in session.scalars(tables.order_by(Table.id))
        ],
    )  # fmt: skip


def programme_on(session: Session, day: dt.date) -> Programme | None:
    """Return the programme whose rules hold on `day`, the newest where two overlap."""
    return session.scalar(
        select(Programme)
        .where(
            Programme.valid_from <= day,
            or_(Programme.valid_to.is_(None), Programme.valid_to >= day),
        )
        .order_by(Programme.valid_from.desc())
        .limit(1)
    )
