"""The frame (khung mẫu): the list of units a draw chooses from, as bytes that hash the same.

Canonical form: UTF-8 in Unicode NFC, line feeds, a header, columns in the order of `COLUMNS`
(those in which at least one unit has something), rows in the order of their ids, no tabs, no
spaces at the ends, whole sizes, degrees with six decimals. `sha256sum frame.tsv` shows its hash.

    >>> frame = Frame.from_rows([
    ...     {"unit_id": "03220", "size": "388", "name": "Huổi Só"},
    ...     {"unit_id": "03217", "size": "610", "name": "Tủa Chùa"},
    ...     {"unit_id": "03223", "size": "505", "excluded": "đường bị cắt"},
    ... ])
    >>> print(frame.tsv().decode(), end="")  # doctest: +NORMALIZE_WHITESPACE
    unit_id  size  excluded      name
    03217    610                 Tủa Chùa
    03220    388                 Huổi Só
    03223    505   đường bị cắt
    >>> len(frame.eligible), frame.sha256[:16]
    (2, '047ad27c5184b626')

Excluded units (with the reason) and purposive units (chỉ định, with the reason) stay in the file:
everyone sees them, no draw counts them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from hashlib import sha256
from itertools import pairwise

from sampling.errors import DuplicateId, EmptyFrame, NotCanonical
from sampling.rows import COLUMNS, Unit, degrees, read_unit

__all__ = ["COLUMNS", "Coverage", "Frame", "Unit", "coverage", "read_lines"]


@dataclass(frozen=True)
class Coverage:
    """A frame beside an edition of the official list of codes."""

    official: int
    units: int
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    duplicate: tuple[str, ...]
    zero_size: tuple[str, ...]
    excluded: Mapping[str, str]
    purposive: Mapping[str, str]

    @property
    def complete(self) -> bool:
        """Whether the frame lists exactly the official codes, each once."""
        return not (self.missing or self.extra or self.duplicate)

    @property
    def share(self) -> Fraction:
        """The share of official units that the draw may choose."""
        absent = set(self.missing) | set(self.excluded) | set(self.purposive)
        return Fraction(max(self.official - len(absent - set(self.extra)), 0), self.official or 1)


class Frame:
    """An immutable frame, its units in the order of their ids."""

    def __init__(self, units: Iterable[Unit]) -> None:
        listed = list(units)
        if not listed:
            raise EmptyFrame
        self.units = tuple(sorted(listed, key=lambda unit: unit.id))
        for before, after in pairwise(self.units):
            if before.id == after.id:
                rows = [row for row, unit in enumerate(listed, start=1) if unit.id == after.id]
                raise DuplicateId(unit_id=after.id, row=rows[1], first_row=rows[0])

    @classmethod
    def from_rows(
        cls, rows: Iterable[Mapping[str, object]], *, normalise: bool = False, first_row: int = 1
    ) -> "Frame":
        """Return the frame of rows keyed by `COLUMNS`; only `unit_id` must be there.

        Args:
            rows: sizes may be int or digits; lat and lon decimal degrees.
            normalise: turn texts into NFC and trim them, instead of refusing the row.
            first_row: the number errors give to the first row (2 for a sheet with a header).

        Raises:
            FrameError: one of its kinds, naming the row.
        """
        seen: dict[str, int] = {}
        units = []
        for row, record in enumerate(rows, start=first_row):
            unit = read_unit(record, row, normalise=normalise)
            if unit.id in seen:
                raise DuplicateId(unit_id=unit.id, row=row, first_row=seen[unit.id])
            seen[unit.id] = row
            units.append(unit)
        return cls(units)

    @classmethod
    def from_tsv(cls, data: bytes) -> "Frame":
        """Return the frame of canonical bytes; anything not canonical is refused."""
        frame = cls(read_lines(data.splitlines(keepends=True)))
        if frame.tsv() != data:
            raise NotCanonical(
                row=1,
                reason_vi="có cột trống hoàn toàn",
                reason_en="a column is empty in every row",
            )
        return frame

    @cached_property
    def eligible(self) -> tuple[Unit, ...]:
        """The units that a draw may choose, in the order of their ids."""
        return tuple(unit for unit in self.units if unit.eligible)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of the canonical file: those in which some unit has something."""
        filled = zip(COLUMNS, zip(*self.units, strict=True), strict=True)
        return tuple(
            name for name, cells in filled if any(cell not in ("", None) for cell in cells)
        )

    def tsv(self) -> bytes:
        """Return the canonical bytes."""
        return b"".join(self.lines())

    def lines(self) -> Iterator[bytes]:
        """Yield the canonical file line by line."""
        yield ("\t".join(self.columns) + "\n").encode()
        for cells in zip(*map(self._texts, self.columns), strict=True):
            yield ("\t".join(cells) + "\n").encode()

    def _texts(self, column: str) -> list[str]:
        """Return a column as the canonical file writes it."""
        if column in ("lat", "lon"):
            return [degrees(getattr(unit, column)) for unit in self.units]
        if column == "size":
            return ["" if unit.size is None else str(unit.size) for unit in self.units]
        place = COLUMNS.index(column)
        return [str(unit[place]) for unit in self.units]

    @cached_property
    def sha256(self) -> str:
        """The hash of the canonical bytes, 64 hexadecimal digits."""
        digest = sha256()
        for line in self.lines():
            digest.update(line)
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self.units)

    def __iter__(self) -> Iterator[Unit]:
        return iter(self.units)

    def check(self, official_codes: Iterable[str]) -> Coverage:
        """Return this frame beside the official codes: missing, extra, duplicate, zero size."""
        return coverage(self.units, official_codes)


