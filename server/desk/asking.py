"""What the address of a list of records asks for: read, and shown again as it was read.

Everything a list is narrowed to, shows and is sorted by stands in its address, so that a link
shows others the same. `c1`, `c2`, … name questions of the chosen form; `c1.is` how their answer is
compared, `c1.v` the word or the choices, `c1.from` and `c1.to` the bounds.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock, fields, web
from server.desk import answers, paging
from server.monitoring.models import Plan
from server.permissions import May
from server.submissions import answer_index
from server.submissions.conditions import OPS, Condition, Op
from server.submissions.indexing import Kind
from server.submissions.listing import COLUMNS, Asked, Listing, Order, Reviewer
from server.submissions.models import ReviewState, VisitVerdict
from server.submissions.rights import OFFICE, TEAM_LEADER
from server.surveys import fields as form_fields
from server.surveys.fields import Field
from server.surveys.models import Form, FormVersion

FILTERS = (
    "form",
    "commune",
    "team",
    "state",
    "verdict",
    "odd",
    "returned",
    "waits",
    "q",
    "from",
    "to",
)
MOST_CONDITIONS = 6
ANSWER = "answer/"
"""What `sort` begins with when a list is sorted by an answer; the question's path follows."""
_PLACE = ("before", "after", "all", "drop", "next")
"""Where in the list one stands: no part of what is asked for."""
_USUAL = {("sort", "received"), ("dir", "desc")}


@dataclass
class Row:
    """One condition as a page shows it; `error` says what was typed and cannot be used."""

    number: int
    field: Field
    kind: Kind
    op: Op
    values: list[str]
    low: str = ""
    high: str = ""
    error: str = ""
    condition: Condition | None = None

    @property
    def ops(self) -> Sequence[Op]:
        """Return how answers to this question may be compared."""
        return OPS[self.kind]


