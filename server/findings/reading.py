"""What a filled form says beside its rules: shortcomings written down, letters, checks on site.

Names are those of the shipped forms: `mf` and its questions, `difficulties`, `causes`,
`proposals`, and the follow-up form's `finding` and `k_…`. Pure: no database.
"""

import datetime as dt
import enum
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from server import text
from server.findings import judging
from server.findings.letters import LetterKind
from server.findings.models import Decision, Result
from server.findings.raising import ON_FORM, OTHER_TOPIC, Raised
from server.submissions import instance

E = TypeVar("E", bound=enum.Enum)
FOLLOW_UP = "gnbv_followup"
LONGEST_TITLE = 500
LONGEST_TEXT = 8000
_ASKED = ("mf_text", "mf_project", "mf_severity", "mf_photo")
_ROW = re.compile(r"(?:.*/)?mf\[(\d+)\]/(mf_\w+)")


def written_down(answers: Mapping[str, Any]) -> list[Raised]:
    """Return the shortcomings that a team wrote down beside the questions of a form, in order."""
    rows: dict[int, dict[str, tuple[str, Any]]] = {}
    for path, value in instance.flat(dict(answers)):
        if match := _ROW.fullmatch(path):
            rows.setdefault(int(match[1]), {})[match[2]] = (path, value)
    return [found for number in sorted(rows) if (found := _one(number, rows[number]))]


def _one(number: int, row: Mapping[str, tuple[str, Any]]) -> Raised | None:
    title = text.clean(str(row.get("mf_text", ("", ""))[1] or ""))[:LONGEST_TITLE]
    if not title:
        return None
    severity = judging.any_number(row.get("mf_severity", ("", None))[1])
    return Raised(
        rule_id=ON_FORM,
        questions=tuple(
            row[name][0] for name in _ASKED if name in row and row[name][1] is not None
        ),
        severity=int(severity) if severity in (1, 2, 3, 4) else 2,
        topic=OTHER_TOPIC,
        project_code=str(row.get("mf_project", ("", ""))[1] or ""),
        table_label="",
        title=title,
        title_en=title,
        due_days=0,
        occurrence=number - 1,
    )


@dataclass(frozen=True)
class Told:
    """A difficulty or a proposal as a form has it."""

    kind: LetterKind
    text: str
    causes: str = ""


def told(answers: Mapping[str, Any]) -> list[Told]:
    """Return the difficulties and proposals of a form; wherever in it they were asked.

    >>> [each.kind.value for each in told({"end": {"difficulties": "Thiếu vốn", "causes": "Chậm"}})]
    ['kho_khan']
    """
    words = dict(_words(answers, ("difficulties", "causes", "proposals")))
    found = []
    if said := words.get("difficulties") or words.get("causes"):
        causes = words.get("causes", "") if words.get("difficulties") else ""
        found.append(Told(LetterKind.DIFFICULTY, said, causes))
    if said := words.get("proposals"):
        found.append(Told(LetterKind.PROPOSAL, said))
    return found


def _words(answers: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for path, value in instance.flat(dict(answers)):
        name = path.rpartition("/")[2]
        if name in names and isinstance(value, str) and text.clean(value):
            yield name, text.clean(value)[:LONGEST_TEXT]


@dataclass(frozen=True)
class SeenOnSite:
    """What a follow-up form says of one finding, named by its id on the phones' list."""

    uuid: str
    result: Result
    decision: Decision
    new_due: dt.date | None
    document: str
    note: str


def seen_on_site(answers: Mapping[str, Any]) -> SeenOnSite | None:
    """Return what a follow-up form says; None when the unit did not receive the team."""
    flat = {path.rpartition("/")[2]: value for path, value in instance.flat(dict(answers))}
    result = _member(Result, flat.get("k_state"))
    decision = _member(Decision, flat.get("k_decision"))
    uuid = str(flat.get("finding") or "").lower().removeprefix("uuid:")
    if flat.get("met") == "no" or not uuid or result is None or decision is None:
        return None
    said = [text.clean(str(flat[name])) for name in _SAID if flat.get(name)]
    return SeenOnSite(
        uuid, result, decision,
        new_due=judging.day(flat.get("k_new_due")),
        document=text.clean(str(flat.get("k_doc_no") or "")),
        note=" · ".join(said)[:LONGEST_TEXT],
    )  # fmt: skip


_SAID = ("k_action", "k_reason", "k_comment")


def _member(kind: type[E], value: object) -> E | None:
    try:
        return kind(value)
    except ValueError:
        return None
