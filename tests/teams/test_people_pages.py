"""People are added, given roles and locked out by administrators, each within their own area."""

import re

import pytest
from sqlalchemy import event, select

from server.db import db, transaction
from server.permissions import Role
from server.places import queries as places
from server.teams import service
from server.teams.models import Grant, Person
from tests.conftest import ACTOR, PASSWORD, VU_BAN


def fresh():
    db.session().rollback()
    db.session().expire_all()
    return db.session()


def place_id(code, edition="2024"):
    return db.session().scalars(places.place(edition, code)).one().id


def new_person(**changes):
    return {
        "name": "Đỗ Văn Tư",
        "email": "tu@example.vn",
        "role": "reviewer",
        "edition_id": "2024",
        "place_id": str(place_id("359")),
    } | changes


@pytest.fixture
def local_admin(cast):
    """An administrator of Vụ Bản alone."""
    with transaction() as session:
        person = service.add_person(session, "Quản trị huyện", ACTOR, "huyen@example.vn")
        service.grant(session, person, Role.ADMINISTRATOR, VU_BAN, ACTOR)
        return person


def sign_in(app, email, password):
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client().post("/sign-in", data={"email": email, "password": password})


def shown_password(page):
    return re.search(r'<code class="secret">([^<]+)</code>', page).group(1)


def test_the_password_shown_once_opens_the_new_account(app, browser, cast):
    page = browser(cast.admin).post("/people/new", data=new_person())

    assert page.headers["Cache-Control"] == "no-store"
    password = shown_password(page.text)
    assert sign_in(app, "tu@example.vn", password).status_code == 302
    person = fresh().scalars(select(Person).where(Person.email == "tu@example.vn")).one()
    assert [(g.role, g.area) for g in person.grants] == [(Role.REVIEWER, VU_BAN)]
    assert password not in browser(cast.admin).get(f"/people/{person.id}").text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Hãy điền ô này"),
        ({"email": "khong-phai"}, "không đúng dạng"),
        ({"email": "Lan@example.vn"}, "đã có tài khoản"),
        ({"role": "king"}, "Hãy chọn một mục"),
        ({"place_id": ""}, "Hãy tìm rồi chọn địa bàn"),
    ],
)
def test_what_is_wrong_with_a_person_is_said_and_nobody_added(browser, cast, changes, sentence):
    before = fresh().query(Person).count()

    page = browser(cast.admin).post("/people/new", data=new_person(**changes))

    assert page.status_code == 422 and sentence in page.text
    assert fresh().query(Person).count() == before


def test_people_are_the_administrators_matter(browser, cast):
    for person in (cast.minh, cast.hoa, cast.lan, cast.an):
        assert browser(person).get("/people").status_code == 403
        assert browser(person).post("/people/new", data=new_person()).status_code == 403
    assert browser(None).get("/people").headers["Location"].startswith("/sign-in")


def test_a_local_administrator_sees_their_own_people(browser, cast, local_admin):
    page = browser(local_admin).get("/people").text.split("<tbody>")[1]

    assert "Minh" in page and "Hoa" in page
    assert ">an@example.vn<" not in page
    assert browser(local_admin).get(f"/people/{cast.an.id}").status_code == 404


def test_a_local_administrator_gives_nothing_beyond_their_area(browser, cast, local_admin):
    huyen = browser(local_admin)

    outside = huyen.post("/people/new", data=new_person(place_id=str(place_id("36"))))
    country = huyen.post(
        f"/people/{cast.minh.id}/grants", data={"role": "administrator", "place_id": "country"}
    )

    assert (outside.status_code, country.status_code) == (422, 302)
    assert "Hãy tìm rồi chọn địa bàn" in huyen.get("/people").text
    minh = fresh().get(Person, cast.minh.id)
    assert [(g.role, g.area) for g in minh.grants] == [(Role.COORDINATOR, VU_BAN)]


def test_an_account_that_reaches_further_is_not_a_local_administrators(browser, cast, local_admin):
    """Else a new password for it would open the rest of the country to them."""
    with transaction() as session:
        service.grant(session, session.merge(cast.admin), Role.REVIEWER, VU_BAN, ACTOR)
    huyen, url = browser(local_admin), f"/people/{cast.admin.id}"

    assert huyen.get(url).status_code == 200
    assert huyen.post(f"{url}/password").status_code == 403
    assert huyen.post(f"{url}/active", data={"active": "0"}).status_code == 403
    assert fresh().get(Person, cast.admin.id).active


