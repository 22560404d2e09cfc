"""What phones sent and we did not take: the office reads it, takes it in, or puts it aside."""

import re

import pytest
from sqlalchemy import select

from server.db import transaction
from server.submissions.models import Held, HeldState, Submission
from server.surveys import service as surveys
from server.surveys.models import Form, FormState
from server.teams import service as teams
from server.teams.models import Team
from tests import forms
from tests.conftest import ACTOR
from tests.desk.conftest import interview, photo


@pytest.fixture
def held(session):
    def only():
        session.rollback()
        session.expire_all()
        return session.scalars(select(Held)).one()

    return only


def set_form(state):
    with transaction() as session:
        surveys.set_state(session, session.scalars(select(Form)).one(), state, ACTOR)


@pytest.fixture
def of_closed_form(story, held):
    """An interview that came after its form was closed, sent three times by the phone."""
    set_form(FormState.CLOSED)
    xml = interview(story.visit.code, story.hamlet.code, ten="Vũ Thị Hạnh")
    for _ in range(3):
        story.send(xml=xml, files={"a.jpg": photo()}, expected=409)
    return held()


def test_the_list_says_why_from_whom_and_how_often(story, of_closed_form, browser, cast):
    page = browser(cast.minh).get(f"/plans/{story.plan_id}/held").text

    assert "Biểu mẫu đã đóng" in page and "hogd" in page and "Lan" in page
    assert '<td class="number" data-label="Số lần gửi">3</td>' in page


def test_the_page_reads_the_answers_with_the_words_of_the_form(of_closed_form, browser, cast):
    page = browser(cast.hoa).get(f"/held/{of_closed_form.id}").text

    assert "Vũ Thị Hạnh" in page and "Tên chủ hộ" in page
    assert "đã đóng, không nhận phiếu nữa" in page and "a.jpg" in page
    assert "take-in" not in page  # a reviewer sees, a coordinator decides


def test_once_mended_it_is_taken_in_with_its_files(of_closed_form, browser, cast, held, session):
    set_form(FormState.OPEN)

    answer = browser(cast.minh).post(f"/held/{of_closed_form.id}/take-in")

    found = held()
    assert answer.location == f"/submissions/{found.submission_id}"
    assert (found.state, found.settled_by) == (HeldState.INGESTED, "Minh")
    stored = session.scalars(select(Submission)).one()
    assert [file.name for file in stored.files] == ["a.jpg"]


def test_what_was_refused_at_a_desk_keeps_who_sent_it_and_is_taken_in_as_theirs(
    story, browser, cast, held, session
):
    with transaction() as writing:
        team = writing.get(Team, story.visit.team_id)
        teams.join(writing, team, writing.merge(cast.lan), actor=ACTOR)
    set_form(FormState.CLOSED)
    xml = interview(story.visit.code, story.hamlet.code, ten="Vũ Thị Hạnh")
    refused = browser(cast.lan).post(f"/plans/{story.plan_id}/forms/1/fill", **forms.parts(xml))
    assert refused.status_code == 409
    found = held()
    assert (found.phone, found.person_id, found.team_id) == (None, cast.lan.id, team.id)
    assert "Lan" in browser(cast.minh).get(f"/held/{found.id}").text
    assert "Lan" in browser(cast.minh).get(f"/plans/{story.plan_id}/held").text
    set_form(FormState.OPEN)

    answer = browser(cast.minh).post(f"/held/{found.id}/take-in")

    assert answer.location == f"/submissions/{held().submission_id}"
    stored = session.scalars(select(Submission)).one()
    assert (stored.phone_id, stored.person_id, stored.team_id) == (None, cast.lan.id, team.id)


def test_taking_in_what_is_not_mended_says_why_and_changes_nothing(
    of_closed_form, browser, cast, held, session
):
    client = browser(cast.minh)

    answer = client.post(f"/held/{of_closed_form.id}/take-in", follow_redirects=True)

    assert "đã đóng, không nhận phiếu nữa" in answer.text
    assert held().state is HeldState.WAITING
    assert session.scalars(select(Submission)).all() == []


