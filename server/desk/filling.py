"""Forms filled in a browser: entry at a desk, a draft looked at, a record corrected.

The form is ODK Web Forms, kept in static/vendor/webforms; it gets the lists that the person's
team carries on its phones, and what it sends goes the way of phones.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace

from flask import Blueprint, Response, jsonify, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from server import web
from server.db import db
from server.desk import formats
from server.entities import phone as entity_lists
from server.monitoring import queries as monitoring
from server.monitoring.models import Plan, PlanState
from server.permissions import May
from server.places.scope import covers
from server.problems import NotAllowed, NotFound, Problem
from server.submissions import correcting, queries, rights, service
from server.submissions import phone as sending
from server.submissions.intake import KeptPart, Sent
from server.submissions.models import Submission
from server.submissions.problems import EditOfAnotherRecord
from server.submissions.service import Receipt
from server.surveys import lists
from server.surveys import phone as form_files
from server.surveys import queries as surveys
from server.surveys.models import Form, FormState, FormVersion
from server.teams import service as teams
from server.teams.service import Carrier

bp = Blueprint("filling", __name__)
bp.context_processor(formats.helpers)
BUNDLE = "vendor/webforms"
POLICY = (
    f"{web.POLICY}; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "worker-src 'self' blob:; media-src 'self' data: blob:"
)
"""The form reads expressions by WebAssembly and writes its styles itself; it shrinks photos in a
worker. Nothing comes from or goes to another host."""


@dataclass(frozen=True)
class Task:
    """What the page's script needs to show a form and send it."""

    form: str
    files: str
    device: str
    person: str
    language: str
    largest: int
    send: str = ""
    instance: str = ""
    revision: int = 0
    attachments: dict[str, str] = field(default_factory=dict)


@functools.cache
def bundle() -> str:
    """Return the address of the form's script; its name changes with its content."""
    (found,) = (web.STATIC / BUNDLE).glob("form-*.js")
    return f"/static/{BUNDLE}/{found.name}"


def _page(
    kind: str, plan: Plan, version: FormVersion, refusals: Sequence[str], task: Task | None,
    found: Submission | None = None,
) -> Response:  # fmt: skip
    body = render_template(
        "surveys/fill.html",
        kind=kind,
        plan=plan,
        shown=version,
        found=found,
        refusals=refusals,
        task=asdict(task) if task and not refusals else None,
        bundle=bundle(),
    )
    return Response(body, headers={"Content-Security-Policy": POLICY})


def _task(version: FormVersion, plan: Plan, files: str) -> Task:
    reader = web.reader()
    return Task(
        form=version.xform.decode(),
        files=files,
        device=f"web:{reader.id}",
        person=reader.name,
        language=web.language(),
        largest=plan.accept_bytes,
    )


def _refusals(plan: Plan, version: FormVersion, states: set[FormState]) -> list[str]:
    """Return why a version cannot be filled here and sent, in sentences."""
    found = []
    if plan.state is PlanState.CLOSED:
        found.append(_("Kế hoạch đã đóng, không nhận phiếu nữa."))
    if version.form.state not in states:
        found.append(_("Biểu mẫu không nhận phiếu mới nữa."))
    if version.key_id is not None or version.own_key:
        found.append(_("Biểu mẫu này mã hóa phiếu ngay trên máy: chỉ điền được bằng ODK Collect."))
    return [str(each) for each in found]


def _missing(session: Session, version: FormVersion, who: Carrier) -> list[str]:
    """Return in a sentence which lists and files of a version are not here."""
    names = [need["name"] for need in version.needs]
    here = {
        each.name for each in surveys.manifest(session, who.plan_id, version.id, who.team_id, names)
    }
    here |= {each.name for each in lists.offered(who, [name for name in names if name not in here])}
    missing = sorted(set(names) - here)
    said = _("Còn thiếu danh sách hoặc tệp mà biểu mẫu cần: %(names)s.", names=", ".join(missing))
    return [str(said)] if missing else []


