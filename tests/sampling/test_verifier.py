"""The stand-alone verifier finds the same draw, and finds what was tampered with."""

import ast
import io
import json
import random
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    package,
    run,
    verify_draw,
)
from sampling.protocol import digest
from sampling.register import draw_entry, entry, head, withheld

DIGITS = "48371 02955 61382 07714"


def frame_of(count, seed=1, strata=3):
    """A frame with sizes, points, strata, parents, one excluded and one purposive unit."""
    chance = random.Random(seed)
    rows = [
        {
            "unit_id": f"{3000 + number:05d}",
            "parent": f"{number % 7:03d}",
            "stratum": f"T{number % strata}",
            "size": str(chance.choice([chance.randint(1, 60), chance.randint(100, 900)])),
            "order_key": f"{chance.randint(0, 20):03d}",
            "lat": f"{21 + chance.random():.6f}",
            "lon": f"{103 + chance.random():.6f}",
        }
        for number in range(count)
    ]
    rows[0]["excluded"] = "đường bị cắt"
    rows[1]["purposive"] = "có đơn thư"
    return Frame.from_rows(rows)


def drawn(frame, design, text=DIGITS, **facts):
    commitment = Commitment.on(frame, design, "Giám sát 6 tháng", **facts)
    return run(commitment, frame, PublicSeed.parse(commitment.seed_source, text))


def failures(data):
    return [check.code for check in verify_draw.verify(io.BytesIO(data)) if not check.ok]


def changed(data, **texts):
    """Return the zip with some of its files replaced (keys with _ for the dot)."""
    names = {name.replace("__", "."): text for name, text in texts.items()}
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, names[name](text) if name in names else text)
    return target.getvalue()


DESIGNS = [
    Design("srs", n=7, reserves=4),
    Design("srs", n=6, reserves=2, teams=(4, 2)),
    Design("srs", n=9, reserves=2, strata=Allocation("proportional", minimum=2)),
    Design("srs", n=9, reserves=2, strata=Allocation("equal", maximum=4)),
    Design("srs", n=9, strata=Allocation("size", minimum=1)),
    Design("srs", n=11, strata=Allocation("neyman", minimum=2, spread={"T0": 9, "T1": 2})),
    Design("srs", n=11, strata=Allocation("power", minimum=1, spread={"T0": 9, "T1": 2})),
    Design("srs", n=9, reserves=1, strata=Allocation("fixed", fixed={"T0": 2, "T1": 3, "T2": 4})),
    Design("systematic", n=7),
    Design("systematic", n=7, reserves=3, teams=(3, 4)),
    Design("systematic", n=9, reserves=1, strata=Allocation("proportional")),
    Design("pps_systematic", n=7, certainty=True),
    Design("pps_systematic", n=7, reserves=3, certainty=True),
    Design("pps_pivotal", n=7, reserves=3, certainty=True),
    Design("pps_pivotal", n=7, certainty=True, order="key"),
    Design("pps_pivotal", n=9, reserves=2, certainty=True, strata=Allocation("equal")),
    Design("spatial", n=7),
    Design("spatial", n=7, reserves=2, by_size=True, certainty=True),
]


PACKED_FRAME = frame_of(25)
PACKED_DRAW = drawn(PACKED_FRAME, DESIGNS[13])
PACKED = package(PACKED_DRAW, PACKED_FRAME, [draw_entry(PACKED_DRAW, head([]))])


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: str(design)[:60])
@pytest.mark.parametrize("count", [25, 48])
def test_every_design_is_verified_by_the_independent_program(design, count):
    frame = frame_of(count, seed=count)

    drawing = drawn(frame, design)

    assert failures(package(drawing, frame)) == []
    assert len(drawing.main) == design.n
    assert [unit.id for unit in drawing.purposive] == ["03001"]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (DiceD10(digits=22), "4837102955 6138207714 90"),
        (DiceD6(), "1234561234561234561234561"),
        (
            Lottery("XSMB", "2026-07-02T18:15:00+07:00", (("ĐB", 5), ("Nhất", 5)) * 2),
            "01234 56789 11223-44556",
        ),
        (Joint(("UBND xã", "Đoàn", "Dân")), "Đoàn = 123456; Dân = 654321; UBND xã = 000000"),
        (Beacon("quicknet", 1234), "AB" * 31 + "07"),
    ],
)
def test_every_kind_of_public_number_is_verified(source, text):
    frame = frame_of(25)

    drawing = drawn(
        frame, DESIGNS[0], text, seed_source=source, committed_at="2026-07-02T09:00:00+07:00"
    )

    assert failures(package(drawing, frame)) == []


