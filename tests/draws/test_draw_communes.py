import datetime as dt
import threading
from hashlib import sha256

import pytest
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from sampling import Commitment, Design, DiceD10, Frame, PublicSeed, run
from sampling.register import check as check_register
from server import clock
from server.db import db, transaction
from server.draws import queries, service, withholding
from server.draws.models import Draw, DrawState, RegisterEntry, UnitRole
from server.draws.problems import (
    AlreadyDrawn,
    AlreadyVoid,
    DrawRefused,
    LiveDraw,
    NotDrawn,
    PlanClosed,
    ReasonNeeded,
    SecondPersonNeeded,
    TooEarly,
    UnknownUnit,
)
from server.journal import Line
from server.monitoring import service as monitoring
from server.monitoring.models import Plan, PlanState, Round, Visit, VisitState
from server.monitoring.problems import OutsidePlan
from server.places import queries as places
from tests.draws.conftest import DIGITS, FLOODED, HOP_HUNG, MINH, WITNESSES, thrown

OTHER_DIGITS = "90210 33847 56120 98471"


def codes(draw, role=None):
    return [unit.unit_code for unit in draw.drawn if role in (None, unit.role)]


# --- the case -------------------------------------------------------------------------------


def test_vu_ban_draws_four_communes_and_three_reserves_that_anyone_finds_with_a_hash(office):
    """The district plan of Vụ Bản, 2024: "Chọn ngẫu nhiên 4 xã"; the March 2024 list has 18."""
    draw = office.drawn()

    key = sha256(f"rutmau/1|{draw.commitment_sha256}|{DIGITS.replace(' ', '')}".encode())
    with transaction() as session:
        listed = {p.code for p in session.scalars(places.communes_under("2024", "359"))}
    tickets = {
        code: str(int(sha256((key.hexdigest() + code).encode()).hexdigest(), 16)).zfill(64)[::-1]
        for code in listed - {HOP_HUNG}
    }
    assert (len(listed), len(tickets)) == (18, 17)
    assert codes(draw) == sorted(tickets, key=lambda code: tickets[code])[:7]
    assert codes(draw, UnitRole.MAIN) == codes(draw)[:4]
    assert {(unit.pi_num, unit.pi_den) for unit in draw.drawn} == {(4, 17)}
    assert all(unit.place.code == unit.unit_code for unit in draw.drawn)


def test_the_stored_result_is_what_the_method_gives_by_hand(office):
    draw = office.drawn()

    frame = Frame.from_tsv(draw.frame)
    seed = PublicSeed.parse(DiceD10(20, 3), DIGITS)
    by_hand = run(Commitment.from_json(draw.commitment), frame, seed)
    stored = [(u.unit_code, u.rank, u.ticket, u.pi_num, u.pi_den) for u in draw.drawn]
    assert stored == [
        (u.id, u.rank, u.ticket, u.pi.numerator, u.pi.denominator) for u in by_hand.selected
    ]
    assert draw.seed == "48371029556138207714"
    assert [w["name"] for w in draw.witnesses if "name" in w] == WITNESSES


def test_the_flooded_commune_stays_on_the_frozen_list_with_its_reason(office):
    draw = office.commit()

    frame = Frame.from_tsv(draw.frame)
    assert {u.id: u.excluded for u in frame.units if u.excluded} == FLOODED
    assert (len(frame), draw.units) == (18, 17)
    assert sha256(draw.frame).hexdigest() == draw.frame_sha256


def test_nothing_is_drawn_before_the_seed(office):
    draw = office.commit()

    assert (draw.state, draw.seed, draw.drawn) == (DrawState.COMMITTED, None, [])
    with pytest.raises(NotDrawn):
        office.package(draw)
    with pytest.raises(NotDrawn):
        office.make_visits(draw)


def test_the_package_is_verified_elsewhere_with_one_file(office, verify):
    draw = office.drawn()

    assert verify(office.package(draw), draw.commitment_sha256) == (0, [])


