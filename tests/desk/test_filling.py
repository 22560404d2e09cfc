"""Forms filled at a desk: who may, what they get, and what is refused; the page itself runs in
tests/walks/test_fill_in_the_browser.py."""

import pytest
from sqlalchemy import select

from server.db import db, transaction
from server.submissions.models import Submission
from server.surveys.models import Form, FormState, FormVersion, PhoneList
from server.teams import service as teams
from server.teams.models import Team
from tests import forms
from tests.conftest import ACTOR
from tests.desk.conftest import interview


@pytest.fixture
def fill(story) -> str:
    """The address where the story's form is filled."""
    form_pk = db.session().get(FormVersion, story.version_id).form_pk
    return f"/plans/{story.plan_id}/forms/{form_pk}/fill"


@pytest.fixture
def lan(story, cast, browser):
    """Lan of the team that visits, at a desk."""
    with transaction() as session:
        team = session.get(Team, story.visit.team_id)
        teams.join(session, team, session.merge(cast.lan), actor=ACTOR)
    return browser(cast.lan)


def correction(story, of: str, **said) -> bytes:
    """Return the XML of an edit of the content that came under `of`."""
    xml = interview(story.visit.code, story.hamlet.code, **said).decode()
    old = f"<orx:deprecatedID>{of}</orx:deprecatedID></orx:meta>"
    return xml.replace("</orx:meta>", old).encode()


def send(client, address: str, xml: bytes, **fields: str):
    sent = forms.parts(xml)
    sent["data"] |= fields
    return client.post(address, **sent)


def test_the_page_carries_its_own_policy_and_the_lists_come_as_the_team_has_them(story, fill, lan):
    page = lan.get(fill)
    mine = lan.get(f"{fill}/{story.version_id}/visits.csv")
    phones = db.session().scalars(
        select(PhoneList.content).filter_by(name="visits.csv", team_id=story.visit.team_id)
    )

    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self' 'wasm-unsafe-eval'" in policy
    assert "'unsafe-eval'" not in policy and "default-src 'self'" in policy
    assert story.visit.code in mine.text and mine.mimetype == "text/csv"
    assert mine.data == phones.one()
    assert lan.get(f"{fill}/{story.version_id}/khac.csv").status_code == 404


def test_without_scripts_the_page_says_so_and_offers_nothing_broken(fill, lan):
    page = lan.get(fill).text

    assert "cần JavaScript" in page.split("<noscript>")[1].split("</noscript>")[0]
    assert 'class="needs-script" id="fill"' in page


def test_what_is_sent_needs_the_token_of_the_page(app, story, fill, lan):
    app.config["WTF_CSRF_ENABLED"] = True

    answer = send(lan, fill, interview(story.visit.code, story.hamlet.code))

    assert answer.status_code == 400
    assert db.session().scalars(select(Submission)).all() == []


def test_a_form_that_is_sent_is_the_same_as_from_the_teams_phone(story, fill, lan, cast):
    answer = send(lan, fill, interview(story.visit.code, story.hamlet.code))

    assert answer.status_code == 201
    found = db.session().scalars(select(Submission)).one()
    assert answer.json == {"address": f"/submissions/{found.id}"}
    assert (found.person_id, found.team_id) == (cast.lan.id, story.visit.team_id)
    assert found.phone_id is None


def test_an_edit_does_not_slip_in_as_a_new_form(story, fill, lan):
    story.send(instance_id="uuid:a")

    answer = send(lan, fill, correction(story, "uuid:a"))

    assert (answer.status_code, answer.json["problem"]) == (
        409, "submissions.edit-of-another-record",
    )  # fmt: skip


def test_a_closed_form_is_not_offered(story, fill, lan):
    with transaction() as session:
        session.get(FormVersion, story.version_id).form.state = FormState.CLOSED

    page = lan.get(fill).text

    assert "không nhận phiếu mới nữa" in page and 'id="fill-form"' not in page


def test_a_correction_needs_a_reason_and_the_record_as_it_was_shown(story, cast, browser):
    record = story.send(instance_id="uuid:a")
    hoa, address = browser(cast.hoa), f"/submissions/{record}/edit"
    edit = correction(story, "uuid:a", so_tien="7")

    without = send(hoa, address, edit, revision="1", reason=" ")
    stale = send(hoa, address, edit, revision="0", reason="Đếm lại")
    other = send(hoa, address, correction(story, "uuid:b"), revision="1", reason="Đếm lại")
    good = send(hoa, address, edit, revision="1", reason="Đếm lại")
    again = send(hoa, address, edit, revision="1", reason="Đếm lại")

    refused = [each.json["problem"] for each in (without, stale, other)]
    assert refused == [
        "submissions.edit-reason-needed", "submissions.review-moved",
        "submissions.edit-of-another-record",
    ]  # fmt: skip
    assert (good.status_code, again.status_code) == (201, 201)
    db.session().rollback()
    db.session().expire_all()
    found = db.session().get(Submission, record)
    assert (found.number, found.edit_reason, found.answers["so_tien"]) == (2, "Đếm lại", 7)


def test_only_the_office_corrects(story, cast, browser, lan):
    record = story.send()

    assert lan.get(f"/submissions/{record}/edit").status_code == 403
    assert browser(cast.minh).get(f"/submissions/{record}/edit").status_code == 403
    assert browser(cast.an).get(f"/submissions/{record}/edit").status_code == 403
    assert "Sửa phiếu" in browser(cast.hoa).get(f"/submissions/{record}").text
    assert "Sửa phiếu" not in lan.get(f"/submissions/{record}").text


def test_a_form_without_a_draft_says_so(story, cast, browser):
    form_pk = db.session().scalars(select(Form.id)).one()
    page = browser(cast.minh).get(f"/plans/{story.plan_id}/forms/{form_pk}/draft/preview")

    assert "không có bản nháp" in page.text and 'id="fill-form"' not in page.text
