"""Keeps the rows that lists are filtered and sorted by (`answer_models`) as the records are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from server.db import table
from server.often import Often
from server.submissions import indexing
from server.submissions.answer_models import FormQuestion, SubmissionAnswer
from server.submissions.indexing import Kind
from server.submissions.intake import at
from server.submissions.models import Submission
from server.surveys import fields
from server.surveys.models import FormVersion

BATCH = 500
Questions = Mapping[str, tuple[int, Kind]]
Row = dict[str, Any]
_answers, _questions = table(SubmissionAnswer), table(FormQuestion)

# Put together once, as they are asked for every submission.
_OF_FORM = Often(
    lambda _engine: select(_questions.c.path, _questions.c.id, _questions.c.kind).where(
        _questions.c.form_pk == bindparam("form")
    )
)
_FORGET = Often(
    lambda _engine: delete(_answers).where(
        _answers.c.submission_id == bindparam("which"),
        _answers.c.question_id.in_(
            select(_questions.c.id).where(_questions.c.form_pk == bindparam("form"))
        ),
    )
)
_KEEP = insert(_answers)


def of_form(session: Session, form_pk: int) -> dict[str, tuple[int, Kind]]:
    """Return the questions of a form that lists know, by path: (id, kind)."""
    rows = _OF_FORM.rows(session, {"form": form_pk})
    return {path: (key, Kind(kind)) for path, key, kind in rows}


def write(session: Session, submission_id: int, form_pk: int, answers: Mapping[str, Any]) -> None:
    """Write the rows of one record anew."""
    _FORGET.run(session, {"which": submission_id, "form": form_pk})
    if rows := _rows(submission_id, answers, of_form(session, form_pk)):
        session.connection().execute(_KEEP, rows)


def _rows(submission_id: int, answers: Mapping[str, Any], questions: Questions) -> list[Row]:
    return [
        {"question_id": question_id, "submission_id": submission_id, **cell._asdict()}
        for path, (question_id, kind) in questions.items()
        for cell in indexing.cells(at(answers, path), kind)
    ]


@dataclass(frozen=True)
class News:
    """Questions of a form that lists do not know yet, or know as of another kind."""

    form_pk: int
    kinds: Mapping[str, Kind]
    known: Questions


def news(session: Session, form_pk: int) -> News:
    """Return what the published versions of a form ask that lists have still to learn.

    The newest version that asks a question tells its kind.
    """
    held = session.scalars(
        select(FormVersion.fields)
        .where(FormVersion.form_pk == form_pk, FormVersion.published_at.is_not(None))
        .order_by(FormVersion.published_at, FormVersion.id)
    )
    asked: dict[str, Kind] = {}
    for version in held:
        asked |= indexing.kinds(fields.from_json(version))
    known = of_form(session, form_pk)
    fresh = {
        path: kind for path, kind in asked.items() if path not in known or known[path][1] != kind
    }
    return News(form_pk, fresh, known)


def learn(session: Session, found: News) -> None:
    """Write down new questions and changed kinds; what records say to them is another matter."""
    known = of_form(session, found.form_pk)
    for path, kind in found.kinds.items():
        if path in known:
            changed = update(_questions).where(_questions.c.id == known[path][0])
            session.connection().execute(changed.values(kind=kind.value))
        else:
            row = {"form_pk": found.form_pk, "path": path, "kind": kind.value}
            session.connection().execute(insert(_questions), row)


def said(session: Session, found: News) -> list[tuple[int, str, Any]]:
    """Return (submission id, path, answer) for every answer there is to what is new."""
    if not found.kinds:
        return []
    query = select(Submission.id, Submission.answers).where(Submission.form_pk == found.form_pk)
    return [
        (submission_id, path, answer)
        for submission_id, answers in session.execute(query.execution_options(yield_per=BATCH))
        for path in found.kinds
        if (answer := at(answers, path)) is not None
    ]


def catch_up(session: Session, found: News, answers: Iterable[tuple[int, str, Any]]) -> None:
    """Learn what is new and write the rows of the answers to it."""
    learn(session, found)
    questions = of_form(session, found.form_pk)
    fresh = [questions[path][0] for path in found.kinds]
    connection = session.connection()
    connection.execute(delete(_answers).where(_answers.c.question_id.in_(fresh)))
    rows = [
        {"question_id": questions[path][0], "submission_id": submission_id, **cell._asdict()}
        for submission_id, path, answer in answers
        for cell in indexing.cells(answer, questions[path][1])
    ]
    for low in range(0, len(rows), BATCH):
        connection.execute(_KEEP, rows[low : low + BATCH])


def rebuild(session: Session, form_pk: int, after: int, most: int = BATCH) -> int | None:
    """Write anew the rows of the records of a form that follow `after`; return the last one's id.

    None when none was left.
    """
    found = session.execute(
        select(Submission.id, Submission.answers)
        .where(Submission.form_pk == form_pk, Submission.id > after)
        .order_by(Submission.id)
        .limit(most)
    ).all()
    questions = of_form(session, form_pk)
    rows: list[Row] = []
    for record in found:
        _FORGET.run(session, {"which": record.id, "form": form_pk})
        rows += _rows(record.id, record.answers, questions)
    if rows:
        session.connection().execute(_KEEP, rows)
    return found[-1].id if found else None
