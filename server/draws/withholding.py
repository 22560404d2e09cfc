"""Which draws nobody may know of today, and the register of a package with those kept back.

The register is one chain for all plans, and each package carries it. An entry tells the number
thrown, so that whoever guesses the list knows the result; its parent names a unit that was drawn;
a release names another. In a package the entries of hidden draws stand by their hash alone: the
chain is seen to be whole, and nobody's package waits for somebody else's secret.
"""

import datetime as dt

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from sampling.register import withheld
from server.draws.models import Draw, DrawState, RegisterEntry
from server.draws.queries import kept_back, own_entry
from server.monitoring.models import Round, RoundKind, Visit, VisitState


def hidden(on: dt.date) -> Select[int]:
    """Return the ids of the draws that are not public on a day.

    A draw is hidden while it or one above it is sealed or before its day, unless it was voided
    itself; all draws of an unannounced round are, until every visit of it has begun.
    """
    above, top = aliased(Draw), aliased(Draw)
    own = and_(Draw.state != DrawState.VOID, kept_back(Draw, on))
    return (
        select(Draw.id)
        .join(Round, Round.id == Draw.round_id)
        .outerjoin(above, above.id == Draw.parent_id)
        .outerjoin(top, top.id == above.parent_id)
        .where(or_(own, kept_back(above, on), kept_back(top, on), _unannounced()))
    )


def _unannounced() -> ColumnElement[bool]:
    other = aliased(Visit)
    waiting = exists().where(Visit.round_id == Round.id, Visit.state == VisitState.PLANNED)
    begun = exists().where(other.round_id == Round.id, other.state != VisitState.CANCELLED)
    return and_(Round.kind == RoundKind.UNANNOUNCED, or_(waiting, ~begun))


def register_up_to(session: Session, draw: Draw, on: dt.date) -> list[str]:
    """Return the register's lines, oldest first, ending with the entry of `draw` itself.

    Its own entry is there, and earlier attempts at the same purpose with why they were voided:
    without those nobody could tell that it is the only one. Others that are hidden are not.
    """
    own = own_entry(session, draw)
    if own is None:
        return []
    alike = select(Draw.id).where(
        Draw.round_id == draw.round_id,
        Draw.purpose == draw.purpose,
        Draw.stage == draw.stage,
        Draw.parent_code == draw.parent_code,
    )
    secret = RegisterEntry.draw_id.in_(hidden(on)) & RegisterEntry.draw_id.not_in(alike)
    rows = session.execute(
        select(RegisterEntry.entry, RegisterEntry.sha256, secret)
        .where(RegisterEntry.id <= own.id)
        .order_by(RegisterEntry.id)
    )
    return [withheld(sha256) if kept else entry for entry, sha256, kept in rows]
