"""migrate, backup, restore, verify: from a terminal."""

import sys
from pathlib import Path

import click
from flask import Flask, current_app

from server import journal, migrate
from server.db import db, transaction
from server.maintenance import archive, soundness
from server.monitoring import catalogue
from server.places import service as places
from server.terminal import actor, as_json, say

FILE = click.Path(dir_okay=False, path_type=Path)


def _progress(what: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{what[:60]}", nl=False, err=True)


def _done() -> None:
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)


def prepare(app: Flask) -> None:
    """Bring the database to this program's tables, code lists and catalogue."""
    migrate.upgrade(db.engine)
    with transaction() as session:
        places.load_editions(session, _progress)
        catalogue.load(session)
    _done()


@click.command("migrate")
@as_json
@click.pass_obj
def migrate_command(app: Flask, as_json: bool) -> None:
    """Bring the database to the tables this program needs, with code lists and catalogue."""
    prepare(app)
    reached = migrate.current(db.engine)
    say(as_json, {"migration": reached}, f"Cơ sở dữ liệu ở bản {reached}.")


@click.command("backup")
@click.argument("file", type=FILE)
@as_json
def backup(file: Path, as_json: bool) -> None:
    """Write everything, rows and files, to FILE; safe while the server runs."""
    manifest = archive.backup(db.session(), current_app.extensions["files"], file, _progress)
    _done()
    db.session.rollback()
    with transaction() as session:
        journal.write(session, actor(), "backup.made", "file", file.name)
    members, damaged = len(manifest["members"]), manifest["damaged"]
    value = {
        "file": str(file), "rows": manifest["rows"], "members": members, "damaged": damaged
    }  # fmt: skip
    if damaged:
        click.echo(f"{len(damaged)} tệp hỏng không sao lưu được / damaged files left out", err=True)
    say(as_json, value, f"Đã sao lưu {sum(manifest['rows'].values())} dòng vào {file}.")


@click.command("restore")
@click.argument("file", type=FILE)
@as_json
@click.pass_obj
def restore(app: Flask, file: Path, as_json: bool) -> None:
    """Fill an empty installation from FILE, after checking all of it."""
    migrate.upgrade(db.engine)
    with transaction() as session:
        manifest = archive.restore(session, app.extensions["files"], file, _progress)
        journal.write(
            session, actor(), "backup.restored", "file", file.name, made_at=manifest["made_at"]
        )
    _done()
    value = {"file": str(file), "rows": manifest["rows"]}
    say(as_json, value, f"Đã khôi phục {sum(manifest['rows'].values())} dòng từ {file}.")


@click.command("verify")
@as_json
def verify(as_json: bool) -> None:
    """Check the database, every file against its hash, draws, and the journal's chain."""
    session, files = db.session(), current_app.extensions["files"]
    found = list(soundness.faults(session, files, _progress))
    orphans = sum(1 for _ in soundness.orphans(session, files, 0))
    unsealed = journal.unsealed(session)
    _done()
    value = {
        "ok": not found,
        "faults": [fault.__dict__ for fault in found],
        "orphans": orphans,
        "unsealed_lines": unsealed,
    }
    lines = [f"{fault.check}: {fault.where}: {fault.what}" for fault in found]
    summary = (
        f"{len(found)} lỗi; {orphans} tệp chưa dòng nào nhắc tới; {unsealed} dòng chưa niêm phong."
    )
    say(as_json, value, "\n".join([*lines, summary]))
    if found:
        raise SystemExit(1)
