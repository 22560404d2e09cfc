"""What follows from an edit: place, findings and figures go along; what was decided stays."""

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from server.db import db, transaction
from server.findings import service as findings
from server.findings.models import Finding, FindingState, RuleAsked
from server.journal import Actor, Line
from server.problems import NotFound
from server.submissions.commands import group
from server.submissions.models import Held, HeldState, Submission
from server.submissions.problems import ReviewReasonNeeded
from tests import forms
from tests.desk.conftest import CHILDREN, interview

HOA = Actor("page", None, "Hoa")


@pytest.fixture
def edit(story):
    """Send an edit of a form; each names the one before it."""

    def send(key, old, **said):
        hamlet = said.pop("hamlet", story.hamlet.code)
        xml = interview(said.pop("visit", story.visit.code), hamlet, instance_id=key, **said)
        named = f"<orx:deprecatedID>{old}</orx:deprecatedID><orx:instanceName>".encode()
        return story.send(xml=xml.replace(b"<orx:instanceName>", named))

    return send


def raised():
    """Return each finding's rule, state, and whether it has lapsed."""
    db.session().rollback()
    db.session().expire_all()
    rows = db.session().scalars(select(Finding).order_by(Finding.rule_id))
    return [(row.rule_id, row.state, row.lapsed_at is not None) for row in rows]


def again(drain):
    """Do all the work of a record once more, as after a worker that was killed."""
    with transaction() as session:
        for verb in ("submission.edited", "submission.linked"):
            line = session.scalars(select(Line).where(Line.verb == verb).order_by(Line.id)).first()
            session.execute(
                Line.metadata.tables["work"].insert(),
                {"line_id": line.id, "attempts": 0, "next_at": line.at, "error": None},
            )
    drain()


def test_findings_follow_the_new_answers_and_those_no_longer_raised_are_marked(story, edit, drain):
    story.send(instance_id="uuid:1", du="no", so_tien="200000")
    assert raised() == [("B01", FindingState.NEW, False), ("B02", FindingState.NEW, False)]

    edit("uuid:2", "uuid:1", du="yes", so_tien="300000", more=CHILDREN)

    after = [
        ("B01", FindingState.NEW, True), ("B02", FindingState.NEW, False),
        ("B03", FindingState.NEW, False),
    ]  # fmt: skip
    assert raised()[:3] == after
    again(drain)
    assert raised()[:3] == after
    lines = db.session().scalars(select(Line).where(Line.verb == "finding.lapsed")).all()
    assert len(lines) == 1
    edit("uuid:3", "uuid:2", du="no", so_tien="300000", more=CHILDREN)
    assert raised()[0] == ("B01", FindingState.NEW, False)


def test_a_finding_that_was_decided_stays_as_it_was_decided(story, edit):
    story.send(instance_id="uuid:1", du="no")
    with transaction() as session:
        found = session.scalars(select(Finding)).one()
        findings.settle(session, found, FindingState.CONFIRMED, "", HOA)

    edit("uuid:2", "uuid:1", du="yes")

    assert raised()[0] == ("B01", FindingState.CONFIRMED, False)


def test_the_page_of_the_record_says_which_findings_lapsed(story, edit, browser, cast):
    key = story.send(instance_id="uuid:1", du="no")
    edit("uuid:2", "uuid:1", du="yes")

    assert "Bản sửa không còn nêu" in browser(cast.hoa).get(f"/submissions/{key}").text


def test_place_point_label_and_words_are_those_of_the_newest_content(story, edit, session):
    key = story.send(instance_id="uuid:1", gps="20.38 106.08 0 5")
    session.rollback()
    assert session.get(Submission, key).distance_m < 1

    edit("uuid:2", "uuid:1", gps="20.40 106.08 0 5", label="Hộ 02", hamlet="", ten="Bùi Văn Cù")

    session.rollback()
    session.expire_all()
    found = session.get(Submission, key)
    assert found.hamlet_id is None and found.label == "Hộ 02"
    assert (found.latitude, found.visit_id) == (20.4, story.visit.id)
    assert "bui van cu" in found.search_text and "nhung" not in found.search_text


