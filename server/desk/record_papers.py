"""A record's papers on pages: the checklist with its files, and the working sessions."""

import datetime as dt
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import clock, web
from server.db import db, transaction
from server.desk import downloads, formats, keepers
from server.fields import Fields
from server.monitoring import papers, words
from server.monitoring.models import Record
from server.monitoring.papers import Present
from server.monitoring.problems import BadSessionTime, UnknownDocument
from server.monitoring.record_models import Document, DocumentFile, DocumentState, WorkingSession
from server.permissions import May
from server.problems import NotFound

bp = Blueprint("record_papers", __name__)
bp.context_processor(formats.helpers)
SEATS = 40
SPARE_SEATS = 4
LONGEST_TEXT = 20_000


@bp.get("/records/<int:record_id>/documents")
@web.requires(May.SEE_RECORDS)
def checklist(record_id: int) -> str:
    """Show the checklist of a record with the files kept, and forms for those who keep it."""
    session = db.session()
    record = keepers.seen(session, record_id)
    return render_template(
        "desk/documents.html",
        record=record,
        visit=record.visit,
        plan=record.plan,
        documents=papers.documents(session, record_id),
        keeps=keepers.keeps(record.visit),
        today=clock.today(),
        words=words,
    )


def _document(session: Session, record: Record, document_id: int) -> Document:
    found = session.get(Document, document_id)
    if found is None or found.record_id != record.id:
        raise NotFound()
    return found


def _file(session: Session, record: Record, document_id: int, file_id: int) -> DocumentFile:
    found = session.get(DocumentFile, file_id)
    if found is None or found.document_id != _document(session, record, document_id).id:
        raise NotFound()
    return found


def _back(record_id: int, fields: Fields, done: str, anchor: str = "") -> AnyResponse:
    for sentence in fields.errors.values():
        flash(sentence, "error")
    if not fields.errors:
        flash(done, "success")
    return redirect(f"/records/{record_id}/documents{anchor}")


@bp.post("/records/<int:record_id>/documents")
@web.requires(May.SEE_RECORDS)
def ask(record_id: int) -> AnyResponse:
    """Add a document that the team asks for on the spot."""
    fields = Fields(request.form)
    title, due_on = fields.text("title", 300, required=True), fields.day("due_on")
    with transaction() as session:
        record = keepers.kept(session, record_id)
        if not fields.errors:
            papers.ask_for(session, record, title, due_on, web.actor())
    return _back(record_id, fields, _("Đã thêm tài liệu vào danh mục."))


@bp.post("/records/<int:record_id>/documents/<int:document_id>")
@web.requires(May.SEE_RECORDS)
def note(record_id: int, document_id: int) -> AnyResponse:
    """Note what became of a document."""
    fields = Fields(request.form)
    its = f"-{document_id}"  # the page has a form for each document
    state = fields.choice("state" + its, DocumentState, DocumentState.ASKED)
    number, remark = fields.text("number" + its, 60), fields.text("note" + its, 500)
    dated_on = fields.day("dated_on" + its)
    with transaction() as session:
        record = keepers.kept(session, record_id)
        document = _document(session, record, document_id)
        if not fields.errors:
            papers.note(session, document, state, web.actor(), number, dated_on, remark)
    return _back(record_id, fields, _("Đã ghi."), f"#document-{document_id}")


@bp.post("/records/<int:record_id>/documents/<int:document_id>/files")
@web.requires(May.SEE_RECORDS)
def attach(record_id: int, document_id: int) -> AnyResponse:
    """Keep a scan or file with a document."""
    upload, fields = request.files.get(f"file-{document_id}"), Fields({})
    name = (upload.filename or "").replace("\0", "") if upload else ""
    data = upload.stream.read(papers.MAX_FILE_BYTES + 1) if upload and name else b""
    if not data:
        fields.fail("file", _("Hãy chọn một tệp có nội dung."))
    try:
        with transaction() as session:
            record = keepers.kept(session, record_id)
            document = _document(session, record, document_id)
            if not fields.errors:
                files = current_app.extensions["files"]
                papers.attach(session, files, document, name, data, web.actor())
    except UnknownDocument as problem:
        fields.fail("file", problem.text(web.language()))
    return _back(record_id, fields, _("Đã lưu tệp."), f"#document-{document_id}")


@bp.get("/records/<int:record_id>/documents/<int:document_id>/files/<int:file_id>")
@web.requires(May.SEE_RECORDS)
def download(record_id: int, document_id: int, file_id: int) -> Response:
    """Give a document's file to those who may see its record."""
    session = db.session()
    record = keepers.seen(session, record_id)
    found = _file(session, record, document_id, file_id)
    name = downloads.filename([record.number, found.name])
    return downloads.kept(found.sha256, found.size_bytes, found.content_type, name)


@bp.post("/records/<int:record_id>/documents/<int:document_id>/files/<int:file_id>/remove")
@web.requires(May.SEE_RECORDS)
def detach(record_id: int, document_id: int, file_id: int) -> AnyResponse:
    """Take a file away from its document."""
    with transaction() as session:
        record = keepers.kept(session, record_id)
        papers.detach(session, _file(session, record, document_id, file_id), web.actor())
    return _back(record_id, Fields({}), _("Đã gỡ tệp."), f"#document-{document_id}")


