"""Findings (tồn tại, vướng mắc): the list over all plans, and one beside the answers behind it."""

import re
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from server import web
from server.db import db, transaction
from server.desk import formats, paging, record
from server.desk.verbs import verb
from server.findings import queries, service, words
from server.findings.models import Finding, FindingState
from server.findings.problems import ReasonNeeded, UnknownDecision
from server.findings.queries import Asked, Scope, Tally
from server.monitoring import queries as monitoring
from server.monitoring.models import Plan, Project
from server.permissions import May
from server.places.scope import covers
from server.problems import NotAllowed, NotFound
from server.submissions import queries as submissions
from server.submissions.models import Submission

bp = Blueprint("findings", __name__)
bp.context_processor(formats.helpers)
FILTERS = ("plan", "state", "severity", "project", "commune")
DECISIONS = {"confirm": FindingState.CONFIRMED, "reject": FindingState.REJECTED}
LONGEST_NOTE = 2000
_ROW_NUMBER = re.compile(r"\[\d+\]")


def _scope() -> Scope:
    """Return what this reader sees.

    Whoever sees no records is an officer of a unit under supervision.
    """
    reader = web.reader()
    records, allowed = reader.areas(May.SEE_RECORDS), reader.areas(May.SEE_FINDINGS)
    full = [area for area in allowed if covers(records, area)]
    return Scope(tuple(full), tuple(area for area in allowed if area not in full))


@bp.get("/findings")
@web.requires(May.SEE_FINDINGS)
def findings() -> str:
    """List the findings of every plan that this reader sees, the newest first."""
    session = db.session()
    scope = _scope()
    asked, typed = _asked()
    page = paging.page(session, queries.listed(scope, asked), Finding.id)
    plans = _plans(session)
    tallies = queries.tallies(session, scope, asked.plan_id)
    return render_template(
        "findings/list.html",
        rows=queries.rows(session, page.ids),
        page=page,
        figures=_figures(tallies, asked),
        plans=[(plan.id, plan.name) for plan in plans],
        projects=sorted({each.project_code for each in tallies} - {""}),
        project_names=_project_names(session, plans),
        places=queries.place_names(session, tallies),
        states=[(state.value, formats.word(words.STATES[state])) for state in FindingState],
        levels=[(level, formats.word(words.SEVERITIES[level])) for level in (4, 3, 2, 1)],
        typed=typed,
        narrowed=any(typed.values()),
    )


def _asked() -> tuple[Asked, dict[str, str]]:
    typed = paging.asked(*FILTERS)
    states = {state.value: state for state in FindingState}
    return Asked(
        plan_id=paging.whole("plan"),
        state=states.get(typed["state"]),
        severity=paging.whole("severity"),
        project_code=typed["project"] or None,
        area=typed["commune"] or None,
    ), typed


def _plans(session: Session) -> Sequence[Plan]:
    reader = web.reader()
    if not reader.may(May.SEE_PLANS):
        return []
    return monitoring.plans_for(session, reader.areas(May.SEE_PLANS))


def _project_names(session: Session, plans: Sequence[Plan]) -> dict[str, Project]:
    """Return the projects of the plans' programmes by code."""
    programmes = dict.fromkeys(plan.programme_id for plan in plans)
    return {
        project.code: project
        for programme in programmes
        for project in monitoring.projects(session, programme)
    }


def _figures(tallies: Sequence[Tally], asked: Asked) -> list[dict[str, object]]:
    """Return the headline numbers: how many of each severity, and how many of them wait."""
    fitting = [each for each in tallies if each.fits(asked)]
    found: list[dict[str, object]] = []
    for level in (4, 3, 2, 1):
        here = [each for each in fitting if each.severity == level]
        waiting = sum(each.count for each in here if each.state is FindingState.NEW)
        chosen = asked.severity == level
        found.append(
            {
                "value": formats.number(sum(each.count for each in here)),
                "label": formats.word(words.SEVERITIES[level]),
                "tone": words.SEVERITIES[level][2],
                "hint": _waiting(waiting),
                "url": paging.here(severity=None if chosen else level, before=None, after=None),
            }
        )
    return found


