"""The server is killed while forms arrive: what it answered for is there, once, and whole.

`THUCDIA_KILLS=200 pytest tests/walks/test_kill.py` goes on for longer than the usual six times.
This shows that a killed process loses nothing. That a machine without power loses nothing rests
on the synced writes, which other tests look at.
"""

import dataclasses
import hashlib
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import create_engine, text

from server.app import create_app
from server.db import db, transaction
from server.demo import multipart
from server.monitoring import service as monitoring
from server.places import queries as places
from server.teams import service as teams
from tests import forms
from tests.conftest import ACTOR, settings_for

KILLS = int(os.environ.get("THUCDIA_KILLS", "6"))
SENDERS = 6
ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@dataclasses.dataclass
class Server:
    """The real command `thucdia serve` on a folder and a port of its own."""

    var: Path
    url: str
    port: int
    process: subprocess.Popen | None = None
    starts: list[float] = dataclasses.field(default_factory=list)

    @property
    def environment(self):
        return {
            "THUCDIA_VAR": str(self.var), "DATABASE_URL": self.url, "THUCDIA_DEMO": "0",
            "PORT": str(self.port), "PATH": os.environ["PATH"],
        }  # fmt: skip

    def start(self):
        """Start it, and wait until it says that it takes forms."""
        before = time.monotonic()
        with (self.var / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "server", "serve"],
                env=self.environment, stdout=log, stderr=log, cwd=ROOT,
            )  # fmt: skip
        while not self._well():
            assert self.process.poll() is None, (self.var / "log").read_text()[-2000:]
            assert time.monotonic() - before < 60, "the server did not come back"
            time.sleep(0.05)
        self.starts.append(time.monotonic() - before)

    def _well(self):
        try:
            return self.ask("GET", "/health") == 200
        except (OSError, http.client.HTTPException):
            return False

    def ask(self, method, path, body=None, kind="text/plain"):
        """Return the status of an answer."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with closing(line):
            line.request(method, path, body, {"Content-Type": kind})
            answer = line.getresponse()
            answer.read()
            return answer.status

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def desk(self, *words):
        """Type a command beside it."""
        return subprocess.run(
            [sys.executable, "-m", "server", *words],
            env=self.environment, capture_output=True, text=True, cwd=ROOT,
        )  # fmt: skip


class Moments:
    """Lets a sender say that now is a good moment to kill: mid-body, after it, after the answer."""

    def __init__(self):
        self.wanted = None
        self.reached = threading.Event()

    def want(self, moment):
        self.reached.clear()
        self.wanted = moment

    def at(self, moment):
        if self.wanted == moment:
            self.wanted = None
            self.reached.set()


@dataclasses.dataclass
class Form:
    """A filled form with its photos, as a phone keeps it until the server has it."""

    key: str
    xml: bytes
    photos: dict[str, bytes]
    acked: set[str] = dataclasses.field(default_factory=set)

    @classmethod
    def new(cls):
        key = f"uuid:{secrets.token_hex(12)}"
        photos = {"1.jpg": secrets.token_bytes(secrets.choice([2000, 60_000, 400_000]))}
        if secrets.randbelow(2):
            photos["2.jpg"] = secrets.token_bytes(30_000)
        named = {"anh": "1.jpg"} | ({"anh2": "2.jpg"} if "2.jpg" in photos else {})
        return cls(key, forms.filled(key, **named), photos)


class Flood:
    """Phones that send forms one after the other, each again and again until it is answered."""

    def __init__(self, server, base):
        self.place, self.base = urlsplit(f"http://127.0.0.1:{server.port}"), base
        self.moments, self.stop = Moments(), threading.Event()
        self.forms, self.refused, self.retries = [], [], 0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._send_on) for _ in range(SENDERS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def _send_on(self):
        while not self.stop.is_set():
            form = Form.new()
            with self.lock:
                self.forms.append(form)
            batches = [list(form.photos)]
            if len(form.photos) > 1 and secrets.randbelow(2):
                batches = [[name] for name in form.photos]
            for names in batches:
                self._until_answered(form, names)

    def _until_answered(self, form, names):
        while not self.stop.is_set():
            status = self._once(form, names)
            if status == 201:
                with self.lock:
                    form.acked |= set(names)
                return
            if status is not None and status != 503:
                self.refused.append((form.key, status))
                return
            self.retries += 1
            time.sleep(0.05)

    def _once(self, form, names):
        """Send once; None when the line broke or nobody answered."""
        parts = [multipart.form_part(form.xml, "a.xml")]
        parts += [multipart.file_part(name, form.photos[name]) for name in names]
        body, kind = multipart.encode(parts)
        head = (
            f"POST {self.base}/submission HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        try:
            with socket.create_connection(self.place.netloc.split(":"), timeout=20) as line:
                half = len(body) // 2
                line.sendall(head + body[:half])
                self.moments.at("mid-body")
                line.sendall(body[half:])
                self.moments.at("after the last byte")
                with closing(http.client.HTTPResponse(line)) as answer:
                    answer.begin()
                    answer.read()
                    self.moments.at("after the answer")
                    return answer.status
        except (OSError, http.client.HTTPException):
            return None


@pytest.fixture
def killed(database, tmp_path):
    """A served plan with a form and a phone: the server, and the path of the phone."""
    var = tmp_path / "var"
    app = create_app(settings_for(var, database))
    with app.app_context():
        base = _prepare(app)
        db.session.remove()
        db.engine.dispose()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(var, database, port)
    server.start()
    yield server, base
    if server.process.poll() is None:
        server.kill()


def _prepare(app):
    with transaction() as session:
        district = session.scalars(places.place("2024", "359")).one()
        plan = monitoring.add_plan(session, "Kế hoạch", "gnbv-2021-2025", district, "2024", ACTOR)
        person = teams.add_person(session, "Lan", ACTOR)
        token = teams.issue_phone(session, plan.id, person, ACTOR)[1]
        plan_id = plan.id
    forms.publish(app, plan_id)
    return f"/v1/key/{token}/projects/{plan_id}"


def test_what_was_answered_for_survives_any_kill(killed):
    server, base = killed
    moments = ["mid-body", "after the last byte", "after the answer", None]

    with Flood(server, base) as flood:
        for number in range(KILLS):
            moment = moments[number % len(moments)]
            if moment is None:
                time.sleep(0.2 + secrets.randbelow(400) / 1000)
            else:
                time.sleep(0.2)
                flood.moments.want(moment)
                assert flood.moments.reached.wait(30), f"nobody was {moment}"
            server.kill()
            server.start()
        time.sleep(1)

    assert flood.refused == []
    assert flood.retries > 0
    stored, files = kept(server)
    for form in flood.forms:
        if form.acked:
            assert stored.get(form.key) == hashlib.sha256(form.xml).hexdigest(), form.key
        for name in form.acked:
            sha256 = files[form.key, name]
            path = server.var / "files" / sha256[:2] / sha256
            assert path.read_bytes() == form.photos[name], (form.key, name)
    assert set(stored) <= {form.key for form in flood.forms}
    assert sum(bool(form.acked) for form in flood.forms) > KILLS
    checked = server.desk("verify", "--json")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert json.loads(checked.stdout)["faults"] == []
    assert min(server.starts) < 20, "it comes back by itself, and soon"


def kept(server):
    """Return what the database holds: the hash of each form, and of each of its files."""
    engine = create_engine(server.url)
    with engine.connect() as connection:
        query = text("SELECT instance_id, xml_sha256 FROM submission")
        rows = [tuple(row) for row in connection.execute(query)]
        files = connection.execute(
            text(
                "SELECT instance_id, name, sha256 FROM submission_file "
                "JOIN submission ON submission.id = submission_id WHERE sha256 IS NOT NULL"
            )
        ).all()
    engine.dispose()
    assert len({key for key, _ in rows}) == len(rows), "each form is there once"
    return dict(rows), {(key, name): sha for key, name, sha in files}


def test_a_killed_server_leaves_its_work_to_the_next_one(killed):
    """The journal says what is still to be done; the queue may be lost."""
    server, base = killed
    with Flood(server, base) as flood:
        time.sleep(1.5)
        server.kill()
        flood.stop.set()
    engine = create_engine(server.url)
    (server.var / "jobs.sqlite3").unlink(missing_ok=True)
    server.start()
    body, kind = multipart.encode([multipart.form_part(forms.filled(), "a.xml")])
    assert server.ask("POST", f"{base}/submission", body, kind) == 201

    for _ in range(200):
        with engine.connect() as connection:
            left = connection.scalar(text("SELECT count(*) FROM work"))
            unlinked = connection.scalar(
                text("SELECT count(*) FROM submission WHERE linked_at IS NULL")
            )
        if not left and not unlinked:
            break
        time.sleep(0.1)
    engine.dispose()

    assert (left, unlinked) == (0, 0)
