"""Records are found by words from an index; findings are counted by visit from one too."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

WORDS = "to_tsvector('simple', regexp_replace(search_text, '[^[:alnum:]]+', ' ', 'g'))"
FORGET = (
    "INSERT INTO submission_search(submission_search, rowid, search_text) "
    "VALUES ('delete', old.id, old.search_text);"
)
LEARN = "INSERT INTO submission_search(rowid, search_text) VALUES (new.id, new.search_text);"


def upgrade() -> None:
    """Make the indexes, of what is there already."""
    op.drop_index("ix_finding_visit_id", "finding")
    op.create_index("ix_finding_visit", "finding", ["visit_id", "state"])
    if op.get_bind().dialect.name != "sqlite":
        op.execute(f"CREATE INDEX ix_submission_search ON submission USING gin ({WORDS})")
        return
    op.execute(
        "CREATE VIRTUAL TABLE submission_search USING fts5(search_text, content='submission', "
        "content_rowid='id', detail='none', tokenize='unicode61 remove_diacritics 0')"
    )
    for event, does in (
        ("INSERT", LEARN),
        ("UPDATE OF search_text", FORGET + LEARN),
        ("DELETE", FORGET),
    ):
        name = f"submission_search_{event.split()[0].lower()}"
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON submission BEGIN {does} END")
    op.execute("INSERT INTO submission_search(submission_search) VALUES ('rebuild')")
