"""What teams and units put in writing, and recommendations followed to their answer."""

import pytest
from sqlalchemy import select

from server import clock
from server.db import db, transaction
from server.findings import correspondence, service
from server.findings.letters import Letter, LetterState, Recommendation, RecommendationState
from server.findings.models import Finding, FindingState
from server.findings.raising import Where
from server.findings.reading import told, written_down
from server.journal import Line
from tests import forms
from tests.conftest import ACTOR
from tests.desk.test_remedy_steps import in_days

WORKBOOK = """
| survey |              |                |                     |
|        | type         | name           | label               |
|        | text         | visit          | Lượt                |
|        | begin group  | cuoi           | Phần cuối           |
|        | text         | difficulties   | Khó khăn            |
|        | text         | causes         | Nguyên nhân         |
|        | text         | proposals      | Kiến nghị           |
|        | begin repeat | mf             | Tồn tại ghi thêm    |
|        | text         | mf_text        | Nội dung            |
|        | select_one p | mf_project     | Dự án               |
|        | select_one s | mf_severity    | Mức độ              |
|        | image        | mf_photo       | Ảnh                 |
|        | end repeat   |                |                     |
|        | end group    |                |                     |
| choices |             |                |                     |
|        | list_name    | name           | label               |
|        | p            | DA2            | Dự án 2             |
|        | s            | 3              | Trung bình          |
|        | s            | 4              | Nghiêm trọng        |
| settings |            |                |                     |
|        | form_title   | form_id        | version             |
|        | Phiếu thôn   | thon           | 1                   |
"""


@pytest.fixture
def send(story, app, base, drain):
    forms.publish(app, story.plan_id, WORKBOOK)

    def post(inner):
        xml = forms.filled(
            form="thon", ten="", dong_y="", tuoi="", visit=story.visit.code, cuoi=inner
        )
        xml = xml.replace(b"<ten></ten><dong_y></dong_y><tuoi></tuoi>", b"")
        answer = app.test_client().post(f"{base}/submission", **forms.parts(xml))
        assert answer.status_code == 201, answer.text
        drain()
        db.session().rollback()
        db.session().expire_all()

    return post


FULL = (
    "<difficulties>Thiếu vốn đối ứng</difficulties><causes>Giao vốn chậm</causes>"
    "<proposals>Đề nghị tỉnh giao vốn sớm</proposals>"
    "<mf><mf_text>Sổ bỏ trống</mf_text><mf_project>DA2</mf_project>"
    "<mf_severity>4</mf_severity><mf_photo>a.jpg</mf_photo></mf>"
    "<mf><mf_text>Không có bảng tin</mf_text><mf_severity>3</mf_severity></mf>"
)


def letters():
    return db.session().scalars(select(Letter).order_by(Letter.id)).all()


def test_a_form_fills_the_inbox_once(send, story, session):
    send(FULL)

    assert [(each.kind.value, each.text, each.causes) for each in letters()] == [
        ("kho_khan", "Thiếu vốn đối ứng", "Giao vốn chậm"),
        ("de_xuat", "Đề nghị tỉnh giao vốn sớm", ""),
    ]
    assert {each.area for each in letters()} == {story.visit.area}


def test_shortcomings_written_on_a_form_are_findings_of_their_own(send, story, session):
    send(FULL)

    first, second = session.scalars(select(Finding).order_by(Finding.id))
    assert (first.title, first.severity, first.project_code) == ("Sổ bỏ trống", 4, "DA2")
    assert first.questions == [
        f"cuoi/mf[1]/{name}" for name in ("mf_text", "mf_project", "mf_severity", "mf_photo")
    ]
    assert (second.title, second.severity, second.occurrence) == ("Không có bảng tin", 3, 1)
    assert first.group_id != second.group_id and first.record_id == story.visit.record.id


