"""What a phone asks for before it goes out: form list, XForm, manifest, files and lists."""

from urllib.parse import quote

from flask import Blueprint, Response, current_app, g, request

from server import openrosa
from server.db import db
from server.files import Files
from server.problems import NotFound
from server.surveys import queries
from server.teams.phone import PREFIX, from_phone

bp = Blueprint("surveys_phone", __name__)
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "geojson": "application/geo+json",
    "xml": "text/xml; charset=utf-8",
}


@bp.get(f"{PREFIX}/formList")
@from_phone
def form_list(token: str, plan_id: int) -> Response:
    """List the plan's open forms. Never empty by mistake: an empty list wipes phones."""
    base = _base(token, plan_id)
    forms = queries.listed(db.session(), plan_id, request.args.get("formID"))
    entries = "".join(_entry(base, form) for form in forms)
    return openrosa.listing(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<xforms xmlns="{openrosa.LIST}">{entries}</xforms>'
    )


def _entry(base: str, form: queries.Listed) -> str:
    address = f"{base}/versions/{form.version_id}"
    version = f"<version>{openrosa.safe(form.version)}</version>" if form.version else ""
    manifest = f"<manifestUrl>{address}/manifest</manifestUrl>" if form.has_files else ""
    return (
        f"<xform><formID>{openrosa.safe(form.form_id)}</formID>"
        f"<name>{openrosa.safe(form.name)}</name>{version}"
        f"<hash>md5:{form.md5}</hash>"
        f"<downloadUrl>{address}/form.xml</downloadUrl>{manifest}</xform>"
    )


@bp.get(f"{PREFIX}/versions/<int:version_id>/form.xml")
@from_phone
def form_xml(token: str, plan_id: int, version_id: int) -> Response:
    """Give exactly the bytes whose hash the list named."""
    xform = queries.xform(db.session(), plan_id, version_id)
    if xform is None:
        raise NotFound()
    return Response(xform, content_type=openrosa.MIME)


@bp.get(f"{PREFIX}/versions/<int:version_id>/manifest")
@from_phone
def manifest(token: str, plan_id: int, version_id: int) -> Response:
    """List the files of a version with their hashes, reading none of them."""
    session = db.session()
    if queries.needs_of(session, plan_id, version_id) is None:
        raise NotFound()
    base = f"{_base(token, plan_id)}/versions/{version_id}"
    files = queries.manifest(session, plan_id, version_id, g.phone.team_id)
    entries = "".join(
        f"<mediaFile><filename>{openrosa.safe(file.name)}</filename>"
        f"<hash>md5:{file.md5}</hash>"
        f"<downloadUrl>{base}/{'lists' if file.is_list else 'media'}/{quote(file.name)}"
        "</downloadUrl></mediaFile>"
        for file in files
    )
    return openrosa.listing(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<manifest xmlns="{openrosa.MANIFEST}">{entries}</manifest>'
    )


@bp.get(f"{PREFIX}/versions/<int:version_id>/lists/<name>")
@from_phone
def phone_list(token: str, plan_id: int, version_id: int, name: str) -> Response:
    """Give a list as the phone's own team has it."""
    found = queries.phone_list(db.session(), plan_id, g.phone.team_id, name)
    if found is None:
        raise NotFound()
    response = Response(found.content, content_type=_type(name))
    response.set_etag(found.md5)
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


@bp.get(f"{PREFIX}/versions/<int:version_id>/media/<name>")
@from_phone
def media(token: str, plan_id: int, version_id: int, name: str) -> Response:
    """Give a file that was uploaded with the form."""
    session = db.session()
    found = queries.media(session, version_id, name)
    if found is None or queries.needs_of(session, plan_id, version_id) is None:
        raise NotFound()
    files: Files = current_app.extensions["files"]
    response = Response(files.chunks(found.sha256), content_type=_type(name, found.content_type))
    response.content_length = found.size_bytes
    response.set_etag(found.md5)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _base(token: str, plan_id: int) -> str:
    public = current_app.config["THUCDIA"].public_url or request.host_url.rstrip("/")
    return f"{public}/v1/key/{quote(token)}/projects/{plan_id}"


def _type(name: str, otherwise: str = "application/octet-stream") -> str:
    """Return the content type by the ending: ODK Web Forms chooses its parser by it."""
    return TYPES.get(name.rsplit(".", 1)[-1].lower(), otherwise)
