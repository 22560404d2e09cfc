"""Re-create and check the browser assets kept in server/static/vendor.

The server needs no Node: the assets are committed. Run `python tools/vendor.py` after changing
tools/vendor/ (a version, an icon, bootstrap.scss) or tools/webforms/ (the form that people fill in
a browser); it installs exactly what each package-lock.json names, by its integrity hashes, and
says which files changed. `--check` needs neither Node nor a
network: it compares every file with the manifest.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RECIPE = ROOT / "tools" / "vendor"
MODULES = RECIPE / "node_modules"
WEBFORMS = ROOT / "tools" / "webforms"
VENDOR = ROOT / "server" / "static" / "vendor"
MANIFEST = "manifest.json"

# What we take, package by package: file in the package -> its name beside our own.
COPIED: dict[str, dict[str, str]] = {
    "bootstrap": {"LICENSE": "bootstrap/LICENSE"},
    "bootstrap-icons": {"LICENSE": "icons/LICENSE"},
    "htmx.org": {"dist/htmx.min.js": "htmx/htmx.min.js", "LICENSE": "htmx/LICENSE"},
    "leaflet": {
        "dist/leaflet.js": "leaflet/leaflet.js",
        "dist/leaflet.css": "leaflet/leaflet.css",
        "dist/images/layers.png": "leaflet/images/layers.png",
        "dist/images/layers-2x.png": "leaflet/images/layers-2x.png",
        "dist/images/marker-icon.png": "leaflet/images/marker-icon.png",
        "LICENSE": "leaflet/LICENSE",
    },
}


# What the bundle of the form is made of; the rest that is installed only makes it.
BUNDLED = ("@getodk/web-forms", "vue")


def locked_versions() -> dict[str, str]:
    """Return package name -> version of what we ship, as the two package-lock.json pin it."""
    found: dict[str, str] = {}
    for folder, names in ((RECIPE, tuple(COPIED)), (WEBFORMS, BUNDLED)):
        packages = _locked(folder)
        found |= {name: packages[f"node_modules/{name}"]["version"] for name in names}
    return dict(sorted(found.items()))


def _locked(folder: Path) -> dict[str, Any]:
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    packages: dict[str, Any] = lock["packages"]
    return packages


def run(*command: str, folder: Path = RECIPE) -> None:
    """Run one command in a recipe's folder; stop with a sentence when it is missing or fails."""
    program = shutil.which(command[0])
    if program is None:
        sys.exit(f"vendor: {command[0]} is not installed; Debian has it: apt-get install npm")
    done = subprocess.run([program, *command[1:]], cwd=folder, check=False)  # noqa: S603 our words only
    if done.returncode:
        sys.exit(f"vendor: {' '.join(command)} failed ({done.returncode})")


def copy_packages(target: Path) -> None:
    """Copy the named files of every package into `target`."""
    for package, files in COPIED.items():
        for source, name in files.items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            content = (MODULES / package / source).read_bytes()
            if path.suffix == ".js":  # source maps are not shipped, so nothing may point at them
                content = re.sub(rb"\n//# sourceMappingURL=\S+\s*$", b"\n", content)
            path.write_bytes(content)


def build_bootstrap(target: Path) -> None:
    """Compile bootstrap.scss: our parts of Bootstrap, our colours."""
    run(
        "node",
        "node_modules/sass/sass.js",
        "--load-path=node_modules",
        "--style=compressed",
        "--no-source-map",
        "--quiet-deps",
        "--silence-deprecation=import,global-builtin",
        "bootstrap.scss",
        str(target / "bootstrap" / "bootstrap.css"),
    )


