"""The thresholds of a round: what each is, which rules ask for it; set by the office."""

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from server import web
from server.db import db, transaction
from server.desk import formats
from server.fields import Fields
from server.findings import params, thresholds
from server.findings.problems import BadThreshold, UnknownThreshold
from server.monitoring import queries
from server.monitoring.models import Plan, Round
from server.monitoring.pages import managed
from server.permissions import May

bp = Blueprint("desk_thresholds", __name__)
bp.context_processor(formats.helpers)


@bp.get("/plans/<int:plan_id>/rounds/<int:round_id>/thresholds")
@web.requires(May.MANAGE_PLANS)
def page(plan_id: int, round_id: int) -> str:
    """Show the thresholds of a round, to be changed."""
    session = db.session()
    plan = managed(session, plan_id)
    return _page(plan, queries.round_of(session, plan_id, round_id), Fields({}))


def _page(plan: Plan, round_: Round, fields: Fields) -> str:
    shown = thresholds.standing(db.session(), round_)
    return render_template(
        "desk/thresholds.html",
        plan=plan,
        round=round_,
        shown=shown,
        told=params.told,
        fields=fields,
        typed={
            each.name: fields[each.name] or (params.told(each.own) if each.own is not None else "")
            for each in shown
        },
    )


@bp.post("/plans/<int:plan_id>/rounds/<int:round_id>/thresholds")
@web.requires(May.MANAGE_PLANS)
def change(plan_id: int, round_id: int) -> AnyResponse:
    """Set the thresholds of a round; an empty field is the default."""
    fields = Fields(request.form)
    typed: dict[str, str | None] = {
        name: fields[name] for name in request.form if name != "csrf_token"
    }
    _look(typed, fields)
    changed: list[str] = []
    with transaction() as session:
        plan = managed(session, plan_id)
        round_ = queries.round_of(session, plan_id, round_id)
        if not fields.errors:
            changed = thresholds.change(session, round_, typed, web.actor())
    if fields.errors:
        return Response(_page(plan, round_, fields), 422)
    said = _("Đã đổi %(count)s ngưỡng.", count=len(changed)) if changed else _("Không có gì đổi.")
    flash(said, "success")
    return redirect(f"/plans/{plan_id}/rounds/{round_id}/thresholds")


def _look(typed: dict[str, str | None], fields: Fields) -> None:
    """Note every value that cannot be used beside its field, not the first alone."""
    for name, value in typed.items():
        try:
            params.known(name)
            if value and value.strip():
                params.read(name, value)
        except (BadThreshold, UnknownThreshold) as problem:
            fields.fail(name, problem.text(web.language()))
