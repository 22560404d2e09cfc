"""Who may see a result, and when: staged disclosure and sealed draws."""

import datetime as dt
import html
import io
import zipfile

import pytest
from sqlalchemy.exc import DBAPIError

from server import clock
from server.db import db, transaction
from server.draws import disclosure, service, stages
from server.draws.models import Draw
from server.draws.problems import NotDrawn, NotSealed, Sealed
from server.draws.service import Disclosure
from server.draws.stages import Wish
from server.monitoring import service as monitoring
from server.monitoring.models import Visit
from server.permissions import Role
from server.teams import service as teams
from tests.conftest import VU_BAN
from tests.draws.conftest import MINH, thrown
from tests.draws.test_stages import codes, read_phone


def on(days):
    return Disclosure(clock.today() + dt.timedelta(days=days))


def set_day(monkeypatch, days):
    at = clock.now() + dt.timedelta(days=days)
    monkeypatch.setattr(clock, "now", lambda: at)


def mine(field, commune):
    return sorted(h for h in read_phone(field.plan_id, "hamlets.csv") if h.startswith(commune))


def test_hamlets_reach_the_phones_on_their_day_and_not_before(field, drain, monkeypatch):
    commune = field.communes[0]
    draw = field.hamlets(commune, when=on(3))
    drain()
    assert mine(field, commune) == []

    set_day(monkeypatch, 2)
    with transaction() as session:
        assert disclosure.disclose(session) == 0
    set_day(monkeypatch, 1)
    with transaction() as session:
        assert disclosure.disclose(session) == 1
        assert disclosure.disclose(session) == 0
    drain()

    assert mine(field, commune) == sorted(codes(draw)[:2])


def test_households_reach_the_phones_on_their_day_and_not_before(field, drain, monkeypatch):
    draw = field.households(field.drawn_hamlet(), when=on(1))
    drain()
    assert read_phone(field.plan_id, "households.csv") == []

    set_day(monkeypatch, 1)
    with transaction() as session:
        disclosure.disclose(session)
    drain()

    assert read_phone(field.plan_id, "households.csv") == codes(draw)[:5]


def test_the_day_may_be_put_off_and_brought_forward(field, drain):
    commune = field.communes[0]
    draw = field.hamlets(commune, when=on(3))

    with transaction() as session:
        disclosure.show_on(session, session.merge(draw), None, MINH)
    drain()
    assert mine(field, commune) == sorted(codes(draw)[:2])
    with transaction() as session:
        disclosure.show_on(session, session.merge(draw), on(9).day, MINH)
    drain()

    assert mine(field, commune) == []


def test_a_sealed_draw_shows_its_hashes_and_nothing_else_until_it_is_opened(field, drain, verify):
    commune = field.communes[0]
    draw = field.hamlets(commune, when=Disclosure(sealed=True))
    drain()

    assert len(mine(field, commune)) == 6  # as before the draw: nothing to learn
    with pytest.raises(Sealed):
        field.office.package(draw)
    with transaction() as session:
        disclosure.open_sealed(session, session.merge(draw), MINH)
    drain()

    assert mine(field, commune) == sorted(codes(draw)[:2])
    assert verify(field.office.package(draw), draw.commitment_sha256) == (0, [])


def test_a_package_tells_of_a_sealed_draw_its_hash_alone(field, verify):
    """The register in a later package would hold the number of the draw before: its result."""
    sealed = field.hamlets(field.communes[0], when=Disclosure(sealed=True))
    later = field.hamlets(field.communes[1])

    package = field.office.package(later)

    told = zipfile.ZipFile(io.BytesIO(package)).read("register.jsonl").decode()
    assert sealed.seed not in told and field.communes[0] not in told
    assert verify(package, later.commitment_sha256) == (0, [])
    with pytest.raises(Sealed):
        field.office.package(sealed)
    with transaction() as session:
        disclosure.open_sealed(session, session.merge(sealed), MINH)
    assert verify(field.office.package(later), later.commitment_sha256) == (0, [])


def test_a_draw_is_opened_once_and_only_with_a_result(field):
    waiting = field.commit_hamlets(field.communes[0], when=Disclosure(sealed=True))
    with pytest.raises(NotDrawn), transaction() as session:
        disclosure.open_sealed(session, session.merge(waiting), MINH)
    field.office.seed(waiting, thrown(50))
    with transaction() as session:
        disclosure.open_sealed(session, session.merge(waiting), MINH)

    with pytest.raises(NotSealed), transaction() as session:
        disclosure.open_sealed(session, session.merge(waiting), MINH)
    with pytest.raises(NotSealed), transaction() as session:
        disclosure.open_sealed(session, session.merge(field.first), MINH)
    with pytest.raises(DBAPIError, match="refused"), transaction() as session:
        session.connection().exec_driver_sql("UPDATE draw SET opened_at = NULL")


def test_a_draw_cannot_be_sealed_or_unsealed_afterwards(field):
    with pytest.raises(DBAPIError, match="refused"), transaction() as session:
        session.connection().exec_driver_sql("UPDATE draw SET sealed = NOT sealed")


def test_what_is_shown_follows_the_day_and_the_seal():
    today = dt.date(2024, 4, 5)

    assert Draw(sealed=False).shown(today)
    assert Draw(sealed=False, disclose_on=today).shown(today)
    assert not Draw(sealed=False, disclose_on=dt.date(2024, 4, 6)).shown(today)
    assert not Draw(sealed=True).shown(today)
    assert Draw(sealed=True, opened_at=clock.now()).shown(today)


