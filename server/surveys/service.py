"""Verbs about forms: upload a workbook as a draft, add its files, publish, close."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock, journal, text
from server.files import Files
from server.journal import Actor
from server.surveys import changes, drafts, keys, lists, queries
from server.surveys.fields import from_json
from server.surveys.models import Form, FormMedia, FormState, FormVersion, PhoneList
from server.surveys.problems import BadMediaName, FormIdTaken, MissingMedia, VersionTaken
from server.surveys.roles import roles

if TYPE_CHECKING:
    from server.surveys.compile import Compiled

LONGEST_NOTES = 1000
LIVE_LISTS = ("visits.csv", "hamlets.csv", "households.csv")
"""Lists that the server makes from its own rows; nobody uploads them."""


def upload(
    session: Session,
    files: Files,
    plan_id: int,
    workbook: bytes,
    workbook_name: str,
    compiled: "Compiled",
    actor: Actor,
    form_id: str | None = None,
) -> FormVersion:
    """Keep a compiled workbook as the draft of its form, and return it.

    Uploading a draft again replaces it; the same workbook as a published version changes nothing.

    Raises:
        FormIdTaken: `form_id` was expected and the workbook is another form.
        VersionTaken: that version is published with other content.
    """
    if form_id is not None and compiled.form_id != form_id:
        raise FormIdTaken(found=compiled.form_id, expected=form_id)
    form = _form(session, plan_id, compiled)
    sealed = keys.published_sealed(session, form, compiled)
    held = queries.version_of(session, form.id, compiled.version)
    for published, xform in ((held, compiled.xform), sealed):
        if published is not None and published.published_at is not None:
            if published.xform_md5 != _md5(xform):
                raise VersionTaken(version=published.version, form_id=compiled.form_id)
            return published
    version = held or FormVersion(form=form, version=compiled.version, created_at=clock.now())
    kept = files.keep_bytes(workbook)
    version.title = text.clean(compiled.title)
    version.workbook_sha256, version.workbook_name = kept.sha256, workbook_name[:200]
    version.xform, version.xform_md5 = compiled.xform, _md5(compiled.xform)
    version.fields = [_plain(field) for field in compiled.fields]
    version.languages = list(compiled.languages)
    version.needs = [_plain(need) for need in compiled.media]
    version.roles = roles(compiled.xform, compiled.fields)
    version.rules = _plain(compiled.rules)
    version.warnings, version.validated = list(compiled.warnings), compiled.validated
    version.own_key, version.dropped_at = bool(compiled.public_key), None
    version.allowed = list(compiled.elsewhere)
    drafts.open_for_trial(form)
    session.add(version)
    session.flush()
    journal.write(
        session, actor, "form.uploaded", "form_version", version.id, plan_id,
        form_id=form.form_id, version=version.version,
    )  # fmt: skip
    if compiled.elsewhere:
        journal.write(
            session, actor, "form.elsewhere-allowed", "form_version", version.id, plan_id,
            form_id=form.form_id, version=version.version, settings=", ".join(compiled.elsewhere),
            url=compiled.sends_to,
        )  # fmt: skip
    return version


def _form(session: Session, plan_id: int, compiled: "Compiled") -> Form:
    form = queries.form(session, plan_id, compiled.form_id)
    if form is None:
        form = Form(
            plan_id=plan_id,
            form_id=compiled.form_id,
            title=text.clean(compiled.title),
            created_at=clock.now(),
        )
        session.add(form)
        session.flush()
    return form


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _plain(value: Any) -> Any:
    """Return `value` as JSON can hold it."""
    if hasattr(value, "to_json"):
        return value.to_json()
    if is_dataclass(value) and not isinstance(value, type):
        return json.loads(json.dumps(asdict(value), ensure_ascii=False, default=str))
    return json.loads(json.dumps(value, ensure_ascii=False, default=str))


def attach(
    session: Session,
    files: Files,
    version: FormVersion,
    name: str,
    content_type: str,
    stream: IO[bytes],
    actor: Actor,
) -> FormMedia:
    """Keep a file that the draft needs, replacing one of the same name.

    Raises:
        BadMediaName: the form does not ask for a file of that name.
        VersionTaken: the version is published, and published versions never change.
    """
    if version.published_at is not None:
        raise VersionTaken(version=version.version, form_id=version.form.form_id)
    wanted = [need["name"] for need in version.needs if need["name"] not in LIVE_LISTS]
    clean = text.clean(name)
    if clean not in wanted:
        raise BadMediaName(name=clean, needs=", ".join(wanted) or "—")
    kept = files.keep(stream)
    media = next((m for m in version.media if m.name == clean), None)
    if media is None:
        media = FormMedia(name=clean)
        version.media.append(media)
    media.content_type = content_type
    media.sha256, media.md5, media.size_bytes = kept.sha256, kept.md5, kept.size_bytes
    session.flush()
    journal.write(
        session, actor, "form.file-added", "form_version", version.id, version.form.plan_id,
        name=clean, sha256=kept.sha256,
    )  # fmt: skip
    return media


def needed_files(version: FormVersion) -> list[str]:
    """Return the names of the files that somebody must upload for this version."""
    return _by_hand(version, lists.supplied(version))


def _by_hand(version: FormVersion, made: set[str]) -> list[str]:
    names = [need["name"] for need in version.needs]
    return [name for name in names if name not in made and name not in LIVE_LISTS]


@dataclass(frozen=True)
class Looked:
    """What somebody knows of what a draft would change, when they publish it.

    `run` is the number of the dry run that they saw, `without` why they publish without one.
    """

    run: int | None = None
    without: str = ""


BLIND = Looked()
Check = Callable[[FormVersion], None]
Weighing = Callable[[Session, FormVersion, Looked, Actor], None]
_checks: list[Check] = []
_weighings: list[Weighing] = []


def before_publishing(check: Check) -> Check:
    """Register a function that refuses, with a Problem, a version that must not reach phones.

    For rooms above this one, which read parts of the workbook that are theirs.
    """
    _checks.append(check)
    return check


def weighed_before_publishing(weighing: Weighing) -> Weighing:
    """Register a function that refuses a version whose effects nobody has looked at."""
    _weighings.append(weighing)
    return weighing


def changes_of(version: FormVersion) -> list[changes.Change]:
    """Return what publishing a version would change from the one that phones get now."""
    current = version.form.current
    if current is None or current.id == version.id:
        return []
    before, after = from_json(current.fields), from_json(version.fields)
    return changes.between(before, after, [*current.rules, *version.rules])


def publish(
    session: Session,
    version: FormVersion,
    actor: Actor,
    notes: str | None = None,
    looked: Looked = BLIND,
) -> FormVersion:
    """Make `version` the one that phones get, and return it. From now on nothing in it changes.

    `notes` say to colleagues what is new in it; `looked` is what the publisher knows of its effect.

    Where the plan encrypts its forms, phones get the version's encrypted twin; that is returned.

    Raises:
        MissingMedia: files that it needs have not been uploaded.
        TypeChanged: answers of the version before could not be read beside its own.
        Problem: whatever a check of `before_publishing` found, or somebody should look at first.
    """
    if version.published_at is None:
        changes.check(changes_of(version))
        for check in _checks:
            check(version)
        for weighing in _weighings:
            weighing(session, version, looked, actor)
        if notes is not None:
            version.notes = text.clean(notes)[:LONGEST_NOTES]
    missing = set(needed_files(version)) - {media.name for media in version.media}
    if missing:
        raise MissingMedia(names=", ".join(sorted(missing)))
    form = version.form
    version = keys.sealed(session, version)
    if version.published_at is None:
        version.published_at, version.dropped_at = clock.now(), None
    form.current, form.title, form.test_token = version, version.title, None
    session.flush()
    journal.write(
        session, actor, "form.published", "form_version", version.id, form.plan_id,
        form_id=form.form_id, version=version.version,
    )  # fmt: skip
    return version


def set_state(session: Session, form: Form, state: FormState, actor: Actor) -> None:
    """Open, let run out, or close a form."""
    form.state = state
    journal.write(session, actor, "form.state-set", "form", form.id, form.plan_id, to=state.value)


def put_list(
    session: Session, plan_id: int, team_id: int | None, name: str, content: bytes, rows: int
) -> None:
    """Keep what phones of a team (or of every team) get as `name`; unchanged bytes stay."""
    md5 = _md5(content)
    held = session.scalar(
        select(PhoneList).where(
            PhoneList.plan_id == plan_id, PhoneList.team_id == team_id, PhoneList.name == name
        )
        if team_id is not None
        else select(PhoneList).where(
            PhoneList.plan_id == plan_id, PhoneList.team_id.is_(None), PhoneList.name == name
        )
    )
    if held is None:
        held = PhoneList(plan_id=plan_id, team_id=team_id, name=name)
        session.add(held)
    elif held.md5 == md5:
        return
    held.content, held.md5, held.rows, held.updated_at = content, md5, rows, clock.now()
    session.flush()


def missing_files(version: FormVersion) -> Sequence[str]:
    """Return the needed files that nobody has uploaded yet, by name."""
    return missing_from([version])[version.id]


def missing_from(versions: Sequence[FormVersion]) -> dict[int, list[str]]:
    """Return, by version id, the needed files that nobody has uploaded yet, by name."""
    made = lists.supplied_to(versions)
    held = {version.id: {media.name for media in version.media} for version in versions}
    return {
        version.id: sorted(set(_by_hand(version, made[version.id])) - held[version.id])
        for version in versions
    }
