"""The charts of a plan: forms by day, households by commune, findings by project and severity."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, render_template
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from server import web
from server.db import db
from server.desk import charts, formats, overview, queries, register
from server.desk.charts import Bars, Columns, Given
from server.desk.overview import Line, RoundLine
from server.desk.queries import Sums
from server.findings import words
from server.findings.models import FindingState
from server.findings.queries import Sum
from server.monitoring import queries as monitoring
from server.monitoring.models import Plan
from server.permissions import May
from server.web import Reader

bp = Blueprint("plan_charts", __name__)
bp.context_processor(formats.helpers)


@dataclass(frozen=True)
class Charts:
    """What is drawn of one plan; None: not for this reader, or nothing to draw."""

    plan: Plan
    round_name: str
    by_commune: Bars | None
    by_day: Columns | None
    by_project: Bars | None


@bp.get("/plans/<int:plan_id>/charts")
@web.requires(May.SEE_PLANS)
def page(plan_id: int) -> str:
    """Show the rounds of a plan in figures and charts, to read or to print."""
    session, reader = db.session(), web.reader()
    plan = monitoring.plan_for(session, plan_id, reader.areas(May.SEE_PLANS))
    rounds = overview.rounds(session, reader, [plan])[plan_id]
    return render_template(
        "desk/charts.html",
        plan=plan,
        rounds=rounds,
        drawn=of_plan(session, reader, plan, rounds, queries.sums(session, reader, [plan])),
    )


def of_plan(
    session: Session, reader: Reader, plan: Plan, rounds: Sequence[RoundLine], sums: Sums | None
) -> Charts | None:
    """Return the charts of a plan; the communes are those of its newest round.

    `sums` are the findings of plans, this one among them.
    """
    if not rounds:
        return None
    sees = reader.may(May.SEE_RECORDS)
    days = overview.days(session, plan, reader.areas(May.SEE_RECORDS)) if sees else []
    newest = rounds[0]
    return Charts(
        plan,
        newest.name,
        _by_commune(newest.lines) if sees and newest.households else None,
        charts.columns(days) if days else None,
        None if sums is None else _by_project(session, plan, sums[plan.id]),
    )


def _by_commune(lines: Sequence[Line]) -> Bars:
    """Return households by commune: interviewed, refused, still to visit."""
    series = ((_("Đã phỏng vấn"), "good"), (_("Từ chối"), "bad"), (_("Chưa xong"), "muted"))
    given = [
        Given(
            line.commune,
            (line.interviewed, line.refused, max(0, _left(line))),
            f"{line.interviewed}/{line.households}",
        )
        for line in lines
        if line.households
    ]
    return charts.bars(series, given)


def _left(line: Line) -> int:
    return line.households - line.interviewed - line.refused


def _by_project(session: Session, plan: Plan, found: Sequence[Sum]) -> Bars | None:
    """Return the findings of a plan by project and severity, rejected ones left out."""
    counts: Counter[tuple[str, int]] = Counter()
    for each in found:
        if each.state is not FindingState.REJECTED:
            counts[each.project_code, each.severity] += each.shortcomings
    if not counts.total():
        return None
    levels = (4, 3, 2, 1)
    names = register.project_names(session, [plan])
    order = [*names, *sorted({code for code, _level in counts} - set(names))]
    given = [
        Given(
            formats.project(code) or _("Không theo dự án"),
            tuple(counts[code, level] for level in levels),
            url=f"/findings?plan={plan.id}&project={code}" if code else "",
        )
        for code in order
        if any(counts[code, level] for level in levels)
    ]
    return charts.bars(
        [(formats.word(words.SEVERITIES[level]), words.SEVERITIES[level][2]) for level in levels],
        given,
    )
