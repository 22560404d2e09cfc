"""The map: layers that tell what the pages tell, to the same people, within a bound."""

import datetime as dt
import html
import json
import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from server import clock
from server.db import transaction
from server.desk import map_layers
from server.entities.models import Household
from server.monitoring import service as monitoring
from server.monitoring.models import RoundKind, Visit, VisitHamlet
from server.permissions import Role
from server.places import boundary_service
from server.places import queries as places
from server.places.boundaries import How
from server.places.boundary_models import BoundaryImport
from server.places.boundary_service import Credit
from server.places.outlines import Outline
from server.teams import service as teams
from tests.conftest import ACTOR
from tests.places.shapes import square

HERE = "20.3801 106.0803 0 5"


@pytest.fixture
def layer(browser):
    """Read a layer as somebody's browser does: its features by their ids."""

    def read(person, name, **asked):
        answer = browser(person).get(f"/map/{name}.geojson", query_string=asked)
        assert answer.status_code == 200, answer.text[:300]
        assert answer.content_type == "application/geo+json"
        body = answer.get_json(force=True)
        return {each["id"]: each for each in body["features"]}, body["grouped"]

    return read


@pytest.fixture
def officer_above(app, story):
    """Somebody who looks at one commune's plans and records."""
    with transaction() as session:
        person = teams.add_person(session, "Xã", ACTOR, "xa2@example.vn")
        teams.grant(session, person, Role.VIEWER, story.visit.area, ACTOR)
    return person


def test_the_three_layers_tell_what_was_drawn_visited_and_found(layer, cast, story):
    sent = story.send(gps=HERE, du="no", label="Hộ 07")

    drawn, _ = layer(cast.hoa, "drawn")
    received, _ = layer(cast.hoa, "received")
    found, _ = layer(cast.hoa, "found")

    commune = drawn[f"v{story.visit.id}"]
    assert commune["properties"]["label"] == story.visit.place.name
    assert commune["geometry"]["coordinates"] == [106.08, 20.38]  # the middle of its hamlets
    record = received[f"s{sent}"]
    assert record["geometry"]["coordinates"] == [106.0803, 20.3801]
    assert record["properties"] == {
        "label": "Hộ 07", "s": "r-received", "url": f"/submissions/{sent}"
    }  # fmt: skip
    (finding,) = found.values()
    assert finding["geometry"]["coordinates"] == [106.0803, 20.3801]
    assert finding["properties"]["s"] == "f-4"
    assert finding["properties"]["label"] == "Hộ nhận thiếu"


def test_a_finding_without_a_point_stands_at_its_hamlet(layer, cast, story):
    story.send(du="no")

    (finding,) = layer(cast.hoa, "found")[0].values()

    assert finding["geometry"]["coordinates"] == [106.08, 20.38]


def test_the_filters_narrow_every_layer(layer, cast, story, round_):
    story.send(gps=HERE, du="no")
    here, there = story.visit, story.other_commune

    def count(name, **asked):
        return len(layer(cast.hoa, name, **asked)[0])

    for name in ("drawn", "received", "found"):
        assert count(name, plan=story.plan_id, round=round_.id) == 1
        assert count(name, plan=story.plan_id + 1) == 0
        assert count(name, round=round_.id + 1) == 0
        assert count(name, team=here.team_id) == 1
        assert count(name, team=here.team_id + 1) == 0
        assert count(name, commune=here.area) == 1
        assert count(name, commune=there.area) == 0
        assert count(name, visit="done") == 0
    assert count("received", review="approved") == 0
    assert count("found", severity=4, project="DA2", state="moi") == 1
    assert count("found", severity=3) == 0
    assert count("found", project="DA1") == 0
    assert count("found", state="dong") == 0


def test_drawn_hamlets_are_shown_with_their_households_once_they_may_be(layer, cast, story):
    with transaction() as session:
        tomorrow = clock.today() + dt.timedelta(days=1)
        session.add(VisitHamlet(visit_id=story.visit.id, hamlet_id=story.hamlet.id, rank=1,
                                shown_on=tomorrow))  # fmt: skip
        session.add(Household(plan_id=story.plan_id, hamlet_id=story.hamlet.id, code="H1",
                              label="H1", visit_id=story.visit.id, shown_on=tomorrow))  # fmt: skip
    key = f"h{story.visit.id}-{story.hamlet.id}"

    assert layer(cast.minh, "drawn")[0][key]["properties"]["count"] == 1  # he draws
    assert key not in layer(cast.hoa, "drawn")[0]
    assert key not in layer(cast.lan, "drawn")[0]

    with transaction() as session:
        session.query(VisitHamlet).update({"shown_on": clock.today()})
    assert "count" not in layer(cast.hoa, "drawn")[0][key]["properties"]


