"""Which questions of a form tell when, where and about whom it was filled."""

from collections.abc import Iterable
from typing import Any

from server import xml
from server.surveys.fields import Field

NAMED = {"visit": "visit", "hamlet": "hamlet", "hh": "household", "commune_code": "commune"}
"""Our forms' own conventions: the last name of the path, and the part the answer plays."""


def roles(xform: bytes, fields: Iterable[Field]) -> dict[str, str]:
    """Return the path of the question that plays each part; parts nobody plays are left out.

    Parts: start, end, device (by the XForm's preloads), point (the first geopoint outside
    repeats), visit, hamlet, household, commune (by name).
    """
    found = _preloads(xml.parse(xform, xml.FORM_DEFINITION))
    for field in fields:
        if field.repeat or field.type in {"group", "repeat"}:
            continue
        if field.name in NAMED:
            found.setdefault(NAMED[field.name], field.path)
        if field.type == "geopoint":
            found.setdefault("point", field.path)
    return found


def _preloads(root: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for bind in root.iter("{*}bind"):
        preload = {xml.local(name): value for name, value in bind.attrib.items()}
        path = preload.get("nodeset", "").strip("/").partition("/")[2]
        match preload.get("preload"), preload.get("preloadParams"):
            case "timestamp", ("start" | "end") as which:
                found.setdefault(which, path)
            case "property", "deviceid":
                found.setdefault("device", path)
    return found
