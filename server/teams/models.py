"""People and their roles, sign-ins and their throttle, teams, phones."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Model, by_value
from server.permissions import May, Role, rights
from server.places.scope import Areas


class Held(NamedTuple):
    """One role over one area, as a `Grant` has it."""

    role: Role
    area: str


class _Serving(Protocol):
    @property
    def active(self) -> bool: ...
    @property
    def grants(self) -> Sequence["Held | Grant"]: ...


class Serving:
    """What somebody may do, and where, by the roles they hold."""

    def may(self: _Serving, right: May) -> bool:
        """Tell whether any of this person's roles gives `right`."""
        return self.active and right in rights({grant.role for grant in self.grants})

    def areas(self: _Serving, right: May | None = None) -> Areas:
        """Return the areas in which this person holds `right`; '' is the whole country."""
        return Areas(_areas(self.grants, right), _areas(self.grants, May.MANAGE_PLANS))


def _areas(grants: Iterable["Held | Grant"], right: May | None) -> list[str]:
    held = (each for each in grants if right is None or right in rights({each.role}))
    return list(dict.fromkeys(grant.area for grant in held))


@dataclass(slots=True)
class SignedIn(Serving):
    """Who asks, as every page needs to know them."""

    id: int
    name: str
    language: str
    grants: list[Held]
    active: bool = True


class Person(Serving, Model):
    """Someone who signs in, or who carries a phone (then without a password)."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str]
    sort_key: Mapped[str] = mapped_column(index=True)
    password_hash: Mapped[str | None]
    language: Mapped[str] = mapped_column(default="vi")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[dt.datetime]

    grants: Mapped[list["Grant"]] = relationship(
        back_populates="person", lazy="selectin", order_by="Grant.id"
    )


class Grant(Model):
    """One role over one area.

    `area` is the path of a place ('2024/36/359': edition, province, district), so that all
    beneath it starts with the same text; '' is the whole country.
    """

    __tablename__ = "person_grant"
    __table_args__ = (UniqueConstraint("person_id", "role", "area"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    role: Mapped[Role] = mapped_column(by_value(Role))
    area: Mapped[str] = mapped_column(default="")

    person: Mapped[Person] = relationship(back_populates="grants")


class SignIn(Model):
    """One browser or program signed in; gone when signed out or expired. Its key is kept hashed."""

    __tablename__ = "sign_in"

    key_sha256: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime] = mapped_column(index=True)

    person: Mapped[Person] = relationship(lazy="joined")


class SignInFailure(Model):
    """One wrong password, for an account or from an address; counted by the throttle."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (Index("ix_sign_in_failure_who_at", "who", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    who: Mapped[str]
    at: Mapped[dt.datetime]


class DigestNonce(Model):
    """A challenge that a phone has answered, and its highest use so far: none counts twice."""

    __tablename__ = "digest_nonce"

    nonce: Mapped[str] = mapped_column(primary_key=True)
    used: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[dt.datetime] = mapped_column(index=True)


class PhoneSettings(Model):
    """How phones of a plan are set up, where it is not as `collect.SUGGESTED` says."""

    __tablename__ = "phone_settings"

    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), primary_key=True)
    by_password: Mapped[bool] = mapped_column(default=False)
    chosen: Mapped[dict[str, Any]] = mapped_column(default=dict)
    changed_at: Mapped[dt.datetime]


class Team(Model):
    """An inspection team (đoàn giám sát) of one plan."""

    __tablename__ = "team"
    __table_args__ = (UniqueConstraint("plan_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    name: Mapped[str]

    members: Mapped[list["Member"]] = relationship(
        back_populates="team", lazy="selectin", order_by="Member.id"
    )


class Member(Model):
    """A person's post (chức danh) in a team, and the agency that sent them."""

    __tablename__ = "team_member"
    __table_args__ = (UniqueConstraint("team_id", "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    post: Mapped[str] = mapped_column(default="")
    agency: Mapped[str] = mapped_column(default="")
    leads: Mapped[bool] = mapped_column(default=False)

    team: Mapped[Team] = relationship(back_populates="members")
    person: Mapped[Person] = relationship(lazy="joined")


class Phone(Model):
    """One person's phone in one plan. Of its token and password only hashes are kept.

    `commune` is what its card says of where it goes.
    `ha1_*` are what Digest sign-in needs: the hash of user name, realm and password.
    """

    __tablename__ = "phone"
    __table_args__ = (
        Index("ix_phone_plan_person", "plan_id", "person_id"),
        Index("uq_phone_username", "username", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"), index=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]
    last_seen_at: Mapped[dt.datetime | None]
    last_device: Mapped[str | None]
    last_agent: Mapped[str | None]
    username: Mapped[str | None]
    ha1_md5: Mapped[str | None]
    ha1_sha256: Mapped[str | None]
    commune: Mapped[str] = mapped_column(default="")

    person: Mapped[Person] = relationship(lazy="joined")
    team: Mapped[Team | None] = relationship(lazy="select")


class PhoneFetch(Model):
    """What a phone last fetched of one thing, and when; see `server.teams.fetched`."""

    __tablename__ = "phone_fetch"

    phone_id: Mapped[int] = mapped_column(ForeignKey("phone.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    tag: Mapped[str]
    at: Mapped[dt.datetime]
