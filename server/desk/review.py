"""Review of a record (xét duyệt phiếu): decide, return to the phone, comment; its contents."""

from collections.abc import Iterator

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import web
from server.db import db, transaction
from server.desk import asking, changes, downloads, formats, record, review_panel, submissions
from server.desk.review_panel import Refused
from server.fields import Fields
from server.jobs import Jobs
from server.monitoring import queries as monitoring
from server.permissions import May
from server.problems import BadInput, NotAllowed, NotFound, Problem
from server.submissions import queries, review, rights, versions, words
from server.submissions.models import Decision, Submission, VersionFile
from server.submissions.review import Verdict

bp = Blueprint("review", __name__)
bp.context_processor(formats.helpers)
NOTE = "note:"


def _seen(session: Session, submission_id: int) -> Submission:
    return queries.one(session, submission_id, web.reader().areas(May.SEE_RECORDS))


@bp.post("/submissions/<int:submission_id>/review")
@web.requires(May.REVIEW_FIRST)
def decide(submission_id: int) -> AnyResponse:
    """Decide on a record as the page showed it; then the next that waits, or the same."""
    fields = Fields(request.form)
    try:
        with transaction() as session:
            found = _seen(session, submission_id)
            plan = monitoring.plan_for(session, found.plan_id, web.reader().areas(May.SEE_RECORDS))
            level = rights.must_review(session, web.reader(), found)
            listed = submissions.next_in_list(session, plan, found)
            made = review.decide(
                session, found.id, _verdict(fields), level, web.actor(), _revision(fields)
            )
            said = formats.word(words.DECISIONS[made.decision])
            onward = listed or review_panel.next_to_review(session, plan, found, level)
    except (NotFound, NotAllowed):
        raise
    except Problem as problem:
        return _refused(submission_id, "review", problem)
    _poke()
    flash(str(_("Đã ghi: %(decision)s.", decision=said)), "success")
    target = onward if fields["next"] == "1" and onward is not None else submission_id
    kept = f"{asking.query()}&" if asking.query() else ""
    return redirect(f"/submissions/{target}?{kept}next={fields['next'] or '0'}#review")


def _verdict(fields: Fields) -> Verdict:
    try:
        decision = Decision(fields["decision"])
    except ValueError:
        raise BadInput(
            "Hãy chọn một kết luận: duyệt, có vấn đề, không chấp nhận hoặc trả lại máy.",
            "Choose a decision: approve, has issues, reject or return.",
        ) from None
    return Verdict(decision, fields["reason"], dict(_notes()))


def _notes() -> Iterator[tuple[str, str]]:
    for name, note in request.form.items():
        if name.startswith(NOTE) and note.strip():
            yield name.removeprefix(NOTE).replace("\0", ""), note.replace("\0", "")


def _revision(fields: Fields) -> int:
    found = fields.number("revision")
    if found is None:
        raise BadInput(
            "Thiếu số lần thay đổi của phiếu. Hãy tải lại trang rồi quyết định.",
            "The record's revision is missing. Reload the page, then decide.",
        )
    return found


def _refused(submission_id: int, form: str, problem: Problem) -> AnyResponse:
    """Show the record as it is now, why the form was refused, and what was typed."""
    db.session().rollback()
    db.session().expire_all()
    refused = Refused(form, problem.text(web.language()), request.form)
    body = submissions.page(db.session(), submission_id, refused)
    return Response(body, problem.status)


def _poke() -> None:
    jobs: Jobs = current_app.extensions["jobs"]
    jobs.poke()


@bp.post("/submissions/<int:submission_id>/comments")
@web.requires(May.COMMENT_RECORDS)
def comment(submission_id: int) -> AnyResponse:
    """Add a comment on the record, or on one of its answers."""
    fields = Fields(request.form)
    try:
        with transaction() as session:
            found = _seen(session, submission_id)
            if not rights.may_comment(session, web.reader(), found):
                raise NotAllowed()
            review.comment(session, found, fields["body"], web.actor(), fields["path"])
    except (NotFound, NotAllowed):
        raise
    except Problem as problem:
        return _refused(submission_id, "comment", problem)
    flash(str(_("Đã ghi ý kiến.")), "success")
    return redirect(f"/submissions/{submission_id}#comments")


@bp.get("/submissions/<int:submission_id>/versions/<int:number>")
@web.requires(May.SEE_RECORDS)
def version(submission_id: int, number: int) -> str:
    """Show one content of a record: who sent it when, and what it changed."""
    session = db.session()
    found = _seen(session, submission_id)
    plan = monitoring.plan_for(session, found.plan_id, web.reader().areas(May.SEE_RECORDS))
    content = versions.content(session, found, number)
    every = versions.every(session, found.id)
    return render_template(
        "submissions/version.html",
        plan=plan,
        found=found,
        content=content,
        sent=next(each for each in every if each.number == number),
        contents=every,
        changed=changes.between(session, found, number),
        sheet=record.sheet_of(found, content.version, content.answers),
    )


@bp.get("/submissions/<int:submission_id>/versions/<int:number>/raw.xml")
@web.requires(May.SEE_RECORDS)
def raw(submission_id: int, number: int) -> Response:
    """Give one content of a record byte for byte as the phone sent it."""
    session = db.session()
    found = _seen(session, submission_id)
    content = versions.content(session, found, number)
    name = downloads.filename([*record.name_parts(found), content.instance_id], ".xml")
    return downloads.made(content.xml, "application/xml; charset=utf-8", name)


@bp.get("/submissions/<int:submission_id>/versions/<int:number>/files/<int:version_file_id>")
@web.requires(May.SEE_RECORDS)
def file(submission_id: int, number: int, version_file_id: int) -> Response:
    """Give a file as a superseded content had it, to keep."""
    session = db.session()
    found = _seen(session, submission_id)
    for each in versions.content(session, found, number).files.values():
        if isinstance(each, VersionFile) and each.id == version_file_id and each.sha256:
            name = downloads.filename([*record.name_parts(found), f"ban-{number}", each.name])
            kind = downloads.audio_type(each.name) or "application/octet-stream"
            return downloads.kept(each.sha256, each.size_bytes, kind, name)
    raise NotFound()
