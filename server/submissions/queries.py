"""Questions about filled forms and what is held; nothing here writes."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, func, or_, select, true, union
from sqlalchemy.orm import Session, joinedload, undefer

from server.monitoring.models import Plan
from server.places.scope import inside, within
from server.problems import NotFound
from server.submissions.models import (
    Held,
    HeldState,
    ReviewState,
    Submission,
    SubmissionComment,
    SubmissionFile,
    SubmissionVersion,
)
from server.surveys.models import Form, FormVersion
from server.teams.models import Person, Phone, Team


def reach(plan: Plan, areas: Iterable[str], area: Any = Submission.area) -> ColumnElement[bool]:
    """Return the condition that records of `plan` may be seen from `areas`; `area` is their column.

    Whoever sees the plan's whole area sees all of them, those too that no place is known of yet.
    """
    found = list(areas)
    if any(within(plan.area, area) for area in found):
        return true()
    return inside(area, found)


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


def under_id(
    session: Session, plan: Plan, form_pk: int, instance_id: str, areas: Iterable[str]
) -> Submission:
    """Return the record of a form that first came under this instanceID; see `one`.

    Raises:
        NotFound: there is none, or not for those who hold `areas`.
    """
    found = session.scalar(
        select(Submission.id).where(
            Submission.plan_id == plan.id,
            Submission.form_pk == form_pk,
            Submission.root_instance_id == instance_id,
        )
    )
    if found is None:
        raise NotFound()
    return one(session, found, areas)


def of_form(plan: Plan, form_pk: int, areas: Iterable[str]) -> Select[Any, Any, Any]:
    """Return the query of (record, who sent it, its form's version), the newest first."""
    return (
        select(Submission, Person.name, FormVersion.version)
        .join(FormVersion, FormVersion.id == Submission.version_id)
        .outerjoin(Person, Person.id == Submission.person_id)
        .where(Submission.plan_id == plan.id, Submission.form_pk == form_pk, reach(plan, areas))
        .order_by(Submission.id.desc())
    )


def comments(session: Session, submission_id: int) -> Sequence[SubmissionComment]:
    """Return what was said of a record, the newest first."""
    return session.scalars(
        select(SubmissionComment)
        .where(SubmissionComment.submission_id == submission_id)
        .order_by(SubmissionComment.id.desc())
    ).all()


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


def next_to_review(
    session: Session,
    plan: Plan,
    areas: Iterable[str],
    after: int,
    level: int,
    teams: Sequence[int] | None = None,
) -> int | None:
    """Return the id of the record that waits next for a decision at `level`, oldest first.

    First those that came after record `after`, then from the beginning; `teams` narrows to
    theirs. None when nothing waits.
    """
    waits = select(Submission.id).where(
        Submission.plan_id == plan.id,
        reach(plan, areas),
        Submission.review_level < level,
        Submission.id != after,
    )
    if teams is not None:
        waits = waits.where(Submission.team_id.in_(teams))
    first = waits.order_by(Submission.id).limit(1)
    for query in (first.where(Submission.id > after), first):
        # One state at a time: then the index gives the first of each at once.
        found = [
            session.scalar(query.where(Submission.review_state == state))
            for state in (ReviewState.RECEIVED, ReviewState.EDITED)
        ]
        if any(found):
            return min(each for each in found if each is not None)
    return None


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


def came_as(instance_ids: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that a record has one of these instanceIDs, of whatever form it is.

    The index has the form first: it is looked up once for each form.
    """
    return and_(Submission.form_pk.in_(select(Form.id)), Submission.instance_id.in_(instance_ids))


def that_came_as(instance_ids: Sequence[str]) -> CompoundSelect[int]:
    """Return the query of the records that have, or had, one of these instanceIDs."""
    before = select(SubmissionVersion.submission_id)
    return union(
        select(Submission.id).where(came_as(instance_ids)),
        before.where(SubmissionVersion.instance_id.in_(instance_ids)),
    )


def same_instance(session: Session, held: Held) -> Submission | None:
    """Return the record of the plan that something held stands against.

    The one that has, or had, its instanceID; for an edit, or that it is an edit of.
    """
    ids = [each for each in (held.instance_id, held.deprecated_id) if each]
    if not ids:
        return None
    return session.scalars(
        select(Submission)
        .where(Submission.plan_id == held.plan_id, Submission.id.in_(that_came_as(ids)))
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
