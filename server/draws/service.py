"""Verbs about draws: freeze and commit, enter the seed and draw, void; make the visits."""

import json
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy import text as sql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sampling import Commitment, Design, Frame, SamplingError
from sampling.bundle import package as bundle
from sampling.draw import Draw as Drawn
from sampling.protocol import NO_HASH as NO_HASH
from sampling.protocol import canonical
from sampling.protocol import digest as digest
from sampling.register import draw_entry, entry
from sampling.seeds import Source, instant
from server import clock, journal, text
from server.draws import method, queries
from server.draws.method import commitment_of as commitment_of
from server.draws.method import redone as redone
from server.draws.method import source_of as source_of
from server.draws.models import Draw, DrawnUnit, DrawState, RegisterEntry, UnitRole
from server.draws.problems import (
    AlreadyDrawn,
    AlreadyVoid,
    DrawRefused,
    LiveDraw,
    NotDrawn,
    PlanClosed,
    ReasonNeeded,
    SecondPersonNeeded,
)
from server.journal import Actor
from server.monitoring import service as monitoring
from server.monitoring.models import Origin, Plan, PlanState, Round, Visit, VisitState
from server.places.models import Place

VISITS = "giám sát"
COMMUNES = "xã"


def commit(
    session: Session,
    round_: Round,
    places: Sequence[Place],
    size: int,
    reserves: int,
    source: Source,
    actor: Actor,
    excluded: Mapping[str, str] | None = None,
    purpose: str = VISITS,
) -> Draw:
    """Freeze the list of communes and commit to how the draw will be made.

    Nothing is random yet and nothing of the result can be known: the seed comes after the
    commitment is printed. Units in `excluded` (code -> reason) stay on the list, marked.

    Raises:
        LiveDraw: the round has a draw for this purpose that is not void.
        UnknownUnit, ReasonNeeded: an exclusion is not on the list, or lacks its reason.
        OutsidePlan, PlanClosed: a unit is not the plan's, or the plan is only read by now.
        DrawRefused: the design cannot be met, e.g. more units asked for than there are.
    """
    _one_at_a_time(session, round_.plan)
    live = queries.live(session, round_.id, purpose, COMMUNES, "")
    if live is not None:
        raise LiveDraw(number=live.number)
    frame = method.frame_of(round_.plan, places, excluded or {})
    method.enough(frame, size, reserves)
    commitment = method.promise(
        round_,
        frame,
        Design("srs", size, reserves),
        source,
        clock.now(),
        purpose=purpose,
        stage=COMMUNES,
        draw_no=1 + queries.voided(session, round_.id, purpose, COMMUNES, ""),
        prev=head(session),
    )
    draw = _row(round_, frame, commitment, _next_number(session, round_.plan_id))
    _insert(session, draw)
    journal.write(
        session, actor, "draw.committed", "draw", draw.id, draw.plan_id,
        frame_sha256=draw.frame_sha256, commitment_sha256=draw.commitment_sha256,
    )  # fmt: skip
    return draw


def _row(round_: Round, frame: Frame, commitment: Commitment, number: int) -> Draw:
    return Draw(
        plan_id=round_.plan_id,
        round_id=round_.id,
        number=number,
        purpose=commitment.purpose,
        stage=commitment.stage,
        parent_code="",
        state=DrawState.COMMITTED,
        frame=frame.tsv(),
        frame_sha256=frame.sha256,
        units=len(frame.eligible),
        excluded=[{"code": u.id, "reason": u.excluded} for u in frame.units if u.excluded],
        size=commitment.design.n,
        reserves=commitment.design.reserves,
        seed_kind=commitment.seed_source.kind,
        commitment=commitment.json,
        commitment_sha256=commitment.sha256,
        committed_at=instant(commitment.committed_at),
    )


