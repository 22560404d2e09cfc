"""Forms of a plan (biểu mẫu): upload a workbook, read it without Excel, publish, close."""

import base64
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from server import web
from server.db import db, transaction
from server.desk import afterwards, downloads, formats, reach
from server.desk.teams import server_url
from server.fields import Fields
from server.findings import dry_runs, weighing
from server.findings.rules import mistakes
from server.monitoring.models import Plan
from server.permissions import May
from server.places.scope import covers
from server.problems import BadInput, NotAllowed, NotFound, Problem
from server.submissions import queries as submissions
from server.submissions import trials
from server.surveys import compile as compiler
from server.surveys import drafts, queries, service, spoken, words
from server.surveys import fields as form_fields
from server.surveys.fields import Field
from server.surveys.models import Form, FormState, FormVersion
from server.surveys.service import Looked
from server.surveys.workbook import ForeignSubmissionUrl
from server.teams import settings_qr

bp = Blueprint("forms", __name__)
bp.context_processor(formats.helpers)
bp.context_processor(lambda: {"form_states": words.STATES})
LARGEST_WORKBOOK = 20_000_000
WORKBOOKS = ".xlsx,.xls,.md,.csv"


def _form(session: Session, form_pk: int, right: May = May.SEE_FORMS) -> tuple[Form, Plan]:
    form = session.get(Form, form_pk)
    if form is None:
        raise NotFound()
    return form, reach.plan(session, form.plan_id, right)


def _version(
    session: Session, form_pk: int, version_id: int, right: May = May.SEE_FORMS
) -> tuple[FormVersion, Plan]:
    plan = _form(session, form_pk, right)[1]
    version = session.get(FormVersion, version_id)
    if version is None or version.form_pk != form_pk:
        raise NotFound()
    return version, plan


@bp.get("/plans/<int:plan_id>/forms")
@web.requires(May.SEE_FORMS)
def forms(plan_id: int) -> str:
    """List the forms of a plan, and take a new workbook."""
    session = db.session()
    return _list(session, reach.plan(session, plan_id))


def _list(session: Session, plan: Plan, problem: Problem | None = None) -> str:
    held = queries.forms(session, plan.id)
    drafts = queries.latest_drafts(session, [form.id for form in held])
    shown = {form.id: form.current or drafts.get(form.id) for form in held}
    versions = [each for each in shown.values() if each]
    rows = queries.live_lists(session, plan.id)
    return render_template(
        "surveys/forms.html",
        plan=plan,
        forms=held,
        drafts=drafts,
        shown=shown,
        counts=queries.question_counts(session, [each.id for each in versions]),
        missing=missing_from(versions, rows),
        may_manage=_may_manage(plan),
        accept=WORKBOOKS,
        mistakes=_sentences(problem),
        elsewhere=words.ELSEWHERE,
        leads_elsewhere=isinstance(problem, ForeignSubmissionUrl),
        chosen=request.form.getlist("allow"),
    )


def _may_manage(plan: Plan) -> bool:
    return covers(web.reader().areas(May.MANAGE_FORMS), plan.area)


def missing_from(versions: Sequence[FormVersion], rows: dict[str, int]) -> dict[int, list[str]]:
    """Return by version the files nobody has uploaded, and the lists with no rows yet, by name.

    Who supplies other lists is asked only of versions that need some: that reads the database.
    """
    ours = {
        each.id: [need["name"] for need in each.needs if need["name"] in service.LIVE_LISTS]
        for each in versions
    }
    asking = [each for each in versions if len(each.needs) > len(ours[each.id])]
    missing = service.missing_from(asking)
    return {
        version_id: [*missing.get(version_id, ()), *(name for name in names if not rows.get(name))]
        for version_id, names in ours.items()
    }


def _sentences(problem: Problem | None) -> list[str]:
    """Return what a refusal says; one sentence for each mistake of a workbook."""
    if problem is None:
        return []
    said = problem.details.get("messages")
    if isinstance(said, list) and said:
        return [str(each) for each in said]
    return [problem.text(web.language())]


@bp.post("/plans/<int:plan_id>/forms")
@web.requires(May.MANAGE_FORMS)
def upload(plan_id: int) -> AnyResponse | tuple[str, int]:
    """Compile a workbook and keep it as a draft; its page shows what is to be mended."""
    plan = reach.plan(db.session(), plan_id, May.MANAGE_FORMS)
    try:
        name, data = _workbook(request.files.get("workbook"))
        compiled = compiler.compile(data, name, allowed=request.form.getlist("allow"))
        with transaction() as session:
            version = service.upload(
                session, reach.files(), plan.id, data, name, compiled, web.actor()
            )
            address = f"/forms/{version.form_pk}/versions/{version.id}"
    except Problem as problem:
        session = db.session()
        return _list(session, reach.plan(session, plan_id), problem), problem.status
    return redirect(address)


