"""Is everything still as it was stored? Database, files, journal, draws; and what nobody names."""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import select, text, union
from sqlalchemy.orm import Session, undefer

from sampling import SamplingError
from server import journal
from server.draws import method
from server.draws import service as draws
from server.draws.models import Draw, DrawState, RegisterEntry
from server.files import Files
from server.findings import tracing
from server.findings.models import StepFile
from server.monitoring.record_models import DocumentFile
from server.places.boundary_models import BoundaryImport
from server.problems import Problem
from server.submissions.models import (
    Held,
    HeldFile,
    Submission,
    SubmissionFile,
    SubmissionOpened,
    SubmissionVersion,
    VersionFile,
)
from server.submissions.trial_models import TrialFile
from server.surveys.models import FormMedia, FormVersion, PlanKey

ORPHAN_AFTER_SECONDS = 24 * 3600
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Fault:
    """One thing that is not as it should be: which check found it, where, and what it is."""

    check: str
    where: str
    what: str


def faults(session: Session, files: Files, progress: Progress = lambda _: None) -> Iterator[Fault]:
    """Give every fault of the installation; reads everything, changes nothing."""
    for check in (
        _database,
        _submissions,
        _opened,
        _held,
        _forms,
        _keys,
        _draws,
        _register,
        _journal,
        _findings,
    ):
        progress(check.__name__.strip("_"))
        yield from check(session)
    progress("files")
    yield from _files(session, files)


def _database(session: Session) -> Iterator[Fault]:
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text("SELECT 1"))
        return
    for row in session.execute(text("PRAGMA integrity_check")):
        if row[0] != "ok":
            yield Fault("database", "integrity_check", str(row[0]))
    for row in session.execute(text("PRAGMA foreign_key_check")):
        yield Fault("database", f"{row[0]} row {row[1]}", f"points at a missing row of {row[2]}")


def _submissions(session: Session) -> Iterator[Fault]:
    for model, noun in ((Submission, "submission"), (SubmissionVersion, "submission version")):
        query = select(model.id, model.xml, model.xml_sha256)
        for row in session.execute(query.execution_options(yield_per=500)):
            if hashlib.sha256(row.xml).hexdigest() != row.xml_sha256:
                yield Fault("submissions", f"{noun} {row.id}", "its XML is not what was received")


def _opened(session: Session) -> Iterator[Fault]:
    query = select(
        SubmissionOpened.submission_id, SubmissionOpened.xml, SubmissionOpened.xml_sha256
    )
    for row in session.execute(query.execution_options(yield_per=500)):
        if hashlib.sha256(row.xml).hexdigest() != row.xml_sha256:
            yield Fault(
                "submissions", f"submission {row.submission_id}", "is not what was decrypted"
            )


def _keys(session: Session) -> Iterator[Fault]:
    query = select(PlanKey.id, PlanKey.private_key, PlanKey.private_sha256)
    for row in session.execute(query):
        if hashlib.sha256(row.private_key.encode()).hexdigest() != row.private_sha256:
            yield Fault("keys", f"plan key {row.id}", "its private half is not what was stored")


def _held(session: Session) -> Iterator[Fault]:
    query = select(Held.id, Held.xml, Held.content_sha256)
    for row in session.execute(query.execution_options(yield_per=500)):
        if hashlib.sha256(row.xml).hexdigest() != row.content_sha256:
            yield Fault("held", f"held {row.id}", "its content is not what was sent")


def _forms(session: Session) -> Iterator[Fault]:
    query = select(FormVersion.id, FormVersion.xform, FormVersion.xform_md5)
    for row in session.execute(query.execution_options(yield_per=50)):
        if hashlib.md5(row.xform, usedforsecurity=False).hexdigest() != row.xform_md5:
            yield Fault("forms", f"form version {row.id}", "its XForm is not what phones were told")


def _draws(session: Session) -> Iterator[Fault]:
    """Draw again whatever has a result; one that the worker still draws has none yet."""
    query = select(Draw).where(Draw.seed.is_not(None), Draw.state != DrawState.DRAWING)
    for draw in session.scalars(query.options(undefer(Draw.frame))):
        try:
            what = _unlike(draw)
        except (SamplingError, Problem) as error:
            what = error.en if isinstance(error, SamplingError) else error.text("en")
        if what:
            yield Fault("draws", f"draw {draw.id}", what)


def _unlike(draw: Draw) -> str:
    if method.number_of(draw).value != draw.seed:
        return "its seed is not what was read aloud"
    selected = [unit for unit in draws.redone(draw).selected if unit.role != "purposive"]
    if [(u.id, u.ticket) for u in selected] != [(u.unit_code, u.ticket) for u in draw.drawn]:
        return "made again it gives other units"
    return ""


def _register(session: Session) -> Iterator[Fault]:
    before = draws.NO_HASH
    for line in session.scalars(select(RegisterEntry).order_by(RegisterEntry.id)):
        if line.prev_sha256 != before or draws.digest(line.entry) != line.sha256:
            yield Fault("register", f"entry {line.id}", "does not follow the entry before")
        before = line.sha256
    waiting = (DrawState.COMMITTED, DrawState.DRAWING)
    seeded = set(session.scalars(select(Draw.id).where(Draw.state.not_in(waiting))))
    entered = set(session.scalars(select(RegisterEntry.draw_id)))
    for draw_id in sorted(seeded - entered):
        yield Fault("register", f"draw {draw_id}", "is not in the register")


def _journal(session: Session) -> Iterator[Fault]:
    for broken in journal.verify(session):
        where = f"seal {broken.seal_id}, lines {broken.first_id}-{broken.last_id}"
        yield Fault("journal", where, broken.why)


def _findings(session: Session) -> Iterator[Fault]:
    for finding_id, what in tracing.astray(session):
        yield Fault("findings", f"finding {finding_id}", what)


FILE_COLUMNS = (
    BoundaryImport.sha256,
    SubmissionFile.sha256,
    SubmissionFile.thumb_sha256,
    SubmissionFile.view_sha256,
    VersionFile.sha256,
    VersionFile.thumb_sha256,
    VersionFile.view_sha256,
    HeldFile.sha256,
    TrialFile.sha256,
    FormMedia.sha256,
    FormVersion.workbook_sha256,
    DocumentFile.sha256,
    StepFile.sha256,
    StepFile.thumb_sha256,
    StepFile.view_sha256,
)
"""Every column that names a stored file: what stands in none of them is swept away."""


def named(session: Session) -> Iterator[str]:
    """Give the hash of every file that some row names, once."""
    query = union(
        *(select(column.label("sha256")).where(column.is_not(None)) for column in FILE_COLUMNS)
    )
    for row in session.execute(query.execution_options(yield_per=1000)):
        yield str(row[0])


def _files(session: Session, files: Files) -> Iterator[Fault]:
    for sha256 in named(session):
        if files.size(sha256) is None:
            yield Fault("files", sha256, "is missing")
        elif not files.is_whole(sha256):
            yield Fault("files", sha256, "is not what was stored")


def orphans(session: Session, files: Files, older_than: float) -> Iterator[str]:
    """Give the stored files that no row names and that are at least that many seconds old."""
    known = set(named(session))
    before = time.time() - older_than
    for sha256, stored_at in files.names():
        if sha256 not in known and stored_at < before:
            yield sha256


def sweep(session: Session, files: Files) -> int:
    """Remove the orphans older than a day, and halves of files; return how many orphans."""
    files.remove_partial(ORPHAN_AFTER_SECONDS)
    found = list(orphans(session, files, ORPHAN_AFTER_SECONDS))
    for sha256 in found:
        files.remove(sha256)
    return len(found)
