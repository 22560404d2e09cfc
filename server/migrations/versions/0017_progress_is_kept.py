"""How far visits have come is kept; on PostgreSQL words of an answer are found in an index.

Counting a round's households and forms anew for each look at a page took a fifth of a second. What
changes a count leaves a line by which its visit is counted again.

Answers to one question lie far apart in PostgreSQL's table: looking for a word in one of them read
it whole. SQLite keeps them together. What an index holds is bounded, so are the texts.

Revision ID: 0017
Revises: 0016
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

LONGEST = 300
KEY_KNOWN = sa.text("key IS NOT NULL")
TOLD = (
    "visit_id", "household_code", "outcome", "review_state", "hamlet_id", "started_at",
    "received_at",
)  # fmt: skip
COUNTED = ("plan_id", "hamlet_id", "code", "visit_id", "in_use", "reserve", "shown_on")
DUE = "INSERT INTO visit_progress_due (visit_id)"
OF_FORM = "SELECT {row}.visit_id WHERE {row}.visit_id IS NOT NULL"
LISTED = (
    "SELECT visit.id FROM visit JOIN hamlet ON hamlet.place_id = visit.place_id "
    "WHERE {row}.visit_id IS NULL AND hamlet.id = {row}.hamlet_id "
    "AND visit.plan_id = {row}.plan_id"
)
OF_HOUSEHOLD = f"{OF_FORM} UNION {LISTED}"
OF_VISIT = "SELECT {row}.id"


def upgrade() -> None:
    """Make the tables, have every visit counted, and put two indexes in better ones' place."""
    _make()
    _watch()
    op.execute(f"{DUE} SELECT id FROM visit")  # noqa: S608 - our words
    if not _sqlite():
        _find_words()
        op.drop_index("ix_submission_told", "submission")
        op.create_index("ix_submission_told", "submission", [*TOLD], postgresql_include=["id"])


def _make() -> None:
    op.create_table(
        "visit_progress",
        sa.Column("id", sa.Integer(), primary_key=True),
        _visit(),
        sa.Column("hamlet_id", sa.Integer(), sa.ForeignKey("hamlet.id")),
        sa.Column("shown_on", sa.Date()),
        sa.Column("outcome", sa.String(40)),
        *(sa.Column(n, sa.Integer(), nullable=False) for n in ("households", "forms", "unnamed")),
    )
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table("visit_progress_due", sa.Column("id", key, primary_key=True), _visit())
    for name in ("visit_progress", "visit_progress_due"):
        op.create_index(f"ix_{name}_visit_id", name, ["visit_id"])


def _visit() -> sa.Column[int]:
    return sa.Column("visit_id", sa.Integer(), sa.ForeignKey("visit.id"), nullable=False)


def _watch() -> None:
    rejected = "(OLD.review_state = 'rejected') {unlike} (NEW.review_state = 'rejected')"
    told = ("visit_id", "household_code", "outcome", "hamlet_id")
    tells = f"({_unlike(told, rejected)}) AND coalesce(OLD.outcome, NEW.outcome) IS NOT NULL"
    _after("INSERT", "submission", OF_FORM, "NEW.outcome IS NOT NULL")
    _after("UPDATE", "submission", OF_FORM, tells, (*told, "review_state"))
    _after("DELETE", "submission", OF_FORM, "OLD.outcome IS NOT NULL")
    _after("INSERT", "household", OF_HOUSEHOLD)
    _after("UPDATE", "household", OF_HOUSEHOLD, _unlike(COUNTED), COUNTED)
    _after("DELETE", "household", OF_HOUSEHOLD)
    _after("INSERT", "visit", OF_VISIT)
    _after("UPDATE", "visit", OF_VISIT, _unlike(("place_id",)), ("place_id",))


def _unlike(columns: Sequence[str], *more: str) -> str:
    """Return the condition that one of `columns` changes, or something else that is `{unlike}`."""
    changes = [f"OLD.{column} {{unlike}} NEW.{column}" for column in columns]
    return " OR ".join([*changes, *more]).format(
        unlike="IS NOT" if _sqlite() else "IS DISTINCT FROM"
    )


def _after(event: str, table: str, which: str, when: str = "", columns: Sequence[str] = ()) -> None:
    """Have the visits of the old and the new row due at each change for which `when` holds.

    `which` selects the visits of a `{row}`.
    """
    name = f"{table}_progress_{event.lower()}"
    rows = {"INSERT": ["NEW"], "UPDATE": ["OLD", "NEW"], "DELETE": ["OLD"]}[event]
    body = f"{DUE} {' UNION '.join(which.format(row=row) for row in rows)};"
    of = f" OF {', '.join(columns)}" if columns else ""
    condition = f" WHEN ({when})" if when else ""
    head = f"CREATE TRIGGER {name} AFTER {event}{of} ON {table} FOR EACH ROW{condition}"
    if _sqlite():
        op.execute(f"{head} BEGIN {body} END")
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {body} RETURN NULL; END $$"
    )
    op.execute(f"{head} EXECUTE FUNCTION {name}()")


def _find_words() -> None:
    longer = (
        "UPDATE submission_answer SET folded = left(folded, :most) WHERE length(folded) > :most"
    )
    op.execute(sa.text(longer).bindparams(most=LONGEST))
    op.drop_index("ix_submission_answer_key", "submission_answer")
    op.create_index(
        "ix_submission_answer_key",
        "submission_answer",
        ["question_id", "key", "submission_id", "position"],
        postgresql_where=KEY_KNOWN,
        postgresql_include=["folded"],
    )


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
