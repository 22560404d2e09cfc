"""Further draws from a terminal: hamlets, households, replacements, opening what is sealed."""

import datetime as dt
from pathlib import Path

import click
from sqlalchemy.orm import Session

from server import clock
from server.db import transaction
from server.draws import commands, disclosure, lists, replacing, service, stages
from server.draws.commands import DICE, group
from server.draws.models import Replacement, Why
from server.draws.replacing import Attempt
from server.draws.service import Disclosure
from server.draws.stages import Wish
from server.monitoring.models import Round
from server.places import queries as places
from server.places.models import Hamlet
from server.problems import BadInput, NotFound
from server.terminal import actor, as_json, plan_option, say

round_option = click.option("--round", "code", required=True, help="Mã đợt giám sát.")
size_option = click.option("--size", type=int, required=True, help="Số đơn vị cần chọn.")
reserves_option = click.option("--reserves", type=int, default=0, show_default=True)
kind_option = click.option("--kind", type=click.Choice(DICE), default=DICE[0], show_default=True)
day_option = click.option(
    "--show-on", "day", type=click.DateTime(["%Y-%m-%d"]), help="Ngày công bố cho đoàn."
)
sealed_option = click.option("--sealed", is_flag=True, help="Niêm phong: công bố mã băm trước.")


def _wish(size: int, reserves: int, kind: str, day: dt.datetime | None, sealed: bool) -> Wish:
    when = Disclosure(day.date() if day else None, sealed)
    return Wish(size, reserves, service.source_of(kind), when=when)


@group.command("hamlets")
@plan_option
@round_option
@click.option("--commune", required=True, help="Mã xã đã rút hoặc chỉ định.")
@size_option
@reserves_option
@kind_option
@day_option
@sealed_option
@as_json
def hamlets(
    plan_id: int, code: str, commune: str, size: int, reserves: int, kind: str,
    day: dt.datetime | None, sealed: bool, as_json: bool,
) -> None:  # fmt: skip
    """Freeze the hamlets of a commune and print the commitment."""
    with transaction() as session:
        round_ = commands.round_of(session, plan_id, code)
        place = session.scalars(places.place(round_.plan.edition_id, commune)).first()
        if place is None:
            raise BadInput(f"Không có xã mã {commune}.", f"There is no commune {commune}.")
        wish = _wish(size, reserves, kind, day, sealed)
        shown = commands.as_shown(stages.commit_hamlets(session, round_, place, wish, actor()))
    say(as_json, shown, lambda: commands.sentences(shown))


@group.command("households")
@plan_option
@round_option
@click.option("--hamlet", required=True, help="Mã thôn đã rút.")
@click.option(
    "--list", "file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Danh sách hộ: CSV hoặc XLSX.",
)  # fmt: skip
@size_option
@reserves_option
@kind_option
@day_option
@sealed_option
@as_json
def households(
    plan_id: int, code: str, hamlet: str, file: Path, size: int, reserves: int, kind: str,
    day: dt.datetime | None, sealed: bool, as_json: bool,
) -> None:  # fmt: skip
    """Freeze a list of households of a hamlet and print the commitment; names stay apart."""
    items = lists.read(file.read_bytes(), file.name)
    with transaction() as session:
        round_ = commands.round_of(session, plan_id, code)
        draw = stages.commit_households(
            session, round_, _hamlet(session, round_, hamlet), items,
            _wish(size, reserves, kind, day, sealed), actor(),
        )  # fmt: skip
        shown = commands.as_shown(draw)
    say(as_json, shown, lambda: commands.sentences(shown))


def _hamlet(session: Session, round_: Round, code: str) -> Hamlet:
    found = session.scalars(places.hamlet(round_.plan.edition_id, code)).first()
    if found is None:
        raise BadInput(f"Không có thôn mã {code}.", f"There is no hamlet {code}.")
    return found


@group.command("open")
@click.argument("draw_id", metavar="ID", type=int)
@as_json
def open_sealed(draw_id: int, as_json: bool) -> None:
    """Open the sealed draw ID."""
    with transaction() as session:
        draw = commands.draw_of(session, draw_id)
        disclosure.open_sealed(session, draw, actor())
        shown = commands.as_shown(draw)
    say(as_json, shown, lambda: commands.sentences(shown))


@group.command("replace")
@click.argument("draw_id", metavar="ID", type=int)
@click.argument("unit")
@click.option("--reason", type=click.Choice([why.value for why in Why]), required=True)
@click.option(
    "--at", "times", multiple=True, type=click.DateTime(["%Y-%m-%dT%H:%M"]), required=True,
    help="Lúc đã đến, giờ Việt Nam; lặp lại.",
)  # fmt: skip
@click.option("--note", default="", help="Minh chứng, không ghi tên người.")
@as_json
def replace(
    draw_id: int, unit: str, reason: str, times: tuple[dt.datetime, ...], note: str, as_json: bool
) -> None:
    """Ask for UNIT of draw ID to be replaced; somebody else approves."""
    attempts = [Attempt(at.replace(tzinfo=clock.VIETNAM)) for at in times]
    with transaction() as session:
        draw = commands.draw_of(session, draw_id)
        asked = replacing.ask(session, draw, unit, Why(reason), attempts, actor(), note)
        value = {"id": asked.id, "draw": draw_id, "unit": unit, "state": asked.state.value}
    say(as_json, value, f"Đề nghị {value['id']}: chờ người khác phê duyệt.")


@group.command("approve")
@click.argument("replacement_id", metavar="ID", type=int)
@as_json
def approve(replacement_id: int, as_json: bool) -> None:
    """Agree to replacement ID: the next reserve is released."""
    with transaction() as session:
        asked = session.get(Replacement, replacement_id)
        if asked is None:
            raise NotFound()
        released = replacing.approve(session, asked, actor()).unit_code
    say(as_json, {"id": replacement_id, "released": released}, f"Đã đưa {released} vào dùng.")
