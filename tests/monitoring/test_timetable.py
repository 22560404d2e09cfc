"""Who goes where and when: a suggested way, doubts said and not refused, kept on a page."""

import datetime as dt
from itertools import pairwise, permutations

import pytest

from server.db import db, transaction
from server.journal import Line
from server.monitoring import schedule, service
from server.monitoring.models import Visit, VisitState
from server.places import queries as places
from server.places.distance import metres_between
from server.places.models import Hamlet
from server.teams import queries
from server.teams import service as teams
from tests.conftest import ACTOR

MONDAY = dt.date(2024, 4, 1)
CODES = ["13741", "13744", "13747", "13750", "13756"]


@pytest.fixture
def visits(plan, round_, cast):
    with transaction() as session:
        team = teams.add_team(session, plan.id, "Đoàn 1", ACTOR)
        teams.join(session, team, session.merge(cast.lan), "thành viên", False)
        return [
            service.add_visit(
                session, session.merge(round_), session.scalars(places.place("2024", code)).one(),
                ACTOR, team=team,
            )
            for code in CODES
        ]  # fmt: skip


def slots(visits, **days):
    return [schedule.Slot(v, v.team_id, 0, days.get(f"_{v.place.code}"), None) for v in visits]


def all_teams():
    return {t.id: t for t in queries.teams_of(db.session(), 1)}


def kinds(found):
    return [doubt.kind for doubt in found]


START = (20.37, 106.1)


def points(visits):
    """Return five made-up places that no order of codes visits shortly."""
    lat = [20.30, 20.45, 20.33, 20.42, 20.36]
    return {v.id: (lat[n], 106.05 + 0.02 * n) for n, v in enumerate(visits)}


def test_a_suggested_way_is_the_shortest_of_all_orders(visits):
    where = points(visits)

    def length(way):
        stops = [START, *(where[v.id] for v in way)]
        return sum(metres_between(a, b) for a, b in pairwise(stops))

    found = schedule.suggest(visits, where, START, MONDAY)

    ordered = [slot.visit for slot in sorted(found, key=lambda slot: slot.stop)]
    shortest, longest = (f(length(p) for p in permutations(visits)) for f in (min, max))
    assert length(ordered) == pytest.approx(shortest)
    assert shortest < 0.8 * longest and shortest < length(visits)
    way = sum(metres_between(where[a.id], where[b.id]) for a, b in pairwise(ordered))
    assert schedule.way_km(found, where)[visits[0].team_id] == pytest.approx(way / 1000)


def test_a_commune_without_a_point_lies_where_its_hamlets_or_its_successor_lie(visits, session):
    found = schedule.points_of(session, visits)

    assert len(found) >= 3  # the list of 2024 has no points: those of the units that followed
    assert all(20.2 < north < 20.5 and 105.9 < east < 106.3 for north, east in found.values())
    with transaction() as writing:
        for n, (lat, lon) in enumerate([(20.1, 106.0), (20.3, 106.2)]):
            writing.add(
                Hamlet(
                    edition_id="2024", place_id=visits[0].place_id, code=f"H{n}", name=f"T{n}",
                    folded=f"t{n}", sort_key=f"t{n}", latitude=lat, longitude=lon, source="thử",
                )
            )  # fmt: skip
    north, east = schedule.points_of(session, visits)[visits[0].id]
    assert (north, east) == (pytest.approx(20.2), pytest.approx(106.1))


def test_days_follow_one_another_without_weekends(visits):
    thursday = dt.date(2024, 4, 4)

    one_a_day = schedule.suggest(visits, {}, None, thursday, per_day=1)
    two_a_day = schedule.suggest(visits, {}, None, thursday, per_day=2)
    two_days = schedule.suggest(visits[:2], {}, None, thursday, days=2)

    assert [slot.starts_on.day for slot in one_a_day] == [4, 5, 8, 9, 10]
    assert [slot.starts_on.day for slot in two_a_day] == [4, 4, 5, 5, 8]
    assert [(s.starts_on.day, s.ends_on.day) for s in two_days] == [(4, 5), (8, 9)]


def test_a_visit_that_has_begun_keeps_its_days(visits):
    with transaction() as session:
        begun = session.merge(visits[0])
        begun.state, begun.starts_on, begun.ends_on = VisitState.UNDER_WAY, MONDAY, MONDAY

    found = schedule.suggest([begun, *visits[1:]], {}, None, dt.date(2024, 5, 6))

    assert next(s for s in found if s.visit.id == begun.id).starts_on == MONDAY


