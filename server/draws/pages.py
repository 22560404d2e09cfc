"""The draw office: the list of draws, the form of a new one, the ceremony, the papers."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import clock, web
from server.db import db, transaction
from server.draws import (
    carrying,
    disclosure,
    forms,
    lineage,
    paper,
    queries,
    replacing,
    service,
    stages,
    words,
)
from server.draws.models import Draw, DrawState
from server.draws.problems import AlreadyDrawn, AlreadyVoid, LiveDraw, NotAgreed, NotDrawn
from server.fields import Fields
from server.monitoring import queries as monitoring
from server.monitoring.models import Plan, PlanState, Round, VisitState
from server.permissions import May
from server.places.models import Place
from server.places.scope import covers
from server.problems import BadInput, NotAllowed, Problem
from server.teams import service as teams
from server.teams.models import Person
from server.teams.problems import WrongPassword

bp = Blueprint("draws", __name__)
PAGE = 50


def seen_plan(session: Session, plan_id: int) -> Plan:
    """Return a plan whose draws the reader may see, or refuse as if there were none."""
    return monitoring.plan_for(session, plan_id, web.reader().areas(May.SEE_DRAWS))


def seen(session: Session, draw_id: int) -> Draw:
    """Return a draw that the reader may see, or refuse as if there were none."""
    reader = web.reader()
    return queries.draw_for(session, draw_id, reader.areas(May.SEE_DRAWS), reader.areas(May.DRAW))


def may_draw(plan: Plan) -> bool:
    """Tell whether the reader draws for the whole of the plan's area, not only sees it."""
    return covers(web.reader().areas(May.DRAW), plan.area)


def drawing(plan: Plan) -> None:
    """Refuse those who see the plan from within or above and may not draw for it.

    Raises:
        NotAllowed: they may not.
    """
    if not may_draw(plan):
        raise NotAllowed()


@bp.get("/plans/<int:plan_id>/draws")
@web.requires(May.SEE_DRAWS)
def draws(plan_id: int) -> str:
    """List the draws of a plan, the void ones with their reasons, newest first."""
    session = db.session()
    plan = seen_plan(session, plan_id)
    before = web.asked_key("before")
    areas, own = web.reader().areas(May.SEE_DRAWS), web.reader().areas(May.DRAW)
    found = queries.of_plan(session, plan_id, before, PAGE + 1, areas, own)
    parents = sorted({draw.parent_code for draw in found if draw.parent_code})
    return render_template(
        "draws/draws.html",
        plan=plan,
        draws=found[:PAGE],
        older=found[PAGE - 1].number if len(found) > PAGE else None,
        before=before,
        names=queries.named(session, plan.edition_id, parents),
        acting=may_draw(plan),
        words=words,
    )


@bp.get("/plans/<int:plan_id>/draws/new")
@web.requires(May.DRAW)
def new_draw(plan_id: int) -> str | AnyResponse:
    """Show the form of a new draw, or the live one when the round has one."""
    session = db.session()
    plan = seen_plan(session, plan_id)
    drawing(plan)
    wanted = web.asked_key("round")
    live = queries.live_by_round(session, plan_id, service.VISITS, service.COMMUNES)
    if wanted in live:
        flash(LiveDraw(number=live[wanted].number).text(web.language()), "warning")
        return redirect(f"/draws/{live[wanted].id}")
    return _form(plan, Fields({"round": str(wanted or ""), "reserves": "3"}))


def _form(plan: Plan, fields: Fields, refusal: Problem | None = None) -> str:
    session = db.session()
    live = queries.live_by_round(session, plan.id, service.VISITS, service.COMMUNES)
    rounds = [one for one in monitoring.rounds(session, plan.id) if one.id not in live]
    return render_template(
        "draws/new.html",
        plan=plan,
        fields=fields,
        refusal=refusal.text(web.language()) if refusal else "",
        rounds=[(str(one.id), f"{one.code} – {one.name}") for one in rounds],
        districts=queries.districts(session, plan),
        units=queries.units_of(session, plan),
        listed=forms.LISTED,
        words=words,
        closed=plan.state is PlanState.CLOSED,
    )


@bp.post("/plans/<int:plan_id>/draws/new")
@web.requires(May.DRAW)
def commit(plan_id: int) -> AnyResponse | str:
    """Freeze the list and commit, or show the form again with what is wrong."""
    plan = seen_plan(db.session(), plan_id)
    drawing(plan)
    fields = Fields(request.form)
    refusal: Problem | None = None
    try:
        with transaction() as session:
            draw = _commit(session, session.get_one(Plan, plan_id), fields)
    except LiveDraw as live:
        return _to_the_live_one(plan_id, live)
    except Problem as problem:
        refusal, draw = problem, None
    if draw is None:
        return Response(_form(plan, fields, refusal), 422)
    flash(_("Đã chốt danh sách và lập mã cam kết. Hãy in, ký, rồi mới gieo số."), "success")
    return redirect(f"/draws/{draw.id}")


