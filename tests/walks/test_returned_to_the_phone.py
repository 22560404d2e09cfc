"""Back to the phone and home again: a reviewer returns an interview, the team edits and resends it.

The forms are the shipped ones, filled and edited by the engine of the phones; the reviewer works
on the pages. Another team's phone sees nothing of it.
"""

import csv
import io
import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import undefer

from server.db import db, transaction
from server.demo import javarosa
from server.demo.loopback import serving
from server.demo.phone import Phone
from server.findings.models import Finding
from server.permissions import Role
from server.submissions.models import ReviewState, Submission, SubmissionComment, SubmissionVersion
from server.teams import service as teams
from tests.conftest import ACTOR
from tests.desk.conftest import photo
from tests.walks import test_from_answer_to_remedy as remedy

pytestmark = pytest.mark.java
stage = remedy.stage


@pytest.fixture
def phones(app, stage, drain):
    """The phones of Lan and of Tư, who is in another team of the same plan."""
    with transaction() as session:
        other = teams.add_team(session, stage.plan_id, "Đoàn 2", ACTOR)
        four = remedy.person(session, "tu", Role.INSPECTOR, stage.area)
        token = teams.issue_phone(session, stage.plan_id, four, ACTOR, other)[1]
        remedy.publish(app, session, stage.plan_id, "gnbv_fix")
    drain()
    path = f"/v1/key/{{}}/projects/{stage.plan_id}"
    with (
        serving(app) as address,
        Phone(address + path.format(stage.token)) as lan,
        Phone(address + path.format(token)) as tu,
    ):
        yield lan, tu


def to_correct(phone):
    """Return what a phone's list of forms to correct holds."""
    content = phone.sync()["gnbv_fix"].media["can_sua.csv"].decode()
    return list(csv.DictReader(io.StringIO(content)))


def record():
    db.session().rollback()
    query = select(Submission).where(Submission.household_code.is_not(None))
    options = (undefer(Submission.xml), undefer(Submission.answers))
    query = query.options(*options).execution_options(populate_existing=True)
    return db.session().scalars(query).one()


def test_an_interview_goes_back_to_its_team_is_edited_and_approved(stage, phones, browser, drain):
    lan, tu = phones
    hoa = browser(stage.hoa)
    form = lan.sync()["gnbv_household"]
    answers = {**remedy.DEAD_COW, "visit": stage.visit_code, "hamlet": "03232-T1"}
    answers["l_photo"] = photo()
    [first] = javarosa.fill(form.xform, form.media, answers, auto="none", username="lan")
    lan.send(first)
    drain()
    sent = record()
    raised = set(db.session().scalars(select(Finding.rule_id)))
    assert to_correct(lan) == to_correct(tu) == [] and len(raised) == 2
    path = next(p for p in re.findall(r'name="note:([^"]+)"', page(hoa, sent)) if "l_item" in p)

    hoa.post(
        f"/submissions/{sent.id}/review",
        data={
            "decision": "return", "revision": "1", "reason": "Xem lại con bò còn hay mất",
            f"note:{path}": "Ghi rõ giống bò",
        },
    )  # fmt: skip
    drain()

    [row] = to_correct(lan)
    assert to_correct(tu) == []
    assert row["reason"] == "Xem lại con bò còn hay mất"
    assert "Ghi rõ giống bò" in row["notes"] and "•" in row["notes"]
    assert (row["returned_by"], row["instance_id"]) == ("Hoa", first.instance_id)
    assert "Bản Tả Phìn 1, Xã Tả Phìn" in row["label"]

    fix = lan.sync()["gnbv_fix"]
    said = {"fix": row["name"], "fix_done": "da_sua", "fix_say": "Nhập nhầm, bò vẫn khỏe"}
    [reply] = javarosa.fill(fix.xform, fix.media, said, auto="none", username="lan")
    lan.send(reply)
    [edit] = javarosa.fill(
        form.xform, form.media, {"l_state": "tot", "l_item": "1 con bò cái H'Mông"},
        previous=first, auto="none",
    )  # fmt: skip
    assert edit.report["deprecatedID"] == first.instance_id
    lan.send(edit)
    drain()

    now = record()
    assert (now.id, now.number, now.review_state) == (sent.id, 2, ReviewState.EDITED)
    assert (now.xml, now.root_instance_id) == (edit.xml, first.instance_id)
    query = select(SubmissionVersion).options(undefer(SubmissionVersion.xml))
    assert db.session().scalars(query).one().xml == first.xml
    assert to_correct(lan) == []
    comment = db.session().scalars(select(SubmissionComment)).one()
    assert (comment.submission_id, comment.body, comment.actor, comment.via) == (
        sent.id, "Nhập nhầm, bò vẫn khỏe", "Lan", "phone",
    )  # fmt: skip
    lapsed = db.session().scalars(select(Finding).where(Finding.lapsed_at.is_not(None))).all()
    assert [each.topic for each in lapsed] == ["D2_03"]

    shown = page(hoa, now)
    assert "<del>1 con bò cái sinh sản</del>" in shown
    assert "<ins>1 con bò cái H&#39;Mông</ins>" in shown
    assert "Bản sửa không còn nêu" in shown and "Nhập nhầm, bò vẫn khỏe" in shown
    [revision] = re.findall(r'name="revision" value="(\d+)"', shown)
    hoa.post(f"/submissions/{sent.id}/review", data={"decision": "approve", "revision": revision})
    drain()
    assert record().review_state is ReviewState.APPROVED
    lan.send(first)  # a late retry of the original
    drain()
    assert (record().number, record().review_state) == (2, ReviewState.APPROVED)


def test_a_return_that_is_taken_back_leaves_the_phone(stage, phones, browser, drain):
    lan, _tu = phones
    hoa = browser(stage.hoa)
    form = lan.sync()["gnbv_household"]
    answers = {**remedy.DEAD_COW, "visit": stage.visit_code, "hamlet": "03232-T1"}
    lan.send(javarosa.fill(form.xform, form.media, answers, auto="none", username="lan")[0])
    drain()
    key = record().id
    for revision, decision, rows in ((1, "return", 1), (2, "take-back", 0), (3, "return", 1)):
        data = {"decision": decision, "revision": revision, "reason": "Thiếu ảnh"}
        hoa.post(f"/submissions/{key}/review", data=data)
        drain()

        assert len(to_correct(lan)) == rows


def page(client, found):
    return client.get(f"/submissions/{found.id}").text
