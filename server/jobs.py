"""Work that happens after an answer: huey runs the outbox and the timers.

The queue only carries "there is work"; what the work is stands in the journal, so a queue that is
lost loses nothing. A handler first works out what to do, reading only, and gives back a function
that writes it: the write lock is held for the writing alone.
"""

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from flask import Flask
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from server import clock, journal
from server.config import Settings
from server.db import db, transaction
from server.lean import without

# huey loads psycopg, 9 MB, for whatever queue it keeps; here `_queue` gives it to those that ask.
with without("psycopg"):
    from huey import MemoryHuey, PostgresHuey, SqliteHuey, crontab, storage
    from huey.api import Huey
    from huey.consumer import Consumer

log = logging.getLogger(__name__)
BATCH = 50
POKE_SECONDS = 0.25
REST_SECONDS = 0.2

Timer = Callable[[Session], object]
LongWork = Callable[[Session], journal.Write | None]
_minutely: list[Timer] = []
_nightly: list[Timer] = []
_long_work: list[LongWork] = []


def in_between(work: LongWork) -> LongWork:
    """Register work that takes long: called piece by piece when few lines of the journal wait.

    Like a handler it reads first and gives back what writes, None when there is nothing to do.
    """
    _long_work.append(work)
    return work


def every_minute(timer: Timer) -> Timer:
    """Register a function that runs about once a minute, in its own transaction."""
    _minutely.append(timer)
    return timer


def every_night(timer: Timer) -> Timer:
    """Register a function that runs once a night, in its own transaction."""
    _nightly.append(timer)
    return timer


CONSUMER: dict[str, Any] = {
    "workers": 1,
    "periodic": True,
    "initial_delay": 0.1,
    "max_delay": 1.0,
    "backoff": 1.3,
}


class _Beside(Consumer):  # type: ignore[misc]
    """A consumer that leaves the process's signals to the web server."""

    def _set_signal_handlers(self) -> None:
        pass


class Jobs:
    """The queue of one application, and the work it stands for."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.app = app
        self.huey = _queue(settings)
        self._poked = 0.0
        self._lock = threading.Lock()
        self.drain_task = self.huey.task(name="drain")(lambda: self.drain(REST_SECONDS))
        self.huey.periodic_task(crontab(minute="*"), name="minute")(self.minute)
        self.huey.periodic_task(crontab(hour="19", minute="30"), name="night")(self.night)

    def poke(self) -> None:
        """Say that there is work. Cheap: at most one message in a quarter of a second."""
        with self._lock:
            if time.monotonic() - self._poked < POKE_SECONDS:
                return
            self._poked = time.monotonic()
        try:
            self.drain_task.schedule(delay=POKE_SECONDS)
        except Exception:  # the minute timer finds the work; an answer must not fail for it
            log.exception("the queue did not take a message")

    def drain(self, rest: float = 0) -> int:
        """Do all work that is due; return how many lines were done.

        With `rest` it waits that many seconds before it looks again after a batch that was not
        full: while forms keep coming, many cost one round of looking and writing instead of each.
        """
        done = 0
        with self.app.app_context():
            while True:
                taken = self._some()
                done += taken
                pieces = taken < BATCH and self._piece()
                if not taken and not pieces:
                    return done
                if 0 < taken < BATCH:
                    time.sleep(rest)

    def _piece(self) -> bool:
        """Do one piece of the work that takes long; tell whether there was any."""
        session: Session = db.session()
        for work in _long_work:
            try:
                write = work(session)
                if write is not None:
                    with transaction() as writing:
                        write(writing)
                    return True
            except Exception:  # it comes again with the next minute
                log.exception("%s failed", work.__name__)
                session.rollback()
        session.commit()
        return False

    def minute(self) -> None:
        """Run the timers, then whatever work is due."""
        self._run(_minutely)
        self.drain(REST_SECONDS)

    def night(self) -> None:
        """Run what is done once a day, at half past two in Vietnam."""
        self._run(_nightly)

    def _run(self, timers: list[Timer]) -> None:
        with self.app.app_context():
            for timer in timers:
                try:
                    with transaction() as session:
                        timer(session)
                except Exception:
                    log.exception("timer %s failed", timer.__name__)

    def run(self) -> None:
        """Serve the queue in this process until it is stopped."""
        Consumer(self.huey, **CONSUMER).run()

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Serve the queue in threads beside whatever the block does."""
        consumer = _Beside(self.huey, **CONSUMER)
        consumer.start()
        try:
            yield
        finally:
            consumer.stop(graceful=True)

    def _some(self) -> int:
        session: Session = db.session()
        lines = _due(session)
        if not lines:
            session.commit()
            return 0
        try:
            _do(session, lines)
        except Exception:
            session.rollback()
            for line in lines:
                self._alone(session, line)
        session.expunge_all()
        return len(lines)

    def _alone(self, session: Session, line: journal.Line) -> None:
        try:
            _do(session, [line])
        except Exception as error:
            log.exception("work after journal line %s failed", line.id)
            session.rollback()
            with transaction() as writing:
                _put_off(writing, line.id, type(error).__name__)


def _queue(settings: Settings) -> Huey:
    if settings.testing:  # a test that wants the worker starts it as a process of its own
        return MemoryHuey("thucdia", results=False)
    if settings.database_url.startswith("sqlite"):
        path = settings.var / "jobs.sqlite3"
        return SqliteHuey("thucdia", filename=str(path), fsync=False, results=False)
    url = settings.database_url.replace("postgresql+psycopg://", "postgresql://")
    storage.psycopg = import_module("psycopg")
    return PostgresHuey("thucdia", dsn=url, results=False)


def _due(session: Session) -> list[journal.Line]:
    return list(
        session.scalars(
            select(journal.Line)
            .join(journal.Work, journal.Work.line_id == journal.Line.id)
            .where(journal.Work.next_at <= clock.now())
            .order_by(journal.Work.line_id)
            .limit(BATCH)
        )
    )


def _do(session: Session, lines: list[journal.Line]) -> None:
    writes = _read(session, lines)
    with transaction() as writing:
        for write in dict.fromkeys(writes):  # equal ones, such as a list made anew, once
            write(writing)
        ids = [line.id for line in lines]
        writing.execute(delete(journal.Work).where(journal.Work.line_id.in_(ids)))


def _read(session: Session, lines: list[journal.Line]) -> list[journal.Write]:
    session.info[journal.READING] = {}
    try:
        return [
            write
            for line in lines
            for handler in journal.handlers(line.verb)
            if (write := handler(session, line)) is not None
        ]
    finally:
        del session.info[journal.READING]


def _put_off(session: Session, line_id: int, error: str) -> None:
    attempts = session.scalar(select(journal.Work.attempts).where(journal.Work.line_id == line_id))
    if attempts is None:
        return
    wait = dt.timedelta(seconds=min(3600, 2 ** (attempts + 1)))
    session.execute(
        update(journal.Work)
        .where(journal.Work.line_id == line_id)
        .values(attempts=attempts + 1, error=error, next_at=clock.now() + wait)
    )
