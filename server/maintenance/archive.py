"""Backup and restore: one zip with every row and every file, for either database.

Format `thucdia-backup/1`: `manifest.json` (program, migration, counts, and the SHA-256 of every
member), `tables/<name>.jsonl` (a JSON object a row, bytes in base64), `files/<sha256>`. A backup
is one snapshot; a restore checks every hash before it touches anything, and is one transaction.
As rows are written the same from both engines, it is also the way from SQLite to PostgreSQL.
"""

import base64
import datetime as dt
import enum
import hashlib
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Date, Enum, LargeBinary, Table, func, insert, select, text, update
from sqlalchemy.exc import OperationalError, StatementError
from sqlalchemy.orm import Session

from server import clock, migrate, web
from server.db import Instant, Model, count_anew
from server.files import Files
from server.maintenance import soundness
from server.problems import Problem

FORMAT = "thucdia-backup/1"
TRANSIENT = {
    "sign_in", "sign_in_failure", "entity_copy", "visit_progress", "visit_progress_due",
}  # fmt: skip
BATCH = 500
BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OverflowError,
    KeyError, AttributeError, TypeError, ValueError, OSError, StatementError,
)  # fmt: skip
"""What reading a file may end in that is cut off, changed, or no backup at all."""
Progress = Callable[[str], None]


class BadBackup(Problem):
    """The file is not a whole backup of this program; nothing was changed."""

    code = "maintenance.bad-backup"
    status = 422
    message = "Tệp sao lưu không dùng được: {reason}. Chưa thay đổi gì."
    message_en = "The backup cannot be used: {reason_en}. Nothing was changed."


class BackupFailed(Problem):
    """The backup could not be written; an older one of the same name is untouched."""

    code = "maintenance.backup-failed"
    status = 507
    message = "Không ghi được bản sao lưu vào {file}: {reason}."
    message_en = "The backup cannot be written to {file}: {reason}."


class NotEmpty(Problem):
    """A restore needs an empty installation: it never mixes with what is there."""

    code = "maintenance.not-empty"
    status = 409
    message = (
        "Cơ sở dữ liệu đích đã có dữ liệu. "
        "Hãy khôi phục vào một THUCDIA_VAR hoặc DATABASE_URL trống."
    )
    message_en = "The target already holds data. Restore into an empty THUCDIA_VAR or DATABASE_URL."


