"""What of records and findings waits for a reader, plan by plan: for the first page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from server import clock
from server.desk import finding_rights as rights
from server.desk.queries import Sums
from server.desk.register import SOON_DAYS
from server.findings import mail
from server.findings.models import (
    WITH_THE_UNIT,
    Finding,
    FindingState,
    Outcome,
    SiteCheck,
)
from server.findings.queries import Scope, seen_of
from server.monitoring.models import Plan, Record, Visit
from server.monitoring.queries import open_to, reached
from server.monitoring.record_models import Document, DocumentState
from server.permissions import May
from server.submissions.models import Submission
from server.submissions.rights import OFFICE, TEAM_LEADER
from server.teams.models import Member
from server.web import Reader


@dataclass(frozen=True)
class Records:
    """How many records have come, and how many are in each step that somebody must take.

    `to_mend` are those returned to the reader's own teams, `returned` those of everybody.
    """

    received: int = 0
    to_review: int = 0
    to_mend: int = 0
    returned: int = 0


@dataclass
class Waiting:
    """How many findings are in each step that somebody must take, and what else waits.

    `papers` are the documents that units still owe after the day set for them.
    """

    records: Records = field(default_factory=Records)
    to_assign: int = 0
    reported: int = 0
    asked: int = 0
    late: int = 0
    soon: int = 0
    checks: int = 0
    letters: int = 0
    papers: int = 0


def waiting(
    session: Session,
    reader: Reader,
    plans: Sequence[Plan],
    sums: Sums | None,
    counted: Mapping[int, Records] | None,
) -> dict[int, Waiting]:
    """Return what waits in each plan, in at most five look-ups.

    `sums` are its findings and `counted` its records, in numbers.
    """
    found = {plan.id: Waiting() for plan in plans}
    if not found:
        return found
    for plan_id, each in (counted or {}).items():
        found[plan_id].records = each
    if reader.may(May.SEE_RECORDS):
        _count_papers(session, reader.areas(May.SEE_RECORDS), found)
    if sums is not None:
        _count_findings(sums, found)
        _count_deadlines(session, rights.scope_of(reader), plans, found)
    if reader.may(May.SETTLE_FINDINGS):
        _count_checks(session, reader.areas(May.SETTLE_FINDINGS), plans, found)
    if reader.may(May.RECOMMEND):
        counts = mail.waiting(session, list(found), reader.areas(May.RECOMMEND))
        for plan_id, count in counts.items():
            found[plan_id].letters = count
    return found


def _count_findings(sums: Sums, found: dict[int, Waiting]) -> None:
    for plan_id, each in found.items():
        for like in sums[plan_id]:
            if like.state is FindingState.CONFIRMED:
                each.to_assign += like.shortcomings
            elif like.state is FindingState.REPORTED:
                each.reported += like.count


def _count_deadlines(
    session: Session, scope: Scope, plans: Sequence[Plan], found: dict[int, Waiting]
) -> None:
    """Count what is late or soon will be, and the units that wait for an answer."""
    late = Finding.due_on < clock.today()
    running = select(Finding.plan_id, func.count().filter(late), func.count())
    due = (Finding.state.in_(WITH_THE_UNIT), Finding.due_on <= clock.today() + SOON_DAYS)
    by_plan = seen_of(running, scope, plans).where(*due).group_by(Finding.plan_id)
    for plan_id, late_ones, all_due in session.execute(by_plan):
        found[plan_id].late, found[plan_id].soon = late_ones, all_due - late_ones
    asked = seen_of(select(Finding.plan_id, func.count()), scope, plans)
    asked = asked.where(Finding.asked_due.is_not(None)).group_by(Finding.plan_id)
    for plan_id, count in session.execute(asked):
        found[plan_id].asked = count


def _count_checks(
    session: Session, areas: list[str], plans: Sequence[Plan], found: dict[int, Waiting]
) -> None:
    rows = session.execute(
        select(SiteCheck.plan_id, func.count())
        .join(Finding, Finding.id == SiteCheck.finding_id)
        .where(
            SiteCheck.outcome == Outcome.WAITING,
            reached(plans, areas, SiteCheck.plan_id, Finding.area),
        )
        .group_by(SiteCheck.plan_id)
    )
    for plan_id, count in rows:
        found[plan_id].checks = count


def records(session: Session, reader: Reader, plans: Sequence[Plan]) -> dict[int, Records] | None:
    """Return the records of each plan in numbers, in one pass; None for who may see none.

    To review are those that the office, or the leader of a team, has still to look at.
    """
    if not reader.may(May.SEE_RECORDS):
        return None

    def within(areas: Sequence[str]) -> ColumnElement[bool]:
        return reached(plans, areas, Submission.plan_id, Submission.area)

    office = reader.areas(May.REVIEW)
    watched = within([*office, *reader.areas(May.MANAGE_PLANS)])
    mine = select(Member.team_id).where(Member.person_id == reader.id)
    led = Submission.team_id.in_(mine.where(Member.leads)) & within(reader.areas(May.REVIEW_FIRST))
    back = Submission.returned_at.is_not(None)
    waits = or_(
        within(office) & (Submission.review_level < OFFICE),
        led & (Submission.review_level < TEAM_LEADER),
    )
    rows = session.execute(
        select(
            Submission.plan_id,
            func.count().filter(within(reader.areas(May.SEE_RECORDS))),
            func.count().filter(waits & ~back),
            func.count().filter(back & Submission.team_id.in_(mine)),
            func.count().filter(back & watched),
        )
        .where(Submission.plan_id.in_([plan.id for plan in plans]))
        .group_by(Submission.plan_id)
    )
    return {plan_id: Records(*counts) for plan_id, *counts in rows}


def _count_papers(session: Session, areas: list[str], found: dict[int, Waiting]) -> None:
    rows = session.execute(
        select(Visit.plan_id, func.count())
        .join(Record, Record.visit_id == Visit.id)
        .join(Document, Document.record_id == Record.id)
        .where(
            Visit.plan_id.in_(list(found)),
            open_to(areas),
            Document.state.in_((DocumentState.ASKED, DocumentState.PARTLY)),
            Document.due_on < clock.today(),
        )
        .group_by(Visit.plan_id)
    )
    for plan_id, count in rows:
        found[plan_id].papers = count
