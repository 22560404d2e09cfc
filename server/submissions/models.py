"""Filled forms as they came, their files, and everything that was refused or held."""

import datetime as dt
import enum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Model, by_value
from server.monitoring.models import Visit
from server.places.models import Hamlet, Place
from server.surveys.models import Form, FormVersion
from server.teams.models import Person, Phone, Team


class ReviewState(enum.Enum):
    """What a reviewer decided; the words ODK Central's clients know."""

    RECEIVED = "received"
    EDITED = "edited"
    HAS_ISSUES = "hasIssues"
    REJECTED = "rejected"
    APPROVED = "approved"


class VisitVerdict(enum.Enum):
    """What the checks of a visit come to; `server.quality` gives it, a person decides."""

    DOUBT = "doubt"
    MISSING = "missing"
    CLEAR = "clear"


class Submission(Model):
    """One filled form (phiếu đã điền). `xml` is what the phone sent, byte for byte, for ever."""

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("form_pk", "instance_id"),
        # All that a list is narrowed by, so that it is read from this index alone.
        Index(
            "ix_submission_plan_list",
            "plan_id", "id", "form_pk", "area", "team_id", "review_state", "received_at",
            "started_at", "verdict", "is_odd",
        ),
        Index("ix_submission_plan_area", "plan_id", "area", "id"),
        Index("ix_submission_plan_form", "plan_id", "form_pk", "id"),
        Index("ix_submission_visit", "visit_id", "id"),
        Index("ix_submission_instance", "instance_id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    form_pk: Mapped[int] = mapped_column(ForeignKey("form.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("form_version.id"), index=True)
    instance_id: Mapped[str]
    deprecated_id: Mapped[str | None]
    encrypted: Mapped[bool] = mapped_column(default=False)
    # The large columns stand last in the table: SQLite then filters by the others without
    # walking through these.
    xml: Mapped[bytes] = mapped_column(deferred=True, sort_order=90)
    xml_sha256: Mapped[str]
    received_at: Mapped[dt.datetime]
    phone_id: Mapped[int | None] = mapped_column(ForeignKey("phone.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    device_id: Mapped[str | None]
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict, deferred=True, sort_order=91)
    oddities: Mapped[list[Any]] = mapped_column(default=list, deferred=True, sort_order=92)
    label: Mapped[str] = mapped_column(default="")
    search_text: Mapped[str] = mapped_column(default="", deferred=True)
    started_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    accuracy_m: Mapped[float | None]
    linked_at: Mapped[dt.datetime | None]
    area: Mapped[str] = mapped_column(default="")
    place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"), index=True)
    hamlet_id: Mapped[int | None] = mapped_column(ForeignKey("hamlet.id"), index=True)
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"), index=True)
    household_code: Mapped[str | None]
    distance_m: Mapped[float | None]
    review_state: Mapped[ReviewState] = mapped_column(
        by_value(ReviewState), default=ReviewState.RECEIVED
    )
    files_named: Mapped[int] = mapped_column(default=0)
    files_held: Mapped[int] = mapped_column(default=0)
    is_odd: Mapped[bool] = mapped_column(default=False, server_default=false())
    verdict: Mapped[VisitVerdict | None] = mapped_column(by_value(VisitVerdict))

    form: Mapped[Form] = relationship(lazy="select")
    version: Mapped[FormVersion] = relationship(lazy="select")
    phone: Mapped[Phone | None] = relationship(lazy="select")
    person: Mapped[Person | None] = relationship(lazy="select")
    place: Mapped[Place | None] = relationship(lazy="select")
    hamlet: Mapped[Hamlet | None] = relationship(lazy="select")
    visit: Mapped[Visit | None] = relationship(lazy="select")
    team: Mapped[Team | None] = relationship(lazy="select")
    files: Mapped[list["SubmissionFile"]] = relationship(
        back_populates="submission", order_by="SubmissionFile.id"
    )


class SubmissionFile(Model):
    """A photo, sound or paradata file of a submission; without `sha256` it has yet to arrive."""

    __tablename__ = "submission_file"
    __table_args__ = (
        UniqueConstraint("submission_id", "name"),
        Index("ix_submission_file_sha256", "sha256"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    name: Mapped[str]
    sha256: Mapped[str | None]
    size_bytes: Mapped[int | None]
    content_type: Mapped[str] = mapped_column(default="application/octet-stream")
    received_at: Mapped[dt.datetime | None]
    facts: Mapped[dict[str, Any] | None]
    thumb_sha256: Mapped[str | None]
    view_sha256: Mapped[str | None]

    submission: Mapped[Submission] = relationship(back_populates="files")


class HeldState(enum.Enum):
    """What became of something refused or held."""

    WAITING = "waiting"
    INGESTED = "ingested"
    DISMISSED = "dismissed"


class Held(Model):
    """Something a phone sent that we would not take as a record: kept whole for the office.

    Once per content, however often the phone retries; `times` counts.
    """

    __tablename__ = "held"
    __table_args__ = (
        UniqueConstraint("plan_id", "content_sha256"),
        Index("ix_held_plan_state", "plan_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    content_sha256: Mapped[str]
    reason: Mapped[str]
    explanation: Mapped[str]
    form_id: Mapped[str | None]
    version: Mapped[str | None]
    instance_id: Mapped[str | None] = mapped_column(index=True)
    xml: Mapped[bytes] = mapped_column(deferred=True)
    phone_id: Mapped[int | None] = mapped_column(ForeignKey("phone.id"))
    state: Mapped[HeldState] = mapped_column(by_value(HeldState), default=HeldState.WAITING)
    first_at: Mapped[dt.datetime]
    last_at: Mapped[dt.datetime]
    times: Mapped[int] = mapped_column(default=1)
    settled_by: Mapped[str | None]
    settled_at: Mapped[dt.datetime | None]
    submission_id: Mapped[int | None] = mapped_column(ForeignKey("submission.id"))

    phone: Mapped[Phone | None] = relationship(lazy="joined")
    files: Mapped[list["HeldFile"]] = relationship(
        back_populates="held", lazy="selectin", order_by="HeldFile.id"
    )


class HeldFile(Model):
    """A file that came with something held."""

    __tablename__ = "held_file"
    __table_args__ = (UniqueConstraint("held_id", "name", "sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    held_id: Mapped[int] = mapped_column(ForeignKey("held.id"))
    name: Mapped[str]
    sha256: Mapped[str]
    size_bytes: Mapped[int]
    content_type: Mapped[str]

    held: Mapped[Held] = relationship(back_populates="files")
