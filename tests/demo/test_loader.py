"""The demonstration from an empty database to findings, with few interviews."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from server.app import create_app
from server.db import db
from server.demo import commands, keys, loader, setting, story
from server.demo.setting import Workbook
from server.draws.models import Draw, UnitRole
from server.findings.models import Finding
from server.journal import Line
from server.monitoring.models import Plan, Visit, VisitState
from server.permissions import Role
from server.submissions.models import Held, Submission, SubmissionFile
from server.teams import service as teams
from server.teams.models import Person, Phone
from tests import conftest, engines

FEW = 16
slow = [pytest.mark.java, pytest.mark.slow]


@contextmanager
def installation(template: str, folder: Path, loaded: Path | None = None) -> Iterator[Flask]:
    """Give an application on a database like the template, or on what is `loaded`."""
    url = template if engines.ON_POSTGRES else f"sqlite:///{folder / 'thucdia.sqlite3'}"
    if loaded and loaded.exists():
        shutil.copytree(loaded, folder, dirs_exist_ok=True)
    else:
        engines.lay_out(url, template)
    app = create_app(conftest.settings_for(folder / "var", url))
    conftest.forget()
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


@contextmanager
def demonstration(template: str, folder: Path) -> Iterator[Flask]:
    """Give an installation with the demonstration in it; workers that share a folder load it once.

    That is on SQLite; on PostgreSQL nobody else asks for it.
    """
    shared = Path(os.environ.get("THUCDIA_TEST_WORKBOOKS") or folder)
    loaded = None if engines.ON_POSTGRES else shared / "demonstration"
    with installation(template, folder, loaded) as app:
        loader.load(app, FEW)
        if loaded and not loaded.exists():
            unfinished = loaded.with_suffix(f".{os.getpid()}")
            shutil.copytree(folder / "var", unfinished / "var")
            rows = engines.keep(app.config["THUCDIA"].database_url)
            (unfinished / "thucdia.sqlite3").write_bytes(rows)
            with suppress(OSError):  # another worker was quicker
                unfinished.rename(loaded)
        yield app


@pytest.fixture(scope="class")
def demo(template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An installation with the demonstration in it."""
    with demonstration(template, tmp_path_factory.mktemp("demo")) as app:
        yield app


