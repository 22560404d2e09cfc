"""Phones are set up in bulk: settings of a plan, lists of people, sheets of cards."""

import base64
import hashlib
import io
import json
import secrets
import time
import zlib

import openpyxl
import pytest
from sqlalchemy import func, select

from server.db import db, transaction
from server.monitoring.models import Plan
from server.teams import collect, roster, service, settings_qr, setup
from server.teams.models import Member, Person, Phone
from tests.conftest import ACTOR

HEADINGS = ("Họ và tên", "Chức danh", "Đơn vị", "Đoàn", "Xã")
GIVEN = ("An", "Bình", "Chi", "Dũng", "Giang", "Hà", "Khoa", "Liên", "Mạnh", "Nga")


@pytest.fixture
def teams(plan):
    with transaction() as session:
        return [service.add_team(session, plan.id, f"Đoàn {n}", ACTOR) for n in (1, 2)]


@pytest.fixture
def minh(browser, cast):
    return browser(cast.minh)


def people(count):
    return [
        (f"Trần {'Văn' if n % 2 else 'Thị'} {GIVEN[n % 10]} {n + 1}", "Chuyên viên",
         "UBND huyện Vụ Bản", f"Đoàn {n % 2 + 1}", "Xã Hiển Khánh")
        for n in range(count)
    ]  # fmt: skip


def xlsx(rows, headings=HEADINGS):
    book = openpyxl.Workbook()
    for row in (("DANH SÁCH NGƯỜI GIỮ MÁY",), headings, *rows):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def upload(client, plan, data, name="danh-sach.xlsx"):
    return client.post(
        f"/plans/{plan.id}/phones/import", data={"file": (io.BytesIO(data), name)}
    )  # fmt: skip


def confirm(client, plan, data):
    upload(client, plan, data)
    sha256 = hashlib.sha256(data).hexdigest()
    return client.post(
        f"/plans/{plan.id}/phones/import/confirm", data={"sha256": sha256, "name": "danh-sach.xlsx"}
    )


def count(model):
    db.session().rollback()
    return db.session().scalar(select(func.count()).select_from(model))


def test_a_team_of_twenty_comes_from_a_workbook_with_its_cards(minh, plan, teams):
    data = xlsx(people(20))

    seen = upload(minh, plan, data)
    before = count(Phone)
    sheet = confirm(minh, plan, data)

    assert (seen.status_code, before) == (200, 0)
    assert "Nhập 20 người và in thẻ" in seen.text
    assert sheet.status_code == 200
    assert sheet.data.startswith(b"%PDF") and sheet.headers["Cache-Control"] == "no-store"
    assert sheet.data.count(b"/Type /Page\n") + sheet.data.count(b"/Type/Page/") in {0, 3}
    assert (count(Phone), count(Member)) == (20, 20)
    phone = db.session().scalars(select(Phone).order_by(Phone.id)).first()
    assert (phone.commune, phone.team.name) == ("Xã Hiển Khánh", "Đoàn 1")


