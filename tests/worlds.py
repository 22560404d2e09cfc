"""Worlds that tests begin in: made once, laid out again for each test.

To publish a form, draw communes or send a record takes longer than most tests that begin with it.
What fixtures marked `kept` make is made by the first test that asks for just these, before anything
else happens to its database; every other then finds the rows, the files and the values as they were
left.
"""

import inspect
import io
import pickle
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.db import Model, db
from tests import engines

Makers = dict[str, Callable[..., Any]]


def kept(make: Callable[..., Any]) -> Any:
    """Make a fixture of `make`, which asks for `app` and for fixtures that are kept, or nothing.

    It returns what can be pickled: rows, texts, numbers, lists and dataclasses of them, `app`.
    """

    def given(app: Flask, _world: World) -> Any:
        return _world.values[make.__name__]

    given.__doc__ = make.__doc__
    given.make = make  # type: ignore[attr-defined]
    return pytest.fixture(given, name=make.__name__)


@dataclass
class World:
    """What kept fixtures came to."""

    makers: Makers
    files: Path
    rows: engines.Rows = ""
    pickled: bytes = b""
    values: dict[str, Any] = field(default_factory=dict)

    def begin(self, app: Flask, leave: Callable[[], None]) -> None:
        """Have `app`, whose rows are laid out, hold the files too, and the values be in reach."""
        if not self.makers:
            return
        if not self.pickled:
            self._make(app)
            leave()
        elif self.files.exists():
            shutil.copytree(self.files, app.config["THUCDIA"].var / "files", dirs_exist_ok=True)
        self.values = _Unpickler(io.BytesIO(self.pickled), app).load()
        db.session().add_all(_rows_in(list(self.values.values())))
        db.session().commit()

    def _make(self, app: Flask) -> None:
        made: dict[str, Any] = {"app": app}
        for name, make in self.makers.items():
            made[name] = make(
                **{asked: made[asked] for asked in inspect.signature(make).parameters}
            )
        db.session().commit()
        into = io.BytesIO()
        _Pickler(into).dump(made)
        self.pickled = into.getvalue()
        self.rows = engines.keep(app.config["THUCDIA"].database_url)
        files = app.config["THUCDIA"].var / "files"
        if files.exists():
            shutil.copytree(files, self.files)


class _Pickler(pickle.Pickler):
    def persistent_id(self, value: Any) -> Any:
        return "app" if isinstance(value, Flask) else None


class _Unpickler(pickle.Unpickler):
    def __init__(self, pickled: io.BytesIO, app: Flask) -> None:
        super().__init__(pickled)
        self.app = app

    def persistent_load(self, pid: Any) -> Any:
        return self.app


def _rows_in(value: Any) -> Iterator[Model]:
    if isinstance(value, Model):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _rows_in(each)
    elif is_dataclass(value):
        yield from _rows_in(list(vars(value).values()))


AT_HAND = 12
"""How many worlds a worker keeps: on SQLite each is a database of 9 MB, in memory."""
_worlds: dict[frozenset[tuple[str, Callable[..., Any]]], World] = {}


@pytest.fixture
def _world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    """What the test begins in: nothing, where it asks for nothing that is kept."""
    makers = _makers(request)
    key = frozenset(makers.items())
    found = _worlds.pop(key, None) or World(makers, tmp_path_factory.mktemp("world") / "files")
    _worlds[key] = found  # the last one used is last
    if len(_worlds) > AT_HAND:
        shutil.rmtree(_worlds.pop(next(iter(_worlds))).files, ignore_errors=True)
    return found


def _makers(request: pytest.FixtureRequest) -> Makers:
    """Return what makes the kept fixtures that a test asks for; each after those it asks for."""
    found: Makers = {}

    def take(name: str) -> None:
        fixtures = request._fixturemanager.getfixturedefs(name, request.node)
        make = getattr(fixtures[-1].func, "make", None) if fixtures else None
        if make and name not in found:
            for asked in inspect.signature(make).parameters:
                take(asked)
            found[name] = make

    for name in sorted(request.fixturenames):
        take(name)
    return found
