"""What a commune reported stands beside what was seen; phones offer, a reviewer accepts."""

import io
from decimal import Decimal
from fractions import Fraction

import openpyxl
import pytest
from sqlalchemy import select

from server.db import db, transaction
from server.journal import Line
from server.monitoring import values
from server.monitoring.models import Record
from server.monitoring.record_models import RecordValue, ValueSource, VisitVerdict
from server.permissions import Role
from server.submissions.models import ReviewState, Submission
from server.teams import service as teams
from tests.conftest import ACTOR
from tests.desk.conftest import interview
from tests.forms import publish


def fresh():
    """Return the session, seeing what other requests have written."""
    db.session().rollback()
    db.session().expire_all()
    return db.session()


MODELS = """
| survey |         |         |                        |                   |
|        | type    | name    | label::Tiếng Việt (vi) | bieu_row          |
|        | begin_group | id  | Lượt                   |                   |
|        | select_one_from_file visits.csv | visit | Lượt |               |
|        | select_one_from_file hamlets.csv | hamlet | Thôn |             |
|        | end_group |       |                        |                   |
|        | begin_group | m   | Mô hình                |                   |
|        | integer | so_ho   | Số hộ thực tế          | 05.so_ho_tham_gia |
|        | decimal | von     | Vốn đã chi             | 05.von_giai_ngan  |
|        | end_group |       |                        |                   |
| settings |       |         |                        |                   |
|        | form_title | form_id | version | default_language |
|        | Kiểm tra mô hình | mohinh | 1 | Tiếng Việt (vi) |
"""


@pytest.fixture
def record(story):
    return db.session().scalars(select(Record).where(Record.visit_id == story.visit.id)).one()


@pytest.fixture
def here(record):
    return f"/records/{record.id}/tables/05"


@pytest.fixture
def seen_by_phone(app, story, base, drain):
    """Send what a phone found at a model of the visit."""
    publish(app, story.plan_id, MODELS)

    def send(households, spent="12.1"):
        inside = f"<m><so_ho>{households}</so_ho><von>{spent}</von></m>"
        xml = interview(story.visit.code, story.hamlet.code, more=inside)
        xml = xml.replace(b'id="hogd" version="7"', b'id="mohinh" version="1"')
        for gone in (b"<ten>Nguy\xe1\xbb\x85n Th\xe1\xbb\x8b Nhung</ten>", b"<du>yes</du>",
                     b"<so_tien>0</so_tien>"):  # fmt: skip
            xml = xml.replace(gone, b"")
        return story.send(xml=xml)

    return send


@pytest.fixture
def leader(app, story):
    """The leader of the visit's team, who sends and reviews."""
    with transaction() as session:
        person = teams.add_person(session, "Trưởng đoàn", ACTOR, "truong@example.vn")
        teams.grant(session, person, Role.TEAM_LEADER, "2024/36/359", ACTOR)
        teams.join(session, session.merge(story.visit).team, person, leads=True)
        return person


def held(key="so_ho_tham_gia"):
    return fresh().scalars(select(RecordValue).where(RecordValue.row_key == key)).one()


def typed(key="so_ho_tham_gia", **given):
    """Return the fields of one row, as the page showed and a person changed them."""
    return {f"{what}-{key}": value for what, value in given.items()}


def sent_file(client, here, data, name="bieu05.csv"):
    return client.post(
        f"{here}/import",
        data={"file": (io.BytesIO(data), name)},
        content_type="multipart/form-data",
    )


