"""A plan with its rounds and visits, one visit, one monitoring record: the thread of the work."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, render_template
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import web
from server.db import db
from server.desk import evidence, figures, formats, keepers, map_areas
from server.desk import queries as desk
from server.findings.models import Finding
from server.monitoring import papers, queries, service, sizes, words
from server.monitoring.models import Plan, Visit, VisitState
from server.permissions import May
from server.places import picking
from server.places.models import Hamlet, Place
from server.places.pages import features
from server.places.scope import covers, touches
from server.teams import queries as teams

bp = Blueprint("desk_plans", __name__)
bp.context_processor(formats.helpers)
LISTED = 50
_TO_DO = (VisitState.PLANNED, VisitState.UNDER_WAY)


@bp.get("/plans/<int:plan_id>")
@web.requires(May.SEE_PLANS)
def plan(plan_id: int) -> str:
    """Show a plan: its facts, its figures, each round with its visits."""
    session, reader = db.session(), web.reader()
    areas = reader.areas(May.SEE_PLANS)
    found = queries.plan_for(session, plan_id, areas)
    visits = desk.visits_of(session, plan_id, areas)
    sums = desk.sums(session, reader, [found])
    return render_template(
        "desk/plan.html",
        plan=found,
        area=picking.names(session, [found.area]).get(found.area),
        rounds=[
            (round_, [visit for visit in visits if visit.round_id == round_.id])
            for round_ in queries.rounds(session, plan_id)
        ],
        counted=desk.counted(session, reader, [found], [visit.id for visit in visits]),
        progress=desk.progress(
            session, reader, [found], sums, desk.received(session, reader, [found])
        )[plan_id],
        sees_whole=covers(reader.areas(May.SEE_RECORDS), found.area),
        manages=_manages(found.area),
        unfinished=sum(visit.state in _TO_DO for visit in visits),
        gates=desk.gates(visits) if _manages(found.area) else [],
        doubts=_size_doubts(session, visits) if _manages(found.area) else {},
        parent=_parent(session, found, areas),
        words=words,
    )


def _size_doubts(
    session: Session, visits: Sequence[Visit]
) -> dict[int, list[tuple[str, sizes.SizeDoubt]]]:
    """Return, by round, the teams that have not the size that the plan names."""
    counts = teams.member_counts(session, {visit.team_id for visit in visits if visit.team_id})
    found: dict[int, dict[str, sizes.SizeDoubt]] = {}
    for visit in visits:
        if visit.team is None:
            continue
        doubt = sizes.doubt(visit.round, counts.get(visit.team_id or 0, 0))
        if doubt is not None:
            found.setdefault(visit.round_id, {})[visit.team.name] = doubt
    return {round_id: list(by_team.items()) for round_id, by_team in found.items()}


def _parent(session: Session, found: Plan, areas: list[str]) -> tuple[int | None, str] | None:
    """Return the plan above: its id where the reader may see it, and its number and name."""
    above = found.above
    if above is None:
        return None
    seen = select(Plan.id).where(Plan.id == above.id, touches(Plan.area, areas))
    return session.scalar(seen), f"{above.number} {above.name}".strip()


def _manages(area: str) -> bool:
    return covers(web.reader().areas(May.MANAGE_PLANS), area)


@bp.get("/visits/<int:visit_id>")
@web.requires(May.SEE_PLANS)
def visit(visit_id: int) -> str:
    """Show a visit: who goes when, where it is, what came back, what was found."""
    session = db.session()
    found = queries.visit_seen(session, visit_id, web.reader().areas(May.SEE_PLANS))
    manages = _manages(found.area)
    sent = evidence.sent_at(session, visit_id) if _sees(May.SEE_RECORDS, found) else None
    hamlets = evidence.hamlets_in(session, found.place_id)
    held = found.record if sent is not None else None
    return render_template(
        "desk/visit.html",
        visit=found,
        plan=found.round.plan,
        address=picking.names(session, [found.area]).get(found.area, found.place.name),
        features=_map(found.place, hamlets, sent or []),
        areas=map_areas.around(session, web.reader(), found.plan_id, found.area),
        sent=sent[:LISTED] if sent is not None else None,
        counts=evidence.count_sent(session, visit_id) if sent is not None else [],
        findings=_findings(session, found),
        teams=teams.team_names(session, found.plan_id) if manages else [],
        moves=service.MOVES[found.state] if manages else (),
        manages=manages,
        needs_notice=service.needs_notice(found),
        needs_decision=service.needs_decision(found),
        doubt=sizes.doubt(found.round, len(found.team.members)) if manages and found.team else None,
        documents=papers.documents(session, held.id) if held else None,
        sessions=papers.sessions(session, held.id) if held else [],
        keeps=keepers.keeps(found),
        words=words,
    )


def _sees(right: May, found: Visit) -> bool:
    return covers(web.reader().areas(right), found.area)


def _findings(session: Session, found: Visit) -> Sequence[Finding] | None:
    if not _sees(May.SEE_FINDINGS, found):
        return None
    return evidence.findings_at(session, found.id, LISTED)


def _map(place: Place, hamlets: Sequence[Hamlet], sent: Sequence[evidence.Sent]) -> dict[str, Any]:
    drawn = features(place, hamlets)
    near_far = (_("Trong bán kính của thôn"), _("Ngoài bán kính của thôn"))
    drawn["features"] += evidence.points(sent, near_far)
    return drawn


@bp.get("/records/<int:record_id>")
@web.requires(May.SEE_RECORDS)
def record(record_id: int) -> str:
    """Show a monitoring record: all that was sent and found at its visit, table by table."""
    session = db.session()
    found = evidence.record_seen(session, record_id, web.reader().areas(May.SEE_RECORDS))
    home = found.visit.round.plan
    sees = _sees(May.SEE_FINDINGS, found.visit)
    groups = evidence.findings_by_table(session, record_id) if sees else []
    catalogue = queries.tables(session, home.programme_id)
    return render_template(
        "desk/record.html",
        record=found,
        visit=found.visit,
        plan=home,
        address=picking.names(session, [found.visit.area]).get(found.visit.area),
        counts=evidence.count_sent(session, found.visit_id),
        groups=groups,
        sees_findings=sees,
        waiting=sum(group.waiting for group in groups),
        projects=_projects(session, home),
        tables={table.label: table for table in catalogue},
        documents=papers.documents(session, record_id),
        sessions=papers.sessions(session, record_id),
        figures=figures.tables(session, found, catalogue, web.language()),
        keeps=keepers.keeps(found.visit),
        words=words,
    )


def _projects(session: Session, home: Plan) -> dict[str, str]:
    english = web.language() == "en"
    return {
        row.code: row.name_en if english else row.name
        for row in queries.projects(session, home.programme_id)
    }
