"""Where photos and workbooks lie: under the hash of their bytes, whole or not at all."""

import hashlib
import io
import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest

from server import files as store
from server.files import Files
from server.problems import Unavailable

SMALL = b"\xff\xd8 small photo"
LARGE = os.urandom(700_000)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def files(tmp_path):
    return Files(str(tmp_path / "files"))


def stored(folder):
    return sorted(path.name for path in Path(folder).rglob("*") if path.is_file())


@pytest.mark.parametrize("data", [b"", SMALL, LARGE], ids=["empty", "small", "large"])
def test_what_is_kept_lies_under_its_hash_and_comes_back_the_same(files, data):
    kept = files.keep_bytes(data)

    assert kept.sha256 == sha256(data)
    assert kept.md5 == hashlib.md5(data).hexdigest()
    assert (kept.size_bytes, files.size(kept.sha256)) == (len(data), len(data))
    assert files.read(kept.sha256) == b"".join(files.chunks(kept.sha256)) == data
    assert files.is_whole(kept.sha256)
    assert stored(files.folder) == [kept.sha256]


def test_the_same_bytes_twice_are_one_file(files):
    assert files.keep_bytes(LARGE) == files.keep_bytes(LARGE)

    assert len(stored(files.folder)) == 1


def test_a_stream_is_kept_from_its_start_wherever_it_stands(files):
    stream = io.BytesIO(LARGE)
    stream.read(1000)

    assert files.read(files.keep(stream).sha256) == LARGE


def test_a_file_that_was_cut_short_is_healed_by_sending_it_again(files):
    kept = files.keep_bytes(LARGE)
    path = files.folder / kept.sha256[:2] / kept.sha256
    path.write_bytes(LARGE[:1000])
    assert not files.is_whole(kept.sha256)

    files.keep_bytes(LARGE)

    assert files.is_whole(kept.sha256)


def test_one_changed_byte_is_seen(files):
    kept = files.keep_bytes(LARGE)
    path = files.folder / kept.sha256[:2] / kept.sha256
    path.write_bytes(LARGE[:1000] + bytes([LARGE[1000] ^ 1]) + LARGE[1001:])

    assert files.size(kept.sha256) == len(LARGE)
    assert not files.is_whole(kept.sha256)


def test_what_is_not_there_is_said_to_be_missing(files):
    nothing = sha256(b"nothing")

    assert files.size(nothing) is None
    assert not files.is_whole(nothing)
    with pytest.raises(FileNotFoundError):
        files.read(nothing)
    with pytest.raises(FileNotFoundError):
        next(files.chunks(nothing))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "photo.jpg",
        "../../etc/passwd",
        "/etc/passwd",
        "a" * 63,
        "a" * 65,
        "A" * 64,
        "g" * 64,
        "a" * 64 + "\n",
        "a" * 64 + "#1",
        "a" * 62 + "/a",
        "\0" * 64,
    ],
)
def test_only_a_hash_is_the_name_of_a_file(files, name):
    with pytest.raises(FileNotFoundError):
        files.read(name)
    with pytest.raises(FileNotFoundError):
        files.remove(name)
    assert files.size(name) is None
    assert not files.is_whole(name)


def test_the_names_are_told_with_the_time_of_storing_and_nothing_else(files):
    kept = files.keep_bytes(SMALL)
    (files.folder / "README").write_text("not ours")
    (files.folder / "ab").mkdir()
    (files.folder / "ab" / f"{'ab' * 32}#1").write_bytes(b"half")

    ((name, stored_at),) = files.names()

    assert name == kept.sha256
    assert abs(stored_at - time.time()) < 60


def test_removing_forgets_a_file(files):
    kept = files.keep_bytes(SMALL)

    files.remove(kept.sha256)

    assert list(files.names()) == []


def test_halves_left_by_a_killed_writer_are_removed_once_they_are_old(files):
    kept = files.keep_bytes(SMALL)
    folder = files.folder / kept.sha256[:2]
    old, new = folder / f"{kept.sha256}#1", folder / f"{kept.sha256}#2"
    old.write_bytes(b"half")
    new.write_bytes(b"half")
    os.utime(old, (time.time() - 90_000,) * 2)

    assert files.remove_partial(86_400) == 1
    assert stored(files.folder) == [kept.sha256, new.name]


def test_a_folder_gives_its_own_path_for_reading(files):
    kept = files.keep_bytes(SMALL)

    with files.local(kept.sha256) as path:
        assert path.read_bytes() == SMALL
    assert files.is_whole(kept.sha256)


