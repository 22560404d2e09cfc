"""Official boundaries of units, file by file and version by version."""

import sqlalchemy as sa
from alembic import op

import server.db

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "boundary_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("edition_id", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("attribution", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("replaced", sa.Integer(), nullable=False),
        sa.Column("imported_at", server.db.Instant(timezone=True), nullable=False),
        sa.Column("imported_by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", server.db.Instant(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
        sa.Column("judging_from", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["edition.id"], name="fk_boundary_import_edition_id_edition"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_boundary_import"),
    )
    for column in ("edition_id", "judging_from"):
        op.create_index(f"ix_boundary_import_{column}", "boundary_import", [column])
    op.create_table(
        "boundary",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("vertices", sa.Integer(), nullable=False),
        sa.Column("coarse_vertices", sa.Integer(), nullable=False),
        sa.Column("fine", sa.Text(), nullable=False),
        sa.Column("coarse", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["boundary_import.id"], name="fk_boundary_import_id_boundary_import"
        ),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name="fk_boundary_place_id_place"),
        sa.PrimaryKeyConstraint("id", name="pk_boundary"),
        sa.UniqueConstraint("place_id", "number", name="uq_boundary_place_id_number"),
    )
    op.create_index("ix_boundary_import_id", "boundary", ["import_id"])
    op.create_index(
        "uq_boundary_current",
        "boundary",
        ["place_id"],
        unique=True,
        sqlite_where=sa.text("current"),
        postgresql_where=sa.text("current"),
    )
