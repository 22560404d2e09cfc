import pytest

pytestmark = pytest.mark.java

BEFORE = {"visit": "v1", "hamlet": "t2", "visit_kind": "dinh_ky"}
LOOKED_UP = {"commune_code": "13780", "round_code": "R1"}
VERSION = {"cs_notice_version": "2026-02"}

FULL = (
    BEFORE
    | {"inspectors": "Trần Thị Hoa, chuyên viên", "consent": "yes"}
    | {"consent_photo": "yes", "consent_audio": "yes", "gps": "20.4 106.07 3.0 8.0"}
    | {"role": "truong_thon", "resp_name": "Bà B.", "resp_sex": "nu"}
    | {"h_hh": "210", "h_poor": "9", "h_near": "14", "h_esc": "3", "h_new": "1"}
    | {"h_projects": "DA2 DA6_2", "h_meeting": "yes", "h_meeting_n": "2", "h_select": "yes"}
    | {"h_posted": "no", "h_train": "no", "h_community": "dk", "h_missed": "yes"}
    | {"h_missed_txt": "Người già ở một mình", "h_wrong": "yes", "h_wrong_txt": "Có xe tải"}
    | {"h_sat": "3", "difficulties": "Đường xấu", "causes": "Mưa", "proposals": "Xã: sửa đường"}
    | {"manual_finding": "yes"}
)
ROUNDS = {"mf[1]/mf_text": "Bảng tin hỏng", "mf[1]/mf_project": "DA6_1", "mf[1]/mf_severity": "2"}
ROUNDS |= {"mf[2]/mf_text": "Sổ họp không có", "mf[2]/mf_severity": "3", "count:mf": 2}
PHOTOS = ("h_select_photo", "h_photo", "h_audio")

SHORTEST = (
    BEFORE
    | {"consent": "yes", "consent_photo": "no", "consent_audio": "no", "no_gps": "may"}
    | {"role": "ctv", "h_hh": "80", "h_poor": "0", "h_near": "0", "h_meeting": "no"}
    | {"h_select": "dk", "h_posted": "yes", "h_train": "yes", "h_missed": "no", "h_wrong": "no"}
    | {"manual_finding": "no"}
)
LEFT_OUT = ("inspectors", "gps", "resp_name", "resp_sex", "h_esc", "h_new", "h_projects")
LEFT_OUT += ("h_community", "h_sat", "difficulties", "causes", "proposals")

REFUSED = BEFORE | {"consent": "no", "refuse_why": "ban"}


@pytest.fixture(scope="module")
def filled(fill_form, photo):
    paths = {
        "full": FULL | ROUNDS | dict.fromkeys(PHOTOS, photo) | {"mf[1]/mf_photo": photo},
        "shortest": SHORTEST,
        "refused": REFUSED,
    }
    return dict(zip(paths, fill_form("gnbv_hamlet", *paths.values()), strict=True))


def test_everything_told_in_the_hamlet_is_kept(filled, record):
    rounds = {"mf_text": "Bảng tin hỏng", "mf_project": "DA6_1", "mf_severity": "2"}
    rounds |= {"mf_text#2": "Sổ họp không có", "mf_project#2": "", "mf_severity#2": "3"}
    rounds |= {"mf_photo": "photo", "mf_photo#2": ""}

    expected = FULL | LOOKED_UP | VERSION | rounds | dict.fromkeys(PHOTOS, "photo")
    assert record(filled["full"]) == expected


def test_the_shortest_talk_leaves_no_photo_and_no_follow_up_question(filled, record):
    expected = SHORTEST | LOOKED_UP | VERSION | dict.fromkeys(LEFT_OUT, "")

    assert record(filled["shortest"]) == expected


def test_who_refuses_leaves_the_reason_and_nothing_else(filled, record):
    assert record(filled["refused"]) == REFUSED | LOOKED_UP | {"inspectors": ""}
    assert set(filled["refused"].attachments) == {"audit.csv"}


def test_answers_raise_the_findings_their_rules_say(filled, fired):
    assert fired(filled["full"]) == {"H03", "H04", "H05", "H06"}
    assert fired(filled["shortest"]) == {"H01"}
    assert fired(filled["refused"]) == set()


WRONG = [
    ({"hamlet": "t9"}, "hamlet"),
    ({"h_hh": "0"}, "h_hh"),
    ({"h_poor": "81"}, "h_poor"),
    ({"h_poor": "50", "h_near": "31"}, "h_near"),
    ({"h_new": "1"}, "h_new"),
]


def test_an_impossible_figure_is_refused_on_the_phone(refused_at):
    answers = [SHORTEST | wrong for wrong, _ in WRONG]

    assert refused_at("gnbv_hamlet", answers) == [question for _, question in WRONG]
