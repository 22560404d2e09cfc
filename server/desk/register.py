"""The register of findings: by group first ('n of m interviewed'), each one on request."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from server import clock, web
from server.db import db, transaction
from server.desk import afterwards, formats, paging
from server.desk import finding_rights as rights
from server.fields import Fields
from server.findings import deadlines, queries, register, together, words
from server.findings.models import Authority, Finding, FindingGroup, FindingState
from server.findings.problems import ReasonNeeded, StepRefused, UnknownDecision
from server.findings.queries import Asked, Tally
from server.findings.register import Row
from server.findings.remedy import Unit
from server.monitoring import queries as monitoring
from server.monitoring.models import Plan, Project
from server.permissions import May
from server.places.models import Place
from server.problems import NotAllowed, Problem

bp = Blueprint("findings_register", __name__)
bp.context_processor(formats.helpers)
FILTERS = ("plan", "state", "severity", "project", "commune", "view", "kind")
DECISIONS = {"confirm": FindingState.CONFIRMED, "reject": FindingState.REJECTED}
LATE, SOON, ASKED = "qua_han", "sap_den_han", "xin_gia_han"
EACH, PRAISE = "each", "tich_cuc"
SOON_DAYS = dt.timedelta(days=7)


@bp.get("/findings")
@web.requires(May.SEE_FINDINGS)
def findings() -> str:
    """List the findings of every plan that this reader sees, the newest first."""
    session = db.session()
    scope = rights.scope()
    asked, typed = _asked()
    each = typed["view"] == EACH
    if each:
        page = paging.page(session, queries.listed(scope, asked), Finding.id)
        shown: Sequence[Any] = queries.rows(session, page.ids)
    else:
        page = paging.page(session, queries.groups_listed(scope, asked), FindingGroup.id)
        shown = register.rows(session, page.ids, scope)
    plans = plans_seen(session)
    tallies = queries.tallies(session, scope, asked)
    return render_template(
        "findings/list.html",
        rows=shown,
        each=each,
        page=page,
        figures=_figures(tallies, asked),
        running=_running(session, scope, asked),
        today=clock.today(),
        plans=[(plan.id, plan.name) for plan in plans],
        projects=sorted({found.project_code for found in tallies} - {""}),
        project_names=project_names(session, plans),
        places=queries.place_names(session, tallies),
        states=_states(),
        levels=[(level, formats.word(words.SEVERITIES[level])) for level in (4, 3, 2, 1)],
        typed=typed,
        narrowed=any(value for name, value in typed.items() if name not in ("view", "kind")),
        here=paging.here,
    )


def _states() -> list[tuple[str, str]]:
    known = [(state.value, formats.word(words.STATES[state])) for state in FindingState]
    late, soon = formats.word(words.LATE), str(_("Đến hạn trong 7 ngày"))
    return [*known, (LATE, late), (SOON, soon), (ASKED, str(_("Xin gia hạn, chờ trả lời")))]


def _asked() -> tuple[Asked, dict[str, str]]:
    typed = paging.asked(*FILTERS)
    states = {state.value: state for state in FindingState}
    today = clock.today()
    return Asked(
        plan_id=web.asked_key("plan"),
        state=states.get(typed["state"]),
        late=today if typed["state"] == LATE else None,
        soon=today + SOON_DAYS if typed["state"] == SOON else None,
        more_time=typed["state"] == ASKED,
        praise=typed["kind"] == PRAISE,
        severity=web.asked_key("severity"),
        project_code=typed["project"] or None,
        area=typed["commune"] or None,
    ), typed


def plans_seen(session: Session) -> Sequence[Plan]:
    """Return the plans that this reader sees, to choose among."""
    reader = web.reader()
    if not reader.may(May.SEE_PLANS):
        return []
    return monitoring.plans_for(session, reader.areas(May.SEE_PLANS))


def project_names(session: Session, plans: Sequence[Plan]) -> dict[str, Project]:
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


def _running(session: Session, scope: queries.Scope, asked: Asked) -> list[dict[str, object]]:
    """Return the deadlines that have passed or soon will, as headline numbers; none, none."""
    late, soon = queries.running(session, scope, asked, clock.today() + SOON_DAYS)
    found: list[dict[str, object]] = []
    for count, label, state, tone in (
        (late, _("phát hiện quá hạn khắc phục"), LATE, "bad"),
        (soon, _("đến hạn trong 7 ngày"), SOON, "wait"),
    ):
        if count:
            url = paging.here(state=state, before=None, after=None)
            value = formats.number(count)
            found.append({"value": value, "label": str(label), "url": url, "tone": tone})
    return found


@bp.get("/findings/groups/<int:group_id>")
@web.requires(May.SEE_FINDINGS)
def group(group_id: int) -> str:
    """Show one rule at one visit: in how many interviews, in which, and what it repeats."""
    session = db.session()
    return _page(session, register.one(session, group_id, rights.scope()), {})


def _page(session: Session, row: Row, errors: dict[str, str], typed: Fields | None = None) -> str:
    scope, found = rights.scope(), row.group
    plan = _plan(session, found.plan_id)
    page = paging.page(session, register.members(found.id, scope), Finding.id)
    members = register.member_rows(session, page.ids)
    settles = rights.holds(May.SETTLE_FINDINGS, found, plan)
    first = next((each for each in members if each.state is FindingState.CONFIRMED), None)
    return render_template(
        "findings/group.html",
        row=row,
        group=found,
        plan=plan,
        project=project_names(session, [plan]).get(found.project_code),
        page=page,
        members=members,
        inside=rights.holds(May.SEE_RECORDS, found, plan),
        alike=register.alike(session, found, scope),
        may_settle=settles and FindingState.NEW in row.states,
        may_assign=settles and FindingState.CONFIRMED in row.states,
        unit=unit_of(found.place),
        due=deadlines.default_due(first, clock.today()) if first else None,
        levels=levels(first),
        today=clock.today(),
        errors=errors,
        typed=typed or {},
    )


def unit_of(place: Place | None) -> str:
    """Return the unit that is proposed for a remedy: the people's committee of the commune."""
    return f"UBND {place.name[0].lower()}{place.name[1:]}" if place else ""


