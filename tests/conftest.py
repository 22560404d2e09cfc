"""The standing cast and the real parts: application, database, files, phones."""

import contextvars
import functools
import gc
import os
import tempfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from sqlalchemy.orm import Session

from server import cipher, clock, jobs, migrate
from server.app import create_app, furnish
from server.config import Settings, from_environment
from server.db import db, transaction
from server.findings import firing
from server.journal import Actor
from server.monitoring import catalogue
from server.monitoring import service as monitoring
from server.monitoring.models import Plan, Round
from server.permissions import Role
from server.places import queries as places
from server.places import service as places_service
from server.submissions import intake
from server.surveys import compile as compiler
from server.teams import service as teams
from server.teams.models import Grant, Person
from server.text import sort_key
from tests import engines, workbooks
from tests.engines import ON_POSTGRES
from tests.worlds import World, kept
from tests.worlds import _world as _world

gc.disable()  # until all is gathered: nothing that is imported becomes garbage
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")  # how long an example takes is the machine's affair

PASSWORD = "ruộng bậc thang"
ACTOR = Actor("command", None, "tests")
VU_BAN = "2024/36/359"
same_on_both = pytest.mark.skipif(ON_POSTGRES, reason="it is the same on both databases")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL run only what meets a database: the rest has run on SQLite's turn.

    A worker takes whole files: those before a browser come first, then others with long tests, lest
    one be begun when the rest is done.
    """
    seen = {item.path for item in items if item.get_closest_marker("browser")}
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in seen, item.path not in long))
    if ON_POSTGRES:
        knows = [item for item in items if "template" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=list(set(items) - set(knows)))
        items[:] = knows


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """No test asks the day while it is imported: a run may pass midnight before it starts."""

    def too_early() -> NoReturn:
        raise RuntimeError("ask the day inside the test: at import it may be yesterday's")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", too_early)
        return (yield)


def pytest_collection_finish() -> None:
    """Have the collector of garbage pass by what was imported: it stays to the end."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


@pytest.fixture(autouse=True)
def _spool() -> Iterator[None]:
    """Give back the folder for passing files, which goes with the test that set it."""
    held = tempfile.tempdir
    yield
    tempfile.tempdir = held


def settings_for(var: Path, url: str) -> Settings:
    """Return the settings of a test's own installation."""
    base = from_environment({"THUCDIA_VAR": str(var), "DATABASE_URL": url, "THUCDIA_DEMO": "0"})
    return replace(base, testing=True, secret_key="tests")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A migrated database with the code lists and the programme: copied for each test."""
    folder = tmp_path_factory.mktemp("template")
    if ON_POSTGRES:
        server = engines.postgres()
        engines.admin(server, "CREATE DATABASE thucdia")
        url = f"{server}/thucdia"
    else:
        url = f"sqlite:///{folder / 'template.sqlite3'}"
    settings = settings_for(folder, url)
    app = create_app(settings)
    with app.app_context():
        migrate.upgrade(db.engine)
        with transaction() as session:
            places_service.load_editions(session)
            catalogue.load(session)
        db.engine.dispose()
    # The queue makes its tables where it finds none: they are to be emptied with ours.
    jobs._queue(replace(settings, testing=False)).storage.close()
    engines.finish(url)
    return url


@pytest.fixture(scope="session")
def _place(template: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL under which test after test finds its database."""
    folder = tmp_path_factory.mktemp("database")
    return template if ON_POSTGRES else f"sqlite:///{folder / 'thucdia.sqlite3'}"


@pytest.fixture
def database(template: str, _place: str, _world: World) -> str:
    """The URL of a database as fresh as the template, or as the test's world, for one test."""
    engines.lay_out(_place, template, _world.rows)
    return _place


def forget() -> None:
    """Have this process forget what never changes in one database: this is another."""
    for known in (intake._readers, firing._rules):
        known.clear()


class Client(FlaskClient):
    """A client whose every request has a context of its own, as on a real server."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Send one request, outside whatever context the test holds."""
        return contextvars.Context().run(super().open, *args, **kwargs)


