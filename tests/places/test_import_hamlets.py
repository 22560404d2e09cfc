"""An office sends its list of hamlets: a preview says what is wrong, then the good rows enter."""

import csv
import datetime as dt
import io
import unicodedata

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.places import queries, service
from server.places.hamlets import Preview
from server.places.models import Hamlet
from server.places.problems import (
    MissingHeadings,
    NothingToImport,
    OutdatedPreview,
    RepeatedHeading,
    UnknownEdition,
)

COLUMNS = (
    "Mã xã", "Mã thôn", "Tên thôn", "Vĩ độ", "Kinh độ", "Bán kính (m)", "Số hộ", "Từ ngày",
    "Đến ngày",
)  # fmt: skip
GOOD = {"Mã xã": "13750", "Tên thôn": "Thôn Đông"}


def csv_of(
    *rows: dict[str, str], columns: tuple[str, ...] = COLUMNS, separator: str = ","
) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def preview(session: Session, *rows: dict[str, str], under: list[str] | None = None) -> Preview:
    return service.preview_hamlets(session, "2024", csv_of(*rows), "thon.csv", under)


def codes_of_rejects(preview: Preview) -> list[tuple[int, list[str]]]:
    return [(reject.row, [p.code for p in reject.problems]) for reject in preview.rejected]


def stored(session: Session) -> int | None:
    return session.scalar(select(func.count(Hamlet.id)))


def test_a_good_row_is_read_whole(session: Session):
    shown = preview(
        session,
        GOOD
        | {
            "Mã thôn": "TK-01",
            "Vĩ độ": "20.413212",
            "Kinh độ": "106.040861",
            "Bán kính (m)": "800",
            "Số hộ": "152",
            "Từ ngày": "1/7/2023",
            "Đến ngày": "2024-12-31",
        },
    )

    [row] = shown.accepted
    assert (row.row, row.commune_code, row.code, row.name) == (2, "13750", "TK-01", "Thôn Đông")
    assert row.point == (20.413212, 106.040861)
    assert (row.radius_m, row.households) == (800, 152)
    assert row.period == (dt.date(2023, 7, 1), dt.date(2024, 12, 31))
    assert shown.rejected == ()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Mã xã": ""}, "places.row.missing-commune"),
        ({"Mã xã": "99999"}, "places.row.unknown-commune"),
        ({"Mã xã": "359"}, "places.row.unknown-commune"),
        ({"Mã xã": "3217"}, "places.row.lost-zeros"),
        ({"Tên thôn": " "}, "places.row.missing-name"),
        ({"Tên thôn": "---"}, "places.row.bad-name"),
        ({"Tên thôn": "***"}, "places.row.bad-name"),
        ({"Tên thôn": "x" * 121}, "places.row.bad-name"),
        ({"Mã thôn": "mã có dấu"}, "places.row.bad-code"),
        ({"Vĩ độ": "20.4"}, "places.row.half-point"),
        ({"Vĩ độ": "20,4", "Kinh độ": "106.1"}, "places.row.bad-coordinate"),
        ({"Vĩ độ": "20°24'", "Kinh độ": "106.1"}, "places.row.bad-coordinate"),
        ({"Vĩ độ": "nan", "Kinh độ": "106.1"}, "places.row.bad-coordinate"),
        ({"Vĩ độ": "106.1", "Kinh độ": "20.4"}, "places.row.swapped-point"),
        ({"Vĩ độ": "48.8", "Kinh độ": "2.3"}, "places.row.outside-vietnam"),
        ({"Vĩ độ": "0", "Kinh độ": "0"}, "places.row.outside-vietnam"),
        ({"Số hộ": "8,842"}, "places.row.doubtful-number"),
        ({"Số hộ": "8.842"}, "places.row.doubtful-number"),
        ({"Số hộ": "khoảng 80"}, "places.row.doubtful-number"),
        ({"Số hộ": "-1"}, "places.row.number-out-of-range"),
        ({"Số hộ": "999999999999999"}, "places.row.number-out-of-range"),
        ({"Bán kính (m)": "0"}, "places.row.number-out-of-range"),
        ({"Từ ngày": "31/2/2025"}, "places.row.bad-date"),
        ({"Đến ngày": "2025"}, "places.row.bad-date"),
        ({"Từ ngày": "2/7/2025", "Đến ngày": "1/7/2025"}, "places.row.reversed-period"),
    ],
)
def test_a_bad_row_is_rejected_and_says_why(session: Session, change: dict[str, str], code: str):
    shown = preview(session, GOOD | change, GOOD)

    assert codes_of_rejects(shown) == [(2, [code])]
    assert [row.row for row in shown.accepted] == [3]
    [problem] = shown.rejected[0].problems
    assert "{" not in problem.text("vi") + problem.text("en")
    assert problem.text("vi") != problem.text("en")


