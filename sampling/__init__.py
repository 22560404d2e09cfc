"""Random selection that anyone can repeat, and estimates that a statistician accepts.

Pure functions of data to results, on the standard library alone. Whole numbers and fractions
decide who is drawn; floating point appears only in estimates, sizes and routes.

Before a draw
    rows frame  the list of units (khung mẫu): canonical bytes, hash, coverage, exclusions
    size        how many to draw: proportions, detection, lot quality; and the way back
    design      method, number, strata, reserves, certainty units, teams
    rotation    places seen lately drawn less often, never with chance zero

The draw, by protocol `rutmau/1`
    protocol    the commitment, printed and signed before the public number is known
    seeds       dice, lottery, joint numbers, beacons: what they must look like
    draw        frame + commitment + public number -> the units, with exact probabilities
    stream      the same from files of millions of rows
    tickets     a number for each unit, and labelled streams of integers, from a hash
    srs pps spatial allocation      the methods themselves
    exact       what a small design does, by enumeration

After a draw
    bundle      the package that an outsider checks with `verify_draw.py`, one plain file
    register    draws, voids and releases in one chain
    multistage  probabilities through the stages; reserves released in order
    route       in what order to visit
    estimate    totals, means, ratios, shares, domains, known totals; intervals
    calibrate clusters intervals quantiles      what the estimates stand on

`errors` lists what is refused, one class per kind, in Vietnamese and English. At a desk, without
a server: `python -m sampling draw|verify|size|estimate`.

A whole draw, from list to package:

    >>> from sampling import Commitment, Design, DiceD10, Frame, PublicSeed, package, run
    >>> frame = Frame.from_rows([
    ...     {"unit_id": "03217", "name": "Tủa Chùa"}, {"unit_id": "03220", "name": "Huổi Só"},
    ...     {"unit_id": "03223", "name": "Xín Chải"}, {"unit_id": "03226", "name": "Tả Sìn Thàng"},
    ... ])
    >>> commitment = Commitment.on(frame, Design("srs", n=2, reserves=1), "Giám sát 2026")
    >>> commitment.printed[:14]      # printed and signed; only then are the dice thrown
    '2e98 6747 f8a0'
    >>> seed = PublicSeed.parse(DiceD10(), "48371 02955 61382 07714")
    >>> drawn = run(commitment, frame, seed)
    >>> [(unit.id, unit.role, str(unit.pi)) for unit in drawn.selected]
    [('03220', 'main', '1/2'), ('03223', 'main', '1/2'), ('03226', 'reserve', '1/2')]

Anyone can do it again from the package, with a program that shares no code with this one:

    >>> import io
    >>> from sampling import verify_draw
    >>> [check.code for check in verify_draw.verify(io.BytesIO(package(drawn, frame)))]
    ... # doctest: +NORMALIZE_WHITESPACE
    ['commitment-form', 'frame', 'seed-form', 'seed-string', 'allocation', 'selection', 'tickets',
     'weights']

How many, and what a number can show:

    >>> from sampling import size
    >>> size.proportion(population=3000, deff=1.5, response=0.9)
    538
    >>> str(size.detection(population=18, bad=3, n=4))     # to find at least one of 3 bad in 18
    '113/204'

Estimates that keep the design:

    >>> from sampling.estimate import SurveyData
    >>> answers = [
    ...     {"vung": "NUI", "xa": "A", "w": 10, "biet": 1},
    ...     {"vung": "NUI", "xa": "B", "w": 10, "biet": 0},
    ...     {"vung": "BIEN", "xa": "C", "w": 5, "biet": 1},
    ...     {"vung": "BIEN", "xa": "D", "w": 5, "biet": 0},
    ... ]
    >>> share = SurveyData(answers, weight="w", ids=["xa"], strata=["vung"]).proportion("biet")
    >>> round(share.value, 3), round(share.se, 3), share.df
    (0.5, 0.373, 2)
"""

from typing import TYPE_CHECKING

from sampling.design import Allocation, Design
from sampling.draw import Draw, Selected, run
from sampling.errors import SamplingError
from sampling.frame import Coverage, Frame, Unit
from sampling.protocol import Commitment
from sampling.seeds import Beacon, DiceD6, DiceD10, Joint, Lottery, PublicSeed, source_from

if TYPE_CHECKING:
    from sampling.bundle import FrameLines

__all__ = [
    "Allocation",
    "Beacon",
    "Commitment",
    "Coverage",
    "Design",
    "DiceD6",
    "DiceD10",
    "Draw",
    "Frame",
    "Joint",
    "Lottery",
    "PublicSeed",
    "SamplingError",
    "Selected",
    "Unit",
    "package",
    "run",
    "source_from",
]


def package(
    draw: Draw, frame: "FrameLines", register_entries: tuple[str, ...] | list[str] = ()
) -> bytes:
    """Return the zip of one draw (see `sampling.bundle`), loading the zip tools only then."""
    from sampling.bundle import package as build

    return build(draw, frame, register_entries)
