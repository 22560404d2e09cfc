"""Findings for programs: those of a plan that the caller sees, and one with its thread."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from server import programs, web
from server.db import db
from server.desk import finding_rights as rights
from server.findings import queries, register
from server.findings.models import Finding, FindingState
from server.findings.queries import Asked
from server.findings.schemas import AskedSchema, FindingSchema, step
from server.monitoring import queries as monitoring
from server.permissions import May
from server.problems import NotFound
from server.submissions import queries as submissions
from server.submissions.models import Submission

bp = programs.Addresses("findings_api", __name__)
ALL = "/v1/projects/<int:plan_id>/findings"


def _plan(session: Session, plan_id: int) -> None:
    monitoring.plan_for(session, plan_id, web.reader().areas(May.SEE_FINDINGS))


@bp.get(ALL)
@web.requires(May.SEE_FINDINGS)
def findings(plan_id: int) -> Response:
    """List the findings of a plan, the newest first; `next` is where the older ones are."""
    session = db.session()
    _plan(session, plan_id)
    asked = programs.asked(AskedSchema())
    state = FindingState(asked["state"]) if asked["state"] else None
    query = queries.listed(rights.scope(), Asked(plan_id, state, severity=asked["severity"]))
    if asked["before"] is not None:
        query = query.where(Finding.id < asked["before"])
    limit = asked["limit"]
    ids = session.scalars(query.order_by(Finding.id.desc()).limit(limit + 1)).all()
    told = FindingSchema(many=True).dump(queries.rows(session, ids[:limit]))
    older = programs.here(before=ids[limit - 1]) if len(ids) > limit else None
    return programs.answer({"findings": told, "next": older})


@bp.get(f"{ALL}/<int:finding_id>")
@web.requires(May.SEE_FINDINGS)
def finding(plan_id: int, finding_id: int) -> Response:
    """Tell of one finding, step by step; of the record behind it to those who see that."""
    session = db.session()
    _plan(session, plan_id)
    found = queries.one(session, finding_id, rights.scope())
    if found.plan_id != plan_id:
        raise NotFound()
    behind = _behind(session, found)
    told: dict[str, Any] = FindingSchema().dump(found)
    steps = register.steps_of(session, found.id)
    return programs.answer(
        {
            **told,
            "submission": {
                "xmlFormId": behind.form.form_id,
                "instanceId": behind.root_instance_id,
                "questions": found.questions,
            }
            if behind
            else None,
            "steps": [step(each, inside=behind is not None) for each in steps],
        }
    )


def _behind(session: Session, found: Finding) -> Submission | None:
    """Return the record behind a finding, None for those who may not see it."""
    reader = web.reader()
    if not reader.may(May.SEE_RECORDS):
        return None
    try:
        return submissions.one(session, found.submission_id, reader.areas(May.SEE_RECORDS))
    except NotFound:
        return None
