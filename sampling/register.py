"""The register (sổ rút mẫu): draws, voids and releases in one chain that only grows.

An entry is canonical JSON; its hash is the head of the register, printed in the minutes. Each
entry holds the hash of the one before, so that any older paper exposes a draw that was removed
or rewritten. Kinds: `draw` (commitment, public number, result), `void` (a draw set aside, with a
reason and who approved) and `release` (a reserve used, with a reason and who approved). In a copy
for outsiders a line `withheld` stands for an entry that is not public yet: its hash, and no more.

    >>> first = entry("void", NO_HASH, draw="0" * 64, reason="gieo nhầm", approved_by="Minh")
    >>> head([first]) == digest(first)
    True
    >>> head([])[:8]
    '00000000'
"""

import json
from collections.abc import Mapping, Sequence

from sampling.draw import Draw
from sampling.errors import BadPackage
from sampling.protocol import NO_HASH, canonical, digest
from sampling.seeds import Json

KINDS = ("draw", "void", "release")


def entry(kind: str, prev: str, at: str = "", **facts: str | int) -> str:
    """Return one entry, canonical JSON without a line break; empty facts are left out."""
    if kind not in KINDS:
        raise BadPackage(
            reason_vi=f"loại ghi sổ {kind!r} không có", reason_en=f"no register entry {kind!r}"
        )
    record: dict[str, Json] = {"kind": kind, "prev": prev}
    record.update({name: fact for name, fact in {"at": at, **facts}.items() if fact != ""})
    return canonical(record)


def draw_entry(draw: Draw, prev: str, at: str = "") -> str:
    """Return the entry of a draw: its commitment in full, the number, the hash of the result."""
    return canonical(
        {
            "kind": "draw",
            "prev": prev,
            **({"at": at} if at else {}),
            "commitment": draw.commitment.as_dict(),
            "commitment_sha256": draw.commitment.sha256,
            "public_seed": draw.seed.value,
            "result_sha256": draw.sha256,
        }
    )


def withheld(sha256: str) -> str:
    """Return the line that holds the place of an entry by its hash.

    >>> withheld("ab" * 32)[:30]
    '{"kind":"withheld","sha256":"a'
    """
    return canonical({"kind": "withheld", "sha256": sha256})


def head(entries: Sequence[str]) -> str:
    """Return the hash of the last entry; sixty-four zeros for an empty register."""
    return digest(entries[-1]) if entries else NO_HASH


def check(entries: Sequence[str]) -> None:
    """Refuse a register whose entries do not follow one another.

    Raises:
        BadPackage: naming the entry, from 1.
    """
    before = NO_HASH
    for place, text in enumerate(entries, start=1):
        record = _record(text, place)
        if record.get("kind") == "withheld":
            before = str(record.get("sha256"))
            continue
        if record.get("prev") != before:
            raise BadPackage(
                reason_vi=f"mục {place} trong sổ không nối với mục trước",
                reason_en=f"register entry {place} does not follow the one before",
            )
        before = digest(text)


def _record(text: str, place: int) -> Mapping[str, object]:
    try:
        record = json.loads(text)
    except ValueError:
        record = None
    if not isinstance(record, dict) or canonical(record) != text:
        raise BadPackage(
            reason_vi=f"mục {place} trong sổ không ở dạng chuẩn",
            reason_en=f"register entry {place} is not canonical",
        )
    return record
