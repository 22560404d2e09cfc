"""The pages on which a finding goes on: who sees which form, what each does, who is kept out."""

import io
import re

import pytest
from sqlalchemy import select

from server import clock
from server.db import db, transaction
from server.findings import remedy, service
from server.findings.models import Finding, FindingState, FindingStep, StepFile
from server.findings.remedy import Unit
from server.journal import Actor
from server.permissions import Role
from server.teams import service as teams
from tests.conftest import ACTOR
from tests.desk.conftest import photo
from tests.desk.test_remedy_steps import PDF, in_days
from tests.worlds import kept

HOA = Actor("page", None, "Hoa")


@kept
def short(story):
    story.send(du="no", label="Hộ 17")
    return db.session().scalars(select(Finding)).one().id


@kept
def assigned(short):
    with transaction() as session:
        finding = session.get(Finding, short)
        service.settle(session, finding, FindingState.CONFIRMED, "lời của bà Nhung", HOA)
        remedy.assign(session, finding, Unit("UBND xã"), in_days(10), "45/UBND", HOA)
    return short


@pytest.fixture
def post(browser, short):
    """Post a step as somebody would fill in its form."""

    def send(person, step, files=None, **fields):
        data = {**fields, "evidence": [(io.BytesIO(c), n) for n, c in (files or {}).items()]}
        return browser(person).post(
            f"/findings/{short}/steps/{step}", data=data, content_type="multipart/form-data"
        )

    return send


def held(finding_id):
    db.session().rollback()
    db.session().expire_all()
    return db.session().get(Finding, finding_id)


def forms_on(page):
    return set(re.findall(r'id="step-(\w+)"', page))


@pytest.fixture
def viewer(story):
    with transaction() as session:
        person = teams.add_person(session, "Mặt trận", ACTOR, "mttq@example.vn")
        teams.grant(session, person, Role.VIEWER, "2024/36/359", ACTOR)
        return person


def test_each_reader_gets_the_forms_of_their_own_next_steps(
    assigned, browser, cast, officer, viewer
):
    def forms(person):
        return forms_on(browser(person).get(f"/findings/{assigned}").text)

    assert forms(cast.hoa) == {"kiem_tra", "gia_han", "chuyen_cap", "y_kien"}
    assert forms(officer) == {"bat_dau", "bao_cao", "xin_gia_han", "y_kien"}
    assert forms(cast.minh) == {"bat_dau", "bao_cao", "xin_gia_han", "y_kien"}
    assert forms(viewer) == {"y_kien"}


def test_the_unit_reports_with_a_photo_and_a_paper(assigned, post, officer, browser, cast):
    answer = post(
        officer, "bao_cao", {"bo.jpg": photo(), "bien-ban.pdf": PDF}, note="Đã cấp bò khác",
        document="12/BC-UBND",
    )  # fmt: skip

    assert answer.location == f"/findings/{assigned}"
    assert held(assigned).state is FindingState.REPORTED
    page = browser(cast.hoa).get(f"/findings/{assigned}").text
    thread = page[page.index('id="thread"') :]
    assert "Đã cấp bò khác" in thread and "Cán bộ xã" in thread and "12/BC-UBND" in thread
    pictures = re.findall(r'src="(/findings/\d+/files/\d+/thumb)"', thread)
    [paper] = re.findall(r'href="(/findings/\d+/files/\d+/original)"', thread)
    for person in (cast.hoa, officer):
        shown = browser(person).get(pictures[0])
        assert (shown.status_code, shown.content_type) == (200, "image/webp")
    kept = browser(officer).get(paper)
    assert kept.data == PDF and kept.headers["Content-Disposition"].startswith("attachment")


def test_a_photo_of_a_step_opens_on_a_page_that_leads_back(assigned, post, officer, browser, cast):
    post(
        officer,
        "bao_cao",
        {"bo.jpg": photo(), "to.pdf": PDF, "chuong.jpg": photo("green")},
        note="x",
    )
    for person in (officer, cast.hoa):
        client = browser(person)
        thread = client.get(f"/findings/{assigned}").text.split('id="thread"')[1]
        first, second = re.findall(r'<a href="(/findings/\d+/files/\d+)">', thread)

        page = client.get(first).text

        assert f'src="{first}/view"' in page and f'href="{first}/original"' in page
        assert f'href="/findings/{assigned}#thread"' in page
        assert "Ảnh 1 trên 2 của phát hiện" in page and f'href="{second}"' in page
        assert f'href="{first}"' in client.get(second).text


def test_evidence_is_for_those_who_see_the_finding(assigned, post, officer, browser, cast):
    post(officer, "bao_cao", {"bo.jpg": photo()}, note="xong")
    file_id = db.session().scalars(select(StepFile.id)).one()
    address = f"/findings/{assigned}/files/{file_id}"

    assert browser(cast.an).get(address).status_code == 404
    assert browser(cast.lan).get(address).status_code == 403
    assert browser(cast.hoa).get(f"/findings/{assigned + 1}/files/{file_id}").status_code == 404
    assert browser(cast.an).get(f"{address}/view").status_code == 404
    assert browser(cast.lan).get(f"{address}/view").status_code == 403
    assert browser(None).get(f"{address}/view").status_code == 302
    assert browser(cast.hoa).get(f"{address}/khac").status_code == 404
    assert (
        browser(cast.hoa).get(f"/findings/{assigned + 1}/files/{file_id}/view").status_code == 404
    )


