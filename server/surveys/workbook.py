"""Workbooks (tệp XLSForm) as they come: what kind of file, how large, its sheets as rows of text.

Only the child process of `compile` reads what is inside; openpyxl and xlrd are loaded there alone.
"""

import csv
import io
import re
import stat
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from server.lean import without
from server.problems import Problem

Rows = list[tuple[str, ...]]

MAX_BYTES = 15_000_000
MAX_ENTRIES = 200
MAX_INFLATED_BYTES = 30_000_000
MAX_ROWS = 10_000
MAX_COLUMNS = 200
MAX_NESTING = 50
SUFFIXES = (".xlsx", ".xlsm", ".xls", ".md", ".csv")


class UnreadableWorkbook(Problem):
    """The file is not a workbook that we can open."""

    code = "surveys.unreadable-workbook"
    message = (
        "Không mở được tệp biểu mẫu: {reason}. Hãy lưu lại thành .xlsx (hoặc .xls, .csv, .md) "
        "rồi tải lên lại."
    )
    message_en = (
        "The workbook cannot be opened: {reason_en}. Save it as .xlsx (or .xls, .csv, .md) "
        "and upload it again."
    )

    def __init__(self, reason: str, reason_en: str) -> None:
        super().__init__(reason=reason, reason_en=reason_en)


class InvalidForm(Problem):
    """The workbook is no valid form; `messages` are the converter's or validator's own."""

    code = "surveys.invalid-form"
    status = 422
    message = "Biểu mẫu có lỗi, hãy sửa rồi tải lên lại: {said}"
    message_en = "The form has mistakes; mend them and upload it again: {said}"

    def __init__(self, messages: list[str]) -> None:
        super().__init__(messages=messages, said=" · ".join(messages))


class WorkbookTooLarge(Problem):
    """Opening or converting the workbook would take more than we give to one form."""

    code = "surveys.too-large"
    status = 413
    message = "Tệp biểu mẫu quá lớn: {reason}. Danh sách dài hãy để ở tệp CSV riêng."
    message_en = "The workbook is too large: {reason_en}. Keep long lists in a CSV of their own."

    def __init__(self, reason: str, reason_en: str) -> None:
        super().__init__(reason=reason, reason_en=reason_en)


class ForeignSubmissionUrl(Problem):
    """Settings lead what is filled elsewhere, and nobody has allowed that."""

    code = "surveys.foreign-submission-url"
    status = 422
    message = (
        "Trang settings có {said}: phiếu sẽ không về máy chủ này, hoặc máy chủ không đọc được, như "
        "mọi biểu mẫu khác. Hãy xóa các cột đó rồi tải lên lại; nếu thật sự muốn vậy, hãy đánh dấu "
        "cho phép khi tải lên."
    )
    message_en = (
        "The settings sheet has {said}: filled forms would not reach this server, or it could not "
        "read them, as all others do. Remove these columns and upload it again; if that is really "
        "wanted, allow it when uploading."
    )

    def __init__(self, columns: list[str]) -> None:
        super().__init__(columns=columns, said=", ".join(columns))


PROBLEMS: dict[str, type[Problem]] = {
    each.__name__: each
    for each in (UnreadableWorkbook, InvalidForm, WorkbookTooLarge, ForeignSubmissionUrl)
}


def suffix_of(data: bytes, filename: str) -> str:
    """Return the kind of workbook, by its first bytes where they tell, else by its name.

    Raises:
        UnreadableWorkbook: not one of the kinds that we read.
        WorkbookTooLarge: more than MAX_BYTES.
    """
    if len(data) > MAX_BYTES:
        limit = MAX_BYTES // 1_000_000
        raise WorkbookTooLarge(f"hơn {limit} MB", f"over {limit} MB")
    named = "." + filename.rpartition(".")[2].lower()
    if named not in SUFFIXES:
        raise UnreadableWorkbook("không phải loại tệp được dùng", "not a kind of file we read")
    if data.startswith(b"PK\x03\x04"):
        return ".xlsx"
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return ".xls"
    if named not in {".md", ".csv"}:
        raise UnreadableWorkbook("nội dung không phải Excel", "its content is not Excel's")
    return named


