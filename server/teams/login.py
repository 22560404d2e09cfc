"""Sign-in of phones by user name and password: Digest, or Basic where the line is encrypted.

A phone that was revoked and knows its password is refused with a sentence (403), as by its token;
only whoever does not know it is asked again (401). Wrong tries count as on the page.
"""

import base64
import datetime as dt
import hmac
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from server import clock
from server.db import insert_or_leave
from server.problems import Problem
from server.teams import digest, service
from server.teams.models import DigestNonce, Person, Phone, SignInFailure
from server.teams.problems import PhonePasswordNeeded, PhoneRefused, TooManyTries
from server.teams.service import Carrier

_NOBODY = digest.ha1("nobody", "nobody")


@dataclass(frozen=True)
class Attempt:
    """A request by which a phone says who it is; `secure`: nobody on the line can read it."""

    header: str
    method: str
    path: str
    query: str
    address: str
    secure: bool


@dataclass(frozen=True)
class Outcome:
    """Who the phone is, or a refusal; what is to be kept of either is written."""

    carrier: Carrier | None = None
    refusal: Problem | None = None


def check(session: Session, secret: str, plan_id: int, attempt: Attempt) -> Outcome:
    """Check what a phone has shown. The refusal is returned, because the failure must be kept."""
    if attempt.header[:6].lower() == "basic " and attempt.secure:
        return _basic(session, plan_id, attempt)
    answer = digest.read(attempt.header)
    if answer is None or not hmac.compare_digest(answer["opaque"], digest.opaque(secret)):
        return Outcome(refusal=PhonePasswordNeeded())
    made = digest.made_at(secret, answer["nonce"])
    now = clock.now()
    if made is None or not 0 <= now.timestamp() - made <= digest.NONCE_SECONDS:
        return Outcome(refusal=PhonePasswordNeeded(stale=True))
    username = answer["username"]
    held = _phone(session, username)
    known = {"MD5": held.ha1_md5, "SHA-256": held.ha1_sha256} if held else _NOBODY
    right = (
        answer.proves(known[answer.algorithm] or _NOBODY[answer.algorithm], attempt.method)
        and answer["realm"] == digest.REALM
        and answer.is_for(attempt.path, attempt.query)
    )
    judged = _judged(session, plan_id, username, held if right else None, attempt)
    if judged.refusal is None or isinstance(judged.refusal, PhoneRefused):
        ends = dt.datetime.fromtimestamp(made + digest.NONCE_SECONDS, dt.UTC)
        if not _first_use(session, answer["nonce"], answer.count, ends):
            return Outcome(refusal=PhonePasswordNeeded(stale=True))
    return judged


def _first_use(session: Session, nonce: str, count: int, ends: dt.datetime) -> bool:
    """Note the use of a nonce; False when this count, or a later one, was used before."""
    first = insert_or_leave(session, DigestNonce, ["nonce"])
    session.execute(first.values(nonce=nonce, used=0, expires_at=ends))
    moved = session.execute(
        update(DigestNonce)
        .where(DigestNonce.nonce == nonce, DigestNonce.used < count)
        .values(used=count)
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined] # an update's result has one


def _basic(session: Session, plan_id: int, attempt: Attempt) -> Outcome:
    try:
        given = base64.b64decode(attempt.header[6:].strip(), validate=True).decode("latin-1")
    except ValueError:
        return Outcome(refusal=PhonePasswordNeeded())
    username, _, password = given.partition(":")
    held = _phone(session, username)
    expected = (held.ha1_sha256 if held else None) or _NOBODY["SHA-256"]
    right = hmac.compare_digest(digest.ha1(username, password)["SHA-256"], expected)
    return _judged(session, plan_id, username, held if right else None, attempt)


def _phone(session: Session, username: str) -> Phone | None:
    if "\0" in username or len(username) > 100:
        return None
    return session.scalar(select(Phone).where(Phone.username == username))


def _judged(
    session: Session, plan_id: int, username: str, phone: Phone | None, attempt: Attempt
) -> Outcome:
    """Return what comes of an attempt by a phone that has shown its password; None: it has not."""
    account, origin = "phone:" + service.sha256(username), "address:" + attempt.address
    tries = ((account, service.TRIES_PER_ACCOUNT), (origin, service.TRIES_PER_ADDRESS))
    for who, most in tries if phone is None else tries[:1]:
        if minutes := service.wait(session, who, most):
            return Outcome(refusal=TooManyTries(minutes=minutes))
    if phone is None:
        service.note_failure(session, account, origin)
        return Outcome(refusal=PhonePasswordNeeded())
    session.execute(delete(SignInFailure).where(SignInFailure.who == account))
    person: Person = phone.person
    if phone.plan_id != plan_id or phone.revoked_at is not None or not person.active:
        return Outcome(refusal=PhoneRefused())
    return Outcome(
        Carrier(phone.id, person.id, person.name, plan_id, phone.team_id, phone.last_seen_at)
    )
