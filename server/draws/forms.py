"""The form of a new draw: how many, which units are left out and why, where the seed comes from."""

import datetime as dt
import re
from collections.abc import Iterable

from flask_babel import gettext as _

from sampling.seeds import Json
from server import clock, text
from server.draws import words
from server.fields import Fields

LISTED = 700  # a longer list is not shown unit by unit; exclusions are then typed, one a line
_LINE = re.compile(r"\s*([0-9A-Za-z._-]+)\s*[=:]\s*(.*)")
_PRIZE = re.compile(r"\s*(.+?)\s*[:=]\s*(\d{1,2})\s*(?:[x×]\s*(\d{1,2}))?\s*")


def number(fields: Fields, name: str, least: int) -> int:
    """Return a whole number from `least` up, or note that there is none."""
    found = fields.number(name)
    if found is None or found < least:
        fields.fail(name, _("Hãy ghi một số nguyên từ %(least)s trở lên.", least=least))
    return found or 0


def exclusions(fields: Fields, codes: Iterable[str]) -> dict[str, str]:
    """Return code -> reason of the units left out, ticked or typed one a line ('13753 = ngập').

    A reason without a tick is refused, for somebody meant something by it.
    """
    found: dict[str, str] = {}
    for line in fields.lines("excluded_lines"):
        match = _LINE.fullmatch(line)
        if match is None:
            fields.fail("excluded_lines", _("Mỗi dòng ghi: mã đơn vị = lý do."))
        else:
            found[match[1]] = match[2]
    for code in codes:
        why = fields.text(f"why-{code}", 200)
        if fields[f"out-{code}"]:
            found[code] = why
            if not why:
                fields.fail(f"why-{code}", _("Hãy ghi lý do loại trừ mã %(code)s.", code=code))
        elif why:
            fields.fail(
                f"why-{code}", _("Có lý do nhưng chưa đánh dấu loại mã %(code)s.", code=code)
            )
    return found


def source(fields: Fields) -> tuple[str, dict[str, Json] | None]:
    """Return the kind of seed and its settings; None where the usual ones hold."""
    kind = fields["kind"] or "dice-d10"
    if kind not in words.KINDS:
        fields.fail("kind", _("Hãy chọn một mục trong danh sách."))
    readers = {"lottery": _lottery, "joint": _joint, "beacon": _beacon}
    return kind, readers[kind](fields) if kind in readers else None


def _lottery(fields: Fields) -> dict[str, Json]:
    prizes: list[Json] = []
    for line in fields.lines("lottery_prizes"):
        match = _PRIZE.fullmatch(line)
        if match is None:
            fields.fail(
                "lottery_prizes", _("Mỗi dòng ghi: tên giải: số chữ số, ví dụ «Nhì: 5 x 2».")
            )
        else:
            prizes += [[match[1], int(match[2])] for _each in range(int(match[3] or 1))]
    return {
        "company": fields.text("lottery_company", 100, required=True),
        "drawn_at": _moment(fields, "lottery_at"),
        "prizes": prizes,
    }


def _moment(fields: Fields, name: str) -> str:
    """Return an instant as the commitment writes it, of a time on Vietnam's clocks."""
    try:
        local = dt.datetime.fromisoformat(fields.text(name))
    except ValueError:
        fields.fail(name, _("Hãy ghi đủ ngày và giờ quay số."))
        return ""
    return local.replace(tzinfo=local.tzinfo or clock.VIETNAM).isoformat()


def _joint(fields: Fields) -> dict[str, Json]:
    parties: list[Json] = [*fields.lines("joint_parties", 60)]
    if len({text.fold(str(party)) for party in parties}) < max(2, len(parties)):
        fields.fail("joint_parties", _("Ghi ít nhất hai bên, mỗi dòng một bên, không trùng tên."))
    if any(mark in str(party) for party in parties for mark in "=;"):
        fields.fail("joint_parties", _("Tên bên không chứa dấu = hoặc ;"))
    return {"parties": parties, "digits": number(fields, "joint_digits", 6)}


def _beacon(fields: Fields) -> dict[str, Json]:
    return {
        "chain": fields.text("beacon_chain", 100, required=True),
        "round": number(fields, "beacon_round", 1),
        "hex_digits": 64,
    }
