"""Checks on site that could not be acted on at once: a person accepts each, or puts it aside."""

from flask import Blueprint, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from server import clock, web
from server.db import db, transaction
from server.desk import afterwards, formats, paging
from server.desk import finding_rights as rights
from server.fields import Fields
from server.findings import checks, register, words
from server.findings.models import Decision, SiteCheck
from server.findings.problems import StepRefused
from server.monitoring.models import Plan
from server.permissions import May
from server.problems import NotAllowed

bp = Blueprint("findings_rechecks", __name__)
bp.context_processor(formats.helpers)


@bp.get("/findings/checks")
@web.requires(May.SETTLE_FINDINGS)
def waiting() -> str:
    """List the checks that wait for a person, the newest first."""
    return _page(db.session())


def _page(session: Session, refused: int = 0, error: str = "") -> str:
    page = paging.page(session, register.checks_waiting(rights.scope()), SiteCheck.id)
    return render_template(
        "findings/checks.html",
        page=page,
        rows=register.checks(session, page.ids),
        why=words.WHY,
        results=words.RESULTS,
        decisions=words.DECISIONS,
        extend=Decision.EXTEND,
        today=clock.today(),
        refused=refused,
        error=error,
    )


@bp.post("/findings/checks/<int:check_id>/accept")
@web.requires(May.SETTLE_FINDINGS)
def accept(check_id: int) -> Response | tuple[str, int]:
    """Do what a check says on the finding as it stands now."""
    fields = Fields(request.form)
    new_due = fields.day("due_on")
    if fields.errors:
        return _page(db.session(), check_id, fields.errors["due_on"]), 422
    try:
        with transaction() as session:
            check = _mine(session, check_id)
            checks.accept(session, check, web.actor(), new_due)
    except StepRefused as problem:
        return _page(db.session(), check_id, problem.text(web.language())), problem.status
    afterwards.follow()
    flash(str(_("Đã ghi kết quả kiểm tra vào phát hiện.")), "success")
    return redirect("/findings/checks")


@bp.post("/findings/checks/<int:check_id>/dismiss")
@web.requires(May.SETTLE_FINDINGS)
def dismiss(check_id: int) -> Response | tuple[str, int]:
    """Put a check aside, with the reason."""
    note = Fields(request.form).text("note", 2000)
    try:
        with transaction() as session:
            checks.dismiss(session, _mine(session, check_id), note, web.actor())
    except StepRefused as problem:
        return _page(db.session(), check_id, problem.text(web.language())), problem.status
    flash(str(_("Đã gác lại phiếu kiểm tra.")), "success")
    return redirect("/findings/checks")


def _mine(session: Session, check_id: int) -> SiteCheck:
    """Return a check that this reader may decide on, held for the transaction.

    Raises:
        NotFound: they do not see its finding.
        NotAllowed: they see it, and decide elsewhere.
    """
    found = register.check(session, check_id, rights.scope())
    plan = session.get(Plan, found.plan_id)
    if plan is None or not rights.holds(May.SETTLE_FINDINGS, found.finding, plan):
        raise NotAllowed()
    return found
