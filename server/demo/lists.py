"""Form list and manifest as ODK Collect reads them: one bad entry, and all of it is refused."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from server import xml
from server.demo.wire import PhoneError, Reply
from server.problems import Problem

LIST = "http://openrosa.org/xforms/xformsList"
MANIFEST = "http://openrosa.org/xforms/xformsManifest"
LONGEST = 249
_HASH = re.compile(r"md5:([0-9a-f]{32})")


class NotOpenRosa(PhoneError):
    """The answer is not what OpenRosa promises; the app shows an error that explains nothing."""


@dataclass(frozen=True)
class Listed:
    """A form of the list."""

    form_id: str
    name: str
    version: str
    md5: str
    url: str
    manifest_url: str | None


@dataclass(frozen=True)
class Named:
    """A file of a manifest; `kind` tells entity lists from ordinary files."""

    name: str
    md5: str
    url: str
    kind: str = ""
    integrity_url: str | None = None


def form_list(reply: Reply) -> list[Listed]:
    """Return the forms of a list.

    Raises:
        NotOpenRosa: the list breaks a rule that the app insists on.
    """
    return [_listed(node) for node in _entries(reply, LIST, "xforms", "xform")]


def manifest(reply: Reply) -> list[Named]:
    """Return the files of a manifest.

    Raises:
        NotOpenRosa: the manifest breaks a rule that the app insists on, or two names are one.
    """
    found = [_named(node) for node in _entries(reply, MANIFEST, "manifest", "mediaFile")]
    names = [file.name for file in found]
    if len(set(names)) != len(names):
        raise NotOpenRosa(f"the manifest names a file twice: {sorted(names)}")
    return found


def _entries(reply: Reply, namespace: str, root: str, entry: str) -> list[xml.Element]:
    kind = reply.headers.get("content-type", "")
    if "text/xml" not in kind:
        raise NotOpenRosa(f"the {root} came as {kind or 'nothing'!r} and not as text/xml")
    if "x-openrosa-version" not in reply.headers:
        raise NotOpenRosa(f"the {root} came without X-OpenRosa-Version")
    try:
        document = xml.parse(reply.body)
    except Problem as problem:
        raise NotOpenRosa(f"the {root} cannot be parsed: {problem.text('en')}") from problem
    if document.tag != f"{{{namespace}}}{root}":
        raise NotOpenRosa(f"the root is {document.tag} and not {root} of {namespace}")
    return [node for node in document if node.tag == f"{{{namespace}}}{entry}"]


def _listed(node: xml.Element) -> Listed:
    texts = _texts(node, LIST)
    for name in ("formID", "name"):
        if not texts.get(name, "").strip():
            raise NotOpenRosa(f"a form of the list has no {name}")
    version = texts.get("version", "")
    if len(version) > LONGEST:
        raise NotOpenRosa(f"the version of {texts['formID']} is longer than {LONGEST}")
    where = texts.get("manifestUrl")
    return Listed(
        texts["formID"],
        texts["name"],
        version,
        _md5(texts, texts["formID"]),
        _absolute(texts.get("downloadUrl"), texts["formID"]),
        _absolute(where, texts["formID"]) if where is not None else None,
    )


def _named(node: xml.Element) -> Named:
    texts = _texts(node, MANIFEST)
    name = PurePosixPath(texts.get("filename", "").strip()).name
    if not name:
        raise NotOpenRosa("a file of the manifest has no filename")
    integrity = texts.get("integrityUrl")
    return Named(
        name,
        _md5(texts, name),
        _absolute(texts.get("downloadUrl"), name),
        str(node.get("type", "")),
        _absolute(integrity, name) if integrity is not None else None,
    )


def _texts(node: xml.Element, namespace: str) -> dict[str, str]:
    mine = f"{{{namespace}}}"
    return {
        xml.local(child.tag): child.text or ""
        for child in node
        if isinstance(child.tag, str) and child.tag.startswith(mine)
    }


def _md5(texts: dict[str, str], whose: str) -> str:
    found = _HASH.fullmatch(texts.get("hash", ""))
    if found is None:
        raise NotOpenRosa(f"{whose} has the hash {texts.get('hash')!r} and not md5:…")
    return found[1]


def _absolute(url: str | None, whose: str) -> str:
    place = urlsplit((url or "").strip())
    if place.scheme not in {"http", "https"} or not place.netloc:
        raise NotOpenRosa(f"{whose} has the address {url!r}, which is not absolute")
    return (url or "").strip()
