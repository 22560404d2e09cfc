"""Where a row lies: by hand, or by the place's code among its values."""

from sqlalchemy.orm import Session

from server.entities import queries, writing
from server.entities.merging import Content
from server.entities.models import Entity, EntityList
from server.entities.writing import Part


def placed(session: Session, found: EntityList, content: Content, part: Part) -> Part:
    """Return `part` with the area that the list's area property says, when it says one."""
    code = content.data.get(found.area_property, "") if found.area_property else ""
    area = queries.area_of(session, found.plan_id, code) if code else None
    return Part(part.team_id, part.owner_id, area) if area else part


def follow_place(session: Session, found: EntityList, entity: Entity, content: Content) -> None:
    """Move a row to the area that its area property now says; those it leaves are stamped.

    A code that is none of the plan's code list leads nowhere.
    """
    if not (found.area_property and content.data.get(found.area_property)):
        return
    before = writing.part_of(entity)
    after = placed(session, found, content, Part(before.team_id, before.owner_id))
    if after.area != before.area:
        writing.stamp(session, found, [before])
        entity.area = after.area
