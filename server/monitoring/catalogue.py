"""The programme's catalogue as it ships: read from YAML, stored once, replaceable by the office."""

from pathlib import Path
from typing import Any

import yaml
from sqlalchemy.orm import Session

from server.monitoring.models import Programme, Project, Table

SHIPPED = Path(__file__).parent / "data" / "gnbv-2021-2025.yaml"


def load(session: Session, path: Path = SHIPPED) -> Programme:
    """Store the catalogue of `path` unless its programme is held; return the programme."""
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    held = session.get(Programme, data["programme"]["id"])
    if held is not None:
        return held
    programme = Programme(**data["programme"])
    session.add(programme)
    session.flush()
    session.add_all(
        Project(programme_id=programme.id, position=position, **project)
        for position, project in enumerate(data["projects"])
    )
    session.add_all(Table(programme_id=programme.id, **table) for table in data["tables"])
    session.flush()
    return programme