def test_a_role_is_given_and_taken_back(browser, cast):
    admin, url = browser(cast.admin), f"/people/{cast.lan.id}"
    data = {"role": "viewer", "place_id": str(place_id("36"))}

    admin.post(f"{url}/grants", data=data)
    grant = fresh().scalars(select(Grant).where(Grant.role == Role.VIEWER)).one()
    assert (grant.person_id, grant.area) == (cast.lan.id, "2024/36")
    admin.post(f"{url}/grants/{grant.id}/revoke")

    assert fresh().scalar(select(Grant).where(Grant.role == Role.VIEWER)) is None
    assert browser(cast.lan).get("/plans").status_code == 200


def test_a_role_taken_back_is_gone_at_the_next_request(browser, cast, plan):
    lan = browser(cast.lan)
    grant_id = fresh().scalars(select(Grant.id).where(Grant.person_id == cast.lan.id)).one()
    assert lan.get(f"/plans/{plan.id}").status_code == 200

    browser(cast.admin).post(f"/people/{cast.lan.id}/grants/{grant_id}/revoke")

    assert lan.get(f"/plans/{plan.id}").status_code == 403


def test_the_grant_of_somebody_else_is_not_found(browser, cast):
    grant_id = fresh().scalars(select(Grant.id).where(Grant.person_id == cast.an.id)).one()

    answer = browser(cast.admin).post(f"/people/{cast.lan.id}/grants/{grant_id}/revoke")

    assert answer.status_code == 404
    assert fresh().get(Grant, grant_id) is not None


def test_a_new_password_ends_the_old_one_and_every_sign_in(app, browser, cast):
    with transaction() as session:
        service.set_password(session, session.merge(cast.hoa), PASSWORD, ACTOR)
    hoa = browser(cast.hoa)
    assert hoa.get("/").status_code == 200

    page = browser(cast.admin).post(f"/people/{cast.hoa.id}/password")

    assert hoa.get("/").headers["Location"] == "/sign-in"
    assert sign_in(app, "hoa@example.vn", PASSWORD).status_code == 401
    assert sign_in(app, "hoa@example.vn", shown_password(page.text)).status_code == 302


def test_someone_locked_out_is_out_at_once_with_their_phone(app, browser, cast, base):
    lan = browser(cast.lan)
    admin = browser(cast.admin)
    assert app.test_client().get(f"{base}/formList").status_code == 200

    admin.post(f"/people/{cast.lan.id}/active", data={"active": "0"})

    assert lan.get("/").headers["Location"] == "/sign-in"
    assert app.test_client().get(f"{base}/formList").status_code == 403
    admin.post(f"/people/{cast.lan.id}/active", data={"active": "1"})
    assert app.test_client().get(f"{base}/formList").status_code == 200


def test_nobody_locks_themselves_out(browser, cast):
    admin, url = browser(cast.admin), f"/people/{cast.admin.id}"
    grant_id = fresh().scalars(select(Grant.id).where(Grant.person_id == cast.admin.id)).one()

    assert admin.post(f"{url}/active", data={"active": "0"}).status_code == 409
    assert admin.post(f"{url}/grants/{grant_id}/revoke").status_code == 409
    assert admin.get("/people").status_code == 200


def test_passwords_are_never_alike_and_never_weak():
    from server.teams.people import LETTERS, initial_password

    made = {initial_password() for _ in range(200)}

    assert len(made) == 200
    assert all(re.fullmatch(rf"([{LETTERS}]{{4}}-){{3}}[{LETTERS}]{{4}}", one) for one in made)


def test_the_list_goes_on_in_dictionary_order_without_asking_more(browser, cast):
    admin, seen = browser(cast.admin), []
    event.listen(db.engine, "before_cursor_execute", lambda *a: seen.append(a[2]))
    admin.get("/people")
    few, _ = len(seen), seen.clear()
    with transaction() as session:
        for number in range(70):
            person = service.add_person(session, f"Đặng {number:02d}", ACTOR)
            service.grant(session, person, Role.VIEWER, VU_BAN, ACTOR)
    seen.clear()

    first = admin.get("/people").text
    many = len(seen)
    further = re.search(r'href="([^"]*after=\d+)"', first).group(1)
    names = re.findall(r'<a href="/people/\d+">([^<]+)</a>', first + admin.get(further).text)

    assert many == few
    assert len(names) == len(set(names)) == fresh().query(Person).count()
    assert names[0] == "An" and names.index("Đặng 00") < names.index("Hoa")
