"""What a phone may rely on when it sends a filled form."""

import threading

import pytest
from sqlalchemy import select

from server.db import db, transaction
from server.monitoring.models import Plan, PlanState
from server.submissions.models import Held, HeldState, Submission, SubmissionFile
from server.surveys import service as surveys
from server.surveys.models import Form, FormState
from server.teams import service as teams
from server.teams.models import Phone
from tests import forms
from tests.conftest import ACTOR


def test_a_filled_form_is_stored_with_its_answers_by_type(post, only):
    xml = forms.filled(gps="20.334 106.078 3.0 4.5", tv="<ten_tv>Lan</ten_tv>")

    answer = post(xml)

    assert answer.status_code == 201
    assert "Đã nhận phiếu" in answer.text
    stored = only(Submission)
    assert stored.xml == xml
    assert stored.answers["tuoi"] == 45
    assert stored.answers["tv"] == [{"ten_tv": "Lan"}]
    assert (stored.latitude, stored.longitude, stored.accuracy_m) == (20.334, 106.078, 4.5)
    assert stored.started_at.isoformat() == "2024-04-15T01:00:00+00:00"
    assert stored.label == "Phiếu thử"


def test_replies_carry_what_collect_insists_on(post):
    answer = post(forms.filled())

    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert "<OpenRosaResponse" in answer.text and "<message" in answer.text


def test_sending_again_after_a_lost_answer_keeps_one(post, count):
    xml = forms.filled()

    assert [post(xml).status_code for _ in range(3)] == [201, 201, 201]
    assert count(Submission) == 1


def test_same_id_with_other_answers_is_refused_and_the_second_copy_held(post, only):
    post(forms.filled("uuid:1", ten="Lan"))
    other = forms.filled("uuid:1", ten="Hoa")

    answer = post(other, {"a.jpg": b"photo"})

    assert answer.status_code == 409
    assert "đã được gửi trước đó với nội dung khác" in answer.text
    held = only(Held)
    assert (held.reason, held.xml, held.instance_id) == (
        "submissions.instance-conflict",
        other,
        "uuid:1",
    )
    assert [file.name for file in held.files] == ["a.jpg"]


def test_a_refused_copy_is_held_once_however_often_the_phone_retries(post, only):
    post(forms.filled("uuid:1", ten="Lan"))
    other = forms.filled("uuid:1", ten="Hoa")

    for _ in range(4):
        assert post(other).status_code == 409

    assert only(Held).times == 4


def test_photos_may_come_in_any_order_over_several_requests(post, count, only):
    xml = forms.filled(anh="1.jpg", anh2="2.jpg")

    assert "1/2 tệp" in post(xml, {"2.jpg": b"two"}).text
    assert "2/2 tệp" in post(xml, {"1.jpg": b"one"}).text
    assert "2/2 tệp" in post(xml, {"2.jpg": b"two"}).text

    stored = only(Submission)
    assert (stored.files_named, stored.files_held) == (2, 2)
    assert count(SubmissionFile) == 2


def test_two_photos_with_the_same_bytes_are_both_there(post):
    answer = post(forms.filled(anh="1.jpg", anh2="2.jpg"), {"1.jpg": b"same", "2.jpg": b"same"})

    assert answer.status_code == 201
    assert {file.name for file in db.session().scalars(select(SubmissionFile))} == {
        "1.jpg",
        "2.jpg",
    }


def test_the_first_bytes_under_a_file_name_stay_and_others_are_held_apart(app, post, only):
    xml = forms.filled(anh="1.jpg")
    post(xml, {"1.jpg": b"first"})

    assert post(xml, {"1.jpg": b"second"}).status_code == 201

    kept = db.session().scalars(select(SubmissionFile)).one()
    assert app.extensions["files"].read(kept.sha256) == b"first"
    assert only(Held).reason == "submissions.other-file"


def test_names_in_nfd_and_nfc_are_one_file(post, count):
    answer = post(forms.filled(anh="ảnh hộ.jpg"), {"ảnh hộ.jpg": b"x"})

    assert "1/1 tệp" in answer.text
    assert count(SubmissionFile) == 1


def test_a_form_without_instance_id_is_refused_and_held(post, only):
    xml = forms.filled().replace(b"orx:instanceID", b"orx:other")

    answer = post(xml)

    assert answer.status_code == 400
    assert "instanceID" in answer.text
    assert only(Held).reason == "submissions.no-instance-id"


