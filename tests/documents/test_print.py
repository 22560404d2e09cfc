"""PDF: fonts inside, words as data, long lists in pages."""

import re
import subprocess
import sys
import zlib

import pytest

from server.documents import press
from server.documents.blocks import Column, Framed, Paper, Qr, Say, Table
from server.documents.problems import NotPrinted

VALUES = {
    "agency_above": "UBND huyện Vụ Bản", "agency": "Phòng Lao động", "town": "Vụ Bản",
    "signing_day": "ngày 08 tháng 3 năm 2024", "stamp": "", "rows": [], "word": "",
}  # fmt: skip
PAGE = Paper("x", "Biên bản", "Thử", (Say("Ẵ ặ ữ ự ỡ ợ ề ễ ể ệ ỹ ỵ Đ đ Ơ Ư {{ word }}"),))
LIST = Paper(
    "x", "Danh sách", "Thử",
    (Table("rows", (Column("STT", "{{ row.n }}", 1), Column("Tên", "{{ row.name }}", 3))),),
)  # fmt: skip


def streams(pdf):
    """The parts of a PDF, unpacked where they are packed."""
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            yield zlib.decompress(found[1])
        except zlib.error:
            yield found[1]


def pages(pdf):
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf + b" ".join(streams(pdf))))


def test_a_pdf_carries_the_parts_of_the_fonts_that_it_uses():
    pdf = press.pdf(PAGE, VALUES)

    names = set(re.findall(rb"/FontName\s*/([A-Z]{6}\+\w+)", pdf + b" ".join(streams(pdf))))
    assert any(name.endswith(b"LiberationSerif") for name in names)
    assert len(pdf) < 120_000  # three whole fonts would be over a million


def test_words_are_never_part_of_the_program_that_sets_them():
    hostile = '#panic("x") $x$ */ // `#` \\ <a> @b "; #read("/etc/passwd") \x00 \ud800'

    assert pages(press.pdf(PAGE, VALUES | {"word": hostile, "agency": hostile})) == 1


def test_a_long_list_runs_over_pages():
    rows = [{"n": n, "name": f"Xã số {n}"} for n in range(1, 400)]

    assert 6 <= pages(press.pdf(LIST, VALUES | {"rows": rows})) <= 20


def test_a_paper_that_cannot_be_set_is_said_so_and_the_reason_logged(caplog, monkeypatch):
    monkeypatch.setattr(press, "SECONDS", 0)

    with pytest.raises(NotPrinted):
        press.pdf(PAGE, VALUES)


def test_a_server_that_prints_has_loaded_neither_docxtpl_nor_typst():
    program = (
        "import sys; from server.documents import press; "
        "from server.documents.blocks import Paper, Say; "
        "assert press.pdf(Paper('x', 'Biên bản', 'a', (Say('b'),)), dict(agency_above='', "
        "agency='', town='', signing_day='', stamp='')); "
        "print([n for n in ('docx', 'docxtpl', 'typst') if n in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert done.stdout.strip() == b"[]"


def test_codes_to_scan_are_drawn():
    framed = Paper("x", "Biên bản", "a", (Framed((Say("mã"),), "code"),))

    few, many = (
        sum(len(part) for part in streams(press.pdf(framed, VALUES | {"code": Qr(text)})))
        for text in ("a", "a" * 200)
    )
    assert many > few + 2000
