"""What becomes of a record when a phone edits the form it has sent, in whatever order they come."""

import io
import itertools
import threading

import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError

from server.db import db, transaction
from server.monitoring import service as monitoring
from server.places import queries as places
from server.submissions import service
from server.submissions.holding import sender_of
from server.submissions.models import (
    Held,
    HeldState,
    ReviewState,
    Submission,
    SubmissionFile,
    SubmissionVersion,
    VersionFile,
)
from server.teams import service as teams
from tests import forms
from tests.conftest import ACTOR

FIRST = forms.filled("uuid:1", ten="Lan")
SECOND = forms.filled("uuid:2", ten="Hoa", replaces="uuid:1")
THIRD = forms.filled("uuid:3", ten="Minh", replaces="uuid:2")
RIVAL = forms.filled("uuid:9", ten="An", replaces="uuid:1")


def contents():
    """Return every content of the only record, oldest first: (number, instanceID, bytes)."""
    db.session().rollback()
    past = select(SubmissionVersion.number, SubmissionVersion.instance_id, SubmissionVersion.xml)
    now = select(Submission.number, Submission.instance_id, Submission.xml)
    found = [*db.session().execute(past), *db.session().execute(now)]
    return sorted(tuple(row) for row in found)


def held():
    db.session().rollback()
    rows = db.session().scalars(select(Held).order_by(Held.id))
    return [(row.reason, row.state) for row in rows]


def test_an_edit_becomes_the_newest_content_of_the_same_record(post, only, drain):
    post(FIRST)
    drain()
    before = only(Submission)
    came, key = before.received_at, before.id

    answer = post(SECOND)

    assert answer.status_code == 201
    record = only(Submission)
    assert (record.id, record.received_at, record.root_instance_id) == (key, came, "uuid:1")
    assert (record.instance_id, record.deprecated_id, record.number) == ("uuid:2", "uuid:1", 2)
    assert (record.answers["ten"], record.xml) == ("Hoa", SECOND)
    assert record.review_state is ReviewState.EDITED
    past = only(SubmissionVersion)
    assert (past.number, past.instance_id, past.xml) == (1, "uuid:1", FIRST)
    assert (past.received_at, past.answers["ten"]) == (came, "Lan")


# What phones.md calls sections 7 and 8: what was sent before, what is sent now, the answer, the
# instanceID that is newest then, why the copy is held.
OTHER_FIRST = forms.filled("uuid:1", ten="Khác")
OTHER_SECOND = forms.filled("uuid:2", ten="Khác", replaces="uuid:1")
CASES = {
    "the same bytes again": ([FIRST], FIRST, 201, "uuid:1", None),
    "one id, other bytes": ([FIRST], OTHER_FIRST, 409, "uuid:1", "submissions.instance-conflict"),
    "an edit of the newest content": ([FIRST], SECOND, 201, "uuid:2", None),
    "the same edit again": ([FIRST, SECOND], SECOND, 201, "uuid:2", None),
    "an edit of an edit": ([FIRST, SECOND], THIRD, 201, "uuid:3", None),
    "an edit of a superseded content": (
        [FIRST, SECOND], RIVAL, 409, "uuid:2", "submissions.edit-outdated",
    ),
    "the original once more, late": ([FIRST, SECOND], FIRST, 201, "uuid:2", None),
    "a middle edit once more, late": ([FIRST, SECOND, THIRD], SECOND, 201, "uuid:3", None),
    "a superseded id with other bytes": (
        [FIRST, SECOND], OTHER_FIRST, 409, "uuid:2", "submissions.instance-conflict",
    ),
    "an edit's id with other bytes": (
        [FIRST, SECOND], OTHER_SECOND, 409, "uuid:2", "submissions.instance-conflict",
    ),
    "a new edit under an id of before": (
        [FIRST, SECOND], forms.filled("uuid:1", ten="Vòng", replaces="uuid:2"), 409, "uuid:2",
        "submissions.instance-conflict",
    ),
    "an edit before its original": (
        [FIRST], forms.filled("uuid:5", replaces="uuid:4"), 202, "uuid:1",
        "submissions.edit-awaits-original",
    ),
    "an edit that names itself": (
        [FIRST], forms.filled("uuid:5", replaces="uuid:5"), 202, "uuid:1",
        "submissions.edit-awaits-original",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "now", "status", "newest", "why"), CASES.values(), ids=CASES)
