"""The command `thucdia`: at a desk without a browser, the same verbs as the pages."""

import ctypes
import gc
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from importlib import import_module
from typing import Any

import click
from flask import Flask
from waitress import create_server

from server import migrate
from server.app import create_app
from server.config import Settings, SettingsError, from_environment
from server.db import db
from server.jobs import Jobs
from server.problems import Problem

log = logging.getLogger(__name__)
LOOK_SECONDS = 0.5
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # of glibc's malloc.h
MALLOC = {M_ARENA_MAX: 1, M_MMAP_THRESHOLD: 131_072, M_TRIM_THRESHOLD: 131_072}
COMMANDS = {
    "place": "server.places.commands:group",
    "person": "server.teams.commands:group",
    "phone": "server.desk.phone_commands:group",
    "plan": "server.monitoring.commands:group",
    "programme": "server.monitoring.commands:programme",
    "form": "server.surveys.commands:group",
    "entity": "server.entities.commands:group",
    "submission": "server.submissions.commands:group",
    "held": "server.submissions.commands:held",
    "draw": "server.draws.commands:group",
    "finding": "server.findings.commands:group",
    "round": "server.findings.threshold_commands:group",
    "refresh": "server.quality.commands:refresh",
    "migrate": "server.maintenance.commands:migrate_command",
    "backup": "server.maintenance.commands:backup",
    "restore": "server.maintenance.commands:restore",
    "verify": "server.maintenance.commands:verify",
    "demo": "server.demo.commands:demo",
}
"""Where the commands of the subjects are; each is loaded when it is typed."""


class Thucdia(click.Group):
    """A group whose refusals read as sentences, in Vietnamese and English, without a trace."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted([*super().list_commands(ctx), *COMMANDS])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of this name, None when there is none."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, _, name = COMMANDS[cmd_name].partition(":")
        found: click.Command = getattr(import_module(module), name)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command inside the application."""
        try:
            return super().invoke(ctx)
        except Problem as problem:
            sentence = f"{problem.text('vi')}\n{problem.text('en')} [{problem.code}]"
            raise click.ClickException(sentence) from problem


@click.group(cls=Thucdia, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def main(ctx: click.Context) -> None:
    """Thực Địa: survey and consultation server for poverty-programme supervision."""
    try:
        app = create_app(from_environment())
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    ctx.obj = app
    ctx.with_resource(app.app_context())


@main.command()
@click.option("--no-work", is_flag=True, help="Không chạy việc nền ở đây / run no jobs here.")
@click.option("--fd", type=int, hidden=True, help="Serve on a socket that the parent listens on.")
@click.pass_obj
def serve(app: Flask, no_work: bool, fd: int | None) -> None:
    """Serve pages, programs and phones; on the first start, load the demo."""
    settings = app.config["THUCDIA"]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if fd is not None:
        threading.Thread(target=_leave_with_parent, daemon=True).start()
        with socket.socket(fileno=fd) as listening:
            _serve(app, no_work, sockets=[listening])
        return
    _make_ready(settings)
    if settings.processes == 1:
        _serve(app, no_work, _greet, host=settings.host, port=settings.port)
        return
    with _listening(settings) as listening:
        _greet(app)
        _keep(listening.fileno(), settings.processes, no_work)


def _make_ready(settings: Settings) -> None:
    if not migrate.is_current(db.engine) and _apart("migrate"):
        raise SystemExit(1)
    if settings.demo and not _demo_settled() and _apart("demo"):
        click.echo(
            "Chưa nạp xong bản mẫu; máy chủ vẫn chạy, lần khởi động sau sẽ làm tiếp / "
            "the demonstration is not loaded; the next start goes on with it.",
            err=True,
        )


def _demo_settled() -> bool:
    from server.demo import loader

    settled = loader.state(db.session()).settled
    db.session.remove()
    return settled


def _greet(app: Flask) -> None:
    from server.demo.commands import greet

    greet(app)


def _serve(
    app: Flask, no_work: bool, greeting: Callable[[Flask], None] | None = None, **where: Any
) -> None:
    """Serve in this process until it is told to stop. bench/README.md has why waitress."""
    _give_back()
    _pass_by()
    settings = app.config["THUCDIA"]
    server = create_server(
        app,
        **where,
        threads=settings.threads,
        connection_limit=1000,
        channel_timeout=120,
        asyncore_use_poll=True,  # select() cannot watch a descriptor above 1023
        inbuf_overflow=65_536,
        recv_bytes=65_536,  # by 8 kB, as waitress reads, a photo takes a tenth more of CPU
        max_request_body_size=settings.max_body_bytes + 1_000_000,
        ident="",
        clear_untrusted_proxy_headers=True,
    )
    jobs: Jobs = app.extensions["jobs"]
    with nullcontext() if no_work else jobs.beside():
        if greeting is not None:
            greeting(app)
        db.session.remove()
        server.run()


def _pass_by() -> None:
    """Have the collector of garbage pass by what was made to serve: it stays to the end.

    Else it goes through two hundred thousand objects now and then, and the forms of that moment
    wait.
    """
    gc.unfreeze()  # what was frozen at the start holds what the start left over
    gc.collect()
    gc.freeze()


def _give_back() -> None:
    """Have the C library give memory back once a photo is done, and keep one store for all threads.

    By itself glibc keeps a store for each thread, as large as it ever had to be; other C libraries
    have no such setting.
    """
    set_one = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_one is not None:
        for setting, value in MALLOC.items():
            set_one(setting, value)


def _listening(settings: Settings) -> socket.socket:
    """Return a socket on the address of the settings, for the serving processes to share."""
    found = socket.getaddrinfo(
        settings.host or None, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, _, _, _, address = found[0]
    return socket.create_server(address, family=family, backlog=1024)


def _keep(fd: int, count: int, no_work: bool) -> None:
    """Keep `count` serving processes on one socket; one that died is followed by another.

    The first one runs the jobs.
    """

    def start(number: int) -> "subprocess.Popen[bytes]":
        jobless = ["--no-work"] if no_work or number else []
        call = [sys.executable, "-m", "server", "serve", "--fd", str(fd), *jobless]
        return subprocess.Popen(call, pass_fds=[fd], stdin=subprocess.PIPE)  # noqa: S603 - our own

    children = [start(number) for number in range(count)]
    try:
        while True:
            time.sleep(LOOK_SECONDS)
            for number, child in enumerate(children):
                if child.poll() is not None:
                    log.error("serving process %s ended (%s)", child.pid, child.returncode)
                    children[number] = start(number)
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait()


def _leave_with_parent() -> None:
    """End this process when its parent has, however that ended: its pipe is closed then."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def _apart(command: str) -> int:
    """Run a command of ours in a process of its own: what it needed is given back at its end."""
    done = subprocess.run([sys.executable, "-m", "server", command])  # noqa: S603 - our own
    return done.returncode


@main.command()
@click.pass_obj
def work(app: Flask) -> None:
    """Run the jobs that follow submissions, and the timers, until stopped."""
    _pass_by()
    app.extensions["jobs"].run()


if __name__ == "__main__":  # else `python -m server.cli` would do nothing and say that all is well
    main()
