"""Forms of a plan, their versions, the files and lists that go with them."""

import datetime as dt
import enum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Model, by_value


class FormState(enum.Enum):
    """Open forms are listed and taken; closing ones only taken; closed ones neither."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class Form(Model):
    """A form (phiếu) of a plan. Its questions live in its versions."""

    __tablename__ = "form"
    __table_args__ = (UniqueConstraint("plan_id", "form_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    form_id: Mapped[str]
    title: Mapped[str]
    state: Mapped[FormState] = mapped_column(by_value(FormState), default=FormState.OPEN)
    current_id: Mapped[int | None] = mapped_column(
        ForeignKey("form_version.id", use_alter=True, name="fk_form_current")
    )
    created_at: Mapped[dt.datetime]
    test_token: Mapped[str | None]

    current: Mapped["FormVersion | None"] = relationship(
        foreign_keys=[current_id], post_update=True
    )
    versions: Mapped[list["FormVersion"]] = relationship(
        back_populates="form",
        foreign_keys="FormVersion.form_pk",
        order_by="FormVersion.id.desc()",
    )


class PlanKey(Model):
    """The key pair with which phones encrypt the forms of a plan (khóa mã hóa).

    `private_key` is PKCS#8 under a passphrase that is kept nowhere; see `server.cipher`. A key
    that is no longer in force stays: what was encrypted with it is opened with it.
    """

    __tablename__ = "plan_key"
    __table_args__ = (
        Index(
            "uq_plan_key_in_force",
            "plan_id",
            unique=True,
            sqlite_where=text("retired_at IS NULL"),
            postgresql_where=text("retired_at IS NULL"),
        ),
        Index("ix_plan_key_plan", "plan_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    public_key: Mapped[str]
    private_key: Mapped[str] = mapped_column(deferred=True)
    private_sha256: Mapped[str]
    lock: Mapped[str]
    hint: Mapped[str] = mapped_column(default="")
    created_at: Mapped[dt.datetime]
    created_by: Mapped[str]
    retired_at: Mapped[dt.datetime | None]


class FormVersion(Model):
    """One version of a form: the workbook as uploaded and the XForm made from it.

    Once published nothing in it changes; phones may hold it for weeks. Phones encrypt what is
    filled with the plan's key `key_id`, or with a key of the workbook's own (`own_key`), whose
    private half is not here. `allowed` names the settings that lead what is filled elsewhere and
    that somebody allowed. A draft that was set aside has `dropped_at`, and stays.
    """

    __tablename__ = "form_version"
    __table_args__ = (UniqueConstraint("form_pk", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    form_pk: Mapped[int] = mapped_column(ForeignKey("form.id"))
    version: Mapped[str]
    title: Mapped[str]
    workbook_sha256: Mapped[str]
    workbook_name: Mapped[str]
    xform: Mapped[bytes] = mapped_column(deferred=True)
    xform_md5: Mapped[str]
    fields: Mapped[list[Any]] = mapped_column(deferred=True)
    languages: Mapped[list[Any]]
    needs: Mapped[list[Any]]
    roles: Mapped[dict[str, Any]]
    rules: Mapped[list[Any]] = mapped_column(deferred=True)
    warnings: Mapped[list[Any]]
    validated: Mapped[bool]
    key_id: Mapped[int | None] = mapped_column(ForeignKey("plan_key.id"), index=True)
    own_key: Mapped[bool] = mapped_column(default=False)
    allowed: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    notes: Mapped[str] = mapped_column(default="")
    created_at: Mapped[dt.datetime]
    published_at: Mapped[dt.datetime | None]
    dropped_at: Mapped[dt.datetime | None]

    form: Mapped[Form] = relationship(back_populates="versions", foreign_keys=[form_pk])
    key: Mapped[PlanKey | None] = relationship(lazy="select")
    media: Mapped[list["FormMedia"]] = relationship(
        back_populates="version", lazy="selectin", order_by="FormMedia.name"
    )


class FormMedia(Model):
    """A file uploaded with one version: a picture, a sound, a fixed list."""

    __tablename__ = "form_media"
    __table_args__ = (UniqueConstraint("version_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("form_version.id"))
    name: Mapped[str]
    content_type: Mapped[str]
    sha256: Mapped[str]
    md5: Mapped[str]
    size_bytes: Mapped[int]

    version: Mapped[FormVersion] = relationship(back_populates="media")


class PhoneList(Model):
    """A list that the server makes for phones (visits.csv, hamlets.csv), ready to be sent.

    Made when its rows change, so that a phone's manifest request is one look-up. `team_id` is
    empty for a list that every team of the plan carries alike.
    """

    __tablename__ = "phone_list"
    __table_args__ = (
        UniqueConstraint("plan_id", "team_id", "name"),
        Index("ix_phone_list_plan_name", "plan_id", "name"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    name: Mapped[str]
    content: Mapped[bytes] = mapped_column(deferred=True)
    md5: Mapped[str]
    rows: Mapped[int]
    updated_at: Mapped[dt.datetime]
