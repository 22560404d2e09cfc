"""The editions shipped with the project, read from the files under `data/`."""

import csv
import datetime as dt
import io
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class ShippedEdition:
    """One line of `editions.csv`; both days are included, no last day means still valid."""

    id: str
    name: str
    valid_from: dt.date
    valid_to: dt.date | None
    source: str


@dataclass(frozen=True)
class ShippedUnit:
    """One unit; `parent_code` is empty for a province."""

    code: str
    parent_code: str
    kind: str
    name: str
    latitude: float | None
    longitude: float | None
    area_km2: float | None


def editions() -> list[ShippedEdition]:
    """Return the shipped editions, oldest first."""
    return [
        ShippedEdition(
            row["id"],
            row["name"],
            dt.date.fromisoformat(row["valid_from"]),
            dt.date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            row["source"],
        )
        for row in _rows("editions.csv")
    ]


def units(edition_id: str) -> list[ShippedUnit]:
    """Return the units of an edition, parents before their children."""
    return [
        ShippedUnit(
            row["code"],
            row["parent_code"],
            row["kind"],
            row["name"],
            _number(row["latitude"]),
            _number(row["longitude"]),
            _number(row["area_km2"]),
        )
        for row in _rows(f"units-{edition_id}.csv")
    ]


def links(old_edition: str, new_edition: str) -> list[tuple[str, str, bool]]:
    """Return (old code, new code, is the default) of every proven succession."""
    return [
        (row["old_code"], row["new_code"], row["is_default"] == "1")
        for row in _rows(f"succession-{old_edition}-{new_edition}.csv")
    ]


def _rows(name: str) -> Iterable[dict[str, str]]:
    text = (files("server.places") / "data" / name).read_text(encoding="utf-8")
    return csv.DictReader(io.StringIO(text))


def _number(text: str) -> float | None:
    return float(text) if text else None