def registered():
    """A second draw after a first one was voided, with the register so far."""
    frame = frame_of(30)
    first = drawn(frame, DESIGNS[0])
    entries = [draw_entry(first, head([]))]
    entries.append(entry("void", head(entries), draw=head(entries), reason="đọc nhầm số"))
    second = drawn(frame, DESIGNS[0], "1" + DIGITS[1:], draw_no=2, prev=head(entries))
    entries.append(draw_entry(second, head(entries)))
    return frame, second, entries


def test_a_register_with_a_voided_draw_is_verified():
    frame, second, entries = registered()

    assert failures(package(second, frame, entries)) == []


def test_a_second_draw_without_a_void_is_exposed():
    frame = frame_of(30)
    first = drawn(frame, DESIGNS[0])
    entries = [draw_entry(first, head([]))]
    second = drawn(frame, DESIGNS[0], "1" + DIGITS[1:], draw_no=2, prev=head(entries))
    entries.append(draw_entry(second, head(entries)))

    assert failures(package(second, frame, entries)) == ["register-once"]


def withholding(*places):
    """The package of `registered` behind a draw for another purpose, with entries kept back."""
    frame = frame_of(30)
    other = drawn(frame, DESIGNS[0], "9" + DIGITS[1:], stage="việc khác")
    entries = [draw_entry(other, head([]))]
    first = drawn(frame, DESIGNS[0], prev=head(entries))
    entries.append(draw_entry(first, head(entries)))
    entries.append(entry("void", head(entries), draw=head(entries), reason="đọc nhầm số"))
    second = drawn(frame, DESIGNS[0], "1" + DIGITS[1:], draw_no=2, prev=head(entries))
    entries.append(draw_entry(second, head(entries)))
    kept = [withheld(digest(e)) if at in places else e for at, e in enumerate(entries)]
    return package(second, frame, kept), entries


def test_an_entry_that_is_not_public_yet_holds_its_place_by_its_hash():
    data, entries = withholding(0)

    text = zipfile.ZipFile(io.BytesIO(data)).read("register.jsonl").decode()
    assert failures(data) == [] and failures(withholding()[0]) == []
    assert "việc khác" not in text and digest(entries[0]) in text
    chain = next(c for c in verify_draw.verify(io.BytesIO(data)) if c.code == "register-chain")
    assert chain.seen.endswith(", 1 withheld")


def test_an_earlier_attempt_or_its_void_cannot_hide_behind_a_hash():
    assert failures(withholding(1)[0]) == ["register-once"]
    assert failures(withholding(2)[0]) == ["register-once"]


def test_a_hash_in_the_place_of_another_entry_breaks_the_chain():
    data, entries = withholding(0)
    swap = {"register__jsonl": lambda t: t.replace(digest(entries[0]).encode(), b"0" * 64)}
    short = {"register__jsonl": lambda t: t.replace(digest(entries[0]).encode(), b"0" * 63)}

    assert "register-chain" in failures(changed(data, **swap))
    assert "register-chain" in failures(changed(data, **short))


def test_a_removed_register_entry_is_exposed():
    frame, second, entries = registered()

    data = changed(package(second, frame, entries), register__jsonl=lambda t: t.split(b"\n", 1)[1])

    assert "register-chain" in failures(data)


