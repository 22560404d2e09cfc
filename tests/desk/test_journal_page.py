"""The journal is read by those who may, and a changed line is found out by the button."""

import html
import re

from sqlalchemy import text

from server import clock, journal
from server.db import db, transaction
from server.desk import journal as pages
from server.journal import Actor
from server.permissions import Role
from server.teams import service as teams
from tests.conftest import ACTOR, ON_POSTGRES, VU_BAN


def write(count, plan_id, verb="visit.changed"):
    with transaction() as session:
        for number in range(count):
            journal.write(session, ACTOR, verb, "visit", number, plan_id)


def said(answer):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def unguarded(statement):
    """Change the journal as somebody would who has the database in hand."""
    with transaction() as session:
        if ON_POSTGRES:
            session.execute(text("ALTER TABLE journal DISABLE TRIGGER ALL"))
        else:
            named = "SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='journal'"
            for (name,) in session.execute(text(named)).all():
                session.execute(text(f"DROP TRIGGER {name}"))
        session.execute(text(statement))


def break_the_first_line():
    with transaction() as session:
        journal.seal(session, clock.now())
    unguarded("UPDATE journal SET actor = 'Ai đó' WHERE verb = 'plan.added'")


def test_a_coordinator_reads_the_lines_of_their_plans(browser, cast, plan):
    page = browser(cast.minh).get("/journal").text

    assert "Lập kế hoạch" in page and "Thêm đợt" in page
    assert "Giao vai trò" not in page  # lines about people belong to no plan


def test_the_administrator_reads_all_lines(browser, cast, plan):
    with transaction() as session:
        teams.grant(session, session.merge(cast.lan), Role.VIEWER, VU_BAN, ACTOR)

    page = browser(cast.admin).get("/journal").text

    assert "Lập kế hoạch" in page and "Giao vai trò" in page


def test_others_read_none(browser, cast, plan):
    lines = browser(cast.an).get("/journal").text

    assert "Chưa có dòng nào" in lines
    assert browser(cast.lan).get("/journal").status_code == 403
    assert browser(cast.hoa).post("/journal/verify").status_code == 403
    assert browser(None).get("/journal").headers["Location"].startswith("/sign-in")


def test_lines_are_narrowed_by_plan_and_kind(browser, cast, plan):
    admin = browser(cast.admin)

    rounds = admin.get(f"/journal?plan={plan.id}&verb=round.").text.split("<tbody>")[1]

    assert "Thêm đợt" in rounds and "Lập kế hoạch" not in rounds
    assert "Không có dòng nào" in admin.get("/journal?verb=%25").text
    assert "Không có dòng nào" in admin.get("/journal?plan=999").text


def test_the_list_goes_on_by_key_and_back(browser, cast, plan, statements):
    minh = browser(cast.minh)
    with statements() as few:
        minh.get("/journal")
    write(120, plan.id)

    with statements() as many:
        first = minh.get("/journal").text
    older = re.search(r'href="([^"]*before=\d+)"', first).group(1)
    second = minh.get(older).text
    back = re.search(r'href="([^"]*after=\d+)"', second).group(1)

    assert len(many) <= len(few)
    assert first.count("<tr>") == 51
    numbers = r'data-label="Số dòng">(\d+)<'
    assert set(re.findall(numbers, first)).isdisjoint(re.findall(numbers, second))
    assert minh.get(back.replace("&amp;", "&")).text.count("<tr>") == 51


def test_the_button_says_that_the_chain_holds(browser, cast, plan):
    with transaction() as session:
        journal.seal(session, clock.now())
    minh = browser(cast.minh)

    answer = minh.post("/journal/verify", follow_redirects=True)

    assert "Chuỗi nhật ký còn nguyên" in answer.text


def test_a_line_changed_behind_our_back_is_found(browser, cast, plan):
    break_the_first_line()

    answer = browser(cast.minh).post("/journal/verify", follow_redirects=True)

    assert "Nhật ký đã bị đổi ở niêm phong số 1" in answer.text
    assert "là dòng số 1. Các dòng trước đó vẫn khớp" in answer.text


def test_an_actor_is_shown_as_text(browser, cast, plan):
    with transaction() as session:
        journal.write(
            session, Actor("phone", None, "<b>x</b>"), "x.y", "plan", plan.id, plan.id, note="<i>"
        )

    page = browser(cast.minh).get("/journal").text

    assert "<b>x</b>" not in page and "&lt;b&gt;x" in page and "ghi chú: &lt;i&gt;" in page


def test_lines_read_as_sentences_that_name_their_things_in_both_languages(browser, cast, plan):
    minh = browser(cast.minh)
    vietnamese = said(minh.get("/journal"))
    minh.post("/language", data={"lang": "en", "next": "/journal"})
    english = said(minh.get("/journal"))

    assert "tests: Lập kế hoạch – kế hoạch Giám sát huyện Vụ Bản 2024" in vietnamese
    assert "tests: Thêm đợt – đợt Đợt 1" in vietnamese and "mã: VB24-1" in vietnamese
    assert "tests: Plan added – plan Giám sát huyện Vụ Bản 2024" in english


def test_lines_are_narrowed_by_person_thing_and_day(browser, cast, plan):
    with transaction() as session:
        minh = Actor("page", cast.minh.id, "Minh")
        journal.write(session, minh, "visit.changed", "visit", 7, plan.id)
        journal.write(session, ACTOR, "visit.changed", "visit", 8, plan.id)
    page = browser(cast.minh)

    def rows(asked):
        return page.get(f"/journal?{asked}").text.count('class="row-title"')

    assert rows(f"person={cast.minh.id}") == 1
    assert rows("subject=visit&id=8") == 1
    assert rows(f"day={clock.today()}") == 4
    assert rows(f"day={clock.today():%d/%m/%Y}&person={cast.minh.id}") == 1
    assert rows("day=2001-01-01") == 0
    assert "Ngày không đúng" in page.get("/journal?day=hôm+qua").text


def test_a_page_of_many_kinds_asks_once_for_each(browser, cast, plan, statements):
    minh = browser(cast.minh)
    write(1, plan.id)
    with statements() as few:
        minh.get("/journal")
    write(40, plan.id)
    with statements() as many:
        minh.get("/journal")

    assert len(many) == len(few)


def test_a_long_chain_is_checked_part_by_part(app, cast, plan):
    for _each in range(3):
        write(2, plan.id)
        with transaction() as session:
            journal.seal(session, clock.now())

    session = db.session()
    first = pages.check(session, 0, at_once=1)
    second = pages.check(session, first.held.id, at_once=1)
    rest = pages.check(session, second.held.id, at_once=1000)

    assert (first.held.id, first.done) == (1, False)
    assert (second.held.id, second.done) == (2, False)
    assert (rest.held.id, rest.done, rest.broken) == (3, True, None)


def test_no_address_skips_a_part_of_the_chain(browser, cast, plan, app):
    break_the_first_line()
    minh = browser(cast.minh)

    assert "Nhật ký đã bị đổi" in minh.get("/journal/verify?after=1").text


def test_a_line_taken_away_is_found_and_what_stood_before_it_holds(browser, cast, plan):
    with transaction() as session:
        journal.seal(session, clock.now())
    write(3, plan.id)
    with transaction() as session:
        journal.seal(session, clock.now())
    unguarded("DELETE FROM work")
    unguarded("DELETE FROM journal WHERE id = (SELECT max(id) FROM journal)")

    page = said(browser(cast.minh).post("/journal/verify", follow_redirects=True))

    assert "niêm phong số 2" in page and "số 1, lập lúc" in page
