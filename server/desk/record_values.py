"""A table (Biểu) of a record on a page: typed, read from a file, offered by phones, judged."""

from collections.abc import Sequence
from decimal import Decimal

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import text, web
from server.db import db, transaction
from server.desk import figures, formats, keepers
from server.desk.figures import Figure, Offer
from server.fields import Fields
from server.files import Files
from server.monitoring import value_files, values, words
from server.monitoring.models import Record, Table
from server.monitoring.values import Part
from server.permissions import May
from server.places import sheets
from server.problems import BadInput, NotFound, Problem

bp = Blueprint("record_values", __name__)
bp.context_processor(formats.helpers)


@bp.get("/records/<int:record_id>/tables/<number>")
@web.requires(May.SEE_RECORDS)
def table_page(record_id: int, number: str) -> str:
    """Show a table of a record: what was reported, seen, offered and accepted, row by row."""
    session = db.session()
    record = keepers.seen(session, record_id)
    return _page(session, record, _table(session, record, number), Fields({}))


def _table(session: Session, record: Record, number: str) -> Table:
    found = session.scalar(
        select(Table).where(
            Table.programme_id == record.plan.programme_id, Table.number == number[:10]
        )
    )
    if found is None:
        raise NotFound()
    return found


def _page(session: Session, record: Record, table: Table, fields: Fields) -> str:
    return render_template(
        "desk/table.html",
        record=record,
        visit=record.visit,
        plan=record.plan,
        table=table,
        figures=figures.of_table(session, record, table, web.language()),
        fields=fields,
        keeps=keepers.keeps(record.visit),
        judges=keepers.judges(record.visit),
        words=words,
        plain=plain,
    )


def plain(value: Decimal | None) -> str:
    """Return a number as a field of a form shows it: without marks for thousands."""
    return "" if value is None else format(value, "f")


@bp.post("/records/<int:record_id>/tables/<number>")
@web.requires(May.SEE_RECORDS)
def keep(record_id: int, number: str) -> AnyResponse:
    """Keep what was typed into the rows; a row nobody changed on this page is left alone."""
    fields = Fields(request.form)
    with transaction() as session:
        record = keepers.kept(session, record_id)
        table = _table(session, record, number)
        typed = list(_typed(table, fields))
        if not fields.errors:
            for what, key, value in typed:
                verb = _report if what == "reported" else _see
                verb(session, record, table.number, key, value)
    if fields.errors:
        return Response(_page(db.session(), record, table, fields), 422)
    flash(_("Đã ghi %(count)s số liệu.", count=len(typed)), "success")
    return redirect(f"/records/{record_id}/tables/{number}")


def _report(session: Session, record: Record, number: str, key: str, value: Decimal | None) -> None:
    values.report(session, record, number, key, value, "", web.actor())


def _see(session: Session, record: Record, number: str, key: str, value: Decimal | None) -> None:
    values.see(session, record, number, key, value, web.actor())


def _typed(table: Table, fields: Fields) -> list[tuple[str, str, Decimal | None]]:
    """Return (which, row, number) of what was changed; note what cannot be read."""
    found: list[tuple[str, str, Decimal | None]] = []
    for row in table.rows:
        for what in ("reported", "seen"):
            name = f"{what}-{row['key']}"
            said = fields.text(name, 40)
            if name not in fields.form or said == fields[f"{name}-was"].strip():
                continue
            try:
                value = values.amount(said, row["unit"], row["name"]) if said else None
                found.append((what, row["key"], value))
            except BadInput as problem:
                fields.fail(name, problem.text(web.language()))
    return found


