"""Many visits at once are what many visits one by one are, and phones' lists are made once."""

import pytest
from sqlalchemy import select

from server import journal
from server.db import db, transaction
from server.entities import plain
from server.journal import Line
from server.monitoring import service
from server.monitoring.models import Record, Visit
from server.monitoring.problems import AlreadyVisited, OutsidePlan
from server.places import queries as places
from server.places.models import Place
from tests.conftest import ACTOR


@pytest.fixture
def communes(session):
    return session.scalars(places.communes_under("2024", "359")).all()


def test_eighteen_visits_at_once_have_their_records_and_lines(round_, communes, session):
    with transaction() as writing:
        service.add_visit(writing, round_, communes[0], ACTOR)
        made = service.add_visits(writing, round_, communes[1:], ACTOR)

    numbers = session.scalars(select(Record.number).order_by(Record.id)).all()
    assert numbers == [f"HS001-{n:03d}" for n in range(1, 19)]
    assert [v.code for v in made] == [f"VB24-1-{place.code}" for place in communes[1:]]
    lines = session.scalars(select(Line).where(Line.verb == "visit.added").order_by(Line.id)).all()
    assert [line.detail for line in lines] == [{"place": place.code} for place in communes]
    assert {line.subject_id for line in lines} == {
        str(visit_id) for visit_id in session.scalars(select(Visit.id))
    }
    assert session.query(journal.Work).count() >= 18


def test_one_place_too_many_adds_none(round_, communes, session):
    other = session.scalars(select(Place).where(Place.code == "13708")).first()
    with transaction() as writing:
        service.add_visit(writing, round_, communes[3], ACTOR)

    with pytest.raises(AlreadyVisited, match=communes[3].code), transaction() as writing:
        service.add_visits(writing, round_, communes, ACTOR)
    with pytest.raises(OutsidePlan), transaction() as writing:
        service.add_visits(writing, round_, [communes[0], other], ACTOR)

    assert session.query(Visit).count() == 1


def test_the_lists_of_a_plan_are_made_once_for_a_batch_of_lines(
    round_, communes, drain, monkeypatch
):
    made = []
    real = plain.refresh_lists
    monkeypatch.setattr(
        plain, "refresh_lists", lambda session, plan: (made.append(plan), real(session, plan))
    )
    with transaction() as writing:
        service.add_visits(writing, round_, communes, ACTOR)

    drain()

    assert made == [round_.plan_id]
    assert db.session.query(journal.Work).count() == 0