def test_a_file_is_on_the_disk_before_keep_returns_even_if_another_began_it(files, monkeypatch):
    """Whoever stored it first may have been killed between writing and syncing."""
    synced = []
    monkeypatch.setattr(store, "_sync", lambda path: synced.append(path))
    kept = files.keep_bytes(SMALL)
    first = list(synced)

    files.keep_bytes(SMALL)

    assert first == synced[len(first) :]
    assert first[0].name == kept.sha256


def test_a_sync_that_fails_fails_the_sending_and_is_not_tried_again(files, monkeypatch):
    """After a failed fsync the kernel may have dropped the pages: a second one would lie."""
    calls = []

    def fails(_path):
        calls.append(1)
        raise OSError("Input/output error")

    monkeypatch.setattr(store, "_sync", fails)

    with pytest.raises(Unavailable, match="cannot take"):
        files.keep_bytes(SMALL)
    assert calls == [1]


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root may mount a small disk"
)
def test_a_full_disk_refuses_with_a_sentence_and_keeps_no_half(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", folder], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        files = Files(str(folder))
        kept = files.keep_bytes(SMALL)
        for data in (LARGE, LARGE[:330_000]):
            with pytest.raises(Unavailable) as refused:
                files.keep_bytes(data)
            assert "hết dung lượng đĩa" in refused.value.text("vi")

        assert files.is_whole(kept.sha256)
        assert not files.is_whole(sha256(LARGE))
        assert all(files.is_whole(name) for name, _ in files.names())
    finally:
        subprocess.run(["umount", folder], check=True)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def s3_server(tmp_path_factory):
    """A SeaweedFS on this machine alone, speaking S3; its address."""
    weed = Path(sys.executable).with_name("weed")
    if not weed.exists():
        pytest.skip("no `weed` beside this Python: install requirements/dev.txt")
    folder = tmp_path_factory.mktemp("weed")
    port = _free_port()
    command = [
        weed, "server", "-s3", f"-s3.port={port}", "-s3.port.iceberg=0", "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1", f"-dir={folder}", f"-master.port={_free_port()}",
        f"-volume.port={_free_port()}", f"-filer.port={_free_port()}",
        f"-master.port.grpc={_free_port()}", f"-volume.port.grpc={_free_port()}",
        f"-filer.port.grpc={_free_port()}", f"-s3.port.grpc={_free_port()}",
        "-master.volumeSizeLimitMB=64", "-volume.max=4",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        if not _has_bucket(f"http://127.0.0.1:{port}/thucdia", process):
            pytest.skip("SeaweedFS did not start: " + (folder / "log").read_text()[-500:])
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _has_bucket(url, process):
    """Tell, within a minute, whether the bucket could be made."""
    for _ in range(120):
        try:
            urllib.request.urlopen(urllib.request.Request(url, method="PUT"), timeout=5)
            return True
        except (HTTPError, URLError, OSError):
            if process.poll() is not None:
                return False
            time.sleep(0.5)
    return False


@pytest.fixture
def s3(s3_server, monkeypatch):
    settings = {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "tests",
        "AWS_REGION": "us-east-1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return Files(f"s3://thucdia/{uuid.uuid4().hex}")


@pytest.mark.slow
def test_s3_keeps_files_under_their_hash_too(s3):
    for data in (b"", SMALL, LARGE, LARGE * 10):
        kept = s3.keep_bytes(data)
        assert kept.sha256 == sha256(data)
        assert s3.size(kept.sha256) == len(data)
        assert s3.read(kept.sha256) == data
        assert s3.is_whole(kept.sha256)
        assert s3.keep_bytes(data) == kept

    assert {name for name, _ in s3.names()} == {
        sha256(data) for data in (b"", SMALL, LARGE, LARGE * 10)
    }


@pytest.mark.slow
def test_what_s3_does_not_hold_is_missing_and_what_is_removed_is_gone(s3):
    kept = s3.keep_bytes(SMALL)
    s3.remove(kept.sha256)

    assert s3.size(kept.sha256) is None
    assert not s3.is_whole(kept.sha256)
    with pytest.raises(FileNotFoundError):
        s3.read(kept.sha256)
    assert s3.remove_partial(0) == 0


@pytest.mark.slow
def test_a_file_on_s3_is_read_through_a_copy(s3):
    kept = s3.keep_bytes(LARGE)

    with s3.local(kept.sha256) as path:
        assert path.read_bytes() == LARGE
    assert not path.exists()


@pytest.mark.slow
def test_an_s3_that_is_away_refuses_with_a_sentence(s3, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{_free_port()}")
    away = Files("s3://thucdia/away")

    with pytest.raises(Unavailable) as refused:
        away.keep_bytes(SMALL)

    assert "kho tệp không ghi được" in refused.value.text("vi")
