"""The records of a plan (phiếu đã nhận): the list, and one record with all that bears on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import web
from server.db import db
from server.desk import (
    answers,
    asking,
    bulk,
    downloads,
    formats,
    map_areas,
    record,
    review_panel,
    visit_checks,
)
from server.desk import list_words as words_of_lists
from server.desk.answers import Question
from server.desk.asking import Asking
from server.desk.review_panel import Refused
from server.findings import queries as findings
from server.monitoring import queries as monitoring
from server.monitoring.models import Plan
from server.permissions import May
from server.places.boundary_queries import Shown
from server.places.models import Place
from server.places.scope import covers
from server.submissions import listing, queries, rights, views, words
from server.submissions.intake import at
from server.submissions.models import Submission, SubmissionOpened
from server.surveys import queries as surveys
from server.surveys.fields import Field
from server.teams.models import Team

bp = Blueprint("submissions", __name__)
bp.context_processor(formats.helpers)


@dataclass(frozen=True)
class Row:
    """A record as the list shows it."""

    submission: Submission
    findings: tuple[int, int] | None
    cells: list[str]


@bp.get("/plans/<int:plan_id>/submissions")
@web.requires(May.SEE_RECORDS)
def submissions(plan_id: int) -> str | AnyResponse:
    """List the records of a plan, the newest first, or as the reader's first view has them."""
    session = db.session()
    areas = web.reader().areas(May.SEE_RECORDS)
    plan = monitoring.plan_for(session, plan_id, areas)
    if not request.args and (first := views.first(session, plan.id, web.reader().id)):
        return redirect(f"{request.path}?{first.asked}&view={first.id}")
    forms = surveys.forms(session, plan.id)
    asked = asking.asked(session, plan, areas, forms)
    page = asking.page(session, asked.listing)
    return render_template(
        "submissions/list.html",
        plan=plan,
        asked=asked,
        query=asking.query(),
        rows=rows(session, page.ids, asked.columns),
        page=page,
        form_options=[(each.form_id, each.title) for each in forms],
        places=_places(session, plan, areas),
        teams=_teams(session, plan),
        heads=words_of_lists.heads(asked),
        choices=words_of_lists.Choices(asked),
        views=views.seen(session, plan.id, web.reader().id),
        first=views.first(session, plan.id, web.reader().id),
        me=web.reader().id,
        decisions=bulk.offered(),
        total=queries.held_of_plan(session, plan),
    )


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


def rows(session: Session, ids: Sequence[int], columns: list[Field]) -> list[Row]:
    """Return these records with what the list shows of each."""
    counts = findings.counts(session, ids)
    said = queries.answers(session, ids) if columns else {}
    return [
        Row(found, counts.get(found.id), _cells(columns, said.get(found.id)))
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
    """Show one record beside its photos, place, findings, review and history.

    The address may carry that of a list: the records beside it are then those of that list.
    """
    return page(db.session(), submission_id)


def page(session: Session, submission_id: int, refused: Refused | None = None) -> str:
    """Show a record; `refused` is the form of its page that was, with what was typed."""
    areas = web.reader().areas(May.SEE_RECORDS)
    found = queries.one(session, submission_id, areas)
    plan = monitoring.plan_for(session, found.plan_id, areas)
    listed = _list_of(session, plan, areas).listing
    newer, older = listing.beside(session, listed, found.id)
    sheet = record.sheet(found)
    return render_template(
        "submissions/record.html",
        plan=plan,
        found=found,
        sheet=sheet,
        files=record.files(found, sheet),
        features=record.features(found),
        areas=_areas(session, found),
        oddities=_oddities(found, sheet.questions()),
        raised=findings.of_submission(session, found.id) if _sees_findings() else [],
        sees_findings=_sees_findings(),
        checks=visit_checks.shown(session, found.id),
        history=record.history(session, "submission", found.id),
        newer=newer,
        older=older,
        query=asking.query(),
        state=words.STATES[found.review_state],
        opened=session.get(SubmissionOpened, (found.id, found.number)),
        key=found.version.key if found.encrypted else None,
        may_correct=rights.level(session, web.reader(), found) == rights.OFFICE,
        may_open=covers(web.reader().areas(May.OPEN_SEALED), plan.area),
        **review_panel.context(session, found, plan, sheet, refused),
    )


def _areas(session: Session, found: Submission) -> Shown:
    """Return the boundary around the record's commune."""
    if found.place is None:
        return Shown()
    return map_areas.around(session, web.reader(), found.plan_id, found.place.area)


def _list_of(session: Session, plan: Plan, areas: list[str]) -> Asking:
    """Return the list from which the reader came; all records of the plan when none is said."""
    forms = surveys.forms(session, plan.id) if request.args else []
    return asking.asked(session, plan, areas, forms)


def next_in_list(session: Session, plan: Plan, found: Submission) -> int | None:
    """Return the record after one in the list that the address carries; None without a list."""
    if not asking.query():
        return None
    listed = _list_of(session, plan, web.reader().areas(May.SEE_RECORDS)).listing
    return listing.beside(session, listed, found.id)[1]


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


@bp.get("/files/<int:file_id>")
@web.requires(May.SEE_RECORDS)
def photo(file_id: int) -> str:
    """Show one photo as large as the screen, with its record and the photos beside it there.

    Raises:
        NotFound: there is no such file, or it is not for this reader.
    """
    held = queries.file_for(db.session(), file_id, web.reader().areas(May.SEE_RECORDS))
    found = held.submission
    rows = record.files(found, record.sheet(found))
    return render_template(
        "submissions/photo.html",
        found=found,
        shown=rows[held.name],
        photos=[row for row in rows.values() if row.kind == "photo" and row.file.sha256],
    )


@bp.get("/files/<int:file_id>/<kind>")
@web.requires(May.SEE_RECORDS)
def file(file_id: int, kind: str) -> Response:
    """Give a file of a record: 'thumb' or 'view' of a photo in place, the 'original' to keep.

    Raises:
        NotFound: there is no such file, it has no such copy, or it is not for this reader.
    """
    found = queries.file_for(db.session(), file_id, web.reader().areas(May.SEE_RECORDS))
    return record.answer_file(found, kind)
