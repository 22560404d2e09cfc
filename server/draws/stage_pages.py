"""Forms of the further draws: from an office's list, hamlets in a commune, households in one.

They read well on a telephone: on site the list is typed, the dice are thrown, and it is done.
"""

from fractions import Fraction

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import journal, text, web
from server.db import db, transaction
from server.draws import disclosure, forms, lineage, lists, private, queries, stages, words
from server.draws.forms import Sheet
from server.draws.models import Draw
from server.draws.pages import chosen_round, drawing, may_draw, seen, seen_plan
from server.draws.problems import LiveDraw, NotDrawn, UnitsMissing
from server.draws.stages import Wish
from server.fields import Fields
from server.monitoring import queries as monitoring
from server.monitoring.models import Plan, PlanState, Round
from server.permissions import May
from server.places import queries as places
from server.places.models import Hamlet, Place
from server.problems import NotFound, Problem

bp = Blueprint("draw_stages", __name__)


# --- communes from a list -------------------------------------------------------------------


@bp.get("/plans/<int:plan_id>/draws/new/listed")
@web.requires(May.DRAW)
def listed(plan_id: int) -> str:
    """Show the form of a draw of communes from a list with sizes or strata."""
    plan = seen_plan(db.session(), plan_id)
    drawing(plan)
    return _listed(plan, Fields({"reserves": "3"}), Sheet(None, "", []))


def _listed(plan: Plan, fields: Fields, sheet: Sheet, refusal: Problem | None = None) -> str:
    session = db.session()
    return render_template(
        "draws/listed.html",
        plan=plan,
        fields=fields,
        sheet=sheet,
        refusal=refusal.text(web.language()) if refusal else "",
        missing=refusal.units if isinstance(refusal, UnitsMissing) else (),
        rounds=[(str(r.id), f"{r.code} – {r.name}") for r in monitoring.rounds(session, plan.id)],
        districts=queries.districts(session, plan),
        words=words,
        closed=plan.state is PlanState.CLOSED,
    )


@bp.post("/plans/<int:plan_id>/draws/new/listed")
@web.requires(May.DRAW)
def commit_listed(plan_id: int) -> AnyResponse | str:
    """Freeze the list and commit, or show everything that is wrong with it."""
    plan = seen_plan(db.session(), plan_id)
    drawing(plan)
    fields = Fields(request.form)
    within = fields.text("within", 10)
    known = {u.code: u.name for u in db.session().scalars(queries.communes(plan, within))}
    try:
        sheet = _sheet(fields, known)
    except Problem as problem:
        return Response(_listed(plan, fields, Sheet(None, fields["list_text"], []), problem), 422)
    wish, refusal, draw = forms.wish(fields), None, None
    try:
        with transaction() as session:
            round_ = chosen_round(session, plan, fields)
            if wish and sheet.items is not None and round_:
                draw = stages.commit_communes(
                    session, round_, wish, web.actor(), within, sheet.items
                )
    except Problem as problem:
        refusal = problem
    if draw is None:
        return Response(_listed(plan, fields, sheet, refusal), 422)
    return _committed(draw)


def _sheet(fields: Fields, known: dict[str, str] | None) -> Sheet:
    sent = request.files.get("list_file")
    data = sent.read() if sent else b""
    name = (sent.filename or "danh-sach") if sent else ""
    return forms.sheet(data, name, fields["list_text"], known, web.language())


def _committed(draw: Draw) -> AnyResponse:
    flash(_("Đã chốt danh sách và lập mã cam kết. Hãy in, ký, rồi mới gieo số."), "success")
    return redirect(f"/draws/{draw.id}")


# --- hamlets --------------------------------------------------------------------------------


@bp.get("/plans/<int:plan_id>/rounds/<int:round_id>/communes/<code>/hamlets/draw")
@web.requires(May.DRAW)
def hamlets(plan_id: int, round_id: int, code: str) -> str | AnyResponse:
    """Show the hamlets of a commune to draw from, or the live draw when there is one."""
    session = db.session()
    plan, round_, commune = _commune(session, plan_id, round_id, code)
    live = queries.live(session, round_.id, Wish.purpose, words.HAMLETS, code)
    if live is not None:
        return redirect(f"/draws/{live.id}")
    return _hamlets(plan, round_, commune, Fields({"reserves": "1"}))


