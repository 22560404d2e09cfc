"""Lists that phones carry: a plan's lists, the rows of one, and what the office has to look at."""

from collections.abc import Iterator
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    stream_with_context,
)
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import web
from server.db import db, transaction
from server.desk import downloads, formats, paging
from server.entities import exporting, queries, requests, service, words
from server.entities.models import Delivery, Entity, EntityList, EntityRequest, RequestState
from server.entities.writing import Part
from server.fields import Fields
from server.jobs import Jobs
from server.monitoring import queries as monitoring
from server.monitoring.models import Plan
from server.monitoring.pages import managed
from server.permissions import May
from server.places.scope import covers
from server.problems import NotAllowed, NotFound, Problem
from server.surveys import queries as surveys
from server.teams import queries as teams

bp = Blueprint("desk_entities", __name__)
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.context_processor
def shown_words() -> dict[str, Any]:
    """Return what the templates of lists use to name things."""
    return formats.helpers() | {
        "delivery_words": words.DELIVERIES,
        "conflict_words": words.CONFLICTS,
        "request_words": words.REQUESTS,
        "via_words": words.VIAS,
    }


@bp.get("/plans/<int:plan_id>/lists")
@web.requires(May.SEE_RECORDS)
def lists(plan_id: int) -> str:
    """Show the lists of a plan, and how much in each waits for somebody."""
    session = db.session()
    plan = _whole_plan(session, plan_id)
    found = queries.lists(session, plan_id)
    counts = queries.request_counts(session, plan_id)
    return render_template(
        "entities/lists.html",
        plan=plan,
        lists=found,
        figures=queries.figures(session, [each.id for each in found]),
        empty=queries.Figures(),
        plain=surveys.live_lists(session, plan_id),
        waiting=sum(counts.get(state, 0) for state in queries.OPEN_STATES),
        deliveries=[(each.value, formats.word(words.DELIVERIES[each])) for each in Delivery],
        manages=manages(plan),
        typed={},
        errors={},
    )


def _whole_plan(session: Session, plan_id: int) -> Plan:
    """Return a plan all of whose rows the reader may see."""
    areas = web.reader().areas(May.SEE_RECORDS)
    plan = monitoring.plan_for(session, plan_id, areas)
    if not covers(areas, plan.area):
        raise NotFound()
    return plan


def manages(plan: Plan) -> bool:
    """Tell whether the reader may change the plan's lists."""
    return covers(web.reader().areas(May.MANAGE_FORMS), plan.area)


def list_to_change(session: Session, list_id: int) -> EntityList:
    """Return a list that the reader may change.

    Raises:
        NotFound: they may not even see it.
        NotAllowed: they may only look.
    """
    found, plan, _where = queries.list_seen(session, list_id, web.reader().areas(May.SEE_RECORDS))
    if not manages(plan):
        raise NotAllowed()
    return found


@bp.post("/plans/<int:plan_id>/lists")
@web.requires(May.MANAGE_FORMS)
def add_list(plan_id: int) -> AnyResponse:
    """Add a list to a plan."""
    fields = Fields(request.form)
    name = fields.text("name", 100, required=True)
    title = fields.text("title", 200)
    properties = fields.text("properties", 2000).replace(",", " ").split()
    delivery = fields.choice("delivery", Delivery, Delivery.ALL)
    if fields.errors:
        return _said(fields, f"/plans/{plan_id}/lists")
    try:
        with transaction() as session:
            managed(session, plan_id, May.MANAGE_FORMS)
            found = service.add_list(
                session, plan_id, name, web.actor(), title=title, properties=properties,
                delivery=delivery,
            )  # fmt: skip
    except NotFound:
        raise
    except Problem as problem:
        flash(problem.text(web.language()), "error")
        return redirect(f"/plans/{plan_id}/lists")
    flash(_("Đã tạo danh sách."), "success")
    return redirect(f"/lists/{found.id}")


def _said(fields: Fields, back: str) -> AnyResponse:
    for sentence in fields.errors.values():
        flash(sentence, "error")
    return redirect(back)