@bp.get("/records/<int:record_id>/sessions/new")
@web.requires(May.SEE_RECORDS)
def new_session(record_id: int) -> str:
    """Show the empty form of a working session, the team's members filled in."""
    record = keepers.kept(db.session(), record_id)
    team = record.visit.team.members if record.visit.team else []
    own = [Present(each.person.name, each.post, each.agency) for each in team]
    return _session_form(record, Fields({}), own)


@bp.get("/records/<int:record_id>/sessions/<int:session_id>")
@web.requires(May.SEE_RECORDS)
def session_page(record_id: int, session_id: int) -> str:
    """Show a working session for change."""
    session = db.session()
    record = keepers.kept(session, record_id)
    held = _held(session, record, session_id)
    starts, ends = clock.local(held.starts_at), held.ends_at and clock.local(held.ends_at)
    fields = Fields(
        {
            "day": starts.date().isoformat(),
            "starts": f"{starts:%H:%M}",
            "ends": f"{ends:%H:%M}" if ends else "",
            "place": held.place,
            "content": held.content,
            "conclusions": held.conclusions,
        }
    )
    present = [Present(each.name, each.post, each.agency) for each in held.participants]
    return _session_form(record, fields, present, held)


def _held(session: Session, record: Record, session_id: int) -> WorkingSession:
    found = session.get(WorkingSession, session_id)
    if found is None or found.record_id != record.id:
        raise NotFound()
    return found


@bp.post("/records/<int:record_id>/sessions/new")
@web.requires(May.SEE_RECORDS)
def add_session(record_id: int) -> AnyResponse:
    """Keep a new working session."""
    return _keep(record_id, None)


@bp.post("/records/<int:record_id>/sessions/<int:session_id>")
@web.requires(May.SEE_RECORDS)
def change_session(record_id: int, session_id: int) -> AnyResponse:
    """Keep a working session as changed."""
    return _keep(record_id, session_id)


def _keep(record_id: int, session_id: int | None) -> AnyResponse:
    fields = Fields(request.form)
    present = _present(fields)
    given = _session_values(fields)
    with transaction() as session:
        record = keepers.kept(session, record_id)
        held = _held(session, record, session_id) if session_id is not None else None
        if not fields.errors:
            try:
                papers.keep_session(
                    session, record, web.actor(), present=present, held=held, **given
                )
            except BadSessionTime as problem:
                fields.fail("ends", problem.text(web.language()))
    if fields.errors:
        return Response(_session_form(record, fields, present, held), 422)
    flash(_("Đã ghi buổi làm việc."), "success")
    return redirect(f"/records/{record_id}#sessions")


def _session_values(fields: Fields) -> dict[str, Any]:
    on = fields.day("day", required=True)
    return {
        "starts_at": _moment(fields, "starts", on, required=True),
        "ends_at": _moment(fields, "ends", on),
        "place": fields.text("place", 200, required=True),
        "content": _long(fields, "content"),
        "conclusions": _long(fields, "conclusions"),
    }


def _moment(
    fields: Fields, name: str, on: dt.date | None, required: bool = False
) -> dt.datetime | None:
    typed = fields.text(name, 8, required=required)
    if not typed or on is None:
        return None
    try:
        return dt.datetime.combine(on, dt.time.fromisoformat(typed), clock.VIETNAM)
    except ValueError:
        fields.fail(name, _("Giờ không đúng: hãy viết giờ:phút, ví dụ 08:30."))
        return None


def _long(fields: Fields, name: str) -> str:
    """Return a longer text with its lines."""
    found = fields[name].replace("\r\n", "\n").strip()
    if len(found) > LONGEST_TEXT:
        fields.fail(name, _("Dài quá %(longest)s ký tự.", longest=LONGEST_TEXT))
    return found


def _present(fields: Fields) -> list[Present]:
    """Return who took part, as typed row by row; a row without a name is left out."""
    found = []
    for seat in range(SEATS):
        name = fields.text(f"name-{seat}", 100)
        post, agency = fields.text(f"post-{seat}", 100), fields.text(f"agency-{seat}", 200)
        if name:
            found.append(Present(name, post, agency))
        elif post or agency:
            fields.fail(f"name-{seat}", _("Dòng có chức vụ mà chưa có họ tên."))
    return found


def _session_form(
    record: Record, fields: Fields, present: list[Present], held: WorkingSession | None = None
) -> str:
    seats = [*present, *[Present("")] * min(SPARE_SEATS, SEATS - len(present))]
    return render_template(
        "desk/session_form.html",
        record=record,
        visit=record.visit,
        plan=record.plan,
        fields=fields,
        seats=seats[:SEATS],
        held=held,
        today=clock.today(),
    )


@bp.post("/records/<int:record_id>/sessions/<int:session_id>/remove")
@web.requires(May.SEE_RECORDS)
def remove_session(record_id: int, session_id: int) -> AnyResponse:
    """Take back a working session that was noted by mistake."""
    with transaction() as session:
        record = keepers.kept(session, record_id)
        papers.remove_session(session, _held(session, record, session_id), web.actor())
    flash(_("Đã bỏ buổi làm việc."), "success")
    return redirect(f"/records/{record_id}#sessions")
