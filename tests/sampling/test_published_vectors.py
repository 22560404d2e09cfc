"""Vectors that others published or computed: RFC 3797, the consistent sampler, R `sampling`."""

import json
import random
from fractions import Fraction
from hashlib import sha256
from itertools import combinations
from math import prod
from pathlib import Path

import consistent_sampler
import pytest

from sampling import exact, rfc3797, srs
from sampling.tickets import _as_ticket, smallest, ticket

DATA = Path(__file__).with_name("data")
RFC = json.loads((DATA / "rfc3797.json").read_text())
CONSISTENT = json.loads((DATA / "consistent_sampler.json").read_text())


# --- RFC 3797 -------------------------------------------------------------------------------


def test_rfc_3797_gives_the_published_key_digests_and_names():
    key = rfc3797.key_of(RFC["inputs"])

    assert key == RFC["key"]
    for index, line in enumerate(RFC["selection"]):
        assert f"{rfc3797.value(key, index):032X}" == line["md5"]
    assert rfc3797.select(key, 25, 16) == [line["selected"] for line in RFC["selection"]]
    picked = [RFC["names"][place - 1] for place in rfc3797.select(key, 25, 16)]
    assert picked == [line["name"] for line in RFC["selection"]]


# --- the consistent sampler -----------------------------------------------------------------


def test_the_functions_of_the_consistent_sampler_give_the_published_values():
    uniform, first, following = CONSISTENT["functions"]

    assert _as_ticket(int(sha256(uniform["arg"].encode()).hexdigest(), 16)) == uniform["out"]
    assert ticket(first["seed"], first["id"]) == first["out"]
    assert consistent_sampler.next_fraction(following["arg"]) == following["out"]


def ids_of(sample):
    return [str(i) for i in range(100)] if isinstance(sample["ids"], str) else sample["ids"]


@pytest.mark.parametrize("sample", CONSISTENT["samples"])
def test_published_samples_come_out(sample):
    """Draws with replacement are not ours to make: there the oracle itself is checked."""
    ids, out = ids_of(sample), [tuple(line) for line in sample["out"]]
    if sample.get("with_replacement"):
        oracle = consistent_sampler.sampler(
            ids, seed=sample["seed"], with_replacement=True, take=sample["take"], digits=9
        )
        assert [tuple(line) for line in oracle] == out
        return
    drawn = smallest(ids, len(out), str(sample["seed"]))
    assert [unit_id for _, unit_id in drawn] == [unit_id for _, unit_id, _ in out]
    assert all(
        full.startswith(short[:8]) for (full, _), (short, _, _) in zip(drawn, out, strict=True)
    )


def test_a_thousand_random_frames_are_drawn_as_the_consistent_sampler_does():
    chance = random.Random(1808)
    for _ in range(1_000):
        ids = list({f"{chance.randrange(10**5):05d}" for _ in range(chance.randint(1, 60))})
        seed = str(chance.randrange(10**20))
        take = chance.randint(1, len(ids))

        drawn = srs.draw(ids, take, seed)

        oracle = consistent_sampler.sampler(ids, seed=seed, take=take, output="id")
        assert drawn.chosen == tuple(oracle)


# --- R sampling 2.9 -------------------------------------------------------------------------