def test_all_faults_of_a_row_are_told_at_once(session: Session):
    shown = preview(session, {"Mã xã": "Gôi", "Số hộ": "1.000", "Vĩ độ": "20"})

    assert codes_of_rejects(shown) == [
        (
            2,
            [
                "places.row.unknown-commune",
                "places.row.missing-name",
                "places.row.half-point",
                "places.row.doubtful-number",
            ],
        )
    ]


def test_a_code_without_its_leading_zero_is_explained_with_the_commune_meant(session: Session):
    shown = preview(session, GOOD | {"Mã xã": "3217"})

    assert "03217 (Thị trấn Tủa Chùa)" in shown.rejected[0].problems[0].text("vi")


def test_the_same_name_in_another_spelling_is_a_repeat_in_its_commune_only(session: Session):
    composed = unicodedata.normalize("NFC", "Thôn Hòa Bình")
    decomposed = unicodedata.normalize("NFD", composed)
    assert composed != decomposed

    shown = preview(
        session,
        GOOD | {"Tên thôn": composed},
        GOOD | {"Tên thôn": decomposed},
        GOOD | {"Tên thôn": "THÔN  HOÀ BÌNH"},
        {"Mã xã": "13753", "Tên thôn": decomposed},
        GOOD | {"Tên thôn": "Thôn Hoa Bình"},
    )

    assert codes_of_rejects(shown) == [
        (3, ["places.row.repeated-name"]),
        (4, ["places.row.repeated-name"]),
    ]
    assert "dòng 2" in shown.rejected[0].problems[0].text("vi")
    assert [row.name for row in shown.accepted] == [composed, composed, "Thôn Hoa Bình"]


def test_a_name_may_return_after_its_bearer_ended(session: Session):
    shown = preview(
        session,
        GOOD | {"Đến ngày": "31/12/2024"},
        GOOD | {"Từ ngày": "1/1/2025"},
        GOOD | {"Từ ngày": "1/6/2025"},
    )

    assert [row.row for row in shown.accepted] == [2, 3]
    assert codes_of_rejects(shown) == [(4, ["places.row.repeated-name"])]


def test_a_repeated_code_is_rejected_even_in_another_commune(session: Session):
    shown = preview(
        session,
        GOOD | {"Mã thôn": "A1"},
        {"Mã xã": "13753", "Tên thôn": "Thôn Đoài", "Mã thôn": "A1"},
    )

    assert codes_of_rejects(shown) == [(3, ["places.row.repeated-code"])]


def test_hamlets_without_a_code_get_the_next_one_of_their_commune(session: Session):
    shown = preview(
        session,
        GOOD,
        {"Mã xã": "13753", "Tên thôn": "Thôn Trung"},
        GOOD | {"Tên thôn": "Thôn Nam", "Mã thôn": "13750-07"},
        GOOD | {"Tên thôn": "Thôn Bắc"},
    )

    assert [row.code for row in shown.accepted] == ["13750-08", "13753-01", "13750-07", "13750-09"]


def test_a_person_fills_only_the_communes_of_their_places(session: Session):
    rows = [GOOD, {"Mã xã": "03217", "Tên thôn": "Tổ dân phố Thắng Lợi"}]

    shown = preview(session, *rows, under=["098"])

    assert [row.commune_code for row in shown.accepted] == ["03217"]
    assert codes_of_rejects(shown) == [(2, ["places.row.unknown-commune"])]


def test_a_preview_stores_nothing(session: Session):
    preview(session, GOOD)

    assert stored(session) == 0


