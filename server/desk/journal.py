"""The journal on a page: who did what, how far it is sealed, and whether the seals still hold."""

from flask import Blueprint, flash, redirect, render_template
from flask_babel import gettext as _
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from server import journal, web
from server.db import db
from server.desk import formats, paging, verbs
from server.journal import Line, Seal, Work
from server.monitoring.models import Plan
from server.permissions import May
from server.places.scope import inside

bp = Blueprint("desk_journal", __name__)
bp.context_processor(formats.helpers)
SUBJECTS: dict[str, tuple[str, str]] = {
    "submission.": ("Phiếu", "Submissions"),
    "held.": ("Phiếu bị giữ", "Held submissions"),
    "finding.": ("Phát hiện", "Findings"),
    "form.": ("Biểu mẫu", "Forms"),
    "draw.": ("Chọn ngẫu nhiên", "Draws"),
    "plan.": ("Kế hoạch", "Plans"),
    "round.": ("Đợt", "Rounds"),
    "visit.": ("Lượt giám sát", "Visits"),
    "team.": ("Đoàn", "Teams"),
    "phone.": ("Điện thoại", "Phones"),
    "person.": ("Cán bộ", "People"),
    "hamlets.": ("Thôn", "Hamlets"),
}
VIAS: dict[str, tuple[str, str]] = {
    "page": ("Trang web", "Page"),
    "phone": ("Điện thoại", "Phone"),
    "job": ("Máy chủ", "Server"),
    "command": ("Dòng lệnh", "Command"),
    "api": ("Chương trình", "Program"),
}


@bp.get("/journal")
@web.requires(May.SEE_JOURNAL)
def lines() -> str:
    """Show the lines that the reader may see, newest first."""
    session = db.session()
    typed = {name: value.replace("\0", "") for name, value in paging.asked("plan", "verb").items()}
    page = paging.page(session, _query(typed), Line.id)
    found = {line.id: line for line in session.scalars(select(Line).where(Line.id.in_(page.ids)))}
    plans = session.execute(_plans().limit(200)).all()
    return render_template(
        "desk/journal.html",
        lines=[found[key] for key in page.ids if key in found],
        page=page,
        typed=typed,
        plans=[(plan_id, name) for plan_id, name in plans],
        plan_names=dict(plans),
        subjects=[(key, formats.word(names)) for key, names in SUBJECTS.items()],
        vias=VIAS,
        verb=verbs.verb,
        seal=session.scalars(select(Seal).order_by(Seal.id.desc()).limit(1)).first(),
        unsealed=journal.unsealed(session),
        failed=_failed(session),
    )


def _areas() -> list[str]:
    return web.reader().areas(May.SEE_JOURNAL)


def _plans() -> Select[int, str]:
    return select(Plan.id, Plan.name).where(inside(Plan.area, _areas())).order_by(Plan.id.desc())


def _query(typed: dict[str, str]) -> Select[int]:
    """Return the query of the lines asked for.

    Lines of no plan (people, places) are for those who hold the whole country.
    """
    query = select(Line.id)
    if "" not in _areas():
        query = query.where(Line.plan_id.in_(_plans().with_only_columns(Plan.id).order_by(None)))
    if plan_id := paging.whole("plan"):
        query = query.where(Line.plan_id == plan_id)
    if typed["verb"]:
        query = query.where(Line.verb.startswith(typed["verb"], autoescape=True))
    return query


def _failed(session: Session) -> int:
    """Return how many lines wait because what should follow them failed."""
    return session.scalar(select(func.count()).select_from(Work).where(Work.attempts > 0)) or 0


@bp.post("/journal/verify")
@web.requires(May.SEE_JOURNAL)
def verify() -> Response:
    """Re-compute every seal and say whether all hold, or where the first breaks."""
    broken = next(journal.verify(db.session()), None)
    if broken is None:
        flash(_("Chuỗi nhật ký còn nguyên: mọi niêm phong đều khớp."), "success")
    else:
        flash(
            _(
                "Nhật ký đã bị đổi ở niêm phong số %(seal)s (dòng %(first)s đến %(last)s): %(why)s",
                seal=broken.seal_id, first=broken.first_id, last=broken.last_id, why=broken.why,
            ),
            "error",
        )  # fmt: skip
    return redirect("/journal")
