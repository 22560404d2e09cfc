"""The areas of a file, each matched with its unit of an edition: by code, else by name.

Pure: the units come in as `Units`, and nothing is stored here.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from server.places import islands
from server.places.boundary_problems import (
    AmbiguousName,
    NamesDisagree,
    NotTheIslands,
    OutsideTheirArea,
    RepeatedUnit,
    UnknownUnitCode,
    UnknownUnitName,
    Unnamed,
)
from server.places.names import searchable
from server.places.outlines import Outline
from server.places.problems import RowProblem
from server.places.scope import covers

CODES = (
    "maxa", "maphuongxa", "maxaphuong", "maphuong", "maxp", "maphx", "communecode", "wardcode",
    "mahuyen", "maqh", "maquanhuyen", "districtcode", "matinh", "mattp", "matinhthanh",
    "provincecode", "madvhc", "madonvihanhchinh", "code", "ma",
)  # fmt: skip
_COMMUNES = (
    "tenxa", "tenphuongxa", "tenxaphuong", "xaphuong", "commune", "communename", "wardname",
)  # fmt: skip
_DISTRICTS = ("tenhuyen", "quanhuyen", "district", "districtname")
_PROVINCES = ("tentinh", "tinhthanh", "province", "provincename")
_ANY = ("tendvhc", "tendonvihanhchinh", "name", "ten")
NAMES = (*_COMMUNES, *_DISTRICTS, *_PROVINCES, *_ANY)
"""Properties that tell a code or a name, the finest unit's first; read without marks and signs."""
_KINDS = (
    "dac khu", "thanh pho", "thi tran", "thi xa", "phuong", "huyen", "quan", "tinh", "xa", "tp",
    "tx", "tt", "h", "q", "p", "x",
)  # fmt: skip


@dataclass(frozen=True)
class Unit:
    """A unit of the edition, as far as matching needs it."""

    id: int
    code: str
    name: str
    area: str
    holders: tuple[str, ...] = ()


@dataclass(frozen=True)
class How:
    """Which properties tell code, name and parent ('' guesses), and whether a code is enough."""

    code: str = ""
    name: str = ""
    parent: str = ""
    trust_codes: bool = False


@dataclass(frozen=True)
class Matched:
    """An area and the unit whose it is."""

    outline: Outline
    unit: Unit


@dataclass(frozen=True)
class Rejected:
    """A feature that will not be stored: its number in the file, what it calls itself, and why."""

    number: int
    label: str
    problem: RowProblem


class Units:
    """The units of an edition, found by code and by name."""

    def __init__(self, edition: str, units: Iterable[Unit], areas: Iterable[str]) -> None:
        self.edition = edition
        self.areas = list(areas)
        self.codes = {unit.code: unit for unit in units}

    @cached_property
    def _names(self) -> dict[str, list[Unit]]:
        """The units by bare name: made for files that tell no codes."""
        found = defaultdict(list)
        for unit in self.codes.values():
            found[bare(unit.name)].append(unit)
        return found

    def by_code(self, code: str, name: str, trust: bool) -> Unit:
        """Return the unit of that code, whose name must agree where the file tells one.

        A number that lost its leading zeros is taken when the name says which unit it is.

        Raises:
            UnknownUnitCode, NamesDisagree.
        """
        unit = self.codes.get(code)
        if unit is None:
            padded = (self.codes.get(code.zfill(width)) for width in (2, 3, 5) if len(code) < width)
            likely = [each for each in padded if each and name and agree(name, each.name)]
            if len(likely) != 1:
                raise UnknownUnitCode(unit_code=code[:40], edition=self.edition)
            return likely[0]
        if name and not trust and not agree(name, unit.name):
            raise NamesDisagree(
                unit_code=code, edition=self.edition, unit=unit.name, name=name[:80]
            )
        return unit

    def by_name(self, name: str, parent: str) -> Unit:
        """Return the only unit of that name, in what `parent` names when it is told.

        Raises:
            UnknownUnitName, AmbiguousName.
        """
        found = self._names.get(bare(name), [])
        if parent:
            holder = bare(parent)
            found = [each for each in found if holder in map(bare, each.holders)]
        exact = [each for each in found if searchable(each.name) == searchable(name)]
        found = exact or found
        if not found:
            within = {"within": f"thuộc “{parent[:80]}” ", "within_en": f"in '{parent[:80]}'"}
            none = {"within": "", "within_en": ""}
            raise UnknownUnitName(
                name=name[:80], edition=self.edition, **(within if parent else none)
            )
        if len(found) > 1:
            codes = ", ".join(each.code for each in found[:5])
            raise AmbiguousName(name=name[:80], count=len(found), codes=codes)
        return found[0]


