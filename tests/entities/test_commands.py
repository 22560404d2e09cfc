"""Lists at a desk without a browser."""

import json

import click
import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from server.db import db
from server.entities import queries
from server.entities.commands import group
from server.entities.problems import UnknownList


@pytest.fixture
def run(app):
    """Type a command; get what it prints, read as JSON when asked so."""

    def type_in(*words):
        done = CliRunner().invoke(group, [str(word) for word in words], standalone_mode=False)
        if done.exception is not None:
            raise done.exception
        db.session().rollback()
        db.session().expire_all()
        return [json.loads(line) for line in done.output.splitlines()] if "--json" in words else (
            done.output
        )  # fmt: skip

    return type_in


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "ho.csv"
    path.write_text("ma,label,ma_xa\nH1,Hộ 1,13753\nH2,,13753\nH1,Hộ 1b,13753\n", "utf-8")
    return path


def test_a_list_is_made_looked_at_filled_shown_and_written(run, plan, table, tmp_path):
    where = ["--plan", plan.id]
    run("add-list", "ho", *where, "--property", "ma", "--area-property", "ma_xa",
        "--delivery", "area")  # fmt: skip

    seen = run("import", table, "ho", *where, "--preview", "--key", "ma", "--json")
    assert [each["what"] for each in seen] == ["added", "rejected", "rejected", "total"]
    assert seen[1]["problems"] == ["entities.label-missing"]
    assert run("show", "ho", *where) == ""
    done = run("import", table, "ho", *where, "--apply", "--key", "ma", "--json")
    assert done[-1] == {"what": "applied", "added": 1, "changed": 0}

    (row,) = run("show", "ho", *where, "--json")
    assert (row["label"], row["__area"], row["ma"]) == ("Hộ 1", "13753", "H1")
    assert "1\t" in run("show", "ho", row["name"], *where)
    assert run("list", *where, "--json")[0]["rows"] == 1
    for name in ("ho.csv", "ho.xlsx"):
        run("export", "ho", tmp_path / name, *where)
        assert "giữ nguyên 1," in run("import", tmp_path / name, "ho", *where, "--preview")
    assert load_workbook(tmp_path / "ho.xlsx").active["B2"].value == "Hộ 1"


def test_looking_or_doing_has_to_be_said(run, plan, table):
    with pytest.raises(click.UsageError, match="--preview"):
        run("import", table, "ho", "--plan", plan.id)


def test_an_unknown_list_is_named(run, plan, table):
    with pytest.raises(UnknownList):
        run("import", table, "khac", "--plan", plan.id, "--preview")
    assert queries.lists(db.session(), plan.id) == []
