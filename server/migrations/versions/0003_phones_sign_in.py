"""Phones sign in by password and have settings; drafts are tried; who holds which form."""

import sqlalchemy as sa
from alembic import op

import server.db

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TRIAL_KEYS = {"plan_id": "plan", "form_pk": "form", "version_id": "form_version"}


def upgrade() -> None:
    """Add the columns and make the tables; phones issued before keep their token alone."""
    for name in ("username", "ha1_md5", "ha1_sha256"):
        op.add_column("phone", sa.Column(name, sa.String(), nullable=True))
    op.add_column(
        "phone", sa.Column("commune", sa.String(), nullable=False, server_default=sa.text("''"))
    )
    op.create_index("uq_phone_username", "phone", ["username"], unique=True)
    op.create_table(
        "digest_nonce",
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", server.db.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("nonce", name="pk_digest_nonce"),
    )
    op.create_index("ix_digest_nonce_expires_at", "digest_nonce", ["expires_at"])
    op.create_table(
        "phone_settings",
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("by_password", sa.Boolean(), nullable=False),
        sa.Column("chosen", server.db.Json, nullable=False),
        sa.Column("changed_at", server.db.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="fk_phone_settings_plan_id_plan"),
        sa.PrimaryKeyConstraint("plan_id", name="pk_phone_settings"),
    )
