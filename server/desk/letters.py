"""Recommendations (kiến nghị) to higher levels, and the inbox of difficulties and proposals."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from server import clock, web
from server.db import db, transaction
from server.desk import finding_rights as rights
from server.desk import formats, paging
from server.desk.register import plans_seen
from server.fields import Fields
from server.findings import correspondence, mail, queries, words
from server.findings.correspondence import Draft, Paper
from server.findings.letters import (
    Letter,
    LetterKind,
    LetterState,
    Recommendation,
    RecommendationState,
)
from server.findings.models import Authority
from server.findings.problems import StepRefused
from server.monitoring import queries as monitoring
from server.monitoring.models import Plan
from server.permissions import May
from server.places import queries as places
from server.places.scope import covers
from server.problems import NotAllowed, NotFound

bp = Blueprint("findings_letters", __name__)
bp.context_processor(formats.helpers)


def _areas() -> list[str]:
    """Return where this reader sees records: letters may quote a household's words."""
    return web.reader().areas(May.SEE_RECORDS)


@bp.get("/recommendations")
@web.requires(May.SEE_RECORDS)
def recommendations() -> str:
    """List recommendations, the newest first."""
    session = db.session()
    typed = paging.asked("plan", "state")
    states = {state.value: state for state in RecommendationState}
    query = mail.recommendations(_areas(), web.asked_key("plan"), states.get(typed["state"]))
    page = paging.page(session, query, Recommendation.id)
    return render_template(
        "findings/recommendations.html",
        rows=mail.recommendation_rows(session, page.ids),
        page=page,
        plans=[(plan.id, plan.name) for plan in plans_seen(session)],
        states=[(s.value, formats.word(words.RECOMMENDATIONS[s])) for s in RecommendationState],
        state_names=words.RECOMMENDATIONS,
        typed=typed,
    )


@bp.get("/recommendations/new")
@web.requires(May.RECOMMEND)
def new() -> str:
    """Show an empty recommendation, or one begun from a finding or a letter."""
    session = db.session()
    start: dict[str, Any] = {"text": "", "plan": web.asked_key("plan")}
    if (finding_id := web.asked_key("finding")) is not None:
        found = queries.one(session, finding_id, rights.scope())
        start = {"text": found.title, "plan": found.plan_id, "finding": found.id}
    if (letter_id := web.asked_key("letter")) is not None:
        letter = mail.letter(session, letter_id, _areas())
        start = {"text": letter.text, "plan": letter.plan_id, "letter": letter.id}
    return _new_page(session, start, {})


def _new_page(session: Session, start: Mapping[str, Any], errors: Mapping[str, str]) -> str:
    return render_template(
        "findings/recommendation_new.html",
        start=start,
        errors=errors,
        plans=[(plan.id, plan.name) for plan in plans_seen(session)],
        levels=_levels(),
    )


def _levels() -> list[tuple[str, str]]:
    return [(level.value, formats.word(words.LEVELS[level])) for level in Authority]


@bp.post("/recommendations")
@web.requires(May.RECOMMEND)
def make() -> Response | tuple[str, int]:
    """Make a recommendation."""
    fields = Fields(request.form)
    level = fields.choice("level", Authority, Authority.PROVINCE)
    words_, addressee = fields.text("text", 8000), fields.text("addressee")
    try:
        with transaction() as session:
            plan = _plan(session, fields.number("plan"), May.RECOMMEND)
            letter = _letter(session, fields.number("letter"), plan)
            area, finding_id = _source(session, fields.number("finding"), plan)
            draft = Draft(
                plan.id, words_, level, addressee,
                area=letter.area if letter else area,
                finding_id=finding_id,
                submission_id=letter.submission_id if letter else None,
            )  # fmt: skip
            made = correspondence.recommend(session, draft, web.actor(), letter)
    except StepRefused as problem:
        errors = {problem.field: problem.text(web.language())}
        return _new_page(db.session(), dict(request.form), errors), problem.status
    flash(str(_("Đã lập kiến nghị.")), "success")
    return redirect(f"/recommendations/{made.id}")


def _plan(session: Session, plan_id: int | None, right: May) -> Plan:
    """Return a plan over which this reader holds `right`, or refuse."""
    reader = web.reader()
    plan = monitoring.plan_for(session, plan_id or 0, reader.areas(May.SEE_PLANS))
    if not covers(reader.areas(right), plan.area):
        raise NotAllowed()
    return plan


def _letter(session: Session, letter_id: int | None, plan: Plan) -> Letter | None:
    if letter_id is None:
        return None
    found = mail.letter(session, letter_id, _areas(), lock=True)
    if found.plan_id != plan.id:
        raise NotFound()
    return found


def _source(session: Session, finding_id: int | None, plan: Plan) -> tuple[str, int | None]:
    """Return the area and id of the finding that a recommendation rests on, if on any."""
    if finding_id is None:
        return plan.area, None
    found = queries.one(session, finding_id, rights.scope())
    if found.plan_id != plan.id:
        raise NotFound()
    return found.area or plan.area, found.id


@bp.get("/recommendations/<int:recommendation_id>")
@web.requires(May.SEE_RECORDS)
def recommendation(recommendation_id: int) -> str:
    """Show a recommendation with its answer, and what can be recorded next."""
    session = db.session()
    return _page(session, mail.recommendation(session, recommendation_id, _areas()), {})


