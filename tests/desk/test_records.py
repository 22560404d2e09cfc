"""The list of records and the page of one."""

import io
import re

import pytest
from PIL import ExifTags, Image
from sqlalchemy import select

from server.db import transaction
from server.findings.models import Finding
from server.submissions.models import ReviewState, Submission
from tests.desk.conftest import CHILDREN, interview, photo

PAGE = "/plans/{}/submissions"


@pytest.fixture
def listed(story, browser, cast):
    def get(who=None, **asked):
        client = browser(who or cast.hoa)
        return client.get(PAGE.format(story.plan_id), query_string=asked)

    return get


def test_the_list_shows_what_came_from_whom_and_what_it_raised(story, listed):
    story.send(du="no", label="Hộ 17", files={"bo.jpg": photo()}, anh="bo.jpg", tieng="y.m4a")

    page = listed().text

    for shown in ("Hộ 17", "Phỏng vấn hộ", story.visit.place.name, "Thôn Vân Cát", "Lan", "1/2"):
        assert shown in page
    assert "08:00 15/04/2024" in page
    assert page.count('data-label="Phát hiện"><span') == 1


def test_a_record_is_called_by_the_names_of_its_places_beside_their_codes(
    story, listed, browser, cast
):
    hamlet, commune = story.hamlet.code, story.visit.place.code
    number = story.send(label=f"{hamlet}-017 – {hamlet}; X-{commune}")
    called = f"{hamlet}-017 – Thôn Vân Cát ({hamlet}); {story.visit.place.name} (X-{commune})"

    assert called in listed().text
    assert f"<h1>{called}</h1>" in browser(cast.hoa).get(f"/submissions/{number}").text


def test_a_photo_says_when_its_camera_took_it(story, browser, cast):
    number = story.send(files={"bo.jpg": photographed("2024:04:02 08:30:15")}, anh="bo.jpg")

    assert (
        "Máy ghi lúc chụp: 08:30 02/04/2024" in browser(cast.hoa).get(f"/submissions/{number}").text
    )


def photographed(at: str) -> bytes:
    """Return a small JPEG with the moment that its camera wrote, '2024:04:02 08:30:15'."""
    exif, out = Image.Exif(), io.BytesIO()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = at
    Image.new("RGB", (64, 48), "brown").save(out, "JPEG", exif=exif)
    return out.getvalue()


def test_records_of_a_plan_are_not_shown_to_another_district_nor_to_nobody(story, listed, cast):
    story.send()

    assert listed(cast.an).status_code == 404
    assert listed(cast.lan).status_code == 200


def test_whoever_is_not_signed_in_is_sent_to_sign_in(story, browser):
    answer = browser(None).get(PAGE.format(story.plan_id))

    assert answer.status_code == 302
    assert answer.location.startswith("/sign-in?next=")


def test_an_empty_plan_says_that_nothing_came(story, listed):
    assert "Chưa nhận được phiếu nào" in listed().text


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "nhung"}, {"Hộ A", "Hộ B"}),
        ({"q": "NGUYEN thi hong"}, {"Hộ A"}),
        ({"q": "hong vân"}, {"Hộ A"}),
        ({"q": "100%"}, set()),
        ({"form": "hogd"}, {"Hộ A", "Hộ B"}),
        ({"state": "approved"}, {"Hộ B"}),
        ({"from": "2000-01-01", "to": "2001-01-01"}, set()),
        ({"from": "2000-01-01"}, {"Hộ A", "Hộ B"}),
        ({"from": "hôm qua", "to": "0001-01-01", "form": "x", "state": "?"}, {"Hộ A", "Hộ B"}),
        ({"team": "999999999999"}, {"Hộ A", "Hộ B"}),
        ({"team": "99999"}, set()),
    ],
)
def test_the_list_is_narrowed_by_what_is_asked(story, listed, asked, found):
    story.send(label="Hộ A", ten="Nguyễn Thị Hồng Nhung")
    story.send(label="Hộ B", ten="Trần Nhung")
    with transaction() as session:
        session.scalars(
            select(Submission).where(Submission.label == "Hộ B")
        ).one().review_state = ReviewState.APPROVED

    page = listed(**asked).text

    assert {name for name in ("Hộ A", "Hộ B") if name in page} == found


