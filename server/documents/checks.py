"""What a Word template may hold: text, pictures, page numbers; nothing that reaches outside.

A field other than a page number can read files or ask servers when the paper is opened, an
external relationship loads what somebody else may change, and macros and objects run.
"""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from server import xml
from server.documents.problems import TemplateRefused

LARGEST = 20_000_000
PART = xml.Limits(max_bytes=LARGEST, depth=200, nodes=1_500_000)
FIELDS = {"PAGE", "NUMPAGES", "SECTIONPAGES"}
_PARTS = re.compile(r"(?i)vbaproject|activex|/embeddings/|\.bin$|afchunk|altchunk")


def template(path: Path) -> bytes:
    """Return the bytes of a Word template that may be used.

    Raises:
        TemplateRefused: saying what in it is not allowed.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            wrong = _wrong(archive)
    except (zipfile.BadZipFile, OSError, RuntimeError, ValueError) as error:
        raise TemplateRefused(name=path.name, why=f"không phải tệp .docx ({error})") from error
    if wrong:
        raise TemplateRefused(name=path.name, why=wrong)
    return path.read_bytes()


def _wrong(archive: zipfile.ZipFile) -> str:
    """Return what is not allowed in a document, '' when nothing."""
    names = archive.namelist()
    if "word/document.xml" not in names:
        return "không có word/document.xml"
    if sum(info.file_size for info in archive.infolist()) > LARGEST:
        return "quá lớn"
    for name in names:
        if _PARTS.search(name):
            return f"có phần {name}"
        if name.endswith((".xml", ".rels")):
            for found in _reaching_out(archive.read(name)):
                return f"{name} có {found}"
    return ""


def _reaching_out(data: bytes) -> Iterator[str]:
    """Yield what in a part reaches out of the document.

    >>> list(_reaching_out(b'<a xmlns:w="x"><w:instrText> PAGE </w:instrText></a>'))
    []
    >>> list(_reaching_out(b'<a xmlns:w="x"><w:fldSimple w:instr=" INCLUDETEXT x "/></a>'))
    ['trường INCLUDETEXT']
    """
    try:
        root = xml.parse(data, PART)
    except xml.UnreadableXml as error:
        yield str(error.details["reason"])
        return
    for each in root.iter():
        tag = xml.local(each.tag)
        if tag == "altChunk":
            yield "altChunk"
        if str(each.get("TargetMode", "")).casefold() == "external":
            yield "liên kết trỏ ra ngoài tài liệu"
        told = [str(value) for name, value in each.attrib.items() if xml.local(name) == "instr"]
        told += [each.text or ""] if tag == "instrText" else []
        yield from (f"trường {field}" for words in told if (field := _odd_field(words)))


def _odd_field(instruction: str) -> str:
    r"""Return the name of a field that is no page number, else ''.

    >>> _odd_field(r" PAGE \* MERGEFORMAT "), _odd_field("DDEAUTO c cmd")
    ('', 'DDEAUTO')
    """
    name = next(iter(instruction.split()), "")
    return "" if name.upper() in FIELDS or name[:1] in ("", "\\") else name
