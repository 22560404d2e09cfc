"""The thresholds (ngưỡng) that rules ask for with param('…'), when a round does not set its own.

All are proposals that a coordinator may change for a round, except where a source is named.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from server import text, units
from server.findings.problems import BadThreshold, UnknownThreshold
from server.problems import BadInput

Steps = Mapping[str, float]
Value = float | Steps

DEFAULTS: dict[str, Value] = {
    "disbursement_floor": {"06-30": 50, "11-15": 85},
    "review_progress_expected": {"10-01": 30, "11-01": 70, "12-01": 95, "12-14": 100},
    "review_error_max": 10,
    "loss_rate_max": 20,
    "job_rate_floor": 0.7,
    "attendance_floor": 80,
    "gps_km_max": 5,
}
"""Per cent, but for job_rate_floor (a share) and gps_km_max. Steps hold from 'month-day' on.

The poverty review runs from 1 September to 14 December (Decision 24/2021/QĐ-TTg).
"""


@dataclass(frozen=True)
class Threshold:
    """What a threshold means to people, and the values it may take: (Vietnamese, English)."""

    label: tuple[str, str]
    unit: tuple[str, str]
    most: int
    least: int = 0


_SHARE = ("%", "%")
KNOWN: dict[str, Threshold] = {
    "disbursement_floor": Threshold(
        ("Tỷ lệ giải ngân thấp nhất", "Lowest rate of disbursement"), _SHARE, 100
    ),
    "review_progress_expected": Threshold(
        ("Tiến độ rà soát phải đạt", "Progress expected of the review"), _SHARE, 100
    ),
    "review_error_max": Threshold(
        ("Tỷ lệ phiếu rà soát sai cao nhất", "Highest share of wrong review forms"), _SHARE, 100
    ),
    "loss_rate_max": Threshold(
        ("Tỷ lệ hao hụt cao nhất của mô hình", "Highest loss in a livelihood model"), _SHARE, 100
    ),
    "job_rate_floor": Threshold(
        ("Phần có việc làm sau đào tạo thấp nhất", "Lowest share employed after training"),
        ("phần của 1", "share of 1"), 1,
    ),
    "attendance_floor": Threshold(
        ("Tỷ lệ có mặt thấp nhất của lớp", "Lowest attendance of a class"), _SHARE, 100
    ),
    "gps_km_max": Threshold(
        ("Khoảng cách xa nhất tới nơi phải đến", "Farthest from where a visit should be"),
        ("km", "km"), 100,
    ),
}  # fmt: skip
_STEP = re.compile(r"(\d{1,2})/(\d{1,2})\s*:\s*(.+)")
_LEAP_YEAR = 2024


def of_round(own: Mapping[str, Any] | None, day: dt.date) -> dict[str, Any]:
    """Return the thresholds that hold on `day`: the round's own over the defaults.

    Before the first step of a threshold nothing is expected yet, and it is left out: a rule that
    asks for it does not fire then.

    >>> found = of_round({"loss_rate_max": 15}, dt.date(2024, 4, 2))
    >>> found["loss_rate_max"], "disbursement_floor" in found
    (15, False)
    >>> of_round({}, dt.date(2024, 11, 20))["disbursement_floor"]
    85
    """
    found: dict[str, Any] = {}
    for name, value in {**DEFAULTS, **(own or {})}.items():
        held = _step(value, day) if isinstance(value, Mapping) else value
        if held is not None:
            found[name] = held
    return found


def _step(steps: Steps, day: dt.date) -> float | None:
    passed = [start for start in steps if start <= day.strftime("%m-%d")]
    return steps[max(passed)] if passed else None


def known(name: str) -> Threshold:
    """Return what a threshold is.

    Raises:
        UnknownThreshold: no rule can ask for one of that name.
    """
    if name not in KNOWN:
        raise UnknownThreshold(name=name, known=", ".join(KNOWN))
    return KNOWN[name]


def read(name: str, typed: str) -> Value:
    """Return a threshold as somebody typed it: a number, or numbers that hold from a day on.

    >>> read("loss_rate_max", "12,5 %"), read("disbursement_floor", "15/11: 85; 30/6: 50")
    (12.5, {'06-30': 50, '11-15': 85})

    Raises:
        UnknownThreshold: there is none of that name.
        BadThreshold: it is no number, out of range, or a day is none or stands twice.
    """
    what = known(name)
    parts = [part for each in re.split(r"[;\n]", typed) if (part := text.clean(each))]
    if len(parts) == 1 and "/" not in parts[0]:
        return _number(name, what, parts[0])
    steps: dict[str, float] = {}
    for part in parts:
        day, value = _step_read(name, part)
        if day in steps:
            raise _bad(name, part, "ngày viết hai lần", "the day stands twice")
        steps[day] = _number(name, what, value)
    if not steps:
        raise _bad(name, typed, "chưa có số nào", "there is no number")
    return dict(sorted(steps.items()))


def _step_read(name: str, part: str) -> tuple[str, str]:
    match = _STEP.fullmatch(part)
    if match is not None:
        try:
            day = dt.date(_LEAP_YEAR, int(match[2]), int(match[1]))
        except ValueError:
            raise _bad(name, part, "không có ngày đó", "there is no such day") from None
        return day.strftime("%m-%d"), match[3]
    raise _bad(name, part, "viết như 30/6: 50; 15/11: 85", "write it like 30/6: 50; 15/11: 85")


def _number(name: str, what: Threshold, typed: str) -> float:
    try:
        found: Decimal = units.exact(typed.removesuffix(what.unit[0]), name)
    except BadInput:
        raise _bad(name, typed, "không phải một số", "it is no number") from None
    if not what.least <= found <= what.most:
        least, most = what.least, what.most
        raise _bad(name, typed, f"phải từ {least} đến {most}", f"it must be {least} to {most}")
    return int(found) if found == int(found) else float(found)


def _bad(name: str, typed: str, reason: str, reason_en: str) -> BadThreshold:
    return BadThreshold(name=name, typed=typed[:80], reason=reason, reason_en=reason_en)


def told(value: Value) -> str:
    """Return a threshold as `read` takes it.

    >>> told({"06-30": 50, "11-15": 85}), told(0.7)
    ('30/06: 50; 15/11: 85', '0,7')
    """
    if isinstance(value, Mapping):
        return "; ".join(f"{day[3:]}/{day[:2]}: {told(each)}" for day, each in value.items())
    return f"{value:g}".replace(".", ",")
