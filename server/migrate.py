"""Brings a database to the tables this program needs. Numbered, forward only."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine


class SchemaTooNew(SystemExit):
    """The database was migrated by a newer program; an older one must not touch it."""


def config(engine: Engine) -> Config:
    """Return Alembic's configuration for `engine`; there is no ini file."""
    found = Config()
    found.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    found.attributes["engine"] = engine
    return found


@cache
def newest() -> str:
    """Return the number of the newest migration."""
    script = ScriptDirectory(str(Path(__file__).parent / "migrations"))
    return script.get_current_head() or ""


def current(engine: Engine) -> str | None:
    """Return the number of the migration that the database has reached."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current(engine: Engine) -> bool:
    """Tell whether the database has exactly the tables this program needs."""
    return current(engine) == newest()


def upgrade(engine: Engine) -> None:
    """Run the migrations that the database lacks.

    Raises:
        SchemaTooNew: the database has a migration that this program does not know.
    """
    reached = current(engine)
    known = {
        revision.revision
        for revision in ScriptDirectory.from_config(config(engine)).walk_revisions()
    }
    if reached is not None and reached not in known:
        raise SchemaTooNew(
            f"Cơ sở dữ liệu ở bản {reached}, mới hơn chương trình này: hãy cập nhật chương trình / "
            f"the database is at {reached}, newer than this program: update the program."
        )
    if reached != newest():
        command.upgrade(config(engine), "head")
