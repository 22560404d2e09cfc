"""What a phone asks for before it goes out: form list, XForm, manifest, files and lists."""

import logging
from urllib.parse import quote

from flask import Blueprint, Response, current_app, g, request

from server import openrosa
from server.db import db
from server.files import Files
from server.problems import NotFound, Unavailable
from server.surveys import lists, queries
from server.surveys.models import FormMedia, PhoneList
from server.teams import fetched
from server.teams import phone as phones
from server.teams.phone import at
from server.text import clean

log = logging.getLogger(__name__)
bp = Blueprint("surveys_phone", __name__)
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "geojson": "application/geo+json",
    "xml": "text/xml; charset=utf-8",
}


@at(bp, "/formList", entry=True)
def form_list(token: str, plan_id: int) -> Response:
    """List the plan's open forms. Never empty by mistake: an empty list wipes phones."""
    base = _base(token, plan_id)
    wanted = clean(request.args.get("formID", "")) or None
    forms = queries.listed(db.session(), plan_id, wanted)
    entries = "".join(_entry(base, form) for form in forms)
    if wanted is None:
        phones.note_fetched(fetched.FORMS, "", str(len(forms)))
    return openrosa.listing(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<xforms xmlns="{openrosa.LIST}">{entries}</xforms>'
    )


def _entry(base: str, form: queries.Listed) -> str:
    address = f"{base}/versions/{form.version_id}"
    version = f"<version>{openrosa.safe(form.version)}</version>" if form.version else ""
    manifest = f"<manifestUrl>{address}/manifest</manifestUrl>" if form.has_files else ""
    form_id = openrosa.safe(form.form_id)
    return (
        f"<xform><formID>{form_id}</formID>"
        f"<name>{openrosa.safe(form.name).strip() or form_id}</name>{version}"
        f"<hash>md5:{form.md5}</hash>"
        f"<downloadUrl>{address}/form.xml</downloadUrl>{manifest}</xform>"
    )


@at(bp, "/versions/<int:version_id>/form.xml")
def form_xml(token: str, plan_id: int, version_id: int) -> Response:
    """Give exactly the bytes whose hash the list named."""
    xform = queries.xform(db.session(), plan_id, version_id)
    if xform is None:
        raise NotFound()
    md5 = openrosa.md5(xform)
    phones.note_fetched(fetched.FORM, str(version_id), md5)
    return openrosa.kept(Response(xform, content_type=openrosa.MIME), md5)


@at(bp, "/versions/<int:version_id>/manifest")
def manifest(token: str, plan_id: int, version_id: int) -> Response:
    """List the files of a version with their hashes, reading none of them."""
    session = db.session()
    needs = queries.needs_of(session, plan_id, version_id)
    if needs is None:
        raise NotFound()
    base = _base(token, plan_id)
    names = [need["name"] for need in needs]
    entries = {
        file.name: _file(f"{base}/versions/{version_id}", file)
        for file in queries.manifest(session, plan_id, version_id, g.phone.team_id, names)
    }
    wanted = [name for name in names if name not in entries]
    entries |= {each.name: offered(base, each) for each in lists.offered(g.phone, wanted)}
    return openrosa.listing(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<manifest xmlns="{openrosa.MANIFEST}">'
        f"{''.join(entries[name] for name in sorted(entries))}</manifest>"
    )


def _file(base: str, file: queries.File) -> str:
    where = "lists" if file.is_list else "media"
    return (
        f"<mediaFile><filename>{openrosa.safe(file.name)}</filename><hash>md5:{file.md5}</hash>"
        f"<downloadUrl>{base}/{where}/{quote(file.name)}</downloadUrl></mediaFile>"
    )


def offered(base: str, offer: lists.Offered) -> str:
    """Return the entry of a list; `base` is safe already."""
    kind = f' type="{offer.kind}"' if offer.kind else ""
    integrity = (
        f"<integrityUrl>{base}/{openrosa.safe(offer.integrity_path)}</integrityUrl>"
        if offer.integrity_path
        else ""
    )
    return (
        f"<mediaFile{kind}><filename>{openrosa.safe(offer.name)}</filename>"
        f"<hash>md5:{offer.md5}</hash>"
        f"<downloadUrl>{base}/{openrosa.safe(offer.path)}</downloadUrl>{integrity}"
        "</mediaFile>"
    )


@at(bp, "/versions/<int:version_id>/lists/<name>")
def phone_list(token: str, plan_id: int, version_id: int, name: str) -> Response:
    """Give a list as the phone's own team has it."""
    found = queries.phone_list(db.session(), plan_id, g.phone.team_id, name)
    if found is None:
        raise NotFound()
    phones.note_fetched(fetched.LIST, name, found.md5)
    return sent_list(found)


def sent_list(found: PhoneList) -> Response:
    """Give a list as it is kept."""
    return openrosa.kept(Response(found.content, content_type=_type(found.name)), found.md5)


@at(bp, "/versions/<int:version_id>/media/<name>")
def media(token: str, plan_id: int, version_id: int, name: str) -> Response:
    """Give a file that was uploaded with the form, or none at all when it is spoilt here."""
    session = db.session()
    found = queries.media(session, version_id, name)
    if found is None or queries.needs_of(session, plan_id, version_id) is None:
        raise NotFound()
    return sent_file(found)


def sent_file(found: FormMedia) -> Response:
    """Give an uploaded file whole.

    Raises:
        Unavailable: it is spoilt here.
    """
    files: Files = current_app.extensions["files"]
    if not files.is_whole(found.sha256):
        log.error("form file %s is missing or not what was stored", found.sha256)
        raise Unavailable(reason="tệp kèm biểu mẫu trên máy chủ bị hỏng")
    response = Response(
        files.chunks(found.sha256), content_type=_type(found.name, found.content_type)
    )
    response.content_length = found.size_bytes
    return openrosa.kept(response, found.md5)


def _base(token: str, plan_id: int) -> str:
    return openrosa.safe(phones.base(token, plan_id))


def _type(name: str, otherwise: str = "application/octet-stream") -> str:
    """Return the content type by the ending: ODK Web Forms chooses its parser by it."""
    return TYPES.get(name.rsplit(".", 1)[-1].lower(), otherwise)
