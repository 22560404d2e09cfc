"""The records of a plan as a list: narrowed by anything, sorted by anything, read page by page.

A page is found by the key of the record before it, never by counting rows off. Every condition is
a set of records read from one index (`id IN (…)`), whatever the others are: what a list costs is
bounded by the number of its conditions and not by how well they suit each other.
"""

import datetime as dt
import enum
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, case, select, tuple_
from sqlalchemy.orm import Session, aliased

from server import text
from server.monitoring.models import Plan
from server.places.scope import inside, within
from server.submissions.answer_models import SubmissionAnswer
from server.submissions.indexing import LONGEST_KEY, Kind
from server.submissions.models import ReviewState, Submission, VisitVerdict
from server.submissions.queries import reach
from server.submissions.rights import TEAM_LEADER
from server.submissions.searching import mentions
from server.teams.models import Member


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


@dataclass(frozen=True)
class Reviewer:
    """Whose turn it is: somebody of the office, or (`level` 1) the leader of a record's team."""

    level: int
    person_id: int


@dataclass(frozen=True)
class Asked:
    """What a list of records is narrowed to; what is None or '' narrows nothing.

    `waits` leaves what this reviewer has still to decide on, and is not back on a phone. `words`
    are looked for one by one, without tone marks; `since` and `until` are instants, the second left
    out. Conditions ask about the questions of the one form `form_pk`.
    """

    form_pk: int | None = None
    area: str = ""
    team_id: int | None = None
    state: ReviewState | None = None
    verdict: VisitVerdict | None = None
    odd: bool = False
    returned: bool = False
    waits: Reviewer | None = None
    words: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    conditions: tuple[Condition, ...] = ()


_STATES = {state.value: rank for rank, state in enumerate(ReviewState)}
_VERDICTS = {verdict.value: rank for rank, verdict in enumerate(VisitVerdict)}
COLUMNS: dict[str, Any] = {
    "received": None,
    "started": Submission.started_at,
    "place": Submission.area,
    "state": case(_STATES, value=Submission.review_state),
    "verdict": case(_VERDICTS, value=Submission.verdict),
}
"""What every list can be sorted by; 'received' is the order of arrival, the record's own key."""


@dataclass(frozen=True)
class Order:
    """What a list is sorted by: one of COLUMNS, or the answer to a question of the list's form.

    Records without that come last, whichever way the others run; equals follow their arrival.
    """

    by: str = "received"
    descending: bool = True
    question_id: int | None = None
    kind: Kind | None = None


@dataclass(frozen=True)
class _Run:
    """A stretch of the list: in the order of `key` and then of `id`; without a key of `id`."""

    query: Select[Any]
    id: Any
    key: Any = None

    def beyond(self, place: "_Place | None", descending: bool, most: int) -> Select[Any]:
        """Return the query of the ids that follow a place in this run, in order."""
        order = [self.id] if self.key is None else [self.key, self.id]
        query = self.query.order_by(*(each.desc() if descending else each for each in order))
        if place is not None:
            here: Any = self.id if self.key is None else tuple_(self.key, self.id)
            there: Any = place.id if self.key is None else tuple_(place.key, place.id)
            query = query.where(here < there if descending else here > there)
        return query.limit(most)


@dataclass(frozen=True)
class _Place:
    """Where a record stands, listed or not: in which run, and by what."""

    run: int
    key: Any
    id: int


