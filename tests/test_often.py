"""Statements run without SQLAlchemy's layers: the same types, the same refusals."""

import datetime as dt

import pytest
from sqlalchemy import bindparam, event, literal, select
from sqlalchemy.exc import IntegrityError

from server import clock, journal
from server.db import db, transaction
from server.journal import Line, Work
from server.often import Often
from tests.conftest import ACTOR

LINE = Often(
    lambda _engine: select(Line.at, Line.detail, Line.person_id).where(Line.id == bindparam("id"))
)
WORK = Often(lambda _engine: select(Work.line_id).where(Work.line_id == bindparam("id")))


def test_what_was_written_reads_as_the_mapped_class_reads_it(app):
    before = clock.now()
    with transaction() as session:
        key = journal.write(
            session, ACTOR, "thing.made", "thing", 1, name="Đắk Hà", parts=[1, None]
        )

    at, detail, person_id = LINE.look(db.session(), {"id": key})

    mapped = db.session.get(Line, key)
    assert (at, detail, person_id) == (mapped.at, mapped.detail, mapped.person_id)
    assert before <= at <= clock.now() and at.utcoffset() == dt.timedelta(0)
    assert detail == {"name": "Đắk Hà", "parts": [1, None]}


def test_a_look_up_leaves_no_transaction_behind_and_sees_the_open_one(app):
    session = db.session()
    assert LINE.look(session, {"id": 2**31}) is None
    assert not session.in_transaction()

    with transaction() as session:
        key = journal.write(session, ACTOR, "thing.made", "thing", 1)
        assert LINE.look(session, {"id": key}) is not None


def test_what_was_rolled_back_is_nowhere(app):
    written = []

    def fail():
        with transaction() as session:
            written.append(journal.write(session, ACTOR, "thing.made", "thing", 1))
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert LINE.look(db.session(), {"id": written[0]}) is None


def test_the_database_refuses_as_it_refuses_others(app):
    broken = Often(lambda _engine: journal._WORK)
    orphan = {"line_id": 2**30, "attempts": 0, "next_at": clock.now(), "error": None}

    with pytest.raises(IntegrityError), transaction() as session:
        broken.run(session, orphan)

    assert WORK.look(db.session(), {"id": 2**30}) is None


def test_who_listens_to_the_engine_hears_of_it(app):
    heard = []

    def note(_connection, _cursor, statement, *_):
        heard.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert Often(lambda _engine: select(literal(7))).look(db.session(), {}) == (7,)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)

    assert len(heard) == 1
