"""Filled forms as they came, their files, and everything that was refused or held."""

import datetime as dt
import enum
import re
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false, text
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


class Outcome(enum.Enum):
    """How an attempt at a household ended, as the form tells it."""

    DONE = "done"
    REFUSED = "refused"
    ABSENT = "absent"
    MOVED = "moved"
    NOT_FOUND = "not-found"
    OTHER = "other"


class VisitVerdict(enum.Enum):
    """What the checks of a visit come to; `server.quality` gives it, a person decides."""

    DOUBT = "doubt"
    MISSING = "missing"
    CLEAR = "clear"


class Submission(Model):
    """One filled form (phiếu đã điền) with its newest content, byte for byte as the phone sent it.

    The record stays one row through all edits, and keeps the instanceID it first came under
    (`root_instance_id`) and the time of that (`received_at`); `number` counts its contents from 1
    (from 2 while the original of its first is awaited), and those before the newest are
    `SubmissionVersion`s. `revision` moves with every edit and
    every decision of a reviewer: who decides says which one they looked at. `review_level` is
    that of the decision that stands: 1 the team's leader, 2 the office, 0 none since the last
    edit. While `returned_at` is set the record is on its team's phones to be corrected.

    `encrypted`: its answers cannot be read here, or not yet; see `SubmissionOpened`.
    """

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("form_pk", "instance_id"),
        Index("uq_submission_form_pk_root", "form_pk", "root_instance_id", unique=True),
        Index(
            "ix_submission_returned", "plan_id", "returned_at",
            sqlite_where=text("returned_at IS NOT NULL"),
            postgresql_where=text("returned_at IS NOT NULL"),
        ),
        Index("ix_submission_plan_review", "plan_id", "review_state", "id"),
        # All that a list is narrowed by, so that it is read from this index alone.
        Index(
            "ix_submission_plan_list",
            "plan_id", "id", "form_pk", "area", "team_id", "review_state", "received_at",
            "started_at", "verdict", "is_odd", "returned_at",
        ),
        Index("ix_submission_plan_area", "plan_id", "area", "id"),
        Index("ix_submission_plan_form", "plan_id", "form_pk", "id"),
        Index(
            "ix_submission_point",
            "plan_id",
            "latitude",
            "longitude",
            "area",
            "review_state",
            "team_id",
            "visit_id",
            sqlite_where=text("latitude IS NOT NULL"),
            postgresql_where=text("latitude IS NOT NULL"),
        ),
        Index("ix_submission_waiting", "plan_id", "review_level", "returned_at", "team_id", "area"),
        Index("ix_submission_begun", "plan_id", "started_at", "area"),
        Index(
            "ix_submission_told",
            "visit_id", "household_code", "outcome", "review_state", "hamlet_id",
            "started_at", "received_at",
            postgresql_include=["id"],
        ),
        Index(
            "ix_submission_unsent",
            "plan_id", "phone_id", "files_named", "files_held",
            sqlite_where=text("files_held < files_named"),
            postgresql_where=text("files_held < files_named"),
        ),
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
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
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
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    household_code: Mapped[str | None]
    distance_m: Mapped[float | None]
    review_state: Mapped[ReviewState] = mapped_column(
        by_value(ReviewState), default=ReviewState.RECEIVED
    )
    files_named: Mapped[int] = mapped_column(default=0)
    files_held: Mapped[int] = mapped_column(default=0)
    root_instance_id: Mapped[str] = mapped_column(
        default=lambda row: row.get_current_parameters()["instance_id"], sort_order=93
    )
    number: Mapped[int] = mapped_column(default=1, sort_order=94)
    revision: Mapped[int] = mapped_column(default=1, sort_order=95)
    edited_at: Mapped[dt.datetime | None] = mapped_column(sort_order=96)
    edit_reason: Mapped[str] = mapped_column(default="", sort_order=97)
    review_level: Mapped[int] = mapped_column(default=0, sort_order=98)
    returned_at: Mapped[dt.datetime | None] = mapped_column(sort_order=99)
    outcome: Mapped[Outcome | None] = mapped_column(by_value(Outcome), sort_order=100)
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

    @property
    def called(self) -> str:
        """What people call the form: its own name, in which places have theirs beside the code."""
        name = self.label
        places: tuple[Hamlet | Place | None, ...] = (self.hamlet, self.place)
        for where in places:
            if where is None:
                continue
            code = rf"(?<![\w-])(?:[\w-]+-)?{re.escape(where.code)}(?![\w-])"
            if found := re.search(code, name):
                before, after = name[: found.start()], name[found.end() :]
                name = f"{before}{where.name} ({found[0]}){after}"
        return name or self.form.title