@bp.get("/lists/<int:list_id>")
@web.requires(May.SEE_RECORDS)
def one_list(list_id: int) -> str:
    """Show the rows of a list, the newest first; found by words without marks."""
    session = db.session()
    found, plan, where = queries.list_seen(session, list_id, web.reader().areas(May.SEE_RECORDS))
    typed = paging.asked("q", "show")
    query = queries.matching(
        select(Entity.id).where(where),
        search=typed["q"],
        conflict=typed["show"] == "conflict",
        deleted=typed["show"] == "deleted",
    )
    page = paging.page(session, query, Entity.id)
    return render_template(
        "entities/list.html",
        plan=plan,
        list=found,
        rows=queries.rows(session, page.ids),
        page=page,
        typed=typed,
        figures=queries.figures(session, [found.id]).get(found.id, queries.Figures()),
        properties=[each.name for each in found.properties],
        property_options=[(each.name, each.name) for each in found.properties],
        deliveries=[(each.value, formats.word(words.DELIVERIES[each])) for each in Delivery],
        teams=teams.team_names(session, plan.id),
        people=[(p.id, p.name) for p in teams.may_carry(session, plan.id, plan.area)],
        filters=[f"{each['property']} = {', '.join(each['values'])}" for each in found.filters],
        manages=manages(plan),
    )


@bp.post("/lists/<int:list_id>/settings")
@web.requires(May.MANAGE_FORMS)
def settings(list_id: int) -> AnyResponse:
    """Change what a list is called and whose phones carry its rows."""
    fields = Fields(request.form)
    title = fields.text("title", 200, required=True)
    delivery = fields.choice("delivery", Delivery, Delivery.ALL)
    area_property = fields.text("area_property", 100)
    filters = [_filter(fields, line) for line in fields.lines("filters")]
    if fields.errors:
        return _said(fields, f"/lists/{list_id}")
    return _done(
        list_id,
        lambda session, found: service.change_list(
            session, found, web.actor(), title=title, delivery=delivery,
            approval_required=fields["approval_required"] == "1", area_property=area_property,
            filters=filters,
        ),
        _("Đã lưu cách phát danh sách."),
    )  # fmt: skip


def _filter(fields: Fields, line: str) -> dict[str, Any]:
    name, equals, values = line.partition("=")
    if not equals:
        fields.fail("filters", _("Mỗi điều kiện viết: thuộc tính = giá trị, giá trị."))
    return {"property": name.strip(), "values": [each.strip() for each in values.split(",")]}


def _done(list_id: int, verb: Any, sentence: str) -> AnyResponse:
    """Do a verb to a list that the reader may change; say that it is done, or why it is not."""
    try:
        with transaction() as session:
            verb(session, list_to_change(session, list_id))
    except (NotFound, NotAllowed):
        raise
    except Problem as problem:
        flash(problem.text(web.language()), "error")
    else:
        flash(sentence, "success")
    return redirect(f"/lists/{list_id}")


@bp.post("/lists/<int:list_id>/properties")
@web.requires(May.MANAGE_FORMS)
def add_property(list_id: int) -> AnyResponse:
    """Add a property to a list."""
    fields = Fields(request.form)
    name = fields.text("name", 100, required=True)
    if fields.errors:
        return _said(fields, f"/lists/{list_id}")
    return _done(
        list_id,
        lambda session, found: service.add_property(session, found, name, web.actor()),
        _("Đã thêm thuộc tính."),
    )


@bp.post("/lists/<int:list_id>/rows")
@web.requires(May.MANAGE_FORMS)
def add_row(list_id: int) -> AnyResponse:
    """Add a row by hand."""
    label = request.form.get("label", "")
    return _done(
        list_id,
        lambda session, found: service.create(
            session, found, label, values_of(found), web.actor(), agent="web"
        ),
        _("Đã thêm dòng."),
    )


def values_of(found: EntityList) -> dict[str, str]:
    """Return the properties that came with a form, each as typed."""
    return {
        each.name: request.form[f"p-{each.name}"].strip()
        for each in found.properties
        if f"p-{each.name}" in request.form
    }


@bp.post("/lists/<int:list_id>/assign")
@web.requires(May.MANAGE_FORMS)
def assign(list_id: int) -> AnyResponse:
    """Give the chosen rows to a team, an owner, or both."""
    fields = Fields(request.form)
    ids = [int(each) for each in request.form.getlist("row") if each.isdigit()][:1000]
    count = 0
    with transaction() as session:
        found = list_to_change(session, list_id)
        for part, rows in chosen_parts(session, found, ids, fields):
            count += service.assign(session, rows, part, web.actor())
    flash(_("Đã giao %(count)s dòng.", count=count), "success" if count else "info")
    return redirect(f"/lists/{list_id}")


