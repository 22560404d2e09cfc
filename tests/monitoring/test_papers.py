"""A record's checklist, its files and its working sessions: kept by the team, seen by the scope."""

import io

import pytest
from sqlalchemy import select

from server import clock
from server.db import db
from server.journal import Line
from server.maintenance import soundness
from server.monitoring import papers
from server.monitoring.problems import UnknownDocument
from server.monitoring.record_models import (
    Document,
    DocumentFile,
    DocumentState,
    Participant,
    WorkingSession,
)

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"


def fresh():
    """Return the session, seeing what other requests have written."""
    db.session().rollback()
    db.session().expire_all()
    return db.session()


@pytest.fixture
def here(record):
    return f"/records/{record.id}/documents"


@pytest.fixture
def document(record):
    return papers.documents(db.session(), record.id)[0]


def upload(client, url, data=PDF, name="Quyết định.pdf"):
    field = f"file-{url.split('/')[-2]}"
    return client.post(
        url, data={field: (io.BytesIO(data), name)}, content_type="multipart/form-data"
    )


def its(document, **said):
    """Return the fields of one document's form."""
    return {f"{name}-{document.id}": value for name, value in said.items()}


def sitting(**changes):
    return {
        "day": "2024-04-15",
        "starts": "08:00",
        "ends": "11:30",
        "place": "Hội trường UBND xã",
        "name-0": "Trần Văn Bình",
        "post-0": "Chủ tịch",
        "agency-0": "UBND xã Hợp Hưng",
        "name-3": "Lan",
        "content": "Nghe báo cáo.\r\nKiểm tra hồ sơ.",
        "conclusions": "Bổ sung quyết định giao vốn.",
    } | changes


def test_every_record_opens_with_the_standing_checklist(record):
    found = papers.documents(db.session(), record.id)

    assert [each.code for each in found][:2] == ["d_steer", "d_hamlet_board"]
    assert len(found) == 8 and {each.state for each in found} == {DocumentState.ASKED}
    assert all(each.title_en for each in found)


def test_a_team_member_notes_what_became_of_a_document(browser, cast, here, document, record):
    lan = browser(cast.lan)
    given = its(document, state="late", number="45/QĐ-UBND", dated_on="2024-05-02", note="Chậm")

    answer = lan.post(f"{here}/{document.id}", data=given)

    kept = fresh().get(Document, document.id)
    assert answer.status_code == 302
    assert (kept.state, kept.number, kept.note) == (DocumentState.LATE, "45/QĐ-UBND", "Chậm")
    line = fresh().scalars(select(Line).where(Line.verb == "document.noted")).one()
    assert (line.subject, line.subject_id, line.person_id) == (
        "record",
        str(record.id),
        cast.lan.id,
    )
    assert line.detail == {"code": "d_steer", "state": "late"}
    for page in (lan.get(f"/visits/{record.visit_id}").text, lan.get(f"/records/{record.id}").text):
        assert "45/QĐ-UBND, 02/05/2024" in page and "1 trên 8" in page


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("state", "perhaps", "Hãy chọn một mục"),
        ("dated_on", "31/02/2024", "Ngày không đúng"),
        ("number", "x" * 61, "Dài quá 60"),
    ],
)
def test_a_bad_note_changes_nothing(browser, cast, here, document, field, value, sentence):
    lan = browser(cast.lan)

    lan.post(f"{here}/{document.id}", data=its(document, **{"state": "full", field: value}))

    assert sentence in lan.get(here).text
    assert fresh().get(Document, document.id).state is DocumentState.ASKED


def test_a_document_asked_for_on_the_spot_has_a_day(browser, cast, here, record):
    lan = browser(cast.lan)

    lan.post(here, data={"title": "Sổ theo dõi vật nuôi", "due_on": "2024-04-20"})
    lan.post(here, data={"title": "  "})

    page = lan.get(here).text
    assert "Sổ theo dõi vật nuôi" in page and "hạn cung cấp 20/04/2024" in page
    assert "Quá hạn" in page
    assert len(papers.documents(fresh(), record.id)) == 9


def test_a_file_is_kept_by_its_content_and_given_back(browser, cast, app, here, document):
    lan = browser(cast.lan)

    upload(lan, f"{here}/{document.id}/files")
    upload(lan, f"{here}/{document.id}/files", name="cùng nội dung.pdf")

    held = fresh().scalars(select(DocumentFile)).one()
    answer = browser(cast.hoa).get(f"{here}/{document.id}/files/{held.id}")
    assert answer.data == PDF
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert held.sha256 in set(soundness.named(db.session()))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.exe", b"MZ\x90"),
        ("a.pdf", b"<html>"),
        ("a.png", PDF),
        ("a.html", b"<html>"),
        ("khong-duoi", PDF),
        ("to.pdf", b"%PDF-" + b"x" * papers.MAX_FILE_BYTES),
    ],
)
def test_only_files_that_offices_use_are_kept(name, data):
    with pytest.raises(UnknownDocument):
        papers.kind_of(name, data)


def test_a_refused_file_is_named_on_the_page(browser, cast, here, document):
    lan = browser(cast.lan)

    upload(lan, f"{here}/{document.id}/files", b"MZ", "virus.exe")
    upload(lan, f"{here}/{document.id}/files", b"", "")

    page = lan.get(here).text
    assert "Không nhận tệp virus.exe" in page and "Hãy chọn một tệp có nội dung" in page
    assert fresh().scalar(select(DocumentFile.id)) is None


