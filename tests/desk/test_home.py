"""The first page says what waits for this person, by role, and nothing that is not theirs."""

import datetime as dt
import re

from server import clock
from server.db import db, transaction
from server.journal import Work
from server.monitoring import service as monitoring
from server.monitoring.models import Plan, PlanState, Visit
from server.teams import service as teams
from server.teams.models import Phone
from tests.conftest import ACTOR


def test_the_coordinator_sees_the_plans_progress(browser, cast, story):
    story.send(du="no")
    story.send(du="yes")

    page = browser(cast.minh).get("/").text

    assert "<strong>2</strong> <span>phiếu đã nhận</span>" in page
    assert "<strong>1</strong> <span>phát hiện chờ kết luận</span>" in page
    assert "0 trên 1" in page


def test_the_reviewer_is_sent_to_the_findings_that_wait(browser, cast, story):
    story.send(du="no")

    tasks = browser(cast.hoa).get("/").text.split("Kế hoạch đang thực hiện")[0]

    assert f"/findings?plan={story.plan_id}&amp;state=moi" in tasks


def test_what_is_held_waits_for_those_who_may_take_it_in(browser, cast, story):
    story.send(xml=b"<broken", expected=400)

    assert "phiếu bị giữ chờ xử lý" in browser(cast.minh).get("/").text
    assert "phiếu bị giữ" not in browser(cast.lan).get("/").text


def test_a_visit_that_comes_soon_without_notice_is_a_task(browser, cast, story):
    with transaction() as session:
        session.get(Visit, story.visit.id).starts_on = clock.today() + dt.timedelta(days=3)
    minh = browser(cast.minh)
    before = minh.get("/").text

    minh.post(f"/visits/{story.visit.id}/notice", data={"sent_on": clock.today().isoformat()})

    assert "lượt sắp đến chưa thông báo cho xã" in before
    assert "lượt sắp đến chưa thông báo cho xã" not in minh.get("/").text


def test_a_member_sees_their_teams_visits_and_no_others(browser, cast, story, round_):
    with transaction() as session:
        team = session.merge(story.visit).team
        teams.join(session, team, session.merge(cast.lan))
        other = session.merge(story.other_commune)
        monitoring.add_visit(session, session.merge(round_), other, ACTOR)

    own = browser(cast.lan).get("/").text.split("<tbody>")[1].split("</tbody>")[0]

    assert f'href="/visits/{story.visit.id}"' in own
    assert own.count('href="/visits/') == 1


def test_a_phone_that_fell_silent_is_a_task_of_the_coordinator(browser, cast, story):
    with transaction() as session:
        phone = session.query(Phone).one()
        phone.last_seen_at = clock.now() - dt.timedelta(days=5)

    assert "quá 3 ngày chưa liên lạc" in browser(cast.minh).get("/").text
    assert "quá 3 ngày chưa liên lạc" not in browser(cast.hoa).get("/").text


def test_failing_work_is_shown_to_who_runs_the_server(browser, cast, story):
    with transaction() as session:
        teams.add_team(session, story.plan_id, "Đoàn 9", ACTOR)
        line = session.execute(
            db.select(db.func.max(db.text("id"))).select_from(db.text("journal"))
        )
        session.merge(Work(line_id=line.scalar_one(), attempts=2, next_at=clock.now(), error="X"))

    assert "việc nền của máy chủ đang lỗi" in browser(cast.admin).get("/").text
    assert "việc nền của máy chủ đang lỗi" not in browser(cast.minh).get("/").text


def test_a_closed_plan_leaves_the_first_page(browser, cast, story):
    with transaction() as session:
        session.get(Plan, story.plan_id).state = PlanState.CLOSED

    assert f'href="/plans/{story.plan_id}"' not in browser(cast.minh).get("/").text


def test_the_next_district_has_an_empty_day(browser, cast, story):
    page = browser(cast.an).get("/").text

    assert "Không có việc nào đang chờ" in page
    assert f"/plans/{story.plan_id}" not in page


def test_an_officer_goes_straight_to_their_units_page(browser, officer):
    assert browser(officer).get("/").headers["Location"] == "/unit"


def test_whoever_sees_one_commune_counts_what_lies_there_alone(
    browser, viewer_of_commune, cast, story
):
    story.send(du="no")
    with transaction() as session:
        elsewhere = session.merge(story.other_commune).area
    pages = ("/", f"/plans/{story.plan_id}")

    def told(person):
        reader = browser(person)
        return [_figures(reader.get(page).text) for page in pages]

    assert told(cast.minh) == [["1", "1"]] * 2
    assert told(viewer_of_commune(story.visit.area)) == [["1", "1"]] * 2
    assert told(viewer_of_commune(elsewhere)) == [["0", "0"]] * 2


def _figures(page):
    """Return how many records came and how many findings wait, as a page has it."""
    labels = "phiếu đã nhận|phát hiện chờ kết luận"
    return re.findall(rf"<strong>([\d.]+)</strong>\s*<span>(?:{labels})</span>", page)[:2]
