"""One decision on many records: seen before it is made, and made as it was seen."""

import re

import pytest
from sqlalchemy import select

from server.db import db, transaction
from server.permissions import Role
from server.submissions.models import ReviewState, Submission, SubmissionReview
from server.teams import service as teams
from tests.conftest import ACTOR
from tests.worlds import kept


@kept
def three(story):
    return [story.send(label=f"Hộ {name}") for name in "ABC"]


@pytest.fixture
def address(story):
    return f"/plans/{story.plan_id}/submissions/review"


@pytest.fixture
def hoa(browser, cast):
    return browser(cast.hoa)


def states():
    db.session().rollback()
    db.session().expire_all()
    return [
        each.review_state
        for each in db.session().scalars(select(Submission).order_by(Submission.id))
    ]


def form_of(page):
    """Return what the preview's form would post."""
    found = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page):
        found.setdefault(name, []).append(value)
    return found


def test_a_page_of_records_is_approved_in_two_presses(story, address, three, hoa):
    listed = hoa.get(f"/plans/{story.plan_id}/submissions").text
    shown = re.findall(r'name="shown" value="(\d+)"', listed)

    preview = hoa.get(address, query_string={"decision": "approve", "shown": shown, "back": "q=ho"})
    assert states() == [ReviewState.RECEIVED] * 3
    done = hoa.post(address, data=form_of(preview.text))

    assert "áp dụng cho cả trang" in preview.text
    assert "Duyệt 3 phiếu" in preview.text
    assert states() == [ReviewState.APPROVED] * 3
    assert done.location == f"/plans/{story.plan_id}/submissions?q=ho"
    assert "Duyệt: 3 phiếu." in hoa.get(done.location).text


def test_only_the_ticked_ones_are_decided_on(address, three, hoa):
    preview = hoa.get(
        address, query_string={"decision": "approve", "record": three[:2], "shown": three}
    )
    hoa.post(address, data=form_of(preview.text))

    assert states() == [ReviewState.APPROVED] * 2 + [ReviewState.RECEIVED]


def test_a_record_that_changed_after_the_preview_is_left_alone_and_named(address, three, hoa):
    preview = hoa.get(address, query_string={"decision": "approve", "record": three})
    hoa.post(f"/submissions/{three[1]}/review",
             data={"decision": "reject", "reason": "Sai hộ", "revision": "1"})  # fmt: skip

    done = hoa.post(address, data=form_of(preview.text))

    assert done.status_code == 200
    assert "đã thay đổi từ khi bạn mở trang" in done.text
    assert "Hộ B" in done.text and "Hộ A" not in done.text
    assert states() == [ReviewState.APPROVED, ReviewState.REJECTED, ReviewState.APPROVED]


def test_returning_needs_a_reason_and_keeps_what_was_chosen(address, three, hoa):
    preview = hoa.get(address, query_string={"decision": "return", "record": three[:1]})

    refused = hoa.post(address, data=form_of(preview.text) | {"reason": "  "})
    assert "Hãy điền ô này" in refused.text
    assert states() == [ReviewState.RECEIVED] * 3
    hoa.post(address, data=form_of(refused.text) | {"reason": "Thiếu tuổi"})

    assert states()[0] is ReviewState.HAS_ISSUES
    made = db.session().scalars(select(SubmissionReview)).one()
    assert made.reason == "Thiếu tuổi"


def test_what_may_not_be_decided_is_shown_with_the_reason_before(address, three, hoa):
    with transaction() as session:
        session.get(Submission, three[2]).team_id = None

    page = hoa.get(address, query_string={"decision": "return", "record": three}).text

    assert re.search(r'Sẽ thay đổi <small class="fine">\(2\)', page)
    assert re.search(r'Không thay đổi <small class="fine">\(1\)', page)
    assert "Phiếu chưa thuộc đoàn nào" in page


def test_records_of_elsewhere_are_neither_shown_nor_decided_on(story, address, three, browser, app):
    with transaction() as session:
        session.get(Submission, three[0]).area = story.other_commune.area
        person = teams.add_person(session, "Duyệt xã", ACTOR, "duyetxa@example.vn")
        teams.grant(session, person, Role.REVIEWER, story.visit.area, ACTOR)
    client = browser(person)

    page = client.get(address, query_string={"decision": "approve", "record": three}).text
    client.post(address, data={"decision": "approve", "record": [f"{each}:1" for each in three]})

    assert "Hộ A" not in page
    assert states() == [ReviewState.RECEIVED] + [ReviewState.APPROVED] * 2


def test_who_may_not_review_has_no_buttons_and_is_refused(story, address, three, browser, cast):
    lan = browser(cast.lan)

    assert 'name="decision"' not in lan.get(f"/plans/{story.plan_id}/submissions").text
    assert lan.get(address, query_string={"decision": "approve"}).status_code == 403
    data = {"decision": "approve", "record": "1:1"}
    assert lan.post(address, data=data).status_code == 403


def test_senseless_input_changes_nothing(address, three, hoa):
    for asked in ({"decision": "x"}, {"decision": "take-back"}):
        assert hoa.get(address, query_string=asked).status_code == 400
    for record in ("", "1", "1:2:3", "x:y", "-1:1", "99999:1", "1:999999999999", "1:x"):
        data = {"decision": "approve", "record": record}
        assert hoa.post(address, data=data).status_code in (200, 302)
    assert "Chưa chọn phiếu nào" in hoa.get(address, query_string={"decision": "approve"}).text

    assert states() == [ReviewState.RECEIVED] * 3


def test_deciding_on_one_record_goes_on_in_the_list_it_was_opened_from(story, three, hoa):
    page = hoa.get(f"/submissions/{three[1]}?form=hogd&dir=asc&sort=received").text
    action = re.search(r'action="([^"]+/review[^"]*)"', page)[1].replace("&amp;", "&")

    done = hoa.post(action, data={"decision": "approve", "revision": "1", "next": "1"})

    assert done.location.startswith(f"/submissions/{three[2]}?form=hogd&")