def levels(found: Finding | None) -> list[tuple[str, str]]:
    """Return the levels that a finding can be assigned to, to choose among."""
    ladder = deadlines.ladder(found) if found is not None else list(Authority)
    return [(level.value, formats.word(words.LEVELS[level])) for level in ladder]


def _plan(session: Session, plan_id: int) -> Plan:
    plan = session.get(Plan, plan_id)
    assert plan is not None  # noqa: S101 - a foreign key holds it
    return plan


@bp.post("/findings/groups/<int:group_id>/settle")
@web.requires(May.SETTLE_FINDINGS)
def settle(group_id: int) -> Response | tuple[str, int]:
    """Confirm or reject all findings of a group that wait."""
    fields = Fields(request.form)
    decision = DECISIONS.get(fields["decision"])
    scope = rights.scope()
    try:
        if decision is None:
            raise UnknownDecision()
        with transaction() as session:
            found = _allowed(session, group_id, scope)
            note = fields.text("note", 2000)
            count = together.settle(session, found, decision, note, web.actor())
    except (UnknownDecision, ReasonNeeded, StepRefused) as problem:
        return _refused(group_id, problem, "note", fields)
    afterwards.follow()
    flash(str(_("Đã kết luận %(count)s phát hiện.", count=count)), "success")
    return redirect(f"/findings/groups/{group_id}")


@bp.post("/findings/groups/<int:group_id>/assign")
@web.requires(May.SETTLE_FINDINGS)
def assign(group_id: int) -> Response | tuple[str, int]:
    """Assign all confirmed findings of a group to one unit."""
    fields = Fields(request.form)
    unit = Unit(fields.text("responsible"), fields.choice("level", Authority, Authority.COMMUNE))
    due = fields.day("due_on")
    scope = rights.scope()
    if fields.errors:
        return _shown_again(group_id, fields.errors, fields), 422
    try:
        with transaction() as session:
            found = _allowed(session, group_id, scope)
            document = fields.text("document")
            count = together.assign(session, found, unit, due, document, web.actor())
    except StepRefused as problem:
        return _refused(group_id, problem, problem.field or "responsible", fields)
    afterwards.follow()
    flash(str(_("Đã giao %(count)s phát hiện.", count=count)), "success")
    return redirect(f"/findings/groups/{group_id}")


def _allowed(session: Session, group_id: int, scope: queries.Scope) -> FindingGroup:
    """Return a group that this reader may decide on.

    Raises:
        NotFound: they do not see it.
        NotAllowed: they see it, and decide elsewhere.
    """
    found = register.one(session, group_id, scope).group
    if not rights.holds(May.SETTLE_FINDINGS, found, _plan(session, found.plan_id)):
        raise NotAllowed()
    return found


def _refused(group_id: int, problem: Problem, name: str, fields: Fields) -> tuple[str, int]:
    errors = {name: problem.text(web.language())}
    return _shown_again(group_id, errors, fields), problem.status


def _shown_again(group_id: int, errors: dict[str, str], fields: Fields) -> str:
    session = db.session()
    return _page(session, register.one(session, group_id, rights.scope()), errors, fields)
