"""A draw's papers as files: DOCX from the office's Word template, or PDF."""

from typing import Any

from flask import Blueprint, Response, current_app
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from server import web
from server.db import db
from server.desk import downloads, draw_values, draw_wording
from server.documents import press
from server.documents.blocks import Paper
from server.draws import disclosure, lineage, words
from server.draws.models import Draw, DrawState
from server.draws.pages import seen
from server.draws.problems import NotDrawn
from server.monitoring.models import RoundKind
from server.permissions import May
from server.places.scope import covers
from server.problems import NotFound, Problem

bp = Blueprint("desk_draw_papers", __name__)
PLAIN = {one.name: one for one in (draw_wording.BEFORE, draw_wording.AFTER, draw_wording.VISITS)}
NOTICE, TIMETABLE = draw_wording.NOTICE, draw_wording.TIMETABLE


class Unannounced(Problem):
    """An unannounced visit is not announced."""

    code = "draws.unannounced"
    status = 409
    message = "Đợt đột xuất không gửi thông báo trước cho đơn vị được giám sát."
    message_en = "An unannounced round sends no notice to the units it visits."


class OnlyCommunes(Problem):
    """Letters and the timetable go to communes."""

    code = "draws.only-communes"
    status = 409
    message = "Thông báo và lịch chỉ có ở lần rút chọn xã."
    message_en = "Letters and the timetable come with draws of communes."


@bp.app_context_processor
def _shown() -> dict[str, Any]:
    return {"papers_of": papers_of}


def papers_of(draw: Draw) -> list[tuple[str, str]]:
    """Return the papers that the reader may have of a draw now: (name, label)."""
    found = [(draw_wording.BEFORE.name, _("Biên bản chốt danh sách và cam kết"))]
    if not draw.drawn or not disclosure.visible(draw, drawing=_draws(draw)):
        return found
    found.append((draw_wording.AFTER.name, _("Biên bản kết quả")))
    if draw.stage in (words.COMMUNES, words.HAMLETS) or _draws(draw):
        found.append((draw_wording.VISITS.name, _("Danh sách đơn vị được chọn")))
    if draw.stage == words.COMMUNES and draw.state is not DrawState.VOID:
        found.append((TIMETABLE.name, _("Phụ lục lịch giám sát")))
        found += _letters(draw)
    return found


def _letters(draw: Draw) -> list[tuple[str, str]]:
    if draw.round.kind is RoundKind.UNANNOUNCED:
        return []
    return [
        (f"{NOTICE.name}-{unit.unit_code}", _("Thông báo gửi %(commune)s", commune=unit.place.name))
        for unit in lineage.in_use(db.session(), draw)
        if unit.place is not None
    ]


@bp.get("/draws/<int:draw_id>/papers/<name>.<any(docx, pdf):kind>")
@web.requires(May.SEE_DRAWS)
def file(draw_id: int, name: str, kind: str) -> Response:
    """Give one paper of a draw; papers that tell the result only when it may be seen."""
    session = db.session()
    draw = seen(session, draw_id)
    wanted, values = _paper(session, draw, name)
    title = downloads.filename([f"{name}", f"rut-mau-{draw.plan_id}-{draw.number}"], f".{kind}")
    session.rollback()  # printing takes a while: nobody waits for our connection
    if kind == "pdf":
        return downloads.made(press.pdf(wanted, values), "application/pdf", title)
    var = current_app.config["THUCDIA"].var
    return downloads.made(press.word(wanted, values, var), press.DOCX, title)


def _paper(session: Session, draw: Draw, name: str) -> tuple[Paper, dict[str, Any]]:
    """Return the wording and fields of a paper.

    Raises:
        NotFound: no such paper, or no such commune among those drawn.
        NotDrawn, Sealed: it tells a result that is not there or not to be seen.
        Unannounced, OnlyCommunes: this draw has no such paper.
    """
    if name == draw_wording.BEFORE.name:
        return draw_wording.BEFORE, draw_values.of(session, draw)
    if name not in PLAIN and name != TIMETABLE.name and not name.startswith(f"{NOTICE.name}-"):
        raise NotFound()
    _refuse_result(draw)
    values = draw_values.of(session, draw) | draw_values.result(session, draw)
    if name == draw_wording.VISITS.name:
        _refuse_names(draw)
        return draw_wording.VISITS, values | draw_values.units(session, draw)
    if name in PLAIN:
        return PLAIN[name], values
    if draw.stage != words.COMMUNES:
        raise OnlyCommunes()
    if name == TIMETABLE.name:
        return TIMETABLE, values | draw_values.timetable(session, draw)
    return NOTICE, values | _addressed(session, draw, name.removeprefix(f"{NOTICE.name}-"))


def _draws(draw: Draw) -> bool:
    return covers(web.reader().areas(May.DRAW), draw.plan.area)


def _refuse_result(draw: Draw) -> None:
    if draw.seed is None or not draw.drawn:
        raise NotDrawn()
    disclosure.refuse_hidden(draw, drawing=_draws(draw))


def _refuse_names(draw: Draw) -> None:
    """Names of households are for those who draw them; others get the codes in the minutes."""
    if draw.stage not in (words.COMMUNES, words.HAMLETS) and not _draws(draw):
        raise NotFound()


def _addressed(session: Session, draw: Draw, code: str) -> dict[str, Any]:
    """Return the fields of the letter to one commune.

    Raises:
        Unannounced: nobody is told before.
        NotFound: the commune was not drawn, or is not visited any more.
    """
    if draw.round.kind is RoundKind.UNANNOUNCED:
        raise Unannounced()
    if draw.state is DrawState.VOID:
        raise NotFound()
    for unit in lineage.in_use(session, draw):
        if unit.unit_code == code and unit.place is not None:
            visits = draw_values.visits(session, draw)
            visit = next((one for one in visits if one.place_id == unit.place_id), None)
            return draw_values.notice(visit, unit.place.name)
    raise NotFound()
