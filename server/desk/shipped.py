"""The forms that come with the server (`xlsforms/`), sent to a plan one after another.

Each asks for seconds of pyxform and ODK Validate, so a page only leaves a line for each; the
worker compiles and publishes them, and a plan that has a form already keeps its own.
"""

import functools
from collections.abc import Sequence
from pathlib import Path

from flask import current_app
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from server import journal
from server.files import Files
from server.journal import Actor, Line, Work, Write, handles
from server.monitoring.models import Plan, PlanState
from server.surveys import compile as compiler
from server.surveys import queries, service
from server.surveys.models import Form

WORKBOOKS = Path(__file__).resolve().parent.parent.parent / "xlsforms"
ASKED = "form.asked"


@functools.cache
def form_ids() -> tuple[str, ...]:
    """Return the ids of the shipped forms: each workbook is named by its own."""
    return tuple(sorted(path.stem for path in WORKBOOKS.glob("*.xlsx")))


def lacking(session: Session, plan_id: int) -> list[str]:
    """Return the shipped forms that a plan does not have."""
    held = set(session.scalars(select(Form.form_id).where(Form.plan_id == plan_id)))
    return [form_id for form_id in form_ids() if form_id not in held]


def ask(session: Session, plan: Plan, actor: Actor) -> Sequence[str]:
    """Have the worker send the shipped forms that the plan lacks; return which.

    Raises:
        PlanClosed: it is only read.
    """
    plan.must_be_open()
    wanted = [] if waiting(session, plan.id) else lacking(session, plan.id)
    for form_id in wanted:
        journal.write(session, actor, ASKED, "plan", plan.id, plan.id, form_id=form_id)
    return wanted


def waiting(session: Session, plan_id: int) -> int:
    """Return how many shipped forms are still on their way to a plan."""
    return session.scalar(on_the_way(plan_id).with_only_columns(func.count())) or 0


def on_the_way(plan_id: int) -> Select[int]:
    """Return the query of the lines whose form is not in the plan yet."""
    query = select(Work.line_id).join(Line, Line.id == Work.line_id)
    return query.where(Line.verb == ASKED, Line.plan_id == plan_id)


@handles(ASKED)
def send(session: Session, line: Line) -> Write | None:
    """Compile a shipped form and publish it in the plan; where files are missing it stays a draft.

    A plan that was closed meanwhile, or has the form by now, gets nothing.
    """
    plan, form_id = session.get(Plan, line.plan_id or 0), str(line.detail["form_id"])
    if plan is None or plan.state is PlanState.CLOSED or form_id not in form_ids():
        return None
    if queries.form(session, plan.id, form_id) is not None:
        return None
    plan_id, path = plan.id, WORKBOOKS / f"{form_id}.xlsx"
    data = path.read_bytes()
    compiled = compiler.compile(data, path.name)
    actor = Actor(line.via, line.person_id, line.actor)
    files: Files = current_app.extensions["files"]

    def keep(writing: Session) -> None:
        version = service.upload(writing, files, plan_id, data, path.name, compiled, actor)
        if not service.missing_files(version):
            service.publish(writing, version, actor)

    return keep
