"""The draft of a form for programs: made, given its files, looked at, published, set aside."""

from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from server import programs, text, web, xml
from server.db import db, transaction
from server.desk import forms_api, reach
from server.desk.forms_api import ONE, form_of
from server.fields import Fields
from server.permissions import May
from server.places.scope import covers
from server.surveys import drafts, lists, service
from server.surveys.models import FormVersion
from server.surveys.problems import VersionTaken
from server.surveys.schemas import FormSchema, LinkSchema, attachments
from server.surveys.service import Looked

bp = programs.Addresses("drafts_api", __name__)
DRAFT = f"{ONE}/draft"
LONGEST_VERSION = 249


def _draft(session: Session, plan_id: int, form_id: str, right: May = May.SEE_FORMS) -> FormVersion:
    form, _plan = form_of(session, plan_id, form_id, right)
    return drafts.newest(session, form)


@bp.get(DRAFT)
@web.requires(May.SEE_FORMS)
def draft(plan_id: int, form_id: str) -> Response:
    """Tell of the draft; with the token that tries it, to those who manage forms."""
    session = db.session()
    _form, plan = form_of(session, plan_id, form_id)
    found = _draft(session, plan_id, form_id)
    told: dict[str, Any] = FormSchema().dump(found)
    manages = covers(web.reader().areas(May.MANAGE_FORMS), plan.area)
    return programs.answer({**told, "draftToken": found.form.test_token if manages else None})


@bp.post(DRAFT)
@web.requires(May.MANAGE_FORMS)
def make(plan_id: int, form_id: str) -> Response:
    """Make a draft of what the request carries; of nothing, a copy of what phones get."""
    form_of(db.session(), plan_id, form_id, May.MANAGE_FORMS)
    if request.mimetype or request.content_length:
        _from_definition(plan_id, form_id)
    else:
        with transaction() as session:
            form, _plan = form_of(session, plan_id, form_id, May.MANAGE_FORMS)
            drafts.copy(session, form, web.actor())
    return programs.done()


def _from_definition(plan_id: int, form_id: str) -> None:
    data, name, compiled = forms_api.definition(form_id)
    with transaction() as session:
        form, plan = form_of(session, plan_id, form_id, May.MANAGE_FORMS)
        made = service.upload(
            session, reach.files(), plan.id, data, name, compiled, web.actor(), form.form_id
        )
        if made.published_at is not None:
            raise VersionTaken(version=made.version, form_id=form.form_id)
        drafts.alone(session, made)


@bp.delete(DRAFT)
@web.requires(May.MANAGE_FORMS)
def drop(plan_id: int, form_id: str) -> Response:
    """Set the draft aside."""
    with transaction() as session:
        form, _plan = form_of(session, plan_id, form_id, May.MANAGE_FORMS)
        drafts.drop(session, form, web.actor())
    return programs.done()


@bp.post(f"{DRAFT}/publish")
@web.requires(May.MANAGE_FORMS)
def publish(plan_id: int, form_id: str) -> Response:
    """Make the draft what phones get, under the version that ?version= gives it, or its own.

    Other rules for a form with records need ?dryRun= (the run that was seen) or ?withoutDryRun=
    (why there is none).
    """
    version = text.clean(xml.legal(request.args.get("version", "")))[:LONGEST_VERSION]
    with transaction() as session:
        found = _draft(session, plan_id, form_id, May.MANAGE_FORMS)
        if version:
            drafts.call(session, found, version)
        elif drafts.is_copy(found):
            raise VersionTaken(version=drafts.copied_from(found), form_id=form_id)
        asked = Fields(request.args)
        looked = Looked(asked.number("dryRun"), asked["withoutDryRun"])
        service.publish(session, found, web.actor(), looked=looked)
    return programs.done()


@bp.get(f"{DRAFT}.xml")
@web.requires(May.SEE_FORMS)
def xform(plan_id: int, form_id: str) -> Response:
    """Give the draft's XForm."""
    return forms_api.xform(_draft(db.session(), plan_id, form_id))


@bp.get(f"{DRAFT}.<any(xlsx, xls):kind>")
@web.requires(May.SEE_FORMS)
def workbook(plan_id: int, form_id: str, kind: str) -> Response:
    """Give the workbook that it was made of."""
    return forms_api.workbook(_draft(db.session(), plan_id, form_id))


@bp.get(f"{DRAFT}/fields")
@web.requires(May.SEE_FORMS)
def fields(plan_id: int, form_id: str) -> Response:
    """List its fields."""
    return forms_api.listed_fields(_draft(db.session(), plan_id, form_id))


@bp.get(f"{DRAFT}/attachments")
@web.requires(May.SEE_FORMS)
def files(plan_id: int, form_id: str) -> Response:
    """List the files that it asks for, and whether they are here."""
    return forms_api.listed_files(_draft(db.session(), plan_id, form_id))


@bp.get(f"{DRAFT}/attachments/<filename>")
@web.requires(May.SEE_FORMS)
def file(plan_id: int, form_id: str, filename: str) -> Response:
    """Give one of them."""
    return forms_api.file(_draft(db.session(), plan_id, form_id), filename)


@bp.post(f"{DRAFT}/attachments/<filename>")
@web.requires(May.MANAGE_FORMS)
def attach(plan_id: int, form_id: str, filename: str) -> Response:
    """Keep a file that it asks for, in the place of one of that name."""
    _draft(db.session(), plan_id, form_id, May.MANAGE_FORMS)
    kind = request.mimetype or "application/octet-stream"
    with programs.spooled() as stream, transaction() as session:
        found = _draft(session, plan_id, form_id, May.MANAGE_FORMS)
        service.attach(session, reach.files(), found, filename, kind, stream, web.actor())
    return programs.done()


@bp.delete(f"{DRAFT}/attachments/<filename>")
@web.requires(May.MANAGE_FORMS)
def detach(plan_id: int, form_id: str, filename: str) -> Response:
    """Take one away."""
    with transaction() as session:
        found = _draft(session, plan_id, form_id, May.MANAGE_FORMS)
        drafts.detach(session, found, filename, web.actor())
    return programs.done()


@bp.patch(f"{DRAFT}/attachments/<filename>")
@web.requires(May.MANAGE_FORMS)
def link(plan_id: int, form_id: str, filename: str) -> Response:
    """Let a list of the plan stand for a file (`dataset`: true), or the file itself (false)."""
    _draft(db.session(), plan_id, form_id, May.MANAGE_FORMS)
    wanted = programs.sent(LinkSchema())["dataset"]
    with transaction() as session:
        found = _draft(session, plan_id, form_id, May.MANAGE_FORMS)
        drafts.link(session, found, filename, wanted, web.actor())
        told = list(attachments(found, lists.supplied(found).union(service.LIVE_LISTS)))
    return programs.answer(next(each for each in told if each["name"] == text.clean(filename)))
