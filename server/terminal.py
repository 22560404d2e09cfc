"""The edge to a terminal: who types, and how an answer is printed."""

import getpass
import json
from collections.abc import Callable
from typing import Any

import click
from sqlalchemy import text

from server.db import db
from server.journal import Actor


def _known_plan(_ctx: click.Context, _param: click.Parameter, plan_id: int) -> int:
    query = text("SELECT 1 FROM plan WHERE id = :id")
    if db.session().execute(query, {"id": plan_id}).first() is None:
        raise click.BadParameter(
            f"không có kế hoạch số {plan_id}; xem `thucdia plan list` / there is no such plan"
        )
    return plan_id


plan_option = click.option(
    "--plan",
    "plan_id",
    type=int,
    required=True,
    callback=_known_plan,
    help="Số của kế hoạch / the plan's number.",
)
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
