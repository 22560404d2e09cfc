"""A program keeps lists that phones carry: makes them, fills them, changes their rows."""

import uuid

import pytest
from pyodk.errors import PyODKError

from server.db import db, transaction
from server.entities import queries, service
from server.entities.models import EntityVersion
from tests import forms
from tests.api.conftest import number_of, odk_of, statements
from tests.conftest import ACTOR
from tests.entities.conftest import WORKBOOK

TREES = [{"label": "Cây đa", "loai": "đa"}, {"label": "Cây gạo", "loai": "gạo"}]


def test_pyodk_makes_a_list_merges_rows_and_changes_one(odk, base, app):
    made = odk.entity_lists.create(approval_required=True, entity_list_name="cay")
    odk.entity_lists.default_entity_list_name = odk.entities.default_entity_list_name = "cay"

    first = odk.entities.merge(TREES)
    again = odk.entities.merge(
        [{"label": "Cây đa", "loai": "đa lông", "cao": "12"}, {"label": "Cây me", "loai": "me"}],
        delete_not_matched=True,
    )

    assert (made.name, made.approvalRequired, made.projectId) == ("cay", True, odk.project_id)
    assert len(first.to_insert) == 2 and not first.to_update
    assert (len(again.to_insert), len(again.to_update), len(again.to_delete)) == (1, 1, 1)
    rows = odk.entities.get_table(count=True)
    assert rows["@odata.count"] == 2
    assert [(row["label"], row["loai"], row["cao"]) for row in rows["value"]] == [
        ("Cây me", "me", ""),
        ("Cây đa", "đa lông", "12"),
    ]
    told = odk.entity_lists.get()
    assert [each.name for each in told.properties] == ["loai", "cao"]  # merge adds them
    phone = app.test_client().get(f"{base}/datasets/cay/entities.csv").text
    assert "Cây đa" in phone and "Cây gạo" not in phone


def test_pyodk_changes_a_row_only_as_it_knows_it(odk):
    odk.entity_lists.create(entity_list_name="cay")
    odk.entity_lists.add_property("loai", entity_list_name="cay")
    odk.entities.default_entity_list_name = "cay"
    key = str(uuid.uuid4())
    made = odk.entities.create("Cây đa", {"loai": "đa"}, uuid=key)

    second = odk.entities.update(key, label="Cây đa đầu làng", base_version=1)
    with pytest.raises(PyODKError) as late:
        odk.entities.update(key, data={"loai": "si"}, base_version=1)
    third = odk.entities.update(key, data={"loai": "si"}, force=True)

    assert late.value.is_central_error("409.15")
    assert made.uuid == key and made.currentVersion.userAgent == "pyodk v1.3.0"
    assert [made, second, third][0].currentVersion.version == 1
    assert (second.currentVersion.label, second.currentVersion.version) == ("Cây đa đầu làng", 2)
    assert third.currentVersion.data == {"loai": "si"} and third.currentVersion.baseVersion == 2
    assert odk.entities.delete(key) is True
    assert odk.entities.list() == []
    with pytest.raises(PyODKError) as gone:
        odk.entities.update(key, label="x", force=True)
    assert gone.value.is_central_error(409.3)


def test_pyodk_of_another_district_finds_no_list(address, cast, plan, odk, tmp_path):
    odk.entity_lists.create(entity_list_name="cay")

    an = odk_of(address, cast.an, plan, tmp_path)
    for ask in (an.entity_lists.list, lambda: an.entities.list("cay"), an.projects.get):
        with pytest.raises(PyODKError) as refused:
            ask()
        assert refused.value.is_central_error(404.1)
    assert an.projects.list() == []


# --- what pyodk does not ask ------------------------------------------------------------------


@pytest.fixture
def minh(program, cast):
    return program(cast.minh)


@pytest.fixture
def at(minh, plan):
    """The address of a list with two trees."""
    with transaction() as session:
        found = service.add_list(session, plan.id, "cay", ACTOR, properties=["loai"])
        for each in TREES:
            service.create(session, found, each["label"], {"loai": each["loai"]}, ACTOR)
    return f"/v1/projects/{plan.id}/datasets/cay"


