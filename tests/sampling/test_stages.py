"""Stages, reserves, rotation and the register: what follows a draw."""

from fractions import Fraction

import pytest

from sampling import Allocation, Commitment, Design, DiceD10, Frame, PublicSeed, register, run
from sampling import errors as e
from sampling.multistage import MultiStage, release, released
from sampling.rotation import by_history, rates

SEED = PublicSeed.parse(DiceD10(), "48371029556138207714")


def draw(frame, design, purpose="thử"):
    return run(Commitment.on(frame, design, purpose), frame, SEED)


def children(parents, each):
    return Frame.from_rows(
        {"unit_id": f"{parent.id}-{child}", "parent": parent.id, "stratum": parent.id}
        for parent in parents
        for child in range(each)
    )


def three_stages():
    communes = draw(
        Frame.from_rows({"unit_id": f"{c}", "size": c} for c in range(10, 22)),
        Design("pps_pivotal", 3),
    )
    hamlets = draw(children(communes.main, 5), Design("srs", 6, strata=Allocation("equal")))
    return (
        communes,
        hamlets,
        draw(children(hamlets.main, 8), Design("srs", 24, strata=Allocation("equal"))),
    )


def test_probabilities_multiply_through_the_stages_exactly():
    communes, hamlets, homes = three_stages()

    weights = MultiStage([communes, hamlets, homes]).weights()

    assert len(weights) == 24
    for home, item in weights.items():
        commune = next(u for u in communes.main if u.id == item.path[0])
        assert item.pi == commune.pi * Fraction(2, 5) * Fraction(4, 8)
        assert item.path[-1] == home and item.weight * item.pi == 1


def test_a_stage_may_be_one_draw_for_each_parent():
    communes, hamlets, _ = three_stages()
    apart = [
        draw(children([commune], 5), Design("srs", 2), f"thôn của {commune.id}")
        for commune in communes.main
    ]

    weights = MultiStage([communes, apart]).weights()

    assert sorted(w.pi for w in weights.values()) == sorted(
        w.pi for w in MultiStage([communes, hamlets]).weights().values()
    )


def test_a_unit_of_a_parent_that_was_not_drawn_is_refused():
    communes, hamlets, _ = three_stages()
    fewer = run(
        communes.commitment,
        Frame.from_rows({"unit_id": f"{c}", "size": c} for c in range(10, 22)),
        SEED,
    )
    lonely = draw(children([fewer.main[0]], 5), Design("srs", 2))

    assert MultiStage([communes, lonely]).weights()
    with pytest.raises(e.BadDesign, match="not drawn at the stage before"):
        MultiStage([lonely, hamlets]).weights()


# --- reserves -------------------------------------------------------------------------------


def of_twenty():
    rows = [{"unit_id": f"{c}", "stratum": "AB"[c % 2]} for c in range(10, 30)]
    return draw(Frame.from_rows(rows), Design("srs", 8, reserves=2, strata=Allocation("equal")))


def test_reserves_come_out_in_the_order_drawn():
    drawn = of_twenty()
    absent = [u.id for u in drawn.main if u.stratum == "A"][:2]
    order = [u.id for u in drawn.reserves if u.stratum == "A"]

    first = release(drawn, [], absent[0], "vắng 2 lần", "Minh")
    second = release(drawn, [first], absent[1], "chuyển đi", "Minh")

    assert [first.unit_id, second.unit_id] == order


def test_a_reserve_may_be_replaced_in_turn():
    drawn = of_twenty()
    first = release(drawn, [], drawn.main[0].id, "vắng", "Minh")

    second = release(drawn, [first], first.unit_id, "từ chối", "Minh")

    assert [second.unit_id, second.replaces] == [drawn.reserves[1].id, first.unit_id]


