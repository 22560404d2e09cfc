"""The edge to programs: JSON under `/v1`, signed in by HTTP Basic or by a key that was asked for.

Cookies count for nothing here, so no page elsewhere can act in a reader's name. Nothing here
knows a subject: `app` hands in how a key, or an account with its password, becomes a person.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response, g, request

from server import bodies, openrosa
from server.bodies import Body
from server.problems import BadInput, SignInNeeded
from server.web import Reader

REALM = "Thuc Dia"
JSON = "application/json"
ByKey = Callable[[str], Reader | None]
ByPassword = Callable[[str, str], Reader]


def init(app: Flask, by_key: ByKey, by_password: ByPassword) -> None:
    """Let programs say who they are, after `web.init` has found that no browser asks."""

    @app.before_request
    def _who() -> None:
        if for_programs(request.path) and "Authorization" in request.headers:
            g.reader = _signed_in(by_key, by_password)

    app.after_request(_challenge)


def for_programs(path: str) -> bool:
    """Tell whether whoever asks for `path` is a program, and understands JSON.

    >>> for_programs("/v1/draws/1"), for_programs("/v1/key/x/projects/1/formList")
    (True, False)
    """
    return path.startswith("/v1/") and not openrosa.for_phones(path)


def _signed_in(by_key: ByKey, by_password: ByPassword) -> Reader:
    """Return whom the request names.

    Raises:
        SignInNeeded: the key is unknown or has expired, or nothing can be read.
        WrongPassword, TooManyTries: the account is refused.
    """
    given = request.authorization
    if given is not None and given.type == "basic":
        return by_password(given.username or "", given.password or "")
    found = by_key(given.token) if given and given.type == "bearer" and given.token else None
    if found is None:
        raise SignInNeeded()
    return found


def key() -> str:
    """Return the key with which the request is signed in, '' when with a password."""
    given = request.authorization
    return given.token or "" if given is not None and given.type == "bearer" else ""


def _challenge(response: Response) -> Response:
    """Say how to sign in, to those who have not tried: others know, and are not asked again."""
    silent = "Authorization" not in request.headers
    if response.status_code == 401 and silent and for_programs(request.path):
        response.headers["WWW-Authenticate"] = f'Basic realm="{REALM}", charset="UTF-8"'
    return response


def sent(schema: Body) -> dict[str, Any]:
    """Return the body of the request as `schema` reads it.

    Raises:
        BadInput, BadFields, TooLarge: saying what is wrong with it.
    """
    if request.mimetype != JSON:
        problem = BadInput(
            "Hãy gửi JSON, với Content-Type: application/json.",
            "Send JSON, with Content-Type: application/json.",
        )
        problem.status = 415  # type: ignore[misc]
        raise problem
    request.max_content_length = bodies.MOST_BYTES
    return bodies.read(schema, request.get_data())


def asked(schema: Body) -> dict[str, Any]:
    """Return the questions in the address; whole numbers are read as such.

    Raises:
        BadFields: naming what is wrong.
    """
    return bodies.checked(schema, {k: _number(v) for k, v in request.args.items()})


def _number(typed: str) -> int | str:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 10 else typed


def answer(body: Mapping[str, Any], status: int = 200, at: str = "") -> Response:
    """Return an answer in JSON; `at` is the address of what was made."""
    response = Response(json.dumps(body, ensure_ascii=False), status, content_type=JSON)
    if at:
        response.headers["Location"] = at
    return response