def test_a_reported_figure_and_a_seen_one_stand_side_by_side(browser, cast, here, record):
    browser(cast.minh).post(here, data=typed(reported="41", seen="33"))
    hoa = browser(cast.hoa)

    hoa.post(f"{here}/so_ho_tham_gia/judge", data={"verdict": "accept", "seen": "33"})

    value = held()
    assert (value.reported, value.seen) == (Decimal(41), Decimal(33))
    assert (value.verdict, value.judged_by) == (VisitVerdict.ACCEPTED, "Hoa")
    assert value.factor == Fraction(33, 41)
    for page in (hoa.get(here).text, hoa.get(f"/records/{record.id}").text):
        row = page.split("Số hộ tham gia")[1].split("</tr>")[0]
        assert "0,80" in row and "Được chấp nhận" in row and "đề xuất" in page
    lines = (
        fresh().scalars(select(Line).where(Line.verb.startswith("value.")).order_by(Line.id)).all()
    )
    assert [line.verb for line in lines] == ["value.reported", "value.seen", "value.judged"]
    assert lines[2].detail["verdict"] == "accepted" and lines[2].detail["value"] == "33"


def test_nothing_is_verified_before_a_reviewer_accepts(browser, cast, here):
    minh, hoa = browser(cast.minh), browser(cast.hoa)
    minh.post(here, data=typed(reported="41", seen="33"))
    assert held().factor is None

    hoa.post(
        f"{here}/so_ho_tham_gia/judge", data={"verdict": "reject", "seen": "33", "note": "Đếm sót"}
    )

    value = held()
    assert (value.verdict, value.note, value.factor) == (VisitVerdict.REJECTED, "Đếm sót", None)


def test_a_seen_figure_that_changes_waits_again(browser, cast, here):
    minh, hoa = browser(cast.minh), browser(cast.hoa)
    minh.post(here, data=typed(seen="33"))
    hoa.post(f"{here}/so_ho_tham_gia/judge", data={"verdict": "accept", "seen": "33"})

    minh.post(here, data=typed(seen="34") | {"seen-so_ho_tham_gia-was": "33"})

    assert (held().verdict, held().judged_by) == (VisitVerdict.OPEN, None)


def test_a_verdict_on_a_figure_that_was_changed_meanwhile_is_refused(browser, cast, here):
    browser(cast.minh).post(here, data=typed(seen="34"))

    late = browser(cast.hoa).post(
        f"{here}/so_ho_tham_gia/judge", data={"verdict": "accept", "seen": "33"}
    )

    assert late.status_code == 400 and "vừa được người khác sửa" in late.text
    assert held().verdict is VisitVerdict.OPEN


def test_an_old_page_does_not_undo_what_others_wrote(browser, cast, here):
    minh = browser(cast.minh)
    minh.post(here, data=typed(reported="41"))

    minh.post(here, data=typed(reported="", seen="33") | {"reported-so_ho_tham_gia-was": ""})

    assert (held().reported, held().seen) == (Decimal(41), Decimal(33))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("so_ho_tham_gia", "8,842"),
        ("so_ho_tham_gia", "8.842"),
        ("so_ho_tham_gia", "12,5"),
        ("so_ho_tham_gia", "-3"),
        ("so_ho_tham_gia", "khoảng 40"),
        ("von_giai_ngan", "1.250"),
        ("von_giai_ngan", "1,250,000"),
        ("von_giai_ngan", "-2,5"),
    ],
)
def test_a_doubtful_number_is_refused_and_shown_again(browser, cast, here, key, value):
    """Papers write both 8,842 and 8.842 for thousands: neither can be guessed."""
    page = browser(cast.minh).post(
        here, data=typed(key, reported=value) | typed("ho_dtts", seen="3")
    )

    assert page.status_code == 422
    assert f'value="{value}"' in page.text and "Chưa ghi được số liệu" in page.text
    assert fresh().scalar(select(RecordValue.id)) is None


def test_money_may_have_decimals_and_is_kept_exactly(browser, cast, here):
    browser(cast.minh).post(here, data=typed("von_giai_ngan", reported="1250,10", seen="0,125"))

    value = held("von_giai_ngan")
    assert (value.reported, value.seen) == (Decimal("1250.10"), Decimal("0.125"))
    assert value.unit == "triệu đồng"


