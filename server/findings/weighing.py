"""What publishing a draft would change in its rules; somebody looks at it before phones get it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import journal, text
from server.findings import dry_runs
from server.findings.dry_run_models import DryRun
from server.findings.problems import DryRunNeeded
from server.findings.rules import RuleMistake, mistakes
from server.journal import Actor
from server.submissions.models import Submission
from server.surveys import fields as form_fields
from server.surveys import service as surveys
from server.surveys.models import FormVersion
from server.surveys.service import Looked

LONGEST_REASON = 1000


def is_needed(session: Session, version: FormVersion) -> bool:
    """Tell whether a draft says other rules than phones have, of a form that has records."""
    current = version.form.current
    if version.published_at is not None or current is None or current.id == version.id:
        return False
    if _said(current.rules) == _said(version.rules):
        return False
    held = select(Submission.id).where(*dry_runs.readable(version.form_pk)).limit(1)
    return session.scalar(held) is not None


def _said(rules: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what rules say, wherever they stand in the sheet."""
    return [{name: value for name, value in rule.items() if name != "row"} for rule in rules]


@dataclass(frozen=True)
class Lost:
    """A rule that phones have now and the draft has no more; `mistake` when it could not stay."""

    rule_id: str
    title: str
    mistake: RuleMistake | None


def lost(version: FormVersion) -> list[Lost]:
    """Return the rules in use that a draft lacks, and which of them ask for a question it lacks."""
    current = version.form.current
    if version.published_at is not None or current is None:
        return []
    kept = {rule["rule_id"] for rule in version.rules}
    gone = [rule for rule in current.rules if rule["rule_id"] not in kept]
    wrong = {
        str(each.details["rule_id"]): each
        for each in mistakes(gone, form_fields.from_json(version.fields))
    }
    return [
        Lost(rule["rule_id"], rule.get("title_vi", ""), wrong.get(rule["rule_id"])) for rule in gone
    ]


@surveys.weighed_before_publishing
def rules_were_tried(session: Session, version: FormVersion, looked: Looked, actor: Actor) -> None:
    """Refuse other rules for a form with records until somebody has seen what they would change.

    Raises:
        DryRunNeeded: nobody has, or of other rules, and no reason was given.
    """
    if not is_needed(session, version):
        return
    run = session.get(DryRun, looked.run) if looked.run is not None else None
    seen = run is not None and run.version_id == version.id and run.finished_at is not None
    reason = text.clean(looked.without)[:LONGEST_REASON]
    if (
        run is not None
        and seen
        and not run.error
        and run.rules_sha256 == dry_runs.fingerprint(version)
    ):
        journal.write(
            session, actor, "form.dry-run-seen", "form_version", version.id, version.form.plan_id,
            run=run.id,
        )  # fmt: skip
    elif reason:
        journal.write(
            session, actor, "form.dry-run-skipped", "form_version", version.id,
            version.form.plan_id, reason=reason,
        )  # fmt: skip
    else:
        raise DryRunNeeded(form_id=version.form.form_id, version=version.version)
