"""`thucdia verify` finds whatever is no longer as it was stored, and nothing when all is well."""

import os
import time

import pytest
from sqlalchemy import text

from server.db import Model, db
from server.maintenance import soundness
from tests.conftest import ON_POSTGRES
from tests.maintenance.conftest import PHOTO, said

SEED = "UPDATE draw SET seed = '11111222223333344444'"
CHANGES = {
    "the XML of a record": ("submissions", "UPDATE submission SET xml = xml || ' '"),
    "the hash of a record": ("submissions", "UPDATE submission SET xml_sha256 = 'ab'"),
    "something held": ("held", "UPDATE held SET xml = xml || ' '"),
    "a published form": ("forms", "UPDATE form_version SET xform = xform || ' '"),
    "the seed of a draw": ("draws", SEED),
    "a drawn unit": ("draws", "UPDATE drawn_unit SET unit_code = '99999' WHERE id = 1"),
    "a drawn unit taken away": ("draws", "DELETE FROM drawn_unit WHERE id = 1"),
    "the register of draws": ("register", "UPDATE draw_register SET sha256 = 'ab' WHERE id = 1"),
    "a draw struck from the register": ("register", "DELETE FROM draw_register"),
    "a line of the journal": ("journal", "UPDATE journal SET actor = 'ai khác' WHERE id = 3"),
    "a line struck from the journal": ("journal", "DELETE FROM journal WHERE id = 3"),
    "a seal": ("journal", "UPDATE journal_seal SET sha256 = 'ab'"),
}


def faults(app):
    db.session().expire_all()
    return list(soundness.faults(db.session(), app.extensions["files"]))


def drop_triggers(session):
    """Do away with the database's own refusals, as whoever owns it can."""
    if ON_POSTGRES:
        names = session.execute(
            text("SELECT tgname, tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal")
        )
        for name, table in names.all():
            session.execute(text(f"DROP TRIGGER {name} ON {table}"))
        return
    for (name,) in session.execute(
        text("SELECT name FROM sqlite_master WHERE type='trigger'")
    ).all():
        session.execute(text(f"DROP TRIGGER {name}"))


@pytest.fixture
def session(app):
    """A session whose changes, dropped triggers included, are undone in the end."""
    found = db.session()
    yield found
    found.rollback()


OTHER_HASHES = {
    "draw.frame_sha256", "draw.commitment_sha256", "draw_register.sha256",
    "draw_register.prev_sha256", "draw_private_frame.sha256", "journal_seal.sha256",
    "journal_seal.prev_sha256", "held.content_sha256", "phone.token_sha256", "sign_in.key_sha256",
    "submission.xml_sha256", "submission_version.xml_sha256", "submission_opened.xml_sha256",
    "plan_key.private_sha256", "trial.xml_sha256", "phone.ha1_sha256",
    "finding_dry_run.rules_sha256",
}  # fmt: skip
"""Hashes of rows, keys and texts: no file of ours lies under them."""


def test_every_column_that_may_name_a_file_is_known_to_the_sweeper(app):
    """A file that no known column names is removed after a day."""
    hashes = {
        f"{table.name}.{column.name}"
        for table in Model.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("sha256")
    }
    files = {f"{column.table.name}.{column.key}" for column in soundness.FILE_COLUMNS}

    assert hashes - OTHER_HASHES == files


def test_a_sound_installation_has_no_fault(installation, desk, database, tmp_path):
    result = desk("verify", "--json", var=tmp_path / "var", url=database)

    assert result.exit_code == 0, result.output
    found = said(result)
    assert (found["ok"], found["faults"], found["orphans"]) == (True, [], 0)
    assert "0 lỗi" in desk("verify", var=tmp_path / "var", url=database).output


def test_every_change_in_the_database_is_found_and_said_where(installation, session):
    for what, (check, change) in CHANGES.items():
        session.rollback()
        drop_triggers(session)
        if "xml ||" in change or "xform ||" in change:
            cast = "convert_to(' ', 'UTF8')" if ON_POSTGRES else "CAST(' ' AS BLOB)"
            change = change.replace("' '", cast)
            if not ON_POSTGRES:  # SQLite's || makes text of both
                column = "xform" if "xform" in change else "xml"
                change = change.replace(f"{column} || {cast}", f"CAST({column} || ' ' AS BLOB)")
        session.execute(text(change))
        found = faults(installation.app)
        assert {fault.check for fault in found} == {check}, what
        assert all(fault.where and fault.what for fault in found)
    session.rollback()
    assert faults(installation.app) == []


def test_missing_and_changed_files_are_found_by_their_hash(installation, desk, database, tmp_path):
    files = installation.app.extensions["files"]
    lost, spoilt, short = list(soundness.named(db.session()))[:3]
    (files.folder / lost[:2] / lost).unlink()
    path = files.folder / spoilt[:2] / spoilt
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    (files.folder / short[:2] / short).write_bytes(b"")

    result = desk("verify", "--json", var=tmp_path / "var", url=database)

    assert result.exit_code == 1
    found = {fault["where"]: (fault["check"], fault["what"]) for fault in said(result)["faults"]}
    assert found == {
        lost: ("files", "is missing"),
        spoilt: ("files", "is not what was stored"),
        short: ("files", "is not what was stored"),
    }


def test_the_faults_are_also_said_line_by_line_for_people(installation, desk, database, tmp_path):
    files = installation.app.extensions["files"]
    lost, *_ = soundness.named(db.session())
    (files.folder / lost[:2] / lost).unlink()

    result = desk("verify", var=tmp_path / "var", url=database)

    assert result.exit_code == 1
    assert f"files: {lost}: is missing" in result.output
    assert "1 lỗi" in result.output


def test_a_row_that_points_nowhere_is_found(installation, session):
    if ON_POSTGRES:
        pytest.skip("PostgreSQL does not let it happen")
    session.rollback()
    raw = session.connection().connection.dbapi_connection
    session.rollback()
    raw.execute("PRAGMA foreign_keys=OFF")
    drop_triggers(session)
    session.execute(text("DELETE FROM form WHERE id = 1"))

    found = faults(installation.app)
    session.rollback()
    raw.execute("PRAGMA foreign_keys=ON")

    assert "database" in {fault.check for fault in found}


def test_a_file_that_nobody_names_is_counted_and_swept_only_once_it_is_a_day_old(
    installation, desk, database, tmp_path
):
    files = installation.app.extensions["files"]
    young, old = files.keep_bytes(b"young").sha256, files.keep_bytes(b"old").sha256
    path = files.folder / old[:2] / old
    os.utime(path, (time.time() - 90_000,) * 2)

    result = desk("verify", "--json", var=tmp_path / "var", url=database)

    assert (result.exit_code, said(result)["orphans"]) == (0, 2)
    assert soundness.sweep(db.session(), files) == 1
    assert (files.size(old), files.size(young)) == (None, 5)
    assert faults(installation.app) == []


def test_a_sweep_takes_nothing_that_a_row_names_however_old(installation):
    files = installation.app.extensions["files"]
    for path in files.folder.rglob("??/*"):
        os.utime(path, (time.time() - 900_000,) * 2)

    assert soundness.sweep(db.session(), files) == 0
    assert faults(installation.app) == []
    assert files.size(files.keep_bytes(PHOTO).sha256) == len(PHOTO)