def _one_at_a_time(session: Session, plan: Plan) -> None:
    """Let one transaction at a time commit draws of a plan (SQLite writers queue anyway)."""
    session.execute(select(Plan.id).where(Plan.id == plan.id).with_for_update(key_share=True))
    if plan.state is PlanState.CLOSED:
        raise PlanClosed()


def _insert(session: Session, draw: Draw) -> None:
    """Store the draw; when two people press at once, the database lets one of them through."""
    try:
        with session.begin_nested():
            session.add(draw)
            session.flush()
    except IntegrityError as error:
        live = queries.live(session, draw.round_id, draw.purpose, draw.stage, draw.parent_code)
        if live is None:
            raise
        raise LiveDraw(number=live.number) from error


def _next_number(session: Session, plan_id: int) -> int:
    return 1 + (session.scalar(select(func.max(Draw.number)).where(Draw.plan_id == plan_id)) or 0)


def head(session: Session) -> str:
    """Return the hash of the register's last entry; it is printed on every paper."""
    last = session.scalar(select(RegisterEntry.sha256).order_by(RegisterEntry.id.desc()).limit(1))
    return last or NO_HASH


def seed(
    session: Session, draw: Draw, read_aloud: str, witnesses: Sequence[str], actor: Actor
) -> Draw:
    """Enter the public seed, draw, and keep the result in the register.

    Raises:
        AlreadyDrawn: the draw has its seed, or is void.
        TooEarly: the commitment, or the lottery it names, is not in the past.
        DrawRefused: the seed is short, malformed, or read by too few witnesses.
    """
    _lock(session, draw)
    if draw.state is not DrawState.COMMITTED:
        raise AlreadyDrawn()
    at = clock.now()
    drawn = method.drawn(draw, read_aloud, witnesses, at)
    number = drawn.seed
    draw.seed, draw.seeded_at, draw.state = number.value, at, DrawState.DRAWN
    draw.witnesses = [{"name": name} for name in number.witnesses] + [{"raw": number.raw}]
    _store_result(session, draw, drawn)
    _append(session, draw, "draw", lambda prev: draw_entry(drawn, prev, at.isoformat()))
    journal.write(
        session, actor, "draw.drawn", "draw", draw.id, draw.plan_id, result_sha256=drawn.sha256
    )
    return draw


def _lock(session: Session, draw: Draw) -> None:
    """Read the draw's state anew, and keep others from changing it until we are done."""
    session.execute(select(Draw.id).where(Draw.id == draw.id).with_for_update())
    session.refresh(draw, ["state", "seed", "seeded_at", "witnesses", "void_reason"])


def _store_result(session: Session, draw: Draw, drawn: Drawn) -> None:
    codes = [unit.id for unit in drawn.selected]
    rows = session.execute(
        select(Place.code, Place.id).where(
            Place.edition_id == draw.round.plan.edition_id, Place.code.in_(codes)
        )
    )
    ids = dict(rows.all())
    for rank, unit in enumerate(drawn.selected, start=1):
        pi = unit.pi
        draw.drawn.append(
            DrawnUnit(
                unit_code=unit.id,
                place_id=ids.get(unit.id),
                rank=rank,
                role=UnitRole.RESERVE if unit.role == "reserve" else UnitRole.MAIN,
                stratum=unit.stratum,
                ticket=unit.ticket,
                pi_num=pi.numerator if pi else 0,
                pi_den=pi.denominator if pi else 1,
            )
        )
    session.flush()


def _append(session: Session, draw: Draw, kind: str, line: Callable[[str], str]) -> None:
    """Write one entry at the register's end; `line` makes it, given the hash before."""
    if session.get_bind().dialect.name == "postgresql":  # writers to the chain queue
        session.execute(sql("LOCK TABLE draw_register IN EXCLUSIVE MODE"))
    prev = head(session)
    written = line(prev)
    session.add(
        RegisterEntry(
            draw_id=draw.id,
            kind=kind,
            entry=written,
            at=clock.now(),
            prev_sha256=prev,
            sha256=digest(written),
        )
    )
    session.flush()