@pytest.mark.parametrize(
    ("answers", "count"),
    [
        ({}, 0),
        ({"mf": [{"mf_text": "  "}]}, 0),
        ({"mf": [{"mf_text": "A", "mf_severity": "x"}]}, 1),
    ],
)
def test_only_what_says_something_is_a_shortcoming(answers, count):
    assert len(written_down(answers)) == count
    assert told(answers) == []


def test_causes_alone_are_still_read(send):
    send("<causes>Cán bộ kiêm nhiệm</causes>")

    [letter] = letters()
    assert letter.text == "Cán bộ kiêm nhiệm"


def test_a_letter_becomes_a_recommendation_and_is_answered(send, browser, cast, session):
    send(FULL)
    proposal = letters()[1]
    client = browser(cast.minh)
    assert "Đề nghị tỉnh giao vốn sớm" in client.get("/letters").text
    begun = client.get(f"/recommendations/new?letter={proposal.id}").text
    assert "Đề nghị tỉnh giao vốn sớm" in begun

    made = client.post(
        "/recommendations",
        data={
            "plan": proposal.plan_id, "letter": proposal.id, "text": proposal.text,
            "level": "tinh", "addressee": "Sở LĐTBXH",
        },
    )  # fmt: skip
    client.post(f"{made.location}/send", data={"document": "7/UB", "day": in_days(-3).isoformat()})
    client.post(
        f"{made.location}/answer",
        data={"text": "Sẽ giao quý III", "document": "99/SLĐ", "day": clock.today().isoformat()},
    )
    client.post(f"{made.location}/conclude", data={"outcome": "done"})

    session.expire_all()
    found = session.scalars(select(Recommendation)).one()
    assert (found.state, found.answer_no) == (RecommendationState.DONE, "99/SLĐ")
    assert (found.submission_id, found.area) == (proposal.submission_id, proposal.area)
    page = client.get(made.location).text
    assert "Sẽ giao quý III" in page and "99/SLĐ" in page and "7/UB" in page
    assert "Đề nghị tỉnh giao vốn sớm" not in client.get("/letters").text
    verbs = session.scalars(
        select(Line.verb).where(Line.subject == "recommendation").order_by(Line.id)
    )
    assert [each.partition(".")[2] for each in verbs] == ["made", "sent", "answered", "concluded"]


@pytest.fixture
def made(send, browser, cast):
    send(FULL)
    plan_id = letters()[0].plan_id
    data = {"plan": plan_id, "text": "Giao vốn sớm", "level": "tinh", "addressee": "Sở"}
    return browser(cast.minh).post("/recommendations", data=data).location


@pytest.mark.parametrize(
    ("verb", "data", "status", "sentence"),
    [
        ("send", {"document": ""}, 422, "số, ký hiệu văn bản"),
        ("send", {"document": "1", "day": "2999-01-01"}, 422, "Năm phải"),
        ("send", {"document": "1", "day": "2099-01-01"}, 422, "không được sau hôm nay"),
        ("answer", {"document": "1", "text": "có"}, 409, "ghi trả lời"),
        ("conclude", {"outcome": "done"}, 409, "kết luận"),
        ("burn", {}, 404, "Không tìm thấy"),
    ],
)
def test_a_recommendation_goes_in_order(made, browser, cast, verb, data, status, sentence):
    answer = browser(cast.minh).post(f"{made}/{verb}", data=data)

    assert answer.status_code == status and sentence in answer.text


def test_an_answer_does_not_come_before_the_letter(made, browser, cast):
    client = browser(cast.minh)
    client.post(f"{made}/send", data={"document": "1"})

    answer = client.post(
        f"{made}/answer",
        data={"text": "x", "document": "2", "day": in_days(-1).isoformat()},
    )

    assert answer.status_code == 422 and "trước ngày gửi" in answer.text
    refused = client.post(f"{made}/conclude", data={"outcome": "not"})
    assert refused.status_code == 422


