"""The catalogue as data: loaded from YAML and Excel, each mistake by row, never changed in use."""

import datetime as dt
import io
import json

import openpyxl
import pytest
from sqlalchemy import delete, select, update

from server.cli import main
from server.db import db, transaction
from server.journal import Line
from server.monitoring import catalogue, catalogue_books, catalogue_files, lined_yaml, queries
from server.monitoring.catalogue import Taken
from server.monitoring.models import Plan, Programme, Project, Table
from server.monitoring.problems import ProgrammeInUse, ProgrammeTwice
from server.places.problems import UnreadableFile
from tests.conftest import ACTOR

NEXT = """programme:
  id: mtqg-2026-2030
  name: Chương trình mục tiêu quốc gia giai đoạn 2026-2030
  valid_from: 2026-01-01
  valid_to: 2030-12-31
  source: Nghị quyết 257/2025/QH15
projects:
- {code: DA1, name: Hạ tầng, name_en: Infrastructure}
- {code: DA1_1, parent_code: DA1, name: Đường thôn}
tables:
- number: '01'
  title: Khung kết quả
  title_official: true
  official: true
  project_code: DA1
  rows:
  - {key: so_km, name: Số km đường, unit: km}
- number: '02'
  title: Vốn
  rows:
  - {key: von, name: Vốn giải ngân, unit: triệu đồng}
"""


@pytest.fixture(autouse=True)
def _next_one_gone(app):
    """Take the loaded catalogue away again: one database may serve every test."""
    yield
    fresh()
    with transaction() as session:
        session.execute(update(Plan).values(programme_id="gnbv-2021-2025"))
        for kind, column in ((Project, "programme_id"), (Table, "programme_id"), (Programme, "id")):
            session.execute(delete(kind).where(getattr(kind, column) == "mtqg-2026-2030"))


def fresh():
    """Return the session, seeing what other requests have written."""
    db.session().rollback()
    db.session().expire_all()
    return db.session()


def read(text=NEXT, name="moi.yaml"):
    return catalogue_files.read(text.encode(), name)


def book(**sheets):
    """Return a workbook with these sheets, rows of cells each."""
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for title, rows in sheets.items():
        page = made.create_sheet(title)
        for row in rows:
            page.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def upload(client, data, name="moi.yaml"):
    return client.post(
        "/programme/load",
        data={"file": (io.BytesIO(data), name)},
        content_type="multipart/form-data",
    )


def confirm(client, page):
    sha256 = page.text.split('name="sha256" value="')[1].split('"')[0]
    return client.post("/programme/load/confirm", data={"sha256": sha256, "name": "moi.yaml"})


def test_what_ships_is_whole_and_marked(app):
    held = catalogue.held(db.session(), "gnbv-2021-2025")

    assert len(held.projects) == 16 and [t.number for t in held.tables] == [
        f"{n:02d}" for n in range(1, 16)
    ]
    assert not any(table.official for table in held.tables)
    assert all(row["name"] != row["key"] for table in held.tables for row in table.rows)


def test_every_row_that_a_form_feeds_is_in_the_catalogue(app):
    """A phone's answer can only be offered for a row that exists."""
    import csv
    from pathlib import Path

    known = queries.rows_of(db.session(), "gnbv-2021-2025")
    for path in Path("xlsforms").glob("*/survey.csv"):
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["bieu_row"]:
                    assert tuple(row["bieu_row"].split(".", 1)) in known, row["bieu_row"]


@pytest.mark.parametrize(
    ("day", "rural"),
    [
        (dt.date(2021, 12, 31), None),
        (dt.date(2022, 1, 1), 1_500_000),
        (dt.date(2026, 12, 31), 1_500_000),
        (dt.date(2027, 1, 1), 2_200_000),
    ],
)
def test_the_poverty_standard_goes_by_the_day(app, day, rural):
    """Decree 351/2025 carries the standard of Decree 07/2021 on to the end of 2026."""
    standard = queries.poverty_standard_on(db.session(), day)

    assert (standard.rural_vnd if standard else None) == rural
    assert standard is None or len(standard.indicators) == 12