def _page(
    session: Session, found: Recommendation, errors: Mapping[str, str], refused: str = ""
) -> str:
    plan = session.get(Plan, found.plan_id)
    assert plan is not None  # noqa: S101 - a foreign key holds it
    return render_template(
        "findings/recommendation.html",
        found=found,
        plan=plan,
        may_write=covers(web.reader().areas(May.RECOMMEND), plan.area),
        state_names=words.RECOMMENDATIONS,
        errors=errors,
        refused=refused,
        typed=request.form,
        today=clock.today(),
    )


@bp.post("/recommendations/<int:recommendation_id>/<verb>")
@web.requires(May.RECOMMEND)
def write(recommendation_id: int, verb: str) -> Response | tuple[str, int]:
    """Record that a recommendation was sent, answered, carried out or not."""
    if verb not in ("send", "answer", "conclude"):
        raise NotFound()
    fields = Fields(request.form)
    day, document = fields.day("day"), fields.text("document")
    errors = fields.errors
    status = 422
    if not errors:
        try:
            with transaction() as session:
                found = mail.recommendation(session, recommendation_id, _areas(), lock=True)
                _plan(session, found.plan_id, May.RECOMMEND)
                actor = web.actor()
                if verb == "send":
                    correspondence.send(session, found, document, day, actor)
                elif verb == "answer":
                    text = fields.text("text", 8000)
                    correspondence.answer(session, found, text, document, day, actor)
                else:
                    done, note = fields["outcome"] == "done", fields.text("note", 2000)
                    correspondence.conclude(session, found, done, note, actor)
        except StepRefused as problem:
            errors, status = {problem.field: problem.text(web.language())}, problem.status
    if errors:
        session = db.session()
        found = mail.recommendation(session, recommendation_id, _areas())
        return _page(session, found, errors, verb), status
    flash(str(_("Đã ghi.")), "success")
    return redirect(f"/recommendations/{recommendation_id}")


@bp.get("/letters")
@web.requires(May.SEE_RECORDS)
def letters() -> str:
    """List difficulties and proposals, those that wait first asked for."""
    return _inbox(db.session(), {}, {})


def _inbox(session: Session, errors: Mapping[str, str], start: Mapping[str, str]) -> str:
    typed = paging.asked("plan", "state", "kind")
    states = {state.value: state for state in LetterState}
    kinds = {kind.value: kind for kind in LetterKind}
    state = states.get(typed["state"] or LetterState.WAITING.value)
    query = mail.letters(_areas(), web.asked_key("plan"), state, kinds.get(typed["kind"]))
    page = paging.page(session, query, Letter.id)
    return render_template(
        "findings/letters.html",
        rows=mail.letter_rows(session, page.ids),
        page=page,
        plans=[(plan.id, plan.name) for plan in plans_seen(session)],
        kinds=[(kind.value, formats.word(words.LETTERS[kind])) for kind in LetterKind],
        states=[
            *((each.value, formats.word(words.LETTER_STATES[each])) for each in LetterState),
            ("tat_ca", str(_("Tất cả"))),
        ],
        kind_names=words.LETTERS,
        state_names=words.LETTER_STATES,
        waiting=LetterState.WAITING,
        typed={**typed, "state": typed["state"] or LetterState.WAITING.value},
        errors=errors,
        start=start,
        today=clock.today(),
    )


@bp.post("/letters")
@web.requires(May.RECOMMEND)
def enter() -> Response | tuple[str, int]:
    """Enter a paper that the office received."""
    fields = Fields(request.form)
    paper = Paper(
        kind=fields.choice("kind", LetterKind, LetterKind.DIFFICULTY),
        text=fields.text("text", 8000),
        sender=fields.text("sender"),
        document_no=fields.text("document"),
        causes=fields.text("causes", 8000),
        received_on=fields.day("day"),
    )
    errors, status = fields.errors, 422
    if not errors:
        try:
            with transaction() as session:
                plan = _plan(session, fields.number("plan"), May.RECOMMEND)
                commune = fields.text("commune")
                place = session.scalar(places.place(plan.edition_id, commune)) if commune else None
                correspondence.enter(session, plan.id, place, paper, web.actor())
        except StepRefused as problem:
            errors, status = {problem.field: problem.text(web.language())}, problem.status
    if errors:
        return _inbox(db.session(), errors, dict(request.form)), status
    flash(str(_("Đã ghi vào danh sách.")), "success")
    return redirect("/letters")


@bp.post("/letters/<int:letter_id>/settle")
@web.requires(May.RECOMMEND)
def settle(letter_id: int) -> Response | tuple[str, int]:
    """Say that a letter was dealt with, or put it aside."""
    fields = Fields(request.form)
    aside = fields["outcome"] == "aside"
    state = LetterState.PUT_ASIDE if aside else LetterState.HANDLED
    try:
        with transaction() as session:
            found = mail.letter(session, letter_id, _areas(), lock=True)
            _plan(session, found.plan_id, May.RECOMMEND)
            note = fields.text("note", 2000)
            correspondence.settle_letter(session, found, state, note, web.actor())
    except StepRefused as problem:
        errors = {str(letter_id): problem.text(web.language())}
        return _inbox(db.session(), errors, {}), problem.status
    flash(str(_("Đã ghi.")), "success")
    return redirect("/letters")
