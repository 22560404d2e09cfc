import io
import shutil
import subprocess
import sys

import pytest
from openpyxl import Workbook, load_workbook

from xlsforms import workbook
from xlsforms.workbook import HOME, SheetError

FORMS = workbook.form_ids()


@pytest.fixture
def home(tmp_path):
    """Return a copy of the forms that may be changed."""
    return shutil.copytree(HOME, tmp_path / "xlsforms")


def edited(form_id: str, change) -> bytes:
    """Return the shipped workbook after someone changed it in Excel."""
    book = load_workbook(HOME / f"{form_id}.xlsx")
    change(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def cell(page, name: str, column: str):
    """Return the cell of `column` in the row whose name is `name`."""
    heads = [head.value for head in page[1]]
    [row] = [row for row in page.iter_rows(min_row=2) if row[heads.index("name")].value == name]
    return row[heads.index(column)]


@pytest.mark.parametrize("form_id", FORMS)
def test_each_workbook_is_made_from_its_texts(form_id):
    made = workbook.to_bytes(workbook.read_texts(form_id))

    kept = (HOME / f"{form_id}.xlsx").read_bytes()
    assert workbook.from_bytes(kept) == workbook.from_bytes(made), "python -m xlsforms build"


@pytest.mark.parametrize("form_id", FORMS)
def test_a_workbook_taken_unchanged_changes_no_text(form_id, home):
    form = workbook.from_bytes((HOME / f"{form_id}.xlsx").read_bytes())

    assert workbook.write_texts(form, home) == []


def test_the_same_texts_make_the_same_bytes():
    form = workbook.read_texts(FORMS[0])

    assert workbook.to_bytes(form) == workbook.to_bytes(form)


def test_every_workbook_has_its_texts():
    assert [path.stem for path in sorted(HOME.glob("*.xlsx"))] == FORMS


def test_a_question_changed_in_excel_changes_one_line_of_text(home):
    def change(book):
        cell(book["survey"], "p_age", "label::Tiếng Việt (vi)").value = "Ông/bà mấy tuổi?"

    form = workbook.from_bytes(edited("gnbv_household", change))

    assert workbook.write_texts(form, home) == [home / "gnbv_household" / "survey.csv"]
    old = (HOME / "gnbv_household" / "survey.csv").read_text("utf-8").splitlines()
    new = (home / "gnbv_household" / "survey.csv").read_text("utf-8").splitlines()
    assert [line for line in new if line not in old] == [
        next(line for line in new if line.startswith("integer,p_age,Ông/bà mấy tuổi?,"))
    ]


def test_a_shared_answer_changed_in_one_workbook_changes_for_all(home):
    def change(book):
        for row in book["choices"].iter_rows(min_row=2):
            if (row[0].value, row[1].value) == ("yes_no", "no"):
                row[2].value = "Chưa"

    workbook.write_texts(workbook.from_bytes(edited("gnbv_household", change)), home)

    choices = workbook.read_texts("gnbv_hamlet", home)["choices"].rows
    [no] = [row for row in choices if (row["list_name"], row["name"]) == ("yes_no", "no")]
    assert no["label::Tiếng Việt (vi)"] == "Chưa"


def test_letters_typed_in_pieces_are_composed(home):
    def change(book):
        cell(book["survey"], "p_age", "label::Tiếng Việt (vi)").value = "Tuo\u0302\u0309i?"

    form = workbook.from_bytes(edited("gnbv_household", change))

    assert "Tuổi?" in {row["label::Tiếng Việt (vi)"] for row in form["survey"].rows}


def test_numbers_and_gaps_made_by_excel_do_no_harm():
    def change(book):
        book["survey"].insert_rows(5)
        book["settings"]["C2"].value = 2026112201.0

    form = workbook.from_bytes(edited("gnbv_hamlet", change))

    assert form["settings"].rows[0]["version"] == "2026112201"
    assert form["survey"].rows == workbook.read_texts("gnbv_hamlet")["survey"].rows


def test_a_text_that_looks_like_a_formula_stays_text():
    form = workbook.read_texts("gnbv_hamlet")
    form["survey"].rows[-1]["hint::English (en)"] = "=1+1"

    again = workbook.from_bytes(workbook.to_bytes(form))

    assert again["survey"].rows[-1]["hint::English (en)"] == "=1+1"


def test_a_form_with_a_new_id_becomes_a_new_folder(home):
    def change(book):
        book["settings"]["B2"].value = "gnbv_new"

    workbook.write_texts(workbook.from_bytes(edited("gnbv_hamlet", change)), home)

    assert (
        workbook.read_texts("gnbv_new", home)["survey"]
        == (workbook.read_texts("gnbv_hamlet")["survey"])
    )


def without_settings(book):
    del book["settings"]


def with_a_column_twice(book):
    book["survey"]["B1"].value = "type"


def with_an_id_that_is_a_path(book):
    book["settings"]["B2"].value = "../elsewhere"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (without_settings, "Thiếu trang settings"),
        (with_a_column_twice, "cột type lặp lại"),
        (with_an_id_that_is_a_path, "'../elsewhere' không dùng được"),
    ],
)
def test_an_unusable_workbook_is_refused_with_its_place(change, sentence, home):
    with pytest.raises(SheetError, match=sentence):
        workbook.write_texts(workbook.from_bytes(edited("gnbv_hamlet", change)), home)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"name,label\n"])
def test_a_file_that_is_no_workbook_is_refused(content):
    with pytest.raises(SheetError, match="Không đọc được"):
        workbook.from_bytes(content)


def test_an_empty_workbook_is_refused():
    buffer = io.BytesIO()
    Workbook().save(buffer)

    with pytest.raises(SheetError, match="Thiếu trang survey"):
        workbook.from_bytes(buffer.getvalue())


def at_a_desk(home, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Type `python -m xlsforms ...` in a copy of the project."""
    line = [sys.executable, "-m", "xlsforms", *arguments]
    return subprocess.run(line, cwd=home.parent, capture_output=True, text=True)


def test_an_edited_workbook_is_taken_and_all_that_depends_on_it_made_anew(home):
    def change(book):
        for row in book["choices"].iter_rows(min_row=2):
            if (row[0].value, row[1].value) == ("sex", "nu"):
                row[2].value = "Nữ giới"

    (home.parent / "mine.xlsx").write_bytes(edited("gnbv_hamlet", change))
    said = at_a_desk(home, "take", "mine.xlsx")

    assert said.stdout.split() == ["choices.csv", "gnbv_hamlet.xlsx", "gnbv_household.xlsx"]
    again = at_a_desk(home, "build")
    assert (again.returncode, again.stdout) == (0, "")


def test_wrong_use_at_a_desk_explains_itself(home):
    (home.parent / "mine.xlsx").write_bytes(edited("gnbv_hamlet", without_settings))

    assert "take EDITED.xlsx" in at_a_desk(home).stderr
    assert "Thiếu trang settings" in at_a_desk(home, "take", "mine.xlsx").stderr
    assert "absent.xlsx" in at_a_desk(home, "take", "absent.xlsx").stderr
