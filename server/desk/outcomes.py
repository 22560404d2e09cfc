"""What forms tell of drawn households: met or not, agreed or not; progress of hamlets and teams.

`submissions.telling` says which forms tell it.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, func, literal, select
from sqlalchemy.orm import Session

from server import clock
from server.draws import queries, replacing
from server.draws.models import Draw, DrawnUnit, DrawState, Replacement, ReplacementState
from server.draws.replacing import Share
from server.draws.words import HOUSEHOLDS
from server.entities.models import Household
from server.monitoring.models import Visit, VisitHamlet, VisitState
from server.places.models import Hamlet
from server.submissions import counted, progress
from server.submissions.models import Outcome as Outcome
from server.submissions.models import Submission

NAMES: dict[Outcome, tuple[str, str, str]] = {
    Outcome.DONE: ("Đã phỏng vấn", "Interviewed", "good"),
    Outcome.REFUSED: ("Từ chối", "Refused", "bad"),
    Outcome.ABSENT: ("Vắng nhà", "Absent", "wait"),
    Outcome.MOVED: ("Đã chuyển đi", "Moved", "wait"),
    Outcome.NOT_FOUND: ("Không tìm thấy", "Not found", "wait"),
    Outcome.OTHER: ("Không gặp được", "Not met", "wait"),
}


@dataclass(frozen=True)
class Told:
    """One form that tells how an attempt ended; without a code the household refused."""

    submission_id: int
    visit_id: int
    household_code: str | None
    at: dt.datetime
    outcome: Outcome


def told(session: Session, visit_ids: Sequence[int]) -> list[Told]:
    """Return what the forms of these visits tell, the oldest first; rejected forms tell nothing."""
    rows = session.execute(
        select(
            Submission.id,
            Submission.visit_id,
            Submission.household_code,
            func.coalesce(Submission.started_at, Submission.received_at),
            Submission.outcome,
        )
        .where(
            Submission.visit_id.in_(visit_ids),
            *counted.telling(),
        )
        .order_by(Submission.id)
    )
    return [
        Told(key, visit_id or 0, household, at, outcome)
        for key, visit_id, household, at, outcome in rows
        if outcome is not None
    ]


# --- progress -------------------------------------------------------------------------------


@dataclass
class HamletProgress:
    """How far the work in one hamlet has come."""

    visit: Visit
    hamlet: Hamlet
    target: int = 0
    ended: Counter[Outcome] = field(default_factory=Counter)
    forms: int = 0
    replaced: int = 0
    asked: int = 0

    @property
    def done(self) -> int:
        """How many households in use were interviewed."""
        return self.ended[Outcome.DONE]

    @property
    def issued(self) -> int:
        """How many households were ever to be visited: the replaced ones too."""
        return self.target + self.replaced

    @property
    def response(self) -> int | None:
        """Interviews in percent of the households issued."""
        return round(100 * self.done / self.issued) if self.issued else None


Key = tuple[int, int]
"""A visit and a hamlet."""


def hamlets(session: Session, visits: Sequence[Visit], *, drawing: bool) -> list[HamletProgress]:
    """Return the progress of the hamlets drawn for these visits or with households to visit.

    `drawing`: whether the reader draws; others learn of a hamlet on its day.
    """
    by_id = {visit.id: visit for visit in visits}
    counts = session.execute(_counts(session, by_id, drawing)).all()
    inhabited = ((row.visit_id, row.hamlet_id) for row in counts if row.households)
    found = {
        (visit_id, hamlet.id): HamletProgress(by_id[visit_id], hamlet)
        for visit_id, hamlet in _open(session, by_id, inhabited, drawing)
    }
    for row in counts:
        hamlet = found.get((row.visit_id, row.hamlet_id))
        if hamlet is not None:
            hamlet.target += row.households
            hamlet.forms += row.forms
            if row.outcome is not None and (ended := row.households + row.unnamed):
                hamlet.ended[row.outcome] += ended
    _count_replaced(session, visits, found)
    return list(found.values())


def _counts(session: Session, visit_ids: Iterable[int], drawing: bool) -> Select[Any]:
    """Return the query of what is counted by visit, hamlet and outcome.

    Attempts that name no household are refusals at the door, and count as one each.
    """
    kept = progress.counts(session, Visit.id.in_(visit_ids)).c
    known = progress.known(kept, literal(drawing))
    asked = (kept.visit_id, kept.hamlet_id, kept.outcome)
    sums = [
        func.coalesce(func.sum(kept.households).filter(known), 0).label("households"),
        func.sum(kept.forms).label("forms"),
        func.sum(kept.unnamed).label("unnamed"),
    ]
    return select(*asked, *sums).group_by(*asked)


def _open(
    session: Session, visit_ids: Iterable[int], others: Iterable[Key], drawing: bool
) -> list[tuple[int, Hamlet]]:
    """Return the hamlets the reader may know: drawn, with drawn households, and `others`."""
    drawn, inhabited = (
        select(each.visit_id, each.hamlet_id, each.shown_on).where(each.visit_id.in_(visit_ids))
        for each in (VisitHamlet, Household)
    )
    by_rank = drawn.order_by(VisitHamlet.visit_id, VisitHamlet.rank)
    keys = {
        (visit_id, hamlet_id): None
        for query in (by_rank, inhabited.distinct())
        for visit_id, hamlet_id, day in session.execute(query)
        if visit_id is not None and (drawing or day is None or day <= clock.today())
    }
    keys |= dict.fromkeys(others)
    wanted = {hamlet_id for _, hamlet_id in keys}
    by_id = {one.id: one for one in session.scalars(select(Hamlet).where(Hamlet.id.in_(wanted)))}
    return [(visit_id, by_id[hamlet_id]) for visit_id, hamlet_id in keys]


def _last_by_household(found: Iterable[Told]) -> dict[tuple[int, str], Told]:
    """Return the last word on each household; an interview is not undone by a later absence."""
    last: dict[tuple[int, str], Told] = {}
    for one in found:
        if one.household_code is None:
            continue
        key = (one.visit_id, one.household_code)
        if key not in last or last[key].outcome is not Outcome.DONE:
            last[key] = one
    return last


def _count_replaced(
    session: Session,
    visits: Sequence[Visit],
    found: dict[Key, HamletProgress],
) -> None:
    visit_of = {visit.id: visit for visit in visits}
    rounds = {visit.round_id for visit in visits}
    rows = session.execute(
        select(Draw.round_id, DrawnUnit.hamlet_id, Replacement.state)
        .join(Draw, Draw.id == Replacement.draw_id)
        .join(
            DrawnUnit,
            (DrawnUnit.draw_id == Draw.id) & (DrawnUnit.unit_code == Replacement.unit_code),
        )
        .where(
            Draw.round_id.in_(rounds),
            Draw.stage == HOUSEHOLDS,
            Draw.state == DrawState.DRAWN,
            Replacement.state != ReplacementState.DECLINED,
        )
    )
    counts = Counter((round_id, hamlet_id, state) for round_id, hamlet_id, state in rows)
    for (visit_id, hamlet_id), row in found.items():
        key = (visit_of[visit_id].round_id, hamlet_id)
        row.replaced = counts[(*key, ReplacementState.APPROVED)]
        row.asked = counts[(*key, ReplacementState.ASKED)]


def team_shares(session: Session, round_id: int) -> dict[str, Share]:
    """Return how many households were replaced, by team; '' is the whole round."""
    draws = session.scalars(
        select(Draw).where(
            Draw.round_id == round_id,
            Draw.stage == HOUSEHOLDS,
            Draw.state == DrawState.DRAWN,
        )
    ).all()
    teams = _teams(session, round_id)
    parts = replacing.shares(session, [draw.id for draw in draws])
    by_team: dict[str, list[Share]] = defaultdict(list)
    for draw in draws:
        if draw.id in parts:
            name = teams.get(draw.drawn[0].hamlet_id or 0, "") if draw.drawn else ""
            by_team[""].append(parts[draw.id])
            if name:
                by_team[name].append(parts[draw.id])
    return {name: replacing.together(shares) for name, shares in sorted(by_team.items())}


def _teams(session: Session, round_id: int) -> dict[int, str]:
    """Return the name of the team that goes to each hamlet of the round's visits."""
    visits = session.scalars(select(Visit).where(Visit.round_id == round_id)).all()
    team_at = {visit.place_id: visit.team.name for visit in visits if visit.team}
    places = select(Hamlet.id, Hamlet.place_id).where(Hamlet.place_id.in_(team_at))
    return {hamlet_id: team_at[place_id] for hamlet_id, place_id in session.execute(places)}


