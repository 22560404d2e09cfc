"""One visit to a commune of Vụ Bản by Lan's team, and its monitoring record."""

import pytest
from sqlalchemy import select

from server.db import db, transaction
from server.monitoring import service
from server.monitoring.models import Record
from server.permissions import Role
from server.places import queries as places
from server.teams import service as teams
from tests.conftest import ACTOR


@pytest.fixture
def team_visit(plan, round_, cast):
    """The visit of Lan's team to Hợp Hưng."""
    with transaction() as session:
        team = teams.add_team(session, plan.id, "Đoàn 1", ACTOR)
        teams.join(session, team, session.merge(cast.lan), "Thành viên", agency="Phòng LĐ-TB&XH")
        commune = session.scalars(places.place("2024", "13753")).one()
        return service.add_visit(session, session.merge(round_), commune, ACTOR, team=team)


@pytest.fixture
def record(team_visit):
    """The monitoring record of that visit."""
    return db.session().scalars(select(Record).where(Record.visit_id == team_visit.id)).one()


@pytest.fixture
def another_inspector(app):
    """An inspector of the same district who is in no team."""
    with transaction() as session:
        person = teams.add_person(session, "Thanh", ACTOR, "thanh@example.vn")
        teams.grant(session, person, Role.INSPECTOR, "2024/36/359", ACTOR)
        return person
