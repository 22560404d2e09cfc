"""The rules of a form (luật phát hiện): sheet `finding_rules` of its workbook, read and checked.

A rule that cannot be understood stops the upload with its row and character: one that silently
never fires would look like a commune without shortcomings.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from server import text
from server.findings.judging import Rule, evaluate
from server.findings.kinds import suggestion
from server.findings.language import compile_rule
from server.findings.lexing import RuleMistake
from server.findings.params import DEFAULTS
from server.surveys.fields import Field

__all__ = [
    "FindingRule",
    "Rule",
    "RuleMistake",
    "compile_rule",
    "evaluate",
    "mistakes",
    "read_rules",
]

NEEDED = ("rule_id", "when", "severity", "topic", "title_vi")
COLUMNS = (*NEEDED, "project", "bieu", "title_en", "due_days")
LONGEST_DUE_DAYS = 365
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_TOPIC = re.compile(r"[A-Z][A-Z0-9_]{1,19}")
_DAYS = re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True)
class FindingRule:
    """One row of the sheet: when it fires, and the finding it then raises.

    `severity` runs from 1 (ghi nhận) to 4 (nghiêm trọng); `project` and `bieu` are '' when the
    finding bears on none; `due_days` is 0 when nothing is to be mended.
    """

    rule_id: str
    rule: Rule
    severity: int
    topic: str
    project: str
    bieu: str
    title_vi: str
    title_en: str
    due_days: int


def read_rules(
    rows: Iterable[Mapping[str, str]], fields: Iterable[Field], params: Collection[str] = DEFAULTS
) -> list[FindingRule]:
    """Return the rules of a form, in the order of the sheet.

    Args:
        rows: as `surveys.compile` gives them: by column, with 'row' as the sheet counts.
        fields: of the form.
        params: the thresholds that rules may ask for.

    Raises:
        RuleMistake: the first that there is; `mistakes` gives them all.
    """
    found, wrong = _read(rows, fields, params)
    if wrong:
        raise wrong[0]
    return found


def mistakes(
    rows: Iterable[Mapping[str, str]], fields: Iterable[Field], params: Collection[str] = DEFAULTS
) -> list[RuleMistake]:
    """Return everything that is wrong with the rules of a form, a mistake a row."""
    return _read(rows, fields, params)[1]


def _read(
    rows: Iterable[Mapping[str, str]], fields: Iterable[Field], params: Collection[str]
) -> tuple[list[FindingRule], list[RuleMistake]]:
    form = list(fields)
    found: list[FindingRule] = []
    wrong: list[RuleMistake] = []
    seen: set[str] = set()
    for position, row in enumerate(rows, start=2):
        number, rule_id = int(row.get("row", position)), row.get("rule_id", "")
        try:
            _check_columns(row)
            if rule_id.casefold() in seen:
                raise RuleMistake("mã luật đã dùng ở dòng trên", "the rule_id is used above")
            seen.add(rule_id.casefold())
            found.append(_rule(row, form, params))
        except RuleMistake as mistake:
            wrong.append(mistake.at_row(number, rule_id))
    return found, wrong


def _check_columns(row: Mapping[str, str]) -> None:
    """Refuse a row without what it needs, or with a column nobody reads (but for '_notes')."""
    for name in NEEDED:
        if not row.get(name, "").strip():
            raise RuleMistake(f"thiếu ô {name}", f"the cell {name} is empty")
    for name in row:
        if name not in COLUMNS and name != "row" and not name.startswith("_"):
            near, near_en = suggestion(name, COLUMNS)
            raise RuleMistake(f"cột lạ “{name}”{near}", f"unknown column '{name}'{near_en}")


def _rule(row: Mapping[str, str], form: list[Field], params: Collection[str]) -> FindingRule:
    days = row.get("due_days", "") or "0"
    for column, shape, example in (
        ("rule_id", _ID, "B01"),
        ("topic", _TOPIC, "TH01"),
        ("severity", re.compile("[1-4]"), "1, 2, 3, 4"),
    ):
        if not shape.fullmatch(row[column]):
            raise RuleMistake(
                f"ô {column} là “{row[column]}”, hãy viết như {example}",
                f"the cell {column} is '{row[column]}', write it like {example}",
            )
    if not _DAYS.fullmatch(days) or int(days) > LONGEST_DUE_DAYS:
        raise RuleMistake(
            f"ô due_days là “{days}”, cần số ngày từ 0 đến {LONGEST_DUE_DAYS}",
            f"the cell due_days is '{days}', days from 0 to {LONGEST_DUE_DAYS} are needed",
        )
    return FindingRule(
        rule_id=row["rule_id"],
        rule=compile_rule(row["when"], form, params),
        severity=int(row["severity"]),
        topic=row["topic"],
        project=text.clean(row.get("project", "")),
        bieu=text.clean(row.get("bieu", "")),
        title_vi=text.clean(row["title_vi"]),
        title_en=text.clean(row.get("title_en", "") or row["title_vi"]),
        due_days=int(days),
    )
