"""Where the public number comes from, what it must look like, and how it is written down.

The commitment names the source beforehand; the number itself is read aloud after the commitment
is printed. Each source says how many digits it will give; fewer or more are refused, for whoever
may choose where to stop may choose the sample.

    >>> source = DiceD10(digits=20, witnesses=3)
    >>> seed = PublicSeed.parse(source, "48371 02955 61382 07714")
    >>> seed.value, seed.bits
    ('48371029556138207714', 66)
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log2
from typing import ClassVar

from sampling.errors import BadCommitment, LongSeed, MalformedSeed, ShortSeed, TooFewWitnesses

MINIMUM_BITS = 64
JOINT_DIGITS = 6
_GAPS = re.compile(r"[\s,.;:_/-]+")

Json = str | int | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True)
class Source:
    """A kind of public number; `as_dict` is what the commitment says of it."""

    kind: ClassVar[str]

    def as_dict(self) -> dict[str, Json]:
        """Return the source as the commitment writes it."""
        raise NotImplementedError

    def normalise(self, text: str) -> str:
        """Return the number as the seed string holds it, or refuse it."""
        raise NotImplementedError

    @property
    def bits(self) -> int:
        """The whole bits of chance this source gives, if everyone is honest."""
        raise NotImplementedError


@dataclass(frozen=True)
class DiceD10(Source):
    """Ten-sided dice (0-9), read aloud by several people; at least 20 digits (66 bits)."""

    kind: ClassVar[str] = "dice-d10"
    digits: int = 20
    witnesses: int = 3

    def __post_init__(self) -> None:
        _at_least(self.bits, MINIMUM_BITS, self.digits, 20)

    def as_dict(self) -> dict[str, Json]:
        """Return the source as the commitment writes it."""
        return {"kind": self.kind, "digits": self.digits, "witnesses": self.witnesses}

    def normalise(self, text: str) -> str:
        """Return exactly `digits` digits 0-9."""
        return _exactly(_digits(text, "0123456789"), self.digits, text)

    @property
    def bits(self) -> int:
        """Log2(10) for each digit."""
        return int(self.digits * log2(10))


@dataclass(frozen=True)
class DiceD6(Source):
    """Six-sided dice (1-6), read aloud by several people; at least 25 throws (64 bits)."""

    kind: ClassVar[str] = "dice-d6"
    throws: int = 25
    witnesses: int = 3

    def __post_init__(self) -> None:
        _at_least(self.bits, MINIMUM_BITS, self.throws, 25)

    def as_dict(self) -> dict[str, Json]:
        """Return the source as the commitment writes it."""
        return {"kind": self.kind, "throws": self.throws, "witnesses": self.witnesses}

    def normalise(self, text: str) -> str:
        """Return exactly `throws` digits 1-6."""
        return _exactly(_digits(text, "123456"), self.throws, text)

    @property
    def bits(self) -> int:
        """Log2(6) for each throw."""
        return int(self.throws * log2(6))


@dataclass(frozen=True)
class Lottery(Source):
    """All prizes of one named lottery draw, in the order fixed here; at least 20 digits.

    `prizes` holds (name, digits) once for every number drawn, for example ("ĐB", 5).
    `drawn_at` is an instant with its offset, later than the commitment.
    """

    kind: ClassVar[str] = "lottery"
    company: str
    drawn_at: str
    prizes: tuple[tuple[str, int], ...]

    def __post_init__(self) -> None:
        instant(self.drawn_at)
        _at_least(self.bits, MINIMUM_BITS, sum(width for _, width in self.prizes), 20)

    def as_dict(self) -> dict[str, Json]:
        """Return the source as the commitment writes it."""
        prizes: list[Json] = [[name, width] for name, width in self.prizes]
        return {
            "kind": self.kind,
            "company": self.company,
            "drawn_at": self.drawn_at,
            "prizes": prizes,
        }

    def normalise(self, text: str) -> str:
        """Return the prizes joined by "-", every one with its leading zeros."""
        numbers = [part for part in _GAPS.split(text) if part]
        for (name, width), number in zip(self.prizes, numbers, strict=False):
            if len(_digits(number, "0123456789")) != width:
                raise MalformedSeed(
                    text=text,
                    reason_vi=f"giải {name} có {width} chữ số, không phải '{number}'",
                    reason_en=f"prize {name} has {width} digits, not '{number}'",
                )
        _exactly("".join(numbers), sum(width for _, width in self.prizes), text)
        return "-".join(numbers)

    @property
    def bits(self) -> int:
        """Log2(10) for each digit of each prize."""
        return int(sum(width for _, width in self.prizes) * log2(10))


@dataclass(frozen=True)
class Joint(Source):
    """Numbers that each party writes on paper, all turned up at once; one honest party is enough.

    The text gives `party = digits` for every party, separated by semicolons or line breaks.
    Six digits each are the least: with fewer, a party who may choose among many frames gains.
    """

    kind: ClassVar[str] = "joint"
    parties: tuple[str, ...]
    digits: int = JOINT_DIGITS

    def __post_init__(self) -> None:
        names = {name.strip() for name in self.parties if not re.search(r"[=;\n]", name)} - {""}
        if len(names) != len(self.parties) or len(names) < 2:
            raise MalformedSeed(
                text=", ".join(self.parties),
                reason_vi="cần ít nhất hai bên, không trùng tên, không có dấu = hay ;",
                reason_en="at least two parties, no name twice, none with = or ;",
            )
        object.__setattr__(self, "parties", tuple(sorted(names)))
        _at_least(self.digits, JOINT_DIGITS, self.digits, JOINT_DIGITS)

    def as_dict(self) -> dict[str, Json]:
        """Return the source as the commitment writes it."""
        return {"kind": self.kind, "parties": [*self.parties], "digits": self.digits}

    def normalise(self, text: str) -> str:
        """Return the parties' digits joined by "-", in the order of the parties' names."""
        papers = [part.rpartition("=") for part in re.split(r"[;\n]", text) if part.strip()]
        given = {name.strip(): number for name, _, number in papers}
        if set(given) != set(self.parties) or len(papers) != len(self.parties):
            names = ", ".join(self.parties)
            raise MalformedSeed(
                text=text,
                reason_vi=f"ghi mỗi bên một lần, 'bên = dãy số': {names}",
                reason_en=f"name each party once, 'party = digits': {names}",
            )
        numbers = [_digits(given[name], "0123456789") for name in sorted(given)]
        for number in numbers:
            _as_many(len(number), self.digits)
        return "-".join(numbers)

    @property
    def bits(self) -> int:
        """Log2(10) for each digit of one party: the one that is honest."""
        return int(self.digits * log2(10))


@dataclass(frozen=True)
class Beacon(Source):
    """One named round of a public randomness beacon, typed in as hexadecimal digits."""

    kind: ClassVar[str] = "beacon"
    chain: str
    round: int
    hex_digits: int = 64

    def __post_init__(self) -> None:
        _at_least(self.bits, MINIMUM_BITS, self.hex_digits, 16)

    def as_dict(self) -> dict[str, Json]:
        """Return the source as the commitment writes it."""
        return {
            "kind": self.kind,
            "chain": self.chain,
            "round": self.round,
            "hex_digits": self.hex_digits,
        }

    def normalise(self, text: str) -> str:
        """Return chain, round and the lower-case digits, joined by "-"."""
        value = _digits(text.lower(), "0123456789abcdef")
        return f"{self.chain}-{self.round}-{_exactly(value, self.hex_digits, text)}"

    @property
    def bits(self) -> int:
        """Four for each hexadecimal digit."""
        return 4 * self.hex_digits


@dataclass(frozen=True)
class PublicSeed:
    """The public number: as written (`raw`), as used (`value`), and who saw it."""

    source: Source
    raw: str
    value: str
    witnesses: tuple[str, ...] = ()

    @classmethod
    def parse(
        cls, source: Source, text: str, witnesses: Sequence[str] | None = None
    ) -> "PublicSeed":
        """Return the seed of what was read aloud.

        `witnesses` are names; when given, at least as many as the source promised.

        Raises:
            SeedError: too short, too long, malformed, or too few witnesses.
        """
        named = tuple(dict.fromkeys(name.strip() for name in witnesses or () if name.strip()))
        promised = getattr(source, "witnesses", 0)
        if witnesses is not None and len(named) < promised:
            raise TooFewWitnesses(have=len(named), need=promised)
        return cls(source, text, source.normalise(text), named)

    @property
    def bits(self) -> int:
        """The whole bits of chance in the number."""
        return self.source.bits

    @property
    def weak(self) -> bool:
        """Whether the source is below 64 bits: allowed for `joint`, worth a warning on paper."""
        return self.bits < MINIMUM_BITS


KINDS: Mapping[str, type[Source]] = {
    kind.kind: kind for kind in (DiceD10, DiceD6, Lottery, Joint, Beacon)
}


def source_from(record: Mapping[str, Json]) -> Source:
    """Return the source that a commitment describes.

    Raises:
        BadCommitment: the kind is unknown or its parts are not right.
    """
    parts: dict[str, object] = {key: value for key, value in record.items() if key != "kind"}
    if isinstance(parts.get("prizes"), list):
        parts["prizes"] = tuple(tuple(prize) for prize in parts["prizes"])  # type: ignore[attr-defined]
    if isinstance(parts.get("parties"), list):
        parts["parties"] = tuple(parts["parties"])  # type: ignore[arg-type]
    try:
        return KINDS[str(record.get("kind"))](**parts)
    except (KeyError, TypeError, ValueError) as error:
        raise BadCommitment(
            reason_vi=f"nguồn số ngẫu nhiên {dict(record)} không đúng",
            reason_en=f"the seed source {dict(record)} is not right",
        ) from error


def instant(text: str) -> datetime:
    """Return an instant written with its offset, such as 2026-07-02T18:15:00+07:00.

    Raises:
        BadCommitment: no instant, or no offset.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadCommitment(
            reason_vi=f"thời điểm {text!r} phải ghi đủ ngày, giờ và múi giờ",
            reason_en=f"the instant {text!r} needs a day, a time and an offset",
        )
    return moment


def _at_least(bits: int, enough: int, have: int, need: int) -> None:
    if bits < enough:
        raise ShortSeed(have=have, need=need)


def _digits(text: str, allowed: str) -> str:
    digits = _GAPS.sub("", text)
    wrong = sorted(set(digits) - set(allowed))
    if wrong:
        raise MalformedSeed(
            text=text,
            reason_vi=f"có ký tự {' '.join(wrong)} ngoài {allowed[0]}-{allowed[-1]}",
            reason_en=f"it holds {' '.join(wrong)}, outside {allowed[0]}-{allowed[-1]}",
        )
    return digits


def _exactly(digits: str, need: int, text: str) -> str:
    """Return the digits if there are as many as promised and not all alike."""
    _as_many(len(digits), need)
    if len(set(digits)) == 1:
        raise MalformedSeed(
            text=text,
            reason_vi="mọi chữ số đều giống nhau, không phải kết quả gieo",
            reason_en="every digit is the same: nobody threw that",
        )
    return digits


def _as_many(have: int, need: int) -> None:
    if have < need:
        raise ShortSeed(have=have, need=need)
    if have > need:
        raise LongSeed(have=have, need=need)
