"""The draft of a form: how phones may try it, begun as a copy, called otherwise, set aside.

Phones try it by a token that lives as long as the draft.
"""

import hashlib
import hmac
import re
import secrets
from urllib.parse import quote

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server import clock, journal, text, xml
from server.journal import Actor
from server.problems import NotFound, Problem
from server.surveys import keys, lists, queries
from server.surveys.models import Form, FormVersion
from server.surveys.problems import FileNeeded, NoDraftMade, OnlyADraft, VersionTaken
from server.surveys.xform import XForm

COPY = "-nhap"
"""Stands behind the version of a copy until it is published under a name of its own."""
LONGEST_VERSION = 200


class NoDraft(Problem):
    """The draft was published or never was; its test code opens nothing any more."""

    code = "surveys.no-draft"
    status = 403
    message = (
        "Bản nháp này không còn: đã phát hành hoặc mã thử đã đổi. "
        "Hãy quét mã thử mới trên trang biểu mẫu, hoặc dùng mã chính thức của máy."
    )
    message_en = (
        "This draft is gone: it was published, or its test code changed. Scan the new test code "
        "on the form's page, or use the phone's own code."
    )


def open_for_trial(form: Form) -> None:
    """Give the draft of a form a token, unless it has one: testers need not scan again."""
    form.test_token = form.test_token or secrets.token_urlsafe(48)


def draft_of(session: Session, plan_id: int, form_id: str, token: str) -> FormVersion:
    """Return the newest draft of a form, for whoever holds its token.

    Raises:
        NoDraft: there is no such form, token or draft.
    """
    form = session.scalar(select(Form).where(Form.plan_id == plan_id, Form.form_id == form_id))
    held = form.test_token if form is not None else None
    if form is None or not hmac.compare_digest((held or "\0").encode(), token.encode()):
        raise NoDraft()
    draft = queries.latest_drafts(session, [form.id]).get(form.id)
    if draft is None:
        raise NoDraft()
    return draft


def path(token: str, plan_id: int, form_id: str) -> str:
    """Return the address, below the server's own, that a phone is set up with to try a draft."""
    return f"/v1/test/{quote(token)}/projects/{plan_id}/forms/{quote(form_id)}/draft"


def newest(session: Session, form: Form) -> FormVersion:
    """Return the newest draft of a form.

    Raises:
        NoDraftMade: it has none.
    """
    found = queries.latest_drafts(session, [form.id]).get(form.id)
    if found is None:
        raise NoDraftMade(form_id=form.form_id)
    return found


def copy(session: Session, form: Form, actor: Actor) -> FormVersion:
    """Begin a draft with what phones get now, so that only a file or a list is exchanged.

    Raises:
        NoDraftMade: phones get nothing yet.
    """
    current = form.current
    if current is None:
        raise NoDraftMade(form_id=form.form_id)
    name, xform = keys.plain(current)
    same = {each: getattr(current, each) for each in (*keys.COPIED, "own_key")}
    draft = _empty(session, form, name)
    for each, value in same.items():
        setattr(draft, each, value)
    draft.media.extend(keys.files_of(current))
    _write(draft, xform, draft.version)
    draft.dropped_at = None
    open_for_trial(form)
    session.flush()
    alone(session, draft)
    _tell(session, actor, "form.draft-copied", draft)
    return draft


def _empty(session: Session, form: Form, name: str) -> FormVersion:
    """Return the draft that a copy of version `name` is written into, without files."""
    for number in range(1, 100):
        called = f"{name[:LONGEST_VERSION]}{COPY}{number if number > 1 else ''}"
        held = queries.version_of(session, form.id, called)
        if held is None:
            made = FormVersion(version=called, created_at=clock.now(), media=[])
            form.versions.append(made)
            return made
        if held.published_at is None:
            for media in list(held.media):
                held.media.remove(media)
                session.delete(media)
            session.flush()
            return held
    raise VersionTaken(version=name, form_id=form.form_id)


def is_copy(draft: FormVersion) -> bool:
    """Tell whether a draft is a copy that has no version of its own yet."""
    return copied_from(draft) != draft.version


def copied_from(draft: FormVersion) -> str:
    """Return the version that a draft is a copy of, or its own."""
    return re.sub(f"{COPY}[0-9]*$", "", draft.version)


def call(session: Session, draft: FormVersion, version: str) -> None:
    """Give a draft another version, in its XForm too.

    Raises:
        VersionTaken: the form has one that is called so.
    """
    if version == draft.version:
        return
    held = queries.version_of(session, draft.form_pk, version)
    if held is not None and (held.published_at is not None or held.dropped_at is None):
        raise VersionTaken(version=version, form_id=draft.form.form_id)
    if held is not None:
        held.version = f"{version[:LONGEST_VERSION]} ({held.id})"
        session.flush()
    _write(draft, draft.xform, version)
    session.flush()


def _write(draft: FormVersion, xform: bytes, version: str) -> None:
    form = XForm(xml.parse(xform, xml.FORM_DEFINITION))
    form.primary.set("version", version)
    draft.version, draft.xform = version, xml.to_bytes(form.root)
    draft.xform_md5 = hashlib.md5(draft.xform, usedforsecurity=False).hexdigest()


def alone(session: Session, draft: FormVersion) -> None:
    """Set the other drafts of a form aside: from here on `draft` is the one that is meant."""
    session.execute(
        update(FormVersion)
        .where(
            FormVersion.form_pk == draft.form_pk,
            FormVersion.published_at.is_(None),
            FormVersion.dropped_at.is_(None),
            FormVersion.id != draft.id,
        )
        .values(dropped_at=clock.now())
    )


def drop(session: Session, form: Form, actor: Actor) -> None:
    """Set the draft of a form aside; what was tried on it stays.

    Raises:
        NoDraftMade: there is none.
        OnlyADraft: the form has nothing else.
    """
    draft = newest(session, form)
    if form.current_id is None:
        raise OnlyADraft(form_id=form.form_id)
    alone(session, draft)
    draft.dropped_at, form.test_token = clock.now(), None
    session.flush()
    _tell(session, actor, "form.draft-dropped", draft)


def detach(session: Session, draft: FormVersion, name: str, actor: Actor) -> None:
    """Take a file away from a draft.

    Raises:
        NotFound: it has none of that name.
    """
    held = next((each for each in draft.media if each.name == name), None)
    if held is None:
        raise NotFound()
    draft.media.remove(held)
    session.delete(held)
    session.flush()
    _tell(session, actor, "form.file-removed", draft, name=name, sha256=held.sha256)


def link(session: Session, draft: FormVersion, name: str, to_list: bool, actor: Actor) -> None:
    """Let the plan's list of that name stand for a file; or keep the file that was uploaded.

    Phones get a file that was uploaded before a list of its name.

    Raises:
        NotFound: the draft asks for no such file, or the plan has no such list.
        FileNeeded: no file was uploaded that could stand instead of the list.
    """
    name = text.clean(name)
    uploaded = any(each.name == name for each in draft.media)
    listed = name in lists.supplied(draft)
    if name not in {need["name"] for need in draft.needs} or (to_list and not listed):
        raise NotFound()
    if not to_list and not uploaded:
        raise FileNeeded(name=name)
    if to_list and uploaded:
        detach(session, draft, name, actor)


def _tell(session: Session, actor: Actor, verb: str, draft: FormVersion, **detail: str) -> None:
    form = draft.form
    journal.write(
        session, actor, verb, "form_version", draft.id, form.plan_id,
        form_id=form.form_id, version=draft.version, **detail,
    )  # fmt: skip
