"""Intervals hold the truth as often as they say: whole draws of an invented province.

130 communes in 5 regions; 4 communes a region, 2 hamlets a commune, 6 households a hamlet. Of 300
draws an interval with true coverage 0.95 holds the truth in 0.90 to 0.985 of them but for about
one time in two thousand (binomial); t intervals on 15 degrees of freedom of skewed shares lie
somewhat below 0.95, which the bound allows.
"""

import random
from collections import Counter

import pytest

from sampling import Allocation, Commitment, Design, DiceD10, Frame, PublicSeed, run
from sampling.estimate import SurveyData
from sampling.multistage import MultiStage

DRAWS = 300


def province():
    """Return (frame of communes, hamlets by commune, households by hamlet, heard or not)."""
    chance = random.Random(130)
    communes, hamlets, households, heard = [], {}, {}, {}
    for code in range(130):
        region, commune = f"V{code % 5}", f"{code:03d}"
        leaning = 0.35 + 0.08 * (code % 5) + chance.gauss(0, 0.1)
        hamlets[commune] = [f"{commune}.{h}" for h in range(chance.randint(3, 8))]
        for hamlet in hamlets[commune]:
            share = min(max(leaning + chance.gauss(0, 0.1), 0.02), 0.98)
            households[hamlet] = [f"{hamlet}.{h:03d}" for h in range(chance.randint(12, 40))]
            heard.update({h: int(chance.random() < share) for h in households[hamlet]})
        size = sum(len(households[hamlet]) for hamlet in hamlets[commune])
        communes.append({"unit_id": commune, "stratum": region, "size": size})
    return Frame.from_rows(communes), hamlets, households, heard


COMMUNES, HAMLETS, HOUSEHOLDS, HEARD = province()
TRUTH = sum(HEARD.values()) / len(HEARD)


def stage(frame, design, number, name):
    commitment = Commitment.on(frame, design, "độ phủ", stage=name)
    return run(commitment, frame, PublicSeed.parse(DiceD10(), f"{number:020d}"))


def within(parents, children, take):
    """Return the frame of all children of the parents drawn, and the draw of some from each."""
    rows = [
        {"unit_id": child, "parent": parent.id, "stratum": parent.id}
        for parent in parents
        for child in children[parent.id]
    ]
    fixed = {parent.id: min(take, len(children[parent.id])) for parent in parents}
    return Frame.from_rows(rows), Design(
        "srs", n=sum(fixed.values()), strata=Allocation("fixed", fixed=fixed)
    )


def answers(method, number):
    """Draw three stages and return the answers, with weights and population sizes."""
    first = Design(method, n=20, strata=Allocation("equal"), certainty=method != "srs")
    communes = stage(COMMUNES, first, 10**19 + number, "xa")
    hamlets = stage(*within(communes.main, HAMLETS, 2), 2 * 10**19 + number, "thon")
    homes = stage(*within(hamlets.main, HOUSEHOLDS, 6), 3 * 10**19 + number, "ho")
    region = {unit.id: unit.stratum for unit in communes.main}
    return [
        {
            "vung": region[item.path[0]],
            "xa": item.path[0],
            "thon": item.path[1],
            "ho": home,
            "w": float(item.weight),
            "biet": HEARD[home],
            "n1": 26,
            "n2": len(HAMLETS[item.path[0]]),
            "n3": len(HOUSEHOLDS[item.path[1]]),
        }
        for home, item in MultiStage([communes, hamlets, homes]).weights().items()
    ]


@pytest.mark.parametrize(
    ("method", "corrections"),
    [("srs", [["n1", "n2", "n3"], []]), ("pps_pivotal", [[]])],
)
def test_intervals_of_whole_draws_hold_the_truth_as_often_as_they_say(method, corrections):
    held, middle = Counter(), 0.0
    for number in range(DRAWS):
        rows = answers(method, number)
        for fpc in corrections:
            data = SurveyData(rows, weight="w", ids=["xa", "thon", "ho"], strata=["vung"], fpc=fpc)
            share, total = data.proportion("biet"), data.total("biet")
            held["share", len(fpc)] += share.low <= TRUTH <= share.high
            held["total", len(fpc)] += total.low <= sum(HEARD.values()) <= total.high
        middle += share.value / DRAWS

    assert len(held) == 2 * len(corrections)
    assert all(0.90 <= count / DRAWS <= 0.985 for count in held.values()), held
    assert abs(middle - TRUTH) < 0.01
