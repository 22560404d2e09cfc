"""How far a plan is prepared, in the eight steps of its setting up: what is done, what is missing.

Nothing is kept of it: each step is read from what it leaves behind, so the way may be left
anywhere and taken up again by anybody.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.desk import forms as form_pages
from server.desk import queries as desk
from server.desk import shipped
from server.draws import queries as draws
from server.draws.models import Draw, DrawState
from server.draws.words import COMMUNES
from server.monitoring import queries, schedule, service, sizes
from server.monitoring.models import Plan, Round, RoundKind, Visit, VisitState
from server.monitoring.schedule import Slot
from server.monitoring.timetable import said
from server.places.models import Hamlet
from server.surveys import queries as surveys
from server.surveys.models import FormState
from server.teams import queries as teams
from server.teams.models import Phone, Team

VISITS = "giám sát"
MOST_SAID = 6


@dataclass
class Step:
    """One step: what is done and what is missing, as sentences; warnings stop nothing.

    `waits`: a step before it must be done first. `action` is the address of its one button, and
    `label` what that says; steps with a form of their own have none.
    """

    key: str
    title: str
    done: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    waits: bool = False
    action: str = ""
    label: str = ""

    @property
    def ready(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing and not self.waits


@dataclass(frozen=True)
class Facts:
    """What the steps are read from."""

    plan: Plan
    rounds: Sequence[Round]
    teams: Sequence[Team]
    visits: Sequence[Visit]
    draws: dict[int, list[Draw]]
    phones: Sequence[Phone]

    @property
    def here(self) -> str:
        """The address of the plan."""
        return f"/plans/{self.plan.id}"

    def live(self, round_: Round) -> list[Visit]:
        """Return the visits of a round that are not cancelled."""
        return [
            visit
            for visit in self.visits
            if visit.round_id == round_.id and visit.state is not VisitState.CANCELLED
        ]


def facts(session: Session, plan: Plan, areas: list[str]) -> Facts:
    """Return what the steps of a plan are read from."""
    found: dict[int, list[Draw]] = {}
    for draw in draws.of_plan(session, plan.id, limit=500):
        if draw.purpose == VISITS and draw.stage == COMMUNES and draw.state is not DrawState.VOID:
            found.setdefault(draw.round_id, []).append(draw)
    live = select(Phone).where(Phone.plan_id == plan.id, Phone.revoked_at.is_(None))
    return Facts(
        plan,
        queries.rounds(session, plan.id),
        teams.teams_of(session, plan.id),
        desk.visits_of(session, plan.id, areas),
        found,
        session.scalars(live.order_by(Phone.id)).all(),
    )


def steps(session: Session, known: Facts) -> list[Step]:
    """Return the eight steps in their order."""
    builders: tuple[Callable[[Session, Facts], Step], ...] = (
        _units, _teams, _forms, _draw, _visits, _notices, _phones, _cards,
    )  # fmt: skip
    return [build(session, known) for build in builders]


def _units(session: Session, known: Facts) -> Step:
    plan, step = known.plan, Step("units", _("Địa bàn và đợt"))
    communes = session.scalar(
        select(func.count()).select_from(draws.communes(plan).order_by(None).subquery())
    )
    if not communes:
        step.missing.append(_("Danh mục %(edition)s không có xã nào trong địa bàn.",
                              edition=plan.edition_id))  # fmt: skip
    else:
        step.done.append(_("%(count)s xã, phường, thị trấn theo danh mục %(edition)s.",
                           count=communes, edition=plan.edition_id))  # fmt: skip
    if not known.rounds:
        step.missing.append(_("Chưa có đợt giám sát nào."))
        step.action, step.label = f"{known.here}/rounds/new", _("Thêm đợt")
        return step
    step.done.append(_("%(count)s đợt: %(names)s.", count=len(known.rounds),
                       names=_few([one.name for one in known.rounds])))  # fmt: skip
    bare = _without_hamlets(session, known)
    if bare:
        step.warnings.append(_("Chưa có danh sách thôn của %(names)s.",
                               names=_few(list(bare.values()))))  # fmt: skip
        step.action = f"/places/{next(iter(bare))}/hamlets/import"
        step.label = _("Nhập danh sách thôn")
    return step


def _without_hamlets(session: Session, known: Facts) -> dict[int, str]:
    visited = {
        v.place_id: v.place.name for v in known.visits if v.state is not VisitState.CANCELLED
    }
    held = set(session.scalars(select(Hamlet.place_id).where(Hamlet.place_id.in_(visited))))
    return {place_id: name for place_id, name in visited.items() if place_id not in held}


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_SAID])
    more = len(names) - MOST_SAID
    return _("%(names)s và %(more)s nơi khác", names=shown, more=more) if more > 0 else shown


def _teams(session: Session, known: Facts) -> Step:
    step = Step("teams", _("Đoàn giám sát"), action=f"{known.here}/teams", label=_("Lập đoàn"))
    people = sum(len(team.members) for team in known.teams)
    if not known.teams:
        step.missing.append(_("Chưa có đoàn nào."))
        return step
    step.done.append(_("%(teams)s đoàn, %(people)s thành viên.",
                       teams=len(known.teams), people=people))  # fmt: skip
    for team in known.teams:
        if not team.members:
            step.missing.append(_("%(team)s chưa có thành viên.", team=team.name))
        elif not any(member.leads for member in team.members):
            step.warnings.append(_("%(team)s chưa có trưởng đoàn.", team=team.name))
    step.warnings += _sizes(session, known)
    if not step.missing:
        step.label = _("Xem các đoàn")
    return step


def _sizes(session: Session, known: Facts) -> list[str]:
    """Return what is odd about the size of teams; one without visits yet may go in any round."""
    assigned = queries.rounds_of_teams(session, known.plan.id)
    found = []
    for team in known.teams:
        for round_ in assigned.get(team.id, known.rounds) if team.members else ():
            doubt = sizes.doubt(round_, len(team.members))
            if doubt is not None:
                found.append(
                    _("%(team)s có %(count)s người; %(round)s cần %(expected)s người.",
                      team=team.name, count=doubt.count, round=round_.name,
                      expected=doubt.expected)
                )  # fmt: skip
    return found


def _forms(session: Session, known: Facts) -> Step:
    step = Step("forms", _("Biểu mẫu"), action=f"{known.here}/forms", label=_("Xem biểu mẫu"))
    held = surveys.forms(session, known.plan.id)
    open_ = [form for form in held if form.current and form.state is FormState.OPEN]
    if open_:
        step.done.append(_("%(count)s biểu mẫu đang dùng: %(names)s.", count=len(open_),
                           names=_few([form.title for form in open_])))  # fmt: skip
    else:
        step.missing.append(_("Chưa có biểu mẫu nào để điện thoại dùng."))
    drafts = [form.title for form in held if form.current is None]
    if drafts:
        step.warnings.append(_("Còn là bản nháp: %(names)s.", names=_few(drafts)))
    rows = surveys.live_lists(session, known.plan.id)
    missing = form_pages.missing_from([form.current for form in open_ if form.current], rows)
    for form in open_:
        lacks = missing.get(form.current_id or 0)
        if lacks:
            step.warnings.append(_("%(form)s còn thiếu: %(lists)s.", form=form.title,
                                   lists=", ".join(lacks)))  # fmt: skip
    coming = shipped.waiting(session, known.plan.id)
    if coming:
        step.missing.append(_("Đang gửi biểu mẫu có sẵn, còn %(count)s.", count=coming))
    return step


def _draw(_session: Session, known: Facts) -> Step:
    step = Step("draw", _("Rút mẫu"), waits=not known.rounds)
    for round_ in known.rounds:
        found = known.draws.get(round_.id, [])
        waiting = next((draw for draw in found if draw.state is not DrawState.DRAWN), None)
        if waiting is not None:
            step.missing.append(_("%(round)s: đã cam kết, chờ gieo số.", round=round_.name))
            _point(step, f"/draws/{waiting.id}/screen", _("Mở màn hình lễ rút"))
        elif found:
            step.done.append(_("%(round)s: đã rút %(count)s đơn vị.", round=round_.name,
                               count=sum(draw.size for draw in found)))  # fmt: skip
        elif known.live(round_):
            step.done.append(_("%(round)s: xã được chỉ định, không rút.", round=round_.name))
        else:
            step.missing.append(_("%(round)s: chưa rút mẫu, chưa chỉ định xã.", round=round_.name))
            _point(step, f"{known.here}/draws/new?round={round_.id}", _("Rút mẫu"))
    _point(step, f"{known.here}/draws", _("Xem các lần rút"))
    return step


def _point(step: Step, action: str, label: str) -> None:
    """Give a step its button, unless it has one: the first thing missing comes first."""
    if not step.action:
        step.action, step.label = action, label


def _visits(_session: Session, known: Facts) -> Step:
    step = Step("visits", _("Lượt giám sát và lịch"), waits=not (known.draws or known.visits))
    for round_ in known.rounds:
        visits = known.live(round_)
        drawn = [d for d in known.draws.get(round_.id, []) if d.state is DrawState.DRAWN]
        if drawn and len(visits) < sum(draw.size for draw in drawn):
            step.missing.append(_("%(round)s: chưa lập lượt cho các xã được rút.",
                                  round=round_.name))  # fmt: skip
            _point(step, f"/draws/{drawn[0].id}#result", _("Lập lượt giám sát"))
        if visits:
            _timed(step, known, round_, visits)
    _point(step, f"{known.here}/calendar", _("Xem lịch của các đoàn"))
    return step


def _timed(step: Step, known: Facts, round_: Round, visits: Sequence[Visit]) -> None:
    step.done.append(_("%(round)s: %(count)s lượt.", round=round_.name, count=len(visits)))
    slots = [Slot(v, v.team_id, v.stop, v.starts_on, v.ends_on) for v in visits]
    lacking = {"unassigned", "undated"}
    found = schedule.doubts(slots, {team.id: team for team in known.teams})
    step.missing += [f"{round_.name}: {said(one)}" for one in found if one.kind in lacking]
    step.warnings += [said(one) for one in found if one.kind not in lacking][:MOST_SAID]
    if any(one.kind in lacking for one in found):
        _point(step, f"{known.here}/rounds/{round_.id}/timetable", _("Xếp lịch"))


def _notices(_session: Session, known: Facts) -> Step:
    step = Step("notices", _("Thông báo cho đơn vị"), waits=not known.visits)
    for round_ in known.rounds:
        planned = [v for v in known.live(round_) if v.state is VisitState.PLANNED]
        lacks = [v for v in planned if service.needs_notice(v) or service.needs_decision(v)]
        told = len(known.live(round_)) - len(lacks)
        if lacks and round_.kind is RoundKind.PERIODIC:
            step.missing.append(_("%(round)s: %(count)s lượt chưa ghi đã gửi thông báo.",
                                  round=round_.name, count=len(lacks)))  # fmt: skip
        elif lacks:
            step.missing.append(_("%(round)s: %(count)s lượt đột xuất chưa có số quyết định.",
                                  round=round_.name, count=len(lacks)))  # fmt: skip
        if told:
            step.done.append(_("%(round)s: %(count)s lượt đủ điều kiện bắt đầu.",
                               round=round_.name, count=told))  # fmt: skip
    for visit, lack in desk.gates(known.visits):
        said_ = _("đến hạn trong 7 ngày mà chưa ghi thông báo") if lack == "notice" else _(
            "đến hạn trong 7 ngày mà chưa có quyết định")  # fmt: skip
        step.warnings.append(f"{visit.place.name}: {said_}.")
    return step


def unnotified(known: Facts) -> list[tuple[Round, int]]:
    """Return the rounds with visits that still lack their notice or decision, and how many."""
    counted = []
    for round_ in known.rounds:
        planned = [v for v in known.live(round_) if v.state is VisitState.PLANNED]
        lacks = [v for v in planned if service.needs_notice(v) or service.needs_decision(v)]
        if lacks:
            counted.append((round_, len(lacks)))
    return counted


def _phones(_session: Session, known: Facts) -> Step:
    step = Step(
        "phones", _("Điện thoại"), waits=not any(team.members for team in known.teams),
        action=f"{known.here}/phones", label=_("Mở trang điện thoại"),
    )  # fmt: skip
    if known.phones:
        step.done.append(_("%(count)s điện thoại có mã.", count=len(known.phones)))
    apart = [phone.person.name for phone in known.phones if phone.team_id is None]
    if apart:
        step.warnings.append(_("Điện thoại chưa thuộc đoàn nào, sẽ không thấy lượt: %(names)s.",
                               names=_few(apart)))  # fmt: skip
    with_phones = {phone.team_id for phone in known.phones}
    for team in known.teams:
        if team.members and team.id not in with_phones:
            step.missing.append(_("%(team)s chưa có điện thoại nào.", team=team.name))
    return step


def _cards(_session: Session, known: Facts) -> Step:
    step = Step("cards", _("Thẻ QR"), waits=not any(team.members for team in known.teams))
    without = codeless(known)
    if without:
        step.missing.append(_("%(count)s thành viên chưa có thẻ: %(names)s.",
                              count=len(without), names=_few(without)))  # fmt: skip
    elif known.phones:
        step.done.append(_("Mọi thành viên đã có thẻ."))
    silent = [phone.person.name for phone in known.phones if phone.last_seen_at is None]
    if silent:
        step.warnings.append(_("Chưa quét thẻ hoặc chưa kết nối lần nào: %(names)s.",
                               names=_few(silent)))  # fmt: skip
    return step


def codeless(known: Facts) -> list[str]:
    """Return the names of members without a phone's code."""
    held = {phone.person_id for phone in known.phones}
    members = {m.person_id: m.person.name for team in known.teams for m in team.members}
    return [name for person_id, name in members.items() if person_id not in held]
