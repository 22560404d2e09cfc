"""A programme's catalogue as a file (YAML or XLSX): what it holds, and every mistake by row.

One shape for both: sheets 'programme', 'projects', 'tables' and 'rows', each with headings. In
YAML the rows of a table stand below it (`rows: [{key, name, unit}]`); its mistakes carry lines.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from server import text
from server.places import sheets
from server.places.cells import day
from server.places.problems import BadDate, UnreadableFile

_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]{0,19}")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_NUMBER = re.compile(r"[0-9]{2}[a-z]?")
_YES = {"true": True, "yes": True, "1": True, "co": True, "x": True}
_NO = {"false": False, "no": False, "0": False, "khong": False, "": False}
COLUMNS: dict[str, tuple[str, ...]] = {
    "programme": ("id", "name", "valid_from", "valid_to", "source"),
    "projects": ("code", "parent_code", "name", "name_en", "lead"),
    "tables": ("number", "title", "title_official", "official", "project_code", "filled_by"),
    "rows": ("table", "key", "name", "unit"),
}
"""What each sheet may say, in the order in which it is written."""


@dataclass(frozen=True)
class ProjectLine:
    """A project or sub-project of a catalogue."""

    code: str
    parent_code: str | None
    name: str
    name_en: str
    lead: str

    def as_dict(self) -> dict[str, Any]:
        """Return its values by name."""
        return asdict(self)


@dataclass(frozen=True)
class TableLine:
    """A table (Biểu) of a catalogue with its rows."""

    number: str
    title: str
    title_official: bool
    official: bool
    project_code: str | None
    filled_by: str
    rows: list[dict[str, str]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return its values by name."""
        return asdict(self)


@dataclass(frozen=True)
class Catalogue:
    """A whole catalogue, found sound."""

    id: str
    name: str
    valid_from: dt.date
    valid_to: dt.date | None
    source: str
    projects: list[ProjectLine]
    tables: list[TableLine]


@dataclass(frozen=True)
class Mistake:
    """One thing wrong: where ('projects', its row or line), and what, in both languages."""

    sheet: str
    row: int
    vi: str
    en: str


@dataclass(frozen=True)
class Read:
    """What a file holds: a catalogue, or None with the mistakes that stand in its way."""

    catalogue: Catalogue | None
    mistakes: list[Mistake]
    counts: dict[str, int]


Line = tuple[int, dict[str, str]]
Sheets = dict[str, list[Line]]


def read(data: bytes, name: str) -> Read:
    """Return the catalogue in a file with every mistake in it.

    Raises:
        UnreadableFile, FileTooLarge: neither YAML nor a workbook that can be read.
    """
    check = _Check()
    found = (
        _from_xlsx(data, name, check) if data.startswith(b"PK") else _from_yaml(data, name, check)
    )
    catalogue = check.catalogue(found)
    counts = {sheet: len(found.get(sheet, ())) for sheet in COLUMNS}
    return Read(None if check.mistakes else catalogue, check.mistakes, counts)


def _from_xlsx(data: bytes, name: str, check: "_Check") -> Sheets:
    found: Sheets = {}
    for title, rows in sheets.book(data, name).items():
        sheet = text.fold(title)
        if sheet not in COLUMNS or not rows:
            continue
        number, headings = rows[0]
        keys = [text.fold(cell).replace(" ", "_") for cell in headings]
        check.headings(sheet, number, [key for key in keys if key])
        found[sheet] = [
            (row, {key: cell for key, cell in zip(keys, cells, strict=False) if key})
            for row, cells in rows[1:]
        ]
    return found


def _from_yaml(data: bytes, name: str, check: "_Check") -> Sheets:
    from server.monitoring import lined_yaml  # a server seldom reads it

    loaded = lined_yaml.read(data, name)
    if not isinstance(loaded, dict):
        raise UnreadableFile(file=name, reason="không phải danh mục", reason_en="no catalogue")
    found: Sheets = {sheet: [] for sheet in COLUMNS}
    found["programme"] = list(_mappings(loaded.get("programme"), "programme", check))
    found["projects"] = list(_mappings(loaded.get("projects"), "projects", check))
    for line, table in _mappings(loaded.get("tables"), "tables", check, keep="rows"):
        rows = table.pop("rows", None)
        found["tables"].append((line, table))
        for at, row in _mappings(rows, "rows", check, below=line):
            found["rows"].append((at, {"table": table.get("number", ""), **row}))
    return found


