"""Places are found and opened on pages; a hamlet list is previewed whole before it is stored."""

import io
import re

import pytest
from openpyxl import Workbook
from sqlalchemy import event, select

from server.db import db
from server.journal import Line
from server.places import queries, sheets
from server.places.models import Hamlet

HEADINGS = "Mã xã,Tên thôn,Vĩ độ,Kinh độ,Bán kính,Số hộ\n"
GOOD = HEADINGS + "13753,Thôn Vân Cát,20.38,106.08,600,142\n13753,Thôn Tiên Hương,,,,97\n"
MIXED = GOOD + ",Thôn không xã,,,,\n13753,Thôn Hạ,106.08,20.38,,8.842\n00118,Thôn lạ,,,,\n"


def place_id(code, edition="2024"):
    return db.session().scalars(queries.place(edition, code)).one().id


def stored():
    db.session().rollback()
    return db.session().scalars(select(Hamlet).order_by(Hamlet.id)).all()


def send(client, data, code="359", name="danh sách.csv"):
    body = data.encode() if isinstance(data, str) else data
    return client.post(
        f"/places/{place_id(code)}/hamlets/import",
        data={"file": (io.BytesIO(body), name)},
        content_type="multipart/form-data",
    )


def confirm(client, page, code="359"):
    sha256 = re.search(r'name="sha256" value="([0-9a-f]{64})"', page).group(1)
    return client.post(
        f"/places/{place_id(code)}/hamlets/import/confirm",
        data={"sha256": sha256, "name": "danh sách.csv"},
    )


@pytest.mark.parametrize("typed", ["hien khanh", "Hiển Khánh", "hiển  khánh", "13747"])
def test_a_commune_is_found_however_it_is_typed(browser, cast, typed):
    page = browser(cast.lan).get("/places", query_string={"edition": "2024", "q": typed}).text

    assert f'href="/places/{place_id("13747")}">Xã Hiển Khánh</a>' in page
    assert "Huyện Vụ Bản, Tỉnh Nam Định" in page


def test_without_a_search_the_provinces_of_the_edition_are_listed(browser, cast):
    lan = browser(cast.lan)

    assert lan.get("/places?edition=2024").text.count('scope="row"') == 63
    assert lan.get("/places?edition=2025-07").text.count('scope="row"') == 34


def test_what_is_not_found_is_said(browser, cast):
    assert "Không tìm thấy" in browser(cast.lan).get("/places?q=%25%25%25").text
    assert "Không tìm thấy" in browser(cast.lan).get("/places?q=zzzz&edition=xyz").text


def test_the_tree_leads_from_province_to_commune(browser, cast):
    lan = browser(cast.lan)

    province = lan.get(f"/places/{place_id('36')}").text
    district = lan.get(f"/places/{place_id('359')}").text
    commune = lan.get(f"/places/{place_id('13753')}").text

    assert f'href="/places/{place_id("359")}"' in province
    assert f'href="/places/{place_id("13753")}"' in district
    assert f'href="/places/{place_id("359")}"' in commune and "Chưa có thôn nào" in commune


def test_a_place_tells_what_became_of_it_and_what_it_was_made_of(browser, cast):
    lan = browser(cast.lan)

    old = lan.get(f"/places/{place_id('13753', '2025-06')}").text
    new_id = re.search(
        r'href="/places/(\d+)">[^<]+</a> <span class="fine">Danh mục từ 1/7/2025', old
    ).group(1)
    new = lan.get(f"/places/{new_id}").text

    assert "Hình thành từ" in new
    assert f'href="/places/{place_id("13753", "2025-06")}"' in new


def test_nobody_and_officers_of_units_are_turned_away(browser, cast):
    assert browser(None).get("/places").headers["Location"].startswith("/sign-in")
    assert browser(cast.lan).get("/places/999999").status_code == 404


def test_the_preview_lists_every_rejected_row_with_its_reasons_and_stores_nothing(browser, cast):
    page = send(browser(cast.minh), MIXED)

    assert page.status_code == 200
    rejected = page.text.split("Dòng bị loại <small")[1].split("</table>")[0]
    assert "Thiếu mã xã." in rejected
    assert "có vẻ bị đổi chỗ" in rejected and "8.842" in rejected
    assert "00118" in rejected
    assert "Thôn Vân Cát" in page.text and "Nhập 2 thôn" in page.text
    assert stored() == []


