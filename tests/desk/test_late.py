"""Which phones and teams the office should ask after, and what is known not to have been sent."""

import datetime as dt
import html
import re

import pytest
from sqlalchemy import select

from server import clock
from server.db import db, transaction
from server.monitoring import service as monitoring
from server.monitoring.models import Visit, VisitState
from server.submissions.models import Submission
from server.teams.models import Phone
from tests.conftest import ACTOR
from tests.desk.conftest import photo


def shown(client, plan_id):
    answer = client.get(f"/plans/{plan_id}/late")
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


@pytest.fixture
def minh(browser, cast):
    return browser(cast.minh)


def heard_of(days_ago):
    with transaction() as session:
        for phone in session.scalars(select(Phone)):
            phone.last_seen_at = clock.now() - dt.timedelta(days=days_ago)


def dated(story, first, last, state=VisitState.UNDER_WAY):
    with transaction() as session:
        visit = session.get_one(Visit, story.visit.id)
        today = clock.today()
        days = (today + dt.timedelta(days=first), today + dt.timedelta(days=last))
        monitoring.assign(session, visit, visit.team, *days, ACTOR)
        visit.state = state


def test_nothing_late_says_so(minh, story):
    heard_of(0)

    page = shown(minh, story.plan_id)

    assert "Không có lượt nào đến hạn mà chưa xong." in page
    assert "Mọi máy đều mới liên lạc" in page


def test_a_phone_silent_for_more_than_three_days_is_named(minh, story):
    heard_of(2.9)
    assert "Lâu không liên lạc" not in shown(minh, story.plan_id)

    heard_of(3.1)
    page = shown(minh, story.plan_id)
    assert "Lan" in page and "Lâu không liên lạc" in page


def test_files_that_a_form_names_and_did_not_come_are_counted(minh, story):
    story.send(anh="1.jpg")
    story.send({"2.jpg": photo()}, anh="2.jpg")
    heard_of(0)

    page = shown(minh, story.plan_id)

    assert "1 tệp của 1 phiếu" in page


def test_returned_records_wait_on_their_phone(minh, story):
    story.send()
    with transaction() as session:
        session.scalars(select(Submission)).one().returned_at = clock.now()
    heard_of(0)

    assert "1 phiếu trả lại chưa sửa" in shown(minh, story.plan_id)


@pytest.mark.parametrize(
    ("first", "last", "state", "said"),
    [
        (-5, -3, VisitState.UNDER_WAY, "Chậm"),
        (-1, 1, VisitState.UNDER_WAY, "Đoàn 1"),
        (-5, -3, VisitState.DONE, "Không có lượt nào đến hạn"),
        (1, 3, VisitState.PLANNED, "Không có lượt nào đến hạn"),
    ],
)
def test_a_team_is_late_when_the_days_of_its_visit_are_over(minh, story, first, last, state, said):
    dated(story, first, last, state)

    page = shown(minh, story.plan_id)

    assert said in page
    assert ("Chậm" in page) == (said == "Chậm")


def test_a_key_that_was_taken_back_is_not_asked_after(minh, story):
    heard_of(10)
    with transaction() as session:
        session.scalars(select(Phone)).one().revoked_at = clock.now()

    assert "Mọi máy đều mới liên lạc" in shown(minh, story.plan_id)


def test_statements_do_not_grow_with_phones(minh, story, statements, cast):
    heard_of(10)
    with statements() as few:
        shown(minh, story.plan_id)
    with transaction() as session:
        for number in range(20):
            session.add(
                Phone(
                    plan_id=story.plan_id, person_id=cast.lan.id, token_sha256=str(number),
                    created_at=clock.now() - dt.timedelta(days=9),
                )
            )  # fmt: skip
    with statements() as many:
        assert shown(minh, story.plan_id).count("Chưa kết nối") == 20

    assert len(many) == len(few)


def test_who_does_not_see_phones_does_not_see_late_ones(browser, cast, story, officer):
    address = f"/plans/{story.plan_id}/late"

    assert browser(cast.lan).get(address).status_code == 403
    assert browser(officer).get(address).status_code == 403
    assert browser(cast.an).get(address).status_code == 404
    assert db.session.query(Phone).count() == 1
