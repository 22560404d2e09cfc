"""Finding places: by date, by code, by name as people type it, by place and by scope."""

import datetime as dt
import unicodedata

import pytest
from sqlalchemy.orm import Session

from server.places import queries
from server.places.distance import metres_between, radius_m


def names(session: Session, text: str, edition: str = "2025-06", **options: object) -> list[str]:
    return [p.name for p in session.scalars(queries.search(edition, text, **options))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "edition"),
    [
        (dt.date(2024, 3, 15), "2024"),
        (dt.date(2024, 8, 31), "2024"),
        (dt.date(2024, 9, 1), "2025-06"),
        (dt.date(2025, 6, 30), "2025-06"),
        (dt.date(2025, 7, 1), "2025-07"),
        (dt.date(2030, 1, 1), "2025-07"),
    ],
)
def test_a_day_has_its_edition(session: Session, day: dt.date, edition: str):
    assert session.scalars(queries.edition_on(day)).one().id == edition


def test_a_day_before_the_first_edition_has_none(session: Session):
    assert session.scalars(queries.edition_on(dt.date(2020, 12, 31))).first() is None


@pytest.mark.parametrize(
    ("code", "in_2024", "in_june_2025", "now"),
    [
        ("13753", "Xã Hợp Hưng", "Xã Hợp Hưng", "Xã Hiển Khánh"),
        ("13750", "Xã Tân Khánh", "Xã Minh Tân", "Xã Minh Tân"),
        ("28810", "Xã An Khánh", "Thị trấn Châu Thành", "Xã Phú Túc"),
        ("13777", "Xã Thành Lợi", "Xã Thành Lợi", "Phường Trường Thi"),
        ("13786", "Xã Đại Thắng", "Xã Đại Thắng", "Xã Liên Minh"),
    ],
)
def test_one_code_means_another_commune_in_another_edition(
    session: Session, code: str, in_2024: str, in_june_2025: str, now: str
):
    found = [
        session.scalars(queries.place(edition, code)).one().name
        for edition in ("2024", "2025-06", "2025-07")
    ]

    assert found == [in_2024, in_june_2025, now]


@pytest.mark.parametrize(
    "typed", ["dien bien", "Điện Biên", "DIEN  BIEN", "điện bien", "tỉnh điện biên"]
)
def test_a_province_is_found_first_however_it_is_typed(session: Session, typed: str):
    assert names(session, typed)[0] == "Tỉnh Điện Biên"


def test_composed_and_decomposed_letters_find_the_same(session: Session):
    composed = unicodedata.normalize("NFC", "Hiển Khánh")
    decomposed = unicodedata.normalize("NFD", composed)
    assert composed != decomposed

    assert names(session, decomposed) == names(session, composed) == ["Xã Hiển Khánh"]


def test_d_and_barred_d_find_each_other(session: Session):
    plain, barred = names(session, "da", limit=500), names(session, "đa", limit=500)

    assert plain == barred
    assert any("Đa" in name for name in plain)
    assert any("Da" in name for name in plain)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("cu mgar", "Huyện Cư M'gar"),
        ("Cư M’gar", "Huyện Cư M'gar"),
        ("cu m'gar", "Huyện Cư M'gar"),
        ("ia hdrai", "Huyện Ia H'Drai"),
        ("ba ria vung tau", "Tỉnh Bà Rịa - Vũng Tàu"),
        ("thanh hoà", "Tỉnh Thanh Hóa"),
    ],
)
def test_apostrophes_hyphens_and_the_place_of_tones_do_not_matter(
    session: Session, typed: str, found: str
):
    assert found in names(session, typed)


def test_a_number_is_found_with_or_without_its_leading_zero(session: Session):
    assert names(session, "phuong 5", "2024", under="68") == ["Phường 5"]
    assert names(session, "phuong 5", "2024", under="79") == names(
        session, "Phường 05", "2024", under="79"
    )


def test_whole_names_and_larger_units_come_first(session: Session):
    found = names(session, "vu ban", "2024")

    assert found == ["Huyện Vụ Bản", "Xã Vũ Bản", "Thị trấn Vụ Bản"]  # the largest first
    assert names(session, "bien phu", "2024")[0] == "Thành phố Điện Biên Phủ"


