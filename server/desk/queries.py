"""Figures about plans, visits and records, counted over all subjects; nothing here writes."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session, joinedload

from server import clock
from server.desk import finding_rights
from server.findings import queries as findings
from server.findings.models import Finding, FindingState
from server.findings.queries import Sum
from server.monitoring import service as monitoring
from server.monitoring.models import Plan, PlanState, Round, RoundKind, Visit, VisitState
from server.monitoring.queries import known_on, open_to, reached
from server.permissions import May
from server.places.scope import covers, inside, touches
from server.submissions.models import Held, HeldState, Submission
from server.teams.models import Member, Phone, Team
from server.web import Reader

SOON = dt.timedelta(days=7)
SILENT = dt.timedelta(days=3)


@dataclass
class Progress:
    """How far a plan has come; None: the reader may not know."""

    visits: int = 0
    done: int = 0
    without_team: int = 0
    without_notice: int = 0
    without_decision: int = 0
    overdue: int = 0
    submissions: int | None = None
    findings: int | None = None
    held: int | None = None
    phones: int | None = None
    silent: int | None = None


Sums = Mapping[int, Sequence[Sum]]
"""The findings of plans in numbers, by the plan's id."""


def sums(session: Session, reader: Reader, plans: Sequence[Plan]) -> Sums | None:
    """Return the findings of each plan in numbers, None for a reader who may see none."""
    if not reader.may(May.SEE_FINDINGS):
        return None
    return findings.sums(session, finding_rights.scope_of(reader), plans)


Received = Mapping[int, int]
"""How many records have come, by the plan's id; a plan without any may be missing."""


def received(session: Session, reader: Reader, plans: Sequence[Plan]) -> Received | None:
    """Return how many records of each plan there are, None for a reader who may see none."""
    if not reader.may(May.SEE_RECORDS):
        return None
    query = (
        select(Submission.plan_id, func.count())
        .where(reached(plans, reader.areas(May.SEE_RECORDS), Submission.plan_id, Submission.area))
        .group_by(Submission.plan_id)
    )
    return dict(session.execute(query).all())


def progress(
    session: Session,
    reader: Reader,
    plans: Sequence[Plan],
    seen: Sums | None,
    came: Received | None,
) -> dict[int, Progress]:
    """Return the figures of several plans, each counted over all of them in one look-up.

    `seen` are their findings, as `sums` gives them, and `came` their records.
    """
    found: dict[int, Progress] = {plan.id: Progress() for plan in plans}
    if not found:
        return found
    for row in session.execute(_visit_figures(reader, list(found))):
        each = found[row[0]]
        each.visits, each.done, each.without_team, each.without_notice = row[1:5]
        each.without_decision, each.overdue = row[5:7]
    if came is not None:
        for plan_id, each in found.items():
            each.submissions = came.get(plan_id, 0)
    if reader.may(May.SEE_QUARANTINE):
        held = _waiting_held(reader.areas(May.SEE_QUARANTINE), plans)
        counts = dict(session.execute(held).all())
        for plan_id, each in found.items():
            each.held = counts.get(plan_id, 0)
    for plan_id, likes in (seen or {}).items():
        found[plan_id].findings = sum(
            like.count for like in likes if like.state is FindingState.NEW
        )
    if reader.may(May.SEE_PHONES):
        _count_phones(session, reader, found)
    return found


def _visit_figures(
    reader: Reader, plan_ids: Sequence[int]
) -> Select[int, int, int, int, int, int, int]:
    soon = and_(Visit.state == VisitState.PLANNED, Visit.starts_on <= clock.today() + SOON)
    waits = and_(soon, Visit.notice_sent_on.is_(None), Round.kind == RoundKind.PERIODIC)
    undecided = and_(soon, Visit.decision_no == "", Round.kind == RoundKind.UNANNOUNCED)
    unassigned = and_(Visit.team_id.is_(None), Visit.state == VisitState.PLANNED)
    to_do = Visit.state.in_((VisitState.PLANNED, VisitState.UNDER_WAY))
    overdue = and_(to_do, func.coalesce(Visit.ends_on, Visit.starts_on) < clock.today())
    return (
        select(
            Visit.plan_id,
            func.count(),
            func.count().filter(Visit.state == VisitState.DONE),
            func.count().filter(unassigned),
            func.count().filter(waits),
            func.count().filter(undecided),
            func.count().filter(overdue),
        )
        .join(Round, Round.id == Visit.round_id)
        .where(
            Visit.plan_id.in_(plan_ids),
            Visit.state != VisitState.CANCELLED,
            open_to(reader.areas(May.SEE_PLANS)),
        )
        .group_by(Visit.plan_id)
    )


