"""One rule in many households of a commune: counted among those asked, decided at once."""

import pytest
from sqlalchemy import select

from server import journal
from server.db import db, transaction
from server.findings import grouping, remedy, service
from server.findings.models import Finding, FindingGroup, FindingState, FindingStep, RuleAsked
from server.findings.remedy import Unit
from server.journal import SYSTEM, Actor
from server.monitoring import service as monitoring
from server.monitoring.models import Plan, Round, RoundKind
from server.places import queries as places
from server.submissions.models import ReviewState, Submission
from tests.conftest import ACTOR
from tests.desk.conftest import interview
from tests.desk.test_remedy_steps import in_days
from tests.worlds import kept

HOA = Actor("page", None, "Hoa")


@kept
def three(story):
    """Three households of five received short; one of the other two was not asked."""
    for du in ("no", "no", "no", "yes"):
        story.send(du=du)
    story.send(du="")


@pytest.fixture
def group(three, session):
    return session.scalars(select(FindingGroup)).one().id


def states():
    db.session().rollback()
    db.session().expire_all()
    return [each.state for each in db.session().scalars(select(Finding).order_by(Finding.id))]


def numbers():
    db.session().rollback()
    rows = db.session().execute(select(RuleAsked.rule_id, RuleAsked.asked))
    return dict(map(tuple, rows))


def test_the_register_says_in_how_many_of_those_asked(three, browser, cast):
    page = browser(cast.hoa).get("/findings").text

    table = page[page.index('id="findings"') :]
    assert table.count("Hộ nhận thiếu") == 1
    assert "3 trên 4 phiếu hỏi được" in table
    assert "Chờ kết luận: 3" in table


def test_a_group_leads_to_each_of_its_findings_and_forms(group, browser, cast, session):
    page = browser(cast.hoa).get(f"/findings/groups/{group}").text

    assert "3 trên 4" in page and "không suy rộng" in page
    for finding in session.scalars(select(Finding)):
        assert f'href="/findings/{finding.id}"' in page
        assert f'href="/submissions/{finding.submission_id}"' in page
    one = browser(cast.hoa).get(f"/findings/{finding.id}").text
    assert f'href="/findings/groups/{group}"' in one


def test_handling_a_form_again_counts_it_once(three, session, drain):
    before = numbers()
    for submission in session.scalars(select(Submission)).all():
        with transaction() as writing:
            journal.write(
                writing, SYSTEM, "submission.linked", "submission", submission.id,
                submission.plan_id,
            )  # fmt: skip
    drain()

    assert numbers() == before
    assert before["B01"] == 4


def test_an_interview_that_was_rejected_is_none(three, session, drain):
    submission = session.scalars(select(Submission).order_by(Submission.id)).first()

    def review(state):
        with transaction() as writing:
            writing.get(Submission, submission.id).review_state = state
            journal.write(
                writing, SYSTEM, "submission.reviewed", "submission", submission.id,
                submission.plan_id,
            )  # fmt: skip
        drain()
        return numbers()["B01"]

    assert [review(s) for s in (ReviewState.REJECTED, ReviewState.APPROVED)] == [3, 4]


def test_a_group_is_confirmed_and_assigned_in_one_go(group, browser, cast):
    client = browser(cast.hoa)

    confirmed = client.post(f"/findings/groups/{group}/settle", data={"decision": "confirm"})
    assigned = client.post(
        f"/findings/groups/{group}/assign",
        data={
            "responsible": "UBND xã", "level": "xa", "document": "45/UB",
            "due_on": in_days(10).isoformat(),
        },
    )  # fmt: skip

    assert (confirmed.status_code, assigned.status_code) == (302, 302)
    assert states() == [FindingState.ASSIGNED] * 3
    again = client.post(f"/findings/groups/{group}/settle", data={"decision": "confirm"})
    assert again.status_code == 409


def test_a_group_is_assigned_wholly_or_not_at_all(group, browser, cast, session):
    client = browser(cast.hoa)
    client.post(f"/findings/groups/{group}/settle", data={"decision": "confirm"})

    answer = client.post(
        f"/findings/groups/{group}/assign",
        data={"responsible": "UBND", "level": "xa", "document": "1", "due_on": "2001-01-01"},
    )

    assert answer.status_code == 422 and 'id="giao-due_on-error"' in answer.text
    assert states() == [FindingState.CONFIRMED] * 3
    assert len(session.scalars(select(FindingStep)).all()) == 3


