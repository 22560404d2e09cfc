"""A backup holds all that was answered for; a restore gives it back or changes nothing."""

import hashlib
import json
import os
import shutil
import stat
import threading
import zipfile

import pytest
from sqlalchemy import create_engine, select

from server.app import create_app
from server.db import Model, db
from server.maintenance import archive, soundness
from server.submissions.models import Submission
from tests import forms
from tests.conftest import settings_for
from tests.engines import ON_POSTGRES, admin
from tests.maintenance.conftest import said
from tests.worlds import kept

SILENT = archive.TRANSIENT | {"alembic_version"}


@kept
def archived(installation) -> bytes:
    """A backup of the installation."""
    return back_up(installation, installation.app.config["THUCDIA"].var).read_bytes()


def back_up(installation, folder):
    path = folder / "backup.zip"
    archive.backup(db.session(), installation.app.extensions["files"], path, lambda _: None)
    db.session().rollback()
    return path


@pytest.fixture
def made(archived, tmp_path):
    """Where the backup lies."""
    path = tmp_path / "backup.zip"
    path.write_bytes(archived)
    return path


def rows_of(url):
    """Return every row that a backup holds, by table, the same from every engine."""
    engine = create_engine(url)
    found = {}
    with engine.connect() as connection:
        for table in Model.metadata.sorted_tables:
            if table.name not in SILENT:
                query = select(table).order_by(*table.primary_key.columns)
                found[table.name] = [
                    {name: archive._out(value) for name, value in row._mapping.items()}
                    for row in connection.execute(query)
                ]
    engine.dispose()
    return found


def unlike(found, expected):
    """Return the tables that differ; the line that tells of the restore itself is passed over."""
    last = found["journal"][-1]
    assert last["verb"] == "backup.restored"
    found = found | {"journal": found["journal"][:-1]}
    return {name for name in expected if found[name] != expected[name]}


def test_a_backup_is_restored_into_an_empty_installation_row_by_row(
    installation, made, desk, database, tmp_path
):
    """On PostgreSQL this is also the way back to SQLite."""
    expected = rows_of(database)
    new = tmp_path / "new"

    result = desk("restore", made, "--json", var=new)

    assert result.exit_code == 0, result.output
    assert said(result)["rows"]["submission"] == 2
    assert unlike(rows_of(f"sqlite:///{new}/thucdia.sqlite3"), expected) == set()
    checked = desk("verify", "--json", var=new)
    assert (checked.exit_code, said(checked)["ok"], said(checked)["orphans"]) == (0, True, 0)


@pytest.mark.skipif(not ON_POSTGRES, reason="needs PostgreSQL: THUCDIA_TEST_DB=postgres")
def test_a_backup_from_sqlite_is_restored_into_postgresql_and_numbers_go_on(
    installation, made, desk, database, template, tmp_path
):
    server = template.rsplit("/", 1)[0]
    expected = rows_of(database)
    old = tmp_path / "old"
    assert desk("restore", made, var=old).exit_code == 0
    again = tmp_path / "again.zip"
    assert desk("backup", again, var=old).exit_code == 0
    admin(server, "DROP DATABASE IF EXISTS thucdia_restored")
    admin(server, "CREATE DATABASE thucdia_restored")
    url, new = f"{server}/thucdia_restored", tmp_path / "new"

    result = desk("restore", again, var=new, url=url)

    assert result.exit_code == 0, result.output
    found = rows_of(url)
    for table, rows in expected.items():
        assert found[table][: len(rows)] == rows, table
    added = desk("person", "add", "moi@example.vn", "--role", "viewer", var=new, url=url)
    assert added.exit_code == 0, added.output
    assert desk("verify", var=new, url=url).exit_code == 0


def test_a_restored_installation_goes_on_where_the_old_one_was(
    installation, made, desk, base, tmp_path
):
    """The phone's key still opens it, and a form sent to the old one is known."""
    new = tmp_path / "new"
    assert desk("restore", made, var=new).exit_code == 0
    restored = create_app(settings_for(new, f"sqlite:///{new}/thucdia.sqlite3"))

    client = restored.test_client()
    again = forms.parts(forms.filled("uuid:1", ten="Hoa"))
    fresh = forms.parts(forms.filled())
    try:
        assert client.post(f"{base}/submission", **again).status_code == 409
        assert client.post(f"{base}/submission", **fresh).status_code == 201
        assert client.get(f"{base}/formList").text.count("<xform>") == 2
    finally:
        with restored.app_context():
            db.engine.dispose()


