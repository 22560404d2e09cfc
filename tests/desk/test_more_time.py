"""A unit asks for more time; the office grants or declines, and every day asked for is kept."""

import io

import pytest
from sqlalchemy import select

from server import clock
from server.db import db, transaction
from server.entities import queries as entities
from server.findings import deadlines, remedy, service
from server.findings.carrying import LIST
from server.findings.models import Finding, FindingState, FindingStep, StepFile, StepKind
from server.findings.remedy import Unit
from server.journal import Actor, Line
from tests import forms
from tests.desk.conftest import photo
from tests.desk.test_remedy_steps import in_days
from tests.desk.test_site_checks import WORKBOOK
from tests.worlds import kept

HOA = Actor("page", None, "Hoa")


@kept
def assigned(app, story):
    """A finding that its unit is to remedy in ten days."""
    forms.publish(app, story.plan_id, WORKBOOK)
    story.send(du="no", label="Hộ 17")
    with transaction() as session:
        finding = session.scalars(select(Finding)).one()
        service.settle(session, finding, FindingState.CONFIRMED, "", HOA)
        remedy.assign(session, finding, Unit("UBND xã"), in_days(10), "45/UBND", HOA)
    app.extensions["jobs"].drain()
    return finding.id


@pytest.fixture
def post(browser, assigned, drain):
    def send(person, step, files=None, **fields):
        data = {**fields, "evidence": [(io.BytesIO(c), n) for n, c in (files or {}).items()]}
        answer = browser(person).post(
            f"/findings/{assigned}/steps/{step}", data=data, content_type="multipart/form-data"
        )
        drain()
        return answer

    return send


def held():
    db.session().rollback()
    db.session().expire_all()
    return db.session().scalars(select(Finding)).one()


def last():
    held()
    return db.session().scalars(select(FindingStep).order_by(FindingStep.id.desc())).first()


def wish(days=25):
    return {"note": "Chưa mua được giống, chờ phiên chợ", "due_on": in_days(days).isoformat()}


def test_the_worker_is_called_after_a_step_so_that_phones_follow_at_once(
    assigned, app, officer, browser
):
    jobs = app.extensions["jobs"]
    jobs.huey.flush()
    jobs._poked = 0.0

    browser(officer).post(f"/findings/{assigned}/steps/bat_dau")

    assert jobs.huey.pending_count() == 1


def test_a_unit_asks_with_a_reason_and_the_deadline_stands(assigned, post, officer, browser, cast):
    said = wish() | {"document": "7/TTr", "next": "unit"}
    answer = post(officer, "xin_gia_han", {"cho.jpg": photo()}, **said)

    assert answer.location == "/unit"
    finding = held()
    assert (finding.due_on, finding.asked_due) == (in_days(10), in_days(25))
    assert (last().kind, last().note, last().asked_due) == (
        StepKind.ASK_TIME, wish()["note"], in_days(25),
    )  # fmt: skip
    assert db.session().scalars(select(StepFile.name)).all() == ["cho.jpg"]
    assert f"Đã xin gia hạn đến {in_days(25):%d/%m/%Y}" in browser(officer).get("/unit").text
    minh = browser(cast.minh)
    assert "đề nghị gia hạn chờ trả lời" in minh.get("/").text
    assert "Hộ nhận thiếu" in minh.get("/findings?state=xin_gia_han").text
    page = minh.get(f"/findings/{assigned}").text
    assert f"Xin đến: {in_days(25):%d/%m/%Y}" in page and 'id="step-gia_han"' in page


def test_the_coordinator_grants_it_and_the_old_deadline_is_kept_and_shown(
    assigned, post, officer, browser, cast
):
    post(officer, "xin_gia_han", **wish())

    post(cast.minh, "gia_han", due_on=in_days(20).isoformat())

    finding = held()
    assert (finding.due_on, finding.asked_due) == (in_days(20), None)
    assert (last().due_before, last().due_after, last().actor) == (
        in_days(10), in_days(20), "Minh",
    )  # fmt: skip
    page = browser(officer).get(f"/findings/{assigned}").text
    assert f"Hạn cũ {in_days(10):%d/%m/%Y}, hạn mới {in_days(20):%d/%m/%Y}" in page
    verbs = (
        db.session()
        .scalars(select(Line.verb).where(Line.subject == "finding").order_by(Line.id))
        .all()
    )
    assert verbs[-2:] == ["finding.time-asked", "finding.extended"]


