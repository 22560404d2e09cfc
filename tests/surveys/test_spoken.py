"""Formulas are said in words, with the labels of questions and choices; or not at all."""

import pytest

from server import xml
from server.surveys import spoken
from server.surveys.fields import Field
from server.surveys.xform import XForm, fields_of
from tests.xlsforms.conftest import compiled as shipped
from xlsforms import workbook

FORM = [
    Field("co", "co", "select_one", labels={"vi": "Có **biết** chính sách?"},
          choices=(("yes", {"vi": "Có"}), ("no", {"vi": "Không"}))),
    Field("tuoi", "tuoi", "int", labels={"vi": "Tuổi của ${ten}"}),
    Field("kenh", "kenh", "select_multiple", labels={"vi": "Nghe qua kênh nào?"},
          choices=(("loa", {"vi": "Loa"}),)),
    Field("ngay", "ngay", "date", labels={"vi": "Ngày"}),
    Field("tv", "tv", "repeat", labels={"vi": "Thành viên"}),
    Field("tv/ten", "ten", "string", repeat=True, labels={"vi": "Tên"}),
    Field("tv/hoc", "hoc", "string", repeat=True, labels={"vi": "Lớp"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        (" /data/co  = 'yes'", "“Có biết chính sách?” là “Có”"),
        ("/data/co != 'no' and /data/tuoi >= 18",
         "“Có biết chính sách?” khác “Không” và “Tuổi của …” từ 18 trở lên"),
        ("(/data/tuoi < 6 or /data/tuoi > 60) and selected(/data/kenh, 'loa')",
         "(“Tuổi của …” nhỏ hơn 6 hoặc “Tuổi của …” lớn hơn 60) và "
         "“Nghe qua kênh nào?” có chọn “Loa”"),
        ("/data/tuoi = ''", "“Tuổi của …” để trống"),
        ("'' != /data/tuoi", "“Tuổi của …” đã trả lời"),
        (". <= today() and . > 0", "câu trả lời không quá hôm nay và câu trả lời lớn hơn 0"),
        ("count-selected(.) <= 3", "số mục đã chọn ở câu trả lời không quá 3"),
        ("not(selected(., 'khong') and count-selected(.) > 1)",
         "không phải: câu trả lời có chọn “khong” và số mục đã chọn ở câu trả lời lớn hơn 1"),
        ("regex(., '^[0-9]{10}$')", "câu trả lời đúng mẫu “^[0-9]{10}$”"),
        ("string-length(.) = 12", "số ký tự của câu trả lời là 12"),
        ("count(/data/tv) + 1 > 2", "số dòng “Thành viên” + 1 lớn hơn 2"),
        ("int(/data/tuoi) div 2 = -1", "“Tuổi của …” : 2 là −1"),
        ("if(/data/co='yes', 1, 0) = 1",
         "nếu “Có biết chính sách?” là “Có” thì 1, không thì 0 là 1"),
        ("5 < /data/tuoi", "5 nhỏ hơn “Tuổi của …”"),
        ("'no' = /data/co", "“Có biết chính sách?” là “Không”"),
    ],
)  # fmt: skip
def test_what_authors_write_most_is_said_in_words(formula, said):
    assert spoken.Speaker(FORM).say(formula, FORM[1]) == said


def test_relative_paths_are_those_of_the_row():
    speaker = spoken.Speaker(FORM)

    assert speaker.say(" ../ten  != ''", FORM[-1]) == "“Tên” đã trả lời"
    assert speaker.say("current()/../ten = 'a'", FORM[-1]) == "“Tên” là “a”"
    assert spoken.Speaker(FORM, "en").say("../ten = ''", FORM[-1]) == "“Tên” is empty"


@pytest.mark.parametrize(
    "formula",
    [
        "/data/khong_co = 1", "pulldata('a', 'b', 'c', .) = 1", "(", "co = = 1", "'",
        "instance('x')/root/item[name=/data/co]/label = 'a'", "(" * 300 + "1" + ")" * 300,
        "1 " + "or 1 " * 5000, "/data/tuoi & 1", "selected(.)", "",
    ],
)  # fmt: skip
def test_what_there_are_no_words_for_is_left_to_the_formula(formula):
    assert spoken.Speaker(FORM).say(formula, FORM[1]) == ""


def test_most_formulas_of_the_shipped_forms_have_words():
    every = [
        (known, each, text)
        for path in sorted(workbook.HOME.glob("gnbv_*.xlsx"))
        for known in [fields_of(XForm(xml.parse(shipped(path.stem), xml.FORM_DEFINITION)))]
        for each in known
        for text in (each.relevant, each.constraint)
        if text
    ]

    unsaid = [text for known, each, text in every if not spoken.Speaker(known).say(text, each)]

    assert len(every) > 100 and len(unsaid) / len(every) < 0.1, unsaid
