"""The fields of a draw's papers: what `draw_wording` has in braces."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sampling import Frame
from sampling.design import Design
from server import clock
from server.documents.blocks import Qr
from server.draws import lineage, paper, private, queries, words
from server.draws.models import Draw, DrawnUnit
from server.monitoring.models import Visit, VisitState

Row = dict[str, Any]
NOWHERE = "…………"
HARD_SPACE = "\N{NO-BREAK SPACE}"
SPLITS = {
    "proportional": "theo số đơn vị của tầng",
    "equal": "đều nhau giữa các tầng",
    "size": "theo tổng quy mô của tầng",
    "fixed": "theo số đã ấn định cho từng tầng",
}


def of(session: Session, draw: Draw) -> Row:
    """Return the fields that all papers of a draw may use; of its result none."""
    facts = paper.facts(session, draw)
    above, own = issuers(draw.plan.agency)
    committed = draw.committed_at
    return {
        "agency_above": above,
        "agency": own or "…………………………",
        "issuer": own or above or "Đoàn giám sát",
        "town": facts.town or NOWHERE,
        "signing_day": f"ngày …… tháng …… năm {clock.today().year}",
        "stamp": _stamp(facts),
        "bases": [str(basis) for basis in draw.plan.legal_bases],
        "plan_said": paper.plan_said(draw.plan.number, draw.plan.name),
        "parent_said": f" ({draw.plan.parent})" if draw.plan.parent else "",
        "round_name": draw.round.name,
        "number": draw.number,
        "attempt": f"{facts.commitment.draw_no:02d}",
        "units_said": facts.what,
        "units_said_capital": facts.what[:1].upper() + facts.what[1:],
        "committed_day": paper.day_said(committed),
        "committed_said": paper.said(committed),
        "committed_at": _moment(committed),
        "method_said": method_said(facts.commitment.design),
        "source_said": paper.source_said(facts.source),
        "boxes": "  ".join("□" * count for count in paper.boxes(facts.source)) or NOWHERE * 4,
        "commitment_hash": in_lines(draw.commitment_sha256, 8),
        "commitment_large": in_lines(draw.commitment_sha256, 4),
        "commitment_short": draw.commitment_sha256[:16],
        "commitment_qr": Qr(draw.commitment_sha256),
        "prev_hash": in_lines(facts.commitment.prev, 8),
        "people": _people([""] * max(3, getattr(facts.source, "witnesses", 0))),
        **_list(session, draw, facts),
        **_history(session, draw, facts),
    }


def issuers(agency: str) -> tuple[str, str]:
    """Return the agency above and the agency that issues, as they stand in a letterhead.

    >>> issuers("UBND huyện Vụ Bản; Phòng Lao động chủ trì, Phòng Tài chính phối hợp")
    ('UBND huyện Vụ Bản', 'Phòng Lao động')
    >>> issuers("UBND xã Gôi")
    ('', 'UBND xã Gôi')
    """
    first, _, second = agency.replace("\n", ";").partition(";")
    own = second.split(",")[0].strip().removesuffix(" chủ trì")
    return (first.strip(), own) if own else ("", first.strip())


def method_said(design: Design) -> str:
    """Return in Vietnamese how units are chosen.

    >>> method_said(Design("srs", n=4, reserves=3)).split(":")[0]
    'Chọn ngẫu nhiên đơn giản, không hoàn lại, mọi đơn vị có cơ hội như nhau'
    """
    told = {
        "srs": "Chọn ngẫu nhiên đơn giản, không hoàn lại, mọi đơn vị có cơ hội như nhau",
        "systematic": "Chọn hệ thống, cách đều theo danh sách, điểm đầu ngẫu nhiên",
        "pps_systematic": "Chọn hệ thống với xác suất theo quy mô",
        "pps_pivotal": "Chọn với xác suất theo quy mô, lần lượt từng cặp đơn vị",
        "spatial": "Chọn ngẫu nhiên trải đều theo không gian",
    }[design.method]
    parts = [f"{told}: {design.n:02d} đơn vị chính thức, {design.reserves:02d} dự phòng"]
    if design.strata:
        least = f", mỗi tầng ít nhất {design.strata.minimum}" if design.strata.minimum else ""
        how = SPLITS.get(design.strata.kind, "theo độ phân tán của tầng")
        parts.append(f"Chia tầng {how}{least}; số dự phòng tính cho từng tầng")
    if design.certainty:
        parts.append("Đơn vị lớn hơn một bước chọn thì chắc chắn được chọn")
    parts.append(
        "Mọi lựa chọn tính bằng hàm băm SHA-256 từ mã cam kết, dãy số công khai và mã đơn vị"
    )
    if design.method == "srs":
        parts[-1] += ": số phiếu nhỏ nhất được chọn, các số kế tiếp là dự phòng"
    return ". ".join(parts) + "."


def in_lines(hexadecimal: str, groups: int) -> str:
    r"""Return a hash in groups of four, so many groups on a line.

    >>> in_lines("ef648a0918d05903", 2)
    'ef64 8a09\n18d0 5903'
    """
    fours = paper.fours(hexadecimal)
    return "\n".join(" ".join(fours[at : at + groups]) for at in range(0, len(fours), groups))


def _moment(at: Any) -> str:
    return f"{clock.local(at):%H:%M:%S ngày %d/%m/%Y}"


def _short_moment(at: Any) -> str:
    return f"{clock.local(at):%H:%M %d/%m/%Y}"


def _stamp(facts: paper.Facts) -> str:
    void = facts.own_void
    if void is None:
        return ""
    return (
        f"ĐÃ HỦY {paper.said(void.at)}. Lý do: {void.reason}. "
        f"Người đề nghị: {void.asked_by}. Người phê duyệt: {void.approved_by}."
    )


def _people(witnesses: Sequence[str]) -> list[Row]:
    return [
        {"part": "Chủ trì", "name": ""},
        *(
            {"part": f"Người chứng kiến {place}", "name": name}
            for place, name in enumerate(witnesses, start=1)
        ),
        {"part": "Thư ký", "name": ""},
    ]


def _list(session: Session, draw: Draw, facts: paper.Facts) -> Row:
    frame, out = facts.frame, facts.coverage.excluded
    return {
        "list_source": _source(facts),
        "address": _address(draw, facts),
        "listed": facts.coverage.units,
        "out": len(out),
        "left": draw.units,
        "share": paper.percent(facts.coverage.share).replace(" ", HARD_SPACE),
        "coverage_said": _coverage(draw, facts),
        "excluded": [
            {"code": code, "name": facts.names[code], "reason": reason}
            for code, reason in out.items()
        ],
        "frame_hash": in_lines(draw.frame_sha256, 8),
        "private_hash": in_lines(facts.commitment.private_frame_sha256, 8),
        "frame": _frame(frame),
    }


def _frame(frame: Frame) -> list[Row]:
    return [
        {
            "index": index,
            "code": unit.id,
            "name": unit.name,
            "note": f"Loại trừ: {unit.excluded}" if unit.excluded else unit.stratum,
        }
        for index, unit in enumerate(frame.units, start=1)
    ]


def _source(facts: paper.Facts) -> str:
    told = f"{facts.edition.name}, có hiệu lực từ ngày {facts.edition.valid_from:%d/%m/%Y}"
    return {
        words.COMMUNES: told,
        words.HAMLETS: f"danh sách thôn của cơ quan, theo {told}",
        words.HOUSEHOLDS: "danh sách hộ đã nhập, mã số công khai, họ tên để riêng",
    }.get(facts.draw.stage, "danh sách phiếu đã nhận")


def _address(draw: Draw, facts: paper.Facts) -> str:
    if not draw.parent_code:
        return facts.address
    return f"{facts.parent}, {facts.address}"


def _coverage(draw: Draw, facts: paper.Facts) -> str:
    """Return how the list differs from the official one; only communes have an official list."""
    if draw.stage != words.COMMUNES or draw.parent_code:
        return ""
    found = facts.coverage
    if found.complete:
        return f"Danh mục chính thức có {found.official} đơn vị: không thiếu, không thừa."
    missing, extra = ", ".join(found.missing) or "không", ", ".join(found.extra) or "không"
    return f"Danh mục chính thức có {found.official} đơn vị; thiếu: {missing}; thừa: {extra}."


def _history(session: Session, draw: Draw, facts: paper.Facts) -> Row:
    return {
        "history": [
            {
                "attempt": one.attempt,
                "at": _short_moment(one.at),
                "reason": one.reason + ("" if one.seed else " (hủy trước khi gieo số)"),
                "asked_by": one.asked_by,
                "approved_by": one.approved_by,
            }
            for one in facts.earlier
        ],
        "kin": [
            {
                "plan": one.plan,
                "round": one.round,
                "number": f"{one.number}{' (đã hủy)' if one.void else ''}",
                "at": _short_moment(one.at),
            }
            for one in queries.kin(session, draw)
        ],
    }


def result(session: Session, draw: Draw) -> Row:
    """Return the fields of what was drawn, beside those of `of`."""
    facts = paper.facts(session, draw)
    assert draw.seeded_at is not None and draw.seed is not None  # noqa: S101 - it is drawn
    names = facts.names
    first = draw.drawn[0].unit_code
    check = paper.by_hand(draw, first)
    return {
        "seeded_day": paper.day_said(draw.seeded_at),
        "seeded_said": paper.said(draw.seeded_at),
        "seeded_at": _moment(draw.seeded_at),
        "people": _people(facts.witnesses or ["", ""]),
        "digits": paper.in_fives(draw.seed),
        "named": any(names.values()),
        "in_strata": facts.commitment.design.strata is not None,
        "result": [_drawn(unit, names) for unit in draw.drawn],
        "replaced": _replaced(session, draw, names),
        "head_hash": in_lines(facts.head or "0" * 64, 8),
        "check_name": f"{names[first]}, " if names.get(first) else "",
        "check_code": first,
        "check_commands": check["commands"],
        "check_answer": in_lines(check["answer"], 8),
        "check_qr": Qr("\n".join(("rutmau/1", draw.commitment_sha256, draw.seed, facts.head))),
    }


def _drawn(unit: DrawnUnit, names: dict[str, str]) -> Row:
    pi = Fraction(unit.pi_num, unit.pi_den)
    weight = 1 / pi if pi and unit.role.value != "reserve" else None
    return {
        "rank": unit.rank,
        "code": unit.unit_code,
        "name": names.get(unit.unit_code) or unit.unit_code,
        "stratum": unit.stratum,
        "ticket": paper.ticket(unit),
        "chance": paper.chance(unit).replace(" ", HARD_SPACE),
        "weight": str(weight) if weight else "",
        "role": words.ROLES[unit.role][0],
    }


def _replaced(session: Session, draw: Draw, names: dict[str, str]) -> list[Row]:
    def said(code: str) -> str:
        return f"{names[code]} ({code})" if names.get(code) else code

    return [
        {
            "position": one.position,
            "unit": said(one.unit_code),
            "reason": words.REASONS[one.reason][0],
            "released": said(one.released_code or ""),
            "by": one.decided_by or "",
        }
        for one in lineage.replacements(session, draw.id)
    ]


def units(session: Session, draw: Draw) -> Row:
    """Return the units to visit now; behind the codes of households, who lives there."""
    names = Frame.from_tsv(draw.frame)
    by_code = {unit.id: unit for unit in names.units}
    people = {one.code: one for one in private.names(session, draw)}
    using = lineage.in_use(session, draw)
    within = sorted({by_code[unit.unit_code].parent for unit in using})
    parents = queries.named(session, draw.plan.edition_id, within)
    rows = []
    for index, unit in enumerate(using, start=1):
        known, person = by_code[unit.unit_code], people.get(unit.unit_code)
        rows.append(
            {
                "index": index,
                "code": unit.unit_code,
                "name": person.name if person else known.name or unit.unit_code,
                "within": person.address if person else parents.get(known.parent, ""),
                "note": "Thay thế" if unit.role.value == "reserve" else "",
            }
        )
    return {"units": rows, "units_count": len(rows)}


def visits(session: Session, draw: Draw) -> list[Visit]:
    """Return the visits of the draw's round that stand, in the order of travel."""
    found = session.scalars(
        select(Visit).where(Visit.round_id == draw.round_id, Visit.state != VisitState.CANCELLED)
    ).all()
    places = {unit.place_id for unit in lineage.in_use(session, draw)}
    ours = [visit for visit in found if visit.place_id in places]
    return sorted(ours, key=lambda visit: (str(visit.starts_on or "9"), visit.stop, visit.id))


