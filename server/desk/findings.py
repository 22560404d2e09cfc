"""One finding (tồn tại, vướng mắc) beside the answers behind it, its thread, and its steps."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from server import clock, web
from server.db import db, transaction
from server.desk import afterwards, downloads, formats, record, thread
from server.desk import finding_rights as rights
from server.desk.register import DECISIONS, levels, project_names, unit_of
from server.fields import Fields
from server.findings import deadlines, evidence, mail, queries, register, remedy, service, words
from server.findings.evidence import PDF, Evidence
from server.findings.models import Authority, Finding, Result, StepKind
from server.findings.problems import ReasonNeeded, StepRefused, UnknownDecision
from server.findings.remedy import Unit
from server.monitoring.models import Plan
from server.permissions import May
from server.problems import NotAllowed, NotFound
from server.submissions import queries as submissions
from server.submissions.models import Submission

bp = Blueprint("findings", __name__)
bp.context_processor(formats.helpers)
LONGEST_NOTE = 2000
_ROW_NUMBER = re.compile(r"\[\d+\]")


@bp.get("/findings/<int:finding_id>")
@web.requires(May.SEE_FINDINGS)
def finding(finding_id: int) -> str:
    """Show one finding beside the answers and photos that raised it."""
    session = db.session()
    return _page(session, queries.one(session, finding_id, rights.scope()))


def _page(
    session: Session,
    found: Finding,
    refused: str = "",
    errors: Mapping[str, str] | None = None,
    typed: Fields | None = None,
) -> str:
    """Show a finding; `refused` is the step whose form was, with what is wrong by field."""
    plan = _plan(session, found)
    behind = _evidence(session, found)
    inside = behind["submission"] is not None
    return render_template(
        "findings/finding.html",
        finding=found,
        plan=plan,
        project=project_names(session, [plan]).get(found.project_code),
        row=register.rows(session, [found.group_id], rights.scope())[0],
        recommended=mail.of_finding(session, found.id) if inside else [],
        recommendation_words=words.RECOMMENDATIONS,
        alike=register.alike(session, found.group, rights.scope()),
        may_settle=rights.holds(May.SETTLE_FINDINGS, found, plan),
        may_recommend=rights.holds(May.RECOMMEND, found, plan),
        steps=rights.steps_for(session, found, plan),
        thread=thread.told(found, register.steps_of(session, found.id), inside),
        refused=refused,
        errors=errors or {},
        typed=typed or {},
        today=clock.today(),
        unit=unit_of(found.place),
        due=deadlines.default_due(found, clock.today()),
        latest=deadlines.latest(found, clock.today()),
        levels=levels(found),
        results=[(each.value, formats.word(words.RESULTS[each])) for each in Result],
        pdf=PDF,
        **behind,
    )


def _plan(session: Session, found: Finding) -> Plan:
    plan = session.get(Plan, found.plan_id)
    assert plan is not None  # noqa: S101 - a foreign key holds it
    return plan


def _evidence(session: Session, found: Finding) -> dict[str, Any]:
    """Return the record behind a finding, for those who see records there; else nothing of it."""
    reader = web.reader()
    empty: dict[str, Any] = {"submission": None, "sheet": None, "files": {}}
    empty |= {"marked": []}
    if not reader.may(May.SEE_RECORDS):
        return empty
    try:
        held = submissions.one(session, found.submission_id, reader.areas(May.SEE_RECORDS))
    except NotFound:
        return empty
    sheet = record.sheet(held)
    return {
        "submission": held,
        "sheet": sheet,
        "files": record.files(held, sheet),
        "marked": _marked(found, held, sheet),
    }


def _marked(found: Finding, held: Submission, sheet: Any) -> list[str]:
    """Return the paths of the questions that the finding names, in every row of a repeat."""
    named = {_ROW_NUMBER.sub("", path) for path in found.questions}
    every = [*sheet.questions(), *sheet.worked_out]
    return [each.path for each in every if _ROW_NUMBER.sub("", each.path) in named]


@bp.post("/findings/<int:finding_id>/settle")
@web.requires(May.SETTLE_FINDINGS)
def settle(finding_id: int) -> Response | tuple[str, int]:
    """Confirm or reject a finding."""
    fields = Fields(request.form)
    decision = DECISIONS.get(fields["decision"])
    scope = rights.scope()
    try:
        if decision is None:
            raise UnknownDecision()
        with transaction() as session:
            found = queries.one(session, finding_id, scope, lock=True)
            if not rights.holds(May.SETTLE_FINDINGS, found, _plan(session, found)):
                raise NotAllowed()
            service.settle(session, found, decision, fields["note"][:LONGEST_NOTE], web.actor())
    except (UnknownDecision, ReasonNeeded) as problem:
        errors = {"note": problem.text(web.language())}
        return _again(finding_id, "settle", errors, fields), problem.status
    afterwards.follow()
    flash(str(_("Đã ghi kết luận.")), "success")
    return redirect(f"/findings/{finding_id}")


def _again(finding_id: int, step: str, errors: Mapping[str, str], fields: Fields) -> str:
    session = db.session()
    return _page(session, queries.one(session, finding_id, rights.scope()), step, errors, fields)


@bp.post("/findings/<int:finding_id>/steps/<name>")
@web.requires(May.SEE_FINDINGS)
def step(finding_id: int, name: str) -> Response | tuple[str, int]:
    """Take one step in the life of a finding."""
    try:
        kind = StepKind(name)
    except ValueError:
        raise NotFound() from None
    if kind not in _STEPS:
        raise NotFound()
    scope = rights.scope()
    found = queries.one(db.session(), finding_id, scope)
    rights.refuse_others(kind, found, _plan(db.session(), found))
    fields = Fields(request.form)
    said = _said(fields)
    if kind is StepKind.CHECK and not fields["result"]:
        fields.fail("result", _("Hãy chọn kết quả kiểm tra."))
    if fields.errors:
        return _again(finding_id, name, fields.errors, fields), 422
    try:
        kept = _uploaded()
        with transaction() as session:
            found = queries.one(session, finding_id, scope, lock=True)
            rights.refuse_others(kind, found, _plan(session, found))
            _take(session, found, kind, said, kept)
    except StepRefused as problem:
        errors = {problem.field or "note": problem.text(web.language())}
        return _again(finding_id, name, errors, fields), problem.status
    afterwards.follow()
    flash(str(_("Đã ghi: %(step)s.", step=formats.word(words.STEPS[kind]))), "success")
    return redirect("/unit" if fields["next"] == "unit" else f"/findings/{finding_id}")


_STEPS = rights.OFFICE | rights.UNIT | {StepKind.COMMENT}


def _said(fields: Fields) -> dict[str, Any]:
    """Return the fields that any step may have; those that are not on its form are empty."""
    return {
        "note": fields.text("note", LONGEST_NOTE),
        "document": fields.text("document"),
        "due": fields.day("due_on"),
        "unit": Unit(
            fields.text("responsible"), fields.choice("level", Authority, Authority.COMMUNE)
        ),
        "result": fields.choice("result", Result, Result.NOTHING),
    }


def _uploaded() -> list[Evidence]:
    """Return the files that came with a form, looked at and stored; before the transaction."""
    given = [
        (each.filename, each.stream) for each in request.files.getlist("evidence") if each.filename
    ]
    return list(evidence.keep(current_app.extensions["files"], given))


def _take(
    session: Session, found: Finding, kind: StepKind, said: dict[str, Any], kept: list[Evidence]
) -> None:
    actor = web.actor()
    note, document, due, unit = said["note"], said["document"], said["due"], said["unit"]
    match kind:
        case StepKind.ASSIGN:
            remedy.assign(session, found, unit, due, document, actor, note)
        case StepKind.START:
            remedy.start(session, found, actor, note)
        case StepKind.REPORT:
            remedy.report(session, found, note, kept, actor, document)
        case StepKind.CHECK:
            remedy.check(session, found, said["result"], note, actor, kept, document)
        case StepKind.CLOSE:
            remedy.close(session, found, actor, note)
        case StepKind.REOPEN:
            remedy.reopen(session, found, note, actor, due)
        case StepKind.EXTEND:
            remedy.extend(session, found, due, note, actor)
        case StepKind.ASK_TIME:
            remedy.ask_time(session, found, due, note, actor, kept, document)
        case StepKind.DECLINE_TIME:
            remedy.decline_time(session, found, note, actor)
        case StepKind.TRANSFER:
            remedy.transfer(session, found, unit, due, document, note, actor)
        case StepKind.COMMEND:
            remedy.commend(session, found, document, actor, note)
        case _:
            remedy.comment(session, found, note, actor, kept)


@bp.get("/findings/<int:finding_id>/files/<int:file_id>")
@web.requires(May.SEE_FINDINGS)
def photo(finding_id: int, file_id: int) -> str:
    """Show one photo given with a step, with its finding and the photos beside it there."""
    session = db.session()
    found = queries.one(session, finding_id, rights.scope())
    file = register.file_of(session, found.id, file_id)
    return render_template(
        "findings/photo.html",
        finding=found,
        file=file,
        said=formats.word(words.STEPS[file.step.kind]),
        photos=register.photos_of(session, found.id),
    )


@bp.get("/findings/<int:finding_id>/files/<int:file_id>/<kind>")
@web.requires(May.SEE_FINDINGS)
def proof(finding_id: int, file_id: int, kind: str) -> Response:
    """Send one piece of evidence of a finding that this reader sees: a copy, or the file itself."""
    session = db.session()
    found = queries.one(session, finding_id, rights.scope())
    file = register.file_of(session, found.id, file_id)
    if kind == "original":
        name = downloads.filename([found.code, file.name])
        return downloads.kept(file.sha256, file.size_bytes, file.content_type, name)
    copy = {"thumb": file.thumb_sha256, "view": file.view_sha256}.get(kind)
    if copy is None:
        raise NotFound()
    return downloads.kept(copy, None, "image/webp")
