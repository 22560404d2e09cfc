"""Questions about the contents that a record has had: who sent which when, and what differs."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, undefer

from server.problems import NotFound
from server.submissions import instance
from server.submissions.models import (
    Submission,
    SubmissionFile,
    SubmissionVersion,
    VersionFile,
)
from server.surveys.models import FormVersion
from server.teams.models import Person

SILENT = ("meta/", "start", "end", "today", "deviceid")


@dataclass(frozen=True)
class Sent:
    """One content of a record as it came; the newest one is the record's own."""

    number: int
    instance_id: str
    version: str
    received_at: dt.datetime
    person: str
    device_id: str
    reason: str
    xml_sha256: str
    newest: bool
    person_id: int | None = None
    label: str = ""


def every(session: Session, submission_id: int) -> list[Sent]:
    """Return every content of a record, the newest first."""
    return [*_newest(session, submission_id), *_superseded(session, submission_id)]


def _newest(session: Session, submission_id: int) -> list[Sent]:
    received = func.coalesce(Submission.edited_at, Submission.received_at)
    rows = session.execute(
        _sent(Submission, received, Submission.edit_reason).where(Submission.id == submission_id)
    )
    return [_as_sent(row, True) for row in rows]


def _superseded(session: Session, submission_id: int) -> list[Sent]:
    rows = session.execute(
        _sent(SubmissionVersion, SubmissionVersion.received_at, SubmissionVersion.reason)
        .where(SubmissionVersion.submission_id == submission_id)
        .order_by(SubmissionVersion.number.desc())
    )
    return [_as_sent(row, False) for row in rows]


def _sent(model: Any, received: Any, reason: Any) -> Any:
    return (
        select(
            model.number, model.instance_id, FormVersion.version, received, Person.name,
            model.device_id, reason, model.xml_sha256, model.person_id, model.label,
        )
        .join(FormVersion, FormVersion.id == model.version_id)
        .outerjoin(Person, Person.id == model.person_id)
    )  # fmt: skip


def _as_sent(row: Any, newest: bool) -> Sent:
    number, instance_id, version, received, person, device, reason, sha256, key, label = row
    return Sent(
        number, instance_id, version, received, person or "", device or "", reason, sha256, newest,
        key, label,
    )  # fmt: skip


@dataclass(frozen=True)
class Content:
    """What one content of a record says: its answers, its form's version, its files by name."""

    number: int
    instance_id: str
    xml: bytes
    answers: dict[str, Any]
    version: FormVersion
    files: Mapping[str, SubmissionFile | VersionFile]


def content(session: Session, found: Submission, number: int) -> Content:
    """Return the content of a record that has this number.

    Raises:
        NotFound: the record never had one.
    """
    row: Submission | SubmissionVersion = found
    if number != found.number:
        row = _version(session, found, number)
    files = {each.name: each for each in row.files}
    return Content(number, row.instance_id, row.xml, row.answers, row.version, files)


def before(session: Session, found: Submission, number: int) -> Content | None:
    """Return the content of a record before this one; None: it is the first that has come."""
    try:
        return content(session, found, number - 1)
    except NotFound:
        return None


def _version(session: Session, found: Submission, number: int) -> SubmissionVersion:
    row = session.scalar(
        select(SubmissionVersion)
        .where(SubmissionVersion.submission_id == found.id, SubmissionVersion.number == number)
        .options(
            undefer(SubmissionVersion.answers),
            joinedload(SubmissionVersion.version).undefer(FormVersion.fields),
        )
    )
    if row is None:
        raise NotFound()
    return row


@dataclass(frozen=True)
class Difference:
    """An answer that two contents give differently; None: the content has no such answer."""

    path: str
    before: Any
    after: Any


def differences(before: Content, after: Content) -> list[Difference]:
    """Return what two contents answer differently, in the order of the form.

    A file under the same name with other bytes differs too. What phones note by themselves (when
    a form was opened, its ids) is left out.
    """
    ours, theirs = dict(instance.flat(before.answers)), dict(instance.flat(after.answers))
    found = []
    for path in _in_order(list(ours), list(theirs)):
        if path.startswith(SILENT[0]) or path in SILENT:
            continue
        old, new = ours.get(path), theirs.get(path)
        if old != new or _other_bytes(before, after, new):
            found.append(Difference(path, old, new))
    return found


def _in_order(ours: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """Return the paths of both; those that only `theirs` has stand behind the one before them.

    >>> _in_order(["a", "b", "d"], ["a", "c", "d", "e"])
    ['a', 'c', 'b', 'd', 'e']
    """
    known = set(ours)
    behind: dict[str, list[str]] = {}
    last = ""
    for path in theirs:
        if path in known:
            last = path
        else:
            behind.setdefault(last, []).append(path)
    found = behind.get("", [])
    for path in ours:
        found += [path, *behind.get(path, [])]
    return found


def _other_bytes(before: Content, after: Content, name: Any) -> bool:
    if not isinstance(name, str) or name not in after.files or name not in before.files:
        return False
    old, new = before.files[name].sha256, after.files[name].sha256
    return old is not None and new is not None and old != new
