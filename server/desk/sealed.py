"""Encryption of a plan's forms (mã hóa phiếu): the key, what waits, and opening it.

A passphrase comes with one request, opens the key for that request and is forgotten with it.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import journal, web
from server.cipher import PrivateKey, fingerprint
from server.db import db, transaction
from server.desk import downloads, formats, parcels, reach, record
from server.desk.answers import Question, Section
from server.desk.parcels import Tried
from server.jobs import Jobs
from server.monitoring import queries as monitoring
from server.monitoring.models import Plan
from server.permissions import May
from server.places.scope import covers
from server.problems import BadInput, NotAllowed, NotFound, Problem
from server.submissions import instance, intake, opening, queries
from server.submissions.intake import Known, Sent
from server.submissions.models import Submission, SubmissionOpened
from server.submissions.sealed import Opened
from server.surveys import keys
from server.surveys import queries as surveys
from server.surveys.models import Form, PlanKey
from server.surveys.problems import TooManyPassphrases, WrongPassphrase
from server.teams import service as teams

bp = Blueprint("sealed", __name__)
bp.context_processor(formats.helpers)
AT_ONCE = 100
"""Forms opened in one request: a browser waits meanwhile."""
TRIES_PER_PERSON = 5
TRIES_PER_KEY = 30


@bp.get("/plans/<int:plan_id>/encryption")
@web.requires(May.SEE_FORMS)
def encryption(plan_id: int) -> str:
    """Show whether the plan encrypts, what that means, and what waits to be decrypted."""
    session = db.session()
    return _page(session, reach.plan(session, plan_id))


@dataclass(frozen=True)
class Outcome:
    """What came of decrypting many forms: how many were taken in, which were not, where to go on.

    `after` is the last form tried, None when none is left.
    """

    taken: int
    failed: Sequence[Tried]
    after: int | None
    form_pk: int
    key_id: int


def _page(
    session: Session,
    plan: Plan,
    problem: Problem | None = None,
    outcome: Outcome | None = None,
) -> str:
    held = session.scalars(
        select(PlanKey).where(PlanKey.plan_id == plan.id).order_by(PlanKey.id.desc())
    ).all()
    reader = web.reader()
    return render_template(
        "surveys/encryption.html",
        plan=plan,
        keys={key.id: key for key in held},
        in_force=next((key for key in held if key.retired_at is None), None),
        fingerprint=lambda key: fingerprint(key.public_key)[:16],
        forms=surveys.forms(session, plan.id),
        waiting=opening.waiting(session, plan.id),
        at_once=AT_ONCE,
        outcome=outcome,
        least=keys.LEAST_PASSPHRASE,
        typed_hint=request.form.get("hint", "")[:200],
        mistakes=[problem.text(web.language())] if problem else [],
        manages=covers(reader.areas(May.MANAGE_FORMS), plan.area),
        opens=covers(reader.areas(May.OPEN_SEALED), plan.area),
    )


@bp.post("/plans/<int:plan_id>/encryption")
@web.requires(May.MANAGE_FORMS)
def switch_on(plan_id: int) -> AnyResponse | tuple[str, int]:
    """Make the plan's key: forms published from now on are encrypted on the phones."""
    plan = reach.plan(db.session(), plan_id, May.MANAGE_FORMS)
    try:
        passphrase = _chosen()
        with transaction() as session:
            keys.make(session, plan.id, passphrase, request.form.get("hint", ""), web.actor())
    except Problem as problem:
        session = db.session()
        return _page(session, reach.plan(session, plan_id), problem), problem.status
    flash(
        str(_("Đã bật mã hóa. Hãy phát hành lại từng biểu mẫu cần mã hóa, và thử cụm mật khẩu.")),
        "success",
    )
    return redirect(f"/plans/{plan_id}/encryption")


def _chosen() -> str:
    """Return the new passphrase, typed twice, by somebody who has read what it means.

    Raises:
        BadInput: it was not the same twice, or the warning was not accepted.
    """
    passphrase = request.form.get("passphrase", "")
    if not request.form.get("understood"):
        raise BadInput(
            "Hãy đọc cảnh báo rồi đánh dấu “Đã hiểu”.", "Read the warning, then tick the box."
        )
    if passphrase != request.form.get("again", ""):
        raise BadInput(
            "Hai lần nhập cụm mật khẩu không giống nhau. Hãy nhập lại.",
            "The passphrase was not the same twice. Type it again.",
        )
    return passphrase


