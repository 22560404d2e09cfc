"""How long the rules take: 10,000 interviews against 58 rules of a large form, on one core.

python bench/rules.py [records]
"""

import datetime as dt
import sys
import time

from server.findings.params import DEFAULTS
from server.findings.rules import compile_rule, evaluate
from server.surveys.fields import Field

RULES = 58
SHAPES = (
    "q{a} = 'no'",
    "q{a} in ('no', 'dk') and n{a} > 0",
    "(n{a} > 0 and q{a} = 'no') or q{b} = 'yes'",
    "n{a} > 0 and n{b} / n{a} < param('job_rate_floor')",
    "selected(m{a}, 'khong') or (q{a} = 'no' and q{b} = 'no')",
    "c{a} > param('loss_rate_max')",
    "q{a} = 'no' and today() > d{a} + 10",
    "any(row: (r1 = 'no' and r2 > 3) or (r1 != 'no' and r2 < 2))",
)


def form() -> list[Field]:
    """Return a form of 150 questions in 30 groups and a repeat."""
    choices = tuple((value, {"vi": value}) for value in ("yes", "no", "dk"))
    many = tuple((value, {"vi": value}) for value in ("loa", "hop", "khong"))
    found = []
    for n in range(30):
        found += [
            Field(f"g{n}", f"g{n}", "group"),
            Field(f"g{n}/q{n}", f"q{n}", "select_one", choices=choices),
            Field(f"g{n}/n{n}", f"n{n}", "int"),
            Field(f"g{n}/m{n}", f"m{n}", "select_multiple", choices=many),
            Field(f"g{n}/c{n}", f"c{n}", "calculate"),
            Field(f"g{n}/d{n}", f"d{n}", "date"),
        ]
    row = Field("row", "row", "repeat")
    one = Field("row/r1", "r1", "select_one", repeat=True, choices=choices)
    return [*found, row, one, Field("row/r2", "r2", "int", repeat=True)]


def answers(seed: int) -> dict[str, object]:
    """Return the answers of one interview, a fifth of them left empty."""
    found: dict[str, object] = {}
    for n in range(30):
        turn = (seed * 31 + n * 7) % 10
        found[f"g{n}"] = {
            f"q{n}": (None, "yes", "no", "dk", "yes")[turn % 5],
            f"n{n}": None if turn < 2 else turn,
            f"m{n}": ["loa", "khong"] if turn % 3 else ["hop"],
            f"c{n}": str(turn * 4.5),
            f"d{n}": f"2024-03-{turn + 10:02d}",
        }
    found["row"] = [{"r1": "no" if k else "yes", "r2": (seed + k) % 5} for k in range(3)]
    return found


def main() -> None:
    """Print how many findings were raised, and how long that took."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    fields = form()
    texts = [SHAPES[n % len(SHAPES)].format(a=n % 30, b=(n + 1) % 30) for n in range(RULES)]
    began = time.process_time()
    rules = [compile_rule(text, fields, DEFAULTS) for text in texts]
    understood = time.process_time()
    params = {"job_rate_floor": 0.7, "loss_rate_max": 20}
    today, raised, spent = dt.date(2024, 4, 5), 0, 0.0
    for seed in range(records):
        given = answers(seed)
        start = time.process_time()
        raised += sum(evaluate(rule, given, params, today) for rule in rules)
        spent += time.process_time() - start
    print(f"{RULES} rules understood in {1000 * (understood - began):.0f} ms")
    print(f"{records} records x {RULES} rules: {spent:.2f} s CPU, {raised} findings")
    print(f"{1e6 * spent / records / RULES:.2f} microseconds a rule")


if __name__ == "__main__":
    main()
