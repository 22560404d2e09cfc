"""How programs sign in: a key for their password, or the password each time."""

from flask import Blueprint, Response, request

from server import programs, text, web
from server.db import db, transaction
from server.problems import NotFound
from server.teams import service
from server.teams.models import Person, SignIn
from server.teams.problems import WrongPassword
from server.teams.schemas import CredentialsSchema, PersonSchema, SessionSchema

bp = Blueprint("teams_api", __name__)


def by_key(key: str) -> Person | None:
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
    key = programs.key()
    if not key:
        raise NotFound()
    with transaction() as session:
        service.sign_out(session, key)
    return programs.answer({"success": True})


@bp.get("/v1/users/current")
def current_user() -> Response:
    """Tell who is signed in, and with which roles."""
    return programs.answer(PersonSchema().dump(web.reader()))