def swap_units(text):
    lines = text.split(b"\n")
    lines[1], lines[2] = lines[2], lines[1]
    return b"\n".join(lines)


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("frame__tsv", lambda t: t.replace(b"103.", b"104.", 1), "frame"),
        ("frame__tsv", swap_units, "readable"),
        ("result__tsv", swap_units, "selection"),
        ("result__tsv", lambda t: re.sub(rb"0\.\d{12}", b"0.123456789012", t, count=1), "tickets"),
        ("result__tsv", lambda t: t.replace(b"\t23/7\t", b"\t24/7\t", 1), "weights"),
        ("result__tsv", lambda t: t.rsplit(b"\n", 2)[0] + b"\n", "selection"),
        ("commitment__json", lambda t: t.replace(b'"n":7', b'"n":6'), "seed-string"),
        ("commitment__json", lambda t: t.replace(b":", b": ", 1), "commitment-form"),
        ("seed__json", lambda t: t.replace(b"48371 02955", b"48371 02956"), "seed-form"),
        ("seed__json", lambda t: t.replace(b"07714", b"0771"), "seed-form"),
        ("seed__json", lambda t: t.replace(b"dice-d10", b"dice-d6"), "seed-form"),
    ],
)
def test_every_tampering_is_named(name, change, expected):
    frame = frame_of(25)
    data = package(drawn(frame, DESIGNS[0]), frame)

    tampered = changed(data, **{name: change})

    assert tampered != data
    assert expected in failures(tampered)


@given(
    st.sampled_from(["frame.tsv", "commitment.json", "result.tsv"]),
    st.integers(0, 10**6),
    st.integers(1, 255),
)
@settings(max_examples=150, deadline=None)
def test_any_changed_byte_is_found_and_no_file_breaks_the_verifier(name, place, flip):
    def change(text):
        place_in = place % len(text)
        return text[:place_in] + bytes([text[place_in] ^ flip]) + text[place_in + 1 :]

    assert failures(changed(PACKED, **{name.replace(".", "__"): change}))


@pytest.mark.parametrize("text", [b"", b"[" * 100_000, b"{}", b"null", b'{"n": 1e999}', b"\xff"])
@pytest.mark.parametrize("name", ["commitment__json", "seed__json", "register__jsonl"])
def test_nonsense_in_a_package_is_a_finding(name, text):
    assert failures(changed(PACKED, **{name: lambda _: text}))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["frame.tsv", "commitment.json", "seed.json", "result.tsv"])
def test_a_file_that_stands_twice_in_the_package_is_a_finding(name):
    """Another program might show the first of the two."""
    target = io.BytesIO(PACKED)
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr(name, archive.read(name))

    assert failures(target.getvalue()) == ["readable"]


def test_the_signed_paper_is_compared(tmp_path):
    frame = frame_of(25)
    drawing = drawn(frame, DESIGNS[0])
    path = tmp_path / "goi.zip"
    path.write_bytes(package(drawing, frame))

    def check(paper):
        return [c.ok for c in verify_draw.verify(str(path), paper) if c.code == "commitment-paper"]

    assert check(drawing.commitment.printed) == [True]
    assert check("0" * 64) == [False]


@pytest.mark.parametrize("data", [b"", b"PK not a zip", b"\x00"])
def test_what_is_no_package_is_said_so(data):
    assert failures(data) == ["readable"]


def quietly(path):
    """Say whether an interpreter runs (a version manager may leave empty names)."""
    return subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0


def interpreters():
    found = [sys.executable]
    for name in ("python3.8", "python3.12", "python3.13"):
        path = shutil.which(name)
        if path and quietly(path):
            found.append(path)
    return found


@pytest.mark.parametrize("python", interpreters())
def test_the_copy_in_the_package_runs_alone_from_a_terminal(python, tmp_path):
    frame = frame_of(25)
    data = package(drawn(frame, DESIGNS[15]), frame)
    (tmp_path / "goi.zip").write_bytes(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extract("verify_draw.py", tmp_path)

    answer = subprocess.run(
        [python, "-I", "verify_draw.py", "goi.zip", "--json"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )

    report = json.loads(answer.stdout)
    assert (answer.returncode, report["ok"]) == (0, True)
    assert {c["code"] for c in report["checks"]} >= {"frame", "seed-form", "selection", "weights"}
    assert all(c["vi"] and c["en"] for c in report["checks"])


def test_the_verifier_is_written_in_python_3_8():
    ast.parse(Path(verify_draw.__file__).read_text(), feature_version=(3, 8))


def test_the_verifier_imports_nothing_of_the_package():
    text = Path(verify_draw.__file__).read_text()

    assert not re.search(r"^\s*(from|import) +sampling", text, re.MULTILINE)
