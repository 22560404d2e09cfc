"""Plans, rounds and visits are made on pages, by those who may, and bad input is explained."""

import datetime as dt

import pytest
from sqlalchemy import select

from server.db import db, transaction
from server.journal import Line
from server.monitoring import service
from server.monitoring.models import (
    Origin,
    Plan,
    Round,
    RoundKind,
    Visit,
    VisitState,
)
from server.permissions import Role
from server.places import queries as places
from server.teams import service as teams
from tests.conftest import ACTOR


def fresh():
    """Return the session, seeing what other requests have written."""
    db.session().rollback()
    db.session().expire_all()
    return db.session()


def place_id(code, edition="2024"):
    return db.session().scalars(places.place(edition, code)).one().id


def new_plan(**changes):
    return {
        "name": "Giám sát năm 2024",
        "number": "15/KH-UBND",
        "programme_id": "gnbv-2021-2025",
        "edition_id": "2024",
        "place_id": str(place_id("359")),
        "legal_bases": "Quyết định 90/QĐ-TTg\n\n Thông tư 10/2022/TT-BLĐTBXH ",
        "starts_on": "2024-04-01",
        "ends_on": "15/12/2024",
    } | changes


@pytest.fixture
def visit(plan, round_, cast):
    with transaction() as session:
        commune = session.scalars(places.place("2024", "13753")).one()
        return service.add_visit(session, session.merge(round_), commune, ACTOR)


def test_a_coordinator_adds_a_plan_over_their_district(browser, cast):
    answer = browser(cast.minh).post("/plans/new", data=new_plan())

    plan = fresh().scalars(select(Plan)).one()
    assert answer.headers["Location"] == f"/plans/{plan.id}/setup"
    assert (plan.area, plan.number) == ("2024/36/359", "15/KH-UBND")
    assert plan.legal_bases == ["Quyết định 90/QĐ-TTg", "Thông tư 10/2022/TT-BLĐTBXH"]
    assert (plan.starts_on, plan.ends_on) == (dt.date(2024, 4, 1), dt.date(2024, 12, 15))


def test_finding_the_place_keeps_what_was_typed_and_stores_nothing(browser, cast):
    typed = new_plan(find="1", place_id="", place_text="hien khanh")

    page = browser(cast.minh).post("/plans/new", data=typed)

    assert page.status_code == 200
    assert "Xã Hiển Khánh, Huyện Vụ Bản, Tỉnh Nam Định" in page.text
    assert 'value="Giám sát năm 2024"' in page.text
    assert fresh().scalar(select(Plan)) is None


def test_a_place_outside_ones_area_is_neither_offered_nor_taken(browser, cast):
    minh = browser(cast.minh)

    offered = minh.post("/plans/new", data=new_plan(find="1", place_text="Gia Lâm"))
    taken = minh.post("/plans/new", data=new_plan(place_id=str(place_id("018"))))
    country = minh.post("/plans/new", data=new_plan(place_id="country"))

    assert "Không có địa bàn nào mang tên này" in offered.text
    assert (taken.status_code, country.status_code) == (422, 422)
    assert fresh().scalar(select(Plan)) is None


def test_only_the_administrator_of_the_country_plans_for_the_country(browser, cast):
    browser(cast.admin).post("/plans/new", data=new_plan(place_id="country"))

    assert fresh().scalars(select(Plan)).one().area == ""


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "  ", "Hãy điền ô này"),
        ("name", "x" * 301, "Dài quá 300 ký tự"),
        ("starts_on", "31/02/2024", "Ngày không đúng"),
        ("ends_on", "2023-01-01", "Ngày kết thúc trước ngày bắt đầu"),
        ("starts_on", "0001-01-01", "Năm phải từ 2000"),
        ("programme_id", "khong-co", "Hãy chọn một mục"),
        ("edition_id", "2025-07", "Địa bàn thuộc danh mục khác"),
        ("place_id", "9" * 40, "Hãy tìm rồi chọn địa bàn"),
    ],
)
def test_what_is_wrong_with_a_plan_is_said_beside_the_field(browser, cast, field, value, sentence):
    page = browser(cast.minh).post("/plans/new", data=new_plan(**{field: value}))

    assert page.status_code == 422
    assert sentence in page.text
    assert fresh().scalar(select(Plan)) is None


def test_an_inspector_may_not_plan(browser, cast):
    lan = browser(cast.lan)

    assert lan.get("/plans/new").status_code == 403
    assert lan.post("/plans/new", data=new_plan()).status_code == 403
    assert "Lập kế hoạch" not in lan.get("/plans").text


