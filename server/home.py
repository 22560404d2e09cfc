"""The first page, and the links that each person sees on every page."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, g, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from server import clock
from server.db import db
from server.desk import overview, plan_charts, queries
from server.desk.overview import RoundLine
from server.desk.plan_charts import Charts
from server.desk.queries import Progress, Sums
from server.desk.waiting import Waiting, records, waiting
from server.journal import Work
from server.monitoring import words
from server.monitoring.models import Plan
from server.permissions import May
from server.places import picking
from server.places.scope import covers

bp = Blueprint("home", __name__)
PLANS = 20
ROUNDS = 3
TONES = ("bad", "wait", "info")
"""What is late or lost stands before what waits, and that before what is only told."""
LINKS: tuple[tuple[May, tuple[str, ...], Callable[[], str]], ...] = (
    (May.ANSWER_FINDINGS, ("/unit",), lambda: _("Đơn vị của tôi")),
    (May.SEE_PLANS, ("/plans", "/visits", "/records", "/submissions", "/programme", "/lists",
                     "/rows"), lambda: _("Kế hoạch")),
    (May.SEE_FINDINGS, ("/findings", "/recommendations", "/letters"), lambda: _("Phát hiện")),
    (May.SEE_PLANS, ("/map",), lambda: _("Bản đồ")),
    (May.SEE_PLANS, ("/places",), lambda: _("Địa bàn")),
    (May.MANAGE_PEOPLE, ("/people",), lambda: _("Cán bộ")),
    (May.SEE_JOURNAL, ("/journal",), lambda: _("Nhật ký")),
)  # fmt: skip


def navigation(reader: Any) -> list[dict[str, Any]]:
    """Return the links that `reader` may follow."""
    speaks_for_a_unit = not reader.may(May.SEE_RECORDS)
    return [
        {"url": urls[0], "label": label(), "active": request.path.startswith(urls)}
        for right, urls, label in LINKS
        if reader.may(right) and (speaks_for_a_unit or right is not May.ANSWER_FINDINGS)
    ]


@dataclass(frozen=True)
class Task:
    """Something that waits for this person: how much of it, where, and since which plan."""

    count: int
    label: str
    url: str
    plan: str = ""
    tone: str = "wait"


@bp.get("/")
def home() -> str | Response:
    """Show what waits for this person; whoever is not signed in goes to sign in."""
    if g.reader is None:
        return redirect("/sign-in")
    if not g.reader.may(May.SEE_PLANS):
        return redirect("/unit" if g.reader.may(May.ANSWER_FINDINGS) else "/findings")
    session = db.session()
    plans = queries.open_plans(session, g.reader.areas(May.SEE_PLANS), PLANS)
    sums = queries.sums(session, g.reader, plans)
    counted = records(session, g.reader, plans)
    came = None if counted is None else {key: each.received for key, each in counted.items()}
    progress = queries.progress(session, g.reader, plans, sums, came)
    waits = waiting(session, g.reader, plans, sums, counted)
    rounds = overview.rounds(session, g.reader, plans)
    return render_template(
        "home.html",
        plans=plans,
        progress=progress,
        rounds={plan_id: lines[:ROUNDS] for plan_id, lines in rounds.items()},
        drawn=_drawn(session, plans, rounds, sums),
        areas=picking.names(session, {plan.area for plan in plans}),
        tasks=_tasks(session, plans, progress, waits),
        visits=queries.own_visits(session, g.reader.id),
        today=clock.today(),
        words=words,
    )


def _drawn(
    session: Session,
    plans: Sequence[Plan],
    rounds: dict[int, list[RoundLine]],
    sums: Sums | None,
) -> Charts | None:
    """Return the charts of the newest plan that has visits."""
    for plan in plans:
        if rounds[plan.id]:
            return plan_charts.of_plan(session, g.reader, plan, rounds[plan.id], sums)
    return None


def _tasks(
    session: Session,
    plans: Sequence[Plan],
    progress: dict[int, Progress],
    waits: dict[int, Waiting],
) -> list[Task]:
    """Return what waits for this person, what is worst first."""
    found: list[Task] = []
    for plan in plans:
        found += _tasks_of(plan, progress[plan.id])
        found += _records_of(plan, waits[plan.id])
        found += _remedies_of(plan, waits[plan.id])
    if g.reader.may(May.RUN_SERVER):
        failed = select(func.count()).select_from(Work).where(Work.attempts > 0)
        if count := session.scalar(failed):
            found.append(Task(count, _("việc nền của máy chủ đang lỗi"), "/journal", tone="bad"))
    return sorted(found, key=lambda task: TONES.index(task.tone))


def _tasks_of(plan: Plan, seen: Progress) -> Iterator[Task]:
    """Give what waits in one plan, what others wait for first."""
    here, name = f"/plans/{plan.id}", plan.name
    if seen.overdue:
        url = f"{here}/late" if g.reader.may(May.SEE_PHONES) else here
        yield Task(seen.overdue, _("lượt quá ngày chưa xong"), url, name, "bad")
    if seen.held:
        yield Task(seen.held, _("phiếu bị giữ chờ xử lý"), f"{here}/held", name, "bad")
    if seen.findings and g.reader.may(May.SETTLE_FINDINGS):
        url = f"/findings?plan={plan.id}&state=moi"
        yield Task(seen.findings, _("phát hiện chờ kết luận"), url, name)
    if covers(g.reader.areas(May.MANAGE_PLANS), plan.area):
        if seen.without_notice:
            yield Task(
                seen.without_notice, _("lượt sắp đến chưa thông báo cho xã"), f"{here}#gates", name
            )
        if seen.without_decision:
            label = _("lượt đột xuất sắp đến chưa có quyết định")
            yield Task(seen.without_decision, label, f"{here}#gates", name)
        if seen.without_team:
            yield Task(seen.without_team, _("lượt chưa giao đoàn"), here, name)
    if seen.silent and g.reader.may(May.MANAGE_PHONES):
        url = f"{here}/late"
        yield Task(seen.silent, _("điện thoại quá 3 ngày chưa liên lạc"), url, name, "info")


def _records_of(plan: Plan, seen: Waiting) -> Iterator[Task]:
    """Give the records of one plan that wait, and the papers that units owe."""
    here, name = f"/plans/{plan.id}", plan.name
    if seen.records.to_mend:
        label = _("phiếu bị trả lại, đoàn bạn cần sửa trên máy")
        yield Task(seen.records.to_mend, label, f"{here}/submissions?returned=1", name, "bad")
    if seen.records.to_review:
        label = _("phiếu chờ bạn duyệt")
        yield Task(seen.records.to_review, label, f"{here}/submissions?waits=1", name)
    if seen.papers:
        yield Task(seen.papers, _("tài liệu đơn vị chưa nộp, đã quá hạn"), here, name, "bad")
    if seen.records.returned and not seen.records.to_mend:
        label = _("phiếu đã trả lại, chờ đoàn sửa")
        yield Task(seen.records.returned, label, f"{here}/submissions?returned=1", name, "info")


def _remedies_of(plan: Plan, seen: Waiting) -> Iterator[Task]:
    """Give what waits of the findings of one plan, what is late first."""
    here, name = f"/findings?plan={plan.id}&state=", plan.name
    if seen.late:
        yield Task(seen.late, _("phát hiện quá hạn khắc phục"), f"{here}qua_han", name, "bad")
    if seen.soon:
        yield Task(seen.soon, _("phát hiện đến hạn trong 7 ngày"), f"{here}sap_den_han", name)
    if seen.asked and (g.reader.may(May.SETTLE_FINDINGS) or g.reader.may(May.MANAGE_PLANS)):
        yield Task(seen.asked, _("đề nghị gia hạn chờ trả lời"), f"{here}xin_gia_han", name)
    if g.reader.may(May.SETTLE_FINDINGS):
        if seen.checks:
            label = _("phiếu kiểm tra lại chờ xử lý")
            yield Task(seen.checks, label, "/findings/checks", name, "bad")
        if seen.to_assign:
            yield Task(seen.to_assign, _("phát hiện chưa giao khắc phục"), f"{here}xac_nhan", name)
        if seen.reported:
            label = _("phát hiện đã báo khắc phục, chờ kiểm tra")
            yield Task(seen.reported, label, f"{here}bao_cao_xong", name)
    if seen.letters:
        url = f"/letters?plan={plan.id}"
        yield Task(seen.letters, _("khó khăn, đề xuất chờ xử lý"), url, name, "info")
