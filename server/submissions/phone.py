"""Where phones send filled forms. 201 is written only when all is on disk: then they forget."""

from collections.abc import Callable, Iterator, Sequence

from flask import Blueprint, Response, current_app, g, request
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from server import openrosa, text
from server.db import db, transaction
from server.files import Files
from server.jobs import Jobs
from server.monitoring.models import Plan
from server.problems import Problem, TooLarge, Unavailable
from server.submissions import holding, instance, intake, service
from server.submissions.intake import KeptPart, Part, Sent
from server.submissions.problems import NoFormSent, SeveralFormsSent
from server.teams import service as teams
from server.teams.phone import at
from server.teams.service import Carrier

bp = Blueprint("submissions_phone", __name__)
FORM_PART = "xml_submission_file"
NAMELESS = "khong-ten"
MAX_FORM_BYTES = 10_000_000


@at(bp, "/submission", entry=True)
def preflight(token: str, plan_id: int) -> Response:
    """Answer the phone's HEAD: 204, and how much it may put into one request."""
    plan = db.session().get(Plan, plan_id)
    response = Response(status=204)
    response.headers["X-OpenRosa-Version"] = "1.0"
    response.headers["X-OpenRosa-Accept-Content-Length"] = str(
        plan.accept_bytes if plan else 10_000_000
    )
    return response


@at(bp, "/submission", "POST", entry=True)
def receive(token: str, plan_id: int) -> Response:
    """Take one filled form, or one part of it."""
    receipt = take(g.phone, _from_phone)
    return openrosa.message(_thanks(receipt), 201 if receipt.submission_id else 202)


def _from_phone(
    session: Session, sent: Sent, parts: Sequence[KeptPart], phone: Carrier
) -> service.Receipt:
    receipt = service.receive(session, sent, parts, phone)
    _seen(session)
    return receipt


Verb = Callable[[Session, Sent, Sequence[KeptPart], Carrier], service.Receipt]


def take(sender: Carrier, verb: Verb = service.receive) -> service.Receipt:
    """Take what this request carries, by `verb`; what is refused is held for the office."""
    bounded()
    xml, parts = read_parts()
    files: Files = current_app.extensions["files"]
    try:
        sent = intake.read(db.session(), sender.plan_id, xml)
        kept = service.keep(files, parts)
        with transaction() as session:
            receipt = verb(session, sent, kept, sender)
    except Problem as problem:
        if not isinstance(problem, Unavailable):
            _hold(xml, parts, problem, files, sender)
        raise
    if receipt.changed:
        jobs: Jobs = current_app.extensions["jobs"]
        jobs.poke()
    return receipt


def bounded() -> None:
    """Refuse what is larger than this server takes at all, before reading it."""
    limit = current_app.config["MAX_CONTENT_LENGTH"]
    if request.content_length is not None and request.content_length > limit:
        raise TooLarge(limit_mb=limit // 1_000_000)


def read_parts() -> tuple[bytes, list[Part]]:
    """Return the form's bytes and the files beside it.

    Some clients send the form as a text field, without a file name: that is the form all the same.
    """
    uploads = list(request.files.items(multi=True))
    found = [_bytes(file) for name, file in uploads if name == FORM_PART]
    found += [value.encode() for value in request.form.getlist(FORM_PART)]
    found = [xml for xml in found if xml]
    if not found:
        raise NoFormSent()
    if len(set(found)) > 1:
        raise SeveralFormsSent()
    return found[0], list(_parts(uploads))


def _parts(uploads: list[tuple[str, FileStorage]]) -> Iterator[Part]:
    for name, file in uploads:
        if name != FORM_PART:
            called = text.clean(file.filename or "") or text.clean(name) or NAMELESS
            kind = text.clean(file.mimetype)[:100] or intake.OCTETS
            yield Part(called[: intake.LONGEST_NAME], kind, file.stream)


def _bytes(file: FileStorage) -> bytes:
    data = file.stream.read(MAX_FORM_BYTES + 1)
    if len(data) > MAX_FORM_BYTES:
        raise TooLarge(limit_mb=MAX_FORM_BYTES // 1_000_000)
    return data


def _seen(session: Session) -> None:
    if teams.due_to_be_seen(g.phone):
        teams.see(
            session, g.phone.phone_id, request.args.get("deviceID"), request.user_agent.string
        )


def _hold(xml: bytes, parts: list[Part], problem: Problem, files: Files, sender: Carrier) -> None:
    """Keep what we refuse, so that the office can mend the cause and take it in."""
    kept = service.keep(files, parts)
    try:
        ids = holding.ids_of(instance.parse(xml))
    except Problem:
        ids = holding.NAMELESS
    with transaction() as session:
        service.hold(session, xml, kept, problem.code, problem.text("vi"), sender, ids)


def _thanks(receipt: service.Receipt) -> str:
    if receipt.submission_id is None:
        return holding.AWAITS_ORIGINAL_WHY + " Không cần gửi lại."
    if not receipt.named:
        return "Đã nhận phiếu."
    return f"Đã nhận phiếu, {receipt.held}/{receipt.named} tệp kèm theo."