def test_six_sided_dice_a_lottery_and_joint_numbers_give_verified_packages(
    office, verify, monkeypatch
):
    d6 = office.drawn("12345 61234 56123 45612 34561", source=service.source_of("dice-d6"))
    office.void(d6)
    joint = service.source_of("joint", {"parties": ["UBND", "MTTQ"], "digits": 6})
    papers = office.drawn("UBND = 123 456; MTTQ = 654321", source=joint)
    office.void(papers)
    held = clock.now() + dt.timedelta(hours=1)
    lottery = service.source_of(
        "lottery",
        {
            "company": "Miền Bắc",
            "drawn_at": held.isoformat(),
            "prizes": [["ĐB", 5], ["G1", 5], ["G2", 5], ["G2", 5]],
        },
    )
    evening = office.commit(source=lottery)
    monkeypatch.setattr(clock, "now", lambda: held + dt.timedelta(minutes=20))
    office.seed(evening, "01234 56789 99887 66554", [])

    for draw in (d6, papers, evening):
        assert verify(office.package(draw), draw.commitment_sha256) == (0, [])


# --- seven ways to a better draw ------------------------------------------------------------


def test_a_second_draw_is_refused_while_one_lives(office):
    first = office.commit()

    with pytest.raises(LiveDraw) as refusal:
        office.commit(size=5)
    office.seed(first)
    with pytest.raises(LiveDraw):
        office.commit()

    assert refusal.value.details == {"number": first.number}


