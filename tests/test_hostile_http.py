"""Whatever comes over the line: a clear refusal in the caller's own format, and nothing by halves.

What a client library cannot express goes over a bare socket to the real web server.
"""

import json
import re
import socket
import time
from contextlib import contextmanager
from io import BytesIO
from urllib.parse import quote, urlsplit

import pytest
from lxml import etree
from sqlalchemy import func, select

from server import openrosa
from server.db import db, transaction
from server.demo.loopback import serving
from server.maintenance import soundness
from server.submissions.models import Held, Submission, SubmissionFile
from server.teams import service as teams
from tests import forms
from tests.conftest import ACTOR, PASSWORD, same_on_both
from tests.worlds import kept

SECONDS = 5
FORM = forms.filled("uuid:tot", anh="1.jpg")
VIETNAMESE = re.compile("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]")


def count(table):
    db.session().rollback()
    return db.session().scalar(select(func.count()).select_from(table))


def part(name="xml_submission_file", filename="a.xml", content=FORM, kind="text/xml", more=""):
    named = f'; filename="{filename}"' if filename is not None else ""
    head = f'Content-Disposition: form-data; name="{name}"{named}\r\nContent-Type: {kind}\r\n{more}'
    return head.encode() + b"\r\n" + content


def body(*parts, boundary=b"b", end=b"--b--\r\n"):
    return b"".join(b"--" + boundary + b"\r\n" + each + b"\r\n" for each in parts) + end


def spoken(text):
    """Return the sentence that a phone would show, after checking that it can be shown."""
    root = etree.fromstring(text.encode())
    assert etree.QName(root).localname == "OpenRosaResponse"
    (message,) = root
    assert VIETNAMESE.search(message.text), message.text
    return message.text


@contextmanager
def promptly():
    """Fail when the block takes longer than a phone's patience with a refusal."""
    before = time.monotonic()
    yield
    assert time.monotonic() - before < 6 * SECONDS  # it does not hang


@kept
def ready(app, plan):
    forms.publish(app, plan.id)


@pytest.fixture
def send(app, base, ready):
    client = app.test_client()

    def post(data, kind="multipart/form-data; boundary=b", **environment):
        with promptly():
            return client.post(
                f"{base}/submission", data=data, content_type=kind, environ_overrides=environment
            )

    return post


def nothing_by_halves(app):
    """Every stored file belongs to a row, and every row has its files whole."""
    db.session().rollback()
    files = app.extensions["files"]
    assert list(soundness.faults(db.session(), files)) == []
    assert list(soundness.orphans(db.session(), files, -60)) == []


# --- multipart --------------------------------------------------------------------------------

