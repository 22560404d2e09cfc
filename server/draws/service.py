"""Verbs about draws: freeze and commit, enter the seed and draw, void; make the visits."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sampling import Commitment, Design, Frame, SamplingError
from sampling.bundle import package as bundle
from sampling.draw import Draw as Drawn
from sampling.register import draw_entry, entry
from sampling.seeds import Source, instant
from server import clock, journal, text
from server.draws import carrying, lineage, method, queries, register, withholding
from server.draws.method import commitment_of as commitment_of
from server.draws.method import redone as redone
from server.draws.method import source_of as source_of
from server.draws.models import Draw, DrawnUnit, DrawState, PrivateFrame, UnitRole
from server.draws.problems import (
    AlreadyDrawn,
    AlreadyVoid,
    DrawRefused,
    LiveDraw,
    NotDrawn,
    Overlapping,
    PlanClosed,
    ReasonNeeded,
    Sealed,
    SecondPersonNeeded,
    SeedUsed,
)
from server.draws.register import NO_HASH as NO_HASH
from server.draws.register import digest as digest
from server.draws.register import head as head
from server.draws.words import COMMUNES as COMMUNES
from server.draws.words import HAMLETS, with_above
from server.draws.words import VISITS as VISITS
from server.journal import Actor
from server.monitoring.models import Plan, PlanState, Round, Visit
from server.places.models import Hamlet, Place

LONG = 40_000  # a list with more units is drawn by the worker: it may take longer than a second


@dataclass(frozen=True)
class Disclosure:
    """From which day others than those who draw see a result; sealed: not before it is opened."""

    day: dt.date | None = None
    sealed: bool = False


@dataclass(frozen=True)
class Ask:
    """What is to be drawn, within which unit, and when its result may be shown.

    private: the canonical file of names behind the codes, and its hash.
    about: further facts that the commitment binds.
    """

    round_: Round
    frame: Frame
    design: Design
    source: Source
    stage: str = COMMUNES
    purpose: str = VISITS
    parent_code: str = ""
    parent: Draw | None = None
    private: tuple[bytes, str] = (b"", "")
    about: Mapping[str, str] = field(default_factory=dict)
    when: Disclosure = field(default_factory=Disclosure)


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
    refuse_second(session, round_, purpose, COMMUNES, "")
    frame = method.frame_of(round_.plan, places, excluded or {})
    method.enough(frame, size, reserves)
    ask = Ask(round_, frame, Design("srs", size, reserves), source, purpose=purpose)
    return freeze(session, ask, actor)


def refuse_second(
    session: Session, round_: Round, purpose: str, stage: str, parent_code: str
) -> None:
    """Refuse a second live draw for the same purpose, or one whose area overlaps a live one's.

    Raises:
        LiveDraw, Overlapping, PlanClosed: saying which draw stands in the way.
    """
    _one_at_a_time(session, round_.plan)
    live = queries.live(session, round_.id, purpose, stage, parent_code)
    if live is not None:
        raise LiveDraw(number=live.number)
    across = queries.overlapping(session, round_.id, purpose, stage, parent_code)
    if across is not None:
        raise Overlapping(number=across.number)


def freeze(session: Session, ask: Ask, actor: Actor) -> Draw:
    """Freeze a list of any stage and commit to what is asked.

    Raises:
        LiveDraw, Overlapping, PlanClosed: something stands in the way.
        DrawRefused: the method does not accept the commitment.
    """
    round_ = ask.round_
    refuse_second(session, round_, ask.purpose, ask.stage, ask.parent_code)
    commitment = method.promise(
        round_,
        ask.frame,
        ask.design,
        ask.source,
        clock.now(),
        purpose=ask.purpose,
        stage=ask.stage,
        draw_no=1 + queries.voided(session, round_.id, ask.purpose, ask.stage, ask.parent_code),
        prev=head(session),
        parent=ask.parent_code,
        private_sha256=ask.private[1],
        about=ask.about,
    )
    draw = _row(ask, commitment, _next_number(session, round_.plan_id))
    _insert(session, draw)
    if ask.private[0]:
        session.add(PrivateFrame(draw_id=draw.id, content=ask.private[0], sha256=ask.private[1]))
        session.flush()
    journal.write(
        session, actor, "draw.committed", "draw", draw.id, draw.plan_id,
        frame_sha256=draw.frame_sha256, commitment_sha256=draw.commitment_sha256,
    )  # fmt: skip
    return draw


def _row(ask: Ask, commitment: Commitment, number: int) -> Draw:
    frame = ask.frame
    return Draw(
        plan_id=ask.round_.plan_id,
        round_id=ask.round_.id,
        number=number,
        purpose=commitment.purpose,
        stage=commitment.stage,
        parent_code=ask.parent_code,
        parent_id=ask.parent.id if ask.parent else None,
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
        disclose_on=ask.when.day,
        sealed=ask.when.sealed,
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


def seed(
    session: Session, draw: Draw, read_aloud: str, witnesses: Sequence[str], actor: Actor
) -> Draw:
    """Enter the public seed, draw, and keep the result in the register.

    A long list keeps its seed now, and is drawn by the worker (`finish`).

    Raises:
        AlreadyDrawn: the draw has its seed, or is void.
        TooEarly: the commitment, or the lottery it names, is not in the past.
        SeedUsed, OneDigitOnly: dice read for another draw, or not thrown.
        DrawRefused: the seed is short, malformed, or read by too few witnesses.
    """
    register.lock(session, draw)
    if draw.state is not DrawState.COMMITTED:
        raise AlreadyDrawn()
    at = clock.now()
    number = method.read(draw, read_aloud, witnesses, at)
    if number.source.kind != "lottery" and queries.same_seed(session, draw, number.value):
        raise SeedUsed()
    drawn = None if draw.units > LONG else method.drawn(draw, number)
    draw.seed, draw.seeded_at, draw.state = number.value, at, DrawState.DRAWING
    draw.witnesses = [{"name": name} for name in number.witnesses] + [{"raw": number.raw}]
    if drawn is None:
        session.flush()
        journal.write(session, actor, "draw.seeded", "draw", draw.id, draw.plan_id)
    else:
        finish(session, draw, drawn, actor)
    return draw


def finish(session: Session, draw: Draw, drawn: Drawn, actor: Actor) -> None:
    """Keep the result of a draw whose seed is in; a second time, or when void, keep nothing."""
    if draw.state is not DrawState.DRAWING:
        return
    assert draw.seeded_at is not None  # noqa: S101 - a draw that draws has its seed
    at = draw.seeded_at.isoformat()
    draw.state, draw.progress = DrawState.DRAWN, draw.units
    _store_result(session, draw, drawn)
    register.append(session, draw, "draw", lambda prev: draw_entry(drawn, prev, at))
    journal.write(
        session, actor, "draw.drawn", "draw", draw.id, draw.plan_id, result_sha256=drawn.sha256
    )
    carrying.publish(session, draw, actor)


def _store_result(session: Session, draw: Draw, drawn: Drawn) -> None:
    codes = [unit.id for unit in drawn.selected if unit.role != "purposive"]
    places, hamlets = _place_ids(session, draw, codes), _hamlet_ids(session, draw, codes)
    chosen = [unit for unit in drawn.selected if unit.role != "purposive"]
    for rank, unit in enumerate(chosen, start=1):
        pi = unit.pi
        draw.drawn.append(
            DrawnUnit(
                unit_code=unit.id,
                place_id=places.get(unit.id),
                hamlet_id=hamlets.get(unit.id) or hamlets.get(draw.parent_code),
                rank=rank,
                role=UnitRole(unit.role),
                stratum=unit.stratum,
                ticket=unit.ticket,
                pi_num=pi.numerator if pi else 0,
                pi_den=pi.denominator if pi else 1,
            )
        )
    session.flush()


def _place_ids(session: Session, draw: Draw, codes: list[str]) -> dict[str, int]:
    if draw.stage != COMMUNES:
        return {}
    found = select(Place.code, Place.id).where(
        Place.edition_id == draw.round.plan.edition_id, Place.code.in_(codes)
    )
    return dict(session.execute(found).all())


def _hamlet_ids(session: Session, draw: Draw, codes: list[str]) -> dict[str, int]:
    """Return the hamlets drawn, or the one in which households were."""
    if draw.stage == COMMUNES:
        return {}
    wanted = codes if draw.stage == HAMLETS else [draw.parent_code]
    found = select(Hamlet.code, Hamlet.id).where(
        Hamlet.edition_id == draw.round.plan.edition_id, Hamlet.code.in_(wanted)
    )
    return dict(session.execute(found).all())


def void(session: Session, draw: Draw, reason: str, approver: str, actor: Actor) -> None:
    """Set a draw aside for good. It stays in the register and on every later paper.

    So are the draws within its units. Visits that have not begun are cancelled; the others stay,
    for what was seen was seen.

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
    register.lock(session, draw)
    if draw.state is DrawState.VOID:
        raise AlreadyVoid(number=draw.number)
    for below in lineage.children(session, draw):
        void(session, below, with_above(draw.number, why), second, actor)
    _void_alone(session, draw, why, second, actor)


