"""Distances on the ground: the one door to geopy."""

import math

from server.lean import bare

with bare("geopy"):  # else it loads 9 MB for services on the web that nobody here asks
    from geopy.distance import geodesic  # noqa: TID251 - this is the door

Point = tuple[float, float]

METRES_PER_DEGREE = 111_195.0
"""Of latitude, on a sphere of the Earth's mean radius: good enough to choose candidates."""


def metres_between(one: Point, other: Point) -> float:
    """Return the length in metres of the shortest way between two points on the WGS 84 ellipsoid.

    Points are (latitude, longitude) in degrees. C. F. F. Karney, "Algorithms for geodesics",
    Journal of Geodesy 87 (2013); its example from JFK to LHR:

    >>> round(metres_between((40.6, -73.8), (51.6, -0.5)))
    5551759
    """
    return float(geodesic(one, other).m)


def point(latitude: float | None, longitude: float | None) -> Point | None:
    """Return the point of two columns, None where they hold none."""
    return None if latitude is None or longitude is None else (latitude, longitude)


def radius_m(area_km2: float) -> float:
    """Return the radius in metres of a circle as large as the unit.

    A rule of thumb: a point much farther from the unit's centre is hardly inside it.

    >>> round(radius_m(105.7))
    5800
    """
    return math.sqrt(area_km2 / math.pi) * 1000


def box_around(point: Point, metres: float) -> tuple[Point, Point]:
    """Return the south-west and north-east corners of a box holding all within `metres`.

    Made for Vietnam's latitudes; it holds no pole and does not cross the 180th meridian.

    >>> box_around((0.0, 105.0), 111_195.0)
    ((-1.0, 104.0), (1.0, 106.0))
    """
    latitude, longitude = point
    high = metres / METRES_PER_DEGREE
    wide = high / math.cos(math.radians(latitude))
    return (latitude - high, longitude - wide), (latitude + high, longitude + wide)