@bp.post("/plans/<int:plan_id>/encryption/off")
@web.requires(May.MANAGE_FORMS)
def switch_off(plan_id: int) -> AnyResponse:
    """Publish forms in the plain again; the key stays for what has been encrypted with it."""
    with transaction() as session:
        plan = reach.plan(session, plan_id, May.MANAGE_FORMS)
        keys.retire(session, plan.id, web.actor())
    flash(str(_("Đã tắt mã hóa cho các lần phát hành sau. Khóa vẫn được giữ.")), "success")
    return redirect(f"/plans/{plan_id}/encryption")


@bp.post("/plans/<int:plan_id>/encryption/try")
@web.requires(May.OPEN_SEALED)
def try_passphrase(plan_id: int) -> AnyResponse:
    """Tell whether a passphrase opens a key of the plan: a drill before it is needed."""
    session = db.session()
    plan = reach.plan(session, plan_id, May.OPEN_SEALED)
    here = f"/plans/{plan.id}/encryption"

    def tried() -> AnyResponse:
        _unlocked(_key(session, plan))
        flash(str(_("Đúng cụm mật khẩu: khóa riêng mở được.")), "success")
        return redirect(here)

    return _or_back(tried, here)


def _or_back(work: Callable[[], AnyResponse], here: str) -> AnyResponse:
    """Return what `work` answers; a refusal is said on the page at `here`."""
    try:
        return work()
    except (NotFound, NotAllowed):
        raise
    except Problem as problem:
        flash(problem.text(web.language()), "error")
        return redirect(here)


def _key(session: Session, plan: Plan) -> PlanKey:
    """Return the key that the request names.

    Raises:
        NotFound: it is none of this plan's.
    """
    named = request.form.get("key_id", "")
    found = session.get(PlanKey, int(named)) if named.isascii() and named.isdigit() else None
    if found is None or found.plan_id != plan.id:
        raise NotFound()
    return found


def _unlocked(key: PlanKey) -> PrivateKey:
    """Return the private half for this request, counting wrong passphrases against both.

    Raises:
        TooManyPassphrases: this person, or everybody together, has guessed too often.
        WrongPassphrase, DamagedKey: see `keys.unlock`.
    """
    everybody = f"key:{key.id}"
    person = f"{everybody}:person:{web.reader().id}"
    session = db.session()
    minutes = teams.wait(session, person, TRIES_PER_PERSON) or teams.wait(
        session, everybody, TRIES_PER_KEY
    )
    if minutes:
        raise TooManyPassphrases(minutes=minutes)
    try:
        return keys.unlock(key, request.form.get("passphrase", ""))
    except WrongPassphrase:
        with transaction() as writing:
            teams.note_failure(writing, person, everybody)
            journal.write(
                writing, web.actor(), "plan.passphrase-wrong", "plan", key.plan_id, key.plan_id
            )
        raise


def _record(session: Session, submission_id: int) -> tuple[Submission, Plan]:
    """Return a record that this reader may open.

    Raises:
        NotFound: they may not see it.
        NotAllowed: they may see it, and not open what is encrypted in its plan.
    """
    reader = web.reader()
    areas = reader.areas(May.SEE_RECORDS)
    found = queries.one(session, submission_id, areas)
    plan = monitoring.plan_for(session, found.plan_id, areas)
    if not covers(reader.areas(May.OPEN_SEALED), plan.area):
        raise NotAllowed()
    return found, plan


@bp.post("/submissions/<int:submission_id>/open")
@web.requires(May.OPEN_SEALED)
def open_one(submission_id: int) -> AnyResponse:
    """Decrypt one record: to be shown or downloaded now, or taken in."""
    session = db.session()
    found, plan = _record(session, submission_id)
    here = f"/submissions/{submission_id}"

    def opened() -> AnyResponse:
        private = _unlocked(keys.key_of(found.version))
        inside = opening.opened(reach.files(), found, private)
        if request.form.get("do") == "take-in":
            record_id = _take_in(found.id, inside)
            if record_id != found.id:
                flash(str(_("Đây là bản sửa của phiếu này: đã giải mã và ghép vào.")), "success")
            else:
                flash(str(_("Đã giải mã và nhận nội dung vào phiếu.")), "success")
            return redirect(f"/submissions/{record_id}")
        _note([found])
        if request.form.get("do") == "download":
            return parcels.response([Tried(found, inside)], _zip_name([found]))
        return _shown(plan, found, inside)

    return _or_back(opened, here)


def _take_in(submission_id: int, inside: Opened) -> int:
    parts = opening.kept(reach.files(), inside)
    with transaction() as session:
        record_id = opening.take_in(session, submission_id, inside, parts, web.actor())
    jobs: Jobs = current_app.extensions["jobs"]
    jobs.poke()
    return record_id


