"""A plan set up in eight steps: what is missing is said, and each step's button mends it."""

import datetime as dt
import html
import re

import pytest
from sqlalchemy import select

from server import clock
from server.db import db, transaction
from server.desk import readiness, shipped
from server.journal import Line
from server.monitoring import service as monitoring
from server.monitoring.models import About, Plan, Round, RoundKind, Visit
from server.surveys.models import Form
from server.teams import service as teams
from server.teams.models import Team
from tests.conftest import ACTOR, VU_BAN


@pytest.fixture
def minh(browser, cast):
    return browser(cast.minh)


@pytest.fixture
def prepared(plan, round_, communes, cast):
    """Two visits of one team with a leader, dated, without notice; no phone."""
    with transaction() as session:
        team = teams.add_team(session, plan.id, "Đoàn 1", ACTOR)
        teams.join(session, team, session.merge(cast.lan), "Thành viên", leads=True, actor=ACTOR)
        first = clock.today() + dt.timedelta(days=30)
        for number, place in enumerate(communes[:2]):
            day = first + dt.timedelta(days=number)
            monitoring.add_visit(
                session, session.merge(round_), place, ACTOR, team=team, starts_on=day, ends_on=day
            )
    return plan


def steps_of(plan):
    db.session.rollback()
    db.session.expire_all()
    found = db.session.get_one(Plan, plan.id)
    known = readiness.facts(db.session(), found, [VU_BAN])
    return {step.key: step for step in readiness.steps(db.session(), known)}


def words(answer):
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def test_a_new_plan_leads_to_its_eight_steps(minh, session, communes):
    place = communes[0]
    answer = minh.post(
        "/plans/new",
        data={
            "name": "Kế hoạch mới", "edition_id": "2024", "place_id": str(place.id),
            "programme_id": "gnbv-2021-2025",
        },
    )  # fmt: skip

    page = words(minh.get(answer.location))

    assert answer.location.endswith("/setup")
    assert "Chưa có đợt giám sát nào." in page and "0 trên 8" in page
    assert page.count("Còn thiếu") == 3 and page.count("Chờ bước trước") == 5


def test_each_step_says_what_is_missing_and_what_is_done(app, prepared):
    steps = steps_of(prepared)

    assert steps["units"].ready and "18 xã" in steps["units"].done[0]
    assert steps["teams"].ready
    assert steps["forms"].missing == ["Chưa có biểu mẫu nào để điện thoại dùng."]
    assert steps["draw"].done == ["Đợt 1: xã được chỉ định, không rút."]
    assert steps["visits"].ready and steps["visits"].done == ["Đợt 1: 2 lượt."]
    assert steps["notices"].missing == ["Đợt 1: 2 lượt chưa ghi đã gửi thông báo."]
    assert steps["phones"].missing == ["Đoàn 1 chưa có điện thoại nào."]
    assert steps["cards"].missing == ["1 thành viên chưa có thẻ: Lan."]


@pytest.mark.parametrize(("kind", "size"), [(RoundKind.PERIODIC, 21), (RoundKind.UNANNOUNCED, 5)])
def test_a_team_of_another_size_than_the_plan_names_is_a_warning_and_stops_nothing(
    app, prepared, kind, size
):
    """Plans for the yearly review name 21 members for the periodic, 5 for the unannounced round."""
    with transaction() as session:
        round_ = session.scalars(select(Round).where(Round.plan_id == prepared.id)).one()
        monitoring.change_round(session, round_, ACTOR, kind=kind, about=About.REVIEW)

    step = steps_of(prepared)["teams"]

    assert step.warnings == [f"Đoàn 1 có 1 người; Đợt 1 cần {size} người."]
    assert step.ready


def test_one_notice_is_recorded_for_all_visits_of_a_round(minh, prepared, round_):
    today = clock.today()
    asked = {"round_id": round_.id, "sent_on": today.isoformat(), "number": "45/TB-UBND"}

    answer = minh.post(f"/plans/{prepared.id}/setup/notices", data=asked)

    visits = db.session.scalars(select(Visit)).all()
    assert answer.location.endswith("/setup#notices")
    assert {(v.notice_sent_on, v.notice_no) for v in visits} == {(today, "45/TB-UBND")}
    assert steps_of(prepared)["notices"].ready
    assert len(db.session.scalars(select(Line).where(Line.verb == "visit.notified")).all()) == 2


def test_a_notice_of_tomorrow_is_refused_beside_its_field(minh, prepared, round_):
    day = clock.today() + dt.timedelta(days=1)
    asked = {"round_id": round_.id, "sent_on": day.isoformat(), "number": ""}

    answer = minh.post(f"/plans/{prepared.id}/setup/notices", data=asked)

    assert answer.status_code == 422
    assert "Ngày gửi thông báo không thể ở tương lai." in html.unescape(answer.text)
    assert not steps_of(prepared)["notices"].ready


