"""Pages of places: search, the tree of an edition, one place, and the import of hamlets."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
)
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import clock, journal, text, web
from server.db import db, transaction
from server.fields import Fields
from server.files import Files
from server.permissions import May
from server.places import boundary_queries, queries, service, sheets
from server.places.hamlets import Preview
from server.places.models import Edition, Hamlet, Place
from server.places.problems import UnreadableFile
from server.places.scope import covers
from server.problems import BadInput, NotAllowed, NotFound, Problem

bp = Blueprint("places", __name__)
FOUND = 50
HAMLETS = 400
SHOWN_ROWS = 200


@bp.get("/places")
@web.requires(May.SEE_PLANS)
def places() -> str:
    """Search an edition by name or code; without a search, its provinces."""
    session, typed = db.session(), Fields(request.args)
    edition = _edition(session, typed["edition"])
    wanted = typed.text("q")[:100]
    found = _found(session, edition.id, wanted) if edition else []
    return render_template(
        "places/places.html",
        edition=edition,
        editions=[(row.id, row.name) for row in session.scalars(queries.editions())],
        wanted=wanted,
        found=found,
        addresses=queries.addresses(session, found),
        full=len(found) == FOUND,
    )


def _edition(session: Session, edition_id: str) -> Edition | None:
    named = session.get(Edition, edition_id)
    return (
        named
        or session.scalars(queries.edition_on(clock.today())).first()
        or session.scalars(queries.editions()).first()
    )


def _found(session: Session, edition: str, wanted: str) -> Sequence[Place]:
    if not wanted:
        return session.scalars(queries.provinces(edition)).all()
    if wanted.isascii() and wanted.isdigit():
        return session.scalars(queries.place(edition, wanted)).all()
    return session.scalars(queries.search(edition, wanted, limit=FOUND)).all()


@bp.get("/places/<int:place_id>")
@web.requires(May.SEE_PLANS)
def place(place_id: int) -> str:
    """Show one place: what holds it, what lies in it, what became of it, its hamlets and point."""
    session = db.session()
    found = _place(session, place_id)
    edition, code = found.edition_id, found.code
    hamlets = session.scalars(queries.hamlets_of(edition, code).limit(HAMLETS + 1)).all()
    shown = hamlets[:HAMLETS] if not _has_children(found) else []
    areas = boundary_queries.areas(session, [found.id])
    return render_template(
        "places/place.html",
        place=found,
        edition=session.get(Edition, edition),
        holders=session.scalars(queries.ancestors(edition, code)).all(),
        children=session.scalars(queries.children(edition, code)).all(),
        successors=session.execute(queries.successors(edition, code)).all(),
        predecessors=session.execute(queries.predecessors(edition, code)).all(),
        editions={each.id: each.name for each in session.scalars(queries.editions())},
        hamlets=shown,
        more=len(hamlets) > HAMLETS,
        features=_with(boundary_queries.geojson(session, areas), features(found, shown)),
        areas=areas.shown(web.language() == "en"),
        may_import=_may_import(found),
    )


def _place(session: Session, place_id: int) -> Place:
    found = session.get(Place, place_id)
    if found is None:
        raise NotFound()
    return found


def _with(areas: Iterable[str], drawn: dict[str, Any]) -> dict[str, Any]:
    """Return a map's features with the areas that they stand on."""
    return {**drawn, "features": json.loads("".join(areas))["features"] + drawn["features"]}


def _has_children(found: Place) -> bool:
    return len(found.code) < 5


def _may_import(found: Place) -> bool:
    return covers(web.reader().areas(May.MANAGE_PLACES), found.area)


def features(found: Place, hamlets: Sequence[Hamlet]) -> dict[str, Any]:
    """Return the map of a place: its own point, and each hamlet that has one with its radius."""
    points = [
        _point(f"h{each.id}", each.longitude, each.latitude, each.name, radius_m=each.radius_m)
        for each in hamlets
        if each.latitude is not None
    ]
    if found.latitude is not None:
        note = _("Tọa độ gần đúng của đơn vị") if found.edition_id < "2025-07" else ""
        points.append(
            _point("place", found.longitude, found.latitude, found.name, named=True, note=note)
        )
    return {"type": "FeatureCollection", "features": points}


def _point(
    key: str, longitude: float | None, latitude: float | None, label: str, **more: object
) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": key,
        "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
        "properties": {"label": label, "kind": "expected", **more},
    }


@bp.get("/places/<int:place_id>/hamlets/import")
@web.requires(May.MANAGE_PLACES)
def import_page(place_id: int) -> str:
    """Show where a list of hamlets is sent in."""
    return render_template("places/import.html", place=_to_fill(place_id), problem=None)


@bp.post("/places/<int:place_id>/hamlets/import")
@web.requires(May.MANAGE_PLACES)
def preview(place_id: int) -> AnyResponse | str:
    """Show what a list would store and every row it would not; keep the file till confirmed."""
    found = _to_fill(place_id)
    upload = request.files.get("file")
    name = text.clean((upload.filename or "").replace("\0", ""))[:120] if upload else ""
    data = upload.stream.read(sheets.MAX_BYTES + 1) if upload and name else b""
    try:
        if not data:
            raise _nothing_sent(name)
        read = _read(db.session(), found, data, name)
    except Problem as problem:
        sentence = problem.text(web.language())
        body = render_template("places/import.html", place=found, problem=sentence)
        return Response(body, problem.status)
    kept = _files().keep_bytes(data)
    return render_template(
        "places/preview.html",
        place=found,
        preview=read,
        sha256=kept.sha256,
        shown=read.accepted[:SHOWN_ROWS],
        language=web.language(),
    )


def _nothing_sent(name: str) -> Problem:
    if not name:
        return BadInput("Chưa chọn tệp danh sách thôn.", "No file was chosen.")
    return UnreadableFile(file=name, reason="tệp trống", reason_en="the file is empty")


def _to_fill(place_id: int) -> Place:
    found = _place(db.session(), place_id)
    if not _may_import(found):
        raise NotAllowed()
    return found


def _read(session: Session, found: Place, data: bytes, name: str) -> Preview:
    return service.preview_hamlets(session, found.edition_id, data, name, [found.code])


def _files() -> Files:
    files: Files = current_app.extensions["files"]
    return files


@bp.post("/places/<int:place_id>/hamlets/import/confirm")
@web.requires(May.MANAGE_PLACES)
def confirm(place_id: int) -> AnyResponse:
    """Store what the preview accepted: the kept file is read again, so nothing is trusted."""
    sha256 = request.form.get("sha256", "")
    name = Fields(request.form).text("name")[:120]
    found = _to_fill(place_id)
    try:
        if (_files().size(sha256) or 0) > sheets.MAX_BYTES:
            raise NotFound()
        data = _files().read(sha256)
    except FileNotFoundError:
        raise NotFound() from None
    with transaction() as session:
        read = _read(session, found, data, name)
        stored = service.import_hamlets(session, read)
        journal.write(
            session, web.actor(), "hamlets.imported", "place", found.id,
            edition=found.edition_id, code=found.code, hamlets=stored,
            rejected=len(read.rejected), sha256=sha256,
        )  # fmt: skip
    current_app.extensions["jobs"].poke()
    flash(_("Đã nhập %(count)s thôn.", count=stored), "success")
    return redirect(f"/places/{place_id}")
