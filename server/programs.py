"""The edge to programs: JSON under `/v1`, signed in by HTTP Basic or by a key that was asked for.

Cookies count for nothing here, so no page elsewhere can act in a reader's name. Nothing here
knows a subject: `app` hands in how a key, or an account with its password, becomes a person.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, g, request, stream_with_context
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import bodies, central, openrosa
from server.bodies import BadFields, Body
from server.journal import Line
from server.problems import BadInput, SignInNeeded, TooLarge
from server.web import Reader

REALM = "Thuc Dia"
JSON = "application/json"
IN_MEMORY = 500_000
MOST_LINES = 1000
ByKey = Callable[[str], Reader | None]
ByPassword = Callable[[str, str], Reader]
Tail = Callable[[], Mapping[str, Any]]


class Addresses(Blueprint):
    """The addresses of one subject; with a slash at the end, as some clients write, the same."""

    def add_url_rule(self, rule: str, *args: Any, **options: Any) -> None:
        """Register an address."""
        super().add_url_rule(rule, *args, **{"strict_slashes": False, **options})


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


def raw(most: int) -> bytes:
    """Return the body as it came.

    Raises:
        TooLarge: it has over `most` bytes.
    """
    request.max_content_length = most
    data = request.stream.read(most + 1)
    if len(data) > most:
        raise TooLarge(limit_mb=most // 1_000_000)
    return data


@contextmanager
def spooled() -> Iterator[IO[bytes]]:
    """Give the body, however it came, as a file that lies on disk once it is large.

    Raises:
        TooLarge: it is larger than this server takes at all.
    """
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        shutil.copyfileobj(request.stream, file)
        file.seek(0)
        yield file


def numbered(name: str) -> int | None:
    """Return a whole number asked in the address, None without one.

    Raises:
        BadFields: it is none.
    """
    typed = request.args.get(name)
    if typed is None:
        return None
    found = _number(typed)
    if not isinstance(found, int) or found > bodies.LARGEST:
        raise BadFields([(name, "hãy ghi một số nguyên. | give a whole number.")])
    return found


def audits(session: Session, subject: str, key: int) -> Response:
    """Return what the journal tells of one thing, the newest first."""
    lines = session.scalars(
        select(Line)
        .where(Line.subject == subject, Line.subject_id == str(key))
        .order_by(Line.id.desc())
        .limit(MOST_LINES)
    )
    return answer(
        [
            {
                "actorId": line.person_id,
                "actor": {"id": line.person_id, "displayName": line.actor},
                "action": central.action(line.verb),
                "acteeId": f"{line.subject}:{line.subject_id}",
                "details": {"verb": line.verb, "via": line.via, **line.detail},
                "loggedAt": central.moment(line.at),
            }
            for line in lines
        ]
    )


def flag(name: str) -> bool:
    """Tell whether a question in the address is answered with 'true'."""
    return request.args.get(name, "").lower() == "true"


def wants_more() -> bool:
    """Tell whether the caller asked for what takes longer to find out."""
    return request.headers.get("X-Extended-Metadata", "").lower() == "true"


def here(**changes: object) -> str:
    """Return the address of this request with some of its questions changed."""
    asked = {**request.args.to_dict(), **{name: str(value) for name, value in changes.items()}}
    return f"{request.path}?{urlencode(asked)}"


def answer(
    body: Mapping[str, Any] | Sequence[Mapping[str, Any]], status: int = 200, at: str = ""
) -> Response:
    """Return an answer in JSON; `at` is the address of what was made."""
    response = Response(json.dumps(body, ensure_ascii=False), status, content_type=JSON)
    if at:
        response.headers["Location"] = at
    return response


def done() -> Response:
    """Return the answer to what leaves nothing to tell."""
    return answer({"success": True})


def stream(
    rows: Iterable[Mapping[str, Any]], head: str = "[", tail: str = "]", more: Tail | None = None
) -> Response:
    """Return a list in JSON, written while it is read, however long it is.

    The database session of the request has ended by then: `rows` asks for one of its own.
    """
    pieces: Iterator[str] = stream_with_context(_pieces(iter(rows), head, tail, more))
    return Response(pieces, content_type=JSON)


def table(
    head: Mapping[str, Any],
    rows: Iterable[Mapping[str, Any]],
    tail: Tail = dict,
) -> Response:
    """Return rows as OData has them, in `value` behind what `head` says of them all.

    `tail` tells, once they are written, what is known only then.
    """
    response = stream(rows, json.dumps(head, ensure_ascii=False)[:-1] + ',"value":[', "]", tail)
    response.headers["OData-Version"] = "4.0"
    return response


def _pieces(
    rows: Iterator[Mapping[str, Any]], head: str, tail: str, more: Tail | None
) -> Iterator[str]:
    yield head
    for count, row in enumerate(rows):
        yield ("," if count else "") + json.dumps(row, ensure_ascii=False)
    yield tail
    if more is not None:
        said = json.dumps(more(), ensure_ascii=False)
        yield "}" if said == "{}" else f",{said[1:]}"
