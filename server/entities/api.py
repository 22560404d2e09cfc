"""Lists that phones carry, for programs: the datasets and entities of ODK Central's clients."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flask import Response, request
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from server import programs, text, web
from server.bodies import BadFields
from server.central import moment
from server.db import db, transaction
from server.entities import declared, many, queries, schemas, service
from server.entities.models import Entity, EntityList, EntityProperty
from server.entities.problems import UnknownEntity
from server.entities.schemas import (
    IdsSchema,
    ListPatchSchema,
    ListSchema,
    NewListSchema,
    NewPropertySchema,
    NewRowsSchema,
    PropertySchema,
    RowPatchSchema,
)
from server.monitoring import queries as monitoring
from server.monitoring.models import Plan
from server.permissions import May
from server.places.scope import covers
from server.problems import NeverDeleted, NotAllowed, NotFound, NotOffered
from server.surveys import queries as surveys

bp = programs.Addresses("entities_api", __name__)
ALL = "/v1/projects/<int:plan_id>/datasets"
ONE = f"{ALL}/<list_name>"
ROWS = f"{ONE}/entities"
ROW = f"{ROWS}/<uuid>"
Where = ColumnElement[bool]


def _plan(session: Session, plan_id: int) -> Plan:
    """Return a plan all of whose rows the reader may see."""
    areas = web.reader().areas(May.SEE_RECORDS)
    plan = monitoring.plan_for(session, plan_id, areas)
    if not covers(areas, plan.area):
        raise NotFound()
    return plan


def _seen(session: Session, plan_id: int, name: str) -> tuple[EntityList, Plan, Where]:
    """Return a list, its plan, and which of its rows the reader may see."""
    areas = web.reader().areas(May.SEE_RECORDS)
    plan = monitoring.plan_for(session, plan_id, areas)
    found = queries.find_list(session, plan.id, name)
    if found is None:
        raise NotFound()
    return queries.list_seen(session, found.id, areas)


def _managed(session: Session, plan_id: int, name: str) -> tuple[EntityList, Where]:
    """Return a list that the reader may change, and which of its rows they may see.

    Raises:
        NotFound: they may not even see it.
        NotAllowed: they may only look.
    """
    found, plan, where = _seen(session, plan_id, name)
    _must_manage(plan)
    return found, where


def _must_manage(plan: Plan) -> None:
    if not covers(web.reader().areas(May.MANAGE_FORMS), plan.area):
        raise NotAllowed()


# --- lists ------------------------------------------------------------------------------------


@bp.get(ALL)
@web.requires(May.SEE_RECORDS)
def lists(plan_id: int) -> Response:
    """Tell of the lists of a plan, by name."""
    session = db.session()
    found = queries.lists(session, _plan(session, plan_id).id)
    told = ListSchema(many=True).dump(found)
    if programs.wants_more():
        more = _figures(session, [each.id for each in found])
        told = [{**each, **more[row.id]} for each, row in zip(told, found, strict=True)]
    return programs.answer(told)


def _figures(session: Session, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    held = queries.figures(session, ids)
    newest = select(Entity.list_id, func.max(Entity.created_at)).where(Entity.list_id.in_(ids))
    last = {row[0]: row[1] for row in session.execute(newest.group_by(Entity.list_id))}
    return {
        each: {
            "entities": held.get(each, queries.Figures()).rows,
            "conflicts": held.get(each, queries.Figures()).conflicts,
            "lastEntity": moment(last[each]) if each in last else None,
        }
        for each in ids
    }


@bp.post(ALL)
@web.requires(May.MANAGE_FORMS)
def add_list(plan_id: int) -> Response:
    """Add a list to a plan."""
    plan = _plan(db.session(), plan_id)
    _must_manage(plan)
    given = programs.sent(NewListSchema())
    with transaction() as session:
        found = service.add_list(
            session, plan.id, given["name"], web.actor(), title=given["title"],
            approval_required=given["approval_required"],
        )  # fmt: skip
    return programs.answer(_told(db.session(), found))


@bp.get(ONE)
@web.requires(May.SEE_RECORDS)
def one_list(plan_id: int, list_name: str) -> Response:
    """Tell of one list with its properties and the forms that save to them."""
    session = db.session()
    found, _plan, _where = _seen(session, plan_id, list_name)
    return programs.answer(_told(session, found))


def _told(session: Session, found: EntityList) -> dict[str, Any]:
    forms = _forms(session, found)
    sources = sorted({form for by in forms.values() for form in by})
    more = _figures(session, [found.id])[found.id] if programs.wants_more() else {}
    return {
        **ListSchema().dump(found),
        "properties": [_property(each, forms.get(each.name, [])) for each in found.properties],
        "sourceForms": [{"xmlFormId": form} for form in sources],
        **more,
    }


def _property(each: EntityProperty, forms: list[str]) -> dict[str, Any]:
    return {**PropertySchema().dump(each), "forms": forms}


def _forms(session: Session, found: EntityList) -> dict[str, list[str]]:
    """Return, by property, the ids of the forms that save to it now."""
    saved: dict[str, list[str]] = {}
    for form in surveys.forms(session, found.plan_id):
        if form.current is None:
            continue
        for use in declared.uses_of(session, form.current.id, form.current.xform_md5):
            for name in use.properties if use.dataset == found.name else ():
                saved.setdefault(name, []).append(form.form_id)
    return saved


@bp.patch(ONE)
@web.requires(May.MANAGE_FORMS)
def change_list(plan_id: int, list_name: str) -> Response:
    """Change what a list is called, and whether rows wait for their form's approval."""
    _managed(db.session(), plan_id, list_name)
    given = programs.sent(ListPatchSchema())
    with transaction() as session:
        found, _where = _managed(session, plan_id, list_name)
        service.change_list(session, found, web.actor(), **given)
    return programs.answer(_told(db.session(), found))


