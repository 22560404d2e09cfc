"""A program signs in, sees the plans that are its person's, and who serves in them."""

import base64

import pytest

from server.db import transaction
from server.permissions import Role
from server.teams import service as teams
from server.teams.models import Phone
from tests.api.conftest import number_of
from tests.conftest import ACTOR, PASSWORD, VU_BAN


@pytest.fixture
def minh(program, cast):
    return program(cast.minh)


@pytest.fixture
def admin(program, cast):
    return program(cast.admin)


def test_pyodk_signs_in_and_reads_the_plan(odk, address, plan, cast):
    (listed,) = odk.projects.list()
    told = odk.projects.get()

    assert (listed.id, listed.name, listed.archived) == (plan.id, plan.name, False)
    assert told == listed
    assert odk.get("users/current").json()["displayName"] == "Minh"
    kept = odk.session.headers["Authorization"]
    assert odk.session.auth.service.get_token("minh@example.vn", PASSWORD) == kept.split()[1]
    assert odk.delete("sessions/current").json() == {"success": True}
    assert odk.get("projects").status_code == 401


def test_a_password_opens_every_address_and_a_cookie_none(app, browser, cast, plan):
    with transaction() as session:
        teams.set_password(session, session.merge(cast.minh), PASSWORD, ACTOR)
    shown = base64.b64encode(f"minh@example.vn:{PASSWORD}".encode()).decode()
    stranger = app.test_client()

    basic = stranger.get("/v1/projects/", headers={"Authorization": f"Basic {shown}"})

    assert [each["id"] for each in basic.json] == [plan.id]
    assert browser(cast.minh).get("/v1/projects").json["code"] == 401.2


@pytest.mark.parametrize(
    "shown", ["Bearer", "Bearer ", "Bearer x", "Bearer " + "x" * 5000, "Basic", "Basic %%%", "X y"]
)
def test_half_a_key_opens_nothing(app, plan, cast, shown):
    answer = app.test_client().get("/v1/projects", headers={"Authorization": shown})

    assert number_of(answer) == answer.status_code == 401


def test_a_key_is_closed_by_whose_it_is_and_nobody_else(program, cast, app):
    minh, lan = program(cast.minh), program(cast.lan)
    key = minh.environ_base["HTTP_AUTHORIZATION"].split()[1]

    assert lan.delete(f"/v1/sessions/{key}").status_code == 404
    assert minh.get("/v1/users/current").status_code == 200
    assert minh.delete(f"/v1/sessions/{key}").json == {"success": True}
    assert minh.get("/v1/users/current").status_code == 401


def test_a_plan_is_added_over_the_callers_own_area_and_closed_again(minh, session, plan):
    made = minh.post("/v1/projects/", json={"name": "Kế hoạch 2"})
    here = f"/v1/projects/{made.json['id']}"
    changed = minh.patch(here, json={"name": "Kế hoạch hai", "archived": True})
    refused = minh.patch(here, json={"name": "Ba"})
    opened = minh.patch(here, json={"archived": False, "name": "Ba"})

    assert made.status_code == 200, made.text
    assert (made.json["area"], made.json["edition"]) == (VU_BAN, "2024")
    assert made.json["createdAt"].endswith("Z") and made.json["deletedAt"] is None
    assert (changed.json["name"], changed.json["archived"]) == ("Kế hoạch hai", True)
    assert refused.json["problem"].endswith("plan-closed") and number_of(refused) == 409
    assert (opened.json["name"], opened.json["archived"]) == ("Ba", False)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "name"),
        ({"name": ""}, 422, "name"),
        ({"name": 5}, 422, "name"),
        ({"name": "A", "colour": "xanh"}, 422, "colour"),
        ({"name": "A", "place": "00000"}, 422, "place"),
        ({"name": "A", "edition": "1802"}, 422, "edition"),
        ({"name": "A", "programme": "x"}, 422, "programme"),
        ({"name": "A", "place": "835"}, 403, ""),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_its_field(minh, plan, body, status, field):
    answer = minh.post("/v1/projects", json=body)

    assert number_of(answer) == answer.status_code == status, answer.text
    if field:
        assert [each["field"] for each in answer.json["details"]["fields"]] == [field]
    assert len(minh.get("/v1/projects").json) == 1


