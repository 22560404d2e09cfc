"""One phone of a plan: whose it is, when it was heard of, which forms and lists it carries."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask import Blueprint, render_template
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock, web
from server.db import db
from server.desk import formats
from server.desk.teams import LATE, app_name, seen
from server.entities import delivery
from server.entities import queries as entities
from server.permissions import May
from server.places.scope import covers
from server.submissions.holding import carrier_of
from server.surveys import queries as surveys
from server.surveys.models import FormState, FormVersion, PhoneList
from server.teams import fetched, service
from server.teams.models import Phone, PhoneFetch

bp = Blueprint("desk_one_phone", __name__)
bp.context_processor(formats.helpers)
HEAD = 8
"""Digits of a hash that are enough to compare by eye."""


@dataclass(frozen=True)
class Carried:
    """Something that a phone may carry: which of it, since when, and whether it is the newest.

    `newest` is None when that cannot be told; without `at` the phone was not seen to fetch it.
    """

    name: str
    code: str
    what: str
    at: dt.datetime | None
    newest: bool | None
    wanted: str = ""


@bp.get("/plans/<int:plan_id>/phones/<int:phone_id>")
@web.requires(May.SEE_PHONES)
def phone(plan_id: int, phone_id: int) -> str:
    """Show a phone with what it last fetched."""
    session = db.session()
    plan = seen(session, plan_id)
    found = service.phone_of_plan(session, plan.id, phone_id)
    held = fetched.of_phone(session, found.id)
    return render_template(
        "desk/phone.html",
        plan=plan,
        phone=found,
        app=app_name(found.last_agent),
        late_before=clock.now() - LATE,
        listed=held[fetched.FORMS].get(""),
        forms=list(_forms(session, plan.id, held[fetched.FORM])),
        lists=list(_lists(session, found, held[fetched.LIST])),
        manages=covers(web.reader().areas(May.MANAGE_PHONES), plan.area),
    )


def _forms(session: Session, plan_id: int, held: Mapping[str, PhoneFetch]) -> Iterator[Carried]:
    """Give each form that the phone fetched, or should, with the version that it got last."""
    ids = [int(name) for name in held]
    versions = session.scalars(select(FormVersion).where(FormVersion.id.in_(ids)))
    last: dict[int, tuple[dt.datetime, FormVersion]] = {}
    for version in versions:
        here = (held[str(version.id)].at, version)
        last[version.form_pk] = max(last.get(version.form_pk, here), here, key=lambda each: each[0])
    for form in surveys.forms(session, plan_id):
        listed = form.state is FormState.OPEN and form.current is not None
        if form.id in last:
            at, version = last[form.id]
            newest = version.id == form.current_id if listed else None
            yield Carried(
                form.title, form.form_id, version.version, at, newest,
                form.current.version if form.current and newest is False else "",
            )  # fmt: skip
        elif listed and form.current:
            yield Carried(form.title, form.form_id, "", None, None, form.current.version)


def _lists(session: Session, found: Phone, held: Mapping[str, PhoneFetch]) -> Iterator[Carried]:
    """Give each list that the phone fetched, by the head of the hash of what it got."""
    now = _as_they_are(session, found, list(held))
    for name, each in sorted(held.items()):
        current = now.get(name)
        newest = None if current is None else current == each.tag
        yield Carried(name, "", each.tag[:HEAD], each.at, newest, (current or "")[:HEAD])


def _as_they_are(session: Session, found: Phone, names: list[str]) -> dict[str, str]:
    """Return the hash of each list as this phone would get it now; of none that is yet to be made.

    Three look-ups for any number of lists.
    """
    own = PhoneList.team_id == found.team_id if found.team_id else PhoneList.team_id.is_(None)
    plain = select(PhoneList.name, PhoneList.md5).where(PhoneList.plan_id == found.plan_id, own)
    rows = session.execute(plain.where(PhoneList.name.in_(names)))
    known: dict[str, str] = {row[0]: row[1] for row in rows}
    who = carrier_of(found)
    wanted = [name.removesuffix(".csv") for name in names if name not in known]
    lists = entities.lists_named(session, found.plan_id, wanted) if wanted else []
    parts = [(each, delivery.scope_of(session, each, who)) for each in lists]
    copies = delivery.current_of(session, parts) if parts else {}
    made = {each.id: each.name for each in lists}
    return known | {f"{made[key]}.csv": copy.md5 for key, copy in copies.items()}
