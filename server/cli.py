"""The command `thucdia`: at a desk without a browser, the same verbs as the pages."""

import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from importlib import import_module
from typing import Any

import click
from flask import Flask
from waitress import create_server

from server import migrate
from server.app import create_app
from server.config import SettingsError, from_environment
from server.db import db
from server.demo.commands import demo, greet
from server.jobs import Jobs
from server.maintenance import commands as maintenance
from server.problems import Problem
from server.submissions.commands import held
from server.teams.commands import phone

SUBJECTS = (
    "server.places.commands",
    "server.teams.commands",
    "server.monitoring.commands",
    "server.surveys.commands",
    "server.submissions.commands",
    "server.draws.commands",
    "server.findings.commands",
)


class Thucdia(click.Group):
    """A group whose refusals read as sentences, in Vietnamese and English, without a trace."""

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


def _join() -> None:
    for name in SUBJECTS:
        main.add_command(import_module(name).group)
    for command in (*maintenance.commands, phone, held, demo):
        main.add_command(command)


@main.command()
@click.option("--no-work", is_flag=True, help="Không chạy việc nền ở đây / run no jobs here.")
@click.pass_obj
def serve(app: Flask, no_work: bool) -> None:
    """Serve pages, programs and phones; on the first start, load the demo."""
    settings = app.config["THUCDIA"]
    if migrate.current(db.engine) is None and settings.demo:
        _apart("demo")
    elif not migrate.is_current(db.engine):
        _apart("migrate")
    db.session.remove()
    server = create_server(
        app,
        host=settings.host,
        port=settings.port,
        threads=settings.threads,
        connection_limit=1000,
        channel_timeout=120,
        inbuf_overflow=65_536,
        max_request_body_size=settings.max_body_bytes + 1_000_000,
        ident="",
        clear_untrusted_proxy_headers=True,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    jobs: Jobs = app.extensions["jobs"]
    with nullcontext() if no_work else jobs.beside():
        greet(app)
        db.session.remove()
        server.run()


def _apart(command: str) -> None:
    """Run a command of ours in a process of its own: what it needed is given back at its end."""
    done = subprocess.run([sys.executable, "-m", "server.cli", command])  # noqa: S603 - our own
    if done.returncode:
        raise SystemExit(done.returncode)


@main.command()
@click.pass_obj
def work(app: Flask) -> None:
    """Run the jobs that follow submissions, and the timers, until stopped."""
    app.extensions["jobs"].run()


Command = Callable[..., Any]
_join()

if __name__ == "__main__":
    main()
