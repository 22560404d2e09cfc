"""Verbs about plans, rounds, visits and their records."""

import datetime as dt
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import clock, journal, text
from server.journal import Actor
from server.monitoring.models import (
    Origin,
    Plan,
    Record,
    Round,
    RoundKind,
    Visit,
    VisitState,
)
from server.monitoring.problems import (
    AlreadyVisited,
    DecisionNeeded,
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

    `fields` may hold number, agency, parent, legal_bases, starts_on, ends_on, accept_bytes.
    """
    plan = Plan(
        name=text.clean(name),
        programme_id=programme_id,
        edition_id=edition_id,
        area=place.area if place else "",
        created_at=clock.now(),
        **fields,
    )
    session.add(plan)
    session.flush()
    journal.write(session, actor, "plan.added", "plan", plan.id, plan.id)
    return plan


def add_round(
    session: Session, plan: Plan, code: str, name: str, actor: Actor, **fields: Any
) -> Round:
    """Add a round; `fields` may hold kind, method, purpose, starts_on, ends_on, params.

    Raises:
        RoundCodeTaken: the plan has a round of this code.
    """
    code = text.clean(code)
    if session.scalar(select(Round.id).where(Round.plan_id == plan.id, Round.code == code)):
        raise RoundCodeTaken(round_code=code)
    found = Round(plan_id=plan.id, code=code, name=text.clean(name), **fields)
    session.add(found)
    session.flush()
    journal.write(session, actor, "round.added", "round", found.id, plan.id, code=found.code)
    return found


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
    """Add a visit of the round to a commune, and open its monitoring record.

    Raises:
        OutsidePlan: the commune is not in the plan's area or edition.
        AlreadyVisited: the round has a visit there.
    """
    plan = round_.plan
    if place.edition_id != plan.edition_id or not within(place.area, plan.area):
        raise OutsidePlan(code=place.code)
    if session.scalar(
        select(Visit.id).where(Visit.round_id == round_.id, Visit.place_id == place.id)
    ):
        raise AlreadyVisited(code=place.code)
    visit = Visit(
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
    session.add(visit)
    session.flush()
    session.add(Record(visit_id=visit.id, number=_number(session, plan), opened_at=clock.now()))
    session.flush()
    journal.write(session, actor, "visit.added", "visit", visit.id, plan.id, place=place.code)
    return visit


def _number(session: Session, plan: Plan) -> str:
    count = session.scalar(
        select(func.count()).select_from(Record).join(Visit).where(Visit.plan_id == plan.id)
    )
    return f"HS{plan.id:03d}-{(count or 0) + 1:03d}"


def send_notice(session: Session, visit: Visit, day: dt.date, actor: Actor) -> None:
    """Record that the visited unit was told on `day`; a periodic visit may not start before."""
    visit.notice_sent_on = day
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
    visit.team_id = team.id if team else None
    visit.starts_on, visit.ends_on = starts_on, ends_on
    session.flush()
    journal.write(session, actor, "visit.changed", "visit", visit.id, visit.plan_id)


def needs_notice(visit: Visit) -> bool:
    """Tell whether the visited unit has still to be told before the visit may start."""
    return visit.round.kind is RoundKind.PERIODIC and visit.notice_sent_on is None


def record_decision(session: Session, visit: Visit, number: str, actor: Actor) -> None:
    """Record the number of the head's decision that an unannounced visit rests on."""
    visit.decision_no = text.clean(number)
    journal.write(session, actor, "visit.decided", "visit", visit.id, visit.plan_id)


def move(session: Session, visit: Visit, state: VisitState, actor: Actor) -> None:
    """Bring a visit into another state.

    Raises:
        NoSuchMove: it cannot go there from where it is.
        NoticeNeeded: a periodic visit would start before its notice was sent.
        DecisionNeeded: an unannounced one would start without the head's decision.
    """
    if state not in MOVES[visit.state]:
        raise NoSuchMove()
    if visit.state is VisitState.PLANNED and state is VisitState.UNDER_WAY:
        if needs_notice(visit):
            raise NoticeNeeded()
        if visit.round.kind is RoundKind.UNANNOUNCED and not visit.decision_no:
            raise DecisionNeeded()
    visit.state = state
    session.flush()
    journal.write(
        session, actor, "visit.changed", "visit", visit.id, visit.plan_id, state=state.value
    )
