"""What the caller of a bench may choose."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """How much, on what, and where other servers are installed.

    Attributes:
        count: sendings of one measurement.
        rounds: slices of the count in which floor and server are measured in turn.
        engines: 'sqlite' and 'postgres'.
        others: a virtual environment with gunicorn and granian, for comparison.
    """

    count: int = 2000
    rounds: int = 5
    engines: tuple[str, ...] = ("sqlite", "postgres")
    others: Path | None = None