def timetable(session: Session, draw: Draw) -> Row:
    """Return the rows of the timetable: visits by day, then communes that have none yet."""
    made = visits(session, draw)
    known = {visit.place_id for visit in made}
    rows = [
        {
            "name": visit.place.name,
            "code": visit.code,
            "days": days_said(visit),
            "team": visit.team.name if visit.team else NOWHERE,
        }
        for visit in made
    ] + [
        {"name": unit.place.name, "code": NOWHERE, "days": NOWHERE, "team": NOWHERE}
        for unit in lineage.in_use(session, draw)
        if unit.place is not None and unit.place_id not in known
    ]
    return {"timetable": [{"index": at, **row, "note": ""} for at, row in enumerate(rows, start=1)]}


def days_said(visit: Visit) -> str:
    """Return a visit's days; dots where they are not set yet."""
    if visit.starts_on is None:
        return NOWHERE
    first = f"{visit.starts_on:%d/%m/%Y}"
    if visit.ends_on is None or visit.ends_on == visit.starts_on:
        return f"ngày {first}"
    return f"từ ngày {first} đến ngày {visit.ends_on:%d/%m/%Y}"


def notice(visit: Visit | None, commune: str) -> Row:
    """Return the fields of the letter to one commune; the visit may not be made yet."""
    team = visit.team if visit else None
    people = [
        f"{member.person.name}{f' ({member.post})' if member.post else ''}"
        for member in (team.members if team else [])
    ]
    return {
        "commune": commune[:1].lower() + commune[1:],
        "visit_days": days_said(visit) if visit else NOWHERE * 3,
        "visit_team": (f"{team.name}: {', '.join(people)}" if people else team.name)
        if team
        else NOWHERE * 3,
    }
