"""Hoàng Sa and Trường Sa: without them no border of the country, or of their provinces, is drawn.

A picture of many provinces' borders reads as a map of the country, and one that leaves the two
archipelagos out shows the country wrongly. Communes and districts within one province are no
such picture.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Islands:
    """An archipelago: its name, its unit's code in an edition, that of its province.

    `box` is west, south, east, north in degrees, about which its area has to lie.
    """

    name: str
    code: str
    province_code: str
    box: tuple[float, float, float, float]

    def hold(self, box: tuple[float, float, float, float]) -> bool:
        """Tell whether an area with the edges `box` lies among these islands."""
        west, south, east, north = box
        return (
            self.box[0] <= west and east <= self.box[2] and self.box[1] <= south
            and north <= self.box[3]
        )  # fmt: skip


_HOANG_SA = ("Hoàng Sa", (111.0, 15.0, 113.2, 17.5))
_TRUONG_SA = ("Trường Sa", (109.5, 6.4, 117.9, 12.3))


def _both(hoang_sa: str, truong_sa: str) -> tuple[Islands, Islands]:
    return (
        Islands(_HOANG_SA[0], hoang_sa, "48", _HOANG_SA[1]),
        Islands(_TRUONG_SA[0], truong_sa, "56", _TRUONG_SA[1]),
    )


_DISTRICTS = _both("498", "576")
ISLANDS = {"2024": _DISTRICTS, "2025-06": _DISTRICTS, "2025-07": _both("20333", "22736")}
"""By edition: huyện of Đà Nẵng and Khánh Hòa, đặc khu since 1 July 2025."""


def of(edition: str) -> tuple[Islands, ...]:
    """Return the two archipelagos as an edition codes them; a later one codes them as the last.

    >>> [each.code for each in of("2024")], [each.code for each in of("2025-07")]
    (['498', '576'], ['20333', '22736'])
    """
    return ISLANDS.get(edition, ISLANDS["2025-07"])


def named(wanted: Iterable[Islands]) -> str:
    """Return how a sentence names archipelagos.

    >>> named(of("2024"))
    'Hoàng Sa (498), Trường Sa (576)'
    """
    return ", ".join(f"{each.name} ({each.code})" for each in wanted)


def needed(
    edition: str, provinces: Collection[str], outlined: Collection[str], whole: bool
) -> list[Islands]:
    """Return the archipelagos without which a map must not be drawn.

    `provinces` are those that its areas lie in, `outlined` those whose own border it draws;
    `whole` says that it is of the country.

    >>> [each.name for each in needed("2024", ["36"], [], False)]
    []
    >>> [each.name for each in needed("2024", ["36", "56"], [], False)]
    ['Hoàng Sa', 'Trường Sa']
    >>> [each.name for each in needed("2024", ["56"], ["56"], False)]
    ['Trường Sa']
    """
    both = of(edition)
    if whole or len(set(provinces)) > 1:
        return list(both)
    return [each for each in both if each.province_code in outlined]
