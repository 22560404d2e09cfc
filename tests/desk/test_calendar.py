"""The teams' calendar: who goes where on which day, what looks wrong, what may not be known."""

import datetime as dt
import html
import re

import pytest

from server import clock
from server.db import transaction
from server.desk import calendar as pages
from server.desk import ics
from server.monitoring import service as monitoring
from server.monitoring.models import Round, RoundKind
from server.permissions import Role
from server.teams import service as teams
from tests.conftest import ACTOR

MONDAY = dt.date(2024, 4, 15)


@pytest.fixture
def minh(browser, cast):
    return browser(cast.minh)


@pytest.fixture
def go(plan, round_, communes):
    """Send a team to the communes of Vụ Bản, one after another."""
    made = {}

    def plan_visit(number, first, last=None, team="Đoàn 1", round_=round_):
        with transaction() as session:
            if team not in made:
                made[team] = teams.add_team(session, plan.id, team, ACTOR).id
            visit = monitoring.add_visit(
                session, session.merge(round_), communes[number], ACTOR,
                starts_on=first, ends_on=last or first,
            )  # fmt: skip
            visit.team_id = made[team]
        return visit

    return plan_visit


def words(answer):
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def page(client, plan, asked=""):
    return client.get(f"/plans/{plan.id}/calendar?{asked}")


def day(offset):
    return MONDAY + dt.timedelta(days=offset)


def spans(text):
    return [int(found) for found in re.findall(r'<td colspan="(\d+)" class="bar">', text)]


def test_a_week_has_a_row_for_each_team_and_a_bar_for_each_visit(minh, plan, go):
    visit = go(0, day(0), day(2))
    go(1, day(1), team="Đoàn 2")
    go(2, day(7))

    answer = page(minh, plan, f"view=week&day={day(3)}")

    assert spans(answer.text) == [3, 1]
    assert f'href="/visits/{visit.id}"' in answer.text
    assert "Tuần từ 15/04/2024" in words(answer)
    assert answer.text.count("<tbody>") == 2


def test_a_month_without_visits_leads_to_those_before_and_after(minh, browser, cast, plan, go):
    go(0, dt.date(2024, 4, 3))
    go(1, dt.date(2024, 4, 9))
    go(2, dt.date(2024, 6, 20))

    answer = page(minh, plan, "day=2024-05-02")

    assert "Không có đoàn nào đi trong những ngày này" in words(answer)
    ways = re.findall(r'href="([^"]+day=2024-0[46][^"]*)"', html.unescape(answer.text))
    assert [way[-10:] for way in ways] == ["2024-04-30", "2024-06-01", "2024-04-09", "2024-06-20"]
    assert "20/06/2024" in words(answer)
    assert spans(minh.get(ways[-1]).text) == [1]
    read = words(page(browser(cast.hoa), plan, "day=2024-05-02"))
    assert "Không có đoàn nào đi trong những ngày này" in read and "20/06/2024" in read


def test_a_month_shows_days_off_and_cuts_visits_at_its_ends(minh, plan, go):
    go(0, dt.date(2024, 3, 29), dt.date(2024, 4, 2))

    answer = page(minh, plan, "day=2024-04-20")

    assert spans(answer.text) == [2]
    assert "18/04/2024: Giỗ Tổ Hùng Vương; 30/04/2024: Ngày Chiến thắng." in words(answer)
    assert answer.text.count('<th scope="col" class="is-off') == 8 + 2


def test_what_looks_wrong_is_said_and_marked(minh, plan, go):
    go(0, day(0), day(2))
    go(1, day(2), day(3))
    go(2, day(5))

    answer = page(minh, plan, f"view=week&day={MONDAY}")

    said = words(answer)
    assert "Chồng ngày: Đoàn 1 có hai lượt cùng ngày 17/04/2024" in said
    assert "bắt đầu ngày 20/04/2024" in said
    assert answer.text.count('class="tone-bad"') == 3
    assert answer.text.count('rowspan="2"') == 1  # the two that overlap lie in lanes of their own


def test_too_many_communes_on_a_day_is_an_overload(minh, plan, go):
    for number in range(3):
        go(number, day(0))

    assert "Quá tải: Đoàn 1 có 3 xã trong ngày 15/04/2024" in words(
        page(minh, plan, "day=" + "2024-04-01")
    )


