import re

import pytest
from sqlalchemy import event

from server import clock
from server.db import db, transaction
from server.permissions import May, Role
from server.teams import service
from tests.conftest import ACTOR, PASSWORD, VU_BAN


@pytest.fixture
def hoa(app, cast):
    with transaction() as session:
        service.set_password(session, session.merge(cast.hoa), PASSWORD, ACTOR)
    return cast.hoa


def csrf(client, path="/sign-in"):
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text).group(1)


def sign_in(client, email, password):
    form = {"email": email, "password": password, "csrf_token": csrf(client)}
    return client.post("/sign-in", data=form)


def test_the_right_password_opens_the_first_page(app, hoa):
    client = app.test_client()

    answer = sign_in(client, "Hoa@Example.vn", PASSWORD)

    assert answer.status_code == 302
    assert client.get("/").status_code == 200


def test_a_wrong_password_is_refused_without_saying_which_half_was_wrong(app, hoa):
    client = app.test_client()

    known = sign_in(client, "hoa@example.vn", "sai mật khẩu")
    unknown = sign_in(client, "khong@example.vn", "sai mật khẩu")

    assert (known.status_code, unknown.status_code) == (401, 401)
    assert "Tài khoản hoặc mật khẩu không đúng" in known.text
    assert "Tài khoản hoặc mật khẩu không đúng" in unknown.text


def test_the_eleventh_guess_in_an_hour_is_not_even_checked(app, hoa):
    client = app.test_client()
    for _ in range(10):
        sign_in(client, "hoa@example.vn", "đoán mò lần nữa")

    answer = sign_in(client, "hoa@example.vn", PASSWORD)

    assert answer.status_code == 429
    assert "quá nhiều lần" in answer.text


def test_others_still_sign_in_while_one_account_is_guessed_at(app, hoa, cast):
    with transaction() as session:
        service.set_password(session, session.merge(cast.minh), PASSWORD, ACTOR)
    client = app.test_client()
    for _ in range(11):
        sign_in(client, "hoa@example.vn", "đoán mò lần nữa")

    assert sign_in(client, "minh@example.vn", PASSWORD).status_code == 302


def test_signing_out_kills_the_cookie_on_the_server(app, hoa):
    client = app.test_client()
    sign_in(client, "hoa@example.vn", PASSWORD)
    with client.session_transaction() as cookie:
        kept = dict(cookie)
    client.post("/sign-out", data={"csrf_token": csrf(client, "/")})

    with client.session_transaction() as cookie:
        cookie.update(kept)

    assert client.get("/").status_code == 302


def test_a_form_without_its_csrf_token_is_refused(app, hoa):
    answer = app.test_client().post("/sign-in", data={"email": "hoa@example.vn"})

    assert answer.status_code == 400
    assert "tải lại trang" in answer.text


def test_a_person_who_is_not_signed_in_is_asked_to(app):
    assert app.test_client().get("/").headers["Location"] == "/sign-in"


def test_a_sign_in_ends_after_half_a_day(session, cast, monkeypatch):
    with transaction() as writing:
        key = service.open_sign_in(writing, cast.hoa)
    opened = clock.now()

    for later, name in ((service.STAY * 0.99, "Hoa"), (service.STAY * 1.01, None)):
        monkeypatch.setattr(clock, "now", lambda later=later: opened + later)
        found = service.signed_in(session, key)
        assert (found and found.name) == name


def test_all_roles_of_who_is_signed_in_are_asked_in_one_look_up(session, cast):
    with transaction() as writing:
        hoa = writing.merge(cast.hoa)
        service.grant(writing, hoa, Role.ADMINISTRATOR, "2024/83/835", ACTOR)
        key = service.open_sign_in(writing, hoa)
    asked = []
    event.listen(db.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))

    found = service.signed_in(session, key)

    assert len([each for each in asked if each.startswith("SELECT")]) == 1
    assert [grant.area for grant in found.grants] == [VU_BAN, "2024/83/835"]
    assert found.areas(May.MANAGE_PEOPLE) == ["2024/83/835"]
    assert found.may(May.REVIEW) and found.areas() == hoa.areas()


def test_whoever_has_no_role_is_signed_in_and_may_do_nothing(session, cast):
    with transaction() as writing:
        person = service.add_person(writing, "Ngọc", ACTOR, "ngoc@example.vn")
        key = service.open_sign_in(writing, person)

    found = service.signed_in(session, key)

    assert (found.name, found.grants, found.areas()) == ("Ngọc", [], [])
    assert not any(found.may(right) for right in May)
