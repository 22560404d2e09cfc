"""The edge to a terminal: who types, and how an answer is printed."""

import getpass
import json
from collections.abc import Callable
from typing import Any

import click

from server.journal import Actor

as_json = click.option("--json", "as_json", is_flag=True, help="In JSON / print JSON.")


def actor() -> Actor:
    """Return how the journal names whoever types here."""
    return Actor("command", None, getpass.getuser())


def say(json_wanted: bool, value: Any, sentence: str | Callable[[], str]) -> None:
    """Print `value` as one line of JSON, or `sentence` for people."""
    if json_wanted:
        click.echo(json.dumps(value, ensure_ascii=False, default=str))
    else:
        click.echo(sentence() if callable(sentence) else sentence)
