"""A filled form (phiếu): bytes in, `Instance` out; its answers by the types of its own form.

No database, no web. The raw bytes are the record; what is read here can always be read again.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from server import xml
from server.submissions import values
from server.submissions.problems import MissingInstanceId, UnreadableInstance
from server.surveys.fields import Field

Answers = dict[str, Any]

LONGEST_ID = 249  # the OpenRosa limit for a form id, held for the instanceID too
MOST_ODDITIES = 200
_MARKS = {"lat", "lon", "alt", "accuracy"}, {"text", "at"}, {"text", "time", "zone"}


@dataclass(frozen=True)
class Entity:
    """What a form says of one row of a list that phones carry; versions as the phone knew them.

    `above` is the group or the row of a repeat whose answers it is about.
    """

    dataset: str
    entity_id: str
    create: bool
    update: bool
    label: str
    base_version: int | None
    trunk_version: int | None
    branch_id: str
    above: xml.Element | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Instance:
    """One filled form as it was sent.

    Attributes:
        version: '' when the form has none.
        deprecated_id: the instanceID this one replaces; '' for a first sending.
        encrypted: the answers are in another file, and only names of files can be read.
        attachments: files that an encrypted form names; of others `read` finds them.
    """

    form_id: str
    version: str
    instance_id: str
    deprecated_id: str
    encrypted: bool
    xml_sha256: str
    root: xml.Element
    attachments: tuple[str, ...] = ()
    entities: tuple[Entity, ...] = ()


@dataclass
class Reading:
    """The answers of one form, ready for JSON.

    Attributes:
        answers: by name, groups nested, repeats as lists of rows. A question not asked is absent;
            one left empty is None.
        oddities: {'path', 'why'} of each answer that does not read as its type says; it is kept as
            text then.
        files: names of photos and other files in the answers, NFC.
    """

    answers: Answers = field(default_factory=dict)
    oddities: list[dict[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def note(self, path: str, why: str) -> None:
        """Keep that the answer at `path` is odd."""
        if len(self.oddities) < MOST_ODDITIES:
            self.oddities.append({"path": path, "why": why})


def parse(data: bytes) -> Instance:
    """Return what can be known of a filled form without its definition.

    Raises:
        UnreadableXml: the bytes are not acceptable XML.
        UnreadableInstance: no form id.
        MissingInstanceId: no instanceID; see there why none is made up.
    """
    root = xml.parse(data)
    form_id = key(root.get("id", ""))
    if not form_id:
        raise UnreadableInstance("thiếu mã biểu mẫu (id)", "it names no form (id)")
    metas = [child for child in root if xml.local(child.tag) == "meta"]
    instance_id = _meta(metas, "instanceID")
    if not instance_id:
        raise MissingInstanceId
    if max(len(form_id), len(instance_id)) > LONGEST_ID:
        raise UnreadableInstance("mã biểu mẫu hoặc mã phiếu quá dài", "an id is too long")
    encrypted = root.get("encrypted", "").strip().lower() in {"yes", "true", "1"}
    return Instance(
        form_id=form_id,
        version=key(root.get("version", "")),
        instance_id=instance_id,
        deprecated_id=_meta(metas, "deprecatedID"),
        encrypted=encrypted,
        xml_sha256=hashlib.sha256(data).hexdigest(),
        root=root,
        attachments=tuple(_encrypted_files(root)) if encrypted else (),
        entities=tuple(_entities(root)),
    )


def key(text: str) -> str:
    """Return `text` as it is compared: NFC, no blanks at its ends."""
    return unicodedata.normalize("NFC", text).strip()


def _meta(metas: Iterable[xml.Element], name: str) -> str:
    for meta in metas:
        for child in meta:
            if xml.local(child.tag) == name:
                return key(child.text or "")
    return ""


def _encrypted_files(root: xml.Element) -> Iterator[str]:
    """Return the files in the order their keys run: media first, the answers last."""
    for tag in ("{*}file", "{*}encryptedXmlFile"):
        for found in root.iter(tag):
            if name := key(found.text or ""):
                yield name


def _entities(root: xml.Element) -> Iterator[Entity]:
    for found in root.iter("{*}entity"):
        parent = found.getparent()
        dataset = key(found.get("dataset", ""))
        if dataset and parent is not None and xml.local(parent.tag) == "meta":
            yield Entity(
                dataset=dataset,
                entity_id=key(found.get("id", "")).removeprefix("uuid:"),
                create=_yes(found.get("create")),
                update=_yes(found.get("update")),
                label=_meta([found], "label"),
                base_version=_version(found.get("baseVersion")),
                trunk_version=_version(found.get("trunkVersion")),
                branch_id=key(found.get("branchId", "")),
                above=parent.getparent(),
            )


def _yes(given: str | None) -> bool:
    """Read a flag: Collect writes '1', browsers 'true'."""
    return (given or "").strip().lower() in {"1", "true"}


def _version(given: str | None) -> int | None:
    try:
        return values.whole(given) if given else None
    except values.Odd:
        return None


@dataclass(frozen=True)
class Node:
    """How to read one question; see `plan`."""

    type: str
    read: Callable[[str], Any]
    parts: "dict[str, Node]"
    choices: frozenset[str]


def plan(fields: Iterable[Field]) -> dict[str, Node]:
    """Return the fields of a form arranged for `read`; make it once per form version."""
    top: dict[str, Node] = {}
    groups = {"": top}
    for each in fields:
        parts: dict[str, Node] = {}
        above = groups.get(key(each.path.rpartition("/")[0]), top)
        above[key(each.name)] = Node(
            type=each.type,
            read=values.READERS.get(each.type, values.text),
            parts=parts,
            choices=frozenset(key(value) for value, _labels in each.choices),
        )
        groups[key(each.path)] = parts
    return top


def read(instance: Instance, form: dict[str, Node]) -> Reading:
    """Return the answers of `instance` by the types of its form, arranged by `plan`.

    Never refuses: what cannot be read as its type says is kept as text and noted.
    """
    reading = Reading(files=list(instance.attachments))
    if not instance.encrypted:
        reading.answers = _group(instance.root, form, "", reading)
    return reading


def _group(element: xml.Element, parts: dict[str, Node], path: str, reading: Reading) -> Answers:
    found: Answers = {}
    for child in element:
        name = child.tag
        node = parts.get(name)  # most names stand there as they are
        if node is None:
            name = xml.local(name)
            node = parts.get(name) or parts.get(name := key(name))
        if node is None:
            if path != "meta/" and name != "meta":
                reading.note(path + name, "not-in-form")
        elif node.type == "repeat":
            rows = found.setdefault(name, [])
            rows.append(_group(child, node.parts, f"{path}{name}[{len(rows) + 1}]/", reading))
        elif name in found:
            reading.note(path + name, "given-twice")
        elif node.type == "group":
            found[name] = _group(child, node.parts, f"{path}{name}/", reading)
        elif node.type != "note":
            found[name] = _answer(child, node, path + name, reading)
    return found


def _answer(element: xml.Element, node: Node, path: str, reading: Reading) -> Any:
    raw = element.text
    if len(element):
        reading.note(path, "has-parts")
    if raw is None or not raw.strip():
        return None
    try:
        answer = node.read(raw)
    except values.Odd as odd:
        reading.note(path, str(odd))
        return values.text(raw)
    if node.choices and not node.choices.issuperset(
        answer if isinstance(answer, list) else (answer,)
    ):
        reading.note(path, "unknown-choice")
    if node.type == "binary":
        reading.files.append(answer)
    return answer


def flat(answers: Answers, path: str = "") -> list[tuple[str, Any]]:
    """Return (path, value) of every answer, in order; rows of a repeat count from one.

    >>> flat({"ho": {"ten": "Lan"}, "tv": [{"tuoi": 3}, {"tuoi": 5}], "kenh": ["loa", "mang"]})
    [('ho/ten', 'Lan'), ('tv[1]/tuoi', 3), ('tv[2]/tuoi', 5), ('kenh', ['loa', 'mang'])]
    """
    found: list[tuple[str, Any]] = []
    for name, value in answers.items():
        here = path + name
        if is_group(value):
            found += flat(value, f"{here}/")
        elif isinstance(value, list) and value and is_group(value[0]):
            for number, row in enumerate(value, start=1):
                found += flat(row, f"{here}[{number}]/")
        else:
            found.append((here, value))
    return found


def is_group(value: object) -> bool:
    """Say whether an answer is a group of answers, and not a place or a time.

    >>> is_group({"ten": "Lan"}), is_group({"text": "08:00", "time": "08:00:00", "zone": None})
    (True, False)
    """
    return isinstance(value, dict) and set(value) not in _MARKS


_ROW = re.compile(r"\[(\d+)\]")


def uncounted(path: str) -> tuple[str, list[str]]:
    """Return the path of a question without the numbers of rows, and those numbers.

    >>> uncounted("tv[2]/tuoi")
    ('tv/tuoi', ['2'])
    """
    return _ROW.sub("", path), _ROW.findall(path)
