"""People and phones from a terminal."""

import secrets

import click
from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db import db, transaction
from server.permissions import ROLE_NAMES, Role
from server.places import queries as places
from server.problems import BadInput, NotFound
from server.teams import service
from server.teams.models import Person, Phone, Team
from server.terminal import actor, as_json, plan_option, say


@click.group("person")
def group() -> None:
    """People: accounts and roles (cán bộ)."""


@group.command("add")
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--place", "place_code", default="", help="Mã địa bàn; bỏ trống là cả nước.")
@click.option("--edition", default="2024", show_default=True, help="Bản danh mục của mã đó.")
@click.option("--name", default="", help="Họ tên; bỏ trống thì lấy theo thư điện tử.")
@click.option("--password", default="", help="Bỏ trống thì máy đặt và in ra một lần.")
@as_json
def add_person(
    email: str, role: str, place_code: str, edition: str, name: str, password: str, as_json: bool
) -> None:
    """Add an account for EMAIL with a role over a place; prints its password once."""
    secret = password or secrets.token_urlsafe(12)
    with transaction() as session:
        person = service.add_person(session, name or email.split("@")[0], actor(), email, secret)
        service.grant(session, person, Role(role), _area(session, edition, place_code), actor())
        found = {"id": person.id, "email": person.email, "role": role, "password": secret}
    title = ROLE_NAMES[Role(role)][0]
    say(as_json, found, f"Đã thêm {email} ({title}). Mật khẩu: {secret}")


def _area(session: Session, edition: str, code: str) -> str:
    if not code:
        return ""
    place = session.scalar(places.place(edition, code))
    if place is None:
        raise BadInput(
            f"Không có địa bàn mã {code} trong bản danh mục {edition}.",
            f"There is no place {code} in edition {edition}.",
        )
    return place.area


@group.command("list")
@as_json
def list_people(as_json: bool) -> None:
    """List everybody with their roles."""
    for person in db.session().scalars(select(Person).order_by(Person.sort_key)):
        roles = [f"{grant.role.value}@{grant.area or '*'}" for grant in person.grants]
        found = {"id": person.id, "name": person.name, "email": person.email, "roles": roles}
        line = f"{person.id}\t{person.name}\t{person.email or '—'}\t{', '.join(roles)}"
        say(as_json, found, line)


@group.command("password")
@click.argument("email")
@click.option("--password", default="", help="Bỏ trống thì máy đặt và in ra một lần.")
@as_json
def set_password(email: str, password: str, as_json: bool) -> None:
    """Give EMAIL a new password and end all of their sign-ins."""
    secret = password or secrets.token_urlsafe(12)
    with transaction() as session:
        person = session.scalar(select(Person).where(Person.email == email.lower()))
        if person is None:
            raise NotFound()
        service.set_password(session, person, secret, actor())
    say(as_json, {"email": email, "password": secret}, f"Mật khẩu mới: {secret}")


@click.group("phone")
def phone() -> None:
    """Phones: one token per person and plan (điện thoại của đoàn)."""


@phone.command("add")
@click.argument("name")
@plan_option
@click.option("--team", "team_id", type=int, help="Số của đoàn.")
@as_json
def add_phone(name: str, plan_id: int, team_id: int | None, as_json: bool) -> None:
    """Issue a phone for NAME (a person's name or e-mail) and print its token, once."""
    with transaction() as session:
        person = _carrier(session, name)
        team = session.get(Team, team_id) if team_id else None
        issued = service.issue(session, plan_id, person, actor(), team.id if team else None)
    _say_issued(as_json, issued)


def _say_issued(as_json: bool, issued: service.Issued) -> None:
    """Print both ways in of a new phone, this once."""
    token, plan_id = issued.token, issued.phone.plan_id
    found = {
        "id": issued.phone.id,
        "person": issued.phone.person.name,
        "token": token,
        "url": phone_url(token, plan_id),
        "username": issued.username,
        "password": issued.password,
        "url_by_password": f"{server_url()}/v1/projects/{plan_id}",
    }
    names = ("token", "url", "username", "password", "url_by_password")
    say(as_json, found, "\n".join(f"{name}\t{found[name]}" for name in names))


def _carrier(session: Session, name: str) -> Person:
    """Return the person of an e-mail, or a new one who only carries a phone."""
    person = session.scalar(select(Person).where(Person.email == name.lower()))
    if person is not None:
        return person
    return service.add_person(session, name, actor())


def phone_url(token: str, plan_id: int) -> str:
    """Return the address that a phone is set up with."""
    return f"{server_url()}/v1/key/{token}/projects/{plan_id}"


def server_url() -> str:
    """Return the address under which phones reach this server."""
    settings = current_app.config["THUCDIA"]
    return settings.public_url or f"http://{settings.host}:{settings.port}"


@phone.command("list")
@plan_option
@as_json
def list_phones(plan_id: int, as_json: bool) -> None:
    """List the phones of a plan with their last contact."""
    for found in db.session().scalars(
        select(Phone).where(Phone.plan_id == plan_id).order_by(Phone.id)
    ):
        state = "revoked" if found.revoked_at else "active"
        value = {
            "id": found.id,
            "person": found.person.name,
            "state": state,
            "username": found.username,
            "commune": found.commune,
            "last_seen_at": found.last_seen_at,
            "device": found.last_device,
            "app": found.last_agent,
        }
        say(
            as_json, value, f"{found.id}\t{found.person.name}\t{state}\t{found.last_seen_at or '—'}"
        )


@phone.command("rotate")
@click.argument("phone_id", type=int)
@as_json
def rotate_phone(phone_id: int, as_json: bool) -> None:
    """Give a phone's person a new token and password, printed once; the old ones are dead."""
    with transaction() as session:
        found = session.get(Phone, phone_id)
        if found is None or found.revoked_at is not None:
            raise NotFound()
        issued = service.rotate_phone(session, found, actor())
    _say_issued(as_json, issued)


@phone.command("revoke")
@click.argument("phone_id", type=int)
@as_json
def revoke_phone(phone_id: int, as_json: bool) -> None:
    """Make a phone's token worthless from its next request on."""
    with transaction() as session:
        found = session.get(Phone, phone_id)
        if found is None:
            raise NotFound()
        service.revoke_phone(session, found, actor())
    say(as_json, {"id": phone_id, "state": "revoked"}, f"Đã thu hồi điện thoại {phone_id}.")
