"""Plans and rounds are changed, closed and opened again by those who may, and say what is wrong."""

import datetime as dt

import pytest
from sqlalchemy import select

from server import clock
from server.db import db, transaction
from server.journal import Line
from server.monitoring import queries, service
from server.monitoring.models import About, Plan, PlanState, Round, RoundKind, Visit, VisitState
from server.monitoring.problems import BadParent, KindFixed, PlanClosed
from server.permissions import Role
from server.places import queries as places
from server.teams import service as teams
from tests.conftest import ACTOR


def fresh():
    """Return the session, seeing what other requests have written."""
    db.session().rollback()
    db.session().expire_all()
    return db.session()


@pytest.fixture
def visit(plan, round_, cast):
    with transaction() as session:
        commune = session.scalars(places.place("2024", "13753")).one()
        return service.add_visit(session, session.merge(round_), commune, ACTOR)


@pytest.fixture
def commune_person(app):
    """Make somebody with a role over one commune alone."""

    def make(role, area="2024/36/359/13753"):
        with transaction() as session:
            person = teams.add_person(session, "Ở xã", ACTOR, f"{role.value}@example.vn")
            teams.grant(session, person, role, area, ACTOR)
            return person

    return make


def said(**changes):
    return {
        "name": "Kế hoạch sửa",
        "number": "18/KH-UBND",
        "agency": "UBND huyện Vụ Bản",
        "parent": "17/KH-SLĐTBXH ngày 18/3/2024",
        "legal_bases": "Thông tư 10/2022/TT-BLĐTBXH\nQuyết định 90/QĐ-TTg",
        "starts_on": "2024-04-01",
        "ends_on": "2024-11-30",
    } | changes


def round_said(**changes):
    return {
        "name": "Đợt rà soát",
        "kind": "unannounced",
        "method": "direct",
        "purpose": "evaluation-midterm",
        "about": "review",
        "starts_on": "2024-10-01",
        "ends_on": "2024-12-31",
    } | changes


def test_a_plan_is_changed_and_the_journal_names_what(browser, cast, plan):
    minh = browser(cast.minh)

    shown = minh.get(f"/plans/{plan.id}/edit").text
    answer = minh.post(f"/plans/{plan.id}/edit", data=said())

    kept = fresh().get(Plan, plan.id)
    assert 'value="Giám sát huyện Vụ Bản 2024"' in shown and "edition_id" not in shown
    assert answer.headers["Location"] == f"/plans/{plan.id}"
    assert (kept.number, kept.ends_on) == ("18/KH-UBND", dt.date(2024, 11, 30))
    assert kept.legal_bases[0] == "Thông tư 10/2022/TT-BLĐTBXH"
    assert kept.area == "2024/36/359"
    line = fresh().scalars(select(Line).where(Line.verb == "plan.changed")).one()
    assert "legal_bases" in line.detail["fields"] and "agency" in line.detail["fields"]


def test_what_is_wrong_with_a_changed_plan_is_said_and_nothing_changes(browser, cast, plan):
    page = browser(cast.minh).post(
        f"/plans/{plan.id}/edit", data=said(ends_on="2024-03-01", name="")
    )

    assert page.status_code == 422 and "Ngày kết thúc trước ngày bắt đầu" in page.text
    assert fresh().get(Plan, plan.id).name == "Giám sát huyện Vụ Bản 2024"


def test_a_plan_carries_out_one_that_reaches_further(browser, cast, plan):
    with transaction() as session:
        province = session.scalars(places.place("2024", "36")).one()
        above = service.add_plan(session, "Tỉnh", "gnbv-2021-2025", province, "2024", ACTOR)
    minh = browser(cast.minh)

    minh.post(f"/plans/{plan.id}/edit", data=said(parent_id=str(above.id)))

    assert fresh().get(Plan, plan.id).parent_id == above.id
    assert f'<a href="/plans/{above.id}">' in minh.get(f"/plans/{plan.id}").text


def test_a_plan_carries_out_neither_itself_nor_one_below_it(app, plan):
    with transaction() as session:
        commune = session.scalars(places.place("2024", "13753")).one()
        below = service.add_plan(
            session, "Xã", "gnbv-2021-2025", commune, "2024", ACTOR, parent_id=plan.id
        )
    for parent_id in (plan.id, below.id, 999):
        with pytest.raises(BadParent), transaction() as session:
            service.change_plan(session, session.get(Plan, plan.id), ACTOR, parent_id=parent_id)
    assert fresh().get(Plan, plan.id).parent_id is None


def test_two_plans_of_one_area_do_not_carry_out_each_other(app, plan):
    with transaction() as session:
        district = session.scalars(places.place("2024", "359")).one()
        other = service.add_plan(
            session, "Khác", "gnbv-2021-2025", district, "2024", ACTOR, parent_id=plan.id
        )
    with pytest.raises(BadParent), transaction() as session:
        service.change_plan(session, session.get(Plan, plan.id), ACTOR, parent_id=other.id)