def test_the_list_is_narrowed_by_commune(story, listed):
    story.send(label="Hộ A")

    assert "Hộ A" in listed(commune=story.visit.area).text
    assert "Hộ A" not in listed(commune=story.other_commune.area).text


def test_who_watches_one_commune_sees_its_records_alone(story, listed, viewer_of_commune):
    here = story.send(label="Hộ A")
    story.send(label="Hộ nơi khác")
    with transaction() as session:
        found = session.scalars(select(Submission).where(Submission.id != here)).one()
        found.area = story.other_commune.area
    watcher = viewer_of_commune(story.visit.area)

    page = listed(watcher).text

    assert "Hộ A" in page
    assert "Hộ nơi khác" not in page


def test_questions_of_one_form_become_columns(story, listed):
    story.send(du="no", so_tien="2500", kenh="loa hop")

    by_default = listed(form="hogd").text
    chosen = listed(form="hogd", columns=["kenh", "ngay"]).text

    assert 'data-label="Số tiền đã góp (đồng)"' in by_default
    assert "2.500" in by_default
    assert 'data-label="Tên chủ hộ"' not in by_default  # names are not for a list
    assert "Loa truyền thanh, Họp thôn" in chosen
    assert 'data-label="Ngày nhận"' in chosen


def test_pages_follow_each_other_by_key_and_lose_nobody(story, listed, monkeypatch):
    monkeypatch.setattr("server.desk.asking.page.__defaults__", (2,))
    for number in range(5):
        story.send(label=f"Hộ {number}")

    page, seen = listed(), []
    for _ in range(3):
        seen.append([f"Hộ {n}" for n in range(5) if f">Hộ {n}<" in page.text])
        last, key = page, re.search(r'before=(\d+)" rel="next"', page.text)
        page = listed(before=key[1]) if key else page
    back = listed(after=re.search(r'after=(\d+)" rel="prev"', last.text)[1])

    assert seen == [["Hộ 3", "Hộ 4"], ["Hộ 1", "Hộ 2"], ["Hộ 0"]]
    assert [f"Hộ {n}" for n in range(5) if f">Hộ {n}<" in back.text] == ["Hộ 1", "Hộ 2"]


def test_more_records_do_not_mean_more_statements(story, browser, statements, cast):
    client = browser(cast.hoa)

    def shown():
        with statements() as seen:
            answer = client.get(PAGE.format(story.plan_id), query_string={"form": "hogd"})
            assert answer.status_code == 200
        return len(seen)

    story.send(du="no", files={"a.jpg": photo()}, anh="a.jpg")
    one = shown()
    for _ in range(4):
        story.send(du="no", files={"a.jpg": photo()}, anh="a.jpg")

    assert shown() == one


@pytest.fixture
def opened(browser, cast):
    def get(submission_id, who=None, language=None):
        client = browser(who or cast.hoa)
        if language:
            client.post("/language", data={"lang": language, "next": "/"})
        return client.get(f"/submissions/{submission_id}")

    return get


def test_a_record_reads_as_the_interviewer_saw_it(story, opened):
    submission_id = story.send(
        du="no", kenh="hop", so_tien="150000", ngay="2024-03-02", gps="20.381 106.081 3 4.5",
        more=CHILDREN,
    )  # fmt: skip

    page = opened(submission_id).text

    assert "Hộ Nguyễn Thị Nhung nhận đủ không?" in page
    for shown in ("Không", "Họp thôn", "150.000", "02/03/2024", "20.381000, 106.081000"):
        assert shown in page
    assert "Thành viên <small" in page
    assert page.index("Bé Na") < page.index("Cả")
    assert "Xin cảm ơn" not in page
    assert f"{story.visit.place.name} – Đợt 1" in page
    assert "08:00 15/04/2024" in page and "22 phút" in page
    assert "collect:abc" in page