def check_zip(data: bytes) -> None:
    """Refuse an archive that is too large when inflated, or not a plain one.

    The sizes that the archive states are not believed: every part is inflated and counted.

    Raises:
        UnreadableWorkbook: broken, encrypted, or with links.
        WorkbookTooLarge: too many parts or bytes.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_parts(archive)
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        EOFError,
        OSError,
        ValueError,
    ) as error:
        raise UnreadableWorkbook("tệp nén bị hỏng", "the archive is broken") from error


def _check_parts(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    if len(parts) > MAX_ENTRIES:
        raise WorkbookTooLarge(f"hơn {MAX_ENTRIES} phần", f"over {MAX_ENTRIES} parts")
    left = MAX_INFLATED_BYTES
    for part in parts:
        if part.flag_bits & 1:
            raise UnreadableWorkbook("tệp có mật khẩu", "it is locked with a password")
        if stat.S_ISLNK(part.external_attr >> 16):
            raise UnreadableWorkbook("tệp nén có liên kết", "the archive holds links")
        if part.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise UnreadableWorkbook("cách nén lạ", "an unusual compression")
        with archive.open(part) as stream:
            while piece := stream.read(65_536):
                left -= len(piece)
                if left < 0:
                    limit = MAX_INFLATED_BYTES // 1_000_000
                    raise WorkbookTooLarge(
                        f"hơn {limit} MB khi giải nén", f"over {limit} MB when inflated"
                    )


def sheets(data: bytes, suffix: str) -> dict[str, Rows]:
    """Return every sheet by its name in lower case: its rows as text, blank ones too.

    Raises:
        UnreadableWorkbook, WorkbookTooLarge.
    """
    if suffix in {".xlsx", ".xlsm"}:
        found = _from_xlsx(data)
    elif suffix == ".xls":
        found = _from_xls(data)
    else:
        found = _from_text(data, suffix)
    return {name.strip().lower(): _within_limits(name, rows) for name, rows in found}


def _within_limits(name: str, rows: Iterable[tuple[Any, ...]]) -> Rows:
    kept: Rows = []
    blank = filled = 0
    for row in rows:
        values = _trimmed("" if value is None else as_text(value) for value in row)
        if len(values) > MAX_COLUMNS:
            raise WorkbookTooLarge(
                f"trang {name} có hơn {MAX_COLUMNS} cột",
                f"sheet {name} has over {MAX_COLUMNS} columns",
            )
        blank = 0 if values else blank + 1
        filled += bool(values)
        if filled > MAX_ROWS + 1:
            raise WorkbookTooLarge(
                f"trang {name} có hơn {MAX_ROWS} dòng", f"sheet {name} has over {MAX_ROWS} rows"
            )
        if blank > 1000:  # the converter itself stops at 60 blank rows
            break
        kept.append(values)
    return kept


def _trimmed(cells: Iterable[str]) -> tuple[str, ...]:
    values = tuple(cells)
    last = max((place for place, value in enumerate(values) if value), default=-1)
    return values[: last + 1]


def as_text(value: object) -> str:
    """Return a cell's value as its author sees it: 30, not 30.0.

    >>> as_text(30.0), as_text(True), as_text("  x ")
    ('30', 'TRUE', 'x')
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).replace("\xa0", " ").strip()


def _from_xlsx(data: bytes) -> Iterator[tuple[str, Iterable[tuple[Any, ...]]]]:
    with without("numpy"):
        import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # a file may claim a million rows that it does not have
        yield sheet.title, sheet.iter_rows(values_only=True)


def _from_xls(data: bytes) -> Iterator[tuple[str, Iterable[tuple[Any, ...]]]]:
    import xlrd  # type: ignore[import-untyped] # nobody writes its stubs

    book = xlrd.open_workbook(file_contents=data, on_demand=True)
    for sheet in book.sheets():
        yield sheet.name, (tuple(sheet.row_values(n)) for n in range(sheet.nrows))


