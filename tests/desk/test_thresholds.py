"""A round's thresholds: shown with the rules that ask for them, set by page and command."""

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from server.db import db
from server.findings.models import Finding
from server.findings.problems import BadThreshold, UnknownThreshold
from server.findings.threshold_commands import group
from server.journal import Line
from server.monitoring.models import Round


@pytest.fixture
def address(story, round_):
    return f"/plans/{story.plan_id}/rounds/{round_.id}/thresholds"


def own():
    db.session().rollback()
    db.session().expire_all()
    return db.session().scalars(select(Round.params)).one()


def told_of_params():
    query = select(Line.detail).where(Line.verb == "round.param-set").order_by(Line.id)
    return list(db.session().scalars(query))


def test_each_threshold_names_its_default_its_unit_and_the_rules_that_ask_for_it(
    address, browser, cast, story
):
    story.send(so_tien="30")

    page = browser(cast.minh).get(address).text

    part = page[page.index('id="threshold-loss_rate_max"') :]
    part = part[: part.index("</section>")]
    assert "Mặc định: 20" in part and "(%)" in part
    assert "B04" in part and "Phỏng vấn hộ" in part and "đã nêu ở 1 lượt" in part
    assert "30/06: 50; 15/11: 85" in page
    assert "Phát hiện đã nêu vẫn giữ nguyên" in page
    assert f'href="{address}"' in browser(cast.minh).get(f"/plans/{story.plan_id}").text


def test_a_threshold_that_is_set_holds_for_what_comes_in_from_now_on(address, browser, cast, story):
    story.send(so_tien="30")

    answer = browser(cast.minh).post(address, data={"loss_rate_max": "40"})
    story.send(so_tien="30")

    assert answer.status_code == 302
    assert own() == {"loss_rate_max": 40}
    assert len(db.session().scalars(select(Finding)).all()) == 1
    assert told_of_params() == [{"param": "loss_rate_max", "before": "20", "after": "40"}]


def test_a_threshold_may_differ_by_day_and_an_empty_field_is_the_default_again(
    address, browser, cast
):
    minh = browser(cast.minh)
    minh.post(address, data={"disbursement_floor": "15/11: 85; 1/7: 40", "job_rate_floor": "0,5"})
    assert own() == {
        "disbursement_floor": {"07-01": 40, "11-15": 85}, "job_rate_floor": 0.5,
    }  # fmt: skip

    minh.post(address, data={"disbursement_floor": "", "job_rate_floor": "0,5"})

    assert own() == {"job_rate_floor": 0.5}
    assert told_of_params()[-1] == {
        "param": "disbursement_floor",
        "before": "01/07: 40; 15/11: 85",
        "after": "30/06: 50; 15/11: 85",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("loss_rate_max", "101"),
        ("loss_rate_max", "-1"),
        ("loss_rate_max", "hai mươi"),
        ("job_rate_floor", "70"),
        ("loss_rate_max", "1.000"),
        ("disbursement_floor", "31/2: 50"),
        ("disbursement_floor", "30/6: 50; 30/6: 60"),
        ("disbursement_floor", "30/6 50"),
        ("khong_co", "5"),
    ],
)
def test_what_cannot_be_a_threshold_is_refused_beside_its_field_and_nothing_changes(
    address, browser, cast, name, value
):
    answer = browser(cast.minh).post(address, data={"attendance_floor": "70", name: value})

    assert answer.status_code == 422
    assert f'href="#{name}"' in answer.text
    assert own() == {} and told_of_params() == []


def test_thresholds_are_the_coordinators(address, browser, cast):
    assert browser(cast.hoa).get(address).status_code == 403
    assert browser(cast.hoa).post(address, data={"loss_rate_max": "1"}).status_code == 403
    assert browser(cast.an).get(address).status_code == 404
    assert own() == {}


def test_the_command_shows_sets_and_takes_back(story, round_):
    def run(*words):
        done = CliRunner().invoke(
            group, ["param", str(round_.id), *words, "--json"], standalone_mode=False
        )
        if done.exception:
            raise done.exception
        rows = [json.loads(line) for line in done.output.splitlines()]
        return {row["name"]: row for row in rows}

    assert run()["loss_rate_max"]["rules"] == ["Phỏng vấn hộ B04"]
    assert run("loss_rate_max", "15")["loss_rate_max"]["value"] == 15
    assert own() == {"loss_rate_max": 15}
    assert run("loss_rate_max", "default")["loss_rate_max"]["own"] is False
    assert own() == {}
    with pytest.raises(BadThreshold):
        run("loss_rate_max", "500")
    with pytest.raises(UnknownThreshold):
        run("khac", "5")
