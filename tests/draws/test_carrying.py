"""What is drawn is on the phones a minute later: no click between, and nothing before its day."""

import datetime as dt
import html

import pytest

from server import clock
from server.db import db, transaction
from server.draws import disclosure
from server.draws.models import Draw
from server.draws.service import Disclosure
from server.entities.models import Household
from server.monitoring import service as monitoring
from server.monitoring.models import Plan, Visit, VisitHamlet
from server.monitoring.problems import PlanClosed
from server.surveys.models import PhoneList
from server.teams import service as teams
from tests.draws.conftest import MINH, Field
from tests.draws.test_stages import codes, read_phone


def on(days):
    return Disclosure(clock.today() + dt.timedelta(days=days))


def of_team(plan_id, team_id, name):
    db.session.rollback()
    kept = db.session.query(PhoneList).filter_by(plan_id=plan_id, team_id=team_id, name=name).one()
    return [line.split(",")[0] for line in kept.content.decode().splitlines()[1:]]


@pytest.fixture
def closed(office, hamlets):
    """Communes drawn while the plan was closed, which was opened again: they have no visits."""
    draw = office.commit()
    with transaction() as session:
        monitoring.close_plan(session, session.get_one(Plan, draw.plan_id), MINH)
    draw = office.seed(draw)
    assert office.visits(draw) == []
    with pytest.raises(PlanClosed):
        office.make_visits(draw)
    with transaction() as session:
        monitoring.reopen_plan(session, session.get_one(Plan, draw.plan_id), MINH)
    hamlets(codes(draw)[:4])
    return draw


@pytest.fixture
def field_of(office):
    """Return the field of a draw of communes."""
    return lambda draw: Field(office, draw)


def test_the_only_team_has_its_visits_without_another_click(office, drain):
    with transaction() as session:
        team = teams.add_team(session, office.round_.plan_id, "Đoàn 1", MINH)
    draw = office.drawn()
    drain()

    visits = [f"VB24-1-{code}" for code in codes(draw)[:4]]
    assert office.visits(draw) == visits
    assert sorted(of_team(draw.plan_id, team.id, "visits.csv")) == sorted(visits)


def test_with_two_teams_nobody_is_given_what_the_office_has_still_to_share_out(office, drain):
    with transaction() as session:
        for name in ("Đoàn 1", "Đoàn 2"):
            team = teams.add_team(session, office.round_.plan_id, name, MINH)
    draw = office.drawn()
    drain()

    assert of_team(draw.plan_id, team.id, "visits.csv") == []
    assert len(read_phone(draw.plan_id, "visits.csv")) == 4
    assert {visit.team_id for visit in db.session.query(Visit)} == {None}


def test_what_was_drawn_before_the_visits_comes_with_them(office, closed, field_of, drain):
    field = field_of(closed)
    commune = codes(closed)[0]
    below = field.hamlets(commune)
    homes = field.households(codes(below)[0])
    late = field.hamlets(codes(closed)[1], when=on(3))
    drain()
    assert read_phone(closed.plan_id, "households.csv") == []
    assert db.session.query(VisitHamlet).count() == 0

    assert len(office.make_visits(closed)) == 4
    drain()

    carried = read_phone(closed.plan_id, "hamlets.csv")
    assert sorted(h for h in carried if h.startswith(commune)) == sorted(codes(below)[:2])
    assert not [h for h in carried if h.startswith(codes(closed)[1])]  # on their day, not before
    assert db.session.query(VisitHamlet).filter_by(shown_on=late.disclose_on).count() == 2
    assert read_phone(closed.plan_id, "households.csv") == codes(homes)[:5]
    held = db.session.query(Household).filter_by(code=codes(homes)[0]).one()
    assert held.visit_id is not None


def test_the_page_offers_the_visits_that_could_not_be_made_and_then_no_more(
    office, closed, browser, cast
):
    minh = browser(cast.minh)

    def page():
        return html.unescape(minh.get(f"/draws/{closed.id}").text)

    assert "chưa lập được lượt cho 4 đơn vị" in page()
    minh.post(f"/draws/{closed.id}/visits")
    assert "chưa lập được lượt" not in page() and "Đã có 4 lượt giám sát" in page()


def test_hamlets_of_communes_not_disclosed_yet_wait_for_the_communes(field, drain, monkeypatch):
    """The day of the stage above holds for what is within it; so does its seal."""
    with transaction() as session:
        disclosure.show_on(session, session.get_one(Draw, field.first.id), on(3).day, MINH)
    field.hamlets(field.communes[0])

    days = {row.shown_on for row in db.session.query(VisitHamlet)}

    assert days == {on(3).day}


def test_households_of_a_sealed_draw_of_hamlets_wait_until_it_is_opened(field, drain):
    sealed = field.hamlets(field.communes[0], when=Disclosure(sealed=True))
    homes = field.households(codes(sealed)[0])
    drain()
    assert read_phone(field.plan_id, "households.csv") == []

    with transaction() as session:
        disclosure.open_sealed(session, session.get_one(Draw, sealed.id), MINH)
    drain()

    assert read_phone(field.plan_id, "households.csv") == codes(homes)[:5]


def test_a_void_takes_back_the_visit_to_a_released_reserve(office):
    draw = office.drawn()
    with transaction() as session:
        reserve = session.get_one(Draw, draw.id).drawn[4]
        monitoring.add_visits(session, session.merge(office.round_), [reserve.place], MINH)

    assert len(office.visits(draw)) == 5
    office.void(draw)

    assert {visit.state.value for visit in db.session.query(Visit)} == {"cancelled"}