@bp.post("/records/<int:record_id>/tables/<number>/<key>/accept")
@web.requires(May.SEE_RECORDS)
def accept(record_id: int, number: str, key: str) -> AnyResponse:
    """Take the chosen answers of phones as the accepted seen value of a row."""
    chosen = set(request.form.getlist("offer"))
    note = Fields(request.form).text("note")[:1000]
    with transaction() as session:
        record = keepers.judged(session, record_id)
        figure = _figure(session, record, _table(session, record, number), key)
        parts = [_part(each) for each in figure.offers if each.key in chosen]
        if len(parts) != len(chosen):
            raise BadInput(
                "Có phiếu không còn dùng được. Hãy tải lại trang rồi chọn lại.",
                "One of the forms can no longer be used. Reload the page and choose again.",
            )
        values.accept_answers(session, record, number, key, parts, web.actor(), note)
    flash(_("Đã nhận số liệu kiểm tra thực tế."), "success")
    return redirect(f"/records/{record_id}/tables/{number}#row-{key}")


def _part(offer: Offer) -> Part:
    return Part(offer.submission_id, offer.question, offer.amount)


def _figure(session: Session, record: Record, table: Table, key: str) -> Figure:
    found: Sequence[Figure] = figures.of_table(session, record, table, web.language())
    for figure in found:
        if figure.key == key:
            return figure
    raise NotFound()


@bp.post("/records/<int:record_id>/tables/<number>/<key>/judge")
@web.requires(May.SEE_RECORDS)
def judge(record_id: int, number: str, key: str) -> AnyResponse:
    """Record whether a reviewer accepts what the team saw."""
    fields = Fields(request.form)
    verdict, note = fields["verdict"], fields.text("note")[:1000]
    if verdict not in ("accept", "reject"):
        raise NotFound()
    with transaction() as session:
        record = keepers.judged(session, record_id)
        figure = _figure(session, record, _table(session, record, number), key)
        if figure.value is None or plain(figure.value.seen) != fields["seen"]:
            raise BadInput(
                "Số liệu vừa được người khác sửa. Hãy tải lại trang rồi kết luận.",
                "Somebody has just changed this figure. Reload the page, then judge.",
            )
        values.judge(session, record, figure.value, verdict == "accept", web.actor(), note)
    flash(_("Đã ghi kết luận."), "success")
    return redirect(f"/records/{record_id}/tables/{number}#row-{key}")


@bp.post("/records/<int:record_id>/tables/<number>/import")
@web.requires(May.SEE_RECORDS)
def preview(record_id: int, number: str) -> AnyResponse | str:
    """Show what a file would report for the rows of a table, and every row it would not."""
    session = db.session()
    record = keepers.kept(session, record_id)
    table = _table(session, record, number)
    upload = request.files.get("file")
    name = text.clean((upload.filename or "").replace("\0", ""))[:120] if upload else ""
    data = upload.stream.read(sheets.MAX_BYTES + 1) if upload and name else b""
    fields = Fields({})
    try:
        if not data:
            raise BadInput("Hãy chọn một tệp có nội dung.", "Choose a file that holds something.")
        read = value_files.read(data, name, table)
    except Problem as problem:
        fields.fail("file", problem.text(web.language()))
        return Response(_page(session, record, table, fields), problem.status)
    kept = _files().keep_bytes(data)
    return render_template(
        "desk/table_preview.html",
        record=record,
        visit=record.visit,
        plan=record.plan,
        table=table,
        preview=read,
        sha256=kept.sha256,
        language=web.language(),
    )


@bp.post("/records/<int:record_id>/tables/<number>/import/confirm")
@web.requires(May.SEE_RECORDS)
def confirm(record_id: int, number: str) -> AnyResponse:
    """Note the usable rows of the file that was looked at as reported by the commune."""
    fields = Fields(request.form)
    name = text.clean(fields["name"])[:120] or "tep"
    try:
        if (_files().size(fields["sha256"]) or 0) > sheets.MAX_BYTES:
            raise NotFound()
        data = _files().read(fields["sha256"])
    except FileNotFoundError:
        raise NotFound() from None
    with transaction() as session:
        record = keepers.kept(session, record_id)
        table = _table(session, record, number)
        count = value_files.keep(session, record, value_files.read(data, name, table), web.actor())
    flash(_("Đã nhập %(count)s số liệu do xã báo cáo.", count=count), "success")
    return redirect(f"/records/{record_id}/tables/{number}")


def _files() -> Files:
    found: Files = current_app.extensions["files"]
    return found
