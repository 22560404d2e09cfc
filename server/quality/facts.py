"""The facts that the checks of records rest on, read from records, visits and places."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.orm import Session

from server.db import Instant
from server.monitoring.models import Round, Visit
from server.often import Often
from server.places import boundary_queries
from server.places.borders import Border
from server.places.boundary_models import Boundary
from server.places.distance import point, radius_m
from server.places.models import Hamlet, Place
from server.quality import limits
from server.quality.checks import Facts
from server.quality.models import VisitCheck
from server.submissions import instance, intake
from server.submissions.models import Submission, VisitVerdict

BATCH = 500
_ROW = re.compile(r"\[[0-9]+\]")
_FACTS = (
    select(
        Submission.id,
        Submission.version_id,
        Submission.answers,
        Submission.latitude,
        Submission.longitude,
        Submission.accuracy_m,
        Submission.started_at,
        Submission.ended_at,
        func.coalesce(Submission.edited_at, Submission.received_at, type_=Instant()).label(
            "came_at"
        ),
        Submission.verdict,
        VisitCheck.checks,
        Visit.starts_on,
        Visit.ends_on,
        Round.starts_on.label("round_starts_on"),
        Round.ends_on.label("round_ends_on"),
        Hamlet.latitude.label("hamlet_latitude"),
        Hamlet.longitude.label("hamlet_longitude"),
        Hamlet.radius_m,
        Place.latitude.label("place_latitude"),
        Place.longitude.label("place_longitude"),
        Place.area_km2,
        Place.name.label("commune"),
        Boundary.id.label("boundary_id"),
    )
    .outerjoin(VisitCheck, VisitCheck.submission_id == Submission.id)
    .outerjoin(Visit, Visit.id == Submission.visit_id)
    .outerjoin(Round, Round.id == Visit.round_id)
    .outerjoin(Hamlet, Hamlet.id == Submission.hamlet_id)
    .outerjoin(Place, Place.id == Submission.place_id)
    .outerjoin(Boundary, (Boundary.place_id == Submission.place_id) & Boundary.current)
)
_ONE = Often(lambda _engine: _FACTS.where(Submission.id == bindparam("which")))


@dataclass(frozen=True)
class Judged:
    """A record's facts, beside what was said of it before: None when it never was."""

    submission_id: int
    facts: Facts
    verdict: VisitVerdict | None
    checks: list[dict[str, Any]] | None


def read(session: Session, *where: ColumnElement[bool]) -> Iterator[Judged]:
    """Give the facts of the records for which `where` holds, in the order of their arrival."""
    query = _FACTS.where(*where).order_by(Submission.id)
    borders: dict[int, Border] = {}
    for row in session.execute(query.execution_options(yield_per=BATCH)):
        yield _judged(session, row, borders)


def read_one(session: Session, submission_id: int) -> Judged | None:
    """Return the same of one record, as it is asked for each that arrives; None without it."""
    row = _ONE.run(session, {"which": submission_id})
    return None if row is None else _judged(session, row, {})


def _judged(session: Session, row: Any, borders: dict[int, Border]) -> Judged:
    outside = _outside(session, row, borders)
    return Judged(row.id, _facts(session, row, outside), row.verdict, row.checks)


def _outside(session: Session, row: Any, borders: dict[int, Border]) -> float | None:
    """Return how many metres beyond its commune's border a record lies; None when unknown."""
    here, key = point(row.latitude, row.longitude), row.boundary_id
    if here is None or key is None:
        return None
    if key not in borders:
        borders[key] = boundary_queries.border(session, key)
    return borders[key].metres_outside(here)


def _facts(session: Session, row: Any, outside: float | None) -> Facts:
    expected, reach, in_hamlet = _expected(row)
    dated = row.starts_on is not None  # a visit without days may happen on any of its round's
    return Facts(
        point=point(row.latitude, row.longitude),
        accuracy_m=row.accuracy_m,
        expected=expected,
        radius_m=reach,
        in_hamlet=in_hamlet,
        outside_m=outside,
        commune=row.commune or "",
        started_at=row.started_at,
        ended_at=row.ended_at,
        received_at=row.came_at,
        first_day=row.starts_on if dated else row.round_starts_on,
        last_day=row.ends_on if dated else row.round_ends_on,
        answered=answered(intake.reader(session, row.version_id), row.answers),
    )


def _expected(row: Any) -> tuple[tuple[float, float] | None, float | None, bool]:
    """Return where the record should lie, how far around, and whether that is its hamlet."""
    if there := point(row.hamlet_latitude, row.hamlet_longitude):
        return there, float(row.radius_m or limits.HAMLET_RADIUS_M), True
    if there := point(row.place_latitude, row.place_longitude):
        return there, radius_m(row.area_km2) if row.area_km2 else None, False
    return None, None, False


def answered(reader: intake.Reader, answers: dict[str, Any]) -> int:
    """Return how many questions were answered by a person, each row of a repeat for itself.

    What the phone fills in by itself (times, its own number, calculations) does not count.
    """
    by_itself = {reader.roles.get(part) for part in ("start", "end", "device")}
    return sum(
        1
        for path, value in instance.flat(answers)
        if value not in (None, "", [])
        and path not in by_itself
        and not path.startswith("meta/")
        and _type(reader, _ROW.sub("", path)) != "calculate"
    )


def _type(reader: intake.Reader, path: str) -> str:
    parts, found = reader.nodes, ""
    for name in path.split("/"):
        node = parts.get(name)
        if node is None:
            return ""
        parts, found = node.parts, node.type
    return found
