"""Photos and other files of records: who may see them, and how they leave the server."""

import pytest
from sqlalchemy import select

from server.db import transaction
from server.submissions.models import SubmissionFile
from tests.desk.conftest import photo

SOUND = b"ftyp-m4a" * 100


@pytest.fixture
def files(story, session):
    bo = photo()
    story.send(files={"con bò.jpg": bo, "y.m4a": SOUND}, anh="con bò.jpg", tieng="y.m4a")
    return {file.name: file for file in session.scalars(select(SubmissionFile))}, bo


def test_small_copies_are_shown_in_place_as_we_made_them(files, browser, cast):
    held, _ = files
    client = browser(cast.hoa)

    for kind in ("thumb", "view"):
        answer = client.get(f"/files/{held['con bò.jpg'].id}/{kind}")

        assert answer.status_code == 200
        assert answer.content_type == "image/webp"
        assert answer.data[8:12] == b"WEBP"
        assert "Content-Disposition" not in answer.headers
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_an_original_is_an_attachment_that_no_browser_runs(files, browser, cast):
    held, bo = files

    answer = browser(cast.hoa).get(f"/files/{held['con bò.jpg'].id}/original")

    assert answer.data == bo
    said = answer.headers["Content-Disposition"]
    assert said.startswith("attachment; filename=")
    assert "_hogd_2024-04-15_anh_" in said
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.content_type == "application/octet-stream"


def test_a_sound_can_be_played_from_the_middle(files, browser, cast):
    held, _ = files

    answer = browser(cast.hoa).get(
        f"/files/{held['y.m4a'].id}/original", headers={"Range": "bytes=8-15"}
    )

    assert answer.status_code == 206
    assert answer.data == SOUND[8:16]
    assert answer.content_type == "audio/mp4"


def test_an_unchanged_file_is_not_sent_again(files, browser, cast):
    held, _ = files
    client, address = browser(cast.hoa), f"/files/{held['con bò.jpg'].id}/thumb"

    again = client.get(address, headers={"If-None-Match": client.get(address).headers["ETag"]})

    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("kind", ["thumb", "view", "original"])
def test_files_of_another_district_are_not_found(files, browser, cast, officer, kind):
    held, _ = files
    address = f"/files/{held['con bò.jpg'].id}/{kind}"

    assert browser(cast.an).get(address).status_code == 404
    assert browser(officer).get(address).status_code == 403
    assert browser(None).get(address).status_code == 302


def test_copies_that_do_not_exist_are_not_found(files, browser, cast):
    held, _ = files
    client = browser(cast.hoa)

    assert client.get(f"/files/{held['y.m4a'].id}/thumb").status_code == 404
    assert client.get(f"/files/{held['con bò.jpg'].id}/sha256").status_code == 404
    assert client.get("/files/987654/thumb").status_code == 404


def test_a_page_sent_as_a_photo_stays_a_download(story, browser, cast, session):
    page = b"<html><script>alert(1)</script>"
    story.send(files={"x.html": page}, anh="x.html")
    held = session.scalars(select(SubmissionFile)).one()

    answer = browser(cast.hoa).get(f"/files/{held.id}/original")

    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_a_missing_file_is_named_on_the_page_and_not_served(story, browser, cast, session):
    submission_id = story.send(anh="mat.jpg")
    held = session.scalars(select(SubmissionFile)).one()
    client = browser(cast.hoa)

    assert "Tệp chưa gửi tới" in client.get(f"/submissions/{submission_id}").text
    assert client.get(f"/files/{held.id}/original").status_code == 404


def test_the_page_shows_the_photo_and_plays_the_sound(files, browser, cast):
    held, _ = files
    photo_id, sound_id = held["con bò.jpg"].id, held["y.m4a"].id

    page = browser(cast.hoa).get(f"/submissions/{held['y.m4a'].submission_id}").text

    assert f'src="/files/{photo_id}/thumb"' in page and f'href="/files/{photo_id}"' in page
    assert f'<audio controls preload="none" src="/files/{sound_id}/original">' in page


def test_a_file_lost_from_the_store_is_not_found(files, app, browser, cast):
    held, _ = files
    app.extensions["files"].remove(held["y.m4a"].sha256)

    assert browser(cast.hoa).get(f"/files/{held['y.m4a'].id}/original").status_code == 404


def test_a_name_from_outside_cannot_break_the_header(files, browser, cast, session):
    with transaction() as writing:
        file = writing.get(SubmissionFile, files[0]["y.m4a"].id)
        file.name = 'a"\r\nSet-Cookie: x=1\\..\\b.jpg'

    answer = browser(cast.hoa).get(f"/files/{file.id}/original")

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert not set('"\r\n\\') & set(answer.headers["Content-Disposition"].split('"')[1])
