"""What the checks of one record said, when they were last made."""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Model


class VisitCheck(Model):
    """The checks of one record, as `checks.Check.to_json`; their sum is `Submission.verdict`."""

    __tablename__ = "visit_check"

    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    judged_at: Mapped[dt.datetime]
    checks: Mapped[list[Any]]