def test_a_team_with_more_communes_a_day_than_it_can_do_is_doubted(visits):
    full = slots(visits[:3], _13741=MONDAY, _13744=MONDAY, _13747=MONDAY)

    found = schedule.doubts(full, all_teams(), per_day=2)

    assert kinds(found) == ["overload"]
    assert (found[0].who, found[0].day, len(found[0].codes)) == ("Đoàn 1", MONDAY, 3)
    assert schedule.doubts(full, all_teams(), per_day=3) == []


def test_longer_visits_of_a_team_that_share_days_are_doubted(visits):
    long = schedule.Slot(visits[0], visits[0].team_id, 1, MONDAY, MONDAY + dt.timedelta(days=2))
    short = schedule.Slot(visits[1], visits[1].team_id, 2, MONDAY + dt.timedelta(days=2), None)

    found = schedule.doubts([long, short], all_teams())

    assert kinds(found) == ["overlap"] and found[0].day == dt.date(2024, 4, 3)


def test_somebody_in_two_teams_on_one_day_is_doubted(visits, plan, cast):
    with transaction() as session:
        other = teams.add_team(session, plan.id, "Đoàn 2", ACTOR)
        teams.join(session, other, session.merge(cast.lan), "thành viên", False)
    mine = schedule.Slot(visits[0], visits[0].team_id, 1, MONDAY, None)
    theirs = schedule.Slot(visits[1], other.id, 1, MONDAY, None)

    found = schedule.doubts([mine, theirs], all_teams())

    assert kinds(found) == ["twice"] and found[0].who == "Lan"


def test_what_is_unfinished_or_outside_the_round_is_said(visits):
    with transaction() as session:
        round_ = session.merge(visits[0].round)
        round_.starts_on, round_.ends_on = MONDAY, MONDAY
    early = schedule.Slot(visits[0], visits[0].team_id, 0, dt.date(2024, 3, 1), None)
    bare = schedule.Slot(visits[1], None, 0, None, None)

    assert kinds(schedule.doubts([early, bare], all_teams())) == [
        "outside", "unassigned", "undated",
    ]  # fmt: skip


# --- the page -------------------------------------------------------------------------------


def test_minh_takes_the_suggestion_and_keeps_it(browser, cast, plan, round_, visits, drain):
    minh = browser(cast.minh)
    here = f"/plans/{plan.id}/rounds/{round_.id}/timetable"

    shown = minh.get(f"{here}?first=2024-04-01&per_day=2").text
    form = {}
    for slot in schedule.suggest(visits, {}, None, MONDAY):
        id = slot.visit.id
        form |= {f"team-{id}": slot.team_id, f"stop-{id}": slot.stop,
                 f"starts-{id}": slot.starts_on.isoformat(), f"ends-{id}": ""}  # fmt: skip
    answer = minh.post(here, data=form | {"per_day": "1"})

    assert 'value="2024-04-03"' in shown and "chưa ghi" in shown
    assert answer.status_code == 302
    db.session.rollback()
    db.session.expire_all()
    kept = db.session.query(Visit).order_by(Visit.stop).all()
    assert [v.stop for v in kept] == [1, 2, 3, 4, 5]
    assert kept[0].starts_on == kept[0].ends_on == MONDAY
    assert db.session.query(Line).filter_by(verb="visit.changed").count() == 5
    assert "Quá tải: Đoàn 1 có 2 xã trong ngày 01/04/2024" in minh.get(here).text


def test_bad_days_are_explained_and_nothing_is_kept(browser, cast, plan, round_, visits):
    here = f"/plans/{plan.id}/rounds/{round_.id}/timetable"
    id = visits[0].id
    row = {f"team-{id}": "", f"stop-{id}": "1", f"starts-{id}": "2024-04-05"}

    backwards = browser(cast.minh).post(here, data=row | {f"ends-{id}": "2024-04-01"})
    stranger = browser(cast.minh).post(here, data=row | {f"ends-{id}": "", f"team-{id}": "99"})

    assert (backwards.status_code, stranger.status_code) == (422, 422)
    assert "Ngày kết thúc trước ngày bắt đầu" in backwards.text
    db.session.rollback()
    db.session.expire_all()
    assert db.session.get_one(Visit, id).starts_on is None


def test_others_do_not_touch_the_timetable(browser, cast, plan, round_, visits):
    here = f"/plans/{plan.id}/rounds/{round_.id}/timetable"

    assert browser(cast.an).get(here).status_code == 404
    assert browser(cast.an).post(here).status_code == 404
    assert browser(cast.lan).get(here).status_code == 403
    assert browser(cast.hoa).post(here).status_code == 403
    assert browser(None).get(here).status_code == 302
