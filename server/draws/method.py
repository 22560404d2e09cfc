"""The one door to `sampling`: lists become frames, promises commitments, digits a draw.

Nothing here reads or writes the database.
"""

import datetime as dt
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from sampling import (
    Commitment,
    Design,
    Frame,
    Lottery,
    PublicSeed,
    SamplingError,
    run,
    source_from,
)
from sampling.draw import Draw as Drawn
from sampling.seeds import Json, Source, instant
from server import clock, text
from server.draws.models import Draw
from server.draws.problems import DrawRefused, NotDrawn, ReasonNeeded, TooEarly, UnknownUnit
from server.monitoring.models import Plan, Round
from server.monitoring.problems import OutsidePlan
from server.places.models import Place
from server.places.scope import within


def frame_of(plan: Plan, places: Sequence[Place], excluded: Mapping[str, str]) -> Frame:
    """Return the list as it will be frozen, with the units left out (code -> reason) marked.

    Raises:
        UnknownUnit, ReasonNeeded: an exclusion is not on the list, or lacks its reason.
        OutsidePlan: a unit is not in the plan's area, or of another edition.
        DrawRefused: the list is empty or names a unit twice.
    """
    reasons = {text.clean(code): printable(why) for code, why in excluded.items()}
    unknown = sorted(set(reasons) - {place.code for place in places})
    if unknown:
        raise UnknownUnit(codes=", ".join(unknown))
    silent = sorted(code for code, why in reasons.items() if not why)
    if silent:
        raise ReasonNeeded(what=", ".join(silent), what_en=", ".join(silent))
    for place in places:
        if place.edition_id != plan.edition_id or not within(place.area, plan.area):
            raise OutsidePlan(code=place.code)
    try:
        return Frame.from_rows(
            {
                "unit_id": place.code,
                "name": place.name,
                "parent": place.parent_code or "",
                "excluded": reasons.get(place.code, ""),
            }
            for place in places
        )
    except SamplingError as error:
        raise DrawRefused.of(error) from error


def enough(frame: Frame, size: int, reserves: int) -> None:
    """Refuse to promise more units than the list has, or none.

    Raises:
        DrawRefused: saying how many there are.
    """
    eligible = len(frame.eligible)
    if size < 1 or reserves < 0 or size + reserves > eligible:
        raise DrawRefused(
            vi=f"Không thể chọn {size} đơn vị và {reserves} dự phòng từ {eligible} đơn vị "
            "còn lại trong danh sách. Hãy giảm số lượng hoặc bớt đơn vị loại trừ.",
            en=f"Cannot draw {size} units and {reserves} reserves from the {eligible} units "
            "left on the list. Ask for fewer, or leave out fewer.",
            kind="too-few-units",
        )


def promise(
    round_: Round,
    frame: Frame,
    design: Design,
    source: Source,
    at: dt.datetime,
    *,
    purpose: str,
    stage: str,
    draw_no: int,
    prev: str,
) -> Commitment:
    """Return the commitment to a frozen list, at an instant, hanging on the register's head.

    `plan` holds ids, so that a name mended later changes nothing; names stand in `about`.

    Raises:
        DrawRefused: the method does not accept it, e.g. a lottery that is already held.
    """
    plan = round_.plan
    try:
        return Commitment.on(
            frame,
            design,
            purpose,
            seed_source=source,
            prev=prev,
            draw_no=draw_no,
            plan=f"kế hoạch {plan.id}, đợt {round_.id}",
            stage=stage,
            committed_at=at.isoformat(),
            about={
                "area": plan.area,
                "edition": plan.edition_id,
                "plan": plan.name,
                "round": round_.code,
            },
        )
    except SamplingError as error:
        raise DrawRefused.of(error) from error


def drawn(draw: Draw, read_aloud: str, witnesses: Sequence[str], at: dt.datetime) -> Drawn:
    """Return what the stored promise gives with the digits read aloud.

    Raises:
        TooEarly: the commitment, or the lottery it names, is not in the past at `at`.
        DrawRefused: the seed is short, malformed, or read by too few witnesses.
    """
    commitment = commitment_of(draw)
    _later(commitment, draw, at)
    try:
        number = PublicSeed.parse(commitment.seed_source, read_aloud, _named(witnesses))
        return run(commitment, Frame.from_tsv(draw.frame), number)
    except SamplingError as error:
        raise DrawRefused.of(error) from error


def _later(commitment: Commitment, draw: Draw, at: dt.datetime) -> None:
    source, held = commitment.seed_source, draw.committed_at
    if isinstance(source, Lottery):
        held = max(held, instant(source.drawn_at))
    if at <= held:
        raise TooEarly(at=clock.local(held).strftime("%H:%M %d/%m/%Y"))


def _named(witnesses: Iterable[str]) -> list[str]:
    """Return the witnesses, nobody twice in another spelling."""
    names = [printable(name) for name in witnesses]
    return list({text.fold(name): name for name in reversed(names) if name}.values())[::-1]


def printable(typed: str) -> str:
    r"""Return text for paper: one line, one spelling, no control characters.

    >>> printable("  ngập \t lụt\x00 ")
    'ngập lụt'
    """
    kept = (c for c in typed if c.isspace() or unicodedata.category(c) not in ("Cc", "Cs"))
    return text.clean("".join(kept))


def commitment_of(draw: Draw) -> Commitment:
    """Return what was committed to."""
    return Commitment.from_json(draw.commitment)


def redone(draw: Draw) -> Drawn:
    """Return the draw made anew from what is stored: the same, or somebody changed something.

    Raises:
        NotDrawn: there is no seed yet.
    """
    if draw.seed is None:
        raise NotDrawn()
    commitment = commitment_of(draw)
    raw = next((w["raw"] for w in draw.witnesses if "raw" in w), draw.seed)
    names = [w["name"] for w in draw.witnesses if "name" in w]
    return run(
        commitment,
        Frame.from_tsv(draw.frame),
        PublicSeed.parse(commitment.seed_source, raw, names),
    )


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
