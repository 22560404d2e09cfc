"""What a monitoring record holds of its own: documents, working sessions, values of the tables."""

import datetime as dt
import enum
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Exact, Model, by_value
from server.monitoring.models import Record


class DocumentState(enum.Enum):
    """What became of a document that the unit was asked for; the words of the phones' forms."""

    ASKED = "asked"
    FULL = "full"
    PARTLY = "partly"
    LATE = "late"
    NONE = "none"
    NA = "na"


class Document(Model):
    """A line of a record's checklist (hồ sơ, tài liệu): one the list names, or one asked for later.

    `due_on` is the last day for what the team asks for on the spot.
    """

    __tablename__ = "document"
    __table_args__ = (UniqueConstraint("record_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("monitoring_record.id"))
    code: Mapped[str]
    title: Mapped[str]
    title_en: Mapped[str] = mapped_column(default="")
    state: Mapped[DocumentState] = mapped_column(
        by_value(DocumentState), default=DocumentState.ASKED
    )
    number: Mapped[str] = mapped_column(default="")
    dated_on: Mapped[dt.date | None]
    due_on: Mapped[dt.date | None]
    note: Mapped[str] = mapped_column(default="")

    record: Mapped[Record] = relationship()
    files: Mapped[list["DocumentFile"]] = relationship(
        back_populates="document", lazy="selectin", order_by="DocumentFile.id"
    )


class DocumentFile(Model):
    """A scan or file of a document, kept under the hash of its bytes."""

    __tablename__ = "document_file"
    __table_args__ = (UniqueConstraint("document_id", "sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    name: Mapped[str]
    sha256: Mapped[str] = mapped_column(index=True)
    size_bytes: Mapped[int]
    content_type: Mapped[str]
    added_at: Mapped[dt.datetime]
    added_by: Mapped[str]

    document: Mapped[Document] = relationship(back_populates="files")


class WorkingSession(Model):
    """A working session (buổi làm việc) with the unit: when, where, who, what was said."""

    __tablename__ = "working_session"
    __table_args__ = (
        CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name="ends_after_start"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("monitoring_record.id"), index=True)
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime | None]
    place: Mapped[str]
    content: Mapped[str] = mapped_column(default="")
    conclusions: Mapped[str] = mapped_column(default="")

    record: Mapped[Record] = relationship()
    participants: Mapped[list["Participant"]] = relationship(
        back_populates="session",
        lazy="selectin",
        order_by="Participant.position",
        cascade="all, delete-orphan",
    )


class Participant(Model):
    """Who took part in a working session, with their post and agency."""

    __tablename__ = "participant"

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("working_session.id"), index=True)
    position: Mapped[int]
    name: Mapped[str]
    post: Mapped[str] = mapped_column(default="")
    agency: Mapped[str] = mapped_column(default="")

    session: Mapped[WorkingSession] = relationship(back_populates="participants")


class VisitVerdict(enum.Enum):
    """What a reviewer said of a value seen in the field."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class RecordValue(Model):
    """A row of a table (Biểu) at one visit: what the commune reported beside what was seen."""

    __tablename__ = "record_value"
    __table_args__ = (UniqueConstraint("record_id", "table_number", "row_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("monitoring_record.id"))
    table_number: Mapped[str]
    row_key: Mapped[str]
    unit: Mapped[str] = mapped_column(default="")
    reported: Mapped[Decimal | None] = mapped_column(Exact)
    reported_source: Mapped[str] = mapped_column(default="")
    seen: Mapped[Decimal | None] = mapped_column(Exact)
    verdict: Mapped[VisitVerdict] = mapped_column(by_value(VisitVerdict), default=VisitVerdict.OPEN)
    judged_by: Mapped[str | None]
    judged_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    judged_at: Mapped[dt.datetime | None]
    note: Mapped[str] = mapped_column(default="")

    sources: Mapped[list["ValueSource"]] = relationship(
        lazy="selectin", order_by="ValueSource.id", cascade="all, delete-orphan"
    )

    @property
    def factor(self) -> Fraction | None:
        """Return verified ÷ reported, exact; None while either is missing or nothing reported.

        Only an accepted value is verified.
        """
        if self.verdict is not VisitVerdict.ACCEPTED or self.seen is None or not self.reported:
            return None
        return Fraction(self.seen) / Fraction(self.reported)


class ValueSource(Model):
    """Which answer of which submission a seen value is made of; several are added up."""

    __tablename__ = "record_value_source"
    __table_args__ = (UniqueConstraint("value_id", "submission_id", "question"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    value_id: Mapped[int] = mapped_column(ForeignKey("record_value.id"))
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), index=True)
    question: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(Exact)
