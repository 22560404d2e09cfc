"""Filled forms as OData tables, for Power BI, Excel, R and whatever else reads OData 4.0."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Response, request
from sqlalchemy import ColumnElement, Select, String, func, select, type_coerce
from sqlalchemy.orm import Session

from server import odata, programs, text, web
from server.central import moment
from server.db import db
from server.desk.teams import server_url
from server.monitoring import queries as monitoring
from server.monitoring.models import Plan
from server.odata import BadQuestion, Property
from server.permissions import May
from server.problems import NotFound, NotOffered
from server.submissions import queries, tables
from server.submissions.models import ReviewState, Submission
from server.submissions.tables import ROOT, Record, Table, Writer
from server.surveys import fields as form_fields
from server.surveys import queries as surveys
from server.surveys.models import Form, FormVersion
from server.teams.models import Person

bp = programs.Addresses("odata_api", __name__)
SERVICE = "/v1/projects/<int:plan_id>/forms/<form_id>.svc"
AT_ONCE = 200
OFFERED = {
    "$top", "$skip", "$skiptoken", "$count", "$filter", "$orderby", "$expand", "$select", "$wkt",
    "$format",
}  # fmt: skip
COLUMNS = (
    Submission.id,
    Submission.root_instance_id,
    Submission.instance_id,
    Submission.label,
    Submission.answers,
    Submission.received_at,
    Submission.edited_at,
    Submission.person_id,
    Person.name,
    Submission.files_held,
    Submission.files_named,
    Submission.encrypted,
    Submission.review_state,
    Submission.device_id,
    Submission.number,
    FormVersion.version,
)
_STATE: ColumnElement[Any] = func.nullif(
    type_coerce(Submission.review_state, String), ReviewState.RECEIVED.value
)
KNOWN = {
    "__system/submissionDate": Property("moment", Submission.received_at),
    "__system/updatedAt": Property("moment", Submission.edited_at),
    "__system/submitterId": Property("number", Submission.person_id),
    "__system/reviewState": Property("text", _STATE),
    "__system/deviceId": Property("text", Submission.device_id),
    "__system/formVersion": Property("text", FormVersion.version),
    "__id": Property("text", Submission.root_instance_id),
}
"""What rows can be filtered and sorted by."""
_KEYED = re.compile(r"([^/(]+)(?:\('((?:[^']|'')*)'\))?")


def _form(session: Session, plan_id: int, form_id: str) -> tuple[Plan, Form, list[Table]]:
    """Return a form that phones have, its plan, and its tables.

    Raises:
        NotFound: there is none, or not for the caller.
    """
    plan = monitoring.plan_for(session, plan_id, web.reader().areas(May.SEE_RECORDS))
    form = surveys.form(session, plan.id, form_id)
    if form is None or form.current is None:
        raise NotFound()
    return plan, form, tables.tables(form_fields.from_json(form.current.fields))


def _address() -> str:
    """Return the address of the service, as the caller reaches it."""
    path = request.path.partition(".svc")[0]
    return f"{server_url()}{path}.svc"


@bp.get(SERVICE)
@web.requires(May.SEE_RECORDS)
def service(plan_id: int, form_id: str) -> Response:
    """List the tables of a form."""
    found = _form(db.session(), plan_id, form_id)[2]
    sets = [{"name": each.name, "kind": "EntitySet", "url": each.name} for each in found]
    response = programs.answer({"@odata.context": f"{_address()}/$metadata", "value": sets})
    response.headers["OData-Version"] = "4.0"
    return response


@bp.get(f"{SERVICE}/$metadata")
@web.requires(May.SEE_RECORDS)
def metadata(plan_id: int, form_id: str) -> Response:
    """Describe the tables of a form, column by column."""
    _plan, form, found = _form(db.session(), plan_id, form_id)
    body = "".join(tables.metadata(form.form_id, found))
    return Response(
        body, content_type="application/xml; charset=utf-8", headers={"OData-Version": "4.0"}
    )


@dataclass(frozen=True)
class Asked:
    """What the address asks of a table; `after` is where a page before this one ended."""

    table: Table
    writer: Writer
    keys: Mapping[str, str] = field(default_factory=dict)
    top: int | None = None
    skip: int = 0
    count: bool = False
    after: Mapping[str, int] = field(default_factory=dict)
    where: ColumnElement[bool] | None = None
    order: tuple[ColumnElement[Any], ...] = ()


@bp.get(f"{SERVICE}/<path:table_name>")
@web.requires(May.SEE_RECORDS)
def data(plan_id: int, form_id: str, table_name: str) -> Response:
    """Give the rows of a table, or of a part of it, as long as it may be.

    With $top, `@odata.nextLink` behind the rows leads on.
    """
    session = db.session()
    plan, form, found = _form(session, plan_id, form_id)
    asked = _asked(found, table_name)
    query = queries.of_form(plan, form.id, web.reader().areas(May.SEE_RECORDS))
    query = query.with_only_columns(*COLUMNS)
    if asked.where is not None:
        query = query.where(asked.where)
    if ROOT in asked.keys:
        query = query.where(Submission.root_instance_id == asked.keys[ROOT])
    head: dict[str, Any] = {"@odata.context": f"{_address()}/$metadata#{asked.table.name}"}
    if asked.table.above is None:
        return _records(session, query, asked, head)
    return _repeats(query, asked, head)


def _asked(found: list[Table], path: str) -> Asked:
    """Return what the address asks.

    Raises:
        NotFound: the form has no such table.
        NotOffered, BadQuestion, BadFields: a question that cannot be answered.
    """
    for name in request.args:
        if name[:1] == "$" and name not in OFFERED:
            raise NotOffered(what=text.clean(name)[:100])
    table, keys = _named(found, path)
    dialect = db.session().get_bind().dialect.name
    narrowed, sorted_by = request.args.get("$filter", ""), request.args.get("$orderby", "")
    if sorted_by and table.above is not None:
        raise NotOffered(what="$orderby")
    return Asked(
        table,
        _writer(table),
        keys,
        programs.numbered("$top"),
        programs.numbered("$skip") or 0,
        programs.flag("$count"),
        _token(request.args.get("$skiptoken", "")),
        odata.condition(narrowed, KNOWN, dialect) if narrowed.strip() else None,
        tuple(odata.order(sorted_by, KNOWN, dialect)) if sorted_by.strip() else (),
    )


def _writer(table: Table) -> Writer:
    expand = request.args.get("$expand", "")
    if expand not in {"", "*"}:
        raise BadQuestion("$expand", expand, "chỉ dùng được dấu *", "only * is offered")
    chosen = {each.strip() for each in request.args.get("$select", "").split(",")} - {"", "*"}
    return Writer(table, expand == "*", programs.flag("$wkt"), frozenset(chosen))


def _named(found: list[Table], path: str) -> tuple[Table, dict[str, str]]:
    """Return the table at a path, and the keys by which it is narrowed, by table.

    'Submissions.nhom.tv' is all of it, "Submissions('uuid:1')/nhom/tv" that of one record.
    """
    names, keys = [], {}
    for step in path.rstrip("/").split("/"):
        match = _KEYED.fullmatch(step)
        if match is None:
            raise NotFound()
        names.append(match[1])
        if match[2] is not None:
            keys[".".join(names)] = match[2].replace("''", "'")
    table = next((each for each in found if each.name == ".".join(names)), None)
    if table is None or (len(names) > 1 and ROOT not in keys):
        raise NotFound()
    return table, keys


def _token(given: str) -> Mapping[str, int]:
    """Return where the page before ended.

    Raises:
        BadQuestion: no page of ours ended so.
    """
    if not given:
        return {}
    try:
        found = json.loads(base64.urlsafe_b64decode(given.encode() + b"=="))
        good = isinstance(found, dict) and {*found} <= {"id", "row", "skip"}
        if good and all(type(each) is int and 0 <= each < 2**31 for each in found.values()):
            return dict(found)
    except (ValueError, RecursionError):
        pass
    raise BadQuestion("$skiptoken", given, "không phải của máy chủ này", "it is not of this server")


def _next(**end: int) -> Mapping[str, Any]:
    """Return where the page after this one is."""
    token = base64.urlsafe_b64encode(json.dumps(end).encode()).decode().rstrip("=")
    same = {k: v for k, v in request.args.to_dict().items() if k not in {"$skip", "$skiptoken"}}
    asked = urlencode({**same, "$skiptoken": token})
    return {"@odata.nextLink": f"{server_url()}{request.path}?{asked}"}


def _read(query: Select[Any, Any, Any]) -> Iterator[tuple[int, Record]]:
    """Give (number, record), some hundred at a time, once the answer has begun."""
    with db.session().execute(query.execution_options(yield_per=AT_ONCE)) as rows:
        for row in rows:  # a page ends early, and the database's cursor with it
            yield row.id, _record(row)


def _record(row: Any) -> Record:
    meta = {"instanceID": row.instance_id, "instanceName": row.label or None}
    return Record(row.root_instance_id, row.answers, meta, _system(row))


def _system(row: Any) -> dict[str, Any]:
    whole = row.files_held >= row.files_named
    sealed = "notDecrypted" if whole else "missingEncryptedFormData"
    state = row.review_state
    return {
        "submissionDate": moment(row.received_at),
        "updatedAt": moment(row.edited_at) if row.edited_at else None,
        "submitterId": str(row.person_id) if row.person_id else None,
        "submitterName": row.name,
        "attachmentsPresent": row.files_held,
        "attachmentsExpected": row.files_named,
        "status": sealed if row.encrypted else None,
        "reviewState": None if state is ReviewState.RECEIVED else state.value,
        "deviceId": row.device_id,
        "edits": row.number - 1,
        "formVersion": row.version,
        "deletedAt": None,
    }


def _records(
    session: Session, query: Select[Any, Any, Any], asked: Asked, head: dict[str, Any]
) -> Response:
    """Give the records themselves: paged by their number, or when sorted otherwise by counting."""
    if asked.count:
        counted = query.with_only_columns(Submission.id).order_by(None).subquery()
        head["@odata.count"] = session.scalar(select(func.count()).select_from(counted))
    skip = asked.after.get("skip", asked.skip if not asked.after else 0)
    if asked.order:
        query = query.order_by(None).order_by(*asked.order, Submission.id.desc())
    elif "id" in asked.after:
        query = query.where(Submission.id < asked.after["id"])
    if asked.top is not None:
        query = query.limit(asked.top + 1)
    if skip:
        query = query.offset(skip)
    end: dict[str, Any] = {}

    def rows() -> Iterator[Mapping[str, Any]]:
        last = 0
        for number, (key, record) in enumerate(_read(query)):
            if number == asked.top:
                if number:
                    end.update(_next(**({"skip": skip + number} if asked.order else {"id": last})))
                return
            last = key
            yield from asked.writer.rows(record)

    return programs.table(head, rows(), lambda: end)


def _repeats(query: Select[Any, Any, Any], asked: Asked, head: dict[str, Any]) -> Response:
    """Give the rows of a repeat; how many there are is known only at the end."""
    if "id" in asked.after and not asked.count:
        query = query.where(Submission.id <= asked.after["id"])
    end: dict[str, Any] = {}

    def rows() -> Iterator[Mapping[str, Any]]:
        skip, given, every = (0 if asked.after else asked.skip), 0, 0
        for key, place, row in _placed(query, asked):
            every += 1
            if _is_before(asked.after, key, place):
                continue
            if skip:
                skip -= 1
            elif asked.top is None or given < asked.top:
                given += 1
                last = {"id": key, "row": place + 1}
                yield row
            elif not end:
                end.update(_next(**last) if given else {})
                if not asked.count:
                    return
        if asked.count:
            end["@odata.count"] = every

    return programs.table(head, rows(), lambda: end)


def _placed(
    query: Select[Any, Any, Any], asked: Asked
) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
    """Give (number of the record, number in it, row) of a repeat's rows."""
    for key, record in _read(query):
        for number, row in enumerate(asked.writer.rows(record, asked.keys)):
            yield key, number, row


def _is_before(after: Mapping[str, int], key: int, place: int) -> bool:
    if not after:
        return False
    return key > after.get("id", 0) or (key == after.get("id") and place < after.get("row", 0))
