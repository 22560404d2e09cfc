"""A PostgreSQL of the bench's own, with fsync on as in an office, in a folder that goes away."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.ports import free_port

BINARIES = Path("/usr/lib/postgresql/15/bin")


class Missing(Exception):
    """This machine has not got what a bench needs; the sentence says what to install."""


@dataclass(frozen=True)
class Cluster:
    """A running server: its first process, and its address without a database name."""

    pid: int
    url: str


@contextmanager
def running() -> Iterator[Cluster]:
    """Start PostgreSQL as Debian configures it, and stop it at the end.

    Raises:
        Missing: it is not installed.
    """
    if not BINARIES.exists():
        raise Missing("PostgreSQL 15 is needed: apt-get install postgresql-15")
    folder = Path(tempfile.mkdtemp(prefix="thucdia-bench-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
    data, port = folder / "data", free_port()
    _do(folder, "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
        "--locale=C.UTF-8")  # fmt: skip
    listen = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    _do(folder, "pg_ctl", "-D", data, "-w", "-o", listen, "start")
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        yield Cluster(pid, f"postgresql+psycopg://postgres@127.0.0.1:{port}")
    finally:
        _do(folder, "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _do(folder: Path, program: str, *arguments: object) -> None:
    """Run a program of PostgreSQL, which refuses to be run by root."""
    subprocess.run(
        [str(BINARIES / program), *map(str, arguments)],
        check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        user="nobody" if os.geteuid() == 0 else None,
    )  # fmt: skip
