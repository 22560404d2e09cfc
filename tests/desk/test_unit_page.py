"""A unit's officer sees what their own commune has to do, answers from a phone, and no more."""

import html
import io
import re
from decimal import Decimal

import pytest
from sqlalchemy import select

from server import clock
from server.db import db, transaction
from server.findings import remedy, service
from server.findings.models import Finding, FindingState
from server.findings.remedy import Unit
from server.journal import Actor, Line
from server.monitoring import papers, values
from server.monitoring import service as monitoring
from server.monitoring.models import Plan, Record, Round, RoundKind, Visit, VisitState
from server.monitoring.record_models import Document, DocumentState, RecordValue
from server.permissions import Role
from server.teams import service as teams
from tests.conftest import ACTOR
from tests.desk.conftest import photo
from tests.desk.test_remedy_steps import PDF, in_days

HOA = Actor("page", None, "Hoa")


def words(answer):
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


@pytest.fixture
def told(story):
    """The visit of the story, after its notice."""
    with transaction() as session:
        visit = session.get_one(Visit, story.visit.id)
        monitoring.send_notice(session, visit, clock.today(), ACTOR, "45/TB-UBND")
    return story.visit


@pytest.fixture
def record(told, session):
    return session.scalars(select(Record).where(Record.visit_id == told.id)).one()


@pytest.fixture
def assigned(story, told, session):
    story.send(du="no", label="Hộ bí mật")
    with transaction() as writing:
        finding = writing.scalars(select(Finding)).one()
        service.settle(writing, finding, FindingState.CONFIRMED, "lời của bà Nhung", HOA)
        remedy.assign(writing, finding, Unit("UBND xã"), in_days(10), "45/UBND", HOA)
        return finding.id


@pytest.fixture
def neighbour(story):
    """An officer of another commune of the district."""
    with transaction() as session:
        person = teams.add_person(session, "Cán bộ xã bên", ACTOR, "xaben@example.vn")
        teams.grant(session, person, Role.UNIT_OFFICER, story.other_commune.area, ACTOR)
        return person


@pytest.fixture
def client(browser, officer):
    return browser(officer)


def fresh(model):
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(model)).all()


def test_the_officer_lands_on_their_units_page(client, browser, cast):
    assert client.get("/").location == "/unit"
    assert 'href="/unit"' in client.get("/findings").text
    assert browser(cast.minh).get("/unit").location == "/findings"
    assert 'href="/unit"' not in browser(cast.minh).get("/plans").text
    assert browser(cast.lan).get("/unit").status_code == 403


def test_a_finding_shows_with_its_deadline_and_is_answered_in_one_form(client, assigned):
    page = client.get("/unit")
    shown = words(page)
    answer = client.post(
        f"/findings/{assigned}/steps/bao_cao",
        data={
            "note": "Đã bù đủ", "next": "unit", "evidence": (io.BytesIO(photo()), "anh.jpg"),
        },
        content_type="multipart/form-data",
    )  # fmt: skip

    assert "Hộ nhận thiếu" in shown and "Còn 10 ngày" in shown and "45/UBND" in shown
    assert f'action="/findings/{assigned}/steps/bao_cao"' in page.text
    assert answer.location == "/unit"
    assert fresh(Finding)[0].state is FindingState.REPORTED
    after = words(client.get("/unit"))
    assert "Không có phát hiện nào đang chờ" in after
    assert "1 phát hiện đã báo cáo, chờ kiểm tra." in after


def test_nothing_of_the_household_or_of_what_was_seen_is_on_the_page(
    client, assigned, record, cast
):
    with transaction() as session:
        values.see(session, session.merge(record), "03", "tong_so_ho", Decimal(777), HOA, "đếm")
    pages = client.get("/unit").text + client.get(f"/unit/records/{record.id}/tables/03").text

    assert "Hộ bí mật" not in html.unescape(pages) and "bà Nhung" not in html.unescape(pages)
    assert "777" not in pages and "đếm" not in html.unescape(pages)


