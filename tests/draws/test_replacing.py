"""Reserves are released one by one, in order, with a reason, proof and a second person."""

import datetime as dt
import json
from fractions import Fraction

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from sampling.register import check as check_register
from server import clock
from server.db import db, transaction
from server.draws import lineage, replacing, service
from server.draws.models import (
    Draw,
    RegisterEntry,
    Replacement,
    ReplacementState,
    UnitRole,
    Why,
)
from server.draws.problems import (
    AlreadyAsked,
    AlreadyDecided,
    AttemptsNeeded,
    EvidenceNeeded,
    NotDrawn,
    NotInUse,
    OutOfOrder,
    OwnRequest,
    ReplacementRefused,
)
from server.draws.replacing import Attempt
from server.entities.models import Household
from server.journal import Actor
from server.monitoring.models import Visit, VisitState
from tests.draws.conftest import MINH
from tests.draws.test_stages import codes, read_phone
from tests.worlds import kept

LAN = Actor("page", 2, "Lan")
HOUR = dt.timedelta(hours=1)
SLIDE = "sạt lở, xã báo cấm đường"


@kept
def sample(field):
    """Five households drawn in a hamlet, two in reserve."""
    return field.households(field.drawn_hamlet())


@pytest.fixture
def later(monkeypatch):
    """Two days after the draw; tests go back from there."""
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + dt.timedelta(days=2))
    return clock.now()


def ask(draw, unit, reason=Why.ABSENT, attempts=None, actor=LAN, **more):
    at = clock.now()
    given = attempts or [Attempt(at - 20 * HOUR), Attempt(at - 4 * HOUR)]
    with transaction() as session:
        found = session.get_one(Draw, draw.id)
        return replacing.ask(session, found, unit, reason, given, actor, **more)


def approve(asked, actor=MINH):
    with transaction() as session:
        return replacing.approve(session, session.get_one(Replacement, asked.id), actor)


def test_the_next_reserve_takes_the_place_and_goes_to_the_phone_alone(field, sample, later, drain):
    gone, (first, second) = codes(sample)[1], codes(sample, UnitRole.RESERVE)

    released = approve(ask(sample, gone))
    drain()

    assert released.unit_code == first
    carried = read_phone(field.plan_id, "households.csv")
    assert sorted(carried) == sorted([*codes(sample)[:1], *codes(sample)[2:5], first])
    assert gone not in carried and second not in carried


def test_the_register_tells_who_asked_who_agreed_and_why(sample, later):
    gone = codes(sample)[0]
    approve(ask(sample, gone, note="hai lần đều khóa cửa"))

    db.session.rollback()
    lines = db.session.scalars(select(RegisterEntry.entry).order_by(RegisterEntry.id)).all()
    check_register(lines)
    told = json.loads(lines[-1])
    assert told["kind"] == "release"
    assert (told["replaces"], told["unit"]) == (gone, codes(sample, UnitRole.RESERVE)[0])
    assert (told["asked_by"], told["approved_by"], told["reason"]) == ("Lan", "Minh", "absent")
    assert (told["attempts"], told["position"]) == (2, 1)


def test_a_later_reserve_is_refused_while_an_earlier_one_waits(sample, later):
    first, second = codes(sample, UnitRole.RESERVE)

    with pytest.raises(OutOfOrder) as refused:
        ask(sample, codes(sample)[0], instead=second)

    assert refused.value.details == {"following": first, "asked": second}
    assert ask(sample, codes(sample)[0], instead=first).state is ReplacementState.ASKED


def test_reserves_come_in_order_and_then_there_are_none(sample, later):
    given = [approve(ask(sample, unit)).unit_code for unit in codes(sample)[:2]]

    assert given == codes(sample, UnitRole.RESERVE)
    with pytest.raises(ReplacementRefused, match="no reserve left"):
        ask(sample, codes(sample)[2])


