"""Records are judged by the job once they are linked, and anew when their measure changes."""

import datetime as dt
import json
import re
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from server import clock, journal
from server.db import db, transaction
from server.monitoring import service as monitoring
from server.places import boundary_service
from server.places.boundaries import How
from server.places.boundary_models import BoundaryImport
from server.places.boundary_service import Credit
from server.places.models import Hamlet
from server.places.outlines import Outline
from server.quality import facts, service
from server.quality.commands import refresh
from server.quality.models import VisitCheck
from server.submissions import answer_index, conditions
from server.submissions.answer_models import FormQuestion, SubmissionAnswer
from server.submissions.indexing import Kind
from server.submissions.models import Submission, VisitVerdict
from tests import forms
from tests.conftest import ACTOR
from tests.desk import conftest as desk
from tests.places.shapes import SIDE, square

communes, story = desk.communes, desk.story
FAR = "20.42 106.08 0 5"  # some 4.4 km north of the hamlet
HERE = "20.381 106.081 0 5"


@pytest.fixture
def dated(story, drain):
    """The story's visit, on the day of its interviews."""
    with transaction() as session:
        visit = session.merge(story.visit)
        monitoring.assign(
            session, visit, visit.team, dt.date(2024, 4, 15), dt.date(2024, 4, 16), ACTOR
        )
    drain()
    return story


@pytest.fixture
def said() -> Callable[[int], dict[str, str]]:
    """Return what the checks of a record say: why, by code."""

    def of(record_id):
        db.session().rollback()
        db.session().expire_all()
        held = db.session().get(VisitCheck, record_id)
        return {each["code"]: each["why"] for each in held.checks}

    return of


def word(record_id):
    return db.session().scalar(select(Submission.verdict).where(Submission.id == record_id))


@pytest.fixture
def at_arrival(monkeypatch):
    """Forms of April 2024 arrive in April 2024."""
    now = dt.datetime(2024, 4, 15, 9, 0, tzinfo=dt.UTC)
    monkeypatch.setattr(clock, "now", lambda: now)


def test_a_record_made_in_its_hamlet_on_its_day_is_as_planned(dated, said, at_arrival):
    record = dated.send(gps=HERE)

    assert word(record) is VisitVerdict.CLEAR
    assert said(record) == {
        "place": "near", "accuracy": "sharp", "window": "within", "duration": "long-enough",
        "clock": "in-step",
    }  # fmt: skip


def test_a_record_made_elsewhere_is_kept_and_doubted_with_its_numbers(
    dated, said, browser, cast, at_arrival
):
    record = dated.send(gps=FAR)

    page = browser(cast.hoa).get(f"/submissions/{record}").text

    assert word(record) is VisitVerdict.DOUBT
    assert said(record)["place"] == "far"
    assert "cách điểm thôn 4,4 km, bán kính 600 m" in page
    assert "người duyệt mới là người kết luận" in page


def test_the_answers_of_a_person_are_counted_and_not_what_the_phone_adds(dated, said):
    """Visit, hamlet, name, yes or no, sum and point; not start, end and the phone's number."""
    record = dated.send(gps=HERE, more=desk.CHILDREN)

    (found,) = facts.read(db.session(), Submission.id == record)

    assert found.facts.answered == 10


def test_other_days_of_the_visit_change_the_verdict_of_its_records(dated, said, drain, at_arrival):
    record = dated.send(gps=HERE)
    with transaction() as session:
        visit = session.merge(dated.visit)
        monitoring.assign(
            session, visit, visit.team, dt.date(2024, 5, 2), dt.date(2024, 5, 3), ACTOR
        )
    drain()

    assert said(record)["window"] == "early"
    assert word(record) is VisitVerdict.DOUBT


def test_a_wider_radius_in_a_new_hamlet_list_clears_a_doubt(dated, said, drain, at_arrival):
    record = dated.send(gps=FAR)
    with transaction() as session:
        hamlet = session.get(Hamlet, dated.hamlet.id)
        hamlet.radius_m = 5000
        journal.write(session, ACTOR, "hamlets.imported", "edition", hamlet.edition_id, rows=1)
    drain()

    assert said(record)["place"] == "near"
    assert word(record) is VisitVerdict.CLEAR


