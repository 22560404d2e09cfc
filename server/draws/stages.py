"""The stages of a draw: communes with sizes and strata, hamlets in a commune, households in one.

Each stage has a list of its own, frozen and committed after the stage above was drawn, and a seed
of its own. The commitment names the unit within which it draws and the commitment above.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from sampling import Allocation, Design, SamplingError
from sampling.draw import share_out, split
from sampling.frame import Frame
from sampling.seeds import Source
from server import clock, journal
from server.draws import lineage, lists, method, private, queries, service
from server.draws.models import Draw
from server.draws.problems import CodeElsewhere, DrawRefused, NotInUse, UnitsMissing
from server.draws.service import Ask, Disclosure
from server.draws.words import COMMUNES, HAMLETS, HOUSEHOLDS
from server.entities.models import Household
from server.journal import Actor
from server.monitoring.models import Round, Visit, VisitState
from server.places import queries as places
from server.places import service as places_service
from server.places.models import Hamlet, Place


@dataclass(frozen=True)
class Wish:
    """How many are wanted, by which method, with what left out (code -> reason).

    absent: why official units that an office's list lacks are left out, where not said one by one.
    """

    size: int
    reserves: int
    source: Source
    method: str = "srs"
    split: str = ""
    minimum: int = 0
    excluded: Mapping[str, str] = field(default_factory=dict)
    purpose: str = service.VISITS
    when: Disclosure = field(default_factory=Disclosure)
    absent: str = ""

    def design(self) -> Design:
        """Return the design that the commitment will hold.

        Raises:
            DrawRefused: the method means nothing of the kind.
        """
        strata = Allocation(self.split, minimum=self.minimum) if self.split else None
        certain = self.method.startswith("pps_")
        try:
            return Design(self.method, self.size, self.reserves, strata, certainty=certain)
        except SamplingError as error:
            raise DrawRefused.of(error) from error


def commit_communes(
    session: Session,
    round_: Round,
    wish: Wish,
    actor: Actor,
    within: str = "",
    items: Sequence[lists.Item] | None = None,
) -> Draw:
    """Freeze communes of the plan's area, or of a district `within` that was named on purpose.

    `items` are the rows of an office's list: those communes, with their sizes and strata. Official
    communes that it lacks are on the frozen list too, left out with the reason given for them.

    Raises:
        LiveDraw, Overlapping, PlanClosed: something stands in the way.
        UnitsMissing: the office's list lacks units, and nobody said why.
        UnknownUnit, ReasonNeeded, OutsidePlan, DrawRefused: as in `service.commit`.
    """
    service.refuse_second(session, round_, wish.purpose, COMMUNES, within)
    plan = round_.plan
    units = session.scalars(queries.communes(plan, within)).all()
    if not units:
        raise NotInUse(unit=within)
    measures, excluded = {}, wish.excluded
    if items is not None:
        measures = {item.code: item.measures() for item in items}
        excluded = left_out(wish, {unit.code: unit.name for unit in units}, measures)
    frame = method.frame_of(plan, units, excluded, measures)
    return _freeze(
        session, Ask(round_, frame, wish.design(), wish.source, parent_code=within), wish, actor
    )


def left_out(wish: Wish, official: Mapping[str, str], listed: Collection[str]) -> dict[str, str]:
    """Return every exclusion with its reason: those asked for, and what the list lacks.

    `official`: code -> name of the units that the area has.

    Raises:
        UnitsMissing: a unit is not listed, and nobody said why.
    """
    absent = method.printable(wish.absent)
    missing = [code for code in official if code not in listed]
    why = {code: method.printable(wish.excluded.get(code, "")) or absent for code in missing}
    silent = [(code, official[code]) for code in missing if not why[code]]
    if silent:
        raise UnitsMissing.of(silent)
    return {**wish.excluded, **{code: f"thiếu trong danh sách: {why[code]}" for code in missing}}


def commit_hamlets(
    session: Session,
    round_: Round,
    commune: Place | None,
    wish: Wish,
    actor: Actor,
    items: Sequence[lists.Item] | None = None,
) -> Draw:
    """Freeze the hamlets of a visited commune as the office lists them today.

    Without a commune the hamlets of the plan's whole area are drawn from directly; their
    communes are then visited. `items` may give hamlets sizes and strata; those it lacks are left
    out with the reason given for them.

    Raises:
        NotInUse: the round does not visit the commune, or it has no hamlets.
        UnitsMissing: `items` lacks hamlets, and nobody said why.
        Others as in `service.commit`.
    """
    code = commune.code if commune else ""
    service.refuse_second(session, round_, wish.purpose, HAMLETS, code)
    parent = _parent_of_hamlets(session, round_, commune, wish.purpose) if commune else None
    hamlets = hamlets_of(session, round_, code)
    if not hamlets:
        raise NotInUse(unit=commune.name if commune else round_.plan.name)
    measures, excluded = {}, wish.excluded
    if items is not None:
        measures = {item.code: item.measures() for item in items}
        excluded = left_out(wish, {hamlet.code: hamlet.name for hamlet in hamlets}, measures)
    sized = wish.method.startswith("pps_")
    rows = [_hamlet_row(h, commune, sized) | measures.get(h.code, {}) for h in hamlets]
    frame = method.frame_from(rows, excluded)
    ask = Ask(
        round_, frame, wish.design(), wish.source, HAMLETS, parent_code=code, parent=parent,
        about=_above(parent),
    )  # fmt: skip
    return _freeze(session, ask, wish, actor)


def write_down(session: Session, commune: Place, items: Sequence[lists.Item], actor: Actor) -> None:
    """Store the hamlets of a commune that has no list, as they are named on site; all or none.

    Raises:
        BadList: every row that cannot be used, by its number.
    """
    rows = [(item.row, [commune.code, item.code, item.name, item.size]) for item in items]
    heads = ["Mã xã", "Mã thôn", "Tên thôn", "Số hộ"]
    preview = places_service.preview_rows(
        session, commune.edition_id, [(0, heads), *rows], "ghi-tai-cho.csv", [commune.code]
    )
    if preview.rejected:
        raise lists.bad(
            lists.Mistake(
                wrong.row,
                f"Dòng {wrong.row}: {wrong.problems[0].text('vi')}",
                f"Line {wrong.row}: {wrong.problems[0].text('en')}",
            )
            for wrong in preview.rejected
        )
    places_service.import_hamlets(session, preview)
    journal.write(session, actor, "hamlets.imported", "edition", commune.edition_id, rows=len(rows))


def hamlets_of(session: Session, round_: Round, commune: str) -> Sequence[Hamlet]:
    """Return the hamlets of a commune, or of the plan's area, that exist today."""
    plan = round_.plan
    under = commune or plan.area.rsplit("/", 1)[-1]
    if not under:
        found = select(Hamlet).where(Hamlet.edition_id == plan.edition_id)
        return session.scalars(found.order_by(Hamlet.code)).all()
    return session.scalars(places.hamlets_of(plan.edition_id, under, clock.today())).all()


