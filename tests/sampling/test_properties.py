"""What holds for every frame and every design."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampling import Allocation, Commitment, Design, DiceD10, Frame, PublicSeed, run, verify_draw
from sampling.allocation import allocate, by_priority, by_share
from sampling.tickets import Stream, in_order, smallest, ticket

IDS = st.from_regex(r"[0-9A-Za-z._-]{1,8}", fullmatch=True)
SEED = PublicSeed.parse(DiceD10(), "48371029556138207714")
FRAMES = st.dictionaries(IDS, st.integers(1, 500), min_size=6, max_size=30)
SIZED = ("systematic", "pps_systematic", "pps_pivotal")


def frame_of(sizes, order=None):
    ids = order or list(sizes)
    return Frame.from_rows({"unit_id": i, "size": sizes[i]} for i in ids)


def drawn(frame, design, purpose="thử"):
    return run(Commitment.on(frame, design, purpose), frame, SEED)


@given(FRAMES, st.randoms(use_true_random=False), st.sampled_from(("srs", *SIZED)))
@settings(max_examples=80, deadline=None)
def test_the_order_of_the_rows_changes_nothing(sizes, chance, method):
    design = Design(method, n=3, reserves=2, certainty=method.startswith("pps_"))
    shuffled = list(sizes)
    chance.shuffle(shuffled)

    one, other = (drawn(frame_of(sizes, order), design) for order in (None, shuffled))

    assert one.tsv() == other.tsv()


@given(FRAMES, st.sampled_from(SIZED), st.integers(0, 3))
@settings(max_examples=80, deadline=None)
def test_exactly_n_are_main_and_every_stored_probability_lies_in_reach(sizes, method, reserves):
    design = Design(method, n=3, reserves=reserves, certainty=method.startswith("pps_"))

    result = drawn(frame_of(sizes), design)

    assert len(result.main) == 3 and len(result.reserves) == reserves
    assert len({unit.id for unit in result.selected}) == 3 + reserves
    assert all(0 < unit.pi <= 1 for unit in result.main)
    assert all(unit.weight == 1 / unit.pi for unit in result.main)


@given(st.sets(IDS, min_size=3, max_size=40), IDS)
def test_a_new_unit_leaves_every_other_ticket_and_the_order_alone(ids, extra):
    before = [unit for _, unit in smallest(ids, len(ids), "s")]

    after = [unit for _, unit in smallest(ids | {extra}, len(ids) + 1, "s")]

    assert [unit for unit in after if unit != extra or extra in ids] == before


@given(st.lists(IDS, unique=True, min_size=1, max_size=3_000), st.integers(0, 30))
@settings(max_examples=25, deadline=None)
def test_the_filter_on_three_digits_never_loses_a_small_ticket(ids, count):
    assert smallest(ids, count, "s") == sorted((ticket("s", i), i) for i in ids)[:count]


def test_the_filter_holds_when_thousands_stream_by():
    ids = [f"{number:06d}" for number in range(20_000)]

    assert smallest(ids, 7, "s") == sorted((ticket("s", i), i) for i in ids)[:7]


@given(st.lists(IDS, unique=True, max_size=200), st.sampled_from([1, 2, 18]))
@settings(max_examples=60, deadline=None)
def test_the_order_by_first_digits_is_the_order_of_the_whole_tickets(ids, digits):
    """With one or two digits many tickets agree in them, and are compared in full."""
    assert in_order(ids, "s", digits) == [i for _, i in sorted((ticket("s", i), i) for i in ids)]


@given(FRAMES, st.data())
@settings(max_examples=40, deadline=None)
def test_one_changed_byte_gives_another_frame_hash_and_other_tickets(sizes, data):
    frame = frame_of(sizes)
    victim = data.draw(st.sampled_from(sorted(sizes)))
    other = frame_of({**sizes, victim: sizes[victim] + 1})

    assert frame.sha256 != other.sha256
    design = Design("srs", n=2)
    tickets = [{u.id: u.ticket for u in drawn(f, design).selected} for f in (frame, other)]
    assert not set(tickets[0].values()) & set(tickets[1].values())


@given(FRAMES)
@settings(max_examples=40, deadline=None)
def test_a_canonical_frame_is_read_back_as_it_was(sizes):
    frame = frame_of(sizes)

    assert Frame.from_tsv(frame.tsv()).units == frame.units


@given(st.integers(1, 10**30), st.text("abc", min_size=1, max_size=3))
def test_stream_integers_stay_below_their_bound(bound, label):
    stream = Stream("s", label)

    assert all(0 <= stream.below(bound) < bound for _ in range(5))


def test_the_stream_rejects_the_top_remainder(monkeypatch):
    """Of 2^256 values, the last 2^256 mod 10 are thrown away: with them 0-5 would be favoured."""
    stream = Stream("s", "x")
    values = iter([2**256 - 1, 2**256 - 6, 2**256 - 7])
    monkeypatch.setattr(stream, "value", lambda: next(values))

    assert stream.below(10) == (2**256 - 7) % 10 == 9


# --- allocations ----------------------------------------------------------------------------

STRATA = st.dictionaries(st.sampled_from("ABCDEF"), st.integers(1, 50), min_size=1)


@st.composite
def bounded(draw, least=0):
    measure = draw(STRATA)
    bounds = {}
    for name in measure:
        low = draw(st.integers(least, least + 3))
        bounds[name] = (low, low + draw(st.integers(0, 9)))
    low, high = (sum(bound[side] for bound in bounds.values()) for side in (0, 1))
    return draw(st.integers(low, high)), measure, bounds


@given(bounded())
@settings(max_examples=300)
def test_shares_keep_their_bounds_and_the_independent_verifier_finds_the_same(case):
    n, measure, bounds = case

    ours = by_share(n, measure, bounds)

    assert sum(ours.values()) == n
    assert all(low <= ours[name] <= high for name, (low, high) in bounds.items())
    low, high = ({name: bound[side] for name, bound in bounds.items()} for side in (0, 1))
    assert ours == verify_draw.split_shares(n, measure, low, high)


@given(bounded(least=1))
@settings(max_examples=150, deadline=None)
def test_neyman_numbers_have_the_smallest_variance_of_all_whole_numbers(case):
    n, squares, bounds = case
    if len(squares) > 4:
        return

    ours = by_priority(n, squares, bounds)

    def variance(numbers):
        return sum(Fraction(squares[s], a) for s, a in zip(squares, numbers, strict=True))

    ranges = [range(low, high + 1) for low, high in bounds.values()]
    best = min(variance(numbers) for numbers in product(*ranges) if sum(numbers) == n)
    assert variance([ours[name] for name in squares]) == best


def test_without_bounds_shares_are_the_textbook_largest_remainders():
    strata = {"A": (47, 0), "B": (16, 0), "C": (12, 0), "D": (25, 0)}

    assert allocate(Allocation("proportional"), 10, strata) == {"A": 5, "B": 2, "C": 1, "D": 2}
    assert allocate(Allocation("equal"), 10, strata) == {"A": 3, "B": 3, "C": 2, "D": 2}


def test_by_hand_neyman_puts_more_where_opinions_differ():
    """63 units: N S = 40 x 1 and 23 x 4, so that about 30 % and 70 % of ten go to each."""
    strata = {"DONG": (40, 0), "NUI": (23, 0)}

    given_out = allocate(Allocation("neyman", minimum=2, spread={"NUI": 4}), 10, strata)

    assert given_out == {"DONG": 3, "NUI": 7}


@pytest.mark.parametrize("n", [1, 2, 5])
def test_stratified_probabilities_add_up_to_n(n):
    rows = [{"unit_id": f"{c}", "stratum": "AB"[c % 2], "size": c} for c in range(10, 30)]
    frame = Frame.from_rows(rows)
    design = Design("srs", n=2 * n, strata=Allocation("equal"))

    result = drawn(frame, design)

    assert sum(unit.pi * unit.weight for unit in result.main) == 2 * n
    assert sum(unit.weight for unit in result.main) == len(frame)