def test_confirming_stores_what_was_shown_and_tells_the_journal(browser, cast):
    minh = browser(cast.minh)

    answer = confirm(minh, send(minh, MIXED).text)

    assert answer.headers["Location"] == f"/places/{place_id('359')}"
    assert [hamlet.name for hamlet in stored()] == ["Thôn Vân Cát", "Thôn Tiên Hương"]
    line = db.session().scalars(select(Line).order_by(Line.id.desc())).first()
    assert (line.verb, line.person_id) == ("hamlets.imported", cast.minh.id)
    assert line.detail["hamlets"] == 2 and line.detail["rejected"] == 3


def test_the_hamlets_stand_on_their_communes_page_and_map(browser, cast):
    minh = browser(cast.minh)
    confirm(minh, send(minh, GOOD).text)

    page = minh.get(f"/places/{place_id('13753')}").text

    assert "Thôn Vân Cát" in page and "20.38000, 106.08000" in page
    assert '"radius_m": 600' in page.split('id="place-map-data">')[1]


def test_an_import_makes_the_phones_lists_anew(browser, cast, plan, drain):
    minh = browser(cast.minh)
    drain()

    confirm(minh, send(minh, GOOD).text)

    assert drain() == 1


def test_confirming_twice_stores_once(browser, cast):
    minh = browser(cast.minh)
    page = send(minh, GOOD).text

    confirm(minh, page)
    again = confirm(minh, page)

    assert again.status_code in {400, 409}
    assert len(stored()) == 2


def test_a_workbook_will_do_as_well(browser, cast):
    book = Workbook()
    for row in (["Mã xã", "Tên thôn"], ["13753", "Thôn Vân Cát"]):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    minh = browser(cast.minh)

    confirm(minh, send(minh, out.getvalue(), name="thôn.xlsx").text)

    assert [hamlet.name for hamlet in stored()] == ["Thôn Vân Cát"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "tệp trống"),
        (b"\xff\xfe\x00bad", "Unicode UTF-8"),
        (b"a,b\n1,2\n", "chưa có dòng tiêu đề"),
        (b"PK\x03\x04broken", "bị hỏng"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_a_sentence(browser, cast, data, sentence):
    answer = send(browser(cast.minh), data)

    assert 400 <= answer.status_code < 500
    assert sentence in answer.text
    assert 'type="file"' in answer.text  # another can be sent from the same page


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(browser, cast, monkeypatch):
    monkeypatch.setattr(sheets, "MAX_BYTES", 1000)

    answer = send(browser(cast.minh), GOOD * 20)

    assert answer.status_code == 413 and "quá lớn" in answer.text


def test_a_form_without_a_file_asks_for_one(browser, cast):
    answer = browser(cast.minh).post(f"/places/{place_id('359')}/hamlets/import")

    assert answer.status_code == 400 and "Chưa chọn tệp" in answer.text


@pytest.mark.parametrize("sha256", ["", "0" * 64, "../../etc/passwd", "Z" * 64])
def test_only_a_file_that_was_previewed_can_be_confirmed(browser, cast, sha256):
    url = f"/places/{place_id('359')}/hamlets/import/confirm"

    assert browser(cast.minh).post(url, data={"sha256": sha256}).status_code == 404


def test_a_list_is_taken_only_from_those_who_keep_the_area(browser, cast):
    url = f"/places/{place_id('359')}/hamlets/import"

    for person in (cast.lan, cast.hoa, cast.an):
        assert browser(person).get(url).status_code == 403
        assert send(browser(person), GOOD).status_code == 403
        assert browser(person).post(f"{url}/confirm", data={}).status_code == 403
    assert stored() == []


def test_a_commune_of_another_place_is_rejected_row_by_row(browser, cast):
    page = send(browser(cast.minh), GOOD, code="13756").text

    assert "ngoài địa bàn của bạn" in page
    assert 'name="sha256"' not in page


def test_a_page_of_many_hamlets_asks_no_more_than_one_of_few(browser, cast):
    minh, seen = browser(cast.minh), []
    confirm(minh, send(minh, GOOD).text)
    event.listen(db.engine, "before_cursor_execute", lambda *a: seen.append(a[2]))
    url = f"/places/{place_id('13753')}"
    minh.get(url)
    seen.clear()
    minh.get(url)
    few = len(seen)
    rows = "".join(f"13753,Xóm {number},20.38,106.08,300,9\n" for number in range(100))
    confirm(minh, send(minh, HEADINGS + rows).text)
    seen.clear()

    assert "Xóm 99" in minh.get(url).text
    assert len(seen) == few
