"""What the journal promises: nothing in it is rewritten, and whoever manages it is found out."""

import datetime as dt

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from server import clock, journal
from server.db import db, transaction
from tests.conftest import ACTOR
from tests.worlds import kept

LINES = 12


def write(session, number=0, **detail):
    return journal.write(session, ACTOR, "test.done", "thing", number, **(detail or {"n": number}))


def seal_all():
    with transaction() as session:
        return journal.seal(session, clock.now() + dt.timedelta(seconds=1))


@kept
def sealed():
    """Twelve lines under three seals, and one line after them."""
    for batch in range(3):
        with transaction() as session:
            for number in range(LINES // 3):
                write(session, batch * 10 + number)
        seal_all()
    with transaction() as session:
        write(session, 99)


def broken():
    db.session().rollback()
    db.session().expire_all()
    return list(journal.verify(db.session()))


def columns():
    return (
        "at, via, person_id, actor, verb, subject, subject_id, plan_id, detail "
        "FROM journal WHERE id = 2"
    )


@pytest.fixture
def tamper(app):
    """Change the journal as somebody could who owns the database and drops its triggers."""

    def run(*statements):
        engine = create_engine(db.engine.url)
        with engine.begin() as connection:
            for table in ("journal", "journal_seal"):
                for event in ("update", "delete"):
                    place = f" ON {table}" if engine.dialect.name == "postgresql" else ""
                    connection.execute(text(f"DROP TRIGGER {table}_no_{event}{place}"))
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()

    return run


@pytest.fixture(autouse=True)
def _triggers_come_back(request, app):
    """The PostgreSQL of a run is shared: what a test drops, the next one needs."""
    yield
    if db.engine.dialect.name != "postgresql":
        return
    db.session.remove()
    with db.engine.begin() as connection:
        for table in ("journal", "journal_seal"):
            for event in ("update", "delete"):
                name = f"{table}_no_{event}"
                connection.execute(text(f"DROP TRIGGER IF EXISTS {name} ON {table}"))
                connection.execute(
                    text(
                        f"CREATE TRIGGER {name} BEFORE {event} ON {table} "
                        f"FOR EACH ROW EXECUTE FUNCTION {name}()"
                    )
                )


def test_an_untouched_journal_verifies_and_knows_what_is_not_sealed_yet(sealed):
    assert broken() == []
    assert journal.unsealed(db.session()) == 1


def test_sealing_again_with_nothing_new_writes_no_seal(sealed):
    seal_all()

    assert seal_all() == 0


def test_a_line_younger_than_a_minute_waits_for_its_seal(app):
    with transaction() as session:
        write(session)

    with transaction() as session:
        assert journal.seal(session) == 0
    assert journal.unsealed(db.session()) == 1


@pytest.mark.parametrize("table", ["journal", "journal_seal"])
@pytest.mark.parametrize("what", ["UPDATE {} SET at = '2020-01-01'", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_rewrite_history(sealed, table, what):
    with pytest.raises(DBAPIError, match="refused"), transaction() as session:
        session.execute(text(what.format(table)))

    assert broken() == []
    assert journal.unsealed(db.session()) == 1


CHANGES = {
    "the time of a line": "UPDATE journal SET at = '2020-01-01 00:00:00' WHERE id = 3",
    "who did it": "UPDATE journal SET actor = 'ai khác' WHERE id = 3",
    "whose account it was": "UPDATE journal SET person_id = 7 WHERE id = 3",
    "the way in": "UPDATE journal SET via = 'page' WHERE id = 3",
    "what was done": "UPDATE journal SET verb = 'test.undone' WHERE id = 3",
    "to what": "UPDATE journal SET subject_id = '4' WHERE id = 3",
    "in which plan": "UPDATE journal SET plan_id = 1 WHERE id = 3",
    "the detail": """UPDATE journal SET detail = '{"n": 5}' WHERE id = 3""",
    "a line taken away": "DELETE FROM journal WHERE id = 6",
    "the first line taken away": "DELETE FROM journal WHERE id = 1",
    "the last sealed line taken away": "DELETE FROM journal WHERE id = 12",
    "a line slipped in before the first": f"INSERT INTO journal SELECT 0, {columns()}",
    "a line slipped in far before the first": f"INSERT INTO journal SELECT -7, {columns()}",
    "the hash of a seal": "UPDATE journal_seal SET sha256 = 'ab' WHERE id = 2",
    "the hash before a seal": "UPDATE journal_seal SET prev_sha256 = 'ab' WHERE id = 2",
    "how many lines a seal covers": "UPDATE journal_seal SET lines = lines + 1 WHERE id = 2",
    "where a seal begins": "UPDATE journal_seal SET first_id = first_id + 1 WHERE id = 2",
    "where a seal ends": "UPDATE journal_seal SET last_id = last_id - 1 WHERE id = 2",
    "the first seal taken away": "DELETE FROM journal_seal WHERE id = 1",
    "a middle seal taken away": "DELETE FROM journal_seal WHERE id = 2",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_every_change_under_a_seal_is_found(sealed, tamper, change):
    tamper(change)

    assert broken()


def test_a_line_taken_away_with_its_number_given_to_another_is_found(sealed, tamper):
    tamper(
        "DELETE FROM journal WHERE id = 6",
        f"INSERT INTO journal SELECT 6, {columns()}",
    )

    assert [fault.seal_id for fault in broken()] == [2]


def test_two_lines_that_change_places_are_found(sealed, tamper):
    tamper(
        "UPDATE journal SET id = 1000 WHERE id = 5",
        "UPDATE journal SET id = 5 WHERE id = 6",
        "UPDATE journal SET id = 6 WHERE id = 1000",
    )

    assert [(fault.seal_id, fault.first_id, fault.last_id) for fault in broken()] == [(2, 5, 8)]


def test_a_line_moved_behind_the_seals_is_found(sealed, tamper):
    tamper("UPDATE journal SET id = 500 WHERE id = 7")

    assert [fault.seal_id for fault in broken()] == [2]


def test_a_line_that_can_no_longer_be_read_is_named_and_not_a_crash(sealed, tamper):
    if db.engine.dialect.name == "postgresql":
        pytest.skip("PostgreSQL itself refuses JSON that is none")
    tamper("UPDATE journal SET detail = '{' WHERE id = 6")

    assert [fault.seal_id for fault in broken()] == [2]


def test_a_clock_set_back_leaves_no_line_outside_the_seals(app, monkeypatch):
    """Lines with later numbers and earlier times must not be sealed past those still waiting."""
    now = clock.now()
    with transaction() as session:
        write(session, 1)
        monkeypatch.setattr(clock, "now", lambda: now - dt.timedelta(hours=2))
        write(session, 2)

    with transaction() as session:
        journal.seal(session, now - dt.timedelta(hours=1))
    monkeypatch.undo()
    seal_all()

    assert broken() == []
    assert journal.unsealed(db.session()) == 0


def test_a_writer_that_takes_longer_than_a_minute_is_waited_for(app):
    """On PostgreSQL a lower number may commit after a higher one; SQLite has one writer."""
    if db.engine.dialect.name != "postgresql":
        pytest.skip("only PostgreSQL has several writers at once")
    slow = Session(db.engine)
    write(slow, 1)
    with transaction() as session:
        write(session, 2)

    seal_all()
    slow.commit()
    slow.close()
    seal_all()

    assert broken() == []
    assert journal.unsealed(db.session()) == 0


def test_more_lines_than_one_seal_holds_are_sealed_in_turn(app, monkeypatch):
    monkeypatch.setattr(journal, "MOST_LINES", 5)
    with transaction() as session:
        for number in range(LINES):
            write(session, number)

    assert [seal_all() for _ in range(4)] == [5, 5, 2, 0]
    assert broken() == []


def test_a_change_that_is_rolled_back_leaves_no_line(app):
    def fail():
        with transaction() as session:
            write(session)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert journal.unsealed(db.session()) == 0
