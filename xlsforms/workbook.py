"""Form texts to workbook and back, without loss, the same bytes from the same texts."""

import csv
import io
import re
import unicodedata
import zipfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

HOME = Path(__file__).resolve().parent
SHEETS = ("survey", "choices", "entities", "settings", "finding_rules")
NEEDED = ("survey", "settings")
WHEN = datetime(2024, 1, 1)  # noqa: DTZ001 - a zip entry knows no zone
"""The one time that every workbook bears: real times would make equal workbooks differ."""

WIDTHS = {"type": 24, "name": 20, "label": 52, "hint": 36, "constraint_message": 36, "when": 60}
NUMBERS = {"severity", "due_days"}
SHADES = {"begin_group": "DDEBF7", "begin_repeat": "FFF2CC", "note": "F2F2F2"}

Row = dict[str, str]


class SheetError(ValueError):
    """A workbook or a text cannot be used; says which sheet, row and column, in both languages."""


@dataclass
class Sheet:
    """A table of text cells: its columns in order, and its rows."""

    columns: list[str]
    rows: list[Row] = field(default_factory=list)


Form = dict[str, Sheet]
"""The sheets of one form by name, in the order of `SHEETS`."""


def form_ids(home: Path = HOME) -> list[str]:
    """Return the ids of all forms kept as texts."""
    return sorted(path.parent.name for path in home.glob("*/survey.csv"))


# ---------------------------------------------------------------- texts


def read_texts(form_id: str, home: Path = HOME) -> Form:
    """Return a form from its folder; the choices are those its questions use, shared ones first."""
    folder = home / form_id
    form = {
        name: read_csv(folder / f"{name}.csv")
        for name in SHEETS
        if (folder / f"{name}.csv").exists()
    }
    own = form.get("choices")
    lists = used_lists(form["survey"])
    shared = read_csv(home / "choices.csv")
    rows = [row for row in shared.rows if row["list_name"] in lists]
    rows += own.rows if own else []
    columns = shared.columns + [c for c in (own.columns if own else []) if c not in shared.columns]
    form["choices"] = Sheet(columns, rows)
    return {name: form[name] for name in SHEETS if name in form}


def write_texts(form: Form, home: Path = HOME) -> list[Path]:
    """Write a form's texts, and the answer lists it shares with others; return changed files."""
    settings = form["settings"].rows
    form_id = settings[0].get("form_id", "") if settings else ""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", form_id):
        raise SheetError(
            f"Trang settings, dòng 2, cột form_id: '{form_id}' không dùng được. "
            f"/ Sheet settings, row 2, column form_id: '{form_id}' cannot be used."
        )
    shared_path = home / "choices.csv"
    shared = read_csv(shared_path)
    own, merged = split_choices(form.get("choices", Sheet([])), shared)
    files = {shared_path: merged}
    files |= {home / form_id / f"{name}.csv": form[name] for name in form if name != "choices"}
    own_path = home / form_id / "choices.csv"
    if own.rows:
        files[own_path] = own
    (home / form_id).mkdir(exist_ok=True)
    changed = [path for path, sheet in files.items() if write_csv(path, sheet)]
    if not own.rows and own_path.exists():
        own_path.unlink()
        changed.append(own_path)
    return changed


def split_choices(choices: Sheet, shared: Sheet) -> tuple[Sheet, Sheet]:
    """Return the lists of one form alone, and the shared lists as this form now has them."""
    mine: dict[str, list[Row]] = {}
    for row in choices.rows:
        mine.setdefault(row.get("list_name", ""), []).append(row)
    names = {row["list_name"] for row in shared.rows}
    own = [row for name, rows in mine.items() if name not in names for row in rows]
    merged: list[Row] = []
    for name in dict.fromkeys(row["list_name"] for row in shared.rows):
        merged += mine.get(name) or [row for row in shared.rows if row["list_name"] == name]
    return Sheet(choices.columns, own), Sheet(shared.columns, merged)


def used_lists(survey: Sheet) -> set[str]:
    """Return the names of the answer lists that the questions use."""
    found = (
        re.match(r"(?:select_one|select_multiple|rank) (\S+)$", r["type"]) for r in survey.rows
    )
    return {match[1] for match in found if match}


