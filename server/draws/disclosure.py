"""When a result may be seen: by those who draw at once, by others and phones from its day on.

Of a sealed draw only hashes are known until it is opened; then the hash shows that nothing was
changed meanwhile. What was drawn within its units is hidden with it.
"""

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock, journal
from server.draws import carrying, register
from server.draws.models import Draw, DrawState
from server.draws.problems import NotDrawn, NotSealed, Sealed
from server.jobs import every_minute
from server.journal import SYSTEM, Actor


def open_sealed(session: Session, draw: Draw, actor: Actor) -> None:
    """Open a sealed draw: its result, minutes and package may be seen from now on.

    Raises:
        NotSealed: it is not sealed, or was opened.
        NotDrawn: there is no result in it yet.
    """
    register.lock(session, draw)
    if not draw.closed:
        raise NotSealed()
    if draw.state is not DrawState.DRAWN:
        raise NotDrawn()
    draw.opened_at = clock.now()
    session.flush()
    journal.write(session, actor, "draw.opened", "draw", draw.id, draw.plan_id)
    carrying.publish(session, draw, actor)


def refuse_hidden(draw: Draw, *, drawing: bool) -> None:
    """Refuse a result that may not be seen yet; before its day those who draw may.

    Raises:
        Sealed: saying from which day.
    """
    if not visible(draw, drawing=drawing):
        raise Sealed(day=draw.disclose_on.strftime("%d/%m/%Y") if draw.disclose_on else "—")


def visible(draw: Draw, *, drawing: bool) -> bool:
    """Tell whether somebody may see the result: those who draw at once, a sealed one too."""
    return drawing or draw.shown(clock.today())


def show_on(session: Session, draw: Draw, day: dt.date | None, actor: Actor) -> None:
    """Set the day from which others see the result, and phones carry it; None: at once."""
    register.lock(session, draw)
    if draw.state is DrawState.VOID:
        raise NotDrawn()
    draw.disclose_on, draw.disclosed_at = day, None
    session.flush()
    told = day.isoformat() if day else ""
    journal.write(session, actor, "draw.disclosure-set", "draw", draw.id, draw.plan_id, day=told)
    carrying.publish(session, draw, actor)


@every_minute
def disclose(session: Session) -> int:
    """Bring to the phones what may be shown since midnight; return how many draws."""
    due = session.scalars(
        select(Draw).where(
            Draw.state == DrawState.DRAWN,
            Draw.disclose_on <= clock.today(),
            Draw.disclosed_at.is_(None),
        )
    ).all()
    for draw in due:
        draw.disclosed_at = clock.now()
        journal.write(session, SYSTEM, "draw.disclosed", "draw", draw.id, draw.plan_id)
    return len(due)