def _note(found: Sequence[Submission]) -> None:
    with transaction() as session:
        opening.note_reading(session, [(each.id, each.plan_id) for each in found], web.actor())


def _zip_name(found: Sequence[Submission]) -> str:
    one = [found[0].instance_id] if len(found) == 1 else []
    return downloads.filename([found[0].form.form_id, *one, "giai-ma"], ".zip")


def _shown(plan: Plan, found: Submission, inside: Opened) -> Response:
    """Return the page with the answers; nothing of it is stored here or by the browser."""
    sent = Sent(
        inside.xml,
        instance.parse(inside.xml),
        Known(found.form_pk, found.version_id, found.id, found.xml_sha256),
    )
    intake.understand(sent, intake.reader(db.session(), found.version_id))
    sheet = record.sheet(found, sent.reading.answers)
    body = render_template(
        "submissions/opened.html",
        plan=plan,
        found=found,
        label=sent.label or found.form.title,
        parts=_named(sheet.parts),
        files=inside.files,
        oddities=sent.reading.oddities,
    )
    return Response(body, headers={"Cache-Control": "no-store"})


def _named(parts: Sequence[Question | Section]) -> list[Any]:
    """Return the answers with files by their names: there is no file here to link to."""
    return [
        dataclasses.replace(each, file="", values=(each.file,) if each.file else each.values)
        if isinstance(each, Question)
        else dataclasses.replace(each, parts=_named(each.parts))
        for each in parts
    ]


@bp.post("/forms/<int:form_pk>/open")
@web.requires(May.OPEN_SEALED)
def open_all(form_pk: int) -> AnyResponse | str:
    """Decrypt what waits of a form and has all its files: downloaded, or taken in."""
    session = db.session()
    form = session.get(Form, form_pk)
    if form is None:
        raise NotFound()
    plan = reach.plan(session, form.plan_id, May.OPEN_SEALED)
    here = f"/plans/{plan.id}/encryption"
    try:
        key = _key(session, plan)
        private = _unlocked(key)
        typed = request.form.get("after", "")
        after = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
        tried = [
            _tried(found, private)
            for found in opening.whole(session, form.id, key.id, after, AT_ONCE)
        ]
    except (NotFound, NotAllowed):
        raise
    except Problem as problem:
        flash(problem.text(web.language()), "error")
        return redirect(here)
    if not tried:
        flash(str(_("Không còn phiếu nào đủ tệp để giải mã.")), "info")
        return redirect(here)
    if request.form.get("do") == "download":
        _note([each.found for each in tried if each.inside is not None])
        return parcels.response(tried, _zip_name([each.found for each in tried]))
    failed = [each for each in map(_taken, _originals_first(tried)) if each.problem is not None]
    last = tried[-1].found.id if len(tried) == AT_ONCE else None
    outcome = Outcome(len(tried) - len(failed), failed, last, form.id, key.id)
    db.session().expire_all()
    return _page(db.session(), plan, outcome=outcome)


def _tried(found: Submission, private: PrivateKey) -> Tried:
    try:
        return Tried(found, opening.opened(reach.files(), found, private))
    except Problem as problem:
        return Tried(found, None, problem)


def _originals_first(tried: Sequence[Tried]) -> list[Tried]:
    """Return what was decrypted in an order in which every edit finds its original."""
    made_of = {
        each.found.instance_id: instance.parse(each.inside.xml).deprecated_id
        for each in tried
        if each.inside is not None
    }

    def depth(each: Tried) -> int:
        seen, at = set[str](), each.found.instance_id
        while (at := made_of.get(at, "")) and at not in seen:
            seen.add(at)
        return len(seen)

    return sorted(tried, key=depth)


def _taken(tried: Tried) -> Tried:
    """Take one form in, in a transaction of its own, and return how that went."""
    if tried.inside is None:
        return tried
    try:
        _take_in(tried.found.id, tried.inside)
    except Problem as problem:
        return Tried(tried.found, None, problem)
    return tried


@bp.get("/submissions/<int:submission_id>/opened.xml")
@web.requires(May.SEE_RECORDS)
def opened_xml(submission_id: int) -> Response:
    """Give the answers of a record that was decrypted and taken in, as the phone wrote them."""
    session = db.session()
    found = queries.one(session, submission_id, web.reader().areas(May.SEE_RECORDS))
    inside = session.get(SubmissionOpened, (found.id, found.number))
    if inside is None:
        raise NotFound()
    name = downloads.filename([*record.name_parts(found), found.instance_id, "giai-ma"], ".xml")
    return downloads.made(inside.xml, "application/xml; charset=utf-8", name)
