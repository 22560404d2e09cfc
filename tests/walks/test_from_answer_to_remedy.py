"""From the answer to the remedy: a breeding cow in Tả Phìn came dead, and nobody told the village.

The forms are the shipped ones, filled by the engine of the phones with what the phone fetched from
the server; steps of the office and of the commune are taken on the pages.
"""

import csv
import datetime as dt
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from server import clock, journal
from server.db import db, transaction
from server.demo import javarosa
from server.demo.loopback import serving
from server.demo.phone import Phone
from server.entities import service as entities
from server.findings import alarms, tracing
from server.findings.models import Finding, FindingState, FindingStep, SiteCheck, StepKind
from server.monitoring import service as monitoring
from server.permissions import Role
from server.places import queries as places
from server.places.models import Hamlet
from server.submissions.models import Submission, SubmissionFile
from server.surveys import compile as compiler
from server.surveys import service as surveys
from server.teams import service as teams
from server.teams.models import Person
from tests.conftest import ACTOR
from tests.desk.conftest import photo

pytestmark = pytest.mark.java
FORMS = Path(__file__).resolve().parents[2] / "xlsforms"
DEAD_COW = {
    "met": "yes", "consent": "yes", "consent_photo": "yes", "consent_audio": "no",
    "hh": "03232-001", "hh_reserve": "no", "gps": "22.1 103.45 900.0 6.0",
    "p_age": "46", "p_sex": "nu", "p_minority": "yes", "p_status": "ngheo",
    "p_members": "5", "p_children": "2",
    "i_channel": "khong", "i_meeting": "no", "i_posted": "no", "received": "sinh_ke",
    "l_type": "chan_nuoi", "l_item": "1 con bò cái sinh sản", "l_enough": "yes",
    "l_trained": "yes", "l_state": "mat",
    "t_net": "no", "t_device": "no", "t_speaker": "no", "g_fee": "no", "g_complain": "no",
    "g_others": "no",
}  # fmt: skip
CHECKED = {"met": "yes", "no_gps": "khac", "k_report": "full", "k_doc_no": "12/BC-UBND"}


@dataclass
class Stage:
    """Huyện Tủa Chùa, 2024: the plan, its visit to Tả Phìn, and who takes part."""

    plan_id: int
    visit_code: str
    area: str
    token: str
    lan: Person
    hoa: Person
    son: Person
    unit: Person


@pytest.fixture
def stage(app, drain) -> Stage:
    with transaction() as session:
        district = session.scalars(places.place("2024", "098")).one()
        commune = session.scalars(places.place("2024", "03232")).one()
        assert (district.name, commune.name) == ("Huyện Tủa Chùa", "Xã Tả Phìn")
        plan = monitoring.add_plan(
            session, "Giám sát huyện Tủa Chùa 2024", "gnbv-2021-2025", district, "2024", ACTOR
        )
        round_ = monitoring.add_round(session, plan, "TC24-1", "Đợt 1", ACTOR)
        team = teams.add_team(session, plan.id, "Đoàn 1", ACTOR)
        visit = monitoring.add_visit(session, round_, commune, ACTOR, team=team)
        hamlet = Hamlet(
            edition_id="2024", place_id=commune.id, code="03232-T1", name="Bản Tả Phìn 1",
            folded="ban ta phin 1", sort_key="ta phin 1", latitude=22.1, longitude=103.45,
            radius_m=2000, source="tests",
        )  # fmt: skip
        session.add(hamlet)
        session.flush()
        entities.add_households(session, plan.id, hamlet, [("03232-001", "TP-001 G.A.S", False)])
        entities.refresh_lists(session, plan.id)
        people = {
            name: person(session, name, role, area)
            for name, role, area in (
                ("lan", Role.INSPECTOR, district.area),
                ("hoa", Role.REVIEWER, district.area),
                ("son", Role.REVIEWER, district.area),
                ("unit", Role.UNIT_OFFICER, commune.area),
            )
        }
        token = teams.issue_phone(session, plan.id, people["lan"], ACTOR, team)[1]
        for form_id in ("gnbv_household", "gnbv_followup"):
            publish(app, session, plan.id, form_id)
        made = Stage(plan.id, visit.code, commune.area, token, **people)
    drain()
    return made


def person(session: Any, name: str, role: Role, area: str) -> Person:
    made = teams.add_person(session, name.title(), ACTOR, f"{name}@tuachua.example.vn")
    teams.grant(session, made, role, area, ACTOR)
    return made


