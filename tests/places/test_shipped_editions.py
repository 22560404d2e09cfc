"""The shipped code lists: complete, unchanged since they were built, and true to the field."""

import csv
import datetime as dt
import hashlib
import itertools
import json
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.places import queries, service, shipped
from server.places.models import Edition, Level, Place, Succession

DATA = Path(service.__file__).parent / "data"
SEED = Path(__file__).parent / "data" / "seed_units.csv"


def seed_units(edition: str) -> list[dict[str, str]]:
    with SEED.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["edition"] == edition]


@pytest.mark.parametrize(
    ("edition", "provinces", "districts", "communes"),
    [("2024", 63, 705, 10_599), ("2025-06", 63, 696, 10_035), ("2025-07", 34, 0, 3_321)],
)
def test_an_edition_has_the_official_number_of_units(
    session: Session, edition: str, provinces: int, districts: int, communes: int
):
    counts = Counter(session.scalars(select(Place.level).where(Place.edition_id == edition)))

    assert counts == Counter(
        {Level.PROVINCE: provinces, Level.DISTRICT: districts, Level.COMMUNE: communes}
    )


def test_the_new_communes_are_of_three_kinds_in_the_official_numbers(session: Session):
    kinds = Counter(
        session.scalars(
            select(Place.kind).where(Place.edition_id == "2025-07", Place.level == Level.COMMUNE)
        )
    )

    assert kinds == {"Xã": 2_621, "Phường": 687, "Đặc khu": 13}


@pytest.mark.parametrize("edition", ["2024", "2025-06"])
@pytest.mark.parametrize("district", ["359", "835", "831", "832", "098", "614"])
def test_the_communes_of_the_seed_districts_are_known_at_both_dates(
    session: Session, edition: str, district: str
):
    expected = {
        row["code"]: row["name"] for row in seed_units(edition) if row["district_code"] == district
    }

    communes = session.scalars(queries.children(edition, district)).all()

    assert {commune.code: commune.name for commune in communes} == expected


def test_the_seed_districts_have_the_sizes_that_the_plans_count(session: Session):
    def sizes(edition: str) -> list[int]:
        return [
            len(session.scalars(queries.children(edition, district)).all())
            for district in ("359", "835", "831", "832", "098", "614")
        ]

    assert sizes("2024") == [18, 20, 21, 11, 12, 7]
    assert sizes("2025-06") == [14, 19, 16, 11, 12, 7]


def test_the_units_now_on_the_seed_districts_have_their_point_and_area(session: Session):
    rows = seed_units("2025-07")
    assert len(rows) == 31

    for row in rows:
        place = session.scalars(queries.place("2025-07", row["code"])).one()
        assert (place.name, str(place.latitude), str(place.longitude), place.area_km2) == (
            row["name"],
            row["latitude"],
            row["longitude"],
            float(row["area_km2"]),
        )


def test_every_commune_of_the_seed_districts_is_followed_into_its_new_unit(session: Session):
    for row in seed_units("2025-06"):
        new = session.execute(queries.successors("2025-06", row["code"])).all()

        assert [(place.code, place.name, default) for place, default in new] == [
            (row["new_code"], row["new_name"], True)
        ]


def test_every_commune_of_june_2025_has_one_default_successor(session: Session):
    old = select(Place.id).where(Place.edition_id == "2025-06", Place.level == Level.COMMUNE)
    links = session.execute(
        select(
            Succession.old_id,
            func.count(),
            func.sum(func.cast(Succession.is_default, Place.id.type)),
        )
        .where(Succession.old_id.in_(old))
        .group_by(Succession.old_id)
    ).all()

    assert len(links) == 10_035
    assert {defaults for _, _, defaults in links} == {1}
    assert sum(parts > 1 for _, parts, _ in links) == 471


def test_every_new_commune_was_made_of_something(session: Session):
    new = select(Place.id).where(Place.edition_id == "2025-07", Place.level == Level.COMMUNE)
    made = select(func.count(func.distinct(Succession.new_id))).where(Succession.new_id.in_(new))

    assert session.scalar(made) == 3_321


def test_an_island_district_without_communes_becomes_a_special_zone(session: Session):
    island = session.scalars(queries.search("2025-06", "con dao")).first()
    assert island is not None and island.level is Level.DISTRICT

    new = session.execute(queries.successors("2025-06", island.code)).all()

    assert [(place.name, place.kind) for place, _ in new] == [("Đặc khu Côn Đảo", "Đặc khu")]


@pytest.mark.parametrize(
    ("old", "new"), [("83", "Tỉnh Vĩnh Long"), ("36", "Tỉnh Ninh Bình"), ("62", "Tỉnh Quảng Ngãi")]
)
def test_a_merged_province_is_followed(session: Session, old: str, new: str):
    assert [place.name for place, _ in session.execute(queries.successors("2025-06", old))] == [new]


def test_a_unit_of_2024_is_followed_only_where_the_lists_prove_it(session: Session):
    def followed(code: str) -> list[str]:
        return [place.name for place, _ in session.execute(queries.successors("2024", code))]

    assert followed("13753") == ["Xã Hợp Hưng"]
    assert followed("28807") == ["Xã Quới Sơn"]  # written Qưới Sơn in 2024
    assert followed("13750") == []  # Tân Khánh: another name under the same code
    assert followed("28861") == []  # Tiên Thủy: from xã to thị trấn


def test_the_parts_of_a_new_unit_are_listed(session: Session):
    parts = session.execute(queries.predecessors("2025-07", "13753")).all()

    assert [place.name for place, _ in parts] == [
        "Xã Hiển Khánh",
        "Xã Hợp Hưng",
        "Xã Quang Trung",
        "Xã Trung Thành",
    ]


def test_the_files_are_those_that_were_built():
    manifest = json.loads((DATA / "manifest.json").read_text(encoding="utf-8"))["files"]
    shipped_files = {path.name: path.read_bytes() for path in DATA.glob("*.csv")}

    assert manifest.keys() == shipped_files.keys()
    for name, content in shipped_files.items():
        assert hashlib.sha256(content).hexdigest() == manifest[name]["sha256"], name
        assert content.count(b"\n") == manifest[name]["rows"] + 1, name


def test_loading_again_adds_nothing_and_mends_the_edition(session: Session):
    before = session.scalar(select(func.count(Place.id)))
    held = session.get_one(Edition, "2025-06")
    held.valid_to = None
    told: list[str] = []

    assert service.load_editions(session, told.append) == 0

    assert told == []
    assert session.scalar(select(func.count(Place.id))) == before
    assert held.valid_to == dt.date(2025, 6, 30)


def test_the_editions_follow_each_other_without_a_gap():
    editions = shipped.editions()

    for earlier, later in itertools.pairwise(editions):
        assert earlier.valid_to is not None
        assert later.valid_from - earlier.valid_to == dt.timedelta(days=1)
    assert editions[-1].valid_to is None