def coverage(units: Iterable[Unit], official_codes: Iterable[str]) -> Coverage:
    """Return units beside the official codes; `units` may repeat an id, as a raw list does."""
    listed = list(units)
    ids = [unit.id for unit in listed]
    held, official = set(ids), set(official_codes)
    return Coverage(
        official=len(official),
        units=len(listed),
        missing=tuple(sorted(official - held)),
        extra=tuple(sorted(held - official)),
        duplicate=_repeated(ids),
        zero_size=tuple(sorted({unit.id for unit in listed if unit.size == 0})),
        excluded={unit.id: unit.excluded for unit in listed if unit.excluded},
        purposive={unit.id: unit.purposive for unit in listed if unit.purposive},
    )


def _repeated(ids: Sequence[str]) -> tuple[str, ...]:
    pairs = pairwise(sorted(ids))
    return tuple(sorted({after for before, after in pairs if before == after}))


# --- reading the canonical file -------------------------------------------------------------


def read_lines(lines: Iterable[bytes]) -> Iterator[Unit]:
    """Yield the units of a canonical file, line by line, each line proved canonical.

    Ids strictly ascend, so that a repeated id shows without remembering the ids.
    """
    source = iter(lines)
    header = _cells(next(source, b""), 1)
    if not header or header[0] != "unit_id" or list(header) != [c for c in COLUMNS if c in header]:
        raise NotCanonical(
            row=1,
            reason_vi=f"tiêu đề phải bắt đầu bằng unit_id và theo thứ tự {', '.join(COLUMNS)}",
            reason_en=f"the header starts with unit_id and follows the order {', '.join(COLUMNS)}",
        )
    last, plain = "", _plain_line(header)
    for row, line in enumerate(source, start=2):
        match = plain.match(line)
        unit = _unit_of_plain(header, match[0]) if match else _canonical_unit(line, header, row)
        if unit.id <= last:
            raise NotCanonical(
                row=row,
                reason_vi=f"mã '{unit.id}' trùng hoặc không theo thứ tự",
                reason_en=f"id '{unit.id}' is repeated or out of order",
            )
        last = unit.id
        yield unit


_PLAIN = {
    "unit_id": r"[0-9A-Za-z._-]+",
    "parent": r"[0-9A-Za-z._-]*",
    "size": r"(?:0|[1-9][0-9]{0,6})?",
}


def _plain_line(header: Sequence[str]) -> re.Pattern[bytes]:
    """Return the form of lines that need no closer look: plain letters and codes, no degrees."""
    parts = [_PLAIN.get(name, r"(?:[0-9A-Za-z._-]+(?: [0-9A-Za-z._-]+)*)?") for name in header]
    if {"lat", "lon"} & set(header):
        parts = [r"(?!)"]
    return re.compile("\t".join(parts).encode() + rb"\n\Z")


def _unit_of_plain(header: Sequence[str], line: bytes) -> Unit:
    record = dict(zip(header, line.decode()[:-1].split("\t"), strict=True))
    size = record.pop("size", "")
    return Unit(record.pop("unit_id"), size=int(size) if size else None, **record)  # type: ignore[arg-type]


def _cells(line: bytes, row: int) -> list[str]:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise NotCanonical(row=row, reason_vi="không phải UTF-8", reason_en="not UTF-8") from error
    if not text.endswith("\n") or "\r" in text:
        raise NotCanonical(
            row=row,
            reason_vi="mỗi dòng phải kết thúc bằng một ký tự LF",
            reason_en="every line ends with one line feed",
        )
    return text[:-1].split("\t")


def _canonical_unit(line: bytes, header: Sequence[str], row: int) -> Unit:
    cells = _cells(line, row)
    if len(cells) != len(header):
        raise NotCanonical(
            row=row,
            reason_vi=f"có {len(cells)} ô, tiêu đề có {len(header)}",
            reason_en=f"{len(cells)} cells under {len(header)} headings",
        )
    record = dict(zip(header, cells, strict=True))
    unit = read_unit(record, row)
    size = "" if unit.size is None else str(unit.size)
    written = (size, degrees(unit.lat), degrees(unit.lon))
    if written != tuple(record.get(column, "") for column in ("size", "lat", "lon")):
        raise NotCanonical(
            row=row,
            reason_vi="số viết không ở dạng chuẩn",
            reason_en="a number is not written in its canonical form",
        )
    return unit
