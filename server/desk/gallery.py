"""The photos and sounds of a plan: looked through by place and question, taken along as a ZIP."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask import Blueprint, Response, current_app, render_template, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import journal, web
from server.db import db, transaction
from server.desk import bundle, downloads, evidence, formats, paging, record
from server.desk.bundle import Item
from server.fields import Fields
from server.files import Files
from server.monitoring import queries as monitoring
from server.monitoring.models import Plan, Visit
from server.monitoring.queries import open_to
from server.permissions import May
from server.places.models import Hamlet, Place
from server.submissions import exhibits, telling
from server.submissions.exhibits import Asked
from server.submissions.models import Exhibit
from server.submissions.problems import NoFilesChosen
from server.surveys import queries as surveys
from server.surveys.models import Form
from server.teams import queries as teams

bp = Blueprint("gallery", __name__)
bp.context_processor(formats.helpers)
SHOWN = 48
MOST_FILES = 2000
"""How many files one ZIP takes."""
FILTERS = ("commune", "hamlet", "form", "question", "team", "from", "to", "located", "kind")
_LOCATED = {"yes": True, "no": False}


@bp.get("/plans/<int:plan_id>/photos")
@web.requires(May.SEE_RECORDS)
def gallery(plan_id: int) -> str:
    """Show the photos and sounds of a plan, the newest first."""
    session, areas = db.session(), web.reader().areas(May.SEE_RECORDS)
    plan = monitoring.plan_for(session, plan_id, areas)
    typed = paging.asked(*FILTERS)
    asked, forms = _asked(Fields(typed)), surveys.forms(session, plan_id)
    page = paging.page(session, exhibits.listed(plan, areas, asked), Exhibit.file_id, SHOWN)
    labels = exhibits.labels(session, [form.id for form in forms], web.language(), "vi", "en")
    return render_template(
        "desk/gallery.html",
        plan=plan,
        page=page,
        shown=exhibits.rows(session, page.ids),
        labels=labels,
        communes=communes(session, plan, areas),
        hamlets=_hamlets(session, plan, typed["commune"]),
        form_options=[(form.id, form.title) for form in forms],
        questions=list(_questions(forms, labels, asked.form_pk)),
        teams=teams.team_names(session, plan_id),
        typed=typed,
        narrowed=any(typed.values()),
        most=MOST_FILES,
    )


def _asked(typed: Fields) -> Asked:
    """Return what the gallery is narrowed to; what is not valid narrows nothing."""
    form, _colon, question = typed["question"].partition(":")
    asked_of = Fields({"form": form}).number("form")
    return Asked(
        area=typed["commune"],
        hamlet_id=typed.number("hamlet"),
        form_pk=asked_of or typed.number("form"),
        question=question if asked_of else None,
        team_id=typed.number("team"),
        since=typed.day("from"),
        until=typed.day("to"),
        located=_LOCATED.get(typed["located"]),
        kind=typed["kind"] if typed["kind"] in (telling.PHOTO, telling.SOUND) else "",
    )


def communes(session: Session, plan: Plan, areas: list[str]) -> list[tuple[str, str]]:
    """Return (area, name) of the communes that a plan visits, for the reader to choose among."""
    rows = session.execute(
        select(Visit.area, Place.name)
        .join(Place, Place.id == Visit.place_id)
        .where(Visit.plan_id == plan.id, open_to(areas))
        .order_by(Place.sort_key)
        .distinct()
        .add_columns(Place.sort_key)
    )
    return [(area, name) for area, name, _key in rows]


def _hamlets(session: Session, plan: Plan, area: str) -> list[tuple[int, str]]:
    """Return (id, name) of the hamlets of the commune that was chosen."""
    edition, _slash, rest = area.partition("/")
    if edition != plan.edition_id or not rest:
        return []
    code = rest.rsplit("/", 1)[-1]
    place = select(Place.id).where(Place.edition_id == edition, Place.code == code)
    found: Sequence[Hamlet] = evidence.hamlets_in(session, session.scalar(place) or 0)
    return [(each.id, each.name) for each in found]


def _questions(
    forms: Sequence[Form], labels: dict[int, dict[str, str]], chosen: int | None
) -> Iterator[tuple[str, str]]:
    """Give (form and path, words) of every question that a file answers."""
    for form in forms:
        if chosen is None or chosen == form.id:
            for path, label in labels.get(form.id, {}).items():
                yield f"{form.id}:{path}", f"{form.title}: {label}"


@bp.post("/plans/<int:plan_id>/photos/zip")
@web.requires(May.SEE_RECORDS)
def take(plan_id: int) -> Response:
    """Give what was ticked, or all that the filter shows up to a bound, as one ZIP.

    Raises:
        NoFilesChosen: nothing fits.
    """
    areas = web.reader().areas(May.SEE_RECORDS)
    with transaction() as session:
        plan = monitoring.plan_for(session, plan_id, areas)
        query = exhibits.listed(plan, areas, _chosen()).order_by(Exhibit.file_id.desc())
        ids = session.scalars(query.limit(MOST_FILES + 1)).all()
        items = list(_items(exhibits.rows(session, ids[:MOST_FILES])))
        if not items:
            raise NoFilesChosen()
        told = {"files": len(items), "bytes": sum(item.size_bytes for item in items)}
        journal.write(
            session, web.actor(), "photos.bundled", "plan", plan_id, plan_id, **told
        )  # fmt: skip
        name = downloads.filename([plan.name, str(_("ảnh")), str(len(items))], ".zip")
    more = _more() if len(ids) > MOST_FILES else ""
    files: Files = current_app.extensions["files"]
    answer = Response(bundle.stream(files, items, more), content_type="application/zip")
    answer.headers["Content-Disposition"] = downloads.disposition(name)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _chosen() -> Asked:
    if request.form.get("which") == "all":
        return _asked(Fields(request.form))
    ticked = (Fields({"file": each}).number("file") for each in request.form.getlist("file"))
    return Asked(files=(0, *(each for each in ticked if each is not None)))


def _more() -> str:
    return str(
        _("Chỉ gồm %(count)s tệp mới nhất. Hãy lọc hẹp hơn để lấy phần còn lại.", count=MOST_FILES)
    )


def _items(found: Sequence[Exhibit]) -> Iterator[Item]:
    for each in found:
        if each.file.sha256 is not None:
            facts = _facts(each)
            size = each.file.size_bytes or 0
            yield Item(record.file_name(each), each.file.sha256, size, facts)


def _facts(each: Exhibit) -> dict[str, str]:
    """Return what the list in the ZIP says of a file."""
    taken: dict[str, Any] = each.file.facts or {}
    home = each.submission
    return {
        "phieu": f"/submissions/{home.id}",
        "ten_phieu": home.label,
        "xa": home.place.name if home.place else "",
        "thon": each.hamlet.name if each.hamlet else "",
        "bieu_mau": home.form.form_id,
        "cau_hoi": each.question,
        "ngay": each.day.isoformat(),
        "chup_luc": str(taken.get("taken_at", "")),
        "vi_do": str(taken.get("lat", "")),
        "kinh_do": str(taken.get("lon", "")),
    }