def test_an_unannounced_round_asks_for_its_decision_instead(minh, prepared, round_):
    with transaction() as session:
        monitoring.change_round(session, session.merge(round_), ACTOR, kind=RoundKind.UNANNOUNCED)
    address = f"/plans/{prepared.id}/setup/notices"

    bare = minh.post(address, data={"round_id": round_.id, "sent_on": "2024-01-01"})
    minh.post(address, data={"round_id": round_.id, "number": "12/QĐ-UBND"})

    assert bare.status_code == 422
    visits = db.session.scalars(select(Visit)).all()
    assert {(v.decision_no, v.notice_sent_on) for v in visits} == {("12/QĐ-UBND", None)}


def test_teams_are_formed_as_in_an_earlier_plan_once(minh, prepared, cast, session):
    with transaction() as writing:
        place = writing.get_one(Plan, prepared.id)
        later = monitoring.add_plan(
            writing, "Kế hoạch 2025", place.programme_id, None, "2024", ACTOR
        )
        later.area = VU_BAN
    address = f"/plans/{later.id}/setup/teams"

    minh.post(address, data={"from_plan": prepared.id})
    minh.post(address, data={"from_plan": prepared.id})

    db.session.rollback()
    (team,) = db.session.scalars(select(Team).where(Team.plan_id == later.id)).all()
    (member,) = team.members
    assert (team.name, member.person.name, member.leads) == ("Đoàn 1", "Lan", True)
    assert member.post == "Thành viên"


def test_teams_of_a_plan_elsewhere_are_not_offered_and_not_copied(minh, prepared, cast, app):
    with transaction() as session:
        other = monitoring.add_plan(
            session, "Kế hoạch của nơi khác", "gnbv-2021-2025", None, "2024", ACTOR
        )
        other.area = "2024/83/835"
        teams.add_team(session, other.id, "Đoàn bí mật", ACTOR)

    page = minh.get(f"/plans/{prepared.id}/setup").text
    minh.post(f"/plans/{prepared.id}/setup/teams", data={"from_plan": other.id})

    assert "nơi khác" not in html.unescape(page)
    names = db.session.scalars(select(Team.name).where(Team.plan_id == prepared.id)).all()
    assert names == ["Đoàn 1"]


def test_shipped_forms_are_asked_for_in_one_click_and_published_by_the_worker(
    minh, prepared, drain, monkeypatch
):
    monkeypatch.setattr(shipped, "form_ids", lambda: ("gnbv_fix", "gnbv_review"))
    address = f"/plans/{prepared.id}/setup"

    minh.post(f"{address}/forms")
    minh.post(f"{address}/forms")  # pressed twice: asked for once
    waiting = minh.get(address).text
    drain()

    assert "Đang gửi biểu mẫu có sẵn, còn 2." in html.unescape(waiting)
    assert 'http-equiv="refresh"' in waiting
    db.session.rollback()
    forms = db.session.scalars(select(Form).where(Form.plan_id == prepared.id)).all()
    assert {form.form_id for form in forms} == {"gnbv_fix", "gnbv_review"}
    assert all(form.current is not None for form in forms)
    assert shipped.waiting(db.session(), prepared.id) == 0
    assert 'http-equiv="refresh"' not in minh.get(address).text
    assert len(db.session.scalars(select(Line).where(Line.verb == "form.asked")).all()) == 2


def test_a_form_that_the_plan_has_by_then_is_left_alone(app, prepared, drain, monkeypatch, minh):
    monkeypatch.setattr(shipped, "form_ids", lambda: ("gnbv_fix",))
    with transaction() as session:
        own = Form(
            plan_id=prepared.id, form_id="gnbv_fix", title="Của mình", created_at=clock.now()
        )
        session.add(own)

    assert minh.post(f"/plans/{prepared.id}/setup/forms").status_code == 302
    drain()

    db.session.rollback()
    (form,) = db.session.scalars(select(Form)).all()
    assert (form.title, form.current_id) == ("Của mình", None)


def test_every_shipped_workbook_is_named_by_its_form():
    assert len(shipped.form_ids()) == 9 and "gnbv_household" in shipped.form_ids()


def test_a_closed_plan_is_shown_and_offers_nothing(minh, prepared):
    with transaction() as session:
        monitoring.close_plan(session, session.get_one(Plan, prepared.id), ACTOR)

    page = minh.get(f"/plans/{prepared.id}/setup").text

    assert "Kế hoạch đã đóng" in html.unescape(page)
    assert "/setup/forms" not in page and "/setup/notices" not in page
    assert minh.post(f"/plans/{prepared.id}/setup/forms").status_code == 409


def test_who_does_not_manage_the_plan_has_no_such_page(browser, cast, prepared):
    address = f"/plans/{prepared.id}/setup"

    assert browser(cast.an).get(address).status_code == 404
    assert browser(cast.hoa).get(address).status_code == 403
    assert browser(cast.lan).post(f"{address}/notices").status_code == 403
