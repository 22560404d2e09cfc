"""What was sent and found at one visit: rows for lists, points for the map, groups by table."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, lazyload

from server.findings.models import Finding, FindingState
from server.monitoring.models import Record, Round, Visit
from server.monitoring.queries import open_to
from server.places.models import Hamlet
from server.problems import NotFound
from server.submissions.models import ReviewState, Submission
from server.surveys.models import Form
from server.teams.models import Person

MOST_POINTS = 300
PER_GROUP = 20


@dataclass(frozen=True)
class Sent:
    """One submission as a list and a map show it; distance in metres from where it should be."""

    id: int
    label: str
    form: str
    received_at: dt.datetime
    hamlet_id: int | None
    hamlet: str | None
    radius_m: int | None
    person: str | None
    household_code: str | None
    distance_m: float | None
    latitude: float | None
    longitude: float | None
    accuracy_m: float | None
    state: ReviewState

    @property
    def far(self) -> bool | None:
        """Tell whether it was filled beyond its hamlet's radius; None when that is not known."""
        if self.distance_m is None or self.radius_m is None:
            return None
        return self.distance_m > self.radius_m


def sent_at(session: Session, visit_id: int, limit: int = MOST_POINTS) -> list[Sent]:
    """Return the latest submissions of a visit, newest first."""
    rows = session.execute(
        select(
            Submission.id,
            Submission.label,
            Form.title,
            Submission.received_at,
            Submission.hamlet_id,
            Hamlet.name,
            Hamlet.radius_m,
            Person.name,
            Submission.household_code,
            Submission.distance_m,
            Submission.latitude,
            Submission.longitude,
            Submission.accuracy_m,
            Submission.review_state,
        )
        .join(Form, Form.id == Submission.form_pk)
        .outerjoin(Hamlet, Hamlet.id == Submission.hamlet_id)
        .outerjoin(Person, Person.id == Submission.person_id)
        .where(Submission.visit_id == visit_id)
        .order_by(Submission.id.desc())
        .limit(limit)
    )
    return [Sent(*values) for values in map(tuple, rows)]


def count_sent(session: Session, visit_id: int) -> list[tuple[str, str, int]]:
    """Return (form id, title, how many) of what was sent at a visit, by title."""
    rows = session.execute(
        select(Form.form_id, Form.title, func.count())
        .join(Submission, Submission.form_pk == Form.id)
        .where(Submission.visit_id == visit_id)
        .group_by(Form.form_id, Form.title)
        .order_by(Form.title)
    )
    return [(form_id, title, count) for form_id, title, count in rows]


def hamlets_in(session: Session, place_id: int) -> Sequence[Hamlet]:
    """Return the hamlets of a commune in dictionary order."""
    return session.scalars(
        select(Hamlet).where(Hamlet.place_id == place_id).order_by(Hamlet.sort_key, Hamlet.code)
    ).all()


def findings_at(session: Session, visit_id: int, limit: int = 50) -> Sequence[Finding]:
    """Return the latest findings of a visit, newest first."""
    return session.scalars(
        select(Finding)
        .where(Finding.visit_id == visit_id)
        .order_by(Finding.id.desc())
        .options(lazyload(Finding.place))
        .limit(limit)
    ).all()


@dataclass(frozen=True)
class Group:
    """The findings of a record that bear on one project and one table (Biểu).

    `findings` holds the gravest of them; `total` and `waiting` count them all.
    """

    project_code: str
    table_label: str
    total: int
    waiting: int
    findings: list[Finding]


def findings_by_table(session: Session, record_id: int) -> list[Group]:
    """Return the findings tied to a record by project and table, in two look-ups."""
    counted = session.execute(
        select(
            Finding.project_code,
            Finding.table_label,
            func.count(),
            func.count().filter(Finding.state == FindingState.NEW),
        )
        .where(Finding.record_id == record_id)
        .group_by(Finding.project_code, Finding.table_label)
        .order_by(Finding.project_code, Finding.table_label)
    )
    groups = {
        (project, table): Group(project, table, total, waiting, [])
        for project, table, total, waiting in counted
    }
    for each in _gravest(session, record_id):
        groups[each.project_code, each.table_label].findings.append(each)
    return list(groups.values())


def _gravest(session: Session, record_id: int) -> Sequence[Finding]:
    """Return the gravest findings of each project and table, with the form they come from."""
    rank = func.row_number().over(
        partition_by=(Finding.project_code, Finding.table_label),
        order_by=(Finding.severity.desc(), Finding.id),
    )
    ranked = select(Finding.id, rank.label("rank")).where(Finding.record_id == record_id).subquery()
    return session.scalars(
        select(Finding)
        .join(ranked, ranked.c.id == Finding.id)
        .where(ranked.c.rank <= PER_GROUP)
        .order_by(Finding.severity.desc(), Finding.id)
        .options(
            lazyload(Finding.place),
            joinedload(Finding.submission).load_only(Submission.label),
        )
    ).all()


def record_seen(session: Session, record_id: int, areas: Iterable[str]) -> Record:
    """Return a monitoring record inside `areas` with its visit, round and plan, or refuse."""
    found = session.scalar(
        select(Record)
        .join(Visit)
        .where(Record.id == record_id, open_to(areas))
        .options(joinedload(Record.visit).joinedload(Visit.round).joinedload(Round.plan))
    )
    if found is None:
        raise NotFound()
    return found


def points(sent: Sequence[Sent], words: tuple[str, str]) -> list[dict[str, Any]]:
    """Return the map features of submissions, each tied to its hamlet; `words`: near, far."""
    return [_feature(each, words) for each in sent if each.latitude is not None]


def _feature(each: Sent, words: tuple[str, str]) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "label": each.label or each.form,
        "note": each.form,
        "url": f"/submissions/{each.id}",
        "accuracy_m": each.accuracy_m,
    }
    if each.hamlet_id is not None:
        properties["ref"] = f"h{each.hamlet_id}"
    if each.far is not None:
        properties["word"] = words[each.far]
        properties["tone"] = "wait" if each.far else "good"
        properties["icon"] = "exclamation-triangle" if each.far else "check-circle"
    return {
        "type": "Feature",
        "id": f"s{each.id}",
        "geometry": {"type": "Point", "coordinates": [each.longitude, each.latitude]},
        "properties": properties,
    }