@dataclass
class TeamProgress:
    """How far the work of one team has come: the sum of its hamlets, and its visits."""

    name: str
    visits: int = 0
    over: int = 0
    target: int = 0
    ended: Counter[Outcome] = field(default_factory=Counter)
    replaced: int = 0
    asked: int = 0

    @property
    def done(self) -> int:
        """How many households in use were interviewed."""
        return self.ended[Outcome.DONE]


def by_team(visits: Iterable[Visit], rows: Iterable[HamletProgress]) -> list[TeamProgress]:
    """Return the progress of each team that has visits, by name; '' of those without a team."""
    found: dict[str, TeamProgress] = {}
    for visit in visits:
        name = visit.team.name if visit.team else ""
        team = found.setdefault(name, TeamProgress(name))
        team.visits += 1
        team.over += visit.state is VisitState.DONE
    for row in rows:
        team = found[row.visit.team.name if row.visit.team else ""]
        team.target += row.target
        team.ended += row.ended
        team.replaced += row.replaced
        team.asked += row.asked
    return sorted(found.values(), key=lambda team: (not team.name, team.name))


# --- one visit ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One household in use, how its last attempt ended, and the draw it comes from."""

    household: Household
    draw: Draw | None
    last: Told | None
    attempts: int
    waiting: bool


