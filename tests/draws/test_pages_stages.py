"""The pages of further draws: an office's list, hamlets, households; who sees a result and when."""

import datetime as dt
import html
import io
import re
import unicodedata

import openpyxl
import pytest
from sqlalchemy import select

from server import clock
from server.db import db, transaction
from server.draws.models import Draw, DrawState, UnitRole
from server.draws.service import Disclosure
from server.journal import Line
from server.monitoring import service as monitoring
from server.monitoring.models import RoundKind, Visit, VisitState
from server.permissions import Role
from server.places.models import Hamlet
from server.teams import service as teams
from tests.conftest import ACTOR, VU_BAN
from tests.draws.conftest import HOUSEHOLDS, WITNESSES, thrown
from tests.draws.test_stages import codes

FORM = {"size": "2", "reserves": "1", "kind": "dice-d10"}


@pytest.fixture
def minh(browser, cast):
    return browser(cast.minh)


@pytest.fixture
def leader(browser, app):
    """A team leader of the district: sees draws, does not draw."""
    with transaction() as session:
        person = teams.add_person(session, "Tuấn", ACTOR, "tuan@example.vn", None)
        teams.grant(session, person, Role.TEAM_LEADER, VU_BAN, ACTOR)
    return browser(person)


def shown(answer):
    assert answer.status_code == 200, answer.text[:400]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def latest():
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Draw).order_by(Draw.id.desc())).first()


def enter(client, draw):
    form = {"digits": thrown(draw.id + 300), "witness": WITNESSES}
    return client.post(f"/draws/{draw.id}/seed", data=form)


def hamlets_page(field, commune=None):
    commune = commune or field.communes[0]
    return f"/plans/{field.plan_id}/rounds/{field.round_.id}/communes/{commune}/hamlets/draw"


def households_page(field, hamlet):
    return f"/plans/{field.plan_id}/rounds/{field.round_.id}/hamlets/{hamlet}/households/draw"


def test_minh_draws_hamlets_and_households_on_pages(minh, field):
    first = shown(minh.get(f"/draws/{field.first.id}"))
    assert first.count("Rút thôn") == 4
    assert minh.post(hamlets_page(field), data=FORM).status_code == 302
    hamlets = latest()
    assert enter(minh, hamlets).status_code == 302
    page = shown(minh.get(f"/draws/{hamlets.id}"))
    assert "Chọn thôn, bản, ấp, tổ dân phố" in page and page.count("Rút hộ") == 2

    hamlet = codes(latest())[0]
    form = FORM | {"size": "5", "reserves": "2", "list_text": HOUSEHOLDS}
    assert minh.post(households_page(field, hamlet), data=form).status_code == 302
    households = latest()
    enter(minh, households)

    page = shown(minh.get(f"/draws/{households.id}"))
    assert "Quyền số qua các bậc: 102/5" in page
    assert "Trần Văn Ba" not in page
    for paper in ("commitment", "minutes"):
        told = shown(minh.get(f"/draws/{households.id}/{paper}"))
        assert "Trần Văn Ba" not in told and codes(latest())[0] in told
    assert minh.get(f"/draws/{households.id}/package.zip").status_code == 200


def test_the_form_of_a_stage_with_a_live_draw_leads_to_it(minh, field):
    draw = field.hamlets(field.communes[0])

    assert minh.get(hamlets_page(field)).location == f"/draws/{draw.id}"
    assert minh.post(hamlets_page(field), data=FORM).status_code == 302
    assert latest().id == draw.id


