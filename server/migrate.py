"""Brings a database to the tables this program needs. Numbered, forward only.

Alembic is imported only when there is something to migrate: a server at work never needs it.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = Path(__file__).parent / "migrations"


class SchemaTooNew(SystemExit):
    """The database was migrated by a newer program; an older one must not touch it."""


def config(engine: Engine) -> "Config":
    """Return Alembic's configuration for `engine`; there is no ini file."""
    from alembic.config import Config

    found = Config()
    found.set_main_option("script_location", str(SCRIPTS))
    found.attributes["engine"] = engine
    return found


@cache
def known() -> list[str]:
    """Return the numbers of the migrations this program has, oldest first."""
    return sorted(path.name.split("_")[0] for path in (SCRIPTS / "versions").glob("[0-9]*_*.py"))


def newest() -> str:
    """Return the number of the newest migration."""
    return known()[-1]


def current(engine: Engine) -> str | None:
    """Return the number of the migration that the database has reached."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found


def is_current(engine: Engine) -> bool:
    """Tell whether the database has exactly the tables this program needs."""
    return current(engine) == newest()


def upgrade(engine: Engine) -> None:
    """Run the migrations that the database lacks.

    Raises:
        SchemaTooNew: the database has a migration that this program does not know.
    """
    reached = current(engine)
    if reached is not None and reached not in known():
        raise SchemaTooNew(
            f"Cơ sở dữ liệu ở bản {reached}, mới hơn chương trình này: hãy cập nhật chương trình / "
            f"the database is at {reached}, newer than this program: update the program."
        )
    if reached != newest():
        from alembic import command

        command.upgrade(config(engine), "head")
