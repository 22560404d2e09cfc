"""What a program would delete elsewhere is kept here; it is told what to do instead."""

import pytest

from server.db import transaction
from server.entities import service as entities
from tests import forms
from tests.api.conftest import number_of
from tests.conftest import ACTOR

KEY = "uuid:85cb9aff-005e-4edd-9739-dc9c1a829c44"


@pytest.fixture
def kept(app, plan, program, cast):
    """Everything that there is to delete, by what may be done to it and by whom."""
    forms.publish(app, plan.id)
    with transaction() as session:
        entities.add_list(session, plan.id, "cay", ACTOR, properties=["loai"])
    base = f"/v1/projects/{plan.id}"
    program(cast.minh).post(
        f"{base}/forms/thu/submissions", data=forms.filled(KEY), content_type="application/xml"
    )
    return {
        base: (cast.minh, "archived"),
        f"{base}/forms/thu": (cast.minh, "closed"),
        f"{base}/forms/thu/submissions/{KEY}": (cast.hoa, "rejected"),
        f"{base}/datasets/cay": (cast.minh, "bulk-delete"),
        f"{base}/datasets/cay/properties/loai": (cast.minh, "save_to"),
        f"/v1/users/{cast.lan.id}": (cast.admin, "assignments"),
    }


def test_nothing_is_deleted_and_the_refusal_says_what_to_do(kept, program):
    for address, (person, instead) in kept.items():
        client = program(person)
        answer = client.delete(address)

        assert number_of(answer) == answer.status_code == 409, address
        assert answer.json["problem"] == "never-deleted"
        assert instead in answer.json["message"] and "không xóa" in answer.json["detail"]
        assert client.delete(f"{address}/").status_code == 409
        if "/properties/" not in address:
            assert client.get(address).status_code == 200


def test_who_may_not_see_or_change_it_is_told_that_first(kept, program, cast):
    for address, (_person, _instead) in kept.items():
        assert program(cast.lan).delete(address).status_code == 403, address
        assert program(cast.an).delete(address).status_code in {403, 404}, address
        assert program(None).delete(address).status_code == 401


def test_what_is_advised_can_be_done(kept, program, cast, plan):
    minh, base = program(cast.minh), f"/v1/projects/{plan.id}"
    review = {"reviewState": "rejected", "reason": "nhầm"}
    done = program(cast.hoa).patch(f"{base}/forms/thu/submissions/{KEY}", json=review)
    closed = minh.patch(f"{base}/forms/thu", json={"state": "closed"})
    archived = minh.patch(base, json={"archived": True})

    assert [done.status_code, closed.status_code, archived.status_code] == [200, 200, 200]
    assert archived.json["archived"] is True
