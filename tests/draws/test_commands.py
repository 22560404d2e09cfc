import json

import click
import pytest
from click.testing import CliRunner

from server.db import db
from server.draws.commands import group
from server.draws.models import Draw, DrawState
from server.draws.problems import LiveDraw, SecondPersonNeeded
from server.journal import Line
from server.monitoring.models import Visit
from server.problems import BadInput, NotFound

DIGITS = "48371029556138207714"
WITNESSES = ["--witness", "Trần Thị Hoa", "--witness", "Lê Văn Sơn", "--witness", "Phạm Thu Hà"]


@pytest.fixture
def run(app):
    """Type a command; get what it prints, read as JSON when asked so."""

    def type_in(*words):
        done = CliRunner().invoke(group, [str(word) for word in words], standalone_mode=False)
        if done.exception is not None:
            raise done.exception
        return [json.loads(line) for line in done.output.splitlines()] if "--json" in words else (
            done.output
        )  # fmt: skip

    return type_in


@pytest.fixture
def committed(run, plan):
    words = ["--plan", plan.id, "--round", "VB24-1", "--size", 4, "--reserves", 3]
    return run("commit", *words, "--exclude", "13753=ngập lụt", "--json")[0]


def test_a_whole_draw_is_typed_at_a_desk(run, committed, plan, verify, tmp_path):
    drawn = run("seed", committed["id"], DIGITS, *WITNESSES, "--json")[0]
    made = run("visits", committed["id"], "--json")[0]
    again = run("visits", committed["id"], "--json")[0]
    run("package", committed["id"], tmp_path / "draw.zip")

    assert (committed["units"], committed["drawn"], committed["seed"]) == (17, [], None)
    assert committed["excluded"] == [{"code": "13753", "reason": "ngập lụt"}]
    roles = [unit["role"] for unit in drawn["drawn"]]
    assert roles == ["main"] * 4 + ["reserve"] * 3
    assert made["made"] == [f"VB24-1-{unit['code']}" for unit in drawn["drawn"][:4]]
    assert again["made"] == []
    assert db.session.query(Visit).count() == 4
    package = (tmp_path / "draw.zip").read_bytes()
    assert verify(package, committed["commitment_sha256"]) == (0, [])


def test_show_prints_the_commitment_in_fours_and_the_result_only_after_the_seed(run, committed):
    before = run("show", committed["id"])
    run("seed", committed["id"], DIGITS, *WITNESSES)
    after = run("show", committed["id"])

    code = committed["commitment_sha256"]
    assert f"{code[:4]} {code[4:8]} {code[8:12]}" in before
    assert "Chưa có dãy số" in before and "Chính thức" not in before
    assert after.count("Chính thức") == 4 and after.count("Dự phòng") == 3


def test_the_list_keeps_what_was_voided_with_its_reason(run, committed, plan):
    run("void", committed["id"], "--reason", "gieo nhầm", "--approver", "Trần Thị Hoa")
    run("commit", "--plan", plan.id, "--round", "VB24-1", "--size", 4)

    listed = run("list", "--plan", plan.id, "--json")

    assert [(one["number"], one["state"], one["void_reason"]) for one in listed] == [
        (2, "committed", None),
        (1, "void", "gieo nhầm"),
    ]


def test_whoever_types_is_in_the_journal(run, committed):
    line = db.session.query(Line).filter_by(verb="draw.committed").one()

    assert line.via == "command" and line.actor


def test_nobody_approves_their_own_voiding_at_a_desk(run, committed):
    import getpass

    with pytest.raises(SecondPersonNeeded):
        run("void", committed["id"], "--reason", "x", "--approver", getpass.getuser())

    assert db.session.get_one(Draw, committed["id"]).state is DrawState.COMMITTED


def test_a_second_commitment_an_unknown_round_and_a_bare_exclusion_are_refused(
    run, committed, plan
):
    with pytest.raises(LiveDraw):
        run("commit", "--plan", plan.id, "--round", "VB24-1", "--size", 4)
    with pytest.raises(BadInput, match="no round VB24-9"):
        run("commit", "--plan", plan.id, "--round", "VB24-9", "--size", 4)
    with pytest.raises(BadInput, match="CODE=REASON"):
        run("commit", "--plan", plan.id, "--round", "VB24-1", "--size", 4, "--exclude", "13753")


def test_what_is_not_there_is_not_found(run, plan):
    with pytest.raises(NotFound):
        run("show", 99)
    with pytest.raises(click.BadParameter):
        run("list", "--plan", 99)
