"""The charts and figures of a plan: the same numbers as its pages, for the same people."""

import datetime as dt
import re

from server import clock
from server.db import db, transaction
from server.desk import charts, overview
from server.desk.charts import Given
from server.entities.models import Household
from server.monitoring import service as monitoring
from server.monitoring.models import Plan, Visit, VisitState
from server.permissions import Role
from server.submissions.models import Outcome, ReviewState, Submission
from server.teams import service as teams
from server.teams.models import Member, Team
from tests.conftest import ACTOR, VU_BAN
from tests.worlds import kept


def of(person, plan):
    """Return the newest round as somebody sees it."""
    db.session().rollback()
    return overview.rounds(db.session(), person, [plan])[plan.id][0]


@kept
def households(story):
    """Five households of the visit, one of them in reserve; and what became of four."""
    with transaction() as session:
        for n in range(5):
            session.add(
                Household(
                    plan_id=story.plan_id,
                    hamlet_id=story.hamlet.id,
                    code=f"H{n}",
                    label=f"H{n}",
                    visit_id=story.visit.id,
                    in_use=n < 4,
                )
            )
    for n, outcome in enumerate((Outcome.DONE, Outcome.DONE, Outcome.ABSENT)):
        story.send(label=f"Hộ {n}")
        with transaction() as session:
            newest = session.query(Submission).order_by(Submission.id.desc()).first()
            newest.household_code, newest.outcome = f"H{n}", outcome
    story.send(label="Từ chối")
    with transaction() as session:
        newest = session.query(Submission).order_by(Submission.id.desc()).first()
        newest.outcome = Outcome.REFUSED
    return story


def test_a_round_counts_what_was_drawn_visited_interviewed_and_refused(cast, plan, households):
    with transaction() as session:
        session.get(Visit, households.visit.id).state = VisitState.UNDER_WAY

    found = of(cast.hoa, plan)

    assert (found.visits, found.visited) == (1, 1)
    assert (found.households, found.interviewed, found.refused, found.replaced) == (4, 2, 1, 0)


def test_the_same_household_counts_once_and_a_rejected_form_not_at_all(cast, plan, households):
    with transaction() as session:
        _one, two, *_ = session.query(Submission).order_by(Submission.id).all()
        two.household_code = "H0"
    twice = of(cast.hoa, plan).interviewed
    with transaction() as session:
        for each in session.query(Submission).filter_by(household_code="H0"):
            each.review_state = ReviewState.REJECTED

    assert twice == 1
    assert of(cast.hoa, plan).interviewed == 0


def test_households_not_shown_yet_are_counted_for_those_who_draw_alone(cast, plan, households):
    with transaction() as session:
        tomorrow = clock.today() + dt.timedelta(days=1)
        session.query(Household).update({"shown_on": tomorrow})

    assert of(cast.minh, plan).households == 4
    assert of(cast.hoa, plan).households == 0
    assert of(cast.hoa, plan).interviewed == 0


def test_a_list_brought_in_without_a_visit_counts_for_its_commune(cast, plan, households):
    with transaction() as session:
        session.query(Household).update({"visit_id": None})
        session.query(Household).filter_by(code="H3").update({"reserve": True})

    assert of(cast.hoa, plan).households == 3


def test_days_are_those_of_the_field_and_a_wrong_clock_counts_for_nothing(cast, plan, story):
    for day in (
        "2024-04-09T23:30:00+07:00",
        "2024-04-11T08:00:00+07:00",
        "2099-01-01T08:00:00+07:00",
    ):
        story.send()
        with transaction() as session:
            newest = session.query(Submission).order_by(Submission.id.desc()).first()
            newest.started_at = dt.datetime.fromisoformat(day)

    found = overview.days(db.session(), db.session().get(Plan, plan.id), [VU_BAN])

    assert found == [
        (dt.date(2024, 4, 9), 1), (dt.date(2024, 4, 10), 0), (dt.date(2024, 4, 11), 1)
    ]  # fmt: skip