def test_every_order_has_its_answer(post, only, count, drain, before, now, status, newest, why):
    for xml in before:
        assert post(xml).status_code == 201
        drain()

    answers = [post(now) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [status, status]
    assert answers[0].text == answers[1].text or status == 201
    drain()
    assert count(Submission) == 1
    assert only(Submission).instance_id == newest
    if why is None:
        assert count(Held) == 0
    else:
        found = only(Held)
        assert (found.reason, found.times, found.xml) == (why, 2, now)


def test_refusals_say_in_vietnamese_what_came_first(post):
    post(FIRST)
    post(SECOND)

    assert "đã được sửa từ một bản khác trước đó" in post(RIVAL).text
    assert "tự nhận vào khi bản gốc được gửi lên" in post(forms.filled(replaces="uuid:x")).text


@pytest.mark.parametrize("order", list(itertools.permutations([FIRST, SECOND, THIRD])))
def test_a_chain_of_edits_ends_the_same_in_whatever_order_it_comes(post, only, drain, order):
    answers = [post(xml).status_code for xml in order]
    drain()

    assert set(answers) <= {201, 202}
    assert contents() == [(1, "uuid:1", FIRST), (2, "uuid:2", SECOND), (3, "uuid:3", THIRD)]
    assert only(Submission).answers["ten"] == "Minh"
    assert {state for _why, state in held()} <= {HeldState.INGESTED}
    for xml in order:  # the phone lost every answer
        assert post(xml).status_code == 201
    assert len(contents()) == 3


def test_of_two_edits_that_waited_for_one_original_the_first_is_taken(post, drain):
    assert post(SECOND).status_code == post(RIVAL).status_code == 202

    post(FIRST)
    drain()

    assert [row[1] for row in contents()] == ["uuid:1", "uuid:2"]
    assert held() == [
        ("submissions.edit-awaits-original", HeldState.INGESTED),
        ("submissions.edit-outdated", HeldState.WAITING),
    ]


def test_an_original_that_comes_while_its_edit_is_put_aside_is_found_afterwards(
    app, post, only, drain
):
    """On PostgreSQL neither of two transactions sees the other: the later look finds both."""
    post(SECOND)
    with transaction() as session:
        found = session.scalars(select(Held)).one()
        found.state = HeldState.DISMISSED
    post(FIRST)
    drain()
    with transaction() as session:
        found = session.scalars(select(Held)).one()
        found.state, found.times = HeldState.WAITING, 0

    assert post(FIRST).status_code == 201
    with transaction() as session:
        found = session.scalars(select(Held)).one()
        parts, phone = [], sender_of(found)
        service.hold(session, SECOND, parts, found.reason, found.explanation, phone)
    drain()

    assert only(Submission).instance_id == "uuid:2"


def test_an_edit_whose_original_never_came_can_be_taken_in_as_a_record(post, only):
    post(SECOND)

    with transaction() as session:
        found = session.scalars(select(Held)).one()
        service.reingest(session, found, sender_of(found), ACTOR)

    record = only(Submission)
    assert (record.instance_id, record.root_instance_id, record.number) == ("uuid:2", "uuid:2", 2)
    assert post(SECOND).status_code == 201


def take_in_alone():
    with transaction() as session:
        found = session.scalars(select(Held)).one()
        service.reingest(session, found, sender_of(found), ACTOR)


def test_an_original_that_comes_after_its_edit_was_taken_in_joins_it_as_older(app, post, only):
    post(photographed("uuid:2", "uuid:1", ten="Hoa", anh="1.jpg", anh2="2.jpg"), {"2.jpg": b"two"})
    take_in_alone()
    original = photographed("uuid:1", ten="Lan", anh="1.jpg")

    first = post(original, {"1.jpg": b"one"})
    again = post(original, {"1.jpg": b"one"})
    other = post(photographed("uuid:1", ten="Khác", anh="1.jpg"))

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert "1/1 tệp" in first.text
    record = only(Submission)
    assert (record.instance_id, record.number, record.answers["ten"]) == ("uuid:2", 2, "Hoa")
    past = only(SubmissionVersion)
    assert (past.number, past.instance_id, past.xml) == (1, "uuid:1", original)
    assert files(app) == {"1.jpg": b"one", "2.jpg": b"two"} and record.files_held == 2
    assert files(app, VersionFile) == {"1.jpg": b"one"}


def test_an_edit_taken_in_alone_can_be_edited_on_and_still_gets_its_original(post, drain, only):
    post(SECOND)
    take_in_alone()
    drain()
    post(THIRD)
    drain()
    post(FIRST)
    drain()

    assert contents() == [(1, "uuid:1", FIRST), (2, "uuid:2", SECOND), (3, "uuid:3", THIRD)]
    assert only(Submission).answers["ten"] == "Minh"
    assert post(RIVAL).status_code == 409


def test_photos_of_a_late_original_may_come_in_a_request_of_their_own(app, post):
    post(photographed("uuid:2", "uuid:1", anh="1.jpg", anh2="2.jpg"))
    take_in_alone()
    original = photographed("uuid:1", anh="1.jpg", anh2="2.jpg")
    post(original, {"1.jpg": b"one"})
    post(original, {"2.jpg": b"two"})

    assert files(app) == files(app, VersionFile) == {"1.jpg": b"one", "2.jpg": b"two"}


def test_an_original_sent_several_times_at_once_joins_once(app, post, base, count):
    post(SECOND)
    take_in_alone()

    statuses = _sent_at_once(app, base, [FIRST] * 4)

    assert statuses == [201] * 4
    assert [row[1] for row in contents()] == ["uuid:1", "uuid:2"] and count(Submission) == 1


def test_an_edit_of_another_form_is_refused_by_name_and_held(app, plan, post, only):
    post(FIRST)
    forms.publish(app, plan.id, forms.WORKBOOK.replace("| thu     |", "| khac    |"))

    answer = post(forms.filled("uuid:2", form="khac", replaces="uuid:1"))

    assert answer.status_code == 409
    assert "Phiếu thử, mã thu" in answer.text
    assert only(Held).reason == "submissions.edit-of-another-form"
    assert only(Submission).number == 1


def test_an_edit_of_another_plan_is_refused_by_name_and_held(app, cast, post, only):
    post(FIRST)
    with transaction() as session:
        district = session.scalars(places.place("2024", "359")).one()
        other = monitoring.add_plan(
            session, "Giám sát năm sau", "gnbv-2021-2025", district, "2024", ACTOR
        )
        token = teams.issue_phone(session, other.id, cast.lan, ACTOR)[1]
    forms.publish(app, other.id)

    answer = post(SECOND, path=f"/v1/key/{token}/projects/{other.id}")

    assert answer.status_code == 409
    assert "Giám sát huyện Vụ Bản 2024" in answer.text
    assert only(Held).reason == "submissions.edit-of-another-plan"


def test_of_two_edits_at_once_one_becomes_the_newest_and_one_is_refused(app, post, base):
    post(FIRST)
    edits = [forms.filled(f"uuid:e{number}", replaces="uuid:1") for number in range(4)]

    statuses = _sent_at_once(app, base, edits)

    assert sorted(statuses) == [201, 409, 409, 409]
    assert [row[0] for row in contents()] == [1, 2]
    assert held() == [("submissions.edit-outdated", HeldState.WAITING)] * 3


def test_one_edit_sent_several_times_at_once_is_one_edit(app, post, base):
    post(FIRST)

    statuses = _sent_at_once(app, base, [SECOND] * 4)

    assert statuses == [201] * 4
    assert [row[1] for row in contents()] == ["uuid:1", "uuid:2"]


def _sent_at_once(app, base, given):
    """Send forms from as many phones at one moment; return the statuses they got."""
    barrier = threading.Barrier(len(given))
    statuses = []

    def send(xml):
        client = app.test_client()
        request = forms.parts(xml)
        barrier.wait()
        statuses.append(client.post(f"{base}/submission", **request).status_code)

    threads = [threading.Thread(target=send, args=(each,)) for each in given]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def files(app, model=SubmissionFile):
    db.session().rollback()
    store = app.extensions["files"]
    rows = db.session().scalars(select(model).order_by(model.id))
    return {row.name: row.sha256 and store.read(row.sha256) for row in rows}


def photographed(key, replaces="", **names):
    return forms.filled(key, replaces=replaces, **names)


def test_files_that_an_edit_names_and_does_not_send_are_those_of_before(app, post, only):
    post(photographed("uuid:1", anh="1.jpg", anh2="2.jpg"), {"1.jpg": b"one", "2.jpg": b"two"})

    answer = post(photographed("uuid:2", "uuid:1", anh="1.jpg", anh2="3.jpg"), {"3.jpg": b"three"})

    assert "2/2 tệp" in answer.text
    assert files(app) == {"1.jpg": b"one", "3.jpg": b"three"}
    assert files(app, VersionFile) == {"1.jpg": b"one", "2.jpg": b"two"}
    assert only(Submission).files_held == 2


@pytest.mark.parametrize("batches", [1, 2])
def test_an_edit_may_send_other_bytes_under_a_name_of_before(app, post, count, batches):
    """Collect goes on writing in the same audit.csv; it may come in a later part."""
    post(photographed("uuid:1", anh="audit.csv", anh2="1.jpg"),
         {"audit.csv": b"a", "1.jpg": b"one"})  # fmt: skip
    edit = photographed("uuid:2", "uuid:1", anh="audit.csv", anh2="1.jpg")
    sent = {"audit.csv": b"a\nb", "1.jpg": b"one"}

    if batches == 1:
        post(edit, sent)
    else:
        post(edit, {"1.jpg": sent["1.jpg"]})
        assert files(app)["audit.csv"] == b"a"
        post(edit, {"audit.csv": sent["audit.csv"]})

    assert files(app) == sent
    assert files(app, VersionFile)["audit.csv"] == b"a"
    assert count(Held) == 0
    post(edit, {"audit.csv": b"another"})
    assert files(app) == sent
    assert count(Held) == 1


def test_a_photo_of_the_original_that_comes_after_the_edit_is_not_lost(app, post, only):
    original = photographed("uuid:1", anh="1.jpg", anh2="2.jpg")
    post(original, {"1.jpg": b"one"})
    post(photographed("uuid:2", "uuid:1", anh="1.jpg", anh2="2.jpg"))
    assert only(Submission).files_held == 1

    assert post(original, {"2.jpg": b"two"}).status_code == 201

    assert files(app) == files(app, VersionFile) == {"1.jpg": b"one", "2.jpg": b"two"}
    assert (only(Submission).files_held, only(Submission).number) == (2, 2)


def test_each_photo_has_its_small_copy_whichever_content_brought_it(app, post, drain):
    """Looked at once: what an edit inherits keeps what is known of it."""
    brown, green, red = (picture(colour) for colour in ("brown", "green", "red"))
    post(photographed("uuid:1", anh="1.jpg", anh2="2.jpg"), {"1.jpg": brown, "2.jpg": green})
    drain()
    before = seen_of()
    edit = photographed("uuid:2", "uuid:1", anh="1.jpg", anh2="2.jpg")

    post(edit)
    drain()
    assert seen_of() == before
    post(edit, {"2.jpg": red})
    drain()

    after = seen_of()
    assert all(thumb for thumb, _known in [*before.values(), *after.values()])
    assert after["1.jpg"] == before["1.jpg"] and after["2.jpg"][0] != before["2.jpg"][0]
    assert all(known for _thumb, known in after.values())


def picture(colour):
    out = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(out, "JPEG")
    return out.getvalue()


def seen_of():
    """Return, by name, the small copy of each photo and whether it was looked at."""
    db.session().rollback()
    db.session().expire_all()
    rows = db.session().scalars(select(SubmissionFile))
    return {row.name: (row.thumb_sha256, row.facts is not None) for row in rows}


def test_the_reason_that_the_phone_asked_for_is_kept_with_its_content(post, only, drain):
    """Collect writes it into audit.csv where a form tracks reasons for changes."""
    heads = "event,node,start,end,old-value,new-value,change-reason\n"
    why = [f"change reason,,{number},,,,{said}\n" for number, said in enumerate(("Sai", "Nhầm"))]
    post(photographed("uuid:1", anh="audit.csv"), {"audit.csv": heads.encode()})
    drain()
    edit = photographed("uuid:2", "uuid:1", anh="audit.csv")
    post(edit)
    drain()
    assert only(Submission).edit_reason == ""

    post(edit, {"audit.csv": (heads + why[0]).encode()})
    drain()
    assert only(Submission).edit_reason == "Sai"

    again = photographed("uuid:3", "uuid:2", anh="audit.csv")
    post(again, {"audit.csv": (heads + "".join(why)).encode()})
    drain()

    assert only(Submission).edit_reason == "Nhầm"
    reasons = select(SubmissionVersion.reason).order_by(SubmissionVersion.number)
    assert list(db.session().scalars(reasons)) == ["", "Sai"]


def test_the_reason_stands_beside_its_content_on_the_records_page(post, only, drain, browser, cast):
    rows = (
        "event,node,start,end,old-value,new-value,change-reason\nchange reason,,1,,,,Đọc nhầm sổ\n"
    )
    post(photographed("uuid:1", anh="audit.csv"), {"audit.csv": b"event,node,start,end\n"})
    post(photographed("uuid:2", "uuid:1", anh="audit.csv"), {"audit.csv": rows.encode()})
    drain()

    page = browser(cast.hoa).get(f"/submissions/{only(Submission).id}").text

    assert "Lý do sửa:" in page and "Đọc nhầm sổ" in page


def test_files_of_an_edit_that_waits_come_in_with_it(app, post, drain):
    edit = photographed("uuid:2", "uuid:1", anh="1.jpg", anh2="2.jpg")
    post(edit, {"1.jpg": b"new"})
    post(edit, {"2.jpg": b"two"})
    post(photographed("uuid:1", anh="1.jpg"), {"1.jpg": b"one"})
    drain()

    assert files(app) == {"1.jpg": b"new", "2.jpg": b"two"}


def test_what_a_phone_sent_can_never_be_rewritten(app, post):
    post(FIRST)
    post(SECOND)
    refused = {
        "UPDATE submission SET xml = 'x'",
        "UPDATE submission SET xml = 'x', number = number + 2",
        "UPDATE submission SET root_instance_id = 'x'",
        "UPDATE submission_version SET xml = 'x'",
        "UPDATE submission_version SET number = 7",
        "DELETE FROM submission_version",
    }

    for statement in refused:
        with pytest.raises(DatabaseError, match="refused"), db.engine.begin() as connection:
            connection.exec_driver_sql(statement.replace("'x'", "'x'"))


def test_an_ordinary_form_is_known_by_one_look(app, post, base):
    """What phones do most must not become slower because some of them edit."""
    from sqlalchemy import event

    post(forms.filled())
    asked = []

    def note(_connection, _cursor, statement, *_):
        if statement.lstrip().startswith("SELECT"):
            asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert post(forms.filled()).status_code == 201
    finally:
        event.remove(db.engine, "before_cursor_execute", note)

    assert len(asked) <= 2, asked
