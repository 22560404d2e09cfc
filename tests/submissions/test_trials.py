"""A draft is tried on a phone before anybody else meets it, and its trials stay apart."""

import hashlib
import io

import pytest
from lxml import etree
from sqlalchemy import func, select

from server.db import db, transaction
from server.entities import service as entities
from server.entities.models import Delivery
from server.maintenance import soundness
from server.monitoring import service as monitoring
from server.submissions.models import Held, Submission
from server.submissions.trial_models import Trial
from server.surveys import drafts, service
from server.surveys.models import Form
from tests import forms
from tests.conftest import ACTOR
from tests.entities.conftest import WORKBOOK as TREES


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


def listed(phone, base):
    """Return what a draft's manifest names, by file: (kind, md5, address)."""
    root = etree.fromstring(phone.get(f"{base}/manifest").data)
    found = {}
    for each in root:
        said = {etree.QName(part).localname: part.text for part in each}
        address = said["downloadUrl"].removeprefix("http://localhost")
        found[said["filename"]] = (each.get("type"), said["hash"], address, said)
    return found


@pytest.mark.parametrize("delivery", [Delivery.ALL, Delivery.TEAM])
def test_a_draft_brings_its_lists_of_entities_as_published_forms_do(app, plan, phone, delivery):
    upload(app, plan.id, TREES)
    form = db.session().scalars(select(Form)).one()
    base = drafts.path(form.test_token, plan.id, form.form_id)
    kind, md5, address, _said = listed(phone, base)["cay.csv"]
    empty = phone.get(address)
    with transaction() as session:
        trees = entities.add_list(
            session, plan.id, "cay", ACTOR, properties=["loai"], delivery=delivery
        )
        tree = entities.create(session, trees, "Đa", {"loai": "đa"}, ACTOR)
    first = listed(phone, base)["cay.csv"]
    with transaction() as session:
        entities.update(session, session.merge(tree), ACTOR, label="Đa lông", force=True)
    _kind, newer, address, said = listed(phone, base)["cay.csv"]
    given = phone.get(address)
    with transaction() as session:
        entities.delete(session, session.merge(tree), ACTOR)
    asked = said["integrityUrl"].removeprefix("http://localhost") + f"?id={tree.uuid}"

    assert kind == first[0] == "entityList" and empty.data == b"name,label,__version,loai,cao\n"
    assert md5 == f"md5:{hashlib.md5(empty.data).hexdigest()}"
    assert newer == f"md5:{hashlib.md5(given.data).hexdigest()}" and newer != first[1] != md5
    assert given.text.splitlines() == ["name,label,__version,loai", f"{tree.uuid},Đa lông,2,đa"]
    assert phone.get(address, headers={"If-None-Match": given.headers["ETag"]}).status_code in {
        200, 304,
    }  # fmt: skip
    assert "<deleted>true</deleted>" in phone.get(asked).text
    assert phone.get(f"{base}/datasets/khac/entities.csv").status_code == 404


def test_a_draft_takes_as_much_at_once_as_its_plan_says(phone, base, plan):
    with transaction() as session:
        monitoring.change_plan(session, session.merge(plan), ACTOR, accept_bytes=2_000_000)

    head = phone.head(f"{base}/submission")

    assert head.headers["X-OpenRosa-Accept-Content-Length"] == "2000000"