def test_an_interview_that_an_edit_reopens_counts_once(story, edit, drain):
    """Rejected it counts for no rule; edited it counts again, for what it can answer now."""
    key = story.send(instance_id="uuid:1", du="no")
    asked = lambda: dict(  # noqa: E731 - read several times below
        db.session().execute(select(RuleAsked.rule_id, RuleAsked.asked)).all()
    )
    assert asked()["B01"] == 1
    CliRunner().invoke(group, ["review", str(key), "reject", "--reason", "Hỏi nhầm hộ"])
    drain()
    db.session().rollback()
    assert asked()["B01"] == 0

    edit("uuid:2", "uuid:1", du="yes")
    again(drain)

    db.session().rollback()
    assert asked()["B01"] == 1


@pytest.fixture
def run(app):
    def go(*words):
        done = CliRunner().invoke(group, [*map(str, words), "--json"], standalone_mode=False)
        if done.exception:
            raise done.exception
        return [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]

    return go


def test_versions_and_decisions_at_a_terminal(story, edit, run):
    key = story.send(instance_id="uuid:1")
    edit("uuid:2", "uuid:1", ten="Bùi Văn Cù")

    newest, first = run("versions", "uuid:1")

    assert (newest["number"], newest["instance_id"], first["instance_id"]) == (
        2,
        "uuid:2",
        "uuid:1",
    )
    assert newest["changed"] == [
        {"path": "ten", "before": "Nguyễn Thị Nhung", "after": "Bùi Văn Cù"}
    ]
    assert first["changed"] == [] and first["person"] == "Lan"
    [made] = run("review", key, "approve")
    assert made == {
        "id": key, "decision": "approve", "review_state": "approved", "reason": "", "number": 2,
    }  # fmt: skip
    [shown] = run("show", "uuid:1")
    assert (shown["review_state"], shown["review_level"]) == ("approved", 2)
    assert (shown["number"], shown["root_instance_id"]) == (2, "uuid:1")
    with pytest.raises(ReviewReasonNeeded):
        run("review", "uuid:2", "return")
    for wrong in ("uuid:9", "999", "9" * 30, "²"):
        with pytest.raises(NotFound):
            run("versions", wrong)


def test_an_edit_held_for_its_original_says_so_and_may_be_taken_in_alone(
    story, edit, browser, cast
):
    xml = interview(story.visit.code, story.hamlet.code, instance_id="uuid:2").replace(
        b"<orx:instanceName>", b"<orx:deprecatedID>uuid:1</orx:deprecatedID><orx:instanceName>"
    )
    story.send(xml=xml, expected=202)
    held = db.session().scalars(select(Held)).one()

    page = browser(cast.minh).get(f"/held/{held.id}").text
    assert "Bản này tự được nhận khi bản gốc đến" in page and "Nhận vào kế hoạch" in page
    assert browser(cast.minh).post(f"/held/{held.id}/take-in").status_code == 302

    db.session().rollback()
    db.session().expire_all()
    assert db.session().scalars(select(Held)).one().state is HeldState.INGESTED
    assert db.session().scalars(select(Submission)).one().instance_id == "uuid:2"


def test_an_edit_that_came_too_late_is_shown_beside_the_record(story, edit, browser, cast):
    key = story.send(instance_id="uuid:1")
    edit("uuid:2", "uuid:1", ten="Bùi Văn Cù")
    xml = interview(story.visit.code, story.hamlet.code, instance_id="uuid:9", ten="Lê Thị Na")
    xml = xml.replace(
        b"<orx:instanceName>", b"<orx:deprecatedID>uuid:1</orx:deprecatedID><orx:instanceName>"
    )
    story.send(xml=xml, expected=409)
    held = db.session().scalars(select(Held)).one()

    page = browser(cast.minh).get(f"/held/{held.id}").text

    assert f'href="/submissions/{key}"' in page
    assert "Bùi Văn Cù" in page and "Lê Thị Na" in page
    assert "/take-in" not in page


def test_a_closed_plan_keeps_an_edit_apart_until_it_is_opened(story, edit, app, base):
    story.send(instance_id="uuid:1")
    with transaction() as session:
        plans = Submission.metadata.tables["plan"]
        session.execute(update(plans).values(state="closed"))
    xml = forms.filled("uuid:2", form="hogd", version="7", replaces="uuid:1")

    assert app.test_client().post(f"{base}/submission", **forms.parts(xml)).status_code == 409
    db.session().rollback()
    found = db.session().scalars(select(Held)).one()
    assert (found.reason, found.deprecated_id) == ("submissions.plan-closed", "uuid:1")
