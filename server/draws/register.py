"""The register (sổ rút mẫu) in the database: one chain of entries that only grows."""

import json
from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from sampling.protocol import NO_HASH, canonical, digest
from server import clock
from server.draws.models import Draw, DrawState, RegisterEntry

__all__ = ["NO_HASH", "append", "digest", "entry_of", "head", "lock"]


def head(session: Session) -> str:
    """Return the hash of the register's last entry; it is printed on every paper."""
    last = session.scalar(select(RegisterEntry.sha256).order_by(RegisterEntry.id.desc()).limit(1))
    return last or NO_HASH


def lock(session: Session, draw: Draw) -> None:
    """Read the draw's state anew, and keep others from changing it until we are done."""
    session.execute(select(Draw.id).where(Draw.id == draw.id).with_for_update())
    session.refresh(draw, ["state", "seed", "seeded_at", "witnesses", "void_reason", "opened_at"])


def append(session: Session, draw: Draw, kind: str, line: Callable[[str], str]) -> None:
    """Write one entry at the register's end; `line` makes it, given the hash before."""
    if session.get_bind().dialect.name == "postgresql":  # writers to the chain queue
        session.execute(sql("LOCK TABLE draw_register IN EXCLUSIVE MODE"))
    prev = head(session)
    written = line(prev)
    session.add(
        RegisterEntry(
            draw_id=draw.id,
            kind=kind,
            entry=written,
            at=clock.now(),
            prev_sha256=prev,
            sha256=digest(written),
        )
    )
    session.flush()


def entry_of(session: Session, draw: Draw) -> str:
    """Return the hash by which the register knows the draw.

    A commitment given up before its result has no entry yet. It is written now, without a number
    or a result: whoever throws the dice and then "forgets" the draw leaves a trace that counts.
    """
    if draw.state in (DrawState.COMMITTED, DrawState.DRAWING):
        promise = {
            "kind": "draw",
            "at": clock.now().isoformat(),
            "commitment": json.loads(draw.commitment),
            "commitment_sha256": draw.commitment_sha256,
        }
        append(session, draw, "draw", lambda prev: canonical({**promise, "prev": prev}))
    return session.scalars(
        select(RegisterEntry.sha256).where(
            RegisterEntry.draw_id == draw.id, RegisterEntry.kind == "draw"
        )
    ).one()