def test_a_restore_after_the_code_lists_were_loaded_replaces_them(
    installation, made, desk, database, template, tmp_path
):
    """Whoever types `thucdia migrate` first has an installation that is still empty."""
    new = tmp_path / "new"
    if ON_POSTGRES:
        assert desk("migrate", var=new).exit_code == 0
    else:
        new.mkdir()
        shutil.copy(template.removeprefix("sqlite:///"), new / "thucdia.sqlite3")

    result = desk("restore", made, var=new)

    assert result.exit_code == 0, result.output
    assert unlike(rows_of(f"sqlite:///{new}/thucdia.sqlite3"), rows_of(database)) == set()


def test_a_backup_is_readable_by_its_owner_alone_and_holds_no_sign_in(installation, tmp_path):
    made = back_up(installation, tmp_path)

    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    with zipfile.ZipFile(made) as found:
        assert not {f"tables/{name}.jsonl" for name in archive.TRANSIENT} & set(found.namelist())


def test_a_backup_made_while_forms_arrive_holds_all_that_was_answered_before_it_began(
    installation, desk, tmp_path
):
    acked, stop, failures = [], threading.Event(), []

    def flood(number):
        count = 0
        while not stop.is_set():
            key = f"uuid:{number}-{count}"
            photo = b"%d %d" % (number, count)
            if installation.send(forms.filled(key, anh="1.jpg"), {"1.jpg": photo}) == 201:
                acked.append(key)
            else:
                failures.append(key)
            count += 1

    threads = [threading.Thread(target=flood, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    while len(acked) < 10:
        stop.wait(0.02)
    before = set(acked)
    path = tmp_path / "flood.zip"
    db.session().rollback()
    archive.backup(db.session(), installation.app.extensions["files"], path, lambda _: None)
    db.session().rollback()
    stop.set()
    for thread in threads:
        thread.join()

    assert failures == []
    new = tmp_path / "new"
    assert desk("restore", path, var=new).exit_code == 0
    restored = {
        row["instance_id"] for row in rows_of(f"sqlite:///{new}/thucdia.sqlite3")["submission"]
    }
    assert before <= restored <= set(acked) | {"uuid:1", "uuid:2"}
    assert desk("verify", var=new).exit_code == 0


def test_the_command_tells_what_it_kept_and_leaves_a_line_in_the_journal(
    installation, desk, database, tmp_path
):
    var, path = tmp_path / "var", tmp_path / "x.zip"

    result = desk("backup", path, "--json", var=var, url=database)

    assert result.exit_code == 0, result.output
    assert said(result)["rows"]["submission"] == 2
    assert said(result)["damaged"] == []
    assert rows_of(database)["journal"][-1]["verb"] == "backup.made"


def test_a_spoilt_file_is_named_and_does_not_prevent_the_backup_of_all_else(
    installation, desk, database, tmp_path
):
    files = installation.app.extensions["files"]
    one, two = list(soundness.named(db.session()))[:2]
    (files.folder / one[:2] / one).write_bytes(b"spoilt")
    (files.folder / two[:2] / two).unlink()

    result = desk("backup", tmp_path / "x.zip", "--json", var=tmp_path / "var", url=database)

    assert result.exit_code == 0, result.output
    assert set(said(result)["damaged"]) == {one, two}
    assert desk("restore", tmp_path / "x.zip", var=tmp_path / "new").exit_code == 0
    checked = desk("verify", "--json", var=tmp_path / "new")
    assert checked.exit_code == 1
    assert {fault["where"] for fault in said(checked)["faults"]} == {one, two}


@pytest.mark.parametrize("where", ["no/such/folder/x.zip", "."])
def test_a_backup_that_cannot_be_written_says_so_and_leaves_no_half(
    installation, desk, database, tmp_path, where
):
    before = set(tmp_path.rglob("*.partial"))

    result = desk("backup", tmp_path / where, var=tmp_path / "var", url=database)

    assert result.exit_code in {1, 2}
    assert "Traceback" not in result.output
    assert set(tmp_path.rglob("*.partial")) == before == set()


def fingerprint(folder):
    """Return the hash of every file of an installation; what only serves locking is left out."""
    return {
        path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-turn", "-shm"))
    }


@pytest.fixture
def live(made, desk, tmp_path):
    """A live installation beside, at rest: its folder, and the hashes of everything in it."""
    var = tmp_path / "live"
    assert desk("restore", made, var=var).exit_code == 0
    return var


def checkpoint(var):
    engine = create_engine(f"sqlite:///{var}/thucdia.sqlite3")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()


def test_a_restore_into_a_live_installation_is_refused_and_changes_no_byte(made, desk, live):
    checkpoint(live)
    before = fingerprint(live)

    result = desk("restore", made, var=live)

    assert result.exit_code == 1
    assert "đã có dữ liệu" in result.output
    assert "Traceback" not in result.output
    checkpoint(live)
    assert fingerprint(live) == before


def rewritten(source, target, change):
    """Write `source` anew with `change` done to its manifest, everything else the same."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        manifest = json.loads(old.read("manifest.json"))
        skip = change(manifest) or set()
        for name in old.namelist():
            if name != "manifest.json" and name not in skip:
                new.writestr(name, old.read(name))
        new.writestr("manifest.json", json.dumps(manifest))


CHANGES = {
    "another format": lambda m: m.update(format="other/1"),
    "another migration": lambda m: m.update(migration="9999"),
    "a changed hash": lambda m: m["members"].update({"tables/person.jsonl": "0" * 64}),
    "a table that is gone": lambda m: {"tables/person.jsonl"},
    "a table that the manifest does not know": lambda m: (
        m["members"].pop("tables/person.jsonl") and set()
    ),
    "a file that is gone": lambda m: {next(n for n in m["members"] if n.startswith("files/"))},
    "no members": lambda m: m.pop("members") and set(),
    "members of another kind": lambda m: m.update(members=["x"]),
}


def test_a_backup_that_is_not_whole_is_refused_before_anything_is_written(
    made, desk, template, tmp_path
):
    """The target is an installation at rest; each refusal leaves it as it was, byte for byte."""
    empty = tmp_path / "empty"
    assert desk("restore", tmp_path / "nothing-here.zip", var=empty).exit_code != 0
    checkpoint(empty)
    before = fingerprint(empty)
    bad = tmp_path / "bad.zip"
    content = made.read_bytes()

    def refused(what):
        result = desk("restore", bad, var=empty)
        assert result.exit_code == 1, (what, result.output)
        assert "Chưa thay đổi gì" in result.output, (what, result.output)
        checkpoint(empty)
        assert fingerprint(empty) == before, what

    for what, change in CHANGES.items():
        rewritten(made, bad, change)
        refused(what)
    for what, data in {
        "nothing": b"",
        "no archive": b"PK" + os.urandom(1000),
        "a text": "Xin chào".encode(),
        "half": content[: len(content) // 2],
        "all but the last byte": content[:-1],
        "the second half": content[len(content) // 2 :],
    }.items():
        bad.write_bytes(data)
        refused(what)


def test_one_flipped_byte_is_refused_or_harmless(made, tmp_path):
    """A zip has bytes that say nothing (times, attributes): then the content is still whole."""
    content = made.read_bytes()
    bad = tmp_path / "bad.zip"
    refused = harmless = 0
    with zipfile.ZipFile(made) as whole:
        manifest = whole.read("manifest.json")
    step = max(1, len(content) // 40)
    for at in [*range(0, len(content), step), *range(len(content) - 22, len(content), 2)]:
        bad.write_bytes(content[:at] + bytes([content[at] ^ 0x41]) + content[at + 1 :])
        try:
            with zipfile.ZipFile(bad) as found:
                checked = archive._checked(found, lambda _: None)
            assert checked == json.loads(manifest), at
            harmless += 1
        except (archive.BadBackup, *archive.BROKEN):
            refused += 1

    assert refused > harmless


def test_a_flipped_byte_among_the_rows_is_refused_with_a_sentence(made, desk, tmp_path):
    content = bytearray(made.read_bytes())
    with zipfile.ZipFile(made) as found:
        info = found.getinfo("tables/submission.jsonl")
    content[info.header_offset + 80] ^= 1
    bad = tmp_path / "bad.zip"
    bad.write_bytes(content)

    result = desk("restore", bad, var=tmp_path / "new")

    assert result.exit_code == 1
    assert "Tệp sao lưu không dùng được" in result.output
    rows = rows_of(f"sqlite:///{tmp_path}/new/thucdia.sqlite3")
    assert (rows["submission"], rows["person"]) == ([], [])
    assert not list((tmp_path / "new" / "files").rglob("??/*"))


def test_records_sent_after_the_backup_are_not_in_it(installation, made, desk, tmp_path):
    installation.send(forms.filled("uuid:later"))
    assert desk("restore", made, var=tmp_path / "new").exit_code == 0

    rows = rows_of(f"sqlite:///{tmp_path}/new/thucdia.sqlite3")

    assert {row["instance_id"] for row in rows["submission"]} == {"uuid:1", "uuid:2"}
    assert db.session().query(Submission).count() == 3
