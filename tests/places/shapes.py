"""Made-up areas for tests: squares and steps that no authority ever drew."""

import json
from typing import Any

Ring = list[list[float]]
GOI = (106.06, 20.32)
"""South-west corner of the square that stands for Thị trấn Gôi."""
SIDE = 0.04
HOANG_SA, TRUONG_SA = (112.0, 16.4), (114.4, 9.7)


def square(west: float, south: float, side: float = SIDE) -> list[Ring]:
    """Return a Polygon's coordinates."""
    east, north = round(west + side, 6), round(south + side, 6)
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def feature(coordinates: Any, kind: str = "Polygon", **properties: Any) -> dict[str, Any]:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: Any, **more: Any) -> bytes:
    body = {"type": "FeatureCollection", "features": list(features), **more}
    return json.dumps(body, ensure_ascii=False).encode()


def beside(count: int, **properties: Any) -> list[Ring]:
    """Return the square that lies `count` squares east of Gôi's."""
    return square(round(GOI[0] + count * SIDE, 6), GOI[1])


COMMUNES = (
    feature(beside(0), ma="13741", ten="Gôi"),
    feature(beside(1), ma="13744", ten="Minh Thuận"),
    feature(beside(2), ma="13753", ten="Xã Hợp Hưng"),
)
DISTRICT = feature(square(106.05, 20.31, 0.2), ma="359", ten="Vụ Bản")
ISLANDS = (
    feature(square(*HOANG_SA), ma="498", ten="Hoàng Sa"),
    feature(square(*TRUONG_SA), ma="576", ten="Trường Sa"),
)
