"""Dates, numbers and sizes as pages show them, in the reader's language and Vietnam's time."""

import datetime as dt
from decimal import Decimal
from typing import Any

from babel import numbers
from flask_babel import format_date, format_datetime, format_decimal, get_locale
from flask_babel import gettext as _

from server import web
from server.findings import words as findings
from server.quality import words as quality
from server.submissions import words as submissions

DAY = "dd/MM/yyyy"
MOMENT = "HH:mm dd/MM/yyyy"


def day(value: dt.date | None) -> str:
    """Return a day as 02/04/2024, '' for none."""
    return format_date(value, DAY) if value else ""


def moment(value: dt.datetime | None) -> str:
    """Return an instant as '08:30 02/04/2024' in Vietnam's time, '' for none."""
    return format_datetime(value, MOMENT) if value else ""


def number(value: float) -> str:
    """Return a number with the marks of the reader's language: 8.842,5 in Vietnamese."""
    return str(format_decimal(value))


def exact(value: Decimal, least: int = 0) -> str:
    """Return a number with every decimal it has, at least so many, in the reader's marks: 12,125.

    Unlike `number` it rounds nothing away.
    """
    pattern = "#,##0." + "0" * least + "#"
    return str(numbers.format_decimal(value, pattern, get_locale(), decimal_quantization=False))


def size(count: int | None) -> str:
    """Return a size in bytes as people say it: '340 kB'."""
    if count is None:
        return ""
    if count < 1000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{number(round(count / 1000))} kB"
    return f"{number(round(count / 1_000_000, 1))} MB"


def distance(metres: float | None) -> str:
    """Return a distance as people say it: '85 m', '2,4 km'."""
    if metres is None:
        return ""
    if metres < 1000:
        return f"{round(metres)} m"
    return f"{number(round(metres / 1000, 1))} km"


def span(start: dt.datetime | None, end: dt.datetime | None) -> str:
    """Return how long something took, in minutes, '' when that cannot be told."""
    if start is None or end is None or end < start:
        return ""
    minutes = round((end - start).total_seconds() / 60)
    if minutes < 60:
        return str(_("%(count)s phút", count=minutes))
    return str(_("%(hours)s giờ %(minutes)s phút", hours=minutes // 60, minutes=minutes % 60))


def seconds(count: int) -> str:
    """Return a length of time as people say it: '45 giây', '12 phút', '5 giờ', '3 ngày'."""
    if count < 120:
        return str(_("%(count)s giây", count=count))
    if count < 2 * 3600:
        return str(_("%(count)s phút", count=round(count / 60)))
    if count < 48 * 3600:
        return str(_("%(count)s giờ", count=round(count / 3600)))
    return str(_("%(count)s ngày", count=number(round(count / 86_400))))


def word(names: tuple[str, ...]) -> str:
    """Return the Vietnamese or English one of two names."""
    return names[web.language() == "en"]


def project(code: str) -> str:
    """Return the code of a project as papers write it.

    >>> project("DA6_2")
    'DA6.2'
    """
    return code.replace("_", ".")


def helpers() -> dict[str, Any]:
    """Return what the desk's templates use to show values."""
    return {
        "day": day,
        "moment": moment,
        "number": number,
        "exact": exact,
        "size": size,
        "distance": distance,
        "span": span,
        "word": word,
        "tones": {level: names[2] for level, names in findings.SEVERITIES.items()},
        "severity_words": findings.SEVERITIES,
        "finding_states": findings.STATES,
        "level_words": findings.LEVELS,
        "rule": lambda code: findings.rule(code, web.language() == "en"),
        "topic": lambda code: findings.topic(code, web.language() == "en"),
        "state_words": submissions.STATES,
        "verdict_words": quality.VERDICTS,
        "held_words": submissions.HELD_STATES,
    }