def test_a_deadline_that_passed_is_said(client, assigned, monkeypatch):
    with transaction() as session:
        session.get_one(Finding, assigned).due_on = clock.today()
    assert "Hạn hôm nay" in words(client.get("/unit"))
    with transaction() as session:
        session.get_one(Finding, assigned).due_on = in_days(-2)

    shown = words(client.get("/unit"))

    assert "Quá hạn 2 ngày" in shown and "1 quá hạn" in shown


def test_papers_are_handed_in_several_at_once(client, record):
    with transaction() as session:
        asked = papers.ask_for(session, session.merge(record), "Sổ theo dõi", in_days(3), ACTOR)
        first = session.scalars(select(Document).order_by(Document.id)).first()
        ids = (first.id, asked.id)
    assert "Sổ theo dõi" in words(client.get("/unit"))

    answer = client.post(
        f"/unit/records/{record.id}/documents",
        data={
            f"file-{ids[0]}": (io.BytesIO(PDF), "quyet-dinh.pdf"),
            f"file-{ids[1]}": [
                (io.BytesIO(photo()), "so1.jpg"),
                (io.BytesIO(photo("red")), "so2.jpg"),
            ],
        },
        content_type="multipart/form-data",
    )  # fmt: skip

    assert answer.location == f"/unit#record-{record.id}"
    kept = {document.id: len(document.files) for document in fresh(Document) if document.files}
    assert kept == {ids[0]: 1, ids[1]: 2}
    shown = words(client.get("/unit"))
    assert "Đã nộp 3 tệp." in shown and "đã nộp: quyet-dinh.pdf" in shown
    lines = db.session.scalars(select(Line.actor).where(Line.verb == "document.file-added"))
    assert set(lines) == {"Cán bộ xã"}


def test_a_file_of_another_kind_is_refused_and_the_others_are_kept(client, record, session):
    ids = session.scalars(select(Document.id).order_by(Document.id).limit(2)).all()

    answer = client.post(
        f"/unit/records/{record.id}/documents",
        data={
            f"file-{ids[0]}": (io.BytesIO(b"MZ"), "virus.exe"),
            f"file-{ids[1]}": (io.BytesIO(PDF), "tot.pdf"),
        },
        content_type="multipart/form-data",
        follow_redirects=True,
    )

    assert "virus.exe" in answer.text and "Đã nộp 1 tệp." in html.unescape(answer.text)


def test_nothing_chosen_says_so(client, record):
    answer = client.post(f"/unit/records/{record.id}/documents", follow_redirects=True)

    assert "Hãy chọn ảnh hoặc tệp" in html.unescape(answer.text)


def test_what_the_team_has_seen_complete_is_no_longer_asked(client, record):
    with transaction() as session:
        for document in session.scalars(select(Document)):
            papers.note(session, document, DocumentState.FULL, ACTOR)

    assert "Không còn tài liệu nào phải nộp." in words(client.get("/unit"))


def test_the_unit_reports_its_figures_and_only_changed_rows_are_written(client, record):
    address = f"/unit/records/{record.id}/tables/03"
    sent = {
        "reported-tong_so_ho": "1520", "reported-tong_so_ho-was": "",
        "reported-so_ho_can_ngheo": "", "reported-so_ho_can_ngheo-was": "",
    }  # fmt: skip

    assert client.post(address, data=sent).status_code == 302

    (value,) = fresh(RecordValue)
    assert (value.row_key, value.reported, value.reported_source) == (
        "tong_so_ho", Decimal(1520), "đơn vị tự báo",
    )  # fmt: skip
    assert "đã báo 1 trên 9 dòng" in words(client.get("/unit"))
    assert 'value="1520"' in client.get(address).text


@pytest.mark.parametrize("typed", ["1.520 hộ", "-3", "abc", "1e9"])
def test_a_figure_that_is_no_number_is_refused_beside_its_row(client, record, typed):
    answer = client.post(
        f"/unit/records/{record.id}/tables/03",
        data={"reported-tong_so_ho": typed, "reported-tong_so_ho-was": ""},
    )

    assert answer.status_code == 422 and 'id="reported-tong_so_ho-error"' in answer.text
    assert fresh(RecordValue) == []


