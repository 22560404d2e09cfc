"""The child process of `outlines`: GeoJSON on stdin, one JSON line for each feature on stdout.

Files come from outside, may be large, and the library that judges areas is not to stay in the
server's memory. So they are read here, feature by feature, with hard limits on memory and time.
A file that cannot be read gives one line that says why.
"""

import json
import os
import re
import resource
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np  # noqa: TID251 - this process is their door
import shapely  # noqa: TID251

from server.places import boundary_problems as faults
from server.places.boundary_problems import BoundariesTooLarge, UnreadableBoundaries
from server.places.outlines import (
    MAX_BYTES,
    MAX_FEATURES,
    MAX_VERTICES,
    MAX_VERTICES_OF_ONE,
    TOO_LARGE,
)
from server.places.problems import RowProblem
from server.problems import Problem
from server.text import clean

MAX_PROPERTIES = 80
LONGEST_VALUE = 200
FARTHEST = 1e9
MAX_MEMORY_BYTES = 900_000_000
MAX_ANSWER_BYTES = 300_000_000
FINE, COARSE = 0.0004, 0.002
"""Degrees within which a border is straightened: about 40 and 200 metres in Vietnam."""
VIETNAM = (102.1, 6.4, 117.9, 23.5)
"""Its edges (west, south, east, north), Hoàng Sa and Trường Sa within them."""

_SPACES = re.compile(r"[ \t\n\r]*")
_WGS84 = re.compile(r"(?i)(crs:?84|epsg:{1,2}4326|wgs ?84)$")
_WHERE = re.compile(r"\[(-?[0-9.]+) (-?[0-9.]+)\]")


