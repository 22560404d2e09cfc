"""What lists, their properties and their rows may be called."""

import hashlib
import re
import uuid

from server.entities.problems import BadId, BadName

RESERVED_LISTS = frozenset({"visits", "hamlets", "households", "itemsets"})
RESERVED_PROPERTIES = frozenset({"name", "label"})
_NAME = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_-]{0,99}")
_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def list_name(given: str) -> str:
    """Return the name of a list, which is also a file's and an XML element's.

    Raises:
        BadName: it cannot be one.
    """
    if not _NAME.fullmatch(given) or given.lower() in RESERVED_LISTS:
        raise BadName(name=given[:100])
    return given


def property_name(given: str) -> str:
    """Return the name of a property: a column's heading and an XML element's name.

    Raises:
        BadName: it cannot be one.
    """
    if not is_property(given):
        raise BadName(name=given[:100])
    return given


def is_property(given: str) -> bool:
    """Tell whether a property may have this name.

    >>> is_property("so_ho"), is_property("__version"), is_property("số hộ"), is_property("Label")
    (True, False, False, False)
    """
    return _NAME.fullmatch(given) is not None and given.lower() not in RESERVED_PROPERTIES


def row_id(given: str) -> str:
    """Return a row's id as it is kept: a version 4 UUID in small letters.

    >>> row_id("uuid:9C2D6C3E-8B1A-4F0E-9D53-1F2A3B4C5D6E")
    '9c2d6c3e-8b1a-4f0e-9d53-1f2a3b4c5d6e'

    Raises:
        BadId: it is none.
    """
    found = given.strip().lower().removeprefix("uuid:")
    if not _UUID4.fullmatch(found):
        raise BadId(id=given[:60])
    return found


def new_id() -> str:
    """Return the id of a new row."""
    return str(uuid.uuid4())


def stable_id(*parts: object) -> str:
    """Return the id that always belongs to these parts, e.g. a plan, a list and a finding's number.

    Rooms that keep a list in step with rows of their own need no table of ids. It reads as a
    version 4 UUID, because phones send nothing else back; the random bits are a hash instead.

    >>> stable_id("findings", 12) == stable_id("findings", 12) != stable_id("findings", 13)
    True
    >>> row_id(stable_id("findings", 12)) == stable_id("findings", 12)
    True
    """
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))