def publish(app: Any, session: Any, plan_id: int, form_id: str) -> None:
    path = FORMS / f"{form_id}.xlsx"
    data = path.read_bytes()
    compiled = compiler.compile(data, path.name, validate=False)
    version = surveys.upload(
        session, app.extensions["files"], plan_id, data, path.name, compiled, ACTOR
    )
    surveys.publish(session, version, ACTOR)


@pytest.fixture
def phone(app, stage):
    path = f"/v1/key/{stage.token}/projects/{stage.plan_id}"
    with serving(app) as address, Phone(address + path) as found:
        yield found


@pytest.fixture
def send(phone, stage, drain):
    """Fill a form with what the phone carries now, once for each set of answers, and send them."""

    def fill_and_send(form_id: str, *answers: dict[str, Any]) -> None:
        form = phone.sync()[form_id]
        given = [{"visit": stage.visit_code, **each} for each in answers]
        for filled in javarosa.fill(form.xform, form.media, given, auto="none", username="lan"):
            phone.send(filled)
            drain()
        db.session().rollback()
        db.session().expire_all()

    return fill_and_send


@pytest.fixture
def open_findings(phone):
    def read() -> dict[str, dict[str, str]]:
        content = phone.sync()["gnbv_followup"].media["findings.csv"].decode()
        return {row["code"].partition("-")[0]: row for row in csv.DictReader(io.StringIO(content))}

    return read


@pytest.fixture
def step(browser, stage, drain):
    """Take a step on a finding's page, as whoever fills in the form."""

    def take(person: Person, finding_id: int, name: str, picture: bytes = b"", **fields: str):
        fields["evidence"] = [(io.BytesIO(picture), "sau.jpg")] if picture else []
        path = f"/findings/{finding_id}/" + ("settle" if name == "settle" else f"steps/{name}")
        answer = browser(person).post(path, data=fields, content_type="multipart/form-data")
        drain()
        db.session().rollback()
        db.session().expire_all()
        return answer.status_code

    return take


def findings() -> dict[str, Finding]:
    return {each.topic: each for each in db.session().scalars(select(Finding))}


def day(count: int) -> str:
    return (clock.today() + dt.timedelta(days=count)).isoformat()


def assign(step, stage, finding_id: int) -> None:
    assert step(stage.hoa, finding_id, "settle", decision="confirm") == 302
    assert step(
        stage.hoa, finding_id, "giao", responsible="UBND xã Tả Phìn", level="xa",
        due_on=day(10), document="45/UBND-LĐTBXH",
    ) == 302  # fmt: skip


def test_the_dead_cow_of_ta_phin(stage, send, open_findings, step, browser, monkeypatch):
    send("gnbv_household", {**DEAD_COW, "hamlet": "03232-T1", "l_photo": photo()})

    interview = db.session().scalars(select(Submission)).one()
    assert interview.latitude == 22.1 and interview.visit.record is not None
    assert any(db.session().scalars(select(SubmissionFile.thumb_sha256)))
    assert set(findings()) == {"D2_03", "TT02"}
    cow, untold = findings()["D2_03"], findings()["TT02"]
    assert (cow.table_label, cow.project_code) == ("Biểu 05", "DA2")
    assert cow.record_id == untold.record_id == interview.visit.record.id
    assert open_findings() == {}

    for finding in (cow, untold):
        assign(step, stage, finding.id)
    carried = open_findings()
    assert set(carried) == {"D2_03", "TT02"}
    row = carried["D2_03"]
    assert row["responsible"] == "UBND xã Tả Phìn" and row["due_date"] == day(10)
    assert "03232-001" in row["text_vi"] and "Bản Tả Phìn 1" in row["text_vi"]

    assert step(stage.unit, cow.id, "bao_cao", photo("green"), note="Đã mua bò khác") == 302
    assert open_findings()["D2_03"]["status"] == "bao_cao_xong"

    send(
        "gnbv_followup",
        {
            **CHECKED, "finding": row["name"], "k_state": "mot_phan", "k_action": "Có bò nhưng ốm",
            "k_reason": "Bò chưa tiêm phòng", "k_photo1": photo("red"), "k_decision": "mo_lai",
        },
    )  # fmt: skip
    assert findings()["D2_03"].state is FindingState.REOPENED

    assert step(stage.hoa, cow.id, "gia_han", due_on=day(20), note="chờ tiêm phòng") == 302
    later = clock.today() + dt.timedelta(days=21)
    monkeypatch.setattr(clock, "today", lambda: later)
    with transaction() as session:
        alarms.ring(session)
    assert "qua_han" in browser(stage.hoa).get("/").text
    assert step(stage.unit, cow.id, "bao_cao", photo("blue"), note="Đã tiêm phòng, bò khỏe") == 302
    assert step(stage.unit, cow.id, "dong") == 403

    send(
        "gnbv_followup",
        {
            **CHECKED, "finding": row["name"], "k_state": "xong", "k_action": "Bò khỏe",
            "k_done_date": "2024-06-01", "k_photo1": photo("white"), "k_decision": "dong",
        },
    )  # fmt: skip
    assert findings()["D2_03"].state is FindingState.CLOSED
    assert set(open_findings()) == {"TT02"}

    the_thread_reads_in_one_page(browser(stage.hoa).get(f"/findings/{cow.id}").text)
    seal_and_verify()


