"""What a filled form says of visit, place and household, looked up in our own rows."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from server import text
from server.entities.models import Household
from server.monitoring.models import Plan, Visit
from server.often import Often
from server.places.distance import metres_between, point
from server.places.models import Hamlet, Place, area_of
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

    asked = {part: said(part) for part in ("visit", "hamlet", "commune", "household")}
    found = _FOUND.run(session, {"plan": submission.plan_id, **asked})
    assert found is not None  # noqa: S101 - every submission is of a plan
    names = [found.place or "", found.hamlet or "", found.household or ""]
    return Link(
        visit_id=found.visit_id,
        team_id=submission.team_id or found.team_id,
        place_id=found.place_id,
        hamlet_id=found.hamlet_id,
        area=area_of(found),
        household_code=found.household or asked["household"],
        distance_m=_distance(submission, found),
        search_text=_search_text(submission, names),
        is_odd=bool(submission.oddities),
    )


_Coded = aliased(Place)
_TOLD: tuple[Any, ...] = (
    Visit.id.label("visit_id"),
    Visit.team_id,
    Hamlet.id.label("hamlet_id"),
    Hamlet.name.label("hamlet"),
    Hamlet.latitude.label("hamlet_latitude"),
    Hamlet.longitude.label("hamlet_longitude"),
    Place.id.label("place_id"),
    Place.name.label("place"),
    Place.edition_id,
    Place.province_code,
    Place.parent_code,
    Place.code,
    Place.latitude.label("place_latitude"),
    Place.longitude.label("place_longitude"),
    Household.code.label("household"),
)
# A visit names its commune; without one the hamlet does; without either the answer itself.
_FOUND = Often(
    lambda _engine: (
        select(*_TOLD)
        .select_from(Plan)
        .outerjoin(Visit, and_(Visit.plan_id == Plan.id, Visit.code == bindparam("visit")))
        .outerjoin(Hamlet, _coded(Hamlet, "hamlet"))
        .outerjoin(_Coded, _coded(_Coded, "commune"))
        .outerjoin(Place, Place.id == func.coalesce(Visit.place_id, Hamlet.place_id, _Coded.id))
        .outerjoin(
            Household,
            and_(Household.plan_id == Plan.id, Household.code == bindparam("household")),
        )
        .where(Plan.id == bindparam("plan"))
    )
)


def _coded(listed: Any, answer: str) -> ColumnElement[bool]:
    return and_(listed.edition_id == Plan.edition_id, listed.code == bindparam(answer))


def _distance(submission: Unlinked, found: Any) -> float | None:
    here = point(submission.latitude, submission.longitude)
    expected = point(found.hamlet_latitude, found.hamlet_longitude) or point(
        found.place_latitude, found.place_longitude
    )
    return None if here is None or expected is None else metres_between(here, expected)


def _search_text(submission: Unlinked, names: list[str]) -> str:
    words = [
        str(answer)
        for path, answer in instance.flat(submission.answers)
        if isinstance(answer, str) and not path.startswith("meta/")
    ]
    joined = " ".join([submission.label, *names, *words])
    return text.fold(joined[: SEARCHED * 2])[:SEARCHED]
