import pytest

pytestmark = pytest.mark.java

BEFORE = {"visit": "v1", "hamlet": "t1", "visit_kind": "dinh_ky", "inspectors": "", "met": "yes"}
LOOKED_UP = {"commune_code": "13780", "round_code": "R1"}
PAPERS = {"m_decision": "full", "m_meeting": "none", "m_contract": "partly"}
PAPERS |= {"m_handover": "late", "m_quarantine": "na"}
FIGURES = {"m_hh_plan": "12", "m_hh_real": "10", "m_budget": "250.5", "m_spent": "200.5"}
KEPT = {"v_consent": "yes", "v_hh": "h1", "v_gps": "20.4 106.07 3.0 8.0", "v_item": "Bò cái"}
KEPT |= {"v_qty_doc": "3", "v_qty_seen": "2", "v_tag": "VN-0042", "v_state": "giam"}
KEPT |= {"v_why": "Một con chết rét", "v_photo1": "photo", "v_photo2": "photo"}
KEPT |= {"v_income": "1.5", "v_continue": "yes"}
WHOLE = {"v_consent": "yes", "v_hh": "h2", "v_gps": "", "v_item": "Bò cái", "v_qty_doc": "2"}
WHOLE |= {"v_qty_seen": "2", "v_tag": "", "v_state": "tot", "v_photo1": "photo"}
WHOLE |= {"v_photo2": "", "v_income": "", "v_continue": "dk"}
CLOSING = {"difficulties": "", "causes": "", "proposals": "", "manual_finding": "no"}

FULL = (
    BEFORE
    | PAPERS
    | FIGURES
    | {"gps": "20.4 106.07 3.0 8.0", "model": "m1", "m_type": "chan_nuoi", "replicate": "yes"}
    | {"replicate_txt": "Hộ tự chọn giống", "difficulties": "Rét", "causes": "Chuồng hở"}
    | {"proposals": "Xã: che chuồng", "manual_finding": "yes", "mf_text": "Thẻ tai mờ"}
    | {"mf_project": "DA2", "mf_severity": "1", "mf_photo": "photo"}
)
SHORTEST = (
    BEFORE
    | dict.fromkeys(PAPERS, "full")
    | FIGURES
    | {"no_gps": "may", "model": "m1", "m_type": "khac", "replicate": "no"}
    | CLOSING
)
REFUSED = BEFORE | {"met": "no", "not_met_why": "vang"}
REFUSING = {"v_consent": "no", "v_refuse_why": "khong_muon"}


def rounds(*households: dict[str, str]) -> dict[str, str | int]:
    """Return the answers of the repeat, one household after the other."""
    answers: dict[str, str | int] = {"count:hhv": len(households)}
    for number, household in enumerate(households, start=1):
        for name, value in household.items():
            group = "vc" if name in {"v_consent", "v_refuse_why"} else "v"
            answers[f"hhv[{number}]/{group}/{name}"] = value
    return answers


def numbered(*households: dict[str, str]) -> dict[str, str]:
    """Return the same as the record names them."""
    found: dict[str, str] = {}
    for household in households:
        for name, value in household.items():
            number = sum(key.split("#")[0] == name for key in found) + 1
            found[name if number == 1 else f"{name}#{number}"] = value
    return found


@pytest.fixture(scope="module")
def filled(fill_form, photo):
    households = rounds(KEPT, REFUSING, WHOLE)
    paths = {
        "full": FULL | households,
        "shortest": SHORTEST | {"count:hhv": 0},
        "refused": REFUSED,
        "all refuse": SHORTEST | rounds(REFUSING, REFUSING),
    }
    answers = [
        {key: photo if value == "photo" else value for key, value in path.items()}
        for path in paths.values()
    ]
    return dict(zip(paths, fill_form("gnbv_model", *answers), strict=True))


def test_a_household_that_refuses_is_counted_and_left_alone(filled, record):
    loss = {"qty_doc_sum": "5", "qty_seen_sum": "4", "loss_rate": "20"}

    expected = FULL | LOOKED_UP | numbered(KEPT, REFUSING, WHOLE) | loss
    assert record(filled["full"]) == expected


def test_a_model_without_households_on_site_has_no_loss(filled, record):
    loss = {"qty_doc_sum": "0", "qty_seen_sum": "0", "loss_rate": "0"}

    assert record(filled["shortest"]) == SHORTEST | LOOKED_UP | loss | {"gps": ""}


def test_a_check_that_could_not_be_made_leaves_its_reason(filled, record):
    assert record(filled["refused"]) == REFUSED | LOOKED_UP


def test_households_that_all_refuse_leave_two_reasons(filled, record):
    loss = {"qty_doc_sum": "0", "qty_seen_sum": "0", "loss_rate": "0"}

    expected = SHORTEST | LOOKED_UP | loss | {"gps": ""} | numbered(REFUSING, REFUSING)
    assert record(filled["all refuse"]) == expected


def test_answers_raise_the_findings_their_rules_say(filled, fired):
    assert fired(filled["full"]) == {"M01", "M02", "M03", "M06"}
    assert fired(filled["shortest"]) == {"M02"}
    assert fired(filled["refused"]) == set()


def test_one_household_that_sold_its_animal_is_enough(fill_form, fired, photo):
    sold = WHOLE | {"v_qty_seen": "0", "v_state": "ban", "v_why": "Cần tiền", "v_photo1": photo}
    kept = WHOLE | {"v_photo1": photo}

    [filled] = fill_form("gnbv_model", SHORTEST | rounds(kept, sold))

    assert fired(filled) == {"M02", "M03", "M04"}


WRONG = [({"model": "m9"}, "model"), ({"m_spent": "251"}, "m_spent"), ({"v_hh": "h9"}, "v_hh")]


def test_what_cannot_be_is_refused_on_the_phone(refused_at, photo):
    household = {name: photo if value == "photo" else value for name, value in WHOLE.items()}

    answers = [SHORTEST | household | wrong for wrong, _ in WRONG]

    assert refused_at("gnbv_model", answers) == [question for _, question in WRONG]
