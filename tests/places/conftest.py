"""A database that holds the shipped editions; what a test adds is taken back after it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from server.db import Model, prepare
from server.places import service


@pytest.fixture(scope="session")
def places_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    path: Path = tmp_path_factory.mktemp("places") / "places.sqlite3"
    engine = create_engine(f"sqlite:///{path}")
    prepare(engine)
    Model.metadata.create_all(engine)
    with Session(engine) as session:
        service.load_editions(session)
        session.commit()
    yield engine
    engine.dispose()


@pytest.fixture
def session(places_engine: Engine) -> Iterator[Session]:
    with Session(places_engine) as session:
        yield session
        session.rollback()
