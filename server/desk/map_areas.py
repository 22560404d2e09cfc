"""The official boundaries on a map: those of the units drawn, within those of their plans."""

from urllib.parse import urlencode

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from server import web
from server.desk.map_layers import Asked, visits
from server.monitoring.models import Plan, Visit
from server.places import boundary_queries
from server.places.boundary_queries import MOST_AREAS, Areas, Shown
from server.places.models import Place
from server.web import Reader


def of(session: Session, reader: Reader, asked: Asked) -> Areas:
    """Return the boundaries of the communes with a visit, and of the areas of their plans."""
    if not boundary_queries.any_held(session):
        return Areas()
    seen = visits(reader, asked)
    drawn = session.scalars(select(Visit.place_id).where(*seen).distinct().limit(MOST_AREAS)).all()
    plans = session.scalars(
        select(Plan.area).where(Plan.id.in_(select(Visit.plan_id).where(*seen))).distinct()
    ).all()
    keys = {(area.split("/")[0], area.rpartition("/")[2]) for area in plans if area}
    frames = session.scalars(
        select(Place.id).where(tuple_(Place.edition_id, Place.code).in_(keys))
    ).all()
    return boundary_queries.areas(session, set(drawn), set(frames), "" in plans)


def shown(session: Session, reader: Reader, asked: Asked, query: str) -> Shown:
    """Return what a page says of the boundaries of its map, whose filters are `query`."""
    found = of(session, reader, asked)
    tail = "&".join(part for part in (query, f"v={found.version}") if part)
    return found.shown(web.language() == "en", f"/map/areas.geojson?{tail}")


def around(session: Session, reader: Reader, plan_id: int, area: str) -> Shown:
    """Return the same for the small map of one commune within a plan."""
    query = urlencode({"plan": plan_id, "commune": area})
    return shown(session, reader, Asked(plan_id=plan_id, area=area), query)
