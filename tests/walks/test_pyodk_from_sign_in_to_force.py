"""One program's day with unmodified pyodk, against the real server, phones included.

It signs in, makes a plan, a form with its files as a draft, tries and publishes it, gives phones
out; a phone fills the form; the program reads, reviews, comments and edits what came; it keeps a
list of rows, merges a table into it, and changes rows by version and by force.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyodk._utils.config import CentralConfig, Config
from pyodk.client import Client
from pyodk.errors import PyODKError

from server.db import transaction
from server.teams import service as teams
from tests import forms
from tests.api.conftest import address  # noqa: F401 - address is a fixture
from tests.api.workbooks import LIST, xlsx
from tests.conftest import ACTOR, PASSWORD

FIRST = "uuid:85cb9aff-005e-4edd-9739-dc9c1a829c44"
SECOND = "uuid:315c2f74-c8fc-4606-ae3f-22f8983e441e"


@pytest.fixture
def client(address: str, cast: Any, tmp_path: Path) -> Callable[[Any, int], Client]:  # noqa: F811
    """Make pyodk for a person; one who is asked to change records reviews them for the office."""

    def start(person: Any, project_id: int | None = None) -> Client:
        with transaction() as session:
            teams.set_password(session, session.merge(person), PASSWORD, ACTOR)
        central = CentralConfig(address, person.email, PASSWORD, project_id)
        return Client(
            config=Config(central), cache_path=tmp_path / f"{person.id}-{project_id}.toml"
        )

    return start


def filled(key: str, version: str = "2", **more: str) -> bytes:
    return forms.filled(key, version=version, form="ho", **{"anh": "1.jpg", **more})


def refused(number: float, verb: Callable[..., Any], *args: Any, **more: Any) -> None:
    with pytest.raises(PyODKError) as error:
        verb(*args, **more)
    assert error.value.is_central_error(number), error.value.args[0]


def test_a_program_drives_a_plan_from_sign_in_to_a_forced_change(
    app: Any, client: Any, cast: Any, tmp_path: Path, drain: Callable[[], int]
) -> None:
    # --- signed in; a plan of its own -----------------------------------------------------------
    minh = client(cast.minh)
    assert minh.get("users/current").json()["email"] == "minh@example.vn"
    project = minh.post("projects", json={"name": "Giám sát bằng chương trình"}).json()["id"]
    minh = client(cast.minh, project)
    assert minh.projects.get().name == "Giám sát bằng chương trình"

    # --- a form with its file, as a draft; tried; published; published anew ---------------------
    (tmp_path / "ho.xlsx").write_bytes(xlsx(version="1"))
    (tmp_path / "xom.csv").write_bytes(LIST)
    (tmp_path / "1.jpg").write_bytes(b"\xff\xd8 anh")
    made = minh.forms.create(tmp_path / "ho.xlsx", [tmp_path / "xom.csv"], form_id="ho")
    assert (made.xmlFormId, made.state) == ("ho", "open")
    (tmp_path / "ho.xlsx").write_bytes(xlsx(version="2"))
    minh.submissions.default_form_id = "ho"
    draft = minh.post(
        f"projects/{project}/forms/ho/draft?ignoreWarnings=true", data=xlsx(version="2")
    )
    assert draft.status_code == 415  # a workbook says what it is
    minh.forms.update("ho", definition=tmp_path / "ho.xlsx", attachments=[tmp_path / "xom.csv"])
    assert minh.forms.get("ho").version == "2"
    assert {form.xmlFormId for form in minh.forms.list()} == {"ho"}

    # --- phones, and what one of them sends -----------------------------------------------------
    lan, _nam = minh.projects.create_app_users(["Lan của xã", "Nam"], forms=["ho"])
    assert list(minh.projects.create_app_users(["Nam"], forms=["ho"])) == []
    phone = app.test_client()
    base = f"/v1/key/{lan.token}/projects/{project}"
    assert "<formID>ho</formID>" in phone.get(f"{base}/formList").text
    one = filled(FIRST, ten="Hồng")
    assert phone.post(f"{base}/submission", **forms.parts(one)).status_code == 201
    drain()

    # --- sent by the program itself; read as rows -----------------------------------------------
    own = minh.submissions.create(
        filled(SECOND, anh="1.jpg", tuoi="30").decode(), attachments=[tmp_path / "1.jpg"]
    )
    drain()
    assert [each.exists for each in own.attachments] == [True]
    assert {each.instanceId for each in minh.submissions.list()} == {FIRST, SECOND}
    rows = minh.submissions.get_table(expand="*", count=True)
    assert rows["@odata.count"] == 2 and {row["tuoi"] for row in rows["value"]} == {45, 30}

    # --- reviewed, commented, edited by the office ----------------------------------------------
    refused(403.1, minh.submissions.review, FIRST, "approved")
    hoa = client(cast.hoa, project)
    hoa.submissions.default_form_id = "ho"
    hoa.submissions.review(FIRST, "hasIssues", comment="Xem lại tuổi")
    hoa.submissions.edit(
        FIRST, filled("uuid:sua", replaces=FIRST, tuoi="46").decode(), comment="Theo sổ hộ khẩu"
    )
    drain()
    told = hoa.submissions.get(FIRST)
    assert (told.reviewState, told.updatedAt is not None) == ("edited", True)
    comments = [each.body for each in hoa.submissions.list_comments(FIRST)]
    assert comments == ["Theo sổ hộ khẩu", "Xem lại tuổi"]
    late = filled("uuid:muon", replaces=FIRST).decode()
    refused(409.9, hoa.submissions.edit, FIRST, late)
    hoa.submissions.review(FIRST, "approved")
    only = hoa.submissions.get_table(filter="__system/reviewState eq 'approved'")
    assert [(row["__id"], row["tuoi"]) for row in only["value"]] == [(FIRST, 46)]

    # --- a list of rows: merged, changed by version and by force --------------------------------
    minh.entity_lists.create(entity_list_name="mo_hinh")
    minh.entities.default_entity_list_name = "mo_hinh"
    minh.entity_lists.default_entity_list_name = "mo_hinh"
    cows = [{"label": "Bò số 1", "con": "2"}, {"label": "Bò số 2", "con": "3"}]
    assert len(minh.entities.merge(cows).to_insert) == 2
    again = minh.entities.merge([{"label": "Bò số 1", "con": "5"}], delete_not_matched=True)
    assert (len(again.to_update), len(again.to_delete)) == (1, 1)
    (row,) = minh.entities.list()
    assert row.currentVersion.version == 2
    changed = minh.entities.update(row.uuid, data={"con": "6"}, base_version=2)
    assert changed.currentVersion.version == 3
    refused(409.15, minh.entities.update, row.uuid, data={"con": "7"}, base_version=2)
    minh.entities.update(row.uuid, label="Bò tổ 1", data={"con": "8"}, force=True)
    (last,) = minh.entities.get_table()["value"]
    assert (last["label"], last["con"], last["__system"]["version"]) == ("Bò tổ 1", "8", 4)
    assert [each.name for each in minh.entity_lists.get().properties] == ["con"]

    # --- a neighbour sees nothing of it; what is over is closed ---------------------------------
    an = client(cast.an, project)
    refused(404.1, an.projects.get)
    refused(404.1, an.submissions.list, form_id="ho")
    assert minh.patch(f"projects/{project}", json={"archived": True}).json()["archived"] is True
    assert phone.post(f"{base}/submission", **forms.parts(one)).status_code == 201  # held already
    assert phone.post(f"{base}/submission", **forms.parts(filled("uuid:x"))).status_code == 409
