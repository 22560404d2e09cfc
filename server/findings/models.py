"""Findings: raised by rule or by hand, confirmed or rejected once by a reviewer."""

import datetime as dt
import enum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Model, by_value
from server.findings.problems import AlreadySettled
from server.monitoring.models import Record, Visit
from server.places.models import Place
from server.submissions.models import Submission


class FindingState(enum.Enum):
    """New findings wait for a reviewer; the steps of the remedy follow after confirmation."""

    NEW = "moi"
    CONFIRMED = "xac_nhan"
    REJECTED = "bac_bo"


class Finding(Model):
    """A shortcoming (tồn tại, vướng mắc) seen in the field, tied to the record it bears on."""

    __tablename__ = "finding"
    __table_args__ = (
        UniqueConstraint("submission_id", "rule_id", "occurrence"),
        CheckConstraint("(state = 'moi') = (settled_at IS NULL)", name="settled_has_time"),
        CheckConstraint("severity BETWEEN 1 AND 4", name="severity_range"),
        Index("ix_finding_plan_state", "plan_id", "state", "id"),
        Index("ix_finding_plan_area", "plan_id", "area", "id"),
        Index("ix_finding_record", "record_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"), index=True)
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

    submission: Mapped[Submission] = relationship(lazy="select")
    visit: Mapped[Visit | None] = relationship(lazy="select")
    record: Mapped[Record | None] = relationship(lazy="select")
    place: Mapped[Place | None] = relationship(lazy="joined")

    def settle(self, state: FindingState, by: str, at: dt.datetime, note: str) -> None:
        """Record a reviewer's decision. A settled finding stays settled."""
        if self.state is not FindingState.NEW:
            raise AlreadySettled(finding_id=self.id, reviewer=self.settled_by)
        self.state, self.settled_by, self.settled_at, self.note = state, by, at, note
