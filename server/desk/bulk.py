"""One decision on many records of a list: shown first for what it will change, then made."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from server import web
from server.db import db, transaction
from server.desk import formats, views
from server.fields import Fields
from server.monitoring import queries as monitoring
from server.monitoring.models import Plan
from server.permissions import May
from server.problems import BadInput
from server.submissions import queries, review
from server.submissions.listing import Listing
from server.submissions.models import Decision, Submission
from server.submissions.review import Planned, Verdict

bp = Blueprint("bulk", __name__)
bp.context_processor(formats.helpers)
MOST = 200
_PAIR = re.compile(r"([0-9]{1,9}):([0-9]{1,9})")
OFFERED: dict[Decision, tuple[str, str, str, str, str]] = {
    Decision.APPROVE: ("Duyệt", "Approve", "a", "check-circle", "primary"),
    Decision.HAS_ISSUES: ("Có vấn đề", "Has issues", "i", "exclamation-triangle",
                          "outline-secondary"),
    Decision.RETURN: ("Trả lại máy", "Return to phone", "t", "arrow-return-left",
                      "outline-secondary"),
    Decision.REJECT: ("Không chấp nhận", "Reject", "r", "x-circle", "outline-danger"),
}  # fmt: skip
"""Words, the letter that presses it, its picture and its tone, in the order of the buttons."""
EXPLAINED = (Decision.RETURN, Decision.REJECT)
"""What is not decided without a reason."""


def offered() -> list[dict[str, str]]:
    """Return the buttons of a list, for those who may review at all."""
    if not web.reader().may(May.REVIEW_FIRST):
        return []
    return [
        {"value": decision.value, "label": formats.word(words[:2]), "key": words[2],
         "icon": words[3], "tone": words[4]}
        for decision, words in OFFERED.items()
    ]  # fmt: skip


@dataclass(frozen=True)
class Preview:
    """What a decision would do: which records change, and which do not and why."""

    changing: list[Planned]
    staying: list[Planned]

    @classmethod
    def of(cls, planned: Sequence[Planned]) -> "Preview":
        """Return the records apart: those that are decided on, and those that are not."""
        return cls(
            [each for each in planned if each.refusal is None],
            [each for each in planned if each.refusal is not None],
        )

    def why(self) -> dict[str, list[Submission]]:
        """Return the records that stay as they are, by the reason."""
        found: dict[str, list[Submission]] = {}
        for each in self.staying:
            if each.refusal is not None:
                found.setdefault(each.refusal.text(web.language()), []).append(each.submission)
        return found


def _chosen(given: Mapping[str, str]) -> Decision:
    for decision in OFFERED:
        if given.get("decision") == decision.value:
            return decision
    raise BadInput(
        "Chưa chọn việc cần làm. Hãy quay lại danh sách và bấm một nút xét duyệt.",
        "No decision was chosen. Go back to the list and press one of its buttons.",
    )


def _plan(session: Session, plan_id: int) -> Plan:
    return monitoring.plan_for(session, plan_id, web.reader().areas(May.SEE_RECORDS))


def _seen(session: Session, plan: Plan, ids: Sequence[int]) -> list[Submission]:
    """Return those of these records that the reader sees, in the order given."""
    listing = Listing(plan, web.reader().areas(May.SEE_RECORDS))
    within = set(session.scalars(listing.ids().where(Submission.id.in_(ids))))
    return queries.rows(session, [each for each in ids if each in within])


def _numbers(given: Sequence[str]) -> list[int]:
    usable = [each for each in given if each.isascii() and each.isdigit() and len(each) < 10]
    return [int(each) for each in dict.fromkeys(usable)][:MOST]


@bp.get("/plans/<int:plan_id>/submissions/review")
@web.requires(May.REVIEW_FIRST)
def preview(plan_id: int) -> str | AnyResponse:
    """Show what a decision on the ticked records, else on all of a page, would change."""
    session = db.session()
    plan = _plan(session, plan_id)
    if not request.args.get("decision"):
        return redirect(f"/plans/{plan.id}/submissions")
    decision = _chosen(request.args)
    ticked = _numbers(request.args.getlist("record"))
    ids = ticked or _numbers(request.args.getlist("shown"))
    return _page(session, plan, decision, ids, whole_page=not ticked)


def _page(
    session: Session, plan: Plan, decision: Decision, ids: Sequence[int], whole_page: bool = False,
    error: str = "",
) -> str:  # fmt: skip
    given = request.values
    found = _seen(session, plan, ids)
    said = Verdict(decision, given.get("reason", "").strip() or "…")  # it is asked for on this page
    return render_template(
        "submissions/bulk.html",
        plan=plan,
        decision=decision.value,
        words=formats.word(OFFERED[decision][:2]),
        needs_reason=decision in EXPLAINED,
        takes_reason=decision is not Decision.APPROVE,
        preview=Preview.of(review.plan_all(session, web.reader(), found, said)),
        whole_page=whole_page,
        back=given.get("back", ""),
        reason=given.get("reason", ""),
        error=error,
        done=False,
    )


@bp.post("/plans/<int:plan_id>/submissions/review")
@web.requires(May.REVIEW_FIRST)
def apply(plan_id: int) -> str | AnyResponse:
    """Decide on the records of a preview, each as it was shown there; name those left alone."""
    _plan(db.session(), plan_id)
    decision, fields = _chosen(request.form), Fields(request.form)
    reason = fields.text("reason", review.LONGEST, required=decision in EXPLAINED)
    revisions = _revisions(request.form.getlist("record"))
    if fields.errors:
        plan = _plan(db.session(), plan_id)
        return _page(db.session(), plan, decision, list(revisions), error=fields.errors["reason"])
    with transaction() as session:
        plan = _plan(session, plan_id)
        seen = {each.id: revisions[each.id] for each in _seen(session, plan, list(revisions))}
        said = Verdict(decision, reason)
        made = Preview.of(review.decide_all(session, web.reader(), seen, said, web.actor()))
    if made.changing:
        current_app.extensions["jobs"].poke()
        what = formats.word(OFFERED[decision][:2])
        flash(_("%(what)s: %(count)s phiếu.", what=what, count=len(made.changing)), "success")
    back = "&".join(views.lasting(request.form.get("back", ""), but=("all",)))
    if not made.staying:
        return redirect(f"/plans/{plan.id}/submissions?{back or 'all=1'}")
    return render_template("submissions/bulk.html", plan=plan, preview=made, back=back, done=True)


def _revisions(given: Sequence[str]) -> dict[int, int]:
    """Return the revision at which each record was shown, from 'record:revision'."""
    pairs = (_PAIR.fullmatch(each) for each in given[:MOST])
    return {int(pair[1]): int(pair[2]) for pair in pairs if pair is not None}