@pytest.mark.parametrize(
    ("code", "day", "name"),
    [
        ("so-thuong-truc", dt.date(2024, 6, 1), "Sở Lao động - Thương binh và Xã hội"),
        ("so-thuong-truc", dt.date(2025, 7, 1), "Sở Nông nghiệp và Môi trường"),
        ("phong-thuong-truc", dt.date(2025, 7, 1), None),
        ("phong-cap-xa", dt.date(2025, 6, 30), None),
    ],
)
def test_an_office_is_called_what_it_was_called_that_day(app, code, day, name):
    found = queries.agency_on(db.session(), code, day)

    assert (found.name if found else None) == name


def test_another_catalogue_is_loaded_beside_the_first(app):
    with transaction() as session:
        done = catalogue.take(session, read().catalogue, ACTOR)

    assert done is Taken.ADDED
    tables = queries.tables(fresh(), "mtqg-2026-2030")
    assert [(table.number, table.official) for table in tables] == [("01", True), ("02", False)]
    assert tables[0].rows == [{"key": "so_km", "name": "Số km đường", "unit": "km"}]
    assert catalogue.programme_on(db.session(), dt.date(2026, 5, 1)).id == "mtqg-2026-2030"
    assert catalogue.programme_on(db.session(), dt.date(2025, 5, 1)).id == "gnbv-2021-2025"
    line = db.session().scalars(select(Line).where(Line.verb == "programme.loaded")).one()
    assert line.detail == {"projects": 2, "tables": 2, "replaced": False, "beside": []}


def test_the_same_again_changes_nothing_and_other_content_replaces_what_nothing_uses(app):
    with transaction() as session:
        catalogue.take(session, read().catalogue, ACTOR)
    with transaction() as session:
        assert catalogue.take(session, read().catalogue, ACTOR) is Taken.SAME
    with transaction() as session:
        other = read(NEXT.replace("Khung kết quả", "Chỉ số")).catalogue
        assert catalogue.take(session, other, ACTOR) is Taken.REPLACED

    titles = [table.title for table in queries.tables(fresh(), "mtqg-2026-2030")]
    assert titles == ["Chỉ số", "Vốn"]
    assert len(db.session().scalars(select(Line).where(Line.verb == "programme.loaded")).all()) == 2


def test_a_catalogue_that_plans_stand_on_is_not_changed_under_them(app, plan):
    with transaction() as session:
        catalogue.take(session, read().catalogue, ACTOR)
        session.get(Plan, plan.id).programme_id = "mtqg-2026-2030"
    other = read(NEXT.replace("Khung kết quả", "Chỉ số")).catalogue

    with pytest.raises(ProgrammeInUse), transaction() as session:
        catalogue.take(session, other, ACTOR)

    titles = fresh().scalars(select(Table.title).where(Table.programme_id == other.id)).all()
    assert "Khung kết quả" in titles


def test_a_workbook_says_the_same_as_yaml(app):
    from_yaml = read().catalogue
    from_xlsx = catalogue_files.read(catalogue_books.to_xlsx(from_yaml), "moi.xlsx")

    assert from_xlsx.mistakes == [] and from_xlsx.catalogue == from_yaml


def test_what_ships_comes_back_from_excel_unchanged(app):
    held = catalogue.held(db.session(), "gnbv-2021-2025")

    assert catalogue_files.read(catalogue_books.to_xlsx(held), "x.xlsx").catalogue == held


