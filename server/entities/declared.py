"""What a form declares about lists: which it makes rows of or changes, and by which answers."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from server import xml
from server.entities import queries, service
from server.journal import SYSTEM
from server.surveys import fields as form_fields
from server.surveys import lists, xform
from server.surveys import service as surveys
from server.surveys.models import FormVersion
from server.surveys.xform import EntityUse

MOST_KNOWN = 1000
_known: dict[str, tuple[EntityUse, ...]] = {}


def uses_of(session: Session, version_id: int, md5: str) -> tuple[EntityUse, ...]:
    """Return what filled forms of a version do to lists; `md5` is the hash of its XForm.

    Each property belongs to the innermost entity that its question stands in. Read once for each
    XForm in the life of a process.
    """
    if md5 not in _known:
        document, fields = session.execute(
            select(FormVersion.xform, FormVersion.fields).where(FormVersion.id == version_id)
        ).one()
        form = xform.XForm(xml.parse(document, xml.FORM_DEFINITION))
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        found = xform.entities_of(form, form_fields.from_json(fields))
        _known[md5] = tuple(_own(use, found) for use in found)
    return _known[md5]


def _own(use: EntityUse, every: list[EntityUse]) -> EntityUse:
    """Return an entity with only those properties that no entity further inside has."""
    inside = tuple(
        f"{other.path}/"
        for other in every
        if other.path != use.path and other.path.startswith(f"{use.path}/" if use.path else "")
    )
    own = {
        name: path
        for name, path in use.properties.items()
        if not (inside and path.startswith(inside))
    }
    return EntityUse(use.dataset, use.creates, use.updates, use.path, own)


def _uses(version: FormVersion) -> tuple[EntityUse, ...]:
    session = object_session(version)
    return uses_of(session, version.id, version.xform_md5) if session is not None else ()


@surveys.before_publishing
def lists_are_there(version: FormVersion) -> None:
    """Make the lists and properties that a form declares, before any phone can ask for them.

    Raises:
        BadName: a list or a property may not be called that.
        PropertyExists: a list has a property only in other letters.
    """
    session = object_session(version)
    for use in _uses(version):
        assert session is not None  # noqa: S101 - else nothing was found
        service.ensure_list(
            session, version.form.plan_id, use.dataset, SYSTEM, list(use.properties)
        )


@lists.supplies
def supplied(versions: Sequence[FormVersion]) -> dict[int, Collection[str]]:
    """Return the files of versions that are lists of their plan, or will be once published."""
    session = object_session(versions[0]) if versions else None
    if session is None:
        return {}
    asked: dict[int, set[str]] = {}
    for version in versions:
        wanted = {need["name"].removesuffix(".csv") for need in version.needs}
        asked.setdefault(version.form.plan_id, set()).update(wanted)
    held = {
        plan_id: {each.name for each in queries.lists_named(session, plan_id, sorted(names))}
        for plan_id, names in asked.items()
    }
    return {
        version.id: [
            f"{name}.csv"
            for name in held[version.form.plan_id] | {use.dataset for use in _uses(version)}
        ]
        for version in versions
    }
