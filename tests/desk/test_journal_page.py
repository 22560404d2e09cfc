"""The journal is read by those who may, and a changed line is found out by the button."""

import re

from sqlalchemy import text

from server import clock, journal
from server.db import transaction
from server.journal import Actor
from tests.conftest import ACTOR, ON_POSTGRES


def write(count, plan_id, verb="visit.changed"):
    with transaction() as session:
        for number in range(count):
            journal.write(session, ACTOR, verb, "visit", number, plan_id)


def test_a_coordinator_reads_the_lines_of_their_plans(browser, cast, plan):
    page = browser(cast.minh).get("/journal").text

    assert "Lập kế hoạch" in page and "Thêm đợt" in page
    assert "Giao vai trò" not in page  # lines about people belong to no plan


def test_the_administrator_reads_all_lines(browser, cast, plan):
    page = browser(cast.admin).get("/journal").text

    assert "Lập kế hoạch" in page and "Giao vai trò" in page


def test_others_read_none(browser, cast, plan):
    lines = browser(cast.an).get("/journal").text

    assert "Không có dòng nào" in lines
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

    assert len(many) == len(few)
    assert first.count("<tr>") == 51
    assert set(re.findall(r">visit (\d+)<?", first)).isdisjoint(re.findall(r">visit (\d+)", second))
    assert minh.get(back.replace("&amp;", "&")).text.count("<tr>") == 51


def test_the_button_says_that_the_chain_holds(browser, cast, plan):
    with transaction() as session:
        journal.seal(session, clock.now())
    minh = browser(cast.minh)

    minh.post("/journal/verify")

    assert "Chuỗi nhật ký còn nguyên" in minh.get("/journal").text


def test_a_line_changed_behind_our_back_is_found(browser, cast, plan):
    with transaction() as session:
        journal.seal(session, clock.now())
    with transaction() as session:
        guards = (
            ["ALTER TABLE journal DISABLE TRIGGER ALL"]
            if ON_POSTGRES
            else [
                f"DROP TRIGGER {name}"
                for (name,) in session.execute(
                    text(
                        "SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='journal'"
                    )
                )
            ]
        )
        for guard in guards:
            session.execute(text(guard))
        session.execute(text("UPDATE journal SET actor = 'Ai đó' WHERE verb = 'plan.added'"))
    minh = browser(cast.minh)

    minh.post("/journal/verify")

    assert "Nhật ký đã bị đổi ở niêm phong số 1" in minh.get("/journal").text


def test_an_actor_is_shown_as_text(browser, cast, plan):
    with transaction() as session:
        journal.write(
            session, Actor("phone", None, "<b>x</b>"), "x.y", "plan", plan.id, plan.id, note="<i>"
        )

    page = browser(cast.minh).get("/journal").text

    assert "<b>x</b>" not in page and "&lt;b&gt;x" in page and "note: &lt;i&gt;" in page
