"""Filled forms as JSON, in the words of ODK Central's clients."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from server.bodies import Body, Choice, Text
from server.central import At
from server.submissions.models import ReviewState, Submission, SubmissionFile, VersionFile
from server.submissions.versions import Difference, Sent

REVIEWED = [ReviewState.APPROVED, ReviewState.HAS_ISSUES, ReviewState.REJECTED]


class SubmissionSchema(Body):
    """A record, going out, by the instanceID it first came under."""

    instance_id = fields.String(attribute="root_instance_id")
    submitter_id = fields.Function(lambda found: found.person_id or 0)
    device_id = fields.String(allow_none=True)
    instance_name = fields.Function(lambda found: found.label or None)
    review_state = fields.Function(lambda found: review_state(found))
    created_at = At(attribute="received_at")
    updated_at = At(attribute="edited_at")
    edits = fields.Function(lambda found: found.number - 1)
    encrypted = fields.Boolean()
    attachments_expected = fields.Integer(attribute="files_named")
    attachments_present = fields.Integer(attribute="files_held")


class ReviewSchema(Body):
    """A reviewer's decision, coming in."""

    review_state = Choice([state.value for state in REVIEWED], required=True)
    reason = Text(4000, load_default="", lines=True)


class NewCommentSchema(Body):
    """A comment, coming in."""

    body = Text(4000, least=1, required=True, lines=True)


class CommentSchema(Body):
    """A comment, going out; `path` is the answer it is about."""

    body = fields.String()
    path = fields.String()
    actor_id = fields.Function(lambda comment: comment.person_id or 0)
    actor = fields.Function(
        lambda comment: {"id": comment.person_id or 0, "displayName": comment.actor}
    )
    created_at = At(attribute="at")


class VersionSchema(Body):
    """One content of a record, going out."""

    instance_id = fields.String()
    instance_name = fields.Function(lambda sent: sent.label or None)
    submitter_id = fields.Function(lambda sent: sent.person_id or 0)
    submitter = fields.Function(
        lambda sent: {"id": sent.person_id or 0, "displayName": sent.person or None}
    )
    device_id = fields.Function(lambda sent: sent.device_id or None)
    user_agent = fields.Constant(None)
    form_version = fields.String(attribute="version")
    reason = fields.String()
    number = fields.Integer()
    current = fields.Boolean(attribute="newest")
    created_at = At(attribute="received_at")


def review_state(found: Submission) -> str | None:
    """Return what was decided on a record, None before anything was."""
    return None if found.review_state is ReviewState.RECEIVED else found.review_state.value


_SUBMISSION = SubmissionSchema()  # putting a schema together takes longer than using it
_VERSION = VersionSchema()


def submission(found: Submission, person: str | None, version: str) -> dict[str, Any]:
    """Return a record as JSON, with the content that stands."""
    told: dict[str, Any] = _SUBMISSION.dump(found)
    submitter = {"id": found.person_id or 0, "displayName": person}
    return {
        **told,
        "submitter": submitter,
        "userAgent": None,
        "formVersion": version,
        "currentVersion": {
            "instanceId": found.instance_id,
            "instanceName": told["instanceName"],
            "submitterId": told["submitterId"],
            "deviceId": told["deviceId"],
            "userAgent": None,
            "createdAt": told["updatedAt"] or told["createdAt"],
            "current": True,
        },
    }


def sent(each: Sent) -> dict[str, Any]:
    """Return one content of a record as JSON."""
    told: dict[str, Any] = _VERSION.dump(each)
    return told


def files(held: Mapping[str, SubmissionFile | VersionFile]) -> list[dict[str, Any]]:
    """Return the files that a content names, and whether they have come."""
    return [{"name": name, "exists": each.sha256 is not None} for name, each in held.items()]


_STEP = re.compile(r"(.+)\[(\d+)\]")


def difference(each: Difference) -> dict[str, Any]:
    """Return what two contents answer differently.

    >>> difference(Difference("tv[2]/ten", "Lan", None))
    {'path': ['tv', 1, 'ten'], 'old': 'Lan', 'new': None}
    """
    path: list[str | int] = []
    for step in each.path.split("/"):
        row = _STEP.fullmatch(step)
        path += [row[1], int(row[2]) - 1] if row else [step]
    return {"path": path, "old": each.before, "new": each.after}
