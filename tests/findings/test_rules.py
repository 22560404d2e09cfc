"""The language of rules: what fires, what stays unknown, and what an author is told."""

import datetime as dt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.findings.lexing import LONGEST_RULE
from server.findings.params import DEFAULTS
from server.findings.rules import RuleMistake, compile_rule, evaluate, mistakes, read_rules
from server.surveys.fields import Field

TODAY = dt.date(2024, 4, 5)
YES_NO = (("yes", {}), ("no", {}))
SCALE = tuple((str(n), {}) for n in range(1, 6))
FORM = [
    Field("ho", "ho", "group"),
    Field("ho/ten", "ten", "string"),
    Field("ho/khau", "khau", "int"),
    Field("ho/tien", "tien", "decimal"),
    Field("ho/du", "du", "select_one", choices=YES_NO),
    Field("ho/hai_long", "hai_long", "select_one", choices=SCALE),
    Field("ho/thon", "thon", "select_one", source="hamlets.csv"),
    Field("ho/kenh", "kenh", "select_multiple", choices=(("loa", {}), ("họp", {}))),
    Field("ty_le", "ty_le", "calculate"),
    Field("dong", "dong", "calculate"),
    Field("han", "han", "date"),
    Field("start", "start", "dateTime"),
    Field("gps", "gps", "geopoint"),
    Field("anh-1", "anh-1", "binary"),
    Field("chk", "chk", "repeat"),
    Field("chk/g", "g", "group", repeat=True),
    Field("chk/g/loai", "loai", "select_one", repeat=True, choices=YES_NO),
    Field("chk/diem", "diem", "int", repeat=True),
    Field("chk/con", "con", "repeat", repeat=True),
    Field("chk/con/tuoi", "tuoi", "int", repeat=True),
    Field("khac", "khac", "group"),
    Field("khac/ten", "ten", "string"),
]
ANSWERS = {
    "ho": {
        "ten": "Lan",
        "khau": 4,
        "tien": 2.5,
        "du": "no",
        "hai_long": "2",
        "thon": "13669-01",
        "kenh": ["loa"],
    },
    "ty_le": "45.5",
    "dong": "no",
    "han": "2024-04-01",
    "start": {"text": "2024-04-01T20:00:00.000Z", "at": "2024-04-01T20:00:00+00:00"},
    "anh-1": "a.jpg",
    "chk": [
        {"g": {"loai": "yes"}, "diem": 10, "con": [{"tuoi": 3}, {"tuoi": None}]},
        {"g": {}, "diem": None, "con": [{"tuoi": 12}]},
    ],
}


def fires(text, answers=ANSWERS, params=None, today=TODAY):
    return evaluate(compile_rule(text, FORM, DEFAULTS), answers, params or {}, today)


@pytest.mark.parametrize(
    "text",
    [
        "du = 'no'",
        'du = "no"',
        "du = ‘no’",
        "du != 'yes'",
        "khau > 3 and khau <= 4 and khau >= 4 and khau < 5 and khau = 4 and khau != 5",
        "khau = 4.0",
        "ho/khau = 4",
        "ho/khau=4",
        "khau/2 = 2",
        "khau / tien = 1.6",
        "1 + 2 * 3 = 7 and (1 + 2) * 3 = 9 and 10 - 2 - 3 = 5 and 8 / 4 / 2 = 1",
        "-khau = -4 and khau - -1 = 5",
        "khau-1 = 3",
        "anh-1 = 'a.jpg'",
        "hai_long <= 2",
        "hai_long = '2'",
        "ty_le < 50",
        "ty_le * 2 = 91",
        "dong = 'no'",
        "du = dong",
        "dong != ty_le",
        "du in ('yes', 'no')",
        "khau in (1, 4)",
        "du not in ('yes')",
        "not du = 'yes'",
        "not (du = 'yes' or khau = 1)",
        "selected(kenh, 'loa')",
        "not selected(kenh, 'họp')",
        "selected(du, 'no')",
        "thon = '13669-01'",
        "any(chk: diem >= 10)",
        "any(chk: loai = 'yes' and diem = 10 and khau = 4)",
        "any(chk: any(con: tuoi > 10))",
        "any(chk: diem = 10 and any(con: tuoi < 5))",
        "han < today()",
        "today() = '2024-04-05'",
        "today() - han = 4",
        "han + 3 < today() and han + 4 = today() and today() - 4 = han",
        "han = date('2024-04-01')",
        "'2024-03-31' < han",
        "start = '2024-04-02'",
        "start > han",
        "khau = 9 or du = 'no'",
        "  khau\n=\t4 ",
    ],
)
def test_a_true_condition_fires(text):
    assert fires(text) is True


