"""Where phones try a draft: a list with the draft alone, its files, and a place to send to."""

import functools
from collections.abc import Callable
from urllib.parse import quote

from flask import Blueprint, Response, current_app, g, request

from server import openrosa
from server.db import db, transaction
from server.entities import phone as entity_lists
from server.files import Files
from server.monitoring.models import Plan
from server.problems import NotFound, Problem
from server.submissions import instance, service, trials
from server.submissions.phone import bounded, read_parts
from server.surveys import drafts, queries
from server.surveys.phone import offered, sent_file, sent_list

bp = Blueprint("trial_phone", __name__)
BASE = "/v1/test/<token>/projects/<int:plan_id>/forms/<form_id>/draft"


def _at(path: str, method: str = "GET") -> Callable[[Callable[..., Response]], object]:
    """Register a view for whoever holds the token of a draft, as `g.draft`."""

    def register(view: Callable[..., Response]) -> object:
        @functools.wraps(view)
        def inner(token: str, plan_id: int, form_id: str, **rest: object) -> Response:
            try:
                g.draft = drafts.draft_of(db.session(), plan_id, form_id, token)
                g.base = openrosa.safe(_base(token, plan_id, form_id))
                return view(**rest)
            except Problem as problem:
                return openrosa.refusal(problem)

        bp.add_url_rule(BASE + path, view_func=inner, methods=[method])
        return inner

    return register


def _base(token: str, plan_id: int, form_id: str) -> str:
    public = current_app.config["THUCDIA"].public_url or request.host_url.rstrip("/")
    return f"{public}{drafts.path(token, plan_id, form_id)}"


@_at("/formList")
def form_list() -> Response:
    """List the draft alone."""
    draft = g.draft
    version = f"<version>{openrosa.safe(draft.version)}</version>" if draft.version else ""
    manifest = f"<manifestUrl>{g.base}/manifest</manifestUrl>" if draft.needs else ""
    name = openrosa.safe(draft.title).strip() or openrosa.safe(draft.form.form_id)
    return openrosa.listing(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<xforms xmlns="{openrosa.LIST}"><xform>'
        f"<formID>{openrosa.safe(draft.form.form_id)}</formID><name>{name}</name>{version}"
        f"<hash>md5:{draft.xform_md5}</hash><downloadUrl>{g.base}/form.xml</downloadUrl>"
        f"{manifest}</xform></xforms>"
    )


@_at("/form.xml")
def form_xml() -> Response:
    """Give the draft's XForm."""
    return openrosa.kept(Response(g.draft.xform, content_type=openrosa.MIME), g.draft.xform_md5)


@_at("/manifest")
def manifest() -> Response:
    """List the files of the draft: those uploaded, and the plan's lists as all teams have them."""
    names = [need["name"] for need in g.draft.needs]
    found = queries.manifest(db.session(), g.draft.form.plan_id, g.draft.id, None, names)
    entries = {
        each.name: f"<mediaFile><filename>{openrosa.safe(each.name)}</filename>"
        f"<hash>md5:{each.md5}</hash>"
        f"<downloadUrl>{g.base}/attachments/{quote(each.name)}</downloadUrl></mediaFile>"
        for each in found
    }
    wanted = [name for name in names if name not in entries]
    for each in entity_lists.offer_for_trial(g.draft, wanted):
        entries[each.name] = offered(g.base, each)
    return openrosa.listing(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<manifest xmlns="{openrosa.MANIFEST}">'
        f"{''.join(entries[name] for name in sorted(entries))}</manifest>"
    )


@_at("/datasets/<name>/entities.csv")
def entities_csv(name: str) -> Response:
    """Give a list that the draft asks for, all of it, whoever its rows are for."""
    return entity_lists.for_trial(g.draft, name)


@_at("/datasets/<name>/integrity")
def integrity(name: str) -> Response:
    """Tell what became of rows that the phone misses in a list."""
    return entity_lists.fates_for_trial(g.draft, name)


@_at("/attachments/<name>")
def attachment(name: str) -> Response:
    """Give a file of the draft."""
    uploaded = queries.media(db.session(), g.draft.id, name)
    if uploaded is not None:
        return sent_file(uploaded)
    found = queries.phone_list(db.session(), g.draft.form.plan_id, None, name)
    if found is None or name not in {need["name"] for need in g.draft.needs}:
        raise NotFound()
    return sent_list(found)


@_at("/submission")
def preflight() -> Response:
    """Answer the phone's HEAD."""
    response = Response(status=204)
    response.headers["X-OpenRosa-Version"] = "1.0"
    plan = db.session().get_one(Plan, g.draft.form.plan_id)
    response.headers["X-OpenRosa-Accept-Content-Length"] = str(plan.accept_bytes)
    return response


@_at("/submission", "POST")
def receive() -> Response:
    """Take a form filled on the draft; it goes to the page of the form and nowhere else."""
    bounded()
    xml, parts = read_parts()
    files: Files = current_app.extensions["files"]
    found = instance.parse(xml)
    kept = service.keep(files, parts)
    with transaction() as session:
        draft = session.merge(g.draft, load=False)
        trials.take(session, draft, found, xml, kept, request.args.get("deviceID", ""))
    return openrosa.message("Đã nhận phiếu thử. Phiếu thử không vào số liệu.", 201)
