"""Programs draw hamlets and households from lists in JSON, open, disclose and weigh."""

import datetime as dt
import io
from fractions import Fraction

import pytest

from sampling import verify_draw
from server import clock
from server.db import db
from server.draws.models import Draw
from server.places import queries as places
from server.places.models import Hamlet
from tests.draws.conftest import thrown
from tests.draws.test_api import WITNESSES, refused

HOMES = [{"code": f"{n:02d}", "name": f"Hộ Mẫu {n}", "address": f"Ngõ {n}"} for n in range(1, 9)]
TYPED = [{"name": name} for name in ("Thôn Thượng", "Thôn Hạ", "Xóm Chợ", "Xóm Đông")]


@pytest.fixture
def minh(program, cast):
    return program(cast.minh)


@pytest.fixture
def ask(minh, field):
    """Freeze a list of a later stage, and give the answer."""

    def post(client=minh, **wish):
        usual = {"round": field.round_.id, "size": 2, "reserves": 1}
        return client.post(f"/v1/plans/{field.plan_id}/draws", json=usual | wish)

    return post


@pytest.fixture
def drawn(minh, ask):
    def draw(**wish):
        made = ask(**wish)
        assert made.status_code == 201, made.text
        number = made.json["id"]
        given = {"digits": thrown(number), "witnesses": WITNESSES}
        entered = minh.post(f"/v1/draws/{number}/seed", json=given)
        assert entered.status_code == 200, entered.text
        return entered.json

    return draw


def at(told, path=""):
    return f"/v1/draws/{told['id']}{path}"


def test_hamlets_then_households_are_drawn_and_weighed_through_all_stages(minh, field, drawn):
    commune = field.communes[0]
    hamlets = drawn(stage="thôn", parent=commune)
    homes = drawn(stage="hộ", parent=hamlets["inUse"][0], size=5, reserves=2, units=HOMES)

    weights = minh.get(at(homes, "/weights")).json["weights"]
    package = minh.get(at(homes, "/package.zip")).data

    assert (hamlets["stage"], hamlets["units"], hamlets["parentCode"]) == ("thôn", 6, commune)
    assert homes["parentId"] == hamlets["id"] and len(homes["inUse"]) == 5
    pi = Fraction(4, 17) * Fraction(2, 6) * Fraction(5, 8)
    assert {one["probability"] for one in weights} == {f"{pi.numerator}/{pi.denominator}"}
    assert {one["weight"] for one in weights} == {f"{pi.denominator}/{pi.numerator}"}
    assert [one["code"] for one in weights] == sorted(homes["inUse"])
    assert weights[0]["path"][:2] == [commune, hamlets["inUse"][0]]
    checks = verify_draw.verify(io.BytesIO(package), homes["commitmentSha256"])
    assert all(check.ok for check in checks)
    assert "Hộ Mẫu" not in minh.get(at(homes)).text  # names stay apart


def test_hamlets_named_on_site_are_stored_and_drawn_with_their_sizes(minh, ask, field, app):
    commune = field.communes[0]
    with_sizes = [one | {"size": 40 + n} for n, one in enumerate(TYPED)]
    db.session.query(Hamlet).filter(Hamlet.code.startswith(commune)).delete()
    db.session.commit()

    twice = ask(stage="thôn", parent=commune, units=[*with_sizes, TYPED[1]])
    made = ask(stage="thôn", parent=commune, units=with_sizes, method="pps_pivotal")

    told = refused(twice, 422, "draws.bad-list")
    assert "Dòng 5" in told["detail"] and "Line 5" in told["title"]
    assert made.status_code == 201, made.text
    frame = minh.get(at(made.json, "/frame.tsv")).text
    assert [line.split("\t")[-1] for line in frame.splitlines()[1:]] == [n["name"] for n in TYPED]
    assert [line.split("\t")[2] for line in frame.splitlines()[1:]] == ["40", "41", "42", "43"]


