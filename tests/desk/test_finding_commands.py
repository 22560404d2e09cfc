"""Findings at a terminal: the list, a thread, an assignment, reminders."""

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from server import clock
from server.db import db, transaction
from server.findings import service
from server.findings.commands import group
from server.findings.models import Finding, FindingState, FindingStep
from server.findings.problems import DeadlinePassed
from server.journal import Actor
from tests.desk.test_remedy_steps import in_days


@pytest.fixture
def run(app):
    def go(*words):
        done = CliRunner().invoke(group, [str(word) for word in words], standalone_mode=False)
        if done.exception:
            raise done.exception
        return [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]

    return go


@pytest.fixture
def confirmed(story):
    story.send(du="no")
    with transaction() as session:
        finding = session.scalars(select(Finding)).one()
        service.settle(session, finding, FindingState.CONFIRMED, "", Actor("page", None, "Hoa"))
    return finding.id


def test_a_finding_is_assigned_listed_reminded_and_told(confirmed, story, run, monkeypatch):
    words = ("--unit", "UBND xã", "--document", "45/UB", "--json")
    [assigned] = run("assign", confirmed, "--due", in_days(10).isoformat(), *words)
    assert (assigned["state"], assigned["due"]) == ("da_giao", in_days(10).isoformat())
    assert run("list", "--plan", story.plan_id, "--overdue", "--json") == []
    later = in_days(12)
    monkeypatch.setattr(clock, "today", lambda: later)

    assert run("ring", "--json") == [{"findings": 1}]

    [late] = run("list", "--plan", story.plan_id, "--overdue", "--json")
    assert (late["id"], late["responsible"]) == (confirmed, "UBND xã")
    assert run("list", "--plan", story.plan_id, "--state", "moi", "--json") == []
    steps = [each["step"] for each in run("show", confirmed, "--json")]
    assert steps == ["xac_nhan", "giao", "nhac", "bao_cap_tren"]


def test_a_deadline_in_the_past_is_refused(confirmed, run):
    with pytest.raises(DeadlinePassed):
        run("assign", confirmed, "--unit", "UBND", "--document", "1", "--due", "2001-01-01")

    assert len(db.session().scalars(select(FindingStep)).all()) == 1