def _commit(session: Session, plan: Plan, fields: Fields) -> Draw | None:
    """Return the committed draw, or None when a field cannot be read."""
    within = fields.text("within", 10)
    units: list[Place] = [*session.scalars(queries.communes(plan, within))]
    listed = [unit.code for unit in units] if len(units) <= forms.LISTED else []
    wish = forms.wish(fields, listed)
    chosen = chosen_round(session, plan, fields)
    if wish is None or chosen is None:
        return None
    return stages.commit_communes(session, chosen, wish, web.actor(), within)


def chosen_round(session: Session, plan: Plan, fields: Fields) -> Round | None:
    """Return the round that a form names, or note that it names none of the plan's."""
    chosen = session.get(Round, fields.number("round") or 0)
    if chosen is None or chosen.plan_id != plan.id:
        fields.fail("round", _("Hãy chọn một mục trong danh sách."))
        return None
    return chosen


def _to_the_live_one(plan_id: int, refusal: LiveDraw) -> AnyResponse:
    found = queries.numbered(db.session(), plan_id, int(str(refusal.details["number"])))
    if found is None:
        raise refusal
    flash(refusal.text(web.language()), "warning")
    return redirect(f"/draws/{found.id}")


@bp.get("/draws/<int:draw_id>")
@web.requires(May.SEE_DRAWS)
def draw(draw_id: int) -> str:
    """Show the ceremony of one draw, step by step."""
    return _ceremony(seen(db.session(), draw_id))


@dataclass(frozen=True)
class Voiding:
    """What was typed to set a draw aside, and why that was refused."""

    reason: str = ""
    approver: str = ""
    refusal: str = ""


def _ceremony(found: Draw, digits: str = "", witnesses: list[str] | None = None,
              refusal: Problem | None = None, voiding: Voiding | None = None) -> str:  # fmt: skip
    session = db.session()
    acting = may_draw(found.plan)
    asking = acting and found.state is not DrawState.VOID
    visible = disclosure.visible(found, drawing=acting)
    using = lineage.in_use(session, found) if found.drawn and visible else []
    communes = found.stage == words.COMMUNES and found.purpose == words.VISITS
    visits = queries.visits_of(session, found) if communes and using else []
    return render_template(
        "draws/draw.html",
        draw=found,
        facts=paper.facts(session, found),
        paper=paper,
        words=words,
        acting=acting,
        visible=visible,
        using=using,
        replaced=lineage.replacements(session, found.id) if visible else [],
        share=replacing.shares(session, [found.id]).get(found.id) if visible else None,
        below=_below(session, found) if found.drawn and visible else {},
        weight=_weight(session, found) if found.drawn and visible else None,
        visits=[one for one in visits if one.state is not VisitState.CANCELLED],
        unvisited=carrying.unvisited(using, visits) if communes else 0,
        approvers=_approvers(session, found) if asking else [],
        digits=digits,
        witnesses=witnesses or (queries.witnesses_today(session, found.plan_id) if acting else []),
        refusal=refusal.text(web.language()) if refusal else "",
        voiding=voiding or Voiding(),
        listed=forms.LISTED,
        today=clock.today(),
    )


def _below(session: Session, found: Draw) -> dict[str, Draw]:
    """Return the live draws within this draw's units by the unit's code."""
    return {below.parent_code: below for below in lineage.children(session, found)}


def _weight(session: Session, found: Draw) -> Fraction | None:
    """Return the weight through all stages when it is the same for every unit that counts."""
    weights = {one.weight for one in lineage.weights(session, found).values()}
    return weights.pop() if len(weights) == 1 else None


def _approvers(session: Session, found: Draw) -> list[tuple[str, str]]:
    people = queries.approvers(session, found.plan, web.reader().id)
    return [(str(person.id), person.name) for person in people]


@bp.post("/draws/<int:draw_id>/seed")
@web.requires(May.DRAW)
def seed(draw_id: int) -> AnyResponse | str:
    """Take the digits read aloud and draw; a refused seed is shown again to be mended."""
    found = seen(db.session(), draw_id)
    drawing(found.plan)
    digits, witnesses = request.form.get("digits", ""), request.form.getlist("witness")
    try:
        with transaction() as session:
            service.seed(session, found, digits, witnesses, web.actor())
    except AlreadyDrawn as late:
        flash(late.text(web.language()), "warning")
        return redirect(f"/draws/{draw_id}")
    except Problem as refusal:
        page = _ceremony(seen(db.session(), draw_id), digits, witnesses, refusal)
        return Response(page, refusal.status)
    current_app.extensions["jobs"].poke()
    flash(_("Đã nhận dãy số và ghi sổ. Kết quả ở bước 4."), "success")
    return redirect(f"/draws/{draw_id}#result")