def test_a_released_reserve_may_itself_be_replaced(sample, later):
    released = approve(ask(sample, codes(sample)[0]))

    again = approve(ask(sample, released.unit_code, Why.REFUSED, [Attempt(later - HOUR, 5)]))

    assert again.unit_code == codes(sample, UnitRole.RESERVE)[1]


@pytest.mark.parametrize(
    ("reason", "hours"),
    [
        (Why.ABSENT, [4]),  # once only
        (Why.ABSENT, [4, 3.5]),  # twice at the same time
        (Why.ABSENT, [4, -1]),  # one is still to come
        (Why.ABSENT, [4, 72]),  # one was before the draw
        (Why.MOVED, [99]),
        (Why.UNSAFE, [-2]),
    ],
)
def test_evidence_that_does_not_do_is_refused(sample, later, reason, hours):
    with pytest.raises(AttemptsNeeded):
        ask(sample, codes(sample)[0], reason, [Attempt(later - each * HOUR) for each in hours])

    assert db.session.query(Replacement).count() == 0


@pytest.mark.parametrize("reason", [Why.REFUSED, Why.MOVED, Why.NOT_LISTED, Why.UNSAFE])
def test_one_attempt_does_for_what_waiting_does_not_change(sample, later, reason):
    asked = ask(sample, codes(sample)[0], reason, [Attempt(later - HOUR, 17)])

    assert asked.evidence == [{"at": (later - HOUR).isoformat(), "submission": 17}]


@pytest.mark.parametrize("reason", [Why.REFUSED, Why.MOVED, Why.NOT_LISTED, Why.UNSAFE])
def test_a_time_that_somebody_types_is_no_evidence_of_anything_but_absence(sample, later, reason):
    at = [Attempt(later - HOUR)]
    for note in ("", "   ", "khóa cửa", "\x00 \t" * 9):
        with pytest.raises(EvidenceNeeded):
            ask(sample, codes(sample)[0], reason, at, note=note)
    assert db.session.query(Replacement).count() == 0

    asked = ask(sample, codes(sample)[0], reason, at, note="trưởng thôn xác nhận, ảnh 0412")
    assert asked.note == "trưởng thôn xác nhận, ảnh 0412"
    assert approve(asked).unit_code == codes(sample, UnitRole.RESERVE)[0]


def test_nobody_agrees_to_their_own_request(sample, later):
    asked = ask(sample, codes(sample)[0])

    for same in (LAN, Actor("page", 9, "Lan"), Actor("page", 2, "Lan (2)")):
        with pytest.raises(OwnRequest):
            approve(asked, same)
    assert lineage.replacements(db.session(), sample.id) == []


def test_a_decision_stands_and_the_database_keeps_it(sample, later):
    asked = ask(sample, codes(sample)[0])
    approve(asked)

    with pytest.raises(AlreadyDecided):
        approve(asked)
    for change in ("reason = 'moved'", "released_code = 'x'", "decided_by = 'x'"):
        with pytest.raises(DBAPIError, match="refused"), transaction() as session:
            session.connection().exec_driver_sql(f"UPDATE replacement SET {change}")
    with pytest.raises(DBAPIError, match="refused"), transaction() as session:
        session.connection().exec_driver_sql("DELETE FROM replacement")


def test_a_declined_request_releases_nothing_and_may_be_asked_again(sample, later):
    asked = ask(sample, codes(sample)[0])
    with transaction() as session:
        replacing.decline(session, session.get_one(Replacement, asked.id), MINH)

    assert [u.unit_code for u in lineage.in_use(db.session(), sample)] == codes(sample)[:5]
    assert approve(ask(sample, codes(sample)[0])).unit_code == codes(sample, UnitRole.RESERVE)[0]


def test_one_unit_is_asked_for_once_and_only_units_in_use(sample, later):
    ask(sample, codes(sample)[0])

    with pytest.raises(AlreadyAsked):
        ask(sample, codes(sample)[0])
    for unit in (codes(sample, UnitRole.RESERVE)[0], "13741-99.001"):
        with pytest.raises(NotInUse):
            ask(sample, unit)


