"""The office sees what each phone carries; telling so costs the phone's requests nothing."""

import re

import pytest
from sqlalchemy import event, select

from server.db import db, transaction
from server.entities import plain, queries
from server.entities import service as entities
from server.teams.models import Phone, PhoneFetch
from tests import forms
from tests.conftest import ACTOR
from tests.entities.conftest import WORKBOOK


@pytest.fixture
def sync(app, base):
    """Fetch everything that a phone's list of forms names, as Collect does."""
    client = app.test_client()

    def fetch():
        with client.get(f"{base}/formList") as answer:
            listed = answer.text
        for kind in ("downloadUrl", "manifestUrl"):
            for url in re.findall(f"<{kind}>http://localhost([^<]+)", listed):
                with client.get(url) as answer:
                    text = answer.text
                for inner in re.findall("<downloadUrl>http://localhost([^<]+)", text):
                    client.get(inner.replace("&amp;", "&")).close()

    return fetch


@pytest.fixture
def page(app, browser, cast, plan, token):
    """Read the page of Lan's phone once what was noted is written."""
    phone_id = db.session().scalars(select(Phone.id)).one()

    def read(person=cast.minh):
        app.extensions["fetched"].flush()
        return browser(person).get(f"/plans/{plan.id}/phones/{phone_id}")

    return read


def test_a_phone_is_shown_with_the_forms_and_lists_it_fetched(app, plan, sync, page):
    forms.publish(app, plan.id, WORKBOOK)
    before = page().text
    sync()
    fetched = page().text
    with transaction() as session:
        entities.create(session, queries.list_named(session, plan.id, "cay"), "Đa", {}, ACTOR)
    forms.publish(app, plan.id, WORKBOOK.replace("| 1 ", "| 2 "))
    sync_later = page().text

    assert "Chưa thấy tải" in before and "1 biểu mẫu" not in before
    assert "1 biểu mẫu" in fetched and fetched.count("Mới nhất") == 2 and "cay.csv" in fetched
    assert "Đã có bản mới: 2" in sync_later
    sync()
    assert page().text.count("Mới nhất") == 2
    rows = db.session().scalars(select(PhoneFetch)).all()
    assert {row.kind for row in rows} == {"forms", "form", "list"}


def test_what_a_phone_fetches_is_written_with_its_contact_and_no_commit_of_its_own(
    app, plan, sync, session
):
    forms.publish(app, plan.id, WORKBOOK)
    with transaction() as writing:
        plain.refresh_lists(writing, plan.id)
    sync()
    written = []

    def note(_c, _cur, statement, *_rest):
        if statement.startswith(("INSERT", "UPDATE", "BEGIN IMMEDIATE")):
            written.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        sync()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)

    assert written == []
    assert session.query(PhoneFetch).count() == 0
    app.extensions["fetched"].flush()
    session.rollback()
    assert session.query(PhoneFetch).count() == 3


def test_a_phone_is_for_those_who_see_the_plans_phones(page, cast):
    assert page(cast.an).status_code == 404
    assert page(cast.lan).status_code == 403
    assert page(None).status_code == 302