@pytest.fixture
def told(demo: Flask, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Greet, and return what was printed."""

    def greet() -> str:
        commands.greet(demo)
        return capsys.readouterr().out

    return greet


@pytest.mark.usefixtures("demo")
class TestDemo:
    """What the loaded demonstration holds."""

    pytestmark = slow

    def test_the_plan_is_the_published_one(self):
        plan = db.session().scalars(select(Plan)).one()

        assert plan.name == "Giám sát CTMTQG giảm nghèo bền vững năm 2024, huyện Vụ Bản"
        assert "17/KH-SLĐTBXH ngày 18/3/2024" in plan.parent
        assert "455/QĐ-UBND" in plan.legal_bases[0] and "27/3/2024" in plan.number
        assert plan.area == "2024/36/359" and plan.starts_on.isoformat() == "2024-04-01"

    def test_four_communes_were_drawn_of_eighteen_with_three_reserves(self):
        draw = db.session().scalars(select(Draw)).one()

        assert draw.units == 18 and draw.seed == story.DICE.replace(" ", "")
        assert [unit.role for unit in draw.drawn] == [UnitRole.MAIN] * 4 + [UnitRole.RESERVE] * 3
        visited = {visit.place.code for visit in db.session().scalars(select(Visit))}
        assert visited == {unit.unit_code for unit in draw.drawn[:4]}

    def test_visits_have_a_team_days_and_a_notice_and_all_but_one_are_done(self):
        visits = db.session().scalars(select(Visit).order_by(Visit.starts_on, Visit.id)).all()

        assert all(visit.team and visit.notice_sent_on == story.NOTICE_ON for visit in visits)
        assert [visit.state for visit in visits] == [VisitState.DONE] * 3 + [VisitState.UNDER_WAY]
        assert {visit.starts_on.isoformat() for visit in visits} == {"2024-04-09", "2024-04-15"}

    def test_everything_sent_is_there_once(self):
        plan_id = db.session().scalars(select(Plan.id)).one()

        held = loader.counts(plan_id)
        assert held["gnbv_household"] == FEW and held["gnbv_hamlet"] == 12
        assert held["household"] == 4 * 3 * 22 and held["phone"] == 7 and held["team"] == 2

    def test_every_record_has_found_its_visit_team_and_hamlet(self):
        records = db.session().scalars(select(Submission)).all()

        assert all(record.visit_id and record.team_id and record.hamlet_id for record in records)
        assert {record.started_at.date().isoformat()[:7] for record in records} == {"2024-04"}
        assert all(record.device_id.startswith("collect:") for record in records)

    def test_one_interview_was_held_far_from_its_hamlet(self):
        metres = [record.distance_m for record in db.session().scalars(select(Submission))]

        far = sorted(each for each in metres if each is not None)
        assert 8_500 < far[-1] < 9_500 and far[-2] < 1_000

    def test_all_files_came_also_the_late_photo(self):
        records = db.session().scalars(select(Submission)).all()
        later = select(Line).where(Line.verb == "submission.files-received")

        assert all(record.files_held == record.files_named for record in records)
        assert db.session().scalars(later).one()

    def test_photos_have_thumbnails_but_for_the_one_that_is_no_picture(self):
        photos = db.session().scalars(
            select(SubmissionFile).where(SubmissionFile.content_type == "image/jpeg")
        )

        broken = [photo for photo in photos if photo.thumb_sha256 is None]
        assert len(broken) == 1 and "error" in broken[0].facts

    def test_what_is_wrong_is_kept_apart_with_its_reason(self):
        reasons = db.session().scalars(select(Held.reason)).all()

        assert sorted(reasons) == [
            "submissions.instance-conflict",
            "submissions.no-instance-id",
            "surveys.unknown-form",
            "xml.unreadable",
        ]

    def test_findings_belong_to_their_monitoring_records(self):
        findings = db.session().scalars(select(Finding)).all()

        assert {"B01", "H03", "H04", "H06"} <= {finding.rule_id for finding in findings}
        assert all(finding.record_id and finding.visit_id for finding in findings)

    def test_nobody_is_taken_for_a_real_person(self):
        people = db.session().scalars(select(Person)).all()

        assert len(people) == 12 and all(person.name.endswith("(mẫu)") for person in people)
        assert all(person.email is None or person.email.endswith(".example") for person in people)

    def test_every_role_can_sign_in_with_what_the_owner_alone_may_read(self, demo):
        var = demo.config["THUCDIA"].var
        held = keys.read(var)

        assert stat.S_IMODE(keys.path(var).stat().st_mode) == 0o600
        assert {account.role for account in held.accounts} == {role.value for role in Role}
        for account in held.accounts:
            assert teams.sign_in(db.session(), account.email, account.password, "::1").key
        db.session().rollback()

    def test_a_second_time_does_nothing(self, demo):
        before = db.session().scalars(select(Line.id).order_by(Line.id.desc()).limit(1)).one()

        summary = loader.load(demo, FEW)

        after = db.session().scalars(select(Line.id).order_by(Line.id.desc()).limit(1)).one()
        assert not summary.loaded and summary.plan_id == 1 and before == after

    def test_the_command_says_that_it_is_there(self, demo):
        said = CliRunner().invoke(commands.demo, [], obj=demo)

        assert said.exit_code == 0, said.output
        assert "Bản mẫu đã có" in said.output

    def test_the_greeting_names_a_sign_in_per_role_and_a_phone(self, demo, told):
        held = keys.read(demo.config["THUCDIA"].var)
        greeting = told()

        assert greeting.startswith("Thực Địa: http://127.0.0.1:8000\n")
        for account in held.accounts[:5]:
            assert account.email in greeting and account.password in greeting
        assert f"/v1/key/{held.phone('').token}/projects/1" in greeting
        assert "Quản trị" in greeting and "█" in greeting

    def test_the_phone_of_the_greeting_works_and_has_sent_nothing(self, demo):
        held = keys.read(demo.config["THUCDIA"].var)
        guest = db.session().scalars(
            select(Phone).where(Phone.token_sha256 == teams.sha256(held.phone("").token))
        )

        phone = guest.one()
        assert phone.revoked_at is None and phone.last_seen_at is None

    def test_the_code_fits_into_eighty_columns(self, told):
        assert max(map(len, told().splitlines()[:-1])) <= 80


class Stop(Exception):
    """The power goes."""


@pytest.mark.java
@pytest.mark.slow
@conftest.same_on_both
def test_an_interrupted_start_goes_on_where_it_stopped(template, tmp_path):
    def until_the_fourth(what: str) -> None:
        if " 4/" in what:
            raise Stop

    with installation(template, tmp_path) as app:
        with pytest.raises(Stop):
            loader.load(app, 12, until_the_fourth)
        kept = set(db.session().scalars(select(Submission.instance_id)))
        db.session().rollback()
        keys.path(app.config["THUCDIA"].var).unlink()  # even that may be gone
        summary = loader.load(app, 12)

        found = set(db.session().scalars(select(Submission.instance_id)))
        assert summary.loaded and 4 <= len(kept) < len(found) == 24 and kept < found
        assert summary.counts["held"] == 4
        account = keys.read(app.config["THUCDIA"].var).accounts[0]
        assert teams.sign_in(db.session(), account.email, account.password, "::1").key


def test_a_stage_that_cannot_be_set_leaves_nothing_behind(app, session):
    with pytest.raises(AttributeError):
        setting.prepare(app, [Workbook("x.xlsx", b"", None)])

    assert session.query(Plan).count() == session.query(Person).count() == 0
    assert loader.state(session) == loader.State()


def test_a_database_with_plans_of_its_own_is_left_alone(app, plan, session):
    summary = loader.load(app)

    assert not summary.loaded and summary.plan_id is None
    assert session.query(Plan).count() == 1 and session.query(Person).count() == 0


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"plan_id": 1, "accounts": [{}]}'])
def test_keys_that_cannot_be_read_are_none(tmp_path, text):
    keys.path(tmp_path).write_text(text)

    assert keys.read(tmp_path) is None


def test_keys_are_read_as_written(tmp_path):
    held = keys.Keys(3, [keys.Account("viewer", "A", "a@b", "x")], [keys.PhoneKey("A", "t", 0, "")])

    keys.write(tmp_path, held)

    assert keys.read(tmp_path) == held
    assert stat.S_IMODE(keys.path(tmp_path).stat().st_mode) == 0o600