@bp.post(f"{ONE}/properties")
@web.requires(May.MANAGE_FORMS)
def add_property(plan_id: int, list_name: str) -> Response:
    """Add a property to a list."""
    _managed(db.session(), plan_id, list_name)
    name = programs.sent(NewPropertySchema())["name"]
    with transaction() as session:
        found, _where = _managed(session, plan_id, list_name)
        service.add_property(session, found, name, web.actor())
    return programs.done()


@bp.delete(ONE)
@web.requires(May.MANAGE_FORMS)
def delete_list(plan_id: int, list_name: str) -> Response:
    """Refuse: the rows of a list are taken off it, and the list stays."""
    _managed(db.session(), plan_id, list_name)
    raise NeverDeleted(
        ("danh sách", "lists"),
        (
            "Hãy đưa các dòng ra khỏi danh sách: POST …/entities/bulk-delete.",
            "Take its rows off: POST …/entities/bulk-delete.",
        ),
    )


@bp.delete(f"{ONE}/properties/<property_name>")
@web.requires(May.MANAGE_FORMS)
def delete_property(plan_id: int, list_name: str, property_name: str) -> Response:
    """Refuse: rows keep what was ever said of them."""
    found, _where = _managed(db.session(), plan_id, list_name)
    if property_name not in {each.name for each in found.properties}:
        raise NotFound()
    raise NeverDeleted(
        ("thuộc tính của danh sách", "properties of lists"),
        (
            "Hãy bỏ cột save_to đó trong biểu mẫu: phiếu mới sẽ không ghi vào nữa.",
            "Take its save_to out of the form: nothing new is saved to it then.",
        ),
    )


# --- rows -------------------------------------------------------------------------------------