def test_a_closed_plan_is_only_read_until_opened_again(browser, cast, plan, round_, visit):
    minh = browser(cast.minh)

    minh.post(f"/plans/{plan.id}/state", data={"state": "closed"})
    assert fresh().get(Plan, plan.id).state is PlanState.CLOSED
    for path, data in (
        (f"/plans/{plan.id}/edit", said()),
        (f"/plans/{plan.id}/rounds", {"code": "VB24-9", "name": "Đợt 9"}),
        (f"/plans/{plan.id}/state", {"state": "closed"}),
        (f"/visits/{visit.id}/notice", {"sent_on": "2024-04-01"}),
        (f"/visits/{visit.id}/assign", {"starts_on": "2024-04-01"}),
        (f"/visits/{visit.id}/state", {"state": "cancelled"}),
    ):
        assert minh.post(path, data=data).status_code == 409, path
    changed = minh.post(f"/plans/{plan.id}/rounds/{round_.id}/edit", data=round_said())
    assert changed.status_code == 422 and "Kế hoạch đã đóng" in changed.text
    page = minh.get(f"/plans/{plan.id}").text
    assert "Kế hoạch đã đóng" in page and "/rounds/new" not in page

    minh.post(f"/plans/{plan.id}/state", data={"state": "open"})

    assert minh.post(f"/plans/{plan.id}/edit", data=said()).status_code == 302
    verbs = fresh().scalars(select(Line.verb).order_by(Line.id)).all()
    assert "plan.closed" in verbs and "plan.reopened" in verbs


def test_closing_says_how_many_visits_are_unfinished(browser, cast, plan, visit):
    assert "Còn 1 lượt chưa xong" in browser(cast.minh).get(f"/plans/{plan.id}").text


def test_a_round_is_changed_all_but_its_code(browser, cast, plan, round_):
    minh = browser(cast.minh)
    here = f"/plans/{plan.id}/rounds/{round_.id}/edit"

    shown = minh.get(here).text
    answer = minh.post(here, data=round_said(code="KHAC", team_size="7"))

    kept = fresh().get(Round, round_.id)
    assert 'name="code"' not in shown and 'value="Đợt 1"' in shown
    assert answer.status_code == 302
    assert (kept.code, kept.name, kept.kind) == ("VB24-1", "Đợt rà soát", RoundKind.UNANNOUNCED)
    assert (kept.about, kept.team_size) == (About.REVIEW, 7)


@pytest.mark.parametrize("size", ["0", "201", "năm"])
def test_a_teams_size_is_a_number_of_people(browser, cast, plan, round_, size):
    answer = browser(cast.minh).post(
        f"/plans/{plan.id}/rounds/{round_.id}/edit", data=round_said(team_size=size)
    )

    assert answer.status_code == 422 and "từ 1 đến 200" in answer.text


def test_a_rounds_days_outside_its_plan_are_said_and_kept(browser, cast, plan, round_):
    minh = browser(cast.minh)
    minh.post(f"/plans/{plan.id}/edit", data=said())

    minh.post(f"/plans/{plan.id}/rounds/{round_.id}/edit", data=round_said())

    assert "nằm ngoài thời gian của kế hoạch" in minh.get(f"/plans/{plan.id}").text
    assert fresh().get(Round, round_.id).ends_on == dt.date(2024, 12, 31)


def test_a_round_whose_visits_have_begun_keeps_its_kind(app, plan, round_, visit):
    with transaction() as session:
        session.get(Visit, visit.id).state = VisitState.DONE
    with pytest.raises(KindFixed), transaction() as session:
        service.change_round(
            session, session.get(Round, round_.id), ACTOR, kind=RoundKind.UNANNOUNCED
        )


@pytest.mark.parametrize("path", ["edit", "state", "rounds/{round}/edit"])
def test_changing_is_for_the_plans_coordinator(browser, cast, plan, round_, path):
    url = f"/plans/{plan.id}/{path.format(round=round_.id)}"

    assert browser(cast.an).post(url, data={"state": "closed"}).status_code == 404
    assert browser(cast.lan).post(url, data={"state": "closed"}).status_code == 403
    assert browser(cast.hoa).post(url, data={"state": "closed"}).status_code == 403
    assert browser(None).post(url, data={"state": "closed"}).status_code == 401


def test_an_unannounced_visit_is_hidden_from_its_unit_until_it_begins(
    browser, cast, plan, round_, visit, commune_person
):
    """An unannounced supervision is told to nobody in the unit beforehand."""
    with transaction() as session:
        session.get(Round, round_.id).kind = RoundKind.UNANNOUNCED
    unit, above = browser(commune_person(Role.VIEWER)), browser(cast.hoa)
    plan_page, visit_page = f"/plans/{plan.id}", f"/visits/{visit.id}"
    record_page = f"/records/{visit.record.id}"

    before = unit.get(plan_page).text
    assert f'href="{visit_page}"' not in before and "0/0" in before
    assert unit.get(visit_page).status_code == 404
    assert unit.get(record_page).status_code == 404
    assert unit.get(f"{record_page}/documents").status_code == 404
    assert above.get(visit_page).status_code == 200

    minh = browser(cast.minh)
    minh.post(f"{visit_page}/notice", data={"decision_no": "12/QĐ-UBND"})
    minh.post(f"{visit_page}/state", data={"state": "under-way"})

    assert unit.get(visit_page).status_code == 200
    assert visit.place.name in unit.get(plan_page).text


