"""The command `thucdia`: at a desk without a browser, the same verbs as the pages."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click
from flask import Flask

from server.app import create_app
from server.config import SettingsError, from_environment
from server.demo.commands import demo
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
    """Serve pages, programs and phones; jobs run in a process beside."""
    from waitress import create_server

    from server import migrate
    from server.db import db

    settings = app.config["THUCDIA"]
    migrate.upgrade(db.engine)
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
    with _beside(no_work):
        click.echo(f"Thực Địa: http://{settings.host}:{settings.port}", err=True)
        server.run()


@contextmanager
def _beside(no_work: bool) -> Iterator[None]:
    if no_work:
        yield
        return
    command = [sys.executable, "-m", "server.cli", "work", "--parent", str(os.getpid())]
    worker = subprocess.Popen(command)  # noqa: S603 - our own program
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(10)


@main.command()
@click.option("--parent", type=int, help="Dừng khi tiến trình này dừng / stop with this process.")
@click.pass_obj
def work(app: Flask, parent: int | None) -> None:
    """Run the jobs that follow submissions, and the timers, until stopped."""
    from server import jobs

    if parent is not None:
        jobs.follow_parent(parent)
    app.extensions["jobs"].run()


Command = Callable[..., Any]
_join()

if __name__ == "__main__":
    main()
