"""The figures of a monitoring record: each row of a table, what was reported, seen and offered.

What a phone answered to a question that feeds a row (`bieu_row`) is offered, never taken by
itself: a reviewer chooses one answer, or several that add up.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.monitoring import values
from server.monitoring.models import Record, Table
from server.monitoring.record_models import RecordValue, VisitVerdict
from server.places.models import Hamlet
from server.submissions.models import ReviewState, Submission
from server.surveys import fields
from server.surveys.fields import Field
from server.surveys.models import Form, FormVersion

MOST_SUBMISSIONS = 300
Place = tuple[str, str]


@dataclass(frozen=True)
class Offer:
    """A phone's answer that may be the seen value of a row."""

    submission_id: int
    submission: str
    form: str
    hamlet: str
    received_at: dt.datetime
    question: str
    asked: str
    amount: Decimal

    @property
    def key(self) -> str:
        """Return how a page names it."""
        return f"{self.submission_id}:{self.question}"


@dataclass(frozen=True)
class Figure:
    """One row of a table of a record."""

    key: str
    name: str
    unit: str
    value: RecordValue | None
    offers: list[Offer]

    @property
    def factor(self) -> Decimal | None:
        """Return verified ÷ reported with two decimals."""
        exact = self.value.factor if self.value else None
        return None if exact is None else values.shown(exact)

    @property
    def taken(self) -> set[str]:
        """Return the keys of the offers that the seen value is made of."""
        sources = self.value.sources if self.value else []
        return {f"{each.submission_id}:{each.question}" for each in sources}

    @property
    def waits(self) -> bool:
        """Tell whether a reviewer has something to judge or to choose here."""
        if self.value is not None and self.value.seen is not None:
            return self.value.verdict is VisitVerdict.OPEN
        return bool(self.offers)


@dataclass(frozen=True)
class Filled:
    """A table of a record with the rows that somebody has filled or a phone offers to."""

    table: Table
    figures: list[Figure]
    rows: int

    @property
    def waiting(self) -> int:
        """Return how many rows wait for a reviewer."""
        return sum(figure.waits for figure in self.figures)


def tables(
    session: Session, record: Record, catalogue: Sequence[Table], language: str
) -> list[Filled]:
    """Return every table of the programme with its filled rows, in four look-ups."""
    offered = offers(session, record.visit_id, language)
    held = {
        (each.table_number, each.row_key): each for each in values.of_record(session, record.id)
    }
    found = []
    for table in catalogue:
        every = list(_figures(table, held, offered))
        filled = [figure for figure in every if figure.value is not None or figure.offers]
        found.append(Filled(table, filled, len(every)))
    return found


def of_table(session: Session, record: Record, table: Table, language: str) -> list[Figure]:
    """Return every row of one table of a record."""
    held = {
        (each.table_number, each.row_key): each for each in values.of_record(session, record.id)
    }
    return list(_figures(table, held, offers(session, record.visit_id, language)))


def _figures(
    table: Table, held: Mapping[Place, RecordValue], offered: Mapping[Place, list[Offer]]
) -> Iterator[Figure]:
    for row in table.rows:
        place = (table.number, row["key"])
        yield Figure(row["key"], row["name"], row["unit"], held.get(place), offered.get(place, []))


def offers(session: Session, visit_id: int, language: str) -> dict[Place, list[Offer]]:
    """Return what phones answered at a visit to questions that feed a row, by table and row.

    Rejected forms and those that a later one replaced offer nothing.
    """
    feeding = _feeding(session, visit_id)
    if not feeding:
        return {}
    rows = session.execute(
        select(Submission, Submission.answers, Form.title, Hamlet.name)
        .join(Form, Form.id == Submission.form_pk)
        .outerjoin(Hamlet, Hamlet.id == Submission.hamlet_id)
        .where(
            Submission.visit_id == visit_id,
            Submission.version_id.in_(list(feeding)),
            Submission.review_state != ReviewState.REJECTED,
        )
        .order_by(Submission.id.desc())
        .limit(MOST_SUBMISSIONS)
    ).all()
    replaced = {each.deprecated_id for each, *_ in rows if each.deprecated_id}
    found: dict[Place, list[Offer]] = defaultdict(list)
    for each, answers, form, hamlet in rows:
        if each.instance_id in replaced:
            continue
        for asked in feeding[each.version_id]:
            amount = _answer(answers, asked.path)
            if amount is not None:
                table, _dot, row = asked.table_row.partition(".")
                found[table, row].append(
                    Offer(
                        submission_id=each.id, submission=each.label or form, form=form,
                        hamlet=hamlet or "", received_at=each.received_at, question=asked.path,
                        asked=asked.label(language), amount=amount,
                    )
                )  # fmt: skip
    return found


def _feeding(session: Session, visit_id: int) -> dict[int, list[Field]]:
    """Return the questions that feed a row, by the form versions used at a visit."""
    used = select(Submission.version_id).where(Submission.visit_id == visit_id).distinct()
    found: dict[int, list[Field]] = {}
    for version_id, data in session.execute(
        select(FormVersion.id, FormVersion.fields).where(FormVersion.id.in_(used))
    ):
        feeding = [each for each in data if each.get("table_row") and not each.get("repeat")]
        if feeding:
            found[version_id] = fields.from_json(feeding)
    return found


def _answer(answers: Mapping[str, Any], path: str) -> Decimal | None:
    """Return the number answered at `path`, None when there is none.

    A decimal was kept as the nearest binary fraction; its shortest spelling is what was typed.

    >>> _answer({"cap": {"von": 12.1}}, "cap/von")
    Decimal('12.1')
    """
    value: Any = answers
    for name in path.split("/"):
        value = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return Decimal(repr(value))
