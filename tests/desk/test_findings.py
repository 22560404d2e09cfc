"""The list of findings, one finding beside its answers, and the decision on it."""

import pytest
from sqlalchemy import select

from server.db import db, transaction
from server.findings import service
from server.findings.models import Finding, FindingState
from server.journal import Actor
from server.monitoring.models import Round, RoundKind
from server.teams import service as teams
from tests.conftest import ACTOR, PASSWORD
from tests.desk.conftest import CHILDREN, photo
from tests.worlds import kept

HOA = Actor("page", None, "Hoa")


@pytest.fixture
def page(browser, cast):
    def get(path="/findings", who=None, **asked):
        return browser(who or cast.hoa).get(path, query_string=asked)

    return get


@kept
def short(story):
    """The finding of a household that received short, with a photo."""
    story.send(
        du="no", ten="Nguyễn Thị Nhung", label="Hộ 17", files={"a.jpg": photo()}, anh="a.jpg"
    )
    return db.session().scalars(select(Finding)).one()


def held(session, finding):
    session.rollback()
    session.expire_all()
    return session.get(Finding, finding.id)


def test_the_list_shows_place_project_table_record_and_severity(story, short, page):
    text = page().text

    for shown in ("Hộ nhận thiếu", "Nghiêm trọng", story.visit.place.name, "DA2", "Biểu 05"):
        assert shown in text
    assert story.visit.record.number in text and "Chờ kết luận" in text


def test_headline_numbers_count_by_severity(story, page):
    story.send(du="no", so_tien="200000", more=CHILDREN)
    story.send(du="no")

    text = page().text

    figures = text[text.index('class="figures"') : text.index('class="filters"')]
    assert [part.split("<")[0] for part in figures.split("<strong>")[1:]] == ["2", "1", "0", "0"]
    assert "2 chờ kết luận" in figures


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"severity": "4"}, {"Hộ nhận thiếu"}),
        ({"severity": "x"}, {"Hộ nhận thiếu", "Thu khoản ngoài quy định"}),
        ({"project": "DA2"}, {"Hộ nhận thiếu"}),
        ({"state": "bac_bo"}, set()),
        ({"plan": "77"}, set()),
        ({"commune": "2024/36/359/00000"}, set()),
    ],
)
def test_the_list_is_narrowed_by_what_is_asked(story, page, asked, found):
    story.send(du="no", so_tien="200000")

    text = page(**asked).text
    table = text[text.index("</form>", text.index('class="filters"')) :]

    assert {
        name for name in ("Hộ nhận thiếu", "Thu khoản ngoài quy định") if name in table
    } == found


def test_good_practice_has_a_list_of_its_own(story, page):
    story.send(more=CHILDREN)

    assert "Có trẻ dưới sáu tuổi" not in page().text
    assert "Có trẻ dưới sáu tuổi" in page(kind="tich_cuc").text


def test_a_finding_lies_beside_the_answers_and_photos_behind_it(story, short, page):
    text = page(f"/findings/{short.id}").text

    evidence = text[text.index('id="evidence"') : text.index('id="photos"')]
    assert "Hộ Nguyễn Thị Nhung nhận đủ không?" in evidence and "Không" in evidence
    assert "Số tiền" not in evidence
    assert '<img src="/files/' in text
    assert f'href="/records/{story.visit.record.id}"' in text
    assert f'href="/submissions/{short.submission_id}"' in text
    assert "Dự án 2" in text and "Biểu 05" in text and "10 ngày" in text


def test_answers_in_a_repeat_are_marked_too(story, page, session):
    story.send(more=CHILDREN)
    finding = session.scalars(select(Finding)).one()

    text = page(f"/findings/{finding.id}").text

    evidence = text[text.index('id="evidence"') : text.index("Toàn bộ câu trả lời")]
    assert evidence.count("Tuổi thành viên") == 2


@pytest.mark.parametrize(
    ("decision", "note", "state"),
    [("confirm", "", FindingState.CONFIRMED), ("reject", "Đã nhận bù", FindingState.REJECTED)],
)
def test_a_reviewer_decides_once(short, browser, cast, session, decision, note, state):
    client = browser(cast.hoa)

    answer = client.post(f"/findings/{short.id}/settle", data={"decision": decision, "note": note})
    again = client.post(f"/findings/{short.id}/settle", data={"decision": "confirm"})

    found = held(session, short)
    assert answer.location == f"/findings/{short.id}"
    assert (found.state, found.note, found.settled_by) == (state, note, "Hoa")
    assert again.status_code == 409
    after = client.get(f"/findings/{short.id}").text
    thread = after[after.index('id="thread"') :]
    assert {"confirm": "Xác nhận", "reject": "Bác bỏ"}[decision] in thread and "Hoa" in thread
    assert 'name="decision"' not in after


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"decision": "reject", "note": "  "}, "Hãy ghi lý do bác bỏ"),
        ({"note": "gì đó"}, "Hãy chọn xác nhận hoặc bác bỏ"),
        ({"decision": "dong"}, "Hãy chọn xác nhận hoặc bác bỏ"),
    ],
)
def test_a_bad_decision_is_refused_and_what_was_typed_stays(
    short, browser, cast, session, data, sentence
):
    answer = browser(cast.hoa).post(f"/findings/{short.id}/settle", data=data)

    assert answer.status_code == 422
    assert sentence in answer.text and data.get("note", "").strip() in answer.text
    assert held(session, short).state is FindingState.NEW