def test_it_is_declined_with_a_reason_that_the_unit_reads(assigned, post, officer, browser, cast):
    post(officer, "xin_gia_han", **wish())
    assert post(cast.minh, "tu_choi_gia_han", note=" ").status_code == 422

    post(cast.minh, "tu_choi_gia_han", note="Giống đã có ở huyện")

    assert (held().due_on, held().asked_due) == (in_days(10), None)
    page = browser(officer).get(f"/findings/{assigned}").text
    assert "Không cho gia hạn" in page and "Giống đã có ở huyện" in page
    assert 'id="step-xin_gia_han"' in page
    assert post(cast.hoa, "tu_choi_gia_han", note="x").status_code == 409


def test_the_phones_list_says_what_the_unit_asks_for(assigned, post, officer, story, cast):
    def on_phones():
        found = entities.find_list(db.session(), story.plan_id, LIST)
        query = select(entities.Entity.data).where(entities.Entity.list_id == found.id)
        return db.session().scalars(query).one()["asked_due"]

    post(officer, "xin_gia_han", **wish())
    assert on_phones() == in_days(25).isoformat()
    post(cast.minh, "gia_han")
    assert held().due_on == in_days(25) and on_phones() == ""


@pytest.mark.parametrize(
    ("days", "fields", "field", "sentence"),
    [
        (25, {"note": " "}, "note", "Hãy ghi rõ lý do"),
        (25, {"due_on": " "}, "due_on", "Hãy nhập hạn"),
        (10, {}, "due_on", "không dùng được"),
        (-1, {}, "due_on", "không dùng được"),
        (400, {}, "due_on", "không quá một năm"),
    ],
)
def test_a_request_that_cannot_be_granted_is_refused(
    assigned, post, officer, days, fields, field, sentence
):
    answer = post(officer, "xin_gia_han", **(wish(days) | fields))

    assert answer.status_code == 422 and sentence in answer.text
    assert f'id="xin_gia_han-{field}-error"' in answer.text
    assert held().asked_due is None and last().kind is StepKind.ASSIGN


def test_one_request_waits_at_a_time_and_its_author_does_not_answer_it(
    assigned, post, officer, cast
):
    post(cast.minh, "xin_gia_han", **wish(), document="7/TTr")

    assert post(officer, "xin_gia_han", **wish()).status_code == 409
    assert post(cast.minh, "gia_han").status_code == 403
    assert post(cast.minh, "tu_choi_gia_han", note="x").status_code == 403
    assert post(officer, "gia_han", due_on=wish()["due_on"]).status_code == 403
    assert held().asked_due == in_days(25)

    assert post(cast.hoa, "gia_han").status_code == 302


def test_a_coordinator_extends_nothing_that_was_not_asked_for(assigned, post, cast):
    assert post(cast.minh, "gia_han", due_on=wish()["due_on"], note="x").status_code == 403


def test_a_remedy_reported_done_answers_the_request_itself(assigned, post, officer):
    post(officer, "xin_gia_han", **wish())

    post(officer, "bao_cao", {"bo.jpg": photo()}, note="Đã cấp bù")

    assert (held().state, held().asked_due) == (FindingState.REPORTED, None)


def test_deadlines_end_a_year_after_the_round_or_plan(assigned, story):
    with transaction() as session:
        finding = session.get(Finding, assigned)
        assert deadlines.latest(finding, clock.today()) == in_days(365)
        finding.visit.round.ends_on = in_days(100)
        assert deadlines.latest(finding, clock.today()) == in_days(465)
        finding.plan.ends_on = in_days(200)
        assert deadlines.latest(finding, clock.today()) == in_days(565)
