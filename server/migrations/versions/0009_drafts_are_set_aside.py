"""A draft that nobody wants any more is set aside, and stays with what was tried on it."""

import sqlalchemy as sa
from alembic import op

import server.db

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the column."""
    op.add_column(
        "form_version", sa.Column("dropped_at", server.db.Instant(timezone=True), nullable=True)
    )
