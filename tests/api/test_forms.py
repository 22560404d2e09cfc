"""A program makes forms of a plan, changes them and gives them to phones."""

import csv
import io

import pytest
from pyodk.errors import PyODKError
from sqlalchemy import select

from server.db import db, transaction
from server.entities import service as entities
from server.journal import Line
from server.monitoring import service as monitoring
from server.permissions import Role
from server.places import queries as places
from server.surveys import keys
from server.surveys.models import Form, FormVersion
from server.teams import service as teams
from tests import forms
from tests.api.conftest import number_of
from tests.api.workbooks import LIST, xlsx
from tests.conftest import ACTOR

pytestmark = pytest.mark.usefixtures("unvalidated")


@pytest.fixture
def files(tmp_path):
    """The workbook of a form and the list it asks for, as files on a program's disk."""
    (tmp_path / "ho.xlsx").write_bytes(xlsx())
    (tmp_path / "xom.csv").write_bytes(LIST)
    return tmp_path


def versions(form_id="ho"):
    db.session().rollback()
    db.session().expire_all()
    rows = db.session().query(FormVersion).join(Form, Form.id == FormVersion.form_pk)
    found = rows.filter(Form.form_id == form_id).order_by(FormVersion.id)
    return {
        each.version: "dropped" if each.dropped_at else "live" if each.published_at else "draft"
        for each in found
    }


def test_pyodk_makes_a_form_with_its_list_and_changes_it_twice(odk, base, app, files):
    made = odk.forms.create(files / "ho.xlsx", [files / "xom.csv"], form_id="khac")
    (files / "ho.xlsx").write_bytes(xlsx(version="2"))
    odk.forms.update("ho", definition=files / "ho.xlsx", attachments=[files / "xom.csv"])
    (files / "xom.csv").write_bytes(LIST + "3,Xóm Ba\n".encode())
    odk.forms.update("ho", attachments=[files / "xom.csv"], version_updater=lambda v: v + ".1")

    told = odk.forms.get("ho")
    assert (made.xmlFormId, made.version, made.state) == ("ho", "1", "open")
    assert (told.version, told.name) == ("2.1", "Phiếu hộ")
    assert [form.xmlFormId for form in odk.forms.list()] == ["ho"]
    assert 'version="2.1"' in odk.forms.get_xml("ho")
    assert versions() == {"1": "live", "2": "live", "2.1": "live"}
    phone = app.test_client()
    listed = phone.get(f"{base}/formList").text
    assert "<version>2.1</version>" in listed
    version_id = db.session().query(FormVersion.id).filter_by(version="2.1").scalar()
    held = phone.get(f"{base}/versions/{version_id}/media/xom.csv")
    assert [row["label"] for row in csv.DictReader(io.StringIO(held.text))][-1] == "Xóm Ba"


def test_pyodk_sends_an_xform_and_reads_it_back(odk):
    xform = forms.compiled().xform.decode()

    odk.forms.create(xform)
    odk.forms.update("thu", definition=xform.replace('version="1"', 'version="2"'))

    assert odk.forms.get("thu").version == "2"
    told = odk.get(f"projects/{odk.project_id}/forms/thu/versions/1.xml")
    assert 'version="1"' in told.text
    assert odk.get(f"projects/{odk.project_id}/forms/thu.xlsx").status_code == 404


def test_pyodk_is_told_that_the_form_is_there_already(odk):
    odk.forms.create(forms.compiled().xform.decode())

    with pytest.raises(PyODKError) as refused:
        odk.forms.create(forms.compiled().xform.decode())
    assert refused.value.is_central_error(409.3)
    with pytest.raises(PyODKError) as refused:
        odk.forms.update("thu", definition=forms.compiled().xform.decode())
    assert refused.value.is_central_error("409.6")
    assert versions("thu") == {"1": "live"}


def test_pyodk_gives_phones_out_once_and_does_not_kill_those_in_use(odk, app, files):
    odk.forms.create(files / "ho.xlsx", [files / "xom.csv"])

    first = odk.projects.create_app_users(["Nguyễn Văn A", "Trần Thị B"], forms=["ho"])
    again = odk.projects.create_app_users(["Nguyễn Văn A", "Lê Văn C"], forms=["ho"])

    assert [user.displayName for user in first] == ["Nguyễn Văn A", "Trần Thị B"]
    assert [user.displayName for user in again] == ["Lê Văn C"]
    for user in [*first, *again]:
        listed = app.test_client().get(f"/v1/key/{user.token}/projects/{odk.project_id}/formList")
        assert "<formID>ho</formID>" in listed.text


