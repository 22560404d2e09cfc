"""Keys of plans for encrypted forms, and what was inside forms that were decrypted."""

import sqlalchemy as sa
from alembic import op

import server.db
from server.migrations import guards

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables, and let a version of a form name its key."""
    op.create_table(
        "plan_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("private_key", sa.String(), nullable=False),
        sa.Column("private_sha256", sa.String(), nullable=False),
        sa.Column("lock", sa.String(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("created_at", server.db.Instant(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("retired_at", server.db.Instant(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="fk_plan_key_plan_id_plan"),
        sa.PrimaryKeyConstraint("id", name="pk_plan_key"),
    )
    in_force = sa.text("retired_at IS NULL")
    op.create_index(
        "uq_plan_key_in_force",
        "plan_key",
        ["plan_id"],
        unique=True,
        sqlite_where=in_force,
        postgresql_where=in_force,
    )
    op.create_index("ix_plan_key_plan", "plan_key", ["plan_id", "id"])
    op.create_table(
        "submission_opened",
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.Column("xml_sha256", sa.String(), nullable=False),
        sa.Column("opened_at", server.db.Instant(timezone=True), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.id"],
            name="fk_submission_opened_submission_id_submission",
        ),
        sa.PrimaryKeyConstraint("submission_id", "number", name="pk_submission_opened"),
    )
    # Written out, because SQLite takes a foreign key with a new column only in this form.
    op.execute(
        "ALTER TABLE form_version ADD COLUMN key_id INTEGER "
        "CONSTRAINT fk_form_version_key_id_plan_key REFERENCES plan_key (id)"
    )
    op.add_column(
        "form_version",
        sa.Column("own_key", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_index("ix_form_version_key_id", "form_version", ["key_id"])
    published = "OLD.published_at IS NOT NULL"
    guards.frozen("form_version", ["key_id", "own_key"], published, "keyed")
    guards.frozen("plan_key", ["plan_id", "public_key", "private_key", "private_sha256", "lock"])
    guards.refuse("plan_key", "DELETE")
    guards.append_only("submission_opened")