def main() -> None:
    """Answer for the file on stdin; argument: the seconds of processor time."""
    seconds = int(sys.argv[1])
    for what, most in (
        (resource.RLIMIT_AS, MAX_MEMORY_BYTES),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, MAX_ANSWER_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    answer_to = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries may print; the answer goes alone
    try:
        found = read(sys.stdin.buffer.read(MAX_BYTES + 1))
    except Problem as problem:
        found = [{"problem": type(problem).__name__, "details": problem.details}]
    except MemoryError:
        found = [{"problem": "BoundariesTooLarge", "details": TOO_LARGE}]
    for line in found:
        answer_to.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
    answer_to.close()


def read(data: bytes) -> list[dict[str, Any]]:
    """Return what each feature is: its properties, and its area or why it has none.

    Raises:
        UnreadableBoundaries, BoundariesTooLarge.
    """
    if len(data) > MAX_BYTES:
        raise BoundariesTooLarge(file="GeoJSON", **TOO_LARGE)
    lines: list[dict[str, Any]] = []
    areas: list[Any] = []
    vertices = 0
    for number, feature in enumerate(_features(_decoded(data)), start=1):
        if number > MAX_FEATURES:
            raise BoundariesTooLarge(file="GeoJSON", **TOO_LARGE)
        line: dict[str, Any] = {"number": number, "properties": _properties(feature)}
        lines.append(line)
        try:
            area = _area(feature)
        except RowProblem as problem:
            line["fault"] = [type(problem).__name__, problem.details]
            continue
        vertices += shapely.get_num_coordinates(area)
        if vertices > MAX_VERTICES:
            raise BoundariesTooLarge(file="GeoJSON", **TOO_LARGE)
        line["box"] = [round(edge, 5) for edge in area.bounds]
        line["area"] = len(areas)
        areas.append(area)
    _simplify(lines, areas)
    return lines


def _decoded(data: bytes) -> str:
    if data.startswith(b"PK"):
        raise UnreadableBoundaries("đây là tệp nén, hãy giải nén trước", "it is a zip: unpack it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableBoundaries("không phải bảng mã UTF-8", "it is not UTF-8") from error


def _features(text: str) -> Iterator[Any]:
    """Give the features of a collection one by one, however long it is."""
    decoder = json.JSONDecoder(parse_constant=_no_number)
    try:
        yield from _members(decoder, text)
    except (ValueError, IndexError) as error:
        raise UnreadableBoundaries("không phải JSON hợp lệ", "it is not valid JSON") from error
    except RecursionError as error:
        raise UnreadableBoundaries("lồng nhau quá sâu", "it is nested too deep") from error


def _no_number(name: str) -> float:
    raise ValueError(name)  # NaN and Infinity are no JSON


def _members(decoder: json.JSONDecoder, text: str) -> Iterator[Any]:
    held: dict[str, Any] = {}
    at = _skip(text, 0)
    if text[at : at + 1] != "{":
        raise _no_collection()
    at = _after(text, at, "{")
    while text[at] != "}":
        name, at = decoder.raw_decode(text, at)
        at = _skip(text, _after(text, _skip(text, at), ":"))
        if name == "features" and text[at] == "[":
            at = yield from _elements(decoder, text, at)
            held[name] = True
        else:
            value, at = decoder.raw_decode(text, at)
            if name != "features":
                held[str(name)] = value
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
    if text[_skip(text, at + 1) :]:
        raise ValueError("more follows")
    _check(held)


def _elements(decoder: json.JSONDecoder, text: str, at: int) -> Any:
    at = _skip(text, at + 1)
    while text[at] != "]":
        feature, at = decoder.raw_decode(text, at)
        yield feature
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return at + 1


def _skip(text: str, at: int) -> int:
    match = _SPACES.match(text, at)
    return match.end() if match else at


def _after(text: str, at: int, sign: str) -> int:
    if text[at] != sign:
        raise ValueError(f"{sign} expected")
    return _skip(text, at + 1)


def _check(held: dict[str, Any]) -> None:
    if held.get("type") != "FeatureCollection" or "features" not in held:
        raise _no_collection()
    crs = held.get("crs")
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = str(properties.get("name", "")) if isinstance(properties, dict) else ""
    if crs is not None and not _WGS84.search(name):
        raise UnreadableBoundaries(
            f"hệ tọa độ “{name[:60]}” không phải WGS 84 (EPSG:4326)",
            f"its coordinates are in '{name[:60]}' and not in WGS 84 (EPSG:4326)",
        )


def _no_collection() -> UnreadableBoundaries:
    return UnreadableBoundaries(
        "không phải FeatureCollection của GeoJSON", "it is no GeoJSON FeatureCollection"
    )


def _properties(feature: Any) -> dict[str, str]:
    told = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(told, dict):
        return {}
    plain = (each for each in told.items() if isinstance(each[1], str | int | float))
    return {
        clean(name)[:LONGEST_VALUE]: clean(_text(value))[:LONGEST_VALUE]
        for name, value in list(plain)[:MAX_PROPERTIES]
    }


def _text(value: str | int | float) -> str:
    """Return a value as a code or name would be written: 359.0 is 359."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        return str(value)
    except ValueError:  # a whole number of thousands of digits
        return ""


def _area(feature: Any) -> Any:
    """Return the feature's area.

    Raises:
        RowProblem: it has none that can be drawn.
    """
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    kind = str(geometry.get("type"))[:40] if isinstance(geometry, dict) else "—"
    if not isinstance(geometry, dict) or kind not in {"Polygon", "MultiPolygon"}:
        raise faults.NoArea(kind=kind)
    parts = geometry.get("coordinates")
    polygons = [parts] if kind == "Polygon" else parts
    if not polygons or not isinstance(polygons, list):
        raise faults.BadPositions
    rings = [_rings(polygon) for polygon in polygons]
    count = sum(len(ring) for polygon in rings for ring in polygon)
    if count > MAX_VERTICES_OF_ONE:
        raise faults.TooManyVertices(count=count, most=MAX_VERTICES_OF_ONE)
    _check_place(np.concatenate([ring for polygon in rings for ring in polygon]))
    _check_closed(ring for polygon in rings for ring in polygon)
    area = shapely.MultiPolygon([shapely.Polygon(first, holes) for first, *holes in rings])
    reason = shapely.is_valid_reason(area)
    if reason != "Valid Geometry":
        where = _WHERE.search(reason)
        spot = f"{float(where[1]):.5f}, {float(where[2]):.5f}" if where else reason
        raise faults.CrossedRing(where=spot)
    return area


def _rings(polygon: Any) -> list[Any]:
    if not isinstance(polygon, list) or not polygon:
        raise faults.BadPositions
    return [_ring(ring) for ring in polygon]


def _ring(ring: Any) -> Any:
    if not isinstance(ring, list) or not ring or not all(map(_is_position, ring)):
        raise faults.BadPositions
    return np.array([position[:2] for position in ring], dtype=float)


def _is_position(position: Any) -> bool:
    return (
        isinstance(position, list)
        and len(position) >= 2
        and all(type(each) in (int, float) and abs(each) < FARTHEST for each in position[:2])
    )


def _check_place(points: Any) -> None:
    west, south = points.min(axis=0)
    east, north = points.max(axis=0)
    if _in_vietnam(west, south, east, north):
        return
    if max(-west, east, -south, north) > 180:
        raise faults.NotDegrees
    if _in_vietnam(south, west, north, east):
        raise faults.SwappedAxes
    raise faults.AreaOutsideVietnam


def _in_vietnam(west: float, south: float, east: float, north: float) -> bool:
    edges = VIETNAM
    return edges[0] <= west and edges[1] <= south and east <= edges[2] and north <= edges[3]


def _check_closed(rings: Iterator[Any]) -> None:
    for number, ring in enumerate(rings, start=1):
        if len(ring) < 4 or (ring[0] != ring[-1]).any():
            raise faults.OpenRing(ring=number)


def _simplify(lines: list[dict[str, Any]], areas: list[Any]) -> None:
    """Put the simplified areas in their lines; neighbours keep the border they share."""
    together = len(areas) > 1 and bool(shapely.coverage_is_valid(areas))
    for name, degrees in (("fine", FINE), ("coarse", COARSE)):
        made = (
            shapely.coverage_simplify(areas, degrees)
            if together
            else shapely.simplify(areas, degrees, preserve_topology=True)
        )
        for line in lines:
            if "area" in line:
                line[name], line[f"{name}_vertices"] = _geojson(made[line["area"]])
    for line in lines:
        line.pop("area", None)


def _geojson(area: Any) -> tuple[str, int]:
    """Return the geometry to about a metre, as text, and how many points it has."""
    parts = getattr(area, "geoms", [area])
    coordinates = [
        [np.round(shapely.get_coordinates(ring), 5).tolist() for ring in _edges(part)]
        for part in parts
    ]
    text = json.dumps({"type": "MultiPolygon", "coordinates": coordinates}, separators=(",", ":"))
    return text, sum(len(ring) for part in coordinates for ring in part)


def _edges(part: Any) -> list[Any]:
    return [part.exterior, *part.interiors]


if __name__ == "__main__":
    main()
