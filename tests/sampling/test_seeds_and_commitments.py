"""Public numbers and commitments: what is refused, and that nothing weak gets through."""

import json

import pytest

from sampling import (
    Allocation,
    Beacon,
    Commitment,
    Design,
    DiceD6,
    DiceD10,
    Frame,
    Joint,
    Lottery,
    PublicSeed,
    run,
    source_from,
)
from sampling import errors as e
from sampling.protocol import canonical

FRAME = Frame.from_rows({"unit_id": f"{code}", "size": code} for code in range(10, 30))
XSMB = Lottery(
    "XSMB", "2026-07-02T18:15:00+07:00", (("ĐB", 5), ("Nhất", 5), ("Nhì", 5), ("Nhì", 5))
)
PARTIES = Joint(("Đoàn", "UBND xã"))  # in the order of their names, by code point: U before Đ
DIGITS = "48371029556138207714"


@pytest.mark.parametrize(
    ("source", "text", "value"),
    [
        (DiceD10(), "4 8 3 7 1, 02955-61382.07714", DIGITS),
        (DiceD6(), "12345 61234 56123 45612 34561", "1234561234561234561234561"),
        (XSMB, "01234 - 56789\n11223 44556", "01234-56789-11223-44556"),
        (PARTIES, "Đoàn=123456; UBND xã = 65 43 21", "654321-123456"),
        (Beacon("quicknet", 7), "AB" * 32, "quicknet-7-" + "ab" * 32),
    ],
)
def test_each_source_has_one_way_to_be_written(source, text, value):
    assert PublicSeed.parse(source, text).value == value
    assert source_from(json.loads(canonical(source.as_dict()))) == source


BAD_SEEDS = [
    (DiceD10(), DIGITS[:-1], e.ShortSeed),
    (DiceD10(), "", e.ShortSeed),
    (DiceD10(), DIGITS + "1", e.LongSeed),
    (DiceD10(), DIGITS[:-1] + "l", e.MalformedSeed),
    (DiceD10(), DIGITS[:-1] + "٤", e.MalformedSeed),
    (DiceD10(), "7" * 20, e.MalformedSeed),
    (DiceD6(), "1234567" * 4, e.MalformedSeed),
    (DiceD6(), "123456", e.ShortSeed),
    (XSMB, "01234 56789 11223", e.ShortSeed),
    (XSMB, "1234 56789 11223 44556", e.MalformedSeed),
    (XSMB, "01234 56789 11223 44556 00001", e.LongSeed),
    (PARTIES, "Đoàn = 123456", e.MalformedSeed),
    (PARTIES, "Đoàn = 123456; UBND xã = 12345", e.ShortSeed),
    (PARTIES, "Đoàn = 123456; UBND xã = 1234567", e.LongSeed),
    (PARTIES, "Đoàn = 123456; UBND xã = 12345x", e.MalformedSeed),
    (PARTIES, "Đoàn = 123456; Đoàn = 123456", e.MalformedSeed),
    (Beacon("quicknet", 7), "xy" * 32, e.MalformedSeed),
    (Beacon("quicknet", 7), "ab" * 31, e.ShortSeed),
]


@pytest.mark.parametrize(("source", "text", "kind"), BAD_SEEDS)
def test_short_long_and_malformed_numbers_are_refused(source, text, kind):
    with pytest.raises(e.SeedError) as refused:
        PublicSeed.parse(source, text)

    assert type(refused.value) is kind
    assert "{" not in refused.value.vi and "{" not in refused.value.en


@pytest.mark.parametrize(
    "promise",
    [
        lambda: DiceD10(digits=19),
        lambda: DiceD6(throws=24),
        lambda: Lottery("Mega", "2026-07-02T18:00:00+07:00", (("số", 2),) * 6),
        lambda: Joint(("A", "B"), digits=5),
        lambda: Beacon("x", 1, hex_digits=15),
    ],
)
def test_sources_that_promise_too_little_chance_are_refused(promise):
    with pytest.raises(e.ShortSeed):
        promise()


