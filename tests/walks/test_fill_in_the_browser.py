"""A form filled, corrected and looked at in a real browser, with the component that ships.

The pages run nothing that their content policy forbids, and ask no other host for anything.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from server.db import db, transaction
from server.demo.loopback import serving
from server.submissions.models import Submission, SubmissionVersion
from server.surveys import service as surveys
from server.surveys.models import FormVersion
from server.teams import service as teams
from server.teams.models import Team
from tests import forms
from tests.conftest import ACTOR, same_on_both
from tests.desk import conftest as desk
from tests.walks.browsing import chromium as chromium
from tests.walks.browsing import needs_chromium

pytestmark = [
    same_on_both,
    pytest.mark.browser,
    pytest.mark.slow,
    needs_chromium,
]
communes, story = desk.communes, desk.story
HOSTILE = "<img src=x onerror=\"document.title='bị chiếm'\"><script>document.title='x'</script>"
WORKBOOK = """
| survey |                                  |        |                        |                     |          |            |                    |
|        | type                             | name   | label::Tiếng Việt (vi) | label::English (en) | required | constraint | constraint_message::Tiếng Việt (vi) |
|        | deviceid                         | deviceid |                      |                     |          |            |                    |
|        | select_one_from_file visits.csv  | visit  | Lượt giám sát          | Visit               | yes      |            |                    |
|        | select_one_from_file hamlets.csv | hamlet | Thôn                   | Hamlet              | yes      |            |                    |
|        | text                             | ten    | Tên <b>chủ hộ</b> <script>document.title='x'</script> | Head | yes |  |                    |
|        | integer                          | so     | Số người               | People              | yes      | . < 20     | Không quá 19 người |
|        | decimal                          | dat    | Đất (ha)               | Land                |          |            |                    |
|        | date                             | ngay   | Ngày nhận              | Received on         |          |            |                    |
|        | note                             | chao   | Hộ ${ten}              | Household ${ten}    |          |            |                    |
|        | image                            | anh    | Ảnh con bò             | Photo of the cow    |          |            |                    |
| settings |                                |        |                        |                     |          |            |                    |
|        | form_title                       | form_id | version               | default_language    |          |            |                    |
|        | Hộ tại bàn                       | taiban | 1                      | Tiếng Việt (vi)     |          |            |                    |
"""  # noqa: E501


@pytest.fixture
def served(story) -> Iterator[str]:
    """The application with one commune's story, served on loopback."""
    with serving(story.app) as address:
        yield address


class Desk:
    """Somebody before a screen, and whatever went wrong on it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address, self.faults = page, address, []
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("console", lambda said: said.type == "error" and self.faults.append(said.text))
        page.on("request", self._asked)

    def _asked(self, request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.faults.append(f"asked {request.url}")

    def open(self, path: str) -> None:
        """Open a form and wait until it is there."""
        self.page.goto(self.address + path)
        expect(self.page.get_by_role("button", name="Gửi phiếu")).to_be_visible(timeout=20_000)

    def type(self, label: str, text: str) -> None:
        """Answer a question key by key."""
        field = self.page.locator(".question-container", has_text=label).locator("input")
        field.first.click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)
        field.first.blur()

    def send(self) -> None:
        """Press the form's own button."""
        self.page.get_by_role("button", name="Gửi phiếu").click()

    def fits(self) -> bool:
        """Tell whether nothing is wider than the screen."""
        return self.page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )


@pytest.fixture
def at_desk(story, served: str, chromium: Browser):
    """Seat a person before a screen of a width."""
    opened = []

    def seat(person, width: int = 1280) -> Desk:
        with transaction() as session:
            key = teams.open_sign_in(session, person)
        client = story.app.test_client()
        with client.session_transaction() as cookie:
            cookie["key"] = key
        value = client.get_cookie("session").value
        context = chromium.new_context(viewport={"width": width, "height": 900}, locale="vi-VN")
        context.add_cookies([{"name": "session", "value": value, "url": served}])
        opened.append(context)
        return Desk(context.new_page(), served)

    yield seat
    for context in opened:
        context.close()


@pytest.fixture
def form_pk(story) -> int:
    """A published form with a rule, a list and a photo."""
    version_id = forms.publish(story.app, story.plan_id, WORKBOOK)
    return db.session().get(FormVersion, version_id).form_pk


def kept(drain) -> Submission:
    """Return the newest record, linked and all."""
    drain()
    db.session().rollback()
    db.session().expire_all()
    return db.session().scalars(select(Submission).order_by(Submission.id.desc())).first()


