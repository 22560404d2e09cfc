"""In what order to visit the places drawn: a suggestion, the same on every run.

Up to eight stops the shortest way; beyond, nearest neighbour from several first stops, then 2-opt
and Or-opt until nothing shortens it; ties go to the place named first. Straight lines are not
mountain roads: the order is for people to change. The distance is a function given by the caller
(geopy's geodesic, for example); the default is the haversine one, within half a percent of it in
Viet Nam.

    >>> stops = {"A": (21.0, 105.0), "B": (21.2, 105.0), "C": (21.1, 105.0), "D": (21.3, 105.0)}
    >>> route = order(stops, start=(20.9, 105.0))
    >>> route.stops, round(route.length, 1)
    (('A', 'C', 'B', 'D'), 44.5)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import asin, cos, inf, radians, sin, sqrt

from sampling.errors import BadRoute

Point = tuple[float, float]
Distance = Callable[[Point, Point], float]
Matrix = Sequence[Sequence[float]]
_EARTH_KM = 6371.0088
_LEAST = 1e-9
_EXACT = 9  # up to so many places, the start among them, the shortest way is found outright


@dataclass(frozen=True)
class Route:
    """Places in the order to visit them, and the length of the whole way (km by default)."""

    stops: tuple[str, ...]
    length: float


def haversine(one: Point, other: Point) -> float:
    """Return the great-circle distance in km between (latitude, longitude) points in degrees."""
    (north, east), (north2, east2) = one, other
    half = sin(radians(north2 - north) / 2) ** 2
    half += cos(radians(north)) * cos(radians(north2)) * sin(radians(east2 - east) / 2) ** 2
    return 2 * _EARTH_KM * asin(min(1.0, sqrt(half)))


def order(
    points: Mapping[str, Point],
    start: Point | None = None,
    *,
    back: bool = False,
    distance: Distance = haversine,
) -> Route:
    """Return a short way through all points.

    Args:
        points: id -> (latitude, longitude) in degrees.
        start: where the team sets out; None when any place may come first.
        back: whether the way leads back to the start (or to the first place).
        distance: of two points, in any unit; the same both ways.

    Raises:
        BadRoute: there is no place, or a position is none.
    """
    names = sorted(points)
    if not names:
        raise BadRoute(reason_vi="chưa có điểm nào", reason_en="there is no place")
    for name in names:
        _check(name, points[name])
    places = ([start] if start else []) + [points[name] for name in names]
    if start:
        _check("start", start)
    matrix = [
        [distance(one, other) if one is not other else 0.0 for other in places] for one in places
    ]
    best = _best_tour(matrix, fixed=start is not None, back=back)
    shift = 1 if start else 0
    stops = tuple(names[place - shift] for place in best if place >= shift)
    return Route(stops, _length(matrix, best, back=back))


def _check(name: str, point: Point) -> None:
    if not (abs(point[0]) <= 90 and abs(point[1]) <= 180):
        raise BadRoute(
            reason_vi=f"toạ độ của '{name}' không đúng: {point}",
            reason_en=f"the position of '{name}' is none: {point}",
        )


def days(
    points: Mapping[str, Point],
    start: Point,
    *,
    capacity: int,
    hours: float = inf,
    speed: float = 25.0,
    visit_hours: Mapping[str, float] | None = None,
    distance: Distance = haversine,
) -> list[Route]:
    """Return one round trip from the start for each day.

    The whole order is cut where a day is full (by number of places, or by hours of travel and
    visit), each day is then put in order anew.

    Args:
        points: id -> (latitude, longitude) in degrees.
        start: where every day begins and ends.
        capacity: how many places a day takes at most.
        hours: how long a day is.
        speed: distance units per hour.
        visit_hours: how long each visit lasts; 0 where absent.
        distance: of two points.

    Raises:
        BadRoute: one place alone does not fit in a day.
    """
    if capacity < 1 or speed <= 0:
        raise BadRoute(
            reason_vi="mỗi ngày đi được ít nhất một điểm, tốc độ phải dương",
            reason_en="a day takes at least one place, at a speed above zero",
        )
    visits = visit_hours or {}

    def trip(names: Sequence[str]) -> Route:
        return order({n: points[n] for n in names}, start, back=True, distance=distance)

    def fits(names: Sequence[str]) -> bool:
        work = sum(visits.get(name, 0.0) for name in names)
        return len(names) <= capacity and trip(names).length / speed + work <= hours

    plan: list[list[str]] = []
    for name in order(points, start, back=True, distance=distance).stops:
        if plan and fits([*plan[-1], name]):
            plan[-1].append(name)
        elif fits([name]):
            plan.append([name])
        else:
            raise BadRoute(
                reason_vi=f"riêng điểm '{name}' đã quá một ngày ({hours} giờ)",
                reason_en=f"place '{name}' alone exceeds a day ({hours} hours)",
            )
    return [trip(names) for names in plan]


# --- tours over a matrix of distances -------------------------------------------------------


def _best_tour(matrix: Matrix, *, fixed: bool, back: bool) -> list[int]:
    """Return the shortest tour of few places, or the best improved one; `fixed` begins at 0."""
    count = len(matrix)
    if count <= _EXACT:
        return _shortest(matrix, fixed=fixed, back=back)
    seconds = range(1, count) if fixed else range(count)
    firsts = sorted(seconds, key=lambda place: (matrix[0][place], place))
    spread = firsts[:: max(1, len(firsts) // 12)] or [0]
    best: list[int] = []
    for first in spread:
        tour = _nearest(matrix, [0, first] if fixed and count > 1 else [first])
        tour = _improved(matrix, tour, fixed=fixed, back=back)
        if not best or _length(matrix, tour, back=back) < _length(matrix, best, back=back) - _LEAST:
            best = tour
    return best


def _shortest(matrix: Matrix, *, fixed: bool, back: bool) -> list[int]:
    """Return the shortest tour of all (Held and Karp 1962): best ways through sets of places."""
    count = len(matrix)
    firsts = [0] if fixed or back else range(count)
    ways: dict[tuple[int, int], tuple[float, list[int]]] = {
        (1 << place, place): (0.0, [place]) for place in firsts
    }
    for chosen in range(1, 1 << count):
        for last in range(count):
            if (chosen, last) not in ways:
                continue
            length, tour = ways[chosen, last]
            for place in range(count):
                if not chosen >> place & 1:
                    way = (length + matrix[last][place], [*tour, place])
                    state = chosen | 1 << place, place
                    ways[state] = min(ways.get(state, way), way)
    whole = (1 << count) - 1
    ends = [ways[whole, last] for last in range(count) if (whole, last) in ways]
    return min(ends, key=lambda way: (_length(matrix, way[1], back=back), way[1]))[1]


def _length(matrix: Matrix, tour: Sequence[int], *, back: bool) -> float:
    way = sum(matrix[a][b] for a, b in pairwise(tour))
    return way + (matrix[tour[-1]][tour[0]] if back else 0.0)


def _nearest(matrix: Matrix, tour: list[int]) -> list[int]:
    left = sorted(set(range(len(matrix))) - set(tour))
    while left:
        here = matrix[tour[-1]]
        nearest = min(left, key=lambda place: (here[place], place))
        left.remove(nearest)
        tour.append(nearest)
    return tour


def _improved(matrix: Matrix, tour: list[int], *, fixed: bool, back: bool) -> list[int]:
    """Return the tour after 2-opt and Or-opt moves, until none shortens it."""
    better = True
    while better:
        better = _two_opt(matrix, tour, fixed=fixed, back=back)
        better = _or_opt(matrix, tour, fixed=fixed, back=back) or better
    return tour


def _two_opt(matrix: Matrix, tour: list[int], *, fixed: bool, back: bool) -> bool:
    """Turn stretches round wherever that shortens the way; say whether any was."""
    size, moved = len(tour), False
    for low in range(1 if fixed or back else 0, size - 1):
        for high in range(low + 1, size):
            before = _edge(matrix, tour, low - 1, low, back) + _edge(
                matrix, tour, high, high + 1, back
            )
            after = _join(matrix, tour, low - 1, tour[high], back)
            after += _join(matrix, tour, high + 1, tour[low], back)
            if after < before - _LEAST:
                tour[low : high + 1] = tour[low : high + 1][::-1]
                moved = True
    return moved


def _edge(matrix: Matrix, tour: Sequence[int], left: int, right: int, back: bool) -> float:
    """Return the length between two neighbouring positions; 0 past an open end."""
    inner = right if left == -1 else left
    return _join(matrix, tour, left if inner == right else right, tour[inner], back)


def _join(matrix: Matrix, tour: Sequence[int], position: int, place: int, back: bool) -> float:
    """Return the distance from a place to the one at a position; 0 past an open end."""
    if not 0 <= position < len(tour):
        if not back:
            return 0.0
        position %= len(tour)
    return matrix[tour[position]][place]


def _or_opt(matrix: Matrix, tour: list[int], *, fixed: bool, back: bool) -> bool:
    """Move stretches of one to three places elsewhere wherever that shortens the way."""
    moved = False
    keep = 1 if fixed or back else 0
    for length in (1, 2, 3):
        for low in range(keep, len(tour) - length + 1):
            moved = _relocate(matrix, tour, low, length, keep, back) or moved
    return moved


def _relocate(
    matrix: Matrix, tour: list[int], low: int, length: int, keep: int, back: bool
) -> bool:
    """Move one stretch to its best place, either way round; say whether that shortened the way."""
    stretch = tour[low : low + length]
    rest = tour[:low] + tour[low + length :]
    if not rest:
        return False
    now = _insertion(matrix, rest, low, stretch, back)
    best = (now - _LEAST, low, stretch)
    for place in range(keep, len(rest) + 1):
        for piece in (stretch, stretch[::-1]):
            cost = _insertion(matrix, rest, place, piece, back)
            if cost < best[0] - _LEAST:
                best = (cost, place, piece)
    if best[0] >= now - _LEAST:
        return False
    tour[:] = rest[: best[1]] + best[2] + rest[best[1] :]
    return True


def _insertion(
    matrix: Matrix, rest: Sequence[int], place: int, piece: Sequence[int], back: bool
) -> float:
    """Return what a stretch adds to the way when put before a position of the rest."""
    open_end = not back and place in (0, len(rest))
    gap = 0.0 if open_end else matrix[rest[place - 1]][rest[place % len(rest)]]
    before = _join(matrix, rest, place - 1, piece[0], back)
    return before + _join(matrix, rest, place, piece[-1], back) - gap