BROKEN = {
    "empty body": b"",
    "no boundary in the body": FORM,
    "only a boundary": b"--b\r\n",
    "only the end": b"--b--\r\n",
    "another boundary": body(part()).replace(b"--b", b"--c"),
    "cut in the part's head": body(part())[:40],
    "cut in the form": body(part())[: len(body(part())) // 2],
    "cut before the end": body(part(), end=b""),
    "no blank line after the head": body(part().replace(b"\r\n\r\n", b"\r\n", 1)),
    "no disposition": body(b"Content-Type: text/xml\r\n\r\n" + FORM),
    "no name": body(part().replace(b' name="xml_submission_file";', b"")),
    "another name": body(part(name="xml")),
    "the name in capitals": body(part(name="XML_SUBMISSION_FILE")),
    "an empty form": body(part(content=b"")),
    "blanks for a form": body(part(content=b" \r\n ")),
    "a NUL in the name": body(part(name="xml_submission_file\x00")),
    "only files": body(part(name="1.jpg", filename="1.jpg", content=b"photo")),
    "only the mark of more": body(part(name="*isIncomplete*", filename=None, content=b"yes")),
    "two different forms": body(part(), part(content=forms.filled("uuid:hai"))),
    "a form in a file and another in a field": body(
        part(), part(filename=None, content=forms.filled("uuid:hai"))
    ),
    "ten thousand parts": body(
        part(), *(part(f"{n}.jpg", f"{n}.jpg", b"x", "image/jpeg") for n in range(10_000))
    ),
    "ten thousand fields": body(part(), *(part(f"f{n}", None, b"x") for n in range(10_000))),
    "a field of 20 MB": body(part("khac", None, b"x" * 20_000_000)),
    "a form of 11 MB": body(part(content=FORM.replace(b"</data>", b"x" * 11_000_000 + b"</data>"))),
    "ten thousand heads": body(part(more="X-A: b\r\n" * 10_000)),
    "a multipart within a multipart": body(
        b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n" + part() + b"\r\n--c--"
    ),
    "base64 for the form": body(
        part(content=b"PGRhdGEvPg==", more="Content-Transfer-Encoding: base64\r\n")
    ),
}


def test_a_body_that_is_no_form_is_refused_and_leaves_nothing_by_halves(app, send):
    for name, data in BROKEN.items():
        answer = send(data)
        assert 400 <= answer.status_code < 500, (name, answer.status_code)
        assert spoken(answer.text), name

    assert count(Submission) == 0
    nothing_by_halves(app)


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary="',
        "multipart/form-data; boundary=" + "b" * 5000,
        "multipart/form-data; boundary=\xff",
        "multipart/mixed; boundary=b",
        "application/x-www-form-urlencoded",
        "application/json",
        "text/xml",
        "text/plain; charset=utf-16",
        "a/b/c;;;=",
    ],
)
def test_a_content_type_that_does_not_fit_the_body_is_refused(app, send, kind):
    answer = send(body(part()), kind)

    assert answer.status_code in {400, 413, 415}
    assert spoken(answer.text)
    assert count(Submission) == 0


TAKEN = {
    "a head of 100 kB": body(part(more="X-Long: " + "x" * 100_000 + "\r\n")),
    "as Collect sends it": body(part()),
    "blanks after the boundary": body(part()).replace(b"--b\r\n", b"--b  \r\n"),
    "lines that end in LF alone": body(part()).replace(b"\r\n", b"\n"),
    "words before the first boundary": b"preamble\r\n" + body(part()),
    "words after the end": body(part()) + b"epilogue",
    "heads in capitals": body(part()).replace(b"Content-", b"CONTENT-"),
    "a length in every part": body(part(more=f"Content-Length: {len(FORM)}\r\n")),
    "no file name": body(part(filename=None)),
    "no content type": body(part().replace(b"Content-Type: text/xml\r\n", b"")),
    "the same form twice": body(part(), part()),
    "unknown fields": body(part(), part("*isIncomplete*", None, b"yes"), part("x", None, b"y")),
    "a hundred and one files": body(
        part(), *(part(f"{n}.jpg", f"{n}.jpg", b"x%d" % n, "image/jpeg") for n in range(101))
    ),
}


def test_what_is_odd_but_clear_is_taken_once(app, send):
    for name, data in TAKEN.items():
        assert send(data).status_code == 201, name

    assert count(Submission) == 1
    nothing_by_halves(app)


NAMES = [
    "../../../etc/passwd",
    "..\\..\\windows\\system.ini",
    "/etc/passwd",
    "C:\\a.jpg",
    "a/b/c.jpg",
    "~/.ssh/id_rsa",
    "\x00",
    "a\x00.jpg",
    "a%00.jpg",
    "\x01\x02\x1b[31m.jpg",
    "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe",
    "😀" * 300 + ".jpg",
    "ế" * 255 + ".png",
    "x" * 5000,
    "CON",
    ".",
    "..",
    " ",
    "a b.jpg",
    "%22.jpg",
    "=1+1.csv",
    "<script>alert(1)</script>.jpg",
    "ảnh.jpg",
    "ảnh.jpg",
]


