"""The records of a plan (phiếu đã nhận): the list, and one record with all that bears on it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock, web
from server.db import db
from server.desk import answers, downloads, formats, paging, record
from server.desk.answers import Question
from server.findings import queries as findings
from server.monitoring import queries as monitoring
from server.monitoring.models import Plan
from server.permissions import May
from server.places.models import Place
from server.places.scope import covers
from server.submissions import queries, rights, words
from server.submissions.intake import at
from server.submissions.models import ReviewState, Submission, SubmissionOpened
from server.submissions.queries import Asked
from server.surveys import fields as form_fields
from server.surveys import queries as surveys
from server.surveys.fields import Field
from server.surveys.models import Form, FormVersion
from server.teams.models import Team

bp = Blueprint("submissions", __name__)
bp.context_processor(formats.helpers)
FILTERS = ("form", "commune", "team", "state", "q", "from", "to")


@dataclass(frozen=True)
class Row:
    """A record as the list shows it."""

    submission: Submission
    findings: tuple[int, int] | None
    is_odd: bool
    cells: list[str]


@bp.get("/plans/<int:plan_id>/submissions")
@web.requires(May.SEE_RECORDS)
def submissions(plan_id: int) -> str:
    """List the records of a plan, the newest first."""
    session = db.session()
    areas = web.reader().areas(May.SEE_RECORDS)
    plan = monitoring.plan_for(session, plan_id, areas)
    forms = surveys.forms(session, plan.id)
    asked, typed = _asked(forms)
    page = paging.page(session, queries.listed(plan, areas, asked), Submission.id)
    form = next((each for each in forms if each.id == asked.form_pk), None)
    columns, offered = _columns(session, form)
    return render_template(
        "submissions/list.html",
        plan=plan,
        rows=_rows(session, page.ids, columns),
        columns=columns,
        offered=offered,
        page=page,
        form_options=[(each.form_id, each.title) for each in forms],
        places=_places(session, plan, areas),
        teams=_teams(session, plan),
        states=[(state.value, formats.word(words.STATES[state])) for state in ReviewState],
        typed=typed,
        narrowed=any(typed.values()),
        total=queries.held_of_plan(session, plan),
    )


def _asked(forms: Sequence[Form]) -> tuple[Asked, dict[str, str]]:
    """Return what the list is narrowed to, and the same as typed; what is not valid is left out."""
    typed = paging.asked(*FILTERS)
    held = {each.form_id: each.id for each in forms}
    states = {state.value: state for state in ReviewState}
    first, last = _day(typed["from"]), _day(typed["to"])
    asked = Asked(
        form_pk=held.get(typed["form"]),
        area=typed["commune"],
        team_id=paging.whole("team"),
        state=states.get(typed["state"]),
        words=typed["q"],
        since=clock.end_of(first - dt.timedelta(days=1)) if first else None,
        until=clock.end_of(last) if last else None,
    )
    return asked, typed


def _day(given: str) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(given)
    except ValueError:
        return None
    return day if 1900 < day.year < 3000 else None


def _places(session: Session, plan: Plan, areas: list[str]) -> list[tuple[str, str]]:
    """Return (area, name) of the communes that the plan visits."""
    visits = monitoring.visits(session, plan.id, areas)
    named: dict[str, Place] = {visit.area: visit.place for visit in visits}
    ordered = sorted(named.items(), key=lambda each: each[1].sort_key)
    return [(area, place.name) for area, place in ordered]


def _teams(session: Session, plan: Plan) -> list[tuple[int, str]]:
    """Return (id, name) of the plan's teams."""
    found = select(Team.id, Team.name).where(Team.plan_id == plan.id).order_by(Team.name)
    return [(row[0], row[1]) for row in session.execute(found)]


def _columns(session: Session, form: Form | None) -> tuple[list[Field], list[Field]]:
    """Return the questions shown as columns, and those that may be; none without one form."""
    if form is None or form.current_id is None:
        return [], []
    held = session.scalar(select(FormVersion.fields).where(FormVersion.id == form.current_id))
    every = form_fields.from_json(held or [])
    return answers.chosen(every, request.args.getlist("columns")), answers.askable(every)


def _rows(session: Session, ids: Sequence[int], columns: list[Field]) -> list[Row]:
    counts = findings.counts(session, ids)
    odd = queries.odd(session, ids)
    said = queries.answers(session, ids) if columns else {}
    return [
        Row(found, counts.get(found.id), found.id in odd, _cells(columns, said.get(found.id)))
        for found in queries.rows(session, ids)
    ]


def _cells(columns: list[Field], said: dict[str, Any] | None) -> list[str]:
    languages = (web.language(), "vi", "en")
    return [
        ", ".join(answers.show(at(said or {}, each.path), each, languages, {})) for each in columns
    ]


@bp.get("/submissions/<int:submission_id>")
@web.requires(May.SEE_RECORDS)
def submission(submission_id: int) -> str:
    """Show one record beside its photos, place, findings and history."""
    session = db.session()
    areas = web.reader().areas(May.SEE_RECORDS)
    found = queries.one(session, submission_id, areas)
    plan = monitoring.plan_for(session, found.plan_id, areas)
    newer, older = queries.beside(session, plan, found, areas)
    sheet = record.sheet(found)
    return render_template(
        "submissions/record.html",
        plan=plan,
        found=found,
        sheet=sheet,
        files=record.files(found, sheet),
        features=record.features(found),
        oddities=_oddities(found, sheet.questions()),
        raised=findings.of_submission(session, found.id) if _sees_findings() else [],
        sees_findings=_sees_findings(),
        history=record.history(session, "submission", found.id),
        newer=newer,
        older=older,
        state=words.STATES[found.review_state],
        opened=session.get(SubmissionOpened, (found.id, found.number)),
        key=found.version.key if found.encrypted else None,
        may_correct=rights.level(session, web.reader(), found) == rights.OFFICE,
        may_open=covers(web.reader().areas(May.OPEN_SEALED), plan.area),
    )


def _sees_findings() -> bool:
    return web.reader().may(May.SEE_FINDINGS)


def _oddities(found: Submission, questions: list[Question]) -> list[dict[str, str]]:
    """Return each oddity in words, with the question it is about."""
    labels = {each.path: each.label for each in questions}
    return [
        {
            "path": str(each["path"]),
            "label": labels.get(str(each["path"]), ""),
            "why": formats.word(words.oddity(str(each["why"]))),
        }
        for each in found.oddities
    ]


@bp.get("/submissions/<int:submission_id>/raw.xml")
@web.requires(May.SEE_RECORDS)
def raw(submission_id: int) -> Response:
    """Give the record byte for byte as the phone sent it."""
    found = queries.one(db.session(), submission_id, web.reader().areas(May.SEE_RECORDS))
    name = downloads.filename([*record.name_parts(found), found.instance_id], ".xml")
    return downloads.made(found.xml, "application/xml; charset=utf-8", name)


@bp.get("/files/<int:file_id>/<kind>")
@web.requires(May.SEE_RECORDS)
def file(file_id: int, kind: str) -> Response:
    """Give a file of a record: 'thumb' or 'view' of a photo in place, the 'original' to keep.

    Raises:
        NotFound: there is no such file, it has no such copy, or it is not for this reader.
    """
    found = queries.file_for(db.session(), file_id, web.reader().areas(May.SEE_RECORDS))
    return record.answer_file(found, kind)
