#!/usr/bin/env python3
"""Re-do a random draw from its package and name every check. Python 3.8+, nothing to install.

    python verify_draw.py package.zip            each check on a line, in Vietnamese and English
    python verify_draw.py package.zip --json     the same for programs
    python verify_draw.py package.zip --commitment a095584b...   compare with the signed paper

Ends with 0 when every check holds, 1 when one fails, 2 when the file cannot be read.

It shares no code with the program that made the draw: it was written from the protocol alone
(rutmau/1: commitment first, public number after, SHA-256 for every choice), so that an error in
one shows in the other. Only whole numbers and fractions decide; there is no floating point.
"""

# ruff: noqa: B905  (the `strict` of zip is not in Python 3.8)

from __future__ import annotations

import argparse
import bisect
import hashlib
import heapq
import json
import re
import sys
import unicodedata
import zipfile
from datetime import datetime
from fractions import Fraction
from typing import IO, TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KNOWN = ["unit_id", "parent", "stratum", "size", "order_key", "excluded", "purposive"]
KNOWN += ["lat", "lon", "name"]
RESULT = ["role", "stratum", "rank", "unit_id", "ticket", "pi", "weight", "team", "parent"]
ZEROS = "0" * 64
LARGEST = 500_000_000  # bytes of any text but the frame
HASH = re.compile(r"[0-9a-f]{64}\Z")
ID = re.compile(r"[0-9A-Za-z._-]+\Z")

NAMES = {
    "readable": ("Gói đọc được", "The package can be read"),
    "commitment-form": (
        "Bản cam kết ở dạng chuẩn, không có số lẻ",
        "The commitment is canonical, without decimals",
    ),
    "commitment-paper": (
        "Mã cam kết trùng bản giấy đã ký",
        "The commitment is the one on the signed paper",
    ),
    "frame": (
        "Khung mẫu đúng dạng chuẩn và đúng mã băm đã cam kết",
        "The frame is canonical and has the hash committed",
    ),
    "seed-form": (
        "Dãy số công khai đủ dài, đúng dạng đã cam kết",
        "The public number is as long and of the form promised",
    ),
    "seed-string": (
        "Chuỗi hạt giống gắn mã cam kết với dãy số",
        "The seed string binds the commitment and the number",
    ),
    "seed-later": (
        "Kỳ quay số sau lúc cam kết",
        "The lottery was held after the commitment",
    ),
    "allocation": (
        "Số đơn vị của từng tầng tính lại trùng cam kết",
        "The numbers of the strata follow from the commitment",
    ),
    "selection": (
        "Đơn vị, thứ tự và vai trò rút lại trùng kết quả",
        "Units, order and roles drawn again equal the result",
    ),
    "tickets": (
        "Số phiếu tính lại trùng kết quả",
        "Tickets computed again equal the result",
    ),
    "weights": (
        "Xác suất và quyền số tính lại trùng kết quả",
        "Probabilities and weights computed again equal the result",
    ),
    "register-chain": (
        "Sổ rút mẫu nối liền, không mất mục nào",
        "The register is one unbroken chain",
    ),
    "register-draw": (
        "Mục cuối của sổ là lần rút này, cam kết nối vào sổ",
        "The last register entry is this draw, and the commitment hangs on the register",
    ),
    "register-once": (
        "Mỗi lần rút trước cho cùng mục đích đều đã huỷ có lý do",
        "Every earlier draw for the same purpose was voided with a reason",
    ),
}


class Check(NamedTuple):
    """One named check: what it is called, whether it holds, what was seen."""

    code: str
    vi: str
    en: str
    ok: bool
    seen: str = ""


def found(code: str, ok: bool, seen: str = "") -> Check:
    """Return a check with its names in both languages."""
    return Check(code, *NAMES[code], bool(ok), seen)


class Unreadable(Exception):
    """The package lacks a part or holds something that is not what it should be."""


