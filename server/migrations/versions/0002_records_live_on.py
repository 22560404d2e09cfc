"""Records live on: their contents before an edit, reviews, comments; findings that lapse."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import server.db
from server.migrations import guards

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
CONTENT = ["xml", "xml_sha256", "instance_id"]
OF_A_VERSION = [
    "submission_id", "number", "form_pk", "version_id", "instance_id", "deprecated_id", "xml",
    "xml_sha256", "received_at", "person_id", "phone_id", "answers",
]  # fmt: skip


def upgrade() -> None:
    """Add the tables, and let a record's content change only with its number."""
    op.create_table(
        "submission_comment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", server.db.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_submission_comment_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.id"],
            name=op.f("fk_submission_comment_submission_id_submission"),
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["submission.id"],
            name=op.f("fk_submission_comment_source_id_submission"),
        ),
        sa.UniqueConstraint("source_id", name=op.f("uq_submission_comment_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_comment")),
    )
    with op.batch_alter_table("submission_comment", schema=None) as batch_op:
        batch_op.create_index(
            "ix_submission_comment_submission", ["submission_id", "id"], unique=False
        )

    op.create_table(
        "submission_review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column(
            "decision",
            sa.Enum(
                "approve",
                "has-issues",
                "reject",
                "return",
                "take-back",
                name="decision",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "received",
                "edited",
                "hasIssues",
                "rejected",
                "approved",
                name="reviewstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column(
            "notes",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", server.db.Instant(timezone=True), nullable=False),
        sa.CheckConstraint("level IN (1, 2)", name=op.f("ck_submission_review_level_known")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_submission_review_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.id"],
            name=op.f("fk_submission_review_submission_id_submission"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_review")),
    )
    with op.batch_alter_table("submission_review", schema=None) as batch_op:
        batch_op.create_index(
            "ix_submission_review_submission", ["submission_id", "id"], unique=False
        )

    op.create_table(
        "submission_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("form_pk", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.Column("deprecated_id", sa.String(), nullable=True),
        sa.Column("encrypted", sa.Boolean(), nullable=False),
        sa.Column("xml_sha256", sa.String(), nullable=False),
        sa.Column("received_at", server.db.Instant(timezone=True), nullable=False),
        sa.Column("phone_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("device_id", sa.String(), nullable=True),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.Column(
            "answers",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"),
            nullable=False,
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_submission_version_number_counts")),
        sa.ForeignKeyConstraint(
            ["form_pk"], ["form.id"], name=op.f("fk_submission_version_form_pk_form")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_submission_version_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["phone_id"], ["phone.id"], name=op.f("fk_submission_version_phone_id_phone")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.id"],
            name=op.f("fk_submission_version_submission_id_submission"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["form_version.id"],
            name=op.f("fk_submission_version_version_id_form_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_version")),
        sa.UniqueConstraint(
            "form_pk", "instance_id", name=op.f("uq_submission_version_form_pk_instance_id")
        ),
        sa.UniqueConstraint(
            "submission_id", "number", name=op.f("uq_submission_version_submission_id_number")
        ),
    )
    with op.batch_alter_table("submission_version", schema=None) as batch_op:
        batch_op.create_index("ix_submission_version_instance", ["instance_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_submission_version_version_id"), ["version_id"], unique=False
        )

    op.create_table(
        "submission_version_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("size_bytes", sa.Integer(), nullable=True),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("received_at", server.db.Instant(timezone=True), nullable=True),
        sa.Column("thumb_sha256", sa.String(), nullable=True),
        sa.Column("view_sha256", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["submission_version.id"],
            name=op.f("fk_submission_version_file_parent_id_submission_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_version_file")),
        sa.UniqueConstraint(
            "parent_id", "name", name=op.f("uq_submission_version_file_parent_id_name")
        ),
    )
    with op.batch_alter_table("submission_version_file", schema=None) as batch_op:
        batch_op.create_index("ix_submission_version_file_sha256", ["sha256"], unique=False)

    op.add_column("held", sa.Column("deprecated_id", sa.String(), nullable=True))
    op.create_index("ix_held_plan_deprecated", "held", ["plan_id", "deprecated_id"])
    op.add_column("finding", sa.Column("lapsed_at", server.db.Instant(timezone=True)))
    op.add_column(
        "submission_file",
        sa.Column("inherited", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    _records()
    guards.append_only("submission_review")
    guards.append_only("submission_comment")
    guards.frozen("submission_version", OF_A_VERSION)
    guards.refuse("submission_version", "DELETE")


def _records() -> None:
    """Give each record that is there its first number; no table is made anew, so guards stay."""
    for column in (
        sa.Column("root_instance_id", sa.String(), nullable=False, server_default=""),
        sa.Column("number", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("edited_at", server.db.Instant(timezone=True), nullable=True),
        sa.Column("edit_reason", sa.String(), nullable=False, server_default=""),
        sa.Column("review_level", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("returned_at", server.db.Instant(timezone=True), nullable=True),
    ):
        op.add_column("submission", column)
    op.execute("UPDATE submission SET root_instance_id = instance_id")
    op.create_index("ix_submission_returned", "submission", ["plan_id", "returned_at"])
    op.create_index("ix_submission_plan_review", "submission", ["plan_id", "review_state", "id"])
    op.create_index(
        "uq_submission_form_pk_root", "submission", ["form_pk", "root_instance_id"], unique=True
    )
    guards.lift("submission", "frozen")
    guards.frozen("submission", ["form_pk", "received_at", "root_instance_id"])
    guards.frozen("submission", CONTENT, "NEW.number <> OLD.number + 1", "rewrite")