@pytest.mark.parametrize(
    ("change", "sheet", "row", "sentence"),
    [
        (("id: mtqg-2026-2030", "id: Mã Sai"), "programme", 2, "id “Mã Sai” không đúng dạng"),
        (("valid_to: 2030-12-31", "valid_to: 2020-01-01"), "programme", 2, "valid_to trước"),
        (("valid_from: 2026-01-01", "valid_from: mai"), "programme", 2, "không phải ngày"),
        (("  source: Nghị quyết 257/2025/QH15\n", ""), "programme", 2, "thiếu source"),
        (("code: DA1_1, parent_code: DA1,", "code: DA1,"), "projects", 9, "ghi hai lần"),
        (("parent_code: DA1,", "parent_code: DA9,"), "projects", 9, "không có trong danh mục"),
        (("name: Đường thôn", "ten: Đường thôn"), "projects", 9, "không dùng cột “ten”"),
        (("project_code: DA1\n", "project_code: X\n"), "tables", 11, "không có trong danh mục"),
        (("number: '02'", "number: '01'"), "tables", 18, "ghi hai lần"),
        (("number: '02'", "number: 2"), "tables", 18, "không đúng dạng"),
        (("official: true\n  project", "official: chắc\n  project"), "tables", 11, "có hoặc không"),
        (("key: von,", "key: 'vốn',"), "rows", 21, "không đúng dạng"),
        (("key: von, name: Vốn giải ngân,", "key: von,"), "rows", 21, "thiếu name"),
    ],
)
def test_each_mistake_is_told_by_its_line(change, sheet, row, sentence):
    found = read(NEXT.replace(*change))

    assert found.catalogue is None
    assert any(
        (m.sheet, m.row) == (sheet, row) and sentence in m.vi and m.en for m in found.mistakes
    ), found.mistakes


def test_all_mistakes_are_told_at_once_by_the_rows_of_a_workbook():
    data = book(
        programme=[["id", "name", "valid_from", "valid_to", "source"],
                   ["a", "Tên", "2026-01-01", "", "NQ"]],
        projects=[["code", "name"], ["DA1", "Một"], ["DA 2", "Hai"], ["DA3", ""]],
        tables=[["number", "title", "project_code"], ["01", "Biểu", "DA1"], ["1", "x", "DA7"]],
        rows=[["table", "key", "name"], ["01", "a", "A"], ["01", "a", "A"], ["07", "b", "B"]],
    )  # fmt: skip

    found = catalogue_files.read(data, "x.xlsx")

    assert {(m.sheet, m.row) for m in found.mistakes} == {
        ("projects", 3), ("projects", 4), ("tables", 3), ("rows", 3), ("rows", 4),
    }  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        b"- just a list",
        b"a: [1, 2",
        b"\xff\xfe",
        b"x: &a [1]\ny: *a",
        b"x: !!python/object/apply:os.system ['true']",
        b"[" * 5000,
        b"a: " + b"x" * (lined_yaml.MAX_BYTES + 1),
        b"PK\x03\x04broken",
    ],
)
def test_a_file_that_is_no_catalogue_or_means_harm_is_refused(data):
    with pytest.raises(UnreadableFile):
        catalogue_files.read(data, "x.yaml")


@pytest.mark.parametrize(
    "text", ["{}", "programme: 3", "programme: [1]\nprojects: x", "tables: [[]]"]
)
def test_odd_shapes_are_mistakes_and_no_failure(text):
    assert read(text).mistakes


def test_an_administrator_looks_then_loads(browser, cast):
    admin = browser(cast.admin)

    page = upload(admin, NEXT.encode())
    assert "Khung kết quả" in page.text and fresh().get(Programme, "mtqg-2026-2030") is None
    answer = confirm(admin, page)

    assert answer.headers["Location"] == "/programme#mtqg-2026-2030"
    shown = admin.get("/programme").text
    assert "Số km đường" in shown and "Nạp danh mục khác" in shown
    assert "Sở Nông nghiệp và Môi trường" in shown and "1.500.000 đồng" in shown
    assert "đã có với đúng nội dung" in upload(admin, NEXT.encode()).text


TWIN = NEXT.replace("mtqg-2026-2030", "mtqg-moi").replace("valid_to: 2030-12-31", "valid_to: null")


@pytest.fixture
def _twin_gone(app):
    yield
    fresh()
    with transaction() as session:
        for kind, column in ((Project, "programme_id"), (Table, "programme_id"), (Programme, "id")):
            session.execute(delete(kind).where(getattr(kind, column) == "mtqg-moi"))


