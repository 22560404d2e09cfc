"""Lists and their rows from a terminal."""

from pathlib import Path
from typing import Any

import click

from server.db import db, transaction
from server.entities import exporting, importing, queries, service
from server.entities.importing import Preview
from server.entities.models import Delivery, Entity, EntityList
from server.terminal import actor, as_json, plan_option, say

TABLE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)
DELIVERIES = click.Choice([each.value for each in Delivery])


@click.group("entity")
def group() -> None:
    """Lists that phones carry and change (danh sách trên máy), and their rows."""


@group.command("list")
@plan_option
@as_json
def list_lists(plan_id: int, as_json: bool) -> None:
    """List the lists of a plan with how many rows and conflicts they have."""
    session = db.session()
    found = queries.lists(session, plan_id)
    figures = queries.figures(session, [each.id for each in found])
    for each in found:
        count = figures.get(each.id, queries.Figures())
        value = {
            "name": each.name,
            "title": each.title,
            "delivery": each.delivery.value,
            "approval_required": each.approval_required,
            "properties": [one.name for one in each.properties],
            "rows": count.rows,
            "conflicts": count.conflicts,
            "deleted": count.deleted,
        }
        say(as_json, value, f"{each.name}\t{count.rows}\t{each.delivery.value}\t{each.title}")


@group.command("add-list")
@click.argument("name")
@plan_option
@click.option("--title", default="", help="Tên cho người đọc / what people call it.")
@click.option("--property", "properties", multiple=True, help="Thuộc tính / a property.")
@click.option("--delivery", type=DELIVERIES, default="all", help="Máy nào nhận / which phones.")
@click.option("--area-property", default="", help="Thuộc tính ghi mã xã / holds the place's code.")
@click.option("--approval", is_flag=True, help="Dòng mới chờ duyệt phiếu / new rows wait.")
@as_json
def add_list(
    name: str,
    plan_id: int,
    title: str,
    properties: tuple[str, ...],
    delivery: str,
    area_property: str,
    approval: bool,
    as_json: bool,
) -> None:
    """Add a list NAME to a plan."""
    with transaction() as session:
        service.add_list(
            session, plan_id, name, actor(), title=title, properties=properties,
            delivery=Delivery(delivery), approval_required=approval, area_property=area_property,
        )  # fmt: skip
    say(as_json, {"name": name}, f"Đã tạo danh sách {name}.")


@group.command("show")
@click.argument("name")
@click.argument("row", required=False)
@plan_option
@as_json
def show(name: str, row: str | None, plan_id: int, as_json: bool) -> None:
    """Show the rows of the list NAME, or one ROW with its versions, by its id."""
    session = db.session()
    found = queries.list_named(session, plan_id, name)
    if row is None:
        head = exporting.headings(found)
        for cells in exporting.rows(session, found, Entity.list_id == found.id):
            say(as_json, dict(zip(head, cells, strict=True)), "\t".join(cells))
        return
    value = _versions(queries.row(session, found, row))
    say(as_json, value, lambda: "\n".join(_lines(value)))


def _versions(entity: Entity) -> dict[str, Any]:
    versions = queries.versions(db.session(), entity)
    return {
        "name": entity.uuid,
        "label": entity.label,
        "conflict": entity.conflict.value,
        "deleted_at": entity.deleted_at,
        "versions": [
            {
                "version": each.version,
                "at": each.created_at,
                "by": each.actor,
                "via": each.via,
                "base_version": each.base_version,
                "conflict": each.conflict.value,
                "submission": each.submission_id,
                "changes": changes,
            }
            for each, changes in zip(versions, queries.diffs(versions), strict=True)
        ],
    }


def _lines(value: dict[str, Any]) -> list[str]:
    lines = [f"{value['name']}\t{value['label']}\t{value['conflict']}"]
    for each in value["versions"]:
        lines.append(f"  {each['version']}\t{each['at']:%d/%m/%Y %H:%M}\t{each['by']}")
        lines += [f"      {name}: {before} → {after}" for name, before, after in each["changes"]]
    return lines