def households(session: Session, visit: Visit, *, drawing: bool) -> list[Line]:
    """Return the households in use of a visit, by hamlet and rank, that the reader may know."""
    known = [
        household
        for query in counted.households(literal(drawing), Household)
        for household in session.scalars(query.where(Visit.id == visit.id))
    ]
    known.sort(key=lambda one: (one.hamlet_id, one.rank, one.code))
    words = told(session, [visit.id])
    last = _last_by_household(words)
    tries = Counter(one.household_code for one in words)
    draws: dict[str, Draw | None] = {}
    for household in known:
        code = household.hamlet.code
        if code not in draws:
            draws[code] = queries.live(session, visit.round_id, "giám sát", HOUSEHOLDS, code)
    asked = _asked(session, [draw.id for draw in draws.values() if draw])
    return [
        Line(
            household,
            draws[household.hamlet.code],
            last.get((visit.id, household.code)),
            tries[household.code],
            household.code in asked,
        )
        for household in known
    ]


def _asked(session: Session, draw_ids: Sequence[int]) -> set[str]:
    return set(
        session.scalars(
            select(Replacement.unit_code).where(
                Replacement.draw_id.in_(draw_ids), Replacement.state == ReplacementState.ASKED
            )
        )
    )


def attempts_at(session: Session, draw: Draw, unit_code: str) -> list[Told]:
    """Return the forms that tell of attempts at one household of a draw, the oldest first."""
    visits = session.scalars(select(Visit.id).where(Visit.round_id == draw.round_id)).all()
    return [one for one in told(session, visits) if one.household_code == unit_code]


def waiting(session: Session, round_id: int) -> Sequence[Replacement]:
    """Return the replacements of a round that wait for a decision, the oldest first."""
    return session.scalars(
        select(Replacement)
        .join(Draw, Draw.id == Replacement.draw_id)
        .where(
            Draw.round_id == round_id,
            Draw.state == DrawState.DRAWN,
            Replacement.state == ReplacementState.ASKED,
        )
        .order_by(Replacement.id)
    ).all()
