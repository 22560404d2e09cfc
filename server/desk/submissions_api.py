"""Filled forms for programs: sent, read, corrected, reviewed, commented; their files."""

from collections.abc import Iterator
from typing import Any

from flask import Response, current_app, request
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from server import programs, text, web
from server.db import db, transaction
from server.desk import downloads, reach
from server.jobs import Jobs
from server.monitoring import queries as monitoring
from server.monitoring.models import Plan
from server.permissions import May
from server.places.scope import covers
from server.problems import BadInput, NeverDeleted, NotAllowed, NotFound
from server.submissions import (
    correcting,
    intake,
    queries,
    review,
    rights,
    schemas,
    service,
    versions,
)
from server.submissions.intake import Part
from server.submissions.models import Decision, Submission, SubmissionFile, VersionFile
from server.submissions.problems import EditNamesNothing, EditOfAnotherRecord, EditOutdated
from server.submissions.review import Verdict
from server.submissions.schemas import CommentSchema, NewCommentSchema, ReviewSchema
from server.submissions.versions import Content
from server.surveys import queries as surveys
from server.surveys.models import Form, FormVersion, PlanKey
from server.teams import service as teams
from server.teams.models import Person
from server.teams.service import Carrier

bp = programs.Addresses("submissions_api", __name__)
ALL = "/v1/projects/<int:plan_id>/forms/<form_id>/submissions"
ONE = f"{ALL}/<instance_id>"
VERSION = f"{ONE}/versions/<content_id>"
AT_ONCE = 500
LARGEST = 10_000_000
DECISIONS = {
    "approved": Decision.APPROVE,
    "hasIssues": Decision.HAS_ISSUES,
    "rejected": Decision.REJECT,
}
SHOWN = {"image/jpeg", "image/png", "image/webp", "audio/mp4", "audio/mpeg", "video/mp4"}


def _form(session: Session, plan_id: int, form_id: str, right: May) -> tuple[Plan, Form]:
    """Return a plan that the caller may see for `right`, and one of its forms.

    Raises:
        NotFound: there is none, or not for them.
    """
    plan = monitoring.plan_for(session, plan_id, web.reader().areas(right))
    form = surveys.form(session, plan.id, form_id)
    if form is None:
        raise NotFound()
    return plan, form


def _seen(session: Session, plan_id: int, form_id: str, instance_id: str) -> Submission:
    """Return a record that the caller may see.

    Raises:
        NotFound: there is none, or not for them.
    """
    plan, form = _form(session, plan_id, form_id, May.SEE_RECORDS)
    areas = web.reader().areas(May.SEE_RECORDS)
    return queries.under_id(session, plan, form.id, instance_id, areas)


def _answer(found: Submission) -> Response:
    person = found.person.name if found.person else None
    return programs.answer(schemas.submission(found, person, found.version.version))


def _again(plan_id: int, form_id: str, instance_id: str) -> Response:
    """Tell of a record as it stands after a change."""
    db.session().expire_all()
    return _answer(_seen(db.session(), plan_id, form_id, instance_id))


def _poke() -> None:
    jobs: Jobs = current_app.extensions["jobs"]
    jobs.poke()


# --- records ----------------------------------------------------------------------------------


@bp.get(ALL)
@web.requires(May.SEE_RECORDS)
def submissions(plan_id: int, form_id: str) -> Response:
    """List the records of a form that the caller sees, the newest first (?limit= ?offset=)."""
    session = db.session()
    plan, form = _form(session, plan_id, form_id, May.SEE_RECORDS)
    query = queries.of_form(plan, form.id, web.reader().areas(May.SEE_RECORDS))
    limit, offset = programs.numbered("limit"), programs.numbered("offset")
    if limit is not None or offset is not None:
        query = query.limit(limit).offset(offset or 0)
    return programs.stream(schemas.submission(*row) for row in _rows(query))


def _rows(query: Select[Any, Any, Any]) -> Iterator[tuple[Submission, str | None, str]]:
    """Give the rows of a query, some hundred at a time, once the answer has begun."""
    with db.session().execute(query.execution_options(yield_per=AT_ONCE)) as rows:
        for row in rows:
            yield row[0], row[1], row[2]


@bp.get(f"{ALL}/submitters")
@web.requires(May.SEE_RECORDS)
def submitters(plan_id: int, form_id: str) -> Response:
    """List who has sent records of a form that the caller sees."""
    session = db.session()
    plan, form = _form(session, plan_id, form_id, May.SEE_RECORDS)
    areas = web.reader().areas(May.SEE_RECORDS)
    sent = queries.of_form(plan, form.id, areas).with_only_columns(Submission.person_id)
    ids = sent.order_by(None).distinct()
    found = session.scalars(select(Person).where(Person.id.in_(ids)).order_by(Person.sort_key))
    return programs.answer([{"id": each.id, "displayName": each.name} for each in found])


