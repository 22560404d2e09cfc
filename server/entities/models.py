"""Households of the sample, as phones know them: a code and initials, no name."""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Model
from server.places.models import Hamlet


class Household(Model):
    """A household (hộ) that a team is to visit; `label` is its code and initials only."""

    __tablename__ = "household"
    __table_args__ = (UniqueConstraint("plan_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    hamlet_id: Mapped[int] = mapped_column(ForeignKey("hamlet.id"), index=True)
    code: Mapped[str]
    label: Mapped[str]
    reserve: Mapped[bool] = mapped_column(default=False)
    rank: Mapped[int] = mapped_column(default=0)

    hamlet: Mapped[Hamlet] = relationship(lazy="joined")