def test_a_file_may_have_any_name_and_none_leads_out_of_the_store(app, send, tmp_path):
    before = {path for path in tmp_path.rglob("*") if "files" not in path.parts}
    files = [
        part(quote(name, safe="") or "x", name, b"content %d" % number, "image/jpeg")
        for number, name in enumerate(NAMES)
    ]

    answer = send(body(part(), *files))

    assert answer.status_code == 201
    kept = db.session().scalars(select(SubmissionFile)).all()
    assert all(file.name.isprintable() or "\u202e" in file.name for file in kept)
    assert max(len(file.name) for file in kept) <= 255
    assert len({file.name for file in kept}) == len(kept)
    new = {path for path in tmp_path.rglob("*") if "files" not in path.parts} - before
    assert {path.name for path in new} <= {"secret", "tmp"} | {
        p.name for p in new if "sqlite" in p.name
    }
    assert [held.reason for held in db.session().scalars(select(Held))] == [
        "submissions.other-file"
    ], "NFC and NFD are one name, and the second bytes under it are kept apart"
    nothing_by_halves(app)


def test_two_files_of_one_name_in_one_request_are_both_kept(app, send):
    answer = send(body(part(), part("1.jpg", "1.jpg", b"first"), part("1.jpg", "1.jpg", b"second")))

    assert answer.status_code == 201
    files = app.extensions["files"]
    (stored,) = db.session().scalars(select(SubmissionFile))
    (held,) = db.session().scalars(select(Held))
    assert files.read(stored.sha256) == b"first"
    assert [files.read(file.sha256) for file in held.files] == [b"second"]
    nothing_by_halves(app)


def test_files_that_no_answer_names_do_not_count_as_those_that_are_missing(app, send):
    assert "0/1 tệp" in send(body(part(), part("x.jpg", "x.jpg", b"x"))).text
    assert "0/1 tệp" in send(body(part(), part("y.jpg", "y.jpg", b"y"))).text
    assert "1/1 tệp" in send(body(part(), part("1.jpg", "1.jpg", b"1"))).text


# --- what is inside the form ------------------------------------------------------------------


def doctype(declarations, use="&b;"):
    return f"<!DOCTYPE data [{declarations}]><data id='thu' version='1'>{use}</data>".encode()


LAUGHS = '<!ENTITY a0 "ha">' + "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
)
UNREADABLE = {
    "a billion laughs": doctype(LAUGHS, "&a9;"),
    "a quadratic blow-up": doctype(f'<!ENTITY b "{"x" * 50_000}">', "&b;" * 20_000),
    "a file of the server": doctype('<!ENTITY b SYSTEM "file:///etc/passwd">'),
    "an address of the server": doctype('<!ENTITY b SYSTEM "http://127.0.0.1:1/x">'),
    "a parameter entity": doctype('<!ENTITY % b SYSTEM "file:///etc/passwd"> %b;', ""),
    "a doctype alone": b"<!DOCTYPE data>" + FORM.partition(b"?>")[2],
    "a depth of 10,000": b"<data id='thu'>" + b"<a>" * 10_000 + b"</a>" * 10_000 + b"</data>",
    "a million elements": b"<data id='thu'>" + b"<a/>" * 1_000_000 + b"</data>",
    "ten thousand attributes": b"<data id='thu' "
    + b" ".join(b'a%d="1"' % n for n in range(10_000))
    + b"/>",
    "a name of 100,000 letters": b"<data id='thu'><" + b"a" * 100_000 + b"/></data>",
    "no end": FORM[:-10],
    "two roots": FORM + FORM.partition(b"?>")[2],
    "a NUL": FORM.replace(b"Nh", b"\x00"),
    "a character that XML has not": FORM.replace(b"Nh", b"&#1;"),
    "bytes that are not UTF-8": FORM.replace("ễ".encode(), b"\xff\xfe"),
    "UTF-7": FORM.replace(b"UTF-8", b"UTF-7"),
    "UTF-32": FORM.decode().replace("UTF-8", "UTF-32").encode("utf-32"),
    "half a UTF-16": FORM.decode().replace("UTF-8", "UTF-16").encode("utf-16")[:-1],
    "EBCDIC": FORM.decode("latin-1").encode("cp500"),
    "gzip": b"\x1f\x8b\x08\x00" + FORM,
    "a photo": b"\xff\xd8\xff\xe0" + b"JFIF" * 1000,
    "JSON": b'{"id": "thu"}',
}


