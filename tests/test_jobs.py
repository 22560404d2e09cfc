"""What happens after an answer: it happens, once in effect, and is tried again when it failed."""

import datetime as dt
import logging
import time

import pytest
from sqlalchemy import func, select

from server import clock, jobs, journal
from server.db import db, transaction
from server.journal import Work
from server.teams.models import Person
from tests.conftest import ACTOR


@pytest.fixture
def after(monkeypatch):
    """Let a function be what happens after a verb, for one test."""

    def register(verb, *handlers):
        monkeypatch.setitem(journal._handlers, verb, list(handlers))

    return register


@pytest.fixture
def later(monkeypatch):
    """Let time pass."""

    def pass_by(**duration):
        now = clock.now() + dt.timedelta(**duration)
        monkeypatch.setattr(clock, "now", lambda: now)

    return pass_by


def say(number=1, verb="test.said"):
    with transaction() as session:
        return journal.write(session, ACTOR, verb, "thing", number)


def adds(session, line):
    """Plan to add a person named after the line's subject; twice adds one."""
    name = f"người {line.subject_id}"

    def write(session):
        if session.scalar(select(Person).where(Person.name == name)) is None:
            session.add(Person(name=name, sort_key=name, created_at=clock.now()))

    return write


def people():
    db.session().rollback()
    return list(db.session().scalars(select(Person.name).order_by(Person.id)))


def waiting():
    db.session().rollback()
    db.session().expire_all()
    return list(db.session().scalars(select(Work).order_by(Work.line_id)))


def test_a_handler_runs_after_the_commit_and_its_work_is_gone(after, drain):
    after("test.said", adds)
    say()
    assert (people(), len(waiting())) == ([], 1)

    assert drain() == 1

    assert (people(), waiting()) == (["người 1"], [])


def test_what_handlers_ask_is_asked_once_for_a_batch_and_anew_when_anything_may_have_changed(
    after, drain
):
    asked, found = [], []

    def asks(session, line):
        counted = journal.once(session, "lines", lambda: asked.append(line.id) or len(asked))
        found.append(counted)
        return lambda session: found.append(journal.once(session, "lines", lambda: "written"))

    after("test.said", asks, asks)
    say(1)
    say(2)
    drain()
    say(3)
    drain()

    assert found == [1, 1, 1, 1, *["written"] * 4, 2, 2, *["written"] * 2]


def test_a_line_that_was_rolled_back_is_never_worked_on(after, drain):
    after("test.said", adds)

    def fail():
        with transaction() as session:
            journal.write(session, ACTOR, "test.said", "thing", 1)
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert drain() == 0
    assert people() == []


def test_a_verb_that_nobody_handles_leaves_no_work(app, drain):
    say(verb="test.unheard")

    assert waiting() == []
    assert drain() == 0


def test_work_is_done_in_the_order_of_the_journal(after, drain):
    after("test.said", adds)
    for number in (3, 1, 2):
        say(number)

    assert drain() == 3

    assert people() == ["người 3", "người 1", "người 2"]


def test_more_work_than_one_batch_is_all_done(after, drain, monkeypatch):
    monkeypatch.setattr(jobs, "BATCH", 3)
    after("test.said", adds)
    for number in range(8):
        say(number)

    assert drain() == 8
    assert len(people()) == 8


def test_a_line_handled_twice_has_the_effect_of_once(after, drain):
    """The worker may be killed between a handler's commit and the next: it will run again."""
    after("test.said", adds)
    line_id = say()
    drain()
    with transaction() as session:
        session.add(Work(line_id=line_id, attempts=0, next_at=clock.now()))

    assert drain() == 1

    assert (people(), waiting()) == (["người 1"], [])


def fails_on(number, when="reading"):
    def handler(session, line):
        def write(_session):
            raise KeyError("while writing")

        if line.subject_id == str(number):
            if when == "writing":
                return write
            raise KeyError("while reading")
        return None

    return handler


@pytest.mark.parametrize("when", ["reading", "writing"])
def test_one_that_fails_is_put_off_and_the_others_are_done(after, drain, caplog, when):
    after("test.said", adds, fails_on(2, when))
    for number in (1, 2, 3):
        say(number)

    with caplog.at_level(logging.CRITICAL):
        drain()

    assert people() == ["người 1", "người 3"]
    (left,) = waiting()
    assert (left.attempts, left.error) == (1, "KeyError")
    assert left.next_at > clock.now()


def test_what_failed_is_not_tried_before_its_time_and_waits_longer_each_time(
    after, drain, later, caplog
):
    after("test.said", fails_on(1))
    say()
    pauses = []
    with caplog.at_level(logging.CRITICAL):
        for _ in range(15):
            drain()
            drain()
            (left,) = waiting()
            pauses.append((left.next_at - clock.now()).total_seconds())
            later(seconds=pauses[-1] + 1)

    assert left.attempts == 15
    assert pauses == pytest.approx([min(3600, 2 ** (n + 1)) for n in range(15)], abs=2.5)


def test_what_failed_is_done_once_its_cause_is_mended(after, drain, later, caplog):
    after("test.said", fails_on(1))
    say()
    with caplog.at_level(logging.CRITICAL):
        drain()

    after("test.said", adds)
    later(hours=2)

    assert drain() == 1
    assert (people(), waiting()) == (["người 1"], [])


def test_a_failure_is_logged_by_its_number_and_says_nothing_of_people(after, drain, caplog):
    after("test.said", fails_on(1))
    line_id = say()

    with caplog.at_level(logging.ERROR, logger="server.jobs"):
        drain()

    assert [record.getMessage() for record in caplog.records] == [
        f"work after journal line {line_id} failed"
    ]


def test_timers_run_each_in_its_own_transaction_and_one_that_fails_stops_no_other(
    app, monkeypatch, caplog
):
    ran = []

    def broken(session):
        session.add(Person(name="một nửa", sort_key="x", created_at=clock.now()))
        session.flush()
        raise KeyError

    monkeypatch.setattr(jobs, "_minutely", [broken, lambda session: ran.append(session)])

    with caplog.at_level(logging.CRITICAL):
        app.extensions["jobs"].minute()

    assert len(ran) == 1
    assert people() == []


def test_the_minute_seals_the_journal_and_does_what_waits(app, after, later):
    after("test.said", adds)
    say()
    later(minutes=3)

    app.extensions["jobs"].minute()

    assert people() == ["người 1"]
    assert journal.unsealed(db.session()) == 0


def test_a_message_is_sent_at_most_once_in_a_quarter_of_a_second(app):
    worker = app.extensions["jobs"]
    for _ in range(20):
        worker.poke()

    assert worker.huey.pending_count() == 1


def test_a_queue_that_is_away_does_not_fail_the_answer(app, monkeypatch, caplog):
    worker = app.extensions["jobs"]
    monkeypatch.setattr(worker.huey.storage, "enqueue", lambda *_: 1 / 0)

    with caplog.at_level(logging.ERROR):
        worker.poke()

    assert [record.getMessage() for record in caplog.records] == [
        "the queue did not take a message"
    ]


def test_the_worker_beside_the_server_does_the_work_by_itself(app, after):
    after("test.said", adds)
    worker = app.extensions["jobs"]

    with worker.beside():
        say()
        worker.poke()
        for _ in range(100):
            if people():
                break
            time.sleep(0.1)

    assert people() == ["người 1"]
    assert db.session().scalar(select(func.count()).select_from(Work)) == 0
