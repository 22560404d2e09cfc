"""Plans for programs, as the projects that clients of ODK Central know; who serves in them."""

from collections.abc import Sequence
from typing import Any

from flask import Response
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from server import programs, web
from server.bodies import BadFields
from server.central import moment
from server.db import db, transaction
from server.monitoring import queries, service
from server.monitoring.models import Plan
from server.monitoring.pages import managed
from server.monitoring.schemas import NewProjectSchema, ProjectPatchSchema, ProjectSchema
from server.permissions import May, Role
from server.places import picking
from server.places import queries as places
from server.places.models import Edition, Place
from server.places.scope import covers
from server.problems import NeverDeleted, NotAllowed, NotFound
from server.submissions.models import Submission
from server.submissions.queries import reach
from server.surveys.models import Form, PlanKey
from server.teams import queries as teams
from server.teams import service as people
from server.teams.api import ROLE_IDS, role_of
from server.teams.models import Grant, Person, Phone
from server.teams.problems import OwnAccount
from server.teams.schemas import PersonSchema

bp = programs.Addresses("projects_api", __name__)
ONE = "/v1/projects/<int:plan_id>"
NO_PLACE = "hãy ghi mã một địa bàn của danh mục. | give the code of a place of the edition."


@bp.get("/v1/projects")
@web.requires(May.SEE_PLANS)
def projects() -> Response:
    """List the plans that the caller sees, newest first."""
    session = db.session()
    found = queries.plans_for(session, web.reader().areas(May.SEE_PLANS))
    return programs.answer(_told(session, found))


@bp.get(ONE)
@web.requires(May.SEE_PLANS)
def project(plan_id: int) -> Response:
    """Tell of one plan."""
    session = db.session()
    found = queries.plan_for(session, plan_id, web.reader().areas(May.SEE_PLANS))
    return programs.answer(_told(session, [found])[0])


def _told(session: Session, found: Sequence[Plan]) -> list[dict[str, Any]]:
    ids = [plan.id for plan in found]
    in_force = select(PlanKey.plan_id, PlanKey.id).where(PlanKey.retired_at.is_(None))
    keys = _pairs(session, in_force.where(PlanKey.plan_id.in_(ids)))
    told = [{**ProjectSchema().dump(each), "keyId": keys.get(each.id)} for each in found]
    if programs.wants_more():
        more = _figures(session, found)
        told = [{**each, **more[each["id"]]} for each in told]
    return told


def _pairs(session: Session, query: Any) -> dict[int, Any]:
    return {row[0]: row[1] for row in session.execute(query)}


def _figures(session: Session, found: Sequence[Plan]) -> dict[int, dict[str, Any]]:
    """Return by plan the figures that are asked for by a header; None: not the caller's to know."""
    reader = web.reader()
    ids = [plan.id for plan in found]
    phones = _count(session, Phone, ids, Phone.revoked_at.is_(None))
    forms = _count(session, Form, ids)
    areas = reader.areas(May.SEE_RECORDS)
    mine = (and_(Submission.plan_id == plan.id, reach(plan, areas)) for plan in found)
    newest = select(Submission.plan_id, func.max(Submission.received_at)).where(or_(False, *mine))
    last = _pairs(session, newest.group_by(Submission.plan_id))
    return {
        plan.id: {
            "appUsers": phones.get(plan.id, 0)
            if covers(reader.areas(May.SEE_PHONES), plan.area)
            else None,
            "forms": forms.get(plan.id, 0) if reader.may(May.SEE_FORMS) else None,
            "lastSubmission": moment(last[plan.id]) if plan.id in last else None,
        }
        for plan in found
    }


def _count(session: Session, model: Any, ids: list[int], *conditions: Any) -> dict[int, int]:
    query = select(model.plan_id, func.count()).where(model.plan_id.in_(ids), *conditions)
    return _pairs(session, query.group_by(model.plan_id))


@bp.post("/v1/projects")
@web.requires(May.MANAGE_PLANS)
def add() -> Response:
    """Add a plan: over the place named, or over the area that the caller coordinates."""
    given = programs.sent(NewProjectSchema())
    areas = web.reader().areas(May.MANAGE_PLANS)
    with transaction() as session:
        edition = given["edition"] or picking.edition_for(session, areas)
        if session.get(Edition, edition) is None:
            raise BadFields([("edition", "không có danh mục này. | there is no such edition.")])
        plan = service.add_plan(
            session,
            given["name"],
            _programme(session, given["programme"]),
            _place(session, edition, given["place"], areas),
            edition,
            web.actor(),
            number=given["number"],
            agency=given["agency"],
        )
    return programs.answer(_told(db.session(), [plan])[0], at=f"/v1/projects/{plan.id}")


