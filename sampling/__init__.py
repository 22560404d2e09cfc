"""Random selection that anyone can repeat, and estimates that a statistician accepts.

Pure functions on the standard library; whole numbers and fractions decide who is drawn.

    tickets      a number for each unit, and labelled streams of integers, from a hash
    frame        the list of units: canonical bytes, hash, coverage
    design       method, number, strata, reserves, certainty units, teams
    seeds        dice, lottery, joint numbers, beacons: what they must look like
    protocol     the commitment, made before the public number is known
    draw         frame + commitment + public number -> the units, with exact probabilities
    srs pps spatial allocation    the methods themselves
    register     draws, voids and releases in one chain
    bundle       the zip that an outsider checks with `verify_draw.py`
    errors       what is refused, one class per kind, in Vietnamese and English

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
    >>> package(drawn, frame)[:2]
    b'PK'
"""

from sampling.design import Allocation, Design
from sampling.draw import Draw, Selected, run
from sampling.errors import SamplingError
from sampling.frame import Coverage, Frame, Unit
from sampling.protocol import Commitment
from sampling.seeds import Beacon, DiceD6, DiceD10, Joint, Lottery, PublicSeed, source_from

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


def package(draw: Draw, frame: Frame, register_entries: tuple[str, ...] | list[str] = ()) -> bytes:
    """Return the zip of one draw (see `sampling.bundle`), loading the zip tools only then."""
    from sampling.bundle import package as build

    return build(draw, frame, register_entries)
