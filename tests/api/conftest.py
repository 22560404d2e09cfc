"""Programs: unmodified pyodk over real HTTP, and clients that ask whatever it does not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pyodk._utils.config import CentralConfig, Config
from pyodk.client import Client
from sqlalchemy import event

from server.db import db, transaction
from server.demo.loopback import serving
from server.monitoring.models import Plan
from server.teams import service as teams
from server.teams.models import Person
from tests.conftest import ACTOR, PASSWORD, Cast
from tests.conftest import Client as TestClient


class Program(TestClient):
    """A client that hears every answer to its end, as real ones do."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Send one request."""
        return super().open(*args, **{"buffered": True, **kwargs})


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Where the real server listens."""
    with serving(app) as found:
        yield found


@pytest.fixture
def odk(address: str, plan: Plan, cast: Cast, tmp_path: Any) -> Iterator[Client]:
    """Return pyodk, as Minh, who coordinates the district."""
    with odk_of(address, cast.minh, plan, tmp_path) as client:
        yield client


def odk_of(address: str, person: Person, plan: Plan, folder: Any) -> Client:
    """Return pyodk for a person with an account."""
    with transaction() as session:
        teams.set_password(session, session.merge(person), PASSWORD, ACTOR)
    central = CentralConfig(address, person.email or "", PASSWORD, plan.id)
    return Client(config=Config(central), cache_path=folder / f"{person.id}.toml")


@pytest.fixture
def program(app: Flask) -> Callable[[Person | None], FlaskClient]:
    """Make a client that shows a key of a person's, as a program does; None: no key."""

    def start(person: Person | None) -> FlaskClient:
        client = Program(app, app.response_class)
        if person is not None:
            with transaction() as session:
                key = teams.open_sign_in(session, session.merge(person), "api")
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
        return client

    return start


def number_of(answer: Any) -> int:
    """Return the status that the number of a refusal begins with; it must be the answer's own."""
    assert answer.content_type == "application/problem+json"
    assert {"code", "message", "details", "problem"} <= set(answer.json)
    return int(answer.json["code"])


@contextmanager
def statements() -> Iterator[list[str]]:
    """Note the statements that the database is given meanwhile."""
    seen: list[str] = []

    def note(*told: Any) -> None:
        seen.append(told[2])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
