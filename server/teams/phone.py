"""The way in for phones: a token in the path, checked on every request."""

import functools
from collections.abc import Callable
from contextlib import suppress

from flask import Response, g, request

from server.db import db, transaction
from server.openrosa import refusal
from server.problems import Problem, Unavailable
from server.teams import service

PREFIX = "/v1/key/<token>/projects/<int:plan_id>"


def from_phone(view: Callable[..., Response]) -> Callable[..., Response]:
    """Let only a phone with a good token through, as `g.phone`; refuse in OpenRosa XML."""

    @functools.wraps(view)
    def inner(token: str, plan_id: int, **rest: object) -> Response:
        try:
            g.phone = service.carrier(db.session(), token, plan_id)
            if request.method == "GET" and service.due_to_be_seen(g.phone):
                note_contact()
            return view(token=token, plan_id=plan_id, **rest)
        except Problem as problem:
            return refusal(problem)

    return inner


def note_contact() -> None:
    """Keep that the phone was here; in a transaction of its own.

    A database that cannot write now can still answer: the next request says it again.
    """
    device, agent = request.args.get("deviceID"), request.user_agent.string
    with suppress(Unavailable), transaction() as session:
        service.see(session, g.phone.phone_id, device, agent)
