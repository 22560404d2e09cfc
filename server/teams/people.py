"""People (cán bộ): who may sign in, with which roles, over which part of the country."""

import re
import secrets

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import web
from server.db import db, transaction
from server.fields import Fields
from server.permissions import ROLE_NAMES, May, Role
from server.places import picking
from server.places import queries as places
from server.places.models import Place
from server.places.scope import covers
from server.problems import NotAllowed, NotFound
from server.teams import queries, service
from server.teams.models import Grant, Person
from server.teams.problems import EmailTaken, OwnAccount

bp = Blueprint("people", __name__)
PAGE = 50
EMAIL = re.compile(r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(\.[A-Za-z0-9\-]+)+")
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is mistaken for another on paper


def initial_password() -> str:
    """Return a new password that can be read aloud: about 79 bits in four groups."""
    groups = ["".join(secrets.choice(LETTERS) for _letter in range(4)) for _group in range(4)]
    return "-".join(groups)


def areas() -> list[str]:
    """Return where the reader may manage people."""
    return web.reader().areas(May.MANAGE_PEOPLE)


def managed(session: Session, person_id: int) -> Person:
    """Return a person whose whole account lies in the reader's area.

    Raises:
        NotFound: they hold nothing there.
        NotAllowed: they hold more elsewhere; a new password would open that, too.
    """
    person = queries.person_for(session, person_id, areas())
    if not queries.wholly_inside(person, areas()):
        raise NotAllowed()
    return person


@bp.get("/people")
@web.requires(May.MANAGE_PEOPLE)
def people() -> str:
    """List the people with their roles, in dictionary order."""
    session = db.session()
    after = Fields(request.args).number("after")
    found = queries.people_page(session, areas(), after, PAGE + 1)
    shown = found[:PAGE]
    return render_template(
        "teams/people.html",
        people=shown,
        after=after,
        further=shown[-1].id if len(found) > PAGE else None,
        names=picking.names(session, {grant.area for one in shown for grant in one.grants}),
        roles=ROLE_NAMES,
    )


@bp.get("/people/new")
@web.requires(May.MANAGE_PEOPLE)
def new_person() -> str:
    """Show the empty form of a person."""
    return _person_form(Fields({"edition_id": picking.edition_for(db.session(), areas())}))


@bp.post("/people/new")
@web.requires(May.MANAGE_PEOPLE)
def add_person() -> AnyResponse | str:
    """Add someone with one role and show the initial password once."""
    fields = Fields(request.form)
    if fields["find"]:
        return _person_form(fields)
    password = initial_password()
    with transaction() as session:
        person = _add(session, fields, password)
    if person is None:
        return Response(_person_form(fields), 422)
    return _show_once(person, password)


def _add(session: Session, fields: Fields, password: str) -> Person | None:
    name = fields.text("name", 100, required=True)
    email = fields.text("email", 254, required=True)
    if email and not EMAIL.fullmatch(email):
        fields.fail("email", _("Địa chỉ thư điện tử không đúng dạng, ví dụ lan@vuban.gov.vn."))
    role = fields.choice("role", Role, Role.VIEWER)
    area = _chosen_area(session, fields)
    if fields.errors or area is None:
        return None
    try:
        person = service.add_person(session, name, web.actor(), email, password)
    except EmailTaken as problem:
        fields.fail("email", problem.text(web.language()))
        return None
    service.grant(session, person, role, area, web.actor())
    return person


def _chosen_area(session: Session, fields: Fields) -> str | None:
    """Return the path of the chosen place, '' for the whole country, None when none will do."""
    if fields["place_id"] == "country" and "" in areas():
        return ""
    place = session.get(Place, fields.number("place_id") or 0)
    if place is None or not covers(areas(), place.area):
        fields.fail("place_text", _("Hãy tìm rồi chọn địa bàn trong danh sách."))
        return None
    return place.area


def _person_form(fields: Fields) -> str:
    return render_template("teams/person_form.html", fields=fields, **_choices(fields))


def _choices(fields: Fields) -> dict[str, object]:
    """Return what a role and its area may be chosen from."""
    session = db.session()
    edition = fields["edition_id"] or picking.edition_for(session, areas())
    found = picking.choices(session, edition, fields.text("place_text"), areas())
    options = [(str(place.id), address) for place, address in found]
    if "" in areas():
        options.insert(0, ("country", _("Cả nước")))
    english = web.language() == "en"
    return {
        "edition_id": edition,
        "editions": [(row.id, row.name) for row in session.scalars(places.editions())],
        "place_options": options,
        "role_options": [(role.value, names[english]) for role, names in ROLE_NAMES.items()],
    }


def _show_once(person: Person, password: str) -> AnyResponse:
    body = render_template("teams/password.html", one=person, password=password)
    return Response(body, headers={"Cache-Control": "no-store"})


@bp.get("/people/<int:person_id>")
@web.requires(May.MANAGE_PEOPLE)
def person(person_id: int) -> str:
    """Show a person's roles and account."""
    session = db.session()
    found = queries.person_for(session, person_id, areas())
    fields = Fields(request.args)
    return render_template(
        "teams/person.html",
        one=found,
        ours=queries.wholly_inside(found, areas()),
        fields=fields,
        names=picking.names(session, {grant.area for grant in found.grants}),
        roles=ROLE_NAMES,
        mine=[grant.id for grant in found.grants if covers(areas(), grant.area)],
        **_choices(fields),
    )


@bp.post("/people/<int:person_id>/grants")
@web.requires(May.MANAGE_PEOPLE)
def grant(person_id: int) -> AnyResponse:
    """Give a person another role."""
    fields = Fields(request.form)
    with transaction() as session:
        found = queries.person_for(session, person_id, areas())
        role = fields.choice("role", Role, Role.VIEWER)
        area = _chosen_area(session, fields)
        if area is not None and not fields.errors:
            service.grant(session, found, role, area, web.actor())
    return _back(person_id, fields, _("Đã giao quyền."))


@bp.post("/people/<int:person_id>/grants/<int:grant_id>/revoke")
@web.requires(May.MANAGE_PEOPLE)
def revoke(person_id: int, grant_id: int) -> AnyResponse:
    """Take a role back."""
    with transaction() as session:
        held = session.get(Grant, grant_id)
        if held is None or held.person_id != person_id or not covers(areas(), held.area):
            raise NotFound()
        if person_id == web.reader().id and held.role is Role.ADMINISTRATOR:
            raise OwnAccount()
        kept = [grant.area for grant in held.person.grants if grant.id != grant_id]
        service.ungrant(session, held, web.actor())
    flash(_("Đã thu quyền."), "success")
    still_ours = "" in areas() or any(covers(areas(), area) for area in kept)
    return redirect(f"/people/{person_id}" if still_ours else "/people")


@bp.post("/people/<int:person_id>/password")
@web.requires(May.MANAGE_PEOPLE)
def password(person_id: int) -> AnyResponse:
    """Give a person a new password, shown once; they are signed out everywhere."""
    new = initial_password()
    with transaction() as session:
        found = managed(session, person_id)
        if found.email is None:
            raise NotFound()
        service.set_password(session, found, new, web.actor())
    return _show_once(found, new)


@bp.post("/people/<int:person_id>/active")
@web.requires(May.MANAGE_PEOPLE)
def set_active(person_id: int) -> AnyResponse:
    """Lock an account, or open it again."""
    active = request.form.get("active") == "1"
    if person_id == web.reader().id and not active:
        raise OwnAccount()
    with transaction() as session:
        service.set_active(session, managed(session, person_id), active, web.actor())
    done = _("Đã mở lại tài khoản.") if active else _("Đã khóa tài khoản.")
    return _back(person_id, Fields({}), done)


def _back(person_id: int, fields: Fields, done: str) -> AnyResponse:
    for sentence in fields.errors.values():
        flash(sentence, "error")
    if not fields.errors:
        flash(done, "success")
    return redirect(f"/people/{person_id}")