def _mappings(
    value: Any, sheet: str, check: "_Check", keep: str = "", below: int = 1
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give each mapping with its line; `keep` names what is handed on as it is."""
    listed = value if isinstance(value, list) else [value] if isinstance(value, dict) else []
    if value is not None and not isinstance(value, list | dict):
        check.fail(sheet, below, "không phải danh sách", "is no list")
    for each in listed:
        if not isinstance(each, dict):
            check.fail(sheet, below, "có dòng không ghi theo tên cột", "has a row without names")
            continue
        line = each.pop("", below)
        check.headings(sheet, line, [str(key) for key in each if key != keep])
        yield (
            line,
            {
                str(key): item if key == keep else "" if item is None else str(item)
                for key, item in each.items()
            },
        )


class _Check:
    """Goes through the sheets and keeps every mistake."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []

    def fail(self, sheet: str, row: int, vi: str, en: str) -> None:
        self.mistakes.append(Mistake(sheet, row, vi, en))

    def headings(self, sheet: str, row: int, keys: Sequence[str]) -> None:
        for key in keys:
            if key not in COLUMNS[sheet]:
                self.fail(
                    sheet, row, f"không dùng cột “{key[:40]}”", f"unknown column '{key[:40]}'"
                )

    def catalogue(self, found: Sheets) -> Catalogue | None:
        heads = found.get("programme") or []
        if len(heads) != 1:
            vi, en = "cần đúng một chương trình", "exactly one programme is needed"
            self.fail("programme", heads[1][0] if heads else 1, vi, en)
            return None
        projects = self._projects(found.get("projects", []))
        tables = self._tables(found.get("tables", []), {each.code for each in projects})
        self._rows(found.get("rows", []), tables)
        row, head = heads[0]
        valid_from = self._day("programme", row, head, "valid_from", required=True)
        valid_to = self._day("programme", row, head, "valid_to")
        if valid_from and valid_to and valid_to < valid_from:
            self.fail("programme", row, "valid_to trước valid_from", "valid_to before valid_from")
        return Catalogue(
            id=self._said("programme", row, head, "id", _ID),
            name=self._said("programme", row, head, "name"),
            valid_from=valid_from or dt.date.min,
            valid_to=valid_to,
            source=self._said("programme", row, head, "source"),
            projects=projects,
            tables=list(tables.values()),
        )

    def _projects(self, lines: Sequence[Line]) -> list[ProjectLine]:
        codes = {line.get("code", "") for _, line in lines}
        found: dict[str, ProjectLine] = {}
        for row, line in lines:
            code = self._once("projects", row, line, "code", _CODE, found)
            parent = line.get("parent_code", "").strip() or None
            if parent is not None and (parent not in codes or parent == code):
                self._unknown("projects", row, "parent_code", parent)
            name = self._said("projects", row, line, "name")
            name_en, lead = text.clean(line.get("name_en", "")), text.clean(line.get("lead", ""))
            found.setdefault(code, ProjectLine(code, parent, name, name_en or name, lead))
        if not lines:
            self.fail("projects", 1, "chưa có dự án nào", "there are no projects")
        return list(found.values())

    def _tables(self, lines: Sequence[Line], projects: set[str]) -> dict[str, TableLine]:
        found: dict[str, TableLine] = {}
        for row, line in lines:
            number = self._once("tables", row, line, "number", _NUMBER, found)
            project = line.get("project_code", "").strip() or None
            if project is not None and project not in projects:
                self._unknown("tables", row, "project_code", project)
            found.setdefault(
                number,
                TableLine(
                    number=number,
                    title=self._said("tables", row, line, "title"),
                    title_official=self._flag("tables", row, line, "title_official"),
                    official=self._flag("tables", row, line, "official"),
                    project_code=project,
                    filled_by=text.clean(line.get("filled_by", "")),
                ),
            )
        return found

    def _rows(self, lines: Sequence[Line], tables: Mapping[str, TableLine]) -> None:
        held: dict[str, dict[str, Any]] = {number: {} for number in tables}
        for row, line in lines:
            number = line.get("table", "").strip()
            if number not in tables:
                self._unknown("rows", row, "table", number)
                continue
            key = self._once("rows", row, line, "key", _KEY, held[number])
            held[number][key] = True
            tables[number].rows.append(
                {
                    "key": key,
                    "name": self._said("rows", row, line, "name"),
                    "unit": text.clean(line.get("unit", "")),
                }
            )

    def _once(
        self, sheet: str, row: int, line: Mapping[str, str], name: str, form: re.Pattern[str],
        held: Mapping[str, Any],
    ) -> str:  # fmt: skip
        found = self._said(sheet, row, line, name, form)
        if found and found in held:
            self.fail(sheet, row, f"{name} “{found}” ghi hai lần", f"{name} '{found}' stands twice")
        return found

    def _said(
        self, sheet: str, row: int, line: Mapping[str, str], name: str,
        form: re.Pattern[str] | None = None,
    ) -> str:  # fmt: skip
        found = text.clean(line.get(name, ""))
        if not found:
            self.fail(sheet, row, f"thiếu {name}", f"{name} is missing")
        elif len(found) > 400 or (form is not None and not form.fullmatch(found)):
            vi, en = (
                f"{name} “{found[:40]}” không đúng dạng",
                f"{name} '{found[:40]}' is not usable",
            )
            self.fail(sheet, row, vi, en)
        return found

    def _unknown(self, sheet: str, row: int, name: str, value: str) -> None:
        vi = f"{name} “{value[:40]}” không có trong danh mục"
        self.fail(sheet, row, vi, f"{name} '{value[:40]}' is not in the catalogue")

    def _flag(self, sheet: str, row: int, line: Mapping[str, str], name: str) -> bool:
        said = text.fold(line.get(name, ""))
        found = (_YES | _NO).get(said)
        if found is None:
            vi = f"{name} “{said[:40]}”: hãy ghi có hoặc không"
            self.fail(sheet, row, vi, f"{name} '{said[:40]}': say yes or no")
        return bool(found)

    def _day(
        self, sheet: str, row: int, line: Mapping[str, str], name: str, required: bool = False
    ) -> dt.date | None:
        said = line.get(name, "").strip()
        if not said and not required:
            return None
        if not said:
            self.fail(sheet, row, f"thiếu {name}", f"{name} is missing")
            return None
        try:
            return day(said)
        except BadDate:
            vi = f"{name} “{said[:40]}” không phải ngày"
            self.fail(sheet, row, vi, f"{name} '{said[:40]}' is no day")
            return None
