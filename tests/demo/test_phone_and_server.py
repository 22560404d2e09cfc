from functools import cache

import pytest

from server.db import transaction
from server.demo.phone import NoLine, Odd, Phone, Refused
from server.monitoring.models import Plan
from server.submissions.models import Held, Submission, SubmissionFile
from server.surveys import compile as compiler
from server.surveys import service as surveys
from server.teams import service as teams
from server.teams.models import Phone as PhoneRow
from tests.conftest import ACTOR

WORKBOOK = """
| survey | | | |
| | type | name | label |
| | select_one_from_file visits.csv | visit | Lượt |
| | note | look | Xem ảnh |
| | image | photo | Ảnh |
| | image | second | Ảnh nữa |
| settings | | | |
| | form_id | version | form_title |
| | tho | {version} | Phiếu thô / thử |
"""
VISITS = "name,label\nv1,Lượt 1\n".encode()
FILE = 'Ảnh "một".jpg'


@cache
def compiled_as(version):
    return compiler.compile(WORKBOOK.format(version=version).encode(), "tho.md", validate=False)


def publish(app, plan, version="1"):
    compiled = compiled_as(version)
    files = app.extensions["files"]
    with transaction() as session:
        found = surveys.upload(session, files, plan.id, b"x", "tho.md", compiled, ACTOR)
        surveys.put_list(session, plan.id, None, "visits.csv", VISITS, 1)
        surveys.publish(session, found, ACTOR)


@pytest.fixture
def form(app, plan):
    publish(app, plan)


@pytest.fixture
def interview(paper):
    """Make a filled form; photos are told by the names the answers give."""

    def make(number=1, version="1", **photos):
        named = "".join(f"<{key}>{name}</{key}>" for key, (name, _) in photos.items())
        xml = (
            f'<data id="tho" version="{version}"><visit>v1</visit>{named}'
            f"<meta><instanceID>uuid:{number}</instanceID></meta></data>"
        )
        return paper(xml.encode(), dict(photos.values()))

    return make


def test_a_phone_fetches_what_the_server_offers(phone, form):
    forms = phone.sync()

    assert set(forms) == {"tho"}
    assert (forms["tho"].name, forms["tho"].version) == ("Phiếu thô / thử", "1")
    assert b"<h:title>" in forms["tho"].xform
    assert forms["tho"].media == {"visits.csv": VISITS}


def test_every_request_says_which_device_it_is(phone, form):
    phone.sync()

    assert len(phone.wire.log) == 4
    assert all(url.endswith("?deviceID=collect%3Aabcdefghijklmnop") for _, url, _ in phone.wire.log)


def test_the_second_look_fetches_no_file_again(phone, form):
    first = phone.sync()
    before = len(phone.wire.log)

    assert phone.sync() == first
    assert [status for _, _, status in phone.wire.log[before:]] == [304, 304]


def test_a_new_version_and_a_changed_list_are_fetched(app, phone, plan, form):
    phone.sync()
    publish(app, plan, "2")
    with transaction() as session:
        surveys.put_list(session, plan.id, None, "visits.csv", VISITS + b"v2,x\n", 2)

    found = phone.sync()["tho"]

    assert found.version == "2" and found.media["visits.csv"].endswith(b"v2,x\n")


def test_a_revoked_phone_hears_why_in_vietnamese(phone, form, session):
    phone.sync()
    with transaction() as writing:
        teams.revoke_phone(writing, writing.query(PhoneRow).one(), ACTOR)

    with pytest.raises(Refused, match="mã QR mới") as refused:
        phone.sync()

    assert refused.value.status == 403 and set(phone.forms) == {"tho"}


