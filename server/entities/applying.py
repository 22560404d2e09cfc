"""What one filled form's request does to a row: the rules for phones with offline entities.

Without a branch, a change stands on the version of ours that it names. A branch is one phone's
row of changes while offline: its first change stands on the version the phone left with, each
later one on what became of the change before it. A change that arrives before its predecessor is
held; forced, it is done on what we then have.
"""

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from server.entities import merging, names, queries, writing
from server.entities.merging import LABEL, Content, Merged
from server.entities.models import (
    Conflict,
    Entity,
    EntityList,
    EntityRequest,
    EntityVersion,
    RequestState,
)
from server.entities.placing import follow_place, placed
from server.entities.problems import (
    EntityDeleted,
    EntityExists,
    LabelMissing,
    UnknownEntity,
    UnknownVersion,
)
from server.entities.writing import Branch, Maker, Part
from server.journal import Actor

Outcome = EntityVersion | RequestState


def apply(session: Session, request: EntityRequest, forced: bool) -> Outcome:
    """Return the version that a request made, or the state in which it has to wait.

    `forced`: its predecessor is not waited for any more.

    Raises:
        Problem: it cannot be done; nothing may be kept of what was written.
    """
    found = queries.list_named(session, request.plan_id, request.dataset)
    key = names.row_id(request.uuid)
    writing.lock(session, found)
    entity = writing.fresh(session, found, key)
    if entity is None:
        return _missing(session, found, request, forced)
    if not request.updates:
        return _again(session, found, entity, request)
    if entity.deleted_at is not None:
        raise EntityDeleted(list=found.name, id=key)
    base = _base(session, entity, request, forced)
    if base is None:
        return RequestState.HELD
    return _update(session, found, entity, request, base, forced)


def _missing(session: Session, found: EntityList, request: EntityRequest, forced: bool) -> Outcome:
    """Make the row, or wait for the form that makes it."""
    if request.creates:
        return _create(session, found, request, forced=False)
    if not request.branch_id or request.trunk_version is not None:
        raise UnknownEntity(list=found.name, id=request.uuid)
    return _create(session, found, request, forced=True) if forced else RequestState.HELD


def _create(session: Session, found: EntityList, request: EntityRequest, forced: bool) -> Outcome:
    if found.approval_required and not request.approved:
        if request.creates:
            return RequestState.AWAITING
        raise UnknownEntity(list=found.name, id=request.uuid)
    content = Content(request.label, writing.clean_data(found, request.data))
    if not content.label:
        raise LabelMissing()
    mine = Part(request.team_id, request.person_id, request.area)
    part = placed(session, found, content, mine)
    maker = _maker(request)
    return writing.add(session, found, request.uuid, content, maker, part, _branch(request), forced)


def _maker(request: EntityRequest) -> Maker:
    actor = Actor("phone", request.person_id, request.actor)
    return Maker(actor, request.agent, request.submission_id)


def _branch(request: EntityRequest) -> Branch | None:
    """Return the branch of a request; a row made on the phone begins one, at its version 1."""
    if not request.branch_id:
        return None
    base = request.base_version if request.updates else None
    return Branch(request.branch_id, request.trunk_version, base)


def _again(session: Session, found: EntityList, entity: Entity, request: EntityRequest) -> Outcome:
    """Deal with the making of a row that is there.

    When a later change was forced before it, it fills what is missing and overrules nothing.
    """
    first = queries.version(session, entity, 1)
    if entity.deleted_at is not None or not first.forced:
        raise EntityExists(list=found.name, id=request.uuid)
    received = _received(found, request)
    content = merging.beneath(writing.content_of(entity), received)
    merged = Merged(content, Conflict.SOFT, [])
    follow_place(session, found, entity, content)
    return writing.change(
        session, found, entity, merged, _maker(request), received, entity.version, _branch(request)
    )


def _received(found: EntityList, request: EntityRequest) -> dict[str, str]:
    received = writing.clean_data(found, request.data)
    return {**received, LABEL: request.label} if request.label else received


def _base(
    session: Session, entity: Entity, request: EntityRequest, forced: bool
) -> EntityVersion | None:
    """Return the version of ours that a change stands on; None when it has yet to arrive.

    Raises:
        UnknownVersion: it names one that we never had, and no branch explains it.
    """
    begins = request.base_version == 1 or request.base_version == request.trunk_version
    if not request.branch_id or begins:
        return queries.version(session, entity, request.base_version)
    if request.base_version is None:
        raise UnknownVersion(id=entity.uuid, version="?")
    before = session.scalar(
        select(EntityVersion)
        .where(
            EntityVersion.entity_id == entity.id,
            EntityVersion.branch_id == request.branch_id,
            EntityVersion.branch_base_version == request.base_version - 1,
        )
        .order_by(EntityVersion.version.desc())
        .limit(1)
    )
    if before is None and forced:
        return queries.version(session, entity, entity.version)
    return before


def _update(
    session: Session,
    found: EntityList,
    entity: Entity,
    request: EntityRequest,
    base: EntityVersion,
    forced: bool,
) -> EntityVersion:
    received = _received(found, request)
    behind = base.version != entity.version
    merged = merging.merge(
        writing.content_of(entity),
        writing.content_of(base) if behind else None,
        received,
        interrupted=not behind and _interrupted(session, entity, request),
    )
    follow_place(session, found, entity, merged.content)
    return writing.change(
        session, found, entity, merged, _maker(request), received, base.version,
        _branch(request), forced,
    )  # fmt: skip


def _interrupted(session: Session, entity: Entity, request: EntityRequest) -> bool:
    """Tell whether others changed the row since the phone of this branch left with it."""
    if not request.branch_id:
        return False
    others = session.scalar(
        select(func.count()).where(
            EntityVersion.entity_id == entity.id,
            EntityVersion.version > (request.trunk_version or 1),
            or_(EntityVersion.branch_id.is_(None), EntityVersion.branch_id != request.branch_id),
        )
    )
    return bool(others)
