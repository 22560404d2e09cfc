"""What a reviewer sees and does on the page of a record."""

import re

import pytest
from sqlalchemy import select

from server.db import db, transaction
from server.permissions import Role
from server.submissions.models import (
    ReviewState,
    Submission,
    SubmissionComment,
    SubmissionReview,
    VersionFile,
)
from server.teams import service as teams
from server.teams.models import Phone, Team
from tests.conftest import ACTOR, VU_BAN, somebody
from tests.desk.conftest import CHILDREN, interview, photo


@pytest.fixture
def son(story):
    """Sơn leads the team whose phone sends."""
    with transaction() as session:
        team = session.scalars(select(Team)).one()
        leader = somebody("Sơn", Role.TEAM_LEADER, VU_BAN)
        session.add(leader)
        session.flush()
        teams.join(session, team, leader, leads=True, actor=ACTOR)
        session.scalars(select(Phone)).one().team_id = team.id
    return leader


def stands(key):
    db.session().rollback()
    db.session().expire_all()
    return db.session().get(Submission, key)


def decide(client, key, decision, revision=1, **fields):
    data = {"decision": decision, "revision": revision} | fields
    return client.post(f"/submissions/{key}/review", data=data)


def test_the_leader_approves_first_and_the_office_finally(story, son, browser, cast):
    key = story.send()
    page = browser(son).get(f"/submissions/{key}").text
    assert 'data-key="a"' in page and 'name="revision" value="1"' in page

    assert decide(browser(son), key, "approve").status_code == 302
    page = browser(cast.hoa).get(f"/submissions/{key}").text
    assert "Trưởng đoàn đã duyệt, chờ người duyệt" in page
    assert stands(key).review_state is ReviewState.RECEIVED
    decide(browser(cast.hoa), key, "approve", 2)

    assert stands(key).review_state is ReviewState.APPROVED
    assert "Người duyệt đã kết luận" in browser(son).get(f"/submissions/{key}").text


def test_who_decided_meanwhile_is_named_and_what_was_typed_stays(story, son, browser, cast):
    key = story.send()
    decide(browser(son), key, "has-issues", reason="Sai tên")

    answer = decide(browser(cast.hoa), key, "approve", 1, reason="Đã xem ảnh", **{"note:ten": "?"})

    assert answer.status_code == 409
    assert "Sơn đã ghi là có vấn đề lúc " in answer.text
    assert "Đã xem ảnh</textarea>" in answer.text
    assert 'name="note:ten" value="?"' in answer.text
    assert 'name="revision" value="2"' in answer.text
    assert stands(key).review_state is ReviewState.HAS_ISSUES


def test_a_return_tells_why_and_which_answers(story, son, browser, cast):
    key = story.send(more=CHILDREN)

    decide(browser(cast.hoa), key, "return", reason="Thiếu", **{"note:tv[2]/tuoi": "Hỏi lại"})

    page = browser(cast.hoa).get(f"/submissions/{key}").text
    assert "Phiếu đang ở máy của đoàn để sửa: Hoa trả lại lúc" in page
    assert '<p class="remark"><strong>Hoa:</strong> Hỏi lại</p>' in page
    assert "Thôi trả lại" in page
    decide(browser(cast.hoa), key, "take-back", 2)
    assert stands(key).returned_at is None


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"decision": "return", "revision": "1"}, 400, "Hãy ghi lý do"),
        ({"decision": "reject", "revision": "1", "reason": " "}, 400, "Hãy ghi lý do"),
        ({"decision": "take-back", "revision": "1"}, 409, "không ở trạng thái trả lại máy"),
        ({"decision": "nhảy", "revision": "1"}, 400, "Hãy chọn một kết luận"),
        ({"decision": "approve"}, 400, "Hãy tải lại trang"),
        ({"decision": "approve", "revision": "x" * 5000}, 400, "Hãy tải lại trang"),
        ({"decision": "approve", "revision": "1", "note:xx": "?"}, 400, "không có câu trả lời ở"),
        ({"decision": "approve", "revision": "1", "note:\0": "\0?"}, 400, "không có câu trả lời"),
    ],
)
def test_what_cannot_be_decided_is_said_on_the_page(
    story, son, browser, cast, fields, status, said
):
    key = story.send()

    answer = browser(cast.hoa).post(f"/submissions/{key}/review", data=fields)

    assert (answer.status_code, said in answer.text) == (status, True)
    assert stands(key).revision == 1


def test_after_deciding_the_next_that_waits_opens_when_asked(story, son, browser, cast):
    first, second, third = story.send(), story.send(), story.send()
    client = browser(cast.hoa)

    on = decide(client, second, "approve", next="1")
    then = decide(client, third, "approve", next="1")
    last = decide(client, first, "approve", next="1")
    stay = decide(client, first, "has-issues", 2)

    found = [re.search(r"/submissions/(\d+)", each.location)[1] for each in (on, then, last, stay)]
    assert list(map(int, found)) == [third, first, first, first]
    assert "checked" in client.get(on.location).text


def test_a_leader_is_led_only_through_records_of_the_team(story, son, browser):
    first = story.send()
    other = story.send()
    with transaction() as session:
        session.get(Submission, other).team_id = None
    last = story.send()

    assert f"/submissions/{last}?" in decide(browser(son), first, "approve", next="1").location