@group.command("import")
@click.argument("table", type=TABLE)
@click.argument("name")
@plan_option
@click.option("--preview", "only_look", is_flag=True, help="Chỉ xem khác biệt / only look.")
@click.option("--apply", "do_it", is_flag=True, help="Thực hiện / do it.")
@click.option("--key", default="", help="Thuộc tính làm khóa / the property rows are known by.")
@click.option("--add-properties", is_flag=True, help="Cột lạ thành thuộc tính / from headings.")
@click.option("--overwrite", is_flag=True, help="Ghi đè cả dòng xung đột / conflicts too.")
@as_json
def import_table(
    table: Path,
    name: str,
    plan_id: int,
    only_look: bool,
    do_it: bool,
    key: str,
    add_properties: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Read TABLE (.csv, .xlsx) into the list NAME: --preview first, then --apply."""
    if only_look == do_it:
        raise click.UsageError(
            "chọn --preview để xem khác biệt, hoặc --apply để thực hiện / "
            "choose --preview to look, or --apply to do it"
        )
    data = table.read_bytes()
    session = db.session()
    found = queries.list_named(session, plan_id, name)
    seen = importing.preview(session, found, data, table.name, key, add_properties)
    _tell(seen, as_json)
    if do_it:
        _apply(found, seen, overwrite, as_json)


def _tell(seen: Preview, as_json: bool) -> None:
    for row in seen.added:
        value: dict[str, Any] = {"row": row.row, "what": "added", "label": row.content.label}
        say(as_json, value, f"+ dòng {row.row}: {row.content.label}")
    for changed in seen.changed:
        value = {"row": changed.row, "what": "changed", "changes": changed.differences}
        told = "; ".join(f"{n}: {old} → {new}" for n, old, new in changed.differences)
        say(as_json, value, f"~ dòng {changed.row}: {told}")
    for clash in seen.conflicts:
        value = {"row": clash.change.row, "what": "conflict", "cells": clash.cells}
        told = "; ".join(f"{n}: {was} → {now} ≠ {new}" for n, was, now, new in clash.cells)
        say(as_json, value, f"! dòng {clash.change.row}: {told}")
    for rejected in seen.rejected:
        why = [problem.code for problem in rejected.problems]
        value = {"row": rejected.row, "what": "rejected", "problems": why}
        told = "; ".join(problem.text("vi") for problem in rejected.problems)
        say(as_json, value, f"✗ dòng {rejected.row}: {told}")
    value = {"what": "total", "added": len(seen.added), "changed": len(seen.changed),
             "unchanged": seen.unchanged, "conflicts": len(seen.conflicts),
             "rejected": len(seen.rejected), "new_properties": seen.new_properties,
             "unused": seen.unused}  # fmt: skip
    say(
        as_json,
        value,
        f"Thêm {len(seen.added)}, sửa {len(seen.changed)}, giữ nguyên {seen.unchanged}, "
        f"xung đột {len(seen.conflicts)}, bị loại {len(seen.rejected)}.",
    )


def _apply(found: EntityList, seen: Preview, overwrite: bool, as_json: bool) -> None:
    with transaction() as session:
        done = importing.apply(session, found, seen, actor(), overwrite)
    value = {"what": "applied", "added": done.added, "changed": done.changed}
    say(as_json, value, f"Đã thêm {done.added} dòng, sửa {done.changed} dòng.")


@group.command("export")
@click.argument("name")
@click.argument("file", type=NEW_FILE)
@plan_option
def export(name: str, file: Path, plan_id: int) -> None:
    """Write the list NAME to FILE (.csv or .xlsx), as `entity import` reads it back."""
    session = db.session()
    found = queries.list_named(session, plan_id, name)
    head = exporting.headings(found)
    body = exporting.rows(session, found, Entity.list_id == found.id)
    if file.suffix.lower() == ".xlsx":
        file.write_bytes(exporting.workbook(head, body))
    else:
        with file.open("wb") as out:
            out.writelines(exporting.csv_pieces(head, body))
    click.echo(f"Đã ghi {file}.")