def _hamlet_row(hamlet: Hamlet, commune: Place | None, sized: bool) -> method.Row:
    row: method.Row = {
        "unit_id": hamlet.code,
        "name": hamlet.name,
        "parent": commune.code if commune else "",
    }
    if sized:
        row["size"] = hamlet.households
    return row


def _parent_of_hamlets(
    session: Session, round_: Round, commune: Place, purpose: str
) -> Draw | None:
    """Return the draw that drew the commune; None when it was named on purpose."""
    visit = visit_to(session, round_, commune)
    drawn = lineage.drawn_by(session, round_.id, purpose, COMMUNES, commune.code)
    if drawn is None and (visit is None or visit.origin.value == "drawn"):
        raise NotInUse(unit=commune.name)
    return drawn


def visit_to(session: Session, round_: Round, commune: Place) -> Visit | None:
    """Return the round's visit to a commune that is not cancelled."""
    return session.scalar(
        select(Visit).where(
            Visit.round_id == round_.id,
            Visit.place_id == commune.id,
            Visit.state != VisitState.CANCELLED,
        )
    )


def commit_households(
    session: Session,
    round_: Round,
    hamlet: Hamlet,
    items: Sequence[lists.Item],
    wish: Wish,
    actor: Actor,
) -> Draw:
    """Freeze a list of households of a hamlet: codes in public, names and addresses apart.

    Codes that do not begin with the hamlet's get it in front ('13741-01.007'), so that two
    hamlets' lists may both begin at 1. Exclusions name codes as they stand in the list.

    Raises:
        NotInUse: hamlets were drawn for this visit, and this is none of them.
        CodeElsewhere: a code belongs to a household of another hamlet.
        Others as in `service.commit`.
    """
    service.refuse_second(session, round_, wish.purpose, HOUSEHOLDS, hamlet.code)
    parent = _parent_of_households(session, round_, hamlet, wish.purpose)
    coded = {full_code(hamlet, item.code): item for item in items}
    _refuse_codes_elsewhere(session, round_.plan_id, hamlet, list(coded))
    excluded = {full_code(hamlet, code): why for code, why in wish.excluded.items()}
    rows: list[method.Row] = [{"unit_id": code, "parent": hamlet.code} for code in coded]
    frame = method.frame_from(rows, excluded)
    names = {code: (item.name, item.address) for code, item in coded.items()}
    ask = Ask(
        round_, frame, wish.design(), wish.source, HOUSEHOLDS, parent_code=hamlet.code,
        parent=parent, private=private.sealed(names), about=_above(parent),
    )  # fmt: skip
    return _freeze(session, ask, wish, actor)