# --- what pyodk does not ask ------------------------------------------------------------------


@pytest.fixture
def at(plan):
    return f"/v1/projects/{plan.id}/forms"


@pytest.fixture
def minh(program, cast):
    return program(cast.minh)


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def upload(client, address, data, kind=XLSX, **query):
    return client.post(
        address, data=data, content_type=kind, query_string={"ignoreWarnings": "true", **query}
    )


@pytest.fixture
def ho(minh, at):
    """The form, published once with its list."""
    assert upload(minh, at, xlsx()).status_code == 200
    assert minh.post(f"{at}/ho/draft/attachments/xom.csv", data=LIST).json == {"success": True}
    assert minh.post(f"{at}/ho/draft/publish").json == {"success": True}
    return f"{at}/ho"


def test_warnings_stop_a_form_until_they_are_accepted(minh, at):
    bare = xlsx(version="")

    told = minh.post(at, data=bare, content_type=XLSX)
    taken = upload(minh, at, bare)

    assert told.status_code == 400 and told.json["code"] == 400.16
    assert "version" in " ".join(told.json["details"]["warnings"]["xlsFormWarnings"])
    assert taken.status_code == 200 and taken.json["version"] == ""


def test_a_workbook_without_an_id_gets_that_of_the_header(minh, at):
    bare = xlsx(forms.WORKBOOK.replace("| form_id |", "| x       |"))

    made = minh.post(
        f"{at}?ignoreWarnings=true",
        data=bare,
        content_type=XLSX,
        headers={"X-XlsForm-FormId-Fallback": "H%E1%BB%99-1"},
    )

    assert made.json["xmlFormId"] == "Hộ-1", made.text
    assert minh.get(f"{at}/H%E1%BB%99-1/draft").json["version"] == "1"


def test_a_draft_asks_for_its_files_before_it_is_published(minh, at):
    upload(minh, at, xlsx())
    draft = f"{at}/ho/draft"

    early = minh.post(f"{draft}/publish")
    strange = minh.post(f"{draft}/attachments/la.csv", data=LIST)
    minh.post(f"{draft}/attachments/xom.csv", data=LIST)
    held = minh.get(f"{draft}/attachments").json
    back = minh.get(f"{draft}/attachments/xom.csv")
    minh.delete(f"{draft}/attachments/xom.csv")

    assert (early.status_code, early.json["problem"]) == (409, "surveys.missing-media")
    assert (strange.status_code, strange.json["problem"]) == (422, "surveys.bad-media-name")
    (told,) = held
    assert told["name"] == "xom.csv" and told["type"] == "file"
    assert (told["exists"], told["blobExists"], told["datasetExists"]) == (True, True, False)
    assert back.data == LIST
    assert [each["exists"] for each in minh.get(f"{draft}/attachments").json] == [False]


def test_a_copy_needs_a_version_of_its_own(minh, ho):
    minh.post(f"{ho}/draft")
    told = minh.get(f"{ho}/draft").json

    nameless = minh.post(f"{ho}/draft/publish")
    taken = minh.post(f"{ho}/draft/publish?version=1")
    good = minh.post(f"{ho}/draft/publish?version=2")

    assert told["version"] == "1-nhap" and told["draftToken"]
    assert nameless.json["code"] == taken.json["code"] == 409.6
    assert good.json == {"success": True}
    assert versions() == {"1": "live", "2": "live"}
    assert minh.get(f"{ho}/attachments/xom.csv").data == LIST
    assert minh.get(ho).json["version"] == "2"
    assert minh.get(f"{ho}/draft").status_code == 404


def test_a_copy_of_an_encrypted_form_is_plain_until_it_is_published(minh, ho, plan):
    with transaction() as session:
        keys.make(session, plan.id, "cụm mật khẩu dài mười bốn", "", ACTOR)
    minh.post(f"{ho}/draft")
    minh.post(f"{ho}/draft/publish?version=2")
    minh.post(f"{ho}/draft")

    draft = minh.get(f"{ho}/draft.xml").text
    sealed = minh.get(ho).json

    assert "base64RsaPublicKey" not in draft and 'version="2-nhap"' in draft
    assert sealed["version"].startswith("2-enc-") and sealed["keyId"]
    assert "base64RsaPublicKey" in minh.get(f"{ho}.xml").text
    assert minh.post(f"{ho}/draft/publish?version=3").json == {"success": True}