@pytest.mark.parametrize(
    "text",
    [
        "du = 'yes'",
        "khau > 4",
        "khau > 3 and khau > 4",
        "selected(kenh, 'họp')",
        "any(chk: diem > 10)",
        "any(chk: any(con: tuoi > 12))",
        "not du = 'no'",
        "du in ('yes')",
        "han > today()",
        "1 = 2",
    ],
)
def test_a_false_condition_does_not(text):
    assert fires(text) is False


@pytest.mark.parametrize(
    "text",
    [
        "khau < 5",
        "not khau < 5",
        "khau != 5",
        "khau = khau",
        "du != 'yes'",
        "not du = 'yes'",
        "du in ('yes', 'no')",
        "du not in ('yes')",
        "selected(kenh, 'loa')",
        "not selected(kenh, 'loa')",
        "any(chk: diem < 100)",
        "not any(chk: diem < 100)",
        "han < today()",
        "khau + 1 > 0",
        "ty_le < 50",
        "khau < 5 and 1 = 1",
        "khau < 5 or 1 = 2",
    ],
)
@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"ho": None, "chk": None},
        {"ho": {}, "chk": []},
        {
            "ho": {"khau": None, "du": None, "kenh": None},
            "chk": [{"diem": None}],
            "han": None,
            "ty_le": None,
        },
    ],
    ids=["nothing", "no groups", "no questions", "left empty"],
)
def test_what_was_not_answered_raises_nothing(text, answers):
    assert fires(text, answers) is (text.startswith("not any") and answers.get("chk") == [])


def test_the_unknown_side_of_an_or_does_not_hide_the_other():
    assert fires("khau > 3 or du = 'no'", {"ho": {"du": "no"}})
    assert fires("not (khau > 3 and du = 'yes')", {"ho": {"du": "no"}})
    assert fires("any(chk: diem > 5)", {"chk": [{"diem": None}, {"diem": 7}]})


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("khau > 0", {"ho": {"khau": "9" * 5000}}),
        ("khau > 0", {"ho": {"khau": "bốn"}}),
        ("khau > 0", {"ho": {"khau": True}}),
        ("khau > 0", {"ho": "Lan"}),
        ("tien / khau > 0", {"ho": {"khau": 0, "tien": 1.0}}),
        ("ty_le > 0", {"ty_le": "NaN"}),
        ("ty_le < dong", {"ty_le": "a", "dong": "b"}),
        ("han < today()", {"han": "mai"}),
        ("start < today()", {"start": {"text": "hôm qua", "at": None}}),
        ("han + 999999999 > today()", {"han": "2024-04-01"}),
        ("any(chk: diem > 0)", {"chk": {"diem": 1}}),
        ("khau * khau > 0.5", {"ho": {}}),
    ],
)
def test_odd_answers_raise_no_finding_and_no_error(text, answers):
    assert fires(text, answers) is False


def test_thresholds_come_from_the_round():
    assert fires("ty_le < param('disbursement_floor')", params={"disbursement_floor": 50})
    assert not fires("ty_le < param('disbursement_floor')", params={"disbursement_floor": 40})
    assert not fires("ty_le < param('disbursement_floor')", params={})


def test_a_rule_knows_the_questions_it_looks_at():
    rule = compile_rule("any(chk: loai = 'yes' and diem > 3) or ho/ten = khac/ten", FORM, DEFAULTS)

    assert rule.paths == ("chk/g/loai", "chk/diem", "ho/ten", "khac/ten")