def test_a_draw_within_a_commune_not_disclosed_yet_is_known_to_those_who_draw_alone(
    field, browser, cast
):
    """Its very name says which commune was drawn."""
    below = field.hamlets(field.communes[0])
    homes = field.households(codes(below)[0])
    with transaction() as session:
        disclosure.show_on(session, session.get_one(Draw, field.first.id), on(3).day, MINH)
    hoa, minh = browser(cast.hoa), browser(cast.minh)
    here = f"/plans/{field.plan_id}/draws"
    paths = [f"/draws/{each.id}{path}" for each in (below, homes)
             for path in ("", "/commitment", "/frame.tsv", "/screen?step=1",
                          "/papers/truoc.pdf")]  # fmt: skip

    for path in paths:
        assert hoa.get(path).status_code == 404, path
        assert minh.get(path).status_code == 200, path
    assert f"/draws/{field.first.id}" in hoa.get(here).text
    assert f"/draws/{below.id}" not in hoa.get(here).text
    told = html.unescape(minh.get(here).text)
    assert f"/draws/{below.id}" in told
    assert "Chọn thôn, " in told and f"Thôn {codes(below)[0][-1]} của" in told

    with transaction() as session:
        disclosure.show_on(session, session.get_one(Draw, field.first.id), None, MINH)
    for path in paths:
        assert hoa.get(path).status_code == 200, path
    assert f"/draws/{homes.id}" in hoa.get(here).text


# --- visits of communes ---------------------------------------------------------------------


@pytest.fixture
def later(office, cast):
    """Communes drawn to be disclosed in three days; Lan's team has the first of their visits."""
    with transaction() as session:
        round_ = session.merge(office.round_)
        wish = Wish(2, 0, service.source_of("dice-d10"), when=on(3))
        drawn = stages.commit_communes(session, round_, wish, MINH)
    drawn = office.seed(drawn)
    with transaction() as session:
        team = teams.add_team(session, office.round_.plan_id, "Đoàn 1", MINH)
        teams.join(session, team, session.merge(cast.lan), actor=MINH)
        visit = session.query(Visit).order_by(Visit.id).first()
        monitoring.assign(session, visit, team, clock.today(), clock.today(), MINH)
    return visit


def person_of(role, area):
    with transaction() as session:
        found = teams.add_person(session, f"{role.value} {area[-5:]}", MINH, f"{area[-5:]}@a.vn")
        teams.grant(session, found, role, area, MINH)
    return found


def test_a_visit_whose_draw_is_not_disclosed_is_known_to_those_who_prepare_alone(
    later, cast, browser, monkeypatch
):
    plan_id, address = later.plan_id, f"/visits/{later.id}"
    outsiders = {
        "unit": person_of(Role.VIEWER, later.area),
        "district": person_of(Role.VIEWER, VU_BAN),
        "inspector": cast.lan,
    }
    pages = [f"/plans/{plan_id}", f"/plans/{plan_id}/calendar", "/", f"/map?plan={plan_id}"]
    name = later.place.name

    assert name in html.unescape(browser(cast.minh).get(f"/plans/{plan_id}").text)
    for who, person in outsiders.items():
        client = browser(person)
        assert client.get(address).status_code == 404, who
        for page in pages:
            assert name not in html.unescape(client.get(page).text), (who, page)
        assert name not in client.get(f"/plans/{plan_id}/calendar.ics").text, who

    set_day(monkeypatch, 3)
    for who, person in outsiders.items():
        assert browser(person).get(address).status_code == 200, who


def test_phones_carry_a_visit_from_its_day(later, drain, monkeypatch):
    drain()
    assert read_phone(later.plan_id, "visits.csv") == []

    set_day(monkeypatch, 3)
    with transaction() as session:
        assert disclosure.disclose(session) == 1
    drain()

    assert later.code in read_phone(later.plan_id, "visits.csv")


def test_a_day_brought_forward_shows_the_visits_that_were_made_before(later, drain):
    with transaction() as session:
        disclosure.show_on(session, session.query(Draw).one(), None, MINH)
    drain()

    assert later.code in read_phone(later.plan_id, "visits.csv")


def test_a_unit_that_has_its_notice_knows_of_its_visit(later, browser):
    unit = browser(person_of(Role.VIEWER, later.area))
    with transaction() as session:
        visit = session.get_one(Visit, later.id)
        monitoring.send_notice(session, visit, clock.today(), MINH)

    assert unit.get(f"/visits/{later.id}").status_code == 200


def test_visits_of_a_sealed_draw_wait_until_it_is_opened(office, browser, drain):
    with transaction() as session:
        round_ = session.merge(office.round_)
        wish = Wish(2, 0, service.source_of("dice-d10"), when=Disclosure(None, sealed=True))
        drawn = stages.commit_communes(session, round_, wish, MINH)
    drawn = office.seed(drawn)
    (code, _other) = office.visits(drawn)  # made, and hidden
    drain()
    district = browser(person_of(Role.VIEWER, VU_BAN))
    visit = db.session.query(Visit).filter_by(code=code).one()

    assert district.get(f"/visits/{visit.id}").status_code == 404
    assert read_phone(drawn.plan_id, "visits.csv") == []

    with transaction() as session:
        disclosure.open_sealed(session, session.get_one(Draw, drawn.id), MINH)
    drain()

    assert district.get(f"/visits/{visit.id}").status_code == 200
    assert code in read_phone(drawn.plan_id, "visits.csv")
