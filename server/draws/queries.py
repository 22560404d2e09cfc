"""Questions about draws; nothing here writes."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, lazyload

from server import clock
from server.draws.models import Draw, DrawnUnit, DrawState, RegisterEntry, UnitRole
from server.draws.words import COMMUNES, HAMLETS, HOUSEHOLDS
from server.monitoring.models import Origin, Plan, Round, RoundKind, Visit, VisitState
from server.permissions import May, Role, rights
from server.places import queries as places
from server.places.models import Hamlet, Level, Place
from server.places.scope import inside, touches
from server.problems import NotFound
from server.teams.models import Grant, Person


def live(session: Session, round_id: int, purpose: str, stage: str, parent: str) -> Draw | None:
    """Return the draw of a purpose that is not void."""
    return session.scalar(
        select(Draw).where(
            Draw.round_id == round_id,
            Draw.purpose == purpose,
            Draw.stage == stage,
            Draw.parent_code == parent,
            Draw.state != DrawState.VOID,
        )
    )


def voided(session: Session, round_id: int, purpose: str, stage: str, parent: str) -> int:
    """Return how many draws of a purpose were set aside."""
    found = session.scalar(
        select(func.count())
        .select_from(Draw)
        .where(
            Draw.round_id == round_id,
            Draw.purpose == purpose,
            Draw.stage == stage,
            Draw.parent_code == parent,
            Draw.state == DrawState.VOID,
        )
    )
    return found or 0


def kept_back(draw: Any, on: dt.date) -> ColumnElement[bool]:
    """Return the condition that a draw is sealed or before its day."""
    return or_(draw.disclose_on > on, and_(draw.sealed, draw.opened_at.is_(None)))


def _betrays(on: dt.date) -> ColumnElement[bool]:
    """Return the condition that a draw is within a unit of one kept back, and so tells of it."""
    above, top = aliased(Draw), aliased(Draw)
    kept = (
        select(above.id)
        .outerjoin(top, top.id == above.parent_id)
        .where(or_(kept_back(above, on), kept_back(top, on)))
    )
    return and_(Draw.parent_id.is_not(None), Draw.parent_id.in_(kept))


def known_to(areas: Iterable[str], drawing: Iterable[str] = ("",)) -> ColumnElement[bool]:
    """Return the condition that a draw may be known to somebody who holds `areas`.

    A draw for an unannounced round is hidden from the accounts of single units within the plan's
    area until no visit of the round is still to begin; one within a unit whose own draw is kept
    back is known to those alone who draw, in the areas `drawing`.
    """
    ahead = exists().where(Visit.round_id == Round.id, Visit.state == VisitState.PLANNED)
    undrawn = ~exists().where(Visit.round_id == Round.id)
    return exists().where(
        Round.id == Draw.round_id,
        Plan.id == Round.plan_id,
        or_(inside(Plan.area, drawing), ~_betrays(clock.today())),
        or_(
            inside(Plan.area, areas),
            Round.kind != RoundKind.UNANNOUNCED,
            ~or_(ahead, undrawn),
        ),
    )


def of_plan(
    session: Session,
    plan_id: int,
    before: int | None = None,
    limit: int = 50,
    areas: Iterable[str] = ("",),
    drawing: Iterable[str] = ("",),
) -> Sequence[Draw]:
    """Return draws of a plan without their units, the void ones too, newest first.

    At most `limit`, those with a number below `before` when it is given, as far as somebody who
    holds `areas`, and draws in `drawing`, may know of them.
    """
    found = select(Draw).where(Draw.plan_id == plan_id, known_to(areas, drawing))
    found = found.options(lazyload(Draw.drawn))
    if before is not None:
        found = found.where(Draw.number < before)
    return session.scalars(found.order_by(Draw.number.desc()).limit(limit)).all()


def numbered(session: Session, plan_id: int, number: int) -> Draw | None:
    """Return a plan's draw by its number, without its units."""
    return session.scalar(
        select(Draw)
        .where(Draw.plan_id == plan_id, Draw.number == number)
        .options(lazyload(Draw.drawn))
    )


def communes(plan: Plan, within: str = "") -> Select[Place]:
    """Return the official communes in the plan's area, or in one unit of it, sorted by name."""
    under = within or plan.area.rsplit("/", 1)[-1]
    if under:
        return places.communes_under(plan.edition_id, under)
    return (
        select(Place)
        .where(Place.edition_id == plan.edition_id, Place.level == Level.COMMUNE)
        .order_by(Place.sort_key, Place.code)
    )


def districts(session: Session, plan: Plan) -> list[tuple[str, str]]:
    """Return (code, name) of the units between the plan's area and its communes; often none."""
    code = plan.area.rsplit("/", 1)[-1]
    found = places.children(plan.edition_id, code) if code else places.provinces(plan.edition_id)
    return [(u.code, u.name) for u in session.scalars(found) if u.level is not Level.COMMUNE]


