"""What every form keeps to, whoever edits it."""

import re
import unicodedata

import pytest

from xlsforms import workbook

FORMS = workbook.form_ids()
VI, EN = "Tiếng Việt (vi)", "English (en)"
TEXTS = ("label", "hint", "constraint_message")

SECONDS = {
    "select_one": 11,
    "select_one_from_file": 10,
    "select_multiple": 25,
    "integer": 10,
    "decimal": 15,
    "text": 30,
    "image": 30,
    "audio": 60,
    "geopoint": 30,
}
"""How long one question takes, asked and answered; a text being read takes half a second a word."""


def survey(form_id: str) -> list[dict[str, str]]:
    return workbook.read_texts(form_id)["survey"].rows


INTERVIEWS = [name for name in FORMS if any(row["name"] == "consent" for row in survey(name))]


def questions(form_id: str) -> list[dict[str, str]]:
    return [row for row in survey(form_id) if row[f"label::{VI}"]]


@pytest.mark.parametrize("form_id", FORMS)
def test_what_is_said_in_vietnamese_is_said_in_english(form_id):
    form = workbook.read_texts(form_id)
    for sheet in ("survey", "choices"):
        for row in form[sheet].rows:
            for text in TEXTS if sheet == "survey" else ("label",):
                said = bool(row[f"{text}::{VI}"]), bool(row[f"{text}::{EN}"])
                assert said[0] == said[1], (row, text)
    for row in form["finding_rules"].rows:
        assert row["title_vi"] and row["title_en"]


@pytest.mark.parametrize("form_id", FORMS)
def test_vietnamese_is_vietnamese_and_english_is_english(form_id):
    for row in questions(form_id):
        vi, en = row[f"label::{VI}"], row[f"label::{EN}"]
        assert unicodedata.normalize("NFC", vi) == vi
        assert vi != en
        marks = {c for c in unicodedata.normalize("NFD", en) if unicodedata.combining(c)}
        assert not marks, en


@pytest.mark.parametrize("form_id", FORMS)
def test_everything_asked_has_a_label_and_every_refusal_a_reason(form_id):
    silent = {"start", "end", "today", "deviceid", "username", "audit", "calculate"}
    silent |= {"end_group", "end_repeat"}
    for row in survey(form_id):
        if row["type"] not in silent:
            assert row[f"label::{VI}"], row["name"]
        assert bool(row["constraint"]) == bool(row[f"constraint_message::{VI}"]), row["name"]


@pytest.mark.parametrize("form_id", FORMS)
def test_vietnamese_is_the_language_a_phone_opens_in(form_id):
    [settings] = workbook.read_texts(form_id)["settings"].rows

    assert settings["form_id"] == form_id
    assert settings["default_language"] == VI
    assert re.fullmatch(r"\d{10}", settings["version"])


@pytest.mark.parametrize("form_id", FORMS)
def test_a_sent_form_can_be_edited_on_the_phone(form_id, xform):
    """Collect offers it by an attribute of the XForm's submission element."""
    [settings] = workbook.read_texts(form_id)["settings"].rows
    assert settings["client_editable"] == "yes"

    [submission] = re.findall(rb"<submission[^>]*>", xform(form_id))
    assert b'odk:client-editable="true"' in submission
    assert b"action=" not in submission


@pytest.mark.parametrize("form_id", FORMS)
def test_changes_made_while_answering_are_tracked(form_id):
    [audit] = [row for row in survey(form_id) if row["type"] == "audit"]

    assert "track-changes=true" in audit["parameters"]
    # Whoever edits what they sent says why; what gnbv_fix tells is an answer and not edited.
    asks_why = "track-changes-reasons=on-form-edit" in audit["parameters"]
    assert asks_why == (form_id != "gnbv_fix")
    assert "location" not in audit["parameters"]


@pytest.mark.parametrize("form_id", FORMS)
def test_photos_are_taken_on_the_spot_and_kept_small(form_id):
    for row in survey(form_id):
        if row["type"] != "image":
            continue
        assert row["appearance"] in {"new", "signature"}, row["name"]
        assert 0 < int(row["parameters"].removeprefix("max-pixels=")) <= 1920


@pytest.mark.parametrize("form_id", FORMS)
def test_no_identity_number_is_asked(form_id):
    for row in questions(form_id):
        asked = row[f"label::{VI}"].lower()
        assert not re.search(r"cccd|cmnd|căn cước|chứng minh nhân dân", asked)


@pytest.mark.parametrize("form_id", INTERVIEWS)
def test_nothing_about_a_person_is_asked_before_consent(form_id):
    rows = survey(form_id)
    before = rows[: next(n for n, row in enumerate(rows) if row["name"] == "consent")]
    asked = {row["name"] for row in before if row[f"label::{VI}"]}

    assert asked <= {"id", "visit", "hamlet", "visit_kind", "inspectors", "cs", "met"} | {
        "not_met_why",
        "cs_notice",
    }


