"""The edge to browsers: who is asking, may they, and how a refusal is written.

Phones have an edge of their own, `openrosa.py`, and programs `programs.py`. Nothing here knows a
subject: `app` hands in how a cookie's key becomes a person.
"""

import functools
import hashlib
import json
import logging
import uuid
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ParamSpec, Protocol

from flask import Flask, Request, Response, g, redirect, render_template, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_babel import Babel, get_translations
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import NotFound as NoRoute
from werkzeug.routing import IntegerConverter, Map, Rule
from werkzeug.wrappers import Response as AnyResponse

from server import central, openrosa
from server.journal import Actor
from server.parts import MOST_PARTS, Parts
from server.permissions import May
from server.problems import (
    BadInput,
    NotAllowed,
    NotFound,
    Problem,
    SignInNeeded,
    TooLarge,
    Unavailable,
)

log = logging.getLogger(__name__)
csrf = CSRFProtect()
P = ParamSpec("P")
STATIC = Path(__file__).parent / "static"
PROBLEM_JSON = "application/problem+json"
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)


class Reader(Protocol):
    """The person who asks, as far as this edge needs to know them."""

    id: int
    name: str
    language: str

    def may(self, right: May) -> bool:
        """Tell whether any role of theirs gives `right`."""
        ...

    def areas(self, right: May | None = None) -> list[str]:
        """Return the areas in which they hold `right`; '' is the whole country."""
        ...


class BoundedRequest(Request):
    """A request whose parts are bounded: text in memory, files spooled to disk."""

    form_data_parser_class = Parts
    max_form_memory_size = 12_000_000
    max_form_parts = MOST_PARTS


class Cookies(SecureCookieSessionInterface):
    """Sessions in signed cookies; whoever has none, such as a phone, costs no key for it."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return what the cookie holds."""
        return super().open_session(app, request) if request.cookies else self.session_class()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the cookie, where anybody looked at it."""
        if session.accessed or session.modified:
            super().save_session(app, session, response)


LARGEST_KEY = 2**31 - 1


class Key(IntegerConverter):
    """A number in an address that can be a row's key; a larger one leads nowhere (404)."""

    regex = "[0-9]{1,10}"  # int() itself refuses 5,000 digits

    def __init__(self, rules: Map) -> None:
        super().__init__(rules, max=LARGEST_KEY)


class LateRule(Rule):
    """An address whose way back, from a view's name to the address, is compiled when asked for.

    That takes longer than all else at the start, for hundreds of addresses, and hardly one is ever
    asked for: pages say addresses as they are.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled = functools.cache(super()._compile_builder)

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            return compiled(append_unknown)(rule, **values)

        return build


def init(app: Flask, load: Callable[[str], Reader | None], nav: Callable[[], list[Any]]) -> None:
    """Give `app` its sign-in, languages, refusals and headers."""
    openrosa.speak_for_the_server()
    app.request_class = BoundedRequest
    app.session_interface = Cookies()
    app.url_map.converters["int"] = Key
    app.url_rule_class = LateRule
    csrf.init_app(app)
    Babel(
        app,
        default_locale="vi",
        default_timezone="Asia/Ho_Chi_Minh",
        default_translation_directories=str(Path(__file__).parent / "translations"),
        locale_selector=language,
    )

    @app.before_request
    def _who() -> None:
        by_cookie = request.cookies and not request.path.startswith("/v1")
        key = session.get("key") if by_cookie else None
        g.reader = load(key) if key else None

    app.after_request(_headers)
    app.register_error_handler(Problem, answer_problem)
    app.register_error_handler(CSRFError, _csrf_refused)
    app.register_error_handler(HTTPException, _http_error)
    for away in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(away, _database_away)
    app.register_error_handler(DataError, _not_storable)
    app.register_error_handler(OverflowError, _not_storable)  # as SQLite says it
    app.register_error_handler(Exception, _bug)
    app.context_processor(lambda: _context(nav))


def language() -> str:
    """Return the language of this answer: the person's choice, else the browser's, else vi."""
    chosen = session.get("lang") if request else None
    if chosen in {"vi", "en"}:
        return str(chosen)
    reader = g.get("reader")
    return reader.language if reader else "vi"


def reader() -> Reader:
    """Return who is signed in.

    Raises:
        SignInNeeded: nobody is.
    """
    if g.get("reader") is None:
        raise SignInNeeded()
    found: Reader = g.reader
    return found


def actor() -> Actor:
    """Return how the journal names who is signed in."""
    who = reader()
    return Actor("api" if request.path.startswith("/v1") else "page", who.id, who.name)


def requires(right: May) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Let only those through who hold `right` somewhere; where exactly is the query's matter."""

    def wrap(view: Callable[P, Any]) -> Callable[P, Any]:
        @functools.wraps(view)
        def inner(*args: P.args, **kwargs: P.kwargs) -> Any:
            if not reader().may(right):
                raise NotAllowed()
            return view(*args, **kwargs)

        inner.right = right  # type: ignore[attr-defined]
        return inner

    return wrap