@pytest.mark.parametrize(
    ("who", "step", "status"),
    [
        ("an", "y_kien", 404),
        ("lan", "y_kien", 403),
        ("officer", "dong", 403),
        ("officer", "gia_han", 403),
        ("hoa", "bao_cao", 403),
        ("minh", "kiem_tra", 403),
        ("hoa", "nhac", 404),
        ("hoa", "xac_nhan", 404),
        ("hoa", "la", 404),
    ],
)
def test_steps_of_others_are_refused(assigned, post, cast, officer, who, step, status):
    people = {"officer": officer}
    before = db.session().scalars(select(FindingStep.id)).all()

    answer = post(people.get(who) or getattr(cast, who), step, note="x", result="xong")

    assert answer.status_code == status
    db.session().rollback()
    assert db.session().scalars(select(FindingStep.id)).all() == before


def test_an_officer_of_another_commune_cannot_even_see(assigned, post, story):
    with transaction() as session:
        other = teams.add_person(session, "Xã bên", ACTOR, "ben@example.vn")
        teams.grant(session, other, Role.UNIT_OFFICER, story.other_commune.area, ACTOR)

    assert post(other, "bao_cao", {"a.jpg": photo()}, note="xong").status_code == 404


@pytest.mark.parametrize(
    ("step", "fields", "field", "sentence"),
    [
        ("gia_han", {"due_on": "2001-02-03", "note": "mưa"}, "due_on", "không dùng được"),
        ("gia_han", {"due_on": "mai", "note": "mưa"}, "due_on", "Ngày không đúng"),
        ("gia_han", {"note": "mưa"}, "due_on", "Hãy nhập hạn"),
        ("kiem_tra", {"note": "đã xem"}, "result", "Hãy chọn kết quả"),
        ("kiem_tra", {"result": "chua"}, "note", "Hãy ghi rõ"),
        ("chuyen_cap", {"level": "xa", "note": "x", "due_on": "2030-01-01"}, "level", "cao hơn"),
        ("y_kien", {"note": " "}, "note", "Hãy ghi rõ"),
    ],
)
def test_a_refused_form_comes_back_with_the_field_named(
    assigned, post, cast, step, fields, field, sentence
):
    answer = post(cast.hoa, step, **fields)

    assert answer.status_code == 422
    form = answer.text[answer.text.index(f'id="step-{step}" open') :].split("</details>")[0]
    assert sentence in form
    assert f'{field}-error"' in form
    if fields.get("note", " ") != " ":
        assert fields["note"] in form
    assert held(assigned).state is FindingState.ASSIGNED


def test_a_step_that_came_too_early_is_told_though_its_form_is_gone(assigned, post, cast):
    answer = post(cast.hoa, "dong", note="x")

    assert answer.status_code == 409
    assert "Không thể đóng khi phát hiện “Đã giao khắc phục”" in answer.text


def test_evidence_of_the_wrong_kind_is_refused_by_name(assigned, post, officer):
    answer = post(officer, "bao_cao", {"bai.docx": b"PK\x03\x04"}, note="xong")

    assert answer.status_code == 422
    assert "bai.docx" in answer.text and 'id="bao_cao-evidence-error"' in answer.text
    assert held(assigned).state is FindingState.ASSIGNED


def test_the_unit_reads_the_thread_without_the_households_words(assigned, browser, officer, cast):
    page = browser(officer).get(f"/findings/{assigned}").text

    thread = page[page.index('id="thread"') :]
    assert "Giao khắc phục" in thread and "45/UBND" in thread and "UBND xã" in thread
    for hidden in ("Nhung", "Hộ 17", "/submissions/"):
        assert hidden not in page
    assert "Nhung" in browser(cast.hoa).get(f"/findings/{assigned}").text


def test_a_reviewer_closes_what_another_reported(assigned, post, officer, cast, browser):
    post(officer, "bao_cao", {"bo.jpg": photo()}, note="xong")
    post(cast.hoa, "kiem_tra", result="xong")

    assert post(cast.hoa, "dong").status_code == 302

    assert held(assigned).state is FindingState.CLOSED
    assert forms_on(browser(cast.hoa).get(f"/findings/{assigned}").text) == {"mo_lai", "y_kien"}


def test_deadlines_show_on_the_first_page_and_in_the_register(
    assigned, browser, cast, officer, monkeypatch
):
    assert "đến hạn trong 7 ngày" not in browser(cast.hoa).get("/").text
    day = in_days(5)
    monkeypatch.setattr(clock, "today", lambda: day)
    assert "phát hiện đến hạn trong 7 ngày" in browser(cast.hoa).get("/").text
    late = in_days(10)
    monkeypatch.setattr(clock, "today", lambda: late)

    home = browser(cast.hoa).get("/").text

    assert "phát hiện quá hạn khắc phục" in home
    assert "state=qua_han" in home
    for person in (cast.hoa, officer):
        found = browser(person).get("/findings?state=qua_han").text
        assert "Hộ nhận thiếu" in found and 'data-state="qua_han"' in found
    assert "Không có phát hiện nào khớp" in browser(cast.hoa).get("/findings?state=moi").text


def test_steps_do_not_make_a_page_ask_more(story, short, browser, cast, statements):
    client = browser(cast.hoa)

    def shown(path):
        with statements() as seen:
            assert client.get(path).status_code == 200
        return len(seen)

    def comment():
        with transaction() as session:
            finding = session.get(Finding, short)
            remedy.comment(session, finding, "đã gọi điện", HOA)

    comment()
    one = shown(f"/findings/{short}")
    for _ in range(4):
        comment()
    assert shown(f"/findings/{short}") == one
