"""Forms, their versions, files and fields as JSON, in the words of ODK Central's clients."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from marshmallow import fields

from server.bodies import Body, Choice, Flag
from server.central import At, Nothing
from server.surveys.fields import STRUCTURES, Field
from server.surveys.models import FormState, FormVersion

_STRUCTURED = {"group": "structure", "repeat": "repeat"}
_TEXT = {"select_one", "select_multiple", "rank", "note", "calculate", "barcode", "binary"}
_TYPES = {"acknowledge": "string", **_STRUCTURED, **dict.fromkeys(_TEXT, "string")}
_KINDS = {"images": "image", "audio": "audio", "video": "video"}


class FormSchema(Body):
    """A form as one of its versions has it, going out."""

    project_id = fields.Integer(attribute="form.plan_id")
    xml_form_id = fields.String(attribute="form.form_id")
    name = fields.String(attribute="title")
    version = fields.String()
    hash = fields.String(attribute="xform_md5")
    sha256 = fields.String(attribute="workbook_sha256")
    state = fields.Enum(FormState, by_value=True, attribute="form.state")
    key_id = fields.Integer(allow_none=True)
    enketo_id = Nothing()
    enketo_once_id = Nothing()
    created_at = At(attribute="form.created_at")
    updated_at = At(attribute="published_at")
    published_at = At()
    notes = fields.String()
    allowed = fields.List(fields.String())
    warnings = fields.List(fields.String())
    validated = fields.Boolean()


class FormPatchSchema(Body):
    """What may be changed of a form."""

    state = Choice([state.value for state in FormState], required=True)


class LinkSchema(Body):
    """Whether a list of the plan stands for a file of a draft."""

    dataset = Flag(required=True)


def attachments(version: FormVersion, made: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Give the files that a version asks for; `made` are those that the server makes itself."""
    held = {media.name: media for media in version.media}
    lists = set(made)
    for need in version.needs:
        media = held.get(need["name"])
        is_list = media is None and need["name"] in lists
        yield {
            "name": need["name"],
            "type": _KINDS.get(need["kind"], "file"),
            "exists": media is not None or is_list,
            "blobExists": media is not None,
            "datasetExists": is_list,
            "hash": media.md5 if media else None,
            "updatedAt": None,
        }


def told_fields(every: Iterable[Field], odata: bool, flatten: bool) -> Iterator[dict[str, Any]]:
    """Give the fields of a form; `odata` with names as OData may have them, `flatten` no groups."""
    known = list(every)
    has_meta = any(each.path == "meta" for each in known)
    for each in known:
        if not (flatten and each.type in STRUCTURES):
            yield _field(each.path, each.type, odata)
    if not has_meta and not flatten:
        yield _field("meta", "group", odata)
    yield _field("meta/instanceID", "string", odata)


def _field(path: str, kind: str, odata: bool) -> dict[str, Any]:
    names = [odata_name(name) if odata else name for name in path.split("/")]
    return {
        "path": "/" + "/".join(names),
        "name": names[-1],
        "type": _TYPES.get(kind, kind),
        "binary": True if kind == "binary" else None,
        "selectMultiple": True if kind == "select_multiple" else None,
    }


_NOT_IN_ODATA = re.compile(r"[^\w]", re.ASCII)


def odata_name(name: str) -> str:
    """Return a name as OData may have it.

    >>> odata_name("so-ho"), odata_name("2024")
    ('so_ho', '_2024')
    """
    found = _NOT_IN_ODATA.sub("_", name)
    return f"_{found}" if found[:1].isdigit() else found
