"""How many interviews could answer what a rule asks: the m of 'n of m interviewed'.

Only interviews in which the rule had its answers count: who refused, was not asked, or did not
know is not among them. The number is that of interviews held, never one of a whole commune.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.db import table
from server.findings.models import RuleAsked, SubmissionAsked

Key = tuple[int, int, str]


@dataclass(frozen=True)
class _Share:
    """What one submission counts for."""

    visit_id: int
    form_pk: int
    rules: frozenset[str]

    def keys(self) -> set[Key]:
        return {(self.visit_id, self.form_pk, rule) for rule in self.rules}


def remember(
    session: Session, submission_id: int, visit_id: int | None, form_pk: int, rules: Iterable[str]
) -> None:
    """Count a submission for the rules that it could answer; done again, it changes nothing.

    One that belongs to no visit counts nowhere.
    """
    held = session.get(SubmissionAsked, submission_id, populate_existing=True)
    before = _share(held).keys() if held is not None and held.counted else set()
    if visit_id is None:
        if held is not None:
            session.delete(held)
        _change(session, before, set())
        return
    now = _Share(visit_id, form_pk, frozenset(rules))
    if held is None:
        held = SubmissionAsked(submission_id=submission_id, counted=True)
        session.add(held)
    held.visit_id, held.form_pk, held.rules = visit_id, form_pk, sorted(now.rules)
    session.flush()
    _change(session, before, now.keys() if held.counted else set())


def count(session: Session, submission_id: int, counted: bool) -> None:
    """Let a submission count, or not: one that a reviewer rejected was no interview."""
    held = session.get(SubmissionAsked, submission_id, populate_existing=True)
    if held is None or held.counted is counted:
        return
    held.counted = counted
    session.flush()
    keys = _share(held).keys()
    _change(session, set() if counted else keys, keys if counted else set())


def _share(held: SubmissionAsked) -> _Share:
    return _Share(held.visit_id, held.form_pk, frozenset(held.rules))


def _change(session: Session, before: set[Key], after: set[Key]) -> None:
    changes = [(key, 1) for key in sorted(after - before)]
    changes += [(key, -1) for key in sorted(before - after)]
    if not changes:
        return
    engine: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    insert = engine.insert(table(RuleAsked))
    statement = insert.on_conflict_do_update(
        index_elements=["visit_id", "form_pk", "rule_id"],
        set_={"asked": table(RuleAsked).c.asked + insert.excluded.asked},
    )
    session.execute(
        statement,
        [
            {"visit_id": visit_id, "form_pk": form_pk, "rule_id": rule_id, "asked": by}
            for (visit_id, form_pk, rule_id), by in changes
        ],
    )


def asked(session: Session, keys: Collection[Key]) -> dict[Key, int]:
    """Return how many interviews could answer each (visit, form, rule) of `keys`, in one query."""
    if not keys:
        return {}
    columns = (RuleAsked.visit_id, RuleAsked.form_pk, RuleAsked.rule_id)
    rows = session.execute(select(*columns, RuleAsked.asked).where(tuple_(*columns).in_(keys)))
    return {(visit_id, form_pk, rule_id): count for visit_id, form_pk, rule_id, count in rows}
