"""The page of a unit under supervision: what it has to remedy, hand in and report, on its phone.

It shows the unit what the unit was told: findings assigned to it, visits that were announced or
have begun, the papers asked for there and the figures it reports itself. What a team saw or a
household said is not here.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, joinedload
from werkzeug.wrappers import Response as AnyResponse

from server import clock, web
from server.db import db, transaction
from server.desk import finding_rights as rights
from server.desk import formats, paging
from server.desk.record_values import plain
from server.fields import Fields
from server.files import Files
from server.findings import queries as findings
from server.findings.models import OPEN, WITH_THE_UNIT, Finding
from server.monitoring import papers, queries, values, words
from server.monitoring.models import PlanState, Record, Round, Table, Visit, VisitState
from server.monitoring.problems import UnknownDocument
from server.monitoring.record_models import Document, DocumentState, RecordValue
from server.permissions import May
from server.places.scope import Areas, inside
from server.problems import BadInput, NotFound
from server.teams.models import Team

bp = Blueprint("desk_unit", __name__)
bp.context_processor(formats.helpers)
MOST_VISITS = 20
BY_COMMUNES = "xã"
"""What the catalogue says of who fills a table, where communes do."""
SOURCE = "đơn vị tự báo"
OWED = (DocumentState.ASKED, DocumentState.PARTLY, DocumentState.NONE)


@dataclass
class Asked:
    """A visit that the unit knows of, with what is asked of the unit there."""

    record: Record
    owed: list[Document] = field(default_factory=list)
    given: int = 0
    tables: list[tuple[Table, int]] = field(default_factory=list)

    @property
    def visit(self) -> Visit:
        """The visit whose record it is."""
        return self.record.visit

    @property
    def open(self) -> bool:
        """Whether anything may still be handed in."""
        return self.visit.round.plan.state is PlanState.OPEN


def areas() -> Areas:
    """Return the areas of the units for which the reader speaks: where they see no records."""
    return Areas(rights.scope().own, ())


@bp.get("/unit")
@web.requires(May.ANSWER_FINDINGS)
def unit() -> str | AnyResponse:
    """Show what the reader's unit has to do; who works in an office has the register instead."""
    own = areas()
    if not own:
        return redirect("/findings")
    session = db.session()
    page = paging.page(session, _to_remedy(own), Finding.id)
    mine = findings.rows(session, page.ids)
    return render_template(
        "desk/unit.html",
        findings=sorted(mine, key=lambda each: (each.due_on or clock.today(), each.id)),
        page=page,
        late=sum(each.is_late(clock.today()) for each in mine),
        reported=_reported(session, own),
        asked=_asked(session, own),
        today=clock.today(),
        words=words,
    )


def _to_remedy(own: Areas) -> findings.Query:
    """Return the query of the findings whose deadline runs for the reader's units."""
    seen = findings.seen(select(Finding.id), rights.scope())
    return seen.where(Finding.state.in_(WITH_THE_UNIT), inside(Finding.responsible_area, own))


def _reported(session: Session, own: Areas) -> int:
    """Return how many findings were reported remedied and wait for others."""
    waiting = [state for state in OPEN if state not in WITH_THE_UNIT]
    query = findings.seen(select(func.count(Finding.id)), rights.scope())
    query = query.where(Finding.state.in_(waiting), inside(Finding.responsible_area, own))
    found: int = session.scalar(query) or 0
    return found


def told() -> ColumnElement[bool]:
    """Return the condition that the unit was told of a visit: announced, or begun."""
    begun = Visit.state.in_((VisitState.UNDER_WAY, VisitState.DONE))
    announced = (Visit.state == VisitState.PLANNED) & Visit.notice_sent_on.is_not(None)
    return or_(begun, announced)


def _asked(session: Session, own: Areas) -> list[Asked]:
    """Return the unit's newest visits with what is asked there, in four look-ups."""
    records = session.scalars(
        select(Record)
        .join(Visit, Visit.id == Record.visit_id)
        .where(queries.open_to(own), told())
        .order_by(Record.id.desc())
        .limit(MOST_VISITS)
        .options(
            joinedload(Record.visit).joinedload(Visit.round).joinedload(Round.plan),
            joinedload(Record.visit).joinedload(Visit.team).lazyload(Team.members),
        )
    ).all()
    found = {record.id: Asked(record) for record in records}
    for document in session.scalars(
        select(Document).where(Document.record_id.in_(found)).order_by(Document.id)
    ):
        asked = found[document.record_id]
        if document.state in OWED:
            asked.owed.append(document)
        else:
            asked.given += 1
    _count_figures(session, found)
    return list(found.values())


