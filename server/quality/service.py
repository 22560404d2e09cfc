"""The verb of this subject: say of records what their checks come to."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server import clock
from server.db import table
from server.often import Often
from server.quality import checks
from server.quality.facts import Judged
from server.quality.models import VisitCheck
from server.submissions.models import Submission, VisitVerdict


def _keep(engine: str) -> Any:
    """Return the statement that writes a record's checks in place of those that it has."""
    insert = postgresql.insert if engine == "postgresql" else sqlite.insert
    new = insert(table(VisitCheck))
    over = {name: new.excluded[name] for name in ("judged_at", "checks")}
    return new.on_conflict_do_update(index_elements=["submission_id"], set_=over)


# Put together once, as they are asked for every submission.
_SUM = Often(
    lambda _engine: (
        update(table(Submission))
        .where(table(Submission).c.id == bindparam("which"))
        .values(verdict=bindparam("word"))
    )
)
_KEEP = Often(_keep)


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
    now = clock.now()
    for each in said:
        kept = {"submission_id": each.submission_id, "judged_at": now, "checks": each.checks}
        _KEEP.run(session, kept)
        if each.verdict_changes:
            _SUM.run(session, {"which": each.submission_id, "word": each.verdict})
