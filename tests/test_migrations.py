"""A database brought to this program's tables is what its models say, and keeps what it held."""

import re
import shutil
import sqlite3
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, select, text

from server import app as program
from server import migrate
from server.db import Model, db
from server.submissions.models import Submission
from tests import forms
from tests.conftest import ON_POSTGRES

for name in program.MODELS:
    import_module(name)

# Made by hand and kept on purpose: they have no place in a model.
TRIGGERED = {
    "journal", "journal_seal", "draw", "draw_register", "drawn_unit", "submission", "form_version",
    "plan_key", "submission_opened",
    "submission_version", "submission_review", "submission_comment",
}  # fmt: skip


SEARCHED = "submission_search"
"""SQLite's full-text table with those it keeps beside it, and PostgreSQL's index: by hand too."""


def compared(engine):
    """Return what Alembic would still change."""
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_object": lambda _o, name, kind, *_: (
                    not (kind == "table" and name.startswith(("huey", SEARCHED)))
                    and name != f"ix_{SEARCHED}"
                ),
            },
        )
        return compare_metadata(context, Model.metadata)


def test_a_migrated_database_is_what_the_models_say(app):
    assert compared(db.engine) == []
    assert migrate.is_current(db.engine)


def test_the_models_are_what_a_migrated_database_has(app):
    """The other way round: an older table or column that nobody removed would stay unseen."""
    found = inspect(db.engine)
    names = found.get_table_names()
    tables = {name for name in names if not name.startswith(("huey", SEARCHED))}

    assert tables == {*Model.metadata.tables, "alembic_version"}
    for name, table in Model.metadata.tables.items():
        columns = {column["name"]: column["nullable"] for column in found.get_columns(name)}
        assert columns == {column.name: column.nullable for column in table.columns}, name


def test_the_database_guards_what_must_not_be_rewritten(app):
    query = (
        "SELECT DISTINCT event_object_table FROM information_schema.triggers"
        if ON_POSTGRES
        else "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger'"
    )
    guarded = set(db.session().scalars(text(query)))

    assert guarded >= TRIGGERED


def test_the_migrations_are_one_line_without_branches_numbered_in_order(app):
    scripts = ScriptDirectory.from_config(migrate.config(db.engine))
    line = [script.revision for script in scripts.walk_revisions()][::-1]

    assert line == migrate.known()
    assert scripts.get_heads() == [migrate.newest()]
    assert all(re.fullmatch("[0-9]{4}", revision) for revision in line)


def test_upgrading_again_changes_nothing_and_keeps_every_row(app, plan, base):
    forms.publish(app, plan.id)
    client = app.test_client()
    for _ in range(5):
        assert client.post(f"{base}/submission", **forms.parts(forms.filled())).status_code == 201
    before = _rows()

    migrate.upgrade(db.engine)

    assert _rows() == before
    assert len(before["submission"]) == 5


def _rows():
    db.session().rollback()
    return {
        name: [
            tuple(row) for row in db.session().execute(select(table).order_by(*table.primary_key))
        ]
        for name, table in Model.metadata.tables.items()
        if name not in {"place", "succession"}
    }


@pytest.fixture
def blank(tmp_path):
    """An engine of an empty SQLite database of its own."""
    engine = create_engine(f"sqlite:///{tmp_path}/blank.sqlite3")
    yield engine
    engine.dispose()


def test_every_migration_can_be_reached_step_by_step(blank):
    for revision in migrate.known():
        command.upgrade(migrate.config(blank), revision)
        assert migrate.current(blank) == revision

    assert compared(blank) == []


def test_an_empty_database_has_reached_nothing(blank):
    assert migrate.current(blank) is None
    assert not migrate.is_current(blank)


