"""Pages of official boundaries: what an edition has, a file previewed, taken in, withdrawn."""

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from server import text, web
from server.db import db, transaction
from server.fields import Fields
from server.files import Files
from server.permissions import May
from server.places import boundary_queries, boundary_service, islands, outlines, queries, words
from server.places.boundaries import How
from server.places.boundary_models import BoundaryImport
from server.places.boundary_problems import BoundariesTooLarge
from server.places.boundary_service import Credit
from server.places.models import Edition
from server.problems import BadInput, NotAllowed, NotFound, Problem

bp = Blueprint("boundaries", __name__)
bp.context_processor(lambda: {"named": islands.named})
SHOWN_ROWS = 200
IMPORTS = 20


@bp.get("/places/boundaries")
@web.requires(May.MANAGE_BOUNDARIES)
def page() -> str:
    """Show what an edition has of boundaries, where a file is sent in, and what was sent in."""
    return _page(Fields(request.args), None)


def _page(typed: Fields, problem: str | None) -> str:
    session = db.session()
    editions = session.scalars(queries.editions()).all()
    asked = session.get(Edition, typed["edition"])
    edition = asked or (editions[0] if editions else None)
    if edition is None:
        raise NotFound()
    made = session.scalars(
        boundary_queries.imports(edition.id, web.asked_key("before")).limit(IMPORTS + 1)
    ).all()
    lacking = boundary_queries.missing(session, edition.id, islands.of(edition.id))
    return render_template(
        "places/boundaries.html",
        edition=edition,
        editions=[(row.id, row.name) for row in editions],
        counts=boundary_queries.counts(session, edition.id),
        imports=made[:IMPORTS],
        older=made[IMPORTS - 1].id if len(made) > IMPORTS else None,
        lacking=lacking,
        levels=words.LEVELS,
        typed=typed,
        problem=problem,
        most=outlines.TOO_LARGE,
    )


@bp.post("/places/boundaries")
@web.requires(May.MANAGE_BOUNDARIES)
def preview() -> AnyResponse | str:
    """Show what a file would store and all it would not; keep the file till it is confirmed."""
    typed = Fields(request.form)
    how = _how(typed)
    _credit(typed, "", "")
    upload = request.files.get("file")
    name = text.clean((upload.filename or "").replace("\0", ""))[:120] if upload else ""
    try:
        if typed.errors:
            raise BadInput(
                "Hãy sửa các ô được đánh dấu rồi chọn lại tệp.",
                "Correct the marked fields, then choose the file again.",
            )
        if upload is None or not name:
            raise BadInput("Chưa chọn tệp địa giới.", "No file was chosen.")
        if upload.stream.seek(0, 2) > outlines.MAX_BYTES:
            raise BoundariesTooLarge(file=name, **outlines.TOO_LARGE)
        kept = _files().keep(upload.stream)
        with _files().local(kept.sha256) as path, outlines.read(path, name) as found:
            read = boundary_service.preview(db.session(), typed["edition"], found, how, _areas())
    except Problem as problem:
        return Response(_page(typed, problem.text(web.language())), problem.status)
    return render_template(
        "places/boundaries_preview.html",
        edition=db.session().get(Edition, read.edition_id),
        file=name,
        sha256=kept.sha256,
        preview=read,
        typed=typed,
        shown=read.accepted[:SHOWN_ROWS],
        language=web.language(),
    )


@bp.post("/places/boundaries/confirm")
@web.requires(May.MANAGE_BOUNDARIES)
def confirm() -> AnyResponse:
    """Take in what the preview accepted: the kept file is read again, so nothing is trusted."""
    typed = Fields(request.form)
    sha256 = typed["sha256"]
    credit = _credit(typed, typed.text("name")[:120], sha256)
    if typed.errors:
        raise BadInput("Thiếu nguồn hoặc dòng ghi công.", "Source or attribution is missing.")
    try:
        if (_files().size(sha256) or 0) > outlines.MAX_BYTES:
            raise NotFound()
        with (
            _files().local(sha256) as path,
            outlines.read(path, credit.file) as found,
            transaction() as session,
        ):
            made = boundary_service.store(
                session, typed["edition"], found, _how(typed), _areas(), credit, web.actor()
            )
            edition, units = made.edition_id, made.units
    except FileNotFoundError:
        raise NotFound() from None
    current_app.extensions["jobs"].poke()
    flash(_("Đã nhập địa giới của %(count)s đơn vị.", count=units), "success")
    return redirect(f"/places/boundaries?edition={edition}")


@bp.post("/places/boundaries/<int:import_id>/withdraw")
@web.requires(May.MANAGE_BOUNDARIES)
def withdraw(import_id: int) -> AnyResponse:
    """Take an import back; units keep what they had before it."""
    with transaction() as session:
        found = session.get(BoundaryImport, import_id)
        if found is None:
            raise NotFound()
        if not boundary_queries.covered(session, found, _areas()):
            raise NotAllowed()
        boundary_service.withdraw(session, found, web.actor())
        edition = found.edition_id
    current_app.extensions["jobs"].poke()
    flash(_("Đã rút lại lần nhập địa giới."), "success")
    return redirect(f"/places/boundaries?edition={edition}")


def _credit(typed: Fields, file: str, sha256: str) -> Credit:
    return Credit(
        file,
        sha256,
        typed.text("source", required=True),
        typed.text("attribution", required=True),
        typed.day("as_of"),
    )


def _how(typed: Fields) -> How:
    return How(
        typed.text("code_property", longest=100),
        typed.text("name_property", longest=100),
        typed.text("parent_property", longest=100),
        bool(typed["trust_codes"]),
    )


def _areas() -> list[str]:
    return web.reader().areas(May.MANAGE_BOUNDARIES)


def _files() -> Files:
    files: Files = current_app.extensions["files"]
    return files
