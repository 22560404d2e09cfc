"""Visits carry the day they may be known from; the journal and late phones have their indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# The day of the draw that chose them; sealed, none that ever comes.
_SHOWN = """
UPDATE visit SET shown_on = (
  SELECT max(CASE WHEN draw.sealed AND draw.opened_at IS NULL THEN :never ELSE draw.disclose_on END)
  FROM draw JOIN drawn_unit ON drawn_unit.draw_id = draw.id
  WHERE draw.round_id = visit.round_id AND drawn_unit.place_id = visit.place_id
    AND draw.state = 'drawn' AND draw.stage = 'xã'
)
WHERE origin = 'drawn'
"""


def upgrade() -> None:
    """Make the column and the indexes, and have visits that are here already know their day."""
    op.add_column("visit", sa.Column("shown_on", sa.Date(), nullable=True))
    never = sa.bindparam("never", "9999-12-31", type_=sa.String())
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text(_SHOWN.replace(":never", "DATE '9999-12-31'")))
    else:
        op.execute(sa.text(_SHOWN).bindparams(never))
    op.create_index("ix_journal_person", "journal", ["person_id", "id"])
    op.create_index("ix_journal_at", "journal", ["at", "id"])
    waits = sa.text("files_held < files_named")
    op.create_index(
        "ix_submission_unsent",
        "submission",
        ["plan_id", "phone_id", "files_named", "files_held"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
