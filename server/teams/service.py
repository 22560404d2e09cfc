"""Verbs about people and phones: add, grant, sign in and out, issue a phone, revoke it."""

import datetime as dt
import hashlib
import re
import secrets
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from server import clock, journal, text
from server.journal import Actor
from server.often import Often
from server.permissions import Role
from server.problems import NotFound, Problem
from server.teams import digest
from server.teams.models import (
    DigestNonce,
    Grant,
    Held,
    Member,
    Person,
    Phone,
    SignedIn,
    SignIn,
    SignInFailure,
    Team,
)
from server.teams.problems import (
    AlreadyMember,
    EmailTaken,
    PhoneRefused,
    TeamNameTaken,
    TooManyTries,
    WeakPassword,
    WrongPassword,
)

LEAST_PASSWORD = 10
PASSWORD_LETTERS = 20
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"
STAY = dt.timedelta(hours=12)
WINDOW = dt.timedelta(hours=1)
TRIES_PER_ACCOUNT = 10
TRIES_PER_ADDRESS = 100
SEEN_EVERY = dt.timedelta(minutes=5)
# The second of OWASP's equivalent settings for Argon2id: 19 MiB, so that a small machine can
# check several passwords at once.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


def sha256(secret: str) -> str:
    """Return the only form in which a token or cookie key is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def add_person(
    session: Session,
    name: str,
    actor: Actor,
    email: str | None = None,
    password: str | None = None,
) -> Person:
    """Add someone; without `email` and `password` they only carry a phone.

    Raises:
        EmailTaken: another person has this address.
        WeakPassword: fewer than ten characters.
    """
    address = email.strip().lower() if email else None
    if address and session.scalar(select(Person.id).where(Person.email == address)):
        raise EmailTaken(email=address)
    person = Person(
        email=address,
        name=text.clean(name),
        sort_key=text.sort_key(name),
        password_hash=_hash(password) if password else None,
        created_at=clock.now(),
    )
    session.add(person)
    session.flush()
    journal.write(session, actor, "person.added", "person", person.id)
    return person


def set_password(session: Session, person: Person, password: str, actor: Actor) -> None:
    """Give `person` a new password and sign them out everywhere."""
    person.password_hash = _hash(password)
    session.execute(delete(SignIn).where(SignIn.person_id == person.id))
    journal.write(session, actor, "person.password-set", "person", person.id)


def _hash(password: str) -> str:
    if len(password) < LEAST_PASSWORD:
        raise WeakPassword(least=LEAST_PASSWORD)
    return _hasher.hash(password)


def grant(session: Session, person: Person, role: Role, area: str, actor: Actor) -> None:
    """Give `person` the role over `area` ('' is the whole country); once."""
    held = any(g.role is role and g.area == area for g in person.grants)
    if held:
        return
    person.grants.append(Grant(role=role, area=area))
    session.flush()
    journal.write(session, actor, "person.granted", "person", person.id, role=role.value, area=area)


def ungrant(session: Session, held: Grant, actor: Actor) -> None:
    """Take a role back; it ends with the person's next request."""
    role, area, person_id = held.role, held.area, held.person_id
    held.person.grants.remove(held)
    session.delete(held)
    session.flush()
    journal.write(
        session, actor, "person.ungranted", "person", person_id, role=role.value, area=area
    )