def _commune(session: Session, plan_id: int, round_id: int, code: str) -> tuple[Plan, Round, Place]:
    plan = seen_plan(session, plan_id)
    drawing(plan)
    round_ = monitoring.round_of(session, plan_id, round_id)
    commune = session.scalars(places.place(plan.edition_id, code)).first()
    if commune is None:
        raise NotFound()
    return plan, round_, commune


def _hamlets(
    plan: Plan, round_: Round, commune: Place, fields: Fields, refusal: Problem | None = None
) -> str:
    units = stages.hamlets_of(db.session(), round_, commune.code)
    return render_template(
        "draws/hamlets.html",
        plan=plan,
        round=round_,
        commune=commune,
        units=units,
        sized=bool(units) and all(unit.households for unit in units),
        fields=fields,
        refusal=refusal.text(web.language()) if refusal else "",
        words=words,
    )


@bp.post("/plans/<int:plan_id>/rounds/<int:round_id>/communes/<code>/hamlets/draw")
@web.requires(May.DRAW)
def commit_hamlets(plan_id: int, round_id: int, code: str) -> AnyResponse | str:
    """Freeze a commune's hamlets and commit; a list typed on site is stored first."""
    plan, round_, commune = _commune(db.session(), plan_id, round_id, code)
    fields = Fields(request.form)
    units = stages.hamlets_of(db.session(), round_, code)
    wish, refusal, draw = forms.wish(fields, [unit.code for unit in units]), None, None
    try:
        with transaction() as session:
            if wish is not None:
                if not units:
                    stages.write_down(session, commune, _typed(fields), web.actor())
                round_ = session.get_one(Round, round_id)
                draw = stages.commit_hamlets(session, round_, commune, wish, web.actor())
    except LiveDraw:
        return redirect(request.path)
    except Problem as problem:
        refusal = problem
    if draw is None:
        return Response(_hamlets(plan, round_, commune, fields, refusal), 422)
    return _committed(draw)


def _typed(fields: Fields) -> list[lists.Item]:
    """Return the hamlets that were typed on site, one a line, by their lines on the page."""
    names = enumerate(map(text.clean, fields["names"].splitlines()), start=1)
    return [lists.Item(line, "", name) for line, name in names if name]


# --- households -----------------------------------------------------------------------------


@bp.get("/plans/<int:plan_id>/rounds/<int:round_id>/hamlets/<code>/households/draw")
@web.requires(May.DRAW)
def households(plan_id: int, round_id: int, code: str) -> str | AnyResponse:
    """Show the form for a list of households, or the live draw when there is one."""
    session = db.session()
    plan, round_, hamlet = _hamlet(session, plan_id, round_id, code)
    live = queries.live(session, round_.id, Wish.purpose, words.HOUSEHOLDS, code)
    if live is not None:
        return redirect(f"/draws/{live.id}")
    empty = Sheet(None, "", [])
    return _households(plan, round_, hamlet, Fields({"reserves": "2"}), empty)


def _hamlet(session: Session, plan_id: int, round_id: int, code: str) -> tuple[Plan, Round, Hamlet]:
    plan = seen_plan(session, plan_id)
    drawing(plan)
    hamlet = session.scalars(places.hamlet(plan.edition_id, code)).first()
    if hamlet is None:
        raise NotFound()
    return plan, monitoring.round_of(session, plan_id, round_id), hamlet


def _households(
    plan: Plan, round_: Round, hamlet: Hamlet, fields: Fields, sheet: Sheet,
    refusal: Problem | None = None,
) -> str:  # fmt: skip
    return render_template(
        "draws/households.html",
        plan=plan,
        round=round_,
        hamlet=hamlet,
        commune=db.session().get_one(Place, hamlet.place_id),
        fields=fields,
        sheet=sheet,
        refusal=refusal.text(web.language()) if refusal else "",
        words=words,
    )


