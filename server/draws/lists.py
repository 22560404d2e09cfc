"""A list that an office sends or people write on site, read row by row with every mistake named.

CSV in UTF-8 or the first sheet of an .xlsx. Headings are found in Vietnamese or English, with or
without marks. A text without headings is one unit a line: a name, then an address if wanted;
such units are numbered in the order of the lines.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sampling import SamplingError
from sampling.rows import read_unit
from server import text
from server.draws.method import printable
from server.draws.problems import BadList
from server.places import sheets
from server.places.names import searchable

COLUMNS: dict[str, tuple[str, ...]] = {
    "code": (
        "ma", "ma ho", "ma so ho", "ma xa", "ma don vi", "ma thon", "code", "unit id",
        "household code", "commune code",
    ),
    "name": (
        "ten", "ho ten", "ho va ten", "chu ho", "ten chu ho", "ho ten chu ho",
        "ho va ten chu ho", "ten xa", "ten don vi", "name", "head of household",
    ),
    "address": ("dia chi", "noi o", "xom", "to", "address"),
    "size": ("quy mo", "so ho", "so ho ngheo", "so doi tuong", "so dan", "size"),
    "stratum": ("tang", "nhom", "khu vuc", "stratum"),
}  # fmt: skip
_BY_HEADING = {heading: column for column, names in COLUMNS.items() for heading in names}
_TITLE_ROWS = 20
_MOST_TOLD = 50


@dataclass(frozen=True)
class Item:
    """One row of a list, as far as it says anything; `row` counts as a spreadsheet does."""

    row: int
    code: str
    name: str = ""
    address: str = ""
    size: str = ""
    stratum: str = ""

    def measures(self) -> dict[str, object]:
        """Return what the method reads of it beside its code."""
        found: dict[str, object] = {}
        if self.size:
            found["size"] = self.size
        if self.stratum:
            found["stratum"] = self.stratum
        return found


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a row, in both languages."""

    row: int
    vi: str
    en: str

    def text(self, language: str) -> str:
        """Return the sentence in a language."""
        return self.en if language == "en" else self.vi


def read(data: bytes, name: str, known: Mapping[str, str] | None = None) -> list[Item]:
    """Return the rows of a list.

    `known` are the codes that the list may hold, with their names; None: any.

    Raises:
        UnreadableFile, FileTooLarge: no table can be read.
        BadList: with every mistake in `mistakes`; nothing of the list can be used.
    """
    return read_rows(sheets.rows(data, name), known)


def read_rows(rows: Sequence[sheets.Row], known: Mapping[str, str] | None = None) -> list[Item]:
    """Return the items of a table's rows; refuses as `read` does."""
    heads = _headings(rows)
    items = _headed(rows, *heads) if heads else _plain(rows)
    mistakes = [] if items else [Mistake(1, "Danh sách trống.", "The list is empty.")]
    mistakes += [wrong for item in items if (wrong := _mistake(item))]
    mistakes += _repeated(items)
    if known is not None:
        mistakes += [wrong for item in items if (wrong := _unknown(item, known))]
    if mistakes:
        raise bad(mistakes)
    return items


def bad(mistakes: Iterable[Mistake]) -> BadList:
    """Return the refusal of a list with its mistakes, by row."""
    found = sorted(mistakes, key=lambda mistake: mistake.row)
    refusal = BadList(count=len(found), first=found[0].vi, first_en=found[0].en)
    refusal.mistakes = found[:_MOST_TOLD]
    return refusal


def _headings(rows: Sequence[sheets.Row]) -> tuple[int, dict[str, int]] | None:
    """Return where the headings stand, and the place of each column; None without headings."""
    for position, (_, cells) in enumerate(rows[:_TITLE_ROWS]):
        columns: dict[str, int] = {}
        for index, cell in enumerate(cells):
            column = _BY_HEADING.get(_bare(cell))
            if column and column not in columns:
                columns[column] = index
        if "code" in columns or len(columns) >= 2:
            return position, columns
    return None


def _bare(heading: str) -> str:
    """Return a heading without marks, brackets and what stands in them.

    >>> _bare("Số hộ nghèo (hộ)"), _bare("Mã xã")
    ('so ho ngheo', 'ma xa')
    """
    return searchable(re.sub(r"\(.*?\)", " ", heading))


def _headed(rows: Sequence[sheets.Row], position: int, columns: dict[str, int]) -> list[Item]:
    def cell(cells: Sequence[str], column: str) -> str:
        index = columns.get(column)
        return text.clean(cells[index]) if index is not None and index < len(cells) else ""

    filled = [(row, cells) for row, cells in rows[position + 1 :] if any(cells)]
    width = max(3, len(str(len(filled))))
    return [
        Item(
            row,
            cell(cells, "code") if "code" in columns else f"{number:0{width}d}",
            printable(cell(cells, "name")),
            printable(cell(cells, "address")),
            cell(cells, "size"),
            cell(cells, "stratum"),
        )
        for number, (row, cells) in enumerate(filled, start=1)
    ]


def _plain(rows: Sequence[sheets.Row]) -> list[Item]:
    filled = [(row, cells) for row, cells in rows if any(cells)]
    width = max(3, len(str(len(filled))))
    return [
        Item(row, f"{number:0{width}d}", printable(cells[0]), printable(", ".join(cells[1:])))
        for number, (row, cells) in enumerate(filled, start=1)
    ]


def _mistake(item: Item) -> Mistake | None:
    """Return what the method would refuse in a row, and so what has to be mended."""
    if not item.code:
        return Mistake(
            item.row,
            f"Dòng {item.row}: thiếu mã. Hãy điền mã đơn vị.",
            f"Row {item.row}: the code is missing. Fill it in.",
        )
    try:
        read_unit({"unit_id": item.code, **item.measures()}, item.row)
    except SamplingError as error:
        return Mistake(item.row, error.vi, error.en)
    return None


def _repeated(items: Sequence[Item]) -> list[Mistake]:
    first: dict[str, int] = {}
    found = []
    for item in items:
        row = first.setdefault(item.code, item.row)
        if row != item.row and item.code:
            found.append(
                Mistake(
                    item.row,
                    f"Dòng {item.row}: mã '{item.code}' trùng với dòng {row}. "
                    "Hãy bỏ một dòng hoặc sửa mã.",
                    f"Row {item.row}: code '{item.code}' stands in row {row} too. "
                    "Take one away or mend the code.",
                )
            )
    return found


def _unknown(item: Item, known: Mapping[str, str]) -> Mistake | None:
    if not item.code or item.code in known:
        return None
    meant = item.code.zfill(5)
    hint, hint_en = "Hãy kiểm tra lại mã.", "Check the code."
    named = [code for code, name in known.items() if item.name and _alike(name, item.name)]
    if len(named) == 1:
        hint = f"Theo tên thì là {named[0]} ({known[named[0]]})?"
        hint_en = f"By its name, is it {named[0]} ({known[named[0]]})?"
    elif meant in known:
        hint = f"Có phải {meant} ({known[meant]})? Hãy định dạng cột mã là văn bản."
        hint_en = f"Is it {meant} ({known[meant]})? Format the column as text."
    return Mistake(
        item.row,
        f"Dòng {item.row}: mã '{item.code}' không có trong danh mục của địa bàn. {hint}",
        f"Row {item.row}: code '{item.code}' is not in the area's official list. {hint_en}",
    )


def _alike(official: str, written: str) -> bool:
    """Tell whether a list writes an official name, perhaps without 'Xã' before it."""
    return text.fold(official) in (text.fold(written), f"xa {text.fold(written)}")
