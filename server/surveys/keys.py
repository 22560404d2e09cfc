"""Verbs about the keys with which the phones of a plan encrypt: make one, retire it, unlock it.

From when a key is in force, every form that is published carries it. Its version gets a suffix
that names the key, so that phones take it for another form than the plain one and so that no
published version ever changes. A form that brings a key of its own keeps that one.
"""

import hashlib
import unicodedata
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import cipher, clock, journal, text, xml
from server.journal import Actor
from server.surveys import queries
from server.surveys.models import Form, FormMedia, FormVersion, PlanKey
from server.surveys.problems import (
    DamagedKey,
    EncryptionOff,
    EncryptionOn,
    HintTellsAll,
    NoKeyHere,
    VersionTaken,
    WeakPassphrase,
    WrongPassphrase,
)
from server.surveys.xform import XForm

if TYPE_CHECKING:
    from server.surveys.compile import Compiled

LEAST_PASSPHRASE = 14
LONGEST_PASSPHRASE = 500
COPIED = (
    "title", "workbook_sha256", "workbook_name", "fields", "languages", "needs", "roles", "rules",
    "warnings", "validated", "allowed", "notes",
)  # fmt: skip


def in_force(session: Session, plan_id: int) -> PlanKey | None:
    """Return the key with which forms of the plan are published now."""
    query = select(PlanKey).where(PlanKey.plan_id == plan_id, PlanKey.retired_at.is_(None))
    return session.scalar(query)


def make(session: Session, plan_id: int, passphrase: str, hint: str, actor: Actor) -> PlanKey:
    """Make the plan's key; `passphrase` opens it and is kept nowhere.

    Raises:
        EncryptionOn: the plan has a key in force.
        WeakPassphrase: too short.
        HintTellsAll: the hint holds the passphrase.
    """
    if in_force(session, plan_id) is not None:
        raise EncryptionOn()
    if not LEAST_PASSPHRASE <= len(unicodedata.normalize("NFC", passphrase)) <= LONGEST_PASSPHRASE:
        raise WeakPassphrase(least=LEAST_PASSPHRASE)
    if text.fold(passphrase) in text.fold(hint):
        raise HintTellsAll()
    pair = cipher.new_pair(passphrase)
    key = PlanKey(
        plan_id=plan_id,
        public_key=pair.public,
        private_key=pair.private,
        private_sha256=_sha256(pair.private),
        lock=pair.lock,
        hint=text.clean(hint)[:200],
        created_at=clock.now(),
        created_by=actor.name,
    )
    session.add(key)
    session.flush()
    journal.write(
        session, actor, "plan.encryption-on", "plan", plan_id, plan_id,
        key=cipher.fingerprint(key.public_key),
    )  # fmt: skip
    return key


def retire(session: Session, plan_id: int, actor: Actor) -> None:
    """Publish forms of the plan in the plain again from now on; the key stays for what came.

    Raises:
        EncryptionOff: no key is in force.
    """
    key = in_force(session, plan_id)
    if key is None:
        raise EncryptionOff()
    key.retired_at = clock.now()
    session.flush()
    journal.write(
        session, actor, "plan.encryption-off", "plan", plan_id, plan_id,
        key=cipher.fingerprint(key.public_key),
    )  # fmt: skip


def key_of(version: FormVersion) -> PlanKey:
    """Return the key with which phones encrypt what is filled in this version.

    Raises:
        NoKeyHere: it is not the plan's.
    """
    if version.key is None:
        raise NoKeyHere(form_id=version.form.form_id)
    return version.key


def unlock(key: PlanKey, passphrase: str) -> cipher.PrivateKey:
    """Return the private half, for as long as the caller holds it.

    Raises:
        WrongPassphrase: it opens nothing.
        DamagedKey: the stored key is not what was stored.
    """
    if _sha256(key.private_key) != key.private_sha256:
        raise DamagedKey()
    try:
        private = cipher.unlock(key.private_key, key.lock, passphrase[:LONGEST_PASSPHRASE])
    except cipher.NotDecrypted:
        raise WrongPassphrase(hint=key.hint or "—") from None
    if not cipher.belongs(private, key.public_key):
        raise DamagedKey()
    return private


def _sha256(private: str) -> str:
    return hashlib.sha256(private.encode()).hexdigest()


def version_name(version: str, key: PlanKey) -> str:
    """Return what a version is called once it is encrypted with `key`."""
    return f"{version or '1'}-enc-{cipher.fingerprint(key.public_key)[:8]}"


def with_key(xform: bytes, key: PlanKey) -> bytes:
    """Return the XForm in its encrypted version."""
    root = xml.parse(xform, xml.FORM_DEFINITION)
    form = XForm(root)
    form.primary.set("version", version_name(form.version, key))
    form.encrypt_with(key.public_key)
    return xml.to_bytes(root)


def plain(version: FormVersion) -> tuple[str, bytes]:
    """Return what a version was called, and its XForm, before the plan's key came to it."""
    if version.key is None:
        return version.version, version.xform
    name = version.version.removesuffix(version_name("", version.key).removeprefix("1"))
    form = XForm(xml.parse(version.xform, xml.FORM_DEFINITION))
    form.encrypt_no_more()
    form.primary.set("version", name)
    return name, xml.to_bytes(form.root)


def sealed(session: Session, version: FormVersion) -> FormVersion:
    """Return the version that phones may get: itself, or encrypted with the key in force.

    A draft becomes its encrypted version; a published one stays, and gets an encrypted twin.

    Raises:
        VersionTaken: that version is published with other content.
    """
    key = in_force(session, version.form.plan_id)
    if key is None or version.own_key or version.key_id == key.id:
        return version
    if version.key_id is not None:
        raise VersionTaken(version=version.version, form_id=version.form.form_id)
    xform = with_key(version.xform, key)
    md5 = hashlib.md5(xform, usedforsecurity=False).hexdigest()
    name = version_name(version.version, key)
    twin = queries.version_of(session, version.form_pk, name)
    if twin is not None:
        if twin.xform_md5 != md5:
            raise VersionTaken(version=name, form_id=version.form.form_id)
        return twin
    if version.published_at is not None:
        version = _copied(version)
        session.add(version)
    version.version, version.xform, version.xform_md5, version.key = name, xform, md5, key
    session.flush()
    return version


def _copied(version: FormVersion) -> FormVersion:
    return FormVersion(
        form=version.form,
        created_at=clock.now(),
        media=files_of(version),
        **{name: getattr(version, name) for name in COPIED},
    )


def files_of(version: FormVersion) -> list[FormMedia]:
    """Return the files of a version for another one."""
    files = ("name", "content_type", "sha256", "md5", "size_bytes")
    return [FormMedia(**{name: getattr(each, name) for name in files}) for each in version.media]


def published_sealed(
    session: Session, form: Form, compiled: "Compiled"
) -> tuple[FormVersion | None, bytes]:
    """Return the encrypted twin of a compiled form, if there is one, and what it should be."""
    key = in_force(session, form.plan_id)
    if key is None or compiled.public_key:
        return None, b""
    name = version_name(compiled.version, key)
    return queries.version_of(session, form.id, name), with_key(compiled.xform, key)
