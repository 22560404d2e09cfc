"""Teams are put together and phones get their keys on pages; a key is seen once."""

import base64
import json
import re
import zlib

import pytest
from sqlalchemy import select

from server.db import db, transaction
from server.desk.teams import app_name
from server.teams import service
from server.teams.models import Member, Person, Phone, Team
from tests.conftest import ACTOR


def fresh():
    db.session().rollback()
    db.session().expire_all()
    return db.session()


@pytest.fixture
def team(plan):
    with transaction() as session:
        return service.add_team(session, plan.id, "Đoàn 1", ACTOR)


def test_a_team_is_added_once_by_its_name(browser, cast, plan):
    minh = browser(cast.minh)

    minh.post(f"/plans/{plan.id}/teams", data={"name": "Đoàn 1"})
    minh.post(f"/plans/{plan.id}/teams", data={"name": " Đoàn  1 "})
    minh.post(f"/plans/{plan.id}/teams", data={"name": ""})

    assert fresh().query(Team).count() == 1
    assert "đã có đoàn tên" in minh.get(f"/plans/{plan.id}/teams").text


def test_someone_known_joins_a_team_once(browser, cast, plan, team):
    minh, here = browser(cast.minh), f"/plans/{plan.id}/teams/{team.id}/members"
    data = {"person_id": str(cast.lan.id), "post": "Chuyên viên", "leads": "1"}

    minh.post(here, data=data)
    minh.post(here, data=data)

    member = fresh().query(Member).one()
    assert (member.person_id, member.post, member.leads) == (cast.lan.id, "Chuyên viên", True)


def test_a_new_name_becomes_someone_who_only_carries_a_phone(browser, cast, plan, team):
    here = f"/plans/{plan.id}/teams/{team.id}/members"

    browser(cast.minh).post(here, data={"new_name": "Vũ Thị Mai", "post": "Cán bộ MTTQ"})

    mai = fresh().scalars(select(Person).where(Person.name == "Vũ Thị Mai")).one()
    assert (mai.email, mai.password_hash, mai.grants) == (None, None, [])
    assert fresh().query(Member).one().person_id == mai.id


@pytest.mark.parametrize("data", [{}, {"person_id": "999"}, {"new_name": "x" * 101}])
def test_a_member_who_is_nobody_is_refused(browser, cast, plan, team, data):
    browser(cast.minh).post(f"/plans/{plan.id}/teams/{team.id}/members", data=data)

    assert fresh().query(Member).count() == 0


def test_a_person_of_another_district_cannot_be_drawn_in(browser, cast, plan, team):
    here = f"/plans/{plan.id}/teams/{team.id}/members"

    browser(cast.minh).post(here, data={"person_id": str(cast.an.id)})

    assert fresh().query(Member).count() == 0


def test_a_member_is_taken_out(browser, cast, plan, team):
    with transaction() as session:
        service.join(session, session.merge(team), session.merge(cast.lan))
    member_id = fresh().query(Member).one().id

    browser(cast.minh).post(f"/plans/{plan.id}/members/{member_id}/remove")

    assert fresh().query(Member).count() == 0


def test_teams_are_changed_by_the_plans_coordinator_alone(browser, cast, plan, team):
    lan, an = browser(cast.lan), browser(cast.an)

    assert lan.get(f"/plans/{plan.id}/teams").status_code == 200
    assert lan.post(f"/plans/{plan.id}/teams", data={"name": "X"}).status_code == 403
    assert an.get(f"/plans/{plan.id}/teams").status_code == 404
    assert an.post(f"/plans/{plan.id}/teams", data={"name": "X"}).status_code == 404
    assert fresh().query(Team).count() == 1


def issue(client, plan, person, seen=0, **more):
    data = {"person_id": str(person.id), "seen": str(seen)} | more
    return client.post(f"/plans/{plan.id}/phones", data=data)


def url_on(page):
    return re.search(r'<code class="address">([^<]+)</code>', page).group(1)


def test_the_key_on_the_page_opens_the_form_list(app, browser, cast, plan):
    page = issue(browser(cast.minh), plan, cast.lan)

    assert page.headers["Cache-Control"] == "no-store"
    url = url_on(page.text)
    assert url.startswith("http://localhost/v1/key/") and url.endswith(f"/projects/{plan.id}")
    assert app.test_client().get(url + "/formList").status_code == 200


def test_the_picture_holds_the_same_address(browser, cast, plan, monkeypatch):
    """The code is base64 of zlib of JSON; read here from what the page hands to the picture."""
    from server.teams import settings_qr

    seen = []
    real = settings_qr.payload
    monkeypatch.setattr(
        settings_qr, "payload", lambda values: seen.append(real(values)) or seen[-1]
    )

    page = issue(browser(cast.minh), plan, cast.lan).text

    settings = json.loads(zlib.decompress(base64.b64decode(seen[0])))
    assert settings["general"]["server_url"] == url_on(page)
    assert settings["general"]["metadata_username"] == "Lan"
    picture = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', page).group(1)
    assert base64.b64decode(picture).startswith(b"<?xml") and b"<svg" in base64.b64decode(picture)


