"""`thucdia serve` as an office runs it: one process, or several on one socket."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import same_on_both

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.slow


@dataclass
class Server:
    """A running server and its address."""

    process: "subprocess.Popen[bytes]"
    url: str

    def health(self) -> int:
        with urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
            assert json.load(answer)["status"] == "ok"
            return int(answer.status)

    def answers(self) -> bool:
        try:
            return self.health() == 200
        except OSError:
            return False

    def children(self) -> list[int]:
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for task in tasks for pid in task.read_text().split()]


@contextmanager
def serving(database: str, var: Path, processes: int) -> Iterator[Server]:
    port = _free_port()
    settings = {
        "THUCDIA_VAR": str(var),
        "DATABASE_URL": database,
        "THUCDIA_DEMO": "0",
        "THUCDIA_PROCESSES": str(processes),
        "PORT": str(port),
    }
    call = [sys.executable, "-m", "server", "serve"]
    process = subprocess.Popen(
        call, cwd=ROOT, env={**os.environ, **settings}, stdout=subprocess.DEVNULL
    )
    found = Server(process, f"http://127.0.0.1:{port}")
    try:
        soon(found.answers)
        yield found
    finally:
        process.terminate()
        process.wait(20)


def soon(true: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not become true in time"
        time.sleep(0.1)


def gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_one_process_serves_and_stops_when_told(database: str, tmp_path: Path) -> None:
    with serving(database, tmp_path / "var", 1) as server:
        assert server.children() == []

        server.process.send_signal(signal.SIGTERM)

        assert server.process.wait(20) == 0
        assert not server.answers()


@same_on_both
def test_several_processes_share_the_address_follow_a_killed_one_and_stop_together(
    database: str, tmp_path: Path
) -> None:
    with serving(database, tmp_path / "var", 2) as server:
        first, second = server.children()

        os.kill(second, signal.SIGKILL)

        soon(lambda: len(set(server.children()) - {first, second}) == 1)
        assert first in server.children()
        assert all(server.health() == 200 for _ in range(20))

        children = server.children()
        server.process.send_signal(signal.SIGTERM)

        assert server.process.wait(20) == 0
        assert gone(children)
        assert not server.answers()


@same_on_both
def test_no_process_outlives_a_parent_that_is_killed(database: str, tmp_path: Path) -> None:
    with serving(database, tmp_path / "var", 2) as server:
        children = server.children()

        server.process.kill()

        soon(lambda: gone(children), 20)