def _void_alone(session: Session, draw: Draw, why: str, second: str, actor: Actor) -> None:
    voided = register.entry_of(session, draw)
    draw.state, draw.void_reason = DrawState.VOID, why
    at = clock.now().isoformat()
    facts = {"draw": voided, "reason": why, "asked_by": actor.name, "approved_by": second}
    register.append(session, draw, "void", lambda prev: entry("void", prev, at, **facts))
    journal.write(session, actor, "draw.voided", "draw", draw.id, draw.plan_id, reason=why)
    carrying.withdraw(session, draw, actor)


def make_visits(session: Session, draw: Draw, actor: Actor) -> list[Visit]:
    """Make a visit of every drawn commune that has none yet in the round; return the new ones.

    A visit that was cancelled with an earlier draw, whose commune is drawn again, is taken up.

    Raises:
        NotDrawn: the draw has no result, or is void.
    """
    register.lock(session, draw)
    if draw.state is not DrawState.DRAWN:
        raise NotDrawn()
    return carrying.make_visits(session, draw, actor)


def package(session: Session, draw: Draw) -> bytes:
    """Return the zip with which anybody re-does the draw: frame, commitment, seed, register.

    Raises:
        NotDrawn: there is no seed yet.
        Sealed: it is not opened yet.
        DrawRefused: what is stored contradicts itself, e.g. the register lacks an entry.
    """
    if draw.closed:
        raise Sealed(day="—")
    lines = withholding.register_up_to(session, draw, clock.today())
    try:
        return bundle(redone(draw), method.frozen(draw), lines)
    except SamplingError as error:
        raise DrawRefused.of(error) from error
