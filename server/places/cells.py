"""One cell of a hamlet file: its text in, its value out, or the reason why not."""

import datetime as dt
import re

from server.places.distance import Point
from server.places.problems import (
    BadCode,
    BadCoordinate,
    BadDate,
    BadName,
    DoubtfulNumber,
    HalfPoint,
    MissingName,
    NumberOutOfRange,
    OutsideVietnam,
    SwappedPoint,
)
from server.problems import BadInput
from server.text import clean
from server.units import whole

LONGEST_NAME = 120
_DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,20})?")
_CODE = re.compile(r"[A-Za-z0-9._-]{1,30}")
_DATES = (
    re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"),
    re.compile(r"(?P<day>[0-9]{1,2})[/.-](?P<month>[0-9]{1,2})[/.-](?P<year>[0-9]{4})"),
)
# (south, west, north, east): the mainland with its coastal islands; Hoàng Sa and Trường Sa.
_VIETNAM = ((8.3, 102.1, 23.5, 109.7), (6.4, 109.7, 17.3, 117.9))


def hamlet_name(text: str) -> str:
    """Return the name in its kept form."""
    name = clean(text)
    if not name:
        raise MissingName
    if len(name) > LONGEST_NAME or not name.isprintable() or not any(map(str.isalnum, name)):
        raise BadName(longest=LONGEST_NAME)
    return name


def hamlet_code(text: str) -> str:
    """Return the code, or '' when the office gave none."""
    if text and not _CODE.fullmatch(text):
        raise BadCode(hamlet_code=text[:40])
    return text


def point(latitude: str, longitude: str) -> Point | None:
    """Return (latitude, longitude) in degrees; None when both cells are empty."""
    if not latitude and not longitude:
        return None
    if not latitude or not longitude:
        raise HalfPoint
    north, east = _degrees(latitude), _degrees(longitude)
    if _in_vietnam(north, east):
        return north, east
    if _in_vietnam(east, north):
        raise SwappedPoint
    raise OutsideVietnam


def count(text: str, column: str, column_en: str, least: int, most: int) -> int | None:
    """Return the plain whole number, None when the cell is empty; the column's name is for us."""
    if not text:
        return None
    try:
        number = whole(text, column)
    except BadInput as error:
        raise DoubtfulNumber(text=text[:40], column=column, column_en=column_en) from error
    if not least <= number <= most:
        raise NumberOutOfRange(column=column, column_en=column_en, least=least, most=most)
    return number


def day(text: str) -> dt.date | None:
    """Return the day written '2025-07-01', '1/7/2025' or '1.7.2025'; None for an empty cell."""
    if not text:
        return None
    for pattern in _DATES:
        if match := pattern.fullmatch(text):
            try:
                return dt.date(int(match["year"]), int(match["month"]), int(match["day"]))
            except ValueError:  # 31/2, or the year 0
                break
    raise BadDate(text=text[:40])


def _degrees(text: str) -> float:
    if not _DEGREES.fullmatch(text):
        raise BadCoordinate(text=text[:40])
    return float(text)


def _in_vietnam(latitude: float, longitude: float) -> bool:
    return any(
        south <= latitude <= north and west <= longitude <= east
        for south, west, north, east in _VIETNAM
    )