def units_of(session: Session, plan: Plan) -> Sequence[Place]:
    """Return the communes from which the plan's draws choose."""
    return session.scalars(communes(plan)).all()


def official_codes(session: Session, draw: Draw) -> Sequence[str] | None:
    """Return the codes that the draw's list should hold; None where no official list exists."""
    plan = draw.plan
    if draw.stage == COMMUNES:
        found = communes(plan, draw.parent_code)
        return session.scalars(found.with_only_columns(Place.code).order_by(None)).all()
    if draw.stage == HAMLETS and draw.parent_code:
        day = clock.local(draw.committed_at).date()
        hamlets = places.hamlets_of(plan.edition_id, draw.parent_code, day)
        return session.scalars(hamlets.with_only_columns(Hamlet.code).order_by(None)).all()
    return None


def named(session: Session, edition: str, codes: Sequence[str]) -> dict[str, str]:
    """Return the names of communes and hamlets by code; a code that is neither is its own name."""
    found = dict.fromkeys(codes, "")
    for model in (Place, Hamlet):
        rows = select(model.code, model.name).where(
            model.edition_id == edition, model.code.in_(codes)
        )
        found.update(dict(session.execute(rows).all()))
    return {code: name or code for code, name in found.items()}


def parent_name(session: Session, draw: Draw) -> str:
    """Return the name of the unit within which the draw chooses, '' for the plan's whole area."""
    edition = draw.plan.edition_id
    if not draw.parent_code:
        return ""
    if draw.stage == HOUSEHOLDS:
        hamlet = session.scalars(places.hamlet(edition, draw.parent_code)).first()
        if hamlet is None:
            return draw.parent_code
        return f"{hamlet.name}, {session.get_one(Place, hamlet.place_id).name}"
    place = session.scalars(places.place(edition, draw.parent_code)).first()
    return place.name if place else draw.parent_code


def visits_of(session: Session, draw: Draw) -> Sequence[Visit]:
    """Return the visits of the draw's round to the communes it drew, whatever their state.

    Also those to reserves that were released; not one to a reserve that was named on purpose.
    """
    drawn = select(DrawnUnit.place_id).where(DrawnUnit.draw_id == draw.id)
    first = drawn.where(DrawnUnit.role != UnitRole.RESERVE)
    return session.scalars(
        select(Visit)
        .where(
            Visit.round_id == draw.round_id,
            or_(
                Visit.place_id.in_(first),
                Visit.place_id.in_(drawn) & (Visit.origin == Origin.DRAWN),
            ),
        )
        .order_by(Visit.id)
    ).all()


def alike_elsewhere(session: Session, draw: Draw) -> Sequence[Draw]:
    """Return the other drawn draws of the plan within the same unit, the oldest first."""
    return session.scalars(
        select(Draw)
        .where(
            Draw.plan_id == draw.plan_id,
            Draw.stage == draw.stage,
            Draw.parent_code == draw.parent_code,
            Draw.state == DrawState.DRAWN,
            Draw.id != draw.id,
        )
        .order_by(Draw.number)
    ).all()


def overlapping(
    session: Session, round_id: int, purpose: str, stage: str, parent: str
) -> Draw | None:
    """Return a live draw of the round over the whole of which `parent` is a part, or over a part.

    '' is the plan's whole area.
    """
    apart = Draw.parent_code != "" if parent == "" else Draw.parent_code == ""
    return session.scalars(
        select(Draw)
        .where(
            Draw.round_id == round_id,
            Draw.purpose == purpose,
            Draw.stage == stage,
            Draw.state != DrawState.VOID,
            apart,
        )
        .limit(1)
    ).first()


def same_seed(session: Session, draw: Draw, value: str) -> bool:
    """Tell whether another draw was made with these very dice or papers."""
    found = select(Draw.id).where(
        Draw.seed == value, Draw.seed_kind == draw.seed_kind, Draw.id != draw.id
    )
    return session.scalar(found.limit(1)) is not None


@dataclass(frozen=True)
class Kin:
    """A draw of another plan or round over the same units: it may have been the first try."""

    number: int
    plan_id: int
    plan: str
    round: str
    at: dt.datetime
    void: bool