def test_tables_that_districts_fill_are_not_the_communes(client, record):
    assert client.get(f"/unit/records/{record.id}/tables/02").status_code == 404
    assert client.get(f"/unit/records/{record.id}/tables/99").status_code == 404


def test_another_communes_officer_sees_and_sends_nothing(
    browser, neighbour, assigned, record, session
):
    client = browser(neighbour)
    document = session.scalars(select(Document.id)).first()

    shown = words(client.get("/unit"))

    assert "Hộ nhận thiếu" not in shown and "Đợt 1" not in shown
    assert client.get(f"/unit/records/{record.id}/tables/03").status_code == 404
    assert client.post(f"/unit/records/{record.id}/tables/03").status_code == 404
    answer = client.post(
        f"/unit/records/{record.id}/documents",
        data={f"file-{document}": (io.BytesIO(PDF), "a.pdf")},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 404
    assert client.post(f"/unit/records/{record.id}/documents").status_code == 404
    assert all(not each.files for each in fresh(Document))


def test_a_document_of_another_record_is_not_filled_through_ones_own(
    client, browser, neighbour, record, story, round_
):
    with transaction() as session:
        other = monitoring.add_visit(session, session.merge(round_), story.other_commune, ACTOR)
        foreign = session.scalars(
            select(Document.id).join(Record).where(Record.visit_id == other.id)
        ).first()

    answer = client.post(
        f"/unit/records/{record.id}/documents",
        data={f"file-{foreign}": (io.BytesIO(PDF), "a.pdf")},
        content_type="multipart/form-data",
    )

    assert answer.status_code == 404
    for odd in ("file-x", "file-", "file-99999999999999999999"):
        data = {odd: (io.BytesIO(PDF), "a.pdf")}
        answer = client.post(
            f"/unit/records/{record.id}/documents", data=data, content_type="multipart/form-data"
        )
        assert answer.status_code == 404, odd


@pytest.mark.parametrize("kind", [RoundKind.PERIODIC, RoundKind.UNANNOUNCED])
def test_a_visit_that_was_not_announced_is_on_no_page_of_its_unit(client, story, kind):
    """Neither a periodic one before its notice, nor an unannounced one, whatever is written."""
    with transaction() as session:
        round_ = session.scalars(select(Round).where(Round.plan_id == story.plan_id)).one()
        round_.kind = kind
        visit = session.get_one(Visit, story.visit.id)
        if kind is RoundKind.UNANNOUNCED:
            visit.decision_no, visit.notice_sent_on = "12/QĐ", clock.today()
        record_id = visit.record.id

    assert "Đợt 1" not in words(client.get("/unit"))
    assert client.get(f"/unit/records/{record_id}/tables/03").status_code == 404

    with transaction() as session:
        session.get_one(Visit, story.visit.id).state = VisitState.UNDER_WAY

    assert "Đợt 1" in words(client.get("/unit"))


def test_a_closed_plan_takes_nothing_more(client, record, story):
    with transaction() as session:
        monitoring.close_plan(session, session.get_one(Plan, story.plan_id), ACTOR)
        document = session.scalars(select(Document.id)).first()

    assert 'type="file"' not in client.get("/unit").text
    answer = client.post(
        f"/unit/records/{record.id}/documents",
        data={f"file-{document}": (io.BytesIO(PDF), "a.pdf")},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 409
    sent = {"reported-tong_so_ho": "5", "reported-tong_so_ho-was": ""}
    assert client.post(f"/unit/records/{record.id}/tables/03", data=sent).status_code == 409


def test_statements_do_not_grow_with_visits(client, told, story, statements):
    with statements() as few:
        client.get("/unit")
    with transaction() as session:
        for number in range(2, 9):
            plan = session.get_one(Plan, story.plan_id)
            round_ = monitoring.add_round(session, plan, f"D{number}", f"Đợt {number}", ACTOR)
            visit = monitoring.add_visit(session, round_, story.visit.place, ACTOR)
            visit.notice_sent_on = clock.today()
    with statements() as many:
        assert "Đợt 8" in words(client.get("/unit"))

    assert len(many) == len(few)
