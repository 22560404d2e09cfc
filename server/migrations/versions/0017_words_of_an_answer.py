"""On PostgreSQL the words of an answer are found in an index, not in the heap of all answers.

Answers to one question are far apart there: looking for a word in one of them read the whole table.
SQLite keeps them together. What an index holds is bounded, so are the texts.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

LONGEST = 300
KEY_KNOWN = sa.text("key IS NOT NULL")


def upgrade() -> None:
    """Put what texts are without tone marks beside what they are sorted by."""
    if op.get_bind().dialect.name != "postgresql":
        return
    longer = sa.text(
        "UPDATE submission_answer SET folded = left(folded, :most) WHERE length(folded) > :most"
    )
    op.execute(longer.bindparams(most=LONGEST))
    op.drop_index("ix_submission_answer_key", "submission_answer")
    op.create_index(
        "ix_submission_answer_key",
        "submission_answer",
        ["question_id", "key", "submission_id", "position"],
        postgresql_where=KEY_KNOWN,
        postgresql_include=["folded"],
    )
