"""Plain lists, made of our own rows: one set for each team, one for phones without a team.

A visit is on phones from the day its draw is disclosed. One for which hamlets were drawn carries
those and no others, from the day they are shown; of the households only those in use: a reserve
that nobody released is on no phone.
"""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock, text
from server.entities.models import Household
from server.monitoring.models import Visit, VisitHamlet, VisitState
from server.monitoring.queries import known_on
from server.places.models import Hamlet
from server.surveys import service as surveys
from server.teams.models import Team

Row = Sequence[str]


def refresh_lists(session: Session, plan_id: int) -> None:
    """Make every list of a plan anew; those whose bytes stay the same keep their hash."""
    visits = session.scalars(
        select(Visit)
        .where(
            Visit.plan_id == plan_id,
            Visit.state != VisitState.CANCELLED,
            known_on(clock.today()),
        )
        .order_by(Visit.stop, Visit.code)
    ).all()
    hamlets = _hamlets(session, {visit.place_id for visit in visits})
    drawn = _drawn(session, [visit.id for visit in visits])
    households = _households(session, plan_id, [hamlet.id for hamlet in hamlets])
    teams = session.scalars(select(Team.id).where(Team.plan_id == plan_id)).all()
    for team_id in [None, *teams]:
        own = [visit for visit in visits if team_id is None or visit.team_id == team_id]
        near = _near(own, hamlets, drawn)
        _put(session, plan_id, team_id, own, near, households)


def _hamlets(session: Session, communes: Iterable[int]) -> Sequence[Hamlet]:
    return session.scalars(
        select(Hamlet)
        .where(Hamlet.place_id.in_(list(communes)))
        .order_by(Hamlet.place_id, Hamlet.sort_key)
    ).all()


def _drawn(session: Session, visits: Sequence[int]) -> dict[int, dict[int, dt.date | None]]:
    """Return the hamlets drawn for each visit that has any, with the day they are shown on."""
    found: dict[int, dict[int, dt.date | None]] = {}
    for row in session.scalars(select(VisitHamlet).where(VisitHamlet.visit_id.in_(visits))):
        found.setdefault(row.visit_id, {})[row.hamlet_id] = row.shown_on
    return found


def _near(
    visits: Sequence[Visit],
    hamlets: Sequence[Hamlet],
    drawn: dict[int, dict[int, dt.date | None]],
) -> dict[int, Hamlet]:
    """Return the hamlets to which these visits go, as far as their teams may know, by id."""
    open_to_all = {visit.place_id for visit in visits if visit.id not in drawn}
    shown = {
        hamlet_id
        for visit in visits
        for hamlet_id, day in drawn.get(visit.id, {}).items()
        if day is None or day <= clock.today()
    }
    return {h.id: h for h in hamlets if h.place_id in open_to_all or h.id in shown}


def _households(session: Session, plan_id: int, hamlets: Sequence[int]) -> Sequence[Household]:
    found = session.scalars(
        select(Household)
        .where(
            Household.plan_id == plan_id,
            Household.hamlet_id.in_(list(hamlets)),
            Household.in_use,
        )
        .order_by(Household.hamlet_id, Household.reserve, Household.rank, Household.code)
    )
    return [one for one in found if one.shown_on is None or one.shown_on <= clock.today()]


def _put(
    session: Session,
    plan_id: int,
    team_id: int | None,
    visits: Sequence[Visit],
    near: dict[int, Hamlet],
    households: Sequence[Household],
) -> None:
    commune_of = {visit.place_id: visit.place.code for visit in visits}
    own = {None, *(visit.id for visit in visits)}
    tables: dict[str, tuple[Row, list[Row]]] = {
        "visits.csv": (
            ("name", "label", "round_code", "commune_code", "starts_on", "ends_on"),
            [_visit_row(visit) for visit in visits],
        ),
        "hamlets.csv": (
            ("name", "label", "commune_code"),
            [(h.code, h.name, commune_of[h.place_id]) for h in near.values()],
        ),
        "households.csv": (
            ("name", "label", "hamlet_code", "commune_code"),
            [
                (
                    hh.code,
                    hh.label,
                    near[hh.hamlet_id].code,
                    commune_of[near[hh.hamlet_id].place_id],
                )
                for hh in households
                if hh.hamlet_id in near and hh.visit_id in own
            ],
        ),
    }
    for name, (heading, rows) in tables.items():
        surveys.put_list(session, plan_id, team_id, name, _csv(heading, rows), len(rows))


def _visit_row(visit: Visit) -> Row:
    return (
        visit.code,
        f"{visit.place.name} – {visit.round.name}",
        visit.round.code,
        visit.place.code,
        visit.starts_on.isoformat() if visit.starts_on else "",
        visit.ends_on.isoformat() if visit.ends_on else "",
    )


def _csv(heading: Row, rows: list[Row]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows(rows)
    return out.getvalue().encode()


def add_households(
    session: Session, plan_id: int, hamlet: Hamlet, rows: Iterable[tuple[str, str, bool]]
) -> int:
    """Add sampled households of a hamlet: (code, label, reserve) in the order drawn."""
    added = 0
    for rank, (code, label, reserve) in enumerate(rows, start=1):
        session.add(
            Household(
                plan_id=plan_id,
                hamlet_id=hamlet.id,
                code=code,
                label=text.clean(label),
                reserve=reserve,
                rank=rank,
            )
        )
        added += 1
    session.flush()
    return added
