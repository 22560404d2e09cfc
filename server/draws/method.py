"""The one door to `sampling`: lists become frames, promises commitments, digits a draw.

Nothing here reads or writes the database.
"""

import datetime as dt
import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from hashlib import sha256
from typing import Any

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
from sampling.draw import Selected
from sampling.errors import ZeroSize
from sampling.rows import Unit
from sampling.seeds import Json, Source, instant
from server import clock, text
from server.draws.models import Draw, DrawnUnit
from server.draws.problems import (
    DrawRefused,
    NotDrawn,
    OneDigitOnly,
    ReasonNeeded,
    TooEarly,
    UnknownUnit,
)
from server.monitoring.models import Plan, Round
from server.monitoring.problems import OutsidePlan
from server.places.models import Place
from server.places.scope import within

Row = dict[str, object]


def frame_of(
    plan: Plan,
    places: Sequence[Place],
    excluded: Mapping[str, str],
    measures: Mapping[str, Mapping[str, object]] | None = None,
) -> Frame:
    """Return the list as it will be frozen, with the units left out (code -> reason) marked.

    `measures` may give a code its size and stratum.

    Raises:
        UnknownUnit, ReasonNeeded: an exclusion is not on the list, or lacks its reason.
        OutsidePlan: a unit is not in the plan's area, or of another edition.
        DrawRefused: the list is empty or names a unit twice.
    """
    for place in places:
        if place.edition_id != plan.edition_id or not within(place.area, plan.area):
            raise OutsidePlan(code=place.code)
    rows: list[Row] = [
        {
            "unit_id": place.code,
            "name": place.name,
            "parent": place.parent_code or "",
            **(measures or {}).get(place.code, {}),
        }
        for place in places
    ]
    return frame_from(rows, excluded)


def frame_from(rows: Sequence[Row], excluded: Mapping[str, str]) -> Frame:
    """Return the frame of rows keyed by the method's columns, some left out with a reason.

    Raises:
        UnknownUnit, ReasonNeeded: an exclusion is not on the list, or lacks its reason.
        DrawRefused: the list is empty, names a unit twice, or a cell cannot be used.
    """
    reasons = {text.clean(code): printable(why) for code, why in excluded.items()}
    unknown = sorted(set(reasons) - {str(row["unit_id"]) for row in rows})
    if unknown:
        raise UnknownUnit(codes=", ".join(unknown))
    silent = sorted(code for code, why in reasons.items() if not why)
    if silent:
        raise ReasonNeeded(what=", ".join(silent), what_en=", ".join(silent))
    try:
        return Frame.from_rows(
            {**row, "excluded": reasons.get(str(row["unit_id"]), "")} for row in rows
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


def sizes_given(frame: Frame) -> None:
    """Refuse a draw by size from a list in which a unit has none.

    Raises:
        ZeroSize: naming the unit.
    """
    for unit in frame.eligible:
        if not unit.size:
            raise ZeroSize(unit_id=unit.id)


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
    parent: str = "",
    private_sha256: str = "",
    about: Mapping[str, str] | None = None,
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
            parent=parent,
            committed_at=at.isoformat(),
            private_frame_sha256=private_sha256,
            about={
                "area": plan.area,
                "edition": plan.edition_id,
                "plan": plan.name,
                "round": round_.code,
                **(about or {}),
            },
        )
    except SamplingError as error:
        raise DrawRefused.of(error) from error


def read(draw: Draw, read_aloud: str, witnesses: Sequence[str], at: dt.datetime) -> PublicSeed:
    """Return the digits read aloud as the public number that was promised.

    Raises:
        TooEarly: the commitment, or the lottery it names, is not in the past at `at`.
        OneDigitOnly: dice that show the same face every time.
        DrawRefused: the seed is short, malformed, or read by too few witnesses.
    """
    commitment = commitment_of(draw)
    _later(commitment, draw, at)
    try:
        number = PublicSeed.parse(commitment.seed_source, read_aloud, _named(witnesses))
    except SamplingError as error:
        raise DrawRefused.of(error) from error
    if number.source.kind.startswith("dice-") and len(set(number.value)) == 1:
        raise OneDigitOnly(digit=number.value[0])
    return number


def drawn(draw: Draw, number: PublicSeed, progress: Callable[[int], None] | None = None) -> Drawn:
    """Return what the stored promise gives with its public number.

    `progress` hears a third of the units when the list is read, two when they are drawn.

    Raises:
        DrawRefused: the frame cannot give what the design asks.
    """
    told = progress or (lambda _done: None)
    try:
        frame = frozen(draw)
        told(draw.units // 3)
        found = run(commitment_of(draw), frame, number)
        told(draw.units * 2 // 3)
    except SamplingError as error:
        raise DrawRefused.of(error) from error
    return found


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


def frozen(draw: Draw) -> Frame:
    """Return the frozen list; its bytes were written by `Frame.tsv`, as their hash proves.

    Only bytes with another hash are read as strangers are, cell by cell.
    """
    if sha256(draw.frame).hexdigest() != draw.frame_sha256:
        return Frame.from_tsv(draw.frame)
    header, *lines = draw.frame.decode().removesuffix("\n").split("\n")
    columns = header.split("\t")
    if {"lat", "lon"} & set(columns):
        return Frame.from_tsv(draw.frame)
    return Frame(_unit(dict(zip(columns, line.split("\t"), strict=True))) for line in lines)


def _unit(cells: dict[str, Any]) -> Unit:
    size = cells.pop("size", "")
    return Unit(cells.pop("unit_id"), size=int(size) if size else None, **cells)


def number_of(draw: Draw) -> PublicSeed:
    """Return the public number of a draw as it was read.

    Raises:
        NotDrawn: there is none yet.
    """
    if draw.seed is None:
        raise NotDrawn()
    raw = next((w["raw"] for w in draw.witnesses if "raw" in w), draw.seed)
    names = [w["name"] for w in draw.witnesses if "name" in w]
    return PublicSeed.parse(commitment_of(draw).seed_source, raw, names)


def redone(draw: Draw) -> Drawn:
    """Return the draw made anew from what is stored: the same, or somebody changed something.

    Raises:
        NotDrawn: there is no seed yet.
    """
    return run(commitment_of(draw), frozen(draw), number_of(draw))


def stored(draw: Draw) -> Drawn:
    """Return a draw from its stored units, nothing drawn anew.

    Raises:
        NotDrawn: there is no result.
    """
    units = tuple(_selected(unit, draw.parent_code) for unit in draw.drawn)
    if not units:
        raise NotDrawn()
    return Drawn(commitment_of(draw), number_of(draw), draw.units, units)


def _selected(unit: DrawnUnit, parent: str) -> Selected:
    chance = Fraction(unit.pi_num, unit.pi_den) if unit.pi_num else None
    return Selected(
        unit.unit_code, unit.rank, unit.ticket, unit.stratum, chance, unit.role.value, parent
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