def chosen_parts(
    session: Session, found: EntityList, ids: list[int], fields: Fields
) -> list[tuple[Part, list[Entity]]]:
    """Return the rows by whose they will be; what was not chosen stays as it is.

    Raises:
        NotFound: the team or the person is none that may be given rows here.
    """
    plan = session.get_one(Plan, found.plan_id)
    team, owner = fields.number("team_id"), fields.number("owner_id")
    if team is not None:
        teams.team_of(session, plan.id, team)
    known = {each.id for each in teams.may_carry(session, plan.id, plan.area)}
    if owner is not None and owner not in known:
        raise NotFound()
    rows = session.scalars(select(Entity).where(Entity.list_id == found.id, Entity.id.in_(ids)))
    parts: dict[Part, list[Entity]] = {}
    for row in rows:
        part = Part(
            None if fields["team_id"] == "none" else team or row.team_id,
            None if fields["owner_id"] == "none" else owner or row.owner_id,
            row.area,
        )
        parts.setdefault(part, []).append(row)
    return list(parts.items())


@bp.get("/lists/<int:list_id>.<any(csv, xlsx):kind>")
@web.requires(May.SEE_RECORDS)
def download(list_id: int, kind: str) -> Response:
    """Give the rows of a list as a table that can be sent in again."""
    session = db.session()
    found, plan, where = queries.list_seen(session, list_id, web.reader().areas(May.SEE_RECORDS))
    name = downloads.filename([plan.name, found.name], f".{kind}")
    head, body = exporting.headings(found), exporting.rows(session, found, where)
    if kind == "xlsx":
        return downloads.made(exporting.workbook(head, body), SHEET, name)
    pieces: Iterator[bytes] = stream_with_context(exporting.csv_pieces(head, body))
    response = Response(pieces, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = downloads.disposition(name)
    return response


@bp.get("/plans/<int:plan_id>/lists/review")
@web.requires(May.SEE_RECORDS)
def review(plan_id: int) -> str:
    """List what forms asked of rows and what could not be done, or not yet."""
    session = db.session()
    plan = _whole_plan(session, plan_id)
    typed = paging.asked("state")["state"]
    state = next((each for each in RequestState if each.value == typed), None)
    page = paging.page(session, queries.requests(plan_id, state), EntityRequest.id)
    counts = queries.request_counts(session, plan_id)
    rows = queries.request_rows(session, page.ids)
    return render_template(
        "entities/review.html",
        plan=plan,
        rows=rows,
        about=queries.rows_asked(session, rows),
        page=page,
        open_states=queries.OPEN_STATES,
        figures=[
            {
                "value": formats.number(counts.get(each, 0)),
                "label": formats.word(words.REQUESTS[each][:2]),
                "tone": words.REQUESTS[each][2] if counts.get(each) else "",
                "url": paging.here(state=each.value, before=None, after=None),
            }
            for each in (*queries.OPEN_STATES, RequestState.DISMISSED)
        ],
        english=web.language() == "en",
        manages=manages(plan),
    )


@bp.post("/requests/<int:request_id>/<any(retry, force, dismiss):verb>")
@web.requires(May.MANAGE_FORMS)
def settle(request_id: int, verb: str) -> AnyResponse:
    """Try a request again, do it without its predecessor, or put it aside."""
    with transaction() as session:
        found = session.get(EntityRequest, request_id)
        if found is None:
            raise NotFound()
        managed(session, found.plan_id, May.MANAGE_FORMS)
        if verb == "dismiss":
            requests.dismiss(session, found, web.actor())
        else:
            requests.retry(session, found, web.actor(), force=verb == "force")
        state, plan_id = found.state, found.plan_id
    jobs: Jobs = current_app.extensions["jobs"]
    jobs.poke()
    word = words.REQUESTS[state]
    flash(formats.word(word[:2]), "success" if word[2] in {"good", "muted"} else "warning")
    return redirect(f"/plans/{plan_id}/lists/review")
