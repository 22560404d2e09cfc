"""A program sends filled forms, reads, corrects, reviews and comments them."""

import pytest
from pyodk.errors import PyODKError
from sqlalchemy import select

from server.db import db, transaction
from server.journal import Line
from server.permissions import Role
from server.submissions.models import Held, Submission
from server.teams import service as teams
from tests import forms
from tests.api.conftest import number_of, odk_of
from tests.conftest import ACTOR, VU_BAN

KEY = "uuid:85cb9aff-005e-4edd-9739-dc9c1a829c44"
EDIT = "uuid:315c2f74-c8fc-4606-ae3f-22f8983e441e"


@pytest.fixture
def at(app, plan):
    """The address of the records of a published form."""
    forms.publish(app, plan.id)
    return f"/v1/projects/{plan.id}/forms/thu/submissions"


def post(client, at, xml, **query):
    return client.post(at, data=xml, content_type="application/xml", query_string=query)


def test_pyodk_sends_a_form_with_photos_and_hoa_edits_reviews_and_comments_it(
    odk, at, address, cast, plan, tmp_path, drain
):
    (tmp_path / "1.jpg").write_bytes(b"\xff\xd8anh mot" * 9000)
    xml = forms.filled(KEY, anh="1.jpg", anh2="2.jpg").decode()

    made = odk.submissions.create(xml, "thu", device_id="may-ban", attachments=[tmp_path / "1.jpg"])
    drain()
    hoa = odk_of(address, cast.hoa, plan, tmp_path)
    changed = forms.filled(EDIT, anh="1.jpg", replaces=KEY, tuoi="46").decode()
    hoa.submissions.edit(KEY, changed, "thu", comment="Sửa tuổi theo sổ")
    hoa.submissions.review(KEY, "approved", "thu", comment="Đúng rồi")
    told = hoa.submissions.get(KEY, "thu")

    assert (made.instanceId, made.deviceId, made.reviewState) == (KEY, "may-ban", None)
    assert {each.name: each.exists for each in made.attachments} == {"1.jpg": True, "2.jpg": False}
    assert (told.instanceId, told.reviewState) == (KEY, "approved")
    assert told.submitterId == cast.hoa.id and told.updatedAt > told.createdAt
    assert [each.body for each in hoa.submissions.list_comments(KEY, "thu")] == [
        "Đúng rồi",
        "Sửa tuổi theo sổ",
    ]
    assert [each.instanceId for each in hoa.submissions.list("thu")] == [KEY]
    lines = db.session().scalars(select(Line.via).where(Line.subject == "submission")).all()
    assert set(lines) == {"api", "job"}


def test_pyodk_is_told_why_an_edit_or_a_decision_is_not_taken(
    odk, at, address, cast, plan, tmp_path
):
    odk.submissions.create(forms.filled(KEY).decode(), "thu")
    hoa = odk_of(address, cast.hoa, plan, tmp_path)

    def refused(number, verb, *args):
        with pytest.raises(PyODKError) as error:
            verb(*args, form_id="thu")
        assert error.value.is_central_error(number), error.value.args[0]

    refused(400.19, hoa.submissions.edit, KEY, forms.filled(EDIT).decode())
    refused(409.3, hoa.submissions.edit, KEY, forms.filled(EDIT, replaces="uuid:x").decode())
    refused(403.1, odk.submissions.edit, KEY, forms.filled(EDIT, replaces=KEY).decode())
    hoa.submissions.edit(KEY, forms.filled(EDIT, replaces=KEY).decode(), "thu")
    refused(409.9, hoa.submissions.edit, KEY, forms.filled(replaces=KEY).decode())
    refused(409.1, odk.submissions.create, forms.filled(EDIT, tuoi="1").decode())
    refused(422.1, hoa.submissions.review, KEY, "edited")
    refused(404.1, hoa.submissions.get, "uuid:khong")
    assert hoa.submissions.get(KEY, "thu").reviewState == "edited"


# --- what pyodk does not ask ------------------------------------------------------------------


@pytest.fixture
def minh(program, cast):
    return program(cast.minh)


@pytest.fixture
def hoa(program, cast):
    return program(cast.hoa)


