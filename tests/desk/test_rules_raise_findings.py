"""What the rules of a form do when an interview has arrived."""

import datetime as dt

import pytest
from sqlalchemy import select

from server import journal
from server.db import db, transaction
from server.findings import firing, service
from server.findings.models import Finding, FindingState
from server.findings.problems import AlreadySettled, ReasonNeeded
from server.findings.rules import RuleMistake
from server.findings.service import Raised
from server.journal import SYSTEM, Actor, Line
from server.monitoring.models import Record, Round
from server.submissions.models import Submission
from server.surveys.models import FormVersion
from tests import forms
from tests.conftest import ACTOR
from tests.desk.conftest import CHILDREN, WORKBOOK

HOA = Actor("page", 1, "Hoa")
SEEN = Raised("", (), 3, "QL05", "", "", "Hồ sơ  thiếu chữ ký", "Files unsigned", 10)


def held(session):
    session.rollback()
    return {each.rule_id: each for each in session.scalars(select(Finding).order_by(Finding.id))}


def test_a_finding_is_tied_to_question_place_project_table_visit_and_record(story, session):
    submission_id = story.send(du="no")

    [finding] = held(session).values()
    record = session.scalars(select(Record)).one()
    assert (finding.rule_id, finding.severity, finding.topic) == ("B01", 4, "TH01")
    assert (finding.project_code, finding.table_label) == ("DA2", "Biểu 05")
    assert finding.questions == ["du"]
    assert (finding.submission_id, finding.plan_id) == (submission_id, story.plan_id)
    assert (finding.visit_id, finding.record_id) == (story.visit.id, record.id)
    assert (finding.place_id, finding.area) == (story.visit.place_id, story.visit.area)
    assert (finding.title, finding.title_en, finding.due_days) == (
        "Hộ nhận thiếu", "Received short", 10,
    )  # fmt: skip
    assert finding.state is FindingState.NEW


def test_an_interview_without_shortcomings_raises_nothing(story, session):
    story.send()

    assert held(session) == {}


def test_rows_of_a_repeat_raise_one_finding_together(story, session):
    story.send(more=CHILDREN + "<tv><ten_tv>Út</ten_tv><tuoi>1</tuoi></tv>")

    assert set(held(session)) == {"B03"}


def test_a_round_sets_its_own_thresholds(story, session):
    story.send(so_tien="30")
    assert set(held(session)) == {"B04"}
    with transaction() as writing:
        writing.scalars(select(Round)).one().params = {"loss_rate_max": 40}

    story.send(so_tien="30")

    assert len(db.session().scalars(select(Finding)).all()) == 1


def test_the_same_line_handled_twice_raises_once(story, session, drain):
    submission_id = story.send(du="no")
    with transaction() as writing:
        journal.write(
            writing, SYSTEM, "submission.linked", "submission", submission_id, story.plan_id
        )

    drain()

    assert set(held(session)) == {"B01"}
    raised = session.scalars(select(Line).where(Line.verb == "finding.raised")).all()
    assert [line.detail["findings"] for line in raised] == [[held(session)["B01"].id]]


def test_a_decision_stays_when_the_submission_is_linked_again(story, session, drain, cast):
    submission_id = story.send(du="no")
    with transaction() as writing:
        finding = writing.scalars(select(Finding)).one()
        service.settle(writing, finding, FindingState.REJECTED, "nhầm hộ", HOA)
        writing.get(Submission, submission_id).area = story.other_commune.area
        journal.write(
            writing, SYSTEM, "submission.linked", "submission", submission_id, story.plan_id
        )

    drain()

    session.expire_all()
    finding = held(session)["B01"]
    assert (finding.state, finding.note) == (FindingState.REJECTED, "nhầm hộ")
    assert finding.area == story.other_commune.area


def test_an_encrypted_submission_raises_nothing(story, session, drain):
    submission_id = story.send(du="no")
    with transaction() as writing:
        writing.query(Finding).delete()
        writing.get(Submission, submission_id).encrypted = True
        journal.write(
            writing, SYSTEM, "submission.linked", "submission", submission_id, story.plan_id
        )

    drain()

    assert held(session) == {}


def test_a_decision_is_made_once_and_leaves_who_and_when(story, session):
    story.send(du="no")
    with transaction() as writing:
        finding = writing.scalars(select(Finding)).one()
        service.settle(writing, finding, FindingState.CONFIRMED, "", HOA)

    finding = held(session)["B01"]
    assert (finding.state, finding.settled_by) == (FindingState.CONFIRMED, "Hoa")
    assert finding.settled_at is not None
    line = session.scalars(select(Line).where(Line.verb == "finding.settled")).one()
    assert (line.actor, line.detail) == ("Hoa", {"state": "xac_nhan"})
    with pytest.raises(AlreadySettled, match="Hoa"), transaction() as writing:
        service.settle(writing, finding, FindingState.REJECTED, "đổi ý", ACTOR)


def test_a_rejection_without_a_reason_is_refused(story, session):
    story.send(du="no")

    finding = held(session)["B01"]

    with pytest.raises(ReasonNeeded), transaction() as writing:
        service.settle(writing, finding, FindingState.REJECTED, "   ", HOA)

    assert held(session)["B01"].state is FindingState.NEW


def test_what_a_person_sees_is_raised_by_hand_as_often_as_they_say(story, session):
    submission_id = story.send()
    with transaction() as writing:
        submission = writing.get(Submission, submission_id)
        first = service.raise_by_hand(writing, submission, SEEN, HOA)
        second = service.raise_by_hand(writing, submission, SEEN, HOA)

    assert (first.rule_id, first.occurrence, second.occurrence) == ("TAY", 0, 1)
    assert (first.title, first.record_id) == ("Hồ sơ thiếu chữ ký", story.visit.record.id)


def test_a_form_with_a_broken_rule_is_not_published(app, plan):
    broken = WORKBOOK.replace("du = 'no' ", "dux = 'no'").replace(" 7 ", " 8 ")

    with pytest.raises(RuleMistake) as caught:
        forms.publish(app, plan.id, broken)

    assert "B01" in caught.value.text("vi")
    assert caught.value.details["row"] == 2


def test_a_published_form_with_a_broken_rule_still_uses_the_others(story, session):
    version = session.get(FormVersion, story.version_id)
    rows = [dict(rule) for rule in version.rules]
    rows[0]["when"] = "khong_co = 1"

    usable = firing.usable(rows, firing.form_fields.from_json(version.fields))

    assert [rule.rule_id for rule in usable] == ["B02", "B03", "B04"]


def test_a_phone_clock_that_runs_ahead_does_not_move_the_day_of_a_rule():
    received = dt.datetime(2024, 4, 15, 3, tzinfo=dt.UTC)
    ahead = dt.datetime(2031, 1, 1, tzinfo=dt.UTC)

    assert firing.filled_on(ahead, ahead, received) == dt.date(2024, 4, 15)