def test_judging_twice_writes_nothing_the_second_time(dated):
    record = dated.send(gps=HERE)

    assert service.judge(facts.read(db.session(), Submission.id == record)) == []


def test_what_was_there_before_the_rows_is_caught_up_from_a_terminal(app, dated, at_arrival):
    """An office that upgrades has records and neither rows of answers nor verdicts."""
    for number in range(3):
        dated.send(gps=HERE, so_tien=str(number))
    tables = (SubmissionAnswer, FormQuestion, VisitCheck)
    before = [rows(table) for table in tables]
    with transaction() as session:
        for table in tables:
            session.query(table).delete()
        session.query(Submission).update({"verdict": None})

    done = app.test_cli_runner().invoke(refresh, ["--json"])

    assert done.exit_code == 0, done.output
    assert '"records": 3' in done.output
    assert [rows(table) for table in tables] == before
    assert word(1) is VisitVerdict.CLEAR


def rows(table):
    db.session().rollback()
    return db.session().scalar(select(func.count()).select_from(table))


def test_a_question_that_becomes_text_keeps_its_older_answers_findable(app, dated, drain):
    """Int to text is a change that publishing allows; older records then sort as text, too."""
    old = dated.send(so_tien="2500")
    changed = re.sub(r"integer( +\| so_tien)", r"text\1", desk.WORKBOOK)
    changed = re.sub(r"(\| hogd +\| )7", r"\g<1>8", changed)
    rules = changed.index("| finding_rules")
    forms.publish(app, dated.plan_id, changed[:rules], without="câu hỏi thành chữ")
    drain()

    form_pk = db.session().scalar(select(Submission.form_pk).where(Submission.id == old))
    question_id, kind = answer_index.of_form(db.session(), form_pk)["so_tien"]
    condition = conditions.Condition(question_id, kind, conditions.Op.HAS, ("250",))

    assert kind is Kind.TEXT
    found = select(Submission.id).where(*conditions.met(Submission.id, condition))
    assert db.session().scalars(found).all() == [old]


@pytest.fixture
def squares(app):
    """Take in a made-up square for a commune, and take it back."""

    def take_in(place, west, south):
        area = json.dumps({"type": "MultiPolygon", "coordinates": [square(west, south)]})
        outline = Outline(
            1, {"ma": place.code}, None, (west, south, west + SIDE, south + SIDE), area, area, 5, 5
        )
        credit = Credit("ô.geojson", "0" * 64, "Bịa để thử", "© Bịa để thử")
        with transaction() as session:
            return boundary_service.store(
                session, place.edition_id, [outline], How(), [""], credit, ACTOR
            )

    return take_in


def test_a_border_that_is_taken_in_or_back_is_held_against_the_records_there(
    dated, said, drain, squares, browser, cast, at_arrival
):
    place = dated.visit.place
    record = dated.send(gps=HERE)  # 20.381 106.081
    elsewhere = dated.send(gps=FAR)

    squares(place, 106.06, 20.36)
    drain()
    assert said(record)["boundary"] == "inside"
    page = browser(cast.hoa).get(f"/submissions/{elsewhere}").text
    assert f"ngoài địa giới {place.name}, cách 2,2 km" in page

    made = squares(place, 106.03, 20.36)  # its eastern side at 106.07, 1.1 km away
    drain()
    assert said(record)["boundary"] == "outside"
    assert word(record) is VisitVerdict.DOUBT

    with transaction() as session:
        boundary_service.withdraw(session, session.merge(made), ACTOR)
    drain()
    assert said(record)["boundary"] == "inside"
    assert word(record) is VisitVerdict.CLEAR


def test_records_within_a_new_border_are_judged_piece_by_piece(
    dated, said, drain, squares, monkeypatch, at_arrival
):
    monkeypatch.setattr(facts, "BATCH", 2)
    records = [dated.send(gps=HERE, so_tien=str(number)) for number in range(5)]

    squares(dated.visit.place, 106.06, 20.36)
    drain()

    assert {said(record)["boundary"] for record in records} == {"inside"}
    assert db.session().scalars(select(BoundaryImport.judging_from)).all() == [None]