@bp.post("/plans/<int:plan_id>/rounds/<int:round_id>/hamlets/<code>/households/draw")
@web.requires(May.DRAW)
def commit_households(plan_id: int, round_id: int, code: str) -> AnyResponse | str:
    """Freeze a list of households and commit: codes in public, names apart."""
    plan, round_, hamlet = _hamlet(db.session(), plan_id, round_id, code)
    fields = Fields(request.form)
    try:
        sheet = _sheet(fields, None)
    except Problem as problem:
        bare = Sheet(None, fields["list_text"], [])
        return Response(_households(plan, round_, hamlet, fields, bare, problem), 422)
    wish, refusal, draw = forms.wish(fields), None, None
    try:
        with transaction() as session:
            if wish is not None and sheet.items is not None:
                round_ = session.get_one(Round, round_id)
                draw = stages.commit_households(
                    session, round_, hamlet, sheet.items, wish, web.actor()
                )
    except LiveDraw:
        return redirect(request.path)
    except Problem as problem:
        refusal = problem
    if draw is None:
        return Response(_households(plan, round_, hamlet, fields, sheet, refusal), 422)
    return _committed(draw)


# --- what follows a draw --------------------------------------------------------------------


@bp.get("/draws/<int:draw_id>/names")
@web.requires(May.SEE_DRAWS)
def names(draw_id: int) -> str:
    """Show who is behind the codes of the units in use; every look is in the journal."""
    with transaction() as session:
        found = seen(session, draw_id)
        refuse_hidden(found)
        kept = {one.code: one for one in private.names(session, found)}
        journal.write(session, web.actor(), "draw.names-read", "draw", found.id, found.plan_id)
    units = lineage.in_use(db.session(), found)
    return render_template(
        "draws/names.html", draw=found, plan=found.plan, units=units, names=kept, words=words
    )


def refuse_hidden(found: Draw) -> None:
    """Refuse what tells a result to those who may not know it yet.

    Raises:
        Sealed, NotDrawn: saying from which day, or that there is none.
    """
    if not found.drawn:
        raise NotDrawn()
    disclosure.refuse_hidden(found, drawing=may_draw(found.plan))


@bp.post("/draws/<int:draw_id>/open")
@web.requires(May.DRAW)
def open_sealed(draw_id: int) -> AnyResponse:
    """Open a sealed draw."""
    drawing(seen(db.session(), draw_id).plan)
    with transaction() as session:
        disclosure.open_sealed(session, session.get_one(Draw, draw_id), web.actor())
    current_app.extensions["jobs"].poke()
    flash(_("Đã mở niêm phong. Kết quả và gói kiểm chứng đã công khai."), "success")
    return redirect(f"/draws/{draw_id}#result")


@bp.post("/draws/<int:draw_id>/disclosure")
@web.requires(May.DRAW)
def set_day(draw_id: int) -> AnyResponse:
    """Set the day from which teams and phones see the result."""
    drawing(seen(db.session(), draw_id).plan)
    fields = Fields(request.form)
    day = fields.day("disclose_on")
    for sentence in fields.errors.values():
        flash(sentence, "error")
    if not fields.errors:
        with transaction() as session:
            disclosure.show_on(session, session.get_one(Draw, draw_id), day, web.actor())
        current_app.extensions["jobs"].poke()
        flash(_("Đã đặt ngày công bố."), "success")
    return redirect(f"/draws/{draw_id}")


@bp.get("/draws/<int:draw_id>/weights.tsv")
@web.requires(May.SEE_DRAWS)
def weights(draw_id: int) -> Response:
    """Give the units that count with their exact probabilities and weights through all stages."""
    session = db.session()
    found = seen(session, draw_id)
    refuse_hidden(found)
    lines = ["unit_id\tpath\tpi\tweight"]
    for code, one in sorted(lineage.weights(session, found).items()):
        path = "/".join(one.path)
        lines.append(f"{code}\t{path}\t{ratio(one.pi)}\t{ratio(one.weight)}")
    headers = {"Content-Disposition": f'attachment; filename="quyen-so-{found.id}.tsv"'}
    return Response(
        "\n".join(lines) + "\n", content_type="text/tab-separated-values; charset=utf-8",
        headers=headers,
    )  # fmt: skip


def ratio(value: Fraction) -> str:
    """Return a fraction as files and programs read it: '3/20', '4/1'."""
    return f"{value.numerator}/{value.denominator}"
