"""Findings and what becomes of them: groups, steps, evidence, checks on site.

Recommendations and difficulties, the letters that findings lead to, are in `letters`.
"""

import datetime as dt
import enum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Model, by_value
from server.findings.problems import AlreadySettled
from server.monitoring.models import Plan, Record, Visit
from server.places.models import Place
from server.submissions.models import Submission


class FindingState(enum.Enum):
    """New findings wait for a reviewer; the steps of the remedy follow after confirmation."""

    NEW = "moi"
    CONFIRMED = "xac_nhan"
    REJECTED = "bac_bo"
    ASSIGNED = "da_giao"
    UNDER_WAY = "dang_khac_phuc"
    REPORTED = "bao_cao_xong"
    CHECKED = "da_kiem_tra"
    CLOSED = "dong"
    REOPENED = "mo_lai"


WITH_THE_UNIT = (FindingState.ASSIGNED, FindingState.UNDER_WAY, FindingState.REOPENED)
"""States in which the unit's deadline runs."""
OPEN = (*WITH_THE_UNIT, FindingState.REPORTED, FindingState.CHECKED)
"""States between the assignment and the end: those that phones carry."""
GOOD_PRACTICE = "TICH_CUC"
"""The topic of what deserves praise: it is confirmed or rejected, and never assigned."""


class StepKind(enum.Enum):
    """What was done to a finding, as a thread tells it."""

    CONFIRM = "xac_nhan"
    REJECT = "bac_bo"
    ASSIGN = "giao"
    START = "bat_dau"
    REPORT = "bao_cao"
    CHECK = "kiem_tra"
    CLOSE = "dong"
    REOPEN = "mo_lai"
    EXTEND = "gia_han"
    TRANSFER = "chuyen_cap"
    ESCALATE = "bao_cap_tren"
    REMIND = "nhac"
    COMMENT = "y_kien"
    COMMEND = "bieu_duong"
    ASK_TIME = "xin_gia_han"
    DECLINE_TIME = "tu_choi_gia_han"


class Authority(enum.Enum):
    """The level (cấp) that a unit belongs to, or that can decide."""

    COMMUNE = "xa"
    DISTRICT = "huyen"
    PROVINCE = "tinh"
    CENTRAL = "trung_uong"


class Result(enum.Enum):
    """What a check on site shows: done, half done, not begun, impossible for good reason."""

    DONE = "xong"
    PARTLY = "mot_phan"
    NOTHING = "chua"
    IMPOSSIBLE = "khong_the"


