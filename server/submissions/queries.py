"""Questions about filled forms and what is held; nothing here writes."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, func, or_, select, true
from sqlalchemy.orm import Session, joinedload, undefer

from server import text
from server.monitoring.models import Plan
from server.places.scope import inside, within
from server.problems import NotFound
from server.submissions.models import Held, HeldState, ReviewState, Submission, SubmissionFile
from server.surveys.models import FormVersion
from server.teams.models import Person, Phone, Team


@dataclass(frozen=True)
class Asked:
    """What a list of records is narrowed to; what is None or '' narrows nothing.

    `words` are looked for one by one, without tone marks; `since` and `until` are instants, the
    second left out.
    """

    form_pk: int | None = None
    area: str = ""
    team_id: int | None = None
    state: ReviewState | None = None
    words: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None


def reach(plan: Plan, areas: Iterable[str], area: Any = Submission.area) -> ColumnElement[bool]:
    """Return the condition that records of `plan` may be seen from `areas`; `area` is their column.

    Whoever sees the plan's whole area sees all of them, those too that no place is known of yet.
    """
    found = list(areas)
    if any(within(plan.area, area) for area in found):
        return true()
    return inside(area, found)


def listed(plan: Plan, areas: Iterable[str], asked: Asked) -> Select[int]:
    """Return the query of the ids of the records asked for, without an order."""
    query = select(Submission.id).where(Submission.plan_id == plan.id, reach(plan, areas))
    for column, value in (
        (Submission.form_pk, asked.form_pk),
        (Submission.team_id, asked.team_id),
        (Submission.review_state, asked.state),
    ):
        if value is not None:
            query = query.where(column == value)
    if asked.area:
        query = query.where(inside(Submission.area, [asked.area]))
    if asked.since is not None:
        query = query.where(Submission.received_at >= asked.since)
    if asked.until is not None:
        query = query.where(Submission.received_at < asked.until)
    return query.where(*_words(asked.words))


def _words(given: str) -> list[ColumnElement[bool]]:
    """Return a condition for each word: it occurs somewhere in the record's searchable text."""
    return [
        Submission.search_text.contains(word, autoescape=True)
        for word in text.fold(given).split()[:8]
    ]


def rows(session: Session, ids: Sequence[int]) -> list[Submission]:
    """Return the records with these ids, in their order, with what a list shows of each."""
    found = session.scalars(
        select(Submission)
        .where(Submission.id.in_(ids))
        .options(
            joinedload(Submission.form),
            joinedload(Submission.place),
            joinedload(Submission.hamlet),
            joinedload(Submission.person),
            joinedload(Submission.team),
        )
    ).unique()
    by_id = {row.id: row for row in found}
    return [by_id[key] for key in ids if key in by_id]


def odd(session: Session, ids: Sequence[int]) -> set[int]:
    """Return which of these records have an oddity."""
    filled = func.length(cast(Submission.oddities, String)) > len("[]")
    query = select(Submission.id).where(Submission.id.in_(ids), filled)
    return set(session.scalars(query)) if ids else set()


