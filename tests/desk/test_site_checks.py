"""What a follow-up form from a phone does to a finding, and what it leaves to a person."""

import uuid

import pytest
from sqlalchemy import select

from server import journal
from server.db import db, transaction
from server.entities import queries as entities
from server.findings import remedy, service
from server.findings.carrying import LIST
from server.findings.models import Finding, FindingState, FindingStep, Outcome, SiteCheck, StepKind
from server.findings.reading import seen_on_site
from server.findings.remedy import Unit
from server.journal import SYSTEM, Actor
from server.submissions.models import Submission
from tests import forms
from tests.desk.test_remedy_steps import in_days
from tests.worlds import kept

HOA = Actor("page", None, "Hoa")
WORKBOOK = """
| survey |                                   |            |              |          |
|        | type                              | name       | label        | save_to  |
|        | text                              | visit      | Lượt         |          |
|        | text                              | met        | Được làm việc? |        |
|        | select_one_from_file findings.csv | finding    | Tồn tại      |          |
|        | begin group                       | k          | Kết quả      |          |
|        | text                              | k_doc_no   | Văn bản      |          |
|        | text                              | k_state    | Tình trạng   | status_on_site |
|        | text                              | k_action   | Đã làm       |          |
|        | text                              | k_reason   | Vì sao       |          |
|        | text                              | k_decision | Đề nghị      | proposal |
|        | date                              | k_new_due  | Hạn mới      | new_due  |
|        | end group                         |            |              |          |
| entities |           |            |                |  |
|        | list_name | entity_id  | update_if      |  |
|        | findings  | ${finding} | ${k_state} != '' |  |
| settings |           |               |         |  |
|        | form_title | form_id       | version |  |
|        | Kiểm tra lại | gnbv_followup | 1     |  |
"""


@kept
def assigned(story, app):
    """A finding that its unit is to remedy in ten days; phones carry it at version 1."""
    forms.publish(app, story.plan_id, WORKBOOK)
    story.send(du="no")
    with transaction() as session:
        finding = session.scalars(select(Finding)).one()
        service.settle(session, finding, FindingState.CONFIRMED, "", HOA)
        remedy.assign(session, finding, Unit("UBND xã"), in_days(10), "45/UB", HOA)
    app.extensions["jobs"].drain()
    return finding.uuid


@pytest.fixture
def send(app, story, base, drain):
    def post(key, base_version=1, **said):
        inner = "".join(f"<{name}>{value}</{name}>" for name, value in said.items())
        xml = (
            '<data id="gnbv_followup" version="1" xmlns:orx="http://openrosa.org/xforms">'
            f"<visit>{story.visit.code}</visit><met>yes</met><finding>{key}</finding>"
            f'<k>{inner}</k><meta><entity xmlns="http://www.opendatakit.org/xforms/entities" '
            f'dataset="findings" id="{key}" update="1" baseVersion="{base_version}"/>'
            f"<orx:instanceID>uuid:{uuid.uuid4()}</orx:instanceID></meta></data>"
        ).encode()
        answer = app.test_client().post(f"{base}/submission", **forms.parts(xml))
        assert answer.status_code == 201, answer.text
        drain()
        db.session().rollback()
        db.session().expire_all()

    return post


DONE = {"k_state": "xong", "k_action": "Đã cấp bù", "k_decision": "dong"}
MORE_TIME = {"k_state": "mot_phan", "k_reason": "chờ vốn", "k_decision": "gia_han"}


def state():
    return db.session().scalars(select(Finding)).first().state


def check():
    return db.session().scalars(select(SiteCheck)).one()


def on_phones(story):
    found = entities.find_list(db.session(), story.plan_id, LIST)
    rows = db.session().scalars(select(entities.Entity).where(entities.Entity.list_id == found.id))
    return [(row.version, row.data.get("status")) for row in rows if row.deleted_at is None]


def test_the_list_follows_the_finding(assigned, story):
    assert on_phones(story) == [(1, "da_giao")]


def test_done_on_site_closes_at_once(assigned, send, story):
    send(assigned, **DONE, k_doc_no="12/BC")

    assert (state(), check().outcome) == (FindingState.CLOSED, Outcome.DONE)
    seen = db.session().scalars(select(FindingStep).where(FindingStep.kind == StepKind.CHECK)).one()
    assert (seen.actor, seen.via, seen.document) == ("Lan", "phone", "12/BC")
    assert seen.submission_id == check().submission_id
    assert on_phones(story) == []


def test_more_time_is_given_from_the_phone(assigned, send, story):
    day = in_days(40)

    send(assigned, **MORE_TIME, k_new_due=day.isoformat())

    assert state() is FindingState.UNDER_WAY
    assert db.session().scalars(select(Finding)).one().due_on == day
    [(_, status)] = on_phones(story)
    assert status == "dang_khac_phuc"


