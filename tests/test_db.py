"""What every subject may take for granted of the database."""

import datetime as dt
import sqlite3
import subprocess
import sys
import threading

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from server import clock
from server import db as database
from server.db import db, transaction
from server.problems import Unavailable
from server.teams.models import Person
from tests.conftest import ON_POSTGRES

HANOI = dt.timezone(dt.timedelta(hours=7))
sqlite_only = pytest.mark.skipif(ON_POSTGRES, reason="SQLite's own way of writing")


def person(name="Lan", at=None):
    return Person(name=name, sort_key=name, created_at=at or clock.now())


def names():
    db.session().rollback()
    return list(db.session().scalars(select(Person.name).order_by(Person.name)))


def test_an_instant_comes_back_as_the_same_moment_in_utc(app):
    with transaction() as session:
        session.add(person(at=dt.datetime(2024, 4, 15, 8, 30, 0, 123456, HANOI)))
    db.session().expire_all()

    kept = db.session().scalars(select(Person)).one().created_at

    assert kept.isoformat() == "2024-04-15T01:30:00.123456+00:00"


def test_an_instant_without_a_zone_is_refused(app):
    def write():
        with transaction() as session:
            session.add(person(at=dt.datetime(2024, 4, 15, 8, 30)))  # noqa: DTZ001 - on purpose

    with pytest.raises(StatementError, match="an instant needs a time zone"):
        write()
    assert names() == []


def test_a_block_that_fails_leaves_no_trace(app):
    def write():
        with transaction() as session:
            session.add(person())
            session.flush()
            raise KeyError

    with pytest.raises(KeyError):
        write()

    assert names() == []


def test_a_broken_rule_of_the_database_leaves_no_trace_either(app):
    def write():
        with transaction() as session:
            session.add_all([person("Lan"), Person(id=7, name="Minh", sort_key="minh")])

    with pytest.raises(IntegrityError):
        write()

    assert names() == []


def test_a_transaction_within_a_transaction_is_refused_and_the_outer_one_undone(app):
    def write():
        with transaction() as session:
            session.add(person())
            with transaction():
                pass

    with pytest.raises(RuntimeError, match="within a transaction"):
        write()
    assert names() == []


def test_after_a_failure_the_next_transaction_works(app):
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), transaction():
            raise ZeroDivisionError
    with transaction() as session:
        session.add(person())

    assert names() == ["Lan"]


def test_what_was_read_before_does_not_spoil_the_writing(app):
    """A snapshot taken before another writer came would fail at once on SQLite."""
    names()
    db.session().scalars(select(Person)).all()
    other = create_engine(db.engine.url)
    with other.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO person (name, sort_key, language, active, created_at) "
                "VALUES ('Hoa', 'hoa', 'vi', true, '2024-01-01')"
            )
        )
    other.dispose()

    with transaction() as session:
        session.add(person())

    assert names() == ["Hoa", "Lan"]


@sqlite_only
def test_sqlite_is_set_up_to_lose_nothing(app):
    def pragma(name):
        return db.session().scalar(text(f"PRAGMA {name}"))

    assert pragma("journal_mode") == "wal"
    assert pragma("synchronous") == 2
    assert pragma("foreign_keys") == 1


@sqlite_only
def test_a_database_that_another_program_keeps_locked_is_told_as_busy(app):
    with db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=100")
    db.session.remove()
    other = sqlite3.connect(db.engine.url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(Unavailable) as refused, transaction():
            pass
    finally:
        other.close()

    assert refused.value.status == 503
    assert "cơ sở dữ liệu đang bận" in refused.value.text("vi")
    with transaction() as session:
        session.add(person())
    assert names() == ["Lan"]


HOLD = """
import fcntl, sys
with open(sys.argv[1], "ab") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.readline()
"""


@sqlite_only
def test_a_process_that_does_not_end_its_turn_makes_the_others_wait_but_not_hang(app, monkeypatch):
    monkeypatch.setattr(database, "TURN_SECONDS", 0.2)
    other = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", HOLD, f"{db.engine.url.database}-turn"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with other:
        other.stdout.readline()
        with pytest.raises(Unavailable), transaction():
            pass
        monkeypatch.setattr(database, "TURN_SECONDS", 20)
        ending = threading.Timer(0.1, other.communicate, [b"done\n"])
        ending.start()
        with transaction() as session:
            session.add(person())
        ending.join()

    assert names() == ["Lan"]


def test_writers_at_once_all_come_through(app):
    failures = []

    def write(number):
        with app.app_context():
            try:
                for turn in range(5):
                    with transaction() as session:
                        session.add(person(f"{number}-{turn}"))
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(names()) == 40


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("database or disk is full", "hết dung lượng đĩa"),
        ("could not extend file: No space left on device", "hết dung lượng đĩa"),
        ("database is locked", "cơ sở dữ liệu đang bận"),
        ("connection refused", "không kết nối được cơ sở dữ liệu"),
    ],
)
def test_the_reason_of_a_failure_is_said_in_the_carriers_words(app, said, sentence):
    def write():
        with transaction():
            raise OperationalError("INSERT", {}, Exception(said))

    with pytest.raises(Unavailable) as refused:
        write()

    assert sentence in refused.value.text("vi")
    assert refused.value.text("en")


@pytest.mark.skipif(not ON_POSTGRES, reason="connections of SQLite end with the process")
def test_connections_that_ended_while_they_rested_are_replaced(app, monkeypatch):
    engine = create_engine(db.engine.url, pool_size=3)
    database.prepare(engine)
    with engine.connect() as one, engine.connect() as other:
        ids = [each.scalar(text("SELECT pg_backend_pid()")) for each in (one, other)]
    with db.engine.connect() as killer:
        killer.execute(text("SELECT pg_terminate_backend(unnest(:ids))"), {"ids": ids})

    with engine.connect() as trusted, pytest.raises(OperationalError):
        trusted.scalar(text("SELECT 1"))
    monkeypatch.setattr(database, "RESTED_SECONDS", 0)
    with engine.connect() as one, engine.connect() as other:
        found = [each.scalar(text("SELECT 1")) for each in (one, other)]

    assert found == [1, 1]
    engine.dispose()
