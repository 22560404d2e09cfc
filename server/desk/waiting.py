"""What of records and findings waits for a reader, plan by plan: for the first page."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from server import clock
from server.desk import finding_rights as rights
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
from server.findings.queries import seen
from server.monitoring.models import Plan, Record, Visit
from server.monitoring.queries import open_to
from server.monitoring.record_models import Document, DocumentState
from server.permissions import May
from server.places.scope import inside
from server.submissions.models import Submission
from server.submissions.rights import OFFICE, TEAM_LEADER
from server.teams.models import Member
from server.web import Reader


@dataclass
class Waiting:
    """How many records and findings are in each step that somebody must take, and what else waits.

    `to_mend` are the records returned to the reader's own teams, `returned` those of everybody;
    `papers` the documents that units still owe after the day set for them.
    """

    to_assign: int = 0
    reported: int = 0
    asked: int = 0
    late: int = 0
    soon: int = 0
    checks: int = 0
    letters: int = 0
    to_review: int = 0
    to_mend: int = 0
    returned: int = 0
    papers: int = 0


def waiting(session: Session, reader: Reader, plan_ids: Sequence[int]) -> dict[int, Waiting]:
    """Return what waits in each plan, in at most six look-ups."""
    found: dict[int, Waiting] = defaultdict(Waiting)
    if plan_ids and reader.may(May.SEE_RECORDS):
        _count_records(session, reader, plan_ids, found)
        _count_papers(session, reader.areas(May.SEE_RECORDS), plan_ids, found)
    if plan_ids and reader.may(May.SEE_FINDINGS):
        _count_findings(session, reader, plan_ids, found)
        _count_requests(session, reader, plan_ids, found)
    if plan_ids and reader.may(May.SETTLE_FINDINGS):
        _count_checks(session, reader.areas(May.SETTLE_FINDINGS), plan_ids, found)
    if plan_ids and reader.may(May.RECOMMEND):
        counts = mail.waiting(session, plan_ids, reader.areas(May.RECOMMEND))
        for plan_id, count in counts.items():
            found[plan_id].letters = count
    return found


def _count_findings(
    session: Session, reader: Reader, plan_ids: Sequence[int], found: dict[int, Waiting]
) -> None:
    today = clock.today()
    running = Finding.state.in_(WITH_THE_UNIT)
    soon = Finding.due_on.between(today, today + SOON_DAYS)
    confirmed = (Finding.state == FindingState.CONFIRMED) & (Finding.topic != GOOD_PRACTICE)
    states = (FindingState.CONFIRMED, FindingState.REPORTED, *WITH_THE_UNIT)
    query = seen(
        select(
            Finding.plan_id,
            func.count().filter(confirmed),
            func.count().filter(Finding.state == FindingState.REPORTED),
            func.count().filter(running & (Finding.due_on < today)),
            func.count().filter(running & soon),
        ),
        rights.scope_of(reader),
    )
    wanted = (Finding.plan_id.in_(plan_ids), Finding.state.in_(states))
    rows = session.execute(query.where(*wanted).group_by(Finding.plan_id))
    for plan_id, *counts in rows:
        each = found[plan_id]
        each.to_assign, each.reported, each.late, each.soon = counts


def _count_requests(
    session: Session, reader: Reader, plan_ids: Sequence[int], found: dict[int, Waiting]
) -> None:
    """Count the units that wait for an answer; apart, since an index holds these few alone."""
    query = seen(select(Finding.plan_id, func.count()), rights.scope_of(reader))
    wanted = (Finding.asked_due.is_not(None), Finding.plan_id.in_(plan_ids))
    for plan_id, count in session.execute(query.where(*wanted).group_by(Finding.plan_id)):
        found[plan_id].asked = count


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


def _count_records(
    session: Session, reader: Reader, plan_ids: Sequence[int], found: dict[int, Waiting]
) -> None:
    """Count what the office or the leader of a team has still to look at, and what was returned."""
    office = reader.areas(May.REVIEW)
    watched = [*office, *reader.areas(May.MANAGE_PLANS)]
    mine = select(Member.team_id).where(Member.person_id == reader.id)
    led = Submission.team_id.in_(mine.where(Member.leads)) & _in(reader.areas(May.REVIEW_FIRST))
    back = Submission.returned_at.is_not(None)
    waits = or_(
        _in(office) & (Submission.review_level < OFFICE),
        led & (Submission.review_level < TEAM_LEADER),
    )
    rows = session.execute(
        select(
            Submission.plan_id,
            func.count().filter(waits & ~back),
            func.count().filter(back & Submission.team_id.in_(mine)),
            func.count().filter(back & _in(watched)),
        )
        .join(Plan, Plan.id == Submission.plan_id)
        .where(Submission.plan_id.in_(plan_ids), or_(Submission.review_level < OFFICE, back))
        .group_by(Submission.plan_id)
    )
    for plan_id, *counts in rows:
        each = found[plan_id]
        each.to_review, each.to_mend, each.returned = counts


def _in(areas: list[str]) -> ColumnElement[bool]:
    return or_(inside(Plan.area, areas), inside(Submission.area, areas))


def _count_papers(
    session: Session, areas: list[str], plan_ids: Sequence[int], found: dict[int, Waiting]
) -> None:
    rows = session.execute(
        select(Visit.plan_id, func.count())
        .join(Record, Record.visit_id == Visit.id)
        .join(Document, Document.record_id == Record.id)
        .where(
            Visit.plan_id.in_(plan_ids),
            open_to(areas),
            Document.state.in_((DocumentState.ASKED, DocumentState.PARTLY)),
            Document.due_on < clock.today(),
        )
        .group_by(Visit.plan_id)
    )
    for plan_id, count in rows:
        found[plan_id].papers = count
