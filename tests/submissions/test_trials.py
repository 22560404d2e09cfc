"""A draft is tried on a phone before anybody else meets it, and its trials stay apart."""

import io

import pytest
from lxml import etree
from sqlalchemy import func, select

from server.db import db, transaction
from server.maintenance import soundness
from server.submissions.models import Held, Submission
from server.submissions.trial_models import Trial
from server.surveys import drafts, service
from server.surveys.models import Form
from tests import forms
from tests.conftest import ACTOR


def upload(app, plan_id, workbook=forms.WORKBOOK):
    compiled = forms.compiled(workbook)
    with transaction() as session:
        return service.upload(
            session, app.extensions["files"], plan_id, b"workbook", "thu.md", compiled, ACTOR
        ).id


@pytest.fixture
def version_id(app, plan):
    return upload(app, plan.id)


@pytest.fixture
def base(plan, version_id):
    form = db.session().scalars(select(Form)).one()
    return drafts.path(form.test_token, plan.id, form.form_id)


@pytest.fixture
def phone(app):
    return app.test_client()


def count(model):
    db.session().rollback()
    return db.session().scalar(select(func.count()).select_from(model))


def spoken(answer):
    return etree.fromstring(answer.data)[0].text


def test_a_phone_sees_the_draft_alone_and_gets_its_very_bytes(phone, base):
    listed = phone.get(f"{base}/formList?deviceID=collect%3Aabc")
    (entry,) = etree.fromstring(listed.data)
    said = {etree.QName(part).localname: part.text for part in entry}
    form = phone.get(said["downloadUrl"].removeprefix("http://localhost"))

    assert (listed.status_code, listed.headers["X-OpenRosa-Version"]) == (200, "1.0")
    assert said["hash"] == f"md5:{form.headers['ETag'].strip(chr(34))}"
    assert phone.get(f"{base}/manifest").status_code == 200


def test_what_is_sent_is_kept_apart_once_with_its_files(app, phone, base, token, plan):
    xml = forms.filled("uuid:thu", anh="1.jpg")
    head = phone.head(f"{base}/submission")

    first = phone.post(f"{base}/submission", **forms.parts(xml, {"1.jpg": b"anh"}))
    again = phone.post(f"{base}/submission", **forms.parts(xml, {"1.jpg": b"anh"}))

    assert (head.status_code, first.status_code, again.status_code) == (204, 201, 201)
    assert (count(Trial), count(Submission), count(Held)) == (1, 0, 0)
    assert list(soundness.orphans(db.session(), app.extensions["files"], -60)) == []
    listed = phone.get(f"/v1/key/{token}/projects/{plan.id}/formList")
    assert len(etree.fromstring(listed.data)) == 0


def test_other_answers_under_one_id_are_refused(phone, base):
    phone.post(f"{base}/submission", **forms.parts(forms.filled("uuid:thu", du="yes")))

    answer = phone.post(f"{base}/submission", **forms.parts(forms.filled("uuid:thu", du="no")))

    assert (answer.status_code, count(Trial)) == (409, 1)


def test_publishing_ends_the_trial_and_keeps_what_was_tried(
    phone, base, version_id, browser, cast, session
):
    phone.post(f"{base}/submission", **forms.parts(forms.filled("uuid:thu")))
    with transaction() as writing:
        from server.surveys.models import FormVersion

        service.publish(writing, writing.get(FormVersion, version_id), ACTOR)

    answer = phone.get(f"{base}/formList")

    assert answer.status_code == 403
    assert "Bản nháp này không còn" in spoken(answer)
    db.session().rollback()
    db.session().expire_all()
    assert db.session().scalars(select(Trial)).one().set_aside


def test_a_replaced_draft_keeps_its_code_and_sets_old_trials_aside(app, phone, base, plan):
    phone.post(f"{base}/submission", **forms.parts(forms.filled("uuid:thu")))
    upload(app, plan.id, forms.WORKBOOK.replace("Phiếu thử", "Phiếu thử khác"))

    assert phone.get(f"{base}/formList").status_code == 200
    db.session().rollback()
    db.session().expire_all()
    assert db.session().scalars(select(Trial)).one().set_aside


@pytest.mark.parametrize("path", ["/formList", "/form.xml", "/manifest", "/submission"])
def test_a_wrong_token_is_refused_with_a_sentence(phone, base, path):
    wrong = base.replace("/v1/test/", "/v1/test/x")

    answer = phone.get(wrong + path)

    assert answer.status_code == 403
    assert "Bản nháp này không còn" in spoken(answer)


def test_the_page_shows_the_test_code_and_the_trials_to_who_manages_forms(
    phone, base, version_id, browser, cast
):
    phone.post(f"{base}/submission", **forms.parts(forms.filled("uuid:thu"), {}))
    form = db.session().scalars(select(Form)).one()
    address = f"/forms/{form.id}/versions/{version_id}"

    page, seen = browser(cast.minh).get(address).text, browser(cast.hoa).get(address).text

    assert "Mã QR để thử bản nháp" in page and "uuid:thu" in page
    assert "Mã QR để thử bản nháp" not in seen
    assert io.StringIO(page).read().count("Bản nháp hiện nay") == 1
