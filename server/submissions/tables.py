"""Filled forms as tables (OData 4.0): a form's own, and one for each repeat in it.

Pure: from the fields of a form come its tables and their metadata document, from answers come
rows. Names and shapes are those of ODK Central, whose clients (Power BI, Excel, ruODK, pyodk, the
QGIS plugin) read them: `Submissions`, `Submissions.nhom.thanh_vien`; groups are objects, what was
not answered is null, places are GeoJSON or WKT. An answer that does not read as its type says is
null here: columns keep their type, and the record's page and XML have it as it came.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from xml.sax.saxutils import quoteattr

from server.odata import BadQuestion
from server.surveys.fields import Field
from server.surveys.schemas import odata_name

ROOT = "Submissions"
EDM = "http://docs.oasis-open.org/odata/ns/edm"
EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
TYPES = {
    "int": "Edm.Int64",
    "decimal": "Edm.Decimal",
    "date": "Edm.Date",
    "dateTime": "Edm.DateTimeOffset",
    "geopoint": "Edm.GeographyPoint",
    "geotrace": "Edm.GeographyLineString",
    "geoshape": "Edm.GeographyPolygon",
}
SYSTEM = {
    "submissionDate": "Edm.DateTimeOffset",
    "updatedAt": "Edm.DateTimeOffset",
    "submitterId": "Edm.String",
    "submitterName": "Edm.String",
    "attachmentsPresent": "Edm.Int64",
    "attachmentsExpected": "Edm.Int64",
    "status": "Edm.String",
    "reviewState": "Edm.String",
    "deviceId": "Edm.String",
    "edits": "Edm.Int64",
    "formVersion": "Edm.String",
    "deletedAt": "Edm.DateTimeOffset",
}
NO_KEYS: Mapping[str, str] = {}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass
class Node:
    """A question, group or repeat; `name` as OData may have it, `key` as answers have it."""

    name: str
    key: str
    kind: str
    parts: list["Node"] = field(default_factory=list)

    def only(self, chosen: frozenset[str], above: str = "") -> "Node":
        """Return the node with those parts alone that `chosen` names, or that hold such."""
        kept = []
        for part in self.parts:
            path = above + part.name
            if path in chosen:
                kept.append(part)
            elif any(each.startswith(f"{path}/") for each in chosen):
                kept.append(part.only(chosen, f"{path}/"))
        return replace(self, parts=kept)


@dataclass(frozen=True)
class Table:
    """A table: the rows of the form itself, or of a repeat.

    `way` leads to it from the row above, through groups, by node; `above` is the table of that
    row.
    """

    name: str
    node: Node
    way: tuple[Node, ...] = ()
    above: "Table | None" = None

    @property
    def above_key(self) -> str:
        """Return the column that names the row above."""
        return f"__{self.above.name.replace('.', '-')}-id" if self.above else ""


@dataclass(frozen=True)
class Record:
    """A record as far as tables tell of it; `system` is what stands in `__system`."""

    key: str
    answers: Mapping[str, Any]
    meta: Mapping[str, Any]
    system: Mapping[str, Any]


def tables(fields: Iterable[Field]) -> list[Table]:
    """Return the tables of a form: its own first, then its repeats in document order."""
    root = Node("", "", "repeat")
    groups = {"": root}
    for each in fields:
        above = groups.get(each.path.rpartition("/")[0])
        if above is not None:
            node = Node(odata_name(each.name), each.name, each.type)
            above.parts.append(node)
            groups[each.path] = node
    _add_ids(root)
    top = Table(ROOT, root)
    return [top, *_below(top)]


def _add_ids(root: Node) -> None:
    """Give the form its instanceID and name, which fields do not list."""
    meta = next((part for part in root.parts if part.key == "meta"), None)
    if meta is None:
        root.parts.append(meta := Node("meta", "meta", "group"))
    known = {part.key for part in meta.parts}
    ids = [Node(name, name, "string") for name in ("instanceID", "instanceName")]
    meta.parts[:0] = [each for each in ids if each.key not in known]


def _below(above: Table) -> Iterator[Table]:
    def walk(node: Node, way: tuple[Node, ...]) -> Iterator[Table]:
        for part in node.parts:
            here = (*way, part)
            if part.kind == "repeat":
                name = ".".join([above.name, *(step.name for step in here)])
                found = Table(name, part, here, above)
                yield found
                yield from _below(found)
            elif part.kind == "group":
                yield from walk(part, here)

    return walk(above.node, ())


# --- rows -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Writer:
    """How rows are written: repeats inside their row (`expand`), places as text (`wkt`)."""

    table: Table
    expand: bool = False
    wkt: bool = False
    chosen: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse what is chosen and not there."""
        known = {"__id", "__system", *(f"__system/{name}" for name in SYSTEM)}
        known |= {self.table.above_key, *_paths(self.table.node)}
        for each in sorted(self.chosen - known):
            raise BadQuestion("$select", each, "bảng không có cột này", "there is no such column")

    def rows(self, record: Record, keys: Mapping[str, str] = NO_KEYS) -> Iterator[dict[str, Any]]:
        """Give the rows of the table that a record has; `keys` narrow it, by table."""
        node = self.table.node.only(self.chosen) if self.chosen else self.table.node
        for key, above_key, answers, link in self._found(self.table, record, keys):
            row: dict[str, Any] = {"__id": key}
            if self.table.above:
                row[self.table.above_key] = above_key
            else:
                row["__system"] = self._system(record)
            if self.chosen:
                heads = {each.partition("/")[0] for each in self.chosen}
                row = {name: value for name, value in row.items() if name in heads}
            yield {**row, **self._object(node, answers, key, link)}

    def _system(self, record: Record) -> Mapping[str, Any]:
        if not self.chosen or "__system" in self.chosen:
            return record.system
        named = {each.removeprefix("__system/") for each in self.chosen}
        return {name: value for name, value in record.system.items() if name in named}

    def _found(
        self, table: Table, record: Record, keys: Mapping[str, str]
    ) -> Iterator[tuple[str, str, Mapping[str, Any], str]]:
        """Give (key, key of the row above, answers, address) of each row of a table."""
        answers: Mapping[str, Any]
        if table.above is None:
            answers = {**record.answers, "meta": {**_group(record.answers, "meta"), **record.meta}}
            quoted = record.key.replace("'", "''")
            yield record.key, "", answers, f"{ROOT}('{quoted}')"
            return
        for above, _key, answers, link in self._found(table.above, record, keys):
            for step in table.way[:-1]:
                answers = _group(answers, step.key)
            path = "/".join(step.name for step in table.way)
            for number, row in enumerate(_several(answers, table.node.key)):
                key = row_key(above, path, number)
                if keys.get(table.name, key) == key:
                    yield key, above, row, f"{link}/{path}('{key}')"

    def _object(
        self, node: Node, answers: Mapping[str, Any], key: str, link: str, above: str = ""
    ) -> dict[str, Any]:
        """Return a group, or the answers of a row, as JSON."""
        found: dict[str, Any] = {}
        for part in node.parts:
            path = above + part.name
            if part.kind == "group":
                inside = _group(answers, part.key)
                found[part.name] = self._object(part, inside, key, link, f"{path}/")
            elif part.kind == "repeat":
                found[f"{part.name}@odata.navigationLink"] = f"{link}/{path}"
                if self.expand:
                    found[part.name] = self._inside(part, answers, key, link, path)
            else:
                found[part.name] = self._value(part.kind, answers.get(part.key))
        return found

    def _inside(
        self, part: Node, answers: Mapping[str, Any], key: str, link: str, path: str
    ) -> list[dict[str, Any]]:
        rows = []
        for number, row in enumerate(_several(answers, part.key)):
            inner = row_key(key, path, number)
            told = self._object(part, row, inner, f"{link}/{path}('{inner}')")
            rows.append({"__id": inner, **told})
        return rows

    def _value(self, kind: str, value: Any) -> Any:
        write = _PLACES.get(kind)
        if write is not None:
            points = [value] if kind == "geopoint" else value
            good = isinstance(points, list) and all(map(_is_point, points)) and points
            return write(points, self.wkt) if good else None
        return _plain(kind, value)


