"""The programme's catalogue; plan, round, visit, monitoring record."""

import datetime as dt
import enum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Model, by_value
from server.monitoring.problems import PlanClosed
from server.places.models import Place
from server.teams.models import Team


class Programme(Model):
    """A phase of the national programme, with the days between which its rules hold."""

    __tablename__ = "programme"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    valid_from: Mapped[dt.date]
    valid_to: Mapped[dt.date | None]
    source: Mapped[str]


class Project(Model):
    """A project or sub-project (dự án, tiểu dự án) of the programme."""

    __tablename__ = "project"
    __table_args__ = (UniqueConstraint("programme_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[str] = mapped_column(ForeignKey("programme.id"))
    code: Mapped[str]
    parent_code: Mapped[str | None]
    name: Mapped[str]
    name_en: Mapped[str]
    lead: Mapped[str] = mapped_column(default="")
    position: Mapped[int]


class Table(Model):
    """A monitoring table (Biểu). `official` is false while its rows are only our proposal."""

    __tablename__ = "monitoring_table"
    __table_args__ = (UniqueConstraint("programme_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[str] = mapped_column(ForeignKey("programme.id"))
    number: Mapped[str]
    title: Mapped[str]
    title_official: Mapped[bool]
    official: Mapped[bool]
    project_code: Mapped[str | None]
    filled_by: Mapped[str] = mapped_column(default="")
    rows: Mapped[list[Any]]

    @property
    def label(self) -> str:
        """Return the name people use: 'Biểu 05'."""
        return f"Biểu {self.number}"


class PovertyStandard(Model):
    """A multidimensional poverty standard (chuẩn nghèo đa chiều), income in đồng a head a month.

    `indicators` are the basic services whose lack is counted; `official` is false where the list
    could not be read and is only carried on.
    """

    __tablename__ = "poverty_standard"

    id: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[dt.date]
    valid_to: Mapped[dt.date | None]
    rural_vnd: Mapped[int]
    urban_vnd: Mapped[int]
    least_lacking: Mapped[int]
    indicators: Mapped[list[Any]]
    official: Mapped[bool]
    source: Mapped[str]


class Agency(Model):
    """What an office of a level (bộ, sở, phòng, xã) was called between two days."""

    __tablename__ = "agency"
    __table_args__ = (UniqueConstraint("code", "valid_from"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    level: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str] = mapped_column(default="")
    valid_from: Mapped[dt.date]
    valid_to: Mapped[dt.date | None]
    official: Mapped[bool]
    source: Mapped[str] = mapped_column(default="")


class PlanState(enum.Enum):
    """Open plans take submissions; closed ones are only read."""

    OPEN = "open"
    CLOSED = "closed"


class Plan(Model):
    """A monitoring plan (kế hoạch giám sát) of one area, under one edition of the code list.

    `parent` names the plan it carries out as papers do; `parent_id` is that plan when it is here.
    """

    __tablename__ = "plan"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    number: Mapped[str] = mapped_column(default="")
    agency: Mapped[str] = mapped_column(default="")
    programme_id: Mapped[str] = mapped_column(ForeignKey("programme.id"))
    edition_id: Mapped[str] = mapped_column(ForeignKey("edition.id"))
    area: Mapped[str] = mapped_column(index=True)
    parent: Mapped[str] = mapped_column(default="")
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"), index=True)
    legal_bases: Mapped[list[Any]] = mapped_column(default=list)
    starts_on: Mapped[dt.date | None]
    ends_on: Mapped[dt.date | None]
    state: Mapped[PlanState] = mapped_column(by_value(PlanState), default=PlanState.OPEN)
    accept_bytes: Mapped[int] = mapped_column(default=10_000_000)
    created_at: Mapped[dt.datetime]

    programme: Mapped[Programme] = relationship(lazy="joined")
    rounds: Mapped[list["Round"]] = relationship(back_populates="plan", order_by="Round.id")
    above: Mapped["Plan | None"] = relationship(remote_side=[id])

    def must_be_open(self) -> None:
        """Refuse to change what belongs to a closed plan.

        Raises:
            PlanClosed: it is only read.
        """
        if self.state is PlanState.CLOSED:
            raise PlanClosed()


class RoundKind(enum.Enum):
    """Định kỳ, or đột xuất: the second is not announced to the visited unit."""

    PERIODIC = "periodic"
    UNANNOUNCED = "unannounced"


class Method(enum.Enum):
    """Trực tiếp tại cơ sở, or gián tiếp qua báo cáo."""

    DIRECT = "direct"
    INDIRECT = "indirect"


class Purpose(enum.Enum):
    """Giám sát, or one of the kinds of evaluation (đánh giá)."""

    MONITORING = "monitoring"
    EVALUATION_START = "evaluation-start"
    EVALUATION_MIDTERM = "evaluation-midterm"
    EVALUATION_END = "evaluation-end"
    EVALUATION_YEARLY = "evaluation-yearly"
    EVALUATION_AD_HOC = "evaluation-ad-hoc"


class About(enum.Enum):
    """What a round looks at: the programme, or the yearly review of poor households (rà soát)."""

    PROGRAMME = "programme"
    REVIEW = "review"


class Round(Model):
    """A round (đợt giám sát) of a plan. `params` are the thresholds its rules use.

    `team_size` is how many members the plan names for a team, None where it says nothing.
    """

    __tablename__ = "round"
    __table_args__ = (UniqueConstraint("plan_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[RoundKind] = mapped_column(by_value(RoundKind), default=RoundKind.PERIODIC)
    method: Mapped[Method] = mapped_column(by_value(Method), default=Method.DIRECT)
    purpose: Mapped[Purpose] = mapped_column(by_value(Purpose), default=Purpose.MONITORING)
    about: Mapped[About] = mapped_column(by_value(About), default=About.PROGRAMME)
    team_size: Mapped[int | None]
    starts_on: Mapped[dt.date | None]
    ends_on: Mapped[dt.date | None]
    params: Mapped[dict[str, Any]] = mapped_column(default=dict)

    plan: Mapped[Plan] = relationship(back_populates="rounds")
    visits: Mapped[list["Visit"]] = relationship(back_populates="round", order_by="Visit.id")


class VisitState(enum.Enum):
    """How far a visit has come."""

    PLANNED = "planned"
    UNDER_WAY = "under-way"
    DONE = "done"
    CANCELLED = "cancelled"


class Origin(enum.Enum):
    """How a unit came to be visited: by the draw, or named on purpose (chỉ định)."""

    DRAWN = "drawn"
    PURPOSIVE = "purposive"


NOT_YET = dt.date.max
"""The day on which what is sealed may be known."""


class Visit(Model):
    """A team's visit to one commune in one round; it keeps the unit as it then was.

    `stop` is its place in the team's order of travel, from 1; 0 where there is none. `shown_on` is
    the day from which others than those who prepare the plan may know of it, and phones carry it:
    the day of the draw that chose it, or `NOT_YET` while that is sealed; None: at once.
    """

    __tablename__ = "visit"
    __table_args__ = (
        UniqueConstraint("round_id", "place_id"),
        UniqueConstraint("plan_id", "code"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ends_after_start"),
        Index("ix_visit_plan_area", "plan_id", "area"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"), index=True)
    area: Mapped[str]
    code: Mapped[str]
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"), index=True)
    origin: Mapped[Origin] = mapped_column(by_value(Origin), default=Origin.DRAWN)
    state: Mapped[VisitState] = mapped_column(by_value(VisitState), default=VisitState.PLANNED)
    starts_on: Mapped[dt.date | None]
    ends_on: Mapped[dt.date | None]
    notice_sent_on: Mapped[dt.date | None]
    notice_no: Mapped[str] = mapped_column(default="")
    decision_no: Mapped[str] = mapped_column(default="")
    stop: Mapped[int] = mapped_column(default=0)
    shown_on: Mapped[dt.date | None]

    round: Mapped[Round] = relationship(back_populates="visits")
    place: Mapped[Place] = relationship(lazy="joined")
    team: Mapped[Team | None] = relationship(lazy="joined")
    record: Mapped["Record"] = relationship(back_populates="visit", lazy="joined")


class VisitHamlet(Model):
    """A hamlet drawn for a visit. A visit that has any goes to these and to no others.

    Its team and its phones learn of it on `shown_on`, or at once when there is no such day.
    """

    __tablename__ = "visit_hamlet"

    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    hamlet_id: Mapped[int] = mapped_column(ForeignKey("hamlet.id"), primary_key=True, index=True)
    rank: Mapped[int]
    shown_on: Mapped[dt.date | None]


class Record(Model):
    """The monitoring record (hồ sơ giám sát) of one visit: what everything found is tied to."""

    __tablename__ = "monitoring_record"

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), unique=True)
    number: Mapped[str] = mapped_column(unique=True)
    opened_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]
    summary: Mapped[str] = mapped_column(default="")

    visit: Mapped[Visit] = relationship(back_populates="record")

    @property
    def plan(self) -> Plan:
        """Return the plan that the record's visit belongs to."""
        return self.visit.round.plan
