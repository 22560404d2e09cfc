"""Official boundaries: the files that were taken in, and the area of each unit they tell."""

import datetime as dt

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Model


class BoundaryImport(Model):
    """A file of areas: who published it under which terms, as of which day, and who took it in.

    The file itself is kept under `sha256`; `attribution` stands on every map that draws one of its
    areas. A withdrawn import keeps its areas, which nothing draws any more. After both, the records
    of its units are judged anew: those beyond `judging_from` (an id) wait, none when it is None.
    """

    __tablename__ = "boundary_import"

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[str] = mapped_column(ForeignKey("edition.id"), index=True)
    file: Mapped[str]
    sha256: Mapped[str]
    source: Mapped[str]
    attribution: Mapped[str]
    as_of: Mapped[dt.date | None]
    units: Mapped[int]
    replaced: Mapped[int]
    imported_at: Mapped[dt.datetime]
    imported_by: Mapped[str]
    withdrawn_at: Mapped[dt.datetime | None]
    withdrawn_by: Mapped[str | None]
    judging_from: Mapped[int | None] = mapped_column(index=True)


class Boundary(Model):
    """One version of a unit's area, never changed; the newest that was not withdrawn is current.

    `fine` and `coarse` are GeoJSON geometries (MultiPolygon, longitude first, WGS 84), simplified
    to about 40 and 200 metres; `vertices` and `coarse_vertices` count their points.
    """

    __tablename__ = "boundary"
    __table_args__ = (
        UniqueConstraint("place_id", "number"),
        Index(
            "uq_boundary_current",
            "place_id",
            unique=True,
            sqlite_where=text("current"),
            postgresql_where=text("current"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("boundary_import.id"), index=True)
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    number: Mapped[int]
    current: Mapped[bool]
    vertices: Mapped[int]
    coarse_vertices: Mapped[int]
    fine: Mapped[str] = mapped_column(Text)
    coarse: Mapped[str] = mapped_column(Text)
