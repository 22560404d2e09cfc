import pytest

pytestmark = pytest.mark.java

BEFORE = {"visit": "v2", "visit_kind": "dinh_ky", "inspectors": "Đoàn 1", "met": "yes"}
LOOKED_UP = {"commune_code": "13783", "round_code": "R1"}
DOCUMENTS = {"d_steer": "full", "d_hamlet_board": "partly", "d_assign": "late", "d_plan": "none"}
DOCUMENTS |= {"d_me_plan": "na", "d_capital": "full", "d_selfme": "none", "d_report": "late"}
PROJECTS = ["DA1", "DA2", "DA3_1", "DA3_2", "DA4_1", "DA4_2", "DA4_3", "DA5"]
PROJECTS += ["DA6_1", "DA6_2", "DA7_1", "DA7_2"]
MONEY = {f"cap_{code.lower()}_plan": f"{100 * n}.5" for n, code in enumerate(PROJECTS, 1)}
MONEY |= {f"cap_{code.lower()}_disb": f"{25 * n}.0" for n, code in enumerate(PROJECTS, 1)}
RATES = {
    f"cap_{code.lower()}_rate": f"{round(100 * 25 * n / (100 * n + 0.5), 1):g}"
    for n, code in enumerate(PROJECTS, 1)
}
RESULTS = {"da1_works": "4", "da1_done": "3", "da1_maint": "1", "da1_quality": "yes"}
RESULTS |= {"da2_models": "5", "da2_models_run": "4", "da2_hh": "60", "da2_hh_poor": "20"}
RESULTS |= {"da2_hh_near": "25", "da2_hh_esc": "15", "da3_hh": "12", "da3_child": "40"}
RESULTS |= {"da4_trained": "30", "da4_jobbed": "18", "da4_abroad": "2", "da4_matched": "9"}
RESULTS |= {"da5_plan": "6", "da5_done": "5", "da6_station": "1", "da6_news": "24"}
RESULTS |= {"da7_class": "3", "da7_visits": "2"}
POVERTY = {"p_total": "2100", "p_poor_start": "60", "p_poor_now": "48", "p_near_now": "71"}

FULL = (
    BEFORE
    | DOCUMENTS
    | MONEY
    | RESULTS
    | POVERTY
    | {"gps": "20.37 106.1 2.0 6.0", "method": "truc_tiep", "d_report_date": "2024-05-02"}
    | {"d_system": "no", "d_bieu": "b04 b05", "projects": " ".join(PROJECTS)}
    | {"c_channel": "hop_thon loa niem_yet", "c_posted": "yes", "c_complaint": "3"}
    | {"c_complaint_open": "1", "p_poor_eth": "2", "p_target": "0.5"}
    | {"difficulties": "Vốn về chậm", "causes": "Văn bản chậm", "proposals": "Tỉnh: giao sớm"}
    | {"manual_finding": "yes", "mf_text": "Bảng giá chưa treo", "mf_project": "DA1"}
    | {"mf_severity": "2"}
)
PHOTOS = ("d_photo", "c_photo", "mf_photo")

SHORTEST = (
    BEFORE
    | {**dict.fromkeys(DOCUMENTS, "none"), "no_gps": "may", "method": "gian_tiep"}
    | {"d_system": "yes", "d_bieu": "khong", "projects": "DA7_2", "cap_da7_2_plan": "0.0"}
    | {"cap_da7_2_disb": "0.0", "c_channel": "khong", "c_posted": "no", "c_complaint": "0"}
    | {"c_complaint_open": "0", "manual_finding": "no"}
    | POVERTY
)
LEFT_OUT = ("gps", "d_photo", "da7_visits", "p_poor_eth", "p_target", "difficulties", "causes")
LEFT_OUT += ("proposals",)

REFUSED = BEFORE | {"met": "no", "not_met_why": "thien_tai"}


@pytest.fixture(scope="module")
def filled(fill_form, photo):
    paths = {
        "full": FULL | dict.fromkeys(PHOTOS, photo),
        "shortest": SHORTEST,
        "refused": REFUSED,
    }
    return dict(zip(paths, fill_form("gnbv_commune", *paths.values()), strict=True))


def test_all_documents_capital_and_results_are_kept(filled, record):
    expected = FULL | LOOKED_UP | RATES | {"p_rate": "2.29"} | dict.fromkeys(PHOTOS, "photo")

    assert record(filled["full"]) == expected


def test_a_project_the_commune_does_not_run_is_absent(filled, record):
    expected = SHORTEST | LOOKED_UP | {"cap_da7_2_rate": "0", "p_rate": "2.29"}

    assert record(filled["shortest"]) == expected | dict.fromkeys(LEFT_OUT, "")


def test_a_visit_that_could_not_be_made_leaves_its_reason(filled, record):
    assert record(filled["refused"]) == REFUSED | LOOKED_UP
    assert filled["refused"].report["instanceName"] == "Cấp xã – v2 – chưa làm việc được"


def test_answers_raise_the_findings_their_rules_say(filled, fired):
    low = {f"C07_{code}" for code in PROJECTS}
    assert fired(filled["full"]) == low | {f"C{n:02d}" for n in (2, 3, 4, 5, 6, 8, 10, 12)}
    assert fired(filled["shortest"]) == {f"C{n:02d}" for n in (1, 2, 3, 4, 6, 9)}
    assert fired(filled["refused"]) == set()


WRONG = [
    ({"cap_da7_2_disb": "0.1"}, "cap_da7_2_disb"),
    ({"d_bieu": "b03 khong"}, "d_bieu"),
    ({"d_report": "full", "d_report_date": "2999-01-01"}, "d_report_date"),
    ({"c_complaint_open": "1"}, "c_complaint_open"),
    ({"p_near_now": "2053"}, "p_near_now"),
    (
        {"projects": "DA2", "cap_da2_plan": "1", "cap_da2_disb": "1", "da2_hh": "9"}
        | {"da2_hh_poor": "5", "da2_hh_near": "4", "da2_hh_esc": "1"},
        "da2_hh_esc",
    ),
]


def test_figures_that_cannot_be_are_refused_on_the_phone(refused_at):
    answers = [SHORTEST | wrong for wrong, _ in WRONG]

    assert refused_at("gnbv_commune", answers) == [question for _, question in WRONG]
