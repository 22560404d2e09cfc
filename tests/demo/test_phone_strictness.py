import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from server.demo.phone import NotOpenRosa, Phone, Refused, WrongHash
from server.demo.wire import md5

XFORM = (
    b'<h:html xmlns:h="http://www.w3.org/1999/xhtml" xmlns="http://www.w3.org/2002/xforms">'
    b'<h:head><h:title>F</h:title><model><instance><data id="f" version="1"/></instance></model>'
    b"</h:head></h:html>"
)
GOOD = {
    "formID": "f", "name": "F", "version": "1", "hash": f"md5:{md5(XFORM)}",
    "downloadUrl": "{here}/f.xml", "manifestUrl": "{here}/manifest",
}  # fmt: skip
FILE = {"filename": "a.csv", "hash": f"md5:{md5(b'name,label')}", "downloadUrl": "{here}/a.csv"}
TEXT = {"Content-Type": "text/xml; charset=utf-8", "X-OpenRosa-Version": "1.0"}


class Server:
    """A server that answers whatever the test wants: path -> (status, headers, body)."""

    def __init__(self):
        self.pages = {"/submission": (204, {}, b"")}
        self.seen = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                outer.seen.append((self.command, self.path, dict(self.headers)))
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                path = self.path.split("?")[0]
                wanted = (f"{self.command} {path}", path)
                status, headers, body = next(
                    (outer.pages[key] for key in wanted if key in outer.pages), (404, {}, b"")
                )
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value.format(here=outer.url))
                if status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(b"" if self.command == "HEAD" else body)

            do_GET = do_HEAD = do_POST = answer  # noqa: N815 - the names http.server calls

            def log_message(self, *_):
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.lists()

    def lists(self, form=GOOD, file=FILE, headers=TEXT, manifest_headers=TEXT, form_xml=XFORM):
        self.pages["/formList"] = (200, headers, self._xml("xforms", "xform", "List", form))
        self.pages["/manifest"] = (
            200, manifest_headers, self._xml("manifest", "mediaFile", "Manifest", file),
        )  # fmt: skip
        self.pages["/f.xml"] = (200, {}, form_xml)
        self.pages["/a.csv"] = (200, {}, b"name,label")

    def _xml(self, root, entry, kind, *rows):
        rows = [
            "".join(f"<{name}>{text}</{name}>" for name, text in row.items() if text is not None)
            for row in rows
        ]
        inside = "".join(f"<{entry}>{row}</{entry}>" for row in rows).replace("{here}", self.url)
        return f'<{root} xmlns="http://openrosa.org/xforms/xforms{kind}">{inside}</{root}>'.encode()


