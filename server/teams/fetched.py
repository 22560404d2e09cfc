"""What each phone last fetched: noted in memory, written a few seconds later for all at once.

A phone that syncs asks for dozens of things. None of those requests waits for a write: what they
fetched goes with the next note of a contact, or by itself within `SECONDS`. Whatever a process
that is killed had not written yet is noted again at the phone's next sync.
"""

import datetime as dt
import logging
import threading
from collections.abc import Mapping
from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server import clock
from server.db import table, transaction
from server.problems import Unavailable
from server.teams.models import PhoneFetch

log = logging.getLogger(__name__)
SECONDS = 20
MOST = 20_000
FORMS, FORM, LIST = "forms", "form", "list"
Key = tuple[int, str, str]
Noted = Mapping[Key, tuple[str, dt.datetime]]


class Fetched:
    """The notes of one process."""

    def __init__(self, app: Flask, by_itself: bool = True) -> None:
        """Write them to the database of `app`; `by_itself` when some time has passed."""
        self._app, self._by_itself = app, by_itself
        self._turn = threading.Lock()
        self._noted: dict[Key, tuple[str, dt.datetime]] = {}
        self._waits = False

    def note(self, phone_id: int | None, kind: str, name: str, tag: str) -> None:
        """Keep that a phone fetched something just now; nothing of who is no phone.

        `kind` is FORMS (the list of forms; `tag` is their number), FORM (`name` is the number of
        the version) or LIST (`name` is the file); `tag` is the hash of what it got.
        """
        if phone_id is None:
            return
        with self._turn:
            if len(self._noted) < MOST:
                self._noted[phone_id, kind, name] = (tag, clock.now())
            if self._waits or not self._by_itself:
                return
            self._waits = True
        timer = threading.Timer(SECONDS, self.flush)
        timer.daemon = True
        timer.start()

    def take(self) -> Noted:
        """Return what was noted, and forget it."""
        with self._turn:
            taken, self._noted = self._noted, {}
        return taken

    def flush(self) -> None:
        """Write what was noted; when the database cannot be written now, with the next notes."""
        self._waits = False
        taken = self.take()
        if not taken:
            return
        try:
            with self._app.app_context(), transaction() as session:
                write(session, taken)
        except (Unavailable, OSError):
            log.warning("what phones fetched could not be written; it waits")
            with self._turn:
                self._noted = {**taken, **self._noted}


def write(session: Session, noted: Noted) -> None:
    """Keep what was noted: of each thing the last time that a phone fetched it."""
    if not noted:
        return
    engine: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    insert = engine.insert(table(PhoneFetch))
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["phone_id", "kind", "name"],
            set_={"tag": insert.excluded.tag, "at": insert.excluded.at},
        ),
        [
            {"phone_id": phone_id, "kind": kind, "name": name, "tag": tag, "at": at}
            for (phone_id, kind, name), (tag, at) in sorted(noted.items())
        ],
    )


def of_phone(session: Session, phone_id: int) -> dict[str, dict[str, PhoneFetch]]:
    """Return what a phone has fetched, by kind and name."""
    found: dict[str, dict[str, PhoneFetch]] = {FORMS: {}, FORM: {}, LIST: {}}
    rows = session.scalars(select(PhoneFetch).where(PhoneFetch.phone_id == phone_id))
    for row in rows:
        found.setdefault(row.kind, {})[row.name] = row
    return found