def file_as_carried(version: FormVersion, who: Carrier, name: str) -> Response:
    """Return a file or list that a version asks for, as `who` gets it.

    Raises:
        NotFound: the version asks for no such file, or it is not here.
    """
    if name not in {need["name"] for need in version.needs}:
        raise NotFound()
    session = db.session()
    held = surveys.media(session, version.id, name)
    if held is not None:
        return form_files.sent_file(held)
    made = surveys.phone_list(session, who.plan_id, who.team_id, name)
    if made is not None:
        return form_files.sent_list(made)
    return entity_lists.carried(who, name.removesuffix(".csv"))


def _sent(verb: Callable[[], Receipt]) -> Response:
    """Answer the page's script: where the record is, or why it was refused."""
    try:
        receipt = verb()
    except Problem as problem:
        return web.problem_json(problem)
    response = jsonify(address=f"/submissions/{receipt.submission_id}")
    response.status_code = 201
    return response


def _entry(session: Session, plan_id: int, form_pk: int) -> tuple[Plan, Form, Carrier]:
    """Return what somebody at a desk fills, and how they count as a sender.

    Raises:
        NotFound: they may not see the plan, or it has no such form.
        NotAllowed: they are in no team of the plan, and it reaches beyond their area.
    """
    reader = web.reader()
    areas = reader.areas(May.ENTER_RECORDS)
    plan = monitoring.plan_for(session, plan_id, areas)
    form = session.get(Form, form_pk)
    if form is None or form.plan_id != plan.id:
        raise NotFound()
    who = teams.at_desk(session, reader.id, reader.name, plan.id)
    if who.team_id is None and not covers(areas, plan.area):
        raise NotAllowed()
    return plan, form, who


@bp.get("/plans/<int:plan_id>/fill")
@web.requires(May.ENTER_RECORDS)
def choose(plan_id: int) -> str:
    """List the forms of a plan that can be filled."""
    session = db.session()
    plan = monitoring.plan_for(session, plan_id, web.reader().areas(May.ENTER_RECORDS))
    forms = [each for each in surveys.forms(session, plan.id) if each.state is FormState.OPEN]
    return render_template(
        "surveys/fill_which.html", plan=plan, forms=[each for each in forms if each.current]
    )


@bp.get("/plans/<int:plan_id>/forms/<int:form_pk>/fill")
@web.requires(May.ENTER_RECORDS)
def fill(plan_id: int, form_pk: int) -> Response:
    """Show a form to be filled."""
    session = db.session()
    plan, form, who = _entry(session, plan_id, form_pk)
    version = form.current
    if version is None:
        raise NotFound()
    refusals = _refusals(plan, version, {FormState.OPEN}) or _missing(session, version, who)
    here = f"/plans/{plan.id}/forms/{form.id}/fill"
    task = _task(version, plan, f"{here}/{version.id}/")
    return _page("entry", plan, version, refusals, replace(task, send=here))


@bp.get("/plans/<int:plan_id>/forms/<int:form_pk>/fill/<int:version_id>/<name>")
@web.requires(May.ENTER_RECORDS)
def fill_file(plan_id: int, form_pk: int, version_id: int, name: str) -> Response:
    """Give a file or list that the form asks for, as this person's team has it."""
    session = db.session()
    _plan, form, who = _entry(session, plan_id, form_pk)
    version = session.get(FormVersion, version_id)
    if version is None or version.form_pk != form.id or version.published_at is None:
        raise NotFound()
    return file_as_carried(version, who, name)


@bp.post("/plans/<int:plan_id>/forms/<int:form_pk>/fill")
@web.requires(May.ENTER_RECORDS)
def send(plan_id: int, form_pk: int) -> Response:
    """Take what was filled, or one part of it."""
    _plan, form, who = _entry(db.session(), plan_id, form_pk)

    def new(session: Session, sent: Sent, parts: Sequence[KeptPart], who: Carrier) -> Receipt:
        if sent.known.form_pk != form.id or sent.instance.deprecated_id:
            raise EditOfAnotherRecord()
        return service.receive(session, sent, parts, who)

    return _sent(lambda: sending.take(who, new))


def _draft(session: Session, plan_id: int, form_pk: int) -> tuple[Plan, FormVersion, bool]:
    """Return the newest draft of a form, or, without one, what phones get; True: a draft.

    Raises:
        NotFound: the plan is not for this reader, or has no such form.
        NotAllowed: its forms are not theirs to change.
    """
    reader = web.reader()
    plan = monitoring.plan_for(session, plan_id, reader.areas(May.SEE_FORMS))
    form = session.get(Form, form_pk)
    if form is None or form.plan_id != plan.id:
        raise NotFound()
    if not covers(reader.areas(May.MANAGE_FORMS), plan.area):
        raise NotAllowed()
    draft = surveys.latest_drafts(session, [form.id]).get(form.id)
    version = draft or form.current
    if version is None:
        raise NotFound()
    return plan, version, draft is not None


