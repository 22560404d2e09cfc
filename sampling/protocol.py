"""Protocol `rutmau/1`: first the commitment, then the public number, then the draw.

1. The frame is frozen; its hash is known (`frame.Frame.sha256`).
2. The commitment (this module) is canonical JSON: keys sorted, no spaces, only texts and whole
   numbers. It holds the frame's hash, the design, the purpose, where the public number will come
   from, and `prev`, the last hash of the register. Its own hash is printed and signed.
3. The public number is read aloud (`seeds`). The seed string is `rutmau/1|commitment|number`.
4. The draw is a function of frame, commitment and number (`draw.run`), and of nothing else.

The rules of the draw, for whoever writes it anew (labels are ALL or the name of the stratum; a
stream is the values SHA-256(key|label|1), SHA-256(key|label|2), ... taken below a bound without
remainder, key being the SHA-256 of the seed string in hexadecimal):

- Only units neither excluded nor purposive are counted and drawn; strata split them by name.
- `srs`: the n smallest tickets are main, the next are reserves (`tickets`).
- The other methods first set apart certainty units where allowed: as long as n times the largest
  size reaches the total, that unit is sure, and n and the total shrink. Of the rest n + reserves
  are drawn, those that fill a step of that larger draw being sure to be in it.
- `systematic`, `pps_systematic`: units by (order_key, id), laid out by n times their sizes; marks
  at r, r + total, ...; r below total from stream `start|label`. Sizes are 1 for `systematic`.
- `pps_pivotal`: units by (ticket, id), or by (order_key, id); `spatial`: a place below the number
  of open units, by id, and its nearest neighbour. Shares a, b in parts of the total T meet: if
  a + b <= T, the first takes all when a number below a + b is below a; else the first is chosen
  and the other keeps a + b - T when a number below 2T - a - b is below T - b, or the reverse.
  Streams `pivotal|label` and `spatial|label`.
- The drawn units, by id, are shuffled (from the last place down, with a place below its number)
  by stream `order|label`; the first n are main, the others reserves in that order.

    >>> from sampling.frame import Frame
    >>> frame = Frame.from_rows([{"unit_id": "03217"}, {"unit_id": "03220"}, {"unit_id": "03223"}])
    >>> commitment = Commitment.on(frame, Design("srs", n=1, reserves=1), purpose="Giám sát 2026")
    >>> commitment.printed[:19]
    '696d 1b61 1f5d 927e'
    >>> seed = PublicSeed.parse(commitment.seed_source, "48371029556138207714")
    >>> commitment.seed_string(seed).split("|")[::2]
    ['rutmau/1', '48371029556138207714']
"""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Protocol

from sampling.design import Design, design_from
from sampling.errors import BadCommitment, StaleSeed
from sampling.seeds import (
    Beacon,
    DiceD6,
    DiceD10,
    Joint,
    Json,
    Lottery,
    PublicSeed,
    Source,
    instant,
    source_from,
)
from sampling.tickets import Stream, seed_key, ticket

__all__ = [
    "NO_HASH",
    "PROTOCOL",
    "Beacon",
    "Commitment",
    "DiceD6",
    "DiceD10",
    "Joint",
    "Lottery",
    "PublicSeed",
    "Source",
    "Stream",
    "canonical",
    "digest",
    "in_fours",
    "seed_key",
    "source_from",
    "ticket",
]

PROTOCOL = "rutmau/1"
NO_HASH = "0" * 64
_TEXTS = ("plan", "stage", "parent", "committed_at", "private_frame_sha256")


class Hashed(Protocol):
    """Anything with the hash and the number of units of a frame."""

    @property
    def sha256(self) -> str:
        """The hash of the canonical bytes."""

    def __len__(self) -> int: ...


def canonical(record: Mapping[str, object]) -> str:
    """Return canonical JSON: sorted keys, no spaces, texts in NFC and whole numbers only.

    >>> canonical({"n": 4, "method": "srs"})
    '{"method":"srs","n":4}'

    Raises:
        BadCommitment: a float, a truth value, a null or a text not in NFC.
    """
    _only_texts_and_integers(record, "")
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _only_texts_and_integers(value: object, path: str) -> None:
    if isinstance(value, Mapping):
        for key, part in value.items():
            _only_texts_and_integers(key, path)
            _only_texts_and_integers(part, f"{path}.{key}".lstrip("."))
    elif isinstance(value, (list, tuple)):
        for part in value:
            _only_texts_and_integers(part, path)
    elif isinstance(value, str):
        if not unicodedata.is_normalized("NFC", value):
            raise BadCommitment(
                reason_vi=f"'{path}' chưa chuẩn hoá NFC", reason_en=f"'{path}' is not in NFC"
            )
    elif not isinstance(value, int) or isinstance(value, bool):
        raise BadCommitment(
            reason_vi=f"'{path}' phải là chữ hoặc số nguyên",
            reason_en=f"'{path}' must be a text or a whole number",
        )


