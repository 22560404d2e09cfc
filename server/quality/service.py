"""The verb of this subject: say of records what their checks come to."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, insert, update
from sqlalchemy.orm import Session

from server import clock
from server.db import table
from server.quality import checks
from server.quality.facts import Judged
from server.quality.models import VisitCheck
from server.submissions.models import Submission, VisitVerdict

# Put together once, as they are asked for every submission.
_SUM = (
    update(table(Submission))
    .where(table(Submission).c.id == bindparam("which"))
    .values(verdict=bindparam("word"))
)
_FORGET = delete(table(VisitCheck)).where(
    table(VisitCheck).c.submission_id == bindparam("which"),
)
_KEEP = insert(table(VisitCheck))


@dataclass(frozen=True)
class Said:
    """What is to be written of one record; `verdict_changes` when lists must know."""

    submission_id: int
    checks: list[dict[str, Any]]
    verdict: VisitVerdict
    verdict_changes: bool


def judge(records: Iterable[Judged]) -> list[Said]:
    """Return what is to be written: only of records whose checks say something new."""
    found = []
    for each in records:
        made = checks.judge(each.facts)
        said, word = [check.to_json() for check in made], checks.verdict(made)
        if said != each.checks or word is not each.verdict:
            found.append(Said(each.submission_id, said, word, word is not each.verdict))
    return found


def write(session: Session, said: Iterable[Said]) -> None:
    """Write what the checks say. No journal line: it follows from what has one already."""
    rows = list(said)
    if not rows:
        return
    now, connection = clock.now(), session.connection()
    connection.execute(_FORGET, [{"which": each.submission_id} for each in rows])
    connection.execute(
        _KEEP,
        [
            {"submission_id": each.submission_id, "judged_at": now, "checks": each.checks}
            for each in rows
        ],
    )
    changed = [
        {"which": each.submission_id, "word": each.verdict} for each in rows if each.verdict_changes
    ]
    if changed:
        connection.execute(_SUM, changed)