def void(session: Session, draw: Draw, reason: str, approver: str, actor: Actor) -> None:
    """Set a draw aside for good. It stays in the register and on every later paper.

    Its visits that have not begun are cancelled; the others stay, for what was seen was seen.

    Raises:
        AlreadyVoid: it has been set aside before.
        ReasonNeeded: no reason was given.
        SecondPersonNeeded: the approver is the one who asks.
    """
    why, second = method.printable(reason), method.printable(approver)
    if not why:
        raise ReasonNeeded(what="hủy lần rút", what_en="voiding the draw")
    if not second or text.fold(second) == text.fold(actor.name):
        raise SecondPersonNeeded()
    _lock(session, draw)
    if draw.state is DrawState.VOID:
        raise AlreadyVoid(number=draw.number)
    voided = _entry_of(session, draw)
    draw.state, draw.void_reason = DrawState.VOID, why
    at = clock.now().isoformat()
    facts = {"draw": voided, "reason": why, "asked_by": actor.name, "approved_by": second}
    _append(session, draw, "void", lambda prev: entry("void", prev, at, **facts))
    journal.write(session, actor, "draw.voided", "draw", draw.id, draw.plan_id, reason=why)
    _cancel_visits(session, draw, actor)


def _entry_of(session: Session, draw: Draw) -> str:
    """Return the hash by which the register knows the draw.

    A commitment given up before its seed has no entry yet. It is written now, without a number
    or a result: whoever throws the dice and then "forgets" the draw leaves a trace that counts.
    """
    if draw.state is DrawState.COMMITTED:
        promise = {
            "kind": "draw",
            "at": clock.now().isoformat(),
            "commitment": json.loads(draw.commitment),
            "commitment_sha256": draw.commitment_sha256,
        }
        _append(session, draw, "draw", lambda prev: canonical({**promise, "prev": prev}))
    return session.scalars(
        select(RegisterEntry.sha256).where(
            RegisterEntry.draw_id == draw.id, RegisterEntry.kind == "draw"
        )
    ).one()


def _cancel_visits(session: Session, draw: Draw, actor: Actor) -> None:
    for visit in queries.visits_of(session, draw):
        if visit.origin is Origin.DRAWN and visit.state is VisitState.PLANNED:
            monitoring.move(session, visit, VisitState.CANCELLED, actor)


def make_visits(session: Session, draw: Draw, actor: Actor) -> list[Visit]:
    """Make a visit of every drawn commune that has none yet in the round; return the new ones.

    A visit that was cancelled with an earlier draw, whose commune is drawn again, is taken up.

    Raises:
        NotDrawn: the draw has no result, or is void.
    """
    _lock(session, draw)
    if draw.state is not DrawState.DRAWN:
        raise NotDrawn()
    held = {visit.place_id: visit for visit in queries.visits_of(session, draw)}
    made = []
    for unit in draw.drawn:
        if unit.role is not UnitRole.MAIN or unit.place is None:
            continue
        visit = held.get(unit.place.id)
        if visit is None:
            made.append(monitoring.add_visit(session, draw.round, unit.place, actor, Origin.DRAWN))
        elif visit.state is VisitState.CANCELLED:
            monitoring.move(session, visit, VisitState.PLANNED, actor)
            made.append(visit)
    return made


def package(session: Session, draw: Draw) -> bytes:
    """Return the zip with which anybody re-does the draw: frame, commitment, seed, register.

    Raises:
        NotDrawn: there is no seed yet.
        DrawRefused: what is stored contradicts itself, e.g. the register lacks an entry.
    """
    lines = queries.register_up_to(session, draw)
    try:
        return bundle(redone(draw), Frame.from_tsv(draw.frame), lines)
    except SamplingError as error:
        raise DrawRefused.of(error) from error
