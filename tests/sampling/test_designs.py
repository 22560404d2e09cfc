"""Designs that cannot be, and what each design gives."""

from fractions import Fraction
from itertools import pairwise

import pytest

from sampling import Allocation, Commitment, Design, DiceD10, Frame, PublicSeed, run
from sampling import errors as e

SEED = PublicSeed.parse(DiceD10(), "48371029556138207714")


def frame(**first):
    rows = [
        {"unit_id": f"{c}", "stratum": "A" if c < 14 else "B", "size": c} for c in range(10, 30)
    ]
    return Frame.from_rows([{**rows[0], **first}, *rows[1:]])


def draw(design, of=None):
    of = of or frame()
    return run(Commitment.on(of, design, "thử"), of, SEED)


@pytest.mark.parametrize(
    ("design", "kind", "told"),
    [
        (Design("srs", 21), e.TooFewUnits, "21"),
        (Design("srs", 18, reserves=3), e.TooFewUnits, "chỉ có 20"),
        (Design("srs", 10, strata=Allocation("proportional", minimum=5)), e.StratumTooSmall, "'A'"),
        (
            Design("srs", 9, strata=Allocation("fixed", fixed={"A": 5, "B": 4})),
            e.StratumTooSmall,
            "'A'",
        ),
        (
            Design("srs", 9, strata=Allocation("fixed", fixed={"A": 2, "B": 4})),
            e.AllocationImpossible,
            "9",
        ),
        (Design("srs", 9, strata=Allocation("fixed", fixed={"A": 9})), e.BadDesign, "tầng B"),
        (Design("srs", 3, strata=Allocation("equal", minimum=2)), e.AllocationImpossible, "là 4"),
        (Design("srs", 19, strata=Allocation("equal", maximum=9)), e.AllocationImpossible, "là 13"),
        (Design("srs", 1, strata=Allocation("neyman")), e.AllocationImpossible, "1"),
    ],
)
def test_a_design_that_the_frame_cannot_meet_names_the_stratum(design, kind, told):
    with pytest.raises(e.SamplingError) as refused:
        draw(design)

    assert type(refused.value) is kind and told in refused.value.vi


@pytest.mark.parametrize("method", ["pps_systematic", "pps_pivotal"])
def test_a_unit_larger_than_the_whole_take_is_named_or_made_certain(method):
    large = frame(size=5_000)

    with pytest.raises(e.UnitTooLarge) as refused:
        draw(Design(method, 4), large)
    drawn = draw(Design(method, 4, reserves=2, certainty=True), large)

    assert "'10'" in refused.value.vi and "certainty" in refused.value.vi
    assert [u.id for u in drawn.role("certainty")] == ["10"]
    assert drawn.role("certainty")[0].weight == 1 and len(drawn.main) == 4


@pytest.mark.parametrize("size", ["0", ""])
def test_a_unit_without_size_is_named_in_draws_by_size(size):
    with pytest.raises(e.ZeroSize, match="Unit '10'"):
        draw(Design("pps_pivotal", 4), frame(size=size))
    assert len(draw(Design("srs", 4), frame(size=size)).main) == 4


def test_strata_need_names_and_sizes_and_maps_need_positions():
    with pytest.raises(e.BadDesign, match="unit '10' has no stratum"):
        draw(Design("srs", 4, strata=Allocation("equal")), frame(stratum=""))
    with pytest.raises(e.BadDesign, match="unit '10' has no position"):
        draw(Design("spatial", 4))
    sizeless = Frame.from_rows({"unit_id": c, "stratum": c} for c in "ab")
    with pytest.raises(e.BadDesign, match="stratum 'a' has no size"):
        draw(Design("srs", 2, strata=Allocation("size")), sizeless)


def test_nobody_left_to_draw_is_said():
    with pytest.raises(e.EmptyFrame):
        draw(Design("srs", 1), Frame.from_rows([{"unit_id": "a", "excluded": "lũ"}]))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Design("lottery", 4),
        lambda: Design("srs", 0),
        lambda: Design("srs", 4, reserves=-1),
        lambda: Design("srs", 4, certainty=True),
        lambda: Design("srs", 4, order="key"),
        lambda: Design("pps_pivotal", 4, order="size"),
        lambda: Design("srs", 4, by_size=True),
        lambda: Design("srs", 4, teams=(2, 1)),
        lambda: Design("srs", 4, teams=(4, 0)),
        lambda: Design("srs", 4, teams=(2, 2), strata=Allocation("equal")),
        lambda: Allocation("random"),
        lambda: Allocation("equal", minimum=3, maximum=2),
        lambda: Allocation("fixed"),
        lambda: Allocation("equal", fixed={"A": 1}),
        lambda: Allocation("neyman", spread={"A": -1}),
    ],
)
def test_designs_that_mean_nothing_are_refused(wrong):
    with pytest.raises(e.BadDesign) as refused:
        wrong()

    assert refused.value.vi.startswith("Thiết kế") and refused.value.en.startswith("The design")


def test_excluded_and_purposive_units_are_seen_and_never_drawn():
    drawn = draw(Design("srs", 18), frame(excluded="đường bị cắt"))
    named = draw(Design("srs", 19), frame(purposive="có đơn thư"))

    assert drawn.population == 19 and "10" not in {u.id for u in drawn.selected}
    assert [(u.id, u.role, u.pi, u.weight) for u in named.purposive] == [
        ("10", "purposive", None, None)
    ]
    assert "10" not in {u.id for u in named.main} and named.main[0].pi == Fraction(19, 19)


def test_teams_get_disjoint_blocks_of_one_order():
    drawn = draw(Design("srs", 7, reserves=2, teams=(4, 3)))

    assert [u.team for u in drawn.selected] == [1, 1, 1, 1, 2, 2, 2, 0, 0]
    assert [u.rank for u in drawn.selected] == list(range(1, 10))


def test_reserves_of_strata_stop_where_the_stratum_ends():
    drawn = draw(Design("srs", 7, reserves=3, strata=Allocation("fixed", fixed={"A": 3, "B": 4})))

    assert [u.stratum for u in drawn.reserves] == ["A", "B", "B", "B"]


def test_a_draw_with_another_number_is_another_draw():
    of = frame()
    commitment = Commitment.on(of, Design("srs", 5), "thử")
    seeds = [f"{number:020d}" for number in range(1, 30)]

    samples = {
        tuple(u.id for u in run(commitment, of, PublicSeed.parse(DiceD10(), s)).main) for s in seeds
    }

    assert len(samples) == len(seeds)


def test_the_spread_draw_avoids_neighbours():
    """A line of 40 places, 8 drawn: gaps of a simple draw vary far more."""
    line = Frame.from_rows(
        {"unit_id": f"{c:02d}", "lat": f"21.{c:02d}", "lon": "103.0"} for c in range(40)
    )

    def adjacent(method):
        count = 0
        for number in range(60):
            commitment = Commitment.on(line, Design(method, 8), f"thử {number}")
            ids = sorted(int(u.id) for u in run(commitment, line, SEED).main)
            count += sum(b - a == 1 for a, b in pairwise(ids))
        return count

    assert adjacent("spatial") < adjacent("srs") / 4