class FindingGroup(Model):
    """What one rule says of one commune at one visit: 'n of m interviewed', with its findings.

    A finding raised by hand is a group of its own. `repeats_id` is the latest earlier group of
    the same rule or topic in the same commune, or in one that it was made of or became.
    """

    __tablename__ = "finding_group"
    __table_args__ = (
        UniqueConstraint("plan_id", "key"),
        Index("ix_finding_group_plan_area", "plan_id", "area", "id"),
        Index("ix_finding_group_repeats", "place_id", "topic", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    key: Mapped[str]
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"))
    form_pk: Mapped[int] = mapped_column(ForeignKey("form.id"))
    place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"))
    area: Mapped[str] = mapped_column(default="")
    rule_id: Mapped[str]
    topic: Mapped[str]
    severity: Mapped[int]
    project_code: Mapped[str] = mapped_column(default="")
    table_label: Mapped[str] = mapped_column(default="")
    title: Mapped[str]
    title_en: Mapped[str]
    raised_at: Mapped[dt.datetime]
    repeats_id: Mapped[int | None] = mapped_column(ForeignKey("finding_group.id"))

    visit: Mapped[Visit | None] = relationship(lazy="select")
    place: Mapped[Place | None] = relationship(lazy="joined")


class RuleAsked(Model):
    """How many interviews of a form at a visit could answer what a rule asks: the m of 'n of m'."""

    __tablename__ = "rule_asked"

    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    form_pk: Mapped[int] = mapped_column(ForeignKey("form.id"), primary_key=True)
    rule_id: Mapped[str] = mapped_column(primary_key=True)
    asked: Mapped[int]


class SubmissionAsked(Model):
    """What one submission counts for in `RuleAsked`, so that it counts once."""

    __tablename__ = "submission_asked"

    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"))
    form_pk: Mapped[int] = mapped_column(ForeignKey("form.id"))
    rules: Mapped[list[Any]]
    counted: Mapped[bool] = mapped_column(default=True)


class Finding(Model):
    """A shortcoming (tồn tại, vướng mắc) seen in the field, tied to the record it bears on.

    `uuid` is its row on the phones' list. Responsible for the remedy is an agency by name, at a
    level; `responsible_area` is the area whose officers answer for it. `alarm_on` is the day on
    which the next reminder or escalation falls, and `escalated` how often it went up a level
    since the deadline was last set. `asked_due` is the day until which the unit asks for more time,
    while nobody has answered. `lapsed_at` is when an edit of the form took away what had
    raised it, while nobody had decided on it yet.
    """

    __tablename__ = "finding"
    __table_args__ = (
        UniqueConstraint("submission_id", "rule_id", "occurrence"),
        CheckConstraint("(state = 'moi') = (settled_at IS NULL)", name="settled_has_time"),
        CheckConstraint("severity BETWEEN 1 AND 4", name="severity_range"),
        Index("ix_finding_plan_state", "plan_id", "state", "id"),
        Index("ix_finding_plan_area", "plan_id", "area", "id"),
        Index("ix_finding_record", "record_id", "id"),
        Index("ix_finding_visit", "visit_id", "state", "plan_id", "area"),
        Index("ix_finding_place", "place_id", "state", "topic", "severity", "plan_id", "area"),
        Index("ix_finding_group", "group_id", "state", "due_on"),
        Index("ix_finding_due", "plan_id", "state", "due_on", "topic", "area"),
        Index("ix_finding_alarm", "alarm_on"),
        Index(
            "ix_finding_asked",
            "plan_id",
            "asked_due",
            "area",
            sqlite_where=text("asked_due IS NOT NULL"),
            postgresql_where=text("asked_due IS NOT NULL"),
        ),
        Index(
            "ix_finding_tally",
            "plan_id",
            "severity",
            "state",
            "project_code",
            "area",
            "place_id",
            "topic",
        ),
        CheckConstraint(
            "state IN ('moi', 'xac_nhan', 'bac_bo') OR due_on IS NOT NULL", name="assigned_has_day"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    group_id: Mapped[int] = mapped_column(ForeignKey("finding_group.id"))
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"))
    record_id: Mapped[int | None] = mapped_column(ForeignKey("monitoring_record.id"))
    place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"), index=True)
    area: Mapped[str] = mapped_column(default="")
    rule_id: Mapped[str]
    occurrence: Mapped[int] = mapped_column(default=0)
    questions: Mapped[list[Any]]
    severity: Mapped[int]
    topic: Mapped[str]
    project_code: Mapped[str] = mapped_column(default="")
    table_label: Mapped[str] = mapped_column(default="")
    title: Mapped[str]
    title_en: Mapped[str]
    due_days: Mapped[int]
    raised_at: Mapped[dt.datetime]
    state: Mapped[FindingState] = mapped_column(by_value(FindingState), default=FindingState.NEW)
    settled_by: Mapped[str | None]
    settled_at: Mapped[dt.datetime | None]
    note: Mapped[str] = mapped_column(default="")
    uuid: Mapped[str | None] = mapped_column(unique=True)
    responsible: Mapped[str] = mapped_column(default="")
    responsible_area: Mapped[str] = mapped_column(default="")
    level: Mapped[Authority | None] = mapped_column(by_value(Authority))
    document_no: Mapped[str] = mapped_column(default="")
    due_on: Mapped[dt.date | None]
    alarm_on: Mapped[dt.date | None]
    escalated: Mapped[int] = mapped_column(default=0)
    result: Mapped[Result | None] = mapped_column(by_value(Result))
    asked_due: Mapped[dt.date | None]
    lapsed_at: Mapped[dt.datetime | None]

    plan: Mapped[Plan] = relationship(lazy="select")
    group: Mapped[FindingGroup] = relationship(lazy="select")
    submission: Mapped[Submission] = relationship(lazy="select")
    visit: Mapped[Visit | None] = relationship(lazy="select")
    record: Mapped[Record | None] = relationship(lazy="select")
    place: Mapped[Place | None] = relationship(lazy="joined")

    def decide(self, by: str, at: dt.datetime, note: str) -> None:
        """Note who decided on it, when and why; decided once, it stays so."""
        if self.state is not FindingState.NEW:
            raise AlreadySettled(finding_id=self.id, reviewer=self.settled_by)
        self.settled_by, self.settled_at, self.note = by, at, note

    @property
    def code(self) -> str:
        """Return what people call it on the phone and on paper: topic and number."""
        return f"{self.topic}-{self.id}"

    def is_late(self, today: dt.date) -> bool:
        """Tell whether the unit's deadline has passed without a report."""
        return self.state in WITH_THE_UNIT and self.due_on is not None and self.due_on < today


class FindingStep(Model):
    """One step in the life of a finding. Never changed, never deleted (the database refuses).

    `document` is the number of the paper that goes with it, `level` the one it was taken to;
    `submission_id` is the form by which a check on site came in, `asked_due` a day asked for.
    """

    __tablename__ = "finding_step"
    __table_args__ = (Index("ix_finding_step_finding", "finding_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    finding_id: Mapped[int] = mapped_column(ForeignKey("finding.id"))
    at: Mapped[dt.datetime]
    kind: Mapped[StepKind] = mapped_column(by_value(StepKind))
    from_state: Mapped[FindingState] = mapped_column(by_value(FindingState))
    to_state: Mapped[FindingState] = mapped_column(by_value(FindingState))
    via: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    actor: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    document: Mapped[str] = mapped_column(default="")
    responsible: Mapped[str] = mapped_column(default="")
    level: Mapped[Authority | None] = mapped_column(by_value(Authority))
    result: Mapped[Result | None] = mapped_column(by_value(Result))
    due_before: Mapped[dt.date | None]
    due_after: Mapped[dt.date | None]
    asked_due: Mapped[dt.date | None]
    submission_id: Mapped[int | None] = mapped_column(ForeignKey("submission.id"), index=True)

    files: Mapped[list["StepFile"]] = relationship(
        back_populates="step", lazy="selectin", order_by="StepFile.id"
    )


class StepFile(Model):
    """Evidence given with a step: a photo or a scanned paper, with copies to show of a photo."""

    __tablename__ = "finding_step_file"
    __table_args__ = (Index("ix_finding_step_file_step", "step_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    step_id: Mapped[int] = mapped_column(ForeignKey("finding_step.id"))
    name: Mapped[str]
    content_type: Mapped[str]
    sha256: Mapped[str]
    size_bytes: Mapped[int]
    thumb_sha256: Mapped[str | None]
    view_sha256: Mapped[str | None]
    taken: Mapped[dict[str, Any]] = mapped_column(default=dict)

    step: Mapped[FindingStep] = relationship(back_populates="files")


class Decision(enum.Enum):
    """What a team proposes after a check on site."""

    CLOSE = "dong"
    EXTEND = "gia_han"
    REOPEN = "mo_lai"


class Outcome(enum.Enum):
    """What became of a check: done at once, waiting for a person, accepted or put aside by one."""

    DONE = "done"
    WAITING = "waiting"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


class SiteCheck(Model):
    """A follow-up form about one finding, taken once however often the form is looked at.

    What cannot be done at once (somebody else changed the finding meanwhile, the same person
    remedied it, a day has passed) waits here with the reason.
    """

    __tablename__ = "finding_check"
    __table_args__ = (
        UniqueConstraint("submission_id"),
        Index("ix_finding_check_waiting", "plan_id", "outcome", "id"),
        Index("ix_finding_check_finding", "finding_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    finding_id: Mapped[int] = mapped_column(ForeignKey("finding.id"))
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    actor: Mapped[str]
    received_at: Mapped[dt.datetime]
    result: Mapped[Result] = mapped_column(by_value(Result))
    decision: Mapped[Decision] = mapped_column(by_value(Decision))
    new_due: Mapped[dt.date | None]
    document: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    outcome: Mapped[Outcome] = mapped_column(by_value(Outcome))
    why: Mapped[str] = mapped_column(default="")
    settled_by: Mapped[str | None]
    settled_at: Mapped[dt.datetime | None]

    finding: Mapped[Finding] = relationship(lazy="joined")