def test_a_list_of_some_of_a_communes_hamlets_says_why_it_lacks_the_others(ask, field):
    commune = field.communes[0]
    some = [{"code": code} for code in field.hamlet_codes(commune)[:4]]

    short = ask(stage="thôn", parent=commune, units=some)
    strange = ask(stage="thôn", parent=commune, units=[{"code": "99999-01"}], absent="ngập")
    made = ask(stage="thôn", parent=commune, units=some, absent="đường bị cắt")

    assert refused(short, 422, "draws.units-missing")["details"]["count"] == 2
    refused(strange, 422, "draws.bad-list")
    assert made.json["units"] == 4
    assert {one["reason"] for one in made.json["excluded"]} == {
        "thiếu trong danh sách: đường bị cắt"
    }


def test_what_does_not_fit_a_stage_is_named(ask, field):
    commune = field.communes[0]

    refused(ask(stage="hộ", units=HOMES), 422, "bad-fields", "parent")
    refused(ask(stage="hộ", parent=f"{commune}-01"), 422, "bad-fields", "units")
    refused(ask(parent=commune), 422, "bad-fields", "parent")
    refused(ask(stage="thôn", parent=commune, within="359"), 422, "bad-fields", "within")
    refused(ask(stage="bản", parent=commune), 422, "bad-fields", "stage")
    refused(ask(stage="thôn", parent="99999"), 422, "bad-fields", "parent")
    refused(ask(stage="hộ", parent="99999-01", units=HOMES), 422, "bad-fields", "parent")
    refused(ask(stage="thôn", parent=commune, size=9), 422, "draws.refused")
    listed = db.session.scalars(places.communes_under("2024", "359"))
    stranger = next(each.code for each in listed if each.code not in field.communes)
    refused(ask(stage="thôn", parent=stranger), 409, "draws.not-in-use")
    assert db.session.query(Draw).count() == 1


def test_a_second_draw_of_the_same_hamlets_is_refused_like_on_the_page(ask, field):
    commune = field.communes[0]
    first = ask(stage="thôn", parent=commune)

    again = refused(ask(stage="thôn", parent=commune), 409, "draws.live-draw")

    assert again["details"]["number"] == first.json["number"]


def test_a_sealed_draw_is_opened_once_by_those_who_draw(minh, program, cast, field, drawn):
    told = drawn(stage="thôn", parent=field.communes[0], sealed=True)
    hoa = program(cast.hoa)

    refused(minh.get(at(told, "/package.zip")), 403, "draws.sealed")
    assert hoa.get(at(told)).json["result"] is None
    refused(hoa.get(at(told, "/weights")), 403, "draws.sealed")
    refused(hoa.post(at(told, "/open")), 403, "not-allowed")
    refused(program(cast.an).post(at(told, "/open")), 404, "not-found")
    opened = minh.post(at(told, "/open")).json

    assert opened["openedAt"] and hoa.get(at(told)).json["result"] == told["result"]
    refused(minh.post(at(told, "/open")), 409, "draws.not-sealed")
    assert minh.get(at(told, "/package.zip")).status_code == 200


def test_the_day_of_disclosure_is_set_and_taken_back(minh, program, cast, field, drawn):
    told = drawn(stage="thôn", parent=field.communes[0])
    day = (clock.today() + dt.timedelta(days=3)).isoformat()
    past = (clock.today() - dt.timedelta(days=1)).isoformat()
    hoa = program(cast.hoa)

    assert minh.post(at(told, "/disclosure"), json={"discloseOn": day}).json["discloseOn"] == day
    assert hoa.get(at(told)).json["result"] is None
    for wrong in ({}, {"discloseOn": past}, {"discloseOn": "mai"}):
        refused(minh.post(at(told, "/disclosure"), json=wrong), 422, "bad-fields", "discloseOn")
    refused(hoa.post(at(told, "/disclosure"), json={"discloseOn": None}), 403, "not-allowed")
    minh.post(at(told, "/disclosure"), json={"discloseOn": None})
    assert hoa.get(at(told)).json["result"] == told["result"]
