"""What filled forms ask of rows: done at once, held for its turn, or kept for the office.

A form is never refused for what it asks here: the phone has been told that its form is stored.
Every request is a row of its own (`EntityRequest`), taken once however often the form comes.
What one request does to a row is in `applying`.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from server import clock, journal
from server.entities import applying, writing
from server.entities.merging import LABEL
from server.entities.models import EntityRequest, EntityVersion, RequestState
from server.entities.problems import NotHeld
from server.journal import Actor
from server.problems import Problem

LONGEST_WAIT = dt.timedelta(days=5)
FORCED_AT_ONCE = 100
WAITING = (RequestState.HELD, RequestState.AWAITING, RequestState.FAILED)


@dataclass(frozen=True)
class Ask:
    """What one form says of one row; versions as the phone knew them.

    `data` holds the values of the properties that were on the form, '' for one left empty.
    """

    dataset: str
    uuid: str
    create: bool
    update: bool
    label: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    base_version: int | None = None
    trunk_version: int | None = None
    branch_id: str = ""


@dataclass(frozen=True)
class Origin:
    """The form that asks, and who filled it in.

    `replaces` is the instanceID of the form that this one is an edit of; `approved` tells that a
    reviewer has said yes to it.
    """

    plan_id: int
    submission_id: int
    instance_id: str
    person_id: int | None = None
    actor: str = ""
    agent: str = ""
    team_id: int | None = None
    area: str = ""
    replaces: str = ""
    approved: bool = False


def take(session: Session, origin: Origin, asks: Sequence[Ask]) -> list[EntityRequest]:
    """Take what a form asks, each row once; return the requests that are new."""
    held = set(
        session.scalars(
            select(EntityRequest.position).where(
                EntityRequest.plan_id == origin.plan_id,
                EntityRequest.instance_id == origin.instance_id,
            )
        )
    )
    made = []
    for position, ask in enumerate(asks):
        if position not in held and (ask.create or ask.update):
            request = _request(origin, position, ask)
            session.add(request)
            made.append(request)
    session.flush()
    for request in made:
        if not _settled_by_edit(session, request):
            _do(session, request)
    return made


def _request(origin: Origin, position: int, ask: Ask) -> EntityRequest:
    return EntityRequest(
        plan_id=origin.plan_id,
        submission_id=origin.submission_id,
        instance_id=origin.instance_id,
        position=position,
        replaces=origin.replaces,
        dataset=ask.dataset[:100],
        uuid=ask.uuid.strip().lower().removeprefix("uuid:")[:60],
        creates=ask.create,
        updates=ask.update,
        label=writing.clean_label(ask.label),
        data=dict(ask.data),
        base_version=ask.base_version,
        trunk_version=ask.trunk_version,
        branch_id=ask.branch_id[:100],
        approved=origin.approved,
        person_id=origin.person_id,
        actor=origin.actor,
        agent=origin.agent,
        team_id=origin.team_id,
        area=origin.area,
        received_at=clock.now(),
        state=RequestState.HELD,
        details={},
    )


def _settled_by_edit(session: Session, request: EntityRequest) -> bool:
    """Deal with a form whose edit, or whose original, asked the same row before it.

    A late original never undoes its edit. An edit of what is done already is a change on top of
    it, of what the edit says otherwise; an edit of what still waits takes its place.
    """
    same = select(EntityRequest).where(
        EntityRequest.plan_id == request.plan_id,
        EntityRequest.dataset == request.dataset,
        EntityRequest.uuid == request.uuid,
        EntityRequest.id != request.id,
    )
    edit = session.scalar(same.where(EntityRequest.replaces == request.instance_id).limit(1))
    if edit is not None:
        _settle(request, RequestState.REPLACED)
        return True
    if not request.replaces:
        return False
    original = session.scalar(same.where(EntityRequest.instance_id == request.replaces).limit(1))
    if original is None:
        return False
    if original.state is not RequestState.APPLIED or original.version is None:
        _settle(original, RequestState.REPLACED)
        return False
    return _on_top(request, original, original.version)


def _on_top(request: EntityRequest, original: EntityRequest, version: EntityVersion) -> bool:
    """Make of an edit a change on top of what its original did; tell whether nothing differs."""
    before = {**original.data, LABEL: original.label}
    request.creates, request.updates, request.branch_id = False, True, ""
    request.base_version, request.trunk_version = version.version, None
    request.label = request.label if request.label != original.label else ""
    request.data = {
        name: value for name, value in request.data.items() if before.get(name) != value
    }
    if request.data or request.label:
        return False
    _settle(request, RequestState.APPLIED)
    request.version = version
    return True


def _settle(request: EntityRequest, state: RequestState, by: str = "") -> None:
    request.state, request.settled_at, request.settled_by = state, clock.now(), by
    request.problem, request.details = "", {}


def _do(session: Session, request: EntityRequest, forced: bool = False) -> None:
    """Do what a request asks, and then whatever waited for it, one after the other."""
    todo = [request]
    while todo:
        each = todo.pop()
        _try(session, each, forced and each is request)
        if each.state is RequestState.APPLIED:
            todo += _followers(session, each)


def _try(session: Session, request: EntityRequest, forced: bool) -> None:
    """Do one request; what cannot be done is kept with the reason, and nothing of it is written."""
    try:
        with session.begin_nested():
            outcome = applying.apply(session, request, forced)
    except Problem as problem:
        request.state = RequestState.FAILED
        request.problem, request.details = problem.code, _said(problem)
        _tell(session, request, "failed")
    else:
        if isinstance(outcome, EntityVersion):
            _settle(request, RequestState.APPLIED)
            request.version = outcome
            _tell_done(session, request, outcome)
        else:
            request.state, request.problem, request.details = outcome, "", {}
            _tell(session, request, outcome.value)
    session.flush()


def _said(problem: Problem) -> dict[str, str]:
    return {"vi": problem.text("vi"), "en": problem.text("en")}


def _tell(session: Session, request: EntityRequest, verb: str, **more: object) -> None:
    actor = Actor("phone", request.person_id, request.actor)
    journal.write(
        session, actor, f"entity.{verb}", "entity_request", request.id, request.plan_id,
        list=request.dataset, uuid=request.uuid, submission=request.submission_id, **more,
    )  # fmt: skip


def _tell_done(session: Session, request: EntityRequest, version: EntityVersion) -> None:
    journal.write(
        session,
        Actor("phone", request.person_id, request.actor),
        "entity.created" if version.version == 1 else "entity.updated",
        "entity",
        version.entity_id,
        request.plan_id,
        list=request.dataset, uuid=request.uuid, version=version.version, forced=version.forced,
        conflict=version.conflict.value, submission=request.submission_id,
    )  # fmt: skip


def _followers(session: Session, request: EntityRequest) -> Sequence[EntityRequest]:
    """Return the held requests whose turn comes after `request`."""
    held = select(EntityRequest).where(
        EntityRequest.plan_id == request.plan_id,
        EntityRequest.dataset == request.dataset,
        EntityRequest.uuid == request.uuid,
        EntityRequest.state == RequestState.HELD,
        EntityRequest.id != request.id,
    )
    if request.creates and (request.version is None or request.version.version == 1):
        return session.scalars(held.where(EntityRequest.base_version == 1)).all()
    if not request.branch_id or request.base_version is None:
        return []
    return session.scalars(
        held.where(
            EntityRequest.branch_id == request.branch_id,
            EntityRequest.base_version == request.base_version + 1,
        )
    ).all()


def approve(session: Session, plan_id: int, instance_id: str) -> int:
    """Do what an approved form asked and what waited for the approval; return how many."""
    waiting = session.scalars(
        select(EntityRequest).where(
            EntityRequest.plan_id == plan_id,
            EntityRequest.instance_id == instance_id,
            EntityRequest.approved.is_(False),
        )
    ).all()
    done = 0
    for request in waiting:
        request.approved = True
        if request.state is RequestState.AWAITING:
            _do(session, request)
            done += 1
    session.flush()
    return done


def force_overdue(session: Session) -> int:
    """Do what has been held for five days, oldest first; return how many were done.

    Changes of a row whose making only waits for a reviewer go on waiting with it.
    """
    horizon = clock.now() - LONGEST_WAIT
    making = aliased(EntityRequest)
    awaited = (
        select(making.id)
        .where(
            making.plan_id == EntityRequest.plan_id,
            making.dataset == EntityRequest.dataset,
            making.uuid == EntityRequest.uuid,
            making.state == RequestState.AWAITING,
        )
        .exists()
    )
    overdue = session.scalars(
        select(EntityRequest)
        .where(
            EntityRequest.state == RequestState.HELD,
            EntityRequest.received_at <= horizon,
            ~awaited,
        )
        .order_by(EntityRequest.base_version, EntityRequest.id)
        .limit(FORCED_AT_ONCE)
    ).all()
    for request in overdue:
        if request.state is RequestState.HELD:
            _do(session, request, forced=True)
    return len(overdue)


def retry(session: Session, request: EntityRequest, actor: Actor, force: bool = False) -> None:
    """Try once more, now that something was mended; with `force`, without its predecessor.

    Raises:
        NotHeld: it does not wait for anybody.
    """
    _must_wait(request)
    verb = "entity.forced" if force else "entity.retried"
    journal.write(session, actor, verb, "entity_request", request.id, request.plan_id)
    _do(session, request, forced=force)


def dismiss(session: Session, request: EntityRequest, actor: Actor) -> None:
    """Put a request aside; it stays on record.

    Raises:
        NotHeld: it does not wait for anybody.
    """
    _must_wait(request)
    request.state, request.settled_at, request.settled_by = (
        RequestState.DISMISSED,
        clock.now(),
        actor.name,
    )
    session.flush()
    journal.write(session, actor, "entity.dismissed", "entity_request", request.id, request.plan_id)


def _must_wait(request: EntityRequest) -> None:
    if request.state not in WAITING:
        raise NotHeld()
