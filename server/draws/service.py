"""Verbs about draws: freeze and commit, enter the seed and draw, void; make the visits."""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sampling import Commitment, Design, Frame, PublicSeed, SamplingError, run, source_from
from sampling.bundle import package as bundle
from sampling.draw import Draw as Drawn
from sampling.protocol import NO_HASH, digest
from sampling.register import draw_entry, entry
from sampling.seeds import Json, Source
from server import clock, journal, text
from server.draws import queries
from server.draws.models import Draw, DrawnUnit, DrawState, RegisterEntry, UnitRole
from server.draws.problems import (
    AlreadyDrawn,
    DrawRefused,
    LiveDraw,
    ReasonNeeded,
    SecondPersonNeeded,
    UnknownUnit,
)
from server.journal import Actor
from server.monitoring import service as monitoring
from server.monitoring.models import Round, Visit
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
        DrawRefused: the design cannot be met, e.g. more units asked for than there are.
    """
    live = queries.live(session, round_.id, purpose, COMMUNES, "")
    if live is not None:
        raise LiveDraw(number=live.number)
    frame = _frame(places, excluded or {})
    at = clock.now()
    number = _next_number(session, round_.plan_id)
    try:
        commitment = Commitment.on(
            frame,
            Design("srs", n=size, reserves=reserves),
            purpose,
            seed_source=source,
            prev=head(session),
            draw_no=1 + queries.voided(session, round_.id, purpose, COMMUNES, ""),
            plan=f"{round_.plan_id}:{round_.plan.name}",
            stage=COMMUNES,
            committed_at=at.isoformat(),
            about={"round": round_.code, "edition": round_.plan.edition_id},
        )
        eligible = len(frame.eligible)
    except SamplingError as error:
        raise DrawRefused.of(error) from error
    if size < 1 or reserves < 0 or size + reserves > eligible:
        raise DrawRefused(
            vi=f"Không thể chọn {size} và {reserves} dự phòng từ {eligible} đơn vị.",
            en=f"Cannot draw {size} and {reserves} reserves from {eligible} units.",
            kind="too-few-units",
        )
    draw = Draw(
        plan_id=round_.plan_id,
        round_id=round_.id,
        number=number,
        purpose=purpose,
        stage=COMMUNES,
        parent_code="",
        state=DrawState.COMMITTED,
        frame=frame.tsv(),
        frame_sha256=frame.sha256,
        units=eligible,
        excluded=[{"code": code, "reason": why} for code, why in (excluded or {}).items()],
        size=size,
        reserves=reserves,
        seed_kind=source.kind,
        commitment=commitment.json,
        commitment_sha256=commitment.sha256,
        committed_at=at,
    )
    _insert(session, draw)
    journal.write(
        session, actor, "draw.committed", "draw", draw.id, draw.plan_id,
        frame_sha256=draw.frame_sha256, commitment_sha256=draw.commitment_sha256,
    )  # fmt: skip
    return draw


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


def _frame(places: Sequence[Place], excluded: Mapping[str, str]) -> Frame:
    codes = {place.code for place in places}
    unknown = sorted(set(excluded) - codes)
    if unknown:
        raise UnknownUnit(codes=", ".join(unknown))
    silent = sorted(code for code, why in excluded.items() if not why.strip())
    if silent:
        raise ReasonNeeded(what=", ".join(silent))
    try:
        return Frame.from_rows(
            {
                "unit_id": place.code,
                "name": place.name,
                "parent": place.parent_code or "",
                "excluded": text.clean(excluded.get(place.code, "")),
            }
            for place in places
        )
    except SamplingError as error:
        raise DrawRefused.of(error) from error


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
        AlreadyDrawn: the draw has its seed.
        DrawRefused: the seed is short, malformed, or read by too few witnesses.
    """
    session.refresh(draw, with_for_update=True)
    if draw.state is not DrawState.COMMITTED:
        raise AlreadyDrawn()
    try:
        number = PublicSeed.parse(commitment_of(draw).seed_source, read_aloud, witnesses)
        drawn = run(commitment_of(draw), Frame.from_tsv(draw.frame), number)
    except SamplingError as error:
        raise DrawRefused.of(error) from error
    at = clock.now()
    draw.seed, draw.seeded_at, draw.state = number.value, at, DrawState.DRAWN
    draw.witnesses = [{"name": name} for name in number.witnesses] + [{"raw": number.raw}]
    _store_result(session, draw, drawn)
    prev = head(session)
    _append(session, draw, "draw", draw_entry(drawn, prev, at.isoformat()), prev)
    journal.write(
        session, actor, "draw.drawn", "draw", draw.id, draw.plan_id, result_sha256=drawn.sha256
    )
    return draw