def test_releases_without_ground_are_refused():
    drawn = of_twenty()
    unit, spare = drawn.main[0].id, drawn.reserves[0].id
    past = [release(drawn, [], unit, "vắng", "Minh")]

    for wrong, told in [
        (lambda: release(drawn, [], unit, " ", "Minh"), "a reason"),
        (lambda: release(drawn, [], unit, "vắng", ""), "an approver"),
        (lambda: release(drawn, [], "99", "vắng", "Minh"), "'99' is not in use"),
        (lambda: release(drawn, [], spare, "vắng", "Minh"), "not in use"),
        (lambda: release(drawn, past, unit, "vắng", "Minh"), "not in use"),
    ]:
        with pytest.raises(e.ReleaseRefused, match=told):
            wrong()


def test_when_reserves_run_out_it_is_said():
    drawn, past = of_twenty(), []
    ids = [u.id for u in drawn.main if u.stratum == "A"]
    for unit_id in ids[:2]:
        past.append(release(drawn, past, unit_id, "vắng", "Minh"))

    with pytest.raises(e.ReleaseRefused, match="'A' has no reserve left"):
        release(drawn, past, ids[2], "vắng", "Minh")


def test_weights_follow_the_units_released():
    """In A four of ten were drawn and one more released: each has chance 5/10."""
    drawn = of_twenty()
    past = [release(drawn, [], drawn.main[0].id, "vắng", "Minh")]

    counted = released(drawn, past)

    assert {u.pi for u in counted if u.stratum == "A"} == {Fraction(1, 2)}
    assert {u.pi for u in counted if u.stratum == "B"} == {Fraction(2, 5)}
    assert sum(u.weight for u in counted) == 20 and len(counted) == 9


def test_certainty_units_have_no_substitute():
    rows = [{"unit_id": f"{c}", "size": 900 if c == 10 else c} for c in range(10, 30)]
    drawn = draw(Frame.from_rows(rows), Design("pps_pivotal", 4, reserves=2, certainty=True))
    more = release(drawn, [], drawn.role("main")[0].id, "vắng", "Minh")

    with pytest.raises(e.ReleaseRefused, match="'10' is certain"):
        release(drawn, [], "10", "đường bị cắt", "Minh")
    by_id = {u.id: u for u in released(drawn, [more])}
    assert by_id["10"].pi == 1
    assert by_id[more.unit_id].pi == next(u.pi for u in drawn.reserves) * Fraction(4, 3)


# --- rotation and register ------------------------------------------------------------------


def test_places_seen_lately_are_drawn_less_often_and_never_with_chance_zero():
    frame = Frame.from_rows({"unit_id": f"{c}", "stratum": "NUI"} for c in range(10, 40))
    split = by_history(frame, {f"{c}" for c in range(10, 19)})
    rule = rates(split, fresh="1/3", seen="1/9")

    drawn = draw(split, Design("srs", sum(rule.fixed.values()), strata=rule))

    assert dict(rule.fixed) == {"NUI.chua-di": 7, "NUI.da-di": 1}
    assert {u.stratum: u.pi for u in drawn.main} == {
        "NUI.chua-di": Fraction(1, 3),
        "NUI.da-di": Fraction(1, 9),
    }


@pytest.mark.parametrize(("fresh", "seen"), [("1/3", "0"), ("1/9", "1/3"), ("2", "1")])
def test_rates_that_are_none_are_refused(fresh, seen):
    frame = by_history(Frame.from_rows([{"unit_id": "a"}]), set())

    with pytest.raises(e.BadDesign, match="rate of seen places"):
        rates(frame, fresh, seen)


def test_a_register_that_was_cut_or_edited_is_refused():
    drawn = of_twenty()
    entries = [register.draw_entry(drawn, register.head([]), at="2026-07-02T09:00:00+07:00")]
    entries.append(register.entry("void", register.head(entries), draw="x", reason="nhầm"))

    register.check(entries)
    for broken in (entries[1:], [entries[0].replace("thử", "thật"), entries[1]], ["{}"], ["x"]):
        with pytest.raises(e.BadPackage):
            register.check(broken)
    with pytest.raises(e.BadPackage, match="no register entry"):
        register.entry("delete", register.head(entries))