def test_figures_are_told_when_asked_for(minh, program, cast, plan, token):
    asked = {"X-Extended-Metadata": "true"}
    (told,) = minh.get("/v1/projects", headers=asked).json
    (lan,) = program(cast.lan).get("/v1/projects", headers=asked).json

    assert (told["appUsers"], told["forms"], told["lastSubmission"]) == (1, 0, None)
    assert lan["appUsers"] is None  # phones are not Lan's to see
    assert "appUsers" not in minh.get(f"/v1/projects/{plan.id}").json


# --- roles ------------------------------------------------------------------------------------


def test_roles_are_told_with_the_number_that_clients_know_phones_by(minh):
    told = {each["id"]: each for each in minh.get("/v1/roles").json}

    assert told[2]["system"] == "app-user" and told[1]["system"] == "admin"
    assert len(told) == len(Role) + 1
    assert minh.get("/v1/roles/manager").json["name"] == "Coordinator"
    assert minh.get("/v1/roles/99").status_code == 404


def test_a_role_over_the_plan_is_given_and_taken_back(admin, minh, cast, plan):
    at = f"/v1/projects/{plan.id}/assignments"

    assert minh.get(at).json["code"] == 403.1
    assert admin.post(f"{at}/7/{cast.lan.id}").json == {"success": True}
    assert {"actorId": cast.lan.id, "roleId": 7} in admin.get(at).json
    assert [each["displayName"] for each in admin.get(f"{at}/7").json] == ["Hoa", "Lan"]
    assert admin.delete(f"{at}/7/{cast.lan.id}").json == {"success": True}
    assert admin.delete(f"{at}/7/{cast.lan.id}").status_code == 404
    assert admin.post(f"{at}/2/{cast.lan.id}").status_code == 404
    assert admin.post(f"{at}/7/99999").status_code == 404


def test_people_are_told_to_those_who_manage_them(admin, minh, cast):
    told = admin.get("/v1/users").json

    assert {"Lan", "Minh", "Hoa", "An"} < {each["displayName"] for each in told}
    assert admin.get(f"/v1/users/{cast.hoa.id}").json["roles"] == [
        {"role": "reviewer", "area": VU_BAN}
    ]
    assert minh.get("/v1/users").json["code"] == 403.1


# --- phones -----------------------------------------------------------------------------------


def test_a_phone_is_issued_by_name_told_once_and_revoked(minh, app, plan, cast, session):
    at = f"/v1/projects/{plan.id}/app-users"

    made = minh.post(at, json={"displayName": "Lan"}).json
    again = minh.post(at, json={"displayName": "Lan"})
    listed = minh.get(at).json
    served = app.test_client().get(f"/v1/key/{made['token']}/projects/{plan.id}/formList")
    minh.delete(f"{at}/{made['id']}")
    refused = app.test_client().get(f"/v1/key/{made['token']}/projects/{plan.id}/formList")

    assert made["personId"] == cast.lan.id and made["type"] == "field_key"
    assert again.json["problem"] == "teams.phone-held" and number_of(again) == 409
    assert [each["token"] for each in listed] == [""]
    assert (served.status_code, refused.status_code) == (200, 403)
    assert minh.get(f"{at}/{made['id']}").json["token"] is None
    assert minh.post(at, json={"displayName": "Lan"}).status_code == 200


def test_two_people_of_one_name_are_told_apart_by_number(minh, plan, session, cast):
    with transaction() as writing:
        other = teams.add_person(writing, "Lan", ACTOR)
        team = teams.add_team(writing, plan.id, "Đoàn 1", ACTOR)
        teams.join(writing, team, other, actor=ACTOR)
    at = f"/v1/projects/{plan.id}/app-users"

    vague = minh.post(at, json={"displayName": "Lan"})
    exact = minh.post(at, json={"displayName": "Lan", "personId": other.id, "teamId": team.id})
    nobody = minh.post(at, json={"displayName": "An", "personId": cast.an.id})

    assert vague.json["problem"] == "teams.several-of-that-name" and number_of(vague) == 409
    assert (exact.json["personId"], exact.json["teamId"]) == (other.id, team.id)
    assert nobody.status_code == 404
    assert session.query(Phone).count() == 1


def test_phones_of_elsewhere_are_not_there(program, cast, minh, plan):
    made = minh.post(f"/v1/projects/{plan.id}/app-users", json={"displayName": "Lan"}).json
    an = program(cast.an)

    for path in ("", f"/{made['id']}"):
        answer = an.get(f"/v1/projects/{plan.id}/app-users{path}")
        assert number_of(answer) == answer.status_code == 404
    assert program(cast.hoa).get(f"/v1/projects/{plan.id}/app-users").json["code"] == 403.1
