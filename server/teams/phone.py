"""The way in for phones, checked on every request: a token in the path, or a password.

Phones with a password find their server under `/v1/projects/<plan>`, and what they download under
`/v1/projects/<plan>/phone`: other addresses there are for programs.
"""

import functools
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import quote, urlsplit

from flask import Blueprint, Response, current_app, g, request

from server import clock
from server.db import db, transaction
from server.openrosa import refusal
from server.problems import Problem, Unavailable
from server.teams import digest, fetched, login, service
from server.teams.problems import PhonePasswordNeeded
from server.teams.service import Carrier

PREFIX = "/v1/key/<token>/projects/<int:plan_id>"
BY_PASSWORD = "/v1/projects/<int:plan_id>"  # noqa: S105 - an address
View = Callable[..., Response]


def at(
    bp: Blueprint, path: str, method: str = "GET", entry: bool = False
) -> Callable[[View], View]:
    """Register a view for phones under both of their bases; `entry`: the app itself asks for it."""

    def register(view: View) -> View:
        inner = from_phone(view)
        below = BY_PASSWORD if entry else f"{BY_PASSWORD}/phone"
        bp.add_url_rule(PREFIX + path, view_func=inner, methods=[method])
        bp.add_url_rule(below + path, view_func=inner, methods=[method], defaults={"token": ""})
        return inner

    return register


def base(token: str, plan_id: int) -> str:
    """Return the address under which a phone finds what it downloads."""
    public = current_app.config["THUCDIA"].public_url or request.host_url.rstrip("/")
    if token:
        return f"{public}/v1/key/{quote(token)}/projects/{plan_id}"
    return f"{public}/v1/projects/{plan_id}/phone"


def from_phone(view: View) -> View:
    """Let only a phone that shows a good key through, as `g.phone`; refuse in OpenRosa XML."""

    @functools.wraps(view)
    def inner(token: str, plan_id: int, **rest: object) -> Response:
        try:
            g.phone = _carrier(token, plan_id)
            if request.method == "GET" and service.due_to_be_seen(g.phone):
                note_contact()
            return view(token=token, plan_id=plan_id, **rest)
        except PhonePasswordNeeded as problem:
            return _challenge(problem)
        except Problem as problem:
            return refusal(problem)

    return inner


def _carrier(token: str, plan_id: int) -> Carrier:
    """Return who asks.

    Raises:
        PhoneRefused: the phone may not come in any more.
        PhonePasswordNeeded: it has to say who it is.
        TooManyTries: it has said so wrongly too often.
    """
    if token:
        return service.carrier(db.session(), token, plan_id)
    header = request.headers.get("Authorization", "")
    if not header:
        raise PhonePasswordNeeded()
    query = request.query_string.decode("latin-1")
    address = request.remote_addr or ""
    attempt = login.Attempt(header, request.method, request.path, query, address, is_secure())
    with transaction() as session:
        outcome = login.check(session, _secret(), plan_id, attempt)
    if outcome.carrier is None:
        raise outcome.refusal or PhonePasswordNeeded()
    return outcome.carrier


def _secret() -> str:
    return str(current_app.config["SECRET_KEY"])


def is_secure() -> bool:
    """Tell whether nobody on the line can read this request: it came through the TLS front."""
    if request.is_secure:
        return True
    public = urlsplit(current_app.config["THUCDIA"].public_url or "")
    if public.scheme != "https":
        return False
    said = request.headers.get("X-Forwarded-Proto", "")
    return said == "https" if said else request.host == public.netloc


def _challenge(problem: PhonePasswordNeeded) -> Response:
    """Ask for the password: Digest first, Basic only where nobody can read it."""
    response = refusal(problem)
    now = clock.now().timestamp()
    for value in digest.challenges(_secret(), now, bool(problem.details.get("stale"))):
        response.headers.add("WWW-Authenticate", value)
    if is_secure():
        response.headers.add("WWW-Authenticate", f'Basic realm="{digest.REALM}"')
    response.headers["Cache-Control"] = "no-store"
    return response


def note_contact() -> None:
    """Keep that the phone was here; in a transaction of its own.

    A database that cannot write now can still answer: the next request says it again.
    """
    device, agent = request.args.get("deviceID"), request.user_agent.string
    with suppress(Unavailable), transaction() as session:
        service.see(session, g.phone.phone_id, device, agent)
        fetched.write(session, _notes().take())


def _notes() -> fetched.Fetched:
    found: fetched.Fetched = current_app.extensions["fetched"]
    return found


def note_fetched(kind: str, name: str, tag: str) -> None:
    """Keep what the phone of this request is given; costs no write of its own."""
    _notes().note(g.phone.phone_id, kind, name, tag)