def the_thread_reads_in_one_page(page: str) -> None:
    thread = page[page.index('id="thread"') :].split("</ol>")[0]
    told = [
        "Luật của biểu mẫu nêu phát hiện", "Xác nhận", "Giao khắc phục", "Báo cáo đã khắc phục",
        "Kiểm tra tại chỗ", "Mở lại", "Gia hạn", "Nhắc hạn", "Báo lên cấp trên vì quá hạn",
        "Báo cáo đã khắc phục", "Kiểm tra tại chỗ", "Đóng",
    ]  # fmt: skip
    steps = [each.split("</strong>")[0] for each in thread.split("<strong>")[1:]]
    assert steps == told
    assert thread.count("<time>") == len(steps)
    for said in ("Hoa", "Unit", "Lan", "Có bò nhưng ốm", "Hạn cũ", "45/UBND-LĐTBXH", "12/BC-UBND"):
        assert said in thread, said
    assert thread.count("/thumb") == 2 and thread.count("/submissions/") == 2


def seal_and_verify() -> None:
    with transaction() as session:
        assert journal.seal(session, clock.now() + dt.timedelta(days=1)) > 20
    assert list(journal.verify(db.session())) == []
    assert list(tracing.astray(db.session())) == []
    steps = db.session().scalars(select(FindingStep)).all()
    assert all(step.at and step.from_state and step.to_state for step in steps)


def test_a_check_of_a_finding_that_was_closed_meanwhile_waits_for_a_person(
    stage, phone, step, browser, drain, send, open_findings
):
    send("gnbv_household", {**DEAD_COW, "hamlet": "03232-T1", "i_meeting": "yes"})
    cow = findings()["D2_03"]
    assign(step, stage, cow.id)
    form = phone.sync()["gnbv_followup"]
    given = {
        **CHECKED, "visit": stage.visit_code, "finding": open_findings()["D2_03"]["name"],
        "k_state": "chua", "k_reason": "Chưa có vốn", "k_decision": "mo_lai",
    }  # fmt: skip
    refused = {
        "visit": stage.visit_code, "met": "no", "not_met_why": "tu_choi",
    }  # fmt: skip
    stale, nobody = javarosa.fill(form.xform, form.media, [given, refused], auto="none")
    assert step(stage.hoa, cow.id, "kiem_tra", result="khong_the", note="Hộ đã chuyển đi") == 302
    assert step(stage.hoa, cow.id, "dong") == 403
    assert step(stage.son, cow.id, "dong") == 302

    for filled in (nobody, stale):
        phone.send(filled)
        drain()

    db.session().rollback()
    [check] = db.session().scalars(select(SiteCheck)).all()
    assert findings()["D2_03"].state is FindingState.CLOSED
    waiting = browser(stage.hoa).get("/findings/checks").text
    assert "Chưa có vốn" in waiting and "đã thay đổi từ khi" in waiting
    assert "phiếu kiểm tra lại chờ xử lý" in browser(stage.hoa).get("/").text
    address = f"/findings/checks/{check.id}"
    closed = browser(stage.hoa).post(f"{address}/accept")
    assert closed.status_code == 409 and "Đã đóng" in closed.text
    assert browser(stage.unit).post(f"{address}/accept").status_code == 403
    assert step(stage.hoa, cow.id, "mo_lai", note="Đoàn thấy chưa làm") == 302

    assert browser(stage.hoa).post(f"{address}/accept").status_code == 302

    db.session().expire_all()
    assert findings()["D2_03"].state is FindingState.REOPENED
    kinds = [each.kind for each in db.session().scalars(select(FindingStep))]
    assert kinds[-2:] == [StepKind.CHECK, StepKind.REOPEN]
    assert browser(stage.hoa).post(f"{address}/dismiss", data={"note": "x"}).status_code == 409