def test_a_draft_set_aside_leaves_what_phones_get(minh, ho):
    upload(minh, f"{ho}/draft", xlsx(version="2"))
    upload(minh, f"{ho}/draft", xlsx(version="3"))
    assert versions() == {"1": "live", "2": "dropped", "3": "draft"}

    gone = minh.delete(f"{ho}/draft")
    again = minh.delete(f"{ho}/draft")
    upload(minh, f"{ho}/draft", xlsx(version="2"))

    assert gone.json == {"success": True}
    assert (again.status_code, again.json["problem"]) == (404, "surveys.no-draft-made")
    assert versions() == {"1": "live", "2": "draft", "3": "dropped"}
    assert minh.get(ho).json["version"] == "1"


def test_a_form_that_was_never_published_keeps_its_draft(minh, at):
    upload(minh, at, xlsx())

    assert minh.delete(f"{at}/ho/draft").json["code"] == 409.7
    assert minh.post(f"{at}/ho/draft").json["code"] == 404.1
    assert minh.get(f"{at}/ho").json["publishedAt"] is None


def test_fields_are_told_as_the_clients_ask_for_them(minh, ho):
    every = minh.get(f"{ho}/fields").json
    flat = minh.get(f"{ho}/fields/?odata=true&flatten=true").json

    told = {each["path"]: (each["type"], each["binary"]) for each in every}
    assert told["/tuoi"] == ("int", None)
    assert told["/anh"] == ("string", True)
    assert told["/tv"] == ("repeat", None) and told["/tv/ten_tv"] == ("string", None)
    assert told["/meta"] == ("structure", None) and "/meta/instanceID" in told
    assert {each["path"] for each in flat} == set(told) - {"/tv", "/meta"}


def test_versions_workbooks_and_states_are_told(minh, ho):
    upload(minh, f"{ho}/draft", xlsx(version="2"))
    minh.post(f"{ho}/draft/attachments/xom.csv", data=LIST)
    minh.post(f"{ho}/draft/publish")
    closed = minh.patch(ho, json={"state": "closing"})

    assert [each["version"] for each in minh.get(f"{ho}/versions").json] == ["2", "1"]
    assert minh.get(f"{ho}/versions/1").json["publishedAt"].endswith("Z")
    assert minh.get(f"{ho}/versions/1/attachments/xom.csv").data == LIST
    assert (
        minh.get(f"{ho}/versions/1.xlsx").data == xlsx() or minh.get(f"{ho}.xlsx").data[:2] == b"PK"
    )
    assert minh.get(f"{ho}/versions/3").status_code == 404
    assert closed.json["state"] == "closing"
    assert minh.get(f"{ho}/assignments").json == []
    told = minh.get(ho, headers={"X-Extended-Metadata": "true"}).json
    assert (told["submissions"], told["lastSubmission"]) == (0, None)


@pytest.mark.parametrize(
    ("body", "field"),
    [({"state": "ajar"}, "state"), ({}, "state"), ({"state": "open", "name": "x"}, "name")],
)
def test_a_state_that_is_none_is_refused_by_its_field(minh, ho, body, field):
    answer = minh.patch(ho, json=body)

    assert answer.status_code == 422 and answer.json["problem"] == "bad-fields"
    assert [each["field"] for each in answer.json["details"]["fields"]] == [field]


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"khong phai", XLSX, 400),
        (b"<data/>", "application/xml", 422),
        (b"<h:html xmlns:h='http://www.w3.org/1999/xhtml'>", "text/xml", 422),
        (b"{}", "application/json", 415),
        (b"", "application/octet-stream", 415),
    ],
)
def test_what_is_no_form_is_refused_in_words(minh, at, data, kind, status):
    answer = upload(minh, at, data, kind)

    assert answer.status_code == status, answer.text
    assert number_of(answer) == status
    assert answer.json["detail"] and answer.json["message"]


def test_a_list_that_tells_where_teams_go_is_not_for_the_visited_commune(
    minh, program, at, app, plan, round_
):
    visits = forms.WORKBOOK.replace(
        "| text             | visit ", "| select_one_from_file visits.csv | visit "
    )
    forms.publish(app, plan.id, visits)
    with transaction() as session:
        commune = session.scalars(places.communes_under("2024", "359")).first()
        monitoring.add_visit(session, session.merge(round_), commune, ACTOR)
        entities.refresh_lists(session, plan.id)
        person = teams.add_person(session, "Lãnh đạo xã", ACTOR, "xa@example.vn")
        teams.grant(session, person, Role.VIEWER, commune.area, ACTOR)
    list_at = f"{at}/thu/attachments/visits.csv"

    unit = program(person)

    assert unit.get(f"{at}/thu").status_code == 200
    assert unit.get(list_at).json["code"] == 404.1
    assert commune.name in minh.get(list_at).text


