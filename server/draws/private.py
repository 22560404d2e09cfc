r"""Names and addresses behind the codes of a list: kept apart, bound to the draw by their hash.

The canonical file is text in UTF-8: a line with a salt, a header, one line per unit in the order
of codes, cells parted by tabs. `sha256sum private.tsv` shows the hash that the commitment holds,
so that nobody can put another family behind a code afterwards; without the salt the hash tells
nobody who is listed.

>>> data = canonical({"H2": ("Lò Văn A", "Bản Mới"), "H1": ("Vừ Thị B", "")}, "00ff")
>>> print(data.decode(), end="")  # doctest: +NORMALIZE_WHITESPACE
salt	00ff
unit_id	name	address
H1	Vừ Thị B
H2	Lò Văn A	Bản Mới
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy.orm import Session

from server import journal, text
from server.draws.models import Draw, PrivateFrame
from server.journal import Actor

HEADER = "unit_id\tname\taddress"
Names = Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Listed:
    """Who is behind a code."""

    code: str
    name: str
    address: str


def canonical(names: Names, salt: str) -> bytes:
    """Return the file of code -> (name, address)."""
    rows = ("\t".join((code, *names[code])) for code in sorted(names))
    return "".join(f"{line}\n" for line in (f"salt\t{salt}", HEADER, *rows)).encode()


def sealed(names: Names) -> tuple[bytes, str]:
    """Return the file with a fresh salt, and its hash; nothing when nobody is named."""
    if not any(any(each) for each in names.values()):
        return b"", ""
    data = canonical(names, secrets.token_hex(16))
    return data, sha256(data).hexdigest()


def read(data: bytes) -> list[Listed]:
    """Return the rows of a file, in the order of codes."""
    return [Listed(*line.split("\t")) for line in data.decode().splitlines()[2:]]


def names(session: Session, draw: Draw) -> list[Listed]:
    """Return who is behind the codes of a draw; nothing when there is no list, or it was erased."""
    kept = session.get(PrivateFrame, draw.id)
    return read(kept.content) if kept and kept.content else []


def labels(session: Session, draw: Draw) -> dict[str, str]:
    """Return what phones show of each unit: its code and initials."""
    return {one.code: f"{one.code} {initials(one.name)}".strip() for one in names(session, draw)}


def initials(name: str) -> str:
    """Return the first letters of a name's words.

    >>> initials("Đặng  thị Huệ"), initials("")
    ('Đ.T.H.', '')
    """
    return "".join(f"{word[0].upper()}." for word in text.clean(name).split())


def erase(session: Session, draw: Draw, actor: Actor) -> None:
    """Erase the names and addresses for good; codes, hash and result stay."""
    kept = session.get(PrivateFrame, draw.id)
    if kept is not None and kept.content is not None:
        kept.content = None
        session.flush()
        journal.write(session, actor, "draw.names-erased", "draw", draw.id, draw.plan_id)
