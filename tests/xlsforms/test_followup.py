from xml.etree import ElementTree

import pytest

from server.demo.javarosa import Filled

pytestmark = pytest.mark.java

OPEN = "2f0b7c1e-7a2f-4f6e-9d0e-0d6a4d6b1a01"
ELSEWHERE = "2f0b7c1e-7a2f-4f6e-9d0e-0d6a4d6b1a09"
BEFORE = {"visit": "v1", "inspectors": "Đoàn 3", "met": "yes", "finding": OPEN}
LOOKED_UP = {"commune_code": "13780", "round_code": "R1"}
FINDING = {"f_code": "TT-001", "f_text": "Bò đã chết", "f_due": "2024-06-30", "f_unit": "UBND xã"}
FINDING["f_asked"] = "2024-07-15"

HALF = (
    BEFORE
    | {"gps": "20.4 106.07 3.0 8.0", "k_report": "partly", "k_doc_no": "12/BC-UBND, 3/6/2024"}
    | {"k_state": "mot_phan", "k_action": "Đã mua một con", "k_money": "12.5"}
    | {"k_reason": "Chờ vốn", "k_decision": "gia_han", "k_new_due": "2999-12-31"}
    | {"k_comment": "Cần theo dõi"}
)
PHOTOS = ("k_photo1", "k_photo2")
DONE = (
    BEFORE
    | {"no_gps": "khac", "k_report": "none", "k_state": "xong", "k_done_date": "2024-06-01"}
    | {"k_action": "Đã cấp lại bò", "k_decision": "dong"}
)
NOTHING = (
    BEFORE
    | {"no_gps": "may", "k_report": "none", "k_state": "chua", "k_reason": "Chưa có vốn"}
    | {"k_decision": "mo_lai"}
)
REFUSED = {"visit": "v1", "inspectors": "", "met": "no", "not_met_why": "tu_choi"}


@pytest.fixture(scope="module")
def filled(fill_form, photo):
    paths = {
        "half": HALF | dict.fromkeys(PHOTOS, photo),
        "done": DONE | {"k_photo1": photo},
        "nothing": NOTHING,
        "refused": REFUSED,
    }
    return dict(zip(paths, fill_form("gnbv_followup", *paths.values()), strict=True))


def entity(filled: Filled) -> dict[str, str]:
    """Return the attributes of the entity that the form changes."""
    root = ElementTree.fromstring(filled.xml)
    [node] = [node for node in root.iter() if node.tag.rpartition("}")[2] == "entity"]
    return dict(node.attrib)


def test_a_half_done_remedy_is_kept_with_its_new_term(filled, record):
    expected = HALF | LOOKED_UP | FINDING | dict.fromkeys(PHOTOS, "photo")

    assert record(filled["half"]) == expected


def test_a_remedy_that_is_done_is_not_asked_why_not(filled, record):
    empty = dict.fromkeys(("gps", "k_money", "k_photo2", "k_comment"), "")

    assert record(filled["done"]) == DONE | LOOKED_UP | FINDING | empty | {"k_photo1": "photo"}


def test_a_remedy_not_begun_is_not_asked_for_work_or_photo(filled, record):
    empty = dict.fromkeys(("gps", "k_money", "k_photo2", "k_comment"), "")

    assert record(filled["nothing"]) == NOTHING | LOOKED_UP | FINDING | empty


def test_a_check_that_could_not_be_made_changes_no_finding(filled, record):
    assert record(filled["refused"]) == REFUSED | LOOKED_UP
    assert entity(filled["refused"]).get("update", "") != "1"


def test_a_check_updates_the_finding_it_was_made_of(filled):
    changed = entity(filled["half"])

    assert (changed["dataset"], changed["id"], changed["update"]) == ("findings", OPEN, "1")
    assert changed["baseVersion"] == "1"


def test_answers_raise_the_findings_their_rules_say(filled, fired):
    assert fired(filled["nothing"]) == {"F01", "F02"}
    assert fired(filled["half"]) == fired(filled["done"]) == fired(filled["refused"]) == set()


WRONG = [
    ({"finding": ELSEWHERE}, "finding"),
    ({"k_decision": "dong"}, "k_decision"),
    ({"k_decision": "gia_han", "k_new_due": "2020-01-01"}, "k_new_due"),
    ({"k_state": "xong", "k_done_date": "2999-01-01"}, "k_done_date"),
]


def test_what_cannot_be_is_refused_on_the_phone(refused_at):
    answers = [NOTHING | wrong for wrong, _ in WRONG]

    assert refused_at("gnbv_followup", answers) == [question for _, question in WRONG]
