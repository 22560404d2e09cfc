"""An area is given to the unit whose code it tells, else to the only one of its name there."""

import pytest

from server.places.boundaries import How, Matched, Reader, Unit, Units, resolved
from server.places.outlines import Outline

NAM_DINH, DIEN_BIEN = "Tỉnh Nam Định", "Tỉnh Điện Biên"
VU_BAN, Y_YEN = ("Huyện Vụ Bản", NAM_DINH), ("Huyện Ý Yên", NAM_DINH)
UNITS = (
    Unit(1, "36", NAM_DINH, "2024/36"),
    Unit(2, "359", "Huyện Vụ Bản", "2024/36/359", (NAM_DINH,)),
    Unit(3, "360", "Huyện Ý Yên", "2024/36/360", (NAM_DINH,)),
    Unit(4, "098", "Huyện Tủa Chùa", "2024/11/098", (DIEN_BIEN,)),
    Unit(5, "13741", "Thị trấn Gôi", "2024/36/359/13741", VU_BAN),
    Unit(6, "13744", "Xã Minh Thuận", "2024/36/359/13744", VU_BAN),
    Unit(7, "13753", "Xã Hợp Hưng", "2024/36/359/13753", VU_BAN),
    Unit(8, "31036", "Xã Minh Thuận", "2024/91/910/31036", ("Huyện U Minh Thượng",)),
    Unit(9, "17065", "Thị trấn Vụ Bản", "2024/17/157/17065", ("Huyện Lạc Sơn",)),
)


def match(properties, how=How()):  # noqa: B008 - it is never changed
    outline = Outline(1, properties)
    reader = Reader(Units("2024", UNITS, [""]), resolved([outline], how))
    (found,) = reader.match([outline])
    return found.unit.code if isinstance(found, Matched) else found.problem.code


@pytest.mark.parametrize(
    ("properties", "found"),
    [
        ({"ma": "13741"}, "13741"),
        ({"MA_DVHC": "13741", "TEN_DVHC": "TT. Goi"}, "13741"),
        ({"Tên xã": "minh thuan", "Tên huyện": "VỤ BẢN", "Tên tỉnh": "Nam Định"}, "13744"),
        ({"name": "Minh Thuận", "parent": "Huyện Vụ Bản"}, "13744"),
        ({"ten_huyen": "Vụ Bản", "ten_tinh": "Nam Định"}, "359"),
        ({"name": "Huyện Vụ Bản"}, "359"),
        ({"name": "Thị trấn Vụ Bản"}, "17065"),
        ({"ma_huyen": "98", "ten_huyen": "Tủa Chùa"}, "098"),
        ({"code": "13753", "name": "Xã Khác tên"}, "places.area.names-disagree"),
        ({"ma_huyen": "98"}, "places.area.unknown-code"),
        ({"ma_huyen": "98", "ten_huyen": "Vụ Bản"}, "places.area.unknown-code"),
        ({"name": "Minh Thuận"}, "places.area.ambiguous-name"),
        ({"name": "Vụ Bản"}, "places.area.ambiguous-name"),
        ({"name": "Minh Thuận", "parent": "Ý Yên"}, "places.area.unknown-name"),
        ({"name": "Không có"}, "places.area.unknown-name"),
        ({"label": "Gôi"}, "places.area.unnamed"),
        ({}, "places.area.unnamed"),
    ],
)
def test_a_unit_is_known_by_code_or_by_name_and_parent(properties, found):
    assert match(properties) == found


def test_a_property_that_is_named_is_read_however_it_is_written():
    properties = {"ID Xã": "13753", "Nhãn": "Tên riêng", "ten": "Gôi"}

    assert match(properties, How(code="id_xa")) == "places.area.names-disagree"
    assert match(properties, How(code="id_xa", name="nhan", trust_codes=True)) == "13753"
    assert match(properties, How(name="TEN")) == "13741"
