"""The files of a record: rows for what was named and what came, and what comes later."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, cast

from sqlalchemy import Row, delete, insert, null, select
from sqlalchemy.orm import Session

from server import clock
from server.files import Files
from server.problems import NotFound
from server.submissions import intake
from server.submissions.intake import KeptPart, Part
from server.submissions.models import (
    Exhibit,
    Submission,
    SubmissionFile,
    SubmissionVersion,
    VersionFile,
)


def keep(files: Files, parts: Iterable[Part]) -> list[KeptPart]:
    """Store files under their hashes, safely, before any row names them."""
    kept = []
    for part in parts:
        found = files.keep(part.stream)
        kept.append(KeptPart(part.name, part.content_type, found.sha256, found.size_bytes))
    return kept


def first_files(
    session: Session,
    submission_id: int,
    named: Sequence[str],
    parts: Sequence[KeptPart],
    before: Sequence[Row[Any]] = (),
) -> int:
    """Write a row for every file that the form names or that came; return how many named are held.

    The named ones stand first. What an edit names and did not bring it has from the content
    `before`.
    """
    came = first_of_each_name(parts)
    old = {row.name: row for row in before if row.sha256}
    rows = [
        _row(submission_id, name, came.get(name), old.get(name))
        for name in dict.fromkeys([*named, *came])
    ]
    for _facts, alike in groupby(rows, key=lambda row: "facts" in row):
        session.execute(insert(SubmissionFile), list(alike))
    return sum(1 for row in rows[: len(named)] if row["sha256"])


def _row(
    submission_id: int, name: str, part: KeptPart | None, before: Row[Any] | None
) -> dict[str, object]:
    source: Any = part or before
    row: dict[str, object] = {
        "submission_id": submission_id,
        "name": name,
        "sha256": source.sha256 if source else None,
        "size_bytes": source.size_bytes if source else None,
        "content_type": source.content_type if source else intake.OCTETS,
        "received_at": clock.now() if part else None,
        "inherited": False,
        "thumb_sha256": None,
        "view_sha256": None,
    }
    if before is None or source is None or source.sha256 != before.sha256:
        return row
    row |= {
        "received_at": before.received_at,
        "inherited": part is None,
        "thumb_sha256": before.thumb_sha256,
        "view_sha256": before.view_sha256,
    }
    return row if before.facts is None else row | {"facts": before.facts}


def first_of_each_name(parts: Sequence[KeptPart]) -> dict[str, KeptPart]:
    """Return the first file under each name."""
    first: dict[str, KeptPart] = {}
    for part in parts:
        first.setdefault(part.name, part)
    return first


def under_a_taken_name(parts: Sequence[KeptPart]) -> list[KeptPart]:
    """Return the files of one request whose name another, with other bytes, had before them."""
    first = first_of_each_name(parts)
    return [part for part in parts if part.sha256 != first[part.name].sha256]


@dataclass
class Merged:
    """What came of files that arrived later: whether any was new, and those under a taken name."""

    changed: bool
    others: list[KeptPart]


def merge(session: Session, submission: Submission, parts: Sequence[KeptPart]) -> Merged:
    """Add files that came later. The first bytes under a name stay; others are given back.

    Only what an edit has from the content before it gives way to what the edit brings itself.
    """
    rows = {row.name: row for row in submission.files}
    merged = Merged(False, [])
    for part in parts:
        row = rows.get(part.name)
        if row is None:
            row = rows[part.name] = SubmissionFile(submission_id=submission.id, name=part.name)
            submission.files.append(row)
        if row.sha256 == part.sha256:
            row.inherited = False
        elif row.sha256 is not None and row.size_bytes and not row.inherited:
            merged.others.append(part)
        else:
            _fill(row, part)
            row.inherited = False
            if row.facts is not None:
                row.facts = cast(Any, null())  # None would be a fact, JSON's own
            merged.changed = True
    if merged.changed:
        _count(submission)
    session.flush()
    return merged


def merge_before(
    session: Session, submission: Submission, version_id: int, parts: Sequence[KeptPart]
) -> Merged:
    """Add files that came for a content which an edit has superseded since.

    The newest content has them too where it names them and brought none itself.
    """
    version = session.get_one(SubmissionVersion, version_id)
    rows = {row.name: row for row in version.files}
    newest = {row.name: row for row in submission.files}
    merged = Merged(False, [])
    for part in parts:
        row = rows.get(part.name)
        if row is None:
            row = rows[part.name] = VersionFile(parent_id=version.id, name=part.name)
            version.files.append(row)
        if row.sha256 == part.sha256:
            continue
        if row.sha256 is not None and row.size_bytes:
            merged.others.append(part)
            continue
        _fill(row, part)
        merged.changed = True
        heir = newest.get(part.name)
        if heir is not None and heir.sha256 is None:
            _fill(heir, part)
            heir.inherited = True
    if merged.changed:
        _count(submission)
    session.flush()
    return merged


def clear(session: Session, submission: Submission, name: str) -> KeptPart:
    """Take a file off a locked record, and return it: the record then waits for another.

    Raises:
        NotFound: it has none of that name.
    """
    row = next((each for each in submission.files if each.name == name and each.sha256), None)
    if row is None or row.sha256 is None:
        raise NotFound()
    taken = KeptPart(row.name, row.content_type, row.sha256, row.size_bytes or 0)
    session.execute(delete(Exhibit).where(Exhibit.file_id == row.id))
    row.sha256 = row.size_bytes = row.received_at = row.thumb_sha256 = row.view_sha256 = None
    row.content_type, row.inherited = intake.OCTETS, False
    if row.facts is not None:
        row.facts = cast(Any, null())
    _count(submission)
    submission.revision += 1
    session.flush()
    return taken


def _fill(row: SubmissionFile | VersionFile, part: KeptPart) -> None:
    row.sha256, row.size_bytes, row.content_type = part.sha256, part.size_bytes, part.content_type
    row.received_at = clock.now()
    row.thumb_sha256 = row.view_sha256 = None


def _count(submission: Submission) -> None:
    named = submission.files[: submission.files_named]  # their rows were written first
    submission.files_held = sum(1 for row in named if row.sha256)


def locked(session: Session, submission_id: int) -> Submission:
    """Return a record as it stands now, nobody else changing it until we are done."""
    return session.scalars(
        select(Submission)
        .where(Submission.id == submission_id)
        .with_for_update(of=Submission)
        .execution_options(populate_existing=True)
    ).one()
