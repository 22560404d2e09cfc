"""Findings from a terminal."""

import datetime as dt
from collections.abc import Iterable

import click
from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock
from server.db import db, transaction
from server.findings import alarms, dry_runs, register, remedy
from server.findings.models import WITH_THE_UNIT, Authority, Finding, FindingState
from server.findings.remedy import Unit
from server.surveys import queries as surveys
from server.surveys.models import Form, FormVersion
from server.terminal import actor, as_json, plan_option, say


@click.group("finding")
def group() -> None:
    """Findings (tồn tại, vướng mắc)."""


def _chosen(session: Session, plan_id: int, state: str | None, late: bool) -> Iterable[Finding]:
    query = select(Finding).where(Finding.plan_id == plan_id).order_by(Finding.id)
    if state is not None:
        query = query.where(Finding.state == FindingState(state))
    if late:
        query = query.where(Finding.state.in_(WITH_THE_UNIT), Finding.due_on < clock.today())
    return session.scalars(query.execution_options(yield_per=500))


@group.command("list")
@plan_option
@click.option("--state", type=click.Choice([each.value for each in FindingState]))
@click.option("--overdue", is_flag=True, help="Chỉ phát hiện quá hạn / only those overdue.")
@as_json
def list_findings(plan_id: int, state: str | None, overdue: bool, as_json: bool) -> None:
    """List the findings of a plan, oldest first."""
    for found in _chosen(db.session(), plan_id, state, overdue):
        value = {
            "id": found.id,
            "rule": found.rule_id,
            "severity": found.severity,
            "state": found.state.value,
            "title": found.title,
            "submission": found.submission_id,
            "record": found.record_id,
            "responsible": found.responsible,
            "due": found.due_on,
        }
        line = f"{found.id}\t{found.rule_id}\t{found.severity}\t{found.state.value}\t{found.title}"
        say(as_json, value, f"{line}\t{found.due_on or ''}")


def _finding(session: Session, finding_id: int) -> Finding:
    found = session.get(Finding, finding_id)
    if found is None:
        raise click.BadParameter(f"không có phát hiện số {finding_id} / there is no such finding")
    return found


@group.command("show")
@click.argument("finding_id", type=int)
@as_json
def show(finding_id: int, as_json: bool) -> None:
    """Print the thread of a finding, a line a step."""
    session = db.session()
    found = _finding(session, finding_id)
    for step in register.steps_of(session, found.id):
        value = {
            "at": step.at,
            "step": step.kind.value,
            "from": step.from_state.value,
            "to": step.to_state.value,
            "who": step.actor,
            "note": step.note,
            "document": step.document,
            "due": step.due_after,
            "files": [each.sha256 for each in step.files],
        }
        moment = f"{clock.local(step.at):%H:%M %d/%m/%Y}"
        say(as_json, value, f"{moment}\t{step.kind.value}\t{step.actor}\t{step.note}")


@group.command("assign")
@click.argument("finding_id", type=int)
@click.option("--unit", required=True, help="Đơn vị chịu trách nhiệm / the responsible unit.")
@click.option("--level", type=click.Choice([each.value for each in Authority]), default="xa")
@click.option("--due", type=click.DateTime(["%Y-%m-%d"]), required=True, help="2024-05-31")
@click.option("--document", required=True, help="Số văn bản giao / number of the document.")
@as_json
def assign(
    finding_id: int, unit: str, level: str, due: dt.datetime, document: str, as_json: bool
) -> None:
    """Assign a confirmed finding to the unit that is to remedy it."""
    with transaction() as session:
        found = _finding(session, finding_id)
        remedy.assign(session, found, Unit(unit, Authority(level)), due.date(), document, actor())
    current_app.extensions["jobs"].poke()
    value = {"id": found.id, "state": found.state.value, "due": found.due_on}
    say(as_json, value, f"{found.id}\t{found.state.value}\t{found.due_on}")


@group.command("ring")
@as_json
def ring(as_json: bool) -> None:
    """Record the reminders and escalations that have fallen due; the server does it by itself."""
    with transaction() as session:
        count = alarms.ring(session)
    say(as_json, {"findings": count}, str(count))


@group.command("dry-run")
@click.argument("form_id")
@plan_option
@as_json
def dry_run(form_id: str, plan_id: int, as_json: bool) -> None:
    """Try the rules of a form's draft, or of what phones have, on every record it holds.

    Prints, a line a rule: how many records it would newly fire on, no longer, as before. The last
    line is the number that `form publish --dry-run` asks for.
    """
    with transaction() as session:
        version = _draft_or_current(session, plan_id, form_id)
        run = dry_runs.start(session, version, actor())
    while run.finished_at is None:
        write = dry_runs.piece(db.session(), run)
        with transaction() as session:
            write(session)
        click.echo(f"{run.done}/{run.total}", err=True)
    if run.error:
        raise click.ClickException(f"lần chạy thử dừng / the run stopped: {run.error}")
    for each in dry_runs.tallies(run, version):
        counts = "\t".join(f"{kind} {each.counts[kind]}" for kind in dry_runs.KINDS)
        say(as_json, {"rule": each.rule_id, **each.counts}, f"{each.rule_id}\t{counts}")
    say(as_json, {"run": run.id, "records": run.done}, f"run\t{run.id}\t{run.done}")


def _draft_or_current(session: Session, plan_id: int, form_id: str) -> FormVersion:
    form = session.scalar(select(Form).where(Form.plan_id == plan_id, Form.form_id == form_id))
    if form is None:
        raise click.BadParameter(f"không có biểu mẫu {form_id} / there is no such form")
    draft = surveys.latest_drafts(session, [form.id]).get(form.id)
    found = draft or form.current
    if found is None:
        raise click.BadParameter(f"biểu mẫu {form_id} chưa có bản nào / the form has no version")
    return found