def asked_key(name: str) -> int | None:
    """Return a number of the address that can be a key; anything else reads as none given."""
    given = request.args.get(name, "")
    if not (given.isascii() and given.isdigit()) or len(given) > 10:
        return None
    return min(int(given), LARGEST_KEY)


def answer_problem(problem: Problem) -> AnyResponse:
    """Write a refusal in the caller's own format."""
    if openrosa.for_phones(request.path):
        return openrosa.refusal(problem)
    if request.path.startswith("/v1"):
        return problem_json(problem)
    if isinstance(problem, SignInNeeded) and request.method == "GET":
        return redirect(f"/sign-in?next={request.full_path.rstrip('?')}")
    body = render_template(
        "problem.html", status=problem.status, code=problem.code, sentence=problem.text(language())
    )
    return Response(body, problem.status)


def problem_json(problem: Problem) -> Response:
    """Return a refusal to a program: by RFC 9457, and as clients of ODK Central read it.

    `problem` is our own code, which never changes; `code` the number that those clients know.
    """
    told = {k: v for k, v in problem.details.items() if isinstance(v, str | int | list | dict)}
    body = {
        "type": "about:blank",
        "status": problem.status,
        "problem": problem.code,
        "code": central.number(problem),
        "title": problem.text("en"),
        "message": problem.text("en"),
        "detail": problem.text("vi"),
        "details": told,
    }
    return Response(json.dumps(body, ensure_ascii=False), problem.status, content_type=PROBLEM_JSON)


def _csrf_refused(_error: CSRFError) -> AnyResponse:
    return answer_problem(
        BadInput(
            "Trang đã mở quá lâu hoặc phiên đã hết. Hãy tải lại trang rồi làm lại.",
            "The page was open too long or the sign-in ended. Reload it and try again.",
        )
    )


def _http_error(error: HTTPException) -> AnyResponse:
    if error.code is None or error.code < 400:
        return error.get_response()
    return answer_problem(_as_problem(error))


def _as_problem(error: HTTPException) -> Problem:
    if isinstance(error, NoRoute):
        return NotFound()
    if error.code == 413:
        limit = (request.max_content_length or 0) // 1_000_000
        return TooLarge(limit_mb=limit)
    problem = BadInput(
        "Yêu cầu không đúng dạng. Hãy quay lại trang trước và thử lại.",
        f"The request is not well formed ({error.name}).",
    )
    problem.status = error.code or 400  # type: ignore[misc]
    return problem


def _database_away(error: Exception) -> AnyResponse:
    """Say 'later' for a database that is restarted, full or overrun: nothing was kept."""
    log.error("the database does not answer on %s", request.endpoint, exc_info=error)
    return answer_problem(Unavailable(reason="không kết nối được cơ sở dữ liệu"))


def _not_storable(error: Exception) -> AnyResponse:
    """Refuse a number or character that no column takes, wherever it slipped through."""
    log.warning("a value was not storable on %s", request.endpoint, exc_info=error)
    return answer_problem(
        BadInput(
            "Có con số hoặc ký tự không dùng được. Hãy sửa lại rồi gửi lại.",
            "A number or character cannot be used. Correct it and send again.",
        )
    )


class Bug(Problem):
    """Something that should not have happened; the log has it under `reference`."""

    code = "bug"
    status = 500
    message = "Máy chủ gặp lỗi (mã {reference}). Những gì đã báo lưu xong vẫn còn nguyên."
    message_en = "The server failed (reference {reference}). What was saved is still there."


def _bug(error: Exception) -> AnyResponse:
    reference = uuid.uuid4().hex[:12]
    log.error("unexpected failure %s on %s", reference, request.endpoint, exc_info=error)
    return answer_problem(Bug(reference=reference))


def _headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "private, no-cache")
    return response


def _context(nav: Callable[[], list[Any]]) -> dict[str, Any]:
    return {
        "person": g.get("reader_card"),
        "nav": nav() if g.get("reader") else [],
        "static": static,
        "lang": language(),
        "version": program_version(),
        "may": lambda right: bool(g.get("reader")) and g.reader.may(May(right)),
        "_": _translator(),
    }


def _translator() -> Callable[..., str]:
    """Return what says a text in the language of this answer, found once for hundreds of texts."""
    say: Callable[[str], str] = get_translations().ugettext

    def translate(text: str, /, **values: Any) -> str:
        return say(text) % values if values else say(text)

    return translate


@functools.cache
def static(path: str) -> str:
    """Return the address of a static file with its hash, so that browsers may keep it for ever."""
    content = (STATIC / path).read_bytes()
    return f"/static/{path}?v={hashlib.sha256(content).hexdigest()[:12]}"


@functools.cache
def program_version() -> str:
    """Return the version of this program."""
    try:
        return version("thucdia")
    except PackageNotFoundError:
        return "0"
