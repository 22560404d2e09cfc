"""Pages travel compressed to browsers that take it; what phones and programs get does not."""

import gzip

import pytest

GZIP = {"Accept-Encoding": "gzip, br"}
SHEET = "/static/app.css"


@pytest.mark.parametrize("path", ["/plans", SHEET, "/static/vendor/htmx/htmx.min.js"])
def test_a_browser_gets_the_same_in_fewer_bytes(browser, cast, plan, path):
    client = browser(cast.minh)
    plain = client.get(path, buffered=True)
    packed = client.get(path, headers=GZIP, buffered=True)

    assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
    assert len(packed.data) < len(plain.data) / 2
    assert int(packed.headers["Content-Length"]) == len(packed.data)
    if path.startswith("/static"):
        assert gzip.decompress(packed.data) == plain.data
    else:
        assert b"</html>" in gzip.decompress(packed.data)
    assert "Accept-Encoding" in plain.headers["Vary"]


def test_what_a_browser_still_has_is_not_sent_again(browser):
    client = browser(None)
    tag = client.get(SHEET, headers=GZIP, buffered=True).headers["ETag"]

    again = client.get(SHEET, headers=GZIP | {"If-None-Match": tag}, buffered=True)

    assert tag.startswith("W/") and again.status_code == 304 and again.data == b""


def test_phones_programs_and_pictures_get_what_they_always_got(browser, cast, base):
    picture = "/static/vendor/leaflet/images/layers-2x.png"
    client = browser(cast.minh)
    with client.session_transaction() as cookie:
        program = GZIP | {"Authorization": f"Bearer {cookie['key']}"}
    for path in (f"{base}/formList", "/v1/roles", picture):
        answer = client.get(path, headers=program, buffered=True)
        assert answer.status_code == 200 and "Content-Encoding" not in answer.headers, path


def test_a_browser_that_says_no_is_believed(browser, cast, plan):
    answer = browser(cast.minh).get("/plans", headers={"Accept-Encoding": "gzip;q=0, identity"})

    assert "Content-Encoding" not in answer.headers and "</html>" in answer.text
