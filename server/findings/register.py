"""Questions about groups of findings: 'n of m interviewed', what they repeat, who acts on them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from server.findings import asking, grouping
from server.findings.models import (
    WITH_THE_UNIT,
    Finding,
    FindingGroup,
    FindingState,
    FindingStep,
    Outcome,
    SiteCheck,
    StepFile,
)
from server.findings.queries import Query, Scope, seen
from server.findings.raising import ALONE
from server.monitoring.models import Visit
from server.problems import NotFound
from server.submissions.models import Submission

MOST_ALIKE = 20


@dataclass
class Row:
    """A group as the register shows it.

    `count` leaves out what was rejected; `asked` is the number of interviews that could answer the
    rule, None where there are none to count. `only_id` is the finding of a group of one.
    """

    group: FindingGroup
    states: dict[FindingState, int] = field(default_factory=dict)
    asked: int | None = None
    first_due: dt.date | None = None
    only_id: int | None = None

    @property
    def total(self) -> int:
        """Return how many findings the group has, rejected ones too."""
        return sum(self.states.values())

    @property
    def count(self) -> int:
        """Return in how many interviews the finding stands."""
        return self.total - self.states.get(FindingState.REJECTED, 0)


def rows(session: Session, ids: Sequence[int], scope: Scope) -> list[Row]:
    """Return the groups with these ids in their order, with the numbers that a person may see.

    In three look-ups.
    """
    query = select(FindingGroup).where(FindingGroup.id.in_(ids))
    query = query.options(joinedload(FindingGroup.visit).lazyload(Visit.team))
    found = {group.id: Row(group) for group in session.scalars(query).unique()}
    _count(session, found, scope)
    keys = {row.group.id: key for row in found.values() if (key := _asked_key(row.group))}
    asked = asking.asked(session, set(keys.values()))
    for group_id, key in keys.items():
        found[group_id].asked = asked.get(key)
    return [found[key] for key in ids if key in found]


def _asked_key(group: FindingGroup) -> asking.Key | None:
    if group.visit_id is None or group.rule_id in ALONE:
        return None
    return group.visit_id, group.form_pk, group.rule_id


def _count(session: Session, found: dict[int, Row], scope: Scope) -> None:
    running = Finding.due_on.is_not(None) & Finding.state.in_(WITH_THE_UNIT)
    query = select(
        Finding.group_id,
        Finding.state,
        func.count(),
        func.min(Finding.due_on).filter(running),
        func.min(Finding.id),
    ).where(Finding.group_id.in_(found))
    counted = session.execute(_of_unit(query, scope).group_by(Finding.group_id, Finding.state))
    for group_id, state, count, due, first_id in counted:
        row = found[group_id]
        row.only_id = first_id if count == 1 and not row.states else None
        row.states[state] = count
        if due is not None:
            row.first_due = min(due, row.first_due or due)


def one(session: Session, group_id: int, scope: Scope) -> Row:
    """Return a group that a person sees, with its numbers.

    Raises:
        NotFound: there is none, or not for them.
    """
    query = seen(select(FindingGroup.id), scope, FindingGroup).where(FindingGroup.id == group_id)
    if session.scalar(query) is None:
        raise NotFound()
    return rows(session, [group_id], scope)[0]


def members(group_id: int, scope: Scope) -> Query:
    """Return the query of the ids of a group's findings that a person sees, without an order."""
    return _of_unit(select(Finding.id).where(Finding.group_id == group_id), scope)


def _of_unit(query: Query, scope: Scope) -> Query:
    """Return a query of findings of groups that are seen, less what units are not told of."""
    return seen(query, scope) if scope.own else query


def member_rows(session: Session, ids: Sequence[int]) -> list[Finding]:
    """Return the findings with these ids, in their order, with the labels of their forms."""
    label = joinedload(Finding.submission).load_only(Submission.label)
    found = session.scalars(select(Finding).where(Finding.id.in_(ids)).options(label)).unique()
    by_id = {row.id: row for row in found}
    return [by_id[key] for key in ids if key in by_id]


