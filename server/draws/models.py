"""A draw with its frozen frame, the drawn units, replacements, and the register nobody rewrites."""

import datetime as dt
import enum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Model, by_value
from server.monitoring.models import Plan, Round
from server.places.models import Place


class DrawState(enum.Enum):
    """Frozen and committed in one step; then drawn; or void, with its reason, for ever.

    A long list is drawn by the worker: between its seed and its result it is drawing.
    """

    COMMITTED = "committed"
    DRAWING = "drawing"
    DRAWN = "drawn"
    VOID = "void"


class UnitRole(enum.Enum):
    """Chính thức, or dự phòng in the order in which they may be used; so large as to be certain."""

    CERTAIN = "certainty"
    MAIN = "main"
    RESERVE = "reserve"


class Draw(Model):
    """One draw: its frame as frozen, its commitment as printed, its seed as read aloud.

    `stage` is 'xã', 'thôn' or 'hộ', and `parent_code` the unit within which it draws: a district
    named on purpose, a drawn commune, a drawn hamlet; `parent_id` is the draw that drew it.
    Before `disclose_on` only those who draw see the result, and of a sealed one until it is
    opened; `disclosed_at` is when the phones' lists were made with it.
    """

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
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("draw.id"), index=True)
    sealed: Mapped[bool] = mapped_column(default=False)
    opened_at: Mapped[dt.datetime | None]
    disclose_on: Mapped[dt.date | None]
    disclosed_at: Mapped[dt.datetime | None]
    progress: Mapped[int] = mapped_column(default=0)

    plan: Mapped[Plan] = relationship(lazy="select")
    round: Mapped[Round] = relationship(lazy="joined")
    above: Mapped["Draw | None"] = relationship(remote_side=id, lazy="select")
    drawn: Mapped[list["DrawnUnit"]] = relationship(
        back_populates="draw", order_by="DrawnUnit.rank", lazy="selectin"
    )

    @property
    def closed(self) -> bool:
        """Whether only the hashes are known: it is sealed, and nobody has opened it."""
        return self.sealed and self.opened_at is None and self.state is not DrawState.VOID

    def shown(self, on: dt.date) -> bool:
        """Tell whether others than those who draw may see the result that day.

        What was drawn within a unit waits for the draw of that unit, for it would tell of it.
        """
        own = not self.closed and (self.disclose_on is None or self.disclose_on <= on)
        return own and (self.above is None or self.above.shown(on))


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
    hamlet_id: Mapped[int | None] = mapped_column(ForeignKey("hamlet.id"), index=True)
    rank: Mapped[int]
    role: Mapped[UnitRole] = mapped_column(by_value(UnitRole))
    stratum: Mapped[str] = mapped_column(default="")
    ticket: Mapped[str]
    pi_num: Mapped[int]
    pi_den: Mapped[int]

    draw: Mapped[Draw] = relationship(back_populates="drawn")
    place: Mapped[Place | None] = relationship(lazy="joined")


class PrivateFrame(Model):
    """Names and addresses behind the codes of a list of households, for those who visit them.

    The first line holds a salt, so that the hash in the commitment tells nobody who is listed.
    Only erasing is allowed: the hash stays in the commitment.
    """

    __tablename__ = "draw_private_frame"

    draw_id: Mapped[int] = mapped_column(ForeignKey("draw.id"), primary_key=True)
    content: Mapped[bytes | None] = mapped_column(deferred=True)
    sha256: Mapped[str]


class Why(enum.Enum):
    """Why a drawn unit cannot be visited; nothing else lets a reserve take its place."""

    REFUSED = "refused"
    ABSENT = "absent"
    MOVED = "moved"
    NOT_LISTED = "not-listed"
    UNSAFE = "unsafe"


class ReplacementState(enum.Enum):
    """Asked for by a team; then approved, which releases the next reserve, or turned down."""

    ASKED = "asked"
    APPROVED = "approved"
    DECLINED = "declined"


class Replacement(Model):
    """A drawn unit that could not be visited, the proof, and the reserve that was released.

    `evidence` lists the attempts: {'at': instant, 'submission': number or 0}. `position` counts
    the draw's releases from 1. Once decided, a replacement is never changed.
    """

    __tablename__ = "replacement"
    __table_args__ = (
        UniqueConstraint("draw_id", "position"),
        UniqueConstraint("draw_id", "released_code"),
        Index(
            "uq_replacement_unit",
            "draw_id",
            "unit_code",
            unique=True,
            sqlite_where=text("state <> 'declined'"),
            postgresql_where=text("state <> 'declined'"),
        ),
        CheckConstraint("(state = 'approved') = (released_code IS NOT NULL)", name="released"),
        CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    draw_id: Mapped[int] = mapped_column(ForeignKey("draw.id"))
    unit_code: Mapped[str]
    reason: Mapped[Why] = mapped_column(by_value(Why))
    note: Mapped[str] = mapped_column(default="")
    evidence: Mapped[list[Any]] = mapped_column(default=list)
    asked_by: Mapped[str]
    asked_by_id: Mapped[int | None]
    asked_at: Mapped[dt.datetime]
    state: Mapped[ReplacementState] = mapped_column(by_value(ReplacementState))
    decided_by: Mapped[str | None]
    decided_at: Mapped[dt.datetime | None]
    position: Mapped[int | None]
    released_code: Mapped[str | None]

    draw: Mapped[Draw] = relationship(lazy="joined", innerjoin=True)


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
