"""The child process of `compile`: a workbook on stdin, one JSON answer on stdout.

Workbooks come from outside and the libraries that read them were not made for hostile ones. So
they run here, with hard limits on memory and processor time, without the server's settings in
the environment, in a folder of their own that is removed afterwards.
"""

import json
import os
import resource
import sys
from typing import Any

from server.lean import without
from server.problems import Problem
from server.surveys import workbook
from server.surveys.workbook import InvalidForm, UnreadableWorkbook, WorkbookTooLarge

MAX_MEMORY_BYTES = 1_200_000_000
MAX_FILE_BYTES = 60_000_000


def main() -> None:
    """Answer for the workbook on stdin; arguments: its suffix, the seconds, what is allowed."""
    suffix, seconds, allowed = sys.argv[1], int(sys.argv[2]), sys.argv[3].split(",")
    _limit(seconds)
    answer_to = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries may print; the answer goes alone
    try:
        answer = _convert(sys.stdin.buffer.read(), suffix, allowed)
    except Problem as problem:
        answer = {"problem": type(problem).__name__, "details": problem.details}
    json.dump(answer, answer_to, ensure_ascii=False)
    answer_to.close()


def _limit(seconds: int) -> None:
    for what, most in (
        (resource.RLIMIT_AS, MAX_MEMORY_BYTES),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, MAX_FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def _convert(data: bytes, suffix: str, allowed: list[str]) -> dict[str, Any]:
    """Return the XForm and what else the workbook says.

    Raises:
        Problem: one of `workbook.PROBLEMS`.
    """
    try:
        return _read_and_convert(data, suffix, allowed)
    except Problem:
        raise
    except MemoryError as error:
        raise WorkbookTooLarge("cần quá nhiều bộ nhớ", "it needs too much memory") from error
    except RecursionError as error:
        raise WorkbookTooLarge("lồng nhau quá sâu", "it is nested too deep") from error


def _read_and_convert(data: bytes, suffix: str, allowed: list[str]) -> dict[str, Any]:
    if suffix == ".xlsx":
        workbook.check_zip(data)
    elif suffix != ".xls":
        data = workbook.plain(data)
    sheets = _sheets(data, suffix)
    settings = workbook.records(sheets.get("settings", []))
    workbook.check_settings(settings, allowed)
    survey = workbook.records(sheets.get("survey", []))
    workbook.check_nesting(survey)
    result = _pyxform(workbook.form_csv(sheets) if suffix == ".csv" else data, suffix)
    return {
        "xform": result.xform,
        "warnings": result.warnings,
        "itemsets": result.itemsets,
        "settings": {k: v for k, v in (settings or [{}])[0].items() if k != "row"},
        "table_rows": workbook.table_rows(survey),
        "rules": workbook.records(sheets.get("finding_rules", [])),
    }


def _sheets(data: bytes, suffix: str) -> dict[str, workbook.Rows]:
    try:
        return workbook.sheets(data, suffix)
    except (Problem, MemoryError, RecursionError):
        raise
    except Exception as error:  # openpyxl and xlrd raise whatever a broken part leads them to
        raise UnreadableWorkbook(
            f"nội dung bị hỏng ({type(error).__name__})",
            f"its content is broken ({type(error).__name__})",
        ) from error


def _pyxform(data: bytes, suffix: str) -> Any:
    with without("numpy"):
        from pyxform.errors import PyXFormError  # noqa: TID251 - this process is its door
        from pyxform.xls2xform import convert  # noqa: TID251

    try:
        return convert(data, file_type=suffix, validate=False)
    except PyXFormError as error:
        raise InvalidForm([str(error)]) from error
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # what it did not foresee is a mistake in the form all the same
        raise InvalidForm([f"{type(error).__name__}: {error}"]) from error


if __name__ == "__main__":
    main()