def test_what_is_put_aside_stays_readable(story, of_closed_form, browser, cast, held):
    client = browser(cast.minh)

    client.post(f"/held/{of_closed_form.id}/dismiss")

    assert held().state is HeldState.DISMISSED
    assert client.get(f"/held/{of_closed_form.id}").status_code == 200
    assert "Không có gì ở đây" in client.get(f"/plans/{story.plan_id}/held").text
    assert "hogd" in client.get(f"/plans/{story.plan_id}/held?state=dismissed").text
    assert (
        client.post(f"/held/{of_closed_form.id}/take-in", follow_redirects=True).status_code == 200
    )
    assert held().state is HeldState.DISMISSED


def test_a_conflict_is_laid_beside_the_record_we_hold(story, browser, cast, held):
    story.send(instance_id="uuid:x", so_tien="10", ten="Nhung")
    story.send(instance_id="uuid:x", so_tien="99", ten="Nhung", expected=409)

    page = browser(cast.minh).get(f"/held/{held().id}").text

    table = page[page.index('id="changes"') : page.index('id="readable"')]
    assert "Số tiền đã góp (đồng)" in table
    assert re.search(
        r">10<.*>99<", table.replace("\n", "").replace("<strong>", "").replace("</strong>", "")
    )
    assert "Tên chủ hộ" not in table
    assert "/take-in" not in page and "/dismiss" in page


def test_another_file_under_a_name_we_hold_is_never_taken_over_it(story, browser, cast, held):
    xml = interview(story.visit.code, story.hamlet.code, anh="a.jpg")
    story.send(xml=xml, files={"a.jpg": photo("brown")})
    story.send(xml=xml, files={"a.jpg": photo("green")})

    answer = browser(cast.minh).post(f"/held/{held().id}/take-in", follow_redirects=True)

    assert "tệp nhận trước được giữ" in answer.text
    assert held().state is HeldState.WAITING


def test_what_is_no_xml_is_shown_as_it_came(story, browser, cast, held):
    story.send(xml=b"<data id='hogd'><ten>Nhung</ten", expected=400)

    page = browser(cast.minh).get(f"/held/{held().id}").text

    assert "Không đọc được như XML" in page
    assert "&lt;ten&gt;Nhung" in page


def test_bytes_and_files_can_be_taken_home(of_closed_form, browser, cast, session):
    client = browser(cast.minh)
    file_id = of_closed_form.files[0].id

    xml = client.get(f"/held/{of_closed_form.id}/raw.xml")
    file = client.get(f"/held/{of_closed_form.id}/files/{file_id}")

    assert xml.data == of_closed_form.xml
    assert file.data == photo()
    for answer in (xml, file):
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.content_type == "application/octet-stream"
    assert client.get(f"/held/{of_closed_form.id}/files/{file_id + 1}").status_code == 404


@pytest.mark.parametrize("path", ["/held/{0}", "/held/{0}/raw.xml", "/plans/{1}/held"])
def test_quarantine_is_closed_to_others(story, of_closed_form, browser, cast, officer, path):
    address = path.format(of_closed_form.id, story.plan_id)

    assert browser(cast.an).get(address).status_code == 404
    assert browser(cast.lan).get(address).status_code == 403
    assert browser(officer).get(address).status_code == 403
    assert browser(None).get(address).status_code == 302


def test_only_who_may_take_in_does(of_closed_form, browser, cast, held):
    for verb in ("take-in", "dismiss"):
        assert browser(cast.hoa).post(f"/held/{of_closed_form.id}/{verb}").status_code == 403
        assert browser(cast.an).post(f"/held/{of_closed_form.id}/{verb}").status_code == 404

    assert held().state is HeldState.WAITING


def test_more_held_do_not_mean_more_statements(story, browser, cast, statements):
    client = browser(cast.minh)

    def shown():
        with statements() as seen:
            assert client.get(f"/plans/{story.plan_id}/held").status_code == 200
        return len(seen)

    set_form(FormState.CLOSED)
    story.send(expected=409)
    one = shown()
    for _ in range(3):
        story.send(expected=409)

    assert shown() == one
