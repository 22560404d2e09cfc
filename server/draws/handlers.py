"""After a draw: phones' lists made anew, and long lists drawn by the worker."""

from collections.abc import Callable

from sqlalchemy import update
from sqlalchemy.orm import Session

from server.db import table
from server.draws import (
    disclosure,  # noqa: F401 - its timer registers itself
    method,
    register,
    service,
)
from server.draws.models import Draw, DrawState
from server.entities.handlers import Refresh
from server.journal import Actor, Line, Write, handles


@handles("draw.carried")
@handles("draw.disclosed")
def lists(_session: Session, line: Line) -> Write | None:
    """Make the lists of the plan whose draw it is."""
    return None if line.plan_id is None else Refresh(line.plan_id)


@handles("draw.seeded")
def draw_long(session: Session, line: Line) -> Write | None:
    """Draw a long list whose seed is in, telling how far it is."""
    draw = session.get(Draw, int(line.subject_id))
    if draw is None or draw.state is not DrawState.DRAWING:
        return None
    drawn = method.drawn(draw, method.number_of(draw), _teller(session, draw.id))
    actor = Actor(line.via, line.person_id, line.actor)

    def keep(writing: Session) -> None:
        register.lock(writing, draw)
        service.finish(writing, draw, drawn, actor)

    return keep


def _teller(session: Session, draw_id: int) -> Callable[[int], None]:
    """Return a function that writes how many units are done where the page can read it."""
    engine, rows = session.get_bind().engine, table(Draw)

    def tell(done: int) -> None:
        with engine.begin() as connection:
            connection.execute(update(rows).where(rows.c.id == draw_id).values(progress=done))

    return tell
