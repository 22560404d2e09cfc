"""The fields of a form that somebody filled in on a page: read by type, mistakes kept by field."""

import datetime as dt
import enum
import re
from collections.abc import Mapping
from typing import TypeVar

from flask_babel import gettext as _

from server import text

E = TypeVar("E", bound=enum.Enum)
_DAY = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})")


class Fields:
    """What came with a form. `errors` holds one sentence by field, said as the reader sees it."""

    def __init__(self, form: Mapping[str, str]) -> None:
        self.form = form
        self.errors: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        """Return a field as typed, so that a page can show it again; NUL fits no database."""
        return self.form.get(name, "").replace("\0", "")

    def fail(self, name: str, sentence: str) -> None:
        """Keep why a field cannot be used; the first reason stays."""
        self.errors.setdefault(name, sentence)

    def text(self, name: str, longest: int = 200, required: bool = False) -> str:
        """Return a field as clean text, '' when empty."""
        found = text.clean(self[name])
        if required and not found:
            self.fail(name, _("Hãy điền ô này."))
        if len(found) > longest:
            self.fail(name, _("Dài quá %(longest)s ký tự.", longest=longest))
        return found

    def lines(self, name: str, longest: int = 300) -> list[str]:
        """Return the filled lines of a larger field."""
        found = [text.clean(line) for line in self[name].splitlines()]
        if any(len(line) > longest for line in found):
            self.fail(name, _("Mỗi dòng không quá %(longest)s ký tự.", longest=longest))
        return [line for line in found if line]

    def day(self, name: str, required: bool = False) -> dt.date | None:
        """Return a day, as a browser's calendar sends it or as people type it (dd/mm/yyyy)."""
        typed = self.text(name, required=required)
        if not typed:
            return None
        try:
            found = day(typed)
        except ValueError:
            self.fail(name, _("Ngày không đúng: hãy viết ngày/tháng/năm, ví dụ 05/04/2024."))
            return None
        if not 2000 <= found.year <= 2100:
            self.fail(name, _("Năm phải từ 2000 đến 2100."))
        return found

    def days(self, first: str, last: str) -> tuple[dt.date | None, dt.date | None]:
        """Return the first and last day of a span; the last may be the first."""
        starts, ends = self.day(first), self.day(last)
        if ends and not starts and first not in self.errors:
            self.fail(first, _("Hãy điền cả ngày bắt đầu."))
        if starts and ends and ends < starts:
            self.fail(last, _("Ngày kết thúc trước ngày bắt đầu."))
        return starts, ends

    def number(self, name: str) -> int | None:
        """Return a whole number that fits a database key, None when there is none."""
        typed = self[name].strip()
        usable = typed.isascii() and typed.isdigit() and len(typed) <= 9
        return int(typed) if usable else None

    def choice(self, name: str, kind: type[E], default: E) -> E:
        """Return the member of `kind` that was chosen."""
        if not self[name]:
            return default
        try:
            return kind(self[name])
        except ValueError:
            self.fail(name, _("Hãy chọn một mục trong danh sách."))
            return default


def day(typed: str) -> dt.date:
    """Return the day that `typed` names.

    >>> day("2024-04-05"), day("5/4/2024")
    (datetime.date(2024, 4, 5), datetime.date(2024, 4, 5))

    Raises:
        ValueError: it names none.
    """
    if match := _DAY.fullmatch(typed):
        date, month, year = map(int, match.groups())
        return dt.date(year, month, date)
    return dt.date.fromisoformat(typed)
