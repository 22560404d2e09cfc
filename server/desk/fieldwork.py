"""Progress of a round by hamlet; replacements: asked for by teams, decided by the office."""

import datetime as dt
from collections.abc import Sequence

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from sampling.seeds import instant
from server import clock, web
from server.db import db, transaction
from server.desk import formats, outcomes
from server.draws import disclosure, lineage, paper, replacing, words
from server.draws import queries as draws
from server.draws.models import Draw, DrawnUnit, DrawState, Replacement, Why
from server.draws.problems import NotDrawn
from server.draws.replacing import Attempt
from server.fields import Fields
from server.monitoring import queries as monitoring
from server.monitoring.models import VisitState
from server.permissions import May
from server.places.models import Hamlet, Place
from server.places.scope import covers
from server.problems import NotAllowed, NotFound, Problem

bp = Blueprint("fieldwork", __name__)
bp.context_processor(formats.helpers)


def _draws(area: str) -> bool:
    return covers(web.reader().areas(May.DRAW), area)


@bp.get("/plans/<int:plan_id>/rounds/<int:round_id>/progress")
@web.requires(May.SEE_RECORDS)
def progress(plan_id: int, round_id: int) -> str:
    """Show how far every hamlet of a round has come, and what waits for a decision."""
    session, reader = db.session(), web.reader()
    areas = reader.areas(May.SEE_RECORDS)
    plan = monitoring.plan_for(session, plan_id, areas)
    round_ = monitoring.round_of(session, plan_id, round_id)
    visits = [
        visit
        for visit in monitoring.visits(session, plan_id, areas)
        if visit.round_id == round_id and visit.state is not VisitState.CANCELLED
    ]
    drawing = _draws(plan.area)
    rows = outcomes.hamlets(session, visits, drawing=drawing)
    return render_template(
        "desk/progress.html",
        plan=plan,
        round=round_,
        visits=visits,
        rows={visit.id: [row for row in rows if row.visit.id == visit.id] for visit in visits},
        teams=outcomes.by_team(visits, rows),
        at=clock.now(),
        total=_total(rows),
        shares=outcomes.team_shares(session, round_id),
        waiting=_waiting(session, round_id, drawing),
        drawing=drawing,
        sees_whole=covers(areas, plan.area),
        outcomes=outcomes,
        words=words,
        instant=instant,
    )


def _total(rows: Sequence[outcomes.HamletProgress]) -> tuple[int, int]:
    return sum(row.done for row in rows), sum(row.target for row in rows)


def _waiting(session: Session, round_id: int, drawing: bool) -> Sequence[Replacement]:
    return outcomes.waiting(session, round_id) if drawing else []


@bp.get("/visits/<int:visit_id>/sample")
@web.requires(May.SEE_RECORDS)
def sample(visit_id: int) -> str:
    """Show the households in use of a visit, and how the last attempt at each ended."""
    session = db.session()
    visit = monitoring.visit_seen(session, visit_id, web.reader().areas(May.SEE_RECORDS))
    return render_template(
        "desk/sample.html",
        visit=visit,
        plan=visit.round.plan,
        lines=outcomes.households(session, visit, drawing=_draws(visit.round.plan.area)),
        asks=_asks(visit.area),
        outcomes=outcomes,
    )


def _asks(area: str) -> bool:
    """Tell whether the reader may ask for replacements there: teams, and those who draw."""
    reader = web.reader()
    return covers([*reader.areas(May.SEND_SUBMISSION), *reader.areas(May.DRAW)], area)


# --- asking ---------------------------------------------------------------------------------


def _unit(session: Session, draw_id: int, code: str) -> tuple[Draw, DrawnUnit]:
    """Return a unit in use that the reader may know and ask to replace."""
    reader = web.reader()
    found = draws.draw_for(session, draw_id, reader.areas(May.SEE_RECORDS), reader.areas(May.DRAW))
    if found.state is not DrawState.DRAWN:
        raise NotDrawn()
    disclosure.refuse_hidden(found, drawing=_draws(found.plan.area))
    unit = next((u for u in lineage.in_use(session, found) if u.unit_code == code), None)
    if unit is None or not covers(web.reader().areas(May.SEE_RECORDS), _area(session, unit)):
        raise NotFound()
    if not _asks(_area(session, unit)):
        raise NotAllowed()
    return found, unit


def _area(session: Session, unit: DrawnUnit) -> str:
    """Return the area of the commune in which a unit lies."""
    if unit.place is not None:
        return unit.place.area
    hamlet = session.get(Hamlet, unit.hamlet_id or 0)
    return session.get_one(Place, hamlet.place_id).area if hamlet else ""