def set_active(session: Session, person: Person, active: bool, actor: Actor) -> None:
    """Let someone in again, or out: signed out everywhere, and their phones no longer answered."""
    person.active = active
    if not active:
        session.execute(delete(SignIn).where(SignIn.person_id == person.id))
    session.flush()
    verb = "person.activated" if active else "person.deactivated"
    journal.write(session, actor, verb, "person", person.id)


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt to sign in: a new key, or a refusal; both are kept."""

    key: str | None = None
    refusal: Problem | None = None


def sign_in(
    session: Session, email: str, password: str, address: str, via: str = "page"
) -> Outcome:
    """Check a password and open a sign-in, counting failures per account and per address.

    The refusal is returned, not raised, because the failure must be kept.
    """
    try:
        person = whose(session, email, password, address)
    except TooManyTries as refusal:
        return Outcome(refusal=refusal)
    except WrongPassword as refusal:
        note_failure(session, *_counted(email, address))
        return Outcome(refusal=refusal)
    account, _origin = _counted(email, address)
    session.execute(delete(SignInFailure).where(SignInFailure.who == account))
    return Outcome(key=open_sign_in(session, person, via))


def whose(session: Session, email: str, password: str, address: str) -> Person:
    """Return whose account and password these are; nothing is written.

    A password is checked even for an account that does not exist, so that the time taken tells
    nothing.

    Raises:
        TooManyTries: the account or the address has failed too often; nothing is checked.
        WrongPassword: which the caller has to count.
    """
    _refuse_too_many(session, email, address)
    person = session.scalar(select(Person).where(Person.email == email.strip().lower()))
    if not _right(person, password) or person is None:
        raise WrongPassword()
    return person


def count_failure(session: Session, email: str, address: str) -> None:
    """Count a wrong password, unless others have used up the tries while it was checked.

    Raises:
        TooManyTries: they have.
    """
    _refuse_too_many(session, email, address)
    note_failure(session, *_counted(email, address))


def _counted(email: str, address: str) -> tuple[str, str]:
    return "account:" + sha256(email.strip().lower()), "address:" + address


def _refuse_too_many(session: Session, email: str, address: str) -> None:
    account, origin = _counted(email, address)
    minutes = wait(session, account, TRIES_PER_ACCOUNT) or wait(session, origin, TRIES_PER_ADDRESS)
    if minutes:
        raise TooManyTries(minutes=minutes)


def _right(person: Person | None, password: str) -> bool:
    usable = person is not None and person.active and person.password_hash is not None
    hashed = person.password_hash if person is not None and usable else None
    try:
        return _hasher.verify(hashed or _nobodys_hash(), password) and usable
    except VerificationError:
        return False


@cache
def _nobodys_hash() -> str:
    """Return a hash to try a password on where there is no account: it takes as long to refuse."""
    return _hasher.hash(secrets.token_urlsafe(16))


def note_failure(session: Session, *who: str) -> None:
    """Count a wrong password or passphrase against each of `who`."""
    now = clock.now()
    session.add_all([SignInFailure(who=each, at=now) for each in who])
    session.flush()


def wait(session: Session, who: str, tries: int) -> int:
    """Return for how many minutes `who` must wait: 0 when they may try."""
    since = clock.now() - WINDOW
    count, oldest = session.execute(
        select(func.count(), func.min(SignInFailure.at)).where(
            SignInFailure.who == who, SignInFailure.at > since
        )
    ).one()
    if count < tries:
        return 0
    return max(1, int((oldest + WINDOW - clock.now()).total_seconds() // 60) + 1)


def open_sign_in(session: Session, person: Person, via: str = "page") -> str:
    """Return a new key for the cookie of `person`'s browser, or for their program."""
    key = secrets.token_urlsafe(32)
    now = clock.now()
    session.add(
        SignIn(key_sha256=sha256(key), person_id=person.id, created_at=now, expires_at=now + STAY)
    )
    session.flush()
    journal.write(
        session, Actor(via, person.id, person.name), "person.signed-in", "person", person.id
    )
    return key


_SIGNED_IN = Often(
    lambda _engine: (
        select(Person.id, Person.name, Person.language, Grant.role, Grant.area)
        .select_from(SignIn)
        .join(Person, Person.id == SignIn.person_id)
        .outerjoin(Grant, Grant.person_id == Person.id)
        .where(
            SignIn.key_sha256 == bindparam("key"),
            SignIn.expires_at > bindparam("now"),
            Person.active,
        )
        .order_by(Grant.id)
    )
)


def signed_in(session: Session, key: str) -> SignedIn | None:
    """Return whose browser holds `key`, if the sign-in still stands."""
    rows = _SIGNED_IN.rows(session, {"key": sha256(key), "now": clock.now()})
    if not rows:
        return None
    held = [Held(row.role, row.area) for row in rows if row.role is not None]
    return SignedIn(rows[0].id, rows[0].name, rows[0].language, held)


def sign_out(session: Session, key: str) -> None:
    """Close a sign-in on the server, so that its cookie is worthless."""
    session.execute(delete(SignIn).where(SignIn.key_sha256 == sha256(key)))