def test_others_neither_see_nor_decide(short, page, browser, cast, session):
    address = f"/findings/{short.id}"

    assert "Hộ nhận thiếu" not in page(who=cast.an).text
    assert page(address, cast.an).status_code == 404
    assert page(address, cast.lan).status_code == 403
    assert browser(None).get(address).status_code == 302
    assert (
        browser(cast.an).post(f"{address}/settle", data={"decision": "confirm"}).status_code == 403
    )
    assert browser(cast.minh).post(f"{address}/settle").status_code == 403
    assert held(session, short).state is FindingState.NEW


def test_a_coordinator_looks_without_a_form_to_decide(short, page, cast):
    text = page(f"/findings/{short.id}", cast.minh).text

    assert "Hộ nhận thiếu" in text and 'name="decision"' not in text


@pytest.fixture
def confirmed(short):
    with transaction() as session:
        finding = session.get(Finding, short.id)
        service.settle(session, finding, FindingState.CONFIRMED, "bà Nhung nói", HOA)
    return short


def test_an_officer_sees_their_own_communes_findings_without_names(confirmed, page, officer):
    listed, one = page(who=officer).text, page(f"/findings/{confirmed.id}", officer).text

    for text in (listed, one):
        assert "Hộ nhận thiếu" in text
        for hidden in ("Nhung", "Hộ 17", "Lan", "/submissions/", "/files/", "/records/"):
            assert hidden not in text


def test_an_officer_does_not_see_who_decided_nor_why(confirmed, page, officer):
    text = page(f"/findings/{confirmed.id}", officer).text

    assert "Đã xác nhận" in text
    assert "Hoa" not in text and "Nhung" not in text


@pytest.mark.parametrize("state", [FindingState.NEW, FindingState.REJECTED])
def test_an_officer_is_told_of_nothing_that_the_office_has_not_confirmed(
    story, short, page, officer, browser, app, state
):
    if state is FindingState.REJECTED:
        with transaction() as session:
            finding = session.get(Finding, short.id)
            service.settle(session, finding, state, "nhầm hộ", HOA)
    with transaction() as session:
        teams.set_password(session, session.merge(officer), PASSWORD, ACTOR)
    programs, me = app.test_client(), ("xa@example.vn", PASSWORD)
    address = f"/v1/projects/{story.plan_id}/findings"

    for path in (f"/findings/{short.id}", f"/findings/groups/{short.group_id}"):
        assert page(path, officer).status_code == 404
    for asked in ({}, {"view": "each"}, {"state": state.value}, {"commune": short.area}):
        text = page(who=officer, **asked).text
        assert "Hộ nhận thiếu" not in text and "<strong>1</strong>" not in text
    said = browser(officer).post(f"/findings/{short.id}/steps/y_kien", data={"note": "x"})
    assert said.status_code == 404
    assert programs.get(address, auth=me).get_json()["findings"] == []
    assert programs.get(f"{address}/{short.id}", auth=me).status_code == 404


def test_an_officer_counts_only_the_confirmed_ones_of_a_group(confirmed, story, page, officer):
    story.send(du="no")

    group = page(f"/findings/groups/{confirmed.group_id}", officer).text
    listed = page(who=officer).text

    assert group.count('data-state="xac_nhan"') and "Chờ kết luận" not in group
    assert f"/findings/{confirmed.id}" in listed and "moi" not in listed.split("</form>")[-1]


def test_an_officer_sees_nothing_of_another_commune(story, confirmed, page, officer):
    short = confirmed
    with transaction() as session:
        finding = session.get(Finding, short.id)
        finding.area = finding.group.area = story.other_commune.area

    assert page(f"/findings/{short.id}", officer).status_code == 404
    assert "Hộ nhận thiếu" not in page(who=officer).text


def test_an_unannounced_visit_stays_hidden_from_the_unit_until_it_begins(
    story, confirmed, page, officer, cast
):
    short = confirmed
    assert page(f"/findings/{short.id}", officer).status_code == 200
    with transaction() as session:
        session.scalars(select(Round)).one().kind = RoundKind.UNANNOUNCED

    assert page(f"/findings/{short.id}", officer).status_code == 404
    assert page(f"/findings/{short.id}", cast.hoa).status_code == 200


def test_more_findings_do_not_mean_more_statements(story, browser, cast, statements):
    client = browser(cast.hoa)

    def shown():
        with statements() as seen:
            assert client.get("/findings").status_code == 200
        return len(seen)

    story.send(du="no")
    one = shown()
    for _ in range(3):
        story.send(du="no", so_tien="200000")

    assert shown() == one


def test_nothing_found_yet_says_so(story, page):
    assert "Chưa có phát hiện nào" in page().text