@bp.get(f"{ALL}/keys")
@web.requires(May.SEE_RECORDS)
def keys(plan_id: int, form_id: str) -> Response:
    """List the plan's keys that versions of the form were encrypted with."""
    session = db.session()
    _plan, form = _form(session, plan_id, form_id, May.SEE_RECORDS)
    used = select(FormVersion.key_id).where(FormVersion.form_pk == form.id)
    found = session.scalars(select(PlanKey).where(PlanKey.id.in_(used)).order_by(PlanKey.id))
    return programs.answer(
        [
            {"id": key.id, "public": key.public_key, "managed": True, "hint": key.hint or None}
            for key in found
        ]
    )


@bp.get(ONE)
@web.requires(May.SEE_RECORDS)
def submission(plan_id: int, form_id: str, instance_id: str) -> Response:
    """Tell of one record."""
    return _answer(_seen(db.session(), plan_id, form_id, instance_id))


@bp.get(f"{ONE}.xml")
@web.requires(May.SEE_RECORDS)
def xml(plan_id: int, form_id: str, instance_id: str) -> Response:
    """Give the content that stands, byte for byte as it was sent."""
    return _xml(_seen(db.session(), plan_id, form_id, instance_id).xml)


def _xml(data: bytes) -> Response:
    return Response(data, content_type="application/xml; charset=utf-8")


def _sender(session: Session, plan_id: int, form_id: str) -> tuple[Form, Carrier]:
    """Return the form that the caller sends to, and how they count as a sender.

    Raises:
        NotFound: they may not see the plan, or it has no such form.
        NotAllowed: they are in no team of the plan, and it reaches beyond their area.
    """
    reader = web.reader()
    plan, form = _form(session, plan_id, form_id, May.ENTER_RECORDS)
    who = teams.at_desk(session, reader.id, reader.name, plan.id, "api")
    if who.team_id is None and not covers(reader.areas(May.ENTER_RECORDS), plan.area):
        raise NotAllowed()
    return form, who


def _read(session: Session, form: Form) -> intake.Sent:
    """Return the filled form that the request carries.

    Raises:
        BadInput: it was filled in another form.
    """
    sent = intake.read(session, form.plan_id, programs.raw(LARGEST))
    if sent.known.form_pk != form.id:
        raise BadInput(
            f"Phiếu này thuộc biểu mẫu khác, không phải “{form.form_id}”.",
            f"This was filled in another form than '{form.form_id}'.",
        )
    sent.device = sent.device or text.clean(request.args.get("deviceID", ""))[:200] or None
    return sent


@bp.post(ALL)
@web.requires(May.ENTER_RECORDS)
def send(plan_id: int, form_id: str) -> Response:
    """Take a filled form; its files follow one by one. The same bytes again change nothing."""
    form, who = _sender(db.session(), plan_id, form_id)
    sent = _read(db.session(), form)
    if sent.instance.deprecated_id:
        raise BadInput(
            "Đây là bản sửa của một phiếu: hãy gửi bằng PUT tới địa chỉ của phiếu đó.",
            "This is an edit of a record: send it by PUT to that record's address.",
        )
    with transaction() as session:
        receipt = service.receive(session, sent, [], who)
    _poke()
    return _answer(db.session().get_one(Submission, receipt.submission_id))


# --- corrected --------------------------------------------------------------------------------


def _office(found: Submission) -> Carrier:
    """Return how the caller counts as the sender of a correction.

    Raises:
        NotAllowed: they do not review the record for the office.
    """
    reader = web.reader()
    if rights.level(db.session(), reader, found) != rights.OFFICE:
        raise NotAllowed()
    return Carrier(None, reader.id, reader.name, found.plan_id, found.team_id, None, "api")


@bp.put(ONE)
@web.requires(May.REVIEW)
def correct(plan_id: int, form_id: str, instance_id: str) -> Response:
    """Take an edit that names, as deprecatedID, the content that stands; ?reason= says why."""
    found = _seen(db.session(), plan_id, form_id, instance_id)
    who = _office(found)
    sent = _read(db.session(), found.form)
    _must_edit(found, sent)
    reason = text.clean(request.args.get("reason", "")) or _by_program()
    with transaction() as session:
        correcting.correct(session, found.id, found.revision, reason, sent, [], who)
    _poke()
    return _again(plan_id, form_id, instance_id)


