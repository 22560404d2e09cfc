"""Routes: short, the same on every run, and within the days."""

import random
from itertools import pairwise

import pytest
from geopy.distance import geodesic

from sampling import route
from sampling.errors import BadRoute

HOME = (21.39, 103.02)


def places(count, seed=1):
    chance = random.Random(seed)
    return {
        f"xa{place:02d}": (21 + chance.random(), 103 + chance.random()) for place in range(count)
    }


def walked(points, stops, start, back):
    way = ([start] if start else []) + [points[stop] for stop in stops]
    way += [way[0]] if back else []
    return sum(route.haversine(one, other) for one, other in pairwise(way))


def shortest(points, start, back):
    """Return the length of the shortest way (Held and Karp)."""
    stops = list(points.values())
    gap = [[route.haversine(one, other) for other in stops] for one in stops]
    first = [route.haversine(start, stop) for stop in stops]
    best = {(1 << place, place): first[place] for place in range(len(stops))}
    for chosen in range(1, 1 << len(stops)):
        for last in range(len(stops)):
            if (chosen, last) in best:
                for place in range(len(stops)):
                    if not chosen >> place & 1:
                        state = chosen | 1 << place, place
                        way = best[chosen, last] + gap[last][place]
                        best[state] = min(best.get(state, way), way)
    everything = (1 << len(stops)) - 1
    return min(best[everything, p] + (first[p] if back else 0) for p in range(len(stops)))


@pytest.mark.parametrize("back", [True, False])
@pytest.mark.parametrize("count", [1, 3, 6, 8])
def test_a_days_route_is_the_shortest(count, back):
    for seed in range(5):
        points = places(count, seed)
        assert (
            abs(route.order(points, HOME, back=back).length - shortest(points, HOME, back)) < 1e-9
        )


def test_longer_routes_are_mostly_the_shortest_and_never_far_from_it():
    """11 stops: above what is solved outright, within reach of Held and Karp."""
    gaps = []
    for seed in range(8):
        points = places(11, seed)
        found = route.order(points, HOME, back=True).length
        gaps.append(found / shortest(points, HOME, True) - 1)

    assert min(gaps) > -1e-12 and max(gaps) < 0.05
    assert sum(gap < 1e-9 for gap in gaps) >= 6


@pytest.mark.parametrize("back", [True, False])
@pytest.mark.parametrize("start", [HOME, None])
def test_every_place_stands_once_and_the_length_is_the_way_walked(start, back):
    points = places(30)

    found = route.order(points, start, back=back)

    assert sorted(found.stops) == sorted(points)
    assert abs(found.length - walked(points, found.stops, start, back)) < 1e-9


def test_the_order_of_the_table_changes_nothing():
    points = places(25)
    turned = dict(sorted(points.items(), reverse=True))

    assert route.order(points, HOME) == route.order(turned, HOME)


def test_places_on_one_point_or_alone_are_fine():
    same = dict.fromkeys(("a", "b", "c"), HOME)

    assert route.order(same, HOME) == route.Route(("a", "b", "c"), 0.0)
    assert route.order({"a": HOME}).stops == ("a",)


def test_a_distance_from_outside_is_used():
    points = places(8)

    found = route.order(points, HOME, distance=lambda a, b: geodesic(a, b).km)

    straight = route.order(points, HOME)
    assert found.stops == straight.stops
    assert 0 < abs(found.length - straight.length) < 0.005 * straight.length


def test_haversine_is_a_quarter_of_the_meridian_to_the_pole():
    assert abs(route.haversine((0, 0), (90, 0)) - 10_007.557) < 0.01


def test_days_hold_no_more_than_they_can():
    points = places(14)

    plan = route.days(points, HOME, capacity=4, hours=9, visit_hours=dict.fromkeys(points, 1.0))

    assert sorted(stop for day in plan for stop in day.stops) == sorted(points)
    for day in plan:
        assert len(day.stops) <= 4
        assert day.length / 25 + len(day.stops) <= 9
        assert abs(day.length - walked(points, day.stops, HOME, back=True)) < 1e-9


def test_what_cannot_be_planned_is_named():
    with pytest.raises(BadRoute, match="no place"):
        route.order({})
    with pytest.raises(BadRoute, match="'xa00'"):
        route.order({"xa00": (103.0, 21.0)})
    with pytest.raises(BadRoute, match="'xa' alone"):
        route.days({"xa": (22.5, 104.0)}, HOME, capacity=3, hours=1)
    with pytest.raises(BadRoute, match="at least one place"):
        route.days({"xa": HOME}, HOME, capacity=0)
