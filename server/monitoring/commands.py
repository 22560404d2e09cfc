"""Plans and the programme's catalogue from a terminal."""

from pathlib import Path

import click
from sqlalchemy import select

from server.db import db, transaction
from server.monitoring import catalogue, catalogue_books, catalogue_files, service
from server.monitoring.models import Plan
from server.monitoring.problems import CatalogueMistakes
from server.places import queries as places
from server.problems import BadInput, NotFound
from server.terminal import actor, as_json, say


@click.group("plan")
def group() -> None:
    """Monitoring plans (kế hoạch giám sát)."""


@group.command("add")
@click.argument("name")
@click.option("--place", "place_code", default="", help="Mã địa bàn; bỏ trống là cả nước.")
@click.option("--edition", default="2024", show_default=True, help="Bản danh mục hành chính.")
@click.option("--round", "round_code", default="1", show_default=True, help="Mã đợt đầu tiên.")
@as_json
def add_plan(name: str, place_code: str, edition: str, round_code: str, as_json: bool) -> None:
    """Add the plan NAME, with one round, and print its number."""
    with transaction() as session:
        programme = catalogue.load(session)
        place = session.scalar(places.place(edition, place_code)) if place_code else None
        if place_code and place is None:
            raise BadInput(
                f"Không có địa bàn mã {place_code} trong bản danh mục {edition}.",
                f"There is no place {place_code} in edition {edition}.",
            )
        plan = service.add_plan(session, name, programme.id, place, edition, actor())
        first = service.add_round(session, plan, round_code, f"Đợt {round_code}", actor())
        found = {"id": plan.id, "name": plan.name, "round": first.id, "area": plan.area}
    say(as_json, found, f"{plan.id}\t{plan.name}")


@group.command("list")
@as_json
def list_plans(as_json: bool) -> None:
    """List the plans by number."""
    for plan in db.session().scalars(select(Plan).order_by(Plan.id)):
        value = {"id": plan.id, "name": plan.name, "state": plan.state.value, "area": plan.area}
        say(as_json, value, f"{plan.id}\t{plan.name}\t{plan.state.value}")


@click.group("programme")
def programme() -> None:
    """The programme's catalogue: projects, tables (biểu) and their rows."""


@programme.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Chỉ xem, không nạp / look only, load nothing.")
@click.option("--beside", is_flag=True, help="Nạp bên cạnh chương trình cùng tên / beside it.")
@as_json
def load_programme(file: Path, check: bool, beside: bool, as_json: bool) -> None:
    """Load the catalogue in FILE (YAML or XLSX), or print every mistake in it."""
    read = catalogue_files.read(file.read_bytes(), file.name)
    for mistake in read.mistakes:
        click.echo(f"{mistake.sheet} {mistake.row}: {mistake.vi} / {mistake.en}", err=True)
    if read.catalogue is None:
        raise CatalogueMistakes(count=len(read.mistakes))
    with transaction() as session:
        done = (
            catalogue.outcome(session, read.catalogue)
            if check
            else catalogue.take(session, read.catalogue, actor(), beside)
        )
    found = {"programme": read.catalogue.id, "outcome": done.value, "checked": check, **read.counts}
    counts = ", ".join(f"{name} {count}" for name, count in read.counts.items())
    say(as_json, found, f"{read.catalogue.id}\t{done.value}\t{counts}")


@programme.command("export")
@click.argument("programme_id")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export_programme(programme_id: str, file: Path) -> None:
    """Write the catalogue of PROGRAMME_ID to FILE (.xlsx), to be changed and loaded again."""
    held = catalogue.held(db.session(), programme_id)
    if held is None:
        raise NotFound()
    file.write_bytes(catalogue_books.to_xlsx(held))
    click.echo(str(file))
