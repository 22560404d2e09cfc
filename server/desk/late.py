"""Late phones and teams: not heard of, known not to have sent, with visits that are due.

A phone tells nothing of forms it still holds. What is known: photos of forms that arrived, the form
before a change that arrived, records that were returned to be corrected.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import Blueprint, render_template
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from server import clock, web
from server.db import db
from server.desk import formats, outcomes, paging
from server.desk import queries as desk
from server.desk.teams import LATE, app_name, seen
from server.entities.models import EntityRequest, RequestState
from server.monitoring.models import Visit, VisitState
from server.permissions import May
from server.places.scope import covers
from server.submissions.models import Submission
from server.teams import queries
from server.teams.models import Phone

bp = Blueprint("desk_late", __name__)
bp.context_processor(formats.helpers)
_TO_DO = (VisitState.PLANNED, VisitState.UNDER_WAY)


@dataclass
class Unsent:
    """What is known not to have been sent from one phone."""

    forms: int = 0
    files: int = 0
    earlier: int = 0
    returned: int = 0

    @property
    def any(self) -> bool:
        """Whether there is anything."""
        return bool(self.files or self.earlier or self.returned)


@dataclass
class LateTeam:
    """A team with visits that are due: those whose days are over, and those of these days."""

    name: str
    overdue: list[Visit] = field(default_factory=list)
    today: list[Visit] = field(default_factory=list)
    done: int = 0
    target: int = 0
    phones: int = 0
    silent: int = 0
    last_seen_at: dt.datetime | None = None


@bp.get("/plans/<int:plan_id>/late")
@web.requires(May.SEE_PHONES)
def late(plan_id: int) -> str:
    """Show which phones and teams the office should ask after."""
    session = db.session()
    plan = seen(session, plan_id)
    unsent = _unsent(session, plan_id)
    page = paging.page(session, _late_phones(plan_id, unsent), Phone.id)
    phones = queries.phones(session, page.ids)
    return render_template(
        "desk/late.html",
        plan=plan,
        page=page,
        phones=phones,
        unsent=unsent,
        last_forms=_last_forms(session, page.ids),
        teams=_teams(session, plan_id),
        before=clock.now() - LATE,
        app_name=app_name,
        today=clock.today(),
    )


def _heard() -> ColumnElement[dt.datetime]:
    return func.coalesce(Phone.last_seen_at, Phone.created_at)


def _late_phones(plan_id: int, unsent: dict[int, Unsent]) -> Select[int]:
    """Return the query of the ids of phones that are silent or known to hold something."""
    holding = [phone_id for phone_id, each in unsent.items() if each.any]
    return queries.phone_ids(plan_id).where(
        Phone.revoked_at.is_(None),
        or_(_heard() < clock.now() - LATE, Phone.id.in_(holding)),
    )


def _unsent(session: Session, plan_id: int) -> dict[int, Unsent]:
    """Return by phone what is known not to have been sent, in three look-ups."""
    found: dict[int, Unsent] = defaultdict(Unsent)
    own = Submission.plan_id == plan_id
    missing = Submission.files_named - Submission.files_held
    files = (
        select(Submission.phone_id, func.count(), func.sum(missing))
        .where(own, Submission.files_held < Submission.files_named)
        .group_by(Submission.phone_id)
    )
    for phone_id, forms, count in session.execute(files):
        found[phone_id or 0].forms, found[phone_id or 0].files = forms, int(count)
    held = (
        select(Submission.phone_id, func.count())
        .join(EntityRequest, EntityRequest.submission_id == Submission.id)
        .where(EntityRequest.plan_id == plan_id, EntityRequest.state == RequestState.HELD)
        .group_by(Submission.phone_id)
    )
    for phone_id, count in session.execute(held):
        found[phone_id or 0].earlier = count
    returned = (
        select(Submission.phone_id, func.count())
        .where(own, Submission.returned_at.is_not(None))
        .group_by(Submission.phone_id)
    )
    for phone_id, count in session.execute(returned):
        found[phone_id or 0].returned = count
    return found


def _last_forms(session: Session, ids: Sequence[int]) -> dict[int, dt.datetime]:
    rows = session.execute(
        select(Submission.phone_id, func.max(Submission.received_at))
        .where(Submission.phone_id.in_(ids))
        .group_by(Submission.phone_id)
    )
    return {phone_id or 0: at for phone_id, at in rows}


def _teams(session: Session, plan_id: int) -> list[LateTeam]:
    """Return the teams with visits that are due, those longest overdue first."""
    areas, today = web.reader().areas(May.SEE_PLANS), clock.today()
    due = [
        visit
        for visit in desk.visits_of(session, plan_id, areas)
        if visit.state in _TO_DO and visit.starts_on is not None and visit.starts_on <= today
    ]
    found: dict[int, LateTeam] = {}
    for visit in due:
        name = visit.team.name if visit.team else ""
        team = found.setdefault(visit.team_id or 0, LateTeam(name))
        over = (visit.ends_on or visit.starts_on or today) < today
        (team.overdue if over else team.today).append(visit)
    _count(session, plan_id, due, found)
    return sorted(found.values(), key=lambda team: (-len(team.overdue), team.name))


def _count(
    session: Session, plan_id: int, due: Sequence[Visit], found: dict[int, LateTeam]
) -> None:
    drawing = all(covers(web.reader().areas(May.DRAW), visit.area) for visit in due)
    for row in outcomes.hamlets(session, due, drawing=drawing):
        team = found[row.visit.team_id or 0]
        team.done, team.target = team.done + row.done, team.target + row.target
    counted = (
        select(
            Phone.team_id,
            func.count(),
            func.count().filter(_heard() < clock.now() - LATE),
            func.max(Phone.last_seen_at),
        )
        .where(Phone.plan_id == plan_id, Phone.revoked_at.is_(None))
        .group_by(Phone.team_id)
    )
    for team_id, phones, silent, last in session.execute(counted):
        if team_id in found:
            team = found[team_id]
            team.phones, team.silent, team.last_seen_at = phones, silent, last