def _store_result(session: Session, draw: Draw, drawn: Drawn) -> None:
    codes = [unit.id for unit in drawn.selected]
    ids = dict(session.execute(
            select(Place.code, Place.id).where(
                Place.edition_id == draw.round.plan.edition_id, Place.code.in_(codes)
            )
        ))
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


def _append(session: Session, draw: Draw, kind: str, line: str, prev: str) -> None:
    session.add(
        RegisterEntry(
            draw_id=draw.id,
            kind=kind,
            entry=line,
            at=clock.now(),
            prev_sha256=prev,
            sha256=digest(line),
        )
    )
    session.flush()


def void(session: Session, draw: Draw, reason: str, approver: str, actor: Actor) -> None:
    """Set a draw aside for good. It stays in the register and on every later paper.

    Raises:
        ReasonNeeded: no reason was given.
        SecondPersonNeeded: the approver is the one who asks.
    """
    if not reason.strip():
        raise ReasonNeeded(what="hủy lần rút")
    if not approver.strip() or text.fold(approver) == text.fold(actor.name):
        raise SecondPersonNeeded()
    session.refresh(draw, with_for_update=True)
    if draw.state is DrawState.VOID:
        return
    draw.state, draw.void_reason = DrawState.VOID, text.clean(reason)
    prev = head(session)
    line = entry(
        "void",
        prev,
        clock.now().isoformat(),
        draw=draw.commitment_sha256,
        reason=text.clean(reason),
        approved_by=text.clean(approver),
    )
    _append(session, draw, "void", line, prev)
    journal.write(session, actor, "draw.voided", "draw", draw.id, draw.plan_id, reason=reason)


def make_visits(session: Session, draw: Draw, actor: Actor) -> list[Visit]:
    """Make a visit of every drawn commune that has none yet in the round; return the new ones."""
    held = set(session.scalars(select(Visit.place_id).where(Visit.round_id == draw.round_id)))
    return [
        monitoring.add_visit(session, draw.round, unit.place, actor)
        for unit in draw.drawn
        if unit.role is UnitRole.MAIN and unit.place is not None and unit.place_id not in held
    ]


def commitment_of(draw: Draw) -> Commitment:
    """Return what was committed to."""
    return Commitment.from_json(draw.commitment)


def redone(draw: Draw) -> Drawn:
    """Return the draw made anew from what is stored: the same, or somebody changed something."""
    commitment = commitment_of(draw)
    raw = next((w["raw"] for w in draw.witnesses if "raw" in w), draw.seed or "")
    names = [w["name"] for w in draw.witnesses if "name" in w]
    return run(
        commitment,
        Frame.from_tsv(draw.frame),
        PublicSeed.parse(commitment.seed_source, raw, names),
    )


def package(session: Session, draw: Draw) -> bytes:
    """Return the zip with which anybody re-does the draw: frame, commitment, seed, register."""
    lines = queries.register_up_to(session, draw)
    return bundle(redone(draw), Frame.from_tsv(draw.frame), lines)


def source_of(kind: str, settings: Mapping[str, Json] | None = None) -> Source:
    """Return the seed source of a kind ('dice-d10', 'dice-d6', 'lottery', 'joint', 'beacon').

    Raises:
        DrawRefused: no such kind, or too little chance in it.
    """
    try:
        return source_from({"kind": kind, **(settings or _USUAL.get(kind, {}))})
    except SamplingError as error:
        raise DrawRefused.of(error) from error


_USUAL: dict[str, dict[str, Json]] = {
    "dice-d10": {"digits": 20, "witnesses": 3},
    "dice-d6": {"throws": 25, "witnesses": 3},
}


def pretty(commitment: str) -> str:
    """Return canonical JSON with line breaks, for people.

    >>> print(pretty('{"a":1}'))
    {
      "a": 1
    }
    """
    return json.dumps(json.loads(commitment), ensure_ascii=False, indent=2)
