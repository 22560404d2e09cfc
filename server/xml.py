"""The hardened parser: the only door for XML from outside.

Every cap is checked before a tree is built, but for the depth of ordinary documents: libxml2
itself stops at 256 and a look at the built tree then holds ours. lxml keeps every tag and
attribute name it has met until the thread that parsed it ends, so a sender who invents names
could fill the memory of a server for good. Ordinary documents use names met before; others
are parsed in a thread of their own, which takes its names away with it.
"""

import re
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from xml.parsers import expat

from lxml import etree

from server.problems import Problem

Element = etree._Element


@dataclass(frozen=True)
class Limits:
    """How large a document may be; the defaults suit a filled form."""

    max_bytes: int = 10_000_000
    depth: int = 100
    nodes: int = 100_000
    attributes: int = 256
    name_bytes: int = 255


FILLED_FORM = Limits()
FORM_DEFINITION = Limits(max_bytes=40_000_000, depth=200, nodes=1_500_000)

REASONS = {
    "empty": ("tệp rỗng", "the file is empty"),
    "size": ("tệp quá lớn", "the file is too large"),
    "nul": ("có ký tự NUL", "it holds a NUL character"),
    "doctype": ("có khai báo DOCTYPE, không được phép", "a DOCTYPE is not allowed"),
    "encoding": (
        "bảng mã ký tự không dùng được, hãy dùng UTF-8",
        "its character encoding cannot be used, use UTF-8",
    ),
    "depth": ("các phần lồng nhau quá sâu", "elements are nested too deep"),
    "nodes": ("có quá nhiều phần tử", "it has too many elements"),
    "attributes": ("một phần tử có quá nhiều thuộc tính", "an element has too many attributes"),
    "name": ("có tên phần tử hoặc thuộc tính quá dài", "an element or attribute name is too long"),
    "malformed": ("XML sai cú pháp", "the XML is not well-formed"),
}


class UnreadableXml(Problem):
    """The bytes are not XML, or not XML that we are willing to read; `why` is a key of REASONS."""

    code = "xml.unreadable"
    message = "Không đọc được nội dung XML: {reason}{where}. Hãy báo cho điều phối viên."
    message_en = "The XML cannot be read: {reason_en}{where_en}. Tell the coordinator."

    def __init__(self, why: str, line: int | None = None, column: int | None = None) -> None:
        reason, reason_en = REASONS[why]
        super().__init__(
            why=why,
            reason=reason,
            reason_en=reason_en,
            where="" if line is None else f" (dòng {line}, cột {column})",
            where_en="" if line is None else f" (line {line}, column {column})",
        )


def parse(data: bytes, limits: Limits = FILLED_FORM) -> Element:
    """Return the root element of `data`; comments and processing instructions are left out.

    UTF-8 (the default), US-ASCII, UTF-16 with its mark and ISO-8859-1 are read.

    Raises:
        UnreadableXml: not well-formed, over a limit, with a DOCTYPE, or in another encoding.

    >>> parse(b"<data id='f'><ten>Lan</ten></data>")[0].text
    'Lan'
    """
    if len(data) > limits.max_bytes:
        raise UnreadableXml("size")
    data = _as_utf8(data)
    prolog = _PROLOG.match(data)
    if prolog and prolog["doctype"]:
        raise UnreadableXml("doctype")
    if _is_ordinary(data, limits):
        root = _build(data)
    else:
        _scan(data, limits)
        root = _build_apart(data)
    if _deeper_than(limits.depth)(root):
        raise UnreadableXml("depth")
    return root


def local(tag: object) -> str:
    """Return a tag's name without its namespace, or '' for what is not an element.

    >>> local("{http://openrosa.org/xforms}instanceID")
    'instanceID'
    """
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def legal(text: str) -> str:
    r"""Return `text` without the characters that XML 1.0 cannot carry.

    >>> legal("a\x00b\x0bc")
    'abc'
    """
    return _ILLEGAL.sub("", text)


def element(
    tag: str,
    text: str | None = None,
    attributes: Mapping[str, str] | None = None,
    children: Iterable[Element] = (),
    namespace: str | None = None,
) -> Element:
    """Return a new element; text and attribute values lose what XML cannot carry.

    `namespace` becomes the default one, so children of the same answer name it too.
    """
    name = f"{{{namespace}}}{tag}" if namespace else tag
    made = etree.Element(name, nsmap={None: namespace} if namespace else None)  # type: ignore[dict-item] # the stubs forget the default namespace
    for key, value in (attributes or {}).items():
        made.set(key, legal(value))
    made.text = None if text is None else legal(text)
    made.extend(children)
    return made


def to_bytes(root: Element) -> bytes:
    """Return the document of `root` in UTF-8 with its declaration."""
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


_DECLARED = re.compile(rb"""<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']""")
_DECLARATION = re.compile(r"<\?xml\s[^>]*\?>")
_PROLOG = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s++|<\?.*?\?>|<!--.*?-->)*+(?P<doctype><![A-Za-z])?", re.DOTALL
)
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UTF16 = {
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"<\x00": "utf-16-le",
    b"\x00<": "utf-16-be",
}
_OTHER = {"iso-8859-1": "latin-1", "latin-1": "latin-1", "latin1": "latin-1"}