def _waiting(count: int) -> str:
    return str(_("%(count)s chờ kết luận", count=formats.number(count))) if count else ""


@bp.get("/findings/<int:finding_id>")
@web.requires(May.SEE_FINDINGS)
def finding(finding_id: int) -> str:
    """Show one finding beside the answers and photos that raised it."""
    session = db.session()
    found = queries.one(session, finding_id, _scope())
    return _page(session, found)


def _page(session: Session, found: Finding, error: str = "", note: str = "") -> str:
    plan = session.get(Plan, found.plan_id)
    assert plan is not None  # noqa: S101 - a foreign key holds it
    return render_template(
        "findings/finding.html",
        finding=found,
        plan=plan,
        project=_project_names(session, [plan]).get(found.project_code),
        may_settle=_may_settle(found, plan),
        error=error,
        note=note,
        **_evidence(session, found),
    )


def _may_settle(found: Finding, plan: Plan) -> bool:
    """Tell whether this reader may decide: where they hold that right, and not elsewhere."""
    areas = web.reader().areas(May.SETTLE_FINDINGS)
    return covers(areas, plan.area) or bool(found.area and covers(areas, found.area))


def _evidence(session: Session, found: Finding) -> dict[str, Any]:
    """Return the record behind a finding, for those who see records there; else nothing of it."""
    reader = web.reader()
    empty: dict[str, Any] = {"submission": None, "sheet": None, "files": {}}
    empty |= {"marked": [], "history": []}
    if not reader.may(May.SEE_RECORDS):
        return empty
    try:
        held = submissions.one(session, found.submission_id, reader.areas(May.SEE_RECORDS))
    except NotFound:
        return empty
    sheet = record.sheet(held)
    return {
        "submission": held,
        "sheet": sheet,
        "files": record.files(held, sheet),
        "marked": _marked(found, held, sheet),
        "history": [_raised(found), *record.history(session, "finding", found.id)],
    }


def _raised(found: Finding) -> dict[str, str]:
    """Return how the history of a finding begins."""
    what = "finding.raised-by-hand" if found.rule_id == service.BY_HAND else "finding.raised"
    at = formats.moment(found.raised_at)
    return {"at": at, "who": "", "what": formats.word(verb(what)), "note": found.rule_id}


def _marked(found: Finding, held: Submission, sheet: Any) -> list[str]:
    """Return the paths of the questions that the finding names, in every row of a repeat."""
    named = {_ROW_NUMBER.sub("", path) for path in found.questions}
    every = [*sheet.questions(), *sheet.worked_out]
    return [each.path for each in every if _ROW_NUMBER.sub("", each.path) in named]


@bp.post("/findings/<int:finding_id>/settle")
@web.requires(May.SETTLE_FINDINGS)
def settle(finding_id: int) -> Response | tuple[str, int]:
    """Confirm or reject a finding."""
    decision = DECISIONS.get(request.form.get("decision", ""))
    note = request.form.get("note", "")[:LONGEST_NOTE]
    scope = _scope()
    try:
        if decision is None:
            raise UnknownDecision()
        with transaction() as session:
            found = queries.one(session, finding_id, scope, lock=True)
            _refuse_elsewhere(session, found)
            service.settle(session, found, decision, note, web.actor())
    except (UnknownDecision, ReasonNeeded) as problem:
        session = db.session()
        found = queries.one(session, finding_id, scope)
        return _page(session, found, problem.text(web.language()), note), problem.status
    flash(str(_("Đã ghi kết luận.")), "success")
    return redirect(f"/findings/{finding_id}")


def _refuse_elsewhere(session: Session, found: Finding) -> None:
    """Refuse a decision on what this reader may see and not settle.

    Raises:
        NotAllowed: their right to settle lies elsewhere.
    """
    plan = session.get(Plan, found.plan_id)
    if plan is None or not _may_settle(found, plan):
        raise NotAllowed()
