"""The draw office for programs: the same verbs, refusals and disclosure as the pages have."""

import json
from collections.abc import Callable
from typing import Any

from flask import Response, current_app
from sqlalchemy.orm import Session

from server import programs, web
from server.db import db, transaction
from server.draws import (
    disclosure,
    lineage,
    listing,
    method,
    pages,
    paper,
    queries,
    replacing,
    service,
)
from server.draws.models import Draw, DrawnUnit, Replacement, Why
from server.draws.pages import agreeing, drawing, may_draw, seen, seen_plan
from server.draws.schemas import (
    AskedSchema,
    DisclosureSchema,
    DrawSchema,
    PageSchema,
    ReplacementSchema,
    ResultSchema,
    SeedSchema,
    VisitSchema,
    VoidSchema,
    WeightSchema,
    WishSchema,
)
from server.draws.stage_pages import ratio, refuse_hidden
from server.journal import Actor
from server.monitoring.models import Plan
from server.permissions import May
from server.problems import NotFound

bp = programs.Addresses("draws_api", __name__)
ONE = "/v1/draws/<int:draw_id>"

bp.add_url_rule(f"{ONE}/frame.tsv", view_func=pages.frame)
bp.add_url_rule(f"{ONE}/commitment.json", view_func=pages.commitment_file)
bp.add_url_rule(f"{ONE}/package.zip", view_func=pages.package)


@bp.get("/v1/plans/<int:plan_id>/draws")
@web.requires(May.SEE_DRAWS)
def draws(plan_id: int) -> Response:
    """List the draws of a plan, newest first; `next` is where the older ones are."""
    session = db.session()
    seen_plan(session, plan_id)
    asked = programs.asked(PageSchema())
    areas, own = web.reader().areas(May.SEE_DRAWS), web.reader().areas(May.DRAW)
    limit = asked["limit"]
    found = queries.of_plan(session, plan_id, asked["before"], limit + 1, areas, own)
    last = found[limit - 1].number if len(found) > limit else 0
    older = f"/v1/plans/{plan_id}/draws?limit={limit}&before={last}" if last else None
    return programs.answer({"draws": DrawSchema(many=True).dump(found[:limit]), "next": older})


@bp.post("/v1/plans/<int:plan_id>/draws")
@web.requires(May.DRAW)
def commit(plan_id: int) -> Response:
    """Freeze a list of communes, of a commune's hamlets or a hamlet's households, and commit."""
    drawing(seen_plan(db.session(), plan_id))
    asked = programs.sent(WishSchema())
    with transaction() as session:
        draw = listing.commit(session, session.get_one(Plan, plan_id), asked, web.actor())
    return programs.answer(_told(db.session(), draw), 201, f"/v1/draws/{draw.id}")


@bp.get(ONE)
@web.requires(May.SEE_DRAWS)
def draw(draw_id: int) -> Response:
    """Tell of one draw: its promise, and its result to those who may see it."""
    return programs.answer(_told(db.session(), seen(db.session(), draw_id)))


def _told(session: Session, found: Draw) -> dict[str, Any]:
    visible = disclosure.visible(found, drawing=may_draw(found.plan))
    schema = ResultSchema()
    return {
        **DrawSchema().dump(found),
        "commitment": json.loads(found.commitment),
        "disclosed": visible,
        **dict.fromkeys(field.data_key for field in schema.fields.values()),
        **(schema.dump(_shown(session, found)) if visible else {}),
    }


def _shown(session: Session, found: Draw) -> dict[str, Any]:
    """Return what depends on the seed; before there is one, nothing."""
    if found.seed is None:
        return {"register": queries.entries(session, found)}
    return {
        "seed": found.seed,
        "seeded_at": found.seeded_at,
        "witnesses": [one["name"] for one in found.witnesses if "name" in one],
        "result": _result(found) if found.drawn else None,
        "in_use": [unit.unit_code for unit in lineage.in_use(session, found)],
        "visits": len(queries.visits_of(session, found)),
        "register": queries.entries(session, found),
        "verification": _verification(found) if found.drawn else None,
    }


def _result(found: Draw) -> list[dict[str, Any]]:
    names = {unit.id: unit.name for unit in method.frozen(found).units}
    return [
        {
            "rank": unit.rank,
            "unit_code": unit.unit_code,
            "name": names.get(unit.unit_code, ""),
            "role": unit.role,
            "stratum": unit.stratum,
            "ticket": unit.ticket,
            "probability": f"{unit.pi_num}/{unit.pi_den}",
        }
        for unit in found.drawn
    ]


def _verification(found: Draw) -> dict[str, str]:
    by_hand = paper.by_hand(found, found.drawn[0].unit_code)
    return {
        "unit": by_hand["code"],
        "commands": by_hand["commands"],
        "answer": by_hand["answer"],
        "package": f"/v1/draws/{found.id}/package.zip",
        "program": "/public/verify_draw.py",
        "run": "python verify_draw.py package.zip",
    }