def test_a_workbook_with_one_wrong_row_is_mended_on_the_page(minh, plan, round_):
    book = openpyxl.Workbook()
    for row in [["Danh sách"], ["Mã xã", "Tên xã", "Số hộ nghèo"], ["13741", "Gôi", 120],
                ["13744", "Minh Thuận", "8.842"], ["13747", "Hiển Khánh", 60]]:  # fmt: skip
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    here = f"/plans/{plan.id}/draws/new/listed"
    form = FORM | {"round": str(round_.id), "size": "2", "reserves": "0", "method": "pps_pivotal"}

    sent = form | {"list_file": (io.BytesIO(file.getvalue()), "xa.xlsx")}
    refused = minh.post(here, data=sent, content_type="multipart/form-data")
    text = html.unescape(re.search(r"<textarea[^>]*list_text[^>]*>([^<]*)<", refused.text)[1])
    short = form | {"list_text": text.replace("8.842", "80")}
    lacking = minh.post(here, data=short)
    mended = minh.post(here, data=short | {"absent": "chưa có số liệu"})

    assert refused.status_code == 422
    assert "8.842" in shown_422(refused) and "chưa lưu gì" in shown_422(refused)
    told = shown_422(lacking)
    assert "Danh sách thiếu 15 đơn vị" in told and "13750 Xã" in told and 'name="absent"' in told
    assert mended.status_code == 302
    draw = latest()
    assert draw.frame.decode().splitlines()[1].split("\t")[:3] == ["13741", "359", "120"]
    page = shown(minh.get(f"/draws/{draw.id}"))
    assert "xác suất theo quy mô" in page and "không thiếu, không thừa" in page
    assert "Loại trừ 13750 Xã Tân Khánh: thiếu trong danh sách: chưa có số liệu" in page
    assert "chưa có số liệu" in shown(minh.get(f"/draws/{draw.id}/commitment"))


def shown_422(answer):
    assert answer.status_code == 422
    return html.unescape(answer.text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Danh sách trống"),
        ("Mã hộ,Chủ hộ\n1,A\n1,B\n", "mã '1' trùng với dòng 2"),
        ("Mã hộ,Chủ hộ\n1 2,A\n", "Dòng 2"),
        ("A\nB\n", "Không thể chọn 5 đơn vị và 2 dự phòng từ 2"),
        ("Mã hộ,Quy mô\n1,-4\n", "-4"),
    ],
)
def test_bad_lists_of_households_are_explained_and_nothing_is_stored(minh, field, text, sentence):
    hamlet = field.drawn_hamlet()
    form = FORM | {"size": "5", "reserves": "2", "list_text": text}

    answer = minh.post(households_page(field, hamlet), data=form)

    assert sentence in shown_422(answer)
    assert db.session.query(Draw).filter_by(stage="hộ").count() == 0


def test_a_file_that_is_no_table_is_explained(minh, field):
    hamlet = field.drawn_hamlet()
    form = FORM | {"list_file": (io.BytesIO(b"PK\x03\x04rest"), "ho.xlsx")}

    answer = minh.post(
        households_page(field, hamlet), data=form, content_type="multipart/form-data"
    )

    assert "ho.xlsx" in shown_422(answer)


def test_hamlets_are_typed_on_site_where_there_is_no_list(minh, office):
    first = office.drawn()
    commune = codes(first)[0]
    here = f"/plans/{first.plan_id}/rounds/{first.round_id}/communes/{commune}/hamlets/draw"
    typed = unicodedata.normalize("NFD", "Thôn Thượng\nThôn Hạ\n\nXóm Chợ\n")

    assert "ghi tại chỗ" in shown(minh.get(here))
    assert minh.post(here, data=FORM | {"names": typed}).status_code == 302

    names = db.session.scalars(select(Hamlet.name).order_by(Hamlet.id)).all()
    assert names == ["Thôn Thượng", "Thôn Hạ", "Xóm Chợ"]
    assert latest().units == 3


def test_why_a_draw_fell_with_the_one_above_is_told_in_the_readers_language(minh, field):
    below = field.hamlets(field.communes[0])
    field.office.void(field.first, "gieo nhầm")
    told = f"hủy theo lần rút số {field.first.number}: gieo nhầm"
    here = f"/plans/{field.plan_id}/draws"

    assert told in shown(minh.get(here)) and told in shown(minh.get(f"/draws/{below.id}"))
    minh.post("/language", data={"lang": "en"})

    for page in (here, f"/draws/{below.id}", f"/draws/{below.id}/screen"):
        answer = html.unescape(minh.get(page, follow_redirects=True).text)
        assert f"voided with draw {field.first.number}: gieo nhầm" in answer, page
        assert "hủy theo" not in answer


