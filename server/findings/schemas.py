"""Findings as JSON."""

from typing import Any

from marshmallow import fields

from server import clock
from server.bodies import Body, Choice, Whole
from server.central import At
from server.findings.models import Finding, FindingState, FindingStep, StepKind

DECIDED = (StepKind.CONFIRM, StepKind.REJECT)


class AskedSchema(Body):
    """Which findings of a plan are asked for."""

    limit = Whole(1, 200, load_default=50)
    before = Whole(1, load_default=None)
    state = Choice([state.value for state in FindingState], load_default=None)
    severity = Whole(1, 4, load_default=None)


class FindingSchema(Body):
    """A finding, going out: what a unit under supervision may read too."""

    id = fields.Integer()
    code = fields.String()
    project_id = fields.Integer(attribute="plan_id")
    state = fields.Enum(FindingState, by_value=True)
    severity = fields.Integer()
    topic = fields.String()
    rule_id = fields.String()
    title = fields.String()
    title_en = fields.String()
    programme_project = fields.String(attribute="project_code")
    table = fields.String(attribute="table_label")
    area = fields.String()
    place = fields.Function(lambda found: _place(found))
    raised_at = At()
    settled_at = At()
    lapsed_at = At()
    due_on = fields.Date(allow_none=True)
    late = fields.Function(lambda found: found.is_late(clock.today()))
    responsible = fields.String()
    level = fields.Function(lambda found: found.level.value if found.level else None)
    asked_due = fields.Date(allow_none=True)
    document_no = fields.String()
    result = fields.Function(lambda found: found.result.value if found.result else None)


def _place(found: Finding) -> dict[str, str] | None:
    return {"code": found.place.code, "name": found.place.name} if found.place else None


class StepSchema(Body):
    """A step in the life of a finding, going out."""

    kind = fields.Enum(StepKind, by_value=True)
    at = At()
    from_state = fields.Enum(FindingState, by_value=True)
    to_state = fields.Enum(FindingState, by_value=True)
    actor = fields.String()
    note = fields.String()
    document = fields.String()
    due_before = fields.Date(allow_none=True)
    due_after = fields.Date(allow_none=True)
    asked_due = fields.Date(allow_none=True)


def step(each: FindingStep, inside: bool) -> dict[str, Any]:
    """Return a step as JSON; who is not `inside` reads neither who decided nor why."""
    told: dict[str, Any] = StepSchema().dump(each)
    if each.kind in DECIDED and not inside:
        told |= {"actor": "", "note": ""}
    return told
