"""What the tests of received forms share: the small form published, and a phone that sends."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import undefer

from server.db import db
from tests import forms
from tests.worlds import kept


@kept
def published(app, plan) -> int:
    """The number of the version of a published form."""
    return forms.publish(app, plan.id)


@pytest.fixture
def post(app, base, published):
    """Send a filled form, as Lan's phone does."""
    client = app.test_client()

    def send(xml, files=None, path=base):
        return client.post(f"{path}/submission?deviceID=collect%3Aabc", **forms.parts(xml, files))

    return send


@pytest.fixture
def count(app):
    """Count the rows of a table."""

    def ask(table):
        db.session().rollback()
        return db.session().scalar(select(func.count()).select_from(table))

    return ask


@pytest.fixture
def only(app):
    """Return the only row of a table, whole and as it stands now."""

    def ask(table):
        db.session().rollback()
        query = select(table).options(undefer("*")).execution_options(populate_existing=True)
        return db.session().scalars(query).one()

    return ask