def test_joint_numbers_need_two_parties_and_are_marked_weak():
    with pytest.raises(e.MalformedSeed):
        Joint(("Đoàn",))

    assert PublicSeed.parse(PARTIES, "Đoàn=123456; UBND xã=654321").weak
    assert not PublicSeed.parse(DiceD10(), DIGITS).weak


def test_fewer_witnesses_than_promised_are_refused():
    assert PublicSeed.parse(DiceD10(), DIGITS, ["Lan", "Minh", "Hoa"]).witnesses[0] == "Lan"
    with pytest.raises(e.TooFewWitnesses, match="2 witnesses, 3 promised"):
        PublicSeed.parse(DiceD10(), DIGITS, ["Lan", "Minh", "Minh"])


def test_a_lottery_held_before_the_commitment_is_refused():
    def commit(at):
        return Commitment.on(FRAME, Design("srs", 2), "thử", seed_source=XSMB, committed_at=at)

    assert commit("2026-07-02T18:14:59+07:00").sha256
    assert commit("2026-07-02T11:14:59Z").sha256
    for late in ("2026-07-02T18:15:00+07:00", "2026-07-03T08:00:00+07:00"):
        with pytest.raises(e.StaleSeed, match="not later than"):
            commit(late)
    with pytest.raises(e.BadCommitment, match="offset"):
        commit("2026-07-02T18:00:00")


def test_a_changed_frame_or_another_source_is_refused_at_the_draw():
    commitment = Commitment.on(FRAME, Design("srs", 2), "thử")
    other = Frame([*FRAME.units, FRAME.units[0]._replace(id="zz")])
    seed = PublicSeed.parse(DiceD10(), DIGITS)

    with pytest.raises(e.BadCommitment, match="not the one that was committed"):
        run(commitment, other, seed)
    with pytest.raises(e.BadCommitment, match="not from the source promised"):
        run(commitment, FRAME, PublicSeed.parse(DiceD10(21), DIGITS + "0"))


def test_a_commitment_is_read_back_with_everything_it_holds():
    allocation = Allocation("neyman", minimum=2, maximum=9, spread={"NUI": 40})
    design = Design("pps_pivotal", 12, 3, strata=allocation, certainty=True)
    commitment = Commitment.on(
        FRAME,
        design,
        "Giám sát",
        seed_source=XSMB,
        prev="ab" * 32,
        draw_no=2,
        plan="KH-12",
        stage="xa",
        parent="T11",
        committed_at="2026-07-01T08:00:00+07:00",
        private_frame_sha256="cd" * 32,
        about={"danh mục": "Quyết định 19/2025"},
    )

    assert Commitment.from_json(commitment.json) == commitment
    assert commitment.printed.replace(" ", "") == commitment.sha256


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"n": 4}',
        Commitment.on(FRAME, Design("srs", 2), "thử").json.replace('"n":2', '"n":2.0'),
        Commitment.on(FRAME, Design("srs", 2), "thử").json.replace('"n":2', '"n":2,"x":1'),
        Commitment.on(FRAME, Design("srs", 2), "thử").json.replace("dice-d10", "coin"),
        Commitment.on(FRAME, Design("srs", 2), "thử").json.replace("rutmau/1", "rutmau/2"),
    ],
)
def test_what_is_no_commitment_is_refused(text):
    with pytest.raises(e.SamplingError) as refused:
        Commitment.from_json(text)

    assert refused.value.vi and refused.value.en


@pytest.mark.parametrize(
    "facts", [{"n": 1.5}, {"n": True}, {"n": None}, {"a": {"b": [1, 2.0]}}, {"name": "o\u0301"}]
)
def test_canonical_json_takes_texts_and_whole_numbers_only(facts):
    with pytest.raises(e.BadCommitment):
        canonical(facts)


def test_a_commitment_needs_a_purpose_a_number_and_hashes():
    for change in ({"purpose": " "}, {"draw_no": 0}, {"prev": "abc"}):
        with pytest.raises(e.BadCommitment):
            Commitment(
                **{"frame_sha256": FRAME.sha256, "design": Design("srs", 2), "purpose": "x"}
                | change
            )
