"""Between two versions: what may change, what is refused, what a preview says."""

import json
from urllib.parse import urlsplit

import pytest

from server.db import db, transaction
from server.surveys import changes, service
from server.surveys.changes import Kind, TypeChanged
from server.surveys.commands import group
from server.surveys.fields import Field
from server.surveys.models import Form, FormVersion
from tests import forms
from tests.conftest import ACTOR


def field(kind, path="so_ho", **more):
    return Field(path, path.rpartition("/")[2], kind, **more)


@pytest.mark.parametrize(
    ("was", "now", "kind"),
    [
        ("int", "string", Kind.WIDENED),
        ("int", "decimal", Kind.WIDENED),
        ("date", "string", Kind.WIDENED),
        ("select_one", "string", Kind.WIDENED),
        ("int", "date", Kind.REFUSED),
        ("decimal", "int", Kind.REFUSED),
        ("string", "int", Kind.REFUSED),
        ("string", "geopoint", Kind.REFUSED),
        ("binary", "string", Kind.REFUSED),
        ("group", "repeat", Kind.REFUSED),
    ],
)
def test_only_a_change_that_every_old_answer_survives_is_let_through(was, now, kind):
    (change,) = changes.between([field(was)], [field(now)])

    assert (change.kind, change.was, change.becomes) == (kind, was, now)


def test_a_question_that_moves_into_a_repeat_is_refused():
    (change,) = changes.between([field("int")], [field("int", repeat=True)])

    assert change.kind is Kind.REFUSED


def test_the_same_question_under_another_name_is_renamed_and_another_is_gone():
    asked = {"vi": "Có bao nhiêu hộ?"}
    before = [field("int", labels=asked), field("string", "ghi_chu", save_to="note")]
    rules = [{"rule_id": "R1", "when": "ghi_chu != ''"}, {"rule_id": "R2", "when": "khac = 1"}]

    found = changes.between(before, [field("int", "tong_ho", labels=asked)], rules)

    assert [(one.kind, one.path, one.becomes) for one in found] == [
        (Kind.RENAMED, "so_ho", "tong_ho"),
        (Kind.VANISHED, "ghi_chu", ""),
    ]
    assert found[1].refers == ("R1", "note")


def test_each_rule_that_asks_for_a_field_is_named_once_and_in_order():
    rules = [
        {"rule_id": "B02", "when": "so > 1", "title_vi": "x"},
        {"rule_id": "B01", "when": "so > 2", "title_vi": "x"},
        {"rule_id": "B03", "when": "khac = 1", "title_vi": "so liệu"},
    ]

    [gone] = changes.between([field("int", "so")], [], [*rules, *rules])

    assert gone.refers == ("B01", "B02")


def test_nothing_is_said_of_what_stays_or_is_new():
    assert changes.between([field("int")], [field("int"), field("date", "ngay")]) == []


def text_of(kind, version):
    return f"""
| survey   |      |      |       |
|          | type | name | label |
|          | {kind} | so | Ghi chú |
| settings |      |      |       |
|          | form_title | form_id | version |
|          | Thử | doi | {version} |
"""


def uploaded(app, session, plan_id, kind, version):
    compiled = forms.compiled(text_of(kind, version))
    files = app.extensions["files"]
    return service.upload(session, files, plan_id, b"workbook", "doi.md", compiled, ACTOR)


def test_a_version_that_would_spoil_old_answers_never_reaches_phones(app, plan, browser, cast):
    with transaction() as session:
        first = uploaded(app, session, plan.id, "integer", "1")
        service.publish(session, first, ACTOR, "Bản đầu")
        assert first.form.current is first  # at once, whatever was read of the form before
        second = uploaded(app, session, plan.id, "date", "2")
        address, form_pk = f"/forms/{second.form_pk}/versions/{second.id}", second.form_pk
    minh = browser(cast.minh)

    page = minh.get(address).text
    answer = minh.post(f"{address}/publish")

    assert "int → date" in page and "Đổi kiểu: không được" in page
    assert answer.status_code == TypeChanged.status
    assert "so (int → date)" in answer.text
    db.session().rollback()
    db.session().expire_all()
    assert db.session().get(Form, form_pk).current.version == "1"
    assert "Bản đầu" in minh.get(f"/forms/{form_pk}/versions/{first.id}").text


def test_a_safe_change_is_published_with_its_notes(app, plan, browser, cast):
    with transaction() as session:
        service.publish(session, uploaded(app, session, plan.id, "integer", "1"), ACTOR)
        second = uploaded(app, session, plan.id, "text", "2")
        address = f"/forms/{second.form_pk}/versions/{second.id}"

    answer = browser(cast.minh).post(f"{address}/publish", data={"notes": " Thêm  chữ "})

    assert answer.status_code == 302
    db.session().rollback()
    db.session().expire_all()
    assert db.session().get(FormVersion, second.id).notes == "Thêm chữ"


def test_the_page_tells_whose_phone_still_sends_with_an_older_version(
    app, plan, browser, cast, base
):
    """Only to those who may see the plan's phones: Hoa, who reviews, may not."""
    form_pk = forms.publish(app, plan.id)
    sent = app.test_client().post(f"{base}/submission", **forms.parts(forms.filled("uuid:cu")))
    with transaction() as session:
        newer = forms.compiled(forms.WORKBOOK.replace("| 1 ", "| 2 "))
        files = app.extensions["files"]
        version = service.upload(session, files, plan.id, b"2", "thu.md", newer, ACTOR)
        service.publish(session, version, ACTOR)
        address = f"/forms/{version.form_pk}/versions/{version.id}"

    page = browser(cast.minh).get(address).text.partition('id="senders"')[2]

    assert (sent.status_code, form_pk > 0) == (201, True)
    assert "Lan" in page and "1 (cũ)" in page
    assert 'id="senders"' not in browser(cast.hoa).get(address).text


def test_a_draft_from_a_terminal_tells_where_it_is_tried_and_what_would_change(app, plan, tmp_path):
    with transaction() as session:
        service.publish(session, uploaded(app, session, plan.id, "integer", "1"), ACTOR)
    workbook = tmp_path / "doi.md"
    workbook.write_text(text_of("date", "2"), encoding="utf-8")

    done = app.test_cli_runner().invoke(
        group, ["draft", str(workbook), "--plan", str(plan.id), "--json"]
    )
    told = json.loads(done.stdout)

    assert told["changes"] == [{"kind": "refused", "path": "so", "was": "int", "to": "date"}]
    assert app.test_client().get(urlsplit(told["url"]).path + "/formList").status_code == 200
