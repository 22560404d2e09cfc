import pytest

pytestmark = pytest.mark.java

BEFORE = {"visit": "v1", "visit_kind": "dinh_ky", "inspectors": "", "met": "yes"}
LOOKED_UP = {"commune_code": "13780", "round_code": "R1"}
COUNTS = {"r_progress": "82.5", "s_list": "140", "s_done": "120", "s_complaint": "2"}
COUNTS |= {"s_complaint_open": "1", "s_system": "no"}

FULL = (
    BEFORE
    | COUNTS
    | {"gps": "20.4 106.07 3.0 8.0", "r_steer": "full", "r_plan": "late", "r_train": "none"}
    | {"r_reviewers": "11", "r_comm": "loa", "r_step": "bao_cao", "s_request": "9"}
    | {"s_meeting": "yes", "s_agree": "48.5", "s_front": "no", "s_posted": "yes"}
    | {"s_posted_days": "2", "s_report": "2024-05-20", "difficulties": "Ít thời gian"}
    | {"causes": "Mưa", "proposals": "Huyện: lùi hạn", "manual_finding": "yes"}
    | {"mf_text": "Thiếu chữ ký", "mf_project": "DA7_2", "mf_severity": "3"}
)
PHOTOS = ("s_photo", "mf_photo")
POOR = {"k_code": "P-01", "k_area": "nong_thon", "k_a_form": "120", "k_b_form": "40"}
POOR |= {"k_class": "can_ngheo", "k_visit": "yes", "k_a_re": "118", "k_b_re": "40"}
POOR |= {"k_error": "yes", "k_error_txt": "Xếp sai diện"}
RIGHT = {"k_code": "P-02", "k_area": "thanh_thi", "k_a_form": "170", "k_b_form": "20"}
RIGHT |= {"k_class": "can_ngheo", "k_visit": "no", "k_error": "no"}
ABOVE = {"k_code": "P-03", "k_area": "nong_thon", "k_a_form": "141", "k_b_form": "60"}
ABOVE |= {"k_class": "tbinh", "k_visit": "no", "k_error": "no"}

SHORTEST = (
    BEFORE
    | COUNTS
    | {"no_gps": "may", "r_steer": "full", "r_plan": "full", "r_train": "full"}
    | {"r_comm": "hop_thon", "r_step": "lap_ds", "manual_finding": "no"}
)
LEFT_OUT = ("gps", "r_reviewers", "s_request", "difficulties", "causes", "proposals")
REFUSED = BEFORE | {"met": "no", "not_met_why": "hoan"}


def checks(*papers: dict[str, str]) -> dict[str, str | int]:
    answers: dict[str, str | int] = {"count:chk": len(papers)}
    for number, paper in enumerate(papers, start=1):
        answers |= {f"chk[{number}]/{name}": value for name, value in paper.items()}
    return answers


@pytest.fixture(scope="module")
def filled(fill_form, photo):
    paths = {
        "full": FULL | checks(POOR, RIGHT, ABOVE) | dict.fromkeys(PHOTOS, photo),
        "shortest": SHORTEST | {"count:chk": 0},
        "refused": REFUSED,
        "meeting": SHORTEST | {"count:chk": 0, "r_step": "hop_dan", "s_meeting": "no"},
    }
    return dict(zip(paths, fill_form("gnbv_review", *paths.values()), strict=True))


def test_papers_are_scored_by_points_a_and_b(filled, record):
    """Circular 07/2021/TT-BLĐTBXH: rural poor up to 140 points A with 30 or more points B."""
    near = {"k_expect": "can_ngheo", "k_expect_vi": "hộ cận nghèo", "k_expect_en": "near-poor"}
    none = {"k_expect": "khong", "k_expect_vi": "không nghèo, không cận nghèo"}
    poor = {"k_expect": "ngheo", "k_expect_vi": "hộ nghèo", "k_expect_en": "poor"}
    none |= {"k_expect_en": "neither poor nor near-poor"}
    first = POOR | poor | {"k_limit": "140", "k_err_n": "1"}
    second = RIGHT | near | {"k_limit": "175", "k_err_n": "0"}
    third = ABOVE | none | {"k_limit": "140", "k_err_n": "0"}

    expected = FULL | LOOKED_UP | first | dict.fromkeys(PHOTOS, "photo")
    expected |= {f"{name}#2": value for name, value in second.items()}
    expected |= {f"{name}#3": value for name, value in third.items()}
    expected |= {"r_step_n": "5", "chk_n": "3", "err_n": "1", "err_rate": "33.3"}
    assert record(filled["full"]) == expected
    assert filled["full"].xml.count(b"<k_warn") == 1


def test_a_review_that_only_lists_is_not_asked_for_meeting_or_posting(filled, record):
    sums = {"r_step_n": "1", "chk_n": "0", "err_n": "0", "err_rate": "0"}

    expected = SHORTEST | LOOKED_UP | sums | dict.fromkeys(LEFT_OUT, "")
    assert record(filled["shortest"]) == expected


def test_a_review_at_the_meeting_is_asked_for_it_alone(filled, record):
    found = record(filled["meeting"])

    assert found["s_meeting"] == "no"
    assert not {"s_agree", "s_front", "s_posted", "s_report"} & set(found)


def test_a_visit_that_could_not_be_made_leaves_its_reason(filled, record):
    assert record(filled["refused"]) == REFUSED | LOOKED_UP


def test_answers_raise_the_findings_their_rules_say(filled, fired):
    expected = {f"R{n:02d}" for n in (2, 3, 4, 5, 6, 7, 8, 9)}
    assert fired(filled["full"]) == expected
    assert fired(filled["shortest"]) == fired(filled["meeting"]) == {"R07", "R08"}
    assert fired(filled["refused"]) == set()


WRONG = [
    ({"s_done": "141"}, "s_done"),
    (RIGHT | {"k_b_form": "25"}, "k_b_form"),
    (RIGHT | {"k_code": "036123456789"}, "k_code"),
    ({"s_complaint_open": "3"}, "s_complaint_open"),
]


def test_what_cannot_be_is_refused_on_the_phone(refused_at):
    answers = [SHORTEST | RIGHT | wrong for wrong, _ in WRONG]

    assert refused_at("gnbv_review", answers) == [question for _, question in WRONG]