def test_what_is_filled_at_a_desk_arrives_as_from_a_phone(story, cast, at_desk, form_pk, drain):
    with transaction() as session:
        team = session.get(Team, story.visit.team_id)
        teams.join(session, team, session.merge(cast.lan), actor=ACTOR)
    lan = at_desk(cast.lan, 390)
    lan.open(f"/plans/{story.plan_id}/forms/{form_pk}/fill")
    assert lan.fits()

    lan.send()
    expect(lan.page.get_by_text("4 câu hỏi cần sửa.")).to_be_visible()
    expect(lan.page.get_by_text("Câu này bắt buộc trả lời.").first).to_be_visible()
    lan.page.get_by_text("Xã Cộng Hòa – Đợt 1").click()
    lan.page.get_by_text("Thôn Vân Cát").click()
    lan.type("chủ hộ", "Nguyễn Thị Nhung")
    lan.type("Số người", "25")
    lan.type("Đất (ha)", "0,125")
    lan.send()
    expect(lan.page.get_by_text("Không quá 19 người").first).to_be_visible()
    lan.type("Số người", "4")
    picture = {"name": "bò.jpg", "mimeType": "image/jpeg", "buffer": desk.photo()}
    lan.page.set_input_files("input[type=file] >> nth=-1", picture)

    lan.page.context.set_offline(True)
    lan.send()
    expect(lan.page.get_by_text("Chưa gửi được vì mất liên lạc")).to_be_visible()
    assert lan.faults == ["Failed to load resource: net::ERR_INTERNET_DISCONNECTED"]
    lan.page.context.set_offline(False)
    expect(lan.page.get_by_text("Máy chủ đã nhận phiếu.")).to_be_visible()
    first = kept(drain)
    shown = {name: first.answers[name] for name in ("visit", "hamlet", "ten", "so", "dat", "ngay")}
    assert shown == {
        "visit": story.visit.code, "hamlet": "H001", "ten": "Nguyễn Thị Nhung", "so": 4,
        "dat": 0.125, "ngay": None,
    }  # fmt: skip
    assert (first.device_id, first.phone_id) == (f"web:{cast.lan.id}", None)
    assert (first.person_id, first.team_id) == (cast.lan.id, story.visit.team_id)
    assert (first.visit_id, first.files_held, first.files_named) == (story.visit.id, 1, 1)
    lan.page.get_by_role("link", name="Mở phiếu").click()
    expect(lan.page.locator("#answers")).to_contain_text("Nguyễn Thị Nhung")
    assert lan.faults[1:] == []


def test_a_reviewer_corrects_what_a_phone_sent_and_nothing_else_of_it(story, cast, at_desk, drain):
    record = story.send(
        {"1.jpg": desk.photo(), "a.m4a": b"sound"}, anh="1.jpg", tieng="a.m4a",
        more=desk.CHILDREN, instance_id="uuid:a",
    )  # fmt: skip
    before = db.session().get(Submission, record)
    started, ended = before.started_at, before.ended_at
    said, files = before.answers, {each.name: each.sha256 for each in before.files}
    hoa = at_desk(cast.hoa, 390)
    hoa.open(f"/submissions/{record}/edit")
    assert hoa.fits()
    hoa.type("Số tiền đã góp", "5000")
    hoa.send()
    expect(hoa.page.get_by_text("Hãy ghi lý do sửa trước khi gửi.")).to_be_visible()
    hoa.page.fill("[name=reason]", "Đếm lại")
    hoa.send()
    expect(hoa.page.get_by_text("Máy chủ đã nhận bản sửa.")).to_be_visible()

    after = kept(drain)
    assert (after.id, after.number, after.edit_reason) == (record, 2, "Đếm lại")
    changed = {name for name in said | after.answers if said.get(name) != after.answers.get(name)}
    assert (changed, after.answers["so_tien"]) == ({"so_tien", "end"}, 5000)
    assert (after.started_at, after.ended_at) == (started, ended)
    assert {each.name: each.sha256 for each in after.files} == files
    replaced = db.session().scalars(select(SubmissionVersion)).one()
    assert (replaced.instance_id, replaced.answers["so_tien"]) == ("uuid:a", 0)
    assert hoa.faults == []


def test_a_draft_is_tried_without_sending_and_hostile_words_run_nothing(
    story, cast, at_desk, form_pk
):
    """Chromium reports the handler it finds in a text that is being cleaned, and runs none."""
    draft = WORKBOOK.replace("taiban | 1 ", "taiban | 2 ")
    with transaction() as session:
        surveys.upload(
            session, story.app.extensions["files"], story.plan_id, draft.encode(), "nhap.md",
            forms.compiled(draft), ACTOR,
        )  # fmt: skip
    minh = at_desk(cast.minh)
    minh.open(f"/plans/{story.plan_id}/forms/{form_pk}/draft/preview")
    expect(minh.page.get_by_text("bản nháp để xem thử")).to_be_visible()

    minh.page.get_by_text("Xã Cộng Hòa – Đợt 1").click()
    minh.page.get_by_text("Thôn Vân Cát").click()
    minh.type("chủ hộ", HOSTILE)
    minh.type("Số người", "4")
    minh.send()

    expect(minh.page.get_by_text("Câu trả lời hợp lệ.")).to_be_visible()
    assert db.session().scalars(select(Submission)).all() == []
    assert (
        minh.page.locator("#fill-form [onerror], #fill-form script, #fill-form img[src=x]").count()
        == 0
    )
    assert minh.page.title().startswith("Xem thử")
    assert [each for each in minh.faults if "inline event handler" not in each] == []
