"""What a result means in the field: communes become visits, hamlets and households their lists.

These rows follow from the draw and its replacements: making them twice changes nothing, and when
a draw is voided they are taken back. Phones show them from the day the draw is disclosed.
"""

import datetime as dt
from collections.abc import Iterable, Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server import journal
from server.draws import lineage, private, queries
from server.draws.models import Draw, DrawnUnit, DrawState
from server.draws.words import COMMUNES, HAMLETS, HOUSEHOLDS, VISITS
from server.entities.models import Household
from server.journal import Actor
from server.monitoring import service as monitoring
from server.monitoring.models import (
    NOT_YET,
    Origin,
    PlanState,
    Visit,
    VisitHamlet,
    VisitState,
)
from server.places.models import Hamlet, Place
from server.teams.models import Team
from server.teams.queries import teams_of


def publish(session: Session, draw: Draw, actor: Actor) -> None:
    """Bring a result to its visits and phones, and those within its units that waited for it.

    Communes get their visits at once, which others know from the draw's day. Hamlets and
    households wait for their visits, and while they or a draw above them are sealed.
    """
    if draw.state is not DrawState.DRAWN:
        return
    if _carried(session, draw, actor):
        journal.write(session, actor, "draw.carried", "draw", draw.id, draw.plan_id)
    for below in lineage.children(session, draw):
        publish(session, below, actor)


def _carried(session: Session, draw: Draw, actor: Actor) -> bool:
    """Write what follows from one draw; tell whether phones' lists may have changed."""
    if draw.stage == COMMUNES:
        made = _make(session, draw, actor) if draw.purpose == VISITS else []
        return bool(_show_visits(session, draw) or made)
    above = lineage.chain(session, draw)
    if draw.stage not in (HAMLETS, HOUSEHOLDS) or any(one.closed for one in above):
        return False
    day = max((one.disclose_on for one in above if one.disclose_on), default=None)
    if draw.stage == HAMLETS:
        _show_hamlets(session, _by_visit(session, draw, actor), day)
    else:
        _show_households(session, draw, day)
    return True


def _make(session: Session, draw: Draw, actor: Actor) -> list[Visit]:
    """Make the visits; of a plan that was closed since, none: whoever opens it makes them."""
    if draw.plan.state is PlanState.CLOSED:
        return []
    return _visit(session, draw, _communes(session, draw), actor)


def _show_visits(session: Session, draw: Draw) -> int:
    """Give the visits of a draw the day from which others know of them; return how many changed."""
    places = [unit.place_id for unit in draw.drawn]
    found = session.scalars(
        select(Visit).where(
            Visit.round_id == draw.round_id,
            Visit.place_id.in_(places),
            Visit.origin == Origin.DRAWN,
        )
    ).all()
    changed = [visit for visit in found if visit.shown_on != _day(draw)]
    for visit in changed:
        visit.shown_on = _day(draw)
    session.flush()
    return len(changed)


def _day(draw: Draw) -> dt.date | None:
    return NOT_YET if draw.closed else draw.disclose_on


def withdraw(session: Session, draw: Draw, actor: Actor) -> None:
    """Take back what a voided draw had brought, but not what has begun."""
    if draw.stage == COMMUNES:
        _cancel(session, queries.visits_of(session, draw), actor)
        return
    if draw.stage == HAMLETS:
        drawn = [unit.hamlet_id for unit in draw.drawn]
        visits = [visit.id for visit in visits_in(session, draw)]
        session.execute(
            delete(VisitHamlet).where(
                VisitHamlet.visit_id.in_(visits), VisitHamlet.hamlet_id.in_(drawn)
            )
        )
    elif draw.stage == HOUSEHOLDS:
        for held in _held(session, draw).values():
            held.in_use = False
        session.flush()
        for earlier in queries.alike_elsewhere(session, draw):
            _carried(session, earlier, actor)
    journal.write(session, actor, "draw.carried", "draw", draw.id, draw.plan_id)


def make_visits(session: Session, draw: Draw, actor: Actor) -> list[Visit]:
    """Make a visit of every commune in use that has none yet in the round; return the new ones.

    A visit that was cancelled with an earlier draw, whose commune is drawn again, is taken up.
    What was drawn within the communes comes to its visits too.
    """
    made = _visit(session, draw, _communes(session, draw), actor)
    publish(session, draw, actor)
    return made


def _communes(session: Session, draw: Draw) -> list[Place]:
    return [unit.place for unit in lineage.in_use(session, draw) if unit.place]


def unvisited(using: Iterable[DrawnUnit], visits: Iterable[Visit]) -> int:
    """Return how many communes in use have no visit: their plan was closed when they were drawn."""
    return len({unit.place_id for unit in using} - {visit.place_id for visit in visits})


