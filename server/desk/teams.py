"""A plan's teams and phones: who goes together, and each phone's way in as a code to scan."""

import base64
import datetime as dt
import re
from collections.abc import Sequence

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import clock, web
from server.db import db, transaction
from server.desk import formats, paging
from server.fields import Fields
from server.monitoring import queries as monitoring
from server.monitoring import sizes
from server.monitoring.models import Plan
from server.monitoring.pages import managed
from server.monitoring.sizes import SizeDoubt
from server.permissions import May
from server.places.scope import covers
from server.problems import NotFound
from server.teams import queries, service, settings_qr, setup
from server.teams.models import Member, Person, Phone, Team
from server.teams.problems import AlreadyMember, JustIssued, TeamNameTaken
from server.teams.settings_qr import Way

bp = Blueprint("desk_teams", __name__)
bp.context_processor(formats.helpers)
LATE = dt.timedelta(days=3)
"""How long a phone may be silent before the office should ask: communes have a line again then."""
_COLLECT = re.compile(r"collect[^/\s]*/(v?[\w.\-]+)", re.IGNORECASE)


@bp.get("/plans/<int:plan_id>/teams")
@web.requires(May.SEE_PLANS)
def teams(plan_id: int) -> str:
    """Show the teams of a plan with their members."""
    session, reader = db.session(), web.reader()
    plan = monitoring.plan_for(session, plan_id, reader.areas(May.SEE_PLANS))
    manages = covers(reader.areas(May.MANAGE_PLANS), plan.area)
    people = queries.may_carry(session, plan_id, plan.area) if manages else []
    teams = queries.teams_of(session, plan_id)
    return render_template(
        "desk/teams.html",
        plan=plan,
        teams=teams,
        manages=manages,
        people=[(person.id, person.name) for person in people],
        doubts=_doubts(session, plan_id, teams) if manages else {},
    )


def _doubts(
    session: Session, plan_id: int, found: Sequence[Team]
) -> dict[int, list[tuple[str, SizeDoubt]]]:
    """Return, by team, the rounds it goes in that need another number of members."""
    rounds = monitoring.rounds_of_teams(session, plan_id)
    return {
        team.id: [
            (round_.name, doubt)
            for round_ in rounds.get(team.id, ())
            if (doubt := sizes.doubt(round_, len(team.members))) is not None
        ]
        for team in found
    }


@bp.post("/plans/<int:plan_id>/teams")
@web.requires(May.MANAGE_PLANS)
def add_team(plan_id: int) -> AnyResponse:
    """Add a team to a plan."""
    fields = Fields(request.form)
    name = fields.text("name", 100, required=True)
    try:
        with transaction() as session:
            managed(session, plan_id)
            if not fields.errors:
                service.add_team(session, plan_id, name, web.actor())
    except TeamNameTaken as problem:
        fields.fail("name", problem.text(web.language()))
    return _back(plan_id, fields, _("Đã thêm đoàn."))


@bp.post("/plans/<int:plan_id>/teams/<int:team_id>/members")
@web.requires(May.MANAGE_PLANS)
def add_member(plan_id: int, team_id: int) -> AnyResponse:
    """Add someone to a team: a person we know, or a new one who only carries a phone."""
    fields = Fields(request.form)
    post, leads = fields.text("post", 100), fields["leads"] == "1"
    agency = fields.text("agency", 200)
    try:
        with transaction() as session:
            plan = managed(session, plan_id)
            team = queries.team_of(session, plan_id, team_id)
            person = _member(session, plan, fields)
            if person is not None and not fields.errors:
                service.join(session, team, person, post, leads, web.actor(), agency)
    except AlreadyMember as problem:
        fields.fail("person_id", problem.text(web.language()))
    return _back(plan_id, fields, _("Đã thêm thành viên."))


def _member(session: Session, plan: Plan, fields: Fields) -> Person | None:
    """Return the chosen person, or the newly named one; note what is wrong with either."""
    name = fields.text("new_name", 100)
    if name and not fields.errors and not fields["person_id"]:
        return service.add_person(session, name, web.actor())
    known = {one.id: one for one in queries.may_carry(session, plan.id, plan.area)}
    person = known.get(fields.number("person_id") or 0)
    if person is None:
        fields.fail("person_id", _("Hãy chọn một người, hoặc ghi họ tên người mới."))
    return person


@bp.post("/plans/<int:plan_id>/members/<int:member_id>/remove")
@web.requires(May.MANAGE_PLANS)
def remove_member(plan_id: int, member_id: int) -> AnyResponse:
    """Take someone out of a team."""
    with transaction() as session:
        managed(session, plan_id)
        member = session.get(Member, member_id)
        if member is None or member.team.plan_id != plan_id:
            raise NotFound()
        service.leave(session, member, web.actor())
    return _back(plan_id, Fields({}), _("Đã đưa ra khỏi đoàn."))


def _back(plan_id: int, fields: Fields, done: str, page: str = "teams") -> AnyResponse:
    for sentence in fields.errors.values():
        flash(sentence, "error")
    if not fields.errors:
        flash(done, "success")
    return redirect(f"/plans/{plan_id}/{page}")


