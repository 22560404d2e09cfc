"""Golden draws: the same units on every Python, machine and day.

A changed figure here means that old draws can no longer be repeated: that is never a detail.
"""

import pytest

from sampling import Allocation, Commitment, Design, DiceD10, Frame, PublicSeed, run

SEED = PublicSeed.parse(DiceD10(), "48371029556138207714")
FRAME = Frame.from_rows(
    {
        "unit_id": f"{3000 + c:05d}",
        "parent": f"{c % 7:03d}",
        "stratum": f"Tầng {c % 3}",
        "size": 20 + c * c % 97 + 900 * (c == 77),
        "order_key": f"{c * 37 % 50:02d}",
        "lat": f"{21 + c * 61 % 100 / 100:.2f}",
        "lon": f"{103 + c * 17 % 100 / 100:.2f}",
        "excluded": "đường bị cắt" if c == 5 else "",
        "purposive": "có đơn thư" if c == 6 else "",
    }
    for c in range(100)
)
GOLDEN = {
    Design("srs", 9, reserves=4, teams=(5, 4)): "3a4363cc59ebeaaf",
    Design("systematic", 9, reserves=2): "8f98ac19cb6adfd7",
    Design("pps_systematic", 9, certainty=True): "01191b0db209f12a",
    Design("pps_systematic", 9, reserves=3, certainty=True): "ae4adbc76c664e67",
    Design("pps_pivotal", 9, reserves=3, certainty=True): "b2a6d1bb3a8b327f",
    Design("pps_pivotal", 9, certainty=True, order="key"): "686f67dc1eb5c6d7",
    Design("spatial", 9, reserves=2): "558fca644809ba87",
    Design("spatial", 9, by_size=True, certainty=True): "e283f316a545d879",
}
STRATIFIED = {
    "proportional": (Allocation("proportional", minimum=2), "8513a7b3d3dcd9c2"),
    "equal": (Allocation("equal", maximum=5), "7b58329c91aa2a50"),
    "size": (Allocation("size", minimum=1), "8dbb7345fbfd3307"),
    "neyman": (
        Allocation("neyman", minimum=2, spread={"Tầng 0": 7, "Tầng 1": 2}),
        "57ef9a74f557509b",
    ),
    "power": (
        Allocation("power", minimum=2, spread={"Tầng 0": 7, "Tầng 1": 2}),
        "99e68094f3905663",
    ),
}


def digest(design):
    return run(Commitment.on(FRAME, design, "Bản chuẩn"), FRAME, SEED).sha256[:16]


def test_the_frame_has_its_golden_hash():
    assert FRAME.sha256 == "c71938a64ba02d2e505eaaa529b08a4a945268d5fdf29c0973381418e0b909fb"


@pytest.mark.parametrize("design", GOLDEN, ids=lambda design: f"{design.method} {design.n}")
def test_a_golden_draw_is_drawn_again(design):
    assert digest(design) == GOLDEN[design]


@pytest.mark.parametrize("kind", STRATIFIED)
def test_a_golden_stratified_draw_is_drawn_again(kind):
    allocation, golden = STRATIFIED[kind]

    assert digest(Design("srs", 13, reserves=2, strata=allocation)) == golden
