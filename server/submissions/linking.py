"""What a filled form says of visit, place and household, looked up in our own rows."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import text
from server.entities.models import Household
from server.monitoring.models import Plan, Visit
from server.places.distance import metres_between
from server.places.models import Hamlet, Place
from server.submissions import instance, intake

SEARCHED = 4000


class Unlinked(Protocol):
    """What linking needs to know of a submission."""

    plan_id: int
    version_id: int
    team_id: int | None
    answers: dict[str, Any]
    oddities: list[Any]
    label: str
    latitude: float | None
    longitude: float | None


COLUMNS = (
    "visit_id",
    "team_id",
    "place_id",
    "hamlet_id",
    "area",
    "household_code",
    "distance_m",
    "search_text",
    "is_odd",
    "linked_at",
)


@dataclass(frozen=True)
class Link:
    """Where a submission belongs; what could not be found is None."""

    visit_id: int | None
    team_id: int | None
    place_id: int | None
    hamlet_id: int | None
    area: str
    household_code: str | None
    distance_m: float | None
    search_text: str
    is_odd: bool

    def values(self, at: dt.datetime) -> dict[str, Any]:
        """Return the columns to set."""
        return {**self.__dict__, "linked_at": at}


def link(session: Session, submission: Unlinked) -> Link:
    """Find visit, commune, hamlet and household of a submission by its answers.

    The distance in metres runs from the answer's point to the hamlet, or to the commune when the
    hamlet has no point; it is a fact beside the record and refuses nothing.
    """
    roles = intake.reader(session, submission.version_id).roles

    def said(part: str) -> str | None:
        answer = intake.at(submission.answers, roles.get(part))
        return answer if isinstance(answer, str) and answer else None

    visit = _visit(session, submission.plan_id, said("visit"))
    edition = edition_of(session, submission.plan_id)
    hamlet = _hamlet(session, edition, said("hamlet"))
    place = _place(session, edition, visit, hamlet, said("commune"))
    household = _household(session, submission.plan_id, said("household"))
    names = [place.name if place else "", hamlet.name if hamlet else "", household or ""]
    return Link(
        visit_id=visit.id if visit else None,
        team_id=submission.team_id or (visit.team_id if visit else None),
        place_id=place.id if place else None,
        hamlet_id=hamlet.id if hamlet else None,
        area=place.area if place else "",
        household_code=household or said("household"),
        distance_m=_distance(submission, hamlet, place),
        search_text=_search_text(submission, names),
        is_odd=bool(submission.oddities),
    )


_editions: dict[tuple[object, int], str] = {}


def edition_of(session: Session, plan_id: int) -> str:
    """Return the plan's edition of the code list; it never changes, so it is kept."""
    key = (session.get_bind().engine.url, plan_id)
    if key not in _editions:
        _editions[key] = session.scalars(select(Plan.edition_id).where(Plan.id == plan_id)).one()
    return _editions[key]


def _visit(session: Session, plan_id: int, code: str | None) -> Visit | None:
    if code is None:
        return None
    return session.scalar(select(Visit).where(Visit.plan_id == plan_id, Visit.code == code))


def _hamlet(session: Session, edition: str, code: str | None) -> Hamlet | None:
    if code is None:
        return None
    return session.scalar(select(Hamlet).where(Hamlet.edition_id == edition, Hamlet.code == code))


def _place(
    session: Session, edition: str, visit: Visit | None, hamlet: Hamlet | None, code: str | None
) -> Place | None:
    if visit is not None:
        return visit.place
    if hamlet is not None:
        return session.get(Place, hamlet.place_id)
    if code is None:
        return None
    return session.scalar(select(Place).where(Place.edition_id == edition, Place.code == code))


def _household(session: Session, plan_id: int, code: str | None) -> str | None:
    if code is None:
        return None
    return session.scalar(
        select(Household.code).where(Household.plan_id == plan_id, Household.code == code)
    )


def _distance(submission: Unlinked, hamlet: Hamlet | None, place: Place | None) -> float | None:
    if submission.latitude is None or submission.longitude is None:
        return None
    here = (submission.latitude, submission.longitude)
    for expected in (hamlet, place):
        if expected is not None and expected.latitude is not None:
            assert expected.longitude is not None  # noqa: S101 - a point is whole (CHECK)
            return metres_between(here, (expected.latitude, expected.longitude))
    return None


def _search_text(submission: Unlinked, names: list[str]) -> str:
    words = [
        str(answer)
        for path, answer in instance.flat(submission.answers)
        if isinstance(answer, str) and not path.startswith("meta/")
    ]
    joined = " ".join([submission.label, *names, *words])
    return text.fold(joined[: SEARCHED * 2])[:SEARCHED]