def test_others_read_the_review_and_may_not_decide(story, son, browser, cast):
    key = story.send()
    decide(browser(cast.hoa), key, "approve")

    for person in (cast.minh, cast.lan):
        page = browser(person).get(f"/submissions/{key}").text
        assert 'id="review-form"' not in page
        assert "Hoa</strong> <span>duyệt" in page
        assert decide(browser(person), key, "reject", 2, reason="x").status_code == 403
    assert decide(browser(cast.an), key, "reject", 2, reason="x").status_code in (403, 404)


def test_comments_are_shown_with_who_and_about_what(story, son, browser, cast):
    key = story.send()
    for body, path in (("Hỏi lại trưởng thôn", ""), ("Tên viết tắt?", "ten")):
        data = {"body": body, "path": path}
        assert browser(cast.minh).post(f"/submissions/{key}/comments", data=data).status_code == 302

    page = browser(cast.hoa).get(f"/submissions/{key}").text

    assert "Hỏi lại trưởng thôn" in page
    assert '<p class="remark"><strong>Minh:</strong> Tên viết tắt?</p>' in page
    empty = browser(cast.minh).post(f"/submissions/{key}/comments", data={"body": " "})
    assert (empty.status_code, "Hãy viết nội dung ý kiến" in empty.text) == (400, True)
    assert db.session().query(SubmissionComment).count() == 2


@pytest.fixture
def edited(story, son):
    """A record of two contents: a name, a member and a photo differ."""
    story.send({"1.jpg": photo("green")}, instance_id="uuid:1", anh="1.jpg", more=CHILDREN)
    said = {"du": "no", "anh": "2.jpg", "ten": "Trần Văn Bình", "instance_id": "uuid:2"}
    more = CHILDREN.replace(">9<", ">10<")
    xml = interview(story.visit.code, story.hamlet.code, more=more, **said)
    xml = xml.replace(
        b"<orx:instanceName>", b"<orx:deprecatedID>uuid:1</orx:deprecatedID><orx:instanceName>"
    )
    return story.send({"2.jpg": photo("red")}, xml=xml)


def test_an_edit_is_shown_answer_by_answer(edited, browser, cast):
    page = browser(cast.hoa).get(f"/submissions/{edited}").text

    assert "Bản 2 thay đổi những gì" in page
    for old, new in (
        ("Nguyễn Thị Nhung", "Trần Văn Bình"), ("Có", "Không"), ("9", "10"),
    ):  # fmt: skip
        assert f"<del>{old}</del>" in page and f"<ins>{new}</ins>" in page
    assert re.search(r"Tuổi thành viên</a> <span class=\"fine\">\(2\)", page)
    assert page.count("<del>") == 3
    file = db.session().scalars(select(VersionFile)).one()
    assert f"/submissions/{edited}/versions/1/files/{file.id}" in page


def test_every_content_can_be_read_and_kept_as_it_came(edited, browser, cast):
    client = browser(cast.hoa)
    old = client.get(f"/submissions/{edited}/versions/1").text
    file = db.session().scalars(select(VersionFile)).one()

    assert "Đây là bản cũ" in old and "Nguyễn Thị Nhung" in old and "Trần Văn Bình" not in old
    raw = client.get(f"/submissions/{edited}/versions/1/raw.xml")
    assert b"uuid:1" in raw.data and b"deprecatedID" not in raw.data
    assert b"deprecatedID" in client.get(f"/submissions/{edited}/versions/2/raw.xml").data
    kept = client.get(f"/submissions/{edited}/versions/1/files/{file.id}")
    assert kept.data == photo("green")
    for wrong in ("versions/0", "versions/3", f"versions/2/files/{file.id}", "versions/1/files/9"):
        assert client.get(f"/submissions/{edited}/{wrong}").status_code == 404
    assert browser(cast.an).get(f"/submissions/{edited}/versions/1").status_code == 404


def test_the_journal_of_decisions_is_read_by_the_page_in_few_questions(
    edited, browser, cast, statements
):
    client = browser(cast.hoa)
    for number in range(6):
        decide(client, edited, "has-issues", 2 + number)
    client.get(f"/submissions/{edited}")

    with statements() as seen:
        client.get(f"/submissions/{edited}")

    assert db.session().query(SubmissionReview).count() == 6
    assert len(seen) < 45, len(seen)


@pytest.mark.parametrize(
    ("language", "verb", "state"),
    [("vi", "Không chấp nhận", "Không chấp nhận"), ("en", "Reject", "Rejected")],
)
def test_what_a_reviewer_does_and_what_becomes_of_it_are_one_word(
    story, browser, cast, language, verb, state
):
    key, hoa = story.send(), browser(cast.hoa)
    hoa.post("/language", data={"lang": language})
    offered = hoa.get(f"/submissions/{key}").text
    listed = hoa.get(f"/plans/{story.plan_id}/submissions").text
    decide(hoa, key, "reject", reason="Sai hộ")

    for page in (offered, listed):
        button = re.search(r'<button[^>]*value="reject".*?</button>', page, re.S)[0]
        assert re.sub(r"<[^>]+>", " ", button).split()[: len(verb.split())] == verb.split()
    decided = hoa.get(f"/submissions/{key}").text
    chip = re.search(r'data-state="rejected">.*?</span>', decided, re.S)[0]
    assert chip.endswith(f"</svg> {state}</span>")
