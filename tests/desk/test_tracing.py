"""`thucdia verify` holds every finding against what the journal tells of it."""

import pytest
from sqlalchemy import select, text

from server.db import db, transaction
from server.findings import remedy, service, tracing
from server.findings.models import Finding, FindingState
from server.findings.remedy import Unit
from server.journal import Actor
from server.maintenance import soundness
from tests.desk.test_remedy_steps import in_days
from tests.maintenance.test_verify import drop_triggers
from tests.worlds import kept

HOA = Actor("page", None, "Hoa")


@kept
def held(story):
    """Eleven findings, so that their numbers as text are not in the order of numbers."""
    for _ in range(11):
        story.send(du="no")
    with transaction() as session:
        for finding in session.scalars(select(Finding).where(Finding.id.in_((2, 10)))):
            service.settle(session, finding, FindingState.CONFIRMED, "", HOA)
            remedy.assign(session, finding, Unit("UBND xã"), in_days(10), "45/UB", HOA)
            remedy.ask_time(session, finding, in_days(20), "chờ vốn", HOA)
            remedy.extend(session, finding, in_days(30), "", Actor("page", None, "Minh"))


def astray():
    db.session().rollback()
    db.session().expire_all()
    return dict(tracing.astray(db.session()))


def test_what_the_verbs_did_is_what_the_journal_tells(held, app):
    assert astray() == {}
    assert list(soundness.faults(db.session(), app.extensions["files"])) == []


@pytest.mark.parametrize(
    ("change", "key", "said"),
    [
        ("due_on = '2031-01-01' WHERE id = 10", 10, "its due is 2031-01-01"),
        ("state = 'dong' WHERE id = 2", 2, "its state is dong, the journal has da_giao"),
        ("responsible = 'UBND xã khác' WHERE id = 10", 10, "its unit_sha256 is "),
        ("responsible_area = '2024/83' WHERE id = 2", 2, "its unit is 2024/83"),
        ("asked_due = '2031-01-01' WHERE id = 2", 2, "its asked is 2031-01-01"),
        ("state = 'bac_bo', settled_at = raised_at WHERE id = 7", 7, "its state is bac_bo"),
    ],
)
def test_what_was_changed_behind_the_journal_is_named(held, app, change, key, said):
    with transaction() as session:
        session.execute(text(f"UPDATE finding SET {change}"))

    found = astray()

    assert list(found) == [key] and found[key].startswith(said)
    [fault] = soundness.faults(db.session(), app.extensions["files"])
    assert (fault.check, fault.where) == ("findings", f"finding {key}")


def test_a_finding_that_was_taken_away_is_missed(held):
    found = {}
    with transaction() as session:
        for table in ("finding_step", "finding"):
            column = "finding_id" if table == "finding_step" else "id"
            drop_triggers(session)
            session.execute(text(f"DELETE FROM {table} WHERE {column} = 10"))
        found |= dict(tracing.astray(session))
        session.rollback()

    assert found == {10: "is gone, and the journal tells of it"}
    assert astray() == {}


def test_lines_of_an_earlier_version_are_held_against_what_they_tell(held):
    with transaction() as session:
        finding = session.get(Finding, 10)
        assert tracing._unlike(finding, {"state": "da_giao"}) == ""
        assert tracing._unlike(finding, {"state": "dong"}).startswith("its state is da_giao")
