"""Phones sign in by password and have settings; drafts are tried; who holds which form."""

import sqlalchemy as sa
from alembic import op

import server.db

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


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
    op.add_column("form", sa.Column("test_token", sa.String(), nullable=True))
    op.create_table(
        "trial",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("form_pk", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("xform_md5", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.Column("xml_sha256", sa.String(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("received_at", server.db.Instant(timezone=True), nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["form_pk"], ["form.id"], name="fk_trial_form_pk_form"),
        sa.ForeignKeyConstraint(
            ["version_id"], ["form_version.id"], name="fk_trial_version_id_form_version"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_trial"),
        sa.UniqueConstraint("form_pk", "instance_id", name="uq_trial_form_pk_instance_id"),
    )
    op.create_index("ix_trial_version_id", "trial", ["version_id"])
    op.create_table(
        "trial_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("trial_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["trial_id"], ["trial.id"], name="fk_trial_file_trial_id_trial"),
        sa.PrimaryKeyConstraint("id", name="pk_trial_file"),
        sa.UniqueConstraint("trial_id", "name", name="uq_trial_file_trial_id_name"),
    )