def test_a_file_is_taken_away_and_the_journal_keeps_which(browser, cast, here, document):
    lan = browser(cast.lan)
    upload(lan, f"{here}/{document.id}/files")
    held_id, sha256 = fresh().execute(select(DocumentFile.id, DocumentFile.sha256)).one()

    lan.post(f"{here}/{document.id}/files/{held_id}/remove")

    assert fresh().scalar(select(DocumentFile.id)) is None
    line = fresh().scalars(select(Line).where(Line.verb == "document.file-removed")).one()
    assert line.detail["sha256"] == sha256


def test_a_file_of_another_record_is_not_found_by_this_ones_address(
    browser, cast, here, document, record
):
    lan = browser(cast.lan)
    upload(lan, f"{here}/{document.id}/files")
    held = fresh().scalars(select(DocumentFile)).one()

    assert lan.get(f"{here}/{document.id + 1}/files/{held.id}").status_code == 404
    other = f"/records/{record.id + 1}/documents/{document.id}/files/{held.id}"
    assert lan.get(other).status_code == 404


def test_a_working_session_is_kept_with_who_took_part(browser, cast, record):
    lan = browser(cast.lan)

    answer = lan.post(f"/records/{record.id}/sessions/new", data=sitting())

    held = fresh().scalars(select(WorkingSession)).one()
    assert answer.headers["Location"] == f"/records/{record.id}#sessions"
    assert clock.local(held.starts_at).strftime("%d/%m/%Y %H:%M") == "15/04/2024 08:00"
    assert [(one.name, one.post) for one in held.participants] == [
        ("Trần Văn Bình", "Chủ tịch"),
        ("Lan", ""),
    ]
    assert held.content == "Nghe báo cáo.\nKiểm tra hồ sơ."
    for url in (f"/visits/{record.visit_id}", f"/records/{record.id}"):
        page = lan.get(url).text
        assert "08:00 15/04/2024 – 11:30, Hội trường UBND xã" in page
        assert "Bổ sung quyết định giao vốn." in page and "UBND xã Hợp Hưng" in page
    line = fresh().scalars(select(Line).where(Line.verb == "session.added")).one()
    assert "Bình" not in str(line.detail)


def test_the_form_begins_with_the_teams_own_people(browser, cast, record):
    page = browser(cast.lan).get(f"/records/{record.id}/sessions/new").text

    assert 'value="Lan"' in page and 'value="Phòng LĐ-TB&amp;XH"' in page


def test_a_session_is_changed_and_taken_back(browser, cast, record):
    lan, here = browser(cast.lan), f"/records/{record.id}/sessions"
    lan.post(f"{here}/new", data=sitting())
    held = fresh().scalars(select(WorkingSession)).one()

    assert 'value="08:00"' in lan.get(f"{here}/{held.id}").text
    lan.post(f"{here}/{held.id}", data=sitting(place="Nhà văn hóa", **{"name-3": ""}))

    assert fresh().get(WorkingSession, held.id).place == "Nhà văn hóa"
    assert fresh().scalars(select(Participant.name)).all() == ["Trần Văn Bình"]
    lan.post(f"{here}/{held.id}/remove")
    assert fresh().scalar(select(WorkingSession.id)) is None
    assert fresh().scalar(select(Participant.id)) is None


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("starts", "25:00", "Giờ không đúng"),
        ("starts", "", "Hãy điền ô này"),
        ("ends", "07:00", "Giờ kết thúc phải sau"),
        ("day", "hôm qua", "Ngày không đúng"),
        ("place", "", "Hãy điền ô này"),
        ("name-0", "", "chưa có họ tên"),
        ("content", "x" * 20_001, "Dài quá 20000"),
    ],
)
def test_what_is_wrong_with_a_session_is_said_and_what_was_typed_stays(
    browser, cast, record, field, value, sentence
):
    page = browser(cast.lan).post(
        f"/records/{record.id}/sessions/new", data=sitting(**{field: value})
    )

    assert page.status_code == 422 and sentence in page.text
    assert "Bổ sung quyết định giao vốn." in page.text
    assert fresh().scalar(select(WorkingSession.id)) is None


def test_the_reviewer_and_others_only_look(
    browser, cast, another_inspector, here, document, record
):
    writes = (here, f"{here}/{document.id}", f"{here}/{document.id}/files",
              f"/records/{record.id}/sessions/new")  # fmt: skip
    for person in (cast.hoa, another_inspector):
        client = browser(person)
        assert client.get(here).status_code == 200
        assert "Nộp tệp" not in client.get(here).text
        assert client.get(f"/records/{record.id}/sessions/new").status_code == 403
        for url in writes:
            assert client.post(url, data={"title": "x", "state": "full"}).status_code == 403, url
    for url in writes:
        assert browser(cast.an).post(url, data={"title": "x"}).status_code == 404
        assert browser(None).post(url, data={"title": "x"}).status_code == 401
    assert browser(cast.an).get(here).status_code == 404
    assert browser(None).get(here).headers["Location"].startswith("/sign-in")


def test_the_coordinator_keeps_papers_too(browser, cast, here, document):
    browser(cast.minh).post(f"{here}/{document.id}", data=its(document, state="full"))

    assert fresh().get(Document, document.id).state is DocumentState.FULL
