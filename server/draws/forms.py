"""The form of a new draw: how many, which units are left out and why, where the seed comes from."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from sampling.seeds import Json
from server import clock, text
from server.draws import lists, service, words
from server.draws.problems import BadList
from server.draws.service import Disclosure
from server.draws.stages import Wish
from server.fields import Fields
from server.places import sheets

LISTED = 700  # a longer list is not shown unit by unit; exclusions are then typed, one a line
_LINE = re.compile(r"\s*([0-9A-Za-z._-]+)\s*[=:]\s*(.*)")
_PRIZE = re.compile(r"\s*(.+?)\s*[:=]\s*(\d{1,2})\s*(?:[x×]\s*(\d{1,2}))?\s*")


def wish(fields: Fields, codes: Iterable[str] = (), method: str = "srs") -> Wish | None:
    """Return what is asked for in a form of any stage, or None with what cannot be read noted."""
    size, reserves = number(fields, "size", 1), number(fields, "reserves", 0)
    excluded = exclusions(fields, codes)
    kind, settings = source(fields)
    way, split = fields["method"] or method, fields["split"]
    if way not in words.METHODS or split not in words.SPLITS:
        fields.fail("method", _("Hãy chọn một mục trong danh sách."))
    least = number(fields, "minimum", 0) if fields["minimum"] else 0
    when = disclosure(fields)
    if fields.errors:
        return None
    return Wish(
        size, reserves, service.source_of(kind, settings), way, split, least, excluded,
        when=when, absent=fields.text("absent", 150),
    )  # fmt: skip


def disclosure(fields: Fields) -> Disclosure:
    """Return when others may see the result."""
    day = fields.day("disclose_on")
    if day is not None and day < clock.today():
        fields.fail("disclose_on", _("Ngày công bố đã qua."))
    return Disclosure(day, bool(fields["sealed"]))


@dataclass
class Sheet:
    """A list as it came: its rows when it can be used, else what is wrong and how it was typed."""

    items: list[lists.Item] | None
    typed: str
    mistakes: list[str]


def sheet(
    data: bytes, name: str, typed: str, known: Mapping[str, str] | None, language: str
) -> Sheet:
    """Return a list that was sent as a file, or typed when there is none.

    Raises:
        UnreadableFile, FileTooLarge: the file is no table.
    """
    rows = sheets.rows(data, name) if data else _typed_rows(typed)
    shown = "\n".join("\t".join(cells) for _row, cells in rows) if data else typed
    try:
        return Sheet(lists.read_rows(rows, known), shown, [])
    except BadList as refusal:
        return Sheet(None, shown, [each.text(language) for each in refusal.mistakes])


def _typed_rows(typed: str) -> list[sheets.Row]:
    """Return lines as rows: cells parted by tabs, as copied from a spreadsheet, or as in a CSV."""
    if "\t" not in typed:
        return sheets.rows(typed.replace("\r", "").encode(), "danh-sach.csv")
    lines = enumerate(typed.splitlines(), start=1)
    return [(row, [cell.strip() for cell in line.split("\t")]) for row, line in lines if line]


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
