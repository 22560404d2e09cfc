"""One row of a list with its versions and conflicts; and tables sent in, previewed first."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import text, web
from server.db import db, transaction
from server.desk import entities as desk
from server.entities import importing, queries, service
from server.entities.merging import LABEL
from server.entities.models import Entity, EntityList, EntityVersion
from server.entities.problems import ListChanged
from server.entities.writing import content_of
from server.fields import Fields
from server.files import Files
from server.monitoring.models import Plan
from server.permissions import May
from server.places import picking, sheets
from server.problems import BadInput, NotAllowed, NotFound, Problem
from server.teams import queries as teams

bp = Blueprint("desk_entity_rows", __name__)
bp.context_processor(desk.shown_words)
SHOWN_ROWS = 200


def _seen(session: Session, row_id: int) -> tuple[Entity, EntityList, Plan]:
    """Return a row that the reader may see, with its list and plan."""
    row = session.get(Entity, row_id)
    if row is None:
        raise NotFound()
    areas = web.reader().areas(May.SEE_RECORDS)
    found, plan, where = queries.list_seen(session, row.list_id, areas)
    if session.scalar(select(Entity.id).where(Entity.id == row_id, where)) is None:
        raise NotFound()
    return row, found, plan


@bp.get("/rows/<int:row_id>")
@web.requires(May.SEE_RECORDS)
def row(row_id: int) -> str:
    """Show a row as it is and how it came to be so."""
    session = db.session()
    entity, found, plan = _seen(session, row_id)
    versions = queries.versions(session, entity)
    by_number = {each.version: each for each in versions}
    return render_template(
        "entities/row.html",
        plan=plan,
        list=found,
        row=entity,
        versions=list(zip(versions, queries.diffs(versions), strict=True)),
        clashes={each.id: _clashes(each, by_number) for each in versions if each.conflicting},
        area=picking.names(session, [entity.area]).get(entity.area) if entity.area else "",
        teams=teams.team_names(session, plan.id),
        people=[(p.id, p.name) for p in teams.may_carry(session, plan.id, plan.area)],
        manages=desk.manages(plan),
    )


def _clashes(
    version: EntityVersion, by_number: dict[int, EntityVersion]
) -> list[tuple[str, str, str, str]]:
    """Return (name, at the base, what others had made of it, what this version made of it)."""
    base, before = by_number.get(version.base_version or 0), by_number.get(version.version - 1)
    sides = [content_of(each).flat() if each else {} for each in (base, before, version)]
    return [(name, *(side.get(name, "") for side in sides)) for name in version.conflicting]


@bp.post("/rows/<int:row_id>")
@web.requires(May.MANAGE_FORMS)
def change(row_id: int) -> AnyResponse:
    """Change a row by hand: only the fields that differ from what was shown."""
    fields = Fields(request.form)

    def verb(session: Session, entity: Entity, found: EntityList) -> None:
        typed = {LABEL: request.form.get("label", ""), **desk.values_of(found)}
        now = content_of(entity).flat()
        wanted = {name: value for name, value in typed.items() if value != now.get(name, "")}
        service.update(
            session,
            entity,
            web.actor(),
            label=wanted.pop(LABEL, None),
            data=wanted,
            base_version=fields.number("version") or 0,
            settle=fields["settle"] == "1",
            agent="web",
        )

    return _done(row_id, verb, _("Đã lưu thành phiên bản mới."))


Verb = Callable[[Session, Entity, EntityList], Any]


def _done(row_id: int, verb: Verb, sentence: str) -> AnyResponse:
    """Do a verb to a row that the reader may change; say that it is done, or why it is not."""
    try:
        with transaction() as session:
            entity, found, plan = _seen(session, row_id)
            if not desk.manages(plan):
                raise NotAllowed()
            verb(session, entity, found)
    except (NotFound, NotAllowed):
        raise
    except Problem as problem:
        flash(problem.text(web.language()), "error")
    else:
        flash(sentence, "success")
    return redirect(f"/rows/{row_id}")


@bp.post("/rows/<int:row_id>/delete")
@web.requires(May.MANAGE_FORMS)
def delete(row_id: int) -> AnyResponse:
    """Take a row off the list."""
    return _done(
        row_id,
        lambda session, entity, _found: service.delete(session, entity, web.actor()),
        _("Đã xóa dòng. Các phiên bản vẫn được giữ."),
    )


@bp.post("/rows/<int:row_id>/restore")
@web.requires(May.MANAGE_FORMS)
def restore(row_id: int) -> AnyResponse:
    """Put a deleted row back."""
    return _done(
        row_id,
        lambda session, entity, _found: service.restore(session, entity, web.actor()),
        _("Đã khôi phục dòng."),
    )


@bp.post("/rows/<int:row_id>/resolve")
@web.requires(May.MANAGE_FORMS)
def resolve(row_id: int) -> AnyResponse:
    """Say that the row is right as it stands."""
    return _done(
        row_id,
        lambda session, entity, _found: service.resolve(session, entity, web.actor()),
        _("Đã kết thúc xung đột."),
    )


@bp.post("/rows/<int:row_id>/assign")
@web.requires(May.MANAGE_FORMS)
def assign(row_id: int) -> AnyResponse:
    """Give a row to a team, an owner, or both."""

    def verb(session: Session, entity: Entity, found: EntityList) -> None:
        for part, rows in desk.chosen_parts(session, found, [entity.id], Fields(request.form)):
            service.assign(session, rows, part, web.actor())

    return _done(row_id, verb, _("Đã giao dòng."))


@bp.get("/lists/<int:list_id>/import")
@web.requires(May.MANAGE_FORMS)
def import_page(list_id: int) -> str:
    """Show where a table is sent in."""
    return _import_page(list_id, None)


def _import_page(list_id: int, problem: str | None) -> str:
    session = db.session()
    found = desk.list_to_change(session, list_id)
    return render_template(
        "entities/import.html",
        list=found,
        plan=session.get_one(Plan, found.plan_id),
        properties=[each.name for each in found.properties],
        property_options=[(each.name, each.name) for each in found.properties],
        problem=problem,
    )


@bp.post("/lists/<int:list_id>/import")
@web.requires(May.MANAGE_FORMS)
def preview(list_id: int) -> AnyResponse | str:
    """Show what a table would change, row by row; keep the file till confirmed."""
    found = desk.list_to_change(db.session(), list_id)
    upload = request.files.get("file")
    name = text.clean(upload.filename or "")[:120] if upload else ""
    data = upload.stream.read(sheets.MAX_BYTES + 1) if upload and name else b""
    try:
        if not data:
            raise BadInput("Chưa chọn tệp, hoặc tệp trống.", "No file was chosen, or it is empty.")
        seen = _read(found, data, name)
    except Problem as problem:
        return Response(_import_page(list_id, problem.text(web.language())), problem.status)
    return _preview(found, seen, _files().keep_bytes(data).sha256)


def _read(found: EntityList, data: bytes, name: str) -> importing.Preview:
    fields = Fields(request.form)
    return importing.preview(
        db.session(), found, data, name, fields.text("key", 100), fields["add_properties"] == "1"
    )


def _preview(found: EntityList, seen: importing.Preview, sha256: str) -> str:
    return render_template(
        "entities/preview.html",
        list=found,
        plan=db.session().get_one(Plan, found.plan_id),
        seen=seen,
        shown=SHOWN_ROWS,
        sha256=sha256,
        key=request.form.get("key", ""),
        add_properties=request.form.get("add_properties", ""),
        language=web.language(),
    )


def _files() -> Files:
    files: Files = current_app.extensions["files"]
    return files


@bp.post("/lists/<int:list_id>/import/apply")
@web.requires(May.MANAGE_FORMS)
def apply(list_id: int) -> AnyResponse | str:
    """Do what the preview showed: the kept file is read again, so nothing is trusted.

    When rows changed meanwhile, the new differences are shown instead.
    """
    fields = Fields(request.form)
    found = desk.list_to_change(db.session(), list_id)
    sha256, name = request.form.get("sha256", ""), fields.text("name", 120)
    data = _kept(sha256)
    seen = _read(found, data, name)
    try:
        if seen.revision != fields.number("revision"):
            raise ListChanged()
        with transaction() as session:
            changed = desk.list_to_change(session, list_id)
            overwrite = fields["overwrite"] == "1"
            done = importing.apply(session, changed, seen, web.actor(), overwrite)
    except ListChanged as problem:
        flash(problem.text(web.language()), "warning")
        return Response(_preview(found, _read(found, data, name), sha256), problem.status)
    flash(
        _("Đã thêm %(added)s dòng, sửa %(changed)s dòng.", added=done.added, changed=done.changed),
        "success",
    )
    return redirect(f"/lists/{list_id}")


def _kept(sha256: str) -> bytes:
    try:
        if (_files().size(sha256) or 0) > sheets.MAX_BYTES:
            raise NotFound()
        return _files().read(sha256)
    except FileNotFoundError:
        raise NotFound() from None