def test_a_voided_draw_replaces_nothing(field, sample, later):
    asked = ask(sample, codes(sample)[0])
    field.office.void(sample)

    with pytest.raises(NotDrawn):
        approve(asked)
    with pytest.raises(NotDrawn):
        ask(sample, codes(sample)[1])


def test_probabilities_grow_with_the_sample_and_who_was_replaced_stays_a_non_respondent(
    sample, later
):
    before = lineage.weights(db.session(), sample)
    approve(ask(sample, codes(sample)[0]))

    after = lineage.weights(db.session(), sample)

    pi = Fraction(4, 17) * Fraction(2, 6) * Fraction(5, 8)
    assert {w.pi for w in before.values()} == {pi}
    assert {w.pi for w in after.values()} == {pi * Fraction(6, 5)}
    assert sorted(after) == sorted(codes(sample)[:6])


def test_more_than_one_in_ten_replaced_is_an_alarm(sample, later):
    def share():
        return replacing.shares(db.session(), [sample.id])[sample.id]

    assert (share().percent, share().alarming) == (0, False)
    approve(ask(sample, codes(sample)[0]))
    assert (share().percent, share().alarming) == (20, True)
    assert not replacing.together([replacing.Share(10, 1)]).alarming
    assert replacing.together([replacing.Share(10, 1), replacing.Share(9, 1)]).alarming
    assert replacing.Share(99, 10).percent == 11


def test_a_replaced_commune_has_its_visit_cancelled_and_the_reserve_is_visited(field, later):
    gone = field.communes[2]

    released = approve(ask(field.first, gone, Why.UNSAFE, [Attempt(later - HOUR)], note=SLIDE))

    visits = {v.place.code: v.state for v in db.session.query(Visit)}
    assert visits[gone] is VisitState.CANCELLED
    assert visits[released.unit_code] is VisitState.PLANNED
    assert len(visits) == 5
    with pytest.raises(NotInUse):
        field.hamlets(gone)
    field.name_hamlets(released.unit_code)
    assert field.hamlets(released.unit_code).parent_id == field.first.id


def test_a_replaced_hamlet_leaves_the_phones_and_the_reserve_comes(field, later, drain):
    draw = field.hamlets(field.communes[0])

    released = approve(ask(draw, codes(draw)[0], Why.UNSAFE, [Attempt(clock.now())], note=SLIDE))
    drain()

    carried = [h for h in read_phone(field.plan_id, "hamlets.csv") if h[:5] == field.communes[0]]
    assert sorted(carried) == sorted([codes(draw)[1], released.unit_code])


def test_the_package_stays_as_it_was_after_releases(field, sample, later, verify):
    before = field.office.package(sample)
    approve(ask(sample, codes(sample)[0]))

    assert field.office.package(sample) == before
    assert verify(before, sample.commitment_sha256) == (0, [])


def test_reserves_in_the_table_stay_out_of_use_until_released(sample, later):
    def using():
        db.session.rollback()
        return {row.code for row in db.session.query(Household).filter_by(in_use=True)}

    assert using() == set(codes(sample)[:5])
    approve(ask(sample, codes(sample)[4]))
    assert using() == {*codes(sample)[:4], codes(sample)[5]}


def test_two_who_agree_at_once_release_one_reserve(sample, later):
    asked = ask(sample, codes(sample)[0])
    with transaction() as session:
        replacing.approve(session, session.get_one(Replacement, asked.id), MINH)
        with pytest.raises(AlreadyDecided):
            replacing.approve(session, session.get_one(Replacement, asked.id), MINH)

    assert len(lineage.replacements(db.session(), sample.id)) == 1
    assert (
        service.head(db.session())
        == db.session.scalars(
            select(RegisterEntry.sha256).order_by(RegisterEntry.id.desc())
        ).first()
    )
