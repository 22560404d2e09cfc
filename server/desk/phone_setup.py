"""Phones of a plan in bulk: how they are set up, lists of people, sheets of cards."""

from collections.abc import Sequence

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import text, web
from server.db import db, transaction
from server.desk import downloads, formats
from server.desk.teams import server_url
from server.documents import press
from server.documents.press import Card
from server.fields import Fields
from server.files import Files
from server.monitoring import service as monitoring
from server.monitoring.models import Plan
from server.monitoring.pages import managed
from server.permissions import May
from server.places import queries as places
from server.places import sheets
from server.problems import BadInput, Problem
from server.teams import collect, queries, roster, setup
from server.teams.roster import Roster
from server.teams.service import Issued
from server.teams.settings_qr import SettingsTooLong

bp = Blueprint("desk_phone_setup", __name__)
bp.context_processor(formats.helpers)
LEAST_BYTES, MOST_BYTES = 1_000_000, 100_000_000
SHOWN_ROWS = 50


@bp.get("/plans/<int:plan_id>/phone-settings")
@web.requires(May.MANAGE_PHONES)
def settings(plan_id: int) -> str:
    """Show how phones of the plan are set up."""
    session = db.session()
    plan = managed(session, plan_id, May.MANAGE_PHONES)
    held = setup.chosen(session, plan_id)
    way = "password" if held.by_password else "key"
    values = {**held.chosen, "way": way, "accept_bytes": str(plan.accept_bytes)}
    return _settings(plan, values, {})


def _settings(plan: Plan, values: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "desk/phone_settings.html",
        plan=plan,
        values=values,
        errors=errors,
        sections=((_("Cài đặt chung"), collect.GENERAL), (_("Quyền trên máy"), collect.ADMIN)),
        options_of=lambda each: [(code, formats.word(words)) for code, words in each.options],
    )


@bp.post("/plans/<int:plan_id>/phone-settings")
@web.requires(May.MANAGE_PHONES)
def choose(plan_id: int) -> AnyResponse | tuple[str, int]:
    """Keep how phones of the plan are set up, and how much they may send at once."""
    fields = Fields(request.form)
    given = {key: fields[key] for key in collect.EVERY}
    accept = _accepted(fields)
    by_password = fields["way"] == "password"
    try:
        with transaction() as session:
            plan = managed(session, plan_id, May.MANAGE_PHONES)
            if accept is not None:
                monitoring.change_plan(session, plan, web.actor(), accept_bytes=accept)
                setup.choose(session, plan_id, given, by_password, web.actor())
    except (collect.BadSetting, collect.BadSettingText, SettingsTooLong) as wrong:
        fields.fail("settings", wrong.text(web.language()))
    if fields.errors:
        plan = managed(db.session(), plan_id, May.MANAGE_PHONES)
        return _settings(plan, dict(request.form), fields.errors), 422
    flash(
        _("Đã lưu. Thẻ in từ bây giờ theo cài đặt này; máy đã quét thẻ cũ giữ nguyên."), "success"
    )
    return redirect(f"/plans/{plan_id}/phones")


def _accepted(fields: Fields) -> int | None:
    """Return how many bytes a phone may send at once; None, and why not, when it is no such."""
    number = fields.number("accept_bytes")
    if number is None or not LEAST_BYTES <= number <= MOST_BYTES:
        fields.fail(
            "accept_bytes",
            _("Hãy ghi số byte từ 1000000 đến 100000000, ví dụ 10000000 (10 MB)."),
        )
        return None
    return number


@bp.get("/plans/<int:plan_id>/phones/import")
@web.requires(May.MANAGE_PHONES)
def import_page(plan_id: int) -> str:
    """Ask for a list of people."""
    session = db.session()
    plan = managed(session, plan_id, May.MANAGE_PHONES)
    return render_template(
        "desk/phones_import.html",
        plan=plan,
        roster=None,
        teams=queries.team_names(session, plan_id),
    )


