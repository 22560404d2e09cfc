"""What gives rise to a finding, and what it is then tied to."""

from dataclasses import dataclass

BY_HAND = "TAY"
"""The rule id of findings that a person raised at a desk (nêu bằng tay)."""
ON_FORM = "GHI_THEM"
"""The rule id of findings that a team wrote down on a form beside its questions (ghi thêm)."""
ALONE = (BY_HAND, ON_FORM)
OTHER_TOPIC = "KHAC"
"""The topic of findings that their author gave none."""


@dataclass(frozen=True)
class Where:
    """What a finding is tied to: the submission it shows in, and where that one belongs."""

    submission_id: int
    plan_id: int
    visit_id: int | None
    record_id: int | None
    place_id: int | None
    area: str
    form_pk: int


@dataclass(frozen=True)
class Raised:
    """A finding that an answer gives rise to; `questions` are paths, rows of repeats counted."""

    rule_id: str
    questions: tuple[str, ...]
    severity: int
    topic: str
    project_code: str
    table_label: str
    title: str
    title_en: str
    due_days: int
    occurrence: int = 0
