"""Forms filled on a draft, for programs: those tried on the draft as it is now."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask import Response
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from server import programs, text, web
from server.central import moment
from server.db import db
from server.desk import downloads
from server.desk.drafts_api import DRAFT
from server.desk.forms_api import form_of
from server.permissions import May
from server.problems import NotFound
from server.submissions.trial_models import Trial, TrialFile
from server.surveys import drafts

bp = programs.Addresses("trials_api", __name__)
ALL = f"{DRAFT}/submissions"
ONE = f"{ALL}/<trial_id>"
AT_ONCE = 200


def _tried(session: Session, plan_id: int, form_id: str) -> Select[Trial]:
    """Return the query of what was tried on a form's draft as it is now, the newest first.

    Raises:
        NotFound: there is no such form, or not for the caller.
        NoDraftMade: it has no draft.
    """
    form, _plan = form_of(session, plan_id, form_id)
    draft = drafts.newest(session, form)
    same = (Trial.version_id == draft.id) & (Trial.xform_md5 == draft.xform_md5)
    return select(Trial).where(Trial.form_pk == form.id, same).order_by(Trial.id.desc())


def _one(plan_id: int, form_id: str, trial_id: str) -> Trial:
    session = db.session()
    found = session.scalar(_tried(session, plan_id, form_id).where(Trial.instance_id == trial_id))
    if found is None:
        raise NotFound()
    return found


def _told(found: Trial) -> dict[str, Any]:
    return {
        "instanceId": found.instance_id,
        "submitterId": 0,
        "submitter": {"id": 0, "displayName": None},
        "deviceId": found.device_id or None,
        "formVersion": found.version.version,
        "reviewState": None,
        "createdAt": moment(found.received_at),
        "updatedAt": None,
        "attachmentsPresent": len(found.files),
    }


@bp.get(ALL)
@web.requires(May.SEE_FORMS)
def trials(plan_id: int, form_id: str) -> Response:
    """List what was tried on the draft (?limit= ?offset=)."""
    query = _tried(db.session(), plan_id, form_id)
    limit, offset = programs.numbered("limit"), programs.numbered("offset")
    query = query.limit(limit) if limit is not None else query
    query = query.offset(offset) if offset else query
    return programs.stream(_told(each) for each in _read(query))


def _read(query: Select[Trial]) -> Iterator[Trial]:
    with db.session().scalars(query.execution_options(yield_per=AT_ONCE)) as rows:
        yield from rows


@bp.get(ONE)
@web.requires(May.SEE_FORMS)
def trial(plan_id: int, form_id: str, trial_id: str) -> Response:
    """Tell of one of them."""
    return programs.answer(_told(_one(plan_id, form_id, trial_id)))


@bp.get(f"{ONE}.xml")
@web.requires(May.SEE_FORMS)
def trial_xml(plan_id: int, form_id: str, trial_id: str) -> Response:
    """Give one of them byte for byte as it was sent."""
    found = _one(plan_id, form_id, trial_id)
    return Response(found.xml, content_type="application/xml; charset=utf-8")


@bp.get(f"{ONE}/attachments")
@web.requires(May.SEE_FORMS)
def files(plan_id: int, form_id: str, trial_id: str) -> Response:
    """List the files that came with one."""
    found: Sequence[TrialFile] = _one(plan_id, form_id, trial_id).files
    return programs.answer([{"name": each.name, "exists": True} for each in found])


@bp.get(f"{ONE}/attachments/<trial_file>")
@web.requires(May.SEE_FORMS)
def file(plan_id: int, form_id: str, trial_id: str, trial_file: str) -> Response:
    """Give one of those files, as an attachment."""
    name = text.clean(trial_file)
    for each in _one(plan_id, form_id, trial_id).files:
        if each.name == name:
            called = downloads.filename([name])
            return downloads.kept(each.sha256, each.size_bytes, "application/octet-stream", called)
    raise NotFound()