@dataclass(frozen=True)
class Listing:
    """The records of a plan that may be seen from `areas`, narrowed and sorted."""

    plan: Plan
    areas: list[str]
    asked: Asked = field(default_factory=Asked)
    order: Order = field(default_factory=Order)

    def ids(self) -> Select[int]:
        """Return the query of the ids of all records asked for, without an order."""
        return self._records().where(*self._answered(Submission.id))

    def after(self, session: Session, record_id: int | None, most: int) -> list[int]:
        """Return the ids that follow a record down the list, or the first of all."""
        return self._beyond(session, record_id, most, backwards=False)

    def before(self, session: Session, record_id: int, most: int) -> list[int]:
        """Return the ids that stand before a record, the nearest first."""
        return self._beyond(session, record_id, most, backwards=True)

    def _beyond(
        self, session: Session, record_id: int | None, most: int, backwards: bool
    ) -> list[int]:
        runs = self._runs()
        place = None if record_id is None else self._place(session, record_id, len(runs))
        descending = self.order.descending != backwards
        found: list[int] = []
        begin = 0 if place is None else place.run
        for number in range(begin, -1, -1) if backwards else range(begin, len(runs)):
            here = place if place is not None and number == place.run else None
            query = runs[number].beyond(here, descending, most - len(found))
            found += session.scalars(query)
            if len(found) >= most:
                break
        return found

    def _records(self) -> Select[int]:
        """Return the ids that everything but the answers allows: read from one index alone."""
        asked, plan = self.asked, self.plan
        query = select(Submission.id).where(
            Submission.plan_id == plan.id, reach(plan, self.areas), *mentions(asked.words)
        )
        for column, value in (
            (Submission.form_pk, asked.form_pk),
            (Submission.team_id, asked.team_id),
            (Submission.review_state, asked.state),
            (Submission.verdict, asked.verdict),
            (Submission.is_odd, asked.odd or None),
        ):
            if value is not None:
                query = query.where(column == value)
        if asked.returned:
            query = query.where(Submission.returned_at.is_not(None))
        if asked.waits is not None:
            query = query.where(Submission.id.in_(_waiting(plan, asked.waits)))
        if asked.area:
            query = query.where(inside(Submission.area, [asked.area]))
        if asked.since is not None:
            query = query.where(Submission.received_at >= asked.since)
        if asked.until is not None:
            query = query.where(Submission.received_at < asked.until)
        return query

    def _answered(self, record_id: Any) -> list[ColumnElement[bool]]:
        """Return what must hold of `record_id` for every condition to be met."""
        return [each for asked in self.asked.conditions for each in met(record_id, asked)]

    def _whole(self) -> bool:
        """Tell whether every record of the form is listed, but for what its answers say."""
        form_pk, conditions = self.asked.form_pk, self.asked.conditions
        seen = any(within(self.plan.area, area) for area in self.areas)
        return seen and self.asked == Asked(form_pk, conditions=conditions)

    def _runs(self) -> list[_Run]:
        """Return the stretches of the list: those that have what it is sorted by, then the rest."""
        if self.order.question_id is not None:
            answer, column = _sorted(self.order)
            given = select(answer.submission_id).where(
                answer.question_id == self.order.question_id, column.is_not(None)
            )
            if self.order.kind is not Kind.NUMBER:  # a number stands alone
                given = given.where(answer.position == 0)
            if not self._whole():
                given = given.where(answer.submission_id.in_(self._records()))
            given = given.where(*self._answered(answer.submission_id))
            return [
                _Run(given, answer.submission_id, column),
                _Run(self.ids().where(_blank(self.order)), Submission.id),
            ]
        column = COLUMNS[self.order.by]
        if column is None:
            return [_Run(self.ids(), Submission.id)]
        return [
            _Run(self.ids().where(column.is_not(None)), Submission.id, column),
            _Run(self.ids().where(column.is_(None)), Submission.id),
        ]

    def _place(self, session: Session, record_id: int, runs: int) -> _Place:
        """Return where a record stands by what it now says, also when it is no longer listed."""
        if runs == 1:
            return _Place(0, None, record_id)
        if self.order.question_id is not None:
            answer, column = _sorted(self.order)
            query = select(column).where(
                answer.question_id == self.order.question_id,
                answer.submission_id == record_id,
                answer.position == 0,
            )
        else:
            column = COLUMNS[self.order.by]
            query = select(column).where(Submission.id == record_id)
        key = session.scalar(query)
        return _Place(1 if key is None else 0, key, record_id)


def _waiting(plan: Plan, reviewer: Reviewer) -> Select[int]:
    found = select(Submission.id).where(
        Submission.plan_id == plan.id,
        Submission.review_level < reviewer.level,
        Submission.returned_at.is_(None),
    )
    if reviewer.level > TEAM_LEADER:
        return found
    led = select(Member.team_id).where(Member.person_id == reviewer.person_id, Member.leads)
    return found.where(Submission.team_id.in_(led))


def _sorted(order: Order) -> tuple[Any, Any]:
    answer = aliased(SubmissionAnswer)
    return answer, answer.number if order.kind is Kind.NUMBER else answer.key


def _blank(order: Order) -> ColumnElement[bool]:
    """Return the condition that a record has no answer to sort by, looked up by the record.

    `+ 0` keeps the engine from answering it by walking the index of the numbers.
    """
    answer, column = _sorted(order)
    here = select(answer.submission_id).where(
        answer.question_id == order.question_id, answer.submission_id == Submission.id
    )
    return ~(here.where((column + 0).is_not(None)) if order.kind is Kind.NUMBER else here).exists()


def met(record_id: Any, condition: Condition) -> list[ColumnElement[bool]]:
    """Return what must hold of `record_id` for the record's answer to be what is asked for."""
    answer = aliased(SubmissionAnswer)
    given = select(answer.submission_id).where(answer.question_id == condition.question_id)
    if condition.op is Op.EMPTY:
        return [~given.where(answer.submission_id == record_id).exists()]
    if condition.op is Op.FILLED:
        return [record_id.in_(given.where(answer.position == 0))]
    if condition.op is Op.ALL_OF:
        return [record_id.in_(given.where(answer.key == code)) for code in condition.values]
    return [record_id.in_(given.where(*_value(answer, condition)))]


def _value(answer: Any, condition: Condition) -> list[ColumnElement[bool]]:
    """Return what must hold of the row of an answer."""
    match condition.op:
        case Op.HAS:
            words = " ".join(condition.values)
            return [
                answer.folded.contains(word, autoescape=True) for word in text.fold(words).split()
            ]
        case Op.IS:
            return [answer.folded == text.fold(" ".join(condition.values))]
        case Op.ONE_OF:
            return [answer.key.in_([code[:LONGEST_KEY] for code in condition.values])]
    column = answer.key if condition.kind is Kind.DAY else answer.number
    bounds = []
    if condition.low is not None:
        bounds.append(column >= condition.low)
    if condition.high is not None:
        # A day with a time is a longer text than the day, and sorts after it.
        end = f"{condition.high}~" if condition.kind is Kind.DAY else condition.high
        bounds.append(column <= end)
    return bounds


def beside(session: Session, listing: Listing, record_id: int) -> tuple[int | None, int | None]:
    """Return the ids of the records before and after one in a list it stands or stood in."""
    before = listing.before(session, record_id, 1)
    after = listing.after(session, record_id, 1)
    return (before[0] if before else None), (after[0] if after else None)