def test_what_a_phone_saw_is_offered_and_a_reviewer_accepts_it(
    browser, cast, here, record, seen_by_phone
):
    sent = seen_by_phone(33)
    browser(cast.minh).post(here, data=typed(reported="41"))
    hoa = browser(cast.hoa)
    before = hoa.get(f"/records/{record.id}").text

    offered = hoa.get(here).text.split('id="row-so_ho_tham_gia"')[1].split("</tr>")[0]
    hoa.post(f"{here}/so_ho_tham_gia/accept", data={"offer": f"{sent}:m/so_ho"})

    assert "1 số liệu từ phiếu" in before
    assert f'value="{sent}:m/so_ho"' in offered and "Thôn Vân Cát" in offered
    value = held()
    assert (value.reported, value.seen, value.verdict) == (41, 33, VisitVerdict.ACCEPTED)
    assert [(one.submission_id, one.question, one.amount) for one in value.sources] == [
        (sent, "m/so_ho", Decimal(33))
    ]
    assert f'href="/submissions/{sent}"' in hoa.get(here).text


def test_answers_that_are_parts_of_a_whole_are_added_up(browser, cast, here, seen_by_phone):
    first, second, third = seen_by_phone(12, "1.1"), seen_by_phone(9, "2.2"), seen_by_phone(1)
    hoa = browser(cast.hoa)

    for row, question in (("so_ho_tham_gia", "m/so_ho"), ("von_giai_ngan", "m/von")):
        chosen = [f"{first}:{question}", f"{second}:{question}"]
        hoa.post(f"{here}/{row}/accept", data={"offer": chosen})

    assert held().seen == 21
    assert held("von_giai_ngan").seen == Decimal("3.3")  # no binary fraction in between
    assert third not in {one.submission_id for one in held().sources}


def test_choosing_again_keeps_only_what_was_chosen_last(browser, cast, here, seen_by_phone):
    first, second = seen_by_phone(12), seen_by_phone(9)
    hoa = browser(cast.hoa)
    url = f"{here}/so_ho_tham_gia/accept"
    hoa.post(url, data={"offer": [f"{first}:m/so_ho", f"{second}:m/so_ho"]})

    hoa.post(url, data={"offer": [f"{second}:m/so_ho"]})
    none = hoa.post(url, data={})

    assert held().seen == 9 and none.status_code == 409
    assert fresh().scalars(select(ValueSource.submission_id)).all() == [second]


def test_a_rejected_form_or_one_of_another_visit_offers_nothing(browser, cast, here, seen_by_phone):
    sent = seen_by_phone(33)
    with transaction() as session:
        session.get(Submission, sent).review_state = ReviewState.REJECTED
    hoa = browser(cast.hoa)

    assert "số liệu từ phiếu" not in hoa.get(here).text
    for offer in (f"{sent}:m/so_ho", "999:m/so_ho", "x", f"{sent}:../"):
        answer = hoa.post(f"{here}/so_ho_tham_gia/accept", data={"offer": offer})
        assert answer.status_code == 400
    assert fresh().scalar(select(RecordValue.id)) is None


def test_a_file_of_the_commune_is_looked_at_before_it_is_kept(browser, cast, here):
    minh = browser(cast.minh)
    file = (
        "UBND xã;;\nMã dòng;Giá trị;Ghi chú\n"
        "so_ho_tham_gia;41;\nSố hộ nghèo;12;\nvon_giai_ngan;350,5;\n"
        "ho_can_ngheo;8,842;\nkhong_co;3;\nso_ho_tham_gia;42;\nho_dtts;;\n;7;\n"
    ).encode()

    page = sent_file(minh, here, file)

    assert page.status_code == 200 and fresh().scalar(select(RecordValue.id)) is None
    for row, why in ((6, "không rõ là bao nhiêu"), (7, "không có dòng"), (8, "đã có ở dòng 3"),
                     (10, "không có mã dòng")):  # fmt: skip
        cell = page.text.split(f'data-label="Dòng">{row}</td>')[1].split("</tr>")[0]
        assert why in cell
    sha256 = page.text.split('name="sha256" value="')[1].split('"')[0]
    minh.post(f"{here}/import/confirm", data={"sha256": sha256, "name": "bieu05.csv"})
    assert (held().reported, held().reported_source) == (Decimal(41), "bieu05.csv")
    assert held("ho_ngheo").reported == 12
    assert held("von_giai_ngan").reported == Decimal("350.5")
    assert len(fresh().scalars(select(RecordValue)).all()) == 3


