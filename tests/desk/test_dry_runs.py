"""Rules are tried on all records before phones get them, and the outcome is seen or declined."""

import json
import re

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from server.db import db, transaction
from server.findings import dry_runs, thresholds
from server.findings.commands import group
from server.findings.dry_run_models import DryRun
from server.findings.models import Finding
from server.findings.problems import DryRunNeeded
from server.journal import Line
from server.monitoring.models import Round
from server.surveys import service as surveys
from server.surveys.models import Form, FormVersion
from server.surveys.service import Looked
from tests import forms
from tests.conftest import ACTOR
from tests.desk.conftest import WORKBOOK

OTHER_RULES = WORKBOOK.replace("| hogd     | 7 ", "| hogd     | 8 ").replace(
    "| B02     | so_tien > 100000 ", "| B02     | so_tien > 20 "
)
NEXT = re.compile(r"\n.*B02 .*\n")


@pytest.fixture
def draft(app, story):
    """Keep a workbook as the draft of the story's form; return its number."""

    def keep(workbook=OTHER_RULES):
        with transaction() as session:
            return surveys.upload(
                session, app.extensions["files"], story.plan_id, workbook.encode(), "thu.md",
                forms.compiled(workbook), ACTOR,
            ).id  # fmt: skip

    return keep


def fresh():
    db.session().rollback()
    db.session().expire_all()
    return db.session()


def outcome(version_id):
    session = fresh()
    version = session.get_one(FormVersion, version_id)
    run = dry_runs.latest(session, version)
    assert run is not None and run.finished_at is not None and not run.error
    return run, {
        each.rule_id: (tuple(each.counts.values()), each.some)
        for each in dry_runs.tallies(run, version)
    }


def publish(version_id, **looked):
    with transaction() as session:
        surveys.publish(session, session.get_one(FormVersion, version_id), ACTOR, None,
                        Looked(**looked))  # fmt: skip


def test_a_run_sets_every_record_beside_what_fired_and_stores_no_finding(
    story, draft, browser, cast
):
    short = story.send(du="no", so_tien="30")
    taken = story.send(so_tien="200000")
    before = len(fresh().scalars(select(Finding)).all())
    version_id = draft(
        NEXT.sub("\n", OTHER_RULES.replace("du = 'no' ", "du = 'no' and so_tien > 99"))
    )
    here = f"/forms/1/versions/{version_id}"

    browser(cast.minh).post(f"{here}/dry-run")

    _run, found = outcome(version_id)
    assert found["B01"][0] == (0, 1, 0) and found["B01"][1]["gone"] == [short]
    assert found["B02"][0] == (0, 1, 0) and found["B02"][1]["gone"] == [taken]
    assert found["B04"][0] == (0, 0, 1)
    page = browser(cast.minh).get(here).text
    assert f'href="/submissions/{short}"' in page and "3 luật" not in page
    assert "Luật B02 (Thu khoản ngoài quy định) của bản đang dùng không còn" in page
    assert len(fresh().scalars(select(Finding)).all()) == before


def test_each_record_is_judged_by_the_thresholds_of_its_own_round(story, draft):
    story.send(so_tien="30")
    with transaction() as session:
        round_ = session.scalars(select(Round)).one()
        thresholds.change(session, round_, {"loss_rate_max": "40"}, ACTOR)
    version_id = draft()
    with transaction() as session:
        dry_runs.start(session, session.get_one(FormVersion, version_id), ACTOR)

    story.app.extensions["jobs"].drain()

    found = outcome(version_id)[1]
    assert found["B04"][0] == (0, 1, 0)
    assert found["B02"][0] == (1, 0, 0)


def test_a_long_run_goes_on_piece_by_piece_beside_other_work(story, draft, monkeypatch, cast,
                                                             browser):  # fmt: skip
    monkeypatch.setattr(dry_runs, "BATCH", 2)
    monkeypatch.setattr(dry_runs, "PIECE_SECONDS", 0)
    for _ in range(5):
        story.send(so_tien="30")
    version_id = draft()
    here = f"/forms/1/versions/{version_id}"

    with monkeypatch.context() as patch:
        patch.setattr(dry_runs.piece, "__defaults__", (0,))
        browser(cast.minh).post(f"{here}/dry-run")
        run = fresh().scalars(select(DryRun)).one()
        assert (run.done, run.total, run.finished_at) == (2, 5, None)
        page = browser(cast.minh).get(here).text
        assert "2 trên 5" in page and 'http-equiv="refresh"' in page
        again = browser(cast.minh).post(f"{here}/dry-run")
        assert again.status_code == 302
        story.app.extensions["jobs"].drain()

    run, found = outcome(version_id)
    assert (run.done, found["B02"][0]) == (5, (5, 0, 0))
    assert len(fresh().scalars(select(DryRun)).all()) == 1