@bp.get(ROWS)
@web.requires(May.SEE_RECORDS)
def rows(plan_id: int, list_name: str) -> Response:
    """List the rows of a list, the newest first; with deleted=true those that were deleted."""
    session = db.session()
    _found, _plan, where = _seen(session, plan_id, list_name)
    gone = Entity.deleted_at.is_not(None) if programs.flag("deleted") else None
    here = Entity.deleted_at.is_(None) if gone is None else gone
    found = _read(where & here)
    return programs.stream(schemas.entity(*each, whole=False) for each in found)


def _read(where: Where, skip: int = 0, most: int | None = None) -> Iterator[tuple[Any, Any, Any]]:
    """Give rows with their newest versions, some hundred at a time, once the answer has begun."""
    query = queries.with_versions().where(where).order_by(Entity.id.desc())
    if skip or most is not None:
        query = query.offset(skip).limit(most)
    with db.session().execute(query.execution_options(yield_per=queries.AT_ONCE)) as rows:
        for row in rows:
            yield row[0], row[1], row[2]


def _one(session: Session, where: Where, found: EntityList, uuid: str) -> Entity:
    """Return a row that the reader may see, deleted or not."""
    row = queries.row(session, found, uuid)
    if session.scalar(select(Entity.id).where(Entity.id == row.id, where)) is None:
        raise UnknownEntity(list=found.name, id=row.uuid)
    return row


def _answer(session: Session, row: Entity) -> Response:
    query = queries.with_versions().where(Entity.id == row.id)
    return programs.answer(schemas.entity(*session.execute(query).one()))


@bp.post(ROWS)
@web.requires(May.MANAGE_FORMS)
def add(plan_id: int, list_name: str) -> Response:
    """Add a row; or many, all of them or none."""
    _managed(db.session(), plan_id, list_name)
    given = programs.sent(NewRowsSchema())
    several = given.get("entities")
    if (several is None) == ("label" not in given):
        raise BadFields([("label", ONE_OR_MANY)])
    with transaction() as session:
        found, _where = _managed(session, plan_id, list_name)
        if several is not None:
            source = given.get("source", {}).get("name") or _agent()
            asked = [many.Given(e["uuid"], e["label"], e["data"]) for e in several]
            many.create(session, found, asked, web.actor(), source)
            return programs.done()
        row = service.create(
            session, found, given["label"], given.get("data", {}), web.actor(),
            uuid=given.get("uuid"), agent=_agent(),
        )  # fmt: skip
    return _answer(db.session(), row)


ONE_OR_MANY = "hãy ghi một dòng (label) hoặc entities. | give one row (label), or entities."


def _agent() -> str:
    return text.clean(request.user_agent.string)[:200]


@bp.get(ROW)
@web.requires(May.SEE_RECORDS)
def row(plan_id: int, list_name: str, uuid: str) -> Response:
    """Tell of one row, deleted or not."""
    session = db.session()
    found, _plan, where = _seen(session, plan_id, list_name)
    return _answer(session, _one(session, where, found, uuid))


@bp.patch(ROW)
@web.requires(May.MANAGE_FORMS)
def change(plan_id: int, list_name: str, uuid: str) -> Response:
    """Change a row: as it was at ?baseVersion=, or with ?force=true whatever it is by now."""
    _managed(db.session(), plan_id, list_name)
    given = programs.sent(RowPatchSchema())
    force, base = programs.flag("force"), programs.numbered("baseVersion")
    if force == (base is not None):
        raise BadFields([("baseVersion", FORCE_OR_BASE)])

    def verb(session: Session, found: EntityList, each: Entity) -> None:
        service.update(
            session, each, web.actor(), label=given.get("label"), data=given["data"],
            base_version=base, force=force, settle=programs.flag("resolve"), agent=_agent(),
        )  # fmt: skip

    return _answer(db.session(), _do(plan_id, list_name, uuid, verb))


FORCE_OR_BASE = (
    "hãy ghi đúng một trong force=true và baseVersion. "
    "| give exactly one of force=true and baseVersion."
)
Verb = Callable[[Session, EntityList, Entity], object]