def _workbook(sent: FileStorage | None) -> tuple[str, bytes]:
    """Return the name and bytes of an uploaded workbook.

    Raises:
        BadInput: none was chosen, or it is too large to be one.
    """
    data = sent.stream.read(LARGEST_WORKBOOK + 1) if sent is not None else b""
    if sent is None or not data:
        raise BadInput("Hãy chọn một tệp biểu mẫu rồi tải lên.", "Choose a workbook to upload.")
    if len(data) > LARGEST_WORKBOOK:
        raise BadInput("Tệp biểu mẫu lớn quá 20 MB.", "The workbook is larger than 20 MB.")
    return sent.filename or "form.xlsx", data


@bp.get("/forms/<int:form_pk>/versions/<int:version_id>")
@web.requires(May.SEE_FORMS)
def version(form_pk: int, version_id: int) -> str:
    """Show one version: its warnings, files, questions and rules, readable without Excel."""
    session = db.session()
    found, plan = _version(session, form_pk, version_id)
    return _version_page(session, found, plan)


def _version_page(
    session: Session, found: FormVersion, plan: Plan, problem: Problem | None = None
) -> str:
    every = form_fields.from_json(found.fields)
    wrong = {each.details["row"]: each for each in mistakes(found.rules, every)}
    run = dry_runs.latest(session, found) if found.rules or found.form.current_id else None
    return render_template(
        "surveys/version.html",
        plan=plan,
        form=found.form,
        shown=found,
        logic=words.logic,
        changes=service.changes_of(found) if found.published_at is None else (),
        change_words=words.CHANGES,
        allowed=[formats.word(words.ELSEWHERE[name]) for name in found.allowed],
        trial_qr=_trial_qr(found, plan),
        senders=submissions.last_sent_with(session, found.form_pk) if _sees_phones(plan) else (),
        tested=trials.of_form(session, found.form_pk),
        is_current=found.form.current_id == found.id,
        needs=_needs(session, found, plan),
        missing=service.missing_files(found),
        rows=[(each, each.path.count("/"), words.kind(each)) for each in every if _is_shown(each)],
        say=spoken.Speaker(every, web.language()).say,
        rules=[(rule, wrong.get(_row_number(rule, i))) for i, rule in enumerate(found.rules, 2)],
        wrong=[each.text(web.language()) for each in wrong.values()],
        run=run,
        tallies=dry_runs.tallies(run, found) if run else [],
        kinds=dry_runs.KINDS,
        to_try=weighing.is_needed(session, found),
        lost=weighing.lost(found),
        may_manage=_may_manage(plan),
        states=[(state.value, formats.word(words.STATES[state])) for state in FormState],
        mistakes=_sentences(problem),
    )


def _sees_phones(plan: Plan) -> bool:
    return covers(web.reader().areas(May.SEE_PHONES), plan.area)


def _trial_qr(found: FormVersion, plan: Plan) -> str:
    """Return the code by which a phone tries a draft, for those who manage forms; else ''."""
    token = found.form.test_token
    if found.published_at is not None or token is None or not _may_manage(plan):
        return ""
    url = server_url() + drafts.path(token, plan.id, found.form.form_id)
    values = settings_qr.settings(settings_qr.Way(url), f"THỬ: {found.title}", "thu")
    picture = base64.b64encode(settings_qr.svg(values)).decode()
    return f"data:image/svg+xml;base64,{picture}"


def _row_number(rule: dict[str, Any], otherwise: int) -> int:
    return int(rule.get("row", otherwise))


def _is_shown(field: Field) -> bool:
    return bool(field.labels) or field.type in {"calculate", "repeat"}


def _needs(session: Session, version: FormVersion, plan: Plan) -> list[dict[str, Any]]:
    """Return each file that phones need beside the form, and where it comes from."""
    rows = queries.live_lists(session, plan.id)
    uploaded = {media.name: media for media in version.media}
    by_hand = service.needed_files(version)
    return [
        {
            "name": need["name"],
            "live": need["name"] not in by_hand,
            "rows": rows.get(need["name"], 0) if need["name"] in service.LIVE_LISTS else None,
            "media": uploaded.get(need["name"]),
        }
        for need in version.needs
    ]


