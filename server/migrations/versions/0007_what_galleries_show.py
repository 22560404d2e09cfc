"""Exhibits, how attempts ended, and the indexes that maps and figures are drawn from."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_EXHIBIT_KEYS = {
    "file_id": "submission_file",
    "submission_id": "submission",
    "plan_id": "plan",
    "form_pk": "form",
    "hamlet_id": "hamlet",
    "team_id": "team",
}
# What was linked before is looked at again: its handlers may run twice.
_LOOK_AGAIN = """
INSERT INTO work (line_id, attempts, next_at)
SELECT max(id), 0, max(at) FROM journal
WHERE verb = 'submission.linked' GROUP BY subject_id
HAVING max(id) NOT IN (SELECT line_id FROM work)
"""


def upgrade() -> None:
    """Make the table and the column, and have what is held fill them."""
    op.create_table(
        "exhibit",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("form_pk", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("hamlet_id", sa.Integer(), nullable=True),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("located", sa.Boolean(), nullable=False),
        *(_key(column, other) for column, other in _EXHIBIT_KEYS.items()),
        sa.PrimaryKeyConstraint("file_id", name="pk_exhibit"),
    )
    op.create_index(
        "ix_exhibit_plan",
        "exhibit",
        [
            "plan_id", "file_id", "area", "hamlet_id", "form_pk", "question", "team_id", "day",
            "located", "kind",
        ],
    )  # fmt: skip
    op.create_index("ix_exhibit_hamlet", "exhibit", ["hamlet_id", "file_id"])
    op.create_index("ix_exhibit_submission", "exhibit", ["submission_id"])
    op.add_column("submission", sa.Column("outcome", sa.String(40), nullable=True))
    op.create_index(
        "ix_submission_outcome",
        "submission",
        ["plan_id", "visit_id", "outcome", "household_code", "area", "review_state"],
    )
    op.create_index(
        "ix_submission_waiting",
        "submission",
        ["plan_id", "review_level", "returned_at", "team_id", "area"],
    )
    op.create_index("ix_submission_begun", "submission", ["plan_id", "started_at", "area"])
    pointed = sa.text("latitude IS NOT NULL")
    op.create_index(
        "ix_submission_point",
        "submission",
        ["plan_id", "latitude", "longitude", "area", "review_state", "team_id", "visit_id"],
        sqlite_where=pointed,
        postgresql_where=pointed,
    )
    op.execute(_LOOK_AGAIN)


def _key(column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [f"{other}.id"],
        name=f"fk_exhibit_{column}_{other}",
        ondelete="CASCADE" if column == "file_id" else None,
    )
