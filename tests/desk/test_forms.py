"""Forms on pages: upload, read, add files, publish, close."""

import io

import pytest
from sqlalchemy import select

from server.journal import Line
from server.surveys.models import Form, FormState, FormVersion
from tests.desk.conftest import WORKBOOK

MEDIA_WORKBOOK = """
| survey |       |      |       |              |
|        | type  | name | label | media::image |
|        | note  | nhin | Nhìn  | bo.png       |
|        | text  | ten  | Tên   |              |
| settings |     |      |       |              |
|        | form_title | form_id | version |    |
|        | Có ảnh | anh | 1     |              |
"""


@pytest.fixture
def client(browser, cast):
    return browser(cast.minh)


@pytest.fixture
def upload(client, plan, unvalidated):
    """Upload a Markdown workbook."""

    def send(workbook=WORKBOOK, name="hogd.md", **more):
        data = {"workbook": (io.BytesIO(workbook.encode()), name), **more}
        return client.post(f"/plans/{plan.id}/forms", data=data)

    return send


def version_of(session):
    session.rollback()
    session.expire_all()
    return session.scalars(select(FormVersion).order_by(FormVersion.id.desc())).first()


def test_an_uploaded_workbook_is_read_without_excel(upload, client):
    page = client.get(upload().location).text

    for shown in ("Phỏng vấn hộ", "hogd", "Bản nháp", "Did ${ten} get all?", "Loa truyền thanh"):
        assert shown in page
    assert "Chọn nhiều" in page and "Ghi âm" in page and "visits.csv" in page
    assert '<code class="under">du = &#39;no&#39;</code>' in page and "Nghiêm trọng" in page


ABROAD = """
| survey |      |      |       |
|        | type | name | label |
|        | text | ten  | Tên   |
| settings |    |      |       |
|        | form_title | form_id | version | submission_url |
|        | Đi nơi khác | khac | 1 | https://vien.example/submission |
"""


def test_a_form_that_sends_elsewhere_is_refused_until_somebody_allows_it(upload, client, session):
    refused = upload(ABROAD)
    taken = upload(ABROAD, allow="submission_url")

    assert refused.status_code == 422 and "đánh dấu cho phép" in refused.text
    assert '<details open id="elsewhere">' in refused.text
    assert taken.status_code == 302
    page = client.get(taken.location).text
    assert "Gửi phiếu tới máy chủ khác" in page and "https://vien.example/submission" in page
    assert version_of(session).allowed == ["submission_url"]
    line = session.scalars(select(Line).where(Line.verb == "form.elsewhere-allowed")).one()
    assert line.detail["url"] == "https://vien.example/submission" and line.actor == "Minh"


def test_a_warning_is_shown_as_the_compiler_said_it(upload, client):
    page = client.get(upload(WORKBOOK.replace("| version ", "| phien_ban ")).location).text

    assert "Trang settings không có version" in page


def test_lists_made_by_the_server_show_how_many_rows_they_have(story, browser, cast):
    client = browser(cast.minh)

    page = client.get(f"/forms/1/versions/{story.version_id}").text

    assert "Máy chủ tự lập" in page
    assert "1 dòng" in page


@pytest.mark.parametrize(
    ("workbook", "name", "sentence"),
    [
        ("| survey |", "a.md", "Chưa nhận được tệp biểu mẫu"),
        (WORKBOOK.replace("| text  ", "| chu_so "), "a.md", "chu_so"),
        ("không phải bảng", "a.xlsx", "Không mở được tệp"),
        ("", "a.md", "Hãy chọn một tệp"),
    ],
)
def test_a_bad_workbook_is_refused_with_what_to_mend(upload, session, workbook, name, sentence):
    answer = upload(workbook, name)

    assert answer.status_code in (400, 422)
    assert sentence in answer.text
    assert session.scalars(select(Form)).all() == []


def test_rules_with_mistakes_are_named_and_keep_the_form_from_phones(upload, client, session):
    address = upload(WORKBOOK.replace("du = 'no' ", "dux = 'no'")).location

    page = client.get(address).text
    refused = client.post(f"{address}/publish")

    assert "Luật phát hiện có lỗi" in page and "dux" in page
    assert f'action="{address}/publish"' not in page
    assert refused.status_code == 422
    assert version_of(session).published_at is None


def test_a_published_form_reaches_phones_and_never_changes(upload, client, app, base, session):
    address = upload().location
    assert "hogd" not in app.test_client().get(f"{base}/formList").text

    answer = client.post(f"{address}/publish", follow_redirects=True)
    changed = upload(WORKBOOK.replace("Tên chủ hộ", "Tên"))

    assert "Đã phát hành" in answer.text
    assert "hogd" in app.test_client().get(f"{base}/formList").text
    assert changed.status_code == 409
    assert "đã phát hành với nội dung khác" in changed.text
    assert f'action="{address}/publish"' not in client.get(address).text


