"""A list of trees that forms plant and measure, and phones that send what they say of them."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from server.db import db, transaction
from server.entities import queries
from server.entities.models import Entity, EntityList, EntityRequest, EntityVersion
from server.teams import service as teams
from server.teams.models import Person, Team
from tests import forms
from tests.conftest import ACTOR
from tests.worlds import kept

WORKBOOK = """
| survey |                            |         |             |          |         |
|        | type                       | name    | label       | relevant | save_to |
|        | select_one_from_file cay.csv | cay   | Cây nào?    |          |         |
|        | text                       | ten     | Tên cây     |          |         |
|        | text                       | loai    | Loài        |          | loai    |
|        | integer                    | cao     | Chiều cao   |          | cao     |
| entities |                          |         |             |          |         |
|        | list_name                  | label   | entity_id   | create_if | update_if |
|        | cay                        | ${ten}  | coalesce(${cay}, uuid()) | ${cay} = '' | ${cay} != '' |
| settings |                          |         |             |          |         |
|        | form_title                 | form_id | version     |          |         |
|        | Đo cây                     | do_cay  | 1           |          |         |
"""  # noqa: E501
TREE = "3f6c2f0e-6a1d-4b7e-8a55-0d4f1d1a2b01"
OTHER = "3f6c2f0e-6a1d-4b7e-8a55-0d4f1d1a2b02"


def said(
    instance_id: str | None = None, replaces: str = "", uuid_: str = TREE, **attributes: Any
) -> bytes:
    """Return a filled form that asks something of a tree; answers are those of the form.

    `create`, `update`, `base`, `trunk`, `branch` become the entity's attributes.
    """
    names = {"create": "create", "update": "update", "base": "baseVersion",
             "trunk": "trunkVersion", "branch": "branchId"}  # fmt: skip
    given = {names[k]: str(attributes.pop(k)) for k in list(attributes) if k in names}
    written = "".join(f' {name}="{value}"' for name, value in given.items())
    label = attributes.pop("label", "")
    answers = "".join(f"<{name}>{value}</{name}>" for name, value in attributes.items())
    key = instance_id or f"uuid:{uuid.uuid4()}"
    old = f"<orx:deprecatedID>{replaces}</orx:deprecatedID>" if replaces else ""
    return (
        '<data id="do_cay" version="1" xmlns:orx="http://openrosa.org/xforms">'
        f'{answers}<meta><entity xmlns="http://www.opendatakit.org/xforms/entities" '
        f'dataset="cay" id="{uuid_}"{written}><label>{label}</label></entity>'
        f"<orx:instanceID>{key}</orx:instanceID>{old}</meta></data>"
    ).encode()


@dataclass
class Grove:
    """The published form, its list, and a way to send and to look."""

    app: Flask
    plan_id: int
    base: str

    def send(self, *filled: bytes, address: str = "") -> None:
        """Send forms, by Lan's phone unless told otherwise, and do the work after them."""
        client = self.app.test_client()
        for each in filled:
            answer = client.post(f"{address or self.base}/submission", **forms.parts(each))
            assert answer.status_code in (201, 202), answer.text
        self.app.extensions["jobs"].drain()
        db.session().rollback()
        db.session().expire_all()

    @property
    def trees(self) -> EntityList:
        """The list as it stands."""
        if not db.session().info.get("writing"):
            db.session().rollback()
        return queries.list_named(db.session(), self.plan_id, "cay")

    def tree(self, key: str = TREE) -> Entity:
        """A tree as it stands."""
        found = queries.row(db.session(), self.trees, key)
        db.session().refresh(found)
        return found

    def versions(self, key: str = TREE) -> Sequence[EntityVersion]:
        """The versions of a tree, the first one first."""
        return list(reversed(queries.versions(db.session(), self.tree(key))))

    def requests(self) -> list[EntityRequest]:
        """What was asked, in the order of arrival."""
        db.session().rollback()
        db.session().expire_all()
        return list(db.session().scalars(select(EntityRequest).order_by(EntityRequest.id)))


@kept
def grove(app, plan, base) -> Grove:
    """A plan whose form plants and measures trees."""
    forms.publish(app, plan.id, WORKBOOK)
    return Grove(app, plan.id, base)


@pytest.fixture
def phone_of(app, plan) -> Callable[..., str]:
    """Make a phone for a person, perhaps in a team; return its address."""

    def make(person: Person, team: Team | None = None) -> str:
        with transaction() as session:
            _phone, token = teams.issue_phone(session, plan.id, person, ACTOR, team=team)
        return f"/v1/key/{token}/projects/{plan.id}"

    return make
