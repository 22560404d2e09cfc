"""Who may see a result, and when: staged disclosure and sealed draws."""

import datetime as dt

import pytest
from sqlalchemy.exc import DBAPIError

from server import clock
from server.db import transaction
from server.draws import disclosure
from server.draws.models import Draw
from server.draws.problems import NotDrawn, NotSealed, Sealed
from server.draws.service import Disclosure
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


def test_a_package_that_would_tell_a_sealed_number_waits_too(field):
    """The register in a later package holds the number of the draw before, and so its result."""
    sealed = field.hamlets(field.communes[0], when=Disclosure(sealed=True))
    later = field.hamlets(field.communes[1])

    assert field.office.package(field.first)
    with pytest.raises(Sealed):
        field.office.package(later)
    with transaction() as session:
        disclosure.open_sealed(session, session.merge(sealed), MINH)
    assert field.office.package(later)


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