@pytest.fixture
def tree(minh, at):
    """The address of one of them."""
    return f"{at}/entities/{minh.get(f'{at}/entities').json[-1]['uuid']}"


@pytest.mark.parametrize(
    "query", ["", "?force=false", "?force=true&baseVersion=1", "?baseVersion=x", "?baseVersion="]
)
def test_a_change_says_which_row_it_means_by_exactly_one_of_two_ways(minh, tree, query):
    answer = minh.patch(f"{tree}{query}", json={"label": "x"})

    assert number_of(answer) == answer.status_code == 422
    assert [each["field"] for each in answer.json["details"]["fields"]] == ["baseVersion"]
    assert minh.get(tree).json["currentVersion"]["version"] == 1


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"label": "A", "data": {"cao": "1"}}, "entities.unknown-property"),
        ({"label": "A", "data": {"loai": 12}}, "bad-fields"),
        ({"label": "A", "data": ["loai"]}, "bad-fields"),
        ({"label": " "}, "entities.label-missing"),
        ({"label": "A", "uuid": "khong-phai"}, "entities.bad-id"),
        ({"label": 5}, "bad-fields"),
        ({"label": "A", "colour": "xanh"}, "bad-fields"),
        ({"label": "A", "entities": []}, "bad-fields"),
        ({}, "bad-fields"),
        ({"entities": [{"label": "A"}, {"label": "B", "data": {"x": "1"}}]}, "entities.unknown-p"),
        ({"entities": [{"label": "A"}, {"data": {}}]}, "bad-fields"),
        ({"entities": "A"}, "bad-fields"),
    ],
)
def test_what_cannot_be_a_row_is_refused_and_nothing_half_stored(minh, at, body, problem):
    answer = minh.post(f"{at}/entities", json=body)

    assert number_of(answer) == answer.status_code
    assert answer.json["problem"].startswith(problem), answer.text
    assert len(minh.get(f"{at}/entities").json) == 2


def test_many_rows_come_with_their_ids_and_source_or_not_at_all(minh, at, session):
    ids = [str(uuid.uuid4()) for _ in range(600)]
    many = [{"uuid": key, "label": f"Cây {n}", "data": {"loai": None}} for n, key in enumerate(ids)]

    made = minh.post(f"{at}/entities", json={"entities": many, "source": {"name": "a.csv"}})
    twice = minh.post(f"{at}/entities", json={"entities": [{"label": "Mới"}, many[5]]})
    same = minh.post(f"{at}/entities", json={"entities": [many[0] | {"uuid": TWO}] * 2})

    assert made.json == {"success": True}
    assert twice.json["code"] == same.json["code"] == 409.3
    assert len(minh.get(f"{at}/entities/").json) == 602
    agents = session.query(EntityVersion.agent).filter(EntityVersion.agent == "a.csv").count()
    assert agents == 600


TWO = "3f6c2f0e-6a1d-4b7e-8a55-0d4f1d1a2b01"


def test_versions_and_differences_of_a_row_are_told(minh, tree):
    minh.patch(f"{tree}?baseVersion=1", json={"data": {"loai": "si"}})
    minh.patch(f"{tree}?force=true", json={"label": "Cây si"})

    versions = minh.get(f"{tree}/versions").json
    differences = minh.get(f"{tree}/diffs").json
    audits = minh.get(f"{tree}/audits").json

    assert [(v["version"], v["current"]) for v in versions] == [(3, True), (2, False), (1, False)]
    assert versions[1]["dataReceived"] == {"loai": "si"} and versions[1]["baseVersion"] == 1
    assert differences == [
        [{"propertyName": "loai", "old": "đa", "new": "si"}],
        [{"propertyName": "label", "old": "Cây đa", "new": "Cây si"}],
    ]
    assert [each["action"] for each in audits] == [
        "entity.update.version", "entity.update.version", "entity.create",
    ]  # fmt: skip
    assert audits[0]["loggedAt"].endswith("Z") and audits[0]["actorId"]