def row_key(above: str, path: str, number: int) -> str:
    """Return the id of a row of a repeat: the same whenever it is asked for."""
    return hashlib.sha1(f"{above}/{path}[{number}]".encode(), usedforsecurity=False).hexdigest()


def _paths(node: Node, above: str = "") -> Iterator[str]:
    for part in node.parts:
        yield above + part.name
        yield from _paths(part, f"{above}{part.name}/")


def _group(answers: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = answers.get(name)
    return found if isinstance(found, dict) else {}


def _several(answers: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = answers.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _plain(kind: str, value: Any) -> Any:
    """Return an answer that is no place; null where it does not read as its type says."""
    if kind == "int":
        return value if isinstance(value, int) and not isinstance(value, bool) else None
    if kind == "decimal":
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if kind == "date":
        return value if isinstance(value, str) and _DAY.fullmatch(value) else None
    if kind == "dateTime":
        return value.get("text") if isinstance(value, dict) and value.get("at") else None
    if isinstance(value, list):
        return " ".join(map(str, value))
    return value.get("text") if isinstance(value, dict) else value


def _is_point(value: object) -> bool:
    return isinstance(value, dict) and "lat" in value and "lon" in value


Points = Sequence[Mapping[str, float | None]]


def _place(kind: str) -> Callable[[Points, bool], Any]:
    """Return how places of a kind ('Point', 'LineString', 'Polygon') are written."""

    def write(points: Points, wkt: bool) -> Any:
        at = [[p["lon"], p["lat"], *([] if p.get("alt") is None else [p["alt"]])] for p in points]
        if wkt:
            inner = ",".join(" ".join(f"{number:.12g}" for number in each) for each in at)
            return (
                f"{kind.upper()} (({inner}))" if kind == "Polygon" else f"{kind.upper()} ({inner})"
            )
        nested: Any = {"Point": at[0], "LineString": at, "Polygon": [at]}[kind]
        told: dict[str, Any] = {"type": kind, "coordinates": nested}
        accuracy = [p.get("accuracy") for p in points]
        if any(each is not None for each in accuracy):
            said = {"accuracy": accuracy[0]} if kind == "Point" else {"accuracies": accuracy}
            told["properties"] = said
        return told

    return write


_PLACES = {
    "geopoint": _place("Point"),
    "geotrace": _place("LineString"),
    "geoshape": _place("Polygon"),
}


# --- the metadata document --------------------------------------------------------------------


def metadata(form_id: str, found: Sequence[Table]) -> Iterator[str]:
    """Give the metadata document of a form's tables (CSDL 4.0 in XML)."""
    space = f"org.opendatakit.user.{odata_name(form_id)}"
    yield (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<edmx:Edmx xmlns:edmx="{EDMX}" Version="4.0">'
        f'<edmx:DataServices><Schema xmlns="{EDM}" Namespace="org.opendatakit.submission">'
        '<ComplexType Name="metadata">'
    )
    for name, kind in SYSTEM.items():
        yield f'<Property Name="{name}" Type="{kind}"/>'
    yield f'</ComplexType></Schema><Schema xmlns="{EDM}" Namespace={quoteattr(space)}>'
    for table in found:
        yield from _entity_type(space, table)
    for table in found:
        yield from _complex_types(space, table)
    yield f"<EntityContainer Name={quoteattr(odata_name(form_id))}>"
    for table in found:
        name = quoteattr(table.name)
        yield f"<EntitySet Name={name} EntityType={quoteattr(f'{space}.{table.name}')}/>"
    yield "</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"


def _entity_type(space: str, table: Table) -> Iterator[str]:
    keys = ["__id", *([table.above_key] if table.above else [])]
    yield f"<EntityType Name={quoteattr(table.name)}><Key>"
    yield from (f"<PropertyRef Name={quoteattr(key)}/>" for key in keys)
    yield "</Key>"
    yield from (
        f'<Property Name={quoteattr(key)} Type="Edm.String" Nullable="false"/>' for key in keys
    )
    if table.above is None:
        yield '<Property Name="__system" Type="org.opendatakit.submission.metadata"/>'
    yield from _properties(space, table.name, table.node)
    yield "</EntityType>"


def _properties(space: str, above: str, node: Node) -> Iterator[str]:
    for part in node.parts:
        name = quoteattr(part.name)
        inner = f"{space}.{above}.{part.name}"
        if part.kind == "repeat":
            kind = quoteattr(f"Collection({inner})")
            yield f"<NavigationProperty Name={name} Type={kind}/>"
        elif part.kind == "group":
            yield f"<Property Name={name} Type={quoteattr(inner.replace(f'.{ROOT}.', '.', 1))}/>"
        else:
            yield f'<Property Name={name} Type="{TYPES.get(part.kind, "Edm.String")}"/>'


def _complex_types(space: str, table: Table) -> Iterator[str]:
    def walk(node: Node, above: str) -> Iterator[str]:
        for part in node.parts:
            if part.kind == "group":
                inner = f"{above}.{part.name}"
                yield f"<ComplexType Name={quoteattr(inner.removeprefix(f'{ROOT}.'))}>"
                yield from _properties(space, inner, part)
                yield "</ComplexType>"
                yield from walk(part, inner)

    return walk(table.node, table.name)
