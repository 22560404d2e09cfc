"""What can be read of something that was not taken as a record: texts by path, no form needed."""

from dataclasses import dataclass

from server import xml
from server.xml import Element

MOST_TEXTS = 2000
LONGEST_RAW = 20_000


def texts(data: bytes) -> dict[str, str] | None:
    """Return every text of an XML document by its path; rows count from one. None if unreadable.

    >>> texts(b"<a><ho><ten>Lan</ten></ho><tv><n>1</n></tv><tv><n>2</n></tv></a>")
    {'ho/ten': 'Lan', 'tv/n': '1', 'tv[2]/n': '2'}
    """
    try:
        root = xml.parse(data)
    except xml.UnreadableXml:
        return None
    found: dict[str, str] = {}
    _walk(root, "", found)
    return found


def _walk(element: Element, path: str, found: dict[str, str]) -> None:
    seen: dict[str, int] = {}
    for child in element:
        name = xml.local(child.tag)
        if not name or len(found) >= MOST_TEXTS:
            continue
        seen[name] = seen.get(name, 0) + 1
        here = path + (name if seen[name] == 1 else f"{name}[{seen[name]}]")
        if len(child):
            _walk(child, here + "/", found)
        elif child.text and child.text.strip():
            found[here] = child.text.strip()


def raw(data: bytes) -> str:
    """Return the beginning of the bytes as text for people, whatever they are."""
    return data[:LONGEST_RAW].decode("utf-8", "replace").replace("\0", "␀")


@dataclass(frozen=True)
class Change:
    """A text that differs between what we hold and what was sent; None where one has none."""

    path: str
    ours: str | None
    theirs: str | None


def changes(ours: dict[str, str], theirs: dict[str, str]) -> list[Change]:
    """Return what differs, in the order of the form.

    >>> changes({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"})
    [Change(path='b', ours='2', theirs='3'), Change(path='c', ours=None, theirs='4')]
    """
    paths = dict.fromkeys([*ours, *theirs])
    return [
        Change(path, ours.get(path), theirs.get(path))
        for path in paths
        if ours.get(path) != theirs.get(path)
    ]
