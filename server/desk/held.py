"""Quarantine (phiếu bị giữ lại): what phones sent and we did not take as a record."""

from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import web
from server.db import db, transaction
from server.desk import downloads, formats, paging
from server.jobs import Jobs
from server.monitoring import queries as monitoring
from server.permissions import May
from server.places.scope import covers
from server.problems import NotFound, Problem
from server.submissions import holding, peek, queries, service, words
from server.submissions.holding import sender_of
from server.submissions.models import Held, HeldState
from server.submissions.problems import (
    EditOfAnotherForm,
    EditOfAnotherPlan,
    EditOutdated,
    FileHeldBefore,
    InstanceConflict,
    MissingInstanceId,
    UnreadableInstance,
)
from server.surveys import fields as form_fields
from server.surveys import queries as surveys
from server.xml import UnreadableXml

bp = Blueprint("held", __name__)
bp.context_processor(formats.helpers)
NEVER_TAKEN = {
    InstanceConflict.code,
    EditOutdated.code,
    EditOfAnotherForm.code,
    EditOfAnotherPlan.code,
    service.OTHER_FILE,
    holding.FILE_CLEARED,
    MissingInstanceId.code,
    UnreadableInstance.code,
    UnreadableXml.code,
}
"""Reasons that lie in what was sent: nothing we could mend makes a record of it."""


@bp.get("/plans/<int:plan_id>/held")
@web.requires(May.SEE_QUARANTINE)
def held_of_plan(plan_id: int) -> str:
    """List what is held in a plan, the newest first; what waits unless asked otherwise."""
    session = db.session()
    areas = web.reader().areas(May.SEE_QUARANTINE)
    plan = monitoring.plan_for(session, plan_id, areas)
    if not covers(areas, plan.area):
        raise NotFound()
    typed = paging.asked("state")["state"] or HeldState.WAITING.value
    state = next((each for each in HeldState if each.value == typed), None)
    page = paging.page(session, queries.held_listed(plan.id, state), Held.id)
    return render_template(
        "held/list.html",
        plan=plan,
        rows=queries.held_rows(session, page.ids),
        page=page,
        state=state,
        figures=_figures(queries.held_counts(session, plan.id)),
        reason=lambda code: formats.word(words.reason(code)),
    )


def _figures(counts: dict[HeldState, int]) -> list[dict[str, object]]:
    return [
        {
            "value": formats.number(counts.get(state, 0)),
            "label": formats.word(words.HELD_STATES[state]),
            "tone": words.HELD_STATES[state][2],
            "url": paging.here(state=state.value, before=None, after=None),
        }
        for state in HeldState
    ]


@bp.get("/held/<int:held_id>")
@web.requires(May.SEE_QUARANTINE)
def held(held_id: int) -> str:
    """Show why something is held, what can be read of it, and how it differs from what we have."""
    session = db.session()
    found, plan = queries.held_for(session, held_id, web.reader().areas(May.SEE_QUARANTINE))
    theirs = peek.texts(found.xml)
    ours = queries.same_instance(session, found)
    return render_template(
        "held/held.html",
        plan=plan,
        found=found,
        reason=formats.word(words.reason(found.reason)),
        todo=formats.word(words.todo(found.reason)),
        texts=theirs,
        raw=peek.raw(found.xml) if theirs is None else "",
        ours=ours,
        changes=peek.changes(peek.texts(ours.xml) or {}, theirs) if ours and theirs else [],
        labels=_labels(session, found),
        may_take=covers(web.reader().areas(May.REINGEST), plan.area),
        can_take=found.reason not in NEVER_TAKEN and sender_of(found) is not None,
    )


def _labels(session: Session, found: Held) -> dict[str, str]:
    """Return the labels of the form's questions by path, when the plan knows the form."""
    form = surveys.form(session, found.plan_id, found.form_id) if found.form_id else None
    if form is None or form.current is None:
        return {}
    version = surveys.version_of(session, form.id, found.version or "") or form.current
    language = web.language()
    every = form_fields.from_json(version.fields)
    return {each.path: each.label(language, "vi", "en") for each in every if each.labels}


@bp.post("/held/<int:held_id>/take-in")
@web.requires(May.REINGEST)
def take_in(held_id: int) -> AnyResponse:
    """Take something held in as a record, now that its cause is mended."""
    areas = web.reader().areas(May.REINGEST)
    try:
        with transaction() as session:
            found, _plan = queries.held_for(session, held_id, areas, lock=True)
            if found.reason in (service.OTHER_FILE, holding.FILE_CLEARED):
                raise FileHeldBefore()
            sender = sender_of(found)
            if sender is None:
                raise NotFound()
            receipt = service.reingest(session, found, sender, web.actor())
    except NotFound:
        raise
    except Problem as problem:
        flash(problem.text(web.language()), "error")
        return redirect(f"/held/{held_id}")
    jobs: Jobs = current_app.extensions["jobs"]
    jobs.poke()
    flash(str(_("Đã nhận phiếu vào kế hoạch.")), "success")
    return redirect(f"/submissions/{receipt.submission_id}")


@bp.post("/held/<int:held_id>/dismiss")
@web.requires(May.REINGEST)
def dismiss(held_id: int) -> AnyResponse:
    """Put something held aside; its bytes stay."""
    areas = web.reader().areas(May.REINGEST)
    with transaction() as session:
        found, plan = queries.held_for(session, held_id, areas, lock=True)
        service.dismiss(session, found, web.actor())
    flash(str(_("Đã gác lại. Nội dung vẫn được giữ.")), "success")
    return redirect(f"/plans/{plan.id}/held")


@bp.get("/held/<int:held_id>/raw.xml")
@web.requires(May.SEE_QUARANTINE)
def raw(held_id: int) -> Response:
    """Give what is held byte for byte as the phone sent it."""
    areas = web.reader().areas(May.SEE_QUARANTINE)
    found, _plan = queries.held_for(db.session(), held_id, areas)
    name = downloads.filename(["giu-lai", str(found.id), found.form_id or ""], ".xml")
    return downloads.made(found.xml, "application/octet-stream", name)


@bp.get("/held/<int:held_id>/files/<int:file_id>")
@web.requires(May.SEE_QUARANTINE)
def file(held_id: int, file_id: int) -> Response:
    """Give a file that came with something held, as an attachment."""
    areas = web.reader().areas(May.SEE_QUARANTINE)
    found, _plan = queries.held_for(db.session(), held_id, areas)
    kept: Any = next((each for each in found.files if each.id == file_id), None)
    if kept is None:
        raise NotFound()
    name = downloads.filename(["giu-lai", str(found.id), kept.name])
    return downloads.kept(kept.sha256, kept.size_bytes, "application/octet-stream", name)