def locked_members(session: Session, group_id: int, state: FindingState) -> Sequence[Finding]:
    """Return the findings of a group in one state, held for the transaction, oldest first."""
    return session.scalars(
        select(Finding)
        .where(Finding.group_id == group_id, Finding.state == state)
        .order_by(Finding.id)
        .with_for_update(of=Finding)
        .execution_options(populate_existing=True)
    ).all()


def alike(session: Session, group: FindingGroup, scope: Scope) -> Sequence[FindingGroup]:
    """Return the groups of the same topic in the same commune at other visits, newest first.

    The commune is followed through mergers and splits, as far as the code lists prove them.
    """
    if group.place_id is None or group.rule_id in ALONE:
        return []
    places = grouping.lineage(session, group.place_id)
    query = seen(select(FindingGroup.id), scope, FindingGroup).where(
        grouping.alike(places, group.topic, group.visit_id), FindingGroup.id != group.id
    )
    ids = session.scalars(query.order_by(FindingGroup.id.desc()).limit(MOST_ALIKE)).all()
    found = session.scalars(
        select(FindingGroup)
        .where(FindingGroup.id.in_(ids))
        .options(joinedload(FindingGroup.visit).joinedload(Visit.round))
        .order_by(FindingGroup.id.desc())
    )
    return found.unique().all()


def steps_of(session: Session, finding_id: int) -> Sequence[FindingStep]:
    """Return the steps of a finding with their evidence, oldest first."""
    return session.scalars(
        select(FindingStep).where(FindingStep.finding_id == finding_id).order_by(FindingStep.id)
    ).all()


def file_of(session: Session, finding_id: int, file_id: int) -> StepFile:
    """Return a piece of evidence of a finding, or refuse."""
    found = session.scalar(
        select(StepFile)
        .join(FindingStep, FindingStep.id == StepFile.step_id)
        .where(StepFile.id == file_id, FindingStep.finding_id == finding_id)
    )
    if found is None:
        raise NotFound()
    return found


def photos_of(session: Session, finding_id: int) -> Sequence[StepFile]:
    """Return the photos given with the steps of a finding, in the order of its thread."""
    return session.scalars(
        select(StepFile)
        .join(FindingStep, FindingStep.id == StepFile.step_id)
        .where(FindingStep.finding_id == finding_id, StepFile.view_sha256.is_not(None))
        .order_by(StepFile.step_id, StepFile.id)
    ).all()


def checks_waiting(scope: Scope) -> Query:
    """Return the query of the ids of the checks that wait for a person, without an order."""
    query = seen(select(SiteCheck.id).join(Finding, Finding.id == SiteCheck.finding_id), scope)
    return query.where(SiteCheck.outcome == Outcome.WAITING)


def checks(session: Session, ids: Sequence[int]) -> Sequence[SiteCheck]:
    """Return the checks with these ids and their findings, newest first."""
    query = select(SiteCheck).where(SiteCheck.id.in_(ids)).order_by(SiteCheck.id.desc())
    return session.scalars(query).unique().all()


def check(session: Session, check_id: int, scope: Scope) -> SiteCheck:
    """Return a check of a finding that a person sees, locked with it.

    Raises:
        NotFound: there is none, or not for them.
    """
    query = seen(select(SiteCheck.id).join(Finding, Finding.id == SiteCheck.finding_id), scope)
    if session.scalar(query.where(SiteCheck.id == check_id)) is None:
        raise NotFound()
    found = session.scalars(
        select(SiteCheck)
        .where(SiteCheck.id == check_id)
        .with_for_update(of=SiteCheck)
        .execution_options(populate_existing=True)
    ).one()
    session.scalars(
        select(Finding.id).where(Finding.id == found.finding_id).with_for_update(of=Finding)
    ).one()
    return found
