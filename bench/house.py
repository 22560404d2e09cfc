"""Installations to measure: made by the project's own commands, each bench on a fresh copy."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import create_engine, text

from bench import postgres
from bench.filling import Filler
from bench.load import Sender
from bench.ports import free_port
from bench.wire import Connection

ROOT = Path(__file__).parent.parent
FORM = ROOT / "bench" / "bench_interview.md"
ENGINES = ("sqlite", "postgres")


@dataclass(frozen=True)
class House:
    """One installation: folder, database, a plan with the bench form, a phone's path to it."""

    engine: str
    var: Path
    url: str
    prefix: str
    database_pid: int | None

    def environment(self, port: int = 0, **settings: object) -> dict[str, str]:
        """Return the environment of its processes; nothing of the caller's settings is left."""
        kept = {k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "LANG", "TMPDIR"}}
        own = {
            "THUCDIA_VAR": self.var,
            "DATABASE_URL": self.url,
            "THUCDIA_DEMO": "0",
            "PORT": port or 8000,
            "PYTHONPATH": ROOT,
            **settings,
        }
        return {**kept, **{name: str(value) for name, value in own.items()}}

    def groups(self, server: int) -> dict[str, int]:
        """Return what to measure: the server, and the database when it is apart."""
        apart = {} if self.database_pid is None else {"database": self.database_pid}
        return {"server": server, **apart}

    def waiting(self) -> int:
        """Return how many journal lines wait for the work that follows them."""
        return int(self.scalar("SELECT count(*) FROM work"))

    def scalar(self, statement: str) -> Any:
        """Return one value of the database."""
        engine = create_engine(self.url)
        try:
            with engine.connect() as connection:
                return connection.execute(text(statement)).scalar_one()
        finally:
            engine.dispose()


@dataclass(frozen=True)
class Serving:
    """A server that answers: its first process and its address."""

    pid: int
    base_url: str


class Workshop:
    """Makes one installation for each engine, and copies of it; all goes away at the end."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._made: dict[str, House] = {}
        self._copies = 0
        self._cluster: postgres.Cluster | None = None

    def __enter__(self) -> "Workshop":
        folder = tempfile.mkdtemp(prefix="thucdia-bench-")
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        self.folder = Path(folder)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextmanager
    def house(self, engine: str) -> Iterator[House]:
        """Give a fresh copy of the installation on `engine`."""
        base = self._made.get(engine) or self._make(engine)
        self._made[engine] = base
        self._copies += 1
        var = self.folder / f"{engine}-{self._copies}"
        shutil.copytree(base.var, var)
        copy = House(engine, var, self.database(engine, var), base.prefix, base.database_pid)
        if engine == "postgres":
            self._admin(f"CREATE DATABASE {_name(copy.url)} TEMPLATE {_name(base.url)}")
        try:
            yield copy
        finally:
            shutil.rmtree(var, ignore_errors=True)
            if engine == "postgres":
                self._admin(f"DROP DATABASE {_name(copy.url)} WITH (FORCE)")

    def database(self, engine: str, var: Path) -> str:
        """Return the address of the database that belongs to a folder."""
        if engine == "sqlite":
            return f"sqlite:///{var / 'thucdia.sqlite3'}"
        return f"{self.cluster.url}/{var.name.replace('-', '_')}"

    @property
    def cluster(self) -> postgres.Cluster:
        """Return the PostgreSQL of this run, started when first asked for."""
        if self._cluster is None:
            self._cluster = self._stack.enter_context(postgres.running())
        return self._cluster

    def empty_database(self, name: str) -> str:
        """Return the address of a new PostgreSQL database."""
        self._copies += 1
        url = f"{self.cluster.url}/{name}_{self._copies}"
        self._admin(f"CREATE DATABASE {_name(url)}")
        return url

    def _make(self, engine: str) -> House:
        var = self.folder / f"{engine}-0"
        var.mkdir()
        pid = None
        url = self.database(engine, var)
        if engine == "postgres":
            pid = self.cluster.pid
            self._admin(f"CREATE DATABASE {_name(url)}")
        house = House(engine, var, url, "", pid)
        command(house, "migrate")
        plan = _json(command(house, "plan", "add", "Đo tải", "--json"))["id"]
        phone = _json(command(house, "phone", "add", "Lan", "--plan", str(plan), "--json"))
        command(house, "form", "publish", str(FORM), "--plan", str(plan), "--json")
        return House(engine, var, url, urlsplit(phone["url"]).path, pid)

    def _admin(self, statement: str) -> None:
        engine = create_engine(f"{self.cluster.url}/postgres", isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


def _name(url: str) -> str:
    return url.rsplit("/", 1)[-1]


def _json(out: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def command(house: House, *arguments: str) -> str:
    """Run `thucdia …` in an installation and return what it printed."""
    return run(house, "server", *arguments)


def run(house: House, module: str, *arguments: str) -> str:
    """Run a module in an installation and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=house.environment(), cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{module} {arguments[:2]} failed: {done.stderr[-800:]}")
    return done.stdout


@contextmanager
def serving(house: House, *options: str, **settings: object) -> Iterator[Serving]:
    """Run `thucdia serve` in an installation until the block ends."""
    port = free_port()
    call = [sys.executable, "-m", "server", "serve", *options]
    with process(call, port, house.environment(port, **settings), "/health") as found:
        yield found


@contextmanager
def process(
    call: Sequence[str], port: int, environment: dict[str, str], ready: str
) -> Iterator[Serving]:
    """Run a server until the block ends, from when `ready` answers 200."""
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(call, env=environment, cwd=ROOT, stdout=log, stderr=log)
        try:
            base_url = f"http://127.0.0.1:{port}"
            try:
                _await(server, base_url + ready)
            except TimeoutError as error:
                log.seek(0)
                raise RuntimeError(log.read()[-2000:].decode(errors="replace")) from error
            yield Serving(server.pid, base_url)
        finally:
            server.terminate()
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _await(server: "subprocess.Popen[bytes]", url: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"{url} did not answer")


def phone(house: House, served: Serving) -> Sender:
    """Return what makes the requests of the installation's phone."""
    return Sender(served.base_url, house.prefix)


def filler(sender: Sender) -> Filler:
    """Return the bench form, fetched as a phone fetches it."""
    connection = Connection(sender.base_url)
    listed = connection.ask(sender.get(f"{sender.prefix}/formList")).body.decode()
    address = listed.split("<downloadUrl>", 1)[1].split("</downloadUrl>", 1)[0]
    form = Filler(connection.ask(sender.get(urlsplit(address).path)).body)
    connection.close()
    return form
