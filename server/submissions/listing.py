"""The records of a plan as a list: narrowed by anything, sorted by anything, read page by page.

A page is found by the key of the record before it, never by counting rows off. What is asked of
answers is tried on the next few records first, one by one, since a page is soon full when it
holds for many. When the page is not, every condition is a set of records read from one index
(`id IN (…)`), whatever the others are: what a list costs is bounded by the number of its conditions
and not by how well they suit each other.
"""

import datetime as dt
import enum
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, null, select, true, tuple_
from sqlalchemy.orm import Session, aliased

from server.monitoring.models import Plan
from server.places.scope import inside, within
from server.submissions.answer_models import SubmissionAnswer
from server.submissions.conditions import Condition, meets, met
from server.submissions.indexing import Kind
from server.submissions.models import ReviewState, Submission, VisitVerdict
from server.submissions.queries import reach
from server.submissions.rights import TEAM_LEADER
from server.submissions.searching import mentions, says
from server.teams.models import Member


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


COLUMNS: dict[str, Any] = {
    "received": None,
    "started": Submission.started_at,
    "place": Submission.area,
    "state": Submission.review_state,
    "verdict": Submission.verdict,
}
"""What every list can be sorted by; 'received' is the order of arrival, the record's own key."""
RANKS: dict[str, tuple[enum.Enum, ...]] = {
    "state": tuple(ReviewState),
    "verdict": tuple(VisitVerdict),
}
"""The order of columns with few values: each is a stretch of the list in the order of arrival."""
TRIED, WORDS_TRIED = 2000, 200
"""How many records are tried for a page before sets are read: a few hundredths of a second."""


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
class _Place:
    """Where a record stands in a run, listed or not."""

    key: Any
    id: int


@dataclass(frozen=True)
class _Run:
    """A stretch of the list: in the order of `key` and then of `id`; without a key of `id`.

    Of `asked` the words and the conditions on answers narrow it besides what `query` asks.
    """

    query: Select[Any]
    id: Any
    asked: Asked
    key: Any = None

    def page(
        self, session: Session, place: _Place | None, descending: bool, most: int
    ) -> list[int]:
        """Return the ids that follow a place in this run, in order."""
        found: list[int] = []
        if few := _few(session, self.asked):
            tried = session.execute(self._tried(place, descending, few)).all()
            found = [row.id for row in tried if row.met]
            if len(found) >= most or len(tried) < few:
                return found[:most]
            place = _Place(tried[-1].key, tried[-1].id)
        rest = self._beyond(place, descending).where(*told(self.id, self.asked))
        return [*found, *session.scalars(rest.limit(most - len(found)))]

    def _tried(self, place: _Place | None, descending: bool, few: int) -> Select[Any]:
        """Return the query of the next few records, met or not, each looked up by itself."""
        key = null() if self.key is None else self.key
        near = self._beyond(place, descending).limit(few)
        found = near.with_only_columns(self.id.label("id"), key.label("key")).subquery()
        answered = (meets(found.c.id, condition) for condition in self.asked.conditions)
        fits = and_(true(), *answered, *says(found.c.id, self.asked.words))
        order = self._order(found.c.id, found.c.key, descending)
        return select(found.c.id, found.c.key, fits.label("met")).order_by(*order)

    def _beyond(self, place: _Place | None, descending: bool) -> Select[Any]:
        query = self.query.order_by(*self._order(self.id, self.key, descending))
        if place is None:
            return query
        here: Any = self.id if self.key is None else tuple_(self.key, self.id)
        there: Any = place.id if self.key is None else tuple_(place.key, place.id)
        return query.where(here < there if descending else here > there)

    def _order(self, record_id: Any, key: Any, descending: bool) -> list[Any]:
        columns = [record_id] if self.key is None else [key, record_id]
        return [each.desc() if descending else each for each in columns]


