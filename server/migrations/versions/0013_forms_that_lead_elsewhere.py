"""Forms that lead elsewhere were allowed to; what phones fetched; originals that are awaited."""

import sqlalchemy as sa
from alembic import op

import server.db
from server.migrations import guards

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the column and the tables."""
    op.add_column(
        "form_version", sa.Column("allowed", server.db.Json, nullable=False, server_default="[]")
    )
    guards.frozen("form_version", ["allowed"], "OLD.published_at IS NOT NULL", "allowed")
    op.create_table(
        "phone_fetch",
        sa.Column("phone_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("at", server.db.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name="fk_phone_fetch_phone_id_phone"),
        sa.PrimaryKeyConstraint("phone_id", "kind", "name", name="pk_phone_fetch"),
    )
    op.create_table(
        "awaited_original",
        sa.Column("form_pk", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["form_pk"], ["form.id"], name="fk_awaited_original_form_pk_form"),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.id"],
            name="fk_awaited_original_submission_id_submission",
        ),
        sa.PrimaryKeyConstraint("form_pk", "instance_id", name="pk_awaited_original"),
    )
    op.create_index("ix_awaited_original_submission_id", "awaited_original", ["submission_id"])
