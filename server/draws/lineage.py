"""Questions about stages: which units of a draw count now, which draw drew them, how likely."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from sampling.multistage import Release, Weighted, released, weighted
from server.draws import method
from server.draws.models import Draw, DrawnUnit, DrawState, Replacement, ReplacementState, UnitRole


def replacements(session: Session, draw_id: int) -> Sequence[Replacement]:
    """Return the approved replacements of a draw in the order in which reserves were released."""
    return session.scalars(
        select(Replacement)
        .where(Replacement.draw_id == draw_id, Replacement.state == ReplacementState.APPROVED)
        .order_by(Replacement.position)
    ).all()


def releases(session: Session, draw_id: int) -> list[Release]:
    """Return the same as the method knows them."""
    return [
        Release(each.released_code or "", each.unit_code, each.reason.value, each.decided_by or "")
        for each in replacements(session, draw_id)
    ]


def in_use(session: Session, draw: Draw) -> list[DrawnUnit]:
    """Return the units to visit now: chosen or released, and not replaced; released ones last."""
    done = replacements(session, draw.id)
    gone = {each.unit_code for each in done}
    by_code = {unit.unit_code: unit for unit in draw.drawn}
    first = [unit for unit in draw.drawn if unit.role is not UnitRole.RESERVE]
    later = [by_code[each.released_code] for each in done if each.released_code]
    return [unit for unit in [*first, *later] if unit.unit_code not in gone]


def drawn_by(
    session: Session, round_id: int, purpose: str, stage: str, unit_code: str
) -> Draw | None:
    """Return the live draw of a round that chose a unit, or released it, and still uses it."""
    found = session.scalars(
        select(Draw)
        .join(DrawnUnit, DrawnUnit.draw_id == Draw.id)
        .where(
            Draw.round_id == round_id,
            Draw.purpose == purpose,
            Draw.stage == stage,
            Draw.state == DrawState.DRAWN,
            DrawnUnit.unit_code == unit_code,
        )
    ).unique()
    for draw in found:
        if any(unit.unit_code == unit_code for unit in in_use(session, draw)):
            return draw
    return None


def children(session: Session, draw: Draw) -> Sequence[Draw]:
    """Return the draws of the stage below that are not void, oldest first."""
    return session.scalars(
        select(Draw)
        .where(Draw.parent_id == draw.id, Draw.state != DrawState.VOID)
        .order_by(Draw.id)
    ).all()


def chain(session: Session, draw: Draw) -> list[Draw]:
    """Return the draw and those above it, the first stage first."""
    found = [draw]
    while found[0].parent_id is not None:
        found.insert(0, session.get_one(Draw, found[0].parent_id))
    return found


def weights(session: Session, draw: Draw) -> dict[str, Weighted]:
    """Return the units that count, with their probabilities through all stages, exactly.

    A released reserve enlarges the sample, so that probabilities rise with it; a unit that was
    replaced stays among them as one that did not answer. Units above the first draw of the chain
    were named on purpose: the weights speak for what lies within those.
    """
    stages = [
        released(method.stored(one), releases(session, one.id)) for one in chain(session, draw)
    ]
    return weighted(stages)
