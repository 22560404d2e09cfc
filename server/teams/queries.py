"""Questions about people, teams and phones; nothing here writes."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Select, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session, joinedload

from server import text
from server.permissions import ROLES, May
from server.places.scope import covers, inside, touches
from server.problems import NotFound
from server.teams.models import Grant, Member, Person, Phone, Team

SENDERS = [role for role, rights in ROLES.items() if May.SEND_SUBMISSION in rights]


def people_page(
    session: Session, areas: Iterable[str], after: int | None = None, limit: int = 50
) -> Sequence[Person]:
    """Return up to `limit` people who hold a role inside `areas`, in dictionary order.

    Those who hold none (they only carry a phone) are shown to whoever holds the whole country.
    `after` is the id of the last person of the page before.
    """
    found = select(Person).order_by(Person.sort_key, Person.id).limit(limit)
    held = list(areas)
    if "" not in held:
        mine = exists().where(Grant.person_id == Person.id, inside(Grant.area, held))
        found = found.where(mine)
    if after is not None:
        last = select(Person.sort_key, Person.id).where(Person.id == after)
        key = session.execute(last).one_or_none()
        if key is not None:
            found = found.where(tuple_(Person.sort_key, Person.id) > tuple_(*key))
    return session.scalars(found).all()


def person_for(session: Session, person_id: int, areas: Iterable[str]) -> Person:
    """Return a person who holds a role inside `areas`, or refuse."""
    held = list(areas)
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound()
    if "" not in held and not any(covers(held, grant.area) for grant in person.grants):
        raise NotFound()
    return person


def wholly_inside(person: Person, areas: Iterable[str]) -> bool:
    """Tell whether all that `person` may do lies in `areas`: only then is their account ours."""
    held = list(areas)
    return "" in held or all(covers(held, grant.area) for grant in person.grants)


def teams_of(session: Session, plan_id: int) -> Sequence[Team]:
    """Return the teams of a plan with their members, oldest first."""
    return session.scalars(select(Team).where(Team.plan_id == plan_id).order_by(Team.id)).all()


def team_names(session: Session, plan_id: int) -> list[tuple[int, str]]:
    """Return (id, name) of the teams of a plan, oldest first."""
    rows = session.execute(select(Team.id, Team.name).where(Team.plan_id == plan_id))
    return sorted((team_id, name) for team_id, name in rows)


def member_counts(session: Session, team_ids: Collection[int]) -> dict[int, int]:
    """Return how many members each of these teams has."""
    rows = session.execute(
        select(Member.team_id, func.count())
        .where(Member.team_id.in_(team_ids))
        .group_by(Member.team_id)
    )
    return dict(rows.all())


def team_of(session: Session, plan_id: int, team_id: int) -> Team:
    """Return a team of a plan, or refuse."""
    team = session.get(Team, team_id)
    if team is None or team.plan_id != plan_id:
        raise NotFound()
    return team


def may_carry(session: Session, plan_id: int, area: str) -> Sequence[Person]:
    """Return who may be given a phone or a post in a plan over `area`, in dictionary order.

    Members of the plan's teams, and those whose role lets them send forms from there.
    """
    members = select(Member.person_id).join(Team).where(Team.plan_id == plan_id)
    senders = select(Grant.person_id).where(Grant.role.in_(SENDERS), touches(Grant.area, [area]))
    return session.scalars(
        select(Person)
        .where(Person.active, or_(Person.id.in_(members), Person.id.in_(senders)))
        .order_by(Person.sort_key, Person.id)
    ).all()


def carriers_called(session: Session, plan_id: int, area: str, name: str) -> Sequence[Person]:
    """Return the people of a plan who have this name: who may carry a phone, or has carried one."""
    carried = select(Phone.person_id).where(Phone.plan_id == plan_id)
    called = select(Person).where(Person.sort_key == text.sort_key(name), Person.active)
    before = session.scalars(called.where(Person.id.in_(carried)).order_by(Person.id)).all()
    found = {each.id: each for each in [*before, *may_carry(session, plan_id, area)]}
    return [each for each in found.values() if each.name == text.clean(name)]


def live_phone(session: Session, plan_id: int, person_id: int) -> Phone | None:
    """Return the phone that a person carries in a plan."""
    return session.scalar(
        select(Phone).where(
            Phone.plan_id == plan_id, Phone.person_id == person_id, Phone.revoked_at.is_(None)
        )
    )


def phone_ids(plan_id: int) -> Select[int]:
    """Return the query of the ids of a plan's phones, without an order."""
    return select(Phone.id).where(Phone.plan_id == plan_id)


def phones(session: Session, ids: Sequence[int]) -> Sequence[Phone]:
    """Return the phones with these ids, people and teams loaded, newest first."""
    return session.scalars(
        select(Phone)
        .where(Phone.id.in_(ids))
        .order_by(Phone.id.desc())
        .options(joinedload(Phone.team).lazyload(Team.members))
    ).all()


def newest_phone(session: Session, plan_id: int) -> int:
    """Return the id of the phone issued last in a plan, 0 when there is none."""
    newest = select(Phone.id).where(Phone.plan_id == plan_id).order_by(Phone.id.desc()).limit(1)
    return session.scalar(newest) or 0


def issued_since(session: Session, plan_id: int, person_id: int, seen: int) -> bool:
    """Tell whether the person got a phone in the plan after phone `seen`."""
    since = select(Phone.id).where(
        Phone.plan_id == plan_id, Phone.person_id == person_id, Phone.id > seen
    )
    return session.scalar(since.limit(1)) is not None