def test_rows_are_deleted_and_put_back_one_by_one_or_many(minh, at, tree):
    ids = [each["uuid"] for each in minh.get(f"{at}/entities").json]

    assert minh.delete(tree).json == {"success": True}
    assert minh.get(tree).json["deletedAt"].endswith("Z")
    assert len(minh.get(f"{at}/entities?deleted=true").json) == 1
    assert minh.post(f"{tree}/restore").json == {"success": True}
    assert minh.post(f"{at}/entities/bulk-delete", json={"ids": ids}).json == {"success": True}
    assert minh.get(f"{at}/entities").json == []
    missing = minh.post(f"{at}/entities/bulk-restore", json={"ids": [*ids, TWO]})
    assert missing.status_code == 404 and minh.get(f"{at}/entities").json == []
    assert minh.post(f"{at}/entities/bulk-restore", json={"ids": ids}).json == {"success": True}
    assert len(minh.get(f"{at}/entities").json) == 2


def test_taking_many_rows_off_asks_the_database_for_hundreds_at_once(minh, at):
    labels = [{"label": f"Cây {n}"} for n in range(600)]
    minh.post(f"{at}/entities", json={"entities": labels, "source": {"name": "a.csv"}})
    ids = [each["uuid"] for each in minh.get(f"{at}/entities").json]

    with statements() as asked:
        answer = minh.post(f"{at}/entities/bulk-delete", json={"ids": ids * 2})

    assert answer.json == {"success": True} and minh.get(f"{at}/entities").json == []
    assert len([each for each in asked if each.startswith("SELECT")]) < 40
    wrong = minh.post(f"{at}/entities/bulk-restore", json={"ids": [ids[0], "khong-phai-ma"]})
    assert number_of(wrong) == 404 and minh.get(f"{at}/entities").json == []


def test_a_table_is_read_in_pages_and_says_what_it_does_not_offer(minh, at):
    page = minh.get(f"{at}.svc/Entities?%24top=1&%24skip=1&%24count=true").json
    other = minh.get(f"{at}.svc/Entities?%24filter=x")

    assert [row["label"] for row in page["value"]] == ["Cây đa"] and page["@odata.count"] == 2
    system = page["value"][0]["__system"]
    assert (system["version"], system["updates"], system["conflict"]) == (1, 0, None)
    assert system["createdAt"].endswith("Z") and "." in system["createdAt"]
    assert number_of(other) == other.status_code == 501 and "$filter" in other.json["message"]


def test_a_list_names_the_forms_that_save_to_it(minh, app, plan):
    forms.publish(app, plan.id, WORKBOOK)

    told = minh.get(f"/v1/projects/{plan.id}/datasets/cay").json
    listed = minh.get(
        f"/v1/projects/{plan.id}/datasets", headers={"X-Extended-Metadata": "true"}
    ).json

    assert {each["name"]: each["forms"] for each in told["properties"]} == {
        "loai": ["do_cay"],
        "cao": ["do_cay"],
    }
    assert [(each["name"], each["entities"]) for each in listed] == [("cay", 0)]


def test_a_list_is_made_once_and_under_a_name_that_phones_can_hold(minh, at, plan):
    lists = f"/v1/projects/{plan.id}/datasets"

    assert minh.post(lists, json={"name": "cay"}).json["code"] == 409.3
    assert minh.post(lists, json={"name": "visits"}).json["problem"] == "entities.bad-name"
    assert minh.post(f"{at}/properties", json={"name": "Loai"}).json["code"] == 409.3
    assert minh.post(f"{at}/properties", json={"name": "số"}).json["code"] == 400.8
    changed = minh.patch(at, json={"approvalRequired": True})
    assert changed.json["approvalRequired"] is True
    assert minh.get(f"{lists}/khong").status_code == 404
    assert queries.find_list(db.session(), plan.id, "khong") is None


def test_whoever_only_looks_may_not_change(program, cast, at, tree):
    hoa, lan = program(cast.hoa), program(cast.lan)

    for reader in (hoa, lan):
        assert reader.get(tree).status_code == 200
        assert reader.patch(f"{tree}?force=true", json={"label": "x"}).json["code"] == 403.1
        assert reader.delete(tree).json["code"] == 403.1
        assert reader.post(f"{at}/entities", json={"label": "x"}).json["code"] == 403.1
