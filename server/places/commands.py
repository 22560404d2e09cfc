"""Places from a terminal."""

import datetime as dt
from pathlib import Path

import click
from flask import current_app

from server import journal
from server.db import db, transaction
from server.places import boundary_queries, boundary_service, islands, outlines, queries, service
from server.places.boundaries import How
from server.places.boundary_models import BoundaryImport
from server.places.boundary_service import Credit
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


@group.command("boundaries")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@EDITION
@click.option("--source", default="", help="Cơ quan công bố, văn bản / who published it.")
@click.option("--attribution", default="", help="Dòng ghi công trên bản đồ / the line on maps.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Địa giới tính đến ngày.")
@click.option("--code-property", default="", help="Thuộc tính mang mã; trống thì tự tìm.")
@click.option("--name-property", default="", help="Thuộc tính mang tên.")
@click.option("--parent-property", default="", help="Thuộc tính mang tên đơn vị cấp trên.")
@click.option("--trust-codes", is_flag=True, help="Tin mã dù tên khác.")
@click.option("--store", is_flag=True, help="Ghi các vùng hợp lệ; không có thì chỉ xem trước.")
@as_json
def boundaries(
    file: Path,
    edition: str,
    source: str,
    attribution: str,
    as_of: dt.datetime | None,
    code_property: str,
    name_property: str,
    parent_property: str,
    trust_codes: bool,
    store: bool,
    as_json: bool,
) -> None:
    """Preview official boundaries (GeoJSON), and store those of known units with --store."""
    if store and not (source and attribution):
        raise click.UsageError("--store cần --source và --attribution / needs both")
    how = How(code_property, name_property, parent_property, trust_codes)
    with outlines.read(file, file.name) as found:
        preview = boundary_service.preview(db.session(), edition, found, how, [""])
        for rejected in preview.rejected:
            reason = rejected.problem.text("vi")
            click.echo(f"vùng {rejected.number} {rejected.label}: {reason}", err=True)
        stored = None
        if store:
            with file.open("rb") as data:
                kept = current_app.extensions["files"].keep(data)
            day = as_of.date() if as_of else None
            credit = Credit(file.name, kept.sha256, source, attribution, day)
            with transaction() as writing:
                made = boundary_service.store(writing, edition, found, how, [""], credit, actor())
                stored = made.id
    value = {
        "accepted": len(preview.accepted),
        "rejected": len(preview.rejected),
        "lacking": [each.code for each in preview.lacking],
        "import": stored,
    }
    say(as_json, value, lambda: _said(preview, stored))


def _said(preview: boundary_service.Preview, stored: int | None) -> str:
    done = f"đã ghi, lần nhập số {stored}" if stored else "chưa ghi gì (thêm --store để ghi)"
    lacking = islands.named(preview.lacking)
    also = f"\nChưa đủ để vẽ cả nước: thiếu {lacking}." if lacking else ""
    return f"{len(preview.accepted)} đơn vị hợp lệ, {done}.{also}"


@group.command("boundary-list")
@EDITION
@as_json
def boundary_list(edition: str, as_json: bool) -> None:
    """List the imports of boundaries of an edition, the newest first."""
    for made in db.session().scalars(boundary_queries.imports(edition)):
        value = {
            "id": made.id, "source": made.source, "units": made.units,
            "imported_at": made.imported_at, "withdrawn_at": made.withdrawn_at,
        }  # fmt: skip
        state = "đã rút lại" if made.withdrawn_at else "đang dùng"
        say(as_json, value, f"{made.id}\t{made.units}\t{state}\t{made.source}")


@group.command("boundary-withdraw")
@click.argument("import_id", type=int)
@as_json
def boundary_withdraw(import_id: int, as_json: bool) -> None:
    """Take an import of boundaries back: units have again what they had before it."""
    with transaction() as session:
        made = session.get(BoundaryImport, import_id)
        if made is None:
            raise click.UsageError(f"không có lần nhập số {import_id} / there is no such import")
        revived = boundary_service.withdraw(session, made, actor())
    say(as_json, {"import": import_id, "revived": revived}, f"Đã rút lại lần nhập {import_id}.")
