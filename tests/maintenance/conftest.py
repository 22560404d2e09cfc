"""An installation with a bit of everything in it, and the command line in this process."""

import dataclasses
import datetime as dt
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from server import cli, clock, journal
from server.app import create_app
from server.db import db, transaction
from server.draws import service as draws
from server.places import queries as places
from server.surveys import service as surveys
from server.teams import service as teams
from tests import forms
from tests.conftest import ACTOR
from tests.worlds import kept

PHOTO = os.urandom(300_000)
WITH_PICTURE = """
| survey |      |      |         |              |
|        | type | name | label   | media::image |
|        | note | xem  | Con bò  | bo.png       |
|        | text | ten  | Tên     |              |
| settings |    |      |         |              |
|        | form_title | form_id | version     |  |
|        | Có ảnh     | anh     | 1           |  |
"""


@dataclasses.dataclass
class Installation:
    """What the tests of backup and verify stand on; `base` is the address of Lan's phone."""

    app: Flask
    base: str

    def send(self, xml: bytes | None = None, files: dict[str, bytes] | None = None) -> int:
        """Send a form, and return the status of the answer."""
        sent = forms.parts(xml or forms.filled(), files)
        return int(self.app.test_client().post(f"{self.base}/submission", **sent).status_code)


@kept
def installation(app, plan, round_, base, cast) -> Installation:
    """Forms with files, records with photos, something held, a draw, seals, a signed-in person."""
    forms.publish(app, plan.id)
    publish_with_picture(app, plan.id)
    found = Installation(app, base)
    send = found.send
    assert send(forms.filled("uuid:1", anh="1.jpg"), {"1.jpg": PHOTO}) == 201
    assert send(forms.filled("uuid:2", gps="20.3 106.1 0 4", ten="Đặng Thị Hồng")) == 201
    assert send(forms.filled("uuid:1", ten="Hoa"), {"2.jpg": b"other"}) == 409
    _draw(round_)
    with transaction() as session:
        teams.open_sign_in(session, session.merge(cast.minh))
    app.extensions["jobs"].drain()
    with transaction() as session:
        journal.seal(session, clock.now() + dt.timedelta(seconds=1))
    return found


def publish_with_picture(app: Flask, plan_id: int) -> None:
    """Publish a form that has a picture."""
    files, compiled = app.extensions["files"], forms.compiled(WITH_PICTURE)
    with transaction() as session:
        version = surveys.upload(session, files, plan_id, b"book", "a.md", compiled, ACTOR)
        picture = io.BytesIO(b"\x89PNG")
        surveys.attach(session, files, version, "bo.png", "image/png", picture, ACTOR)
        surveys.publish(session, version, ACTOR)


def _draw(round_: Any) -> None:
    with transaction() as session:
        units = session.scalars(places.communes_under("2024", "359")).all()
        source = draws.source_of("dice-d10")
        drawn = draws.commit(session, session.merge(round_), units, 4, 3, source, ACTOR, {})
        draws.seed(session, drawn, "48371 02955 61382 07714", ["Hoa", "Sơn", "Hà"], ACTOR)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    """Type a command of `thucdia` in an installation: its folder, and its database if not there."""
    apps: list[Flask] = []

    def make(settings: Any) -> Flask:
        apps.append(create_app(dataclasses.replace(settings, testing=True)))
        return apps[-1]

    monkeypatch.setattr(cli, "create_app", make)

    def run(*words: str | Path, var: Path, url: str = "") -> Result:
        env = {"THUCDIA_VAR": str(var), "DATABASE_URL": url, "THUCDIA_DEMO": "0"}
        result = CliRunner().invoke(cli.main, [str(word) for word in words], env=env)
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            result.exception
        )
        return result

    yield run
    for app in apps:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def said(result: Result) -> Any:
    """Return the JSON that a command printed."""
    return json.loads(result.stdout)