def build_sprite(target: Path) -> None:
    """Join the icons of icons.txt into one file, each a symbol named as the icon."""
    symbols = []
    for name in (RECIPE / "icons.txt").read_text(encoding="utf-8").split():
        svg = (MODULES / "bootstrap-icons" / "icons" / f"{name}.svg").read_text(encoding="utf-8")
        drawing = re.sub(r"\s*\n\s*", "", svg[svg.index(">") + 1 : svg.rindex("</svg>")])
        symbols.append(f'<symbol id="{name}" viewBox="0 0 16 16">{drawing}</symbol>')
    sprite = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    (target / "icons" / "icons.svg").write_text(sprite, encoding="utf-8")


def build_webforms(target: Path) -> None:
    """Bundle the form that people fill in a browser, and gather the licences of what is in it."""
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=WEBFORMS)
    out = target / "webforms"
    run("node", "node_modules/vite/bin/vite.js", "build", f"--outDir={out}", folder=WEBFORMS)
    (out / "LICENSES.txt").write_text("\n".join(_licences()), encoding="utf-8")


def _licences() -> Iterator[str]:
    """Yield what is in the bundle under which licence, and the licences' own words."""
    yield "@getodk/web-forms is bundled with its translated words and without its fonts."
    yield "Apache-2.0: its words stand in the LICENSE of Thực Địa.\n"
    inside = json.loads(
        (WEBFORMS / "node_modules/@getodk/web-forms/package.json").read_text(encoding="utf-8")
    )
    yield "It was built by its authors with:"
    yield from (f"  {name} {version}" for name, version in inside["devDependencies"].items())
    for path, package in _locked(WEBFORMS).items():
        folder = WEBFORMS / path
        if not path or package.get("dev") or not folder.is_dir():
            continue
        name = path.removeprefix("node_modules/")
        yield f"\n{'=' * 72}\n{name} {package['version']} ({package.get('license', 'see below')})\n"
        for text in sorted(folder.glob("LICEN[CS]E*")):
            yield text.read_text(encoding="utf-8").strip()


def hashes(folder: Path) -> dict[str, str]:
    """Return path -> SHA-256 of every file under `folder` but the manifest."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.name != MANIFEST
    }


def differences(wanted: dict[str, str], found: dict[str, str]) -> Iterator[str]:
    """Yield a sentence per file that is missing, changed or not in `wanted`.

    >>> list(differences({"a": "1", "b": "2"}, {"b": "3", "c": "4"}))
    ['a is missing', 'b has changed', 'c is not in the manifest']
    """
    for name in sorted(wanted | found):
        if name not in found:
            yield f"{name} is missing"
        elif name not in wanted:
            yield f"{name} is not in the manifest"
        elif wanted[name] != found[name]:
            yield f"{name} has changed"


def check(folder: Path = VENDOR) -> list[str]:
    """Return what is wrong with the committed assets; nothing when they are as built."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    faults = list(differences(manifest["files"], hashes(folder)))
    if manifest["packages"] != locked_versions():
        faults.append("package-lock.json names other versions than the manifest")
    return faults


def build() -> list[str]:
    """Replace the committed assets by fresh ones and return what changed."""
    run("npm", "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund")
    before = hashes(VENDOR) if VENDOR.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        copy_packages(fresh)
        build_bootstrap(fresh)
        build_sprite(fresh)
        build_webforms(fresh)
        files = hashes(fresh)
        manifest = {"packages": locked_versions(), "files": files}
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        (fresh / MANIFEST).write_text(text, encoding="utf-8")
        shutil.rmtree(VENDOR, ignore_errors=True)
        shutil.copytree(fresh, VENDOR)
    return [name for name in sorted(files | before) if files.get(name) != before.get(name)]


def main() -> None:
    """Build, or with --check compare; exit 1 when a check finds a fault."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare hashes, change nothing")
    if parser.parse_args().check:
        faults = check()
        print("\n".join(faults) or "vendor: every file is as built")
        sys.exit(1 if faults else 0)
    changed = build()
    print("\n".join(f"changed: {name}" for name in changed) or "vendor: nothing changed")


if __name__ == "__main__":
    main()
