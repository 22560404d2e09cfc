"""Draws from a terminal: the same steps as the ceremony on the page."""

from pathlib import Path
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db import db, transaction
from server.draws import paper, queries, service, words
from server.draws.models import Draw, UnitRole
from server.monitoring.models import Round
from server.problems import BadInput, NotFound
from server.terminal import actor, as_json, plan_option, say

DICE = [kind for kind in words.KINDS if kind.startswith("dice-")]


@click.group("draw")
def group() -> None:
    """Random draws (rút mẫu ngẫu nhiên)."""


@group.command("commit")
@plan_option
@click.option("--round", "code", required=True, help="Mã đợt giám sát.")
@click.option("--size", type=int, required=True, help="Số xã cần chọn.")
@click.option("--reserves", type=int, default=0, show_default=True, help="Số xã dự phòng.")
@click.option("--exclude", "out", multiple=True, metavar="CODE=REASON", help="Loại trừ, kèm lý do.")
@click.option(
    "--kind", type=click.Choice(DICE), default=DICE[0], show_default=True, help="Xúc xắc."
)
@as_json
def commit(
    plan_id: int, code: str, size: int, reserves: int, out: tuple[str, ...], kind: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Freeze the list of communes and print the commitment, before any number is thrown."""
    excluded = _exclusions(out)
    source = service.source_of(kind)
    with transaction() as session:
        round_ = round_of(session, plan_id, code)
        units = queries.units_of(session, round_.plan)
        draw = service.commit(session, round_, units, size, reserves, source, actor(), excluded)
        shown = as_shown(draw)
    say(as_json, shown, lambda: sentences(shown))


def _exclusions(out: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in out:
        code, equals, why = one.partition("=")
        if not equals:
            raise BadInput(
                f"Viết --exclude MÃ=LÝ DO, không phải '{one}'.",
                f"Write --exclude CODE=REASON, not '{one}'.",
            )
        found[code] = why
    return found


def round_of(session: Session, plan_id: int, code: str) -> Round:
    """Return a plan's round by its code, or say that there is none."""
    found = session.scalar(select(Round).where(Round.plan_id == plan_id, Round.code == code))
    if found is None:
        raise BadInput(
            f"Kế hoạch {plan_id} không có đợt mã {code}.", f"Plan {plan_id} has no round {code}."
        )
    return found


@group.command("seed")
@click.argument("draw_id", metavar="ID", type=int)
@click.argument("digits")
@click.option(
    "--witness", "witnesses", multiple=True, metavar="NAME", help="Người đọc số; lặp lại."
)
@as_json
def seed(draw_id: int, digits: str, witnesses: tuple[str, ...], as_json: bool) -> None:
    """Enter the DIGITS read aloud for draw ID, and print what is drawn."""
    with transaction() as session:
        draw = service.seed(session, draw_of(session, draw_id), digits, witnesses, actor())
        shown = as_shown(draw)
    say(as_json, shown, lambda: sentences(shown))


@group.command("show")
@click.argument("draw_id", metavar="ID", type=int)
@as_json
def show(draw_id: int, as_json: bool) -> None:
    """Show draw ID: its commitment and, once the number is in, its result."""
    shown = as_shown(draw_of(db.session(), draw_id))
    say(as_json, shown, lambda: sentences(shown))


@group.command("list")
@plan_option
@as_json
def list_draws(plan_id: int, as_json: bool) -> None:
    """List the draws of a plan, the void ones with their reasons."""
    session, before = db.session(), None
    while found := queries.of_plan(session, plan_id, before):
        for draw in found:
            line = [str(draw.id), draw.round.code, words.STATES[draw.state][0]]
            say(as_json, _head(draw), "\t".join([*line, draw.void_reason or ""]).rstrip())
        before = found[-1].number


@group.command("package")
@click.argument("draw_id", metavar="ID", type=int)
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@as_json
def package(draw_id: int, file: Path, as_json: bool) -> None:
    """Write the zip with which anybody re-does draw ID to FILE."""
    session = db.session()
    content = service.package(session, draw_of(session, draw_id))
    file.write_bytes(content)
    value = {"id": draw_id, "file": str(file), "bytes": len(content)}
    say(as_json, value, f"{file} ({len(content)} byte). Kiểm: python verify_draw.py {file.name}")


@group.command("visits")
@click.argument("draw_id", metavar="ID", type=int)
@as_json
def visits(draw_id: int, as_json: bool) -> None:
    """Make the visits of the communes drawn by ID; a second time makes none."""
    with transaction() as session:
        made = service.make_visits(session, draw_of(session, draw_id), actor())
        codes = [visit.code for visit in made]
    say(as_json, {"id": draw_id, "made": codes}, "\n".join([f"{len(codes)} lượt mới", *codes]))


@group.command("void")
@click.argument("draw_id", metavar="ID", type=int)
@click.option("--reason", required=True, help="Lý do, được ghi sổ và in ra.")
@click.option("--approver", required=True, help="Người thứ hai, phê duyệt việc hủy.")
@as_json
def void(draw_id: int, reason: str, approver: str, as_json: bool) -> None:
    """Set draw ID aside for good; it stays in the register."""
    with transaction() as session:
        draw = draw_of(session, draw_id)
        service.void(session, draw, reason, approver, actor())
        shown = _head(draw)
    say(as_json, shown, f"Đã hủy lần rút số {draw.number}: {draw.void_reason}")


def draw_of(session: Session, draw_id: int) -> Draw:
    """Return a draw by its number, or refuse."""
    found = session.get(Draw, draw_id)
    if found is None:
        raise NotFound()
    return found


def _head(draw: Draw) -> dict[str, Any]:
    return {
        "id": draw.id,
        "number": draw.number,
        "plan": draw.plan_id,
        "round": draw.round.code,
        "state": draw.state.value,
        "size": draw.size,
        "reserves": draw.reserves,
        "units": draw.units,
        "excluded": draw.excluded,
        "frame_sha256": draw.frame_sha256,
        "commitment_sha256": draw.commitment_sha256,
        "committed_at": draw.committed_at.isoformat(),
        "seed": draw.seed,
        "void_reason": draw.void_reason,
    }


def as_shown(draw: Draw) -> dict[str, Any]:
    """Return a draw with its units: those to visit, then the reserves in order."""
    return _head(draw) | {
        "drawn": [
            {
                "rank": unit.rank,
                "code": unit.unit_code,
                "name": unit.place.name if unit.place else "",
                "role": unit.role.value,
                "ticket": paper.ticket(unit),
                "probability": f"{unit.pi_num}/{unit.pi_den}",
            }
            for unit in draw.drawn
        ]
    }


def sentences(shown: dict[str, Any]) -> str:
    """Return a shown draw as people read it."""
    lines = [
        f"Lần rút {shown['id']}: chọn {shown['size']} và {shown['reserves']} dự phòng "
        f"từ {shown['units']} đơn vị.",
        f"Mã cam kết: {' '.join(paper.fours(shown['commitment_sha256']))}",
    ]
    if shown["void_reason"]:
        lines.append(f"ĐÃ HỦY: {shown['void_reason']}")
    if shown["seed"] is None:
        lines.append("Chưa có dãy số. Hãy in, ký mã cam kết rồi mới gieo.")
    for unit in shown["drawn"]:
        role = words.ROLES[UnitRole(unit["role"])][0]
        lines.append(
            f"{unit['rank']}\t{unit['code']}\t{unit['name']}\t{unit['ticket']}\t"
            f"{unit['probability']}\t{role}"
        )
    return "\n".join(lines)


from server.draws import stage_commands  # noqa: E402, F401 - adds its commands to the group