def _few(session: Session, asked: Asked) -> int:
    """Return how many records are tried; SQLite does not tell soon whether one holds a word."""
    if not asked.words:
        return TRIED if asked.conditions else 0
    return WORDS_TRIED if session.get_bind().dialect.name == "postgresql" else 0


@dataclass(frozen=True)
class Listing:
    """The records of a plan that may be seen from `areas`, narrowed and sorted."""

    plan: Plan
    areas: list[str]
    asked: Asked = field(default_factory=Asked)
    order: Order = field(default_factory=Order)

    def ids(self) -> Select[int]:
        """Return the query of the ids of all records asked for, without an order."""
        return self._records().where(*told(Submission.id, self.asked))

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
        begin, place = 0, None
        if record_id is not None:
            begin, place = self._place(session, record_id, len(runs))
        descending = self.order.descending != backwards
        found: list[int] = []
        for number in range(begin, -1, -1) if backwards else range(begin, len(runs)):
            here = place if number == begin else None
            following = runs[number].page(session, here, descending, most - len(found))
            found = list(dict.fromkeys([*found, *following]))  # one may move on meanwhile
            if len(found) >= most:
                break
        return found

    def _records(self) -> Select[int]:
        """Return the ids that all but words and answers allow: read from one index alone."""
        asked, plan = self.asked, self.plan
        query = select(Submission.id).where(Submission.plan_id == plan.id, reach(plan, self.areas))
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

    def _whole(self) -> bool:
        """Tell whether every record of the form is listed, but for its words and answers."""
        asked = self.asked
        seen = any(within(self.plan.area, area) for area in self.areas)
        told_only = Asked(asked.form_pk, words=asked.words, conditions=asked.conditions)
        return seen and asked == told_only

    def _runs(self) -> list[_Run]:
        """Return the stretches of the list: those that have what it is sorted by, then the rest."""
        column = COLUMNS.get(self.order.by)
        if self.order.question_id is not None:
            return [self._by_answer(), self._run(_blank(self.order))]
        if column is None:
            return [self._run()]
        if self.order.by in RANKS:
            given = [self._run(column == value) for value in self._ranks()]
        else:
            given = [self._run(column.is_not(None), key=column)]
        return [*given, self._run(column.is_(None))]

    def _run(self, *where: ColumnElement[bool], key: Any = None) -> _Run:
        return _Run(self._records().where(*where), Submission.id, self.asked, key)

    def _by_answer(self) -> _Run:
        answer, column = _sorted(self.order)
        given = select(answer.submission_id).where(
            answer.question_id == self.order.question_id, column.is_not(None)
        )
        if self.order.kind is not Kind.NUMBER:  # a number stands alone
            given = given.where(answer.position == 0)
        if not self._whole():
            given = given.where(answer.submission_id.in_(self._records()))
        return _Run(given, answer.submission_id, self.asked, column)

    def _ranks(self) -> tuple[enum.Enum, ...]:
        """Return the values of the column that the list is sorted by, in the list's order."""
        ranks = RANKS[self.order.by]
        return ranks[::-1] if self.order.descending else ranks

    def _place(self, session: Session, record_id: int, runs: int) -> tuple[int, _Place]:
        """Return in which run, and where, a record stands by what it now says."""
        if runs == 1:
            return 0, _Place(None, record_id)
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
        run = 0 if key is not None else runs - 1
        if key is not None and self.order.by in RANKS:
            run = self._ranks().index(key)
        return run, _Place(key, record_id)


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


def told(record_id: Any, asked: Asked) -> list[ColumnElement[bool]]:
    """Return what must hold of `record_id` for the record to say what is asked for."""
    answered = [each for condition in asked.conditions for each in met(record_id, condition)]
    return [*answered, *mentions(record_id, asked.words)]


def beside(session: Session, listing: Listing, record_id: int) -> tuple[int | None, int | None]:
    """Return the ids of the records before and after one in a list it stands or stood in."""
    before = listing.before(session, record_id, 1)
    after = listing.after(session, record_id, 1)
    return (before[0] if before else None), (after[0] if after else None)