@pytest.mark.parametrize("missing", ["text", "addressee"])
def test_a_recommendation_needs_words_and_an_addressee(send, story, browser, cast, missing):
    data = {"plan": story.plan_id, "text": "Giao vốn", "level": "tinh", "addressee": "Sở"}

    answer = browser(cast.minh).post("/recommendations", data=data | {missing: " "})

    assert answer.status_code == 422 and f'id="{missing}-error"' in answer.text


def test_papers_are_entered_and_settled_with_a_word(story, browser, cast, session):
    client = browser(cast.minh)
    data = {"plan": story.plan_id, "kind": "kho_khan", "text": "Thiếu cán bộ"}
    refused = client.post("/letters", data=data)
    assert refused.status_code == 422 and 'id="new-sender-error"' in refused.text

    code = story.visit.place.code
    client.post("/letters", data=data | {"sender": "UBND xã", "document": "3/BC", "commune": code})

    [letter] = letters()
    assert (letter.sender, letter.area) == ("UBND xã", story.visit.area)
    silent = client.post(f"/letters/{letter.id}/settle", data={"outcome": "done", "note": ""})
    assert silent.status_code == 422
    client.post(f"/letters/{letter.id}/settle", data={"outcome": "done", "note": "đã trao đổi"})
    again = client.post(f"/letters/{letter.id}/settle", data={"outcome": "aside", "note": "x"})
    assert again.status_code == 409
    assert "Thiếu cán bộ" not in client.get("/letters").text
    assert "đã trao đổi" in client.get("/letters?state=tat_ca").text


def test_letters_are_the_offices_own(made, browser, cast, officer):
    for address in ("/letters", "/recommendations", made):
        assert browser(officer).get(address).status_code == 403
        assert browser(None).get(address).status_code == 302
    assert browser(cast.an).get(made).status_code == 404
    assert "Thiếu vốn" not in browser(cast.an).get("/letters").text
    assert "Thiếu vốn" in browser(cast.lan).get("/letters").text
    assert browser(cast.lan).post("/letters").status_code == 403
    assert browser(cast.an).post(f"{made}/send", data={"document": "1"}).status_code == 404


def test_the_first_page_tells_of_letters(send, browser, cast):
    send(FULL)

    assert "khó khăn, đề xuất chờ xử lý" in browser(cast.minh).get("/").text


def test_a_letter_that_was_dealt_with_stays_so_when_its_form_comes_again(send, session):
    send(FULL)
    first = letters()[0]
    where = Where(first.submission_id, first.plan_id, None, None, None, "", 1)
    with transaction() as writing:
        correspondence.settle_letter(
            writing, writing.merge(first), LetterState.HANDLED, "đã trả lời", ACTOR
        )
        correspondence.keep_told(writing, where, told({"difficulties": "khác"}))

    assert len(letters()) == 2
    assert letters()[0].text == "Thiếu vốn đối ứng"


def test_a_letter_that_waits_says_what_an_edit_of_its_form_says(send, session):
    send(FULL)
    first = letters()[0]
    where = Where(first.submission_id, first.plan_id, None, None, None, "", 1)
    with transaction() as writing:
        correspondence.keep_told(writing, where, told({"difficulties": "khác"}))

    assert letters()[0].text == "khác"
    assert len(letters()) == 2


def test_a_finding_shows_what_was_recommended_because_of_it(story, browser, cast, officer):
    story.send(du="no")
    [finding] = db.session().scalars(select(Finding)).all()
    with transaction() as session:
        service.settle(session, session.merge(finding), FindingState.CONFIRMED, "", ACTOR)
    said = {"text": "Đề nghị cấp bù", "level": "tinh", "addressee": "UBND tỉnh"}
    given = said | {"plan": story.plan_id, "finding": finding.id}
    made = browser(cast.hoa).post("/recommendations", data=given)

    page = browser(cast.hoa).get(f"/findings/{finding.id}").text

    assert f'href="{made.location}"' in page and "UBND tỉnh" in page
    assert "Đề nghị cấp bù" not in browser(officer).get(f"/findings/{finding.id}").text