@bp.post("/forms/<int:form_pk>/versions/<int:version_id>/media")
@web.requires(May.MANAGE_FORMS)
def media(form_pk: int, version_id: int) -> AnyResponse | tuple[str, int]:
    """Add files that the draft needs, under the names it asks for."""
    _version(db.session(), form_pk, version_id, May.MANAGE_FORMS)
    try:
        with transaction() as session:
            found = _version(session, form_pk, version_id, May.MANAGE_FORMS)[0]
            for sent in _sent(request.files.getlist("files")):
                kind = sent.mimetype or "application/octet-stream"
                service.attach(
                    session,
                    reach.files(),
                    found,
                    sent.filename or "",
                    kind,
                    sent.stream,
                    web.actor(),
                )
    except Problem as problem:
        session = db.session()
        found, plan = _version(session, form_pk, version_id)
        return _version_page(session, found, plan, problem), problem.status
    flash(str(_("Đã thêm tệp.")), "success")
    return redirect(f"/forms/{form_pk}/versions/{version_id}")


def _sent(given: Sequence[FileStorage]) -> list[FileStorage]:
    """Return the files chosen.

    Raises:
        BadInput: there is none.
    """
    found = [each for each in given if each.filename]
    if not found:
        raise BadInput("Hãy chọn ít nhất một tệp.", "Choose at least one file.")
    return found


@bp.post("/forms/<int:form_pk>/versions/<int:version_id>/dry-run")
@web.requires(May.MANAGE_FORMS)
def dry_run(form_pk: int, version_id: int) -> AnyResponse:
    """Try the rules on every record held: at once when that is short, else beside other work."""
    with transaction() as session:
        found = _version(session, form_pk, version_id, May.MANAGE_FORMS)[0]
        run = dry_runs.start(session, found, web.actor())
    if run.finished_at is None:
        write = dry_runs.piece(db.session(), run)
        with transaction() as session:
            write(session)
        afterwards.follow()
    return redirect(f"/forms/{form_pk}/versions/{version_id}#dry-run")


@bp.post("/forms/<int:form_pk>/versions/<int:version_id>/publish")
@web.requires(May.MANAGE_FORMS)
def publish(form_pk: int, version_id: int) -> AnyResponse | tuple[str, int]:
    """Make a version the one that phones get."""
    try:
        with transaction() as session:
            found = _version(session, form_pk, version_id, May.MANAGE_FORMS)[0]
            fields = Fields(request.form)
            looked = Looked(fields.number("dry_run"), fields["without"])
            version_id = service.publish(
                session, found, web.actor(), fields["notes"] or None, looked
            ).id
    except (NotFound, NotAllowed):
        raise
    except Problem as problem:
        session = db.session()
        found, plan = _version(session, form_pk, version_id)
        return _version_page(session, found, plan, problem), problem.status
    afterwards.follow()
    flash(str(_("Đã phát hành. Điện thoại sẽ thấy biểu mẫu ở lần tải tiếp theo.")), "success")
    return redirect(f"/forms/{form_pk}/versions/{version_id}")


@bp.post("/forms/<int:form_pk>/state")
@web.requires(May.MANAGE_FORMS)
def set_state(form_pk: int) -> AnyResponse:
    """Open a form, let it run out, or close it."""
    states = {state.value: state for state in FormState}
    state = states.get(request.form.get("state", ""))
    if state is None:
        raise BadInput("Hãy chọn một trạng thái trong danh sách.", "Choose a state from the list.")
    with transaction() as session:
        form, plan = _form(session, form_pk, May.MANAGE_FORMS)
        service.set_state(session, form, state, web.actor())
    flash(str(_("Đã đổi trạng thái biểu mẫu.")), "success")
    return redirect(f"/plans/{plan.id}/forms")


@bp.get("/forms/<int:form_pk>/versions/<int:version_id>/workbook")
@web.requires(May.SEE_FORMS)
def workbook(form_pk: int, version_id: int) -> Response:
    """Give the workbook as it was uploaded."""
    found = _version(db.session(), form_pk, version_id)[0]
    name = downloads.filename([found.workbook_name])
    return downloads.kept(found.workbook_sha256, None, "application/octet-stream", name)


@bp.get("/forms/<int:form_pk>/versions/<int:version_id>/form.xml")
@web.requires(May.SEE_FORMS)
def xform(form_pk: int, version_id: int) -> Response:
    """Give the XForm that was made from the workbook."""
    found = _version(db.session(), form_pk, version_id)[0]
    name = downloads.filename([found.form.form_id, found.version], ".xml")
    return downloads.made(found.xform, "application/xml; charset=utf-8", name)


@bp.get("/forms/<int:form_pk>/versions/<int:version_id>/media/<int:media_id>")
@web.requires(May.SEE_FORMS)
def media_file(form_pk: int, version_id: int, media_id: int) -> Response:
    """Give a file that was uploaded with a version."""
    found = _version(db.session(), form_pk, version_id)[0]
    held = next((each for each in found.media if each.id == media_id), None)
    if held is None:
        raise NotFound()
    name = downloads.filename([held.name])
    return downloads.kept(held.sha256, held.size_bytes, "application/octet-stream", name)
