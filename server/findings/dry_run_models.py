"""Dry runs: what the rules of a version would say of the records that its form has."""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Model


class DryRun(Model):
    """One pass over all records of a form, from the first to `last_id`, `after_id` being done.

    `rules_sha256` is of the rules and questions that were tried: a draft uploaded again is another
    one. `tallies` holds, by rule, how many records it would newly fire on, no longer, or as before,
    each with the ids of some.
    """

    __tablename__ = "finding_dry_run"
    __table_args__ = (
        Index("ix_finding_dry_run_version", "version_id", "id"),
        Index(
            "ix_finding_dry_run_unfinished",
            "id",
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("form_version.id"))
    rules_sha256: Mapped[str]
    last_id: Mapped[int] = mapped_column(default=0)
    after_id: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    tallies: Mapped[dict[str, Any]] = mapped_column(default=dict)
    started_at: Mapped[dt.datetime]
    started_by: Mapped[str]
    finished_at: Mapped[dt.datetime | None]
    error: Mapped[str] = mapped_column(default="")
