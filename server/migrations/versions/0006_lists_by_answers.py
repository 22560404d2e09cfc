"""Records are listed by their answers and by what the checks of their visit say."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import server.db

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ORDERED = sa.String().with_variant(sa.String(collation="C"), "postgresql")
LISTED = [
    "plan_id", "id", "form_pk", "area", "team_id", "review_state", "received_at", "started_at",
    "verdict", "is_odd", "returned_at",
]  # fmt: skip


def upgrade() -> None:
    """Make the tables, and note which records are odd already."""
    op.create_table(
        "form_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("form_pk", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["form_pk"], ["form.id"], name=op.f("fk_form_question_form_pk_form")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_question")),
        sa.UniqueConstraint("form_pk", "path", name=op.f("uq_form_question_form_pk_path")),
    )
    op.create_table(
        "submission_answer",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("key", ORDERED, nullable=True),
        sa.Column("folded", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["form_question.id"],
            name=op.f("fk_submission_answer_question_id_form_question"),
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.id"],
            name=op.f("fk_submission_answer_submission_id_submission"),
        ),
        sa.PrimaryKeyConstraint(
            "question_id", "submission_id", "position", name=op.f("pk_submission_answer")
        ),
        sqlite_with_rowid=False,
    )
    for name, columns in (
        ("number", ["question_id", "number", "submission_id"]),
        ("key", ["question_id", "key", "submission_id", "position"]),
    ):
        filled = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_submission_answer_{name}",
            "submission_answer",
            columns,
            sqlite_where=filled,
            postgresql_where=filled,
        )
    _submissions()
    _views()
    _checks()


def _submissions() -> None:
    op.add_column(
        "submission", sa.Column("is_odd", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    words = ("doubt", "missing", "clear")
    verdict = sa.Enum(*words, name="verdict", native_enum=False, length=40)
    op.add_column("submission", sa.Column("verdict", verdict, nullable=True))
    op.execute("UPDATE submission SET is_odd = true WHERE length(CAST(oddities AS TEXT)) > 2")
    op.drop_index("ix_submission_plan_list", "submission")
    op.create_index("ix_submission_plan_list", "submission", LISTED)


def _views() -> None:
    op.create_table(
        "record_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("asked", sa.String(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", server.db.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_record_view_person_id_person")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_record_view_plan_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_view")),
        sa.UniqueConstraint(
            "plan_id", "person_id", "name", name=op.f("uq_record_view_plan_id_person_id_name")
        ),
    )
    op.create_index(op.f("ix_record_view_person_id"), "record_view", ["person_id"])
    op.create_table(
        "record_view_first",
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("view_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_record_view_first_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plan.id"], name=op.f("fk_record_view_first_plan_id_plan")
        ),
        sa.ForeignKeyConstraint(
            ["view_id"], ["record_view.id"], name=op.f("fk_record_view_first_view_id_record_view")
        ),
        sa.PrimaryKeyConstraint("plan_id", "person_id", name=op.f("pk_record_view_first")),
    )
    op.create_index(op.f("ix_record_view_first_view_id"), "record_view_first", ["view_id"])


def _checks() -> None:
    op.create_table(
        "visit_check",
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("judged_at", server.db.Instant(timezone=True), nullable=False),
        sa.Column(
            "checks",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.id"],
            name=op.f("fk_visit_check_submission_id_submission"),
        ),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_visit_check")),
    )
