"""Questions about draws; nothing here writes."""

from collections.abc import Iterable, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.draws.models import Draw, DrawState, RegisterEntry
from server.monitoring.models import Plan
from server.monitoring.queries import touches
from server.problems import NotFound


def live(session: Session, round_id: int, purpose: str, stage: str, parent: str) -> Draw | None:
    """Return the draw of a purpose that is not void."""
    return session.scalar(
        select(Draw).where(
            Draw.round_id == round_id,
            Draw.purpose == purpose,
            Draw.stage == stage,
            Draw.parent_code == parent,
            Draw.state != DrawState.VOID,
        )
    )


def voided(session: Session, round_id: int, purpose: str, stage: str, parent: str) -> int:
    """Return how many draws of a purpose were set aside."""
    found = session.scalar(
        select(func.count())
        .select_from(Draw)
        .where(
            Draw.round_id == round_id,
            Draw.purpose == purpose,
            Draw.stage == stage,
            Draw.parent_code == parent,
            Draw.state == DrawState.VOID,
        )
    )
    return found or 0


def of_plan(session: Session, plan_id: int) -> Sequence[Draw]:
    """Return the draws of a plan, the void ones too, newest first."""
    return session.scalars(
        select(Draw).where(Draw.plan_id == plan_id).order_by(Draw.number.desc())
    ).all()


def draw_for(session: Session, draw_id: int, areas: Iterable[str]) -> Draw:
    """Return a draw of a plan that a person with these areas may see.

    Raises:
        NotFound: there is none, or not for them.
    """
    found = session.scalar(
        select(Draw)
        .join(Plan, Plan.id == Draw.plan_id)
        .where(Draw.id == draw_id, touches(Plan.area, areas))
    )
    if found is None:
        raise NotFound()
    return found


def register_up_to(session: Session, draw: Draw) -> list[str]:
    """Return the register's entries, oldest first, ending with the entry of `draw` itself."""
    last = session.scalar(
        select(RegisterEntry.id).where(
            RegisterEntry.draw_id == draw.id, RegisterEntry.kind == "draw"
        )
    )
    if last is None:
        return []
    return list(
        session.scalars(
            select(RegisterEntry.entry).where(RegisterEntry.id <= last).order_by(RegisterEntry.id)
        )
    )
