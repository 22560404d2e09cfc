"""Reserves: a unit that cannot be visited is replaced by the next reserve, and by no other.

A team asks, with a reason and the attempts it made; another person decides. The server alone
knows which reserve is next: it is the one that the draw put there, and until it is released no
phone and no team account sees it. Every release is an entry of the register.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sampling import SamplingError
from sampling.multistage import Release, release
from sampling.register import entry
from server import clock, journal
from server.draws import carrying, lineage, method, register
from server.draws.models import (
    Draw,
    DrawnUnit,
    DrawState,
    Replacement,
    ReplacementState,
    UnitRole,
    Why,
)
from server.draws.problems import (
    AlreadyAsked,
    AlreadyDecided,
    AttemptsNeeded,
    EvidenceNeeded,
    NotDrawn,
    NotInUse,
    OutOfOrder,
    OwnRequest,
    ReasonNeeded,
    ReplacementRefused,
)
from server.draws.words import COMMUNES
from server.journal import Actor

NEED = {Why.ABSENT: 2}
OF_PLACES = (Why.UNSAFE, Why.NOT_LISTED)
DESCRIBED = 12  # characters: 'khóa cửa' is no evidence
APART = dt.timedelta(hours=2)
ALARM = Fraction(1, 10)
"""More replacements than this share are looked into (SMART allows reserve clusters so far)."""


@dataclass(frozen=True)
class Attempt:
    """Somebody went there, at an instant; `submission` is the form that tells of it, or 0."""

    at: dt.datetime
    submission: int = 0


def ask(
    session: Session,
    draw: Draw,
    unit_code: str,
    reason: Why,
    attempts: Sequence[Attempt],
    actor: Actor,
    note: str = "",
    instead: str = "",
) -> Replacement:
    """Ask for a drawn unit to be replaced. Nothing is released before somebody else agrees.

    Absence is shown by two attempts; any other reason by one, with the form that tells of it or
    with a `note` that says who confirms it, what was seen, which minutes or photo show it.
    `instead`: whoever names the reserve they expect is refused unless it is the next one.

    Raises:
        NotDrawn: the draw has no result, or is void.
        NotInUse: the unit is not one to visit.
        AlreadyAsked: its replacement waits, or was made.
        AttemptsNeeded, EvidenceNeeded: what is shown does not do for the reason.
        ReplacementRefused: no reserve is left, or the unit is certain.
        OutOfOrder: another reserve is next.
    """
    register.lock(session, draw)
    if draw.state is not DrawState.DRAWN:
        raise NotDrawn()
    if unit_code not in {unit.unit_code for unit in lineage.in_use(session, draw)}:
        raise NotInUse(unit=unit_code)
    following = _next(session, draw, unit_code, reason, actor.name)
    if instead and instead != following.unit_id:
        raise OutOfOrder(following=following.unit_id, asked=instead)
    described = method.printable(note)
    asked = Replacement(
        draw_id=draw.id,
        unit_code=unit_code,
        reason=reason,
        note=described,
        evidence=_evidence(draw, reason, attempts, described),
        asked_by=actor.name,
        asked_by_id=actor.person_id,
        asked_at=clock.now(),
        state=ReplacementState.ASKED,
    )
    _insert(session, asked)
    journal.write(
        session, actor, "replacement.asked", "replacement", asked.id, draw.plan_id,
        unit=unit_code, reason=reason.value,
    )  # fmt: skip
    return asked


def _insert(session: Session, asked: Replacement) -> None:
    try:
        with session.begin_nested():
            session.add(asked)
            session.flush()
    except IntegrityError as error:
        raise AlreadyAsked(unit=asked.unit_code) from error


def _evidence(
    draw: Draw, reason: Why, attempts: Sequence[Attempt], described: str
) -> list[dict[str, object]]:
    """Return the attempts that count, in order of time."""
    need = NEED.get(reason, 1)
    since = draw.seeded_at or clock.now()
    valid = sorted((a for a in attempts if since < a.at <= clock.now()), key=lambda a: a.at)
    apart = all(later.at - earlier.at >= APART for earlier, later in pairwise(valid))
    if len(valid) < need or len(valid) < len(attempts) or (need > 1 and not apart):
        raise AttemptsNeeded(need=NEED[Why.ABSENT], hours=APART // dt.timedelta(hours=1))
    told = any(a.submission for a in valid) or len(described) >= DESCRIBED
    if reason is not Why.ABSENT and not told:
        raise EvidenceNeeded(least=DESCRIBED)
    return [{"at": a.at.isoformat(), "submission": a.submission} for a in valid]


def _next(session: Session, draw: Draw, unit_code: str, reason: Why, by: str) -> Release:
    """Return the release that would follow: the next reserve of the unit's stratum.

    Raises:
        ReplacementRefused: there is none.
    """
    before = lineage.releases(session, draw.id)
    try:
        return release(method.stored(draw), before, unit_code, reason.value, by or "—")
    except SamplingError as error:
        raise ReplacementRefused.of(error) from error


def approve(session: Session, asked: Replacement, actor: Actor) -> DrawnUnit:
    """Agree: release the next reserve, write it in the register, send it to the phones.

    Raises:
        AlreadyDecided: somebody decided before.
        OwnRequest: the one who asked cannot agree.
        NotDrawn: the draw was voided meanwhile.
        ReplacementRefused: no reserve is left.
    """
    draw = asked.draw
    _lock(session, asked, actor)
    if draw.state is not DrawState.DRAWN:
        raise NotDrawn()
    given = _next(session, draw, asked.unit_code, asked.reason, actor.name)
    position = 1 + len(lineage.replacements(session, draw.id))
    _decide(asked, ReplacementState.APPROVED, actor, position, given.unit_id)
    facts: dict[str, str | int] = {
        "draw": register.entry_of(session, draw),
        "unit": given.unit_id,
        "replaces": given.replaces,
        "reason": asked.reason.value,
        "position": position,
        "attempts": len(asked.evidence),
        "asked_by": asked.asked_by,
        "approved_by": given.approved_by,
    }
    at = clock.now().isoformat()
    register.append(session, draw, "release", lambda prev: entry("release", prev, at, **facts))
    journal.write(
        session, actor, "replacement.approved", "replacement", asked.id, draw.plan_id,
        unit=given.replaces, released=given.unit_id,
    )  # fmt: skip
    _carry(session, draw, given, actor)
    return next(unit for unit in draw.drawn if unit.unit_code == given.unit_id)


def _carry(session: Session, draw: Draw, given: Release, actor: Actor) -> None:
    if draw.stage == COMMUNES:
        carrying.settle_visits(session, draw, given.replaces, actor)
    else:
        carrying.publish(session, draw, actor)


def decline(session: Session, asked: Replacement, actor: Actor) -> None:
    """Turn a request down; the unit stays in use.

    Raises:
        AlreadyDecided: somebody decided before.
        OwnRequest: the one who asked cannot decide.
    """
    _lock(session, asked, actor)
    _decide(asked, ReplacementState.DECLINED, actor)
    session.flush()
    journal.write(
        session, actor, "replacement.declined", "replacement", asked.id, asked.draw.plan_id
    )


def _lock(session: Session, asked: Replacement, actor: Actor) -> None:
    register.lock(session, asked.draw)
    session.refresh(asked, ["state", "decided_at", "decided_by"])
    if asked.state is not ReplacementState.ASKED:
        raise AlreadyDecided()
    same = asked.asked_by_id is not None and asked.asked_by_id == actor.person_id
    if same or asked.asked_by == actor.name:
        raise OwnRequest()
    if not actor.name.strip():
        raise ReasonNeeded(what="người phê duyệt", what_en="who approves")


def _decide(
    asked: Replacement,
    state: ReplacementState,
    actor: Actor,
    position: int | None = None,
    released: str | None = None,
) -> None:
    asked.state, asked.position, asked.released_code = state, position, released
    asked.decided_by, asked.decided_at = actor.name, clock.now()


@dataclass(frozen=True)
class Share:
    """How many of the chosen units were replaced."""

    chosen: int
    replaced: int

    @property
    def alarming(self) -> bool:
        """Whether somebody should look into it."""
        return self.chosen > 0 and Fraction(self.replaced, self.chosen) > ALARM

    @property
    def percent(self) -> int:
        """The share in whole percent, rounded up: more than ten never reads as ten."""
        return -(-self.replaced * 100 // self.chosen) if self.chosen else 0


def shares(session: Session, draw_ids: Sequence[int]) -> dict[int, Share]:
    """Return how many of each draw's units were replaced."""
    chosen = select(DrawnUnit.draw_id, func.count()).where(
        DrawnUnit.draw_id.in_(draw_ids), DrawnUnit.role != UnitRole.RESERVE
    )
    replaced = select(Replacement.draw_id, func.count()).where(
        Replacement.draw_id.in_(draw_ids), Replacement.state == ReplacementState.APPROVED
    )
    counts = dict(session.execute(replaced.group_by(Replacement.draw_id)).all())
    return {
        draw_id: Share(count, counts.get(draw_id, 0))
        for draw_id, count in session.execute(chosen.group_by(DrawnUnit.draw_id))
    }


def together(parts: Sequence[Share]) -> Share:
    """Return several draws' shares as one, e.g. of a team or a round."""
    return Share(sum(p.chosen for p in parts), sum(p.replaced for p in parts))
