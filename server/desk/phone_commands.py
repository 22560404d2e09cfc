"""Phones in bulk from a terminal: lists of people, sheets of cards."""

from pathlib import Path

import click

from server.db import transaction
from server.desk.phone_setup import cards
from server.documents import press
from server.monitoring.models import Plan
from server.places import queries as places
from server.problems import BadInput
from server.teams import queries, roster
from server.teams.commands import phone, server_url
from server.terminal import actor, as_json, plan_option, say

TO = click.option(
    "--to", type=click.Path(dir_okay=False, writable=True, path_type=Path), required=True,
    help="Tệp PDF để ghi thẻ / where to write the cards.",
)  # fmt: skip


@phone.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@plan_option
@click.option("--preview/--apply", default=True, help="Chỉ xem, hoặc nhập và in thẻ.")
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="Tệp PDF của các thẻ.")
@as_json
def import_phones(file: Path, plan_id: int, preview: bool, to: Path | None, as_json: bool) -> None:
    """Read a list of people (XLSX, CSV); with --apply each becomes a member with a phone."""
    if not preview and to is None:
        raise click.UsageError("--apply cần --to TỆP.pdf / --apply needs --to FILE.pdf")
    with transaction() as session:
        plan = session.get_one(Plan, plan_id)
        names = places.commune_names(session, plan.edition_id, plan.area)
        found = roster.read(session, plan_id, file.read_bytes(), file.name, names)
        if not preview and to is not None:
            issued = roster.take_in(session, plan_id, found, actor())
            to.write_bytes(press.cards(plan.name, cards(session, plan, issued, server_url())))
    value = {
        "new": [{"row": one.row, "name": one.name, "team": one.team.name} for one in found.new],
        "known": len(found.entries) - len(found.new),
        "faults": [{"row": fault.row, "why": fault.why[0]} for fault in found.faults],
        "applied": not preview,
    }
    lines = [f"! dòng {fault.row}: {fault.why[0]}" for fault in found.faults]
    done = "Đã nhập" if not preview else "Sẽ nhập"
    say(as_json, value, "\n".join([*lines, f"{done} {len(found.new)} người."]))
    if found.faults:
        raise SystemExit(1)


@phone.command("sheet")
@plan_option
@click.option("--team", "team_id", type=int, help="Số của đoàn; bỏ trống là mọi đoàn.")
@click.option("--renew", is_flag=True, help="Cấp mã mới cho cả người đã có mã.")
@TO
@as_json
def sheet(plan_id: int, team_id: int | None, renew: bool, to: Path, as_json: bool) -> None:
    """Give the members of a plan's teams phones and write their cards as an A4 PDF."""
    with transaction() as session:
        if team_id is not None:
            queries.team_of(session, plan_id, team_id)
        plan = session.get_one(Plan, plan_id)
        issued = roster.issue_all(session, plan_id, actor(), team_id, renew)
        if not issued:
            raise BadInput(
                "Ai cũng có mã rồi; muốn in lại thẻ thì thêm --renew.",
                "Everybody has a key already; add --renew to print cards anew.",
            )
        to.write_bytes(press.cards(plan.name, cards(session, plan, issued, server_url())))
    value = {"cards": len(issued), "file": str(to)}
    say(as_json, value, f"Đã in {len(issued)} thẻ vào {to}.")


group = phone