def _do(plan_id: int, list_name: str, uuid: str, verb: Verb) -> Entity:
    """Do a verb to a row that the reader may change, and return the row."""
    with transaction() as session:
        found, where = _managed(session, plan_id, list_name)
        row = _one(session, where, found, uuid)
        verb(session, found, row)
    return row


@bp.delete(ROW)
@web.requires(May.MANAGE_FORMS)
def delete(plan_id: int, list_name: str, uuid: str) -> Response:
    """Take a row off the list; phones forget it, its versions stay."""
    _do(plan_id, list_name, uuid, lambda s, _found, each: service.delete(s, each, web.actor()))
    return programs.done()


@bp.post(f"{ROW}/restore")
@web.requires(May.MANAGE_FORMS)
def restore(plan_id: int, list_name: str, uuid: str) -> Response:
    """Put a deleted row back on the list."""
    _do(plan_id, list_name, uuid, lambda s, _found, each: service.restore(s, each, web.actor()))
    return programs.done()


@bp.post(f"{ROWS}/bulk-<any(delete, restore):what>")
@web.requires(May.MANAGE_FORMS)
def change_many(plan_id: int, list_name: str, what: str) -> Response:
    """Take many rows off the list, or put them back: all of them or none."""
    _managed(db.session(), plan_id, list_name)
    ids = programs.sent(IdsSchema())["ids"]
    with transaction() as session:
        found, where = _managed(session, plan_id, list_name)
        many.take_off(session, found, ids, web.actor(), where, back=what == "restore")
    return programs.done()


@bp.get(f"{ROW}/versions")
@web.requires(May.SEE_RECORDS)
def versions(plan_id: int, list_name: str, uuid: str) -> Response:
    """List the versions of a row, the newest first."""
    session = db.session()
    found, _plan, where = _seen(session, plan_id, list_name)
    held = queries.versions(session, _one(session, where, found, uuid))
    return programs.answer(
        [schemas.version(each, current=number == 0) for number, each in enumerate(held)]
    )


@bp.get(f"{ROW}/diffs")
@web.requires(May.SEE_RECORDS)
def diffs(plan_id: int, list_name: str, uuid: str) -> Response:
    """Tell what each version changed of the one before, from the second on."""
    session = db.session()
    found, _plan, where = _seen(session, plan_id, list_name)
    held = queries.versions(session, _one(session, where, found, uuid))
    changed = list(reversed(queries.diffs(held)))[1:]
    told: Any = [
        [{"propertyName": name, "old": old, "new": new} for name, old, new in each]
        for each in changed
    ]
    return programs.answer(told)


@bp.get(f"{ROW}/audits")
@web.requires(May.SEE_JOURNAL)
def audits(plan_id: int, list_name: str, uuid: str) -> Response:
    """Tell what the journal says of a row."""
    session = db.session()
    found, _plan, where = _seen(session, plan_id, list_name)
    return programs.audits(session, "entity", _one(session, where, found, uuid).id)


# --- as a table -------------------------------------------------------------------------------

OFFERED = {"$top", "$skip", "$count"}


@bp.get(f"{ONE}.svc/Entities")
@web.requires(May.SEE_RECORDS)
def table(plan_id: int, list_name: str) -> Response:
    """Give the rows of a list with their values; $top, $skip and $count as OData has them."""
    asked = [name for name in request.args if name[:1] == "$" and name not in OFFERED]
    if asked:
        raise NotOffered(what=text.clean(asked[0])[:100])
    top, skip = programs.numbered("$top"), programs.numbered("$skip") or 0
    session = db.session()
    found, _plan, where = _seen(session, plan_id, list_name)
    here = where & Entity.deleted_at.is_(None)
    head: dict[str, Any] = {"@odata.context": f"{request.base_url[:-9]}/$metadata#Entities"}
    if programs.flag("$count"):
        head["@odata.count"] = session.scalar(select(func.count()).where(here))
    told = (schemas.odata(found, *each) for each in _read(here, skip, top))
    return programs.table(head, told)