@pytest.mark.parametrize("form_id", INTERVIEWS)
def test_after_the_question_of_consent_all_hangs_on_it(form_id):
    rows = survey(form_id)
    start = next(n for n, row in enumerate(rows) if row["name"] == "consent")
    inside = 1  # the groups we stand in, outermost is that of the notice
    guarded = 1  # how deep a row may stand and still have to say so itself
    for row in rows[start + 1 :]:
        if row["type"].startswith("end_"):
            inside -= 1
            guarded = min(guarded, inside)
            continue
        if inside <= guarded:
            assert row["relevant"].startswith("${consent} = "), row["name"]
        inside += row["type"].startswith("begin_")


@pytest.mark.parametrize("form_id", INTERVIEWS)
def test_consent_has_no_answer_chosen_beforehand(form_id):
    for row in survey(form_id):
        assert not row.get("default")
        if row["name"].startswith("consent") and row["type"].startswith("select"):
            assert row["required"] == "yes" and not row["calculation"]


@pytest.mark.parametrize("form_id", INTERVIEWS)
def test_the_notice_says_what_the_law_asks(form_id):
    """Law 91/2025/QH15: kinds of data, purpose, who keeps it, how long, and the person's rights."""
    [notice] = [row[f"label::{VI}"] for row in survey(form_id) if row["name"] == "cs_notice"]

    for said in ("ghi lại câu trả lời và vị trí", "chỉ dùng để", "cơ quan cử đoàn giữ", "thời hạn"):
        assert said in notice
    for right in ("không đồng ý", "không trả lời", "dừng lại", "xem, sửa, xóa", "rút lại"):
        assert right in notice


def seconds(row: dict[str, str]) -> float:
    """Return how long a row of the survey takes in the field."""
    kind = row["type"].split()[0]
    if kind == "note":
        return len(row[f"label::{VI}"].split()) / 2 if "${" not in row[f"label::{VI}"] else 5
    return SECONDS.get(kind, 0)


def test_a_household_interview_takes_less_than_25_minutes():
    """Counted for a household that got every kind of support, so each question is asked."""
    assert sum(map(seconds, survey("gnbv_household"))) < 25 * 60


@pytest.mark.parametrize("form_id", FORMS)
def test_lists_come_from_the_server(form_id):
    for row in survey(form_id):
        if row["type"].startswith("select_one_from_file"):
            name = row["type"].split()[1]
            assert name in {"visits.csv", "hamlets.csv", "households.csv"} | {
                "models.csv",
                "classes.csv",
                "findings.csv",
                "can_sua.csv",
            }


@pytest.mark.parametrize("form_id", FORMS)
def test_names_voices_signatures_and_places_of_people_are_marked_as_personal(form_id):
    people = form_id in INTERVIEWS
    for row in survey(form_id):
        assert row["privacy"] in {"", "personal", "sensitive"}, row["name"]
        if row["name"].endswith("resp_name") or row["appearance"] == "signature":
            assert row["privacy"]
        if people and row["type"] in {"audio", "geopoint"}:
            assert row["privacy"], row["name"]


@pytest.mark.parametrize("form_id", FORMS)
def test_every_form_says_by_what_right_it_asks(form_id):
    [settings] = workbook.read_texts(form_id)["settings"].rows

    asks = form_id in INTERVIEWS
    expected = "consent$" if asks else r"state_duty: (Thông tư|Quyết định) \d+/"
    assert re.match(expected, settings["legal_basis"])


@pytest.mark.parametrize("form_id", FORMS)
def test_figures_offered_for_a_table_are_numbers_and_name_its_row(form_id):
    for row in survey(form_id):
        if row["bieu_row"]:
            assert re.fullmatch(r"(0[3-9]|1[0-5])\.[a-z0-9_]+", row["bieu_row"])
            assert row["type"] in {"integer", "decimal"}


def test_a_household_can_leave_any_question_about_itself_unanswered():
    """The notice promises it; what stays required is seen, on paper, or decides what is asked."""
    seen = {"p_sex", "p_status", "l_state", "l_item", "l_type", "ho_state", "ho_work", "ho_3hard"}
    steers = {"p_age", "p_members", "p_children", "n_child", "i_channel", "received", "l_from"}
    own = {"hh", "hh_reserve", "no_gps", "consent_photo", "consent_audio", "refuse_why", "g_others"}
    rows = survey("gnbv_household")
    start = next(n for n, row in enumerate(rows) if row["name"] == "consent")
    for row in rows[start + 1 :]:
        if row["required"] and row["name"] not in seen | steers | own:
            assert row["type"] == "select_one yes_no_dk" or row["name"] == "g_complain_state"
