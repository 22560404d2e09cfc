"""Dry runs: a version's rules tried on every record of its form, beside what fired there.

Nothing is raised or taken back by a run. It goes through the records piece by piece, so that it
holds neither much memory nor the line of other work, and judges each by its own round's thresholds
on the day on which it was filled.
"""

import hashlib
import json
import logging
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from server import clock, journal
from server.findings import firing
from server.findings.dry_run_models import DryRun
from server.findings.models import Finding
from server.findings.raising import ALONE
from server.jobs import in_between
from server.journal import Actor, Write
from server.monitoring.models import Round, Visit
from server.submissions.models import Submission
from server.surveys import fields as form_fields
from server.surveys.models import FormVersion

log = logging.getLogger(__name__)
PIECE_SECONDS = 0.8
BATCH = 200
MOST_SHOWN = 20
NEW, GONE, SAME = "new", "gone", "same"
KINDS = (NEW, GONE, SAME)


@dataclass(frozen=True)
class Tally:
    """What a run found of one rule: how many records of each kind, and the ids of some.

    `title` is '' for a rule that the version does not have.
    """

    rule_id: str
    title: str
    counts: dict[str, int]
    some: dict[str, list[int]]

    @property
    def fires(self) -> bool:
        """Tell whether the rule would fire on any record, or did."""
        return any(self.counts.values())

    @property
    def differs(self) -> bool:
        """Tell whether the rule would fire elsewhere than it did."""
        return bool(self.counts[NEW] or self.counts[GONE])


