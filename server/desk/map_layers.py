"""What the map shows, layer by layer: drawn communes and hamlets, forms received, findings.

Each layer is bounded: where there are more points than a screen or a phone's line can take, they
come as counts by cell or by commune. Scope and disclosure are those of the pages that list the
same things.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, Subquery, and_, cast, func, or_, select
from sqlalchemy.orm import Session, aliased

from server import clock
from server.desk import finding_rights
from server.entities.models import Household
from server.findings import queries as findings
from server.findings.models import GOOD_PRACTICE, Finding, FindingState
from server.monitoring.models import Plan, Round, Visit, VisitHamlet, VisitState
from server.monitoring.queries import open_to
from server.permissions import May
from server.places.models import Hamlet, Place, Succession
from server.places.scope import covers, inside, within
from server.submissions import counted
from server.submissions.models import ReviewState, Submission
from server.surveys.models import Form
from server.web import Reader

MOST = 2000
"""How many points a layer gives one by one."""
CELLS = 40
Box = tuple[float, float, float, float]
Feature = dict[str, Any]
Rows = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Asked:
    """What the map is narrowed to; None and '' narrow nothing. `box`: west, south, east, north."""

    plan_id: int | None = None
    round_id: int | None = None
    team_id: int | None = None
    area: str = ""
    visit_state: VisitState | None = None
    review_state: ReviewState | None = None
    finding_state: FindingState | None = None
    severity: int | None = None
    project: str | None = None
    box: Box | None = None


@dataclass
class Layer:
    """Features, and whether they are counts (`grouped`) because there were too many."""

    features: list[Feature]
    grouped: bool = False


def visits(reader: Reader, asked: Asked) -> list[ColumnElement[bool]]:
    """Return the conditions on the visits that the reader may see and asks for."""
    conditions = [open_to(reader.areas(May.SEE_PLANS))]
    if asked.visit_state is None:
        conditions.append(Visit.state != VisitState.CANCELLED)
    pairs = (
        (Visit.plan_id, asked.plan_id),
        (Visit.round_id, asked.round_id),
        (Visit.team_id, asked.team_id),
        (Visit.area, asked.area or None),
        (Visit.state, asked.visit_state),
    )
    return [*conditions, *(column == value for column, value in pairs if value is not None)]


def drawn(session: Session, reader: Reader, asked: Asked) -> Layer:
    """Return the communes with a visit, and for who sees records their drawn hamlets."""
    spot = _spots(select(Visit.place_id).where(*visits(reader, asked)))
    points = (
        select(Visit.id, spot.c.latitude, spot.c.longitude, Place.name, Visit.state, Round.name)
        .select_from(Visit)
        .join(Place, Place.id == Visit.place_id)
        .join(spot, spot.c.place_id == Visit.place_id)
        .join(Round, Round.id == Visit.round_id)
        .where(*visits(reader, asked), spot.c.latitude.is_not(None))
    )
    layer = _layer(session, points, spot.c.latitude, spot.c.longitude, asked, _commune)
    if not layer.grouped and reader.may(May.SEE_RECORDS):
        layer.features += _hamlets(session, reader, asked)
    return layer


def _spots(place_ids: Select[int]) -> Subquery:
    """Return (place_id, latitude, longitude) of communes, as far as anything tells.

    Its own point; else the middle of its hamlets; else the point of the unit that followed it:
    editions before 2025 come without points of their own.
    """
    middle = (
        select(
            Hamlet.place_id,
            func.avg(Hamlet.latitude).label("latitude"),
            func.avg(Hamlet.longitude).label("longitude"),
        )
        .where(Hamlet.place_id.in_(place_ids), Hamlet.latitude.is_not(None))
        .group_by(Hamlet.place_id)
        .subquery()
    )
    heir = aliased(Place)
    return (
        select(
            Place.id.label("place_id"),
            func.coalesce(Place.latitude, middle.c.latitude, heir.latitude).label("latitude"),
            func.coalesce(Place.longitude, middle.c.longitude, heir.longitude).label("longitude"),
        )
        .outerjoin(middle, middle.c.place_id == Place.id)
        .outerjoin(Succession, and_(Succession.old_id == Place.id, Succession.is_default))
        .outerjoin(heir, heir.id == Succession.new_id)
        .where(Place.id.in_(place_ids))
        .subquery()
    )


def _commune(row: Any) -> Feature:
    key, latitude, longitude, name, state, round_name = row
    told = {"label": name, "s": f"v-{state.value}", "note": round_name, "url": f"/visits/{key}"}
    return _point(f"v{key}", latitude, longitude, told)


def _hamlets(session: Session, reader: Reader, asked: Asked) -> list[Feature]:
    """Return the hamlets drawn for the visits, and those with drawn households, counted."""
    drawing = inside(Plan.area, reader.areas(May.DRAW))
    day = VisitHamlet.shown_on
    drawn_ones, listed_ones = (
        query.join(Plan, Plan.id == Visit.plan_id).where(*visits(reader, asked))
        for query in counted.households(drawing, Visit.id, Household.hamlet_id)
    )
    every = drawn_ones.union_all(listed_ones).subquery()
    visit_id, hamlet_id = every.c
    tallied = (
        select(
            visit_id.label("visit_id"), hamlet_id.label("hamlet_id"), func.count().label("count")
        )
        .group_by(visit_id, hamlet_id)
        .subquery()
    )
    places = (
        select(VisitHamlet.visit_id, VisitHamlet.hamlet_id)
        .join(Visit, Visit.id == VisitHamlet.visit_id)
        .join(Plan, Plan.id == Visit.plan_id)
        .where(or_(day.is_(None), day <= clock.today(), drawing), *visits(reader, asked))
        .union(select(tallied.c.visit_id, tallied.c.hamlet_id))
        .subquery()
    )
    rows = session.execute(
        select(
            Visit.id, Hamlet.id, Hamlet.latitude, Hamlet.longitude, Hamlet.name,
            Hamlet.radius_m, tallied.c.count,
        )
        .select_from(places)
        .join(Visit, Visit.id == places.c.visit_id)
        .join(Hamlet, Hamlet.id == places.c.hamlet_id)
        .outerjoin(
            tallied,
            and_(tallied.c.visit_id == Visit.id, tallied.c.hamlet_id == Hamlet.id),
        )
        .where(
            *visits(reader, asked),
            open_to(reader.areas(May.SEE_RECORDS)),
            Hamlet.latitude.is_not(None),
        )
        .order_by(Visit.id, Hamlet.sort_key)
        .limit(MOST)
    )  # fmt: skip
    found = []
    for visit, key, latitude, longitude, name, radius, count in rows:
        told = {"label": name, "s": "hamlet", "url": f"/visits/{visit}/sample"}
        told |= {"count": count} if count else {}
        told |= {"radius_m": radius} if radius else {}
        found.append(_point(f"h{visit}-{key}", latitude, longitude, told))
    return found


def received(session: Session, reader: Reader, asked: Asked) -> Layer:
    """Return the forms that carry a point; none for who does not see records."""
    areas = reader.areas(May.SEE_RECORDS)
    if not areas:
        return Layer([])
    conditions = [
        Submission.latitude.is_not(None),
        _in_reach(session, areas, asked.plan_id),
        *_of_visits(Submission, asked),
    ]
    if asked.team_id is not None:
        conditions.append(Submission.team_id == asked.team_id)
    if asked.review_state is not None:
        conditions.append(Submission.review_state == asked.review_state)
    points = select(
        Submission.id, Submission.latitude, Submission.longitude, Submission.label,
        Submission.review_state, Form.title,
    ).join(Form, Form.id == Submission.form_pk).where(*conditions)  # fmt: skip
    bare = select(Submission.id).where(*conditions)
    lat, lon = Submission.latitude, Submission.longitude
    return _layer(session, points, lat, lon, asked, _record, bare)


def _record(row: Any) -> Feature:
    key, latitude, longitude, label, state, form = row
    told = {"label": label or form, "s": f"r-{state.value}", "url": f"/submissions/{key}"}
    return _point(f"s{key}", latitude, longitude, told)


def _in_reach(session: Session, areas: Iterable[str], plan_id: int | None) -> ColumnElement[bool]:
    """Return the condition that forms may be seen, by plans first: an index begins with them."""
    found = list(areas)
    plans = select(Plan.id, Plan.area)
    if plan_id is not None:
        plans = plans.where(Plan.id == plan_id)
    whole: list[int] = []
    part: list[int] = []
    for key, area in session.execute(plans):
        if covers(found, area):
            whole.append(key)
        elif any(within(each, area) for each in found):
            part.append(key)
    in_whole = Submission.plan_id.in_(whole)
    if not part:  # an index serves one condition on the plan; of two joined by 'or' it serves none
        return in_whole
    in_part = and_(Submission.plan_id.in_(part), inside(Submission.area, found))
    return or_(in_whole, in_part) if whole else in_part


def _of_visits(of: type[Submission | Finding], asked: Asked) -> list[ColumnElement[bool]]:
    """Return the conditions of round, commune and state of the visit."""
    conditions: list[ColumnElement[bool]] = []
    asking = select(Visit.id)
    if asked.plan_id is not None:
        asking = asking.where(Visit.plan_id == asked.plan_id)
    if asked.round_id is not None:
        asking = asking.where(Visit.round_id == asked.round_id)
    if asked.visit_state is not None:
        asking = asking.where(Visit.state == asked.visit_state)
    if asked.round_id is not None or asked.visit_state is not None:
        conditions.append(of.visit_id.in_(asking))
    if asked.area:
        conditions.append(inside(of.area, [asked.area]))
    return conditions


def found(session: Session, reader: Reader, asked: Asked) -> Layer:
    """Return the findings where their form was filled, else at the hamlet or commune.

    Many come as counts by commune, each with its gravest.
    """
    if not reader.may(May.SEE_FINDINGS):
        return Layer([])
    query = _findings(asked, select(Finding.id)).limit(MOST + 1)
    many = len(session.scalars(query).all()) > MOST
    return _by_commune(session, asked) if many else _each_finding(session, asked)


def _findings(asked: Asked, query: Rows) -> Rows:
    query = findings.seen(query, finding_rights.scope()).where(
        Finding.topic != GOOD_PRACTICE, *_of_visits(Finding, asked)
    )
    if asked.team_id is not None:
        query = query.where(
            Finding.visit_id.in_(select(Visit.id).where(Visit.team_id == asked.team_id))
        )
    pairs = (
        (Finding.plan_id, asked.plan_id),
        (Finding.severity, asked.severity),
        (Finding.project_code, asked.project),
        (Finding.state, asked.finding_state),
    )
    if asked.finding_state is None:
        query = query.where(Finding.state != FindingState.REJECTED)
    return query.where(*(column == value for column, value in pairs if value is not None))


def _each_finding(session: Session, asked: Asked) -> Layer:
    spot = _spots(_findings(asked, select(Finding.place_id)))
    latitude = func.coalesce(Submission.latitude, Hamlet.latitude, spot.c.latitude)
    longitude = func.coalesce(Submission.longitude, Hamlet.longitude, spot.c.longitude)
    query = select(
        Finding.id, latitude, longitude, Finding.title, Finding.title_en, Finding.severity
    )
    rows = session.execute(
        _findings(asked, query)
        .join(Submission, Submission.id == Finding.submission_id)
        .outerjoin(Hamlet, Hamlet.id == Submission.hamlet_id)
        .outerjoin(spot, spot.c.place_id == Finding.place_id)
        .where(latitude.is_not(None))
        .order_by(Finding.id)
    )
    return Layer(
        [
            _point(f"f{key}", lat, lon, {
                "label": title, "en": title_en, "s": f"f-{severity}", "url": f"/findings/{key}",
            })
            for key, lat, lon, title, title_en, severity in rows
        ]
    )  # fmt: skip


def _by_commune(session: Session, asked: Asked) -> Layer:
    counted = _findings(
        asked,
        select(
            Finding.place_id,
            func.count().label("count"),
            func.max(Finding.severity).label("severity"),
        ),
    ).group_by(Finding.place_id)
    tally = counted.subquery()
    spot = _spots(select(tally.c.place_id))
    rows = session.execute(
        select(
            Place.id, spot.c.latitude, spot.c.longitude, Place.name, tally.c.count,
            tally.c.severity,
        )
        .join(tally, tally.c.place_id == Place.id)
        .join(spot, spot.c.place_id == Place.id)
        .where(spot.c.latitude.is_not(None))
        .order_by(Place.id)
        .limit(MOST)
    )  # fmt: skip
    features = [
        _point(f"g{key}", lat, lon, {"label": name, "s": f"f-{severity}", "count": count})
        for key, lat, lon, name, count, severity in rows
    ]
    return Layer(features, grouped=True)


def _layer(
    session: Session,
    points: Rows,
    latitude: Any,
    longitude: Any,
    asked: Asked,
    make: Callable[[Any], Feature],
    bare: Rows | None = None,
) -> Layer:
    """Return the points one by one, or as counts by cell when there are more than `MOST`.

    `bare` is the same question without what only single points tell.
    """
    bare = points if bare is None else bare
    if asked.box is not None:
        west, south, east, north = asked.box
        within = and_(latitude.between(south, north), longitude.between(west, east))
        points, bare = points.where(within), bare.where(within)
    few = bare.with_only_columns(latitude).limit(MOST + 1).subquery()
    if (session.scalar(select(func.count()).select_from(few)) or 0) <= MOST:
        return Layer([make(row) for row in session.execute(points)])
    return Layer(_cells(session, bare, latitude, longitude, asked.box), grouped=True)


def _cells(
    session: Session, bare: Rows, latitude: Any, longitude: Any, box: Box | None
) -> list[Feature]:
    if box is None:
        extent = bare.with_only_columns(
            func.min(longitude), func.min(latitude), func.max(longitude), func.max(latitude)
        )
        west, south, east, north = session.execute(extent).one()
    else:
        west, south, east, north = box
    step = max(east - west, north - south, 0.001) / CELLS
    row, column = (
        cast((axis - edge) / step, Integer) for axis, edge in ((latitude, south), (longitude, west))
    )
    counted = bare.with_only_columns(
        row, column, func.avg(latitude), func.avg(longitude), func.count()
    )
    return [
        _point(f"c{number}", lat, lon, {"s": "cell", "count": count})
        for number, (_row, _column, lat, lon, count) in enumerate(
            session.execute(counted.group_by(row, column))
        )
    ]


def _point(key: str, latitude: float, longitude: float, properties: dict[str, Any]) -> Feature:
    """Return a point to about a metre, longitude first as GeoJSON wants it."""
    where = [round(float(longitude), 5), round(float(latitude), 5)]
    geometry = {"type": "Point", "coordinates": where}
    return {"type": "Feature", "id": key, "geometry": geometry, "properties": properties}


LAYERS: dict[str, Callable[[Session, Reader, Asked], Layer]] = {
    "drawn": drawn,
    "received": received,
    "found": found,
}


def page_of_visits(reader: Reader, asked: Asked) -> Select[int]:
    """Return the query of the ids of the visits on the map, without an order."""
    return select(Visit.id).where(*visits(reader, asked))


def listed(session: Session, ids: Sequence[int]) -> list[Any]:
    """Return (visit, round's name, plan's name) of visits for the list beside the map."""
    rows = session.execute(
        select(Visit, Round.name, Plan.name)
        .join(Round, Round.id == Visit.round_id)
        .join(Plan, Plan.id == Visit.plan_id)
        .where(Visit.id.in_(ids))
    ).unique()
    by_id = {row[0].id: row for row in rows}
    return [by_id[key] for key in ids if key in by_id]