@pytest.mark.parametrize("days", [5, -400])
def test_a_new_deadline_that_is_none_waits_and_nothing_is_half_done(assigned, send, days):
    send(assigned, **MORE_TIME, k_new_due=in_days(days).isoformat())

    assert state() is FindingState.ASSIGNED
    assert (check().outcome, check().why) == (Outcome.WAITING, "findings.deadline-passed")
    kinds = [each.kind for each in db.session().scalars(select(FindingStep))]
    assert kinds == [StepKind.CONFIRM, StepKind.ASSIGN]


def test_a_person_may_accept_it_with_another_deadline(assigned, send, browser, cast):
    send(assigned, **MORE_TIME, k_new_due=in_days(5).isoformat())
    client = browser(cast.hoa)
    address = f"/findings/checks/{check().id}/accept"
    assert "Hạn mới không còn dùng được" in client.get("/findings/checks").text
    wrong = client.post(address, data={"due_on": "hôm qua"})
    assert wrong.status_code == 422 and "Ngày không đúng" in wrong.text

    assert client.post(address, data={"due_on": in_days(30).isoformat()}).status_code == 302

    db.session().rollback()
    db.session().expire_all()
    assert (state(), check().outcome) == (FindingState.UNDER_WAY, Outcome.ACCEPTED)
    steps = db.session().scalars(select(FindingStep).order_by(FindingStep.id)).all()
    assert [(each.kind.value, each.actor) for each in steps[-2:]] == [
        ("kiem_tra", "Lan"), ("gia_han", "Hoa"),
    ]  # fmt: skip


def test_a_check_of_a_row_that_others_changed_waits(assigned, send, drain):
    with transaction() as session:
        finding = session.scalars(select(Finding)).one()
        remedy.extend(session, finding, in_days(30), "mưa", HOA)
    drain()

    send(assigned, **DONE)

    assert state() is FindingState.ASSIGNED
    assert (check().outcome, check().why) == (Outcome.WAITING, "findings.changed-meanwhile")


def test_who_reported_the_remedy_does_not_close_it_from_a_phone(assigned, send, cast, drain):
    with transaction() as session:
        finding = session.scalars(select(Finding)).one()
        remedy.start(session, finding, Actor("page", cast.lan.id, "Lan"))
    drain()

    send(assigned, base_version=2, **DONE)

    assert state() is FindingState.UNDER_WAY
    assert check().why == "findings.same-person"


def test_a_waiting_check_is_put_aside_with_a_reason(assigned, send, browser, cast):
    send(assigned, **MORE_TIME, k_new_due=in_days(5).isoformat())
    client, address = browser(cast.hoa), f"/findings/checks/{check().id}"
    assert browser(cast.an).post(f"{address}/dismiss").status_code == 403
    assert client.post(f"{address}/dismiss", data={"note": " "}).status_code == 422

    client.post(f"{address}/dismiss", data={"note": "nhầm hộ"})

    db.session().rollback()
    db.session().expire_all()
    assert (check().outcome, check().settled_by) == (Outcome.DISMISSED, "Hoa")
    assert "nhầm hộ" in client.get(f"/findings/{check().finding_id}").text
    assert client.post(f"{address}/accept").status_code == 409
    assert "Không có phiếu kiểm tra nào" in client.get("/findings/checks").text


def test_the_same_line_handled_again_takes_nothing_twice(assigned, send, drain):
    send(assigned, **MORE_TIME, k_new_due=in_days(40).isoformat())
    before = len(db.session().scalars(select(FindingStep)).all())
    with transaction() as session:
        journal.write(
            session, SYSTEM, "submission.linked", "submission", check().submission_id,
            check().plan_id,
        )  # fmt: skip
    drain()

    assert len(db.session().scalars(select(FindingStep)).all()) == before


def test_a_check_of_something_unknown_stays_a_form(assigned, send):
    send(str(uuid.uuid4()), **DONE)

    assert db.session().scalars(select(SiteCheck)).all() == []
    assert state() is FindingState.ASSIGNED
    assert len(db.session().scalars(select(Submission)).all()) == 2


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"met": "no", "finding": "a", "k": {"k_state": "xong", "k_decision": "dong"}},
        {"met": "yes", "finding": "a", "k": {"k_state": "?", "k_decision": "dong"}},
        {"met": "yes", "k": {"k_state": "xong", "k_decision": "dong"}},
    ],
)
def test_a_form_that_saw_nothing_says_nothing(answers):
    assert seen_on_site(answers) is None


def test_a_follow_up_form_published_late_finds_its_list_filled(story, app, drain):
    story.send(du="no")
    with transaction() as session:
        finding = session.scalars(select(Finding)).one()
        service.settle(session, finding, FindingState.CONFIRMED, "", HOA)
        remedy.assign(session, finding, Unit("UBND xã"), in_days(10), "45/UB", HOA)
    forms.publish(app, story.plan_id, WORKBOOK)
    drain()

    assert on_phones(story) == [(1, "da_giao")]
