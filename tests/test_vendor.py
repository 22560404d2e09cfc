"""The browser assets that are kept here are those that their recipe made."""

import importlib.util
import json
from pathlib import Path

ROOT = Path(__file__).parent.parent


def recipe():
    spec = importlib.util.spec_from_file_location("vendor", ROOT / "tools" / "vendor.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def test_every_asset_is_as_its_manifest_says():
    assert recipe().check() == []


def test_a_changed_asset_is_noticed(tmp_path):
    vendor = recipe()
    (tmp_path / "a.js").write_text("1")
    manifest = {"packages": vendor.locked_versions(), "files": vendor.hashes(tmp_path)}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "a.js").write_text("2")

    assert vendor.check(tmp_path) == ["a.js has changed"]


def test_locks_pin_every_package_by_hash_and_name_no_host():
    for lock in (ROOT / "tools").glob("*/package-lock.json"):
        packages = json.loads(lock.read_text("utf-8"))["packages"]
        del packages[""]
        assert packages
        assert all("integrity" in each and "resolved" not in each for each in packages.values())
