"""A program reads the findings of a plan, each reader what their pages show them."""

import pytest
from sqlalchemy import select

from server.db import db, transaction
from server.findings import service
from server.findings.models import Finding, FindingState
from server.permissions import Role
from server.teams import service as teams
from tests.api.conftest import number_of
from tests.conftest import ACTOR
from tests.desk import conftest as desk

communes, story = desk.communes, desk.story


@pytest.fixture
def raised(story):
    """Two findings in the first commune; the newer one is confirmed, with a reason."""
    for du in ("no", "no"):
        story.send({}, du=du)
    found = db.session().scalars(select(Finding).order_by(Finding.id)).all()
    with transaction() as session:
        newest = session.merge(found[-1])
        service.settle(session, newest, FindingState.CONFIRMED, "Hộ bí mật nói thế", ACTOR)
    return f"/v1/projects/{story.plan_id}/findings", [each.id for each in found]


def test_findings_are_read_in_pages_and_narrowed(program, cast, raised):
    at, ids = raised
    hoa = program(cast.hoa)

    first = hoa.get(at, query_string={"limit": 1}).json
    last = hoa.get(first["next"]).json
    new = hoa.get(f"{at}/", query_string={"state": "moi"}).json

    assert [each["id"] for each in first["findings"] + last["findings"]] == ids[::-1][:2]
    assert ids[-1] not in [each["id"] for each in new["findings"]]
    for query in ({"state": "x"}, {"limit": 0}, {"before": "x"}, {"colour": 1}):
        answer = hoa.get(at, query_string=query)
        assert number_of(answer) == answer.status_code == 422


def test_whoever_sees_records_reads_why_and_the_unit_does_not(program, cast, raised, story):
    at, ids = raised
    with transaction() as session:
        person = teams.add_person(session, "Cán bộ xã", ACTOR, "xa@example.vn")
        teams.grant(session, person, Role.UNIT_OFFICER, story.visit.area, ACTOR)

    hoa = program(cast.hoa).get(f"{at}/{ids[-1]}").json
    unit = program(person).get(f"{at}/{ids[-1]}").json

    assert hoa["submission"]["xmlFormId"] == "hogd" and hoa["submission"]["questions"]
    assert [step["note"] for step in hoa["steps"]] == ["Hộ bí mật nói thế"]
    assert unit["submission"] is None and unit["state"] == "xac_nhan"
    assert "bí mật" not in str(unit) and unit["title"] == hoa["title"]
    assert program(cast.lan).get(at).json["code"] == 403.1
    assert program(cast.an).get(f"{at}/{ids[-1]}").json["code"] == 404.1
    assert program(cast.hoa).get(f"{at}/999999").json["code"] == 404.1
