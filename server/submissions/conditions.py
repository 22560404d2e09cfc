"""What an answer must be for a record to be listed: as a set of records, or for one of them."""

import enum
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, ColumnElement, and_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from server import text
from server.submissions.answer_models import SubmissionAnswer
from server.submissions.indexing import LONGEST_KEY, LONGEST_TEXT, Kind


class Op(enum.Enum):
    """How an answer is held against what was typed."""

    HAS = "has"
    IS = "is"
    ONE_OF = "in"
    ALL_OF = "all"
    BETWEEN = "between"
    EMPTY = "empty"
    FILLED = "filled"


OPS: dict[Kind, tuple[Op, ...]] = {
    Kind.NUMBER: (Op.BETWEEN, Op.EMPTY, Op.FILLED),
    Kind.DAY: (Op.BETWEEN, Op.EMPTY, Op.FILLED),
    Kind.CHOICE: (Op.ONE_OF, Op.EMPTY, Op.FILLED),
    Kind.MANY: (Op.ONE_OF, Op.ALL_OF, Op.EMPTY, Op.FILLED),
    Kind.TEXT: (Op.HAS, Op.IS, Op.BETWEEN, Op.EMPTY, Op.FILLED),
}
"""What may be asked of each kind of question, the usual first."""


@dataclass(frozen=True)
class Condition:
    """What one answer must be.

    `values` are the words of HAS and IS, or the choices; `low` and `high` bound BETWEEN, both
    included: numbers, or for days texts that sort ('2024-04-02').
    """

    question_id: int
    kind: Kind
    op: Op
    values: tuple[str, ...] = ()
    low: float | str | None = None
    high: float | str | None = None


def met(record_id: Any, condition: Condition) -> list[ColumnElement[bool]]:
    """Return what must hold of `record_id` for the record's answer to be what is asked for."""
    answer = aliased(SubmissionAnswer)
    given = select(answer.submission_id).where(answer.question_id == condition.question_id)
    if condition.op is Op.EMPTY:
        return [~given.where(answer.submission_id == record_id).exists()]
    if condition.op is Op.ALL_OF:
        sets = [given.where(answer.key == code) for code in condition.values]
    else:
        sets = [given.where(*_value(answer, condition, answer.number, answer.key))]
    return [_Among(record_id.in_(each)) for each in sets]


class _Among(FunctionElement[bool]):
    """Whether a record is in a set, `id IN (…)`, that is read from one index and kept.

    PostgreSQL takes answers to be fewer than they are and would look them up one after the other;
    IS TRUE has it keep the set, and leave the list as soon as a page is full.
    """

    type = Boolean()
    inherit_cache = True
    _is_implicitly_boolean = True  # no "= 1" after it on SQLite
    name = "among"


@compiles(_Among)
def _among(element: _Among, compiler: SQLCompiler, **kw: Any) -> str:
    found = compiler.process(element.clauses, **kw)
    return f"({found}) IS TRUE" if compiler.dialect.name == "postgresql" else found


def meets(record_id: Any, condition: Condition) -> ColumnElement[bool]:
    """Return the same, looked up by the record: for few records.

    `+ 0` and `|| ''` keep SQLite from walking an index of numbers or keys for each of them,
    OFFSET 0 keeps PostgreSQL from reading the set of all.
    """
    answer = aliased(SubmissionAnswer)
    given = select(answer.submission_id).where(
        answer.question_id == condition.question_id, answer.submission_id == record_id
    )
    if condition.op is Op.EMPTY:
        return ~given.offset(0).exists()
    if condition.op is Op.ALL_OF:
        codes = (given.where(answer.key == code) for code in condition.values)
        return and_(*(each.offset(0).exists() for each in codes))
    values = _value(answer, condition, answer.number + 0, answer.key.concat(""))
    return given.where(*values).offset(0).exists()


def _value(answer: Any, condition: Condition, number: Any, key: Any) -> list[ColumnElement[bool]]:
    """Return what must hold of the row of an answer; `number` and `key` are how it says them."""
    known = key.is_not(None)  # so that PostgreSQL reads the index of the keys alone
    match condition.op:
        case Op.FILLED:
            return [answer.position == 0]
        case Op.HAS:
            words = text.fold(" ".join(condition.values)).split()
            return [known, *(answer.folded.contains(word, autoescape=True) for word in words)]
        case Op.IS:
            return [known, answer.folded == text.fold(" ".join(condition.values))[:LONGEST_TEXT]]
        case Op.ONE_OF:
            return [answer.key.in_([code[:LONGEST_KEY] for code in condition.values])]
    column = key if condition.kind is Kind.DAY else number
    bounds = []
    if condition.low is not None:
        bounds.append(column >= condition.low)
    if condition.high is not None:
        # A day with a time is a longer text than the day, and sorts after it.
        end = f"{condition.high}~" if condition.kind is Kind.DAY else condition.high
        bounds.append(column <= end)
    return bounds
