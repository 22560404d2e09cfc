"""Forms filled on a draft (bản thử): kept apart, so that no list, figure or finding meets them."""

import datetime as dt

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Model
from server.surveys.models import FormVersion


class Trial(Model):
    """One form that somebody filled to try a draft, as the phone sent it.

    `xform_md5` is that of the draft then: once it was replaced or published, the trial is set
    aside, and stays.
    """

    __tablename__ = "trial"
    __table_args__ = (UniqueConstraint("form_pk", "instance_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    form_pk: Mapped[int] = mapped_column(ForeignKey("form.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("form_version.id"), index=True)
    xform_md5: Mapped[str]
    instance_id: Mapped[str]
    xml_sha256: Mapped[str]
    device_id: Mapped[str]
    received_at: Mapped[dt.datetime]
    xml: Mapped[bytes] = mapped_column(deferred=True, sort_order=90)

    version: Mapped[FormVersion] = relationship(lazy="joined")
    files: Mapped[list["TrialFile"]] = relationship(lazy="selectin", order_by="TrialFile.id")

    @property
    def set_aside(self) -> bool:
        """Tell whether the draft that it was filled on is no longer one, or no longer the same."""
        changed = self.version.xform_md5 != self.xform_md5
        return changed or self.version.published_at is not None


class TrialFile(Model):
    """A file that came with a trial."""

    __tablename__ = "trial_file"
    __table_args__ = (UniqueConstraint("trial_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    trial_id: Mapped[int] = mapped_column(ForeignKey("trial.id"))
    name: Mapped[str]
    sha256: Mapped[str]
    size_bytes: Mapped[int]