def test_an_unannounced_visit_is_not_on_the_map_of_the_visited_unit(
    layer, browser, cast, plan, story, officer_above
):
    with transaction() as session:
        secret = monitoring.add_round(session, session.merge(plan), "DX", "Đột xuất", ACTOR)
        secret.kind = RoundKind.UNANNOUNCED
        visit = monitoring.add_visit(session, secret, session.merge(story.visit).place, ACTOR)
        session.flush()
        key = f"v{visit.id}"

    assert key in layer(cast.hoa, "drawn")[0]
    assert key not in layer(officer_above, "drawn")[0]
    assert f'data-map-id="{key}"' not in browser(officer_above).get("/map").text
    assert f'data-map-id="{key}"' in browser(cast.hoa).get("/map").text


def test_nothing_of_another_district_is_on_the_map(layer, browser, cast, story):
    story.send(gps=HERE, du="no")

    for name in ("drawn", "received", "found"):
        assert layer(cast.an, name)[0] == {}
    assert browser(cast.an).get(f"/map?plan={story.plan_id}").status_code == 404
    assert "Chưa có gì trên bản đồ" in browser(cast.an).get("/map").text


def test_who_sees_no_findings_gets_none(layer, cast, story):
    story.send(gps=HERE, du="no")

    assert layer(cast.lan, "found")[0] == {}
    assert len(layer(cast.lan, "received")[0]) == 1


def test_many_points_come_as_counts_and_near_by_one_by_one(layer, cast, story, monkeypatch):
    monkeypatch.setattr(map_layers, "MOST", 3)
    for n in range(4):
        story.send(gps=f"20.38{n} 106.08 0 5", du="no")
    story.send(gps="20.50 106.20 0 5")

    far, grouped = layer(cast.hoa, "received")
    near, one_by_one = layer(cast.hoa, "received", bbox="106.19,20.49,106.21,20.51")
    findings, by_commune = layer(cast.hoa, "found")

    assert grouped
    assert sum(each["properties"]["count"] for each in far.values()) == 5
    assert not one_by_one
    assert len(near) == 1
    assert by_commune
    (commune,) = findings.values()
    assert commune["properties"]["count"] == 4
    assert commune["properties"]["s"] == "f-4"


def test_the_page_holds_the_list_and_asks_as_often_for_many_as_for_few(
    browser, cast, story, round_, communes, statements
):
    story.send(gps=HERE, du="no")
    hoa = browser(cast.hoa)
    hoa.get("/map")
    with statements() as few:
        page = hoa.get("/map").text
    with transaction() as session:
        for commune in communes[1:6]:
            monitoring.add_visit(session, session.merge(round_), session.merge(commune), ACTOR)
    with statements() as many:
        hoa.get("/map")

    assert f'data-map-id="v{story.visit.id}"' in page
    assert f"/plans/{story.plan_id}/submissions?commune=" in page
    assert len(few) == len(many)


@pytest.mark.parametrize("box", ["1,2,3", "nan,0,1,1", "9,9,1,1", "a,b,c,d", "1e999,0,1,1", ",,,"])
def test_a_view_that_is_no_box_narrows_nothing(layer, cast, story, box):
    sent = story.send(gps=HERE)

    assert f"s{sent}" in layer(cast.hoa, "received", bbox=box)[0]


def test_the_map_asks_no_other_host_unless_a_setting_names_it(browser, cast, story, app):
    hoa = browser(cast.hoa)
    plain = hoa.get("/map")
    held = app.config["THUCDIA"]
    app.config["THUCDIA"] = replace(held, tiles="https://{s}.tiles.example/{z}/{x}/{y}.png")
    tiled = hoa.get("/map")
    app.config["THUCDIA"] = replace(held, tiles="/tiles/{z}/{x}/{y}.png")
    own = hoa.get("/map")

    assert "data-tiles" not in plain.text
    assert "tiles.example" not in plain.headers["Content-Security-Policy"]
    assert 'data-tiles="https://{s}.tiles.example/{z}/{x}/{y}.png"' in tiled.text
    assert "img-src https://*.tiles.example " in tiled.headers["Content-Security-Policy"]
    assert 'data-tiles="/tiles/{z}/{x}/{y}.png"' in own.text
    assert own.headers["Content-Security-Policy"] == plain.headers["Content-Security-Policy"]