@bp.get("/draws/<int:draw_id>/replace/<code>")
@web.requires(May.SEE_RECORDS)
def ask_form(draw_id: int, code: str) -> str:
    """Show the form that asks for a replacement, with the attempts that forms tell of."""
    found, unit = _unit(db.session(), draw_id, code)
    return _ask_page(found, unit, Fields({}))


def _ask_page(found: Draw, unit: DrawnUnit, fields: Fields, refusal: Problem | None = None) -> str:
    session = db.session()
    return render_template(
        "desk/replace.html",
        draw=found,
        plan=found.plan,
        unit=unit,
        name=paper.facts(session, found).name(unit.unit_code),
        attempts=outcomes.attempts_at(session, found, unit.unit_code),
        fields=fields,
        refusal=refusal.text(web.language()) if refusal else "",
        words=words,
        reasons=list(Why) if found.stage == "hộ" else replacing.OF_PLACES,
        outcomes=outcomes,
    )


@bp.post("/draws/<int:draw_id>/replace/<code>")
@web.requires(May.SEE_RECORDS)
def ask(draw_id: int, code: str) -> AnyResponse | str:
    """Ask for a replacement; nothing is released before somebody else agrees."""
    found, unit = _unit(db.session(), draw_id, code)
    fields = Fields(request.form)
    reason = fields.choice("reason", Why, Why.ABSENT)
    attempts = _attempts(found, unit, fields)
    note, refusal = fields.text("note", 300), None
    if not fields.errors:
        try:
            with transaction() as session:
                draw = session.get_one(Draw, draw_id)
                replacing.ask(session, draw, code, reason, attempts, web.actor(), note)
            flash(_("Đã gửi đề nghị. Dự phòng được đưa ra khi người khác phê duyệt."), "success")
            return redirect(f"/plans/{found.plan_id}/rounds/{found.round_id}/progress")
        except Problem as problem:
            refusal = problem
    found, unit = _unit(db.session(), draw_id, code)
    return Response(_ask_page(found, unit, fields, refusal), 422)


def _attempts(found: Draw, unit: DrawnUnit, fields: Fields) -> list[Attempt]:
    """Return the attempts told by forms, and those typed."""
    told = outcomes.attempts_at(db.session(), found, unit.unit_code)
    attempts = [
        Attempt(one.at, one.submission_id)
        for one in told
        if one.outcome is not outcomes.Outcome.DONE
    ]
    for name in ("first", "second"):
        at = _moment(fields, name)
        if at is not None:
            attempts.append(Attempt(at))
    return attempts


def _moment(fields: Fields, name: str) -> dt.datetime | None:
    typed = fields.text(name)
    if not typed:
        return None
    try:
        return dt.datetime.fromisoformat(typed).replace(tzinfo=clock.VIETNAM)
    except ValueError:
        fields.fail(name, _("Hãy ghi đủ ngày và giờ."))
        return None


# --- deciding -------------------------------------------------------------------------------


def _decided(session: Session, replacement_id: int) -> Replacement:
    """Return a request that the reader may decide, or refuse."""
    asked = session.get(Replacement, replacement_id)
    if asked is None:
        raise NotFound()
    reader = web.reader()
    draws.draw_for(session, asked.draw_id, reader.areas(May.SEE_DRAWS), reader.areas(May.DRAW))
    if not _draws(asked.draw.plan.area):
        raise NotAllowed()
    return asked


@bp.post("/replacements/<int:replacement_id>/approve")
@web.requires(May.DRAW)
def approve(replacement_id: int) -> AnyResponse:
    """Agree to a replacement: the next reserve is released."""
    with transaction() as session:
        asked = _decided(session, replacement_id)
        released = replacing.approve(session, asked, web.actor()).unit_code
    flash(_("Đã đưa dự phòng %(unit)s vào dùng và ghi sổ.", unit=released), "success")
    return _back(asked)


@bp.post("/replacements/<int:replacement_id>/decline")
@web.requires(May.DRAW)
def decline(replacement_id: int) -> AnyResponse:
    """Turn a replacement down."""
    with transaction() as session:
        asked = _decided(session, replacement_id)
        replacing.decline(session, asked, web.actor())
    flash(_("Không đồng ý thay thế; đơn vị vẫn phải đến."), "success")
    return _back(asked)


def _back(asked: Replacement) -> AnyResponse:
    current_app.extensions["jobs"].poke()
    draw = asked.draw
    return redirect(f"/plans/{draw.plan_id}/rounds/{draw.round_id}/progress")