def read_csv(path: Path) -> Sheet:
    """Return a table; every row has every column, cells are clean text."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        columns = next(reader)
        rows = [dict(zip(columns, map(clean, cells), strict=True)) for cells in reader]
    return Sheet(columns, rows)


def write_csv(path: Path, sheet: Sheet) -> bool:
    """Write a table unless the file says the same already; return whether it changed."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(sheet.columns)
    writer.writerows([row.get(column, "") for column in sheet.columns] for row in sheet.rows)
    content = buffer.getvalue().encode()
    if path.exists() and path.read_bytes() == content:
        return False
    path.write_bytes(content)
    return True


def clean(value: object) -> str:
    """Return a cell as text: composed letters, no spaces at the ends, 3 rather than 3.0."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool):
        value = str(value).upper()
    return unicodedata.normalize("NFC", str(value)).replace("\r\n", "\n").strip()


# ---------------------------------------------------------------- workbooks


def to_bytes(form: Form) -> bytes:
    """Return the workbook of a form."""
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.creator = "Thực Địa"
    book.properties.created = WHEN
    for name, sheet in form.items():
        _fill(book.create_sheet(name), sheet)
    buffer = io.BytesIO()
    book.save(buffer)
    return _timeless(buffer.getvalue())


def from_bytes(content: bytes) -> Form:
    """Return the form that a workbook holds; sheets that are not ours are passed over.

    Raises:
        SheetError: it is no workbook, or a sheet or a column is missing or named twice.
    """
    try:
        book = load_workbook(io.BytesIO(content), data_only=True)
    except Exception as error:
        raise SheetError(
            f"Không đọc được tệp Excel này. / Not a readable Excel file: {error}"
        ) from error
    for name in NEEDED:
        if name not in book.sheetnames:
            raise SheetError(f"Thiếu trang {name}. / Sheet {name} is missing.")
    return {name: _taken(book[name]) for name in SHEETS if name in book.sheetnames}


def _taken(page: Worksheet) -> Sheet:
    """Return a sheet's cells as text, without empty rows and without columns that have no name."""
    lines = [[clean(value) for value in line] for line in page.iter_rows(values_only=True)]
    heads = lines[0] if lines else []
    columns = [head for head in heads if head]
    twice = {column for column in columns if columns.count(column) > 1}
    if twice:
        names = ", ".join(sorted(twice))
        raise SheetError(
            f"Trang {page.title}: cột {names} lặp lại. / Sheet {page.title}: {names} comes twice."
        )
    rows = [
        {head: cell for head, cell in zip(heads, line, strict=False) if head}
        for line in lines[1:]
        if any(line)
    ]
    return Sheet(columns, rows)


def _fill(page: Worksheet, sheet: Sheet) -> None:
    """Write a sheet so that it is pleasant to edit: frozen heads, wrapped text, shaded groups."""
    page.append(sheet.columns)
    page.freeze_panes = "C2" if page.title == "survey" else "A2"
    for place, column in enumerate(sheet.columns, start=1):
        page.cell(1, place).font = Font(bold=True)
        width = WIDTHS.get(column.split("::")[0], 16)
        page.column_dimensions[get_column_letter(place)].width = width
    wrap = Alignment(wrap_text=True, vertical="top")
    for number, row in enumerate(sheet.rows, start=2):
        shade = SHADES.get(row.get("type", ""))
        for place, column in enumerate(sheet.columns, start=1):
            text = row.get(column, "")
            if not text and not shade:
                continue
            cell = page.cell(number, place)
            if text:
                cell.value = int(text) if column in NUMBERS and text.isdigit() else text
                cell.alignment = wrap
                if text.startswith("="):
                    cell.data_type = "s"  # a text, not a formula
            if shade:
                cell.fill = PatternFill("solid", start_color=shade)


def _timeless(content: bytes) -> bytes:
    """Return the same workbook with every time in it set to one.

    Entries are stored unpacked: packed bytes would depend on the machine's zlib.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            entry = zipfile.ZipInfo(name, WHEN.timetuple()[:6])
            new.writestr(entry, _untimed(name, old.read(name)))
    return buffer.getvalue()


def _untimed(name: str, content: bytes) -> bytes:
    """Return a part of the workbook, its time of change replaced."""
    if name != "docProps/core.xml":
        return content
    stamp = WHEN.isoformat().encode() + b"Z"
    return re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, content)
