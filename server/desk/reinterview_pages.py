"""Pages of the random re-interview: commit to a draw of forms, and the agreement that came out."""

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import web
from server.db import db, transaction
from server.desk import formats, reinterview
from server.draws import disclosure, forms, words
from server.draws.models import Draw
from server.draws.problems import LiveDraw
from server.fields import Fields
from server.monitoring import queries as monitoring
from server.monitoring.models import Plan, Round
from server.permissions import May
from server.places.scope import covers
from server.problems import NotAllowed, NotFound, Problem
from server.surveys.models import Form

bp = Blueprint("reinterview", __name__)
bp.context_processor(formats.helpers)


def _seen(session: Session, plan_id: int, round_id: int) -> tuple[Plan, Round]:
    """Return a plan whose records the reader sees whole, or refuse."""
    plan = monitoring.plan_for(session, plan_id, web.reader().areas(May.SEE_RECORDS))
    if not covers(web.reader().areas(May.SEE_RECORDS), plan.area):
        raise NotFound()
    return plan, monitoring.round_of(session, plan_id, round_id)


def _draws(plan: Plan) -> bool:
    return covers(web.reader().areas(May.DRAW), plan.area)


@bp.get("/plans/<int:plan_id>/rounds/<int:round_id>/reinterview")
@web.requires(May.SEE_DRAWS)
def reinterviews(plan_id: int, round_id: int) -> str:
    """Show the forms that may be checked, the draws made, and what came out."""
    plan, round_ = _seen(db.session(), plan_id, round_id)
    return _page(plan, round_, Fields({"reserves": "1"}))


def _page(plan: Plan, round_: Round, fields: Fields, refusal: Problem | None = None) -> str:
    session = db.session()
    found = session.scalars(
        select(Form).where(Form.plan_id == plan.id, Form.current_id.is_not(None)).order_by(Form.id)
    ).all()
    drawn, counts = reinterview.drawn(session, round_), reinterview.counts(session, round_)
    return render_template(
        "desk/reinterview.html",
        plan=plan,
        round=round_,
        fields=fields,
        refusal=refusal.text(web.language()) if refusal else "",
        free=[
            (str(form.id), f"{form.title} ({counts[form.id]})")
            for form in found
            if form.form_id not in drawn and form.id in counts
        ],
        results=[
            _result(session, form, draw) for form in found if (draw := drawn.get(form.form_id))
        ],
        acting=_draws(plan),
        words=words,
    )


def _result(session: Session, form: Form, draw: Draw) -> dict[str, object]:
    visible = disclosure.visible(draw, drawing=_draws(draw.plan)) and bool(draw.drawn)
    checks = reinterview.checks(session, draw, form) if visible else []
    compared = reinterview.compare(session, form, checks)
    return {
        "form": form,
        "draw": draw,
        "checks": checks,
        "done": sum(check.second is not None for check in checks),
        "compared": compared,
        "overall": reinterview.overall(compared),
    }


@bp.post("/plans/<int:plan_id>/rounds/<int:round_id>/reinterview")
@web.requires(May.SEE_DRAWS)
def commit(plan_id: int, round_id: int) -> AnyResponse | str:
    """Freeze the forms received so far and commit."""
    plan, round_ = _seen(db.session(), plan_id, round_id)
    if not _draws(plan):
        raise NotAllowed()
    fields = Fields(request.form)
    wish, refusal, draw = forms.wish(fields), None, None
    try:
        with transaction() as session:
            form = session.get(Form, fields.number("form") or 0)
            if form is None or form.plan_id != plan_id:
                fields.fail("form", _("Hãy chọn một mục trong danh sách."))
            elif wish is not None:
                round_ = session.get_one(Round, round_id)
                draw = reinterview.commit(session, round_, form, wish, web.actor())
    except LiveDraw:
        return redirect(request.path)
    except Problem as problem:
        refusal = problem
    if draw is None:
        return Response(_page(plan, round_, fields, refusal), 422)
    flash(_("Đã chốt danh sách và lập mã cam kết. Hãy in, ký, rồi mới gieo số."), "success")
    return redirect(f"/draws/{draw.id}")
