"""The journal on a page: who did what, how far it is sealed, and whether the seals still hold."""

import datetime as dt
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template
from flask import session as cookie
from flask_babel import gettext as _
from sqlalchemy import Select, false, func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from server import clock, fields, journal, web
from server.db import db
from server.desk import formats, journal_words, paging
from server.journal import Line, Seal, Work
from server.monitoring.models import Plan
from server.permissions import May
from server.places.scope import inside
from server.teams import queries as teams
from server.teams.models import Person

bp = Blueprint("desk_journal", __name__)
bp.context_processor(formats.helpers)
FILTERS = ("plan", "verb", "person", "day", "subject", "id")
AT_ONCE = 10_000
"""How many lines are hashed for one answer: about a second."""
PEOPLE = 200
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


@bp.get("/journal")
@web.requires(May.SEE_JOURNAL)
def lines() -> str:
    """Show the lines that the reader may see, newest first."""
    session = db.session()
    typed = {name: value.replace("\0", "") for name, value in paging.asked(*FILTERS).items()}
    day, wrong = _day(typed["day"])
    page = paging.page(session, _query(session, typed, day, wrong=bool(wrong)), Line.id)
    found = {line.id: line for line in session.scalars(select(Line).where(Line.id.in_(page.ids)))}
    plans = session.execute(_plans().limit(200)).all()
    return render_template(
        "desk/journal.html",
        sentences=journal_words.sentences(session, [found[k] for k in page.ids if k in found]),
        page=page,
        typed=typed,
        wrong=wrong,
        narrowed=any(typed.values()),
        plans=[(plan_id, name) for plan_id, name in plans],
        plan_names=dict(plans),
        people=_people(session, web.asked_key("person")),
        subjects=[(key, formats.word(names)) for key, names in SUBJECTS.items()],
        vias=journal_words.VIAS,
        here=paging.here,
        seal=_newest(session),
        unsealed=journal.unsealed(session),
        failed=_failed(session),
    )


def _newest(session: Session) -> Seal | None:
    return session.scalars(select(Seal).order_by(Seal.id.desc()).limit(1)).first()


def _areas() -> list[str]:
    return web.reader().areas(May.SEE_JOURNAL)


def _plans() -> Select[int, str]:
    return select(Plan.id, Plan.name).where(inside(Plan.area, _areas())).order_by(Plan.id.desc())


def _people(session: Session, chosen: int | None) -> list[tuple[int, str]]:
    """Return whom the lines may be narrowed to: people of the reader's areas, and the chosen."""
    found = teams.people_page(session, _areas(), limit=PEOPLE)
    named = [(person.id, person.name) for person in found]
    if chosen is not None and chosen not in dict(named):
        other = session.get(Person, chosen)
        seen = other is not None and session.scalar(
            _mine().where(Line.person_id == chosen).limit(1)
        )
        if other is not None and seen:
            named.insert(0, (other.id, other.name))
    return named


def _day(typed: str) -> tuple[dt.date | None, str]:
    """Return the day asked for, and what is wrong with it."""
    if not typed:
        return None, ""
    try:
        return fields.day(typed), ""
    except ValueError:
        return None, _("Ngày không đúng: hãy viết ngày/tháng/năm, ví dụ 05/04/2024.")


def _mine() -> Select[int]:
    """Return the query of the lines that the reader may see.

    Lines of no plan (people, places) are for those who hold the whole country.
    """
    query = select(Line.id)
    if "" not in _areas():
        query = query.where(Line.plan_id.in_(_plans().with_only_columns(Plan.id).order_by(None)))
    return query


def _query(
    session: Session, typed: dict[str, str], day: dt.date | None, *, wrong: bool
) -> Select[int]:
    query = _mine() if not wrong else _mine().where(false())
    if plan_id := web.asked_key("plan"):
        query = query.where(Line.plan_id == plan_id)
    if person_id := web.asked_key("person"):
        query = query.where(Line.person_id == person_id)
    if typed["verb"]:
        query = query.where(Line.verb.startswith(typed["verb"], autoescape=True))
    if typed["subject"]:
        query = query.where(Line.subject == typed["subject"], Line.subject_id == typed["id"])
    return query if day is None else _on(session, query, day)


def _on(session: Session, query: Select[int], day: dt.date) -> Select[int]:
    """Return `query` narrowed to a day in Vietnam, by the numbers that its lines have."""
    start, end = clock.start_of(day), clock.end_of(day)
    that_day = (Line.at >= start, Line.at < end)
    first, last = session.execute(
        select(func.min(Line.id), func.max(Line.id)).where(*that_day)
    ).one()
    if first is None:
        return query.where(false())
    return query.where(Line.id.between(first, last), *that_day)


def _failed(session: Session) -> int:
    """Return how many lines wait because what should follow them failed."""
    return session.scalar(select(func.count()).select_from(Work).where(Work.attempts > 0)) or 0


# --- the chain ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Check:
    """How far the chain was re-computed: the last seal that holds, and the first that does not."""

    held: Seal | None
    broken: Seal | None = None
    why: str = ""
    done: bool = False


def check(session: Session, after: int, at_once: int = AT_ONCE) -> Check:
    """Re-compute seals behind number `after`, at least one, about `at_once` lines."""
    held = session.get(Seal, after) if after else None
    lines = 0
    for seal, why in journal.checked(session, held):
        if why:
            return Check(held, seal, why, done=True)
        held, lines = seal, lines + seal.lines
        if lines >= at_once:
            return Check(held)
    return Check(held, done=True)


@bp.post("/journal/verify")
@web.requires(May.SEE_JOURNAL)
def verify() -> Response:
    """Begin to re-compute the seals."""
    return redirect("/journal/verify")


@bp.get("/journal/verify")
@web.requires(May.SEE_JOURNAL)
def progress() -> str:
    """Re-compute some seals and go on, until all hold or the first breaks."""
    session = db.session()
    after = web.asked_key("after") or 0
    found = check(session, after if after == cookie.get("chain") else 0)
    cookie["chain"] = found.held.id if found.held else 0  # nobody skips a part by the address
    newest = _newest(session)
    return render_template(
        "desk/journal_check.html",
        check=found,
        newest=newest,
        lines=_lines(session, found.held),
        total=_lines(session, newest),
        unsealed=journal.unsealed(session),
    )


def _lines(session: Session, up_to: Seal | None) -> int:
    """Return how many lines the seals up to one cover."""
    if up_to is None:
        return 0
    return session.scalar(select(func.sum(Seal.lines)).where(Seal.id <= up_to.id)) or 0
