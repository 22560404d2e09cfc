"""Editions of the official code list, the places they list, their successions, and hamlets."""

import datetime as dt
import enum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Model, by_value

# Sort keys order by their bytes; a language's own collation would order them anew.
Ordered = String().with_variant(String(collation="C"), "postgresql")
_POINT = "(latitude IS NULL) = (longitude IS NULL)"


class Level(enum.Enum):
    """The level of a unit; districts end with edition 2025-07."""

    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"

    @classmethod
    def of(cls, code: str) -> "Level":
        """Return the level that a code's length tells: 2, 3 or 5 digits (Decision 124/2004).

        >>> Level.of("36"), Level.of("359"), Level.of("13753")
        (<Level.PROVINCE: 'province'>, <Level.DISTRICT: 'district'>, <Level.COMMUNE: 'commune'>)
        """
        return {2: cls.PROVINCE, 3: cls.DISTRICT, 5: cls.COMMUNE}[len(code)]


class Edition(Model):
    """The official code list as it stood over a span of days, both ends included."""

    __tablename__ = "edition"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="span_runs_forward"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    valid_from: Mapped[dt.date] = mapped_column(index=True)
    valid_to: Mapped[dt.date | None]
    source: Mapped[str]


class Place(Model):
    """A province, district or commune (tỉnh, huyện, xã) of one edition.

    `kind` is the field's own word ('Xã', 'Thị trấn', 'Đặc khu'), `name` carries it: 'Xã Hợp Hưng'.
    Degrees are WGS 84; before edition 2025-07 they are only near the unit.
    """

    __tablename__ = "place"
    __table_args__ = (
        UniqueConstraint("edition_id", "code"),
        ForeignKeyConstraint(["edition_id", "parent_code"], ["place.edition_id", "place.code"]),
        CheckConstraint(_POINT, name="point_is_whole"),
        CheckConstraint("area_km2 > 0", name="area_is_positive"),
        CheckConstraint("(level = 'province') = (parent_code IS NULL)", name="province_is_top"),
        Index(None, "edition_id", "parent_code", "sort_key"),
        Index(None, "edition_id", "province_code"),
        Index(None, "edition_id", "folded"),
        Index(None, "edition_id", "latitude", "longitude"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[str] = mapped_column(ForeignKey("edition.id"))
    code: Mapped[str]
    level: Mapped[Level] = mapped_column(by_value(Level))
    kind: Mapped[str]
    name: Mapped[str]
    parent_code: Mapped[str | None]
    province_code: Mapped[str]
    folded: Mapped[str]
    sort_key: Mapped[str] = mapped_column(Ordered)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    area_km2: Mapped[float | None]

    @property
    def area(self) -> str:
        """Return the path that scopes use, '2024/36/359/13753': all beneath begins alike."""
        return area_of(self)


def area_of(place: Any) -> str:
    """Return `Place.area` of a row that has its columns too."""
    parts = [place.edition_id, place.province_code, place.parent_code, place.code]
    return "/".join(dict.fromkeys(part for part in parts if part))


class Succession(Model):
    """What became of a unit: where its land lies in the following edition.

    A unit that was split has several successors; `is_default` marks the one to take when nothing
    finer is known. A unit without a row is not followed: the lists do not prove where it went.
    """

    __tablename__ = "succession"
    __table_args__ = (
        Index(
            "uq_succession_default",
            "old_id",
            unique=True,
            sqlite_where=text("is_default"),
            postgresql_where=text("is_default"),
        ),
    )

    old_id: Mapped[int] = mapped_column(ForeignKey("place.id"), primary_key=True)
    new_id: Mapped[int] = mapped_column(ForeignKey("place.id"), primary_key=True, index=True)
    is_default: Mapped[bool]


class Hamlet(Model):
    """A thôn, bản, ấp, xóm or tổ dân phố, as an office listed it, inside one commune.

    There is no official code list: `code` is the office's own, or ours (commune code and a
    number), and names one hamlet in the whole edition.
    """

    __tablename__ = "hamlet"
    __table_args__ = (
        UniqueConstraint("edition_id", "code"),
        CheckConstraint(_POINT, name="point_is_whole"),
        CheckConstraint("radius_m > 0", name="radius_is_positive"),
        CheckConstraint("households >= 0", name="households_are_counted"),
        CheckConstraint("valid_from <= valid_to", name="span_runs_forward"),
        Index(None, "place_id", "sort_key"),
        Index(None, "edition_id", "latitude", "longitude"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[str] = mapped_column(ForeignKey("edition.id"))
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    code: Mapped[str]
    name: Mapped[str]
    folded: Mapped[str]
    sort_key: Mapped[str] = mapped_column(Ordered)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    radius_m: Mapped[int | None]
    households: Mapped[int | None]
    valid_from: Mapped[dt.date | None]
    valid_to: Mapped[dt.date | None]
    source: Mapped[str]