def _programme(session: Session, given: str) -> str:
    """Return the programme named, or the newest; refuse one that is not held."""
    known = [each.id for each in queries.programmes(session)]
    if not known or (given and given not in known):
        raise BadFields([("programme", "không có chương trình này. | there is no such programme.")])
    return given or known[0]


def _place(session: Session, edition: str, code: str, areas: list[str]) -> Place | None:
    """Return the place named, or the one that the caller coordinates; None: the whole country.

    Raises:
        BadFields: there is no such place, or it is not clear which is meant.
        NotAllowed: it is not theirs.
    """
    if not code and "" in areas:
        return None
    if not code and len(set(areas)) == 1:
        code = areas[0].rpartition("/")[2]
    found = session.scalars(places.place(edition, code)).first() if code else None
    if found is None:
        raise BadFields([("place", NO_PLACE)])
    if not covers(areas, found.area):
        raise NotAllowed()
    return found


@bp.patch(ONE)
@web.requires(May.MANAGE_PLANS)
def change(plan_id: int) -> Response:
    """Change what a plan is called, close it, or open it again."""
    managed(db.session(), plan_id)
    given = programs.sent(ProjectPatchSchema())
    archived = given.pop("archived", None)
    with transaction() as session:
        plan = managed(session, plan_id)
        if archived is False:
            service.reopen_plan(session, plan, web.actor())
        if given:
            service.change_plan(session, plan, web.actor(), **given)
        if archived:
            service.close_plan(session, plan, web.actor())
    return programs.answer(_told(db.session(), [plan])[0])


@bp.delete(ONE)
@web.requires(May.MANAGE_PLANS)
def delete(plan_id: int) -> Response:
    """Refuse: a plan is closed, and never deleted."""
    managed(db.session(), plan_id)
    raise NeverDeleted(
        ("kế hoạch", "plans"),
        (
            'Hãy đóng kế hoạch: PATCH với {"archived": true}.',
            'Close the plan: PATCH it with {"archived": true}.',
        ),
    )


# --- who serves in a plan ---------------------------------------------------------------------


def _managed_people(session: Session, plan_id: int) -> Plan:
    return managed(session, plan_id, May.MANAGE_PEOPLE)


@bp.get(f"{ONE}/assignments")
@web.requires(May.MANAGE_PEOPLE)
def assignments(plan_id: int) -> Response:
    """List who holds which role over exactly the plan's area."""
    session = db.session()
    plan = _managed_people(session, plan_id)
    rows = session.execute(_grants(plan).with_only_columns(Grant.person_id, Grant.role))
    told = [{"actorId": person, "roleId": ROLE_IDS[role]} for person, role in rows]
    return programs.answer(told)


def _grants(plan: Plan) -> Any:
    return select(Grant).where(Grant.area == plan.area).order_by(Grant.id)


@bp.get(f"{ONE}/assignments/<int:role_id>")
@web.requires(May.MANAGE_PEOPLE)
def assigned(plan_id: int, role_id: int) -> Response:
    """List the people who hold one role over exactly the plan's area."""
    session = db.session()
    plan = _managed_people(session, plan_id)
    held = _grants(plan).where(Grant.role == role_of(role_id)).with_only_columns(Grant.person_id)
    found = session.scalars(select(Person).where(Person.id.in_(held)).order_by(Person.sort_key))
    return programs.answer(PersonSchema(many=True).dump(found))


@bp.post(f"{ONE}/assignments/<int:role_id>/<int:person_id>")
@web.requires(May.MANAGE_PEOPLE)
def assign(plan_id: int, role_id: int, person_id: int) -> Response:
    """Give a person a role over the plan's area."""
    with transaction() as session:
        plan, role, person = _named(session, plan_id, role_id, person_id)
        people.grant(session, person, role, plan.area, web.actor())
    return programs.done()


def _named(
    session: Session, plan_id: int, role_id: int, person_id: int
) -> tuple[Plan, Role, Person]:
    plan, role = _managed_people(session, plan_id), role_of(role_id)
    areas = web.reader().areas(May.MANAGE_PEOPLE)
    return plan, role, teams.person_for(session, person_id, areas)


@bp.delete(f"{ONE}/assignments/<int:role_id>/<int:person_id>")
@web.requires(May.MANAGE_PEOPLE)
def unassign(plan_id: int, role_id: int, person_id: int) -> Response:
    """Take a role over the plan's area back."""
    with transaction() as session:
        plan, role, person = _named(session, plan_id, role_id, person_id)
        if person.id == web.reader().id and role is Role.ADMINISTRATOR:
            raise OwnAccount()
        held = next((g for g in person.grants if g.role is role and g.area == plan.area), None)
        if held is None:
            raise NotFound()
        people.ungrant(session, held, web.actor())
    return programs.done()