def test_a_record_is_read_in_the_readers_language(story, opened):
    page = opened(story.send(du="no", kenh="loa"), language="en").text

    assert "Did Nguyễn Thị Nhung get all?" in page
    assert "Loudspeaker" in page


def test_a_record_shows_where_it_was_filled_and_how_far_that_is(story, opened):
    page = opened(story.send(gps="20.381 106.081 3 4.5")).text

    assert '"kind": "expected"' in page and '"radius_m": 600' in page
    assert '"kind": "actual"' in page and "152 m" in page


def test_a_record_shows_what_it_raised_and_its_history(story, opened):
    page = opened(story.send(du="no")).text

    assert "Hộ nhận thiếu" in page and "Nghiêm trọng" in page
    assert "Nhận phiếu" in page
    assert "Luật của biểu mẫu nêu phát hiện" in page


def test_odd_answers_are_named_in_words(story, opened):
    page = opened(story.send(so_tien="nhiều", more="<la>x</la>")).text

    assert "Không phải là số" in page
    assert "Câu này không có trong biểu mẫu" in page
    assert "nhiều" in page


def test_an_encrypted_record_says_so(story, opened):
    submission_id = story.send()
    with transaction() as session:
        found = session.get(Submission, submission_id)
        found.encrypted, found.answers = True, {}

    page = opened(submission_id)

    assert page.status_code == 200
    assert "đã được mã hóa" in page.text


def test_text_from_outside_never_becomes_markup(story, opened, listed):
    bad = "&lt;script&gt;alert(1)&lt;/script&gt;"
    submission_id = story.send(ten=bad, label=bad)

    for page in (opened(submission_id).text, listed().text):
        assert "<script>alert" not in page


def test_neighbours_are_a_click_away(story, opened):
    first, second, third = story.send(), story.send(), story.send()

    page = opened(second).text

    assert f'href="/submissions/{first}" rel="next"' in page
    assert f'href="/submissions/{third}" rel="prev"' in page


def test_a_record_of_another_district_is_not_found(story, opened, cast):
    submission_id = story.send()

    assert opened(submission_id, cast.an).status_code == 404
    assert opened(999999).status_code == 404


def test_a_record_elsewhere_is_not_found_by_who_watches_one_commune(
    story, opened, viewer_of_commune
):
    submission_id = story.send()

    assert opened(submission_id, viewer_of_commune(story.visit.area)).status_code == 200
    assert opened(submission_id, viewer_of_commune(story.other_commune.area)).status_code == 404


def test_an_officer_of_the_unit_sees_no_record(story, opened, officer):
    assert opened(story.send(), officer).status_code == 403


def test_the_raw_xml_is_given_byte_for_byte(story, browser, cast):
    xml = interview(story.visit.code, story.hamlet.code, ten="Đỗ Văn Bé")
    submission_id = story.send(xml=xml)

    answer = browser(cast.hoa).get(f"/submissions/{submission_id}/raw.xml")

    assert answer.data == xml
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert browser(cast.an).get(f"/submissions/{submission_id}/raw.xml").status_code == 404


def test_findings_stay_out_of_a_record_for_who_may_not_see_them(story, opened, cast):
    submission_id = story.send(du="no")

    assert "Hộ nhận thiếu" not in opened(submission_id, cast.lan).text  # inspectors do not


def test_a_record_takes_as_many_statements_whatever_it_raised(
    story, browser, cast, statements, session
):
    client = browser(cast.hoa)

    def shown(submission_id):
        with statements() as seen:
            assert client.get(f"/submissions/{submission_id}").status_code == 200
        return len(seen)

    few = story.send(du="no", files={"a.jpg": photo()}, anh="a.jpg")
    many = story.send(
        du="no", so_tien="200000", more=CHILDREN, files={"a.jpg": photo()}, anh="a.jpg"
    )
    story.send(du="no")  # both have one that waits after them

    assert session.scalars(select(Finding).where(Finding.submission_id == many)).all()[2:]
    assert shown(few) == shown(many)