MISTAKES = {
    "a name mistyped": ("khua > 3", 1, "có phải “khau”?", "did you mean 'khau'?"),
    "no such name": ("khau > 3 and xyz_123 = 1", 14, "không có câu hỏi “xyz_123”", "no question"),
    "a name in two groups": ("ten = 'Lan'", 1, "ho/ten, khac/ten", "ho/ten, khac/ten"),
    "a mistyped threshold": ("ty_le < param('floor')", 15, "disbursement_floor", "there are:"),
    "a repeat without any": ("diem > 3", 1, "any(chk: …)", "any(chk: …)"),
    "an inner repeat without the outer": ("any(con: tuoi > 3)", 5, "any(chk: any(con: …))", "any("),
    "an inner question without its any": ("any(chk: tuoi > 3)", 10, "any(chk/con: …)", "any("),
    "text against a number": ("ten > 3 or ho/ten > 3", 1, "ho/ten, khac/ten", "write one of"),
    "text with a number": ("ho/ten = 3", 10, "cần chữ, nhưng đây là một số", "text is needed"),
    "a number with text": ("khau = 'bốn'", 8, "cần một số, nhưng đây là chữ", "a number is needed"),
    "a choice with a number": ("du = 1", 6, "cần chữ", "text is needed"),
    "a date with a word": ("han < 'mai'", 7, "cần một ngày", "a date is needed"),
    "a date with a number": ("han < 3", 7, "cần một ngày", "a date is needed"),
    "text in order": ("du < 'no'", 1, "chỉ so được bằng =", "only be compared by ="),
    "sums of text": ("du + 1 > 2", 1, "cần một số", "a number is needed"),
    "no such choice": (
        "du = 'nno'",
        6,
        "“nno”; có phải “no”?",
        "no choice 'nno'",
    ),
    "no such choice in a list": ("selected(kenh, 'lao')", 16, "có phải “loa”?", "did you mean"),
    "a list compared": ("kenh = 'loa'", 1, "selected(…)", "selected(…)"),
    "selected of a number": ("selected(khau, '1')", 10, "câu hỏi lựa chọn", "needs a choice"),
    "a place compared": ("gps = 1", 1, "không có giá trị", "has no value"),
    "a group compared": ("ho = 1", 1, "không có giá trị", "has no value"),
    "not a condition": ("khau", 1, "cần một điều kiện", "a condition is"),
    "not a condition in and": (
        "khau = 4 and khau",
        14,
        "cần một điều kiện",
        "a condition is",
    ),
    "a condition as a number": ("(khau = 4) + 1 = 2", 2, "cần một số", "a number is needed"),
    "any without a colon": ("any(chk, diem > 3)", 5, "any(phần_lặp: điều kiện)", "any(repeat: "),
    "any of a group": ("any(ho: khau > 3)", 5, "any(phần_lặp: điều kiện)", "any(repeat: "),
    "not finished": ("khau >", 7, "chưa viết xong", "ends too early"),
    "a bracket missing": ("(khau > 3", 10, "thiếu “)”", "')' is missing"),
    "a bracket too many": ("khau > 3)", 9, "không hiểu “)”", "makes no sense"),
    "a quote missing": ("du = 'no", 6, "thiếu dấu nháy", "closing quote"),
    "two equal signs": ("du == 'no'", 5, "cần một giá trị", "a value is needed"),
    "chained": ("1 < khau < 5", 10, "không hiểu “<”", "makes no sense"),
    "a strange sign": ("khau > 3; drop", 9, "ký tự lạ “;”", "strange character"),
    "code": ("__import__('os')", 1, "không có câu hỏi", "no question"),
    "an attribute": ("khau.__class__ = 1", 5, "ký tự lạ “.”", "strange character"),
    "nothing": ("", 1, "chưa viết xong", "ends too early"),
    "not without in": ("khau not 3", 10, "cần “in”", "'in' is needed"),
    "a bad date": ("han < date('5/4/2024')", 12, "2024-04-05", "2024-04-05"),
    "too long": ("1 = 1 and " * 300 + "1 = 1", 0, f"{LONGEST_RULE}", "characters"),
    "too deep": ("(" * 100 + "1 = 1" + ")" * 100, 42, "quá sâu", "too deep"),
    "not, too often": ("not " * 100 + "1 = 1", 165, "quá sâu", "too deep"),
    "minus, too often": ("-" * 100 + "1 = 1", 42, "quá sâu", "too deep"),
}


@pytest.mark.parametrize(("text", "column", "vi", "en"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_place_and_a_way_out(text, column, vi, en):
    with pytest.raises(RuleMistake) as told:
        compile_rule(text, FORM, DEFAULTS)

    assert told.value.code == "findings.rule-mistake"
    assert told.value.details["column"] == column
    assert vi in told.value.text("vi")
    assert en in told.value.text("en")


ROW = {
    "row": "2",
    "rule_id": "B01",
    "when": "du = 'no'",
    "severity": "4",
    "topic": "TH01",
    "project": "DA2",
    "bieu": "Biểu 05",
    "title_vi": "Hộ nhận thiếu",
    "title_en": "Short",
    "due_days": "10",
}


def test_a_row_of_the_sheet_becomes_a_rule():
    (found,) = read_rules([ROW], FORM)

    assert (found.rule_id, found.severity, found.topic, found.due_days) == ("B01", 4, "TH01", 10)
    assert (found.project, found.bieu) == ("DA2", "Biểu 05")
    assert (found.title_vi, found.title_en) == ("Hộ nhận thiếu", "Short")
    assert evaluate(found.rule, ANSWERS, {}, TODAY)


def test_what_a_row_may_leave_out():
    short = {name: ROW[name] for name in ("rule_id", "when", "severity", "topic", "title_vi")}

    (found,) = read_rules([{**short, "_ghi_chu": "nháp"}], FORM)

    assert (found.project, found.bieu, found.due_days) == ("", "", 0)
    assert found.title_en == "Hộ nhận thiếu"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"severity": "5"}, "severity"),
        ({"severity": "nặng"}, "severity"),
        ({"topic": "th 01"}, "topic"),
        ({"rule_id": "B 01"}, "rule_id"),
        ({"due_days": "mười"}, "due_days"),
        ({"due_days": "9999"}, "due_days"),
        ({"due_days": "-1"}, "due_days"),
        ({"title_vi": ""}, "title_vi"),
        ({"when": " "}, "when"),
        ({"servety": "3"}, "có phải “severity”?"),
        ({"when": "khua > 3"}, "ký tự 1"),
    ],
)
def test_a_wrong_cell_is_told_with_its_row(change, said):
    with pytest.raises(RuleMistake) as told:
        read_rules([{**ROW, "row": "7", **change}], FORM)

    assert told.value.details["row"] == 7
    assert "dòng 7" in told.value.text("vi") and "row 7" in told.value.text("en")
    assert said in told.value.text("vi")


