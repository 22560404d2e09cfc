"""Which rules of its form fire on a filled form, and what they then say."""

import datetime as dt
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock
from server.findings import params
from server.findings.judging import Case
from server.findings.raising import Raised
from server.findings.rules import FindingRule, RuleMistake, mistakes, read_rules
from server.surveys import fields as form_fields
from server.surveys.fields import Field
from server.surveys.models import FormVersion

log = logging.getLogger(__name__)
MOST_KEPT = 500
_rules: dict[tuple[object, int], list[FindingRule]] = {}


def rules_of(session: Session, version_id: int) -> list[FindingRule]:
    """Return the rules of a published version, read once in the life of a process."""
    key = (session.get_bind().engine.url, version_id)
    if key not in _rules:
        row = session.execute(
            select(FormVersion.rules, FormVersion.fields, FormVersion.published_at).where(
                FormVersion.id == version_id
            )
        ).one()
        found = usable(row[0], form_fields.from_json(row[1]))
        if row[2] is None:
            return found  # a draft may still change
        if len(_rules) >= MOST_KEPT:
            _rules.clear()
        _rules[key] = found
    return _rules[key]


def usable(rows: Sequence[Mapping[str, str]], fields: Iterable[Field]) -> list[FindingRule]:
    """Return the rules that can be understood; the others are named on the page of the form."""
    form = list(fields)
    try:
        return read_rules(rows, form)
    except RuleMistake:
        wrong = {str(each.details["row"]) for each in mistakes(rows, form)}
    log.warning("%s rules of a form cannot be understood", len(wrong))
    good = [
        row for place, row in enumerate(rows, start=2) if str(row.get("row", place)) not in wrong
    ]
    return read_rules(good, form)


@dataclass(frozen=True)
class Judged:
    """What the rules say of one form: what they raise, and the ids of those that could say."""

    raised: list[Raised]
    asked: list[str]


def judged(
    rules: Iterable[FindingRule],
    answers: Mapping[str, Any],
    own_params: Mapping[str, Any] | None,
    day: dt.date,
) -> Judged:
    """Return what the answers of one form give rise to, in the order of the rules.

    `own_params` are the round's; `day` is the one on which the form was filled, which is what
    today() means in a rule, however late the form arrived. A rule whose questions were not asked
    or not answered says nothing.
    """
    thresholds = params.of_round(own_params, day)
    found = Judged([], [])
    for each in rules:
        truth = each.rule.judge(Case(answers, thresholds, day))
        if truth is not None:
            found.asked.append(each.rule_id)
        if truth is True:
            found.raised.append(_raised(each))
    return found


def fired(
    rules: Iterable[FindingRule],
    answers: Mapping[str, Any],
    own_params: Mapping[str, Any] | None,
    day: dt.date,
) -> list[Raised]:
    """Return only what the answers give rise to; see `judged`."""
    return judged(rules, answers, own_params, day).raised


def _raised(rule: FindingRule) -> Raised:
    return Raised(
        rule_id=rule.rule_id,
        questions=rule.rule.paths,
        severity=rule.severity,
        topic=rule.topic,
        project_code=rule.project,
        table_label=rule.bieu,
        title=rule.title_vi,
        title_en=rule.title_en,
        due_days=rule.due_days,
    )


def filled_on(
    started_at: dt.datetime | None, ended_at: dt.datetime | None, received_at: dt.datetime
) -> dt.date:
    """Return the local day on which a form was filled; never after it was received.

    >>> noon = dt.datetime(2024, 4, 5, 5, tzinfo=dt.UTC)
    >>> filled_on(None, noon - dt.timedelta(days=9), noon).isoformat()
    '2024-03-27'
    """
    said = ended_at or started_at or received_at
    return clock.local(min(said, received_at)).date()
