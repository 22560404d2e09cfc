import pytest

from server.demo.javarosa import FillFailed

pytestmark = pytest.mark.java

BEFORE = {"visit": "v1", "inspectors": "", "klass": "c1", "c_kind": "ncnl"}
BEFORE |= {"t_date": "2024-05-14"}
LOOKED_UP = {"commune_code": "13780", "round_code": "R1", "c_plan": "60"}

FULL = (
    BEFORE
    | {"t_held": "yes", "met": "yes", "gps": "20.4 106.07 3.0 8.0", "t_list": "60"}
    | {"t_present": "41", "t_signed": "58", "t_women": "17", "t_nopay": "30"}
    | {"t_material": "partly", "t_content": "no", "t_trainer": "kem", "t_days": "2"}
    | {"t_paid": "no", "t_sat": "2", "difficulties": "Phòng chật", "causes": "Mượn nhà"}
    | {"proposals": "Huyện: đổi nơi học", "manual_finding": "yes", "mf_text": "Điểm danh hộ"}
    | {"mf_project": "DA7_1", "mf_severity": "3"}
)
PHOTOS = ("t_photo", "mf_photo")
CLOSING = {"difficulties": "", "causes": "", "proposals": "", "manual_finding": "no"}
SHORTEST = BEFORE | CLOSING | {"t_held": "no", "no_gps": "may"}
REFUSED = BEFORE | {"t_held": "yes", "met": "no", "not_met_why": "tu_choi"}
EMPTY_ROOM = (
    BEFORE
    | CLOSING
    | {"t_held": "yes", "met": "yes", "no_gps": "trong_nha", "t_list": "0", "t_present": "0"}
    | {"t_signed": "0", "t_material": "na", "t_content": "yes", "t_trainer": "dat"}
    | {"t_paid": "dk"}
)


@pytest.fixture(scope="module")
def filled(fill_form, photo):
    paths = {
        "full": FULL | dict.fromkeys(PHOTOS, photo),
        "shortest": SHORTEST,
        "refused": REFUSED,
        "empty room": EMPTY_ROOM | {"t_photo": photo},
    }
    return dict(zip(paths, fill_form("gnbv_training", *paths.values()), strict=True))


def test_all_that_is_counted_in_a_class_is_kept(filled, record):
    expected = FULL | LOOKED_UP | {"t_rate": "68.3"} | dict.fromkeys(PHOTOS, "photo")

    assert record(filled["full"]) == expected


def test_a_class_that_was_not_held_is_not_counted(filled, record):
    assert record(filled["shortest"]) == SHORTEST | LOOKED_UP | {"gps": ""}


def test_a_class_the_team_could_not_see_leaves_its_reason(filled, record):
    assert record(filled["refused"]) == REFUSED | LOOKED_UP


def test_an_empty_list_gives_no_impossible_rate(filled, record):
    empty = dict.fromkeys(("gps", "t_women", "t_nopay", "t_days", "t_sat"), "")

    expected = EMPTY_ROOM | LOOKED_UP | empty | {"t_rate": "0", "t_photo": "photo"}
    assert record(filled["empty room"]) == expected


def test_answers_raise_the_findings_their_rules_say(filled, fired):
    assert fired(filled["full"]) == {"T02", "T03", "T04", "T05"}
    assert fired(filled["shortest"]) == {"T01"}
    assert fired(filled["refused"]) == fired(filled["empty room"]) == set()


def test_more_women_than_people_are_refused_on_the_phone(fill_form, photo):
    with pytest.raises(FillFailed, match="/t_women: constraint"):
        fill_form("gnbv_training", EMPTY_ROOM | {"t_photo": photo, "t_women": "1"})
