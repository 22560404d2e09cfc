"""Keeps the rows that lists are filtered and sorted by (`answer_models`) as the records are."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, text, update
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
Row = tuple[int, int, int, float | None, str | None, str | None]
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
# One statement for all rows: a driver that is handed row after row takes thrice as long.
_KEEP = {
    "sqlite": """
        INSERT INTO submission_answer (question_id, submission_id, position, number, "key", folded)
        SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'),
            json_extract(value, '$[2]'), json_extract(value, '$[3]'),
            json_extract(value, '$[4]'), json_extract(value, '$[5]')
        FROM json_each(:rows)""",
    "postgresql": """
        INSERT INTO submission_answer (question_id, submission_id, position, number, "key", folded)
        SELECT (row ->> 0)::int, (row ->> 1)::int, (row ->> 2)::int, (row ->> 3)::float8,
            row ->> 4, row ->> 5
        FROM json_array_elements(CAST(:rows AS json)) AS row""",
}
_KEEP_ROWS = Often(lambda engine: text(_KEEP[engine]))


def _keep(session: Session, rows: Sequence[Row]) -> None:
    if rows:
        _KEEP_ROWS.run(session, {"rows": json.dumps(rows, ensure_ascii=False)})


def of_form(session: Session, form_pk: int) -> dict[str, tuple[int, Kind]]:
    """Return the questions of a form that lists know, by path: (id, kind)."""
    rows = _OF_FORM.rows(session, {"form": form_pk})
    return {path: (key, Kind(kind)) for path, key, kind in rows}


def write(session: Session, submission_id: int, form_pk: int, answers: Mapping[str, Any]) -> None:
    """Write the rows of one record anew."""
    _FORGET.run(session, {"which": submission_id, "form": form_pk})
    _keep(session, _rows(submission_id, answers, of_form(session, form_pk)))


def _rows(submission_id: int, answers: Mapping[str, Any], questions: Questions) -> list[Row]:
    return [
        (question_id, submission_id, *cell)
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
    session.connection().execute(delete(_answers).where(_answers.c.question_id.in_(fresh)))
    rows = [
        (questions[path][0], submission_id, *cell)
        for submission_id, path, answer in answers
        for cell in indexing.cells(answer, questions[path][1])
    ]
    for low in range(0, len(rows), BATCH):
        _keep(session, rows[low : low + BATCH])


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
    _keep(session, rows)
    return found[-1].id if found else None