@bp.post("/plans/<int:plan_id>/phones/import")
@web.requires(May.MANAGE_PHONES)
def preview(plan_id: int) -> AnyResponse | str:
    """Show what a list would do, row by row; nothing is kept but the file."""
    session = db.session()
    plan = managed(session, plan_id, May.MANAGE_PHONES)
    sent = request.files.get("file")
    name = text.clean((sent.filename or "").replace("\0", ""))[:120] if sent else ""
    data = sent.stream.read(sheets.MAX_BYTES + 1) if sent and name else b""
    files: Files = current_app.extensions["files"]
    try:
        if not data:
            raise BadInput("Hãy chọn tệp danh sách người giữ máy.", "Choose the list of people.")
        found = _read(session, plan, data, name)
    except Problem as problem:
        body = render_template(
            "desk/phones_import.html",
            plan=plan,
            roster=None,
            teams=queries.team_names(session, plan_id),
            problem=problem.text(web.language()),
        )
        return Response(body, problem.status)
    return render_template(
        "desk/phones_import.html",
        plan=plan,
        roster=found,
        sha256=files.keep_bytes(data).sha256,
        shown=found.entries[:SHOWN_ROWS],
        teams=(),
    )


def _read(session: Session, plan: Plan, data: bytes, name: str) -> Roster:
    names = places.commune_names(session, plan.edition_id, plan.area)
    return roster.read(session, plan.id, data, name, names)


@bp.post("/plans/<int:plan_id>/phones/import/confirm")
@web.requires(May.MANAGE_PHONES)
def confirm(plan_id: int) -> AnyResponse:
    """Take the list in and give back all cards, this once."""
    name, sha256 = request.form.get("name", "")[:120], request.form.get("sha256", "")
    files: Files = current_app.extensions["files"]
    with transaction() as session:
        plan = managed(session, plan_id, May.MANAGE_PHONES)
        if len(sha256) != 64 or not sha256.isalnum() or files.size(sha256) is None:
            raise BadInput("Hãy nộp lại tệp danh sách.", "Upload the list again.")
        people = _read(session, plan, files.read(sha256), name)
        issued = roster.take_in(session, plan_id, people, web.actor())
        if not issued:
            raise BadInput(
                "Mọi người trong danh sách đã có trong đoàn, không có thẻ nào để in.",
                "Everybody in the list is in their team already: there is no card to print.",
            )
        found = cards(session, plan, issued, server_url())
    return _sheet(plan, found)


@bp.post("/plans/<int:plan_id>/phones/sheet")
@web.requires(May.MANAGE_PHONES)
def sheet(plan_id: int) -> AnyResponse:
    """Give phones to the members of a team, or of all, and give back their cards, this once."""
    fields = Fields(request.form)
    with transaction() as session:
        plan = managed(session, plan_id, May.MANAGE_PHONES)
        team_id = fields.number("team_id")
        if team_id is not None:
            queries.team_of(session, plan_id, team_id)
        renew = fields["renew"] == "1"
        issued = roster.issue_all(session, plan_id, web.actor(), team_id, renew)
        if not issued:
            flash(
                _("Ai cũng có mã rồi. Muốn in lại thẻ thì chọn cấp mã mới cho mọi người."), "info"
            )
            return redirect(f"/plans/{plan_id}/phones")
        found = cards(session, plan, issued, server_url())
    return _sheet(plan, found)


def cards(session: Session, plan: Plan, issued: Sequence[Issued], server: str) -> list[Card]:
    """Return the cards of phones that were just issued."""
    held = setup.chosen(session, plan.id)
    teams = dict(queries.team_names(session, plan.id))
    return [
        Card(
            one.phone.person.name,
            teams.get(one.phone.team_id or 0, ""),
            one.phone.commune,
            plan.name,
            setup.code(held, server, one, plan.name),
        )
        for one in issued
    ]


def _sheet(plan: Plan, given: Sequence[Card]) -> AnyResponse:
    """Print cards, outside the transaction: hundreds of them take seconds."""
    printed = press.cards(plan.name, given)
    answer = downloads.made(printed, "application/pdf", f"the-dien-thoai-{plan.id}.pdf")
    answer.headers["Cache-Control"] = "no-store"
    return answer
