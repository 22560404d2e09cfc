import pytest

from server.demo.javarosa import FillFailed

pytestmark = pytest.mark.java

BEFORE = {"visit": "v1", "visit_kind": "dot_xuat"}
LOOKED_UP = {"commune_code": "13780", "round_code": "R1"}
VERSION = {"cs_notice_version": "2026-02"}

FULL = (
    BEFORE
    | {"inspectors": "Đoàn 2", "consent": "yes", "consent_audio": "yes"}
    | {"gps": "20.4 106.07 3.0 8.0", "role": "ke_toan", "resp_name": "Chị T.", "resp_years": "7"}
    | {"o_guidance": "late", "o_guidance_txt": "Hướng dẫn thanh toán", "o_coord": "3"}
    | {"o_capital": "rat_cham", "o_staff": "no", "o_trained": "no", "o_hard": "DA2 DA5"}
    | {"o_hard_txt": "Thiếu đối ứng", "o_channel": "loa mang", "o_supervised": "yes"}
    | {"o_prev": "chua", "o_elected": "yes", "o_bestpractice": "Tổ hợp tác nuôi bò"}
    | {"difficulties": "Ít người", "causes": "Kiêm nhiệm", "proposals": "Huyện: thêm biên chế"}
    | {"manual_finding": "yes", "mf_text": "Sổ theo dõi trống", "mf_project": "DA7_2"}
    | {"mf_severity": "2"}
)
SHORTEST = (
    BEFORE
    | {"consent": "yes", "consent_audio": "no", "no_gps": "trong_nha", "role": "mttq"}
    | {"o_guidance": "full", "o_capital": "dung_han", "o_staff": "yes", "o_trained": "yes"}
    | {"o_channel": "hop_thon", "o_supervised": "no", "o_elected": "dk", "manual_finding": "no"}
)
LEFT_OUT = ("inspectors", "gps", "resp_name", "resp_years", "o_coord", "o_hard")
LEFT_OUT += ("o_bestpractice", "difficulties", "causes", "proposals")
REFUSED = BEFORE | {"consent": "no", "refuse_why": "khong_muon"}


@pytest.fixture(scope="module")
def filled(fill_form, photo):
    paths = {
        "full": FULL | {"o_audio": photo, "mf_photo": photo},
        "shortest": SHORTEST,
        "refused": REFUSED,
    }
    return dict(zip(paths, fill_form("gnbv_official", *paths.values()), strict=True))


def test_all_that_an_official_says_is_kept(filled, record):
    expected = FULL | LOOKED_UP | VERSION | {"o_audio": "photo", "mf_photo": "photo"}

    assert record(filled["full"]) == expected


def test_the_shortest_talk_asks_no_follow_up_question(filled, record):
    expected = SHORTEST | LOOKED_UP | VERSION | dict.fromkeys(LEFT_OUT, "")

    assert record(filled["shortest"]) == expected


def test_who_refuses_leaves_the_reason_and_not_even_a_post(filled, record):
    assert record(filled["refused"]) == REFUSED | LOOKED_UP | {"inspectors": ""}
    assert filled["refused"].report["instanceName"] == "Không đồng ý – v1"


def test_answers_raise_the_findings_their_rules_say(filled, fired):
    assert fired(filled["full"]) == {"O01", "O02", "O03", "O04"}
    assert fired(filled["shortest"]) == fired(filled["refused"]) == set()


def test_more_than_three_hardest_projects_are_refused(fill_form):
    with pytest.raises(FillFailed, match="/o_hard: constraint"):
        fill_form("gnbv_official", SHORTEST | {"o_hard": "DA1 DA2 DA5 DA7_1"})