def test_the_same_id_twice_is_a_mistake():
    with pytest.raises(RuleMistake) as told:
        read_rules([ROW, {**ROW, "row": "3", "rule_id": "b01"}], FORM)

    assert told.value.details["row"] == 3


def test_all_mistakes_of_a_sheet_are_found_in_one_go():
    rows = [
        {**ROW, "row": "2", "when": "khua > 1"},
        {**ROW, "row": "3", "rule_id": "B02"},
        {**ROW, "row": "4", "rule_id": "B03", "severity": "0"},
    ]

    assert [mistake.details["row"] for mistake in mistakes(rows, FORM)] == [2, 4]


NAMES = "khau du kenh chk diem han ty_le xyz and or not in"
SIGNS = "= != < >= + - * / ( ) , : 'no' 'loa' 3 0.5 ' ; \u202e"
CALLS = "any( selected( param( today() date( '2024-01-01'"
PIECES = st.lists(st.sampled_from(f"{NAMES} {SIGNS} {CALLS}".split()), max_size=25)


@given(PIECES)
@example(["any(", "chk", ":", "diem", ">", "3", ")"])
def test_any_row_of_words_is_a_rule_or_a_mistake(pieces):
    text = " ".join(pieces)
    try:
        rule = compile_rule(text, FORM, DEFAULTS)
    except RuleMistake as mistake:
        column = mistake.details["column"]
    else:
        column = 0
        assert evaluate(rule, ANSWERS, {}, TODAY) in {True, False}
    assert 0 <= column <= len(text) + 1


@given(st.text(max_size=60))
def test_any_text_is_a_rule_or_a_mistake(text):
    try:
        compile_rule(text, FORM, DEFAULTS)
    except RuleMistake as mistake:
        told = mistake.text("vi")
    else:
        told = "Luật sai"
    assert told.startswith("Luật sai")


def conditions():
    """Make conditions as text beside their meaning: answers -> True, False or None."""
    compare = {
        "=": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
        "<": lambda a, b: a < b,
        ">=": lambda a, b: a >= b,
    }

    def known(sign, name, number):
        return (
            f"{name} {sign} {number}",
            lambda at: None if at[name] is None else compare[sign](at[name], number),
        )

    leaves = st.builds(
        known, st.sampled_from(list(compare)), st.sampled_from(["khau", "tien"]), st.integers(0, 4)
    )

    def both(one, other):
        def meaning(at):
            truths = {one[1](at), other[1](at)}
            return False if False in truths else None if None in truths else True

        return f"({one[0]} and {other[0]})", meaning

    def either(one, other):
        def meaning(at):
            truths = {one[1](at), other[1](at)}
            return True if True in truths else None if None in truths else False

        return f"({one[0]} or {other[0]})", meaning

    def opposite(one):
        return f"not ({one[0]})", lambda at: None if one[1](at) is None else not one[1](at)

    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(both, inner, inner),
            st.builds(either, inner, inner),
            st.builds(opposite, inner),
        ),
        max_leaves=8,
    )


@given(conditions(), st.none() | st.integers(0, 4), st.none() | st.integers(0, 4))
def test_conditions_mean_what_three_valued_logic_says(condition, khau, tien):
    text, meaning = condition
    answers = {"ho": {"khau": khau, "tien": tien}}

    assert fires(text, answers) is (meaning({"khau": khau, "tien": tien}) is True)
