"""What the page of a record shows of its review: who decided what, comments, what may be done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import web
from server.desk import changes
from server.desk.answers import Sheet
from server.monitoring.models import Plan
from server.permissions import May
from server.submissions import queries, rights, versions, words
from server.submissions.models import Submission, SubmissionComment, SubmissionReview
from server.teams.models import Member

MOST = 200


@dataclass(frozen=True)
class Refused:
    """A form of the page that was refused: which, why, and what was typed into it."""

    form: str
    sentence: str
    typed: Mapping[str, str]


def context(
    session: Session, found: Submission, plan: Plan, sheet: Sheet, refused: Refused | None = None
) -> dict[str, Any]:
    """Return what the template of a record needs for its review."""
    who = web.reader()
    level = rights.level(session, who, found)
    contents = versions.every(session, found.id)
    reviews, comments = _reviews(session, found.id), _comments(session, found.id)
    return {
        "level": level,
        "may_comment": rights.may_comment(session, who, found),
        "reviews": reviews,
        "last": reviews[0] if reviews else None,
        "comments": comments,
        "remarks": _remarks(reviews, comments),
        "contents": contents,
        "changed": changes.between(session, found, found.number),
        "labels": _labels(sheet),
        "next_id": next_to_review(session, plan, found, level),
        "refused": refused,
        "decision_words": words.DECISIONS,
        "level_names": words.LEVELS,
    }


def _reviews(session: Session, submission_id: int) -> list[SubmissionReview]:
    return list(
        session.scalars(
            select(SubmissionReview)
            .where(SubmissionReview.submission_id == submission_id)
            .order_by(SubmissionReview.id.desc())
            .limit(MOST)
        )
    )


def _comments(session: Session, submission_id: int) -> list[SubmissionComment]:
    return list(
        session.scalars(
            select(SubmissionComment)
            .where(SubmissionComment.submission_id == submission_id)
            .order_by(SubmissionComment.id)
            .limit(MOST)
        )
    )


def _remarks(
    reviews: Sequence[SubmissionReview], comments: Sequence[SubmissionComment]
) -> dict[str, list[tuple[str, str]]]:
    """Return what was said of single answers: (who, text) by path, oldest first."""
    found: dict[str, list[tuple[str, str]]] = {}
    for each in reversed(reviews):
        for note in each.notes:
            found.setdefault(note["path"], []).append((each.actor, note["note"]))
    for comment in comments:
        if comment.path:
            found.setdefault(comment.path, []).append((comment.actor, comment.body))
    return found


def _labels(sheet: Sheet) -> dict[str, str]:
    return {each.path: each.label for each in [*sheet.questions(), *sheet.worked_out]}


def next_to_review(
    session: Session, plan: Plan, found: Submission, level: int | None
) -> int | None:
    """Return the record that waits next for this reader's decision, at the level of this one."""
    if level is None:
        return None
    reader = web.reader()
    if level == rights.OFFICE:
        areas, teams = reader.areas(May.REVIEW), None
    else:
        areas = reader.areas(May.REVIEW_FIRST)
        led = select(Member.team_id).where(Member.person_id == reader.id, Member.leads)
        teams = session.scalars(led).all()
    return queries.next_to_review(session, plan, areas, found.id, level, teams)