@bp.get("/plans/<int:plan_id>/phones")
@web.requires(May.SEE_PHONES)
def phones(plan_id: int) -> str:
    """List the phones of a plan: whose, since when, last heard of when and with what."""
    session, reader = db.session(), web.reader()
    plan = seen(session, plan_id)
    manages = covers(reader.areas(May.MANAGE_PHONES), plan.area)
    people = queries.may_carry(session, plan_id, plan.area) if manages else []
    page = paging.page(session, queries.phone_ids(plan_id), Phone.id)
    return render_template(
        "desk/phones.html",
        plan=plan,
        page=page,
        phones=queries.phones(session, page.ids),
        app_name=app_name,
        manages=manages,
        people=[(person.id, person.name) for person in people],
        teams=queries.team_names(session, plan_id),
        newest=queries.newest_phone(session, plan_id),
        chosen=request.args.get("person", ""),
        late_before=clock.now() - LATE,
    )


def seen(session: Session, plan_id: int) -> Plan:
    """Return a plan whose phones the reader may see: those of the whole plan or none."""
    plan = monitoring.plan_for(session, plan_id, web.reader().areas(May.SEE_PLANS))
    if not covers(web.reader().areas(May.SEE_PHONES), plan.area):
        raise NotFound()
    return plan


def app_name(agent: str | None) -> str:
    """Return the app and version that a phone's User-Agent names.

    >>> app_name("org.odk.collect.android/v2024.2.4 Dalvik/2.1.0 (Linux; Android 13)")
    'ODK Collect v2024.2.4'
    """
    if not agent:
        return ""
    match = _COLLECT.search(agent)
    return f"ODK Collect {match[1]}" if match else agent[:40]


@bp.post("/plans/<int:plan_id>/phones")
@web.requires(May.MANAGE_PHONES)
def issue(plan_id: int) -> AnyResponse:
    """Issue a phone's key and show it, this once, as a code to scan."""
    fields = Fields(request.form)
    try:
        with transaction() as session:
            plan = managed(session, plan_id, May.MANAGE_PHONES)
            known = {one.id: one for one in queries.may_carry(session, plan_id, plan.area)}
            person = known.get(fields.number("person_id") or 0)
            if person is None:
                fields.fail("person_id", _("Hãy chọn người giữ máy."))
                return _back(plan_id, fields, "", "phones")
            team = _team_of(session, plan_id, person, fields)
            seen = fields.number("seen") or 0
            if queries.issued_since(session, plan_id, person.id, seen):
                raise JustIssued(name=person.name)
            team_id = team.id if team else None
            issued = service.issue(session, plan_id, person, web.actor(), team_id)
            way = setup.way(setup.chosen(session, plan_id), server_url(), issued)
    except JustIssued as problem:
        flash(problem.text(web.language()), "warning")
        return redirect(f"/plans/{plan_id}/phones")
    return _card(plan, person, team, way)


def _team_of(session: Session, plan_id: int, person: Person, fields: Fields) -> Team | None:
    """Return the chosen team; without a choice, the one that the person is in, if only one."""
    chosen = fields.number("team_id")
    if chosen is not None:
        return queries.team_of(session, plan_id, chosen)
    own = [
        team
        for team in queries.teams_of(session, plan_id)
        if any(member.person_id == person.id for member in team.members)
    ]
    return own[0] if len(own) == 1 else None


def _card(plan: Plan, person: Person, team: Team | None, way: Way) -> AnyResponse:
    values = settings_qr.settings(way, plan.name, person.name)
    body = render_template(
        "desk/phone_card.html",
        plan=plan,
        one=person,
        team=team,
        url=way.url,
        way=way,
        png=_data(settings_qr.png(values), "png"),
        qr=_data(settings_qr.svg(values), "svg+xml"),
    )
    return Response(body, headers={"Cache-Control": "no-store"})


def _data(picture: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"


def server_url() -> str:
    """Return the address under which phones reach this server."""
    public: str | None = current_app.config["THUCDIA"].public_url
    return public or request.host_url.rstrip("/")


@bp.post("/plans/<int:plan_id>/phones/<int:phone_id>/rotate")
@web.requires(May.MANAGE_PHONES)
def rotate(plan_id: int, phone_id: int) -> AnyResponse:
    """Give the phone's person a new key, shown this once; the old one is dead."""
    with transaction() as session:
        plan = managed(session, plan_id, May.MANAGE_PHONES)
        phone = service.phone_of_plan(session, plan_id, phone_id)
        if phone.revoked_at is not None:
            raise JustIssued(name=phone.person.name)
        issued = service.rotate_phone(session, phone, web.actor())
        way = setup.way(setup.chosen(session, plan_id), server_url(), issued)
        person, team = phone.person, phone.team
    return _card(plan, person, team, way)


@bp.post("/plans/<int:plan_id>/phones/<int:phone_id>/revoke")
@web.requires(May.MANAGE_PHONES)
def revoke(plan_id: int, phone_id: int) -> AnyResponse:
    """Make a phone's key worthless at once."""
    with transaction() as session:
        managed(session, plan_id, May.MANAGE_PHONES)
        phone = service.phone_of_plan(session, plan_id, phone_id)
        service.revoke_phone(session, phone, web.actor())
    return _back(plan_id, Fields({}), _("Đã thu hồi mã của máy."), "phones")