@pytest.mark.usefixtures("_twin_gone")
def test_the_same_name_under_another_code_is_asked_about_before_it_stands_twice(browser, cast):
    admin = browser(cast.admin)
    confirm(admin, upload(admin, NEXT.encode()))

    page = upload(admin, TWIN.encode())
    assert "mtqg-2026-2030" in page.text and 'name="beside"' in page.text
    refused = confirm(admin, page)
    assert refused.status_code == 409 and "mtqg-2026-2030" in refused.text
    assert fresh().get(Programme, "mtqg-moi") is None
    with transaction() as session, pytest.raises(ProgrammeTwice):
        catalogue.take(session, read(TWIN).catalogue, ACTOR)

    sha256 = page.text.split('name="sha256" value="')[1].split('"')[0]
    asked = {"sha256": sha256, "name": "moi.yaml", "beside": "yes"}
    assert admin.post("/programme/load/confirm", data=asked).status_code == 302

    assert fresh().get(Programme, "mtqg-moi") is not None
    line = (
        fresh()
        .scalars(select(Line).where(Line.verb == "programme.loaded").order_by(Line.id))
        .all()[-1]
    )
    assert line.detail["beside"] == ["mtqg-2026-2030"]


@pytest.mark.parametrize(
    "apart",
    [
        TWIN.replace("valid_from: 2026-01-01", "valid_from: 2031-01-01"),
        TWIN.replace("giai đoạn 2026-2030", "giai đoạn sau"),
    ],
)
def test_other_days_or_another_name_are_another_programme(app, apart):
    with transaction() as session:
        catalogue.take(session, read().catalogue, ACTOR)

    assert catalogue.rivals(fresh(), read(apart).catalogue) == []


def test_mistakes_show_by_row_and_nothing_can_be_confirmed(browser, cast):
    admin = browser(cast.admin)

    page = upload(admin, NEXT.replace("number: '02'", "number: '01'").encode())

    assert "ghi hai lần" in page.text and "load/confirm" not in page.text
    assert upload(admin, b"", "").status_code == 400
    assert upload(admin, b"a: [").status_code == 400
    bad = admin.post("/programme/load/confirm", data={"sha256": "0" * 64})
    assert bad.status_code == 404


def test_loading_is_for_the_administrator(browser, cast):
    for person in (cast.minh, cast.hoa, cast.lan, cast.an):
        assert browser(person).get("/programme/load").status_code == 403
        assert upload(browser(person), NEXT.encode()).status_code == 403
        assert browser(person).post("/programme/load/confirm").status_code == 403
    assert browser(None).post("/programme/load").status_code == 401


def test_what_is_held_comes_as_a_workbook(browser, cast):
    answer = browser(cast.lan).get("/programme/gnbv-2021-2025.xlsx")

    assert catalogue_files.read(answer.data, "x.xlsx").mistakes == []
    assert browser(cast.lan).get("/programme/khong-co.xlsx").status_code == 404


@pytest.fixture
def run(app, monkeypatch, tmp_path):
    """Run a command of `thucdia` on the test's own installation."""
    from click.testing import CliRunner

    monkeypatch.setenv("THUCDIA_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("DATABASE_URL", app.config["SQLALCHEMY_DATABASE_URI"])

    def invoke(*words):
        return CliRunner().invoke(main, list(words))

    return invoke


def test_a_catalogue_is_loaded_at_a_terminal(run, tmp_path):
    path = tmp_path / "moi.yaml"
    path.write_text(NEXT, encoding="utf-8")

    looked = json.loads(run("programme", "load", "--check", "--json", str(path)).stdout)
    loaded = json.loads(run("programme", "load", "--json", str(path)).stdout)
    again = json.loads(run("programme", "load", "--json", str(path)).stdout)
    path.write_text(NEXT.replace("code: DA1,", "code: ''  ,"), encoding="utf-8")
    wrong = run("programme", "load", str(path))

    assert [each["outcome"] for each in (looked, loaded, again)] == ["added", "added", "same"]
    assert wrong.exit_code == 1 and "projects 8: thiếu code" in wrong.output


def test_a_catalogue_is_written_at_a_terminal(run, tmp_path):
    path = tmp_path / "ra.xlsx"

    assert run("programme", "export", "gnbv-2021-2025", str(path)).exit_code == 0
    assert catalogue_files.read(path.read_bytes(), "ra.xlsx").counts["tables"] == 15
    assert run("programme", "export", "khong-co", str(path)).exit_code == 1
