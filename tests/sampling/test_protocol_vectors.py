"""The published vectors of protocol `rutmau/1`: any other program must find the same."""

import json
from pathlib import Path

import pytest

from sampling import Commitment, Design, DiceD10, Frame, PublicSeed, pps, run
from sampling.tickets import Stream, seed_key, short, ticket

DATA = Path(__file__).with_name("data")
VECTORS = json.loads((DATA / "protocol_vectors.json").read_text())
FRAME = Frame.from_tsv((DATA / "example_frame.tsv").read_bytes())
COMMITMENT = Commitment(
    frame_sha256=FRAME.sha256,
    design=Design("srs", n=4, reserves=3),
    purpose="Giám sát 6 tháng đầu năm 2024",
    seed_source=DiceD10(digits=20, witnesses=3),
)
SEED = PublicSeed.parse(DiceD10(), "48371 02955 61382 07714")
SEED_STRING = VECTORS["seed_string"]
SIZED = [(unit.id, unit.size or 0) for unit in FRAME.units]


def test_the_frame_file_has_the_published_hash_and_is_written_back_byte_for_byte():
    assert FRAME.sha256 == VECTORS["frame_sha256"]
    assert FRAME.tsv() == (DATA / "example_frame.tsv").read_bytes()


def test_the_commitment_is_the_published_json_and_hash():
    assert COMMITMENT.json == VECTORS["commitment_json"]
    assert COMMITMENT.sha256 == VECTORS["commitment_sha256"]
    assert Commitment.from_json(VECTORS["commitment_json"]) == COMMITMENT


def test_the_seed_string_binds_commitment_and_public_number():
    assert COMMITMENT.seed_string(SEED) == SEED_STRING
    assert seed_key(SEED_STRING) == VECTORS["seed_sha256"]


def test_every_ticket_is_the_published_one():
    assert {u.id: short(ticket(SEED_STRING, u.id)) for u in FRAME} == VECTORS["tickets"]
    assert ticket(SEED_STRING, "03217") == VECTORS["ticket_full_03217"]


def test_the_simple_random_draw_is_the_published_one():
    drawn = run(COMMITMENT, FRAME, SEED)

    assert [unit.id for unit in drawn.main] == VECTORS["srs_main"]
    assert [unit.id for unit in drawn.reserves] == VECTORS["srs_reserves"]


def test_the_stream_starts_with_the_published_value():
    vector = VECTORS["stream"]

    assert Stream(SEED_STRING, vector["label"]).value() == int(vector["first"], 16)


def test_systematic_by_size_starts_and_falls_where_published():
    vector = VECTORS["pps_systematic"]

    assert Stream(SEED_STRING, "start|ALL").below(vector["total"]) == vector["r"]
    start = Stream(SEED_STRING, "start|ALL")
    assert pps.systematic(SIZED, 4, vector["total"], start) == vector["selected"]


@pytest.mark.parametrize("vector", [VECTORS["pps_pivotal"]])
def test_pivotal_by_size_leaves_the_published_units(vector):
    stream = Stream(SEED_STRING, vector["label"])

    assert sorted(pps.pivotal(SIZED, vector["n"], 5964, stream)) == vector["selected"]