def test_hamlets_typed_twice_store_nothing(minh, office):
    first = office.drawn()
    here = f"/plans/{first.plan_id}/rounds/{first.round_id}/communes/{codes(first)[0]}/hamlets/draw"

    answer = minh.post(here, data=FORM | {"names": "\nThôn Thượng\nThôn Hạ\n\nthôn  Hạ\nXóm Chợ"})

    assert "Dòng 5: Trùng tên với dòng 3 trong cùng xã." in shown_422(answer)
    assert db.session.query(Hamlet).count() == 0


def test_a_past_day_of_disclosure_is_refused(minh, field):
    answer = minh.post(hamlets_page(field), data=FORM | {"disclose_on": "2024-01-01"})

    assert "Ngày công bố đã qua" in shown_422(answer)


# --- who sees a result, and when ------------------------------------------------------------


def later_day(days=3):
    return Disclosure(clock.today() + dt.timedelta(days=days))


RESULT = ("minutes", "package.zip", "weights.tsv", "names")


def test_the_leader_sees_no_result_before_its_day_and_minh_does(minh, leader, field):
    draw = field.households(field.drawn_hamlet(), when=later_day())

    page = shown(leader.get(f"/draws/{draw.id}"))
    assert all(unit.ticket[:14] not in page for unit in draw.drawn)
    assert draw.seed[:5] not in page and "Công bố từ ngày" in page
    assert [leader.get(f"/draws/{draw.id}/{part}").status_code for part in RESULT] == [403] * 4
    assert draw.drawn[0].ticket[:14] in shown(minh.get(f"/draws/{draw.id}"))
    assert minh.get(f"/draws/{draw.id}/minutes").status_code == 200


def test_on_the_day_the_leader_sees_it(leader, field, monkeypatch):
    draw = field.households(field.drawn_hamlet(), when=later_day())
    at = clock.now() + dt.timedelta(days=3)
    monkeypatch.setattr(clock, "today", lambda: clock.local(at).date())

    assert draw.drawn[0].ticket[:14] in shown(leader.get(f"/draws/{draw.id}"))
    assert [leader.get(f"/draws/{draw.id}/{part}").status_code for part in RESULT] == [200] * 4


def test_a_sealed_draw_gives_its_package_to_nobody_until_minh_opens_it(minh, leader, field):
    draw = field.hamlets(field.communes[0], when=Disclosure(sealed=True))
    page = shown(leader.get(f"/draws/{draw.id}"))
    assert "Đang niêm phong" in page and draw.commitment_sha256[:4] in page
    assert minh.get(f"/draws/{draw.id}/package.zip").status_code == 403

    assert leader.post(f"/draws/{draw.id}/open").status_code == 403
    assert minh.post(f"/draws/{draw.id}/open").status_code == 302

    assert minh.get(f"/draws/{draw.id}/package.zip").status_code == 200
    assert draw.drawn[0].ticket[:14] in shown(leader.get(f"/draws/{draw.id}"))


def test_a_unit_learns_of_an_unannounced_draw_only_when_its_visits_have_begun(
    browser, app, plan, office
):
    """The plan for unannounced supervision: "không báo trước"; the unit hears of it at the door."""
    with transaction() as session:
        secret = monitoring.add_round(
            session, session.merge(plan), "DX", "Đột xuất", ACTOR, kind=RoundKind.UNANNOUNCED
        )
        unit = teams.add_person(session, "Chủ tịch xã", ACTOR, "xa@example.vn", None)
        teams.grant(session, unit, Role.VIEWER, f"{VU_BAN}/13741", ACTOR)
    known = office.drawn()
    draw = office.drawn(round_=secret)
    viewer = browser(unit)

    before = viewer.get(f"/draws/{draw.id}").status_code
    listed = viewer.get(f"/plans/{plan.id}/draws").text
    with transaction() as session:
        for visit in session.query(Visit).filter_by(round_id=secret.id):
            visit.state = VisitState.UNDER_WAY

    assert before == 404
    assert f"/draws/{known.id}" in listed and f"/draws/{draw.id}" not in listed
    assert viewer.get(f"/draws/{draw.id}").status_code == 200