def full_code(hamlet: Hamlet, code: str) -> str:
    """Return a household's code within the whole plan."""
    return code if code.startswith(hamlet.code) else f"{hamlet.code}.{code}"


def _parent_of_households(
    session: Session, round_: Round, hamlet: Hamlet, purpose: str
) -> Draw | None:
    """Return the draw that drew the hamlet; None when no hamlets were drawn for its visit."""
    commune = session.get_one(Place, hamlet.place_id)
    drawn = lineage.drawn_by(session, round_.id, purpose, HAMLETS, hamlet.code)
    if drawn is not None:
        return drawn
    live = queries.live(session, round_.id, purpose, HAMLETS, commune.code)
    if live is not None or visit_to(session, round_, commune) is None:
        raise NotInUse(unit=hamlet.name)
    return None


def _refuse_codes_elsewhere(
    session: Session, plan_id: int, hamlet: Hamlet, codes: Sequence[str]
) -> None:
    taken = session.scalars(
        select(Household.code).where(
            Household.plan_id == plan_id,
            Household.hamlet_id != hamlet.id,
            Household.code.in_(codes),
        )
    ).all()
    if taken:
        raise CodeElsewhere(codes=", ".join(sorted(taken)[:10]))


def _above(parent: Draw | None) -> dict[str, str]:
    return {"parent_commitment": parent.commitment_sha256} if parent else {}


def _freeze(session: Session, ask: Ask, wish: Wish, actor: Actor) -> Draw:
    """Refuse what the list cannot give, before anything is promised; then promise it."""
    if ask.design.strata is None:
        method.enough(ask.frame, wish.size, wish.reserves)
    _try(ask.frame, ask.design)
    asked = Ask(**{**ask.__dict__, "purpose": wish.purpose, "when": wish.when})
    return service.freeze(session, asked, actor)


def _try(frame: Frame, design: Design) -> None:
    """Share out the numbers as the draw will, which needs no seed and tells nothing of it.

    Raises:
        DrawRefused: strata smaller than their minimum, units without size or stratum.
    """
    try:
        share_out(design, split(frame.eligible, design))
        if design.sized:
            method.sizes_given(frame)
    except SamplingError as error:
        raise DrawRefused.of(error) from error