def test_other_rules_are_published_once_their_effect_was_seen(story, draft, browser, cast):
    story.send(so_tien="30")
    version_id = draft()
    here = f"/forms/1/versions/{version_id}"
    minh = browser(cast.minh)

    refused = minh.post(f"{here}/publish")
    assert refused.status_code == 409 and "chạy thử" in refused.text
    assert fresh().scalars(select(Form)).one().current_id == story.version_id

    assert "Phát hành không chạy thử" in minh.get(here).text
    minh.post(f"{here}/dry-run")
    page = minh.get(here).text
    assert "hãy chạy thử và xem" not in page and "Phát hành không chạy thử" not in page
    assert "trước cũng không: B01, B03" in page
    seen = re.search(r'name="dry_run" value="(\d+)"', page)
    assert seen is not None
    minh.post(f"{here}/publish", data={"dry_run": seen[1]})

    assert fresh().scalars(select(Form)).one().current_id == version_id
    lines = (
        fresh()
        .scalars(select(Line.verb).where(Line.verb.like("form.dry-run%")).order_by(Line.id))
        .all()
    )
    assert lines == ["form.dry-run", "form.dry-run-seen"]


def test_publishing_without_a_run_needs_a_reason_that_the_journal_keeps(
    story, draft, browser, cast
):
    story.send(so_tien="30")
    version_id = draft()

    browser(cast.minh).post(
        f"/forms/1/versions/{version_id}/publish", data={"without": "Sửa gấp trước giờ đi xã"}
    )

    assert fresh().scalars(select(Form)).one().current_id == version_id
    line = fresh().scalars(select(Line).where(Line.verb == "form.dry-run-skipped")).one()
    assert line.detail == {"reason": "Sửa gấp trước giờ đi xã"}


def test_a_run_of_an_earlier_content_of_the_draft_does_not_count(story, draft):
    story.send(so_tien="30")
    version_id = draft()
    with transaction() as session:
        run = dry_runs.start(session, session.get_one(FormVersion, version_id), ACTOR)
    story.app.extensions["jobs"].drain()
    draft(OTHER_RULES.replace("so_tien > 20 ", "so_tien > 25 "))

    with pytest.raises(DryRunNeeded):
        publish(version_id, run=run.id)


def test_the_same_rules_and_a_form_without_records_ask_for_no_run(story, draft):
    publish(draft())
    story.send()

    publish(draft(OTHER_RULES.replace("| hogd     | 8 ", "| hogd     | 9 ").replace(
        "Xin cảm ơn", "Cảm ơn bác")))  # fmt: skip

    assert fresh().scalars(select(Form)).one().current.version == "9"


def test_a_rule_that_asks_for_a_question_that_is_gone_is_shown_before_publishing(
    story, draft, browser, cast
):
    story.send()
    gone = re.sub(r"\n.*integer  +\| so_tien .*", "", OTHER_RULES)
    version_id = draft(gone)

    kept = browser(cast.minh).get(f"/forms/1/versions/{version_id}").text
    assert "biểu mẫu không có câu hỏi “so_tien”" in kept and "dòng 3" in kept
    assert 'action="/forms/1/versions/' not in kept or "/publish" not in kept

    dropped = draft(re.sub(r"\n.*\| B0[24] .*", "", gone))
    page = browser(cast.minh).get(f"/forms/1/versions/{dropped}").text
    assert "Bản nháp cũng không còn câu hỏi mà luật đó nhắc tới" in page
    assert "Luật B02" in page and "Luật B04" in page


def test_programs_give_the_run_or_the_reason(story, draft, app, cast):
    story.send(so_tien="30")
    draft()
    client = app.test_client()
    address = f"/v1/projects/{story.plan_id}/forms/hogd/draft/publish"
    with transaction() as session:
        from server.teams import service as teams
        from tests.conftest import PASSWORD

        teams.set_password(session, session.merge(cast.minh), PASSWORD, ACTOR)
    minh = ("minh@example.vn", PASSWORD)

    refused = client.post(address, auth=minh)
    assert refused.status_code == 409
    assert refused.get_json()["problem"] == "findings.dry-run-needed"
    assert client.post(f"{address}?withoutDryRun=gap", auth=minh).status_code == 200


def test_the_command_tries_and_prints_the_number_to_publish_with(story, draft):
    story.send(so_tien="30")
    version_id = draft()

    done = CliRunner().invoke(group, ["dry-run", "hogd", "--plan", str(story.plan_id), "--json"])

    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows[1] == {"rule": "B02", "new": 1, "gone": 0, "same": 0}
    publish(version_id, run=rows[-1]["run"])
    assert fresh().scalars(select(Form)).one().current_id == version_id
