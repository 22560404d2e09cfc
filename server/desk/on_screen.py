"""The list of records as it stands on the screen, as a table that Excel opens.

All rows of the list are given, in its order and with its columns, page after page by key; the
reader sees there what the page shows them, and nothing else.
"""

from collections.abc import Iterator
from itertools import islice

from flask import Blueprint, Response, stream_with_context
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from server import clock, web
from server.db import db
from server.desk import asking, downloads, formats
from server.desk import list_words as words_of_lists
from server.desk.asking import Asking
from server.desk.submissions import Row, rows
from server.entities import exporting
from server.monitoring import queries as monitoring
from server.permissions import May
from server.problems import Problem
from server.quality.words import VERDICTS
from server.submissions import words
from server.surveys import queries as surveys

bp = Blueprint("desk_on_screen", __name__)
AT_ONCE = 500
MOST_IN_EXCEL = 10_000
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class TooManyForExcel(Problem):
    """A workbook is made in one go, in memory."""

    code = "submissions.too-many-for-excel"
    status = 422
    message = (
        "Bảng có hơn {most} phiếu nên không làm thành tệp Excel được. "
        "Hãy lọc bớt rồi tải lại, hoặc tải tệp CSV."
    )
    message_en = (
        "The table has more than {most} submissions: too many for an Excel file. "
        "Narrow it and try again, or take the CSV file."
    )


@bp.get("/plans/<int:plan_id>/submissions.<any(csv, xlsx):kind>")
@web.requires(May.SEE_RECORDS)
def table(plan_id: int, kind: str) -> Response:
    """Give every row of the list that the address asks for.

    Raises:
        TooManyForExcel: as a workbook it would be too large.
    """
    session = db.session()
    areas = web.reader().areas(May.SEE_RECORDS)
    plan = monitoring.plan_for(session, plan_id, areas)
    asked = asking.asked(session, plan, areas, surveys.forms(session, plan.id))
    heads = [str(head["label"]) for head in words_of_lists.heads(asked)]
    name = downloads.filename([plan.name, _("Phiếu đã nhận"), str(clock.today())], f".{kind}")
    if kind == "xlsx":
        body = list(islice(_cells(session, asked), MOST_IN_EXCEL + 1))
        if len(body) > MOST_IN_EXCEL:
            raise TooManyForExcel(most=formats.number(MOST_IN_EXCEL))
        return downloads.made(exporting.workbook(heads, iter(body)), SHEET, name)
    pieces: Iterator[bytes] = stream_with_context(
        exporting.csv_pieces(heads, _cells(session, asked))
    )
    response = Response(pieces, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = downloads.disposition(name)
    return response


def _cells(session: Session, asked: Asking) -> Iterator[list[str]]:
    """Give the rows of the list, some hundred read at a time."""
    last: int | None = None
    while ids := asked.listing.after(session, last, AT_ONCE):
        yield from (_row(row) for row in rows(session, ids, asked.columns))
        session.expunge_all()
        last = ids[-1]


def _row(row: Row) -> list[str]:
    found = row.submission
    where = [found.hamlet.name if found.hamlet else "", found.place.name if found.place else ""]
    who = [found.person.name if found.person else "", found.team.name if found.team else ""]
    return [
        found.label or found.instance_id,
        ", ".join(filter(None, where)),
        ", ".join(filter(None, who)),
        formats.moment(found.received_at),
        formats.moment(found.started_at),
        f"{found.files_held}/{found.files_named}" if found.files_named else "",
        str(row.findings[0]) if row.findings else "",
        formats.word(VERDICTS[found.verdict][:2]) if found.verdict else "",
        formats.word(words.STATES[found.review_state]),
        *row.cells,
    ]
