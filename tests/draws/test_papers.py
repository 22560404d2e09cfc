"""The papers of a draw as an office gets them: Word and PDF."""

import datetime as dt
import io
import re

import pytest
from docx import Document

from server import clock
from server.db import transaction
from server.desk import draw_values
from server.documents import checks
from server.draws.models import UnitRole
from server.monitoring import service as monitoring
from server.monitoring.models import Plan, RoundKind
from server.teams import service as teams
from tests.conftest import ACTOR
from tests.draws.conftest import HOP_HUNG


@pytest.fixture
def minh(browser, cast):
    return browser(cast.minh)


def words_of(docx):
    """All words of a Word file, in the body's order."""
    document = Document(io.BytesIO(docx))
    return " ".join(t.text or "" for t in document.element.body.iter() if t.tag.endswith("}t"))


def paper(client, draw, name):
    answer = client.get(f"/draws/{draw.id}/papers/{name}")
    assert answer.status_code == 200, answer.text
    return answer.data


def test_the_minutes_before_say_what_is_promised_and_nothing_of_a_result(minh, office):
    draw = office.commit()

    said = words_of(paper(minh, draw, "truoc.docx"))

    fours = " ".join(draw.commitment_sha256[i : i + 4] for i in range(0, 16, 4))
    assert fours in said
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in said
    assert "04 đơn vị chính thức, 03 dự phòng" in said
    assert "Xã Hợp Hưng" in said and "ngập lụt, đường bị cắt" in said
    assert "không thiếu, không thừa" in said
    assert not re.search(r"0\.\d{12}", said)


def test_the_minutes_after_say_the_digits_the_units_and_how_to_check(minh, office):
    draw = office.drawn()

    said = words_of(paper(minh, draw, "sau.docx"))

    assert "48371 02955 61382 07714" in said
    assert all(name in said for name in ("Trần Thị Hoa", "Lê Văn Sơn", "Phạm Thu Hà"))
    for unit in draw.drawn:
        assert unit.unit_code in said and unit.ticket[:14] in said
    assert said.count("Chính thức") == 4 and said.count("Dự phòng") == 3
    assert said.count("17/4") == 4
    assert "sha256sum" in said and "verify_draw.py" in said


@pytest.mark.parametrize("name", ["truoc", "sau", "luot", "lich"])
def test_each_paper_is_there_as_pdf(minh, office, name):
    draw = office.drawn()

    answer = minh.get(f"/draws/{draw.id}/papers/{name}.pdf")

    assert answer.status_code == 200 and answer.data.startswith(b"%PDF-")
    assert (
        f"{name}_rut-mau-{draw.plan_id}-{draw.number}.pdf"
        in (answer.headers["Content-Disposition"])
    )


def test_a_letter_goes_to_a_drawn_commune_with_its_days_and_team(minh, office, cast):
    draw = office.drawn()
    unit = draw.drawn[0]
    with transaction() as session:
        team = teams.add_team(session, draw.plan_id, "Đoàn số 1", ACTOR)
        visit = draw_values.visits(session, session.merge(draw))[0]
        visit.team_id, visit.starts_on = team.id, dt.date(2024, 3, 18)
        visit.ends_on = dt.date(2024, 3, 19)
        name, code = visit.place.name, visit.place.code

    said = words_of(paper(minh, draw, f"thong-bao-{code}.docx"))

    assert f"Kính gửi: Ủy ban nhân dân {name[0].lower()}{name[1:]}" in said
    assert "từ ngày 18/03/2024 đến ngày 19/03/2024" in said and "Đoàn số 1" in said
    assert code in {one.unit_code for one in draw.drawn[:4]} and unit.rank == 1


def test_the_timetable_lists_the_visits_by_day(minh, office):
    draw = office.drawn()
    codes = office.visits(draw)

    said = words_of(paper(minh, draw, "lich.docx"))

    assert all(code in said for code in codes)


def test_the_timetable_lists_drawn_communes_that_have_no_visit_yet(minh, office):
    """Of a plan that was closed when its communes were drawn: days and teams are left blank."""
    draw = office.commit()
    with transaction() as session:
        monitoring.close_plan(session, session.get_one(Plan, draw.plan_id), ACTOR)
    draw = office.seed(draw)

    said = words_of(paper(minh, draw, "lich.docx"))

    assert office.visits(draw) == []
    for unit in draw.drawn:
        assert (unit.place.name in said) is (unit.role is UnitRole.MAIN)


def test_households_have_one_column_for_their_codes_in_the_minutes(minh, field):
    draw = field.households(field.drawn_hamlet())
    code = draw.drawn[0].unit_code
    reserve = draw.drawn[-1].unit_code

    word = words_of(paper(minh, draw, "sau.docx"))
    page = minh.get(f"/draws/{draw.id}/minutes").text

    assert word.count(reserve) == 1 and page.count(f">{reserve}<") == 1
    assert minh.get(f"/draws/{draw.id}").text.count(f"{reserve}</") <= 2
    assert code in word