def forget_old(session: Session) -> None:
    """Remove sign-ins that have expired and failures that no longer count."""
    session.execute(delete(SignIn).where(SignIn.expires_at <= clock.now()))
    session.execute(delete(SignInFailure).where(SignInFailure.at <= clock.now() - WINDOW))
    session.execute(delete(DigestNonce).where(DigestNonce.expires_at <= clock.now()))


def add_team(session: Session, plan_id: int, name: str, actor: Actor) -> Team:
    """Add an inspection team to a plan.

    Raises:
        TeamNameTaken: the plan has a team of this name.
    """
    name = text.clean(name)
    if session.scalar(select(Team.id).where(Team.plan_id == plan_id, Team.name == name)):
        raise TeamNameTaken(name=name)
    team = Team(plan_id=plan_id, name=name)
    session.add(team)
    session.flush()
    journal.write(session, actor, "team.added", "team", team.id, plan_id)
    return team


def join(
    session: Session,
    team: Team,
    person: Person,
    post: str = "",
    leads: bool = False,
    actor: Actor = journal.SYSTEM,
    agency: str = "",
) -> None:
    """Make `person` a member of `team`, with a post (chức danh) and the agency that sent them.

    Raises:
        AlreadyMember: they are in this team.
    """
    if any(member.person_id == person.id for member in team.members):
        raise AlreadyMember(name=person.name)
    team.members.append(
        Member(person_id=person.id, post=text.clean(post), agency=text.clean(agency), leads=leads)
    )
    session.flush()
    journal.write(
        session, actor, "team.member-added", "team", team.id, team.plan_id, person=person.id
    )


def copy_teams(session: Session, from_plan: int, plan_id: int, actor: Actor) -> list[Team]:
    """Form the teams of an earlier plan anew in another, members, posts and leaders as they were.

    A team whose name the plan has already is left as it is; people who serve no more stay behind.
    """
    taken = set(session.scalars(select(Team.name).where(Team.plan_id == plan_id)))
    earlier = session.scalars(select(Team).where(Team.plan_id == from_plan).order_by(Team.id)).all()
    made = []
    for old in earlier:
        if old.name in taken:
            continue
        team = add_team(session, plan_id, old.name, actor)
        for member in old.members:
            if member.person.active:
                join(session, team, member.person, member.post, member.leads, actor, member.agency)
        made.append(team)
    return made


def leave(session: Session, member: Member, actor: Actor) -> None:
    """Take someone out of a team; what they sent stays theirs."""
    team, person_id = member.team, member.person_id
    team.members.remove(member)
    session.delete(member)
    session.flush()
    journal.write(
        session, actor, "team.member-removed", "team", team.id, team.plan_id, person=person_id
    )


@dataclass(frozen=True)
class Issued:
    """A phone with its two ways in, which are never shown again: a token, or a password."""

    phone: Phone
    token: str
    username: str
    password: str


def issue_phone(
    session: Session, plan_id: int, person: Person, actor: Actor, team: Team | None = None
) -> tuple[Phone, str]:
    """Return what `issue` does, of the ways in only the token."""
    issued = issue(session, plan_id, person, actor, team.id if team else None)
    return issued.phone, issued.token


def issue(
    session: Session, plan_id: int, person: Person, actor: Actor, team_id: int | None = None
) -> Issued:
    """Return a phone for `person` in a plan.

    A phone the person had in this plan before is revoked: one per person and plan.
    """
    for held in session.scalars(
        select(Phone).where(
            Phone.plan_id == plan_id, Phone.person_id == person.id, Phone.revoked_at.is_(None)
        )
    ):
        revoke_phone(session, held, actor)
    token, username = secrets.token_urlsafe(48), _username(person.name)
    password = "".join(secrets.choice(_READABLE) for _ in range(PASSWORD_LETTERS))
    kept = digest.ha1(username, password)
    phone = Phone(
        plan_id=plan_id,
        person_id=person.id,
        team_id=team_id,
        token_sha256=sha256(token),
        username=username,
        ha1_md5=kept["MD5"],
        ha1_sha256=kept["SHA-256"],
        created_at=clock.now(),
    )
    session.add(phone)
    session.flush()
    journal.write(session, actor, "phone.issued", "phone", phone.id, plan_id, person=person.id)
    return Issued(phone, token, username, password)