def test_each_migration_keeps_the_rows_that_were_there(blank):
    """Rows written when a migration was the newest must still be there at the end."""
    command.upgrade(migrate.config(blank), migrate.known()[0])
    with blank.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO person (id, name, sort_key, language, active, created_at) "
                "VALUES (7, 'Nguyễn Thị Hồng', 'x', 'vi', true, '2024-01-01 00:00:00')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO journal (at, via, actor, verb, subject, subject_id, detail) VALUES "
                "('2024-01-01 00:00:00', 'page', 'Lan', 'person.added', 'person', '7', '{}')"
            )
        )

    migrate.upgrade(blank)

    with blank.connect() as connection:
        assert connection.scalar(text("SELECT name FROM person WHERE id = 7")) == "Nguyễn Thị Hồng"
        assert connection.scalar(text("SELECT count(*) FROM journal")) == 1


@pytest.fixture
def newer(app):
    """The database as a later program would leave it; the shared one is mended afterwards."""
    url = db.engine.url
    _set_version(url, "9999")
    yield url
    _set_version(url, migrate.newest())


def _set_version(url, revision):
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": revision})
    engine.dispose()


def test_a_database_of_a_newer_program_is_not_touched_and_not_served(app, newer, tmp_path):
    with pytest.raises(migrate.SchemaTooNew, match="9999"):
        migrate.upgrade(db.engine)

    health = app.test_client().get("/health")
    ran = _serve(newer, tmp_path)

    assert (health.status_code, health.json["status"]) == (503, "unavailable")
    assert ran.returncode != 0
    assert "mới hơn chương trình này" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert migrate.current(db.engine) == "9999"


def _serve(url, tmp_path):
    environment = {
        "DATABASE_URL": url.render_as_string(hide_password=False),
        "THUCDIA_VAR": str(tmp_path / "other"), "THUCDIA_DEMO": "0", "PORT": "1",
        "PATH": "/usr/bin:/bin",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "server", "serve"],
        env=environment, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[1],
    )  # fmt: skip


@pytest.mark.skipif(ON_POSTGRES, reason="a file is cut off, which only SQLite has")
def test_a_migration_that_is_killed_leaves_the_old_tables_and_can_be_run_again(tmp_path):
    """Each migration is one transaction, tables and number alike."""
    path = tmp_path / "killed.sqlite3"
    killer = (
        "import os, sys; from alembic.operations import Operations; "
        "from sqlalchemy import create_engine; from server import db, migrate; "
        "count = iter(range(10**6)); whole = Operations.create_table; stop = int(sys.argv[2])\n"
        "def create(*given, **named):\n"
        "    if next(count) == stop: os.kill(os.getpid(), 9)\n"
        "    return whole(*given, **named)\n"
        "Operations.create_table = create\n"
        "engine = create_engine('sqlite:///' + sys.argv[1]); db.prepare(engine)\n"
        "migrate.upgrade(engine)\n"
    )
    for stop in (1, 8, 20):
        ran = subprocess.run(
            [sys.executable, "-c", killer, path, str(stop)], cwd=Path(__file__).parents[1]
        )
        assert ran.returncode == -9
        with sqlite3.connect(path) as left:
            assert left.execute("SELECT name FROM sqlite_master").fetchall() == []
        left.close()

    engine = create_engine(f"sqlite:///{path}")
    migrate.upgrade(engine)
    assert compared(engine) == []
    engine.dispose()


def test_a_copied_database_file_is_whole(database, tmp_path):
    """What the suite itself stands on: the template is at rest when it is copied."""
    if ON_POSTGRES:
        pytest.skip("there is no file")
    copy = tmp_path / "copy.sqlite3"
    shutil.copy(database.removeprefix("sqlite:///"), copy)
    with sqlite3.connect(copy) as found:
        assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert found.execute("SELECT count(*) FROM place").fetchone()[0] > 20_000
    found.close()


def test_no_record_is_made_by_the_models_alone(app):
    """Tables come from migrations; a model that made its own would hide a missing one."""
    source = "\n".join(path.read_text() for path in Path(migrate.__file__).parent.rglob("*.py"))

    assert not re.search(r"\.create_all\(", source)
    assert Submission.__tablename__ in Model.metadata.tables