def test_of_two_people_pressing_at_once_one_draws_and_the_other_sees_it(app, office):
    outcomes, start = [], threading.Barrier(2)

    def press(size):
        with app.app_context():
            start.wait()
            try:
                outcomes.append(office.commit(size=size).number)
            except LiveDraw as refusal:
                outcomes.append(refusal)

    threads = [threading.Thread(target=press, args=[size]) for size in (4, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    won = [one for one in outcomes if isinstance(one, int)]
    lost = [one for one in outcomes if isinstance(one, LiveDraw)]
    assert won == [1]
    assert [refusal.details["number"] for refusal in lost] == [1]
    db.session.rollback()
    assert db.session.query(Draw).count() == 1


def test_the_database_itself_keeps_a_second_live_draw_out(office, monkeypatch):
    """Were the look beforehand to miss a draw, the unique index would not."""
    office.commit()
    seen, looks = queries.live, []
    monkeypatch.setattr(
        queries, "live", lambda *where: seen(*where) if looks.append(where) or looks[1:] else None
    )

    with pytest.raises(LiveDraw):
        office.commit()

    assert db.session.query(Draw).count() == 1


def test_rounds_draw_side_by_side_and_both_packages_hold(office, plan, verify):
    with transaction() as session:
        later = monitoring.add_round(session, session.merge(plan), "VB24-2", "Đợt 2", MINH)
    first = office.drawn()
    second = office.drawn(OTHER_DIGITS, round_=later)

    assert (first.number, second.number) == (1, 2)
    for draw in (first, second):
        assert verify(office.package(draw), draw.commitment_sha256) == (0, [])


def test_draws_that_end_at_the_same_moment_still_make_one_chain(app, office, plan):
    with transaction() as session:
        later = monitoring.add_round(session, session.merge(plan), "VB24-2", "Đợt 2", MINH)
    waiting = [office.commit(), office.commit(round_=later)]
    start, failures = threading.Barrier(2), []

    def enter(draw_id):
        digits = thrown(draw_id)
        with app.app_context():
            start.wait()
            try:
                with transaction() as session:
                    service.seed(session, session.get_one(Draw, draw_id), digits, WITNESSES, MINH)
            except Exception as failure:
                failures.append(failure)

    threads = [threading.Thread(target=enter, args=[draw.id]) for draw in waiting]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert failures == []
    db.session.rollback()
    entries = db.session.scalars(select(RegisterEntry.entry).order_by(RegisterEntry.id)).all()
    assert len(entries) == 2
    check_register(entries)


def test_a_seed_is_entered_once(office):
    draw = office.drawn()
    before = codes(draw)

    with pytest.raises(AlreadyDrawn):
        office.seed(draw, OTHER_DIGITS)

    assert codes(db.session.get_one(Draw, draw.id)) == before


@pytest.mark.parametrize(
    ("digits", "kind"),
    [
        ("4837102955613820771", "short-seed"),
        ("483710295561382077145", "long-seed"),
        ("4837102955613820771x", "malformed-seed"),
        ("0" * 20, "malformed-seed"),
        ("", "short-seed"),
    ],
)
def test_a_seed_of_another_length_or_form_is_refused_and_nothing_is_kept(office, digits, kind):
    draw = office.commit()

    with pytest.raises(DrawRefused) as refusal:
        office.seed(draw, digits)

    db.session.expire_all()
    kept = db.session.get_one(Draw, draw.id)
    assert refusal.value.details["kind"] == kind
    assert (kept.state, kept.seed, kept.drawn) == (DrawState.COMMITTED, None, [])


@pytest.mark.parametrize(
    "witnesses",
    [
        ["Hoa", "Sơn"],
        ["Hoa", "Sơn", "  "],
        ["Hoa", "Sơn", "SƠN "],
        ["Hoa", "Sơn", "So\u031b\u0301n"],
    ],
)
def test_two_witnesses_are_not_three_however_they_are_spelt(office, witnesses):
    draw = office.commit()

    with pytest.raises(DrawRefused) as refusal:
        office.seed(draw, witnesses=witnesses)

    assert refusal.value.details["kind"] == "too-few-witnesses"


def test_the_seed_must_be_later_than_the_commitment(office, monkeypatch):
    draw = office.commit()
    monkeypatch.setattr(clock, "now", lambda: draw.committed_at)

    with pytest.raises(TooEarly):
        office.seed(draw)


def test_a_lottery_already_held_cannot_be_named(office):
    past = (clock.now() - dt.timedelta(minutes=1)).isoformat()
    prizes = [["ĐB", 5], ["G1", 5], ["G2", 5], ["G3", 5]]
    lottery = service.source_of(
        "lottery", {"company": "Miền Bắc", "drawn_at": past, "prizes": prizes}
    )

    with pytest.raises(DrawRefused) as refusal:
        office.commit(source=lottery)

    assert refusal.value.details["kind"] == "stale-seed"


def test_a_lottery_is_not_known_before_it_is_held(office):
    coming = (clock.now() + dt.timedelta(hours=3)).isoformat()
    prizes = [["ĐB", 5], ["G1", 5], ["G2", 5], ["G3", 5]]
    lottery = service.source_of(
        "lottery", {"company": "Miền Bắc", "drawn_at": coming, "prizes": prizes}
    )
    draw = office.commit(source=lottery)

    with pytest.raises(TooEarly):
        office.seed(draw, "01234 56789 99887 66554", [])


def test_an_exclusion_must_name_a_listed_unit_and_say_why(office):
    with pytest.raises(UnknownUnit, match="99999"):
        office.commit(excluded={"99999": "không có"})
    with pytest.raises(ReasonNeeded, match=HOP_HUNG):
        office.commit(excluded={HOP_HUNG: " \t"})

    assert db.session.query(Draw).count() == 0


def test_a_reason_in_another_spelling_is_kept_in_one(office):
    draw = office.commit(excluded={HOP_HUNG: " nga\u0302\u0323p  lụt\x00"})

    assert draw.excluded == [{"code": HOP_HUNG, "reason": "ngập lụt"}]


@pytest.mark.parametrize(("size", "reserves"), [(15, 3), (0, 3), (-1, 0), (4, -1), (10**30, 0)])
def test_more_than_the_list_holds_or_nothing_cannot_be_drawn(office, size, reserves):
    with pytest.raises(DrawRefused, match=r"from the 17 units"):
        office.commit(size=size, reserves=reserves)


def test_the_whole_list_can_be_drawn(office):
    draw = office.drawn(size=14, reserves=3)

    assert len(set(codes(draw))) == 17


def test_units_of_another_district_do_not_slip_into_the_list(office):
    with transaction() as session:
        elsewhere = session.scalars(places.communes_under("2024", "835")).all()
        found = session.merge(office.round_)
        dice = service.source_of("dice-d10")
        with pytest.raises(OutsidePlan):
            service.commit(session, found, elsewhere, 4, 3, dice, MINH)


def test_nothing_is_drawn_for_a_closed_plan(office, plan):
    with transaction() as session:
        session.get_one(Plan, plan.id).state = PlanState.CLOSED

    with pytest.raises(PlanClosed):
        office.commit()


# --- voiding --------------------------------------------------------------------------------


def test_nobody_voids_alone_or_without_saying_why(office):
    draw = office.drawn()

    with pytest.raises(ReasonNeeded):
        office.void(draw, reason="  ")
    with pytest.raises(SecondPersonNeeded):
        office.void(draw, approver="MINH ")
    with pytest.raises(SecondPersonNeeded):
        office.void(draw, approver="")

    assert db.session.get_one(Draw, draw.id).state is DrawState.DRAWN


def test_a_voided_draw_stays_and_the_next_one_counts_it(office, round_, verify):
    first = office.drawn()
    office.void(first)
    second = office.drawn(OTHER_DIGITS)

    kept = db.session.get_one(Draw, first.id)
    assert (kept.state, kept.void_reason) == (DrawState.VOID, "xúc xắc rơi khỏi bàn")
    assert len(codes(kept)) == 7
    assert (second.number, Commitment.from_json(second.commitment).draw_no) == (2, 2)
    assert verify(office.package(second), second.commitment_sha256) == (0, [])
    assert verify(office.package(kept), kept.commitment_sha256) == (0, [])


def test_a_commitment_given_up_before_its_seed_counts_as_an_attempt_too(office, verify):
    """Who throws the dice, works out the result and then forgets the draw leaves a trace."""
    office.void(office.commit())
    office.void(office.commit(size=5))
    third = office.drawn()

    assert Commitment.from_json(third.commitment).draw_no == 3
    assert verify(office.package(third), third.commitment_sha256) == (0, [])
    register = withholding.register_up_to(db.session(), third, clock.today())
    assert sum('"kind":"void"' in entry for entry in register) == 2


def test_what_was_voided_stays_as_it_was_written(office):
    draw = office.drawn()
    office.void(draw)

    with pytest.raises(AlreadyVoid):
        office.void(draw, reason="lý do khác")
    with pytest.raises(AlreadyDrawn):
        office.seed(draw)
    with pytest.raises(NotDrawn):
        office.make_visits(draw)


def test_the_journal_tells_who_committed_drew_and_voided(office):
    draw = office.drawn()
    office.void(draw)

    lines = db.session.scalars(select(Line).where(Line.subject == "draw").order_by(Line.id)).all()
    assert [(line.verb, line.actor) for line in lines] == [
        ("draw.committed", "Minh"),
        ("draw.drawn", "Minh"),
        ("draw.carried", "Minh"),
        ("draw.voided", "Minh"),
    ]


# --- what the database refuses --------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE draw_register SET entry = '{}'",
        "DELETE FROM draw_register",
        "UPDATE drawn_unit SET unit_code = '13741'",
        "UPDATE drawn_unit SET rank = rank + 10",
        "DELETE FROM drawn_unit",
        "DELETE FROM draw",
        "UPDATE draw SET frame_sha256 = 'x'",
        "UPDATE draw SET commitment = '{}'",
        "UPDATE draw SET commitment_sha256 = 'x'",
        "UPDATE draw SET size = 5",
        "UPDATE draw SET reserves = 9",
        "UPDATE draw SET seed = '90210338475612098471'",
        "UPDATE draw SET seed = NULL, state = 'committed'",
    ],
)
def test_the_database_refuses_to_rewrite_a_draw(office, statement):
    office.drawn()

    with pytest.raises(DBAPIError, match="refused"), transaction() as session:
        session.execute(text(statement))