def _username(name: str) -> str:
    """Return a new user name: the given name without marks, and letters that nobody guesses."""
    given = re.sub("[^a-z0-9]", "", text.fold(name).rpartition(" ")[2])[:12] or "may"
    return given + "-" + "".join(secrets.choice(_READABLE) for _ in range(6))


def rotate_phone(session: Session, phone: Phone, actor: Actor) -> Issued:
    """Return the same person's phone with a new token and password; the old ones are dead."""
    issued = issue(session, phone.plan_id, phone.person, actor, phone.team_id)
    issued.phone.commune = phone.commune
    return issued


def revoke_phone(session: Session, phone: Phone, actor: Actor) -> None:
    """Make the phone's token worthless from the next request on."""
    if phone.revoked_at is not None:
        return
    phone.revoked_at = clock.now()
    session.flush()
    journal.write(session, actor, "phone.revoked", "phone", phone.id, phone.plan_id)


@dataclass(frozen=True)
class Carrier:
    """A phone that has shown a good token: whose it is and what it may reach.

    Without `phone_id` it is a person who fills forms in a browser, or by a program (`by`).
    """

    phone_id: int | None
    person_id: int
    person_name: str
    plan_id: int
    team_id: int | None
    seen_at: dt.datetime | None
    by: str = "page"

    @property
    def actor(self) -> Actor:
        """Return how the journal names what this phone, or the person at a desk, does."""
        kind = self.by if self.phone_id is None else "phone"
        return Actor(kind, self.person_id, self.person_name)


# Asked at every request of every phone, so it is put together once.
_CARRIER = Often(
    lambda _engine: (
        select(Phone.id, Phone.person_id, Person.name, Phone.team_id, Phone.last_seen_at)
        .join(Person, Person.id == Phone.person_id)
        .where(
            Phone.token_sha256 == bindparam("token"),
            Phone.plan_id == bindparam("plan"),
            Phone.revoked_at.is_(None),
            Person.active,
        )
    )
)


def carrier(session: Session, token: str, plan_id: int) -> Carrier:
    """Return the phone that holds `token` in this plan.

    Raises:
        PhoneRefused: no such token here, or revoked, or its person no longer serves.
    """
    row = _CARRIER.look(session, {"token": sha256(token), "plan": plan_id})
    if row is None:
        raise PhoneRefused()
    return Carrier(row[0], row[1], row[2], plan_id, row[3], row[4])


def at_desk(
    session: Session, person_id: int, person_name: str, plan_id: int, by: str = "page"
) -> Carrier:
    """Return a person as they fill forms without a phone: for their team in the plan, if any.

    Of several teams it is the one they lead, else the first they joined.
    """
    team_id = session.scalar(
        select(Member.team_id)
        .join(Team, Team.id == Member.team_id)
        .where(Member.person_id == person_id, Team.plan_id == plan_id)
        .order_by(Member.leads.desc(), Member.id)
        .limit(1)
    )
    return Carrier(None, person_id, person_name, plan_id, team_id, None, by)


def due_to_be_seen(phone: Carrier) -> bool:
    """Tell whether the phone's last contact is worth writing again."""
    return phone.seen_at is None or clock.now() - phone.seen_at > SEEN_EVERY


def see(session: Session, phone_id: int, device: str | None, agent: str | None) -> None:
    """Keep when, from which device and with which app a phone last came."""
    values = {"last_seen_at": clock.now(), "last_agent": text.clean(agent or "")[:200] or None}
    if name := text.clean(device or "")[:200]:
        values["last_device"] = name
    session.execute(update(Phone).where(Phone.id == phone_id).values(**values))


def phone_of_plan(session: Session, plan_id: int, phone_id: int) -> Phone:
    """Return a phone of a plan.

    Raises:
        NotFound: it is none of this plan's.
    """
    phone = session.get(Phone, phone_id)
    if phone is None or phone.plan_id != plan_id:
        raise NotFound()
    return phone