def _must_edit(found: Submission, sent: intake.Sent) -> None:
    """Refuse what is no edit of the content that stands; one sent again is let through."""
    replaced = sent.instance.deprecated_id
    if sent.known.submission_id == found.id or replaced == found.instance_id:
        return
    if not replaced:
        raise EditNamesNothing(current=found.instance_id)
    if replaced in {each.instance_id for each in versions.every(db.session(), found.id)}:
        raise EditOutdated(submission_id=found.id)
    raise EditOfAnotherRecord()


def _by_program() -> str:
    return f"Gửi qua chương trình {text.clean(request.user_agent.string)[:100]}".strip()


@bp.patch(ONE)
@web.requires(May.REVIEW_FIRST)
def decide(plan_id: int, form_id: str, instance_id: str) -> Response:
    """Decide on a record, as the leader of its team or for the office."""
    found = _seen(db.session(), plan_id, form_id, instance_id)
    level = rights.must_review(db.session(), web.reader(), found)
    given = programs.sent(ReviewSchema())
    decision = DECISIONS[given["review_state"]]
    reason = given["reason"]
    if decision is Decision.REJECT:
        reason = reason or _by_program()
    with transaction() as session:
        review.decide(session, found.id, Verdict(decision, reason), level, web.actor())
    _poke()
    return _again(plan_id, form_id, instance_id)


@bp.delete(ONE)
@web.requires(May.REVIEW)
def delete(plan_id: int, form_id: str, instance_id: str) -> Response:
    """Refuse: a record is rejected, and never deleted."""
    _office(_seen(db.session(), plan_id, form_id, instance_id))
    raise NeverDeleted(
        ("phiếu đã nhận", "records"),
        (
            'Hãy từ chối phiếu: PATCH với {"reviewState": "rejected", "reason": "…"}; phiếu đó '
            "không tính vào kết quả.",
            'Reject the record: PATCH it with {"reviewState": "rejected", "reason": "…"}; it then '
            "counts for nothing.",
        ),
    )


# --- what was said of a record, and what it was ------------------------------------------------


@bp.get(f"{ONE}/comments")
@web.requires(May.SEE_RECORDS)
def comments(plan_id: int, form_id: str, instance_id: str) -> Response:
    """List what was said of a record, the newest first."""
    session = db.session()
    found = _seen(session, plan_id, form_id, instance_id)
    return programs.answer(CommentSchema(many=True).dump(queries.comments(session, found.id)))


@bp.post(f"{ONE}/comments")
@web.requires(May.COMMENT_RECORDS)
def comment(plan_id: int, form_id: str, instance_id: str) -> Response:
    """Say something of a record."""
    found = _seen(db.session(), plan_id, form_id, instance_id)
    if not rights.may_comment(db.session(), web.reader(), found):
        raise NotAllowed()
    body = programs.sent(NewCommentSchema())["body"]
    with transaction() as session:
        made = review.comment(session, found, body, web.actor())
    return programs.answer(CommentSchema().dump(made))


@bp.get(f"{ONE}/audits")
@web.requires(May.SEE_JOURNAL)
def audits(plan_id: int, form_id: str, instance_id: str) -> Response:
    """Tell what the journal says of a record."""
    session = db.session()
    found = _seen(session, plan_id, form_id, instance_id)
    return programs.audits(session, "submission", found.id)


@bp.get(f"{ONE}/versions")
@web.requires(May.SEE_RECORDS)
def contents(plan_id: int, form_id: str, instance_id: str) -> Response:
    """List every content that a record has had, the newest first."""
    session = db.session()
    found = _seen(session, plan_id, form_id, instance_id)
    return programs.answer([schemas.sent(each) for each in versions.every(session, found.id)])


def _sent(session: Session, found: Submission, content_id: str) -> versions.Sent:
    for each in versions.every(session, found.id):
        if each.instance_id == content_id:
            return each
    raise NotFound()


def _content(plan_id: int, form_id: str, instance_id: str, content_id: str) -> Content:
    """Return the content of a record that came under its own instanceID."""
    session = db.session()
    found = _seen(session, plan_id, form_id, instance_id)
    return versions.content(session, found, _sent(session, found, content_id).number)


@bp.get(VERSION)
@web.requires(May.SEE_RECORDS)
def content(plan_id: int, form_id: str, instance_id: str, content_id: str) -> Response:
    """Tell of one content."""
    session = db.session()
    found = _seen(session, plan_id, form_id, instance_id)
    return programs.answer(schemas.sent(_sent(session, found, content_id)))