def test_no_letter_goes_to_a_commune_that_was_not_drawn(minh, office):
    draw = office.drawn()

    for code in (draw.drawn[4].unit_code, "99999", ""):
        assert minh.get(f"/draws/{draw.id}/papers/thong-bao-{code}.docx").status_code == 404
    assert minh.get(f"/draws/{draw.id}/papers/lung-tung.docx").status_code == 404
    assert minh.get(f"/draws/{draw.id}/papers/sau.exe").status_code == 404


def test_an_unannounced_round_sends_no_letter(minh, office, round_):
    draw = office.drawn()
    with transaction() as session:
        session.merge(round_).kind = RoundKind.UNANNOUNCED

    answer = minh.get(f"/draws/{draw.id}/papers/thong-bao-{draw.drawn[0].unit_code}.pdf")

    assert answer.status_code == 409 and "đột xuất" in answer.text
    assert "thong-bao" not in minh.get(f"/draws/{draw.id}").text


def test_papers_of_a_result_wait_for_it_and_for_its_day(browser, minh, cast, office):
    draw = office.commit()
    names = ["sau.pdf", "luot.docx", "lich.docx", f"thong-bao-{office.round_.id}.docx"]

    assert {minh.get(f"/draws/{draw.id}/papers/{n}").status_code for n in names} == {409}
    office.seed(draw)
    with transaction() as session:
        session.merge(draw).disclose_on = clock.today() + dt.timedelta(days=3)

    hoa = browser(cast.hoa)
    assert {hoa.get(f"/draws/{draw.id}/papers/{n}").status_code for n in names} == {403}
    assert hoa.get(f"/draws/{draw.id}/papers/truoc.docx").status_code == 200
    assert minh.get(f"/draws/{draw.id}/papers/sau.docx").status_code == 200


def test_papers_are_for_those_who_see_the_draw(browser, cast, office):
    draw = office.drawn()

    assert browser(cast.an).get(f"/draws/{draw.id}/papers/sau.docx").status_code == 404
    assert browser(cast.lan).get(f"/draws/{draw.id}/papers/sau.docx").status_code == 403
    assert browser(None).get(f"/draws/{draw.id}/papers/sau.docx").status_code == 302


def test_a_void_draw_says_so_on_its_papers_and_on_the_next(minh, office):
    first = office.drawn()
    office.void(first)
    second = office.drawn()

    own = words_of(paper(minh, first, "sau.docx"))
    later = words_of(paper(minh, second, "truoc.docx"))

    assert "ĐÃ HỦY" in own and "xúc xắc rơi khỏi bàn" in own
    assert "xúc xắc rơi khỏi bàn" in later and "lần rút thứ 02" in later


def test_the_list_of_households_names_them_only_to_those_who_draw(minh, browser, cast, field):
    draw = field.households(field.drawn_hamlet())

    listed = words_of(paper(minh, draw, "luot.docx"))
    minutes = words_of(paper(minh, draw, "sau.docx"))

    people = ["Trần Văn Ba", "Lê Thị Tư", "Vũ Năm", "Ngô Sáu", "Đỗ Bảy", "Hà Tám"]
    assert sum(name in listed for name in people) >= 3
    assert not any(name in minutes for name in people)
    assert browser(cast.hoa).get(f"/draws/{draw.id}/papers/luot.docx").status_code == 404


def test_every_paper_of_every_stage_can_be_filled(minh, field):
    hamlets = field.hamlets(field.communes[0])

    for name in ("truoc", "sau", "luot"):
        said = words_of(paper(minh, hamlets, f"{name}.docx"))
        assert "thôn, bản, ấp, tổ dân phố" in said.casefold()
    assert minh.get(f"/draws/{hamlets.id}/papers/lich.docx").status_code == 409


def test_nothing_that_people_type_becomes_more_than_words_in_a_paper(minh, office, tmp_path):
    draw = office.commit(excluded={HOP_HUNG: "<w:fldSimple w:instr='DDE'/> {{ 7*7 }} & ngập"})
    with transaction() as session:
        plan = session.merge(draw).plan
        plan.agency, plan.name = "UBND {% x %} </w:t>", 'INCLUDETEXT "http://a.example" ]]>'

    made = paper(minh, draw, "truoc.docx")

    (tmp_path / "made.docx").write_bytes(made)
    assert checks.template(tmp_path / "made.docx") == made
    said = words_of(made)
    assert "{{ 7*7 }}" in said and "{% X %}" in said and "</W:T>" in said and "INCLUDETEXT" in said
    assert paper(minh, draw, "truoc.pdf").startswith(b"%PDF-")


def test_the_page_of_a_draw_leads_to_its_papers(minh, office):
    draw = office.drawn()

    page = minh.get(f"/draws/{draw.id}").text

    for name in ("truoc", "sau", "luot", "lich", f"thong-bao-{draw.drawn[0].unit_code}"):
        assert f"/draws/{draw.id}/papers/{name}.docx" in page
        assert f"/draws/{draw.id}/papers/{name}.pdf" in page
