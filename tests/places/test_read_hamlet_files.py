"""Files of hamlets as offices really save them, and files that must not hurt the server."""

import datetime as dt
import io
import time
import zipfile

import pytest
from openpyxl import Workbook

from server.places import sheets
from server.places.problems import FileTooLarge, UnreadableFile
from server.problems import Problem

LIST = "Mã xã,Tên thôn\n13750,Thôn Đông\n"
SHEET = "xl/worksheets/sheet1.xml"
NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def workbook(*rows: list[object]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_part(package: bytes, name: str, content: bytes | str) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(package)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            if part.filename != name:
                new.writestr(part.filename, old.read(part))
        new.writestr(name, content)
    return out.getvalue()


def with_rows(rows: str, before: str = "") -> bytes:
    xml = f"{before}<worksheet {NS}><sheetData>{rows}</sheetData></worksheet>"
    return with_part(workbook(["x"]), SHEET, xml)


@pytest.mark.parametrize(
    "data",
    [
        LIST.encode("utf-8"),
        LIST.encode("utf-8-sig"),
        LIST.replace(",", ";").encode(),
        LIST.replace(",", "\t").encode(),
        LIST.replace("\n", "\r\n").encode(),
        '"Mã xã", Tên thôn \n 13750 ,"Thôn Đông"'.encode(),
    ],
    ids=["utf-8", "utf-8-sig", "semicolons", "tabs", "crlf", "quoted"],
)
def test_a_csv_is_read_however_it_was_saved(data: bytes):
    read = sheets.rows(data, "thon.csv")

    assert read == [(1, ["Mã xã", "Tên thôn"]), (2, ["13750", "Thôn Đông"])]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp1258", "latin-1"])
def test_another_encoding_is_refused_with_a_way_out(encoding: str):
    data = LIST.replace("Đ", "D").encode(encoding, errors="replace")

    with pytest.raises(UnreadableFile) as refusal:
        sheets.rows(data, "thon.csv")

    assert "CSV UTF-8" in refusal.value.text("vi")


def test_the_line_of_a_wrong_byte_is_named():
    with pytest.raises(UnreadableFile, match="line 2 is not Unicode"):
        sheets.rows(b"a,b\n1,\xff\n", "thon.csv")


def test_quotation_marks_that_do_not_match_are_named():
    with pytest.raises(UnreadableFile, match="near line 3"):
        sheets.rows(b'a,b\n1,2\n"open,3\n', "thon.csv")


def test_a_workbook_shows_codes_numbers_and_days_as_a_person_sees_them():
    data = workbook(
        ["Mã xã", "Số hộ", "Vĩ độ", "Từ ngày", None],
        ["03217", 152, 21.856289, dt.datetime(2025, 7, 1), None],  # noqa: DTZ001 - as Excel has it
        [3217.0, " 80 ", True, dt.date(2025, 7, 1), "x"],
    )

    assert [cells for _, cells in sheets.rows(data, "thon.xlsx")[1:]] == [
        ["03217", "152", "21.856289", "2025-07-01"],
        ["3217", "80", "True", "2025-07-01", "x"],
    ]


def test_the_zeros_that_a_cells_format_shows_are_kept():
    book = Workbook()
    assert book.active is not None
    book.active["A1"] = 3217
    book.active["A1"].number_format = "00000"
    out = io.BytesIO()
    book.save(out)

    assert sheets.rows(out.getvalue(), "thon.xlsx") == [(1, ["03217"])]


def test_empty_rows_are_left_out_and_the_others_keep_their_number():
    data = workbook(["a"], [None], [" "], ["b"])

    assert [number for number, _ in sheets.rows(data, "thon.xlsx")] == [1, 4]
    assert [number for number, _ in sheets.rows(b"a\n\n,\nb\n", "thon.csv")] == [1, 4]


def test_an_old_workbook_is_refused_by_name():
    with pytest.raises(UnreadableFile) as refusal:
        sheets.rows(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "thon.xls")

    assert ".xls" in refusal.value.text("vi")


def test_twenty_thousand_rows_are_taken_and_one_more_is_not():
    line = "13750,Thôn\n"

    assert len(sheets.rows((line * 20_000).encode(), "thon.csv")) == 20_000
    with pytest.raises(FileTooLarge):
        sheets.rows((line * 20_001).encode(), "thon.csv")


def test_fifty_columns_are_taken_and_one_more_is_not():
    for write in (lambda row: workbook(row), lambda row: ",".join(row).encode()):
        assert len(sheets.rows(write(["x"] * 50), "thon")) == 1
        with pytest.raises(FileTooLarge):
            sheets.rows(write(["x"] * 51), "thon")


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04" + b"x" * 200,
        b"PK",
        workbook(["x"])[:-200],
        with_part(workbook(["x"]), SHEET, b"<worksheet"),
        with_part(workbook(["x"]), "xl/workbook.xml", b"not xml"),
        with_rows('<row r="1"><c r="A1"><v>x1x</v></c></row>'),
        with_rows(f'<row r="1"><c r="A1"><v>{"9" * 500_000}</v></c></row>'),
        with_rows(
            '<row r="1"><c r="A1" t="inlineStr"><is><t>&b;</t></is></c></row>',
            before='<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>',
        ),
        b"a,b\0c\n",
    ],
    ids=["not-a-zip", "short", "cut", "no-xml", "no-book", "no-number", "digits", "dtd", "nul"],
)
def test_a_broken_file_is_refused_in_a_sentence(data: bytes):
    with pytest.raises(UnreadableFile):
        sheets.rows(data, "thon.xlsx")


@pytest.mark.parametrize(
    "make",
    [
        lambda: with_part(workbook(["x"]), SHEET, bytes(60_000_000)),
        lambda: with_part(
            workbook(["x"]), "xl/styles.xml", f"<styleSheet {NS}>" + "<font/>" * 70_000
        ),
        lambda: with_part(workbook(["x"]), "xl/sharedStrings.xml", "<si><t/></si>" * 90_000),
        lambda: with_rows('<row r="1">' + "<c/>" * 30_000 + "</row>"),
        lambda: with_rows(("<row>" + "<c/>" * 9_000 + "</row>") * 150),
        lambda: with_rows('<row r="1048576"><c r="A1048576"><v>1</v></c></row>'),
        lambda: with_part(workbook(["x"]), "x.bin", b"x" * 25_000_000),
        lambda: b"x" * 10_000_001,
    ],
    ids=["inflated", "styles", "strings", "long-row", "many-cells", "far-row", "stuffed", "bytes"],
)
def test_a_file_made_to_exhaust_the_server_is_refused_quickly(make):  # type: ignore[no-untyped-def]
    data = make()

    began = time.monotonic()
    with pytest.raises(Problem):
        sheets.rows(data, "thon.xlsx")

    assert time.monotonic() - began < 30  # it does not hang; how fast it is, a bench says


def test_a_package_of_very_many_parts_is_refused():
    out = io.BytesIO(workbook(["x"]))
    with zipfile.ZipFile(out, "a") as package:
        for number in range(600):
            package.writestr(f"x{number}", b"")

    with pytest.raises(FileTooLarge):
        sheets.rows(out.getvalue(), "thon.xlsx")
