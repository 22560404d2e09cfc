"""Settings come from the environment, once; odd ones stop the start with a sentence."""

import subprocess
import sys

import pytest

from server.config import SettingsError, from_environment


def test_nothing_set_serves_this_machine_alone_from_the_folder_var(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    settings = from_environment({})

    assert (settings.host, settings.port, settings.demo) == ("127.0.0.1", 8000, True)
    assert settings.var == tmp_path / "var"
    assert settings.database_url == f"sqlite:///{tmp_path}/var/thucdia.sqlite3"
    assert settings.files == f"{tmp_path}/var/files"
    assert settings.max_body_bytes == 100_000_000


def test_what_is_set_but_blank_counts_as_not_set():
    blank = dict.fromkeys(
        [
            "HOST",
            "PORT",
            "THUCDIA_VAR",
            "DATABASE_URL",
            "THUCDIA_FILES",
            "THUCDIA_URL",
            "THUCDIA_SECRET",
        ],
        "",
    )

    assert from_environment(blank) == from_environment({})


def test_everything_can_be_set(tmp_path):
    settings = from_environment(
        {
            "HOST": "0.0.0.0",
            "PORT": "80",
            "THUCDIA_VAR": str(tmp_path),
            "DATABASE_URL": "postgresql://thucdia@db/thucdia",
            "THUCDIA_FILES": "s3://bucket/prefix",
            "THUCDIA_DEMO": "0",
            "THUCDIA_URL": "https://thucdia.example.vn/",
            "THUCDIA_SECRET": "x",
            "THUCDIA_THREADS": "16",
            "THUCDIA_MAX_BODY_MB": "20",
        }
    )

    assert settings.database_url == "postgresql+psycopg://thucdia@db/thucdia"
    assert (settings.host, settings.port, settings.demo) == ("0.0.0.0", 80, False)
    assert settings.public_url == "https://thucdia.example.vn"
    assert (settings.files, settings.var) == ("s3://bucket/prefix", tmp_path)
    assert (settings.threads, settings.max_body_bytes) == (16, 20_000_000)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "8000.0"),
        ("PORT", "８０００"),
        ("PORT", "1_000"),
        ("PORT", "9" * 5000),
        ("THUCDIA_THREADS", "nhiều"),
        ("THUCDIA_MAX_BODY_MB", "0"),
        ("DATABASE_URL", "mysql://root@localhost/thucdia"),
        ("DATABASE_URL", "thucdia.sqlite3"),
        ("THUCDIA_URL", "thucdia.example.vn"),
        ("THUCDIA_URL", "javascript:alert(1)"),
    ],
)
def test_an_odd_value_stops_the_start_with_a_sentence_that_names_it(name, value):
    with pytest.raises(SettingsError, match=name) as stopped:
        from_environment({name: value})

    assert "/" in str(stopped.value), "said in Vietnamese and in English"


def test_the_command_says_so_without_a_trace(tmp_path):
    environment = {"PORT": "tám nghìn", "THUCDIA_VAR": str(tmp_path), "PATH": ""}

    ran = subprocess.run(
        [sys.executable, "-m", "server", "migrate"],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip

    assert ran.returncode == 1
    assert "PORT" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "tiles", ["https://{s}.tiles.example/{z}/{x}/{y}.png", "/tiles/{z}/{x}/{y}.png"]
)
def test_a_background_of_maps_comes_from_another_host_or_from_this_one(tiles):
    assert from_environment({"THUCDIA_TILES": tiles}).tiles == tiles


@pytest.mark.parametrize(
    "tiles",
    ["//tiles.example/{z}/{x}/{y}", "/tiles/{z}/{x}", "tiles/{z}/{x}/{y}", "/a;b/{z}/{x}/{y}"],
)
def test_a_background_that_is_no_address_of_tiles_stops_the_start(tiles):
    with pytest.raises(SettingsError, match="THUCDIA_TILES"):
        from_environment({"THUCDIA_TILES": tiles})