def test_a_program_says_which_setting_may_lead_elsewhere(minh, plan):
    url = "https://vien.example/submission"
    xform = forms.compiled().xform.replace(
        b"<instance>", f"<submission action='{url}' method='post'/><instance>".encode(), 1
    )
    at = f"/v1/projects/{plan.id}/forms?ignoreWarnings=true&publish=true"

    refused = minh.post(at, data=xform, content_type="application/xml")
    strange = minh.post(f"{at}&allow=khac", data=xform, content_type="application/xml")
    made = minh.post(f"{at}&allow=submission_url", data=xform, content_type="application/xml")

    assert number_of(refused) == refused.status_code == 422
    assert refused.json["problem"] == "surveys.foreign-submission-url"
    assert refused.json["details"]["columns"] == ["submission_url"]
    assert number_of(strange) == 422 and "submission_url" in strange.json["detail"]
    assert made.status_code == 200 and made.json["allowed"] == ["submission_url"]
    assert any(url in said for said in made.json["warnings"])
    told = minh.get(f"/v1/projects/{plan.id}/forms/thu/draft", data=b"")
    assert number_of(told) == 404
    copied = minh.post(f"/v1/projects/{plan.id}/forms/thu/draft")
    assert copied.json == {"success": True}
    assert minh.get(f"/v1/projects/{plan.id}/forms/thu/draft").json["allowed"] == ["submission_url"]


def test_a_list_of_the_plan_stands_for_a_file_of_a_draft_or_the_file_for_it(minh, ho, plan):
    minh.post(f"{ho}/draft")
    at = f"{ho}/draft/attachments/xom.csv"

    early = minh.patch(at, json={"dataset": True})
    with transaction() as session:
        entities.add_list(session, plan.id, "xom", ACTOR)
    linked = minh.patch(at, json={"dataset": True})
    alone = minh.patch(at, json={"dataset": False})
    minh.post(at, data=LIST)
    unlinked = minh.patch(at, json={"dataset": False})

    assert number_of(early) == 404
    assert (linked.json["datasetExists"], linked.json["blobExists"]) == (True, False)
    assert (alone.status_code, alone.json["problem"]) == (409, "surveys.file-needed")
    assert (unlinked.json["datasetExists"], unlinked.json["blobExists"]) == (False, True)
    assert number_of(minh.patch(at, json={"dataset": "yes"})) == 422
    assert number_of(minh.patch(f"{ho}/draft/attachments/la.csv", json={"dataset": True})) == 404
    removed = db.session().scalars(select(Line).where(Line.verb == "form.file-removed")).all()
    assert [line.detail["name"] for line in removed] == ["xom.csv"]


def test_what_was_tried_on_a_draft_is_listed_and_read(minh, app, ho, program, cast):
    minh.post(f"{ho}/draft")
    token = minh.get(f"{ho}/draft").json["draftToken"]
    plan_at = ho.removeprefix("/v1/")
    phone = f"/v1/test/{token}/{plan_at}/draft/submission?deviceID=may"
    xml = forms.filled("uuid:thu", form="ho", version="1-nhap", anh="1.jpg")
    sent = app.test_client().post(phone, **forms.parts(xml, {"1.jpg": b"anh"}))
    at = f"{ho}/draft/submissions"

    (told,) = minh.get(at).json

    assert sent.status_code == 201
    assert (told["instanceId"], told["deviceId"], told["formVersion"]) == (
        "uuid:thu", "may", "1-nhap",
    )  # fmt: skip
    assert minh.get(f"{at}/uuid:thu").json == told
    assert minh.get(f"{at}/uuid:thu.xml").data == xml
    assert minh.get(f"{at}/uuid:thu/attachments").json == [{"name": "1.jpg", "exists": True}]
    given = minh.get(f"{at}/uuid:thu/attachments/1.jpg")
    assert given.data == b"anh" and given.headers["Content-Disposition"].startswith("attachment")
    assert minh.get(f"{at}?limit=0").json == [] and number_of(minh.get(f"{at}/uuid:x")) == 404
    assert number_of(program(cast.an).get(at)) == 404
    assert minh.get(f"{ho}/submissions").json == []
    minh.delete(f"{ho}/draft")
    assert number_of(minh.get(at)) == 404