def test_the_list_holds_the_plans_of_ones_own_area(browser, cast, plan):
    assert plan.name in browser(cast.lan).get("/plans").text
    assert plan.name not in browser(cast.an).get("/plans").text
    assert browser(None).get("/plans").headers["Location"].startswith("/sign-in")


def test_the_list_goes_on_from_the_last_plan_shown(browser, cast, plan):
    with transaction() as session:
        district = session.scalars(places.place("2024", "359")).one()
        for number in range(60):
            service.add_plan(
                session, f"Kế hoạch {number:02d}", "gnbv-2021-2025", district, "2024", ACTOR
            )
    minh = browser(cast.minh)

    first = minh.get("/plans").text
    older = first.split('href="/plans?before=')[1].split('"')[0]
    second = minh.get(f"/plans?before={older}").text

    assert "Kế hoạch 59" in first and "Kế hoạch 10" in first and "Kế hoạch 09" not in first
    assert "Kế hoạch 09" in second and plan.name in second and "Kế hoạch 10" not in second


def test_a_round_is_added_once_under_its_code(browser, cast, plan):
    minh = browser(cast.minh)
    given = {"code": "VB24-2", "name": "Đợt 2", "kind": "unannounced", "method": "indirect"}

    added = minh.post(f"/plans/{plan.id}/rounds", data=given)
    again = minh.post(f"/plans/{plan.id}/rounds", data=given)

    assert added.status_code == 302
    assert again.status_code == 422 and "đã có đợt mang mã VB24-2" in again.text
    stored = fresh().scalars(select(Round).where(Round.code == "VB24-2")).one()
    assert stored.kind is RoundKind.UNANNOUNCED


@pytest.mark.parametrize("code", ["", "đợt 1", "../x", "A" * 21])
def test_a_round_code_must_fit_a_phones_list(browser, cast, plan, code):
    answer = browser(cast.minh).post(f"/plans/{plan.id}/rounds", data={"code": code, "name": "Đợt"})

    assert answer.status_code == 422


def test_a_commune_is_named_on_purpose_once(browser, cast, plan, round_):
    minh, here = browser(cast.minh), f"/plans/{plan.id}/rounds/{round_.id}/visits"
    data = {"place_id": str(place_id("13753"))}

    offered = minh.get(f"{here}/new?q=hop hung").text
    added = minh.post(here, data=data)
    minh.post(here, data=data)

    assert "Xã Hợp Hưng" in offered and "Xã Đại An" not in offered
    visit = fresh().scalars(select(Visit)).one()
    assert added.headers["Location"] == f"/visits/{visit.id}"
    assert visit.origin is Origin.PURPOSIVE
    assert "đã có lượt giám sát" in minh.get("/plans").text


def test_a_commune_of_another_district_or_a_whole_district_is_refused(browser, cast, plan, round_):
    minh, here = browser(cast.minh), f"/plans/{plan.id}/rounds/{round_.id}/visits"

    elsewhere = minh.post(here, data={"place_id": str(place_id("13726"))})
    minh.post(here, data={"place_id": str(place_id("359"))})

    assert elsewhere.status_code == 422
    assert fresh().scalar(select(Visit)) is None


def test_a_visit_gets_its_team_and_days(browser, cast, plan, visit, drain):
    with transaction() as session:
        team = teams.add_team(session, plan.id, "Đoàn 1", ACTOR)
    given = {"team_id": str(team.id), "starts_on": "2024-04-15", "ends_on": "2024-04-16"}

    browser(cast.minh).post(f"/visits/{visit.id}/assign", data=given)

    stored = fresh().get(Visit, visit.id)
    assert (stored.team_id, stored.starts_on) == (team.id, dt.date(2024, 4, 15))
    assert drain() > 0  # the phones' lists are made anew


def test_the_team_of_another_plan_is_refused(browser, cast, plan, visit):
    with transaction() as session:
        district = session.scalars(places.place("2024", "359")).one()
        other = service.add_plan(session, "Khác", "gnbv-2021-2025", district, "2024", ACTOR)
        team = teams.add_team(session, other.id, "Đoàn lạ", ACTOR)
    minh = browser(cast.minh)

    minh.post(f"/visits/{visit.id}/assign", data={"team_id": str(team.id)})

    assert fresh().get(Visit, visit.id).team_id is None
    assert "Hãy chọn một đoàn của kế hoạch này" in minh.get(f"/visits/{visit.id}").text


def test_days_that_run_backwards_change_nothing(browser, cast, visit):
    browser(cast.minh).post(
        f"/visits/{visit.id}/assign", data={"starts_on": "2024-04-16", "ends_on": "2024-04-15"}
    )

    assert fresh().get(Visit, visit.id).starts_on is None


