"""Frames on disk give the same draws as in memory; packages are what they say."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sampling import (
    Allocation,
    Commitment,
    Design,
    DiceD10,
    Frame,
    PublicSeed,
    bundle,
    package,
    run,
    stream,
)
from sampling import errors as e
from sampling.register import draw_entry, head

SEED = PublicSeed.parse(DiceD10(), "48371029556138207714")
ROWS = [
    {
        "unit_id": f"{c:06d}",
        "parent": f"{c % 50:02d}",
        "stratum": f"Tầng {c % 3}",
        "size": 1 + c % 13,
        "excluded": "đã chuyển đi" if c == 7 else "",
        "purposive": "có đơn thư" if c == 8 else "",
    }
    for c in range(3_000)
]


def on_disk(frame, tmp_path):
    path = tmp_path / "khung.tsv"
    path.write_bytes(frame.tsv())
    return stream.FrameFile(path)


@pytest.mark.parametrize(
    "design",
    [
        Design("srs", 40, reserves=10),
        Design("srs", 40, reserves=5, strata=Allocation("proportional", minimum=2)),
        Design("srs", 40, reserves=5, strata=Allocation("size")),
        Design("systematic", 40),
        Design("pps_pivotal", 40, reserves=5, strata=Allocation("equal", maximum=14)),
    ],
    ids=lambda design: f"{design.method} {design.strata}",
)
@pytest.mark.parametrize("columns", [("parent", "stratum", "size"), tuple(ROWS[0])])
def test_a_frame_on_disk_gives_the_same_draw(design, columns, tmp_path):
    frame = Frame.from_rows({k: r[k] for k in ("unit_id", *columns)} for r in ROWS)
    file = on_disk(frame, tmp_path)
    commitment = Commitment.on(file, design, "thử")
    seen = []

    streamed = stream.run(commitment, file, SEED, seen.append)

    assert commitment == Commitment.on(frame, design, "thử")
    assert streamed.tsv() == run(commitment, frame, SEED).tsv()
    assert streamed.population == len(frame.eligible) == seen[-1]
    assert package(streamed, file) == package(run(commitment, frame, SEED), frame)


def test_a_file_that_changed_after_the_commitment_is_refused(tmp_path):
    file = on_disk(Frame.from_rows(ROWS), tmp_path)
    commitment = Commitment.on(file, Design("srs", 5), "thử")
    file.path.write_bytes(file.path.read_bytes().replace(b"000100", b"000099x"))

    with pytest.raises(e.BadCommitment, match="not the one that was committed"):
        stream.run(commitment, file, SEED)


def test_files_that_are_not_canonical_or_lack_strata_are_refused(tmp_path):
    path = tmp_path / "khung.tsv"
    for text in ("unit_id\nb\na\n", "unit_id\na\na\n", "unit_id\tsize\na\t01\n"):
        path.write_text(text)
        with pytest.raises(e.NotCanonical):
            stream.FrameFile(path)
    path.write_text("unit_id\n")
    with pytest.raises(e.EmptyFrame):
        stream.FrameFile(path)
    design = Design("srs", 2, strata=Allocation("equal"))
    for text, told in (
        ("unit_id\na\nb\n", "no strata"),
        ("unit_id\tstratum\na\tA\nb\t\n", "some unit"),
    ):
        path.write_text(text)
        file = stream.FrameFile(path)
        with pytest.raises(e.BadDesign, match=told):
            stream.run(Commitment.on(file, design, "thử"), file, SEED)


def test_the_package_holds_what_its_format_says_and_is_the_same_every_time():
    frame = Frame.from_rows(ROWS)
    drawn = run(Commitment.on(frame, Design("srs", 5), "Giám sát"), frame, SEED)
    entries = [draw_entry(drawn, head([]))]

    data = package(drawn, frame, entries)

    assert data == package(drawn, frame, entries)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == [
            "frame.tsv", "commitment.json", "seed.json", "result.tsv",
            "register.jsonl", "verify_draw.html", "verify_draw.py", "README.txt",
        ]  # fmt: skip
        assert archive.read("frame.tsv") == frame.tsv()
        assert archive.read("result.tsv") == drawn.tsv()
        assert drawn.commitment.printed in archive.read("README.txt").decode()
        own = Path(bundle.__file__).with_name("verify_draw.py").read_bytes()
        assert archive.read("verify_draw.py") == own


def test_a_package_of_another_frame_or_register_is_refused():
    frame, other = Frame.from_rows(ROWS), Frame.from_rows(ROWS[:99])
    one = run(Commitment.on(frame, Design("srs", 5), "thử"), frame, SEED)
    two = run(Commitment.on(other, Design("srs", 5), "thử"), other, SEED)

    with pytest.raises(e.BadPackage, match="not the one of this draw"):
        package(one, other)
    with pytest.raises(e.BadPackage, match="last register entry"):
        package(one, frame, [draw_entry(two, head([]))])


MILLION = """
import sys
from sampling import Commitment, Design, DiceD10, PublicSeed, stream
file = stream.FrameFile(sys.argv[1])
commitment = Commitment.on(file, Design("srs", 400, reserves=100), "do")
drawn = stream.run(commitment, file, PublicSeed.parse(DiceD10(), "48371029556138207714"))
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(len(drawn.selected), int(peak.split()[1]) / 1024)
"""


@pytest.mark.slow
def test_a_million_households_are_drawn_in_a_hundred_megabytes(tmp_path):
    path = tmp_path / "ho.tsv"
    with path.open("w") as file:
        file.write("unit_id\tparent\n")
        file.writelines(f"{home:010d}\t{home // 300:06d}\n" for home in range(1_000_000))

    answer = subprocess.run(
        [sys.executable, "-c", MILLION, str(path)], capture_output=True, text=True, check=True
    )

    drawn, megabytes = map(float, answer.stdout.split())
    assert drawn == 500
    assert megabytes < 100


def test_the_steps_of_the_read_me_can_be_followed_with_a_shell(tmp_path):
    """The package's own words, run: hash of the frame, commitment, key, ticket of one unit."""
    frame = Frame.from_rows(ROWS)
    drawn = run(Commitment.on(frame, Design("srs", 5), "Giám sát"), frame, SEED)
    with zipfile.ZipFile(io.BytesIO(package(drawn, frame))) as archive:
        archive.extractall(tmp_path)
    lines = (tmp_path / "README.txt").read_text().splitlines()
    commands = [line.strip() for line in lines if "sha256sum" in line and "   " in line]

    answers = [
        subprocess.run(["sh", "-c", c], cwd=tmp_path, capture_output=True, text=True, check=True)
        for c in commands
    ]

    found = [answer.stdout[:64] for answer in answers]
    assert found[:2] == [frame.sha256, drawn.commitment.sha256]
    assert f"kết quả phải là {found[2]}" in "\n".join(lines)
    assert str(int(found[3], 16))[::-1].startswith(drawn.main[0].short_ticket[2:])
