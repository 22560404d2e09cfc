"""The programme's catalogue on pages: what is held, and another one loaded by an administrator."""

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import clock, text, web
from server.db import db, transaction
from server.fields import Fields
from server.files import Files
from server.monitoring import catalogue, catalogue_books, catalogue_files, queries, words
from server.monitoring.catalogue_files import Read
from server.monitoring.models import Programme
from server.monitoring.problems import CatalogueMistakes
from server.permissions import May
from server.places import sheets
from server.problems import BadInput, NotFound, Problem

bp = Blueprint("catalogue", __name__)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("/programme")
@web.requires(May.SEE_PLANS)
def programme() -> str:
    """Show the programmes with their projects and tables, what is not official marked so."""
    session = db.session()
    found = queries.programmes(session)
    return render_template(
        "monitoring/programme.html",
        programmes=[
            (row, queries.projects(session, row.id), queries.tables(session, row.id))
            for row in found
        ],
        agencies=queries.agencies(session),
        standards=queries.poverty_standards(session),
        today=clock.today(),
        words=words,
    )


@bp.get("/programme/<programme_id>.xlsx")
@web.requires(May.SEE_PLANS)
def export(programme_id: str) -> Response:
    """Give a programme's catalogue as a workbook, to be changed and loaded again."""
    held = catalogue.held(db.session(), programme_id[:40])
    if held is None:
        raise NotFound()
    answer = Response(catalogue_books.to_xlsx(held), content_type=XLSX)
    answer.headers["Content-Disposition"] = f'attachment; filename="{held.id}.xlsx"'
    return answer


@bp.get("/programme/load")
@web.requires(May.RUN_SERVER)
def load_page() -> str:
    """Show where a catalogue is sent in."""
    return render_template("monitoring/catalogue_load.html", problem=None)


@bp.post("/programme/load")
@web.requires(May.RUN_SERVER)
def preview() -> AnyResponse | str:
    """Show what a catalogue holds and every mistake in it; nothing is stored yet."""
    upload = request.files.get("file")
    name = text.clean((upload.filename or "").replace("\0", ""))[:120] if upload else ""
    data = upload.stream.read(sheets.MAX_BYTES + 1) if upload and name else b""
    try:
        if not data:
            raise BadInput("Hãy chọn một tệp có nội dung.", "Choose a file that holds something.")
        read = catalogue_files.read(data, name)
    except Problem as problem:
        sentence = problem.text(web.language())
        body = render_template("monitoring/catalogue_load.html", problem=sentence)
        return Response(body, problem.status)
    sha256 = _files().keep_bytes(data).sha256
    return _preview(db.session(), read, name, sha256)


def _preview(session: Session, read: Read, name: str, sha256: str) -> str:
    outcome, refusal = None, ""
    rivals: list[Programme] = []
    if read.catalogue is not None:
        rivals = catalogue.rivals(session, read.catalogue)
        try:
            outcome = catalogue.outcome(session, read.catalogue).value
        except Problem as problem:
            refusal = problem.text(web.language())
    return render_template(
        "monitoring/catalogue_preview.html",
        read=read,
        name=name,
        sha256=sha256,
        outcome=outcome,
        refusal=refusal,
        rivals=rivals,
    )


@bp.post("/programme/load/confirm")
@web.requires(May.RUN_SERVER)
def confirm() -> AnyResponse:
    """Store the catalogue that was looked at: the kept file is read again, nothing is trusted."""
    fields = Fields(request.form)
    try:
        if (_files().size(fields["sha256"]) or 0) > sheets.MAX_BYTES:
            raise NotFound()
        data = _files().read(fields["sha256"])
    except FileNotFoundError:
        raise NotFound() from None
    read = catalogue_files.read(data, text.clean(fields["name"])[:120] or "danh-muc")
    if read.catalogue is None:
        raise CatalogueMistakes(count=len(read.mistakes))
    with transaction() as session:
        catalogue.take(session, read.catalogue, web.actor(), beside=fields["beside"] == "yes")
    flash(_("Đã nạp danh mục %(name)s.", name=read.catalogue.name), "success")
    return redirect(f"/programme#{read.catalogue.id}")


def _files() -> Files:
    found: Files = current_app.extensions["files"]
    return found
