"""Places from a terminal."""

from pathlib import Path

import click

from server import journal
from server.db import db, transaction
from server.places import queries, service
from server.terminal import actor, as_json, say

EDITION = click.option("--edition", default="2024", show_default=True, help="Bản danh mục.")


@click.group("place")
def group() -> None:
    """Places and hamlets (địa bàn)."""


@group.command("search")
@click.argument("text")
@EDITION
@as_json
def search(text: str, edition: str, as_json: bool) -> None:
    """Find places by name, with or without tone marks."""
    session = db.session()
    found = session.scalars(queries.search(edition, text)).all()
    addresses = queries.addresses(session, found)
    for place in found:
        value = {"code": place.code, "name": place.name, "address": addresses[place.id]}
        say(as_json, value, f"{place.code}\t{addresses[place.id]}")


@group.command("hamlets")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@EDITION
@click.option("--store", is_flag=True, help="Ghi các dòng hợp lệ; không có thì chỉ xem trước.")
@as_json
def hamlets(file: Path, edition: str, store: bool, as_json: bool) -> None:
    """Preview a CSV or XLSX list of hamlets, and store its good rows with --store."""
    session = db.session()
    preview = service.preview_hamlets(session, edition, file.read_bytes(), file.name)
    for rejected in preview.rejected:
        why = "; ".join(problem.text("vi") for problem in rejected.problems)
        click.echo(f"dòng {rejected.row}: {why}", err=True)
    added = 0
    if store:
        with transaction() as writing:
            added = service.import_hamlets(writing, preview)
            journal.write(writing, actor(), "hamlets.imported", "edition", edition, rows=added)
    value = {
        "accepted": len(preview.accepted),
        "rejected": len(preview.rejected),
        "stored": added,
    }
    say(as_json, value, f"{len(preview.accepted)} dòng hợp lệ, đã ghi {added}.")