@dataclass
class Asking:
    """A list as its address asks for it."""

    listing: Listing
    typed: dict[str, str]
    form: Form | None = None
    fields: list[Field] = field(default_factory=list)
    questions: Mapping[str, tuple[int, Kind]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    columns: list[Field] = field(default_factory=list)

    @property
    def narrowed(self) -> bool:
        """Tell whether anything is left out."""
        return any(self.typed.values()) or bool(self.rows)

    @property
    def offered(self) -> list[Field]:
        """Return the questions that may be columns."""
        return answers.askable(self.fields)

    def compared(self) -> list[Field]:
        """Return the questions by which the list can be narrowed and sorted."""
        return [each for each in self.fields if each.path in self.questions]

    @property
    def free(self) -> int | None:
        """Return the number that a further condition would have, None when there are enough."""
        used = {row.number for row in self.rows}
        left = [n for n in range(1, MOST_CONDITIONS + 1) if n not in used]
        return left[0] if left else None


def query() -> str:
    """Return what the address asks for, without where in the list one stands."""
    kept = [(k, v) for k, v in request.args.items(multi=True) if v and k not in _PLACE]
    if set(kept) >= _USUAL:
        kept = [each for each in kept if each not in _USUAL]
    return urlencode(kept)


def asked(session: Session, plan: Plan, areas: list[str], forms: Sequence[Form]) -> Asking:
    """Return what the address asks for; what is not valid is left out."""
    typed = paging.asked(*FILTERS)
    form = next((each for each in forms if each.form_id == typed["form"]), None)
    known = _of_form(session, form) if form is not None else []
    questions = answer_index.of_form(session, form.id) if form is not None else {}
    rows = _rows(known, questions)
    narrowed = _narrowed(typed, form, rows)
    found = Asking(Listing(plan, areas, narrowed, _order(questions)), typed, form, known)
    found.questions, found.rows = questions, rows
    if form is not None:
        found.columns = answers.chosen(known, request.args.getlist("columns"))
    return found


def _of_form(session: Session, form: Form) -> list[Field]:
    held = session.scalar(select(FormVersion.fields).where(FormVersion.id == form.current_id))
    return form_fields.from_json(held or [])


def _narrowed(typed: Mapping[str, str], form: Form | None, rows: Sequence[Row]) -> Asked:
    states = {state.value: state for state in ReviewState}
    verdicts = {verdict.value: verdict for verdict in VisitVerdict}
    first, last = _day(typed["from"]), _day(typed["to"])
    return Asked(
        form_pk=form.id if form is not None else None,
        area=typed["commune"],
        team_id=web.asked_key("team"),
        state=states.get(typed["state"]),
        verdict=verdicts.get(typed["verdict"]),
        odd=bool(typed["odd"]),
        returned=bool(typed["returned"]),
        waits=_reviewer() if typed["waits"] else None,
        words=typed["q"],
        since=clock.start_of(first) if first else None,
        until=clock.end_of(last) if last else None,
        conditions=tuple(row.condition for row in rows if row.condition is not None),
    )


def _reviewer() -> Reviewer | None:
    reader = web.reader()
    if reader.may(May.REVIEW):
        return Reviewer(OFFICE, reader.id)
    return Reviewer(TEAM_LEADER, reader.id) if reader.may(May.REVIEW_FIRST) else None


def _day(given: str) -> dt.date | None:
    try:
        day = fields.day(given)
    except ValueError:
        return None
    return day if 1900 < day.year < 3000 else None


def _order(questions: Mapping[str, tuple[int, Kind]]) -> Order:
    by, way = request.args.get("sort", ""), request.args.get("dir", "")
    path = by.removeprefix(ANSWER)
    if path != by and path in questions:
        question_id, kind = questions[path]
        return Order("answer", way == "desc", question_id, kind)
    if by in COLUMNS and by != "received":
        return Order(by, way == "desc")
    return Order(descending=way != "asc")


def _rows(known: Sequence[Field], questions: Mapping[str, tuple[int, Kind]]) -> list[Row]:
    by_path = {each.path: each for each in known}
    dropped = request.args.getlist("drop")
    found = []
    for number in range(1, MOST_CONDITIONS + 1):
        path = request.args.get(f"c{number}", "")
        if path in questions and path in by_path and str(number) not in dropped:
            found.append(_row(number, by_path[path], *questions[path]))
    return found


def _row(number: int, about: Field, question_id: int, kind: Kind) -> Row:
    args = request.args
    typed = args.get(f"c{number}.is", "")
    op = next((each for each in OPS[kind] if each.value == typed), OPS[kind][0])
    values = [each.strip()[:200] for each in args.getlist(f"c{number}.v") if each.strip()][:50]
    low, high = (args.get(f"c{number}.{end}", "").strip()[:40] for end in ("from", "to"))
    row = Row(number, about, kind, op, values, low, high)
    if op in (Op.EMPTY, Op.FILLED):
        row.condition = Condition(question_id, kind, op)
    elif op is Op.BETWEEN:
        bounds = _bound(row, low), _bound(row, high)
        if not row.error and bounds != (None, None):
            row.condition = Condition(question_id, kind, op, (), *bounds)
    elif values:
        row.condition = Condition(question_id, kind, op, tuple(values))
    return row


def _bound(row: Row, typed: str) -> float | str | None:
    if not typed:
        return None
    if row.kind is Kind.DAY:
        if day := _day(typed):
            return day.isoformat()
        row.error = _("Ngày không đúng: hãy viết ngày/tháng/năm, ví dụ 05/04/2024.")
        return None
    try:
        number = float(typed.replace(",", "."))
    except ValueError:
        number = float("nan")
    if abs(number) < 1e18:  # not for what is no number, nor for the endless one
        return number
    row.error = _("Số không đọc được: hãy viết liền, ví dụ 2500 hoặc 2500,5.")
    return None


def page(session: Session, listing: Listing, size: int = paging.SIZE) -> paging.Page:
    """Return the page that the address asks for: what follows, or comes before, a record."""
    below, above = web.asked_key("before"), web.asked_key("after")
    if above is not None and below is None:
        found = listing.before(session, above, size + 1)
        ids = found[:size][::-1]
        earlier, later = len(found) > size, bool(ids)
    else:
        found = listing.after(session, below, size + 1)
        ids = found[:size]
        earlier, later = below is not None and bool(ids), len(found) > size
    return paging.Page(
        ids,
        paging.here(after=ids[0], before=None) if earlier else None,
        paging.here(before=ids[-1], after=None) if later else None,
    )


def sort_link(asking: Asking, by: str) -> dict[str, Any]:
    """Return what a column's head needs: where it leads, and how the list is sorted by it now."""
    now = request.args.get("sort", "") or "received"
    if now != by:
        return {"sort_url": paging.here(sort=by, dir=None, before=None, after=None)}
    descending = asking.listing.order.descending
    way = "asc" if descending else "desc"
    return {
        "sort_url": paging.here(sort=by, dir=way, before=None, after=None),
        "sorted": "desc" if descending else "asc",
    }
