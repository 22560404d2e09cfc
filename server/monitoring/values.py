"""Verbs about the figures of a record: what the commune reported, what was seen, what is accepted.

The two stand side by side; neither is ever written over the other. How far they agree is the
verification factor, verified ÷ reported, kept exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock, journal, text
from server.journal import Actor
from server.monitoring import queries
from server.monitoring.models import Record
from server.monitoring.problems import NoSuchRow, NothingSeen
from server.monitoring.record_models import RecordValue, ValueSource, VisitVerdict
from server.problems import BadInput
from server.units import exact, whole

DECIMAL_UNITS = frozenset({"triệu đồng", "%", "điểm %", ""})
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Part:
    """One answer of one submission that a seen value is made of."""

    submission_id: int
    question: str
    amount: Decimal


def amount(typed: str, unit: str, what: str) -> Decimal:
    """Return the number typed for a row counted in `unit`; people and houses come whole.

    Raises:
        BadInput: it is no clear number, or below zero where that cannot be.
    """
    found = exact(typed, what) if unit in DECIMAL_UNITS else Decimal(whole(typed, what))
    if found < 0 and "%" not in unit:
        raise BadInput(f"“{typed}” ở {what} nhỏ hơn 0.", f"'{typed}' in {what} is below zero.")
    return found


def shown(factor: Fraction) -> Decimal:
    """Return the factor with two decimals, halves up.

    >>> shown(Fraction(2, 3)), shown(Fraction(1, 8))
    (Decimal('0.67'), Decimal('0.13'))
    """
    return (Decimal(factor.numerator) / Decimal(factor.denominator)).quantize(_CENT, ROUND_HALF_UP)


def report(
    session: Session,
    record: Record,
    table_number: str,
    row_key: str,
    value: Decimal | None,
    source: str,
    actor: Actor,
) -> RecordValue:
    """Note what the commune reported for a row, and from where; what was seen stays.

    Raises:
        NoSuchRow: the programme's catalogue has no such row.
    """
    found = _row(session, record, table_number, row_key)
    if (found.reported, found.reported_source) != (value, source):
        found.reported, found.reported_source = value, text.clean(source)[:200]
        session.flush()
        _tell(session, actor, "value.reported", record, found, value=_text(value))
    return found


def see(
    session: Session,
    record: Record,
    table_number: str,
    row_key: str,
    value: Decimal | None,
    actor: Actor,
    note: str = "",
) -> RecordValue:
    """Note what the team saw for a row; a reviewer has then to judge it (again).

    Raises:
        NoSuchRow: the programme's catalogue has no such row.
    """
    found = _row(session, record, table_number, row_key)
    if found.seen != value:
        _see(found, value, ())
    found.note = text.clean(note)[:1000]
    session.flush()
    _tell(session, actor, "value.seen", record, found, value=_text(value))
    return found


def accept_answers(
    session: Session,
    record: Record,
    table_number: str,
    row_key: str,
    parts: Sequence[Part],
    actor: Actor,
    note: str = "",
) -> RecordValue:
    """Take answers from phones, added up, as the accepted seen value of a row.

    The caller has made sure that the submissions are this record's.

    Raises:
        NoSuchRow: the programme's catalogue has no such row.
        NothingSeen: no answer was chosen.
    """
    if not parts:
        raise NothingSeen()
    found = _row(session, record, table_number, row_key)
    _see(found, sum((part.amount for part in parts), Decimal(0)), parts)
    session.flush()
    judge(session, record, found, True, actor, note)
    return found


def _see(found: RecordValue, value: Decimal | None, parts: Sequence[Part]) -> None:
    found.seen, found.verdict = value, VisitVerdict.OPEN
    found.judged_by = found.judged_by_id = found.judged_at = None
    wanted = {(part.submission_id, part.question): part.amount for part in parts}
    for held in list(found.sources):
        if wanted.pop((held.submission_id, held.question), None) != held.amount:
            found.sources.remove(held)
    found.sources += [
        ValueSource(submission_id=submission_id, question=question, amount=each)
        for (submission_id, question), each in wanted.items()
    ]


def judge(
    session: Session, record: Record, found: RecordValue, accepted: bool, actor: Actor, note: str
) -> None:
    """Record a reviewer's verdict on what was seen.

    Raises:
        NothingSeen: there is no seen value.
    """
    record.plan.must_be_open()
    if found.seen is None:
        raise NothingSeen()
    found.verdict = VisitVerdict.ACCEPTED if accepted else VisitVerdict.REJECTED
    found.judged_by, found.judged_by_id, found.judged_at = actor.name, actor.person_id, clock.now()
    if note:
        found.note = text.clean(note)[:1000]
    session.flush()
    _tell(
        session, actor, "value.judged", record, found,
        verdict=found.verdict.value, value=_text(found.seen),
        submissions=[each.submission_id for each in found.sources],
    )  # fmt: skip


def _row(session: Session, record: Record, table_number: str, row_key: str) -> RecordValue:
    record.plan.must_be_open()
    found = session.scalar(
        select(RecordValue).where(
            RecordValue.record_id == record.id,
            RecordValue.table_number == table_number,
            RecordValue.row_key == row_key,
        )
    )
    if found is not None:
        return found
    known = queries.rows_of(session, record.plan.programme_id)
    row = known.get((table_number, row_key))
    if row is None:
        raise NoSuchRow(what=f"Biểu {table_number}, {row_key}")
    found = RecordValue(
        record_id=record.id, table_number=table_number, row_key=row_key, unit=row["unit"]
    )
    session.add(found)
    session.flush()
    return found


def of_record(session: Session, record_id: int) -> Sequence[RecordValue]:
    """Return the figures of a record by table and row, their sources loaded."""
    return session.scalars(
        select(RecordValue)
        .where(RecordValue.record_id == record_id)
        .order_by(RecordValue.table_number, RecordValue.id)
    ).all()


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def _tell(
    session: Session, actor: Actor, verb: str, record: Record, found: RecordValue, **detail: object
) -> None:
    journal.write(
        session, actor, verb, "record", record.id, record.plan.id,
        table=found.table_number, row=found.row_key, **detail,
    )  # fmt: skip