class SubmissionFile(Model):
    """A photo, sound or paradata file of a submission; without `sha256` it has yet to arrive.

    One that is `inherited` came with the content before the newest, and gives way to what the
    edit itself brings under its name.
    """

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
    inherited: Mapped[bool] = mapped_column(default=False)

    submission: Mapped[Submission] = relationship(back_populates="files")


class SubmissionOpened(Model):
    """What was inside an encrypted form that somebody decrypted and took in.

    From then on it counts like any other; the encrypted bytes stay beside it, as they came.
    `number` is that of the record's content which was encrypted.
    """

    __tablename__ = "submission_opened"

    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    xml: Mapped[bytes] = mapped_column(deferred=True)
    xml_sha256: Mapped[str]
    opened_at: Mapped[dt.datetime]
    opened_by: Mapped[str]


class SubmissionVersion(Model):
    """A content of a record that an edit has superseded; never changed (the database refuses)."""

    __tablename__ = "submission_version"
    __table_args__ = (
        UniqueConstraint("submission_id", "number"),
        UniqueConstraint("form_pk", "instance_id"),
        Index("ix_submission_version_instance", "instance_id"),
        CheckConstraint("number > 0", name="number_counts"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    number: Mapped[int]
    form_pk: Mapped[int] = mapped_column(ForeignKey("form.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("form_version.id"), index=True)
    instance_id: Mapped[str]
    deprecated_id: Mapped[str | None]
    encrypted: Mapped[bool]
    xml: Mapped[bytes] = mapped_column(deferred=True, sort_order=90)
    xml_sha256: Mapped[str]
    received_at: Mapped[dt.datetime]
    phone_id: Mapped[int | None] = mapped_column(ForeignKey("phone.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    device_id: Mapped[str | None]
    answers: Mapped[dict[str, Any]] = mapped_column(deferred=True, sort_order=91)
    label: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")

    submission: Mapped[Submission] = relationship(lazy="select")
    version: Mapped[FormVersion] = relationship(lazy="select")
    person: Mapped[Person | None] = relationship(lazy="select")
    files: Mapped[list["VersionFile"]] = relationship(
        back_populates="parent", order_by="VersionFile.id"
    )


class AwaitedOriginal(Model):
    """The content that a record's oldest one was made of, and that has yet to come.

    There is one for an edit that was taken in without its original; it goes when that comes.
    """

    __tablename__ = "awaited_original"

    form_pk: Mapped[int] = mapped_column(ForeignKey("form.id"), primary_key=True)
    instance_id: Mapped[str] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), index=True)


class VersionFile(Model):
    """A file as a superseded content had it; without `sha256` it has never arrived."""

    __tablename__ = "submission_version_file"
    __table_args__ = (
        UniqueConstraint("parent_id", "name"),
        Index("ix_submission_version_file_sha256", "sha256"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int] = mapped_column(ForeignKey("submission_version.id"))
    name: Mapped[str]
    sha256: Mapped[str | None]
    size_bytes: Mapped[int | None]
    content_type: Mapped[str]
    received_at: Mapped[dt.datetime | None]
    thumb_sha256: Mapped[str | None]
    view_sha256: Mapped[str | None]

    parent: Mapped[SubmissionVersion] = relationship(back_populates="files")


class Decision(enum.Enum):
    """What a reviewer does with a record."""

    APPROVE = "approve"
    HAS_ISSUES = "has-issues"
    REJECT = "reject"
    RETURN = "return"
    TAKE_BACK = "take-back"


class SubmissionReview(Model):
    """One decision of one reviewer. Never changed, never deleted (the database refuses).

    `notes` are {'path', 'note'} about single answers of the content with this `number`; `state`
    is what the record's state was from then on.
    """

    __tablename__ = "submission_review"
    __table_args__ = (
        Index("ix_submission_review_submission", "submission_id", "id"),
        CheckConstraint("level IN (1, 2)", name="level_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    number: Mapped[int]
    level: Mapped[int]
    decision: Mapped[Decision] = mapped_column(by_value(Decision))
    state: Mapped[ReviewState] = mapped_column(by_value(ReviewState))
    reason: Mapped[str] = mapped_column(default="")
    notes: Mapped[list[Any]] = mapped_column(default=list)
    via: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    actor: Mapped[str]
    at: Mapped[dt.datetime]


class SubmissionComment(Model):
    """What somebody said of a record or of one answer (`path`). Never changed, never deleted.

    `source_id` is the form by which it came from a phone.
    """

    __tablename__ = "submission_comment"
    __table_args__ = (Index("ix_submission_comment_submission", "submission_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    number: Mapped[int]
    path: Mapped[str] = mapped_column(default="")
    body: Mapped[str]
    source_id: Mapped[int | None] = mapped_column(ForeignKey("submission.id"), unique=True)
    via: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    actor: Mapped[str]
    at: Mapped[dt.datetime]


class HeldState(enum.Enum):
    """What became of something refused or held."""

    WAITING = "waiting"
    INGESTED = "ingested"
    DISMISSED = "dismissed"


class Held(Model):
    """Something a phone sent that we would not take as a record: kept whole for the office.

    Once per content, however often the phone retries; `times` counts. `deprecated_id` is the
    instanceID that it is an edit of. What was sent from a desk has no phone, but a person, and the
    team for which they filled it.
    """

    __tablename__ = "held"
    __table_args__ = (
        UniqueConstraint("plan_id", "content_sha256"),
        Index("ix_held_plan_state", "plan_id", "state", "id"),
        Index("ix_held_plan_deprecated", "plan_id", "deprecated_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    content_sha256: Mapped[str]
    reason: Mapped[str]
    explanation: Mapped[str]
    form_id: Mapped[str | None]
    version: Mapped[str | None]
    instance_id: Mapped[str | None] = mapped_column(index=True)
    deprecated_id: Mapped[str | None]
    xml: Mapped[bytes] = mapped_column(deferred=True)
    phone_id: Mapped[int | None] = mapped_column(ForeignKey("phone.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    state: Mapped[HeldState] = mapped_column(by_value(HeldState), default=HeldState.WAITING)
    first_at: Mapped[dt.datetime]
    last_at: Mapped[dt.datetime]
    times: Mapped[int] = mapped_column(default=1)
    settled_by: Mapped[str | None]
    settled_at: Mapped[dt.datetime | None]
    submission_id: Mapped[int | None] = mapped_column(ForeignKey("submission.id"))

    phone: Mapped[Phone | None] = relationship(lazy="joined")
    person: Mapped[Person | None] = relationship(lazy="joined")
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


class Exhibit(Model):
    """A photo or sound of a record as galleries look for it: where, when, for which question.

    Everything here is told by the record and its file; it is written anew whenever they change,
    and goes with the file. `day` is the local one on which the form was begun. `located`: the
    camera wrote a position into the photo.
    """

    __tablename__ = "exhibit"
    __table_args__ = (
        Index(
            "ix_exhibit_plan",
            "plan_id",
            "file_id",
            "area",
            "hamlet_id",
            "form_pk",
            "question",
            "team_id",
            "day",
            "located",
            "kind",
        ),
        Index("ix_exhibit_hamlet", "hamlet_id", "file_id"),
        Index("ix_exhibit_submission", "submission_id"),
    )

    file_id: Mapped[int] = mapped_column(
        ForeignKey("submission_file.id", ondelete="CASCADE"), primary_key=True
    )
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    form_pk: Mapped[int] = mapped_column(ForeignKey("form.id"))
    question: Mapped[str]
    kind: Mapped[str]
    area: Mapped[str] = mapped_column(default="")
    hamlet_id: Mapped[int | None] = mapped_column(ForeignKey("hamlet.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    day: Mapped[dt.date]
    located: Mapped[bool] = mapped_column(default=False)

    file: Mapped[SubmissionFile] = relationship(lazy="joined", innerjoin=True)
    submission: Mapped[Submission] = relationship(lazy="select")
    hamlet: Mapped[Hamlet | None] = relationship(lazy="select")
