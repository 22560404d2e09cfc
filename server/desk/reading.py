"""The public number of a draw as a room reads it: box by box, each with who reads it aloud."""

from collections.abc import Sequence
from dataclasses import dataclass

from sampling.seeds import Beacon, DiceD6, DiceD10, Joint, Lottery, Source

PER_ROW = 5


@dataclass(frozen=True)
class Row:
    """A row of boxes, one digit each; `first` is the number of its first box, from 1.

    label: whose digits they are: a party, a prize; '' for dice.
    """

    label: str
    boxes: int
    first: int


def rows(source: Source) -> list[Row]:
    """Return the rows of boxes into which a source's number is typed.

    >>> [row.boxes for row in rows(DiceD6())], rows(Joint(("Xã", "Huyện")))[1]
    ([5, 5, 5, 5, 5], Row(label='Xã', boxes=6, first=7))
    """
    match source:
        case DiceD10():
            parts = _fives(source.digits)
        case DiceD6():
            parts = _fives(source.throws)
        case Joint():
            parts = [(party, source.digits) for party in source.parties]
        case Lottery():
            parts = list(source.prizes)
        case Beacon():
            parts = [("", source.hex_digits)]
        case _:
            parts = []
    found, first = [], 1
    for label, boxes in parts:
        found.append(Row(label, boxes, first))
        first += boxes
    return found


def _fives(count: int) -> list[tuple[str, int]]:
    return [("", min(PER_ROW, count - done)) for done in range(0, count, PER_ROW)]


def joined(source: Source, digits: Sequence[str]) -> str:
    r"""Return typed boxes as the text that the source reads; an empty box stays a gap to be told.

    >>> joined(Joint(("Xã", "Huyện"), 6), "111111222222")
    'Huyện = 111111\nXã = 222222'
    """
    parts = []
    for row in rows(source):
        own = "".join(digits[row.first - 1 : row.first - 1 + row.boxes])
        parts.append(f"{row.label} = {own}" if isinstance(source, Joint) else own)
    return "\n".join(parts) if isinstance(source, Joint) else " ".join(parts)


def by_dice(source: Source) -> bool:
    """Tell whether witnesses read single dice in turn."""
    return isinstance(source, DiceD10 | DiceD6)


def reader(witnesses: Sequence[str], box: int) -> int:
    """Return which witness, from 1, reads the die in a box: each in turn, 0 when there is none.

    >>> [reader(["Hoa", "Sơn", "Hà"], box) for box in (1, 2, 3, 4)], reader([], 1)
    ([1, 2, 3, 1], 0)
    """
    return (box - 1) % len(witnesses) + 1 if witnesses else 0
