"""The ceremony on the big screen: five steps that the draw decides, for a room that watches."""

import datetime as dt
import html
import re

import pytest
from sqlalchemy import select

from server import clock
from server.db import db, transaction
from server.draws.models import Draw, DrawState
from server.draws.service import Disclosure
from server.journal import Line
from server.monitoring import service as monitoring
from server.monitoring.models import RoundKind
from server.permissions import ROLES, May, Role
from server.teams import service as teams
from tests.conftest import ACTOR, VU_BAN
from tests.draws.conftest import DIGITS, WITNESSES

BOXES = [*DIGITS.replace(" ", "")]


def words(answer):
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


@pytest.fixture
def minh(browser, cast):
    return browser(cast.minh)


@pytest.fixture
def viewer(browser, app):
    """Somebody of the district's leadership: sees draws, makes none."""
    with transaction() as session:
        person = teams.add_person(session, "Lãnh đạo", ACTOR, "lanhdao@example.vn")
        teams.grant(session, person, Role.VIEWER, VU_BAN, ACTOR)
    return browser(person)


@pytest.fixture
def draw(office):
    return office.commit()


def here(draw, step, more=""):
    return f"/draws/{draw.id}/screen?step={step}{more}"


def name_witnesses(client, draw, names=WITNESSES):
    return client.post(f"/draws/{draw.id}/screen/witnesses", data={"witness": names})


def throw(client, draw, boxes=BOXES):
    return client.post(f"/draws/{draw.id}/screen/digits", data={"digit": boxes})


def say(client, draw, answer="yes", value=""):
    data = {"answer": answer, "value": value or "".join(BOXES)}
    return client.post(f"/draws/{draw.id}/screen/confirm", data=data)


def held(draw):
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Draw, draw.id)


def drawn_on_screen(client, draw):
    name_witnesses(client, draw)
    throw(client, draw)
    return say(client, draw)


def test_the_list_is_paged_with_its_hash_in_fours(minh, draw):
    page = words(minh.get(here(draw, 1)))

    assert "17 đơn vị để chọn" in page and "loại trừ: ngập lụt" in page
    assert " ".join(re.findall("....", draw.frame_sha256)) in page
    assert "Xã Vĩnh Hào" in page


def test_a_screen_without_a_step_stands_where_the_draw_stands(minh, office, draw):
    before = minh.get(f"/draws/{draw.id}/screen").location
    office.seed(draw)

    assert before.endswith("step=1")
    assert minh.get(f"/draws/{draw.id}/screen").location.endswith("step=4")


def test_no_address_shows_or_reaches_a_result_before_the_seed(minh, draw):
    for step in (4, 5, 9):
        for more in ("", "&shown=all", "&shown=7"):
            assert minh.get(here(draw, step, more)).location.endswith("step=3")
    for step in (1, 2, 3):
        page = minh.get(here(draw, step)).text
        assert not re.search(r"0\.\d{12}", page)
        assert "step=4" not in page and "step=5" not in page


def test_digits_are_read_back_and_nothing_is_drawn_until_the_room_agrees(minh, draw):
    name_witnesses(minh, draw)
    boxes = words(minh.get(here(draw, 3)))
    throw(minh, draw)
    asked = words(minh.get(here(draw, 3)))

    assert "Trần Thị Hoa" in boxes
    assert "48371 02955 61382 07714" in asked and "Đúng, rút mẫu" in asked
    assert held(draw).state is DrawState.COMMITTED

    assert say(minh, draw).location.endswith("step=4")
    assert held(draw).state is DrawState.DRAWN
    assert held(draw).seed == "".join(BOXES)
    assert [one["name"] for one in held(draw).witnesses if "name" in one] == WITNESSES


def test_a_reload_in_the_middle_shows_the_same_again(minh, draw):
    name_witnesses(minh, draw)
    throw(minh, draw)

    first, second = minh.get(here(draw, 3)), minh.get(here(draw, 3))

    assert words(first) == words(second)
    assert held(draw).state is DrawState.COMMITTED


def test_a_wrong_digit_is_mended_and_both_readings_stay_in_the_journal(minh, draw):
    name_witnesses(minh, draw)
    throw(minh, draw, [*BOXES[:-1], "9"])
    say(minh, draw, "no", "".join([*BOXES[:-1], "9"]))
    again = minh.get(here(draw, 3)).text
    throw(minh, draw)
    asked = words(minh.get(here(draw, 3)))

    lines = db.session.scalars(select(Line).where(Line.verb == "draw.read-back").order_by(Line.id))
    assert 'value="9"' in again  # only the wrong one is typed anew
    assert [line.detail["digits"][-1] for line in lines] == ["9", "4"]
    assert "Dãy số đã được gõ 2 lần" in asked
    assert held(draw).state is DrawState.COMMITTED


def test_a_number_other_than_the_one_read_back_is_not_drawn_with(minh, draw):
    name_witnesses(minh, draw)
    throw(minh, draw)

    answer = say(minh, draw, value="1" * 20)

    assert answer.location.endswith("step=3")
    assert held(draw).state is DrawState.COMMITTED


