"""A plan's phones for programs, as the app users that clients of ODK Central know."""

from collections.abc import Iterator
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from server import programs, web
from server.db import db, transaction
from server.monitoring import queries as monitoring
from server.monitoring.models import Plan
from server.monitoring.pages import managed
from server.permissions import May
from server.places.scope import covers
from server.problems import NotFound
from server.teams import queries, service
from server.teams.models import Person, Phone
from server.teams.problems import PhoneHeld, SeveralOfThatName
from server.teams.schemas import NewPhoneSchema, PhoneSchema

bp = programs.Addresses("phones_api", __name__)
ALL = "/v1/projects/<int:plan_id>/app-users"
ONE = f"{ALL}/<int:phone_id>"
AT_ONCE = 500


def seen(session: Session, plan_id: int) -> Plan:
    """Return a plan whose phones the reader may see: those of the whole plan or none.

    Raises:
        NotFound: they may not.
    """
    plan = monitoring.plan_for(session, plan_id, web.reader().areas(May.SEE_PLANS))
    if not covers(web.reader().areas(May.SEE_PHONES), plan.area):
        raise NotFound()
    return plan


@bp.get(ALL)
@web.requires(May.SEE_PHONES)
def phones(plan_id: int) -> Response:
    """List the phones of a plan, newest first, the revoked ones too."""
    plan = seen(db.session(), plan_id)
    schema = PhoneSchema()
    return programs.stream(schema.dump(each) for each in _every(plan.id))


def _every(plan_id: int) -> Iterator[Phone]:
    session = db.session()
    query = queries.phone_ids(plan_id).order_by(Phone.id.desc())
    ids = session.scalars(query).all()
    for start in range(0, len(ids), AT_ONCE):
        yield from queries.phones(session, ids[start : start + AT_ONCE])


@bp.get(ONE)
@web.requires(May.SEE_PHONES)
def phone(plan_id: int, phone_id: int) -> Response:
    """Tell of one phone."""
    session = db.session()
    plan = seen(session, plan_id)
    return programs.answer(PhoneSchema().dump(service.phone_of_plan(session, plan.id, phone_id)))


@bp.post(ALL)
@web.requires(May.MANAGE_PHONES)
def issue(plan_id: int) -> Response:
    """Issue a phone for a person of that name, whom the plan may not have met; tell its token."""
    managed(db.session(), plan_id, May.MANAGE_PHONES)
    given = programs.sent(NewPhoneSchema())
    with transaction() as session:
        plan = managed(session, plan_id, May.MANAGE_PHONES)
        person = _person(session, plan, given)
        held = queries.live_phone(session, plan.id, person.id)
        if held is not None:
            raise PhoneHeld(name=person.name, phone_id=held.id)
        team_id = given.get("team_id")
        if team_id is not None:
            queries.team_of(session, plan.id, team_id)
        made = service.issue(session, plan.id, person, web.actor(), team_id)
    told = {**PhoneSchema().dump(made.phone), "token": made.token, "password": made.password}
    response = programs.answer(told, at=f"/v1/projects/{plan_id}/app-users/{made.phone.id}")
    response.headers["Cache-Control"] = "no-store"
    return response


def _person(session: Session, plan: Plan, given: dict[str, Any]) -> Person:
    """Return who is to carry the phone: by number, by name, or somebody new.

    Raises:
        NotFound: nobody who may carry one has that number.
        SeveralOfThatName: the name alone does not tell.
    """
    name = given["display_name"]
    if "person_id" in given:
        known = {each.id: each for each in queries.may_carry(session, plan.id, plan.area)}
        if given["person_id"] not in known:
            raise NotFound()
        return known[given["person_id"]]
    found = queries.carriers_called(session, plan.id, plan.area, name)
    if len(found) > 1:
        raise SeveralOfThatName(people=", ".join(str(each.id) for each in found))
    return found[0] if found else service.add_person(session, name, web.actor())


@bp.delete(ONE)
@web.requires(May.MANAGE_PHONES)
def revoke(plan_id: int, phone_id: int) -> Response:
    """Make a phone's token worthless from its next request on."""
    with transaction() as session:
        plan = managed(session, plan_id, May.MANAGE_PHONES)
        service.revoke_phone(
            session, service.phone_of_plan(session, plan.id, phone_id), web.actor()
        )
    return programs.done()
