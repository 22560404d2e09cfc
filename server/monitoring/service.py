"""Verbs about plans, rounds, visits and their records."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import clock, journal, text
from server.journal import Actor
from server.monitoring import papers
from server.monitoring.models import (
    Origin,
    Plan,
    PlanState,
    Record,
    Round,
    RoundKind,
    Visit,
    VisitState,
)
from server.monitoring.problems import (
    AlreadyVisited,
    BadParent,
    DecisionNeeded,
    KindFixed,
    NoSuchMove,
    NoticeNeeded,
    OutsidePlan,
    RoundCodeTaken,
)
from server.places.models import Place
from server.places.scope import within as within
from server.teams.models import Team

MOVES: dict[VisitState, tuple[VisitState, ...]] = {
    VisitState.PLANNED: (VisitState.UNDER_WAY, VisitState.CANCELLED),
    VisitState.UNDER_WAY: (VisitState.DONE, VisitState.CANCELLED),
    VisitState.DONE: (VisitState.UNDER_WAY,),
    VisitState.CANCELLED: (VisitState.PLANNED,),
}
"""To which states a visit may go from each."""


def add_plan(
    session: Session,
    name: str,
    programme_id: str,
    place: Place | None,
    edition_id: str,
    actor: Actor,
    **fields: Any,
) -> Plan:
    """Add a monitoring plan over `place` (None: the whole country), under an edition of units.

    `fields` may hold number, agency, parent, parent_id, legal_bases, starts_on, ends_on,
    accept_bytes.

    Raises:
        BadParent: the plan above does not reach over the whole of `place`.
    """
    plan = Plan(
        name=text.clean(name),
        programme_id=programme_id,
        edition_id=edition_id,
        area=place.area if place else "",
        created_at=clock.now(),
        **fields,
    )
    _check_parent(session, plan)
    session.add(plan)
    session.flush()
    journal.write(session, actor, "plan.added", "plan", plan.id, plan.id)
    return plan


def change_plan(session: Session, plan: Plan, actor: Actor, **fields: Any) -> list[str]:
    """Change what a plan says of itself, and return the names of what has changed.

    `fields` may hold name, number, agency, parent, parent_id, legal_bases, starts_on, ends_on. Its
    area, edition and programme stay: visits and findings stand on them.

    Raises:
        PlanClosed: it is only read.
        BadParent: the plan above is this one, carries this one out, or reaches less far.
    """
    plan.must_be_open()
    changed = _set(plan, fields)
    if changed:
        _check_parent(session, plan)
        session.flush()
        journal.write(session, actor, "plan.changed", "plan", plan.id, plan.id, fields=changed)
    return changed


def _set(row: Plan | Round, fields: dict[str, Any]) -> list[str]:
    changed = [name for name, value in fields.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, fields[name])
    return sorted(changed)


def _check_parent(session: Session, plan: Plan) -> None:
    with session.no_autoflush:
        above = session.get(Plan, plan.parent_id) if plan.parent_id else None
        if plan.parent_id and (above is None or not within(plan.area, above.area)):
            raise BadParent()
        while above is not None:
            if above.id == plan.id:
                raise BadParent()
            above = session.get(Plan, above.parent_id) if above.parent_id else None


def close_plan(session: Session, plan: Plan, actor: Actor) -> None:
    """Close a plan: phones are no longer answered, nothing in it changes. Findings go on."""
    plan.must_be_open()
    _switch(session, plan, PlanState.CLOSED, "plan.closed", actor)


def reopen_plan(session: Session, plan: Plan, actor: Actor) -> None:
    """Open a closed plan again."""
    if plan.state is PlanState.CLOSED:
        _switch(session, plan, PlanState.OPEN, "plan.reopened", actor)


def _switch(session: Session, plan: Plan, state: PlanState, verb: str, actor: Actor) -> None:
    plan.state = state
    session.flush()
    journal.write(session, actor, verb, "plan", plan.id, plan.id)


def unfinished(session: Session, plan: Plan) -> int:
    """Return how many visits of a plan are planned or under way."""
    to_do = (VisitState.PLANNED, VisitState.UNDER_WAY)
    query = select(func.count()).where(Visit.plan_id == plan.id, Visit.state.in_(to_do))
    return session.scalar(query) or 0


def add_round(
    session: Session, plan: Plan, code: str, name: str, actor: Actor, **fields: Any
) -> Round:
    """Add a round.

    `fields` may hold kind, method, purpose, about, team_size, starts_on, ends_on, params.

    Raises:
        PlanClosed: nothing is added to a closed plan.
        RoundCodeTaken: the plan has a round of this code.
    """
    plan.must_be_open()
    code = text.clean(code)
    if session.scalar(select(Round.id).where(Round.plan_id == plan.id, Round.code == code)):
        raise RoundCodeTaken(round_code=code)
    found = Round(plan_id=plan.id, code=code, name=text.clean(name), **fields)
    session.add(found)
    session.flush()
    journal.write(session, actor, "round.added", "round", found.id, plan.id, code=found.code)
    return found


def change_round(session: Session, round_: Round, actor: Actor, **fields: Any) -> list[str]:
    """Change a round, all but its code, and return the names of what has changed.

    Raises:
        PlanClosed: its plan is only read.
        KindFixed: a visit has begun as announced, or as not announced.
    """
    round_.plan.must_be_open()
    if fields.get("kind", round_.kind) is not round_.kind and _begun(session, round_):
        raise KindFixed()
    changed = _set(round_, fields)
    if changed:
        session.flush()
        journal.write(
            session, actor, "round.changed", "round", round_.id, round_.plan_id, fields=changed
        )
    return changed


def _begun(session: Session, round_: Round) -> bool:
    under_way = (VisitState.UNDER_WAY, VisitState.DONE)
    query = select(Visit.id).where(Visit.round_id == round_.id, Visit.state.in_(under_way))
    return session.scalar(query.limit(1)) is not None


def add_visit(
    session: Session,
    round_: Round,
    place: Place,
    actor: Actor,
    origin: Origin = Origin.DRAWN,
    team: Team | None = None,
    starts_on: dt.date | None = None,
    ends_on: dt.date | None = None,
) -> Visit:
    """Add a visit of the round to a commune; open its monitoring record with its checklist.

    Raises:
        PlanClosed: the plan is only read.
        OutsidePlan: the commune is not in the plan's area or edition.
        AlreadyVisited: the round has a visit there.
    """
    return add_visits(session, round_, [place], actor, origin, team, starts_on, ends_on)[0]


def add_visits(
    session: Session,
    round_: Round,
    places: Sequence[Place],
    actor: Actor,
    origin: Origin = Origin.DRAWN,
    team: Team | None = None,
    starts_on: dt.date | None = None,
    ends_on: dt.date | None = None,
) -> list[Visit]:
    """Add visits to many communes in a few statements; refuses as `add_visit` does."""
    plan = round_.plan
    plan.must_be_open()
    _refuse_places(session, round_, places)
    visits = [
        Visit(
            plan_id=plan.id,
            round_id=round_.id,
            place_id=place.id,
            area=place.area,
            code=f"{round_.code}-{place.code}",
            team_id=team.id if team else None,
            origin=origin,
            starts_on=starts_on,
            ends_on=ends_on,
        )
        for place in places
    ]
    session.add_all(visits)
    session.flush()
    first, at = _records(session, plan) + 1, clock.now()
    records = [
        Record(visit_id=visit.id, number=f"HS{plan.id:03d}-{number:03d}", opened_at=at)
        for number, visit in enumerate(visits, start=first)
    ]
    session.add_all(records)
    session.flush()
    papers.open_checklists(session, records)
    told = [(v.id, {"place": p.code}) for v, p in zip(visits, places, strict=True)]
    journal.write_each(session, actor, "visit.added", "visit", told, plan.id)
    return visits


def _refuse_places(session: Session, round_: Round, places: Sequence[Place]) -> None:
    plan = round_.plan
    for place in places:
        if place.edition_id != plan.edition_id or not within(place.area, plan.area):
            raise OutsidePlan(code=place.code)
    ids = [place.id for place in places]
    held = select(Visit.place_id).where(Visit.round_id == round_.id, Visit.place_id.in_(ids))
    taken = session.scalar(held.limit(1))
    if taken is not None:
        raise AlreadyVisited(code=next(place.code for place in places if place.id == taken))


def _records(session: Session, plan: Plan) -> int:
    """Return how many records the plan has."""
    count = session.scalar(
        select(func.count()).select_from(Record).join(Visit).where(Visit.plan_id == plan.id)
    )
    return count or 0


def send_notice(
    session: Session, visit: Visit, day: dt.date, actor: Actor, number: str = ""
) -> None:
    """Record that the visited unit was told on `day`; a periodic visit may not start before.

    `number` is the notice's own (số, ký hiệu của thông báo).
    """
    visit.round.plan.must_be_open()
    visit.notice_sent_on, visit.notice_no = day, text.clean(number)
    session.flush()
    journal.write(session, actor, "visit.notified", "visit", visit.id, visit.plan_id)


def assign(
    session: Session,
    visit: Visit,
    team: Team | None,
    starts_on: dt.date | None,
    ends_on: dt.date | None,
    actor: Actor,
) -> None:
    """Give a visit its team and days."""
    visit.round.plan.must_be_open()
    visit.team_id = team.id if team else None
    visit.starts_on, visit.ends_on = starts_on, ends_on
    session.flush()
    journal.write(session, actor, "visit.changed", "visit", visit.id, visit.plan_id)


def needs_notice(visit: Visit) -> bool:
    """Tell whether the visited unit has still to be told before the visit may start."""
    return visit.round.kind is RoundKind.PERIODIC and visit.notice_sent_on is None


def needs_decision(visit: Visit) -> bool:
    """Tell whether an unannounced visit still lacks the head's decision it rests on."""
    return visit.round.kind is RoundKind.UNANNOUNCED and not visit.decision_no


def record_decision(session: Session, visit: Visit, number: str, actor: Actor) -> None:
    """Record the number of the head's decision that an unannounced visit rests on."""
    visit.round.plan.must_be_open()
    visit.decision_no = text.clean(number)
    journal.write(session, actor, "visit.decided", "visit", visit.id, visit.plan_id)


def move(session: Session, visit: Visit, state: VisitState, actor: Actor) -> None:
    """Bring a visit into another state.

    Raises:
        PlanClosed: its plan is only read.
        NoSuchMove: it cannot go there from where it is.
        NoticeNeeded: a periodic visit would start before its notice was sent.
        DecisionNeeded: an unannounced one would start without the head's decision.
    """
    visit.round.plan.must_be_open()
    if state not in MOVES[visit.state]:
        raise NoSuchMove()
    if visit.state is VisitState.PLANNED and state is VisitState.UNDER_WAY:
        if needs_notice(visit):
            raise NoticeNeeded()
        if needs_decision(visit):
            raise DecisionNeeded()
    visit.state = state
    session.flush()
    journal.write(
        session, actor, "visit.changed", "visit", visit.id, visit.plan_id, state=state.value
    )