def test_hostile_xml_is_refused_and_held_once_for_the_office(app, send):
    for name, xml in UNREADABLE.items():
        for _ in range(2):
            answer = send(body(part(content=xml)))
            assert answer.status_code == 400, (name, answer.status_code)
            assert "root:" not in spoken(answer.text), name

    held = db.session().scalars(select(Held)).all()
    assert {item.xml for item in held} == set(UNREADABLE.values())
    assert {item.times for item in held} == {2}
    assert count(Submission) == 0
    nothing_by_halves(app)


@pytest.mark.parametrize(
    "encoding", ["UTF-8", "utf-8", "UTF-16", "ISO-8859-1", "US-ASCII", "UTF-8 with a mark"]
)
def test_a_form_in_another_encoding_that_says_so_is_read_right(app, send, encoding):
    label = encoding.partition(" ")[0]
    name = "Nguyen" if label in {"ISO-8859-1", "US-ASCII"} else "Nguyễn"
    plain = forms.filled(ten=name).decode().replace("Phiếu thử", "x").replace("UTF-8", label)
    xml = plain.encode("utf-8-sig" if "mark" in encoding else label)

    assert send(body(part(content=xml))).status_code == 201

    (stored,) = db.session().scalars(select(Submission.answers))
    assert stored["ten"] == name
    assert db.session().scalars(select(Submission.xml)).one() == xml


ABSURD = {
    "tuoi": ["9" * 5000, "-" + "9" * 30, "1e999", "NaN", "Infinity", "0x10", "１２", "1_000", ""],
    "gps": ["91 0 0 0", "1e400 1e400", "NaN NaN 0 0", "1 2 3 4 5", "x y", "0 0 1e308 1e308"],
    "ten": ["x" * 1_000_000, "&#xFFFD;" * 100, "\u202etxt.exe", "=HYPERLINK(1)", "'; DROP TABLE"],
    "anh": ["y" * 1_000_000, "../../a.jpg", "a.jpg b.jpg", "\u0301"],
    "dong_y": ["maybe", "yes no", "x" * 10_000],
    "khong_co": ["a question that the form has not"],
    "start": [
        "0000-00-00T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
        "2024-02-30T08:00:00+07:00", "2024-04-15T23:59:60+07:00", "2024-W01-1", "hôm qua",
    ],
}  # fmt: skip


def test_absurd_answers_are_kept_as_they_are_and_never_refused(app, send, drain):
    """An interviewer cannot mend them; the office can look at them."""
    sent = 0
    for question, values in ABSURD.items():
        for value in values:
            xml = forms.filled(**{question: value}) if question != "start" else forms.filled()
            if question == "start":
                xml = re.sub(rb"<start>[^<]*", b"<start>" + value.encode(), xml)
            answer = send(body(part(content=xml)))
            assert answer.status_code == 201, (question, value[:40], answer.text)
            sent += 1

    with promptly():
        drain()
    assert count(Submission) == sent
    nothing_by_halves(app)


def test_ids_of_any_length_are_refused_or_kept_and_never_cut(app, send):
    for length in (1, 248, 249, 250, 5000, 1_000_000):
        for key in ("x" * length, "ế" * length):
            answer = send(body(part(content=forms.filled(key))))
            assert answer.status_code == (201 if length <= 249 else 400), (length, answer.text)

    kept = set(db.session().scalars(select(Submission.instance_id)))
    assert kept == {c * length for c in "xế" for length in (1, 248, 249)}
    nothing_by_halves(app)


# --- over a bare socket -----------------------------------------------------------------------


@pytest.fixture
def line(app, ready):
    """Say something to the real web server and hear everything it answers."""
    with serving(app) as address:
        place = urlsplit(address)

        def talk(*pieces, shut=False, seconds=SECONDS):
            with socket.create_connection((place.hostname, place.port), timeout=seconds) as wire:
                heard = b""
                try:
                    for piece in pieces:
                        wire.sendall(piece)
                    if shut:
                        wire.shutdown(socket.SHUT_WR)
                except OSError:
                    pass  # the server may close before it has heard all
                try:
                    while more := wire.recv(65_536):
                        heard += more
                        if _complete(heard):
                            break
                except ConnectionResetError:
                    pass
                return heard

        yield talk


def _complete(heard):
    head, blank, rest = heard.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(blank and length and len(rest) >= int(length[1]))