def test_names_are_read_with_a_line_in_the_journal(minh, field):
    draw = field.households(field.drawn_hamlet())

    page = shown(minh.get(f"/draws/{draw.id}/names"))

    assert all(code in page for code in codes(draw, UnitRole.MAIN))
    assert codes(draw, UnitRole.RESERVE)[0] not in page
    assert db.session.query(Line).filter_by(verb="draw.names-read").count() == 1


def test_the_day_is_changed_by_minh_alone(minh, leader, field):
    draw = field.hamlets(field.communes[0])

    assert leader.post(f"/draws/{draw.id}/disclosure", data={}).status_code == 403
    minh.post(f"/draws/{draw.id}/disclosure", data={"disclose_on": "05/04/2099"})
    assert latest().disclose_on == dt.date(2099, 4, 5)
    minh.post(f"/draws/{draw.id}/disclosure", data={"disclose_on": "ngày mai"})
    assert latest().disclose_on == dt.date(2099, 4, 5)
    minh.post(f"/draws/{draw.id}/disclosure", data={"disclose_on": ""})
    assert latest().disclose_on is None


def test_weights_are_given_exactly(minh, field):
    draw = field.households(field.drawn_hamlet())

    lines = minh.get(f"/draws/{draw.id}/weights.tsv").text.splitlines()

    assert len(lines) == 6
    path = f"{draw.parent_code[:5]}/{draw.parent_code}/"
    assert all(line.split("\t")[1].startswith(path) for line in lines[1:])
    assert {line.split("\t")[2] for line in lines[1:]} == {"5/102"}
    assert {line.split("\t")[3] for line in lines[1:]} == {"102/5"}


def test_an_and_the_leader_do_not_draw(browser, cast, leader, field):
    an, pages = browser(cast.an), [hamlets_page(field), households_page(field, "13741-01")]
    pages.append(f"/plans/{field.plan_id}/draws/new/listed")

    for page in pages:
        assert (an.get(page).status_code, an.post(page, data=FORM).status_code) == (404, 404)
        assert (leader.get(page).status_code, leader.post(page, data=FORM).status_code) == (
            403, 403,
        )  # fmt: skip
    assert latest().id == field.first.id


# --- long lists -----------------------------------------------------------------------------


def test_a_long_list_is_drawn_by_the_worker_and_the_page_tells_how_far_it_is(
    minh, office, monkeypatch, drain
):
    from server.draws import service

    monkeypatch.setattr(service, "LONG", 10)
    draw = office.commit()

    assert enter(minh, draw).status_code == 302
    waiting = minh.get(f"/draws/{draw.id}").text
    assert latest().state is DrawState.DRAWING and latest().drawn == []
    assert 'http-equiv="refresh"' in waiting and "0 trên 17" in waiting
    assert minh.get(f"/draws/{draw.id}/minutes").status_code == 409
    drain()

    assert latest().state is DrawState.DRAWN and len(latest().drawn) == 7
    assert latest().progress == 17
    assert 'http-equiv="refresh"' not in minh.get(f"/draws/{draw.id}").text


def test_a_long_draw_voided_before_the_worker_came_stays_void(office, monkeypatch, drain):
    from server.draws import service

    monkeypatch.setattr(service, "LONG", 10)
    draw = office.seed(office.commit(), thrown(5))
    office.void(draw)
    drain()

    assert latest().state is DrawState.VOID and latest().drawn == []