@bp.post("/draws/<int:draw_id>/visits")
@web.requires(May.DRAW)
def make_visits(draw_id: int) -> AnyResponse:
    """Make the visits of the drawn communes; pressing again makes none twice."""
    found = seen(db.session(), draw_id)
    drawing(found.plan)
    with transaction() as session:
        made = len(service.make_visits(session, found, web.actor()))
    current_app.extensions["jobs"].poke()
    if made:
        flash(_("Đã lập %(made)s lượt giám sát.", made=made), "success")
    else:
        flash(_("Các đơn vị được chọn đã có lượt giám sát."), "info")
    return redirect(f"/plans/{found.plan_id}")


def agreeing(found: Draw, named: Callable[[Person], bool], password: str) -> Person:
    """Return the second person who agrees to void a draw, by their own password.

    Raises:
        BadInput: nobody who may approve is named.
        NotAgreed, TooManyTries: the password is not theirs; the failed try is kept.
    """
    approvers = queries.approvers(db.session(), found.plan, web.reader().id)
    second = next((one for one in approvers if named(one)), None)
    if second is None:
        raise BadInput(
            "Hãy chọn người phê duyệt trong danh sách.", "Choose who approves from the list."
        )
    with transaction() as session:
        outcome = teams.sign_in(
            session, second.email or "", password, request.remote_addr or "", web.actor().via
        )
        if outcome.key is not None:
            teams.sign_out(session, outcome.key)
    if isinstance(outcome.refusal, WrongPassword):  # raised only now: the failed try is kept
        raise NotAgreed()
    if outcome.refusal is not None:
        raise outcome.refusal
    return second


@bp.post("/draws/<int:draw_id>/void")
@web.requires(May.DRAW)
def void(draw_id: int) -> AnyResponse:
    """Set a draw aside: the second person agrees with their own password, on this page.

    What was typed is shown again when it cannot be done, but for the password.
    """
    found = seen(db.session(), draw_id)
    drawing(found.plan)
    asked = Voiding(request.form.get("reason", ""), request.form.get("approver", ""))
    password = request.form.get("password", "")
    try:
        second = agreeing(found, lambda person: str(person.id) == asked.approver, password)
        with transaction() as session:
            service.void(session, found, asked.reason, second.name, web.actor())
    except AlreadyVoid as late:
        flash(late.text(web.language()), "warning")
        return redirect(f"/draws/{draw_id}")
    except Problem as refusal:
        again = replace(asked, refusal=refusal.text(web.language()))
        return Response(_ceremony(seen(db.session(), draw_id), voiding=again), refusal.status)
    current_app.extensions["jobs"].poke()
    flash(_("Đã hủy lần rút. Lý do nằm trong sổ và trên mọi biên bản sau."), "success")
    return redirect(f"/draws/{draw_id}")


@bp.get("/draws/<int:draw_id>/commitment")
@web.requires(May.SEE_DRAWS)
def commitment(draw_id: int) -> str:
    """Show the paper that is printed and signed before the seed is thrown."""
    return _paper("draws/commitment.html", seen(db.session(), draw_id))


@bp.get("/draws/<int:draw_id>/minutes")
@web.requires(May.SEE_DRAWS)
def minutes(draw_id: int) -> str:
    """Show the minutes with the result, to be printed and signed."""
    found = seen(db.session(), draw_id)
    if not found.drawn:
        raise NotDrawn()
    disclosure.refuse_hidden(found, drawing=may_draw(found.plan))
    return _paper("draws/minutes.html", found)


def _paper(template: str, found: Draw) -> str:
    shown = paper.facts(db.session(), found)
    return render_template(
        template, draw=found, plan=found.plan, facts=shown, paper=paper, words=words,
        listed=forms.LISTED,
    )  # fmt: skip


@bp.get("/draws/<int:draw_id>/frame.tsv")
@web.requires(May.SEE_DRAWS)
def frame(draw_id: int) -> Response:
    """Give the frozen list: its SHA-256 is the one that was printed."""
    found = seen(db.session(), draw_id)
    return _file(found, found.frame, "text/tab-separated-values; charset=utf-8", "frame.tsv")


@bp.get("/draws/<int:draw_id>/commitment.json")
@web.requires(May.SEE_DRAWS)
def commitment_file(draw_id: int) -> Response:
    """Give the commitment: its SHA-256 is the code that was printed."""
    found = seen(db.session(), draw_id)
    return _file(found, found.commitment.encode(), "application/json", "commitment.json")


@bp.get("/draws/<int:draw_id>/package.zip")
@web.requires(May.SEE_DRAWS)
def package(draw_id: int) -> Response:
    """Give the zip with which anybody re-does the draw."""
    session: Session = db.session()
    found = seen(session, draw_id)
    disclosure.refuse_hidden(found, drawing=may_draw(found.plan))
    return _file(found, service.package(session, found), "application/zip", "package.zip")


def _file(found: Draw, content: bytes, kind: str, name: str) -> Response:
    name = f"rut-mau-{found.plan_id}-{found.number}-{name}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, content_type=kind, headers=headers)