@pytest.fixture
def here(minh, at):
    """The address of a record that names one photo."""
    assert post(minh, at, forms.filled(KEY, anh="1.jpg")).status_code == 200
    return f"{at}/{KEY}"


def test_a_record_is_read_whole_in_every_content(minh, hoa, here):
    minh.post(f"{here}/attachments/1.jpg", data=b"cu", content_type="image/jpeg")
    edit = forms.filled(EDIT, anh="1.jpg", replaces=KEY, tuoi="46")
    hoa.put(here, data=edit, content_type="text/xml", query_string={"reason": "theo sổ"})
    told = minh.get(f"{here}/versions").json

    again = hoa.put(here, data=edit, content_type="text/xml")
    assert (again.status_code, again.json["edits"]) == (200, 1)
    assert [(each["instanceId"], each["current"]) for each in told] == [(EDIT, True), (KEY, False)]
    assert told[0]["reason"] == "theo sổ" and told[0]["createdAt"].endswith("Z")
    assert minh.get(f"{here}.xml").data == minh.get(f"{here}/versions/{EDIT}.xml").data == edit
    assert minh.get(f"{here}/versions/{KEY}.xml").data != edit
    assert minh.get(f"{here}/versions/{KEY}").json["formVersion"] == "1"
    assert minh.get(f"{here}/versions/uuid:khong").status_code == 404
    assert minh.get(f"{here}/diffs").json == {EDIT: [{"path": ["tuoi"], "old": 45, "new": 46}]}
    assert minh.get(f"{here}/versions/{KEY}/attachments/1.jpg").data == b"cu"
    assert minh.get(f"{here}/versions/{EDIT}/attachments").json == [
        {"name": "1.jpg", "exists": True}
    ]
    assert [each["action"] for each in minh.get(f"{here}/audits").json] == [
        "submission.update.version",
        "submission.attachment.update",
        "submission.create",
    ]


def test_a_file_comes_once_and_only_where_the_form_names_it(minh, here, session):
    first = minh.post(f"{here}/attachments/1.jpg", data=b"mot", content_type="image/jpeg")
    same = minh.post(f"{here}/attachments/1.jpg", data=b"mot")
    other = minh.post(f"{here}/attachments/1.jpg", data=b"hai")
    strange = minh.post(f"{here}/attachments/9.jpg", data=b"mot")
    given = minh.get(f"{here}/attachments/1.jpg")

    assert first.json == same.json == {"success": True}
    assert (other.status_code, other.json["problem"]) == (409, "submissions.file-held-before")
    assert number_of(strange) == strange.status_code == 404
    assert given.data == b"mot" and given.headers["Content-Disposition"].startswith("attachment")
    assert minh.get(f"{here}/attachments").json == [{"name": "1.jpg", "exists": True}]
    assert session.query(Held).count() == 0


def test_a_file_of_another_team_is_not_for_its_neighbours_to_send(
    program, cast, plan, at, minh, session
):
    """Whoever sends first fills the place that the form names, so it must be their own."""
    with transaction() as writing:
        for person, name in ((cast.lan, "Đoàn 1"), (cast.an, "Đoàn 2")):
            team = teams.add_team(writing, plan.id, name, ACTOR)
            teams.grant(writing, writing.merge(person), Role.INSPECTOR, VU_BAN, ACTOR)
            teams.join(writing, team, writing.merge(person), actor=ACTOR)
    lan, neighbour = program(cast.lan), program(cast.an)
    post(lan, at, forms.filled(KEY, anh="1.jpg"))

    assert neighbour.get(f"{at}/{KEY}").status_code == 200
    assert neighbour.post(f"{at}/{KEY}/attachments/1.jpg", data=b"khac").json["code"] == 403.1
    assert lan.post(f"{at}/{KEY}/attachments/1.jpg", data=b"that").json == {"success": True}
    assert minh.post(f"{at}/{KEY}/attachments/1.jpg", data=b"that").json == {"success": True}
    assert minh.get(f"{at}/{KEY}/attachments/1.jpg").data == b"that"


def test_the_journal_of_a_record_is_for_those_who_may_read_the_journal(minh, hoa, here):
    assert hoa.get(here).status_code == minh.get(f"{here}/audits").status_code == 200
    assert hoa.get(f"{here}/audits").json["code"] == 403.1


