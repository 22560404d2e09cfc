"""What anybody may see of a plan's draws without signing in, and what of it names nobody.

Of a periodic round: the hashes of the first stage once it is committed; result and package from
the day of disclosure, of a sealed draw once it is opened. Of an unannounced round nothing. A list
of a later stage is shown only with its result: its hash alone would tell which commune was drawn.
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, lazyload

from sampling import Frame
from sampling.bundle import package as bundle
from server.draws import method, withholding
from server.draws.models import Draw, DrawState
from server.draws.words import COMMUNES
from server.monitoring.models import Plan, Round, RoundKind
from server.problems import NotFound


def plan(session: Session, plan_id: int) -> Plan:
    """Return a plan that has something to show.

    Raises:
        NotFound: there is none, or nothing of it is public.
    """
    found = session.get(Plan, plan_id)
    if found is None or not draws(session, plan_id, dt.date.max, limit=1):
        raise NotFound()
    return found


def draws(
    session: Session, plan_id: int, on: dt.date, before: int | None = None, limit: int = 50
) -> Sequence[Draw]:
    """Return the draws of a plan that are public on a day, newest first, without their units.

    Those of the first stage stand here from their commitment on, others from their disclosure.
    """
    known = or_(
        Draw.parent_code == "", Draw.stage == COMMUNES, Draw.id.not_in(withholding.hidden(on))
    )
    found = (
        select(Draw)
        .join(Round, Round.id == Draw.round_id)
        .where(Draw.plan_id == plan_id, Round.kind == RoundKind.PERIODIC, known)
        .options(lazyload(Draw.drawn))
    )
    if before is not None:
        found = found.where(Draw.number < before)
    return session.scalars(found.order_by(Draw.number.desc()).limit(limit)).all()


def result_shown(draw: Draw, on: dt.date) -> bool:
    """Tell whether the result of a public draw may be seen that day."""
    return draw.state is DrawState.DRAWN and draw.shown(on)


def draw(session: Session, draw_id: int, on: dt.date) -> Draw:
    """Return a draw whose result is public.

    Raises:
        NotFound: there is none.
    """
    found = session.get(Draw, draw_id)
    if found is None or found.round.kind is not RoundKind.PERIODIC or not result_shown(found, on):
        raise NotFound()
    return found


def package(draw: Draw, register: Sequence[str]) -> bytes:
    """Return the zip with which anybody re-does the draw, without the witnesses' names."""
    redone = method.redone(draw)
    seed = dataclasses.replace(redone.seed, witnesses=())
    return bundle(dataclasses.replace(redone, seed=seed), Frame.from_tsv(draw.frame), register)