def test_one_called_off_before_it_began_stays_hidden(browser, plan, round_, visit, commune_person):
    with transaction() as session:
        session.get(Round, round_.id).kind = RoundKind.UNANNOUNCED
        session.get(Visit, visit.id).state = VisitState.CANCELLED

    assert browser(commune_person(Role.VIEWER)).get(f"/visits/{visit.id}").status_code == 404


def test_a_unit_sees_the_unannounced_visits_of_its_own_plan(app, commune_person):
    with transaction() as session:
        commune = session.scalars(places.place("2024", "13753")).one()
        own = service.add_plan(session, "Xã", "gnbv-2021-2025", commune, "2024", ACTOR)
        sudden = service.add_round(
            session, own, "X-1", "Đột xuất", ACTOR, kind=RoundKind.UNANNOUNCED
        )
        service.add_visit(session, sudden, commune, ACTOR)

    assert len(queries.visits(db.session(), own.id, [commune.area])) == 1


@pytest.mark.parametrize(
    ("kind", "field", "sentence", "task"),
    [
        ("periodic", "sent_on", "chưa ghi đã gửi thông báo", "chưa thông báo cho xã"),
        ("unannounced", "decision_no", "chưa ghi số quyết định", "chưa có quyết định"),
    ],
)
def test_gates_not_met_show_a_week_ahead(
    browser, cast, plan, round_, visit, kind, field, sentence, task
):
    with transaction() as session:
        session.get(Round, round_.id).kind = RoundKind(kind)
        session.get(Visit, visit.id).starts_on = clock.today() + dt.timedelta(days=7)
    minh = browser(cast.minh)

    assert sentence in minh.get(f"/plans/{plan.id}").text
    assert task in minh.get("/").text
    assert sentence not in browser(cast.lan).get(f"/plans/{plan.id}").text

    value = clock.today().isoformat() if field == "sent_on" else "5/QĐ-UBND"
    minh.post(f"/visits/{visit.id}/notice", data={field: value, "notice_no": "21/TB-UBND"})

    assert sentence not in minh.get(f"/plans/{plan.id}").text
    assert task not in minh.get("/").text


def test_a_visit_eight_days_ahead_is_not_yet_a_gate(browser, cast, plan, round_, visit):
    with transaction() as session:
        session.get(Visit, visit.id).starts_on = clock.today() + dt.timedelta(days=8)

    assert 'id="gates"' not in browser(cast.minh).get(f"/plans/{plan.id}").text


@pytest.mark.parametrize(
    ("about", "kind", "size", "expected"),
    [
        ("review", "periodic", "", 21),
        ("review", "unannounced", "", 5),
        ("programme", "unannounced", "", 5),
        ("programme", "periodic", "", None),
        ("review", "periodic", "3", 3),
    ],
)
def test_a_team_of_another_size_is_said_and_goes_all_the_same(
    browser, cast, plan, round_, visit, about, kind, size, expected
):
    """A district plan for the review of 2024 names 21 members, and 05 officials unannounced."""
    with transaction() as session:
        team = teams.add_team(session, plan.id, "Đoàn 1", ACTOR)
        teams.join(session, team, session.merge(cast.lan), "Tổ trưởng", agency="Phòng LĐ-TB&XH")
    minh = browser(cast.minh)
    given = round_said(about=about, kind=kind, team_size=size)
    minh.post(f"/plans/{plan.id}/rounds/{round_.id}/edit", data=given)

    minh.post(f"/visits/{visit.id}/assign", data={"team_id": str(team.id)})

    said_so = f"cần {expected} người"
    assert fresh().get(Visit, visit.id).team_id == team.id
    for url in (f"/visits/{visit.id}", f"/plans/{plan.id}", f"/plans/{plan.id}/teams"):
        page = minh.get(url).text
        assert (said_so in page) == (expected is not None), url
        assert expected is not None or "người theo kế hoạch" not in page, url
    assert "Phòng LĐ-TB&amp;XH" in page


def test_a_plan_that_is_closed_takes_no_visit(app, plan, round_):
    with transaction() as session:
        service.close_plan(session, session.get(Plan, plan.id), ACTOR)
    commune = db.session().scalars(places.place("2024", "13753")).one()
    with pytest.raises(PlanClosed), transaction() as session:
        service.add_visit(session, session.get(Round, round_.id), commune, ACTOR)
