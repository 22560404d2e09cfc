"""Lists and their rows as JSON: the datasets and entities of ODK Central's clients."""

from typing import Any

from marshmallow import fields

from server.bodies import Body, Flag, Several, Text, Values
from server.central import At, Nothing
from server.entities.models import Conflict, Entity, EntityList, EntityVersion
from server.surveys.schemas import odata_name

MOST_ROWS = 100_000


class ListSchema(Body):
    """A list, going out."""

    name = fields.String()
    project_id = fields.Integer(attribute="plan_id")
    title = fields.String()
    created_at = At()
    approval_required = fields.Boolean()
    owner_only = fields.Constant(False)


class NewListSchema(Body):
    """A list, coming in."""

    name = Text(100, least=1, required=True)
    approval_required = Flag(load_default=False)
    title = Text(200, load_default="")


class ListPatchSchema(Body):
    """What may be changed of a list."""

    approval_required = Flag()
    title = Text(200, least=1)


class NewPropertySchema(Body):
    """A property, coming in."""

    name = Text(100, least=1, required=True)


class RowSchema(Body):
    """A row, coming in. What it may hold is the list's own matter."""

    uuid = Text(60, least=1, load_default=None, allow_none=True)
    label = Text(10_000, least=1, required=True)
    data = Values(load_default=dict)


class SourceSchema(Body):
    """Where many rows come from."""

    name = Text(200, load_default="")
    size = fields.Raw(allow_none=True)


class NewRowsSchema(Body):
    """One row, or many with where they come from, coming in."""

    uuid = Text(60, least=1, allow_none=True)
    label = Text(10_000)
    data = Values()
    entities = Several(fields.Nested(RowSchema), most=MOST_ROWS)
    source = fields.Nested(SourceSchema)


class RowPatchSchema(Body):
    """What is changed of a row."""

    label = Text(10_000)
    data = Values(load_default=dict)


class IdsSchema(Body):
    """Which rows are meant."""

    ids = Several(Text(60), most=MOST_ROWS, required=True)


class VersionSchema(Body):
    """One version of a row, going out, without its values."""

    version = fields.Integer()
    label = fields.String()
    created_at = At()
    creator_id = fields.Function(lambda version: version.person_id or 0)
    creator = fields.Function(lambda v: {"id": v.person_id or 0, "displayName": v.actor})
    user_agent = fields.String(attribute="agent")
    base_version = fields.Integer(allow_none=True)
    branch_id = fields.String(allow_none=True)
    trunk_version = fields.Integer(allow_none=True)
    branch_base_version = fields.Integer(allow_none=True)
    conflicting_properties = fields.Function(lambda version: version.conflicting or None)
    conflict = fields.Function(lambda version: said(version.conflict))


class EntitySchema(Body):
    """A row, going out, without its versions."""

    uuid = fields.String()
    created_at = At()
    updated_at = At()
    deleted_at = At()
    conflict = fields.Function(lambda entity: said(entity.conflict))


class PropertySchema(Body):
    """A property, going out; `forms` are the ids of those that save to it."""

    name = fields.String()
    odata_name = fields.Function(lambda each: odata_name(each.name))
    published_at = At(attribute="created_at")
    forms = Nothing()


def said(conflict: Conflict) -> str | None:
    """Return how grave a conflict is, None when there is none."""
    return None if conflict is Conflict.NONE else conflict.value


_VERSION = VersionSchema()  # putting a schema together takes longer than using it
_ENTITY = EntitySchema()


def version(each: EntityVersion, current: bool, whole: bool = True) -> dict[str, Any]:
    """Return one version as JSON; `whole` with its values."""
    told: dict[str, Any] = {**_VERSION.dump(each), "current": current}
    return {**told, "data": each.data, "dataReceived": each.received} if whole else told


def entity(
    row: Entity, newest: EntityVersion, creator: int | None, whole: bool = True
) -> dict[str, Any]:
    """Return a row as JSON with its newest version; `whole` with its values."""
    told: dict[str, Any] = _ENTITY.dump(row)
    return {
        **told,
        "creatorId": creator or 0,
        "currentVersion": version(newest, current=True, whole=whole),
    }


def odata(
    found: EntityList, row: Entity, newest: EntityVersion, creator: int | None
) -> dict[str, Any]:
    """Return a row as a table of OData has it."""
    told: dict[str, Any] = _ENTITY.dump(row)
    return {
        "__id": row.uuid,
        "label": row.label,
        **{odata_name(each.name): row.data.get(each.name, "") for each in found.properties},
        "__system": {
            "createdAt": told["createdAt"],
            "creatorId": str(creator or 0),
            "creatorName": newest.actor if newest.version == 1 else None,
            "updates": row.version - 1,
            "updatedAt": told["updatedAt"],
            "version": row.version,
            "conflict": told["conflict"],
            "deletedAt": told["deletedAt"],
        },
    }
