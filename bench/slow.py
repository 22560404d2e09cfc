"""Does a fast phone wait for slow ones? The measurement that the production server was chosen by.

150 phones send a form with a photo of 400 KB over twenty seconds each; meanwhile one fast phone
asks for the form list and sends small forms in turn, fifty times a second at most. Other servers
run the same application: gunicorn and granian from a virtual environment given with `--others`,
nginx before gunicorn when its program is there too.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench import house
from bench.filling import Filler
from bench.house import ROOT, House, Serving, Workshop
from bench.load import STORED, Outcome, Sender, drive, interviews
from bench.meter import Reading, metered
from bench.options import Options
from bench.ports import free_port
from bench.report import Cell, Table

PHONES = 150
SECONDS = 20.0
PAUSE_S = 0.02
COLUMNS = (
    "server", "slow phones", "fast phone p50 ms", "p99 ms", "longest wait ms", "fast answers",
    "slow ones answered", "peak RSS MB", "peak PSS MB", "foreign cores",
)  # fmt: skip
NOTE = "To reach: no wait of a fast phone over 100 ms. SQLite; a busy machine lengthens the waits."
NGINX = """
{user}daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_max_body_size 101m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port};
    location / {{ proxy_pass http://127.0.0.1:{behind}; proxy_set_header Host $http_host; }} }}
}}
"""


@dataclass(frozen=True)
class Contender:
    """A way of serving the application."""

    name: str
    call: tuple[str, ...]
    proxy: Path | None = None
    processes: int = 1


def run(shop: Workshop, options: Options) -> list[Table]:
    """Measure each server that is here, with and without slow phones."""
    table = Table(f"A fast phone beside {PHONES} slow ones", COLUMNS, notes=[NOTE])
    for one in contenders(options.others):
        for phones in (0, PHONES) if one.name == OURS.name else (PHONES,):
            try:
                with shop.house("sqlite") as here, _running(one, here) as served:
                    table.rows.append([one.name, phones, *_waits(here, served, phones)])
            except RuntimeError as error:  # one that does not start must not cost the others
                print(f"{one.name}: {error}", file=sys.stderr)
                table.notes.append(f"{one.name} did not start.")
    return [table]


OURS = Contender("waitress, 8 threads (thucdia serve)", ())


def contenders(others: Path | None) -> list[Contender]:
    """Return the servers to compare."""
    found = [OURS, Contender("the same, 2 processes", (), processes=2)]
    if others is None:
        return found
    gunicorn = (str(others / "bin/gunicorn"), "-k", "gthread", "-w", "2", "-b", "127.0.0.1:{port}")
    granian = (
        str(others / "bin/granian"), "--interface", "wsgi", "--workers", "2",
        "--host", "127.0.0.1", "--port", "{port}", "--no-ws",
    )  # fmt: skip
    found += [
        Contender("gunicorn gthread 2 x 4", (*gunicorn, "--threads", "4", "wsgi:app")),
        Contender("gunicorn gthread 2 x 96", (*gunicorn, "--threads", "96", "wsgi:app")),
        Contender("granian 2 x 4", (*granian, "--blocking-threads", "4", "wsgi:app")),
        Contender("granian 2 x 96", (*granian, "--blocking-threads", "96", "wsgi:app")),
    ]
    nginx = others / "bin/nginx"
    if nginx.exists():
        call = (*gunicorn, "--threads", "4", "wsgi:app")
        found.append(Contender("nginx, gunicorn gthread 2 x 4", call, nginx))
    return [one for one in found if not one.call or Path(one.call[0]).exists()]


@contextmanager
def _running(one: Contender, here: House) -> Iterator[Serving]:
    if not one.call:
        with house.serving(here, "--no-work", THUCDIA_PROCESSES=one.processes) as served:
            yield served
        return
    port = free_port()
    call = [part.format(port=port) for part in one.call]
    with house.process(call, port, here.environment(port), "/health") as behind:
        if one.proxy is None:
            yield behind
            return
        with _proxied(one.proxy, here, port) as before:
            yield Serving(behind.pid, before.base_url)


@contextmanager
def _proxied(nginx: Path, here: House, behind: int) -> Iterator[Serving]:
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        settings = Path(folder) / "nginx.conf"
        user = "user root; " if os.geteuid() == 0 else ""
        settings.write_text(NGINX.format(folder=folder, port=port, behind=behind, user=user))
        call = [str(nginx), "-p", folder, "-c", str(settings)]
        with house.process(call, port, here.environment(port), "/health") as served:
            yield served


def _waits(here: House, served: Serving, phones: int) -> list[Cell]:
    """Let the fast phone ask while the slow ones send, and return what it met."""
    sender = house.phone(here, served)
    form = house.filler(sender)  # fetched before the others begin: it would wait with them
    where = urlsplit(served.base_url)
    call = [sys.executable, "-m", "bench.slowly", str(where.hostname), str(where.port),
            here.prefix, str(phones), str(SECONDS)]  # fmt: skip
    with subprocess.Popen(call, cwd=ROOT, stdout=subprocess.PIPE, text=True) as slow:
        assert slow.stdout is not None
        slow.stdout.readline()  # all have begun
        with metered(server=served.pid) as reading:
            out = _fast(sender, form, SECONDS - 4)
        answered = json.loads(slow.stdout.read())
    return _cells(out, reading, answered, phones)


def _fast(sender: Sender, form: Filler, seconds: float) -> Outcome:
    """Ask and send in turn for `seconds`, and to the end of the last answer."""
    listing = sender.get(f"{sender.prefix}/formList")
    found, end, number = Outcome(), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        number += 1
        jobs = [lambda: listing, *interviews(sender, form, 1, number)]
        once = drive(sender.base_url, jobs, 1, STORED | {200}, strict=False)
        found.waits_ms += once.waits_ms
        found.refusals += once.refusals
        time.sleep(PAUSE_S)
    return found


def _cells(out: Outcome, reading: Reading, answered: dict[str, int], phones: int) -> list[Cell]:
    good = answered.get("201", 0) + answered.get("202", 0)
    refused = f", {len(out.refusals)} failed" if out.refusals else ""
    group = reading.groups["server"]
    return [
        out.percentile(50), out.percentile(99), out.percentile(100), f"{out.good:,}{refused}",
        f"{good} of {phones}", group.peak_rss_mb, group.peak_pss_mb, reading.foreign_cores,
    ]  # fmt: skip