def test_a_form_and_its_photos_arrive(phone, form, interview, session):
    photos = {"photo": (FILE, b"\xff\xd8 first"), "second": ("2.jpg", b"\xff\xd8 second")}

    sent = phone.send(interview(**photos), title="Phiếu thô / thử")

    assert [reply.status for reply in sent.replies] == [201]
    assert sent.message == "Đã nhận phiếu, 2/2 tệp kèm theo."
    kept = {file.name: file.size_bytes for file in session.query(SubmissionFile)}
    assert kept == {FILE: 8, "2.jpg": 9}
    assert session.query(Submission).one().files_held == 2


def test_more_than_the_server_accepts_goes_in_several_requests(phone, form, interview, session):
    with transaction() as writing:
        writing.query(Plan).update({"accept_bytes": 100})
    photos = {"photo": ("1.jpg", b"a" * 90), "second": ("2.jpg", b"b" * 90)}

    sent = phone.send(interview(**photos))

    assert [reply.message for reply in sent.replies] == [
        "Đã nhận phiếu, 1/2 tệp kèm theo.",
        "Đã nhận phiếu, 2/2 tệp kèm theo.",
    ]
    assert session.query(Submission).one().files_held == 2


@pytest.mark.parametrize(
    "odd",
    [
        Odd(repeat=3),
        Odd(order=lambda batches: batches[::-1]),
        Odd(order=lambda batches: [*batches, *batches]),
        Odd(pause_s=0.01, piece_bytes=100),
        Odd(cut_after=200),
        Odd(cut_after=400),
    ],
)
def test_however_a_phone_behaves_the_form_is_there_once(phone, form, interview, session, odd):
    with transaction() as writing:
        writing.query(Plan).update({"accept_bytes": 100})
    photos = {"photo": ("1.jpg", b"a" * 90), "second": ("2.jpg", b"b" * 90)}

    phone.send(interview(**photos), tries=2, odd=odd)

    assert session.query(Submission).one().files_held == 2
    assert session.query(SubmissionFile).count() == 2 and session.query(Held).count() == 0


def test_a_broken_line_is_told_when_nobody_tries_again(phone, form, interview, session):
    with pytest.raises(NoLine, match="cut after 150 of"):
        phone.send(interview(), odd=Odd(cut_after=150))

    assert session.query(Submission).count() == 0


def test_a_file_left_behind_comes_with_the_next_try(phone, form, interview, session):
    filled = interview(photo=("1.jpg", b"a" * 90))

    first = phone.send(filled, odd=Odd(leave_out=["1.jpg"]))
    second = phone.send(filled)

    assert first.message == "Đã nhận phiếu, 0/1 tệp kèm theo."
    assert second.message == "Đã nhận phiếu, 1/1 tệp kèm theo."


def test_a_refusal_carries_the_servers_sentence(phone, form, interview, session):
    phone.send(interview(1))
    other = interview(1)
    other.xml = other.xml.replace(b"v1", b"v2")

    with pytest.raises(Refused) as refused:
        phone.send(other)

    assert refused.value.status == 409
    assert "uuid:1" in refused.value.said and session.query(Held).count() == 1


def test_one_run_asks_once_how_much_may_be_sent(phone, form, interview):
    phone.send_all(interview(number) for number in range(3))

    assert [method for method, _, _ in phone.wire.log] == ["HEAD", "POST", "POST", "POST"]


def test_another_address_than_the_plans_is_no_way_in(address, base, form):
    with Phone(address + base.replace("/key/", "/key/x")) as stranger, pytest.raises(Refused):
        stranger.sync()


def test_a_page_is_not_taken_for_a_list(address):
    with Phone(address + "/health") as lost, pytest.raises(Refused, match="404"):
        lost.sync()


def test_an_app_that_is_gone_is_told_as_a_lost_line(form):
    with Phone("http://127.0.0.1:9/v1") as lonely, pytest.raises(NoLine, match="refused"):
        lonely.sync()


def test_the_line_survives_a_server_that_hangs_up_in_between(phone, form):
    phone.sync()
    for connection in phone.wire._open.values():
        connection.sock.shutdown(2)

    assert set(phone.sync()) == {"tho"}
