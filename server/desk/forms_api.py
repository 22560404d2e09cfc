"""Forms for programs: what there is, what phones get, a new one; to whom they go."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from flask import Response, request
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import programs, web
from server.bodies import BadFields
from server.central import moment
from server.db import db, transaction
from server.desk import downloads, filling, reach
from server.desk.phones_api import seen as phones_seen
from server.monitoring.models import Plan
from server.permissions import May
from server.places.scope import covers
from server.problems import BadInput, NeverDeleted, NotFound
from server.submissions.models import ReviewState, Submission
from server.submissions.queries import reach as records_in_reach
from server.surveys import compile as compiler
from server.surveys import fields as form_fields
from server.surveys import lists, queries, service
from server.surveys.compile import Compiled
from server.surveys.models import Form, FormState, FormVersion
from server.surveys.problems import FormExists, FormWarnings, GoesToEveryPhone
from server.surveys.schemas import FormPatchSchema, FormSchema, attachments, told_fields
from server.surveys.workbook import ELSEWHERE
from server.teams import queries as phones
from server.teams import service as teams
from server.teams.api import APP_USER
from server.teams.models import Phone
from server.teams.schemas import PhoneSchema

bp = programs.Addresses("forms_api", __name__)
ALL = "/v1/projects/<int:plan_id>/forms"
ONE = f"{ALL}/<form_id>"
VERSION = f"{ONE}/versions/<version>"
LARGEST = 20_000_000
NO_VERSION = "___"
"""How an address names the version of a form that has none."""
XML = {"application/xml", "text/xml"}
WORKBOOKS = {
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.ms-excel": ".xls",
    "text/markdown": ".md",
    "text/csv": ".csv",
}


def form_of(
    session: Session, plan_id: int, form_id: str, right: May = May.SEE_FORMS
) -> tuple[Form, Plan]:
    """Return a form that the caller may see, or change by another `right`, and its plan.

    Raises:
        NotFound: the plan has no such form, or is not for them.
        NotAllowed: they may see it and not change it.
    """
    plan = reach.plan(session, plan_id)
    found = queries.form(session, plan.id, form_id)
    if found is None:
        raise NotFound()
    if right is not May.SEE_FORMS:
        reach.plan(session, plan_id, right)
    return found, plan


def version_of(session: Session, plan_id: int, form_id: str, version: str) -> FormVersion:
    """Return a version that phones have had.

    Raises:
        NotFound: there is none, or not for the caller.
    """
    form, _plan = form_of(session, plan_id, form_id)
    name = "" if version == NO_VERSION else version
    found = queries.version_of(session, form.id, name)
    if found is None or found.published_at is None:
        raise NotFound()
    return found


def current_of(session: Session, plan_id: int, form_id: str) -> FormVersion:
    """Return what phones get of a form.

    Raises:
        NotFound: nothing, or the form is not for the caller.
    """
    form, _plan = form_of(session, plan_id, form_id)
    if form.current is None:
        raise NotFound()
    return form.current


@bp.get(ALL)
@web.requires(May.SEE_FORMS)
def forms(plan_id: int) -> Response:
    """List the forms of a plan, by title; those that were never published as their draft is."""
    session = db.session()
    plan = reach.plan(session, plan_id)
    return programs.answer(told(session, plan, queries.forms(session, plan.id)))


@bp.get(ONE)
@web.requires(May.SEE_FORMS)
def form(plan_id: int, form_id: str) -> Response:
    """Tell of one form."""
    session = db.session()
    found, plan = form_of(session, plan_id, form_id)
    return programs.answer(told(session, plan, [found])[0])


def told(session: Session, plan: Plan, found: Sequence[Form]) -> list[dict[str, Any]]:
    """Return forms as JSON, with their figures when the caller asked for those."""
    drafts = queries.latest_drafts(session, [each.id for each in found if each.current is None])
    shown = [(each, each.current or drafts.get(each.id)) for each in found]
    rows = [(each, FormSchema().dump(version)) for each, version in shown if version is not None]
    if programs.wants_more():
        figures = _figures(session, plan)
        rows = [(each, {**row, **_more(figures.get(each.id, {}))}) for each, row in rows]
    return [row for _each, row in rows]


Figures = Mapping[ReviewState, tuple[int, Any]]


def _figures(session: Session, plan: Plan) -> dict[int, dict[ReviewState, tuple[int, Any]]]:
    """Return, by form and state, how many records the caller sees and when the last one came."""
    areas = web.reader().areas(May.SEE_RECORDS)
    rows = session.execute(
        select(
            Submission.form_pk,
            Submission.review_state,
            func.count(),
            func.max(Submission.received_at),
        )
        .where(Submission.plan_id == plan.id, records_in_reach(plan, areas))
        .group_by(Submission.form_pk, Submission.review_state)
    )
    found: dict[int, dict[ReviewState, tuple[int, Any]]] = {}
    for form_pk, state, count, last in rows:
        found.setdefault(form_pk, {})[state] = (count, last)
    return found


def _more(figures: Figures) -> dict[str, Any]:
    count = {state: figures.get(state, (0, None))[0] for state in ReviewState}
    last = max((last for _count, last in figures.values()), default=None)
    return {
        "submissions": sum(count.values()),
        "lastSubmission": moment(last) if last else None,
        "reviewStates": {
            each.value: count[each]
            for each in (ReviewState.RECEIVED, ReviewState.HAS_ISSUES, ReviewState.EDITED)
        },
        "createdBy": None,
        "publicLinks": 0,
    }


@bp.post(ALL)
@web.requires(May.MANAGE_FORMS)
def add(plan_id: int) -> Response:
    """Make a form of a workbook or an XForm: a draft, or with publish=true for phones at once."""
    reach.plan(db.session(), plan_id, May.MANAGE_FORMS)
    data, name, compiled = definition()
    with transaction() as session:
        plan = reach.plan(session, plan_id, May.MANAGE_FORMS)
        if queries.form(session, plan.id, compiled.form_id) is not None:
            raise FormExists(form_id=compiled.form_id)
        made = service.upload(session, reach.files(), plan.id, data, name, compiled, web.actor())
        if programs.flag("publish"):
            made = service.publish(session, made, web.actor())
    return programs.answer(FormSchema().dump(made), at=f"/v1/projects/{plan_id}/forms")


def definition(otherwise: str = "") -> tuple[bytes, str, Compiled]:
    """Return the form that the request carries: its bytes, a file's name, and what it says.

    `otherwise` is the form id of a workbook that says none.

    Raises:
        BadInput: it is no kind of form that can be read here.
        FormWarnings: it can be used; the caller has not said to ignore warnings.
        Problem: whatever else the compiler found.
    """
    kind = request.mimetype
    data = programs.raw(LARGEST)
    if kind in XML:
        compiled, name = compiler.read(data, allowed=_allowed()), "form.xml"
    elif kind in WORKBOOKS:
        wanted = unquote(request.headers.get("X-XlsForm-FormId-Fallback", ""))
        name = f"form{WORKBOOKS[kind]}"
        chosen = (otherwise or wanted)[:200]
        compiled = compiler.compile(data, name, form_id=chosen, allowed=_allowed())
    else:
        problem = BadInput(
            "Hãy gửi bảng tính (.xlsx, .xls) hoặc XForm (.xml) với Content-Type của nó.",
            "Send a workbook (.xlsx, .xls) or an XForm (.xml) with its own Content-Type.",
        )
        problem.status = 415  # type: ignore[misc]
        raise problem
    if compiled.warnings and not programs.flag("ignoreWarnings"):
        raise FormWarnings(compiled.warnings)
    return data, name, compiled


def _allowed() -> list[str]:
    """Return the settings that lead elsewhere and that ?allow= names, parted by commas.

    Raises:
        BadFields: there is no such setting.
    """
    asked = [name.strip() for name in request.args.get("allow", "").split(",") if name.strip()]
    if not set(asked) <= set(ELSEWHERE):
        known = ", ".join(ELSEWHERE)
        raise BadFields([("allow", f"chỉ có: {known}. | there is only: {known}.")])
    return asked


@bp.patch(ONE)
@web.requires(May.MANAGE_FORMS)
def change(plan_id: int, form_id: str) -> Response:
    """Open a form, let it run out, or close it."""
    form_of(db.session(), plan_id, form_id, May.MANAGE_FORMS)
    given = programs.sent(FormPatchSchema())
    with transaction() as session:
        found, plan = form_of(session, plan_id, form_id, May.MANAGE_FORMS)
        service.set_state(session, found, FormState(given["state"]), web.actor())
    return programs.answer(told(db.session(), plan, [found])[0])


@bp.delete(ONE)
@web.requires(May.MANAGE_FORMS)
def delete(plan_id: int, form_id: str) -> Response:
    """Refuse: a form is closed, and never deleted; its draft can be set aside."""
    form_of(db.session(), plan_id, form_id, May.MANAGE_FORMS)
    raise NeverDeleted(
        ("biểu mẫu", "forms"),
        (
            'Hãy đóng biểu mẫu: PATCH với {"state": "closed"}; gác bản nháp: DELETE …/draft.',
            'Close the form: PATCH it with {"state": "closed"}; set its draft aside: '
            "DELETE …/draft.",
        ),
    )


# --- what phones get, and got -----------------------------------------------------------------


def xform(version: FormVersion) -> Response:
    """Give the XForm of a version."""
    return Response(version.xform, content_type="application/xml; charset=utf-8")


def workbook(version: FormVersion) -> Response:
    """Give the workbook of a version as it was uploaded.

    Raises:
        NotFound: it came as an XForm.
    """
    if version.workbook_name.endswith(".xml"):
        raise NotFound()
    name = downloads.filename([version.workbook_name])
    return downloads.kept(version.workbook_sha256, None, "application/octet-stream", name)


def listed_files(version: FormVersion) -> Response:
    """List the files and lists that a version asks for."""
    made = lists.supplied(version).union(service.LIVE_LISTS)
    return programs.answer(list(attachments(version, made)))


def file(version: FormVersion, name: str) -> Response:
    """Give a file or list that a version asks for, as the caller's own team has it.

    Lists tell where teams will go: without a team, only whoever sees the whole plan gets them.

    Raises:
        NotFound: the version asks for no such file, or it is not here, or not for the caller.
    """
    reader, session = web.reader(), db.session()
    who = teams.at_desk(session, reader.id, reader.name, version.form.plan_id)
    plan = session.get_one(Plan, version.form.plan_id)
    is_list = queries.media(session, version.id, name) is None
    sees_all = covers(reader.areas(May.SEE_RECORDS), plan.area)
    if is_list and who.team_id is None and not sees_all:
        raise NotFound()
    return filling.file_as_carried(version, who, name)


def listed_fields(version: FormVersion) -> Response:
    """List the fields of a version."""
    every = form_fields.from_json(version.fields)
    told = told_fields(every, programs.flag("odata"), programs.flag("flatten"))
    return programs.answer(list(told))


@bp.get(f"{ONE}.xml")
@web.requires(May.SEE_FORMS)
def current_xform(plan_id: int, form_id: str) -> Response:
    """Give the XForm that phones get."""
    return xform(current_of(db.session(), plan_id, form_id))


@bp.get(f"{ONE}.<any(xlsx, xls):kind>")
@web.requires(May.SEE_FORMS)
def current_workbook(plan_id: int, form_id: str, kind: str) -> Response:
    """Give the workbook that it was made of."""
    return workbook(current_of(db.session(), plan_id, form_id))


@bp.get(f"{ONE}/attachments")
@web.requires(May.SEE_FORMS)
def current_files(plan_id: int, form_id: str) -> Response:
    """List the files that go with it."""
    return listed_files(current_of(db.session(), plan_id, form_id))


@bp.get(f"{ONE}/attachments/<filename>")
@web.requires(May.SEE_FORMS)
def current_file(plan_id: int, form_id: str, filename: str) -> Response:
    """Give one of them."""
    return file(current_of(db.session(), plan_id, form_id), filename)


@bp.get(f"{ONE}/fields")
@web.requires(May.SEE_FORMS)
def current_fields(plan_id: int, form_id: str) -> Response:
    """List its fields."""
    return listed_fields(current_of(db.session(), plan_id, form_id))


@bp.get(f"{ONE}/versions")
@web.requires(May.SEE_FORMS)
def versions(plan_id: int, form_id: str) -> Response:
    """List the versions that phones have had, the newest first."""
    session = db.session()
    found, _plan = form_of(session, plan_id, form_id)
    return programs.answer(FormSchema(many=True).dump(queries.published(session, found.id)))


@bp.get(VERSION)
@web.requires(May.SEE_FORMS)
def one_version(plan_id: int, form_id: str, version: str) -> Response:
    """Tell of one of them."""
    return programs.answer(FormSchema().dump(version_of(db.session(), plan_id, form_id, version)))


@bp.get(f"{VERSION}.xml")
@web.requires(May.SEE_FORMS)
def version_xform(plan_id: int, form_id: str, version: str) -> Response:
    """Give the XForm of a version."""
    return xform(version_of(db.session(), plan_id, form_id, version))


@bp.get(f"{VERSION}.<any(xlsx, xls):kind>")
@web.requires(May.SEE_FORMS)
def version_workbook(plan_id: int, form_id: str, version: str, kind: str) -> Response:
    """Give the workbook of a version."""
    return workbook(version_of(db.session(), plan_id, form_id, version))


@bp.get(f"{VERSION}/attachments")
@web.requires(May.SEE_FORMS)
def version_files(plan_id: int, form_id: str, version: str) -> Response:
    """List the files that went with a version."""
    return listed_files(version_of(db.session(), plan_id, form_id, version))


@bp.get(f"{VERSION}/attachments/<filename>")
@web.requires(May.SEE_FORMS)
def version_file(plan_id: int, form_id: str, version: str, filename: str) -> Response:
    """Give one of them."""
    return file(version_of(db.session(), plan_id, form_id, version), filename)


@bp.get(f"{VERSION}/fields")
@web.requires(May.SEE_FORMS)
def version_fields(plan_id: int, form_id: str, version: str) -> Response:
    """List the fields of a version."""
    return listed_fields(version_of(db.session(), plan_id, form_id, version))


# --- to whom a form goes ----------------------------------------------------------------------


def _carriers(session: Session, plan_id: int, form_id: str) -> tuple[Form, list[Phone]]:
    found, _plan = form_of(session, plan_id, form_id)
    plan = phones_seen(session, plan_id)
    ids = session.scalars(phones.phone_ids(plan.id).where(Phone.revoked_at.is_(None))).all()
    return found, list(phones.phones(session, ids))


@bp.get(f"{ONE}/assignments")
@web.requires(May.SEE_PHONES)
def assignments(plan_id: int, form_id: str) -> Response:
    """List the phones that a form goes to: every phone of the plan, while it is open."""
    found, carriers = _carriers(db.session(), plan_id, form_id)
    open_ = carriers if found.state is FormState.OPEN else []
    return programs.answer([{"actorId": each.id, "roleId": APP_USER} for each in open_])


@bp.get(f"{ONE}/assignments/<int:role_id>")
@web.requires(May.SEE_PHONES)
def assigned(plan_id: int, form_id: str, role_id: int) -> Response:
    """List those phones with whose they are; forms are given to phones alone."""
    found, carriers = _carriers(db.session(), plan_id, form_id)
    open_ = carriers if found.state is FormState.OPEN and role_id == APP_USER else []
    return programs.answer(PhoneSchema(many=True).dump(open_))


@bp.post(f"{ONE}/assignments/<int:role_id>/<int:phone_id>")
@web.requires(May.MANAGE_PHONES)
def assign(plan_id: int, form_id: str, role_id: int, phone_id: int) -> Response:
    """Agree that a phone gets the form, as every phone of the plan does."""
    _assignable(db.session(), plan_id, form_id, role_id, phone_id)
    return programs.done()


@bp.delete(f"{ONE}/assignments/<int:role_id>/<int:phone_id>")
@web.requires(May.MANAGE_PHONES)
def unassign(plan_id: int, form_id: str, role_id: int, phone_id: int) -> Response:
    """Refuse: a form cannot be kept from one phone of its plan."""
    _assignable(db.session(), plan_id, form_id, role_id, phone_id)
    raise GoesToEveryPhone()


def _assignable(session: Session, plan_id: int, form_id: str, role_id: int, phone_id: int) -> None:
    form_of(session, plan_id, form_id)
    plan = reach.plan(session, plan_id, May.MANAGE_PHONES)
    held = teams.phone_of_plan(session, plan.id, phone_id)
    if role_id != APP_USER or held.revoked_at is not None:
        raise NotFound()