def test_an_import_stores_the_accepted_rows_and_they_are_found(session: Session):
    rows = [GOOD | {"Tên thôn": f"Thôn {number}"} for number in (10, 2, 1)]
    shown = preview(session, *rows, {"Mã xã": "99999", "Tên thôn": "Thôn Lạc"})

    assert service.import_hamlets(session, shown) == 3

    for code in ("13750", "359", "36"):
        found = session.scalars(queries.hamlets_of("2024", code)).all()
        assert [hamlet.name for hamlet in found] == ["Thôn 1", "Thôn 2", "Thôn 10"]
    assert session.scalars(queries.hamlets_of("2024", "13753")).all() == []
    assert session.scalars(queries.hamlets_of("2025-06", "13750")).all() == []
    assert {hamlet.source for hamlet in found} == {"thon.csv"}
    assert session.scalars(queries.hamlet("2024", "13750-01")).one().name == "Thôn 10"


def test_hamlets_are_listed_as_of_a_day_and_by_name(session: Session):
    shown = preview(
        session,
        GOOD | {"Đến ngày": "30/6/2024"},
        GOOD | {"Tên thôn": "Xóm Đoài", "Từ ngày": "1/7/2024"},
    )
    service.import_hamlets(session, shown)

    def names(**options: object) -> list[str]:
        found = session.scalars(queries.hamlets_of("2024", "359", **options))  # type: ignore[arg-type]
        return [hamlet.name for hamlet in found]

    assert names(on=dt.date(2024, 6, 30)) == ["Thôn Đông"]
    assert names(on=dt.date(2024, 7, 1)) == ["Xóm Đoài"]
    assert names(text="doai") == ["Xóm Đoài"]


def test_what_is_stored_already_is_rejected_in_the_next_file(session: Session):
    service.import_hamlets(session, preview(session, GOOD | {"Mã thôn": "A1"}))

    shown = preview(session, GOOD, GOOD | {"Tên thôn": "Thôn Nam", "Mã thôn": "A1"})

    assert codes_of_rejects(shown) == [
        (2, ["places.row.repeated-name"]),
        (3, ["places.row.repeated-code"]),
    ]
    assert "một thôn đã có" in shown.rejected[0].problems[0].text("vi")


def test_importing_the_same_preview_twice_is_refused(session: Session):
    shown = preview(session, GOOD)
    service.import_hamlets(session, shown)

    with pytest.raises(OutdatedPreview):
        service.import_hamlets(session, shown)

    assert stored(session) == 1


def test_a_file_without_a_good_row_imports_nothing(session: Session):
    with pytest.raises(NothingToImport):
        service.import_hamlets(session, preview(session, GOOD | {"Mã xã": "0"}))


def test_an_unknown_edition_is_refused(session: Session):
    with pytest.raises(UnknownEdition):
        service.preview_hamlets(session, "1999", csv_of(GOOD), "thon.csv")


@pytest.mark.parametrize(
    "columns",
    [
        ("Mã xã", "Tên thôn"),
        ("MA XA", "TEN THON"),
        ("Mã đơn vị hành chính cấp xã", "Tên thôn, bản, ấp"),
        (unicodedata.normalize("NFD", "Mã xã"), unicodedata.normalize("NFD", "Tên thôn")),
        ("commune_code", "hamlet_name"),
        ("Commune code", "Name"),
    ],
)
def test_headings_are_understood_in_both_languages_without_marks(
    session: Session, columns: tuple[str, str]
):
    data = csv_of(dict(zip(columns, GOOD.values(), strict=True)), columns=columns)

    assert len(service.preview_hamlets(session, "2024", data, "thon.csv").accepted) == 1


def test_a_title_above_the_headings_is_passed_over_and_rows_keep_their_number(session: Session):
    data = "DANH SÁCH THÔN,,\n,,\nSTT,Mã xã,Tên thôn\n1,13750,Thôn Đông\n2,,\n".encode()

    shown = service.preview_hamlets(session, "2024", data, "thon.csv")

    assert [row.row for row in shown.accepted] == [4]
    assert codes_of_rejects(shown) == [
        (5, ["places.row.missing-commune", "places.row.missing-name"])
    ]
    assert shown.unused_headings == ("STT",)


def test_a_file_without_the_needed_headings_is_refused(session: Session):
    with pytest.raises(MissingHeadings, match="commune code"):
        service.preview_hamlets(session, "2024", b"a,b\n1,2\n", "thon.csv")


def test_two_columns_of_one_meaning_are_refused(session: Session):
    data = csv_of(GOOD, columns=("Mã xã", "Tên thôn", "Tên ấp"))

    with pytest.raises(RepeatedHeading) as refusal:
        service.preview_hamlets(session, "2024", data, "thon.csv")

    assert "“Tên thôn” và “Tên ấp”" in refusal.value.text("vi")
