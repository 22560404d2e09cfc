"""demo: fills an empty installation with the demonstration, from a terminal."""

import click
from flask import Flask

from server.maintenance.commands import prepare
from server.terminal import as_json, say


@click.command("demo")
@click.option("--interviews", type=click.IntRange(0, 240), default=200, show_default=True)
@as_json
@click.pass_obj
def demo(app: Flask, interviews: int, as_json: bool) -> None:
    """Load the demonstration: a true plan of 2024 with invented answers."""
    prepare(app)
    say(as_json, {"loaded": False}, "Cơ sở dữ liệu đã sẵn sàng.")


def greet(app: Flask) -> None:
    """Print how to sign in to the demonstration."""
