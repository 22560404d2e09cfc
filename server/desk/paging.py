"""Lists read page by page: by the key of the last row seen, never by counting rows off."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import request
from sqlalchemy import Select
from sqlalchemy.orm import Session

from server import web

SIZE = 50
_KEYS = ("before", "after")


@dataclass(frozen=True)
class Page:
    """Keys of one page, newest first, and the addresses of the pages beside it."""

    ids: Sequence[int]
    previous_url: str | None
    next_url: str | None


def page(session: Session, query: Select[Any], key: Any, size: int = SIZE) -> Page:
    """Return the page that the address asks for with `before` or `after` a key.

    `query` selects `key`, an integer column, alone; its rows come newest (largest) first.
    """
    before, after = web.asked_key("before"), web.asked_key("after")
    if after is not None and before is None:
        rows = session.scalars(query.where(key > after).order_by(key).limit(size + 1)).all()
        ids = list(reversed(rows[:size]))
        older, newer = bool(ids), len(rows) > size
    else:
        bounded = query if before is None else query.where(key < before)
        rows = session.scalars(bounded.order_by(key.desc()).limit(size + 1)).all()
        ids = list(rows[:size])
        older, newer = len(rows) > size, before is not None and bool(ids)
    return Page(
        ids,
        here(after=ids[0], before=None) if newer else None,
        here(before=ids[-1], after=None) if older else None,
    )


def here(**changes: object) -> str:
    """Return the address of this page with some of its arguments changed (None: taken away)."""
    kept = [(k, v) for k, v in request.args.items(multi=True) if k not in changes and v]
    kept += [(k, str(v)) for k, v in changes.items() if v is not None]
    return f"{request.path}?{urlencode(kept)}" if kept else request.path


def asked(*names: str) -> dict[str, str]:
    """Return the filters of the address as typed, '' for those not given."""
    return {name: request.args.get(name, "").strip()[:200] for name in names}