def post(base, data, *headers, length=None, version="1.1"):
    """Return the bytes of a POST with its headers as given."""
    told = (
        () if length is False else (f"Content-Length: {len(data) if length is None else length}",)
    )
    lines = [f"POST {base}/submission HTTP/{version}", "Host: x", *told, *headers]
    if not any(header.lower().startswith("content-type") for header in headers):
        lines.append("Content-Type: multipart/form-data; boundary=b")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + data


def status(heard):
    return int(heard.split(b" ", 2)[1]) if heard.startswith(b"HTTP/1.") else None


def chunked(data, size=1000):
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def test_a_form_comes_through_whole_and_in_chunks(app, base, line):
    assert status(line(post(base, body(part())))) == 201
    whole = body(part(content=forms.filled()), part("1.jpg", "1.jpg", b"x" * 200_000))
    assert (
        status(line(post(base, chunked(whole), "Transfer-Encoding: chunked", length=False))) == 201
    )

    assert count(Submission) == 2
    nothing_by_halves(app)


def test_a_form_that_comes_byte_by_byte_is_taken(app, base, line):
    data = post(base, body(part()))

    assert status(line(*(data[at : at + 1] for at in range(len(data))))) == 201


UNANSWERED = {"a length of 5,000 digits", "a chunk of absurd size"}


def bad_requests(base):
    """Return requests that no phone makes, by name."""
    good = body(part())
    chunks = chunked(good)
    return {
        "an absurd length": post(base, good, length=10**15),
        "a length of 5,000 digits": post(base, good, length="9" * 5000),
        "a negative length": post(base, good, length=-5),
        "a length that is no number": post(base, good, length="nhiều".encode().decode("latin-1")),
        "a length with a sign": post(base, good, length="+10"),
        "two lengths": post(base, good, f"Content-Length: {len(good) + 1}"),
        "length and chunks": post(base, chunks, "Transfer-Encoding: chunked") + b"GET /x HTTP/1.1",
        "an encoding that nobody has": post(base, good, "Transfer-Encoding: gzip, chunked"),
        "chunks without sizes": post(base, good, "Transfer-Encoding: chunked", length=False),
        "a chunk of absurd size": post(
            base, b"fffffffffffffff\r\nx", "Transfer-Encoding: chunked", length=False
        ),
        "a chunk of negative size": post(
            base, b"-5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked", length=False
        ),
        "a header of 100 kB": post(base, good, "X-Long: " + "x" * 100_000),
        "five thousand headers": post(base, good, *(f"X-{n}: y" for n in range(5000))),
        "a header without a colon": post(base, good, "khong dung"),
        "a header with a blank before its colon": post(base, good, "X-A : b"),
        "a NUL in a header": post(base, good, "X-A: a\x00b"),
        "a bare CR in a header": post(base, good, "X-A: a\rb"),
    }


def test_requests_that_no_phone_makes_are_refused_in_words_or_taken_whole(app, base, line):
    for name, request in bad_requests(base).items():
        with promptly():
            heard = line(request, shut=True)
        code = status(heard)
        if code is None:  # hung up: no sentence, but no harm either
            assert name in UNANSWERED, heard[:200]
            continue
        assert code < 500 or code == 501, (name, heard[:200])
        if code != 201:
            answer = heard.partition(b"\r\n\r\n")[2]
            assert b"OpenRosaResponse" in answer, (name, heard[:300])
            spoken(answer.decode())

    assert count(Submission) <= 1
    nothing_by_halves(app)


def test_a_body_over_the_limit_is_refused_before_it_is_read(app, base, line):
    limit = app.config["MAX_CONTENT_LENGTH"]
    for length in (limit + 1_500_000, 10**12):
        with promptly():
            heard = line(post(base, b"x" * 1000, length=length))
        assert status(heard) == 413
        assert "quá lớn" in spoken(heard.partition(b"\r\n\r\n")[2].decode())


def test_a_line_that_breaks_anywhere_in_the_body_stores_nothing(app, base, line):
    request = post(base, body(part(), part("1.jpg", "1.jpg", b"x" * 20_000)))
    start = request.index(b"--b")

    for at in [*range(start, len(request), 2500), len(request) - 1]:
        line(request[:at], shut=True)

    assert (count(Submission), count(Held)) == (0, 0)
    assert status(line(request)) == 201
    nothing_by_halves(app)