@bp.get("/plans/<int:plan_id>/forms/<int:form_pk>/draft/preview")
@web.requires(May.MANAGE_FORMS)
def preview(plan_id: int, form_pk: int) -> Response:
    """Show a draft as whoever fills it will see it; nothing is sent."""
    session = db.session()
    plan, version, is_draft = _draft(session, plan_id, form_pk)
    reader = web.reader()
    who = teams.at_desk(session, reader.id, reader.name, plan.id)
    refusals = _missing(session, version, who)
    if not is_draft:
        refusals = [str(_("Biểu mẫu không có bản nháp nào mới hơn bản đã phát hành."))]
    here = f"/plans/{plan.id}/forms/{form_pk}/draft/preview"
    return _page("preview", plan, version, refusals, _task(version, plan, f"{here}/"))


@bp.get("/plans/<int:plan_id>/forms/<int:form_pk>/draft/preview/<name>")
@web.requires(May.MANAGE_FORMS)
def preview_file(plan_id: int, form_pk: int, name: str) -> Response:
    """Give a file or list that the draft asks for."""
    session = db.session()
    plan, version, _is_draft = _draft(session, plan_id, form_pk)
    reader = web.reader()
    return file_as_carried(version, teams.at_desk(session, reader.id, reader.name, plan.id), name)


def _record(session: Session, submission_id: int) -> tuple[Submission, Plan, Carrier]:
    """Return a record that this reader may correct, who does so with its own team's lists.

    Raises:
        NotFound: it is not for them.
        NotAllowed: they do not review it for the office.
    """
    reader = web.reader()
    areas = reader.areas(May.SEE_RECORDS)
    found = queries.one(session, submission_id, areas)
    if rights.level(session, reader, found) != rights.OFFICE:
        raise NotAllowed()
    plan = monitoring.plan_for(session, found.plan_id, areas)
    return found, plan, Carrier(None, reader.id, reader.name, plan.id, found.team_id, None)


@bp.get("/submissions/<int:submission_id>/edit")
@web.requires(May.REVIEW)
def edit(submission_id: int) -> Response:
    """Show a record in its form, to be corrected."""
    session = db.session()
    found, plan, who = _record(session, submission_id)
    refusals = _refusals(plan, found.version, {FormState.OPEN, FormState.CLOSING})
    if found.encrypted:
        refusals.append(str(_("Phiếu đã mã hóa: chỉ sửa được trên điện thoại đã điền.")))
    here = f"/submissions/{found.id}/edit"
    task = replace(
        _task(found.version, plan, f"{here}/"),
        send=here,
        instance=found.xml.decode(errors="replace"),
        revision=found.revision,
        attachments={
            each.name: f"/files/{each.id}/original" for each in found.files if each.sha256
        },
    )
    refusals = refusals or _missing(session, found.version, who)
    return _page("edit", plan, found.version, refusals, task, found)


@bp.get("/submissions/<int:submission_id>/edit/<name>")
@web.requires(May.REVIEW)
def edit_file(submission_id: int, name: str) -> Response:
    """Give a file or list that the record's form asks for, as its team has it."""
    found, _plan, who = _record(db.session(), submission_id)
    return file_as_carried(found.version, who, name)


@bp.post("/submissions/<int:submission_id>/edit")
@web.requires(May.REVIEW)
def correct(submission_id: int) -> Response:
    """Take a correction, or one part of it, as the record's newest content."""
    _found, _plan, who = _record(db.session(), submission_id)

    def verb(session: Session, sent: Sent, parts: Sequence[KeptPart], who: Carrier) -> Receipt:
        revision = request.form.get("revision", 0, int)
        return correcting.correct(session, submission_id, revision, reason, sent, parts, who)

    try:
        reason = correcting.reason_of(request.form.get("reason", ""))
    except Problem as problem:
        return web.problem_json(problem)
    return _sent(lambda: sending.take(who, verb))