def backup(session: Session, files: Files, path: Path, progress: Progress) -> dict[str, Any]:
    """Write a backup to `path`, readable by its owner alone, and return its manifest.

    A file that is missing or spoilt here is named under `damaged` and left out: everything else
    is still worth keeping.

    Raises:
        BackupFailed: no room, or no such folder.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    partial = path.with_name(path.name + ".partial")
    try:
        with (
            os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as out,
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            manifest = _written(session, files, archive, progress)
            archive.writestr("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1))
        _on_disk(partial)
        partial.replace(path)
        _on_disk(path.absolute().parent)
    except OSError as error:
        raise BackupFailed(file=str(path), reason=error.strerror or str(error)) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return manifest


def _on_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _written(
    session: Session, files: Files, archive: zipfile.ZipFile, progress: Progress
) -> dict[str, Any]:
    """Write every row and file into the archive, and return what the manifest says of them."""
    members: dict[str, str] = {}
    counts: dict[str, int] = {}
    damaged: list[str] = []
    for table in _tables():
        progress(table.name)
        name = f"tables/{table.name}.jsonl"
        counter = _Counter(_rows(session, table))
        members[name] = _write(archive, name, counter)
        counts[table.name] = counter.count
    for sha256 in soundness.named(session):
        progress(sha256)
        if files.is_whole(sha256):
            members[f"files/{sha256}"] = _write(archive, f"files/{sha256}", files.chunks(sha256))
        else:
            damaged.append(sha256)
    return {
        "format": FORMAT,
        "program": web.program_version(),
        "migration": migrate.newest(),
        "made_at": clock.now().isoformat(),
        "rows": counts,
        "members": members,
        "damaged": damaged,
    }


def _tables() -> Iterator[Table]:
    for table in Model.metadata.sorted_tables:
        if table.name not in TRANSIENT:
            yield table


class _Counter:
    """Rows as lines of bytes, counted as they pass; a batch of them is one piece."""

    def __init__(self, rows: Iterable[list[dict[str, Any]]]) -> None:
        self.rows, self.count = rows, 0

    def __iter__(self) -> Iterator[bytes]:
        for batch in self.rows:
            self.count += len(batch)
            yield "".join(f"{_to_json(row)}\n" for row in batch).encode()


_to_json = json.JSONEncoder(ensure_ascii=False).encode


def _rows(session: Session, table: Table) -> Iterator[list[dict[str, Any]]]:
    order, names = list(table.primary_key.columns), [column.name for column in table.columns]
    query = select(table).order_by(*order).execution_options(yield_per=BATCH)
    for batch in session.execute(query).partitions():
        yield [dict(zip(names, map(_out, row), strict=True)) for row in batch]


def _out(value: Any) -> Any:
    if value is None or type(value) is str:  # most are
        return value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def _write(archive: zipfile.ZipFile, name: str, pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    with archive.open(name, "w", force_zip64=True) as member:
        for piece in pieces:
            digest.update(piece)
            member.write(piece)
    return digest.hexdigest()


def restore(session: Session, files: Files, path: Path, progress: Progress) -> dict[str, Any]:
    """Fill an empty, migrated database and the file store from a backup; return its manifest.

    Raises:
        BadBackup: cut off, changed, or of another migration; found before anything is written.
        NotEmpty: the database holds people or plans.
    """
    if _holds_anything(session):
        raise NotEmpty()
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _checked(archive, progress)
            for name in manifest["members"]:
                if name.startswith("files/"):
                    _take_file(archive, name, files)
            _empty(session)
            for table in _tables():
                progress(table.name)
                with archive.open(f"tables/{table.name}.jsonl") as member:
                    _load(session, table, member)
            _link_current_versions(session, archive)
    except OperationalError:
        raise
    except BROKEN as error:
        raise BadBackup(reason="tệp bị hỏng hoặc thiếu", reason_en=str(error)) from error
    _reset_counters(session)
    return manifest


def _holds_anything(session: Session) -> bool:
    tables = Model.metadata.tables
    return any(
        session.scalar(select(func.count()).select_from(tables[name]))
        for name in ("person", "plan")
    )


def _checked(archive: zipfile.ZipFile, progress: Progress) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(archive.read("manifest.json"))
    if manifest.get("format") != FORMAT:
        raise BadBackup(reason="không phải tệp sao lưu của Thực Địa", reason_en="another format")
    if manifest.get("migration") != migrate.newest():
        raise BadBackup(
            reason=f"tệp ở bản {manifest.get('migration')}, chương trình ở {migrate.newest()}",
            reason_en=f"it is of migration {manifest.get('migration')}, not {migrate.newest()}",
        )
    missing = {f"tables/{table.name}.jsonl" for table in _tables()} - set(manifest["members"])
    if missing:
        raise BadBackup(reason="thiếu bảng", reason_en=f"it lacks {', '.join(sorted(missing))}")
    for name, expected in manifest["members"].items():
        progress(name)
        digest = hashlib.sha256()
        with archive.open(name) as member:
            while piece := member.read(1 << 18):
                digest.update(piece)
        if digest.hexdigest() != expected:
            raise BadBackup(reason=f"{name} đã bị thay đổi", reason_en=f"{name} was changed")
    return manifest


def _take_file(archive: zipfile.ZipFile, name: str, files: Files) -> None:
    with archive.open(name) as member, tempfile.TemporaryFile() as copy:
        while piece := member.read(1 << 18):
            copy.write(piece)
        files.keep(copy)


def _empty(session: Session) -> None:
    """Remove what a fresh installation brings: code lists and catalogue come from the backup."""
    for table in reversed(list(_tables())):
        if session.scalar(select(func.count()).select_from(table)):
            session.execute(table.delete())


def _load(session: Session, table: Table, lines: IO[bytes]) -> None:
    readers = {column.name: _reader(column.type) for column in table.columns}
    rows = (_in(table, readers, json.loads(line)) for line in lines)
    loaded, counted = 0, 0
    while batch := list(islice(rows, BATCH)):
        session.execute(insert(table), batch)
        loaded += len(batch)
        if loaded > 2 * counted:  # for the rows that refer to others of the same table
            count_anew(session, table)
            counted = loaded
    if loaded > counted:
        count_anew(session, table)


def _in(
    table: Table, readers: dict[str, Callable[[Any], Any]], row: dict[str, Any]
) -> dict[str, Any]:
    """Return a row as the database takes it; KeyError for a column that it has not."""
    read = {name: value if value is None else readers[name](value) for name, value in row.items()}
    if table.name == "form":
        read["current_id"] = None  # its version comes later; see _link_current_versions
    return read


def _reader(kind: Any) -> Callable[[Any], Any]:
    """Return what makes a column's value of what JSON has for it."""
    if isinstance(kind, LargeBinary):
        return base64.b64decode
    if isinstance(kind, Instant):
        return dt.datetime.fromisoformat
    if isinstance(kind, Date):
        return dt.date.fromisoformat
    if isinstance(kind, Enum) and kind.enum_class is not None:
        return kind.enum_class
    return lambda value: value


def _link_current_versions(session: Session, archive: zipfile.ZipFile) -> None:
    form = Model.metadata.tables["form"]
    with archive.open("tables/form.jsonl") as member:
        for line in member:
            row = json.loads(line)
            change = update(form).where(form.c.id == row["id"])
            session.execute(change.values(current_id=row["current_id"]))


def _reset_counters(session: Session) -> None:
    """On PostgreSQL, let every table's counter go on after the highest restored number."""
    if session.get_bind().dialect.name != "postgresql":
        return
    for table in _tables():
        if "id" in table.c and table.c.id.autoincrement and table.c.id.type.python_type is int:
            session.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "  # noqa: S608
                    f"coalesce((SELECT max(id) FROM {table.name}), 0) + 1, false)"
                )
            )
