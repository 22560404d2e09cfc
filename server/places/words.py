"""How levels of units are named to people: (Vietnamese, English)."""

from server.places.models import Level

LEVELS: dict[Level, tuple[str, str]] = {
    Level.PROVINCE: ("Tỉnh, thành phố", "Provinces"),
    Level.DISTRICT: ("Huyện, quận, thị xã", "Districts"),
    Level.COMMUNE: ("Xã, phường, thị trấn", "Communes"),
}
