import datetime as dt
import json

import click
import pytest
from click.testing import CliRunner

from server import clock
from server.db import db
from server.draws import stage_commands
from server.draws.commands import group
from server.draws.models import Draw, DrawState
from server.draws.problems import LiveDraw, OwnRequest, Sealed, SecondPersonNeeded
from server.journal import Line
from server.monitoring.models import Visit
from server.problems import BadInput, NotFound
from tests.draws.conftest import HOUSEHOLDS, MINH, thrown

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
    again = run("visits", committed["id"], "--json")[0]
    run("package", committed["id"], tmp_path / "draw.zip")

    assert (committed["units"], committed["drawn"], committed["seed"]) == (17, [], None)
    assert committed["excluded"] == [{"code": "13753", "reason": "ngập lụt"}]
    roles = [unit["role"] for unit in drawn["drawn"]]
    assert roles == ["main"] * 4 + ["reserve"] * 3
    assert again["made"] == []  # they came with the result
    visits = [visit.code for visit in db.session.query(Visit).order_by(Visit.id)]
    assert visits == [f"VB24-1-{unit['code']}" for unit in drawn["drawn"][:4]]
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


# --- further stages -------------------------------------------------------------------------


def test_hamlets_and_households_are_drawn_at_a_desk(run, field, verify, tmp_path):
    where = ["--plan", field.plan_id, "--round", "VB24-1"]
    hamlets = run("hamlets", *where, "--commune", field.communes[0], "--size", 2, "--json")[0]
    hamlets = run("seed", hamlets["id"], thrown(21), *WITNESSES, "--json")[0]
    code = hamlets["drawn"][0]["code"]
    file = tmp_path / "ho.csv"
    file.write_text(HOUSEHOLDS)

    words = ["--hamlet", code, "--list", file, "--size", 5, "--reserves", 2, "--sealed"]
    households = run("households", *where, *words, "--json")[0]
    run("seed", households["id"], thrown(22), *WITNESSES)
    with pytest.raises(Sealed):
        run("package", households["id"], tmp_path / "draw.zip")
    opened = run("open", households["id"], "--json")[0]
    run("package", households["id"], tmp_path / "draw.zip")

    assert len(opened["drawn"]) == 7
    assert verify((tmp_path / "draw.zip").read_bytes(), households["commitment_sha256"]) == (0, [])


def test_a_replacement_is_asked_at_a_desk_and_approved_by_another(run, field, monkeypatch):
    draw = field.households(field.drawn_hamlet())
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + dt.timedelta(days=1))
    at = f"{clock.local(clock.now() - dt.timedelta(hours=2)):%Y-%m-%dT%H:%M}"
    unit = draw.drawn[0].unit_code

    asked = run(
        "replace",
        draw.id,
        unit,
        "--reason",
        "refused",
        "--at",
        at,
        "--note",
        "chủ hộ từ chối",
        "--json",
    )[0]
    with pytest.raises(OwnRequest):
        run("approve", asked["id"])
    monkeypatch.setattr(stage_commands, "actor", lambda: MINH)
    released = run("approve", asked["id"], "--json")[0]

    assert released["released"] == draw.drawn[5].unit_code


def test_places_that_are_not_there_are_named(run, field, tmp_path):
    where = ["--plan", field.plan_id, "--round", "VB24-1", "--size", 2]
    file = tmp_path / "ho.csv"
    file.write_text(HOUSEHOLDS)

    with pytest.raises(BadInput, match="no commune 99999"):
        run("hamlets", *where, "--commune", "99999")
    with pytest.raises(BadInput, match="no hamlet x"):
        run("households", *where, "--hamlet", "x", "--list", file)
    with pytest.raises(NotFound):
        run("approve", 99)