@pytest.mark.parametrize(
    "request_",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  /  HTTP/1.1\r\nHost: x\r\n\r\n",
        b"get / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /%00%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET //evil.example/x HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /static/../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /static/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b'GET / HTTP/1.1\r\nHost: "><script>\r\n\r\n',
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nCookie: session=" + b"x" * 50_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nCookie: session=\xff\x00;;=\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 300_000 + b"\r\n\r\n",
        b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=lambda request: repr(request[:30]),
)
def test_what_is_hardly_http_never_fails_the_server(line, request_):
    with promptly():
        heard = line(request_, shut=True)

    assert status(heard) is None or status(heard) < 500, heard[:200]
    assert b"Traceback" not in heard
    assert b"root:" not in heard
    assert status(line(b"GET /health HTTP/1.0\r\n\r\n")) == 200


# --- every address there is -------------------------------------------------------------------

DOORSTEP = {("GET", "/health"), ("GET", "/sign-in"), ("GET", "/static/app.css")}
CHECKED_BY_ANYBODY = {("GET", "/public/verify_draw.html"), ("GET", "/public/verify_draw.py")}
USUAL = ["GET", "POST"]
UNUSUAL = ["HEAD", "PUT", "PATCH", "DELETE", "TRACE", "JUNK"]
NUMBERS = ["1", "9" * 5000, "-1", "2147483648", "%00"]
WORDS = ["app.css", "%00", "..%2f..%2fetc%2fpasswd", "%ff%fe", "a" * 8000]


def addresses(app):
    """Give every address of the application filled with junk, and the methods to try on it."""
    for rule in app.url_map.iter_rules():
        for turn in range(len(NUMBERS) if rule.arguments else 1):
            path = re.sub(r"<int:\w+>", NUMBERS[turn], rule.rule)
            path = re.sub(r"<[^<>]*>", WORDS[turn], path)
            for method in USUAL if turn else USUAL + UNUSUAL:
                yield path, method


@same_on_both
def test_without_a_session_only_the_doorstep_answers_and_nothing_fails(app):
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    answered = set()
    for path, method in sorted(set(addresses(app))):
        data = b"junk" if method == "POST" else None
        with promptly(), client.open(path, method=method, data=data) as answer:
            assert answer.status_code < 500, (method, path[:100], answer.status_code)
            if answer.status_code < 300 and method != "HEAD":
                answered.add((method, path))
            _in_the_callers_format(path, answer, method)

    assert DOORSTEP <= answered <= DOORSTEP | CHECKED_BY_ANYBODY


def _in_the_callers_format(path, answer, method):
    if method == "HEAD" or answer.status_code < 400:
        return
    kind = answer.headers["Content-Type"]
    if re.match("/v1/(key|test)/|/v1/projects/[0-9]+/(formList|submission|phone)", path):
        assert kind == "text/xml; charset=utf-8", (method, path[:100])
        spoken(answer.text)
    elif path.startswith("/v1"):
        assert kind == "application/problem+json", (method, path[:100])
        assert {"status", "code", "problem", "message", "title", "detail"} <= set(answer.json)
    else:
        assert kind == "text/html; charset=utf-8", (method, path[:100])
        assert VIETNAMESE.search(answer.text)


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nothing", "/v1/key", "/v1/projects/1"])
def test_a_program_that_asks_for_nothing_gets_a_problem_in_json(app, path):
    answer = app.test_client().get(path)

    assert answer.status_code in {401, 404}
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["problem"] in {"not-found", "sign-in-needed"}


JUNK = ["\x00'; --", "9" * 5000, "9" * 30, "-2147483649", "2024-13-45\ue000"]
KEYS = [
    "after", "before", "page", "plan", "round", "person", "place", "q", "query", "state", "form",
    "visit", "team", "columns", "sort", "try", "next", "from", "to", "search", "edition", "verb",
    "kind", "severity", "project", "table", "subject", "id", "md5",
]  # fmt: skip