def test_a_list_taken_in_twice_changes_nothing(minh, plan, teams):
    data = xlsx(people(3))
    confirm(minh, plan, data)

    again = confirm(minh, plan, data)

    assert again.status_code == 400
    assert "đã có trong đoàn" in again.text
    assert (count(Phone), count(Member)) == (3, 3)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (("", "Cán bộ", "", "Đoàn 1", ""), "thiếu họ tên"),
        (("Trần Thị An 1", "", "", "Đoàn 1", ""), "trùng họ tên với dòng 3"),
        (("TRẦN THỊ  AN 1", "", "", "Đoàn 2", ""), "trùng họ tên với dòng 3"),
        (("Lê Văn Ba", "", "", "Đoàn 9", ""), "“Đoàn 9”; kế hoạch có: Đoàn 1, Đoàn 2"),
        (("Lê Văn Ba", "", "", "", ""), "thiếu tên đoàn"),
        (("Lê Văn Ba", "", "", "Đoàn 1", "Xã Sao Hỏa"), "không có xã “Xã Sao Hỏa”"),
        (("Lê Văn Ba", "x" * 101, "", "Đoàn 1", ""), "cột Chức danh dài quá 100 ký tự"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_used_is_named_and_nothing_is_done_by_halves(
    minh, plan, teams, row, why
):
    data = xlsx([*people(1), row])
    before = count(Person)

    seen = upload(minh, plan, data)
    done = confirm(minh, plan, data)

    assert why in seen.text
    assert '<td class="number" data-label="Dòng">4</td>' in seen.text
    assert done.status_code == 422
    assert (count(Person), count(Phone)) == (before, 0)


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        (b"", "a.xlsx", "Hãy chọn tệp danh sách"),
        (b"PK\x03\x04 broken", "a.xlsx", "bị hỏng"),
        ("Tên xã,Đoàn\nA,B\n".encode(), "a.csv", "không có cột Họ tên"),
        ("Họ tên\nLê\n".encode("utf-16"), "a.csv", "UTF-8"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_why(minh, plan, teams, data, name, why):
    answer = upload(minh, plan, data, name)

    assert answer.status_code in {400, 413, 422}
    assert why in answer.text


def test_a_csv_of_vietnamese_excel_will_do(minh, plan, teams):
    data = "\ufeffHọ tên;Đoàn\nLê Văn Ba;Đoàn 2\n".encode()

    assert "Nhập 1 người" in upload(minh, plan, data, "a.csv").text


def test_five_hundred_people_are_taken_in_within_seconds(session, plan, teams):
    found = roster.read(session, plan.id, xlsx(people(500)), "a.xlsx", ["Hiển Khánh"])
    began = time.monotonic()
    with transaction() as writing:
        issued = roster.take_in(writing, plan.id, found, ACTOR)

    assert len({one.username for one in issued}) == 500
    assert time.monotonic() - began < 60


def test_cards_are_printed_for_those_without_a_key_and_renewed_only_on_wish(minh, plan, teams):
    confirm(minh, plan, xlsx(people(4)))
    here = f"/plans/{plan.id}/phones/sheet"

    nobody = minh.post(here, data={})
    renewed = minh.post(here, data={"team_id": str(teams[0].id), "renew": "1"})

    assert nobody.status_code == 302
    assert renewed.data.startswith(b"%PDF")
    db.session().rollback()
    alive = db.session().scalars(select(Phone).where(Phone.revoked_at.is_(None))).all()
    assert (count(Phone), len(alive)) == (6, 4)
    assert all(phone.commune == "Xã Hiển Khánh" for phone in alive)


def test_those_of_elsewhere_neither_see_nor_do_any_of_it(browser, cast, plan, teams):
    an, here = browser(cast.an), f"/plans/{plan.id}"

    assert an.get(f"{here}/phone-settings").status_code == 404
    assert upload(an, plan, xlsx(people(1))).status_code == 404
    assert confirm(an, plan, xlsx(people(1))).status_code == 404
    assert an.post(f"{here}/phones/sheet").status_code == 404


def decoded(text):
    return json.loads(zlib.decompress(base64.b64decode(text)))


def test_what_we_suggest_is_what_inspection_teams_need(session, plan, cast):
    with transaction() as writing:
        issued = service.issue(writing, plan.id, writing.merge(cast.lan), ACTOR)

    values = decoded(setup.code(setup.chosen(session, plan.id), "http://may", issued, "Kế hoạch"))

    general, admin = values["general"], values["admin"]
    assert general["server_url"] == f"http://may/v1/key/{issued.token}/projects/{plan.id}"
    assert general["form_update_mode"] == "match_exactly"
    assert general["periodic_form_updates_check"] == "every_fifteen_minutes"
    assert general["autosend"] == "wifi_and_cellular"
    assert (general["app_language"], general["delete_send"]) == ("vi", False)
    assert general["metadata_username"] == "Lan"
    assert (admin["change_server"], admin["edit_saved"]) == (False, True)
    assert "username" not in general


def test_a_plan_chooses_otherwise_and_its_codes_carry_user_name_and_password(
    minh, session, plan, cast
):
    data = {**collect.SUGGESTED, "way": "password", "accept_bytes": "2000000",
            "general.font_size": "25", "general.autosend": "wifi_only", "admin.admin_pw": "khoa1",
            "admin.jump_to": "no"}  # fmt: skip

    assert minh.post(f"/plans/{plan.id}/phone-settings", data=data).status_code == 302
    with transaction() as writing:
        issued = service.issue(writing, plan.id, writing.merge(cast.lan), ACTOR)
    session.expire_all()
    values = decoded(setup.code(setup.chosen(session, plan.id), "http://may", issued, "Kế hoạch"))

    general, admin = values["general"], values["admin"]
    assert general["server_url"] == f"http://may/v1/projects/{plan.id}"
    assert (general["username"], general["password"]) == (issued.username, issued.password)
    assert (general["font_size"], general["autosend"]) == ("25", "wifi_only")
    assert (admin["admin_pw"], admin["jump_to"]) == ("khoa1", False)
    assert session.get(Plan, plan.id).accept_bytes == 2_000_000
    assert 'value="2000000"' in minh.get(f"/plans/{plan.id}/phone-settings").text


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"accept_bytes": "999999"}, "từ 1000000 đến 100000000"),
        ({"accept_bytes": "mười"}, "từ 1000000 đến 100000000"),
        ({"accept_bytes": "100000001"}, "từ 1000000 đến 100000000"),
        ({"general.autosend": "luôn"}, "Tự gửi phiếu"),
        ({"general.font_size": "99"}, "Cỡ chữ"),
        ({"admin.admin_pw": "mật khẩu"}, "Mật khẩu khóa cài đặt"),
        ({"general.reference_layer": "x" * 101}, "Lớp bản đồ"),
    ],
)
def test_a_setting_that_phones_would_pass_over_is_refused(minh, session, plan, changed, why):
    data = {**collect.SUGGESTED, "way": "key", "accept_bytes": "10000000"} | changed

    answer = minh.post(f"/plans/{plan.id}/phone-settings", data=data)

    assert (answer.status_code, why in answer.text) == (422, True)
    assert session.get(Plan, plan.id).accept_bytes == 10_000_000


def test_a_code_never_holds_more_than_phones_read():
    way = settings_qr.Way("http://may", chosen={"general.reference_layer": secrets.token_hex(4000)})

    with pytest.raises(settings_qr.SettingsTooLong, match="4000"):
        settings_qr.payload(settings_qr.settings(way, "K", "L"))


def test_every_setting_has_a_value_that_the_page_offers_and_the_app_knows():
    for key, value in collect.SUGGESTED.items():
        assert value in dict(collect.EVERY[key].options)
    assert {each.section for each in collect.EVERY.values()} == {"general", "admin"}
    assert len(collect.EVERY) == len(collect.GENERAL) + len(collect.ADMIN) >= 58
