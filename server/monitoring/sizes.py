"""How many people a team should have, as plans name it. What differs is said, never refused.

District plans for the yearly review of poor households name 21 members for the periodic
supervision, drawn from the steering committee, and 5 officials for the unannounced one.
"""

from dataclasses import dataclass

from server.monitoring.models import About, Method, Round, RoundKind

USUAL: dict[tuple[About, RoundKind], int] = {
    (About.REVIEW, RoundKind.PERIODIC): 21,
    (About.REVIEW, RoundKind.UNANNOUNCED): 5,
    (About.PROGRAMME, RoundKind.UNANNOUNCED): 5,
}


@dataclass(frozen=True)
class SizeDoubt:
    """A team that has other than the expected number of members."""

    count: int
    expected: int


def expected(round_: Round) -> int | None:
    """Return how many members a team of the round should have; None: nobody says.

    What the round itself says comes first. A round by reports alone sends no team.
    """
    if round_.team_size is not None:
        return round_.team_size
    if round_.method is Method.INDIRECT:
        return None
    return USUAL.get((round_.about, round_.kind))


def doubt(round_: Round, members: int) -> SizeDoubt | None:
    """Return what is odd about the size of a team in a round, None when nothing is."""
    wanted = expected(round_)
    return None if wanted in (None, members) else SizeDoubt(members, wanted or 0)
