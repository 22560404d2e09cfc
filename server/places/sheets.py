"""Tables that people send, as rows of text: CSV in UTF-8, or the first sheet of an .xlsx.

Everything is bounded before it is read: bytes, what a zip unpacks to, cells, rows, columns.
"""

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from server.lean import without
from server.places.problems import FileTooLarge, UnreadableFile

if TYPE_CHECKING:  # it takes seven megabytes, which a server without imports does not need
    from openpyxl.cell.cell import Cell, MergedCell
    from openpyxl.cell.read_only import EmptyCell, ReadOnlyCell

MAX_BYTES = 10_000_000
MAX_ROWS = 20_000
MAX_COLUMNS = 50
MAX_SCANNED_ROWS = 100_000  # a sheet may be "formatted" far below its last filled row
MAX_PARTS = 500
MAX_UNPACKED = 24_000_000
MAX_TAGS = 1_000_000  # a tag costs time and an object, however few bytes it packs into
MAX_TAGS_BY_PART = {"xl/sharedStrings.xml": 250_000}
MAX_TAGS_OF_OTHERS = 60_000
MAX_TAGS_IN_ROW = 20_000  # openpyxl keeps a row whole
_ONLY_ZEROS = re.compile(r"0+")

Row = tuple[int, list[str]]


def rows(data: bytes, name: str, most: int = MAX_ROWS) -> list[Row]:
    """Return the filled rows of a table with their numbers, as a spreadsheet counts them from 1.

    Empty cells at the end of a row are left out. A CSV may have `most` rows; a workbook, which
    takes far more room, meets its other limits first.

    Numbers and dates of a workbook come as text: whole numbers without a point, days as
    '2025-07-01', and with the leading zeros that its cell shows.

    Raises:
        FileTooLarge: beyond one of the limits above.
        UnreadableFile: neither UTF-8 text nor a whole .xlsx.
    """
    if len(data) > MAX_BYTES:
        raise _too_large(name)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFile(
            file=name,
            reason="đây là tệp Excel cũ (.xls) hoặc có mật khẩu",
            reason_en="this is an old Excel file (.xls) or has a password",
        )
    table = _workbook(data, name) if data.startswith(b"PK") else _csv(data, name)
    return _filled(table, name, most)


def book(data: bytes, name: str, most: int = MAX_ROWS) -> dict[str, list[Row]]:
    """Return the filled rows of every sheet of a workbook (.xlsx), by the sheet's title.

    Raises:
        FileTooLarge, UnreadableFile: as `rows` does.
    """
    if len(data) > MAX_BYTES:
        raise _too_large(name)
    try:
        _check_parts(data, name)
        with closing(_opened(data)) as found:
            return {sheet.title: _filled(_cells(sheet), name, most) for sheet in found.worksheets}
    except FileTooLarge:
        raise
    except Exception as error:  # openpyxl fails in its own many ways on a broken file
        raise _broken(name) from error


def _filled(table: Iterable[list[str]], name: str, most: int) -> list[Row]:
    filled: list[Row] = []
    for number, cells in enumerate(table, start=1):
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            filled.append((number, cells))
        if number > MAX_SCANNED_ROWS or len(filled) > most or len(cells) > MAX_COLUMNS:
            raise _too_large(name, most)
    return filled


def _csv(data: bytes, name: str) -> Iterator[list[str]]:
    text = _decoded(data, name)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    try:
        for cells in reader:
            yield [cell.strip() for cell in cells]
    except csv.Error as error:
        raise UnreadableFile(
            file=name,
            reason=f"dấu ngoặc kép không khớp gần dòng {reader.line_num}",
            reason_en=f"quotation marks do not match near line {reader.line_num}",
        ) from error


def _decoded(data: bytes, name: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableFile(
            file=name,
            reason=f"dòng {line} không phải bảng mã Unicode UTF-8",
            reason_en=f"line {line} is not Unicode UTF-8",
        ) from error
    if "\0" in text:
        raise UnreadableFile(
            file=name,
            reason="đây không phải tệp văn bản",
            reason_en="this is not a text file",
        )
    return text


def _separator(text: str) -> str:
    """Vietnamese Excel writes semicolons, as the comma is its decimal sign."""
    head = text[:2000]
    return max(",;\t", key=head.count)


def _workbook(data: bytes, name: str) -> Iterator[list[str]]:
    try:
        _check_parts(data, name)
        with closing(_opened(data)) as found:
            yield from _cells(found.worksheets[0])
    except FileTooLarge:
        raise
    except Exception as error:  # openpyxl fails in its own many ways on a broken file
        raise _broken(name) from error


def _opened(data: bytes) -> Any:
    with without("numpy"):
        from openpyxl import load_workbook

    return load_workbook(io.BytesIO(data), read_only=True, data_only=True)


def _cells(sheet: Any) -> Iterator[list[str]]:
    sheet.reset_dimensions()
    for cells in sheet.iter_rows(max_col=MAX_COLUMNS + 1):
        yield [_shown(cell) for cell in cells]


def _broken(name: str) -> UnreadableFile:
    return UnreadableFile(
        file=name,
        reason="tệp Excel bị hỏng hoặc không phải danh sách",
        reason_en="the Excel file is broken or is no list",
    )


def _check_parts(data: bytes, name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        parts = package.infolist()
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
            raise _too_large(name)
        if sum(_tags(package, part, name) for part in parts) > MAX_TAGS:
            raise _too_large(name)


def _tags(package: zipfile.ZipFile, part: zipfile.ZipInfo, name: str) -> int:
    """Count the tags of a part; reading never goes beyond the size that the part declares."""
    content = package.read(part)
    tags = content.count(b"<")
    if part.filename.startswith("xl/worksheets/"):
        most, tags_at_once = MAX_TAGS, max(row.count(b"<") for row in content.split(b"row>"))
    else:
        most, tags_at_once = MAX_TAGS_BY_PART.get(part.filename, MAX_TAGS_OF_OTHERS), 0
    if tags > most or tags_at_once > MAX_TAGS_IN_ROW:
        raise _too_large(name)
    return tags


def _shown(cell: "Cell | MergedCell | ReadOnlyCell | EmptyCell") -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and _ONLY_ZEROS.fullmatch(str(cell.number_format)):
        return str(value).zfill(len(str(cell.number_format)))
    return str(value).strip()


def _too_large(name: str, most: int = MAX_ROWS) -> FileTooLarge:
    return FileTooLarge(file=name, rows=most, columns=MAX_COLUMNS, megabytes=MAX_BYTES // 1_000_000)