def fingerprint(version: FormVersion) -> str:
    """Return what tells one content of a version's rules and questions from another."""
    content = json.dumps([version.rules, version.fields], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def start(session: Session, version: FormVersion, actor: Actor) -> DryRun:
    """Begin a run of a version's rules; one that is under way goes on instead."""
    held = latest(session, version)
    if held is not None and held.finished_at is None:
        return held
    records = select(func.count(), func.max(Submission.id)).where(*readable(version.form_pk))
    total, last_id = session.execute(records).one()
    run = DryRun(
        version_id=version.id,
        rules_sha256=fingerprint(version),
        total=total,
        last_id=last_id or 0,
        started_at=clock.now(),
        started_by=actor.name,
        finished_at=None if total else clock.now(),
    )
    session.add(run)
    session.flush()
    journal.write(
        session, actor, "form.dry-run", "form_version", version.id, version.form.plan_id,
        run=run.id, records=total,
    )  # fmt: skip
    return run


def latest(session: Session, version: FormVersion) -> DryRun | None:
    """Return the newest run of a version as it stands now, None when there is none."""
    query = select(DryRun).where(
        DryRun.version_id == version.id, DryRun.rules_sha256 == fingerprint(version)
    )
    return session.scalar(
        query.order_by(DryRun.id.desc()).limit(1).execution_options(populate_existing=True)
    )


def readable(form_pk: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of the records whose answers can be judged."""
    return (Submission.form_pk == form_pk, Submission.encrypted.is_(False))


@in_between
def next_piece(session: Session) -> Write | None:
    """Go on with the oldest run that is not finished; None when there is none."""
    run = session.scalar(
        select(DryRun)
        .where(DryRun.finished_at.is_(None))
        .order_by(DryRun.id)
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return piece(session, run) if run is not None else None


def piece(session: Session, run: DryRun, seconds: float = PIECE_SECONDS) -> Write:
    """Try the rules on records for some time, reading only; return what writes the outcome."""
    run_id, began = run.id, run.after_id
    found = _Found(began)
    try:
        _try(session, run, found, time.monotonic() + seconds)
    except Exception as error:  # a run that cannot go on is ended, and says so
        log.exception("dry run %s failed", run_id)
        session.rollback()
        found.finished, found.error = True, type(error).__name__

    def write(session: Session) -> None:
        held = session.get(DryRun, run_id, populate_existing=True, with_for_update=True)
        if held is None or held.finished_at is not None or held.after_id != began:
            return  # somebody else did this piece
        held.after_id, held.done = found.after_id, held.done + found.done
        held.tallies, held.error = _added(held.tallies, found.hits), found.error
        held.finished_at = clock.now() if found.finished else None

    return write


Hits = dict[str, dict[str, list[int]]]


@dataclass
class _Found:
    """What a piece found: ids of records by rule and kind, and how far it came."""

    after_id: int
    done: int = 0
    finished: bool = False
    error: str = ""
    hits: Hits = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))


def _try(session: Session, run: DryRun, found: _Found, until: float) -> None:
    version = session.get_one(FormVersion, run.version_id)
    rules = firing.usable(version.rules, form_fields.from_json(version.fields))
    while not found.finished:
        rows = session.execute(_batch(version.form_pk, found.after_id, run.last_id)).all()
        fired = _fired(session, [row.id for row in rows])
        for row in rows:
            day = firing.filled_on(row.started_at, row.ended_at, row.edited_at or row.received_at)
            now = {each.rule_id for each in firing.fired(rules, row.answers, row.params, day)}
            before = fired.get(row.id, set())
            for kind, ids in ((NEW, now - before), (GONE, before - now), (SAME, now & before)):
                for rule_id in ids:
                    found.hits[rule_id][kind].append(row.id)
            found.after_id, found.done = row.id, found.done + 1
        found.finished = len(rows) < BATCH
        if time.monotonic() > until:
            return


def _batch(form_pk: int, after_id: int, last_id: int) -> Select[Any]:
    """Return the query of the next records, with what tells their day and their thresholds."""
    return (
        select(
            Submission.id,
            Submission.answers,
            Submission.started_at,
            Submission.ended_at,
            Submission.received_at,
            Submission.edited_at,
            Round.params,
        )
        .outerjoin(Visit, Visit.id == Submission.visit_id)
        .outerjoin(Round, Round.id == Visit.round_id)
        .where(*readable(form_pk), Submission.id > after_id, Submission.id <= last_id)
        .order_by(Submission.id)
        .limit(BATCH)
    )


def _fired(session: Session, ids: Sequence[int]) -> dict[int, set[str]]:
    """Return which rules have fired on each of these records and stand since its last edit."""
    rows = session.execute(
        select(Finding.submission_id, Finding.rule_id).where(
            Finding.submission_id.in_(ids),
            Finding.rule_id.not_in(ALONE),
            Finding.lapsed_at.is_(None),
        )
    )
    found: dict[int, set[str]] = defaultdict(set)
    for submission_id, rule_id in rows:
        found[submission_id].add(rule_id)
    return found


def _added(held: Mapping[str, Any], hits: Hits) -> dict[str, Any]:
    """Return the tallies with those of a piece: [how many, the ids of the first]."""
    found = {rule_id: dict(kinds) for rule_id, kinds in held.items()}
    for rule_id, kinds in hits.items():
        rule = found.setdefault(rule_id, {})
        for kind, ids in kinds.items():
            count, some = rule.get(kind, (0, []))
            rule[kind] = [count + len(ids), [*some, *ids][:MOST_SHOWN]]
    return found


def tallies(run: DryRun, version: FormVersion) -> list[Tally]:
    """Return what a run found by rule: those of the version in their order, then those it lost."""
    titles = {rule["rule_id"]: rule.get("title_vi", "") for rule in version.rules}
    every = dict.fromkeys([*titles, *sorted(run.tallies)])
    return [_tally(rule_id, titles.get(rule_id, ""), run.tallies) for rule_id in every]


def _tally(rule_id: str, title: str, tallies: Mapping[str, Any]) -> Tally:
    kinds = tallies.get(rule_id, {})
    counts = {kind: kinds.get(kind, (0, []))[0] for kind in KINDS}
    return Tally(rule_id, title, counts, {kind: kinds.get(kind, (0, []))[1] for kind in KINDS})