def plain(data: bytes) -> bytes:
    """Return a text workbook without its mark; UTF-8 only.

    Raises:
        UnreadableWorkbook: another encoding, or NUL.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableWorkbook("chữ không phải UTF-8", "its text is not UTF-8") from error
    if "\x00" in text:
        raise UnreadableWorkbook("có ký tự NUL", "it holds a NUL character")
    return text.encode()


_PIPE = re.compile(r"(?<!\\)\|")


def _from_text(data: bytes, suffix: str) -> Iterator[tuple[str, Rows]]:
    """Read tables whose first column names the sheet, alone or before its heading."""
    lines = io.StringIO(data.decode(), newline="")
    rows: Iterable[list[str]] = csv.reader(lines) if suffix == ".csv" else _table(lines)
    name, found = "", list[tuple[str, ...]]()
    try:
        for first, *rest in filter(None, rows):
            if first.strip():
                if name:
                    yield name, found
                name, found = first.strip(), []
            if any(cell.strip() for cell in rest):
                found.append(tuple(cell.strip() for cell in rest))
    except csv.Error as error:
        raise UnreadableWorkbook(f"CSV sai: {error}", f"bad CSV: {error}") from error
    if name:
        yield name, found


def _table(lines: Iterable[str]) -> Iterator[list[str]]:
    for line in lines:
        cells = line.strip()
        if cells.startswith("|") and set(cells) - set("|- "):
            inner = _PIPE.split(cells.removeprefix("|").removesuffix("|"))
            yield [cell.replace(r"\|", "|").strip() for cell in inner]


FORM_SHEETS = ("survey", "choices", "settings", "external_choices", "osm", "entities")


def form_csv(found: dict[str, Rows]) -> bytes:
    """Return the form's own sheets as CSV: the converter stumbles over any other in a CSV."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    for name, rows in found.items():
        if name in FORM_SHEETS or len(found) == 1:
            writer.writerow([name])
            writer.writerows(["", *row] for row in rows)
    return lines.getvalue().encode()


def records(rows: Rows) -> list[dict[str, str]]:
    """Return the rows below the heading as dicts, each with its 'row' as a spreadsheet counts it.

    >>> records([("Rule_ID", "when"), (), ("B01", "a = 1")])
    [{'row': '3', 'rule_id': 'B01', 'when': 'a = 1'}]
    """
    if not rows:
        return []
    heading = [name.lower() for name in rows[0]]
    return [
        {"row": str(number)} | {k: v for k, v in zip(heading, row, strict=False) if k and v}
        for number, row in enumerate(rows[1:], start=2)
        if any(row)
    ]


def check_nesting(survey: list[dict[str, str]]) -> None:
    """Refuse groups and repeats within each other deeper than MAX_NESTING.

    Raises:
        WorkbookTooLarge.
    """
    depth = 0
    for row in survey:
        kind = row.get("type", "").lower()
        depth += kind.startswith("begin")
        depth -= kind.startswith("end") and kind != "end"
        if depth > MAX_NESTING:
            raise WorkbookTooLarge(
                f"nhóm lồng nhau quá {MAX_NESTING} lớp (dòng {row['row']})",
                f"groups nested over {MAX_NESTING} deep (row {row['row']})",
            )


TABLE_ROW = "bieu_row"


def table_rows(survey: list[dict[str, str]]) -> dict[str, str]:
    """Return the monitoring-table row (column bieu_row) of each question that names one, by path.

    >>> table_rows([{"type": "begin_group", "name": "b"},
    ...             {"type": "integer", "name": "so_ho", "bieu_row": "05.so_ho_tham_gia"}])
    {'b/so_ho': '05.so_ho_tham_gia'}
    """
    above: list[str] = []
    found: dict[str, str] = {}
    for row in survey:
        kind, name = row.get("type", "").lower(), row.get("name", "").strip()
        if kind.startswith("begin"):
            above.append(name)
        elif kind.startswith("end") and kind != "end":
            above = above[:-1]
        elif row.get(TABLE_ROW, "").strip():
            found["/".join([*above, name])] = row[TABLE_ROW].strip()
    return found


ELSEWHERE = ("submission_url", "public_key", "namespaces")
"""Settings that lead what is filled elsewhere, or keep this server from reading it."""


def check_settings(settings: list[dict[str, str]], allowed: Collection[str] = ()) -> None:
    """Refuse settings that lead what is filled elsewhere and are not `allowed`.

    Raises:
        ForeignSubmissionUrl.
    """
    named = {
        re.sub(r"[\s_-]+", "_", name) for row in settings for name, value in row.items() if value
    }
    found = [name for name in ELSEWHERE if name in named and name not in allowed]
    if found:
        raise ForeignSubmissionUrl(found)
