"""The command at a desk: commit, draw, verify, size, estimate; refusals explain themselves."""

import csv
import json
import os
import pty
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from sampling import cli, tables

DATA = Path(__file__).with_name("data")
DIGITS = "48371 02955 61382 07714"
COMMIT = ["--method", "srs", "--n", "3", "--reserves", "2", "--purpose", "Giám sát 2026"]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with a frame as Excel saves it: semicolons and a byte order mark."""
    monkeypatch.chdir(tmp_path)
    with Path("xa.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["unit_id", "name", "stratum", "size"])
        writer.writerows([f"{c:05d}", f"Xã {c}", "AB"[c % 2], c] for c in range(10, 30))
    return tmp_path


def answer(capsys, *arguments):
    """Run the command; return (exit code, what it printed, what it complained of)."""
    code = cli.main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def test_a_draw_is_committed_made_packed_and_verified(desk, capsys):
    code, out, _ = answer(capsys, "draw", "xa.csv", *COMMIT, "--commit", "ck.json")
    assert code == 0 and "Mã cam kết" in out

    code, out, _ = answer(
        capsys, "draw", "xa.csv", "--commitment", "ck.json", "--seed", DIGITS, "--out", "goi.zip"
    )
    assert code == 0 and "Đã chọn 3 trong 20 đơn vị, dự phòng 2" in out

    code, out, _ = answer(capsys, "verify", "goi.zip")
    assert code == 0 and "VERIFIED" in out
    code, out, _ = answer(capsys, "verify", "goi.zip", "--commitment", "0" * 64, "--json")
    failed = [check["code"] for check in json.loads(out)["checks"] if not check["ok"]]
    assert code == 1 and failed == ["commitment-paper"]


def test_programs_read_json(desk, capsys):
    _, out, _ = answer(capsys, "draw", "xa.csv", *COMMIT, "--commit", "ck.json", "--json")
    promised = json.loads(out)

    _, out, _ = answer(
        capsys, "draw", "xa.csv", "--commitment", "ck.json", "--seed", DIGITS, "--json"
    )

    drawn = json.loads(out)
    assert drawn["commitment_sha256"] == promised["sha256"]
    assert [unit["role"] for unit in drawn["selected"]] == ["main"] * 3 + ["reserve"] * 2
    assert {unit["pi"] for unit in drawn["selected"]} == {"3/20"}


def test_every_option_of_a_draw_reaches_the_commitment(desk, capsys):
    lottery = {"kind": "lottery", "company": "XSMB", "drawn_at": "2026-07-02T18:15:00+07:00"}
    lottery["prizes"] = [["ĐB", 5]] * 4
    arguments = [
        *("--method", "pps_pivotal", "--n", "6", "--allocation", "neyman", "--minimum", "2"),
        *("--maximum", "5", "--spread", "A=3,B=1", "--certainty", "--order", "key"),
        *("--purpose", "Đợt 2", "--plan", "KH-12", "--stage", "xa", "--parent", "T11"),
        *("--at", "2026-07-01T08:00:00+07:00", "--seed-source", json.dumps(lottery)),
    ]

    _, out, _ = answer(capsys, "draw", "xa.csv", *arguments, "--json")

    promised = json.loads(out)["commitment"]
    assert promised["strata"] == {
        "kind": "neyman", "minimum": 2, "maximum": 5, "spread": {"A": 3, "B": 1},
    }  # fmt: skip
    assert promised["seed_source"]["company"] == "XSMB" and promised["order"] == "key"
    assert [promised[k] for k in ("plan", "stage", "parent")] == ["KH-12", "xa", "T11"]


def test_the_frame_is_compared_with_the_official_list(desk, capsys):
    codes = [f"{code:05d}" for code in range(11, 31)]
    Path("danh-muc.csv").write_text("unit_id\n" + "\n".join(codes), encoding="utf-8")
    edition = ("--about", "danh mục=Quyết định 19/2025", "--official", "danh-muc.csv")

    _, told, _ = answer(capsys, "draw", "xa.csv", *COMMIT, *edition)
    _, out, _ = answer(capsys, "draw", "xa.csv", *COMMIT, *edition, "--json")

    found = json.loads(out)
    assert "phủ 19/20 đơn vị. missing: 00030; extra: 00010" in told
    assert found["coverage"]["missing"] == ["00030"] and found["coverage"]["share"] == "19/20"
    assert found["commitment"]["about"] == {"danh mục": "Quyết định 19/2025"}


def test_english_is_spoken_on_request(desk, capsys):
    _, out, _ = answer(capsys, "draw", "xa.csv", *COMMIT, "--lang", "en")

    assert "print and sign it before the dice are thrown" in out


@pytest.mark.parametrize(
    ("arguments", "vi", "en"),
    [
        (["draw", "no.csv", *COMMIT], "không đọc được tệp 'no.csv'", "cannot be read"),
        (["draw", "xa.csv"], "cần --method", "give --method"),
        (["draw", "xa.csv", *COMMIT, "--allocation", "fixed"], "'fixed' cần", "'fixed' goes"),
        (["draw", "xa.csv", "--commitment", "no.json"], "'no.json'", "cannot be read"),
        (["draw", "xa.csv", *COMMIT, "--seed-source", "{"], "--seed-source", "cannot be read"),
        (["draw", "xa.csv", *COMMIT, "--seed-source", "coin"], "nguồn số", "seed source"),
        (["size", "proportion", "--p", "2"], "p = 2.0", "out of range"),
        (["size", "detection"], "population = 0", "out of range"),
    ],
)
def test_wrong_use_explains_itself_in_both_languages(desk, capsys, arguments, vi, en):
    code, out, err = answer(capsys, *arguments)

    assert (code, out) == (2, "") and vi in err and en in err
    code, out, _ = answer(capsys, *arguments, "--json")
    report = json.loads(out)
    assert code == 2 and vi in report["vi"] and en in report["en"] and report["error"]


def test_bad_rows_are_named_by_their_line_in_the_sheet(desk, capsys):
    Path("xau.csv").write_text("unit_id,name\n03217,a\n03220,b\n03217,c\n", encoding="utf-8")

    code, _, err = answer(capsys, "draw", "xau.csv", *COMMIT)

    assert code == 2 and "Dòng 4: mã '03217' đã có ở dòng 2" in err


def test_names_typed_on_a_mac_are_refused_and_mended_on_request(desk, capsys):
    name = unicodedata.normalize("NFD", "Huổi Só")
    Path("mac.csv").write_text(f"unit_id,name\na, {name}\nb,x\nc,y\nd,z\ne,t\n", encoding="utf-8")

    assert answer(capsys, "draw", "mac.csv", *COMMIT)[0] == 2
    assert answer(capsys, "draw", "mac.csv", *COMMIT, "--normalise")[0] == 0


def test_a_large_canonical_file_is_drawn_from_disk(desk, capsys, monkeypatch):
    monkeypatch.setattr(tables, "LARGE_BYTES", 10)
    Path("xa.tsv").write_text("".join(["unit_id\n", *(f"{c}\n" for c in range(10, 60))]))
    answer(capsys, "draw", "xa.tsv", *COMMIT, "--commit", "ck.json")

    code, out, _ = answer(capsys, "draw", "xa.tsv", "--commitment", "ck.json", "--seed", DIGITS)

    monkeypatch.setattr(tables, "LARGE_BYTES", 10**9)
    again = answer(capsys, "draw", "xa.tsv", "--commitment", "ck.json", "--seed", DIGITS)
    assert code == 0 and "3 trong 50" in out and out == again[1]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["proportion", "--population", "3000", "--deff", "1.5", "--response", "0.9"], {"n": 538}),
        (["proportion", "--take", "21", "--rho", "0.05"], {"n": 769, "deff": 2.0}),
        (["detection", "--population", "18", "--bad", "3", "--chance", "0.8"], {"n": 8}),
        (["lqas", "--n", "19"], {"accept": 13}),
    ],
)
def test_sizes_are_answered(capsys, arguments, wanted):
    code, out, _ = answer(capsys, "size", *arguments, "--json")

    assert code == 0
    assert {key: json.loads(out)[key] for key in wanted} == wanted
    code, out, _ = answer(capsys, "size", *arguments)
    assert code == 0 and f"{next(iter(wanted))}: " in out


SURVEY = [
    *("estimate", str(DATA / "synth_3stage.csv"), "--weight", "w"),
    *("--ids", "commune,hamlet,household", "--strata", "region", "--fpc", "N1,N2,N3"),
]
FIGURES = [
    *("--mean", "income", "--total", "female", "--proportion", "female"),
    *("--proportion", "ethnic=DAO", "--ratio", "income/hhsize", "--by", "region"),
]


def test_estimates_are_printed_by_domain(capsys):
    code, out, _ = answer(capsys, *SURVEY, *FIGURES, "--json")

    rows = json.loads(out)
    assert code == 0 and len(rows) == 5 * 6
    whole = {row["column"]: row for row in rows if not row["domain"] and row["kind"] != "total"}
    assert round(whole["income"]["value"], 4) == 1571.7301
    assert round(whole["income/hhsize"]["se"], 4) == 16.3671
    assert round(whole["female"]["low"], 6) == 0.193961


def test_small_cells_are_not_printed(capsys):
    _, out, _ = answer(capsys, *SURVEY, "--mean", "income", "--by", "region", "--least-rows", "50")

    lines = [line.split("\t") for line in out.splitlines()]
    hidden = [line[0] for line in lines if line[3] == "quá ít mẫu"]
    assert hidden == ["DONG_BANG", "VEN_BIEN"] and len(lines) == 7


def test_a_bad_answer_is_named_by_its_line(desk, capsys):
    Path("phieu.csv").write_text('xa,w,y\na,1,3\nb,1,"8,842"\n', encoding="utf-8")

    code, _, err = answer(
        capsys, "estimate", "phieu.csv", "--weight", "w", "--ids", "xa", "--mean", "y"
    )

    assert code == 2 and "Dòng 3, cột 'y': '8,842' không phải số" in err


def test_the_module_runs_from_a_terminal(desk):
    answer = subprocess.run(
        [sys.executable, "-m", "sampling", "size", "detection", "--population", "18", "--bad", "3"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])},
    )

    assert answer.stdout == "n: 11\n"


def test_progress_is_shown_to_people_and_only_on_long_work(monkeypatch):
    """A real terminal on the other side of a pseudo-terminal reads the bar."""
    reader, writer = pty.openpty()
    terminal = os.fdopen(writer, "w")
    monkeypatch.setattr(sys, "stderr", terminal)
    times = iter([0.0, 0.1, 5.0, 5.01, 6.0])
    monkeypatch.setattr(tables, "monotonic", lambda: next(times))

    bar = tables.Bar("Rút mẫu", 100)
    for done in (1, 50, 51, 100):
        bar(done)
    bar.end()
    terminal.flush()

    seen = ""
    while "\033[K" not in seen:  # what clears the line at the end
        seen += os.read(reader, 4096).decode()
    terminal.close()
    os.close(reader)
    assert "Rút mẫu [###############...............] 50 %" in seen
    assert "100 %" in seen and " 1 %" not in seen and " 51 %" not in seen


def test_progress_says_nothing_to_a_file(capsys, monkeypatch):
    monkeypatch.setattr(tables, "_WAIT_S", 0)

    tables.Bar("Rút mẫu")(5)

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("size", ["8,842", "8.842", "1_000", "bốn", "٤"])
def test_a_size_that_could_be_read_in_two_ways_is_refused_with_the_way_out(size, capsys):
    with pytest.raises(SystemExit):
        cli.main(["draw", "xa.csv", "--n", size])

    assert f"'{size}': hãy viết liền các chữ số" in capsys.readouterr().err


def test_more_units_than_there_are_are_refused_before_anything_is_promised(tmp_path, capsys):
    (tmp_path / "xa.csv").write_text("unit_id\n13700\n13701\n")

    told = ["--method", "srs", "--n", "3", "--purpose", "thử", "--commit", str(tmp_path / "c")]
    assert cli.main(["draw", str(tmp_path / "xa.csv"), *told]) == 2

    assert "3" in capsys.readouterr().err
    assert not (tmp_path / "c").exists()
