"""Sign-in and out, the language of the pages; people and phones."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, g, redirect, render_template, request, session
from werkzeug.wrappers import Response as AnyResponse

from server import web
from server.db import transaction
from server.teams import service

bp = Blueprint("teams", __name__)


@bp.get("/sign-in")
def sign_in_page() -> str | AnyResponse:
    """Show the form, or go on when already signed in."""
    if g.reader is not None:
        return redirect("/")
    return render_template("signin.html", email="", error=None, next=request.args.get("next", ""))


@bp.post("/sign-in")
def sign_in() -> str | AnyResponse:
    """Check the password; a new session begins, so that a planted cookie is worthless."""
    email, password = request.form.get("email", ""), request.form.get("password", "")
    with transaction() as db_session:
        outcome = service.sign_in(db_session, email, password, request.remote_addr or "")
    if outcome.key is None:
        assert outcome.refusal is not None  # noqa: S101 - one of the two is always there
        body = render_template(
            "signin.html",
            email=email,
            error=outcome.refusal.text(web.language()),
            next=request.form.get("next", ""),
        )
        return Response(body, outcome.refusal.status)
    lang = session.get("lang")
    session.clear()
    session["key"] = outcome.key
    if lang:
        session["lang"] = lang
    return redirect(here(request.form.get("next", "")))


@bp.post("/sign-out")
def sign_out() -> AnyResponse:
    """Forget the sign-in on the server too."""
    key = session.get("key")
    session.clear()
    if key:
        with transaction() as db_session:
            service.sign_out(db_session, key)
    return redirect("/sign-in")


@bp.post("/language")
def set_language() -> AnyResponse:
    """Keep the language of the pages for this browser."""
    if request.form.get("lang") in {"vi", "en"}:
        session["lang"] = request.form["lang"]
    return redirect(here(request.form.get("next", "")))


def here(address: str) -> str:
    """Return `address` when it stays on this server, else the first page.

    >>> here("/plans/1"), here("//elsewhere.example/x"), here("https://elsewhere.example")
    ('/plans/1', '/', '/')
    """
    parts = urlsplit(address)
    inside = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if inside and not parts.scheme and not parts.netloc else "/"
