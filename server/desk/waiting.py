"""What of the findings waits for a reader, plan by plan: for the first page."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from server import clock
from server.desk.register import SOON_DAYS
from server.findings import mail
from server.findings.models import (
    GOOD_PRACTICE,
    WITH_THE_UNIT,
    Finding,
    FindingState,
    Outcome,
    SiteCheck,
)
from server.monitoring.models import Plan
from server.permissions import May
from server.places.scope import inside
from server.web import Reader


@dataclass
class Waiting:
    """How many findings are in each step that somebody must take, and how many letters wait."""

    to_assign: int = 0
    reported: int = 0
    late: int = 0
    soon: int = 0
    checks: int = 0
    letters: int = 0


def waiting(session: Session, reader: Reader, plan_ids: Sequence[int]) -> dict[int, Waiting]:
    """Return what waits in each plan, in at most three look-ups."""
    found: dict[int, Waiting] = defaultdict(Waiting)
    areas = reader.areas(May.SEE_FINDINGS)
    if plan_ids and areas:
        _count_findings(session, areas, plan_ids, found)
    if plan_ids and reader.may(May.SETTLE_FINDINGS):
        _count_checks(session, reader.areas(May.SETTLE_FINDINGS), plan_ids, found)
    if plan_ids and reader.may(May.RECOMMEND):
        counts = mail.waiting(session, plan_ids, reader.areas(May.RECOMMEND))
        for plan_id, count in counts.items():
            found[plan_id].letters = count
    return found


def _count_findings(
    session: Session, areas: list[str], plan_ids: Sequence[int], found: dict[int, Waiting]
) -> None:
    today = clock.today()
    running = Finding.state.in_(WITH_THE_UNIT)
    soon = Finding.due_on.between(today, today + SOON_DAYS)
    confirmed = (Finding.state == FindingState.CONFIRMED) & (Finding.topic != GOOD_PRACTICE)
    states = (FindingState.CONFIRMED, FindingState.REPORTED, *WITH_THE_UNIT)
    rows = session.execute(
        select(
            Finding.plan_id,
            func.count().filter(confirmed),
            func.count().filter(Finding.state == FindingState.REPORTED),
            func.count().filter(running & (Finding.due_on < today)),
            func.count().filter(running & soon),
        )
        .join(Plan, Plan.id == Finding.plan_id)
        .where(
            Finding.plan_id.in_(plan_ids),
            Finding.state.in_(states),
            or_(inside(Plan.area, areas), inside(Finding.area, areas)),
        )
        .group_by(Finding.plan_id)
    )
    for plan_id, *counts in rows:
        each = found[plan_id]
        each.to_assign, each.reported, each.late, each.soon = counts


def _count_checks(
    session: Session, areas: list[str], plan_ids: Sequence[int], found: dict[int, Waiting]
) -> None:
    rows = session.execute(
        select(SiteCheck.plan_id, func.count())
        .join(Plan, Plan.id == SiteCheck.plan_id)
        .join(Finding, Finding.id == SiteCheck.finding_id)
        .where(
            SiteCheck.plan_id.in_(plan_ids),
            SiteCheck.outcome == Outcome.WAITING,
            or_(inside(Plan.area, areas), inside(Finding.area, areas)),
        )
        .group_by(SiteCheck.plan_id)
    )
    for plan_id, count in rows:
        found[plan_id].checks = count