def test_files_that_a_form_needs_are_added_before_it_is_published(upload, client, session):
    address = upload(MEDIA_WORKBOOK).location
    assert "Còn thiếu tệp bo.png" in client.get(address).text
    assert client.post(f"{address}/publish").status_code == 409

    wrong = client.post(f"{address}/media", data={"files": (io.BytesIO(b"png"), "khac.png")})
    none = client.post(f"{address}/media")
    right = client.post(f"{address}/media", data={"files": (io.BytesIO(b"png"), "bo.png")})
    published = client.post(f"{address}/publish")

    assert (wrong.status_code, none.status_code) == (422, 400)
    assert "khac.png" in wrong.text
    assert right.location == published.location == address
    media = version_of(session).media[0]
    taken = client.get(f"{address}/media/{media.id}")
    assert taken.data == b"png"
    assert taken.headers["Content-Disposition"].startswith("attachment")


def test_workbook_and_xform_can_be_taken_home(upload, client):
    address = upload().location

    workbook, xform = client.get(f"{address}/workbook"), client.get(f"{address}/form.xml")

    assert workbook.data.decode() == WORKBOOK
    assert b"<h:html" in xform.data
    assert 'filename="hogd.md"' in workbook.headers["Content-Disposition"]
    assert 'filename="hogd_7.xml"' in xform.headers["Content-Disposition"]


@pytest.mark.parametrize("state", list(FormState))
def test_a_form_is_opened_let_run_out_or_closed(story, client, session, state):
    answer = client.post("/forms/1/state", data={"state": state.value})

    assert answer.location == f"/plans/{story.plan_id}/forms"
    session.rollback()
    session.expire_all()
    assert session.get(Form, 1).state is state


def test_a_state_that_does_not_exist_is_refused(story, client):
    assert client.post("/forms/1/state", data={"state": "mở"}).status_code == 400


def test_the_list_shows_versions_questions_and_drafts(story, upload, client):
    upload(WORKBOOK.replace("| 7     ", "| 8     "))

    page = client.get(f"/plans/{story.plan_id}/forms").text

    assert "bản nháp 8" in page and '<td data-label="Phiên bản">7' in page
    assert '<td class="number" data-label="Câu hỏi">12</td>' in page


def test_who_may_look_may_not_change(story, browser, cast):
    client, address = browser(cast.hoa), f"/forms/1/versions/{story.version_id}"

    assert client.get(address).status_code == 200
    assert 'id="upload"' not in client.get(f"/plans/{story.plan_id}/forms").text
    assert client.post(f"/plans/{story.plan_id}/forms").status_code == 403
    for verb in ("publish", "media", "dry-run"):
        assert client.post(f"{address}/{verb}").status_code == 403
    assert client.post("/forms/1/state", data={"state": "closed"}).status_code == 403


@pytest.mark.parametrize("path", ["/plans/{1}/forms", "/forms/1/versions/{0}",
                                  "/forms/1/versions/{0}/workbook",
                                  "/forms/1/versions/{0}/form.xml"])  # fmt: skip
def test_forms_of_another_district_are_not_found(story, browser, cast, officer, path):
    address = path.format(story.version_id, story.plan_id)

    assert browser(cast.an).get(address).status_code == 404
    assert browser(officer).get(address).status_code == 403
    assert browser(None).get(address).status_code == 302


def test_another_districts_coordinator_changes_nothing(story, browser, cast, session):
    client = browser(cast.an)

    assert client.post("/forms/1/state", data={"state": "closed"}).status_code == 404
    assert client.post(f"/forms/1/versions/{story.version_id}/publish").status_code == 404
    assert client.post(f"/plans/{story.plan_id}/forms").status_code == 404
    assert session.get(Form, 1).state is FormState.OPEN


def test_a_version_is_found_under_its_own_form_only(story, client):
    assert client.get(f"/forms/2/versions/{story.version_id}").status_code == 404
    assert client.get("/forms/1/versions/99").status_code == 404


def test_more_forms_do_not_mean_more_statements(story, client, upload, statements):
    def shown():
        with statements() as seen:
            assert client.get(f"/plans/{story.plan_id}/forms").status_code == 200
        return len(seen)

    upload(WORKBOOK.replace("hogd", "mot"))
    one = shown()
    for name in ("hai", "ba"):
        upload(WORKBOOK.replace("hogd", name))

    assert shown() == one
