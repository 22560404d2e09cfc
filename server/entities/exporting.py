"""A list as the office downloads it: the columns that `importing` reads back, as a stream."""

import csv
import io
from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from server.entities.models import Entity, EntityList
from server.entities.tables import AREA, OWNER, TEAM, VERSION, safe
from server.lean import without
from server.teams.models import Person, Team

ROWS_AT_ONCE = 2000


def headings(found: EntityList) -> list[str]:
    """Return the columns of a list's download."""
    properties = [each.name for each in found.properties]
    return ["name", "label", VERSION, *properties, TEAM, OWNER, AREA]


def rows(session: Session, found: EntityList, where: ColumnElement[bool]) -> Iterator[list[str]]:
    """Give the rows that are not deleted, in the order they were added."""
    names = [each.name for each in found.properties]
    query = (
        select(
            Entity.uuid, Entity.label, Entity.version, Entity.data, Entity.area,
            Team.name, Person.email,
        )
        .outerjoin(Team, Team.id == Entity.team_id)
        .outerjoin(Person, Person.id == Entity.owner_id)
        .where(where, Entity.deleted_at.is_(None))
        .order_by(Entity.id)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )  # fmt: skip
    for uuid, label, version, data, area, team, email in session.execute(query):
        values = [data.get(name, "") for name in names]
        whose = [team or "", email or "", area.rpartition("/")[2]]
        yield [uuid, label, str(version), *values, *whose]


def csv_pieces(head: Sequence[str], body: Iterator[list[str]]) -> Iterator[bytes]:
    """Give a CSV that Excel opens rightly (UTF-8 with its mark), some thousand rows at a time."""
    out = io.StringIO("\ufeff")
    out.seek(1)
    writer = csv.writer(out)
    writer.writerow(head)
    for count, row in enumerate(body, start=1):
        writer.writerow([safe(cell) for cell in row])
        if count % ROWS_AT_ONCE == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def workbook(head: Sequence[str], body: Iterator[list[str]]) -> bytes:
    """Return an .xlsx of it; every cell is text, so that codes keep their zeros."""
    with without("numpy"):
        from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("entities")
    sheet.append(list(head))
    for row in body:
        sheet.append([safe(cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