def test_only_who_decides_there_decides_on_a_group(group, browser, cast, officer):
    address = f"/findings/groups/{group}"

    for person, status in ((cast.an, 404), (cast.lan, 403)):
        assert browser(person).get(address).status_code == status
    assert browser(cast.minh).get(address).status_code == 200
    assert "/settle" not in browser(cast.minh).get(address).text
    assert browser(cast.minh).post(f"{address}/settle").status_code == 403
    assert browser(officer).post(f"{address}/settle").status_code == 403
    browser(cast.hoa).post(f"{address}/settle", data={"decision": "confirm"})
    seen = browser(officer).get(address)
    assert seen.status_code == 200
    assert "/submissions/" not in seen.text and "Hộ 01" not in seen.text


def test_the_unit_does_not_see_groups_of_a_surprise_visit(group, browser, officer):
    with transaction() as session:
        session.scalars(select(Round)).one().kind = RoundKind.UNANNOUNCED

    assert browser(officer).get(f"/findings/groups/{group}").status_code == 404
    assert "Hộ nhận thiếu" not in browser(officer).get("/findings").text


def test_the_same_commune_in_another_round_repeats_it(story, group, session, browser, cast, drain):
    with transaction() as writing:
        plan = writing.get(Plan, story.plan_id)
        later = monitoring.add_round(writing, plan, "VB24-2", "Đợt 2", ACTOR)
        visit = monitoring.add_visit(writing, later, story.visit.place, ACTOR)
    drain()
    story.send(xml=interview(visit.code, story.hamlet.code, du="no"))

    session.rollback()
    second = session.scalars(select(FindingGroup).order_by(FindingGroup.id.desc())).first()
    assert second.repeats_id == group
    assert 'data-state="lap_lai"' in browser(cast.hoa).get("/findings").text
    for one, other in ((second.id, group), (group, second.id)):
        page = browser(cast.hoa).get(f"/findings/groups/{one}").text
        assert f'href="/findings/groups/{other}"' in page[page.index('id="alike"') :]


def test_a_commune_is_followed_through_a_merger(story, group, session):
    """Resolution 202/2025/QH15 and the resolutions after it merged communes from 1 July 2025."""
    heirs = session.execute(places.successors("2024", story.visit.place.code)).all()
    ring = grouping.lineage(session, story.visit.place_id)

    assert ring[0] == story.visit.place_id
    assert heirs and {place.id for place, _ in heirs} <= set(ring)
    assert story.visit.place_id in grouping.lineage(session, heirs[0][0].id)


def test_a_form_linked_anew_takes_its_findings_to_the_group_of_there(story, group, session, drain):
    submission = session.scalars(select(Submission).order_by(Submission.id)).first()
    with transaction() as writing:
        held = writing.get(Submission, submission.id)
        held.area, held.place_id = story.other_commune.area, story.other_commune.id
        held.visit_id = None
        journal.write(writing, SYSTEM, "submission.linked", "submission", held.id, held.plan_id)
    drain()

    session.expire_all()
    moved = session.scalars(select(Finding).where(Finding.submission_id == submission.id)).one()
    assert moved.group_id != group and moved.group.area == story.other_commune.area
    assert numbers()["B01"] == 3


def test_more_groups_do_not_mean_more_statements(story, browser, cast, statements):
    client = browser(cast.hoa)

    def shown():
        with statements() as seen:
            assert client.get("/findings").status_code == 200
        return len(seen)

    story.send(du="no")
    one = shown()
    story.send(du="no", so_tien="200000")
    with transaction() as session:
        for finding in session.scalars(select(Finding)).all():
            service.settle(session, finding, FindingState.CONFIRMED, "", HOA)
            remedy.assign(session, finding, Unit("UBND"), in_days(3), "1/UB", HOA)

    assert shown() == one


def test_more_members_do_not_mean_more_statements(story, browser, cast, statements, session):
    client = browser(cast.hoa)
    story.send(du="no")
    group = session.scalars(select(FindingGroup)).one().id

    def shown():
        with statements() as seen:
            assert client.get(f"/findings/groups/{group}").status_code == 200
        return len(seen)

    one = shown()
    for _ in range(3):
        story.send(du="no")

    assert shown() == one


def test_each_finding_can_be_listed_alone(three, browser, cast):
    page = browser(cast.hoa).get("/findings?view=each").text

    assert page[page.index('id="findings"') :].count("Hộ nhận thiếu") == 3