def test_a_periodic_visit_starts_only_after_its_notice(browser, cast, visit):
    """The plans announce periodic visits first (thông báo trước cho đơn vị)."""
    minh = browser(cast.minh)

    early = minh.post(f"/visits/{visit.id}/state", data={"state": "under-way"})
    minh.post(f"/visits/{visit.id}/notice", data={"sent_on": "2024-04-01"})
    started = minh.post(f"/visits/{visit.id}/state", data={"state": "under-way"})
    minh.post(f"/visits/{visit.id}/state", data={"state": "done"})

    assert early.status_code == 409 and "Hãy ghi ngày gửi thông báo" in early.text
    assert started.status_code == 302
    assert fresh().get(Visit, visit.id).state is VisitState.DONE


def test_an_unannounced_visit_rests_on_a_decision_instead(browser, cast, plan, round_, visit):
    with transaction() as session:
        session.get(Round, round_.id).kind = RoundKind.UNANNOUNCED
    minh = browser(cast.minh)

    early = minh.post(f"/visits/{visit.id}/state", data={"state": "under-way"})
    minh.post(f"/visits/{visit.id}/notice", data={"decision_no": "12/QĐ-UBND"})
    started = minh.post(f"/visits/{visit.id}/state", data={"state": "under-way"})

    assert (early.status_code, started.status_code) == (409, 302)
    assert fresh().get(Visit, visit.id).decision_no == "12/QĐ-UBND"


def test_a_notice_cannot_have_been_sent_tomorrow(browser, cast, visit):
    browser(cast.minh).post(f"/visits/{visit.id}/notice", data={"sent_on": "2099-01-01"})

    assert fresh().get(Visit, visit.id).notice_sent_on is None


def test_a_planned_visit_is_not_done_at_one_stroke(browser, cast, visit):
    minh = browser(cast.minh)

    assert minh.post(f"/visits/{visit.id}/state", data={"state": "done"}).status_code == 409
    assert minh.post(f"/visits/{visit.id}/state", data={"state": "x"}).status_code == 404


@pytest.mark.parametrize("path", ["assign", "notice", "state"])
def test_changing_a_visit_is_for_the_plans_coordinator(browser, cast, visit, path):
    url, data = f"/visits/{visit.id}/{path}", {"state": "cancelled"}

    assert browser(cast.an).post(url, data=data).status_code == 404
    assert browser(cast.lan).post(url, data=data).status_code == 403
    assert browser(None).post(url, data=data).status_code == 401
    assert fresh().get(Visit, visit.id).state is VisitState.PLANNED


def test_who_sees_a_plan_from_within_cannot_change_it(browser, cast, plan):
    with transaction() as session:
        person = teams.add_person(session, "Bí thư xã", ACTOR, "xa@example.vn")
        teams.grant(session, person, Role.COORDINATOR, "2024/36/359/13753", ACTOR)
    commune = browser(person)

    assert commune.get(f"/plans/{plan.id}").status_code == 200
    assert commune.get(f"/plans/{plan.id}/rounds/new").status_code == 403


def test_the_round_of_another_plan_is_not_found(browser, cast, plan, round_):
    with transaction() as session:
        district = session.scalars(places.place("2024", "359")).one()
        other = service.add_plan(session, "Khác", "gnbv-2021-2025", district, "2024", ACTOR)

    page = browser(cast.minh).get(f"/plans/{other.id}/rounds/{round_.id}/visits/new")

    assert page.status_code == 404


def test_each_change_leaves_a_line_with_its_author(browser, cast, visit):
    browser(cast.minh).post(f"/visits/{visit.id}/notice", data={"sent_on": "2024-04-01"})

    line = fresh().scalars(select(Line).order_by(Line.id.desc())).first()
    assert (line.verb, line.person_id, line.via) == ("visit.notified", cast.minh.id, "page")


def test_the_catalogue_marks_what_is_only_proposed(browser, cast):
    page = browser(cast.lan).get("/programme").text

    official_title = page.split('id="bieu-01"')[1].split("</th>")[0]
    proposed_title = page.split('id="bieu-05"')[1].split("</th>")[0]
    assert "đề xuất" not in official_title
    assert "đề xuất" in proposed_title
    assert page.count('id="bieu-') == 15


def test_projects_are_called_as_papers_call_them(browser, cast):
    page = browser(cast.lan).get("/programme").text

    assert ">DA6.2</a>" in page
    assert 'href="#DA6_2"' in page and 'id="DA6_2"' in page
    assert ">DA6_2<" not in page
