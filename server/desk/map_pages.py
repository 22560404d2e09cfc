"""The map: what was drawn, what was visited, what was found; its layers as GeoJSON."""

import enum
import functools
import json
import math
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import clock, web
from server.db import db
from server.desk import formats, gallery, map_areas, map_layers, paging, queries, register
from server.desk.map_layers import LAYERS, Asked, Box
from server.fields import Fields
from server.findings import words as finding_words
from server.findings.models import FindingState
from server.monitoring import queries as monitoring
from server.monitoring import words as visit_words
from server.monitoring.models import Plan, Visit, VisitState
from server.permissions import May
from server.places import boundary_queries
from server.problems import NotFound
from server.submissions import words as record_words
from server.submissions.models import ReviewState
from server.teams import queries as teams

bp = Blueprint("map", __name__)
bp.context_processor(formats.helpers)
FILTERS = (
    "plan", "round", "team", "commune", "visit", "review", "state", "severity", "project",
)  # fmt: skip
E = TypeVar("E", bound=enum.Enum)
ICONS = {"good": "check-circle", "wait": "exclamation-triangle", "bad": "x-circle"}


@bp.get("/map")
@web.requires(May.SEE_PLANS)
def page() -> Response:
    """Show the map with its list; without scripts the list alone."""
    session, reader = db.session(), web.reader()
    typed = paging.asked(*FILTERS)
    asked = _asked(typed)
    plans = monitoring.plans_for(session, reader.areas(May.SEE_PLANS))
    plan = _plan(plans, asked.plan_id)
    listed = paging.page(session, map_layers.page_of_visits(reader, asked), Visit.id)
    body = render_template(
        "desk/map.html",
        plan=plan,
        plans=[(each.id, each.name) for each in plans],
        typed=typed,
        narrowed=any(typed.values()),
        page=listed,
        rows=map_layers.listed(session, listed.ids),
        counted=queries.counted(session, reader, plans, listed.ids),
        choices=_choices(session, plan),
        projects=register.project_names(session, [plan] if plan else plans),
        sources=_sources(),
        areas=map_areas.shown(session, reader, asked, _narrowed()),
        styles=styles(),
        today=clock.today(),
        tiles=_tiles(),
        words=visit_words,
    )
    answer = Response(body)
    host = urlsplit(_tiles())
    if host.netloc:
        allowed = f"img-src {host.scheme}://{host.netloc.replace('{s}', '*')} "
        answer.headers["Content-Security-Policy"] = web.POLICY.replace("img-src ", allowed)
    return answer


def _tiles() -> str:
    found: str | None = current_app.config["THUCDIA"].tiles
    return found or ""


def _plan(plans: Any, plan_id: int | None) -> Plan | None:
    """Return the plan that is asked for.

    Raises:
        NotFound: the reader sees no such plan.
    """
    if plan_id is None:
        return None
    found: Plan | None = next((plan for plan in plans if plan.id == plan_id), None)
    if found is None:
        raise NotFound()
    return found


def _choices(session: Session, plan: Plan | None) -> dict[str, list[Any]]:
    """Return what the filters offer; rounds, teams and communes once a plan is chosen."""
    offered: dict[str, list[Any]] = {
        "visit": _named(VisitState, visit_words.VISIT_STATES),
        "review": _named(ReviewState, record_words.STATES),
        "state": _named(FindingState, finding_words.STATES),
        "severity": [(n, formats.word(finding_words.SEVERITIES[n])) for n in (4, 3, 2, 1)],
    }
    if plan is not None:
        areas = web.reader().areas(May.SEE_PLANS)
        offered["round"] = [(each.id, each.name) for each in monitoring.rounds(session, plan.id)]
        offered["team"] = list(teams.team_names(session, plan.id))
        offered["commune"] = gallery.communes(session, plan, areas)
    return offered


def _named(kind: type[E], names: dict[E, Any]) -> list[tuple[str, str]]:
    return [(str(each.value), formats.word(names[each])) for each in kind]