def test_a_visit_without_a_place_on_earth_is_in_the_list_alone(layer, browser, cast, story, round_):
    with transaction() as session:
        commune = session.merge(story.other_commune)
        visit = monitoring.add_visit(session, session.merge(round_), commune, ACTOR)
        session.flush()
        key, known = visit.id, session.get(Visit, visit.id).place.latitude

    features = layer(cast.hoa, "drawn")[0]

    assert known is None
    assert f'data-map-id="v{key}"' in browser(cast.hoa).get("/map").text
    assert set(features) <= {f"v{story.visit.id}", f"v{key}"}


@pytest.fixture
def bordered(story):
    """Made-up squares for the story's commune, its neighbour and the district."""
    shapes = {story.visit.place: (106.06, 20.36), story.other_commune: (106.10, 20.36)}
    with transaction() as session:
        district = session.scalars(places.place("2024", "359")).one()
        shapes[district] = (106.0, 20.3)
        outlines = [
            Outline(number, {"ma": place.code}, None, (*at, *at), area, area, 5, 5)
            for number, (place, at) in enumerate(shapes.items(), start=1)
            if (area := json.dumps({"type": "MultiPolygon", "coordinates": [square(*at)]}))
        ]
        credit = Credit("ô.geojson", "0" * 64, "Bịa", "© Ô vuông bịa để thử")
        boundary_service.store(session, "2024", outlines, How(), [""], credit, ACTOR)
    return story


def drawn_areas(page):
    address = html.unescape(re.search(r'data-areas="([^"]+)"', page.text).group(1))
    return address, credit_of(page)


def credit_of(page):
    return "© Ô vuông bịa để thử" in page.text


def test_the_boundaries_of_the_plans_units_are_drawn_with_whose_they_are(browser, cast, bordered):
    hoa = browser(cast.hoa)
    pages = ("/map", f"/map?plan={bordered.plan_id}", f"/visits/{bordered.visit.id}",
             f"/submissions/{bordered.send(gps=HERE)}")  # fmt: skip

    for path in pages:
        address, credited = drawn_areas(hoa.get(path))
        answer = hoa.get(address)
        roles = {
            each["properties"]["label"]: each["properties"]["role"]
            for each in answer.get_json(force=True)["features"]
        }
        assert roles == {bordered.visit.place.name: "drawn", "Huyện Vụ Bản": "frame"}, path
        assert credited
        assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"


def test_boundaries_are_asked_for_again_only_when_they_change(browser, cast, bordered):
    hoa = browser(cast.hoa)
    address, _ = drawn_areas(hoa.get("/map"))
    bare = hoa.get("/map/areas.geojson")

    held = hoa.get("/map/areas.geojson", headers={"If-None-Match": bare.headers["ETag"]})
    stale = hoa.get("/map/areas.geojson?v=0123456789abcdef")

    assert held.status_code == 304
    assert "immutable" not in bare.headers["Cache-Control"] + stale.headers["Cache-Control"]
    with transaction() as session:
        made = session.scalars(select(BoundaryImport)).one()
        boundary_service.withdraw(session, made, ACTOR)
    assert "data-areas" not in hoa.get("/map").text
    assert hoa.get(address).get_json(force=True)["features"] == []


def test_nobody_gets_boundaries_of_plans_that_they_do_not_see(browser, cast, bordered):
    for query in ("", f"?plan={bordered.plan_id}"):
        answer = browser(cast.an).get(f"/map/areas.geojson{query}")
        assert answer.get_json(force=True)["features"] == []
    assert not credit_of(browser(cast.an).get("/map"))


def test_a_plan_of_the_country_has_no_boundaries_without_the_islands(browser, cast, bordered):
    with transaction() as session:
        whole = monitoring.add_plan(session, "Cả nước", "gnbv-2021-2025", None, "2024", ACTOR)
        round_ = monitoring.add_round(session, whole, "CN-1", "Đợt 1", ACTOR)
        monitoring.add_visit(session, round_, session.merge(bordered.visit).place, ACTOR)
        session.flush()
        plan_id = whole.id
    admin = browser(cast.admin)

    page = admin.get(f"/map?plan={plan_id}")

    assert "thiếu Hoàng Sa (498), Trường Sa (576)" in page.text
    assert "data-areas" not in page.text
    answer = admin.get(f"/map/areas.geojson?plan={plan_id}")
    assert answer.get_json(force=True) == {
        "type": "FeatureCollection", "whole": True, "features": []
    }  # fmt: skip