@pytest.mark.parametrize(
    ("boxes", "sentence"),
    [
        (BOXES[:-1], "20"),
        ([*BOXES[:-1], ""], "20"),
        (["x", *BOXES[1:]], "x"),
        (["7"] * 20, "7"),
        ([], "20"),
    ],
)
def test_a_number_that_cannot_be_used_is_refused_before_it_is_read_back(
    minh, draw, boxes, sentence
):
    name_witnesses(minh, draw)

    answer = throw(minh, draw, boxes)

    said = re.search('role="alert">([^<]+)', html.unescape(answer.text))[1]
    assert answer.status_code == 422 and sentence in said
    assert "Đúng, rút mẫu" not in answer.text
    assert held(draw).state is DrawState.COMMITTED


def test_too_few_witnesses_are_asked_for_again(minh, draw):
    name_witnesses(minh, draw, ["Hoa", "", "  "])

    assert "Ai đọc số?" in words(minh.get(here(draw, 3)))
    assert throw(minh, draw).status_code == 422


def test_who_read_the_last_number_today_need_not_be_typed_again(minh, viewer, field):
    after = field.commit_hamlets(field.communes[0])

    named = re.compile(r'name="witness" value="([^"]+)"')
    pages = [f"/draws/{after.id}/screen?step=3", f"/draws/{after.id}"]
    assert [named.findall(html.unescape(minh.get(page).text)) for page in pages] == [WITNESSES] * 2
    assert not any(named.findall(viewer.get(page).text) for page in pages)


def test_units_appear_one_by_one_and_those_to_come_are_not_in_the_page(minh, draw):
    drawn_on_screen(minh, draw)
    units = held(draw).drawn
    names = {unit.place.name for unit in units[3:]}

    none = minh.get(here(draw, 4)).text
    three = minh.get(here(draw, 4, "&shown=3")).text

    assert not any(unit.unit_code in none for unit in units)
    assert all(unit.ticket[:14] in three for unit in units[:3])
    assert not any(name in html.unescape(three) for name in names)
    assert "Dự phòng 1" in words(minh.get(here(draw, 4, "&shown=5")))
    every = words(minh.get(here(draw, 4, "&shown=all")))
    assert every.count("Chính thức") == 4 and every.count("Dự phòng") == 3


@pytest.mark.parametrize("shown", ["-1", "x", "99999999999999", "1e9", ""])
def test_odd_numbers_of_units_are_read_as_none_or_all(minh, draw, shown):
    drawn_on_screen(minh, draw)

    assert minh.get(here(draw, 4, f"&shown={shown}")).status_code == 200


def test_the_last_step_says_how_to_check_with_a_code_for_the_public_page(minh, plan, draw):
    drawn_on_screen(minh, draw)

    answer = minh.get(here(draw, 5))

    assert f"/public/plans/{plan.id}" in words(answer)
    assert 'src="data:image/svg+xml' in answer.text
    assert "verify_draw.py" in answer.text


def test_who_only_sees_draws_follows_but_types_nothing(viewer, minh, draw):
    assert words(viewer.get(here(draw, 3))).count("Chờ điều phối viên") == 1
    assert name_witnesses(viewer, draw).status_code == 403
    assert throw(viewer, draw).status_code == 403
    assert say(viewer, draw).status_code == 403

    drawn_on_screen(minh, draw)
    assert "Chính thức" in words(viewer.get(here(draw, 4, "&shown=1")))


def test_a_result_with_a_day_is_on_the_screen_of_those_who_draw_alone(viewer, minh, office, field):
    later = Disclosure(clock.today() + dt.timedelta(days=3))
    drawn = field.hamlets(field.communes[0], when=later)
    codes = [unit.unit_code for unit in held(drawn).drawn]

    for step, more in ((3, ""), (4, "&shown=all"), (4, "&shown=2"), (5, "")):
        page = viewer.get(here(drawn, step, more)).text
        assert not any(f"<code>{code}" in page or f">{code}<" in page for code in codes)
        assert not re.search(r"0\.\d{12}", page) and held(drawn).seed not in page
    assert "Công bố từ ngày" in words(viewer.get(here(drawn, 4)))
    assert "Chính thức" in words(minh.get(here(drawn, 4, "&shown=2")))


def test_an_unannounced_round_shows_no_public_page_and_nothing_to_its_units(
    browser, minh, office, plan
):
    with transaction() as session:
        round_ = monitoring.add_round(
            session, plan, "VB24-DX", "Đột xuất", ACTOR, kind=RoundKind.UNANNOUNCED
        )
        unit = teams.add_person(session, "Lãnh đạo xã", ACTOR, "xa@example.vn")
        teams.grant(session, unit, Role.VIEWER, f"{VU_BAN}/13744", ACTOR)
    drawn = office.drawn(round_=round_)

    assert "/public/plans/" not in minh.get(here(drawn, 5)).text
    for step in (1, 2, 3, 4, 5):
        assert browser(unit).get(here(drawn, step)).status_code == 404


def test_a_void_draw_takes_no_digits_on_the_screen(minh, office, draw):
    office.void(draw)

    assert throw(minh, draw).status_code == 302
    assert "hủy" in words(minh.get(here(draw, 3)))
    assert held(draw).seed is None


def test_who_reads_the_journal_may_draw_so_its_digits_tell_nobody_else():
    """A number read back stands in the journal before others may know the result."""
    assert all(May.DRAW in rights for rights in ROLES.values() if May.SEE_JOURNAL in rights)