@pytest.fixture
def server():
    found = Server()
    thread = threading.Thread(target=found.http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield found
    found.http.shutdown()
    found.http.server_close()
    thread.join()


@pytest.fixture
def phone(server):
    with Phone(server.url + "//") as found:
        yield found


def test_a_good_server_is_taken(phone):
    forms = phone.sync()

    assert forms["f"].xform == XFORM and forms["f"].media == {"a.csv": b"name,label"}


@pytest.mark.parametrize("kind", ["application/xml", "text/html; charset=utf-8", ""])
def test_a_list_of_another_content_type_is_a_proxys_page(server, phone, kind):
    server.lists(headers=TEXT | {"Content-Type": kind})

    with pytest.raises(NotOpenRosa, match="not as text/xml"):
        phone.sync()


def test_a_list_without_the_openrosa_header_is_refused(server, phone):
    server.lists(headers={"Content-Type": "text/xml"})

    with pytest.raises(NotOpenRosa, match="X-OpenRosa-Version"):
        phone.sync()


def test_a_manifest_without_the_openrosa_header_is_refused(server, phone):
    server.lists(manifest_headers={"Content-Type": "text/xml"})

    with pytest.raises(NotOpenRosa, match="manifest came without"):
        phone.sync()


@pytest.mark.parametrize(
    "wrong",
    [
        {"formID": " "}, {"formID": None}, {"name": ""}, {"hash": ""}, {"hash": "abc"},
        {"hash": "sha:" + "0" * 32}, {"downloadUrl": None}, {"downloadUrl": "/f.xml"},
        {"manifestUrl": "manifest"}, {"version": "1" * 250},
    ],
)  # fmt: skip
def test_one_bad_form_discards_the_whole_list(server, phone, wrong):
    server.lists(form=GOOD | wrong)

    with pytest.raises(NotOpenRosa):
        phone.sync()


@pytest.mark.parametrize(
    "wrong", [{"filename": ""}, {"hash": None}, {"hash": "md5:"}, {"downloadUrl": "a.csv"}]
)
def test_one_bad_file_discards_the_whole_manifest(server, phone, wrong):
    server.lists(file=FILE | wrong)

    with pytest.raises(NotOpenRosa):
        phone.sync()


def test_folders_in_a_file_name_are_lost(server, phone):
    server.lists(file=FILE | {"filename": "lists/a.csv"})

    assert set(phone.sync()["f"].media) == {"a.csv"}


@pytest.mark.parametrize("body", [b"", b"<xforms", b"<xforms/>", b"<!DOCTYPE a><xforms/>"])
def test_a_list_that_is_no_list_is_refused(server, phone, body):
    server.pages["/formList"] = (200, TEXT, body)

    with pytest.raises(NotOpenRosa):
        phone.sync()


def test_an_empty_list_empties_the_phone(server, phone):
    phone.sync()
    server.pages["/formList"] = (
        200, TEXT, b'<xforms xmlns="http://openrosa.org/xforms/xformsList"/>',
    )  # fmt: skip

    assert phone.sync() == {}


def test_a_failed_look_leaves_the_forms_alone(server, phone):
    phone.sync()
    server.pages["/formList"] = (500, {}, b"")

    with pytest.raises(Refused, match="500"):
        phone.sync()

    assert set(phone.forms) == {"f"}


def test_other_bytes_than_the_hash_says_are_refused(server, phone):
    server.pages["/a.csv"] = (200, {}, b"name")

    with pytest.raises(WrongHash, match=r"a\.csv"):
        phone.sync()


def test_a_form_of_another_version_than_listed_is_refused(server, phone):
    other = XFORM.replace(b'version="1"', b'version="2"')
    server.lists(form=GOOD | {"hash": f"md5:{md5(other)}"}, form_xml=other)

    with pytest.raises(NotOpenRosa, match="the form is f 2"):
        phone.sync()


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_preflight_must_say_204(server, phone, paper, status):
    server.pages["HEAD /submission"] = (status, {}, b"")

    with pytest.raises(Refused, match="OpenRosa submission endpoint"):
        phone.send(paper(b"<a/>"))


def test_a_failing_preflight_does_not_keep_the_app_from_sending(server, phone, paper):
    server.pages["HEAD /submission"] = (500, {}, b"")
    server.pages["POST /submission"] = (201, {}, b"")

    assert phone.send(paper(b"<a/>")).replies[0].status == 201


@pytest.mark.parametrize("status", [200, 204, 404, 500])
def test_only_201_and_202_let_the_app_forget(server, phone, paper, status):
    server.pages["POST /submission"] = (status, {}, b"")

    with pytest.raises(Refused, match=str(status)):
        phone.send(paper(b"<a/>"))


def test_a_redirected_post_loses_its_body(server, phone, paper):
    server.pages["POST /submission"] = (302, {"Location": "{here}/elsewhere"}, b"")
    server.pages["/elsewhere"] = (200, {}, b"")

    with pytest.raises(Refused, match="200"):
        phone.send(paper(b"<a/>"))

    assert server.seen[-1][0] == "GET"


def test_the_preflight_may_name_another_path_of_the_same_host(server, phone, paper):
    where = "{here}/other%3Fa=b"
    server.pages["HEAD /submission"] = (204, {"Location": where}, b"")
    server.pages["POST /other"] = (202, {}, b"")

    phone.send(paper(b"<a/>"))

    assert server.seen[-1][1].startswith("/other?a=b&deviceID=collect%3A")


def test_the_preflight_may_not_name_another_host(server, phone, paper):
    server.pages["HEAD /submission"] = (204, {"Location": "http://example.org/x"}, b"")

    with pytest.raises(Refused, match="different host"):
        phone.send(paper(b"<a/>"))


def test_the_headers_are_those_of_the_app(server, phone):
    phone.sync()

    for _, _, headers in server.seen:
        assert headers["User-Agent"].startswith("org.odk.collect.android/")
        assert headers["X-OpenRosa-Version"] == "1.0" and headers["Accept-Encoding"] == "gzip"
        assert headers["Date"].endswith("GMT+07:00")