def test_the_phone_takes_the_team_its_carrier_is_in(browser, cast, plan, team):
    with transaction() as session:
        service.join(session, session.merge(team), session.merge(cast.lan))

    page = issue(browser(cast.minh), plan, cast.lan)

    assert "Đoàn 1" in page.text
    assert fresh().query(Phone).one().team_id == team.id


def test_sending_the_page_again_does_not_kill_the_key_just_shown(app, browser, cast, plan):
    minh = browser(cast.minh)
    url = url_on(issue(minh, plan, cast.lan).text)

    again = issue(minh, plan, cast.lan)

    assert again.status_code == 302
    assert "vừa được cấp" in minh.get(f"/plans/{plan.id}/phones").text
    assert app.test_client().get(url + "/formList").status_code == 200


def test_a_new_key_asked_for_on_purpose_replaces_the_old(app, browser, cast, plan):
    minh = browser(cast.minh)
    old = url_on(issue(minh, plan, cast.lan).text)
    newest = re.search(r'name="seen" value="(\d+)"', minh.get(f"/plans/{plan.id}/phones").text)

    new = url_on(issue(minh, plan, cast.lan, seen=newest.group(1)).text)

    assert app.test_client().get(old + "/formList").status_code == 403
    assert app.test_client().get(new + "/formList").status_code == 200


def test_a_revoked_phone_is_refused_at_its_next_request(app, browser, cast, plan):
    minh = browser(cast.minh)
    url = url_on(issue(minh, plan, cast.lan).text)
    phone_id = fresh().query(Phone).one().id

    minh.post(f"/plans/{plan.id}/phones/{phone_id}/revoke")

    assert app.test_client().get(url + "/formList").status_code == 403
    assert "Đã thu hồi" in minh.get(f"/plans/{plan.id}/phones").text


def test_the_list_says_when_and_with_what_a_phone_was_last_heard(app, browser, cast, plan):
    minh = browser(cast.minh)
    url = url_on(issue(minh, plan, cast.lan).text)
    agent = "org.odk.collect.android/v2024.2.4 Dalvik/2.1.0 (Linux; U; Android 13)"
    app.test_client().get(url + "/formList?deviceID=collect:xyz", headers={"User-Agent": agent})

    page = minh.get(f"/plans/{plan.id}/phones").text

    assert "ODK Collect v2024.2.4 · collect:xyz" in page
    assert "Đang hoạt động" in page


def test_the_token_is_on_no_other_page(browser, cast, plan):
    minh = browser(cast.minh)
    token = url_on(issue(minh, plan, cast.lan).text).split("/")[5]

    for path in (f"/plans/{plan.id}/phones", "/journal", f"/plans/{plan.id}/teams"):
        assert token not in minh.get(path).text


def test_phones_are_nobody_elses_matter(browser, cast, plan):
    assert browser(cast.lan).get(f"/plans/{plan.id}/phones").status_code == 403
    assert browser(cast.an).get(f"/plans/{plan.id}/phones").status_code == 404
    assert issue(browser(cast.an), plan, cast.an).status_code == 404
    assert issue(browser(cast.lan), plan, cast.lan).status_code == 403
    assert fresh().query(Phone).count() == 0


def test_a_key_is_made_only_for_those_who_may_carry_one(browser, cast, plan):
    minh = browser(cast.minh)

    answer = issue(minh, plan, cast.an)

    assert answer.status_code == 302
    assert "Hãy chọn người giữ máy" in minh.get(f"/plans/{plan.id}/phones").text


def test_the_list_of_phones_asks_no_more_for_many(browser, cast, plan, statements):
    minh = browser(cast.minh)
    issue(minh, plan, cast.lan)
    with statements() as few:
        minh.get(f"/plans/{plan.id}/phones")
    with transaction() as session:
        for number in range(60):
            person = service.add_person(session, f"Người {number}", ACTOR)
            team = service.add_team(session, plan.id, f"Đội {number}", ACTOR)
            service.issue_phone(session, plan.id, person, ACTOR, team)

    with statements() as many:
        first = minh.get(f"/plans/{plan.id}/phones").text
    older = re.search(r'href="([^"]*before=\d+)"', first).group(1)

    assert len(many) == len(few)
    assert (
        "Lan" not in first.split("<tbody>")[1] and "Lan" in minh.get(older).text.split("<tbody>")[1]
    )


@pytest.mark.parametrize(
    ("agent", "shown"),
    [(None, ""), ("curl/8", "curl/8"), ("ODKCollect/2025.1", "ODK Collect 2025.1")],
)
def test_an_app_is_named_by_its_agent(agent, shown):
    assert app_name(agent) == shown
