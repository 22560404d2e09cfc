"""At which level a person reviews a record: 1 as the leader of its team, 2 for the office."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.monitoring.models import Plan
from server.permissions import May
from server.places.scope import covers
from server.problems import NotAllowed
from server.submissions.models import Submission
from server.teams.models import Member

TEAM_LEADER = 1
OFFICE = 2


class Asker(Protocol):
    """The person who asks, as far as rights go."""

    id: int

    def areas(self, right: May | None = None) -> list[str]:
        """Return the areas in which they hold `right`."""
        ...


def levels(session: Session, who: Asker, found: Sequence[Submission]) -> dict[int, int]:
    """Return, by record, the level at which `who` reviews it; those that they may not are absent.

    The office reviews what lies in its area, a leader what their own team sent. Two look-ups for
    any number of records.
    """
    office, first = who.areas(May.REVIEW), who.areas(May.REVIEW_FIRST)
    if not office and not first:
        return {}
    led = set(
        session.scalars(select(Member.team_id).where(Member.person_id == who.id, Member.leads))
    )
    plans = _areas(session, found)
    by_record = {}
    for each in found:
        if _covered(office, each, plans):
            by_record[each.id] = OFFICE
        elif each.team_id in led and _covered(first, each, plans):
            by_record[each.id] = TEAM_LEADER
    return by_record


def level(session: Session, who: Asker, found: Submission) -> int | None:
    """Return the level at which `who` reviews a record, None when they may not."""
    return levels(session, who, [found]).get(found.id)


def must_review(session: Session, who: Asker, found: Submission) -> int:
    """Return the level at which `who` reviews a record.

    Raises:
        NotAllowed: it is not theirs to review.
    """
    at = level(session, who, found)
    if at is None:
        raise NotAllowed()
    return at


def may_comment(session: Session, who: Asker, found: Submission) -> bool:
    """Tell whether `who` may comment on a record that they see."""
    return _covered(who.areas(May.COMMENT_RECORDS), found, _areas(session, [found]))


def _areas(session: Session, found: Sequence[Submission]) -> dict[int, str]:
    wanted = {each.plan_id for each in found}
    return dict(session.execute(select(Plan.id, Plan.area).where(Plan.id.in_(wanted))).all())


def _covered(areas: Sequence[str], each: Submission, plans: dict[int, str]) -> bool:
    return covers(areas, plans[each.plan_id]) or bool(each.area and covers(areas, each.area))