def answers(session: Session, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return the answers of these records."""
    if not ids:
        return {}
    rows = session.execute(select(Submission.id, Submission.answers).where(Submission.id.in_(ids)))
    return {row[0]: row[1] for row in rows}


def held_of_plan(session: Session, plan: Plan) -> int:
    """Return how many records the plan has."""
    query = select(func.count()).select_from(Submission).where(Submission.plan_id == plan.id)
    return session.scalar(query) or 0


def _in_reach(areas: Iterable[str]) -> ColumnElement[bool]:
    found = list(areas)
    return or_(inside(Plan.area, found), inside(Submission.area, found))


def one(session: Session, submission_id: int, areas: Iterable[str]) -> Submission:
    """Return a record that may be seen from `areas`, with all that its page shows.

    Raises:
        NotFound: there is none, or not for them.
    """
    found = session.scalar(
        select(Submission)
        .join(Plan, Plan.id == Submission.plan_id)
        .where(Submission.id == submission_id, _in_reach(areas))
        .options(
            undefer(Submission.answers),
            undefer(Submission.oddities),
            joinedload(Submission.form),
            joinedload(Submission.version).undefer(FormVersion.fields),
            joinedload(Submission.place),
            joinedload(Submission.hamlet),
            joinedload(Submission.person),
            joinedload(Submission.team),
            joinedload(Submission.visit),
        )
    )
    if found is None:
        raise NotFound()
    return found


def beside(
    session: Session, plan: Plan, found: Submission, areas: Iterable[str]
) -> tuple[int | None, int | None]:
    """Return the ids of the record that came next and of the one that came before, if any."""
    query = select(Submission.id).where(Submission.plan_id == plan.id, reach(plan, areas))
    newer = query.where(Submission.id > found.id).order_by(Submission.id).limit(1)
    older = query.where(Submission.id < found.id).order_by(Submission.id.desc()).limit(1)
    return session.scalar(newer), session.scalar(older)


def file_for(session: Session, file_id: int, areas: Iterable[str]) -> SubmissionFile:
    """Return a file of a record that may be seen from `areas`; its submission is loaded.

    Raises:
        NotFound: there is none, it has yet to arrive, or it is not for them.
    """
    found = session.scalar(
        select(SubmissionFile)
        .join(Submission, Submission.id == SubmissionFile.submission_id)
        .join(Plan, Plan.id == Submission.plan_id)
        .where(SubmissionFile.id == file_id, SubmissionFile.sha256.is_not(None), _in_reach(areas))
        .options(joinedload(SubmissionFile.submission).joinedload(Submission.form))
    )
    if found is None:
        raise NotFound()
    return found


def held_listed(plan_id: int, state: HeldState | None) -> Select[int]:
    """Return the query of the ids of what is held in a plan, without an order."""
    query = select(Held.id).where(Held.plan_id == plan_id)
    return query if state is None else query.where(Held.state == state)


def held_rows(session: Session, ids: Sequence[int]) -> list[Held]:
    """Return what is held under these ids, in their order."""
    found = {row.id: row for row in session.scalars(select(Held).where(Held.id.in_(ids)))}
    return [found[key] for key in ids if key in found]


def held_counts(session: Session, plan_id: int) -> dict[HeldState, int]:
    """Return how much is held in each state."""
    rows = session.execute(
        select(Held.state, func.count()).where(Held.plan_id == plan_id).group_by(Held.state)
    )
    return {row[0]: row[1] for row in rows}


def held_for(
    session: Session, held_id: int, areas: Iterable[str], lock: bool = False
) -> tuple[Held, Plan]:
    """Return something held and its plan, for those who see the plan's whole area.

    Raises:
        NotFound: there is none, or not for them.
    """
    query = (
        select(Held, Plan)
        .join(Plan, Plan.id == Held.plan_id)
        .where(Held.id == held_id, inside(Plan.area, areas))
        .options(undefer(Held.xml))
    )
    row = session.execute(query.with_for_update(of=Held) if lock else query).unique().one_or_none()
    if row is None:
        raise NotFound()
    return row[0], row[1]


def same_instance(session: Session, held: Held) -> Submission | None:
    """Return the record of the plan that has the instanceID of something held."""
    if not held.instance_id:
        return None
    return session.scalars(
        select(Submission)
        .where(Submission.plan_id == held.plan_id, Submission.instance_id == held.instance_id)
        .options(undefer(Submission.xml), joinedload(Submission.form))
        .limit(1)
    ).first()


def last_sent_with(session: Session, form_pk: int) -> list[tuple[str, str, str, dt.datetime]]:
    """Return (person, team, version, when) of the newest form that each phone in use has sent."""
    newest = (
        select(func.max(Submission.id))
        .where(Submission.form_pk == form_pk, Submission.phone_id.is_not(None))
        .group_by(Submission.phone_id)
    )
    rows = session.execute(
        select(Person.name, Team.name, FormVersion.version, Submission.received_at)
        .join(Phone, Phone.id == Submission.phone_id)
        .join(Person, Person.id == Phone.person_id)
        .join(FormVersion, FormVersion.id == Submission.version_id)
        .outerjoin(Team, Team.id == Phone.team_id)
        .where(Submission.id.in_(newest), Phone.revoked_at.is_(None))
        .order_by(Person.sort_key, Phone.id)
    )
    return [(name, team or "", version, when) for name, team, version, when in rows]
