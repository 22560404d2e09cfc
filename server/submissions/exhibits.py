"""Questions about the photos and sounds of a plan; nothing here writes."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from server.monitoring.models import Plan
from server.places.models import Hamlet
from server.submissions.models import Exhibit, Submission
from server.submissions.queries import reach
from server.surveys import fields
from server.surveys.models import Form, FormVersion


@dataclass(frozen=True)
class Asked:
    """What a gallery is narrowed to; what is None or '' narrows nothing.

    `question` is a path of the form `form_pk`; both days are counted in.
    """

    area: str = ""
    hamlet_id: int | None = None
    form_pk: int | None = None
    question: str | None = None
    team_id: int | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    located: bool | None = None
    kind: str = ""
    files: tuple[int, ...] = ()


def listed(plan: Plan, areas: Iterable[str], asked: Asked) -> Select[int]:
    """Return the query of the ids of the files asked for, without an order."""
    query = select(Exhibit.file_id).where(
        Exhibit.plan_id == plan.id, reach(plan, areas, Exhibit.area)
    )
    for column, value in (
        (Exhibit.area, asked.area or None),
        (Exhibit.hamlet_id, asked.hamlet_id),
        (Exhibit.form_pk, asked.form_pk),
        (Exhibit.question, asked.question),
        (Exhibit.team_id, asked.team_id),
        (Exhibit.located, asked.located),
        (Exhibit.kind, asked.kind or None),
    ):
        if value is not None:
            query = query.where(column == value)
    if asked.since is not None:
        query = query.where(Exhibit.day >= asked.since)
    if asked.until is not None:
        query = query.where(Exhibit.day <= asked.until)
    if asked.files:
        query = query.where(Exhibit.file_id.in_(asked.files))
    return query


def rows(session: Session, ids: Sequence[int]) -> list[Exhibit]:
    """Return what is shown of these files, in their order: file, record, form, place, hamlet."""
    record = joinedload(Exhibit.submission)
    found = session.scalars(
        select(Exhibit)
        .where(Exhibit.file_id.in_(ids))
        .options(
            record.load_only(Submission.label, Submission.received_at, Submission.started_at),
            record.joinedload(Submission.form).load_only(Form.form_id, Form.title),
            record.joinedload(Submission.place),
            joinedload(Exhibit.hamlet).load_only(Hamlet.name),
        )
    ).unique()
    by_id = {row.file_id: row for row in found}
    return [by_id[key] for key in ids if key in by_id]


def labels(session: Session, form_pks: Iterable[int], *languages: str) -> dict[int, dict[str, str]]:
    """Return the questions of forms that are answered by a file: label by path, by form.

    Of the version in use; a question that only an older one asked goes by its path.
    """
    rows = session.execute(
        select(Form.id, FormVersion.fields)
        .join(FormVersion, FormVersion.id == Form.current_id)
        .where(Form.id.in_(list(form_pks)))
    )
    return {
        form_pk: {
            each.path: each.label(*languages)
            for each in fields.from_json(one for one in held if one["type"] == "binary")
        }
        for form_pk, held in rows
    }
