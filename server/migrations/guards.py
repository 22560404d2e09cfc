"""Triggers by which the database itself refuses to rewrite history, on both engines."""

from alembic import op


def append_only(table: str) -> None:
    """Refuse every UPDATE and DELETE of `table`."""
    refuse(table, "UPDATE")
    refuse(table, "DELETE")


def frozen(table: str, columns: list[str], when: str = "", name: str = "frozen") -> None:
    """Refuse an UPDATE that changes one of `columns`, in rows for which `when` holds.

    `when` is SQL over OLD and NEW, the same on both engines.
    """
    unlike = "IS NOT" if _sqlite() else "IS DISTINCT FROM"
    changed = " OR ".join(f"OLD.{column} {unlike} NEW.{column}" for column in columns)
    refuse(table, "UPDATE", f"({changed})" + (f" AND ({when})" if when else ""), name)


def refuse(table: str, event: str, when: str = "", name: str = "") -> None:
    """Make the database refuse `event` on rows of `table` for which `when` holds."""
    trigger = f"{table}_{name or 'no'}_{event.lower()}"
    sentence = f"{table}: {event.lower()} refused"
    condition = f" WHEN ({when})" if when else ""
    if _sqlite():
        op.execute(
            f"CREATE TRIGGER {trigger} BEFORE {event} ON {table} FOR EACH ROW{condition} "
            f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{sentence}' USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {trigger} BEFORE {event} ON {table} FOR EACH ROW{condition} "
        f"EXECUTE FUNCTION {trigger}()"
    )


def lift(table: str, name: str, event: str = "UPDATE") -> None:
    """Take a guard away, so that a later migration can put another in its place."""
    trigger = f"{table}_{name}_{event.lower()}"
    if _sqlite():
        op.execute(f"DROP TRIGGER {trigger}")
        return
    op.execute(f"DROP TRIGGER {trigger} ON {table}")
    op.execute(f"DROP FUNCTION {trigger}()")


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
