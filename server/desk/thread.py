"""The thread of a finding on one page: each step with who, when, why and what proves it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask_babel import gettext as _

from server.desk import formats
from server.desk.verbs import verb
from server.findings import words
from server.findings.models import Finding, FindingStep, StepFile, StepKind
from server.findings.raising import ALONE

DECIDED = (StepKind.CONFIRM, StepKind.REJECT)


@dataclass(frozen=True)
class Told:
    """One step as the page tells it; `facts` are short lines, `tone` colours its mark."""

    what: str
    who: str
    at: str
    note: str = ""
    facts: list[str] = field(default_factory=list)
    files: Sequence[StepFile] = ()
    submission_id: int | None = None
    tone: str = "info"


_TONES = {
    StepKind.REJECT: "muted",
    StepKind.CLOSE: "good",
    StepKind.COMMEND: "good",
    StepKind.REOPEN: "bad",
    StepKind.ESCALATE: "bad",
    StepKind.REMIND: "wait",
    StepKind.REPORT: "wait",
    StepKind.COMMENT: "muted",
    StepKind.ASK_TIME: "wait",
    StepKind.DECLINE_TIME: "bad",
}


def told(found: Finding, steps: Sequence[FindingStep], inside: bool) -> list[Told]:
    """Return the thread from the beginning.

    `inside` readers see records too. Others, the unit itself, read neither who decided that there
    is a finding nor why: that may speak of a household.
    """
    what = "finding.raised-by-hand" if found.rule_id in ALONE else "finding.raised"
    rule = "" if found.rule_id in ALONE else found.rule_id
    raised = Told(formats.word(verb(what)), "", formats.moment(found.raised_at), facts=[rule])
    return [raised, *(_told(step, inside) for step in steps)]


def _told(step: FindingStep, inside: bool) -> Told:
    hidden = step.kind in DECIDED and not inside
    return Told(
        what=formats.word(words.STEPS[step.kind]),
        who="" if hidden else step.actor,
        at=formats.moment(step.at),
        note="" if hidden else step.note,
        facts=_facts(step),
        files=step.files,
        submission_id=step.submission_id if inside else None,
        tone=_TONES.get(step.kind, "info"),
    )


def _facts(step: FindingStep) -> list[str]:
    facts = []
    if step.responsible:
        facts.append(_("Đơn vị: %(unit)s", unit=step.responsible))
    if step.level is not None:
        facts.append(formats.word(words.LEVELS[step.level]))
    if step.document:
        facts.append(_("Văn bản: %(number)s", number=step.document))
    if step.result is not None and step.kind is StepKind.CHECK:
        facts.append(_("Kết quả: %(result)s", result=formats.word(words.RESULTS[step.result])))
    if step.asked_due is not None:
        facts.append(_("Xin đến: %(day)s", day=formats.day(step.asked_due)))
    if step.due_after != step.due_before and step.due_after is not None:
        facts.append(_due(step))
    return [str(each) for each in facts]


def _due(step: FindingStep) -> str:
    after = formats.day(step.due_after)
    if step.due_before is None:
        return str(_("Hạn: %(day)s", day=after))
    before = formats.day(step.due_before)
    return str(_("Hạn cũ %(before)s, hạn mới %(after)s", before=before, after=after))
