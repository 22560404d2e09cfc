r"""The command `python -m sampling`: draw, verify, size, estimate; CSV in, text or JSON out.

A draw takes two steps, with the public number thrown in between:

    python -m sampling draw xa.csv --method srs --n 4 --reserves 3 --purpose "Giám sát 2026" \
        --commit cam-ket.json                 # print this hash and sign it; then throw the dice
    python -m sampling draw xa.csv --commitment cam-ket.json --seed "48371 02955 61382 07714" \
        --out goi.zip

Exit codes: 0 done, 1 a check failed, 2 refused (the sentence says why and what to do).
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from operator import methodcaller
from pathlib import Path

from sampling import size, stream, verify_draw
from sampling.arguments import parser
from sampling.design import Allocation, Design
from sampling.draw import Draw, run, share_out, split
from sampling.errors import BadDesign, SamplingError
from sampling.estimate import Estimate, SurveyData
from sampling.frame import Frame, coverage
from sampling.protocol import Commitment, canonical, in_fours
from sampling.seeds import Json, PublicSeed, source_from
from sampling.tables import Bar, read_frame, read_rows, unreadable

Options = argparse.Namespace
Figure = tuple[str, str, Callable[[SurveyData], Estimate]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    for output in (sys.stdout, sys.stderr):
        if hasattr(output, "reconfigure"):
            output.reconfigure(encoding="utf-8")
    options = parser(_VERBS).parse_args(arguments)
    verb: Callable[[Options], int] = options.verb
    try:
        return verb(options)
    except SamplingError as error:
        if options.json:
            report = {"error": error.code, "vi": error.vi, "en": error.en}
            print(json.dumps(report, ensure_ascii=False))
        else:
            print(f"{error.vi}\n{error.en}", file=sys.stderr)
        return 2


def _say(options: Options, vi: str, en: str) -> None:
    """Print a sentence in the language asked for, unless a program is reading."""
    if not options.json:
        print(en if options.lang == "en" else vi)


# --- draw -----------------------------------------------------------------------------------


def draw(options: Options) -> int:
    """Commit to a draw, or make it."""
    bar = Bar("Khung mẫu / frame")
    frame = read_frame(options.frame, normalise=options.normalise, progress=bar)
    bar.end()
    if options.commitment:
        return _make(options, frame)
    design = _design(options)
    if isinstance(frame, Frame):  # what cannot be drawn is not to be promised
        share_out(design, split(frame.eligible, design))
    commitment = Commitment.on(
        frame,
        design,
        options.purpose,
        seed_source=source_from(_source(options)),
        prev=options.prev,
        draw_no=options.draw_no,
        plan=options.plan,
        stage=options.stage,
        parent=options.parent,
        committed_at=options.at,
        about=dict(options.about),
    )
    found = _coverage(options, frame)
    if options.commit:
        Path(options.commit).write_text(commitment.json, encoding="utf-8")
    if options.json:
        report = {"commitment": commitment.as_dict(), "sha256": commitment.sha256, **found}
        print(canonical(report))
    _say(
        options,
        f"Khung mẫu: {len(frame)} đơn vị, mã băm {in_fours(frame.sha256)}\n"
        f"Mã cam kết (in, ký, rồi mới gieo số): {commitment.printed}",
        f"Frame: {len(frame)} units, hash {in_fours(frame.sha256)}\n"
        f"Commitment (print and sign it before the dice are thrown): {commitment.printed}",
    )
    return 0


def _coverage(options: Options, frame: Frame | stream.FrameFile) -> dict[str, object]:
    """Return, and tell people, how the frame stands beside the official list."""
    if not options.official:
        return {}
    units = frame.units if isinstance(frame, Frame) else frame.units()
    found = coverage(units, (row.get("unit_id", "") for row in read_rows(options.official)))
    lists = {
        "missing": list(found.missing),
        "extra": list(found.extra),
        "zero_size": list(found.zero_size),
        "excluded": dict(found.excluded),
        "purposive": dict(found.purposive),
    }
    shown = "; ".join(f"{name}: {', '.join(codes)}" for name, codes in lists.items() if codes)
    _say(
        options,
        f"So với danh mục: phủ {found.share} đơn vị. {shown}",
        f"Beside the official list: {found.share} of the units. {shown}",
    )
    return {"coverage": {"share": str(found.share), **lists}}


def _make(options: Options, frame: Frame | stream.FrameFile) -> int:
    from sampling import bundle

    try:
        text = Path(options.commitment).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(options.commitment, error) from error
    commitment = Commitment.from_json(text)
    seed = PublicSeed.parse(commitment.seed_source, options.seed, options.witness)
    bar = Bar("Rút mẫu / drawing", len(frame))
    if isinstance(frame, Frame):
        drawn = run(commitment, frame, seed, bar)
    else:
        drawn = stream.run(commitment, frame, seed, bar)
    bar.end()
    if options.out:
        with Path(options.out).open("wb") as file:
            bundle.write(file, drawn, frame)
    _report(options, drawn)
    return 0


def _report(options: Options, drawn: Draw) -> None:
    if options.json:
        rows = [line.split("\t") for line in drawn.tsv().decode().splitlines()]
        units = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
        report = {
            "commitment_sha256": drawn.commitment.sha256,
            "public_seed": drawn.seed.value,
            "population": drawn.population,
            "result_sha256": drawn.sha256,
            "selected": units,
        }
        print(json.dumps(report, ensure_ascii=False))
        return
    print(drawn.tsv().decode(), end="")
    count, spare = len(drawn.main), len(drawn.reserves)
    _say(
        options,
        f"Đã chọn {count} trong {drawn.population} đơn vị, dự phòng {spare}. "
        f"Mã kết quả {in_fours(drawn.sha256)}",
        f"{count} of {drawn.population} units drawn, {spare} reserves. "
        f"Result {in_fours(drawn.sha256)}",
    )
    if drawn.seed.weak:
        _say(
            options,
            f"Lưu ý: nguồn số chỉ bảo đảm {drawn.seed.bits} bit ngẫu nhiên; nên dùng 64 bit.",
            f"Note: the source gives {drawn.seed.bits} bits of chance; 64 are better.",
        )


def _design(options: Options) -> Design:
    if not options.n or not options.method or not options.purpose:
        raise BadDesign(
            reason_vi="cần --method, --n và --purpose (hoặc --commitment và --seed để rút)",
            reason_en="give --method, --n and --purpose (or --commitment and --seed, to draw)",
        )
    strata = None
    if options.allocation:
        strata = Allocation(
            options.allocation,
            minimum=options.minimum,
            maximum=options.maximum,
            spread=dict(options.spread),
            fixed=dict(options.fixed),
        )
    return Design(
        options.method,
        n=options.n,
        reserves=options.reserves,
        strata=strata,
        certainty=options.certainty,
        order=options.order,
        teams=tuple(options.teams),
        by_size=options.by_size,
    )


def _source(options: Options) -> dict[str, Json]:
    """Return the source as the commitment writes it: a kind, or its JSON in full."""
    text: str = options.seed_source
    if text.startswith("{"):
        try:
            record = json.loads(text)
        except ValueError as error:
            raise unreadable("--seed-source", error) from error
        return dict(record)
    return {"kind": text}


# --- verify, size, estimate -----------------------------------------------------------------


def verify(options: Options) -> int:
    """Check a package with the stand-alone verifier."""
    extra = ["--json"] if options.json else []
    return verify_draw.main([options.package, "--commitment", options.paper, *extra])


def sizes(options: Options) -> int:
    """Answer one of the questions on sample size."""
    answer = _SIZES[options.question](options)
    if options.json:
        print(json.dumps(answer))
    else:
        for name, value in answer.items():
            print(f"{name}: {value:.4g}" if isinstance(value, float) else f"{name}: {value}")
    return 0


def _proportion(options: Options) -> dict[str, object]:
    n = size.proportion(
        p=options.p,
        half_width=options.half_width,
        population=options.population,
        deff=_deff(options),
        response=options.response,
        level=options.level,
    )
    return {"n": n, "deff": _deff(options)}


def _half_width(options: Options) -> dict[str, object]:
    half = size.half_width(
        n=options.n,
        p=options.p,
        population=options.population,
        deff=_deff(options),
        df=options.df,
        level=options.level,
    )
    return {"half_width": half, "deff": _deff(options)}


def _deff(options: Options) -> float:
    given: float = options.deff
    return given if options.take is None else size.design_effect(options.take, options.rho)


def _detection(options: Options) -> dict[str, object]:
    population = options.population or 0
    if options.n:
        found = size.detection(population=population, bad=options.bad, n=options.n)
        return {"chance": float(found)}
    n = size.detection_size(population=population, bad=options.bad, chance=options.chance)
    return {"n": n}


def _lqas(options: Options) -> dict[str, object]:
    rule = size.lqas(n=options.n or 19, upper=options.upper, lower=options.lower)
    curve = [[share, round(chance, 6)] for share, chance in rule.curve()]
    return {
        "accept": rule.accept,
        "alpha": float(rule.alpha),
        "beta": float(rule.beta),
        "curve": curve,
    }


_SIZES: dict[str, Callable[[Options], dict[str, object]]] = {
    "proportion": _proportion,
    "half-width": _half_width,
    "detection": _detection,
    "lqas": _lqas,
}


def estimate(options: Options) -> int:
    """Print estimates of a CSV of answers, whole or by domain."""
    survey = SurveyData(
        read_rows(options.data),
        weight=options.weight,
        ids=options.ids,
        strata=options.strata,
        fpc=options.fpc,
        lonely=options.lonely,
        level=options.level,
        least_rows=options.least_rows,
        least_psus=options.least_psus,
        first_row=2,
    )
    domains = {"": survey, **(survey.by(options.by) if options.by else {})}
    wanted = _wanted(options)
    bar = Bar("Ước lượng / estimating", len(domains) * len(wanted))
    table = []
    for domain, part in domains.items():
        for kind, column, figure in wanted:
            table.append((domain, kind, column, figure(part)))
            bar(len(table))
    bar.end()
    _print_table(options, table)
    return 0


def _wanted(options: Options) -> list[Figure]:
    """Return (kind, column, how to compute it) of every figure asked for."""
    wanted: list[Figure] = []
    for column in options.total:
        wanted.append(("total", column, methodcaller("total", column)))
    for column in options.mean:
        wanted.append(("mean", column, methodcaller("mean", column)))
    for text in options.proportion:
        column, _, value = text.partition("=")
        share = methodcaller("proportion", column, value or None, options.interval)
        wanted.append(("proportion", text, share))
    for text in options.ratio:
        top, _, base = text.partition("/")
        wanted.append(("ratio", text, methodcaller("ratio", top, base)))
    return wanted


def _print_table(options: Options, table: list[tuple[str, str, str, Estimate]]) -> None:
    if options.json:
        rows = [{"domain": d, "kind": k, "column": c, **e.as_dict()} for d, k, c, e in table]
        print(json.dumps(rows, ensure_ascii=False))
        return
    print("domain\tkind\tcolumn\tvalue\tse\tlow\thigh\tdeff\tn\tpsus")
    hidden = "quá ít mẫu" if options.lang == "vi" else "too few"
    for domain, kind, column, figure in table:
        facts = asdict(figure)
        cells = [
            hidden if figure.suppressed else "" if facts[name] is None else f"{facts[name]:.6g}"
            for name in ("value", "se", "low", "high", "deff")
        ]
        print("\t".join([domain, kind, column, *cells, str(figure.n), str(figure.psus)]))


_VERBS = {"draw": draw, "verify": verify, "size": sizes, "estimate": estimate}
