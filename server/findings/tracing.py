"""Findings held against the journal: state, deadline and unit are those its last line tells."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from server.findings import steps
from server.findings.models import Finding, FindingState
from server.findings.queries import NOT_FOR_UNITS
from server.journal import Line

UNASSIGNED = {each.value for each in (*NOT_FOR_UNITS, FindingState.CONFIRMED)}
BATCH = 1000
FIELDS = ("state", "due", "asked", "unit", "unit_sha256")
BY_BYTES = {"sqlite": "BINARY", "postgresql": "C"}
Told = dict[str, Any]


def astray(session: Session) -> Iterator[tuple[int, str]]:
    """Give each finding that is not as the journal tells of it, with what differs.

    Findings and lines are read once, side by side in the order of their numbers as text, never all
    at a time.
    """
    lines = _last_lines(session)
    key, told = next(lines, ("", None))
    for finding in _findings(session):
        own = str(finding.id)
        while told is not None and key < own:
            yield int(key), "is gone, and the journal tells of it"
            key, told = next(lines, ("", None))
        if told is not None and key == own:
            what = _unlike(finding, told)
            key, told = next(lines, ("", None))
        else:
            what = _unlike(finding, {"state": "moi"})
        if what:
            yield finding.id, what
    while told is not None:
        yield int(key), "is gone, and the journal tells of it"
        key, told = next(lines, ("", None))


def _findings(session: Session) -> Iterator[Finding]:
    order = cast(Finding.id, Text).collate(_order(session))
    columns = (
        Finding.id,
        Finding.state,
        Finding.due_on,
        Finding.asked_due,
        Finding.responsible,
        Finding.responsible_area,
    )
    query = select(*columns).order_by(order).execution_options(yield_per=BATCH)
    for row in session.execute(query):
        yield Finding(**row._mapping)


def _last_lines(session: Session) -> Iterator[tuple[str, Told]]:
    """Give what the newest line of each finding tells, in the order of their numbers as text."""
    order = Line.subject_id.collate(_order(session))
    query = (
        select(Line.subject_id, Line.detail)
        .where(Line.subject == "finding", Line.verb.in_(steps.VERBS.values()))
        .order_by(order, Line.id)
        .execution_options(yield_per=BATCH)
    )
    for key, lines in groupby(session.execute(query), lambda line: line.subject_id):
        *_, last = lines
        yield key, last.detail


def _order(session: Session) -> str:
    return BY_BYTES[session.get_bind().dialect.name]


def _unlike(finding: Finding, told: Told) -> str:
    """Return in what a finding differs from what was told of it, '' for one that does not.

    Lines of earlier versions tell of a state alone, and of a deadline that changed.
    """
    now = steps.standing(finding)
    whole = told["state"] in UNASSIGNED or "unit_sha256" in told
    fields = FIELDS if whole else [name for name in FIELDS if name in told]
    wrong = [name for name in fields if now.get(name) != told.get(name)]
    return "; ".join(
        f"its {name} is {now.get(name) or '-'}, the journal has {told.get(name) or '-'}"
        for name in wrong
    )