def kin(session: Session, draw: Draw, days: int = 366) -> list[Kin]:
    """Return the draws of the same stage and place in other plans and rounds up to this one.

    Only those of the year before: a plan that was copied to draw again shows here, on the page
    and on paper, whoever made it.
    """
    since = draw.committed_at - dt.timedelta(days=days)
    rows = session.execute(
        select(Draw.number, Plan.id, Plan.name, Round.code, Draw.committed_at, Draw.state)
        .join(Plan, Plan.id == Draw.plan_id)
        .join(Round, Round.id == Draw.round_id)
        .where(
            Draw.id < draw.id,
            Draw.committed_at >= since,
            Draw.stage == draw.stage,
            Draw.parent_code == draw.parent_code,
            Draw.purpose == draw.purpose,
            Plan.area == draw.plan.area,
            Draw.round_id != draw.round_id,
        )
        .order_by(Draw.id)
        .limit(50)
    )
    return [Kin(*row[:5], row[5] is DrawState.VOID) for row in rows]


def draw_for(session: Session, draw_id: int, areas: Iterable[str], drawing: Iterable[str]) -> Draw:
    """Return a draw of a plan that a person with these areas, and areas to draw in, may see.

    Raises:
        NotFound: there is none, or not for them.
    """
    found = session.scalar(
        select(Draw)
        .join(Plan, Plan.id == Draw.plan_id)
        .where(Draw.id == draw_id, touches(Plan.area, areas), known_to(areas, drawing))
    )
    if found is None:
        raise NotFound()
    return found


def live_by_round(session: Session, plan_id: int, purpose: str, stage: str) -> dict[int, Draw]:
    """Return the live draws of a plan's rounds by round; a round that is not there is free."""
    live = session.scalars(
        select(Draw)
        .where(
            Draw.plan_id == plan_id,
            Draw.purpose == purpose,
            Draw.stage == stage,
            Draw.parent_code == "",
            Draw.state != DrawState.VOID,
        )
        .options(lazyload(Draw.drawn))
    )
    return {draw.round_id: draw for draw in live}


@dataclass(frozen=True)
class Voided:
    """An attempt that was set aside: when, why, and who agreed."""

    number: int
    attempt: int
    seed: str
    reason: str
    asked_by: str
    approved_by: str
    at: dt.datetime


def voided_before(session: Session, draw: Draw) -> list[Voided]:
    """Return the attempts at the draw's purpose that were set aside up to it, oldest first."""
    rows = session.execute(
        select(Draw.number, Draw.commitment, Draw.seed, RegisterEntry.entry, RegisterEntry.at)
        .join(RegisterEntry, RegisterEntry.draw_id == Draw.id)
        .where(
            RegisterEntry.kind == "void",
            Draw.round_id == draw.round_id,
            Draw.purpose == draw.purpose,
            Draw.stage == draw.stage,
            Draw.parent_code == draw.parent_code,
            Draw.number <= draw.number,
        )
        .order_by(Draw.number)
    )
    return [_voided(*row) for row in rows]


def _voided(number: int, commitment: str, seed: str | None, line: str, at: dt.datetime) -> Voided:
    told = json.loads(line)
    return Voided(
        number=number,
        attempt=json.loads(commitment)["draw_no"],
        seed=seed or "",
        reason=told["reason"],
        asked_by=told.get("asked_by", ""),
        approved_by=told["approved_by"],
        at=at,
    )


def own_entry(session: Session, draw: Draw) -> RegisterEntry | None:
    """Return the register's entry of the draw itself: its hash was the head just then."""
    return session.scalar(
        select(RegisterEntry).where(RegisterEntry.draw_id == draw.id, RegisterEntry.kind == "draw")
    )


def entries(session: Session, draw: Draw) -> Sequence[RegisterEntry]:
    """Return the register's entries about a draw, oldest first."""
    return session.scalars(
        select(RegisterEntry).where(RegisterEntry.draw_id == draw.id).order_by(RegisterEntry.id)
    ).all()


def approvers(session: Session, plan: Plan, asking: int) -> Sequence[Person]:
    """Return who may agree to void a draw of the plan: they see it, sign in, and do not ask."""
    parts = plan.area.split("/") if plan.area else []
    above = ["", *("/".join(parts[:depth]) for depth in range(2, len(parts) + 1))]
    roles = [role for role in Role if May.SEE_DRAWS in rights({role})]
    return session.scalars(
        select(Person)
        .where(
            Person.active,
            Person.id != asking,
            Person.password_hash.is_not(None),
            Person.grants.any(Grant.role.in_(roles) & Grant.area.in_(above)),
        )
        .order_by(Person.sort_key)
        .limit(200)
    ).all()


def witnesses_today(session: Session, plan_id: int) -> list[str]:
    """Return who read the plan's newest number of today: they are in the room for the next."""
    query = select(Draw.witnesses).where(
        Draw.plan_id == plan_id, Draw.seeded_at >= clock.start_of(clock.today())
    )
    found = session.scalar(query.order_by(Draw.number.desc()).limit(1)) or []
    return [each["name"] for each in found if "name" in each]