def _visit(session: Session, draw: Draw, places: Iterable[Place], actor: Actor) -> list[Visit]:
    wanted = {place.id: place for place in places}
    found = session.scalars(
        select(Visit).where(Visit.round_id == draw.round_id, Visit.place_id.in_(wanted))
    )
    held = {visit.place_id: visit for visit in found}
    new = [place for place in wanted.values() if place.id not in held]
    made: list[Visit] = []
    if new:
        team = _only_team(session, draw)
        made = monitoring.add_visits(session, draw.round, new, actor, Origin.DRAWN, team)
    for place in wanted.values():
        visit = held.get(place.id)
        if visit is not None and visit.state is VisitState.CANCELLED:
            monitoring.move(session, visit, VisitState.PLANNED, actor)
            made.append(visit)
    for visit in made:
        visit.shown_on = _day(draw)
    return made


def _only_team(session: Session, draw: Draw) -> Team | None:
    """Return the plan's team when there is one: its phones then have the visits at once."""
    teams = teams_of(session, draw.plan_id)
    return teams[0] if len(teams) == 1 else None


def settle_visits(session: Session, draw: Draw, gone: str, actor: Actor) -> None:
    """Cancel the visit to a commune that was replaced, and make that of the one released."""
    replaced = [unit.place_id for unit in draw.drawn if unit.unit_code == gone]
    visits = session.scalars(
        select(Visit).where(Visit.round_id == draw.round_id, Visit.place_id.in_(replaced))
    ).all()
    _cancel(session, visits, actor)
    if visits:
        make_visits(session, draw, actor)


def _cancel(session: Session, visits: Sequence[Visit], actor: Actor) -> None:
    for visit in visits:
        if visit.origin is Origin.DRAWN and visit.state is VisitState.PLANNED:
            monitoring.move(session, visit, VisitState.CANCELLED, actor)


def visits_in(session: Session, draw: Draw) -> Sequence[Visit]:
    """Return the visits of the draw's round to the communes in which its units lie."""
    if draw.stage == COMMUNES:
        return queries.visits_of(session, draw)
    places = select(Hamlet.place_id).join(DrawnUnit, DrawnUnit.hamlet_id == Hamlet.id)
    return session.scalars(
        select(Visit).where(
            Visit.round_id == draw.round_id,
            Visit.place_id.in_(places.where(DrawnUnit.draw_id == draw.id)),
        )
    ).all()


def _by_visit(session: Session, draw: Draw, actor: Actor) -> list[tuple[Visit, list[DrawnUnit]]]:
    """Return the drawn hamlets by visit; hamlets drawn without communes make their visits."""
    units = lineage.in_use(session, draw)
    ids = [unit.hamlet_id for unit in units]
    rows = session.execute(select(Hamlet.id, Hamlet.place_id).where(Hamlet.id.in_(ids)))
    place_of = dict(rows.all())
    if not draw.parent_code and draw.plan.state is not PlanState.CLOSED:
        _visit(session, draw, _places(session, place_of.values()), actor)
    visits = session.scalars(
        select(Visit).where(
            Visit.round_id == draw.round_id, Visit.place_id.in_(set(place_of.values()))
        )
    )
    by_place: dict[int, list[DrawnUnit]] = {}
    for unit in units:
        by_place.setdefault(place_of.get(unit.hamlet_id or 0, 0), []).append(unit)
    return [(visit, by_place.get(visit.place_id, [])) for visit in visits]


def _places(session: Session, ids: Iterable[int]) -> Sequence[Place]:
    return session.scalars(select(Place).where(Place.id.in_(set(ids)))).all()


def _show_hamlets(
    session: Session, found: Sequence[tuple[Visit, list[DrawnUnit]]], day: dt.date | None
) -> None:
    visits = [visit.id for visit, _units in found]
    session.execute(delete(VisitHamlet).where(VisitHamlet.visit_id.in_(visits)))
    session.add_all(
        VisitHamlet(visit_id=visit.id, hamlet_id=unit.hamlet_id, rank=rank, shown_on=day)
        for visit, units in found
        for rank, unit in enumerate(units, start=1)
    )
    session.flush()


def _held(session: Session, draw: Draw) -> dict[str, Household]:
    codes = [unit.unit_code for unit in draw.drawn]
    found = session.scalars(
        select(Household).where(Household.plan_id == draw.plan_id, Household.code.in_(codes))
    )
    return {one.code: one for one in found}


def _show_households(session: Session, draw: Draw, day: dt.date | None) -> None:
    """Write the drawn households and their reserves; only those in use go to phones."""
    held, labels = _held(session, draw), private.labels(session, draw)
    using = {unit.unit_code for unit in lineage.in_use(session, draw)}
    visit = next(iter(visits_in(session, draw)), None)
    for unit in draw.drawn:
        row = held.get(unit.unit_code)
        if row is None:
            row = Household(plan_id=draw.plan_id, code=unit.unit_code)
            session.add(row)
        elif visit and row.in_use and (row.visit_id or 0) > visit.id:
            continue  # a later round drew it too, and has it now
        row.hamlet_id = unit.hamlet_id or 0
        row.visit_id = visit.id if visit else None
        row.label = labels.get(unit.unit_code, unit.unit_code)
        row.rank = unit.rank
        row.reserve = unit.role.value == "reserve"
        row.in_use = unit.unit_code in using
        row.shown_on = day
    session.flush()