def test_a_search_stays_under_the_place_it_is_given(session: Session):
    assert names(session, "vu ban", "2024", under="36") == ["Huyện Vụ Bản"]
    assert names(session, "vu ban", "2024", under="17") == ["Thị trấn Vụ Bản"]


@pytest.mark.parametrize("typed", ["", "  ", "%", "_", "\\", "'", "\0", "không đâu có tên này"])
def test_what_names_nothing_finds_nothing(session: Session, typed: str):
    assert names(session, typed) == []


def test_children_are_in_dictionary_order(session: Session):
    communes = session.scalars(queries.children("2024", "359")).all()

    assert [commune.name.split(" ", 1)[1] for commune in communes][:5] == [
        "Cộng Hòa",
        "Đại An",
        "Đại Thắng",
        "trấn Gôi",
        "Hiển Khánh",
    ]


def test_numbered_wards_are_ordered_by_their_number(session: Session):
    wards = session.scalars(queries.search("2025-06", "phuong", under="672", limit=50)).all()
    ordered = [w.name for w in session.scalars(queries.children("2025-06", "672")) if w in wards]

    numbers = [int(name.split()[-1]) for name in ordered if name.split()[-1].isdigit()]

    assert numbers == sorted(numbers)
    assert 2 in numbers and 10 in numbers


def test_communes_are_listed_at_any_depth(session: Session):
    assert len(session.scalars(queries.communes_under("2024", "359")).all()) == 18
    assert len(session.scalars(queries.communes_under("2024", "36")).all()) == 226
    assert len(session.scalars(queries.communes_under("2025-07", "37")).all()) == 129
    assert [p.code for p in session.scalars(queries.communes_under("2024", "13753"))] == ["13753"]


def test_a_subtree_holds_the_place_itself_and_all_below(session: Session):
    def codes(*scope: str) -> set[str]:
        return {p.code for p in session.scalars(queries.subtree("2024", *scope))}

    assert {"36", "359", "13753"} <= codes("36")
    assert "36" not in codes("359")
    assert len(codes("359")) == 19
    assert codes("359", "098") == codes("359") | codes("098")
    assert codes() == set()
    assert len(session.scalars(queries.subtree_ids("2024", "359")).all()) == 19


def test_a_scope_in_one_edition_says_nothing_of_another(session: Session):
    assert session.scalars(queries.subtree("2025-07", "359")).all() == []


def test_the_holders_of_a_place_come_from_the_top(session: Session):
    holders = [p.name for p in session.scalars(queries.ancestors("2024", "13753"))]

    assert holders == ["Tỉnh Nam Định", "Huyện Vụ Bản"]
    assert session.scalars(queries.ancestors("2024", "36")).all() == []


def test_addresses_name_all_holders(session: Session):
    places = [
        session.scalars(queries.place(edition, code)).one()
        for edition, code in (("2024", "13753"), ("2025-07", "13753"), ("2024", "36"))
    ]

    assert list(queries.addresses(session, places).values()) == [
        "Xã Hợp Hưng, Huyện Vụ Bản, Tỉnh Nam Định",
        "Xã Hiển Khánh, Tỉnh Ninh Bình",
        "Tỉnh Nam Định",
    ]


def test_the_nearest_communes_are_measured_on_the_ground(session: Session):
    (first, metres), *others = queries.nearest(session, "2025-07", (20.3410, 106.0810), limit=4)

    assert first.name == "Xã Vụ Bản"
    assert metres < 50
    assert [m for _, m in others] == sorted(m for _, m in others)


def test_the_nearest_communes_are_found_from_far_at_sea(session: Session):
    [(island, metres)] = queries.nearest(session, "2025-07", (9.0, 114.0), limit=1)

    assert island.name == "Đặc khu Trường Sa"
    assert metres == pytest.approx(metres_between((9.0, 114.0), (9.71, 114.45)))


def test_a_degree_of_longitude_shrinks_towards_the_pole():
    at_equator = metres_between((0, 105), (0, 106))

    assert at_equator == pytest.approx(111_319.49, abs=0.01)  # WGS 84 equator / 360
    assert metres_between((21, 105), (21, 106)) < at_equator * 0.94


def test_the_radius_is_that_of_a_circle_of_the_same_area():
    assert radius_m(3.141592653589793) == pytest.approx(1000)