def digest(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, 64 hexadecimal digits."""
    return sha256(text.encode()).hexdigest()


def in_fours(hexadecimal: str) -> str:
    """Return a hash in groups of four, as printed for people to compare.

    >>> in_fours("ef648a0918d05903")
    'ef64 8a09 18d0 5903'
    """
    return " ".join(hexadecimal[i : i + 4] for i in range(0, len(hexadecimal), 4))


@dataclass(frozen=True)
class Commitment:
    """What is promised before anyone knows the public number.

    draw_no: which attempt this is for the same plan, purpose, stage and parent; from 1.
    parent: the unit within which this stage draws, empty for the first stage.
    committed_at: an instant with its offset; with it, a lottery must come later.
    about: further facts bound by the hash, text by text (list edition, source of sizes, place).
    """

    frame_sha256: str
    design: Design
    purpose: str
    seed_source: Source = field(default_factory=DiceD10)
    prev: str = NO_HASH
    draw_no: int = 1
    units: int | None = None
    plan: str = ""
    stage: str = ""
    parent: str = ""
    committed_at: str = ""
    private_frame_sha256: str = ""
    about: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        hashes = (self.frame_sha256, self.prev, self.private_frame_sha256 or NO_HASH)
        if not all(len(text) == 64 and set(text) <= set("0123456789abcdef") for text in hashes):
            raise BadCommitment(
                reason_vi="mã băm phải gồm 64 chữ số thập lục phân",
                reason_en="a hash has 64 hexadecimal digits",
            )
        if self.draw_no < 1 or not self.purpose.strip():
            raise BadCommitment(
                reason_vi="cần mục đích và lần rút từ 1",
                reason_en="a purpose is needed, and a draw number from 1",
            )
        self._check_times()
        canonical(self.as_dict())

    def _check_times(self) -> None:
        source, before = self.seed_source, self.committed_at
        if before:
            moment = instant(before)
            if isinstance(source, Lottery) and instant(source.drawn_at) <= moment:
                raise StaleSeed(drawn_at=source.drawn_at, committed_at=before)

    @classmethod
    def on(
        cls,
        frame: Hashed,
        design: Design,
        purpose: str,
        *,
        seed_source: Source | None = None,
        prev: str = NO_HASH,
        draw_no: int = 1,
        plan: str = "",
        stage: str = "",
        parent: str = "",
        committed_at: str = "",
        private_frame_sha256: str = "",
        about: Mapping[str, str] | None = None,
    ) -> "Commitment":
        """Return the commitment to a frozen frame: its hash and its number of units."""
        return cls(
            frame_sha256=frame.sha256,
            units=len(frame),
            design=design,
            purpose=purpose,
            seed_source=seed_source or DiceD10(),
            prev=prev,
            draw_no=draw_no,
            plan=plan,
            stage=stage,
            parent=parent,
            committed_at=committed_at,
            private_frame_sha256=private_frame_sha256,
            about=about or {},
        )

    def as_dict(self) -> dict[str, Json]:
        """Return what the canonical JSON holds; what is empty is left out."""
        record: dict[str, Json] = {
            "protocol": PROTOCOL,
            "draw_no": self.draw_no,
            "frame_sha256": self.frame_sha256,
            "prev": self.prev,
            "purpose": self.purpose,
            "seed_source": self.seed_source.as_dict(),
            **self.design.as_dict(),
        }
        record.update({name: getattr(self, name) for name in _TEXTS if getattr(self, name)})
        if self.units is not None:
            record["units"] = self.units
        if self.about:
            record["about"] = dict(self.about)
        return record

    @cached_property
    def json(self) -> str:
        """The canonical JSON: these bytes are hashed."""
        return canonical(self.as_dict())

    @cached_property
    def sha256(self) -> str:
        """The hash that is printed before the public number is known."""
        return digest(self.json)

    @property
    def printed(self) -> str:
        """The hash in groups of four."""
        return in_fours(self.sha256)

    def seed_string(self, seed: PublicSeed) -> str:
        """Return `rutmau/1|commitment|public number`.

        Raises:
            BadCommitment: the number comes from another source than promised.
        """
        if seed.source != self.seed_source:
            raise BadCommitment(
                reason_vi="dãy số không lấy từ nguồn đã cam kết",
                reason_en="the public number is not from the source promised",
            )
        return f"{PROTOCOL}|{self.sha256}|{seed.value}"

    @classmethod
    def from_json(cls, text: str) -> "Commitment":
        """Return the commitment of canonical JSON.

        Raises:
            BadCommitment: not JSON, not canonical, or with a key this protocol does not know.
        """
        try:
            record = json.loads(text)
            commitment = cls._from_record(record)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadCommitment(
                reason_vi=f"không đọc được ({error})", reason_en=f"it cannot be read ({error})"
            ) from error
        if commitment.json != text:
            raise BadCommitment(
                reason_vi="không ở dạng chuẩn hoặc có mục lạ",
                reason_en="it is not canonical, or holds an unknown key",
            )
        return commitment

    @classmethod
    def _from_record(cls, record: Mapping[str, Json]) -> "Commitment":
        source = record["seed_source"]
        about = record.get("about", {})
        draw_no, units = record["draw_no"], record.get("units")
        if not (isinstance(source, dict) and isinstance(about, dict) and isinstance(draw_no, int)):
            raise TypeError("seed_source, about, draw_no")
        return cls(
            frame_sha256=str(record["frame_sha256"]),
            design=design_from(record),
            purpose=str(record["purpose"]),
            seed_source=source_from(source),
            prev=str(record["prev"]),
            draw_no=draw_no,
            units=units if isinstance(units, int) else None,
            about={key: str(value) for key, value in about.items()},
            **{name: str(record.get(name, "")) for name in _TEXTS},
        )
