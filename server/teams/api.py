"""How programs sign in: a key for their password, or the password each time."""

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Response, request

from server import programs, text, web
from server.db import db, transaction
from server.permissions import ROLE_NAMES, ROLES, May, Role
from server.problems import NeverDeleted, NotFound
from server.teams import queries, service
from server.teams.models import Person, SignedIn, SignIn
from server.teams.problems import WrongPassword
from server.teams.schemas import CredentialsSchema, PersonSchema, SessionSchema

bp = programs.Addresses("teams_api", __name__)
AT_ONCE = 200


def by_key(key: str) -> SignedIn | None:
    """Return who holds a key, if its sign-in still stands."""
    return service.signed_in(db.session(), key)


def by_password(email: str, password: str) -> Person:
    """Return whose account and password these are; only a failure is written down.

    Success does not forgive earlier failures, as signing in does: a program that asks every
    minute would give whoever guesses at its account ten tries each time.

    Raises:
        WrongPassword, TooManyTries: the account is refused.
    """
    email, address = text.clean(email), request.remote_addr or ""
    try:
        return service.whose(db.session(), email, password, address)
    except WrongPassword:
        with transaction() as session:
            service.count_failure(session, email, address)
        raise


@bp.post("/v1/sessions")
def open_session() -> Response:
    """Give a key for an account and its password; it is told this once."""
    given = programs.sent(CredentialsSchema())
    with transaction() as session:
        outcome = service.sign_in(
            session, given["email"], given["password"], request.remote_addr or "", "api"
        )
    if outcome.key is None:
        assert outcome.refusal is not None  # noqa: S101 - one of the two is always there
        raise outcome.refusal
    held = db.session().get_one(SignIn, service.sha256(outcome.key))
    response = programs.answer({"token": outcome.key, **SessionSchema().dump(held)})
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.delete("/v1/sessions/current")
def close_session() -> Response:
    """Make the key of this request worthless."""
    web.reader()
    return _close(programs.key())


@bp.delete("/v1/sessions/<token>")
def close_named_session(token: str) -> Response:
    """Make a key of one's own worthless."""
    held = by_key(token)
    if held is None or held.id != web.reader().id:
        raise NotFound()
    return _close(token)


def _close(key: str) -> Response:
    if not key:
        raise NotFound()
    with transaction() as session:
        service.sign_out(session, key)
    return programs.done()


@bp.get("/v1/users/current")
def current_user() -> Response:
    """Tell who is signed in, and with which roles."""
    person = db.session().get_one(Person, web.reader().id)
    return programs.answer(PersonSchema().dump(person))


@bp.get("/v1/users")
@web.requires(May.MANAGE_PEOPLE)
def users() -> Response:
    """List the people whose accounts the caller manages, in dictionary order."""
    areas = web.reader().areas(May.MANAGE_PEOPLE)
    schema = PersonSchema()
    return programs.stream(schema.dump(each) for each in _everybody(areas))


def _everybody(areas: list[str]) -> Iterator[Person]:
    last: int | None = None
    while some := queries.people_page(db.session(), areas, last, AT_ONCE):
        yield from some
        last = some[-1].id


@bp.get("/v1/users/<int:person_id>")
@web.requires(May.MANAGE_PEOPLE)
def user(person_id: int) -> Response:
    """Tell of one of them."""
    areas = web.reader().areas(May.MANAGE_PEOPLE)
    return programs.answer(PersonSchema().dump(queries.person_for(db.session(), person_id, areas)))


@bp.delete("/v1/users/<int:person_id>")
@web.requires(May.MANAGE_PEOPLE)
def delete_user(person_id: int) -> Response:
    """Refuse: an account is locked, and its person never deleted."""
    queries.person_for(db.session(), person_id, web.reader().areas(May.MANAGE_PEOPLE))
    raise NeverDeleted(
        ("người dùng", "people"),
        (
            "Hãy khóa tài khoản ở trang Người dùng, hoặc thu hồi vai trò: DELETE …/assignments.",
            "Lock the account on the page of people, or take roles back: DELETE …/assignments.",
        ),
    )


ROLE_IDS = {
    Role.ADMINISTRATOR: 1,
    Role.COORDINATOR: 3,
    Role.VIEWER: 4,
    Role.INSPECTOR: 5,
    Role.TEAM_LEADER: 6,
    Role.REVIEWER: 7,
    Role.UNIT_OFFICER: 8,
}
APP_USER = 2
"""The role of phones; clients of ODK Central know it by this number."""
SYSTEM_NAMES = {
    Role.ADMINISTRATOR: "admin",
    Role.COORDINATOR: "manager",
    Role.INSPECTOR: "formfill",
}


def role_of(role_id: int) -> Role:
    """Return the role of people that has this number.

    Raises:
        NotFound: none has.
    """
    for role, number in ROLE_IDS.items():
        if number == role_id:
            return role
    raise NotFound()


@bp.get("/v1/roles")
def roles() -> Response:
    """List the roles with their rights; the same for everybody who is signed in."""
    web.reader()
    return programs.answer(_roles())


@bp.get("/v1/roles/<name>")
def role(name: str) -> Response:
    """Tell of one role, by its number or by the name that programs know it by."""
    web.reader()
    for each in _roles():
        if name in (str(each["id"]), each["system"]):
            return programs.answer(each)
    raise NotFound()


def _roles() -> list[dict[str, Any]]:
    phones = _role(APP_USER, "App User", "Điện thoại", "app-user", [May.SEND_SUBMISSION])
    people = [
        _role(
            number,
            ROLE_NAMES[role][1],
            ROLE_NAMES[role][0],
            SYSTEM_NAMES.get(role, role.value),
            ROLES[role],
        )
        for role, number in ROLE_IDS.items()
    ]
    return sorted([phones, *people], key=lambda each: int(each["id"]))


def _role(
    number: int, name: str, vietnamese: str, system: str, rights: Iterable[May]
) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "nameVi": vietnamese,
        "system": system,
        "verbs": sorted(right.value for right in rights),
        "createdAt": None,
        "updatedAt": None,
    }