def test_a_file_taken_off_a_record_is_held_apart_and_can_be_sent_again(minh, hoa, here, session):
    minh.post(f"{here}/attachments/1.jpg", data=b"mot")

    assert minh.delete(f"{here}/attachments/1.jpg").json["code"] == 403.1
    assert hoa.delete(f"{here}/attachments/1.jpg").json == {"success": True}
    assert hoa.delete(f"{here}/attachments/1.jpg").status_code == 404
    assert minh.get(here).json["attachmentsPresent"] == 0
    assert minh.get(f"{here}/attachments/1.jpg").status_code == 404
    held = session.scalars(select(Held)).one()
    assert [(file.name, file.size_bytes) for file in held.files] == [("1.jpg", 3)]
    assert minh.post(f"{here}/attachments/1.jpg", data=b"hai").json == {"success": True}
    assert minh.get(f"{here}/attachments/1.jpg").data == b"hai"


def test_a_decision_needs_words_that_we_know_and_somebody_who_may(minh, hoa, program, cast, here):
    for body in ({"reviewState": None}, {"reviewState": "received"}, {}, {"reviewState": 1}):
        answer = hoa.patch(here, json=body)
        assert number_of(answer) == answer.status_code == 422
    assert minh.patch(here, json={"reviewState": "approved"}).json["code"] == 403.1
    assert hoa.patch(f"{here}/", json={"reviewState": "rejected"}).json["reviewState"] == "rejected"
    assert hoa.patch(here, json={"reviewState": "hasIssues"}).json["reviewState"] == "hasIssues"
    assert program(cast.an).get(here).json["code"] == 404.1
    assert program(cast.an).patch(here, json={"reviewState": "approved"}).json["code"] == 403.1


def test_a_leaders_decision_is_the_first_level(program, cast, plan, at, minh, session):
    with transaction() as writing:
        team = teams.add_team(writing, plan.id, "Đoàn 1", ACTOR)
        teams.join(writing, team, writing.merge(cast.lan), actor=ACTOR)
    post(program(cast.lan), at, forms.filled(KEY))

    told = minh.get(f"{at}/{KEY}").json

    assert told["submitter"] == {"id": cast.lan.id, "displayName": "Lan"}
    assert session.scalars(select(Submission)).one().team_id == team.id


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 400),
        (b"<data", 400),
        (b"<data id='thu' version='1'/>", 400),
        (forms.filled(form="khac"), 404),
        (forms.filled(version="99"), 404),
        (forms.filled(replaces=KEY), 400),
    ],
)
def test_what_is_no_new_form_is_refused_and_not_kept(minh, at, session, data, status):
    answer = post(minh, at, data)

    assert number_of(answer) == answer.status_code == status, answer.text
    assert session.query(Submission).count() == session.query(Held).count() == 0


def test_who_is_in_no_team_and_coordinates_nothing_sends_nothing(program, cast, at):
    for person, number in ((cast.hoa, 403.1), (cast.an, 404.1)):
        assert post(program(person), at, forms.filled()).json["code"] == number


def test_a_list_is_read_in_pages_and_counts_are_told(minh, at, plan):
    for _ in range(3):
        post(minh, at, forms.filled())
    every = [each["instanceId"] for each in minh.get(f"{at}/").json]

    page = minh.get(at, query_string={"limit": 1, "offset": 1}).json
    told = minh.get(at.rpartition("/")[0], headers={"X-Extended-Metadata": "true"}).json

    assert [each["instanceId"] for each in page] == every[1:2]
    assert told["submissions"] == 3 and told["reviewStates"]["received"] == 3
    assert told["lastSubmission"].endswith("Z")
    assert [each["displayName"] for each in minh.get(f"{at}/submitters").json] == ["Minh"]
    assert minh.get(f"{at}/keys").json == []
    assert minh.get(at, query_string={"limit": "x"}).status_code == 422


def test_a_form_without_a_word_sends_its_comment_back(minh, here):
    assert minh.post(f"{here}/comments", json={"body": " "}).status_code == 422
    assert minh.post(f"{here}/comments", json={"text": "a"}).status_code == 422
    made = minh.post(f"{here}/comments", json={"body": "Xem lại tuổi"}).json
    assert (made["body"], made["actor"]["displayName"]) == ("Xem lại tuổi", "Minh")