def r_blocks():
    """Return heading -> rows of numbers of the R listing."""
    blocks, heading = {}, ""
    for line in (DATA / "r_sampling_vectors.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        if "=" in line or "(" in line:
            heading = line.split(":")[0].strip()
            if ":" in line or line.startswith("pik6"):
                tail = line.replace("=", ":").split(":")[-1] if ":" in line else line.split("=")[1]
                blocks[heading.split(" ")[0]] = [[float(part) for part in tail.split()]]
                continue
            blocks[heading] = []
        else:
            blocks[heading].append([float(part) for part in line.split()])
    return blocks


R = r_blocks()
PI6 = [Fraction(share, 10) for share in (2, 7, 8, 5, 4, 4)]
SIZES8 = [10, 20, 30, 40, 45, 7, 3, 35]
PI8 = [Fraction(3 * size, 190) for size in SIZES8]
CASES = {"pik6": (PI6, [2, 7, 8, 5, 4, 4], 10), "pik8": (PI8, [3 * s for s in SIZES8], 190)}


def same(matrix, listed, tolerance):
    return all(
        abs(float(ours) - theirs) < tolerance
        for row, line in zip(matrix, listed, strict=True)
        for ours, theirs in zip(row, line, strict=True)
    )


@pytest.mark.parametrize("n", [2, 4, 6])
def test_inclusion_probabilities_with_certainty_units_equal_r(n):
    sizes = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89]

    ours = exact.inclusion(sizes, n)

    listed = R[f"inclusionprobabilities x={','.join(map(str, sizes))} n= {n}"][0]
    assert same([ours], [listed], 1e-14)
    assert sum(ours) == n


@pytest.mark.parametrize("case", CASES)
def test_sampford_joint_probabilities_equal_r(case):
    assert same(exact.sampford_joint(CASES[case][0]), R[f"UPsampfordpi2({case})"], 1e-14)


@pytest.mark.parametrize("case", CASES)
def test_systematic_joint_probabilities_equal_r(case):
    _, shares, total = CASES[case]

    assert same(exact.systematic_joint(shares, total), R[f"UPsystematicpi2({case})"], 2e-15)


def joint_of(samples, count):
    """Return joint probabilities of a table of samples."""
    joint = [[0] * count for _ in range(count)]
    for sample, chance in samples.items():
        for one in sample:
            for other in sample:
                joint[one][other] += chance
    return joint


def eliminated(chances):
    """Return Tillé's elimination design by enumeration: one unit at a time leaves the list."""
    n, states = int(sum(chances)), {frozenset(range(len(chances))): Fraction(1)}
    scale = 190 * 3
    sizes = [int(chance * scale) for chance in chances]
    for size in range(len(chances) - 1, n - 1, -1):
        wide = (
            exact.inclusion(sizes, size + 1)
            if size + 1 < len(sizes)
            else [Fraction(1)] * len(sizes)
        )
        narrow = exact.inclusion(sizes, size)
        after = {}
        for held, chance in states.items():
            for unit in held:
                out = 1 - narrow[unit] / wide[unit]
                rest = held - {unit}
                after[rest] = after.get(rest, 0) + chance * out
        states = after
    return states


def entropic(chances):
    """Return the design of largest entropy with these probabilities, by enumeration (N <= 8)."""
    n, count = int(sum(chances)), len(chances)
    odds = [float(chance / (1 - chance)) for chance in chances]
    for _ in range(400):
        weights = {
            s: prod(odds[u] for u in s) for s in map(frozenset, combinations(range(count), n))
        }
        whole = sum(weights.values())
        now = [sum(w for s, w in weights.items() if u in s) / whole for u in range(count)]
        odds = [
            odd * float(want) / have * (1 - have) / (1 - float(want))
            for odd, want, have in zip(odds, chances, now, strict=True)
        ]
    return {sample: weight / whole for sample, weight in weights.items()}


def test_enumerated_tille_midzuno_and_largest_entropy_designs_equal_r():
    """These designs are not offered; that our enumeration finds R's figures proves its matrices."""
    complement = eliminated([1 - chance for chance in PI6])
    midzuno = {frozenset(range(6)) - sample: chance for sample, chance in complement.items()}

    assert same(joint_of(eliminated(PI6), 6), R["UPtillepi2(pik6)"], 1e-14)
    assert same(joint_of(midzuno, 6), R["UPmidzunopi2(pik6)"], 1e-14)
    for case, (chances, _, _) in CASES.items():
        joint = joint_of(entropic(chances), len(chances))
        assert same(joint, R[f"UPmaxentropypi2({case})"], 2e-6)
