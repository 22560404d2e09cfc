"""The list of records as a table for Excel: what is on the screen, and every row of it."""

import csv
import io

import pytest
from openpyxl import load_workbook

from server.desk import on_screen

HERE = "/plans/{}/submissions"


@pytest.fixture
def sent(story):
    for name, money in (("A", "2500"), ("B", "300"), ("=C", "900")):
        story.send(label=f"Hộ {name}" if name != "=C" else name, ten=f"Ông {name}", so_tien=money)


def as_rows(answer) -> list[list[str]]:
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_what_is_on_the_screen_is_in_the_table_in_its_order(story, sent, browser, cast):
    asked = "?form=hogd&columns=so_tien&sort=answer/so_tien&dir=asc"
    client = browser(cast.hoa)
    page = client.get(HERE.format(story.plan_id) + asked).text
    rows = as_rows(client.get(HERE.format(story.plan_id) + ".csv" + asked, buffered=True))

    assert f"/plans/{story.plan_id}/submissions.xlsx?form=hogd" in page
    assert rows[0][0] == "Phiếu" and rows[0][-1] == "Số tiền đã góp (đồng)"
    assert [row[0] for row in rows[1:]] == ["Hộ B", "'=C", "Hộ A"]
    assert [row[-1] for row in rows[1:]] == ["300", "900", "2.500"]
    assert rows[1][1].startswith("Thôn Vân Cát, ") and rows[1][8] == "Mới nhận"


def test_excel_gets_the_same_in_the_readers_language(story, sent, browser, cast):
    client = browser(cast.hoa)
    with client.session_transaction() as cookie:
        cookie["lang"] = "en"
    answer = client.get(HERE.format(story.plan_id) + ".xlsx?form=hogd&c1=so_tien&c1.to=300")
    sheet = load_workbook(io.BytesIO(answer.data)).active

    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][0] == "Submissions" and rows[1][0] == "Hộ B" and len(rows) == 2


def test_every_page_of_the_list_is_in_it_and_too_many_for_excel_are_refused(
    story, sent, browser, cast, monkeypatch
):
    monkeypatch.setattr(on_screen, "AT_ONCE", 2)
    monkeypatch.setattr(on_screen, "MOST_IN_EXCEL", 2)
    client = browser(cast.hoa)

    refused = client.get(HERE.format(story.plan_id) + ".xlsx")
    assert refused.status_code == 422 and "CSV" in refused.text
    assert len(as_rows(client.get(HERE.format(story.plan_id) + ".csv", buffered=True))) == 4


def test_nobody_elsewhere_gets_it(story, sent, browser, cast):
    assert browser(cast.an).get(HERE.format(story.plan_id) + ".csv").status_code == 404