@pytest.mark.parametrize(
    ("xml", "status", "reason"),
    [
        (forms.filled(version="9"), 404, "surveys.unknown-form"),
        (forms.filled(form="khac"), 404, "surveys.unknown-form"),
        (b"<data id='thu'", 400, "xml.unreadable"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><data id='thu'>&b;</data>", 400, "xml.unreadable"),
        (b"khong phai xml", 400, "xml.unreadable"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_sentence_and_held_whole(
    post, xml, status, reason, only
):
    answer = post(xml, {"1.jpg": b"photo"})

    assert answer.status_code == status
    assert "<message" in answer.text
    held = only(Held)
    assert (held.reason, held.xml) == (reason, xml)
    assert [file.name for file in held.files] == ["1.jpg"]


def test_a_closed_form_refuses_new_records_but_still_knows_those_it_has(post, session, only):
    xml = forms.filled()
    post(xml)
    with transaction() as writing:
        form = writing.scalars(select(Form)).one()
        surveys.set_state(writing, form, FormState.CLOSED, ACTOR)

    assert post(xml).status_code == 201
    refused = post(forms.filled())
    assert refused.status_code == 409
    assert "đã đóng" in refused.text
    assert only(Held).reason == "surveys.form-closed"


def test_a_closing_form_is_not_listed_but_takes_what_is_still_on_phones(app, post, base):
    with transaction() as writing:
        form = writing.scalars(select(Form)).one()
        surveys.set_state(writing, form, FormState.CLOSING, ACTOR)

    assert "<formID>" not in app.test_client().get(f"{base}/formList").text
    assert post(forms.filled()).status_code == 201


def test_a_closed_plan_takes_nothing_new(post, only):
    with transaction() as writing:
        writing.scalars(select(Plan)).one().state = PlanState.CLOSED

    assert post(forms.filled()).status_code == 409
    assert only(Held).reason == "submissions.plan-closed"


def test_a_revoked_phone_is_refused_with_a_sentence(app, post, count):
    with transaction() as writing:
        teams.revoke_phone(writing, writing.scalars(select(Phone)).one(), ACTOR)

    answer = post(forms.filled())

    assert answer.status_code == 403
    assert "mã QR mới" in answer.text
    assert count(Submission) == 0


def test_a_token_opens_only_its_own_plan(app, post, base):
    elsewhere = base.rsplit("/", 1)[0] + "/999"

    assert post(forms.filled(), path=elsewhere).status_code == 403


def test_an_old_version_is_taken_after_a_new_one_is_published(app, plan, post):
    forms.publish(app, plan.id, forms.WORKBOOK.replace("| thu     | 1 ", "| thu     | 2 "))

    assert post(forms.filled(version="1")).status_code == 201
    assert post(forms.filled(version="2")).status_code == 201


def test_a_request_cut_before_its_end_stores_nothing(app, base, post, count):
    body = (
        b'--b\r\nContent-Disposition: form-data; name="xml_submission_file"; filename="a.xml"\r\n'
        b"Content-Type: text/xml\r\n\r\n" + forms.filled()
    )

    answer = app.test_client().post(
        f"{base}/submission", data=body, content_type="multipart/form-data; boundary=b"
    )

    assert answer.status_code == 400
    assert "Hãy gửi lại" in answer.text
    assert (count(Submission), count(Held)) == (0, 0)


def test_head_tells_the_phone_how_much_it_may_send(app, base, token):
    answer = app.test_client().head(f"{base}/submission?deviceID=collect%3Aabc")

    assert answer.status_code == 204
    assert answer.headers["X-OpenRosa-Accept-Content-Length"] == "10000000"


def test_the_form_sent_as_a_plain_field_is_taken_too(app, base, post):
    answer = app.test_client().post(
        f"{base}/submission",
        data={"xml_submission_file": forms.filled().decode()},
        content_type="multipart/form-data",
    )

    assert answer.status_code == 201


def test_many_at_once_with_one_id_store_one_and_all_hear_yes(app, post, base, count, only):
    xml = forms.filled(anh="1.jpg", anh2="2.jpg")
    barrier = threading.Barrier(8)
    statuses = []

    def send(number):
        client = app.test_client()
        request = forms.parts(xml, {f"{1 + number % 2}.jpg": b"bytes %d" % (number % 2)})
        barrier.wait()
        statuses.append(client.post(f"{base}/submission", **request).status_code)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [201] * 8
    assert count(Submission) == 1
    assert only(Submission).files_held == 2


def test_what_is_held_can_be_taken_in_once_its_cause_is_mended(app, plan, post, only):
    from server.submissions import service
    from server.submissions.holding import sender_of

    post(forms.filled("uuid:7", version="2", anh="1.jpg"), {"1.jpg": b"photo"})
    forms.publish(app, plan.id, forms.WORKBOOK.replace("| thu     | 1 ", "| thu     | 2 "))

    with transaction() as writing:
        held = writing.scalars(select(Held)).one()
        service.reingest(writing, held, sender_of(held), ACTOR)

    assert only(Held).state is HeldState.INGESTED
    assert only(Submission).instance_id == "uuid:7"
    assert only(SubmissionFile).sha256 is not None


def test_the_last_contact_of_a_phone_is_kept(post):
    post(forms.filled())

    phone = db.session().scalars(select(Phone)).one()
    assert phone.last_device == "collect:abc"
    assert phone.last_seen_at is not None
