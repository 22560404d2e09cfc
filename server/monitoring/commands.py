"""Plans from a terminal."""

import click
from sqlalchemy import select

from server.db import db, transaction
from server.monitoring import catalogue, service
from server.monitoring.models import Plan
from server.places import queries as places
from server.problems import BadInput
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