def _as_utf8(data: bytes) -> bytes:
    """Return the same document in UTF-8: one encoding behind the door."""
    if not data.strip():
        raise UnreadableXml("empty")
    encoding = _UTF16.get(data[:2]) or _declared(data)
    if encoding is not None:
        try:
            text = data.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            raise UnreadableXml("encoding") from error
        data = _DECLARATION.sub("", text, count=1).encode("utf-8", "surrogatepass")
    if b"\x00" in data:
        raise UnreadableXml("nul")
    return data


def _declared(data: bytes) -> str | None:
    """Return the codec of the declared encoding, None when the bytes are UTF-8 as they stand."""
    found = _DECLARED.match(data[:200].removeprefix(b"\xef\xbb\xbf"))
    name = found[1].decode("ascii").lower() if found else "utf-8"
    if name in {"utf-8", "utf8", "us-ascii", "ascii"}:
        return None
    if name not in _OTHER:
        raise UnreadableXml("encoding")
    return _OTHER[name]


_TAG = re.compile(rb"<([^/>][^>]*+)")
_NAMES = re.compile(
    rb"""(?<=\s)xmlns[^\s=]*+\s*=\s*(?:"[^"]*"|'[^']*')"""
    rb"""|(?<![^\s"'=/])[^\s="'/]++(?=[\s=/]|$)"""
)
_ORDINARY_BYTES = 262_144
_ORDINARY_TAGS = 8_000


class _Known:
    """The start tags this process has met in ordinary documents, a megabyte of names at most."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.tags: set[bytes] = set()
        self.names: set[bytes] = set()
        self.room = room

    def admit(self, tags: set[bytes], longest: int) -> bool:
        """Say whether all names in `tags` are known, or few and short enough to be learnt."""
        tags -= self.tags
        names = {name for tag in tags for name in _NAMES.findall(tag)}
        names -= self.names
        size = sum(map(len, names))
        if size > self.room or max(map(len, names), default=0) > longest:
            return False
        self.room -= size
        self.names |= names
        self.tags |= {tag for tag in tags if b"=" not in tag}  # values change, names do not
        return True


_known = _Known()


def _is_ordinary(data: bytes, limits: Limits) -> bool:
    """Say whether counting alone shows that no limit but the depth can be passed.

    Each element needs a '<' and each attribute a '='. A raw '>' inside a value could hide a name
    from us, so documents where '<' and '>' do not pair off are not ordinary.
    """
    tags = data.count(b"<")
    if len(data) > _ORDINARY_BYTES or tags > min(_ORDINARY_TAGS, limits.nodes):
        return False
    if tags != data.count(b">") or b"<!" in data or data.count(b"=") > limits.attributes:
        return False
    return _known.admit(set(_TAG.findall(data)), limits.name_bytes)


def _scan(data: bytes, limits: Limits) -> None:
    """Walk the document without keeping anything, and refuse what passes a limit."""
    depth = nodes = 0

    def start(name: str, attributes: list[str]) -> None:
        nonlocal depth, nodes
        depth += 1
        nodes += 1
        if depth > limits.depth:
            raise UnreadableXml("depth")
        if nodes > limits.nodes:
            raise UnreadableXml("nodes")
        if len(attributes) > 2 * limits.attributes:
            raise UnreadableXml("attributes")
        if max(map(len, (name, *attributes[::2]))) > limits.name_bytes:
            raise UnreadableXml("name")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def doctype(*_declared: object) -> None:
        raise UnreadableXml("doctype")

    scanner = expat.ParserCreate()
    scanner.ordered_attributes = True
    scanner.StartElementHandler = start
    scanner.EndElementHandler = end
    scanner.StartDoctypeDeclHandler = doctype
    try:
        scanner.Parse(data, True)
    except expat.ExpatError as error:
        raise UnreadableXml("malformed", error.lineno, error.offset + 1) from error


class _Parsers(threading.local):
    """One lxml parser a thread: a shared one would make threads wait for each other."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            collect_ids=False,
            remove_comments=True,
            remove_pis=True,
        )


_parsers = _Parsers()


def _build(data: bytes) -> Element:
    try:
        return etree.fromstring(data, _parsers.parser)
    except etree.XMLSyntaxError as error:
        if "Excessive depth" in str(error.msg):
            raise UnreadableXml("depth") from error
        line, column = error.position
        raise UnreadableXml("malformed", line, column) from error


def _build_apart(data: bytes) -> Element:
    """Parse in a thread of its own, whose store of names goes when the tree goes."""
    answer: Future[Element] = Future()

    def work() -> None:
        try:
            answer.set_result(_build(data))
        except BaseException as error:
            answer.set_exception(error)

    thread = threading.Thread(target=work, name="xml")
    thread.start()
    thread.join()
    return answer.result()


@cache
def _deeper_than(depth: int) -> etree.XPath:
    return etree.XPath(f"boolean({'/*' * (depth + 1)})")
