"""Answers as a phone writes them, read by the type of their question.

Each reader returns something JSON can keep, or raises `Odd`: the caller then keeps the text as it
came and notes why. Nothing here refuses a form: an odd answer is for the office to look at.
"""

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable
from typing import Any

MAX_DIGITS = 18
_WHOLE = re.compile(r"[+-]?[0-9]+(?:\.0*)?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = r"([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?)"
_ZONE = r"(Z|[+-][0-9]{2}(?::?[0-9]{2}(?::[0-9]{2})?)?)?"
_CLOCK = re.compile(_TIME + _ZONE)
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T" + _TIME + _ZONE)


class Odd(ValueError):
    """The answer does not read as its type says; the message is a code for programs."""


def text(raw: str) -> str:
    r"""Return the answer in NFC without blanks at its ends; lines stay lines.

    >>> text("  Xã\n Hồng ")
    'Xã\n Hồng'
    """
    return unicodedata.normalize("NFC", raw).strip()


def whole(raw: str) -> int:
    """Return a whole number; '1500.0' and '1.0E7' are how some phones write theirs.

    >>> [whole("12"), whole("1500.0"), whole("1.0E7"), whole("-3")]
    [12, 1500, 10000000, -3]
    """
    given = raw.strip()
    if _WHOLE.fullmatch(given):
        digits = given.partition(".")[0]
        if len(digits) > MAX_DIGITS + 1:
            raise Odd("too-long")
        return int(digits)
    number = decimal(given)
    if number != int(number):
        raise Odd("not-whole")
    if abs(number) >= 10**MAX_DIGITS:
        raise Odd("too-large")
    return int(number)


def decimal(raw: str) -> float:
    """Return a finite number.

    >>> [decimal("0.125"), decimal("1.0E7"), decimal("-5")]
    [0.125, 10000000.0, -5.0]
    """
    given = raw.strip()
    if len(given) > 40:
        raise Odd("too-long")
    if not _NUMBER.fullmatch(given):
        raise Odd("not-a-number")
    number = float(given)
    if not math.isfinite(number):
        raise Odd("too-large")
    return number


def words(raw: str) -> list[str]:
    """Return the chosen values of a select-multiple or rank, in the order given.

    >>> words("loa  niem_yet")
    ['loa', 'niem_yet']
    """
    return text(raw).split()


def point(raw: str) -> dict[str, float | None]:
    """Return a place: degrees WGS 84, metres; what the phone did not give is None.

    >>> point("20.4 106.1 0.0 4.5")
    {'lat': 20.4, 'lon': 106.1, 'alt': 0.0, 'accuracy': 4.5}
    """
    parts = raw.split()
    if not 2 <= len(parts) <= 4:
        raise Odd("not-a-point")
    lat, lon, *rest = map(decimal, parts)
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise Odd("not-on-earth")
    alt, accuracy = (*rest, None, None)[:2]
    return {"lat": lat, "lon": lon, "alt": alt, "accuracy": accuracy}


def line(raw: str) -> list[dict[str, float | None]]:
    """Return the points of a trace or shape, in order.

    >>> len(line("20.4 106.1 0 0; 20.5 106.1 0 0;"))
    2
    """
    return [point(each) for each in raw.split(";") if each.strip()]


def day(raw: str) -> str:
    """Return the date as 'YYYY-MM-DD'.

    >>> day("2024-02-29")
    '2024-02-29'
    """
    given = raw.strip()
    if not _DATE.fullmatch(given):
        raise Odd("not-a-date")
    try:
        return dt.date.fromisoformat(given).isoformat()
    except ValueError as error:
        raise Odd("no-such-date") from error


def clock(raw: str) -> dict[str, str | None]:
    """Return a time of day: the text as given, the time, and its zone if one was said.

    >>> clock("08:30:00.000+07:00")
    {'text': '08:30:00.000+07:00', 'time': '08:30:00', 'zone': '+07:00'}
    """
    given = raw.strip()
    match = _CLOCK.fullmatch(given)
    if match is None:
        raise Odd("not-a-time")
    try:
        time = dt.time.fromisoformat(match[1])
    except ValueError as error:
        raise Odd("no-such-time") from error
    return {"text": given, "time": time.isoformat(), "zone": match[2]}


def moment(raw: str) -> dict[str, str | None]:
    """Return an instant: the text as given, and the same in UTC; None there when no zone was said.

    >>> moment("2024-04-02T08:30:00.000+07:00")
    {'text': '2024-04-02T08:30:00.000+07:00', 'at': '2024-04-02T01:30:00+00:00'}
    """
    given = raw.strip()
    match = _MOMENT.fullmatch(given)
    if match is None:
        raise Odd("not-a-moment")
    try:
        read = dt.datetime.fromisoformat(given)
        at = None if read.tzinfo is None else read.astimezone(dt.UTC).isoformat()
    except (ValueError, OverflowError) as error:
        raise Odd("no-such-moment") from error
    return {"text": given, "at": at}


READERS: dict[str, Callable[[str], Any]] = {
    "int": whole,
    "decimal": decimal,
    "select_multiple": words,
    "rank": words,
    "geopoint": point,
    "geotrace": line,
    "geoshape": line,
    "date": day,
    "time": clock,
    "dateTime": moment,
}
