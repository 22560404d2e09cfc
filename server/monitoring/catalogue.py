"""The programme's catalogue as it ships: read from YAML, stored once, replaceable by the office."""

import datetime as dt
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.monitoring import catalogue_files
from server.monitoring.catalogue_files import Catalogue
from server.monitoring.models import Agency, PovertyStandard, Programme, Project, Table

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


def programme_on(session: Session, day: dt.date) -> Programme | None:
    """Return the programme whose rules hold on `day`, the newest where two overlap."""
    return session.scalar(
        select(Programme)
        .where(
            Programme.valid_from <= day,
            (Programme.valid_to.is_(None)) | (Programme.valid_to >= day),
        )
        .order_by(Programme.valid_from.desc())
        .limit(1)
    )
