"""var/demo.json: the demonstration's passwords and phone tokens, so that every start can tell them.

The database keeps only their hashes. The file is readable by its owner alone.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Account:
    """One person who can sign in."""

    role: str
    name: str
    email: str
    password: str


@dataclass(frozen=True)
class PhoneKey:
    """One person's phone: its token, the team (numbered from 0) and its work.

    `work` is 'hamlets', 'households:0' (interviews in the team's first commune) or ''.
    """

    person: str
    token: str
    team: int
    work: str


@dataclass
class Keys:
    """All secrets of one demonstration."""

    plan_id: int = 0
    accounts: list[Account] = field(default_factory=list)
    phones: list[PhoneKey] = field(default_factory=list)

    def phone(self, work: str, team: int = 0) -> PhoneKey:
        """Return the phone that does some work in a team."""
        return next(key for key in self.phones if (key.work, key.team) == (work, team))


def path(var: Path) -> Path:
    """Return where the keys lie."""
    return var / "demo.json"


def read(var: Path) -> Keys | None:
    """Return the keys, or None when there are none that can be read."""
    try:
        held = json.loads(path(var).read_text("utf-8"))
        return Keys(
            held["plan_id"],
            [Account(**account) for account in held["accounts"]],
            [PhoneKey(**phone) for phone in held["phones"]],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(var: Path, keys: Keys) -> None:
    """Keep the keys, whole or not at all, for the owner's eyes."""
    half = path(var).with_suffix(".part")
    half.unlink(missing_ok=True)
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(keys), file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path(var))


def password() -> str:
    """Return a password that can be read aloud: twelve signs, some 59 bits.

    >>> len(password())
    14
    """
    signs = "".join(secrets.choice(LETTERS) for _ in range(12))
    return f"{signs[:4]}-{signs[4:8]}-{signs[8:]}"