class Row(NamedTuple):
    """What a draw needs to know of one unit."""

    id: str
    parent: str
    stratum: str
    size: int
    key: str
    lat: int
    lon: int


# --- numbers from the seed ------------------------------------------------------------------


def sha(text: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def canonical(value: Any) -> str:
    """Return the one way to write a value as JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def ticket(key: str, unit_id: str) -> str:
    """Return a unit's ticket: the decimal digits of its number, read backwards."""
    digits = str(int(sha(key + unit_id), 16))
    return "0." + (("0" * 64 + digits)[-max(64, len(digits)) :])[::-1]


def numbers(key: str, label: str) -> Callable[[int], int]:
    """Return a function: bound -> the next integer below it, from the stream of that label."""
    state = [0]

    def below(bound: int) -> int:
        while True:
            state[0] += 1
            value = int(sha(f"{key}|{label}|{state[0]}"), 16)
            if value // bound < 2**256 // bound:
                return value % bound

    return below


# --- the frame ------------------------------------------------------------------------------


def read_frame(stream: IO[bytes], digest: Any = None) -> Iterator[tuple[Row, bool, bool]]:
    """Yield (unit, drawable, purposive) line by line; complain of the first line that is wrong."""
    header, last = [""], ""
    for number, raw in enumerate(stream, start=1):
        if digest is not None:
            digest.update(raw)
        text = raw.decode("utf-8")
        if not text.endswith("\n") or "\r" in text or not composed(text):
            raise Unreadable(f"frame.tsv line {number}: not UTF-8 NFC ending in LF")
        cells = text[:-1].split("\t")
        if number == 1:
            header = cells
            if header[0] != "unit_id" or header != [name for name in KNOWN if name in header]:
                raise Unreadable(f"frame.tsv: header {cells!r}")
            width = len(header)
            at = [header.index(name) if name in header else width for name in KNOWN]
            continue
        if len(cells) != width or not ID.match(cells[0]) or cells[0] <= last:
            raise Unreadable(f"frame.tsv line {number}: {cells[0]!r} repeated, unordered or bad")
        last = cells[0]
        cells.append("")  # what a column that is not there holds
        _, parent, stratum, size, key, out, named, lat, lon, _ = [cells[place] for place in at]
        north, east = (int(part.replace(".", "")) if part else 0 for part in (lat, lon))
        row = Row(last, parent, stratum, int(size) if size else 0, key, north, east)
        yield row, not out and not named, bool(named) and not out


def composed(text: str) -> bool:
    """Return whether a text is in Unicode NFC."""
    return text.isascii() or unicodedata.is_normalized("NFC", text)


# --- how many from each stratum -------------------------------------------------------------


def split_shares(
    n: int, measure: dict[str, int], low: dict[str, int], high: dict[str, int]
) -> dict[str, int]:
    """Find the rate at which the bounded shares add up to n; then largest remainders."""

    def held(rate: Fraction) -> dict[str, Fraction]:
        return {
            s: min(max(rate * measure[s], Fraction(low[s])), Fraction(high[s])) for s in measure
        }

    turns = sorted(
        {Fraction(bound[s], measure[s]) for bound in (low, high) for s in measure if measure[s]}
    )
    below = [rate for rate in turns if sum(held(rate).values()) <= n]
    start = below[-1] if below else Fraction(0)
    base = held(start)
    moving = [
        s for s in measure if base[s] < high[s] and start * measure[s] >= low[s] and measure[s]
    ]
    missing = n - sum(base.values())
    rate = start + (Fraction(missing, sum(measure[s] for s in moving)) if missing else 0)
    final = held(rate)
    given = {s: int(final[s]) for s in measure}
    order = sorted(measure, key=lambda s: (given[s] - final[s], s))
    for s in order[: n - sum(given.values())]:
        given[s] += 1
    return given


def allocate(record: dict[str, Any], count: dict[str, int], size: dict[str, int]) -> dict[str, int]:
    """Return how many units each stratum gives."""
    rule, n = record.get("strata"), record["n"]
    if rule is None:
        return {"ALL": n}
    kind, least = rule["kind"], rule["minimum"]
    if kind == "fixed":
        return dict(rule["fixed"])
    low = dict.fromkeys(count, least)
    high = {s: min(count[s], rule.get("maximum", count[s])) for s in count}
    if kind in ("proportional", "equal", "size"):
        measure = {"proportional": count, "equal": dict.fromkeys(count, 1), "size": size}[kind]
        return split_shares(n, measure, low, high)
    power = 2 if kind == "neyman" else 1
    given = {s: max(least, min(1, high[s])) for s in count}
    offers = (
        (
            -Fraction(count[s] ** power * rule.get("spread", {}).get(s, 1) ** 2, have * (have + 1)),
            s,
            have,
        )
        for s in count
        for have in range(given[s], min(high[s], n))
    )
    for _, s, _ in heapq.nsmallest(n - sum(given.values()), offers):
        given[s] += 1
    return given


# --- the methods ----------------------------------------------------------------------------


def sure_ones(units: list[Row], n: int) -> tuple[list[Row], list[Row], int]:
    """Set apart, round after round, all units that fill a step of what is left."""
    sure: list[Row] = []
    rest = units
    while True:
        total, left = sum(u.size for u in rest), n - len(sure)
        more = [u for u in rest if left > 0 and left * u.size >= total]
        if not more:
            return sure, rest, left
        gone = {u.id for u in more}
        sure, rest = sure + more, [u for u in rest if u.id not in gone]


def on_marks(units: list[Row], n: int, below: Callable[[int], int]) -> list[str]:
    """Return the units on which equal steps from a random start fall."""
    total, ends, so_far = sum(u.size for u in units), [], 0
    for unit in units:
        so_far += n * unit.size
        ends.append(so_far)
    start = below(total)
    return [units[bisect.bisect_right(ends, start + j * total)].id for j in range(n)]


def duel(a: int, b: int, total: int, below: Callable[[int], int]) -> tuple[int, int]:
    """Return the new shares of two units that meet."""
    if a + b <= total:
        return (a + b, 0) if below(a + b) < a else (0, a + b)
    return (
        (total, a + b - total) if below(2 * total - a - b) < total - b else (a + b - total, total)
    )


def in_turn(units: list[Row], n: int, below: Callable[[int], int]) -> list[str]:
    """Return the units left standing when each meets the last survivor."""
    total = sum(u.size for u in units)
    shares = [n * u.size for u in units]
    stands = 0
    for place in range(1, len(units)):
        if shares[stands] in (0, total):
            stands = place
            continue
        shares[stands], shares[place] = duel(shares[stands], shares[place], total, below)
        if shares[stands] in (0, total):
            stands = place
    return [unit.id for unit, share in zip(units, shares) if share == total]


def nearest(line: list[tuple[int, int, str]], one: tuple[int, int, str]) -> str:
    """Return the unit nearest to one, looking north and south until latitude alone is too far."""
    home, best = bisect.bisect_left(line, one), (-1, "")
    for step in (-1, 1):
        place = home + step
        while 0 <= place < len(line):
            lat, lon, unit_id = line[place]
            apart = (25 * (lat - one[0])) ** 2
            if 0 <= best[0] < apart:
                break
            found = (apart + (24 * (lon - one[1])) ** 2, unit_id)
            best = found if best[0] < 0 else min(best, found)
            place += step
    return best[1]


def neighbours(units: list[Row], n: int, below: Callable[[int], int]) -> list[str]:
    """Return the units left standing when each meets its nearest neighbour."""
    total = sum(u.size for u in units)
    share = {u.id: n * u.size for u in units}
    spot = {u.id: (u.lat, u.lon, u.id) for u in units}
    names, line = sorted(spot), sorted(spot.values())
    while names:
        one = names[below(len(names))]
        other = nearest(line, spot[one])
        if other:
            share[one], share[other] = duel(share[one], share[other], total, below)
        for unit_id in (one, other):
            if unit_id and share[unit_id] in (0, total):
                del names[bisect.bisect_left(names, unit_id)]
                del line[bisect.bisect_left(line, spot[unit_id])]
    return [unit_id for unit_id, held in share.items() if held == total]


def walk(record: dict[str, Any], label: str, units: list[Row], n: int, key: str) -> list[str]:
    """Draw n of the units, already in the order of the method."""
    if record["method"] == "pps_pivotal":
        return in_turn(units, n, numbers(key, "pivotal|" + label))
    if record["method"] == "spatial":
        return neighbours(units, n, numbers(key, "spatial|" + label))
    return on_marks(units, n, numbers(key, "start|" + label))


def ordered(record: dict[str, Any], units: list[Row], key: str) -> list[Row]:
    """Return the units in the order of the walk, of size one where size does not count."""
    sized = record["method"].startswith("pps_") or record.get("by_size") == 1
    units = units if sized else [u._replace(size=1) for u in units]
    if record["method"] == "pps_pivotal" and record["order"] == "ticket":
        return sorted(units, key=lambda u: (ticket(key, u.id), u.id))
    return sorted(units, key=lambda u: (u.key, u.id))


class Line(NamedTuple):
    """One unit drawn: its role and its probability of being in the main sample."""

    role: str
    id: str
    pi: Fraction


def draw_stratum(
    record: dict[str, Any], label: str, units: list[Row], n: int, key: str
) -> list[Line]:
    """Return certainty units, main units and reserves of one stratum, in order."""
    spare = min(record["reserves"], len(units) - n)
    if n + spare == 0:
        return []
    units = ordered(record, units, key)
    sure, rest, left = sure_ones(units, n) if record.get("certainty") else ([], units, n)
    capped, open_ones, few = sure_ones(rest, left + spare)
    picked: dict[str, Fraction] = {u.id: Fraction(1) for u in capped}
    total = sum(u.size for u in open_ones)
    sizes = {u.id: u.size for u in open_ones}
    for unit_id in walk(record, label, open_ones, few, key) if few else []:
        picked[unit_id] = Fraction(few * sizes[unit_id], total)
    line, below = sorted(picked), numbers(key, "order|" + label)
    for last in range(len(line) - 1, 0, -1):
        other = below(last + 1)
        line[last], line[other] = line[other], line[last]
    share = Fraction(left, left + spare) if left + spare else Fraction(0)
    lines = [Line("certainty", unit_id, Fraction(1)) for unit_id in sorted(u.id for u in sure)]
    return lines + [
        Line("main" if place < left else "reserve", unit_id, picked[unit_id] * share)
        for place, unit_id in enumerate(line)
    ]


class Gathered:
    """What one reading of the frame leaves: its hash, counts, and what the draw needs."""

    def __init__(self, record: dict[str, Any], key: str) -> None:
        self.digest, self.units = hashlib.sha256(), 0
        self.count: dict[str, int] = {}
        self.size: dict[str, int] = {}
        self.apart: list[Row] = []  # named for a reason, without a weight
        self.pools: dict[str, list[tuple[str, Row]]] = {}  # the smallest tickets (simple draws)
        self.groups: dict[str, list[Row]] = {}  # all units (other methods)
        self.split, self.simple = "strata" in record, record["method"] == "srs"
        self.most, self.key = record["n"] + record["reserves"], key

    def read(self, stream: IO[bytes]) -> None:
        """Read the frame once; of simple draws only units with small tickets are kept."""
        bars: dict[str, str] = {}
        for row, free, purposive in read_frame(stream, self.digest):
            self.units += 1
            if not free:
                self.apart += [row] if purposive else []
                continue
            label = row.stratum if self.split else "ALL"
            self.count[label] = self.count.get(label, 0) + 1
            self.size[label] = self.size.get(label, 0) + row.size
            if not self.simple:
                self.groups.setdefault(label, []).append(row)
                continue
            number = ticket(self.key, row.id)
            if number > bars.get(label, "1"):
                continue
            pool = self.pools.setdefault(label, [])
            pool.append((number, row))
            if len(pool) > 2 * self.most + 1000:
                pool[:] = heapq.nsmallest(self.most, pool)
                bars[label] = pool[-1][0]


def redo(
    record: dict[str, Any], key: str, frame: Gathered, given: dict[str, int]
) -> tuple[dict[str, list[Line]], dict[str, str]]:
    """Return the lines of every stratum and the parents of the units in them."""
    lines, parents = {}, {}
    for label in sorted(frame.count):
        n, held = given[label], frame.count[label]
        if frame.simple:
            best = heapq.nsmallest(n + min(record["reserves"], held - n), frame.pools[label])
            units = [row for _, row in best]
            roles = ["main"] * n + ["reserve"] * (len(best) - n)
            lines[label] = [Line(r, row.id, Fraction(n, held)) for r, row in zip(roles, units)]
        else:
            units = frame.groups[label]
            lines[label] = draw_stratum(record, label, units, n, key)
        parents.update({row.id: row.parent for row in units})
    return lines, parents


# --- the checks -----------------------------------------------------------------------------


def floats(value: Any) -> bool:
    """Whether something other than texts and whole numbers is in there."""
    if isinstance(value, dict):
        return any(floats(part) for part in value.values())
    if isinstance(value, list):
        return any(floats(part) for part in value)
    return isinstance(value, bool) or not isinstance(value, (int, str))


def normalised(source: dict[str, Any], raw: str) -> str:
    """Return the public number as the protocol writes it, empty when it is malformed."""
    kind, pieces = source["kind"], [p for p in re.split(r"[\s,.;:_/-]+", raw) if p]
    joined = "".join(pieces)
    if kind == "dice-d10":
        good = re.match(rf"[0-9]{{{source['digits']}}}\Z", joined) and source["digits"] >= 20
    elif kind == "dice-d6":
        good = re.match(rf"[1-6]{{{source['throws']}}}\Z", joined) and source["throws"] >= 25
    elif kind == "beacon":
        good = re.match(rf"[0-9a-f]{{{source['hex_digits']}}}\Z", joined.lower())
        joined = f"{source['chain']}-{source['round']}-{joined.lower()}"
        return joined if good and source["hex_digits"] >= 16 else ""
    elif kind == "lottery":
        widths = [width for _, width in source["prizes"]]
        good = [len(p) for p in pieces] == widths and re.match(r"[0-9]{20,}\Z", joined)
        return "-".join(pieces) if good and len(set(joined)) > 1 else ""
    else:
        papers = {}
        for paper in re.split(r"[;\n]", raw):
            name, _, digits = paper.rpartition("=")
            papers[name.strip()] = re.sub(r"[\s,.:_/-]+", "", digits)
        papers.pop("", None)
        form = re.compile(rf"[0-9]{{{source['digits']}}}\Z")
        good = sorted(papers) == sorted(source["parties"]) and source["digits"] >= 6
        good = good and all(form.match(digits) for digits in papers.values())
        return "-".join(papers[name] for name in sorted(papers)) if good else ""
    return joined if good and len(set(joined)) > 1 else ""


def when(text: str) -> datetime:
    """Return an instant."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def seed_checks(record: dict[str, Any], seed: dict[str, Any], commitment: str) -> Iterator[Check]:
    """Yield the checks of the public number."""
    source, value = record["seed_source"], seed["public_seed"]
    form = normalised(source, seed["raw"])
    yield found(
        "seed-form",
        bool(form) and form == value and seed["kind"] == source["kind"],
        value,
    )
    string = "{}|{}|{}".format(record["protocol"], commitment, value)
    yield found(
        "seed-string",
        seed["seed_string"] == string and seed["seed_sha256"] == sha(string),
        seed["seed_sha256"],
    )
    if source["kind"] == "lottery" and record.get("committed_at"):
        yield found(
            "seed-later",
            when(source["drawn_at"]) > when(record["committed_at"]),
            source["drawn_at"],
        )


def commitment_checks(text: str, record: dict[str, Any], paper: str) -> Iterator[Check]:
    """Yield the checks of the commitment."""
    yield found(
        "commitment-form",
        canonical(record) == text and not floats(record) and record["protocol"] == "rutmau/1",
        record["protocol"],
    )
    if paper:
        yield found(
            "commitment-paper",
            re.sub(r"\s", "", paper).lower() == sha(text),
            paper,
        )


def expected_result(
    record: dict[str, Any],
    key: str,
    lines: dict[str, list[Line]],
    parents: dict[str, str],
    apart: list[Row],
) -> list[list[str]]:
    """Return the rows that the result file must hold, cell by cell."""
    teams = [str(t) for t, size in enumerate(record.get("teams", []), 1) for _ in range(size)]
    rows = []
    for label in sorted(lines):
        for place, (role, unit_id, pi) in enumerate(lines[label]):
            counts = role != "reserve" and pi
            weight = f"{pi.denominator}/{pi.numerator}" if counts else ""
            team = teams[place] if place < len(teams) else ""
            rows.append(
                [
                    role,
                    label,
                    str(place + 1),
                    unit_id,
                    ticket(key, unit_id)[:14],
                    f"{pi.numerator}/{pi.denominator}",
                    weight,
                    team,
                    parents.get(unit_id, ""),
                ]
            )
    for place, row in enumerate(apart, 1):
        shown = ticket(key, row.id)[:14]
        rows.append(["purposive", row.stratum, str(place), row.id, shown, "", "", "", row.parent])
    return rows


def result_checks(text: str, want: list[list[str]]) -> Iterator[Check]:
    """Yield the checks of the result file against what it should hold."""
    have = [line.split("\t") for line in text.split("\n")[:-1]]
    body = [row for row in have[1:] if len(row) == 9] if have[:1] == [RESULT] else []
    for code, places in (
        ("selection", (0, 1, 2, 3, 7, 8)),
        ("tickets", (3, 4)),
        ("weights", (3, 5, 6)),
    ):
        old, new = ([[row[p] for p in places] for row in rows] for rows in (body, want))
        wrong = [n for o, n in zip(old, new) if o != n][:1] or "number of rows"
        ok = old == new and len(have) == len(want) + 1
        yield found(code, ok, f"{len(want)}" if ok else f"first difference: {wrong}")


def register_checks(
    entries: list[str], record: dict[str, Any], commitment: str, result: str
) -> Iterator[Check]:
    """Yield the checks of the register."""
    read = [json.loads(text) for text in entries]
    hidden = [e["kind"] == "withheld" for e in read]  # its hash alone holds its place
    heads = [ZEROS] + [e["sha256"] if h else sha(t) for e, h, t in zip(read, hidden, entries)]
    yield found(
        "register-chain",
        all(
            (HASH.match(e["sha256"]) if out else e["prev"] == h) and canonical(e) == t
            for e, out, h, t in zip(read, hidden, heads, entries)
        ),
        heads[-1] + (f", {sum(hidden)} withheld" if any(hidden) else ""),
    )
    own = read[-1]
    yield found(
        "register-draw",
        sha(canonical(own.get("commitment"))) == commitment
        and own.get("result_sha256") == result
        and record["prev"] in heads[:-1],
        commitment[:16],
    )
    same = ("plan", "purpose", "stage", "parent")
    alike = [
        (e, head)
        for e, head in zip(read, heads[1:])
        if e["kind"] == "draw" and all(e["commitment"].get(k) == record.get(k) for k in same)
    ]
    void = {e.get("draw") for e in read if e["kind"] == "void" and e.get("reason")}
    tries = [e["commitment"]["draw_no"] for e, _ in alike]
    yield found(
        "register-once",
        tries == list(range(1, len(tries) + 1)) and all(head in void for _, head in alike[:-1]),
        f"draw_no {record['draw_no']}",
    )


def sum_check(record: dict[str, Any], counts: dict[str, int], given: dict[str, int]) -> Check:
    """Return the check of the numbers per stratum."""
    ok = sum(given.values()) == record["n"] and all(given[s] <= counts[s] for s in given)
    return found(
        "allocation",
        ok,
        ", ".join(f"{s} {given[s]}/{counts[s]}" for s in sorted(given))[:200],
    )


def part(package: zipfile.ZipFile, name: str) -> str:
    """Return one text of the package; a name that stands twice could show two faces."""
    if package.namelist().count(name) != 1:
        raise Unreadable(f"{name} must stand in the package once")
    if package.getinfo(name).file_size > LARGEST:
        raise Unreadable(f"{name} is too large")
    return package.read(name).decode("utf-8")


def checks(package: zipfile.ZipFile, paper: str = "") -> Iterator[Check]:
    """Yield the checks of one package, in order."""
    text = part(package, "commitment.json")
    record, commitment = json.loads(text), sha(text)
    yield from commitment_checks(text, record, paper)
    seed = json.loads(part(package, "seed.json"))
    key = sha(f"{record['protocol']}|{commitment}|{seed['public_seed']}")
    frame = Gathered(record, key)
    if package.namelist().count("frame.tsv") != 1:
        raise Unreadable("frame.tsv must stand in the package once")
    with package.open("frame.tsv") as stream:
        frame.read(stream)
    found_hash = frame.digest.hexdigest()
    yield found(
        "frame",
        found_hash == record["frame_sha256"] and record.get("units", frame.units) == frame.units,
        f"{frame.units} units, {found_hash}",
    )
    yield from seed_checks(record, seed, commitment)
    given = allocate(record, frame.count, frame.size)
    yield sum_check(record, frame.count, given)
    lines, parents = redo(record, key, frame, given)
    result = part(package, "result.tsv")
    yield from result_checks(result, expected_result(record, key, lines, parents, frame.apart))
    if "register.jsonl" in package.namelist():
        entries = part(package, "register.jsonl").split("\n")[:-1]
        yield from register_checks(entries, record, commitment, sha(result))


def verify(source: str | IO[bytes], paper: str = "") -> list[Check]:
    """Return every check of a package, the last one failed if the package cannot be read on.

    Args:
        source: the path of the zip, or the open file.
        paper: the commitment as printed on the signed paper, when at hand.
    """
    done: list[Check] = []
    try:
        with zipfile.ZipFile(source) as package:
            for check in checks(package, paper):
                done.append(check)
    except Exception as error:  # whatever is wrong with the file, that is the finding
        done.append(found("readable", False, f"{type(error).__name__}: {error}"))
    return done


def main(arguments: list[str] | None = None) -> int:
    """Print the checks of one package and return the exit code."""
    parser = argparse.ArgumentParser(description="Kiểm chứng một lần rút mẫu / check one draw")
    parser.add_argument("package", help="tệp .zip")
    parser.add_argument("--commitment", default="", help="mã cam kết trên bản giấy đã ký")
    parser.add_argument("--json", action="store_true", help="kết quả cho chương trình khác")
    chosen = parser.parse_args(arguments)
    found = verify(chosen.package, chosen.commitment)
    good = all(check.ok for check in found)
    if chosen.json:
        print(json.dumps({"ok": good, "checks": [c._asdict() for c in found]}, ensure_ascii=False))
    else:
        for check in found:
            print(
                "{} {} / {}: {}".format(
                    "OK " if check.ok else "SAI", check.vi, check.en, check.seen
                )
            )
        print("KẾT LUẬN: ĐÚNG / VERIFIED" if good else "KẾT LUẬN: SAI / FAILED")
    unreadable = any(check.code == "readable" for check in found)
    return 0 if good else 2 if unreadable else 1


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.exit(main())
