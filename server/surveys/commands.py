"""Forms from a terminal."""

from pathlib import Path

import click
from flask import current_app
from sqlalchemy import select

from server.db import db, transaction
from server.problems import NotFound
from server.surveys import compile as compiler
from server.surveys import drafts, queries, service
from server.surveys.changes import Change
from server.surveys.models import Form, FormState
from server.surveys.workbook import ELSEWHERE
from server.teams.commands import server_url
from server.terminal import actor, as_json, plan_option, say

ALLOW = click.option(
    "--allow",
    "allowed",
    multiple=True,
    type=click.Choice(ELSEWHERE),
    help="Cho phép thiết lập đưa phiếu đi nơi khác / a setting that leads elsewhere.",
)
WORKBOOK = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("form")
def group() -> None:
    """Forms and their versions (biểu mẫu)."""


@group.command("publish")
@click.argument("workbook", type=WORKBOOK)
@plan_option
@click.option("--notes", default="", help="Phiên bản này có gì mới / what is new in it.")
@click.option("--media", type=WORKBOOK, multiple=True, help="Tệp mà biểu mẫu cần.")
@click.option("--dry-run", type=int, help="Số lần chạy thử luật đã xem / the dry run seen.")
@click.option("--without-dry-run", default="", help="Lý do không chạy thử / why there is none.")
@ALLOW
@as_json
def publish(
    workbook: Path,
    plan_id: int,
    notes: str,
    media: tuple[Path, ...],
    dry_run: int | None,
    without_dry_run: str,
    allowed: tuple[str, ...],
    as_json: bool,
) -> None:
    """Compile WORKBOOK, upload it to a plan and publish it at once.

    Other rules for a form with records need --dry-run (see `finding dry-run`) or a reason.
    """
    data = workbook.read_bytes()
    compiled = compiler.compile(data, workbook.name, allowed=allowed)
    for warning in compiled.warnings:
        click.echo(f"! {warning}", err=True)
    files = current_app.extensions["files"]
    with transaction() as session:
        version = service.upload(session, files, plan_id, data, workbook.name, compiled, actor())
        for path in media:
            with path.open("rb") as stream:
                service.attach(
                    session, files, version, path.name, "application/octet-stream", stream, actor()
                )
        changed = service.changes_of(version)
        looked = service.Looked(dry_run, without_dry_run)
        version = service.publish(session, version, actor(), notes or None, looked)
        found = {
            "form_id": version.form.form_id,
            "version": version.version,
            "validated": version.validated,
            "warnings": list(version.warnings),
            "changes": [_told(each) for each in changed],
        }
    say(as_json, found, f"Đã phát hành {found['form_id']} phiên bản {found['version']}.")


@group.command("draft")
@click.argument("workbook", type=WORKBOOK)
@plan_option
@ALLOW
@as_json
def draft(workbook: Path, plan_id: int, allowed: tuple[str, ...], as_json: bool) -> None:
    """Keep WORKBOOK as a draft; prints where phones try it and what publishing would change."""
    data = workbook.read_bytes()
    compiled = compiler.compile(data, workbook.name, allowed=allowed)
    for warning in compiled.warnings:
        click.echo(f"! {warning}", err=True)
    files = current_app.extensions["files"]
    with transaction() as session:
        version = service.upload(session, files, plan_id, data, workbook.name, compiled, actor())
        form, changed = version.form, service.changes_of(version)
        published = version.published_at is not None
        found = {
            "form_id": form.form_id,
            "version": version.version,
            "published": published,
            "url": "" if published else server_url() + _trial(form),
            "missing": list(service.missing_files(version)),
            "changes": [_told(each) for each in changed],
        }
    lines = [f"{each.kind.value}\t{each.path}\t{each.was}\t{each.becomes}" for each in changed]
    say(as_json, found, "\n".join([*lines, f"url\t{found['url']}"]))


def _trial(form: Form) -> str:
    return drafts.path(form.test_token or "", form.plan_id, form.form_id)


def _told(change: Change) -> dict[str, str]:
    return {
        "kind": change.kind.value, "path": change.path, "was": change.was, "to": change.becomes,
    }  # fmt: skip


@group.command("list")
@plan_option
@as_json
def list_forms(plan_id: int, as_json: bool) -> None:
    """List the forms of a plan with their current version."""
    for form in queries.forms(db.session(), plan_id):
        version = form.current.version if form.current else None
        value = {"form_id": form.form_id, "title": form.title, "state": form.state.value}
        line = f"{form.form_id}\t{version or '—'}\t{form.state.value}\t{form.title}"
        say(as_json, {**value, "version": version}, line)


@group.command("state")
@click.argument("form_id")
@click.argument("state", type=click.Choice([state.value for state in FormState]))
@plan_option
@as_json
def set_state(form_id: str, state: str, plan_id: int, as_json: bool) -> None:
    """Open a form, let it run out (closing), or close it."""
    with transaction() as session:
        form = session.scalar(select(Form).where(Form.plan_id == plan_id, Form.form_id == form_id))
        if form is None:
            raise NotFound()
        service.set_state(session, form, FormState(state), actor())
    say(as_json, {"form_id": form_id, "state": state}, f"{form_id}: {state}")
