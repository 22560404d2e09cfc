"""Plain lists, made of our own rows: one set for each team, one for phones without a team."""

import csv
import io
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import text
from server.entities.models import Household
from server.monitoring.models import Visit, VisitState
from server.places.models import Hamlet
from server.surveys import service as surveys
from server.teams.models import Team

Row = Sequence[str]


def refresh_lists(session: Session, plan_id: int) -> None:
    """Make every list of a plan anew; those whose bytes stay the same keep their hash."""
    visits = session.scalars(
        select(Visit)
        .where(Visit.plan_id == plan_id, Visit.state != VisitState.CANCELLED)
        .order_by(Visit.code)
    ).all()
    communes = {visit.place_id for visit in visits}
    hamlets = _hamlets(session, communes)
    households = _households(session, plan_id, [hamlet.id for hamlet in hamlets])
    teams = session.scalars(select(Team.id).where(Team.plan_id == plan_id)).all()
    for team_id in [None, *teams]:
        own = [visit for visit in visits if team_id is None or visit.team_id == team_id]
        _put(session, plan_id, team_id, own, hamlets, households)


def _hamlets(session: Session, communes: Iterable[int]) -> Sequence[Hamlet]:
    return session.scalars(
        select(Hamlet)
        .where(Hamlet.place_id.in_(list(communes)))
        .order_by(Hamlet.place_id, Hamlet.sort_key)
    ).all()


def _households(session: Session, plan_id: int, hamlets: Sequence[int]) -> Sequence[Household]:
    return session.scalars(
        select(Household)
        .where(Household.plan_id == plan_id, Household.hamlet_id.in_(list(hamlets)))
        .order_by(Household.hamlet_id, Household.reserve, Household.rank, Household.code)
    ).all()


def _put(
    session: Session,
    plan_id: int,
    team_id: int | None,
    visits: Sequence[Visit],
    hamlets: Sequence[Hamlet],
    households: Sequence[Household],
) -> None:
    commune_of = {visit.place_id: visit.place.code for visit in visits}
    near = {hamlet.id: hamlet for hamlet in hamlets if hamlet.place_id in commune_of}
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
                if hh.hamlet_id in near
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
