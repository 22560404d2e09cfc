"""The thresholds of a round from a terminal."""

import click
from sqlalchemy.orm import Session

from server.db import db, transaction
from server.findings import params, thresholds
from server.monitoring.models import Round
from server.terminal import actor, as_json, say

DEFAULT = "default"


@click.group("round")
def group() -> None:
    """Rounds (đợt giám sát)."""


@group.command("param")
@click.argument("round_id", type=int)
@click.argument("name", default="")
@click.argument("value", default="")
@as_json
def param(round_id: int, name: str, value: str, as_json: bool) -> None:
    """Print the thresholds of a round; with NAME and VALUE, set one ('default' takes it back).

    VALUE is a number, or numbers that hold from a day on: '30/6: 50; 15/11: 85'.
    """
    if name:
        if not value:
            raise click.UsageError(f"hãy ghi số của ngưỡng {name} / give the value of {name}")
        with transaction() as session:
            typed = {name: None if value == DEFAULT else value}
            thresholds.change(session, _round(session, round_id), typed, actor())
    session = db.session()
    for each in thresholds.standing(session, _round(session, round_id)):
        rules = [f"{use.form_title} {use.rule_id}" for use in each.uses]
        told = {
            "name": each.name,
            "value": each.value,
            "default": each.default,
            "own": each.own is not None,
            "unit": each.about.unit[0],
            "rules": rules,
        }
        line = f"{each.name}\t{params.told(each.value)}\t{params.told(each.default)}"
        say(as_json, told, f"{line}\t{each.about.unit[0]}\t{', '.join(rules)}")


def _round(session: Session, round_id: int) -> Round:
    found = session.get(Round, round_id)
    if found is None:
        raise click.BadParameter(f"không có đợt số {round_id} / there is no such round")
    return found