def gates(visits: Iterable[Visit]) -> list[tuple[Visit, str]]:
    """Return the visits due within a week that may not begin yet: each with 'notice' or 'decision'.

    Their rounds are loaded.
    """
    last = clock.today() + SOON
    return [
        (visit, "notice" if monitoring.needs_notice(visit) else "decision")
        for visit in visits
        if visit.state is VisitState.PLANNED
        and visit.starts_on is not None
        and visit.starts_on <= last
        and (monitoring.needs_notice(visit) or monitoring.needs_decision(visit))
    ]


def _waiting_held(areas: list[str], plans: Sequence[Plan]) -> Select[int, int]:
    whole = [plan.id for plan in plans if covers(areas, plan.area)]
    return (
        select(Held.plan_id, func.count())
        .where(Held.plan_id.in_(whole), Held.state == HeldState.WAITING)
        .group_by(Held.plan_id)
    )


def _count_phones(session: Session, reader: Reader, found: dict[int, Progress]) -> None:
    last = func.coalesce(Phone.last_seen_at, Phone.created_at)
    counts = session.execute(
        select(Phone.plan_id, func.count(), func.count().filter(last < clock.now() - SILENT))
        .join(Plan, Plan.id == Phone.plan_id)
        .where(
            Phone.plan_id.in_(list(found)),
            Phone.revoked_at.is_(None),
            inside(Plan.area, reader.areas(May.SEE_PHONES)),
        )
        .group_by(Phone.plan_id)
    )
    for plan_id, phones, silent in counts:
        found[plan_id].phones, found[plan_id].silent = phones, silent


def open_plans(session: Session, areas: Iterable[str], limit: int) -> Sequence[Plan]:
    """Return the newest open plans that may be seen."""
    return session.scalars(
        select(Plan)
        .where(Plan.state == PlanState.OPEN, touches(Plan.area, areas))
        .order_by(Plan.id.desc())
        .limit(limit)
    ).all()


def own_visits(session: Session, person_id: int, limit: int = 20) -> Sequence[Visit]:
    """Return the visits that a person's teams have still to make, the earliest first."""
    teams = select(Member.team_id).where(Member.person_id == person_id)
    to_do = (VisitState.PLANNED, VisitState.UNDER_WAY)
    return session.scalars(
        select(Visit)
        .join(Plan, Plan.id == Visit.plan_id)
        .where(
            Visit.team_id.in_(teams),
            Visit.state.in_(to_do),
            Plan.state == PlanState.OPEN,
            known_on(clock.today()),
        )
        .order_by(Visit.starts_on.is_(None), Visit.starts_on, Visit.id)
        .options(
            joinedload(Visit.round).joinedload(Round.plan),
            joinedload(Visit.team).lazyload(Team.members),
        )
        .limit(limit)
    ).all()


@dataclass
class Counted:
    """What stands behind one visit."""

    submissions: int = 0
    findings: int = 0
    waiting: int = 0


def counted(
    session: Session, reader: Reader, plans: Sequence[Plan], visits: Sequence[int]
) -> dict[int, Counted]:
    """Return, for each of these visits of some plans, how much was sent and found there."""
    found: dict[int, Counted] = defaultdict(Counted)
    if reader.may(May.SEE_RECORDS):
        sent = (
            select(Submission.visit_id, func.count())
            .where(Submission.visit_id.in_(visits))
            .group_by(Submission.visit_id)
        )
        for visit_id, count in session.execute(sent):
            found[visit_id or 0].submissions = count
    if reader.may(May.SEE_FINDINGS):
        waits = func.count().filter(Finding.state == FindingState.NEW)
        raised: findings.Query = select(Finding.visit_id, func.count(), waits)
        # No condition on the plan: SQLite would go by that through all that the plan found.
        if not findings.sees_all(scope := finding_rights.scope_of(reader), plans):
            raised = findings.seen(raised, scope)
        raised = raised.where(Finding.visit_id.in_(visits)).group_by(Finding.visit_id)
        for visit_id, count, waiting in session.execute(raised):
            found[visit_id or 0].findings, found[visit_id or 0].waiting = count, waiting
    return found


def visits_of(session: Session, plan_id: int, areas: Iterable[str]) -> Sequence[Visit]:
    """Return the visits of a plan inside `areas` with place, team and record, by round and code."""
    return session.scalars(
        select(Visit)
        .where(Visit.plan_id == plan_id, open_to(areas))
        .order_by(Visit.round_id, Visit.code)
        .options(joinedload(Visit.team).lazyload(Team.members), joinedload(Visit.round))
    ).all()