@bp.get(f"{VERSION}.xml")
@web.requires(May.SEE_RECORDS)
def content_xml(plan_id: int, form_id: str, instance_id: str, content_id: str) -> Response:
    """Give one content byte for byte as it was sent."""
    return _xml(_content(plan_id, form_id, instance_id, content_id).xml)


@bp.get(f"{ONE}/diffs")
@web.requires(May.SEE_RECORDS)
def diffs(plan_id: int, form_id: str, instance_id: str) -> Response:
    """Tell, by the instanceID of each content after the first, what it changed."""
    session = db.session()
    found = _seen(session, plan_id, form_id, instance_id)
    told = {}
    before: Content | None = None
    for each in reversed(versions.every(session, found.id)):
        after = versions.content(session, found, each.number)
        if before is not None:
            changed = versions.differences(before, after)
            told[after.instance_id] = [schemas.difference(one) for one in changed]
        before = after
    return programs.answer(told)


# --- files ------------------------------------------------------------------------------------

Held = SubmissionFile | VersionFile


def _give(files: Iterator[Held], filename: str) -> Response:
    name = text.clean(filename)
    for each in files:
        if each.name == name and each.sha256 is not None:
            kind = each.content_type if each.content_type in SHOWN else intake.OCTETS
            return downloads.kept(each.sha256, each.size_bytes, kind, downloads.filename([name]))
    raise NotFound()


@bp.get(f"{ONE}/attachments")
@web.requires(May.SEE_RECORDS)
def files(plan_id: int, form_id: str, instance_id: str) -> Response:
    """List the files that the content names, and whether they have come."""
    found = _seen(db.session(), plan_id, form_id, instance_id)
    return programs.answer(schemas.files({each.name: each for each in found.files}))


@bp.get(f"{ONE}/attachments/<file_name>")
@web.requires(May.SEE_RECORDS)
def file(plan_id: int, form_id: str, instance_id: str, file_name: str) -> Response:
    """Give one of them, as an attachment."""
    found = _seen(db.session(), plan_id, form_id, instance_id)
    return _give(iter(found.files), file_name)


@bp.get(f"{VERSION}/attachments")
@web.requires(May.SEE_RECORDS)
def content_files(plan_id: int, form_id: str, instance_id: str, content_id: str) -> Response:
    """List the files of one content."""
    return programs.answer(schemas.files(_content(plan_id, form_id, instance_id, content_id).files))


@bp.get(f"{VERSION}/attachments/<file_name>")
@web.requires(May.SEE_RECORDS)
def content_file(
    plan_id: int, form_id: str, instance_id: str, content_id: str, file_name: str
) -> Response:
    """Give one of them, as an attachment."""
    held = _content(plan_id, form_id, instance_id, content_id).files
    return _give(iter(held.values()), file_name)


def _added_to(plan_id: int, form_id: str, instance_id: str) -> tuple[Submission, Carrier]:
    """Return a record that the caller may add files to: their team's, or any of their area.

    Raises:
        NotAllowed: it is another team's.
    """
    session = db.session()
    found = _seen(session, plan_id, form_id, instance_id)
    who = _sender(session, plan_id, form_id)[1]
    plan = session.get_one(Plan, plan_id)
    if who.team_id != found.team_id and not covers(web.reader().areas(May.MANAGE_PLANS), plan.area):
        raise NotAllowed()
    return found, who


@bp.post(f"{ONE}/attachments/<file_name>")
@web.requires(May.ENTER_RECORDS)
def attach(plan_id: int, form_id: str, instance_id: str, file_name: str) -> Response:
    """Take a file that the content names; the first bytes under a name stay."""
    found, who = _added_to(plan_id, form_id, instance_id)
    kind = text.clean(request.mimetype)[:100] or intake.OCTETS
    with programs.spooled() as stream:
        part = Part(text.clean(file_name)[: intake.LONGEST_NAME], kind, stream)
        (kept,) = service.keep(reach.files(), [part])
    with transaction() as writing:
        correcting.add_file(writing, found.id, kept, who)
    _poke()
    return programs.done()


@bp.delete(f"{ONE}/attachments/<file_name>")
@web.requires(May.REVIEW)
def clear(plan_id: int, form_id: str, instance_id: str, file_name: str) -> Response:
    """Take a file off a record, for the office; it is held apart and can be taken in again."""
    found = _seen(db.session(), plan_id, form_id, instance_id)
    who = _office(found)
    with transaction() as session:
        correcting.clear_file(session, found.id, text.clean(file_name), who)
    return programs.done()
