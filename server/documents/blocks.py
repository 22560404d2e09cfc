"""The pieces of which a paper is written, with fields in them: `{{ plan_name }}`.

One wording makes the Word template (fields stay fields) and the PDF (fields are filled, here).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

Style = Literal["body", "basis", "heading", "plain", "code", "digits", "commands", "to"]
Align = Literal["left", "center", "right"]
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Say:
    """One paragraph."""

    text: str
    style: Style = "body"


@dataclass(frozen=True)
class Column:
    """A column of a table; `cell` may use `row`, width counts in parts of the whole."""

    title: str
    cell: str
    width: int
    align: Align = "left"


@dataclass(frozen=True)
class Table:
    """A table with one row for each of the list called `rows`; its head repeats on every page."""

    rows: str
    columns: tuple[Column, ...]
    size: int = 12


@dataclass(frozen=True)
class Each:
    """A paragraph for each of the list called `rows`; its text may use `row`."""

    rows: str
    say: Say


@dataclass(frozen=True)
class Framed:
    """Paragraphs in a frame, with the QR code called `qr` beside them."""

    lines: tuple[Say, ...]
    qr: str


@dataclass(frozen=True)
class When:
    """Blocks that stand only when a condition holds, e.g. `history`, and others when not."""

    test: str
    then: tuple["Block", ...]
    otherwise: tuple["Block", ...] = ()


Block = Say | Each | Table | Framed | When


@dataclass(frozen=True)
class Paper:
    """A whole paper.

    kind: 'Biên bản', printed in capitals; '' for a letter, which says what it is about on top.
    date: the field that holds its day, as it is said.
    signed: over each place for a signature, what stands there, and how it is signed.
    annex: title and blocks that begin a new page after the signatures.
    """

    name: str
    kind: str
    title: str
    body: tuple[Block, ...]
    date: str = "{{ signing_day }}"
    symbol: str = "…"
    letterhead: bool = True
    landscape: bool = False
    signed: tuple[tuple[str, str], ...] = ()
    recipients: tuple[str, ...] = ()
    annex: tuple[str, tuple[Block, ...]] | None = None


@dataclass(frozen=True)
class Qr:
    """A value that shows as a QR code of this text."""

    text: str


@cache
def language() -> SandboxedEnvironment:
    """Return how fields are read: nothing but values, and none may be missing."""
    return SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


@dataclass
class Filled:
    """The words of a paper with its fields filled, as the PDF's layout takes them."""

    values: Values
    pictures: dict[str, str] = field(default_factory=dict)

    def paper(self, wanted: Paper) -> dict[str, Any]:
        """Return the whole of it: plain texts, lists and numbers."""
        annex = wanted.annex
        return {
            "letterhead": wanted.letterhead,
            "landscape": wanted.landscape,
            "above": self.text("{{ agency_above }}"),
            "agency": self.text("{{ agency }}"),
            "symbol": wanted.symbol,
            "dated": self.text("{{ town }}, " + wanted.date),
            "kind": wanted.kind,
            "title": self.text(wanted.title),
            "stamp": self.text("{{ stamp }}"),
            "body": list(self.blocks(wanted.body)),
            "signed": [list(one) for one in wanted.signed],
            "recipients": [self.text(one) for one in wanted.recipients],
            "annex": [self.text(annex[0]), list(self.blocks(annex[1]))] if annex else [],
        }

    def text(self, wording: str) -> str:
        """Return some wording with its fields filled."""
        return language().from_string(wording).render(self.values)

    def blocks(self, wanted: Sequence[Block]) -> Iterator[dict[str, Any]]:
        """Yield blocks that stand, each with its kind."""
        for block in wanted:
            match block:
                case Say():
                    yield {"block": block.style, "text": self.text(block.text)}
                case Each():
                    each = language().from_string(block.say.text)
                    for row in self.values[block.rows]:
                        yield {"block": block.say.style, "text": each.render(row=row)}
                case Table():
                    yield self.table(block)
                case Framed():
                    shown = self.values[block.qr]
                    lines = list(self.blocks(block.lines))
                    yield {"block": "framed", "lines": lines, "qr": shown.text}
                case When():
                    holds = language().compile_expression(block.test)(**self.values)
                    yield from self.blocks(block.then if holds else block.otherwise)

    def table(self, wanted: Table) -> dict[str, Any]:
        """Return a table's columns and its cells, row after row in one line."""
        cells = [language().from_string(column.cell) for column in wanted.columns]
        return {
            "block": "table",
            "size": wanted.size,
            "titles": [column.title for column in wanted.columns],
            "widths": [column.width for column in wanted.columns],
            "aligns": [column.align for column in wanted.columns],
            "cells": [cell.render(row=row) for row in self.values[wanted.rows] for cell in cells],
        }
