"""What findings and forms lead to on paper: recommendations to higher levels, and the inbox."""

import datetime as dt
import enum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Model, by_value
from server.findings.models import Authority, Finding
from server.places.models import Place


class RecommendationState(enum.Enum):
    """How far a recommendation has come."""

    NEW = "moi"
    SENT = "da_gui"
    ANSWERED = "da_tra_loi"
    DONE = "da_thuc_hien"
    NOT_DONE = "khong_thuc_hien"


class Recommendation(Model):
    """A recommendation (kiến nghị) to the level that can decide, with its answer."""

    __tablename__ = "recommendation"
    __table_args__ = (
        Index("ix_recommendation_plan_state", "plan_id", "state", "id"),
        Index("ix_recommendation_finding", "finding_id"),
        CheckConstraint("(state = 'moi') = (sent_on IS NULL)", name="sent_has_day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    area: Mapped[str] = mapped_column(default="")
    text: Mapped[str]
    level: Mapped[Authority] = mapped_column(by_value(Authority))
    addressee: Mapped[str]
    finding_id: Mapped[int | None] = mapped_column(ForeignKey("finding.id"))
    submission_id: Mapped[int | None] = mapped_column(ForeignKey("submission.id"))
    state: Mapped[RecommendationState] = mapped_column(
        by_value(RecommendationState), default=RecommendationState.NEW
    )
    made_by: Mapped[str]
    made_at: Mapped[dt.datetime]
    document_no: Mapped[str] = mapped_column(default="")
    sent_on: Mapped[dt.date | None]
    answer: Mapped[str] = mapped_column(default="")
    answer_no: Mapped[str] = mapped_column(default="")
    answered_on: Mapped[dt.date | None]
    outcome: Mapped[str] = mapped_column(default="")

    finding: Mapped[Finding | None] = relationship(lazy="select")


class LetterKind(enum.Enum):
    """A difficulty met (khó khăn, vướng mắc), or a proposal (kiến nghị, đề xuất)."""

    DIFFICULTY = "kho_khan"
    PROPOSAL = "de_xuat"


class LetterState(enum.Enum):
    """Whether somebody has dealt with it."""

    WAITING = "moi"
    HANDLED = "da_xu_ly"
    PUT_ASIDE = "bo_qua"


class Letter(Model):
    """Something said in writing: an answer of a form, or a paper that the office received.

    `sender` and `document_no` are a paper's own; one from a form has its submission instead.
    """

    __tablename__ = "finding_letter"
    __table_args__ = (
        UniqueConstraint("submission_id", "kind"),
        Index("ix_finding_letter_plan_state", "plan_id", "state", "id"),
        CheckConstraint("submission_id IS NOT NULL OR sender <> ''", name="has_a_source"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    kind: Mapped[LetterKind] = mapped_column(by_value(LetterKind))
    area: Mapped[str] = mapped_column(default="")
    place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"))
    text: Mapped[str]
    causes: Mapped[str] = mapped_column(default="")
    submission_id: Mapped[int | None] = mapped_column(ForeignKey("submission.id"))
    sender: Mapped[str] = mapped_column(default="")
    document_no: Mapped[str] = mapped_column(default="")
    received_on: Mapped[dt.date]
    entered_by: Mapped[str] = mapped_column(default="")
    state: Mapped[LetterState] = mapped_column(by_value(LetterState), default=LetterState.WAITING)
    settled_by: Mapped[str | None]
    settled_at: Mapped[dt.datetime | None]
    note: Mapped[str] = mapped_column(default="")
    recommendation_id: Mapped[int | None] = mapped_column(ForeignKey("recommendation.id"))

    place: Mapped[Place | None] = relationship(lazy="joined")