def test_the_database_refuses_another_frame_after_the_freeze(office):
    draw = office.commit()

    with pytest.raises(DBAPIError, match="refused"), transaction() as session:
        session.execute(update(Draw).values(frame=draw.frame + b"13999\t359\t\tma\n"))


def test_the_database_refuses_to_bring_a_void_draw_back(office):
    office.void(office.drawn())

    with pytest.raises(DBAPIError, match="refused"), transaction() as session:
        session.execute(text("UPDATE draw SET state = 'drawn'"))


# --- whoever holds the database itself ------------------------------------------------------


def unguarded(session, table):
    """Do what an owner of the database could: take its triggers away."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        return
    triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"
    for name in session.scalars(text(triggers), {"table": table}).all():
        session.execute(text(f"DROP TRIGGER {name}"))


def forget(session: FlaskSession, draw_id: int) -> None:
    for table, column in (("draw_register", "draw_id"), ("drawn_unit", "draw_id"), ("draw", "id")):
        unguarded(session, table)
        session.execute(text(f"DELETE FROM {table} WHERE {column} = :id"), {"id": draw_id})


def test_a_register_without_an_earlier_entry_makes_no_package(office, plan):
    with transaction() as session:
        later = monitoring.add_round(session, session.merge(plan), "VB24-2", "Đợt 2", MINH)
    first, second = office.drawn(), office.drawn(OTHER_DIGITS, round_=later)
    with transaction() as session:
        forget(session, first.id)

    with pytest.raises(DrawRefused) as refusal:
        office.package(second)

    assert refusal.value.details["kind"] == "bad-package"


def test_an_older_backup_is_exposed_by_the_paper_that_was_signed(office, verify):
    """The coordinator restores the state before an unwelcome draw and draws again."""
    first = office.drawn()
    paper, head = first.commitment_sha256, service.head(db.session())
    with transaction() as session:
        forget(session, first.id)
    db.session.expunge_all()

    second = office.drawn(OTHER_DIGITS)

    assert verify(office.package(second), paper) == (1, ["commitment-paper"])
    assert head not in [entry.sha256 for entry in db.session.scalars(select(RegisterEntry))]


def test_a_frame_swapped_in_the_database_makes_no_package(office):
    draw = office.drawn()
    with transaction() as session:
        unguarded(session, "draw")
        session.execute(update(Draw).values(frame=draw.frame + b"13999\t359\t\tMa\n"))
    db.session.expire_all()

    with pytest.raises(DrawRefused):
        office.package(db.session.get_one(Draw, draw.id))


# --- visits ---------------------------------------------------------------------------------


def test_four_communes_become_four_visits_once(office, round_):
    draw = office.drawn()

    again = office.make_visits(draw)

    assert office.visits(draw) == [f"VB24-1-{code}" for code in codes(draw, UnitRole.MAIN)]
    assert again == []
    assert db.session.query(Visit).filter_by(round_id=round_.id).count() == 4


def test_a_void_cancels_the_visits_that_have_not_begun(office, round_):
    draw = office.drawn()
    with transaction() as session:
        begun = session.scalars(select(Visit).order_by(Visit.id)).first()
        begun.notice_sent_on = clock.today()
        monitoring.move(session, begun, VisitState.UNDER_WAY, MINH)

    office.void(draw)

    states = db.session.scalars(select(Visit.state).order_by(Visit.id)).all()
    assert states == [VisitState.UNDER_WAY, *[VisitState.CANCELLED] * 3]


def test_a_commune_drawn_again_takes_its_cancelled_visit_up(office, round_):
    first = office.drawn(size=14, reserves=0)
    office.void(first)

    second = office.drawn(OTHER_DIGITS, size=14, reserves=0)

    planned = db.session.scalars(
        select(Visit.code).where(Visit.state == VisitState.PLANNED).order_by(Visit.code)
    ).all()
    assert len(planned) == 14
    assert planned == sorted(f"VB24-1-{code}" for code in codes(second))


def test_a_design_is_committed_as_it_was_asked_for(office, round_):
    draw = office.commit(size=6, reserves=2)

    commitment = Commitment.from_json(draw.commitment)
    found = db.session.get_one(Round, round_.id)
    assert commitment.design == Design("srs", 6, 2)
    assert commitment.plan == f"kế hoạch {found.plan_id}, đợt {found.id}"
    assert dict(commitment.about)["round"] == "VB24-1"
    assert commitment.sha256 == draw.commitment_sha256
