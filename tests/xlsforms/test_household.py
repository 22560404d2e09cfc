import re

import pytest

from xlsforms import workbook

pytestmark = pytest.mark.java

RULES = workbook.read_texts("gnbv_household")["finding_rules"].rows
BEFORE = {"visit": "v1", "hamlet": "t1"}
LOOKED_UP = {"commune_code": "13780", "round_code": "R1"}
AGREED = {"met": "yes", "consent": "yes", "consent_photo": "no", "consent_audio": "no"}
VERSION = {"cs_notice_version": "2026-02"}

EVERY_SUPPORT = "sinh_ke san_xuat dinh_duong dao_tao_nghe xkld viec_lam nha_o thong_tin bhyt"
FULL = (
    BEFORE
    | AGREED
    | {"consent_photo": "yes", "consent_audio": "yes", "hh": "h2", "hh_reserve": "no"}
    | {"p_age": "46", "p_sex": "nu", "p_minority": "dk", "p_status": "ngheo"}
    | {"p_status_prev": "ngheo", "p_members": "6", "p_children": "3"}
    | {"i_channel": "hop_thon loa", "i_meeting": "yes", "i_posted": "no"}
    | {"received": EVERY_SUPPORT, "needed": "tin_dung phap_ly"}
    | {"l_from": "DA2", "l_type": "chan_nuoi", "l_item": "1 con bò cái sinh sản, 2 bao cám"}
    | {"l_value": "18.5", "l_enough": "yes", "l_time": "cham", "l_quality": "kem"}
    | {"l_trained": "no", "l_paid": "1.5", "l_paid_ok": "no", "l_state": "mat", "l_income": "0.2"}
    | {"l_sat": "1", "n_child": "2", "n_weigh": "yes", "n_micronut": "no", "n_sat": "4"}
    | {"v_trade": "May công nghiệp", "v_level": "duoi_3t", "v_allow": "no", "v_cert": "yes"}
    | {"v_job": "chua", "v_sat": "3", "x_market": "nhat_ban", "x_cost": "yes", "x_paid": "60.5"}
    | {"x_left": "yes", "x_remit": "dk", "x_sat": "5", "ho_work": "xay_moi", "ho_recv": "40.5"}
    | {"ho_norm": "44.5", "ho_state": "xong", "ho_3hard": "yes", "ho_area": "48.5", "ho_sat": "4"}
    | {"t_net": "yes", "t_device": "yes", "t_speaker": "no"}
    | {"g_access": "2", "g_benefit": "2", "g_attitude": "3", "g_overall": "2", "g_fee": "no"}
    | {"g_complain": "yes", "g_complain_state": "chua", "g_difficult": "Thiếu vốn, thiếu nước"}
    | {"g_propose": "Được vay vốn", "g_others": "no", "gps": "20.39 106.06 5.0 4.5"}
)
PHOTOS = ("consent_sign", "l_photo", "ho_photo", "g_audio")

SHORTEST = (
    BEFORE
    | AGREED
    | {"hh": "h1", "hh_reserve": "yes", "no_gps": "trong_nha", "p_age": "71", "p_sex": "nam"}
    | {"p_minority": "no", "p_status": "khac", "p_members": "1", "p_children": "0"}
    | {"i_channel": "khong", "i_meeting": "no", "i_posted": "no", "received": "khong"}
    | {"t_net": "no", "t_device": "no", "t_speaker": "dk", "g_fee": "no", "g_complain": "no"}
    | {"g_others": "yes"}
)
LEFT_OUT = ("gps", "consent_sign", "p_status_prev", "needed", "g_access", "g_benefit")
LEFT_OUT += ("g_attitude", "g_overall", "g_difficult", "g_propose")

REFUSED = BEFORE | {"met": "yes", "consent": "no", "refuse_why": "khong_muon"}
NOT_MET = BEFORE | {"met": "no", "not_met_why": "chuyen_di", "hh": "h1", "hh_reserve": "no"}


@pytest.fixture(scope="module")
def filled(fill_form, photo):
    """Return the form filled along its paths, by name."""
    paths = {
        "full": FULL | dict.fromkeys(PHOTOS, photo),
        "shortest": SHORTEST,
        "refused": REFUSED,
        "not_met": NOT_MET,
        "production": FULL
        | {"received": "san_xuat", "g_complain": "dk", "consent_photo": "no"}
        | {"consent_audio": "no"},
    }
    return dict(zip(paths, fill_form("gnbv_household", *paths.values()), strict=True))


