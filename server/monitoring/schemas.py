"""Plans as JSON: the projects that clients of ODK Central know."""

from marshmallow import fields

from server.bodies import Body, Flag, Text
from server.central import At, Nothing
from server.monitoring.models import Plan, PlanState


class ProjectSchema(Body):
    """A plan, going out. `description` is its number and the agency that issued it."""

    id = fields.Integer()
    name = fields.String()
    description = fields.Function(lambda plan: _description(plan))
    archived = fields.Function(lambda plan: plan.state is PlanState.CLOSED)
    area = fields.String()
    edition = fields.String(attribute="edition_id")
    programme = fields.String(attribute="programme_id")
    starts_on = fields.Date()
    ends_on = fields.Date()
    created_at = At()
    updated_at = Nothing()
    deleted_at = Nothing()


def _description(plan: Plan) -> str | None:
    return ", ".join(filter(None, [plan.number, plan.agency])) or None


class NewProjectSchema(Body):
    """A plan, coming in. Without `place` it is over the area that the caller coordinates."""

    name = Text(300, least=1, required=True)
    number = Text(60, load_default="")
    agency = Text(200, load_default="")
    programme = Text(60, load_default="")
    edition = Text(20, load_default="")
    place = Text(20, load_default="")


class ProjectPatchSchema(Body):
    """What may be changed of a plan."""

    name = Text(300, least=1)
    number = Text(60)
    agency = Text(200)
    archived = Flag()