def _own(draw_id: int) -> Draw:
    """Return a draw of a plan for which the reader draws, or refuse."""
    found = seen(db.session(), draw_id)
    drawing(found.plan)
    return found


@bp.post(f"{ONE}/seed")
@web.requires(May.DRAW)
def seed(draw_id: int) -> Response:
    """Take the digits read aloud and draw."""
    found = _own(draw_id)
    given = programs.sent(SeedSchema())
    with transaction() as session:
        service.seed(session, found, given["digits"], given["witnesses"], web.actor())
    current_app.extensions["jobs"].poke()
    return programs.answer(_told(db.session(), found))


@bp.post(f"{ONE}/open")
@web.requires(May.DRAW)
def open_sealed(draw_id: int) -> Response:
    """Open a sealed draw."""
    found = _own(draw_id)
    with transaction() as session:
        disclosure.open_sealed(session, found, web.actor())
    current_app.extensions["jobs"].poke()
    return programs.answer(_told(db.session(), found))


@bp.post(f"{ONE}/disclosure")
@web.requires(May.DRAW)
def disclose(draw_id: int) -> Response:
    """Set the day from which teams and phones see the result."""
    found = _own(draw_id)
    given = programs.sent(DisclosureSchema())
    with transaction() as session:
        disclosure.show_on(session, found, given["disclose_on"], web.actor())
    current_app.extensions["jobs"].poke()
    return programs.answer(_told(db.session(), found))


@bp.get(f"{ONE}/weights")
@web.requires(May.SEE_DRAWS)
def weights(draw_id: int) -> Response:
    """Tell the units that count with their design weights, to those who may see the result."""
    found = seen(db.session(), draw_id)
    refuse_hidden(found)
    told = [
        {
            "code": code,
            "path": one.path,
            "probability": ratio(one.pi),
            "weight": ratio(one.weight),
        }
        for code, one in sorted(lineage.weights(db.session(), found).items())
    ]
    return programs.answer({"weights": WeightSchema(many=True).dump(told)})


@bp.post(f"{ONE}/visits")
@web.requires(May.DRAW)
def make_visits(draw_id: int) -> Response:
    """Make the visits of the drawn communes and tell the new ones; again, and there are none."""
    found = _own(draw_id)
    with transaction() as session:
        made = service.make_visits(session, found, web.actor())
    current_app.extensions["jobs"].poke()
    return programs.answer({"made": VisitSchema(many=True).dump(made)})


@bp.post(f"{ONE}/void")
@web.requires(May.DRAW)
def void(draw_id: int) -> Response:
    """Set a draw aside: the second person agrees with their own account."""
    found = _own(draw_id)
    given = programs.sent(VoidSchema())
    email = given["approver"]["email"].lower()
    second = agreeing(found, lambda one: one.email == email, given["approver"]["password"])
    with transaction() as session:
        service.void(session, found, given["reason"], second.name, web.actor())
    current_app.extensions["jobs"].poke()
    return programs.answer(_told(db.session(), found))


# --- reserves -------------------------------------------------------------------------------


@bp.post(f"{ONE}/replacements")
@web.requires(May.DRAW)
def ask(draw_id: int) -> Response:
    """Ask for a unit to be replaced; nothing is released before another person agrees."""
    found = _own(draw_id)
    given = programs.sent(ReplacementSchema())
    attempts = [replacing.Attempt(at) for at in given["attempts"]]
    with transaction() as session:
        asked = replacing.ask(
            session, found, given["unit"], Why(given["reason"]), attempts, web.actor(),
            given["note"],
        )  # fmt: skip
    return programs.answer(AskedSchema().dump(asked), 201)


@bp.post(f"{ONE}/replacements/<int:replacement_id>/approve")
@web.requires(May.DRAW)
def approve(draw_id: int, replacement_id: int) -> Response:
    """Agree to a replacement: the next reserve is released, and no other."""
    return _decide(draw_id, replacement_id, replacing.approve)


@bp.post(f"{ONE}/replacements/<int:replacement_id>/decline")
@web.requires(May.DRAW)
def decline(draw_id: int, replacement_id: int) -> Response:
    """Turn a replacement down; the unit stays in use."""
    return _decide(draw_id, replacement_id, replacing.decline)


def _decide(
    draw_id: int,
    replacement_id: int,
    verb: Callable[[Session, Replacement, Actor], DrawnUnit | None],
) -> Response:
    _own(draw_id)
    with transaction() as session:
        asked = session.get(Replacement, replacement_id)
        if asked is None or asked.draw_id != draw_id:
            raise NotFound()
        verb(session, asked, web.actor())
    current_app.extensions["jobs"].poke()
    return programs.answer(AskedSchema().dump(asked))
