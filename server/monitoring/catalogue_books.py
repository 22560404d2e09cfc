"""A catalogue as a workbook, in the very shape in which one is loaded: to be changed in Excel."""

import io
from collections.abc import Iterator
from dataclasses import astuple
from typing import Any

from server.lean import without
from server.monitoring.catalogue_files import COLUMNS, Catalogue

_WIDE = {"name": 60, "title": 60, "source": 60, "lead": 40, "name_en": 40}


def to_xlsx(found: Catalogue) -> bytes:
    """Return the catalogue as .xlsx with the sheets that `catalogue_files.read` takes."""
    with without("numpy"):
        from openpyxl import Workbook
        from openpyxl.styles import Font

    book = Workbook()
    book.remove(book.worksheets[0])
    for sheet, columns in COLUMNS.items():
        page = book.create_sheet(sheet)
        page.append(list(columns))
        for line in _lines(found, sheet):
            page.append([_cell(value) for value in line])
        for place, name in enumerate(columns, start=1):
            heading = page.cell(1, place)
            heading.font = Font(bold=True)
            page.column_dimensions[heading.column_letter].width = _WIDE.get(name, 16)
        for column in page.columns:
            for cell in column:
                cell.number_format = "@"  # '05' stays '05' when somebody edits it
        page.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _lines(found: Catalogue, sheet: str) -> Iterator[tuple[Any, ...]]:
    if sheet == "programme":
        yield found.id, found.name, found.valid_from, found.valid_to, found.source
    elif sheet == "projects":
        yield from (astuple(project) for project in found.projects)
    elif sheet == "tables":
        yield from (astuple(table)[:6] for table in found.tables)
    else:
        for table in found.tables:
            for row in table.rows:
                yield table.number, row["key"], row["name"], row["unit"]


def _cell(value: Any) -> str:
    """Return a value as text that no spreadsheet takes for a formula."""
    if isinstance(value, bool):
        return "có" if value else "không"
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith("=") else text
