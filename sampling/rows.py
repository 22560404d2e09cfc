"""Reading one row of a list of units: every cell checked, every refusal naming the row."""

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from sampling.errors import (
    AbsurdSize,
    AmbiguousSize,
    BadId,
    BadPoint,
    BadText,
    EmptyId,
    MissingColumn,
    NegativeSize,
    NotComposed,
    SizeNotNumber,
    UnknownColumn,
)

COLUMNS = (
    "unit_id",
    "parent",
    "stratum",
    "size",
    "order_key",
    "excluded",
    "purposive",
    "lat",
    "lon",
    "name",
)
LARGEST_SIZE = 20_000_000  # more people than the most populous province has
_ID = re.compile(r"[0-9A-Za-z._-]+\Z")
_DEGREES = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]+)?\Z")
_MICRO = 1_000_000
_KNOWN, _EMPTY = frozenset(COLUMNS), (None, "")
_TEXTS = ("unit_id", "parent", "stratum", "order_key", "excluded", "purposive", "name")
_PLAIN_TEXT = re.compile(r"[0-9A-Za-z._-]*\Z")  # needs no closer look
_UNPRINTED = ("Cc", "Cs", "Zl", "Zp")  # controls, halves of letters, line and paragraph breaks


class Unit(NamedTuple):
    """One unit of a frame. `lat` and `lon` are whole millionths of a degree (WGS 84)."""

    id: str
    parent: str = ""
    stratum: str = ""
    size: int | None = None
    order_key: str = ""
    excluded: str = ""
    purposive: str = ""
    lat: int | None = None
    lon: int | None = None
    name: str = ""

    @property
    def eligible(self) -> bool:
        """Whether a draw may choose this unit."""
        return not (self.excluded or self.purposive)


def read_unit(record: Mapping[str, object], row: int, *, normalise: bool = False) -> Unit:
    """Return the unit of one record, every cell checked.

    Raises:
        FrameError: one of its kinds, naming the row.
    """
    if not record.keys() <= _KNOWN:
        column = next(column for column in record if column not in _KNOWN)
        raise UnknownColumn(column=column, columns=", ".join(COLUMNS))
    if "unit_id" not in record:
        raise MissingColumn(column="unit_id", columns=", ".join(record))
    text = {
        column: read_text(value, column, row, normalise=normalise)
        for column in _TEXTS
        if (value := record.get(column)) not in _EMPTY
    }
    unit_id, parent = text.pop("unit_id", ""), text.get("parent", "")
    if not unit_id:
        raise EmptyId(row=row)
    for code in (unit_id, parent):
        if code and not _ID.match(code):
            raise BadId(unit_id=code, row=row)
    if "|" in text.get("stratum", ""):
        raise BadText(row=row, column="stratum", text=text["stratum"])
    lat, lon = read_point(record.get("lat"), record.get("lon"), row)
    return Unit(unit_id, size=read_size(record.get("size"), row), lat=lat, lon=lon, **text)


def read_text(value: object, column: str, row: int, *, normalise: bool = False) -> str:
    """Return a cell as clean text: NFC, one line, no spaces at the ends."""
    text = "" if value is None else str(value)
    if normalise:
        return " ".join(unicodedata.normalize("NFC", text).split())
    if _PLAIN_TEXT.match(text):
        return text
    if not unicodedata.is_normalized("NFC", text):
        raise NotComposed(row=row, column=column, text=text)
    if text != text.strip() or any(unicodedata.category(letter) in _UNPRINTED for letter in text):
        raise BadText(row=row, column=column, text=text)
    return text


def read_size(value: object, row: int) -> int | None:
    """Return a size as a whole number, None when the cell is empty."""
    if isinstance(value, str):
        size = _size_of_text(value.strip(), row)
    elif isinstance(value, float) and value.is_integer():
        size = int(value)
    elif value is None or (isinstance(value, int) and not isinstance(value, bool)):
        size = value
    else:
        raise SizeNotNumber(text=value, row=row)
    if size is not None and size < 0:
        raise NegativeSize(size=size, row=row)
    if size is not None and size > LARGEST_SIZE:
        raise AbsurdSize(size=size, limit=LARGEST_SIZE, row=row)
    return size


def _size_of_text(text: str, row: int) -> int | None:
    if not text:
        return None
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit():
        if len(digits) > 30:
            raise AbsurdSize(size=text, limit=LARGEST_SIZE, row=row)
        return int(text)
    if re.fullmatch(r"-?[0-9]+([.,'\s\u00a0\u202f][0-9]+)+", text):
        raise AmbiguousSize(text=text, row=row)
    raise SizeNotNumber(text=text, row=row)


def read_point(lat: object, lon: object, row: int) -> tuple[int | None, int | None]:
    """Return a position in millionths of a degree; both parts or neither."""
    if lat is None and lon is None:  # as in most lists
        return None, None
    texts = ["" if part is None else str(part).strip() for part in (lat, lon)]
    if texts == ["", ""]:
        return None, None
    north, east = (_micro_degrees(text, row) for text in texts)
    if abs(north) > 90 * _MICRO or abs(east) > 180 * _MICRO:
        raise BadPoint(text=", ".join(texts), row=row)
    return north, east


def _micro_degrees(text: str, row: int) -> int:
    if not _DEGREES.match(text):
        raise BadPoint(text=text, row=row)
    try:
        return int((Decimal(text) * _MICRO).to_integral_value())
    except InvalidOperation as error:
        raise BadPoint(text=text, row=row) from error


def degrees(micro: object) -> str:
    """Return millionths of a degree as decimal degrees, empty for none."""
    if not isinstance(micro, int):
        return ""
    whole, rest = divmod(abs(micro), _MICRO)
    return f"{'-' if micro < 0 else ''}{whole}.{rest:06d}"
