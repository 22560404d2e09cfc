"""Questions about draws; nothing here writes."""

from collections.abc import Iterable, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session, lazyload

from server.draws.models import Draw, DrawnUnit, DrawState, RegisterEntry, UnitRole
from server.monitoring.models import Plan, Visit
from server.places import queries as places
from server.places.models import Level, Place
from server.places.scope import touches
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


def of_plan(
    session: Session, plan_id: int, before: int | None = None, limit: int = 50
) -> Sequence[Draw]:
    """Return draws of a plan without their units, the void ones too, newest first.

    At most `limit`, those with a number below `before` when it is given.
    """
    found = select(Draw).where(Draw.plan_id == plan_id).options(lazyload(Draw.drawn))
    if before is not None:
        found = found.where(Draw.number < before)
    return session.scalars(found.order_by(Draw.number.desc()).limit(limit)).all()


def numbered(session: Session, plan_id: int, number: int) -> Draw | None:
    """Return a plan's draw by its number, without its units."""
    return session.scalar(
        select(Draw)
        .where(Draw.plan_id == plan_id, Draw.number == number)
        .options(lazyload(Draw.drawn))
    )


def units_of(session: Session, plan: Plan) -> Sequence[Place]:
    """Return the official communes in the plan's area, in dictionary order."""
    if plan.area:
        return session.scalars(
            places.communes_under(plan.edition_id, plan.area.rsplit("/", 1)[-1])
        ).all()
    return session.scalars(
        select(Place)
        .where(Place.edition_id == plan.edition_id, Place.level == Level.COMMUNE)
        .order_by(Place.sort_key, Place.code)
    ).all()


def visits_of(session: Session, draw: Draw) -> Sequence[Visit]:
    """Return the visits of the draw's round to the communes it drew, whatever their state."""
    drawn = select(DrawnUnit.place_id).where(
        DrawnUnit.draw_id == draw.id, DrawnUnit.role == UnitRole.MAIN
    )
    return session.scalars(
        select(Visit)
        .where(Visit.round_id == draw.round_id, Visit.place_id.in_(drawn))
        .order_by(Visit.id)
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
