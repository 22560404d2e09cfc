"""Lines of the journal are found by who wrote them and on which day."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the two indexes."""
    op.create_index("ix_journal_person", "journal", ["person_id", "id"])
    op.create_index("ix_journal_at", "journal", ["at", "id"])