def test_with_every_kind_of_support_every_question_is_kept(filled, record):
    expected = FULL | LOOKED_UP | VERSION | dict.fromkeys(PHOTOS, "photo")

    assert record(filled["full"]) == expected | {"l_project": "DA2"}


def test_without_support_only_the_short_interview_is_kept(filled, record):
    expected = SHORTEST | LOOKED_UP | VERSION | dict.fromkeys(LEFT_OUT, "")

    assert record(filled["shortest"]) == expected


def test_who_refuses_leaves_the_reason_and_nothing_else(filled, record):
    assert record(filled["refused"]) == REFUSED | LOOKED_UP
    assert b"consent_at" not in filled["refused"].xml
    assert set(filled["refused"].attachments) == {"audit.csv"}


def test_a_household_that_was_not_met_leaves_its_code_so_that_a_reserve_can_follow(filled, record):
    assert record(filled["not_met"]) == NOT_MET | LOOKED_UP


def test_support_of_farming_counts_for_its_own_project(filled, record):
    found = record(filled["production"])

    assert found["l_project"] == "DA3_1"
    assert not {"l_from", "n_child", "v_job", "x_market", "ho_state"} & set(found)
    assert not {"l_photo", "ho_photo", "g_audio", "g_complain_state"} & set(found)


def test_consent_taken_back_before_sending_empties_the_record(fill_form, filled, record):
    [again] = fill_form(
        "gnbv_household", {"consent": "no", "refuse_why": "khac"}, previous=filled["full"]
    )

    assert record(again) == REFUSED | LOOKED_UP | {
        "refuse_why": "khac",
        "deprecatedID": filled["full"].instance_id,
    }


def test_a_phone_says_who_when_and_on_which_version(filled):
    xml = filled["shortest"].xml.decode()

    for node in ("start", "end", "today", "deviceid", "consent_at"):
        assert f"<{node}>" in xml
    assert "<username>lan</username>" in xml and "<audit>audit.csv</audit>" in xml
    assert re.search(r'id="gnbv_household" version="\d{10}"', xml)


def test_a_record_is_named_by_household_code_and_never_for_who_refused(filled):
    assert filled["shortest"].report["instanceName"] == "h1 – t1"
    assert filled["not_met"].report["instanceName"] == "h1 – t1"
    assert filled["refused"].report["instanceName"] == "Không đồng ý – t1"


def test_answers_raise_the_findings_their_rules_say(filled, fired):
    expected = {"B03", "B04", "B05", "B06", "B07", "B08", "B12", "B13"}
    assert fired(filled["full"]) == expected
    assert fired(filled["production"]) == {"B03_3", "B04_3", "B05_3", "B06", "B12"}
    assert fired(filled["shortest"]) == {"B11"}
    assert fired(filled["refused"]) == fired(filled["not_met"]) == set()


def test_a_cow_that_came_dead_in_a_village_nobody_told_raises_two_findings(
    fill_form, fired, record, photo
):
    cow = {"received": "sinh_ke", "l_type": "chan_nuoi", "l_item": "1 bò cái", "l_enough": "yes"}
    cow |= {"l_trained": "yes", "l_state": "mat", "consent_photo": "yes", "l_photo": photo}
    here = {"gps": "21.9 103.3 800.0 6.5", "p_status": "ngheo"}

    [filled] = fill_form("gnbv_household", SHORTEST | cow | here)

    found = record(filled)
    assert (found["l_photo"], found["gps"]) == ("photo", "21.9 103.3 800.0 6.5")
    raised = {row["rule_id"]: row for row in RULES if row["rule_id"] in fired(filled)}
    assert {rule["topic"] for rule in raised.values()} == {"D2_03", "TT02"}
    assert (raised["B04"]["project"], raised["B04"]["bieu"]) == ("DA2", "Biểu 05")


WRONG = [
    ({"hamlet": "t9"}, "hamlet"),
    ({"hh": "h9"}, "hh"),
    ({"p_age": "17"}, "p_age"),
    ({"p_children": "2"}, "p_children"),
    ({"received": "khong bhyt"}, "received"),
    ({"i_channel": "khong loa"}, "i_channel"),
    ({"received": "sinh_ke", "l_paid": "-1"}, "l_paid"),
    ({"received": "dinh_duong", "n_child": "1"}, "n_child"),
]


def test_an_impossible_answer_is_refused_on_the_phone(refused_at):
    answers = [SHORTEST | wrong for wrong, _ in WRONG]

    assert refused_at("gnbv_household", answers) == [question for _, question in WRONG]
