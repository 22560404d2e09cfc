"""Lists of rows that phones carry, every version of every row, and what forms asked of them."""

import datetime as dt
import enum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Model, by_value
from server.places.models import Hamlet
from server.teams.models import Person, Team


class Household(Model):
    """A household (hộ) that a team is to visit; `label` is its code and initials only.

    `in_use` is false for a reserve that was not released, and for a household that was replaced
    or whose draw was voided: phones do not carry those, nor any before the day `shown_on`.
    """

    __tablename__ = "household"
    __table_args__ = (UniqueConstraint("plan_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    hamlet_id: Mapped[int] = mapped_column(ForeignKey("hamlet.id"), index=True)
    code: Mapped[str]
    label: Mapped[str]
    reserve: Mapped[bool] = mapped_column(default=False)
    rank: Mapped[int] = mapped_column(default=0)
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"), index=True)
    in_use: Mapped[bool] = mapped_column(default=True)
    shown_on: Mapped[dt.date | None]

    hamlet: Mapped[Hamlet] = relationship(lazy="joined")


class Delivery(enum.Enum):
    """Whose phones carry a row: everybody's, its team's, its owner's, or those sent to its area."""

    ALL = "all"
    TEAM = "team"
    OWNER = "owner"
    AREA = "area"


class Conflict(enum.Enum):
    """What a change met: nothing, a change of something else, or another change of the same."""

    NONE = "none"
    SOFT = "soft"
    HARD = "hard"

    @property
    def rank(self) -> int:
        """Return how grave it is; a graver one is never forgotten for a lighter one."""
        return [Conflict.NONE, Conflict.SOFT, Conflict.HARD].index(self)


class EntityList(Model):
    """A list (danh sách) of a plan. Its name is the file that forms ask for, without '.csv'.

    `revision` grows with every change of any row, under a lock that makes writers of one list
    take turns; `shape_revision` is the one at which columns or rules of delivery last changed.
    `area_property` names the property whose place or hamlet code says where a row lies.
    `filters` are {'property', 'values'}: phones carry only rows that have one of the values.
    """

    __tablename__ = "entity_list"
    __table_args__ = (UniqueConstraint("plan_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    name: Mapped[str]
    title: Mapped[str]
    delivery: Mapped[Delivery] = mapped_column(by_value(Delivery), default=Delivery.ALL)
    approval_required: Mapped[bool] = mapped_column(default=False)
    area_property: Mapped[str] = mapped_column(default="")
    filters: Mapped[list[Any]] = mapped_column(default=list)
    revision: Mapped[int] = mapped_column(default=0)
    shape_revision: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime]

    properties: Mapped[list["EntityProperty"]] = relationship(
        back_populates="parent", lazy="selectin", order_by="EntityProperty.id"
    )


class EntityProperty(Model):
    """A column of a list, beside `name` and `label`."""

    __tablename__ = "entity_property"
    __table_args__ = (UniqueConstraint("list_id", "folded"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("entity_list.id"))
    name: Mapped[str]
    folded: Mapped[str]
    created_at: Mapped[dt.datetime]

    parent: Mapped[EntityList] = relationship(back_populates="properties")


class Entity(Model):
    """A row of a list as it stands now: its newest version, and whose it is.

    `conflict` is the gravest one that nobody has settled yet.
    """

    __tablename__ = "entity"
    __table_args__ = (
        UniqueConstraint("list_id", "uuid"),
        Index("ix_entity_list", "list_id", "id"),
        Index("ix_entity_list_team", "list_id", "team_id", "id"),
        Index("ix_entity_list_owner", "list_id", "owner_id", "id"),
        Index("ix_entity_list_area", "list_id", "area", "id"),
        Index("ix_entity_list_conflict", "list_id", "conflict", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("entity_list.id"))
    uuid: Mapped[str]
    label: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    folded: Mapped[str] = mapped_column(default="", deferred=True)
    conflict: Mapped[Conflict] = mapped_column(by_value(Conflict), default=Conflict.NONE)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    area: Mapped[str] = mapped_column(default="")
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime | None]
    deleted_at: Mapped[dt.datetime | None]

    parent: Mapped[EntityList] = relationship(lazy="select")
    team: Mapped[Team | None] = relationship(lazy="select")
    owner: Mapped[Person | None] = relationship(lazy="select")


class EntityVersion(Model):
    """One version of a row; never changed afterwards (the database refuses).

    `label` and `data` are the whole row after the change, `received` what the change brought
    (with 'label' among it). `base_version` is the version of ours it was made against. The
    branch is a phone's own numbering while offline: the version it left us with (`trunk_version`)
    and the one it stood at before this change (`branch_base_version`).
    """

    __tablename__ = "entity_version"
    __table_args__ = (
        UniqueConstraint("entity_id", "version"),
        Index("ix_entity_version_branch", "entity_id", "branch_id", "branch_base_version"),
        Index("ix_entity_version_submission", "submission_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entity_id: Mapped[int] = mapped_column(ForeignKey("entity.id"))
    version: Mapped[int]
    label: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    received: Mapped[dict[str, Any]] = mapped_column(default=dict)
    base_version: Mapped[int | None]
    branch_id: Mapped[str | None]
    trunk_version: Mapped[int | None]
    branch_base_version: Mapped[int | None]
    conflict: Mapped[Conflict] = mapped_column(by_value(Conflict), default=Conflict.NONE)
    conflicting: Mapped[list[Any]] = mapped_column(default=list)
    forced: Mapped[bool] = mapped_column(default=False)
    submission_id: Mapped[int | None] = mapped_column(ForeignKey("submission.id"))
    via: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    actor: Mapped[str] = mapped_column(default="")
    agent: Mapped[str] = mapped_column(default="")
    created_at: Mapped[dt.datetime]

    entity: Mapped[Entity] = relationship(lazy="select")


class RequestState(enum.Enum):
    """What became of a form's request.

    Held waits for the change before it; awaiting, for the form's approval; failed, for the office.
    Replaced: an edited form asks instead.
    """

    APPLIED = "applied"
    HELD = "held"
    AWAITING = "awaiting"
    FAILED = "failed"
    DISMISSED = "dismissed"
    REPLACED = "replaced"


class EntityRequest(Model):
    """What one filled form asks of one row. Each is taken once, however often the form comes."""

    __tablename__ = "entity_request"
    __table_args__ = (
        UniqueConstraint("plan_id", "instance_id", "position"),
        Index("ix_entity_request_plan_state", "plan_id", "state", "id"),
        Index("ix_entity_request_row", "plan_id", "dataset", "uuid"),
        Index("ix_entity_request_state_at", "state", "received_at"),
        Index("ix_entity_request_replaces", "plan_id", "replaces"),
        CheckConstraint("position >= 0", name="position_counts"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), index=True)
    instance_id: Mapped[str]
    position: Mapped[int]
    replaces: Mapped[str] = mapped_column(default="")
    dataset: Mapped[str]
    uuid: Mapped[str]
    creates: Mapped[bool]
    updates: Mapped[bool]
    label: Mapped[str]
    data: Mapped[dict[str, Any]]
    base_version: Mapped[int | None]
    trunk_version: Mapped[int | None]
    branch_id: Mapped[str] = mapped_column(default="")
    approved: Mapped[bool] = mapped_column(default=False)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    actor: Mapped[str] = mapped_column(default="")
    agent: Mapped[str] = mapped_column(default="")
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    area: Mapped[str] = mapped_column(default="")
    received_at: Mapped[dt.datetime]
    state: Mapped[RequestState] = mapped_column(by_value(RequestState))
    problem: Mapped[str] = mapped_column(default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    settled_at: Mapped[dt.datetime | None]
    settled_by: Mapped[str] = mapped_column(default="")
    version_id: Mapped[int | None] = mapped_column(ForeignKey("entity_version.id"))

    version: Mapped[EntityVersion | None] = relationship(lazy="select")


class EntityStamp(Model):
    """The revision at which a part of a list (a team's, an owner's, an area's) last changed."""

    __tablename__ = "entity_stamp"

    list_id: Mapped[int] = mapped_column(ForeignKey("entity_list.id"), primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int]


class EntityCopy(Model):
    """A part of a list as phones get it, made once: gzip of the CSV, and the CSV's own hash."""

    __tablename__ = "entity_copy"
    __table_args__ = (
        UniqueConstraint("list_id", "scope", "md5"),
        Index("ix_entity_copy_scope", "list_id", "scope", "revision"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("entity_list.id"))
    scope: Mapped[str]
    revision: Mapped[int]
    content: Mapped[bytes] = mapped_column(deferred=True)
    md5: Mapped[str]
    rows: Mapped[int]
    made_at: Mapped[dt.datetime]