def test_a_chart_has_a_title_a_description_and_its_numbers_in_a_table(browser, cast, households):
    households.send(du="no")

    page = browser(cast.hoa).get(f"/plans/{households.plan_id}/charts").text

    assert page.count('role="img"') == 3
    for name in re.findall(r'aria-labelledby="([^"]+)"', page)[0].split():
        assert f'id="{name}"' in page
    assert "Xem bằng bảng" in page
    assert "2/4" in page
    assert "Phát hiện theo dự án và mức độ" in page
    assert "<style" not in page
    assert " style=" not in page


def test_who_sees_no_findings_gets_no_chart_of_them(browser, cast, households):
    households.send(du="no")

    page = browser(cast.lan).get(f"/plans/{households.plan_id}/charts").text

    assert "Phiếu theo ngày làm việc" in page
    assert "Phát hiện theo dự án" not in page


def test_the_first_page_asks_as_often_for_many_visits_and_forms_as_for_few(
    browser, cast, households, round_, communes, statements
):
    minh = browser(cast.minh)
    households.send(du="no")
    minh.get("/")
    with statements() as few:
        minh.get("/")
    with transaction() as session:
        for commune in communes[1:6]:
            monitoring.add_visit(session, session.merge(round_), session.merge(commune), ACTOR)
    households.send(du="no")
    with statements() as many:
        minh.get("/")

    assert len(few) == len(many)


def test_of_many_rows_the_first_are_drawn_and_the_rest_are_told():
    found = charts.bars([("a", "good")], [Given(str(n), (n,)) for n in range(30)])

    assert len(found.rows) == charts.MOST_ROWS
    assert found.left_out == 10


def test_records_returned_wait_for_the_team_and_new_ones_for_the_reviewer_and_the_leader(
    browser, cast, story
):
    with transaction() as session:
        team = session.query(Team).one()
        leader = teams.add_person(session, "Tuấn", ACTOR, "tuan@example.vn")
        teams.grant(session, leader, Role.TEAM_LEADER, VU_BAN, ACTOR)
        teams.join(session, team, leader, actor=ACTOR)
        teams.join(session, team, session.merge(cast.lan), actor=ACTOR)
        session.query(Member).filter_by(person_id=leader.id).update({"leads": True})
    story.send()
    story.send()
    waits, back = "phiếu chờ bạn duyệt", "đoàn bạn cần sửa trên máy"
    for who, count in ((cast.hoa, 2), (leader, 2)):
        assert f"<strong>{count}</strong> <span>{waits}" in browser(who).get("/").text
    assert waits not in browser(cast.lan).get("/").text

    with transaction() as session:
        one, two = session.query(Submission).order_by(Submission.id).all()
        one.returned_at = clock.now()
        two.review_level = 1

    assert f"<strong>1</strong> <span>{waits}" in browser(cast.hoa).get("/").text
    assert waits not in browser(leader).get("/").text
    assert back in browser(cast.lan).get("/").text
    assert back not in browser(cast.hoa).get("/").text
    assert "phiếu đã trả lại, chờ đoàn sửa" in browser(cast.minh).get("/").text


def test_what_is_late_stands_before_what_waits(browser, cast, story):
    story.send(du="no")
    with transaction() as session:
        session.get(Visit, story.visit.id).starts_on = clock.today() - dt.timedelta(days=3)

    tasks = browser(cast.hoa).get("/").text.split("Kế hoạch đang thực hiện")[0]

    assert tasks.index("lượt quá ngày chưa xong") < tasks.index("phát hiện chờ kết luận")


def test_what_is_written_behind_a_long_bar_has_its_room():
    given = [Given("A", (2650, 350), "2650/3000"), Given("B", (1, 0), "1/3000")]

    row = charts.bars([("xong", "good"), ("còn", "muted")], given).rows[0]

    assert row.total_x + 8.5 * len("2650/3000") <= charts.WIDTH
