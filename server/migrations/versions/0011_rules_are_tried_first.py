"""Dry runs of rules; units ask for more time; what is held knows who sent it from a desk."""

import sqlalchemy as sa
from alembic import op

import server.db

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None

# The journal knows who sent what is held already.
_SENDERS = """
UPDATE held SET person_id = (
  SELECT max(journal.person_id) FROM journal
  WHERE journal.subject = 'held' AND journal.subject_id = CAST(held.id AS TEXT)
    AND journal.verb = 'submission.held'
)
"""


def upgrade() -> None:
    """Make the table, the columns and their indexes."""
    op.create_table(
        "finding_dry_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("rules_sha256", sa.String(), nullable=False),
        sa.Column("last_id", sa.Integer(), nullable=False),
        sa.Column("after_id", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("tallies", server.db.Json, nullable=False),
        sa.Column("started_at", server.db.Instant(timezone=True), nullable=False),
        sa.Column("started_by", sa.String(), nullable=False),
        sa.Column("finished_at", server.db.Instant(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_finding_dry_run"),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["form_version.id"],
            name="fk_finding_dry_run_version_id_form_version",
        ),
    )
    op.create_index("ix_finding_dry_run_version", "finding_dry_run", ["version_id", "id"])
    unfinished = sa.text("finished_at IS NULL")
    op.create_index(
        "ix_finding_dry_run_unfinished",
        "finding_dry_run",
        ["id"],
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
    op.add_column("finding", sa.Column("asked_due", sa.Date(), nullable=True))
    op.add_column("finding_step", sa.Column("asked_due", sa.Date(), nullable=True))
    asks = sa.text("asked_due IS NOT NULL")
    op.create_index(
        "ix_finding_asked", "finding", ["asked_due"], sqlite_where=asks, postgresql_where=asks
    )
    # Written out, because SQLite takes a foreign key with a new column only in this form.
    for table in ("person", "team"):
        op.execute(
            f"ALTER TABLE held ADD COLUMN {table}_id INTEGER "
            f"CONSTRAINT fk_held_{table}_id_{table} REFERENCES {table} (id)"
        )
    op.execute(_SENDERS)
