"""How far visits have come, kept as counts: `server.submissions.progress` makes and reads them.

Nothing here is an original: all of it can be counted anew from households and records.
"""

import datetime as dt

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.db import BigId, Model, by_value
from server.submissions.models import Outcome


class VisitProgress(Model):
    """Counts of one visit that share a hamlet, a day of showing and an outcome.

    `households` are those in use, by the last word on each: without `outcome` no form tells of
    them yet. `forms` are the attempts that forms tell of, by the form's own hamlet and outcome;
    `unnamed` of them name no household.
    """

    __tablename__ = "visit_progress"

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    hamlet_id: Mapped[int | None] = mapped_column(ForeignKey("hamlet.id"))
    shown_on: Mapped[dt.date | None]
    outcome: Mapped[Outcome | None] = mapped_column(by_value(Outcome))
    households: Mapped[int]
    forms: Mapped[int]
    unnamed: Mapped[int]


class VisitProgressDue(Model):
    """A change after which a visit must be counted anew. Triggers write it (migration 0017).

    One for every change: one row for many could be taken away by a count that began before the
    newest of them was committed.
    """

    __tablename__ = "visit_progress_due"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