def _count_figures(session: Session, found: dict[int, Asked]) -> None:
    """Tell of each table that communes fill how many of its rows the unit has reported."""
    rows = session.execute(
        select(RecordValue.record_id, RecordValue.table_number, func.count())
        .where(RecordValue.record_id.in_(found), RecordValue.reported.is_not(None))
        .group_by(RecordValue.record_id, RecordValue.table_number)
    )
    counts = {(record_id, number): count for record_id, number, count in rows}
    programmes: dict[str, Sequence[Table]] = defaultdict(list)
    for asked in found.values():
        programme = asked.visit.round.plan.programme_id
        if programme not in programmes:
            programmes[programme] = _tables(session, programme)
        asked.tables = [
            (table, counts.get((asked.record.id, table.number), 0))
            for table in programmes[programme]
        ]


def _tables(session: Session, programme_id: str) -> list[Table]:
    return [
        table
        for table in queries.tables(session, programme_id)
        if BY_COMMUNES in table.filled_by and table.rows
    ]


def _record(session: Session, record_id: int) -> Record:
    """Return the record of a visit that the reader's unit was told of.

    Raises:
        NotFound: there is none, it is another unit's, or the unit does not know of it yet.
    """
    found = session.scalar(
        select(Record)
        .join(Visit, Visit.id == Record.visit_id)
        .where(Record.id == record_id, queries.open_to(areas()), told())
    )
    if found is None:
        raise NotFound()
    return found


@bp.post("/unit/records/<int:record_id>/documents")
@web.requires(May.ANSWER_FINDINGS)
def hand_in(record_id: int) -> AnyResponse:
    """Keep the files that the unit hands in, each with the document it was asked for."""
    files: Files = current_app.extensions["files"]
    refused: list[str] = []
    kept = 0
    for name, sent in request.files.items(multi=True):
        if not sent.filename or not name.startswith("file-"):
            continue
        data = sent.stream.read(papers.MAX_FILE_BYTES + 1)
        try:
            with transaction() as session:
                record = _record(session, record_id)
                document = _document(session, record, name.removeprefix("file-"))
                papers.attach(session, files, document, sent.filename, data, web.actor())
            kept += 1
        except UnknownDocument as problem:
            refused.append(problem.text(web.language()))
    _record(db.session(), record_id)
    for sentence in refused:
        flash(sentence, "error")
    if kept:
        flash(_("Đã nộp %(count)s tệp. Đoàn giám sát sẽ xem.", count=kept), "success")
    elif not refused:
        flash(_("Hãy chọn ảnh hoặc tệp trước khi nộp."), "warning")
    return redirect(f"/unit#record-{record_id}")


def _document(session: Session, record: Record, key: str) -> Document:
    usable = key.isascii() and key.isdigit() and len(key) < 10
    found = session.get(Document, int(key)) if usable else None
    if found is None or found.record_id != record.id:
        raise NotFound()
    return found


# --- figures --------------------------------------------------------------------------------


@bp.get("/unit/records/<int:record_id>/tables/<number>")
@web.requires(May.ANSWER_FINDINGS)
def table_page(record_id: int, number: str) -> str:
    """Show a table with the figures that the unit reported, to be filled in."""
    session = db.session()
    record = _record(session, record_id)
    return _page(session, record, _table(session, record, number), Fields({}))


def _table(session: Session, record: Record, number: str) -> Table:
    found = _tables(session, record.plan.programme_id)
    table = next((each for each in found if each.number == number), None)
    if table is None:
        raise NotFound()
    return table


def _page(session: Session, record: Record, table: Table, fields: Fields) -> str:
    held = {
        value.row_key: value.reported
        for value in values.of_record(session, record.id)
        if value.table_number == table.number
    }
    return render_template(
        "desk/unit_table.html",
        record=record,
        visit=record.visit,
        table=table,
        reported={key: plain(value) for key, value in held.items()},
        fields=fields,
        open=record.plan.state is PlanState.OPEN,
    )


@bp.post("/unit/records/<int:record_id>/tables/<number>")
@web.requires(May.ANSWER_FINDINGS)
def report(record_id: int, number: str) -> AnyResponse:
    """Keep the figures that the unit reports; a row nobody changed here is left alone."""
    fields = Fields(request.form)
    with transaction() as session:
        record = _record(session, record_id)
        record.plan.must_be_open()
        table = _table(session, record, number)
        typed = _typed(table, fields)
        for key, value in typed.items() if not fields.errors else ():
            values.report(session, record, number, key, value, SOURCE, web.actor())
    if fields.errors:
        return Response(_page(db.session(), record, table, fields), 422)
    flash(_("Đã ghi %(count)s số liệu.", count=len(typed)), "success")
    return redirect(f"/unit#record-{record_id}")


def _typed(table: Table, fields: Fields) -> dict[str, Decimal | None]:
    """Return the numbers that were changed, by row; note what cannot be read."""
    found: dict[str, Decimal | None] = {}
    for row in table.rows:
        name = f"reported-{row['key']}"
        said = fields.text(name, 40)
        if name not in fields.form or said == fields[f"{name}-was"].strip():
            continue
        try:
            found[row["key"]] = values.amount(said, row["unit"], row["name"]) if said else None
        except BadInput as problem:
            fields.fail(name, problem.text(web.language()))
    return found