def test_a_workbook_is_read_like_a_csv(browser, cast, here):
    book = openpyxl.Workbook()
    for row in (["Chỉ tiêu", "Số liệu"], ["Số hộ tham gia", 41], ["Vốn đã giải ngân", 12.5]):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)

    page = sent_file(browser(cast.minh), here, out.getvalue(), "bieu05.xlsx")

    assert "Ghi 2 số liệu" in page.text and "12,5" in page.text


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "Hãy chọn một tệp có nội dung"),
        (b"a;b\n1;2\n", "không thấy dòng tiêu đề"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"PK\x03\x04broken", "Excel bị hỏng"),
    ],
)
def test_a_file_that_is_no_table_is_refused(browser, cast, here, data, sentence):
    page = sent_file(browser(cast.minh), here, data)

    assert page.status_code >= 400 and sentence in page.text


def test_who_may_write_and_who_may_judge(browser, cast, here, leader, officer, story, record):
    accept, judge = f"{here}/so_ho_tham_gia/accept", f"{here}/so_ho_tham_gia/judge"
    given = typed(reported="41", seen="33")
    browser(cast.minh).post(here, data=given)
    # Lan holds a phone in the plan but is not of this visit's team.
    for person, look, write, decide in (
        (cast.lan, 200, 403, 403),
        (cast.hoa, 200, 403, 302),
        (cast.an, 404, 404, 404),
        (officer, 403, 403, 403),
    ):
        client = browser(person)
        assert client.get(here).status_code == look
        assert client.post(here, data=given).status_code == write
        assert client.post(f"{here}/import").status_code == write
        verdict = client.post(judge, data={"verdict": "accept", "seen": "33"})
        assert verdict.status_code == decide
        if decide != 302:
            assert client.post(accept, data={"offer": "1:x"}).status_code == decide
    assert browser(cast.minh).post(judge, data={"verdict": "accept"}).status_code == 403
    assert browser(leader).post(here, data=typed(seen="30")).status_code == 302
    for url in (here, f"{here}/import", accept, judge):
        assert browser(None).post(url).status_code == 401
    assert browser(None).get(here).headers["Location"].startswith("/sign-in")


def test_a_table_or_row_that_the_programme_has_not_is_not_found(browser, cast, record):
    hoa = browser(cast.hoa)

    assert hoa.get(f"/records/{record.id}/tables/99").status_code == 404
    assert hoa.get(f"/records/{record.id}/tables/{'9' * 300}").status_code == 404
    answer = hoa.post(f"/records/{record.id}/tables/05/khong_co/judge", data={"verdict": "accept"})
    assert answer.status_code == 404


def test_the_record_asks_no_more_when_phones_have_sent_more(
    browser, cast, record, here, seen_by_phone, statements
):
    seen_by_phone(33)
    hoa = browser(cast.hoa)
    for url in (here, f"/records/{record.id}"):
        hoa.get(url)
        with statements() as few:
            hoa.get(url)
        seen_by_phone(12)
        seen_by_phone(14)
        with statements() as many:
            hoa.get(url)
        assert len(many) == len(few)


def test_a_factor_is_shown_with_two_decimals_halves_up():
    assert [str(values.shown(Fraction(*each))) for each in ((1, 8), (2, 3), (1, 1), (3, 2))] == [
        "0.13", "0.67", "1.00", "1.50",
    ]  # fmt: skip
