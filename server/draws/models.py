"""A draw with its frozen frame, the drawn units, and the register that nobody can rewrite."""

import datetime as dt
import enum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Model, by_value
from server.monitoring.models import Plan, Round
from server.places.models import Place


class DrawState(enum.Enum):
    """Frozen and committed in one step; then drawn; or void, with its reason, for ever."""

    COMMITTED = "committed"
    DRAWN = "drawn"
    VOID = "void"


class UnitRole(enum.Enum):
    """Chính thức, or dự phòng in the order in which they may be used."""

    MAIN = "main"
    RESERVE = "reserve"


class Draw(Model):
    """One draw: its frame as frozen, its commitment as printed, its seed as read aloud."""

    __tablename__ = "draw"
    __table_args__ = (
        Index(
            "uq_draw_live",
            "round_id",
            "purpose",
            "stage",
            "parent_code",
            unique=True,
            sqlite_where=text("state <> 'void'"),
            postgresql_where=text("state <> 'void'"),
        ),
        UniqueConstraint("plan_id", "number"),
        CheckConstraint("(state = 'committed') = (seed IS NULL) OR state = 'void'", name="seeded"),
        CheckConstraint("seeded_at IS NULL OR seeded_at > committed_at", name="seed_later"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    number: Mapped[int]
    purpose: Mapped[str]
    stage: Mapped[str]
    parent_code: Mapped[str]
    state: Mapped[DrawState] = mapped_column(by_value(DrawState))
    frame: Mapped[bytes] = mapped_column(deferred=True)
    frame_sha256: Mapped[str]
    units: Mapped[int]
    excluded: Mapped[list[Any]]
    size: Mapped[int]
    reserves: Mapped[int]
    seed_kind: Mapped[str]
    commitment: Mapped[str]
    commitment_sha256: Mapped[str] = mapped_column(unique=True)
    committed_at: Mapped[dt.datetime]
    seed: Mapped[str | None]
    seeded_at: Mapped[dt.datetime | None]
    witnesses: Mapped[list[Any]] = mapped_column(default=list)
    void_reason: Mapped[str | None]

    plan: Mapped[Plan] = relationship(lazy="select")
    round: Mapped[Round] = relationship(lazy="joined")
    drawn: Mapped[list["DrawnUnit"]] = relationship(
        back_populates="draw", order_by="DrawnUnit.rank", lazy="selectin"
    )


class DrawnUnit(Model):
    """One unit the draw chose, or an ordered reserve, with its ticket and exact probability."""

    __tablename__ = "drawn_unit"
    __table_args__ = (
        UniqueConstraint("draw_id", "rank"),
        UniqueConstraint("draw_id", "unit_code"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    draw_id: Mapped[int] = mapped_column(ForeignKey("draw.id"))
    unit_code: Mapped[str]
    place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"), index=True)
    rank: Mapped[int]
    role: Mapped[UnitRole] = mapped_column(by_value(UnitRole))
    stratum: Mapped[str] = mapped_column(default="")
    ticket: Mapped[str]
    pi_num: Mapped[int]
    pi_den: Mapped[int]

    draw: Mapped[Draw] = relationship(back_populates="drawn")
    place: Mapped[Place | None] = relationship(lazy="joined")


class RegisterEntry(Model):
    """One line of the draw register: canonical JSON, chained by hash; never changed, never gone."""

    __tablename__ = "draw_register"

    id: Mapped[int] = mapped_column(primary_key=True)
    draw_id: Mapped[int] = mapped_column(ForeignKey("draw.id"), index=True)
    kind: Mapped[str]
    entry: Mapped[str]
    at: Mapped[dt.datetime]
    prev_sha256: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[str] = mapped_column(unique=True)