def test_junk_in_the_questions_of_every_page_never_fails_it(
    app, browser, cast, plan, round_, ready
):
    client = browser(cast.admin)
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.rule.startswith(("/v1", "/static")):
            continue
        path = re.sub(r"<[^<>]*>", "1", rule.rule)
        for value in JUNK:
            with promptly(), client.get(path, query_string=dict.fromkeys(KEYS, value)) as answer:
                assert answer.status_code < 500, (path, value[:20])


FIELDS = [
    "name", "number", "agency", "parent", "legal_bases", "starts_on", "ends_on", "programme",
    "place", "place_id", "edition", "code", "kind", "method", "purpose", "params", "team",
    "team_id", "day", "decision", "state", "reason", "note", "digits", "witness", "approver",
    "size", "reserves", "excluded", "source", "email", "password", "role", "area", "active",
    "person", "person_id", "post", "leads", "lang", "next", "sha256", "accept_bytes",
    "finding", "due_on", "seen",
]  # fmt: skip


def test_junk_in_every_form_of_every_page_never_fails_it(app, browser, cast, plan, round_, ready):
    client = browser(cast.admin)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if "POST" not in rule.methods or rule.rule.startswith("/v1") or "sign-" in rule.rule:
            continue
        path = re.sub(r"<[^<>]*>", "1", rule.rule)
        for value in JUNK:
            fields = {key: [value, value] for key in FIELDS}
            files = {
                key: (BytesIO(b"\x00junk"), value[:50]) for key in ("file", "workbook", "files")
            }
            with promptly(), client.post(path, data=fields | files) as answer:
                assert answer.status_code < 500, (path, value[:20])


BODIES = [
    b"", b"null", b"[]", b"{", b"\xff", b'{"a":1,"a":2}', b"[" * 100_000, b"9" * 5000,
    *(json.dumps(dict.fromkeys([*KEYS, *FIELDS], junk)).encode()
      for junk in [*JUNK, None, True, -1, 1e300, 10**30, [], [[]], {}, {"kind": {}}, "\ud800"]),
]  # fmt: skip


def test_junk_from_a_program_is_refused_in_its_own_format(app, browser, cast, plan, round_, ready):
    client = browser(cast.admin)
    with client.session_transaction() as cookie:
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {cookie['key']}"
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        path = re.sub(r"<[^<>]*>", "1", rule.rule)
        if not path.startswith("/v1/") or openrosa.for_phones(path):
            continue
        for method in sorted({"GET", "POST", "PUT", "PATCH"} & rule.methods):
            for junk in JUNK if method == "GET" else BODIES:
                sent = {"query_string": {"before": junk}} if method == "GET" else {"data": junk}
                with (
                    promptly(),
                    client.open(
                        path,
                        method=method,
                        content_type="application/json",
                        buffered=True,
                        **sent,
                    ) as answer,
                ):
                    assert answer.status_code < 500, (path, junk[:40])
                    _in_the_callers_format(path, answer, method)


def test_signing_in_leads_nowhere_else(app, cast):
    app.config["WTF_CSRF_ENABLED"] = False
    with transaction() as session:
        teams.set_password(session, session.merge(cast.hoa), PASSWORD, ACTOR)
    for elsewhere in (
        "//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example",
        "http:evil.example", "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example",
    ):  # fmt: skip
        answer = app.test_client().post(
            "/sign-in",
            data={"email": "hoa@example.vn", "password": PASSWORD, "next": elsewhere},
        )
        assert answer.status_code == 302
        target = urlsplit(answer.headers["Location"].replace("\\", "/"))
        assert (target.scheme, target.netloc) == ("", ""), elsewhere
        assert not answer.headers["Location"].replace("\\", "/").startswith("//"), elsewhere


def test_a_database_that_is_away_is_said_to_be_so_and_not_to_be_a_bug(
    app, base, ready, monkeypatch
):
    from sqlalchemy.exc import OperationalError

    def away(*_args):
        raise OperationalError("SELECT", {}, Exception("connection refused"))

    monkeypatch.setattr("server.teams.service.carrier", away)
    answer = app.test_client().post(f"{base}/submission", **forms.parts(FORM))

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"
    assert "gửi lại sau ít phút" in spoken(answer.text)