def _sources() -> dict[str, str]:
    """Return the address of each layer, narrowed as the page is."""
    tail = f"?{query}" if (query := _narrowed()) else ""
    return {name: f"/map/{name}.geojson{tail}" for name in LAYERS}


def _narrowed() -> str:
    return paging.here(before=None, after=None).partition("?")[2]


def _asked(typed: dict[str, str]) -> Asked:
    """Return what the map is narrowed to; what is not valid narrows nothing."""
    fields = Fields(typed)
    return Asked(
        plan_id=fields.number("plan"),
        round_id=fields.number("round"),
        team_id=fields.number("team"),
        area=fields["commune"],
        visit_state=_member(VisitState, typed["visit"]),
        review_state=_member(ReviewState, typed["review"]),
        finding_state=_member(FindingState, typed["state"]),
        severity=fields.number("severity"),
        project=fields["project"] or None,
        box=_box(request.args.get("bbox", "")),
    )


def _member(kind: type[E], value: str) -> E | None:
    return next((each for each in kind if each.value == value), None)


def _box(given: str) -> Box | None:
    """Return west, south, east, north of 'w,s,e,n'; None when it is no box.

    >>> _box("105.9,20.2,106.2,20.5"), _box("1,2,3"), _box("nan,0,1,1")
    ((105.9, 20.2, 106.2, 20.5), None, None)
    """
    try:
        west, south, east, north = (float(part) for part in given[:100].split(","))
    except ValueError:
        return None
    whole = all(math.isfinite(edge) and abs(edge) <= 360 for edge in (west, south, east, north))
    return (west, south, east, north) if whole and west < east and south < north else None


def styles() -> dict[str, dict[str, str]]:
    """Return what each sign on the map means: word, tone and picture, by its short name."""
    found = {
        f"v-{state.value}": _style(names, "geo-alt")
        for state, names in visit_words.VISIT_STATES.items()
    }
    for state, tone in _REVIEWS.items():
        found[f"r-{state.value}"] = _style((*record_words.STATES[state][:2], tone), "circle")
    for level, names in finding_words.SEVERITIES.items():
        found[f"f-{level}"] = _style(names, "flag", "flag")
    return found


_REVIEWS = {
    ReviewState.RECEIVED: "info",
    ReviewState.EDITED: "info",
    ReviewState.HAS_ISSUES: "wait",
    ReviewState.REJECTED: "bad",
    ReviewState.APPROVED: "good",
}


def _style(names: tuple[str, str, str], icon: str, always: str = "") -> dict[str, str]:
    tone = names[2]
    picture = always or ICONS.get(tone, icon)
    return {"word": formats.word(names[:2]), "tone": tone, "icon": picture}


def layer(name: str) -> Response:
    """Give one layer, narrowed by the filters of the page and, if wanted, by `bbox=w,s,e,n`."""
    found = LAYERS[name](db.session(), web.reader(), _asked(paging.asked(*FILTERS)))
    english = web.language() == "en"
    for feature in found.features:
        translated = feature["properties"].pop("en", "")
        if english and translated:
            feature["properties"]["label"] = translated
    body = {"type": "FeatureCollection", "grouped": found.grouped, "features": found.features}
    data = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(data, content_type="application/geo+json")


@bp.get("/map/areas.geojson")
@web.requires(May.SEE_PLANS)
def areas() -> AnyResponse:
    """Give the boundaries of the page's map: for ever, under the address with their hash."""
    session = db.session()
    found = map_areas.of(session, web.reader(), _asked(paging.asked(*FILTERS)))
    data = "".join(boundary_queries.geojson(session, found))
    answer = Response(data, content_type="application/geo+json")
    if found.version and request.args.get("v") == found.version:
        answer.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    answer.set_etag(found.version or "none")
    return answer.make_conditional(request)


for _name in LAYERS:  # an address each, so that each is held against every role by itself
    bp.add_url_rule(
        f"/map/{_name}.geojson",
        f"layer_{_name}",
        web.requires(May.SEE_PLANS)(functools.partial(layer, _name)),
    )
