"""Draws spread over the map: the pivotal method between nearest neighbours.

Grafström, Lundström and Schelin (2012), local pivotal method 2. A unit still open is picked at
random, meets its nearest open neighbour, and at least one of the two is settled. Neighbouring
communes are then seldom drawn together, and every probability stays exact.

Distances are whole numbers: 25 times the difference of latitudes and 24 times that of longitudes
(cos 16° is about 24/25, the middle of Viet Nam). A rough factor costs a little spread and never
a probability.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from sampling.errors import BadDesign
from sampling.frame import Unit
from sampling.pps import Sized, fight
from sampling.tickets import Stream

Point = tuple[int, int]


def points(units: Iterable[Unit]) -> dict[str, Point]:
    """Return id -> position in whole numbers, latitude first.

    Raises:
        BadDesign: a unit has no position.
    """
    places = {}
    for unit in units:
        if unit.lat is None or unit.lon is None:
            raise BadDesign(
                reason_vi=f"đơn vị '{unit.id}' chưa có toạ độ; hãy điền lat và lon",
                reason_en=f"unit '{unit.id}' has no position; fill in lat and lon",
            )
        places[unit.id] = (25 * unit.lat, 24 * unit.lon)
    return places


class _Open:
    """The units still open: by id (to pick one at random) and by latitude (to find neighbours)."""

    def __init__(self, ids: Iterable[str], places: Mapping[str, Point]) -> None:
        self.ids = sorted(ids)
        self._places = places
        self._by_latitude = sorted((*places[unit_id], unit_id) for unit_id in self.ids)

    def remove(self, unit_id: str) -> None:
        del self.ids[bisect_left(self.ids, unit_id)]
        del self._by_latitude[bisect_left(self._by_latitude, (*self._places[unit_id], unit_id))]

    def nearest(self, unit_id: str) -> str:
        """Return the open unit nearest to one; equal distances go by id."""
        lat, lon = self._places[unit_id]
        home = bisect_left(self._by_latitude, (lat, lon, unit_id))
        best: tuple[int, str] | None = None
        for places in (range(home - 1, -1, -1), range(home + 1, len(self.ids))):
            for place in places:
                north, east, other = self._by_latitude[place]
                apart = (north - lat) ** 2
                if best and apart > best[0]:
                    break
                found = (apart + (east - lon) ** 2, other)
                best = min(best, found) if best else found
        return best[1] if best else ""


def select(
    units: Sequence[Sized], n: int, total: int, stream: Stream, places: Mapping[str, Point]
) -> list[str]:
    """Return the units chosen, each with probability n size / total exactly."""
    held = {unit_id: n * size for unit_id, size in units}
    still = _Open(held, places)
    chosen: list[str] = []
    while still.ids:
        one = still.ids[stream.below(len(still.ids))]
        other = still.nearest(one)
        if other:
            winner, survivor, share = fight(one, held[one], other, held[other], total, stream)
            settled = other if survivor == one else one
            still.remove(settled)
            if winner:
                chosen.append(winner)
        else:
            survivor, share = one, held[one]
        held[survivor] = share
        if share in (0, total):
            still.remove(survivor)
            if share:
                chosen.append(survivor)
    return chosen
