"""What clients of ODK Central expect beside our own words: numbers of refusals, times, flags.

Its clients (pyodk, ruODK, QGIS plugins) find a refusal by a number such as 409.3, whose whole part
is the HTTP status; our own code stands beside it.
"""

import datetime as dt
from typing import Any

from marshmallow import fields

from server.problems import Problem

NUMBERS = {
    "sign-in-needed": 401.2,
    "teams.wrong-password": 401.2,
    "surveys.warnings": 400.16,
    "surveys.no-draft-made": 404.1,
    "surveys.form-closed": 409.2,
    "surveys.version-taken": 409.6,
    "surveys.only-a-draft": 409.7,
    "submissions.plan-closed": 409.2,
    "submissions.instance-conflict": 409.1,
    "submissions.edit-outdated": 409.9,
    "submissions.edit-names-nothing": 400.19,
    "entities.version-conflict": 409.15,
    "bug": 500.1,
}
USUAL = {400: 400.8, 401: 401.2, 403: 403.1, 404: 404.1, 409: 409.3}
"""Where nothing else is said of a refusal: by its status."""


ACTIONS = {
    "submission.received": "submission.create",
    "submission.edited": "submission.update.version",
    "submission.reviewed": "submission.update",
    "submission.files-received": "submission.attachment.update",
    "submission.file-cleared": "submission.attachment.update",
    "entity.created": "entity.create",
    "entity.updated": "entity.update.version",
    "entity.resolved": "entity.update.resolve",
    "entity.deleted": "entity.delete",
    "entity.restored": "entity.restore",
}
"""What clients call the journal's verbs; others go by our own word."""


def action(verb: str) -> str:
    """Return what clients call a verb of the journal."""
    return ACTIONS.get(verb, verb)


def number(problem: Problem) -> float:
    """Return the number under which a refusal is known.

    >>> number(Problem())
    400.8
    """
    known = NUMBERS.get(problem.code) or USUAL.get(problem.status)
    if known is None or int(known) != problem.status:
        return problem.status + 0.1
    return known


def moment(at: dt.datetime) -> str:
    """Return an instant in UTC with its milliseconds, which some clients cut off at the point.

    >>> moment(dt.datetime(2024, 3, 8, 18, 15, tzinfo=dt.timezone(dt.timedelta(hours=7))))
    '2024-03-08T11:15:00.000Z'
    """
    return at.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class At(fields.AwareDateTime):
    """An instant, going out."""

    def __init__(self, **more: Any) -> None:
        super().__init__(dump_only=True, **more)

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str | None:
        return None if value is None else moment(value)


class Nothing(fields.Raw):
    """A key that clients look for and that means nothing here: always null."""

    def __init__(self) -> None:
        super().__init__(dump_only=True)

    def serialize(self, *_: Any, **__: Any) -> None:
        """Return null, whatever the row has."""
