"""Counts of visits, communes and rounds are read from indexes alone.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ASKED = sa.text("asked_due IS NOT NULL")


def upgrade() -> None:
    """Widen two indexes of findings, add one, and one of submissions."""
    op.drop_index("ix_finding_visit", "finding")
    op.create_index("ix_finding_visit", "finding", ["visit_id", "state", "plan_id", "area"])
    op.create_index(
        "ix_finding_place",
        "finding",
        ["place_id", "state", "topic", "severity", "plan_id", "area"],
    )
    op.drop_index("ix_finding_asked", "finding")
    op.create_index(
        "ix_finding_asked",
        "finding",
        ["plan_id", "asked_due", "area"],
        sqlite_where=ASKED,
        postgresql_where=ASKED,
    )
    op.create_index(
        "ix_submission_told",
        "submission",
        [
            "visit_id", "outcome", "review_state", "hamlet_id", "household_code",
            "started_at", "received_at",
        ],
    )  # fmt: skip