def test_the_calendar_opens_where_the_next_visit_is(minh, plan, go):
    ahead = clock.today() + dt.timedelta(days=100)
    go(0, day(0))
    go(1, ahead)

    assert f"Tháng {ahead:%m/%Y}" in words(page(minh, plan))


def test_a_round_is_shown_alone_and_undated_visits_are_named(minh, plan, round_, go, communes):
    with transaction() as session:
        other = monitoring.add_round(session, plan, "VB24-2", "Đợt 2", ACTOR)
    go(0, day(0))
    go(1, day(1), round_=other)
    go(2, None)

    first = words(page(minh, plan, f"day={MONDAY}&round={round_.id}"))

    assert communes[0].name in first and communes[1].name not in first
    assert f"Chưa có ngày: {communes[2].name}" in first
    assert page(minh, plan, "round=999").status_code == 404


@pytest.mark.parametrize(
    "asked", ["day=x", "day=9999-12-31", "day=0001-01-01", "view=y", "day=31/02/2024"]
)
def test_odd_addresses_show_a_calendar(minh, plan, go, asked):
    go(0, day(0))

    assert page(minh, plan, asked).status_code == 200
    assert page(minh, plan, asked + "&view=week").status_code == 200


def test_statements_do_not_grow_with_visits(minh, plan, go, statements):
    go(0, day(0))
    with statements() as few:
        page(minh, plan)
    for number in range(1, 15):
        go(number, day(number))
    with statements() as many:
        page(minh, plan)

    assert len(many) == len(few)


def test_an_unannounced_visit_is_in_no_calendar_of_its_unit(browser, minh, plan, go, communes):
    with transaction() as session:
        secret = monitoring.add_round(
            session, plan, "DX", "Đột xuất", ACTOR, kind=RoundKind.UNANNOUNCED
        )
        unit = teams.add_person(session, "Lãnh đạo xã", ACTOR, "xa@example.vn")
        teams.grant(session, unit, Role.VIEWER, communes[0].area, ACTOR)
    go(0, day(0), round_=secret)
    client = browser(unit)

    assert communes[0].name in words(page(minh, plan, f"day={MONDAY}"))
    shown = words(page(client, plan, f"day={MONDAY}"))
    assert communes[0].name not in shown and "Đột xuất" not in shown and "Đoàn 1" not in shown
    assert "BEGIN:VEVENT" not in client.get(f"/plans/{plan.id}/calendar.ics").text


def test_the_file_holds_each_dated_visit_as_whole_days(minh, plan, go, communes):
    visit = go(0, day(0), day(2))
    go(1, None)

    answer = minh.get(f"/plans/{plan.id}/calendar.ics")

    text = answer.data.decode().replace("\r\n ", "")
    assert answer.mimetype == "text/calendar" and text.count("BEGIN:VEVENT") == 1
    assert "DTSTART;VALUE=DATE:20240415\r\nDTEND;VALUE=DATE:20240418" in text
    assert f"SUMMARY:{communes[0].name} – Đoàn 1" in text
    assert f"UID:visit-{visit.id}@localhost" in text
    assert f"URL:http://localhost/visits/{visit.id}" in text
    assert all(len(line) <= 75 for line in answer.data.split(b"\r\n"))


def test_names_with_marks_of_their_own_stay_on_one_line():
    event = ics.Event("1", MONDAY, MONDAY, "Xã A; B, C\\D\r\nEND:VEVENT")

    text = ics.calendar("x", [event], clock.now()).decode()

    assert "SUMMARY:Xã A\\; B\\, C\\\\D\\nEND:VEVENT\r\n" in text


def test_others_have_no_calendar_of_the_plan(browser, cast, plan, go):
    go(0, day(0))

    assert page(browser(cast.an), plan).status_code == 404
    assert browser(cast.an).get(f"/plans/{plan.id}/calendar.ics").status_code == 404


def test_lanes_are_as_few_as_can_be(app, plan, go, session):
    go(0, day(0), day(1))
    go(1, day(1), day(2))
    go(2, day(2), day(3))
    round_ = session.query(Round).filter_by(plan_id=plan.id).one()
    days = [pages.Day(day(n), off=False) for n in range(7)]
    bars = [pages._bar(visit, days, set()) for visit in round_.visits]

    assert [[bar.at for bar in lane] for lane in pages._lanes(bars)] == [[0, 2], [1]]