@pytest.fixture(scope="session")
def _house(_place: str, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application, put together once: three hundred addresses and the pages' templates."""
    found = create_app(settings_for(tmp_path_factory.mktemp("house"), _place))
    found.test_client_class = Client
    if ON_POSTGRES:
        with found.app_context():
            engines.lasting.append(db.engine)
    return found


@pytest.fixture
def app(_house: Flask, database: str, _world: World, tmp_path: Path) -> Iterator[Flask]:
    """The real application on a database, files and a queue as good as its own."""
    config = dict(_house.config)
    furnish(_house, settings_for(tmp_path / "var", database))
    forget()
    try:
        with _house.app_context():
            _world.begin(_house, _leave)
            yield _house
            _leave()
    finally:
        _house.config.clear()
        _house.config.update(config)


def _leave() -> None:
    db.session.remove()
    if db.engine not in engines.lasting:
        db.engine.dispose()


@pytest.fixture
def session(app: Flask) -> Session:
    """A session of the test's database; write inside `transaction()`."""
    return db.session()


@pytest.fixture
def drain(app: Flask) -> Callable[[], int]:
    """Do the work that waits after what the test did; what the worker would do."""
    return app.extensions["jobs"].drain


@dataclass
class Cast:
    """Lan (inspector), Minh (coordinator), Hoa (reviewer) of Vụ Bản; An of another district."""

    lan: Person
    minh: Person
    hoa: Person
    an: Person
    admin: Person


@kept
def cast() -> Cast:
    """The people of every story."""
    people = Cast(
        lan=somebody("Lan", Role.INSPECTOR, VU_BAN),
        minh=somebody("Minh", Role.COORDINATOR, VU_BAN),
        hoa=somebody("Hoa", Role.REVIEWER, VU_BAN),
        an=somebody("An", Role.COORDINATOR, "2024/83/835"),
        admin=somebody("Quản trị", Role.ADMINISTRATOR, ""),
    )
    with transaction() as session:
        session.add_all(vars(people).values())
    return people


def somebody(name: str, role: Role, area: str) -> Person:
    """Return a person to add, who is simply there; how people are added has tests of its own."""
    return Person(
        email=f"{name.split()[0].lower().replace('ả', 'a')}@example.vn",
        name=name,
        sort_key=sort_key(name),
        created_at=clock.now(),
        grants=[Grant(role=role, area=area)],
    )


@kept
def plan() -> Plan:
    """The plan of Vụ Bản, 2024, with one round and no visits."""
    with transaction() as session:
        district = session.scalars(places.place("2024", "359")).one()
        found = monitoring.add_plan(
            session, "Giám sát huyện Vụ Bản 2024", "gnbv-2021-2025", district, "2024", ACTOR
        )
        monitoring.add_round(session, found, "VB24-1", "Đợt 1", ACTOR)
    return found


@kept
def round_(plan: Plan) -> Round:
    """The plan's first round."""
    return db.session.query(Round).filter_by(plan_id=plan.id).one()


@pytest.fixture
def browser(app: Flask) -> Callable[[Person | None], FlaskClient]:
    """Make a browser in which a person is signed in (None: nobody), CSRF checks switched off."""
    app.config["WTF_CSRF_ENABLED"] = False

    def open_for(person: Person | None) -> FlaskClient:
        client = app.test_client()
        if person is not None:
            with transaction() as session:
                key = teams.open_sign_in(session, person)
            with client.session_transaction() as cookie:
                cookie["key"] = key
        return client

    return open_for


@pytest.fixture(scope="session", autouse=True)
def _workbooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Read each workbook once: in this worker, or in all that are told of one folder."""
    with workbooks.read_once(
        Path(os.environ.get("THUCDIA_TEST_WORKBOOKS") or tmp_path_factory.mktemp("workbooks"))
    ):
        yield


@pytest.fixture
def unvalidated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare ODK Validate, whose JVM takes a second for each form and has tests of its own."""
    for name in ("compile", "read"):
        real = getattr(compiler, name)
        monkeypatch.setattr(compiler, name, functools.partial(real, validate=False))


@pytest.fixture(autouse=True)
def _quick_to_unlock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Derive from passwords and passphrases at little cost; else it is what their rooms say."""
    monkeypatch.setattr(cipher, "MEMORY_KIB", 1024)
    monkeypatch.setattr(cipher, "ROUNDS", 1)
    monkeypatch.setattr(teams, "_hasher", PasswordHasher(1, 64, 1))


@kept
def token(cast: Cast, plan: Plan) -> str:
    """The token of Lan's phone in the plan."""
    with transaction() as writing:
        return teams.issue_phone(writing, plan.id, cast.lan, ACTOR)[1]


@kept
def base(token: str, plan: Plan) -> str:
    """The path under which Lan's phone finds its server."""
    return f"/v1/key/{token}/projects/{plan.id}"
