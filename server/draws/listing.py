"""A draw as a program asks for it: JSON becomes lists and wishes, and the verb of its stage."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from server import text
from server.bodies import BadFields
from server.draws import lists, queries, service, stages
from server.draws.models import Draw
from server.draws.service import Disclosure
from server.draws.stages import Wish
from server.draws.words import COMMUNES, HAMLETS
from server.journal import Actor
from server.monitoring.models import Plan, Round
from server.places import queries as places
from server.places.models import Place
from server.places.sheets import Row

Asked = Mapping[str, Any]


def commit(session: Session, plan: Plan, asked: Asked, actor: Actor) -> Draw:
    """Freeze what was asked for in `schemas.WishSchema`, and commit.

    Raises:
        BadFields: the plan has no such round, or the list no such unit above.
        Others as the verb of the stage.
    """
    round_, wish = _round(session, plan, asked["round"]), _wish(asked)
    if asked["stage"] == COMMUNES:
        known = queries.communes(plan, asked["within"])
        items = _items(asked, {unit.code: unit.name for unit in session.scalars(known)})
        return stages.commit_communes(session, round_, wish, actor, asked["within"], items)
    if asked["stage"] == HAMLETS:
        return _hamlets(session, round_, wish, asked, actor)
    hamlet = session.scalars(places.hamlet(plan.edition_id, asked["parent"])).first()
    if hamlet is None:
        raise _no_parent()
    listed = lists.read_rows(_rows(asked["units"]))
    return stages.commit_households(session, round_, hamlet, listed, wish, actor)


def _hamlets(session: Session, round_: Round, wish: Wish, asked: Asked, actor: Actor) -> Draw:
    commune = _commune(session, round_.plan, asked["parent"])
    held = stages.hamlets_of(session, round_, asked["parent"])
    if held or commune is None or asked["units"] is None:
        items = _items(asked, {hamlet.code: hamlet.name for hamlet in held})
        return stages.commit_hamlets(session, round_, commune, wish, actor, items)
    written = [
        lists.Item(row, one["code"], one["name"], "", _size(one), one["stratum"])
        for row, one in enumerate(asked["units"], start=1)
    ]
    stages.write_down(session, commune, written, actor)
    stored = stages.hamlets_of(session, round_, commune.code)
    coded = {text.fold(hamlet.name): hamlet.code for hamlet in stored}
    items = [replace(one, code=coded[text.fold(one.name)]) for one in written]
    return stages.commit_hamlets(session, round_, commune, wish, actor, items)


def _commune(session: Session, plan: Plan, code: str) -> Place | None:
    """Return the commune above; none when hamlets of the whole area are drawn."""
    if not code:
        return None
    found = session.scalars(places.place(plan.edition_id, code)).first()
    if found is None:
        raise _no_parent()
    return found


def _no_parent() -> BadFields:
    return BadFields([("parent", "danh mục không có đơn vị này. | the list has no such unit.")])


def _round(session: Session, plan: Plan, round_id: int) -> Round:
    found = session.get(Round, round_id)
    if found is None or found.plan_id != plan.id:
        raise BadFields([("round", "kế hoạch không có đợt này. | the plan has no such round.")])
    return found


def _wish(asked: Asked) -> Wish:
    return Wish(
        asked["size"],
        asked["reserves"],
        service.source_of(*asked["source"]),
        asked["method"],
        asked["split"],
        asked["minimum"],
        {one["code"]: one["reason"] for one in asked["excluded"]},
        when=Disclosure(asked["disclose_on"], asked["sealed"]),
        absent=asked["absent"],
    )


def _items(asked: Asked, known: Mapping[str, str]) -> list[lists.Item] | None:
    """Return the list that came, checked as one that comes as a file; None: all that are known."""
    if asked["units"] is None:
        return None
    return lists.read_rows(_rows(asked["units"], coded=True), known)


def _rows(units: Sequence[Asked], *, coded: bool = False) -> list[Row]:
    """Return units as the rows of a table; without any code as people write them on site."""
    if not coded and not any(one["code"] for one in units):
        return [(row, [one["name"], one["address"]]) for row, one in enumerate(units, start=1)]
    heads: Row = (1, ["code", "name", "address", "size", "stratum"])
    return [
        heads,
        *(
            (row, [one["code"], one["name"], one["address"], _size(one), one["stratum"]])
            for row, one in enumerate(units, start=2)
        ),
    ]


def _size(one: Asked) -> str:
    return "" if one["size"] is None else str(one["size"])
