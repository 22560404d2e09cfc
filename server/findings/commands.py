"""Findings from a terminal."""

import click
from sqlalchemy import select

from server.db import db
from server.findings.models import Finding
from server.terminal import as_json, plan_option, say


@click.group("finding")
def group() -> None:
    """Findings (tồn tại, vướng mắc)."""


@group.command("list")
@plan_option
@as_json
def list_findings(plan_id: int, as_json: bool) -> None:
    """List the findings of a plan, oldest first."""
    query = select(Finding).where(Finding.plan_id == plan_id).order_by(Finding.id)
    for found in db.session().scalars(query.execution_options(yield_per=500)):
        value = {
            "id": found.id,
            "rule": found.rule_id,
            "severity": found.severity,
            "state": found.state.value,
            "title": found.title,
            "submission": found.submission_id,
            "record": found.record_id,
        }
        line = f"{found.id}\t{found.rule_id}\t{found.severity}\t{found.state.value}\t{found.title}"
        say(as_json, value, line)