def bare(name: str) -> str:
    """Return a unit's name as it is compared: without marks and without its kind.

    >>> bare("Thị trấn Gôi"), bare("TT. Gôi"), bare("Phường 05"), bare("Xã")
    ('goi', 'goi', '5', 'xa')
    """
    plain = searchable(name)
    for kind in _KINDS:
        if plain.startswith(f"{kind} "):
            return plain.removeprefix(f"{kind} ")
    return plain


def agree(one: str, other: str) -> bool:
    """Tell whether two spellings may be of one unit's name."""
    return bare(one) == bare(other)


@dataclass
class Reader:
    """Matches the features of one file."""

    units: Units
    how: How
    taken: dict[int, int] = field(default_factory=dict)

    def match(self, outlines: Iterable[Outline]) -> Iterator[Matched | Rejected]:
        """Give each feature with its unit, or with the reason why it is left out."""
        for outline in outlines:
            code, name, parent = told(outline.properties, self.how)
            try:
                yield Matched(outline, self._unit(outline, code, name, parent))
            except RowProblem as problem:
                label = " ".join(part for part in (code, name) if part)[:120]
                yield Rejected(outline.number, label, problem)

    def _unit(self, outline: Outline, code: str, name: str, parent: str) -> Unit:
        if outline.fault is not None:
            raise outline.fault
        if code:
            unit = self.units.by_code(code, name, self.how.trust_codes)
        elif name:
            unit = self.units.by_name(name, parent)
        else:
            raise Unnamed
        if not covers(self.units.areas, unit.area):
            raise OutsideTheirArea(unit=unit.name)
        for each in islands.of(self.units.edition):
            if each.code == unit.code and not each.hold(outline.box):
                raise NotTheIslands(islands=each.name, unit=unit.name)
        other = self.taken.setdefault(unit.id, outline.number)
        if other != outline.number:
            raise RepeatedUnit(unit=unit.name, other=other)
        return unit


def resolved(outlines: Iterable[Outline], how: How) -> How:
    """Return `how` with the properties that the file's features have, guessed where not told."""
    known = {_key(name): name for each in outlines for name in each.properties}
    name = _chosen(known, how.name, NAMES)
    parent = _chosen(known, how.parent, _holders(_key(name)))
    return How(_chosen(known, how.code, CODES), name, parent, how.trust_codes)


def told(properties: Mapping[str, str], how: How) -> tuple[str, str, str]:
    """Return what a feature says of its unit: code, name and what holds it; '' where nothing.

    >>> told({"MA_XA": "13741", "Ten": "Gôi"}, How(code="MA_XA", name="Ten"))
    ('13741', 'Gôi', '')
    """
    return (
        properties.get(how.code, ""), properties.get(how.name, ""), properties.get(how.parent, "")
    )  # fmt: skip


def _key(name: str) -> str:
    return searchable(name).replace(" ", "")


def _chosen(known: Mapping[str, str], asked: str, guesses: Iterable[str]) -> str:
    keys = [_key(asked)] if asked else guesses
    return next((known[key] for key in keys if key in known), "")


def _holders(name_key: str) -> tuple[str, ...]:
    """Return the properties that may name what holds a unit, by that which names the unit."""
    if name_key in _PROVINCES:
        return ()
    if name_key in _DISTRICTS:
        return _PROVINCES
    return ("parent", "thuoc", *_DISTRICTS, *_PROVINCES)
