"""Where a point lies to a unit's area: pure, in plain Python, fast enough for one record."""

import json
import math
from itertools import pairwise

from server.places.distance import METRES_PER_DEGREE, Point

Ring = list[list[float]]


class Border:
    """The border of one unit, read once from its GeoJSON geometry (MultiPolygon)."""

    def __init__(self, geojson: str) -> None:
        polygons: list[list[Ring]] = json.loads(geojson)["coordinates"]
        self.rings = [ring for polygon in polygons for ring in polygon]

    def metres_outside(self, point: Point) -> float:
        """Return how far beyond the border a point (latitude, longitude) lies; 0 within it.

        Measured on a plane that touches the Earth at the point: off by less than one in a hundred
        within fifty kilometres.

        >>> ring = "[[106, 20], [106.1, 20], [106.1, 20.1], [106, 20.1], [106, 20]]"
        >>> border = Border(f'{{"coordinates": [[{ring}]]}}')
        >>> border.metres_outside((20.05, 106.05)), round(border.metres_outside((20.11, 106.05)))
        (0.0, 1112)
        """
        wide = METRES_PER_DEGREE * math.cos(math.radians(point[0]))
        inside, nearest = False, math.inf
        for ring in self.rings:
            flat = [
                ((lon - point[1]) * wide, (lat - point[0]) * METRES_PER_DEGREE) for lon, lat in ring
            ]
            for one, other in pairwise(flat):
                inside ^= _crosses(one, other)
                nearest = min(nearest, _distance(one, other))
        return 0.0 if inside else nearest


def _crosses(one: Point, other: Point) -> bool:
    """Tell whether a ray from the origin eastwards crosses the line between two points."""
    (x1, y1), (x2, y2) = one, other
    return (y1 > 0) != (y2 > 0) and x1 - y1 * (x2 - x1) / (y2 - y1) > 0


def _distance(one: Point, other: Point) -> float:
    """Return the distance of the origin from the line between two points."""
    (x1, y1), (x2, y2) = one, other
    dx, dy = x2 - x1, y2 - y1
    length = dx * dx + dy * dy
    along = max(0.0, min(1.0, -(x1 * dx + y1 * dy) / length)) if length else 0.0
    return math.hypot(x1 + along * dx, y1 + along * dy)
